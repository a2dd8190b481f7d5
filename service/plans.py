"""Plans: whether a thing was done, is to come, or was only asked for, and how grave it was, as far
as words tell. English only.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.sentences import sentence_spans
from service.offices import STAGE, stage_of
from service.opposites import same_side
from service.roles import SAYS, is_deed
from service.wording import IRREGULAR, Word, is_content, names, negates, stems, words

# What is to be, or may be; "May" is a month.
_MODAL = re.compile(
    r"(?:would|won['’]t|will|could|(?-i:may)|might|should|shall|['’]ll)\Z", re.IGNORECASE
)
_TOKEN = re.compile(r"[\w’'-]+")
_MARK = re.compile(r"[,;:.!?()–—]")
_PAST = re.compile(r"(\w{3,}?)(?:ied|ed)\Z", re.IGNORECASE)
_OWN_PAST = IRREGULAR | {"left": "leave", "rebuilt": "rebuild", "sued": "sue"}
_OWN_PAST |= {verb: verb for verb in ("cut", "hit", "quit", "shut", "split")}  # but behind "to"
_REACHES = re.compile(
    r"\b(?:reach\w*|qualif\w*|advanc\w*|progress\w*|through|into|book\w*|berth|clinch\w*|secur\w*"
    r"|earn\w*|forc\w*|head\w*|place|spot)\b",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe\s+(?:[\w’'-]+\s+){0,3}\Z", re.IGNORECASE)
_WAS = re.compile(r"\s+(?:was|were)\b", re.IGNORECASE)
_OF_ANOTHER = frozenset("after as since that when which while who".split())
STAGE_WITHIN, SAID_WITHIN = 7, 9  # words before a stage: in an article, in a claim
_HAS_BEEN = frozenset("been had has have was were".split())
HAS_WITHIN = 6  # words between one of these and its verb: "When was the old weir repaired?"
_WITH_MODAL = frozenset("also be been have never not now only soon then".split())
_AND = frozenset(("and", "or"))
WITHIN = 3  # words between a modal and its verb: "would not have to be raised"
# What is only asked for: "the union demanded 6 percent", "asked the court to ban it"; "the proposed
# ban" is none, nor is "asked when he left".
_SEEKS = re.compile(
    r"(?:ask(?:s|ed|ing)?|demand(?:s|ed|ing)?|propos(?:es?|ed|ing)|recommend(?:s|ed|ing)?"
    r"|request(?:s|ed|ing)?|seeks?|seeking|sought|urg(?:es?|ed|ing)"
    r"|wants?|wanted|wanting|plead(?:s|ed|ing)?|appeal(?:s|ed|ing)?|call(?:s|ed|ing)?)\Z",
    re.IGNORECASE,
)
# Which seek something only with one of these: "asked 1,200 voters", "called 12 witnesses".
_WITH_FOR = {"appeal": {"for"}, "ask": {"for", "to"}, "call": {"for"}, "plead": {"for"}}
_WITH_FOR |= {"urg": {"that", "to"}}
_NOT_SOUGHT = frozenset(
    "after although as because before but by how if since what when where whether which while who"
    " whom whose why".split()
)
_DETERMINERS = frozenset("a an her his its my our that the their this your".split())
_NO_PAST = _DETERMINERS | {"be", "being", "to"}  # "the left", "to be sold"
# What "to resume" follows where it is only planned; not "agreed" or "decided", which are deeds.
_PLANS = frozenset(
    "aim aims due expect expected expects hope hopes intend intends likely plan planned plans"
    " pledge pledged pledges poised promise promised promises scheduled set slated supposed"
    " threaten threatened threatens vow vowed vows want wants".split()
)
_SUPPOSED = frozenset(("blame",))  # "is to blame"
PLANNED_WITHIN = 6
# Words of a claim that leave open whether what it tells was done.
_OPEN = re.compile(
    r"\b(?:ask|demand|propos|recommend|request|seek|sought|suggest|urg|want|plead|appeal|call|hop"
    r"|would|should|could|might|may|will|plan(?!t)|offer|expect|push|press|bid|argu|said|favou?r|back"
    r"|support|insist|target|goal|aim|need|requir|intend|wish|claim)\w*",
    re.IGNORECASE,
)
# A question for what was done, not for what was said or planned; and what is ahead, or may be.
_ASKS_DONE = re.compile(r"(?:did|had|has|have|was|were)\b", re.IGNORECASE)
_ASKS_WORDS = re.compile(
    r"\b(?:agre|announc|decid|expect|intend|offer|order|plan(?:s|ned|ning)?\b|promis|propos|say"
    r"|said|tell|told|threat|vow|warn)",
    re.IGNORECASE,
)
# "Was told to leave"; not "was sold to Dale".
_TO_DO = (
    rf"(?:{'|'.join(sorted(_PLANS))}|about|asked|called|demanded|obliged|free|ordered|planning"
    r"|proposed|ready|recommended|requested|required|sought|told|un(?:able|likely|willing)|urged"
    r"|willing)"
)
_IS_AHEAD = re.compile(
    r"\b(?:will|would|shall|(?-i:may)|might|could|should)\b(?! have\b)"
    r"|\b(?:is|are|was|were|be|been)(?: \w+)?(?: \w+)? to (?=be\b)"
    rf"|\b(?:is|are|was|were|be|been)(?: (?:\w+ly|also|not|now|still|yet)){{0,2}}"
    rf"(?: {_TO_DO})?(?: soon)? to "
    r"(?=(?-i:[a-z]))(?!(?:an?|her|his|its|the|their)\b)"
    r"|\b(?:aim|hope|intend|need|plan|promise|propose|seek|threaten|vow|want)(?:s|ed|d|ning)?\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:–—]|,?\s(?:and|but|while|whereas|although)\s")
# What is only probable, and the words by which a source tells so.
_SURMISED = re.compile(r"\b(?:probably|likely|presumably)\b", re.IGNORECASE)
_SURMISES = re.compile(
    r"\b(?:assum|believ|bet\b|chance|could|doubt|estimat|expect|fear|forecast|hint|may\b|might|odds"
    r"|perhaps|poised|possib|potential|predict|presum|probab|project|risk|seem|set\b|should|speculat"
    r"|suggest|suspect|appear|think|thought|threat|unlikel|likel|would|will\b|[’']ll\b)",
    re.IGNORECASE,
)
PASSIVE_WITHIN = 3  # words of "is expected to"
SOUGHT_WITHIN = 10  # words between who asks and what is asked for


def done(claim: str, source: str, around: str = "") -> bool:
    """False where a claim tells as done what its source has only as to come, as possible ("will be
    raised") or as asked for; or has no word of, where the text around it has it as to come.
    """
    if not_yet(claim, source, around) or only_sought(claim, source):
        return False
    if never_sought(claim, f"{source}\n{around}"):
        return False
    said, there = _TOKEN.findall(claim), _TOKEN.findall(source)
    past_it = _past_a_mark(source)
    for i, word in enumerate(said):
        past = _PAST.match(word)
        verb = "" if past or said[i - 1].lower() in _NO_PAST else _OWN_PAST.get(word, "")
        if not (past or verb) or _is_modal(said, i):
            continue
        root = past[1].lower() if past else verb
        at = [
            j
            for j, w in enumerate(there)
            if _OWN_PAST.get(w.lower()) == root or _is_form(w.lower(), root)
        ]
        told = not _OPEN.search(" ".join(said[:i]))
        # "Planned to close", and shut since.
        otherwise = stems(source) & same_side(next(iter(words(word))).stem) - stems(word)
        told = told and not _is_planned(said, i) and said[i - 1].lower() not in _DETERMINERS
        if at and all(
            (_is_modal(there, j) and j not in past_it and not _was_after_all(there, j))
            or (told and (_is_asked(there, j) or (_is_planned(there, j) and not otherwise)))
            for j in at
        ):
            return False
    return True


def _past_a_mark(text: str) -> set[int]:
    """Places of words in the past that a modal does not reach, as a mark stands between them: "the
    toll could rise, police said"; not "it will, he said, be raised", nor "will be sold, closed".
    """
    places: set[int] = set()
    since: list[str] = []
    end, listed, last = 0, False, False
    for i, match in enumerate(_TOKEN.finditer(text)):
        if _MARK.search(text, end, match.start()):
            since, listed = [], last
        word, last = match[0].lower(), False
        if _PAST.match(word) or word in IRREGULAR:
            last = any(map(_MODAL.match, since[-WITHIN:])) or (
                listed and all(w in _AND for w in since) and not re.fullmatch(SAYS, word)
            )
            helped = bool(since) and all(w in _WITH_MODAL for w in since)
            if not (last or helped):
                places.add(i)
        since.append(match[0])
        end = match.end()
    return places


def _was_after_all(tokens: list[str], at: int) -> bool:
    """Whether it is told as done: "could not find any", "would go on to win"."""
    before, behind = tokens[max(0, at - 2) : at], tokens[at : at + 3]
    return before == ["could", "not"] or (before[-1:] == ["would"] and behind == ["go", "on", "to"])


def _is_planned(tokens: list[str], at: int) -> bool:
    """Whether it is only to be done: "talks are to resume", "the sale is expected to close"."""
    before = [t.lower() for t in tokens[max(0, at - PLANNED_WITHIN) : at]]
    while before and before[-1] in ("be", "also", "soon"):
        before.pop()
    if len(before) < 2 or before.pop() != "to":
        return False
    return before[-1] in _PLANS or (
        before[-1] in ("is", "are") and tokens[at].lower() not in _SUPPOSED
    )


def _is_asked(tokens: list[str], at: int) -> bool:
    """Whether it is asked to be done: "urged them to ban it", "recommended that it be banned"."""
    before = tokens[max(0, at - SOUGHT_WITHIN) : at]
    return (
        bool(before)
        and before[-1].lower() in ("to", "be")
        and any(map(_SEEKS.match, before))
        and "did" not in tokens[at:]  # "asked them to repair it, and they did"
    )


def only_sought(claim: str, source: str) -> list[str]:
    """Numbers of a claim that its source has only as asked for: "jailed for seven years", of "the
    prosecutor had asked for seven years".
    """
    numbers = {w.stem: w.text for w in words(claim) if w.is_number and w.text != "one"}
    if not numbers or _OPEN.search(claim):
        return []
    told: dict[str, list[bool]] = {}
    for part in _parts(source):
        for i, word in enumerate(part):
            if word.stem in numbers:
                told.setdefault(word.stem, []).append(_is_sought(part, i))
    return [text for stem, text in numbers.items() if stem in told and all(told[stem])]


def never_sought(claim: str, source: str) -> list[str]:
    """Numbers of a claim that it has as asked for, where its source has another one of the same
    thing as asked for, and this only in what was done: "asked for six years", of "was jailed for
    six years. The prosecutor had asked for eight years".
    """
    said = [*_numbers_sought(claim)]
    if not said:
        return []
    things = {thing for _, thing in _numbers_sought(source)}
    told, may_be = set[str](), set[str]()
    for part in _parts(source):
        numbers = {w.stem for w in part if w.is_number}
        if _OPEN.search(" ".join(w.text for w in part)):
            may_be |= numbers
        elif any(is_deed(w.text) for w in part):
            told |= numbers
    return [w.text for w, thing in said if thing in things and w.stem in told - may_be]


def _numbers_sought(text: str) -> Iterator[tuple[Word, str]]:
    """Numbers that are asked for, and the stem of the word behind each."""
    for part in _parts(text):
        for i, (word, behind) in enumerate(pairwise(part)):
            if word.is_number and _is_sought(part, i):
                yield word, behind.stem


def _parts(text: str) -> Iterator[tuple[Word, ...]]:
    """The words of each clause, as far as marks and "and" tell."""
    for span in sentence_spans(text):
        yield from map(words, re.split(r"[;:()–—]|,(?!\d)|\b(?:and|but)\b", span.of(text)))


def _is_sought(part: Sequence[Word], at: int) -> bool:
    """Whether a word is asked for, as far as the words before it tell, and the next few have no
    verb of their own: "demanded that the 12 men who left return".
    """
    for i in range(at - 1, max(-1, at - SOUGHT_WITHIN), -1):
        said = part[i].text.casefold()
        if said in _NOT_SOUGHT:
            return False
        if _SEEKS.match(said):
            between = [w.text.casefold() for w in part[i + 1 : at + 1 + HAS_WITHIN]]
            owned = i and part[i - 1].text.casefold() in _DETERMINERS
            with_for = _WITH_FOR.get(part[i].stem)
            seeks = not with_for or with_for & {*between[: at - i - 1]}
            return bool(not owned and seeks and not any(map(is_deed, between)))
        if is_deed(said):
            return False
    return False


def not_yet(text: str, source: str, around: str) -> list[str]:
    """What a text tells as done while its source has no word of it, and what stands around it has
    it as to come; and finals that are still to come.
    """
    tokens = _TOKEN.findall(text)
    there = stems(source)
    return (
        _ahead(text, around)
        + [
            word
            for i, word in enumerate(tokens)
            if (past := _PAST.match(word))
            and not _is_modal(tokens, i)
            # "Was repaired", "Krall repaired"; not "repaired roads".
            and (
                _HAS_BEEN & {*tokens[max(0, i - HAS_WITHIN) : i]}
                or (i and tokens[i - 1][0].isupper())
            )
            and stems(word).isdisjoint(there)
            and _is_to_come(past[1].lower(), _TOKEN.findall(around))
        ]
    )


def _ahead(claim: str, around: str) -> list[str]:
    """The finals and run-offs of a claim that are to come, and not told of as to come: all that is
    told is what they will be, and who reached them. "A final" may be an earlier one.
    """
    stages = {
        stage_of(match)
        for match in STAGE.finditer(claim)
        if _THE.search(claim, 0, match.start())
        and not _ahead_of(claim, match.start(), SAID_WITHIN)
        and _is_past(claim, match.start(), match.end())
    }
    told = [
        (stage_of(match), _ahead_of(text, match.start()))
        for span in sentence_spans(around)
        for text in span.of(around).splitlines()
        for match in STAGE.finditer(text)
    ]
    return [
        stage
        for stage in stages
        if (ahead := [how for other, how in told if other == stage])
        and all(ahead)
        and "will" in ahead
    ]


def _is_past(text: str, start: int, end: int) -> bool:
    """Whether the words before a stage, or the one behind it, tell in the past tense of it."""
    before = _TOKEN.findall(text[:start])[-SAID_WITHIN:]
    return bool(_WAS.match(text, end)) or any(
        (is_deed(word) or word.lower() in ("did", "was", "were")) and other not in _OF_ANOTHER
        for other, word in pairwise(["", *before])
    )


def _ahead_of(text: str, at: int, within: int = STAGE_WITHIN) -> str:
    """What the words before a stage say of it: that something "will" be in it, that somebody
    "reached" it, or neither.
    """
    before = _TOKEN.findall(text[:at])[-within:]
    if any(map(_MODAL.match, before)) or {*before[-2:]} & {"next", "upcoming"}:
        return "will"
    return "reached" if _REACHES.search(" ".join(before)) else ""


def _is_to_come(root: str, tokens: list[str]) -> bool:
    """Whether a word is told of as what will, would or may be, and nowhere as done: "the repairs
    would take", "will be repaired".
    """
    at = [i for i, w in enumerate(tokens) if _is_form(w.lower(), root) or w.lower() == f"{root}s"]
    past = {i for i in at if _PAST.match(tokens[i])}  # "those repaired will reopen"
    noun = {i for i in at if i not in past and any(map(_MODAL.match, tokens[i + 1 : i + 2]))}
    will = noun | {i for i in at if _is_willed(tokens, i)}
    return bool(will) and past <= will


def _is_willed(tokens: list[str], at: int) -> bool:
    """Whether nothing but "be" and the like stands between a modal and a verb: "will come into
    force" forces nothing.
    """
    before = tokens[max(0, at - WITHIN) : at]
    while before and before[-1].lower() in _WITH_MODAL:
        before.pop()
    return bool(before and _MODAL.match(before[-1]))


def _is_form(word: str, root: str) -> bool:
    return word.startswith(root) and word[len(root) :] in ("", "e", "y", "ed", "ied")


def _is_modal(tokens: list[str], at: int) -> bool:
    return any(_MODAL.match(token) for token in tokens[max(0, at - WITHIN) : at])


# Of grave words one of these has to stand in the source: "arrested" is not "convicted".
_GRAVE = [
    (re.compile(said, re.IGNORECASE), re.compile(needed, re.IGNORECASE))
    for said, needed in (
        (
            r"\b(?:died|dead|deaths?|killed|kills)\b",
            r"\b(?:d[iy]e[ds]?|dying|dead\w*|deaths?|kill\w*|fatal\w*|toll|bod(?:y|ies)|victims?"
            r"|murder\w*|drown\w*|perish\w*|los[et] (?:\w+ )?li(?:fe|ves)|slain|slay\w*|corpses?"
            r"|execut\w*|assassin\w*|funerals?|bur(?:y|ied)|shot|suicide|massacre\w*|claim\w*"
            r"|surviv\w*|late|widow\w*|mourn\w*|casualt\w*|lethal\w*|passed|homicide)\b",
        ),
        (
            r"\b(?:convicted|found guilty)\b",
            r"\b(?:convict\w*|guilty|sentenc\w*|jail\w*|imprison\w*|verdict|years)\b",
        ),
        (
            r"\bdestroy(?:s|ed)\b",
            r"\b(?:destr\w*|demolish\w*|ruin\w*|raz(?:e|ed|ing)|gutted|burn\w*|flatten\w*"
            r"|level+ed|wreck\w*|wip\w*|los[est]\w*|collaps\w*|reduced|obliterat\w*|devastat\w*"
            r"|consum\w*|swept|t[eo]r[en]\w*|bl[eo]w\w*|smash\w*|engulf\w*|wash\w*|crush\w*"
            r"|explo\w*|shot|s[au]nk|annihilat\w*|eliminat\w*|tore|gone)\b",
        ),
    )
]

# What somebody says was so, and what leaves open whether it was.
_ALLEGED_THAT = re.compile(
    r"\b(?:alleg(?:e[ds]?|ing)|accus(?:e[ds]?|ing)|claim(?:ed|s|ing))\b"
    r"(?! (?:responsibility|victory|\d))"
    r"(?: (?:on|in) \w+)?(?: that|(?: [\w’'-]+){1,4}? of)\b",
    re.IGNORECASE,
)
_ALLEGES = re.compile(
    r"\b(?:alleg|accus|accord|claim|said|say|told|tell|report|charg|suspect|believ|assert|argu|insist"
    r"|maintain|deni|deny|statement|question|dispute)\w*",
    re.IGNORECASE,
)
MOSTLY = 0.75  # of the words of a claim
_ACQUITTED = re.compile(r"\b(?:acquit|clear|exonerat)\w*", re.IGNORECASE)
_IN_PRISON = re.compile(
    r"\b(?:behind bars|imprison\w*|incarcerat\w*|in custody|jail\w*|prisons?)\b", re.IGNORECASE
)
# "A suspended sentence of six months", "six months in jail, suspended"; not where it is of a part.
_SUSPENDED = re.compile(
    r"\bsuspended (?:[\w-]+ ){0,3}?(?:sentences?|terms?)\b"
    r"|\b(?:sentences?|terms?|months?|years?|prison|jail),?(?: (?:which|that|was|were))*"
    r" suspended\b(?! from)",
    re.IGNORECASE,
)
_SPARED = re.compile(r"\b(?:avoid|escap|spar|suspen)\w*", re.IGNORECASE)
_IN_PART = re.compile(r"\b(?:half|part|partly|partially)\b|\bof (?:it|them|which)\b", re.IGNORECASE)
_OF_OTHERS = re.compile(r"[;:]|\b(?:and|but|while|whereas)\b", re.IGNORECASE)


def only_ahead(question: str, text: str) -> bool:
    """Whether a question asks if something was done, and all that a text tells of it is to come or
    may be: "Dan Reyes will leave", "is to be sold", "they might blockade it".
    """
    if not _ASKS_DONE.match(question) or _IS_AHEAD.search(question) or _ASKS_WORDS.search(question):
        return False
    asked = {w.stem for w in words(question) if is_content(w)}
    deed = asked - {w.stem for w in names(question)}
    clauses = [c for span in sentence_spans(text) for c in _CLAUSE.split(span.of(text))]
    told = [c for c in clauses if deed & stems(c)] or [c for c in clauses if asked & stems(c)]
    return bool(told) and all(map(_is_ahead, told))


def _is_ahead(clause: str) -> bool:
    """Whether nothing but words, and what follows a word for what is to come, is told as done."""
    tokens = _TOKEN.findall(clause)
    ahead = {len(_TOKEN.findall(clause[: m.end()])) for m in _IS_AHEAD.finditer(clause)}
    return bool(ahead) and not any(
        is_deed(word)
        and not re.fullmatch(SAYS, word)
        and not _IS_AHEAD.fullmatch(word)
        and word not in ("expected", "planned", "scheduled")
        and not any(at - PASSIVE_WITHIN <= i < at + WITHIN for at in ahead)
        for i, word in enumerate(tokens)
    )


def not_surmised(claim: str, source: str) -> bool:
    """False where a claim tells of something as probable, and its source tells of nothing so: what
    it probably is to the model.
    """
    return not _SURMISED.search(claim) or bool(_SURMISES.search(source))


def not_alleged(claim: str, source: str) -> bool:
    """False where a claim tells as a fact what its source has only as somebody's allegation."""
    if _ALLEGES.search(claim) or negates(claim):
        return True
    mine = {w.stem for w in words(claim) if is_content(w)}
    for span in sentence_spans(source):
        text = span.of(source)
        for match in _ALLEGED_THAT.finditer(text):
            scope = stems(text[match.end() :])
            rest = source.replace(text[match.start() :], " ")
            deed = mine & scope - stems(rest)
            if len(deed) > 1 and len(mine & scope) >= MOSTLY * len(mine):
                return False
    return True


def not_graver(claim: str, source: str) -> bool:
    """False where a claim tells of deaths, of a conviction or of what was destroyed, and its source
    of none; or of prison where its source has a suspended sentence of so many months.
    """
    return all(
        needed.search(source) or (negates(claim) and _ACQUITTED.search(source))
        for said, needed in _GRAVE
        if said.search(claim)
    ) and not _is_suspended(claim, source)


def _is_suspended(claim: str, source: str) -> bool:
    """Whether a claim has somebody in prison for as long as a sentence is that was suspended."""
    if not _IN_PRISON.search(claim) or negates(claim) or _SPARED.search(claim):
        return False
    sentences = [span.of(source) for span in sentence_spans(source)]
    parts = [(part, text) for text in sentences for part in _OF_OTHERS.split(text)]
    for number in (w.stem for w in words(claim) if w.is_number):
        told = [(part, text) for part, text in parts if number in stems(part)]
        if told and all(_SUSPENDED.search(part) and not _IN_PART.search(t) for part, t in told):
            return True
    return False
