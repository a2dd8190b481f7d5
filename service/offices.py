"""Offices and kinds: which minister, whose ambassador, which of two bodies or elections, as far as
words tell. English only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from index.sentences import sentence_spans
from service.dates import MONTHS
from service.kept import kept
from service.nations import kin, of_other_nations
from service.roles import SAYS
from service.wording import CALENDAR_STEMS, CAPITALISED, TITLES, is_content, stems, words

# "The 2018 Corfe Prize"; not "in 2018 Krall left", nor "on 5 May 2018 Krall left".
_EDITION = re.compile(rf"(?P<year>(?:19|20)\d\d) (?P<name>{CAPITALISED})")
_IN_A_YEAR = re.compile(r"\b[Ii]n ((?:19|20)\d\d)\b")
_OF_A_YEAR = re.compile(r"\b(?:for|from|in|of|since|the) ((?:19|20)\d\d)\b", re.IGNORECASE)
_WHEN = re.compile(
    rf"(?:\b(?:{'|'.join(MONTHS)}|after|before|by|during|early|from|in|late|mid|of|since|till|until)"
    r"|\d)[.,]? \Z",
    re.IGNORECASE,
)
# Stages of a competition.
STAGE = re.compile(
    r"\b(?:(?:semi|quarter)[- ]?)?finals?(?=\s*(?:[.,;:?!)–—]|\Z)|['’]s\b|\s(?:against|and|at"
    r"|because|between|by|for|from|in|is|of|on|that|to|was|were|when|where|which|will|with)\b)"
    r"|\b(?:run|play)-?offs?\b",
    re.IGNORECASE,
)


# Offices and bodies of which a state has several, told apart by the word before.
_OF_WHAT = (
    r"(?:agriculture|cultural|culture|defence|defense|economic|economy|education|energy|environment"
    r"|finance|fire|foreign|health|home|housing|industry|interior|justice|labor|labour|oil|police"
    r"|prime|sports?|tourism|trade|transport|treasury|vice)"
)
_OFFICE = re.compile(
    rf"\b(?P<of>{_OF_WHAT})[ -](?P<office>minister|ministry|secretary|president|department|office"
    r"|chief)s?\b|\b(?P<held>ministers?|ministry|ministries|secretary|secretaries)"
    rf" (?:of|for) (?:the )?(?P<what>{_OF_WHAT})\b",
    re.IGNORECASE,
)
# Who has an education minister has an education ministry.
_MINISTRY = stems("minister ministry secretary department office")
# "The trade spokesman accused the ministry": of what it is is told in the sentence.
_BARE_OFFICE = re.compile(
    r"\b(?:the|his|her|its|their) (?P<office>minister|ministry|secretary|department)\b",
    re.IGNORECASE,
)
# "The British ambassador": whose he is, where another's is told of.
_DEMONYM = r"[A-Z][a-z]+(?:ish|ese|an|ch|i)"
_OF_A_STATE = re.compile(
    rf"\b(?P<of>{_DEMONYM}) "
    r"(?P<office>ambassador|consul|embassy|envoy|government|president|minister|army|troops)\b"
)
# Who tells of none of these tells of no nation's ambassador.
_DIPLOMATS = stems("ambassador embassy envoy consul diplomat")
# Kinds of one thing, told apart by the word before it; those on one side of a bar are one kind, and
# things between two bars are one thing.
_KINDS = (
    (
        "bus buses coach | tram trams | metro subway underground | train rail railway"
        " | truck lorry | taxi cab | ferry",
        "driver | crew | worker | passenger | service | operator | fare | station",
    ),
    (
        "presidential | parliamentary legislative congressional | mayoral municipal local council"
        " | regional provincial | gubernatorial",
        "election run-off runoff vote ballot poll race",
    ),
)
# "Vice-president", "deputy mayor Karl Brandt": of another rank than without.
_RANKED = re.compile(
    r"(?<![\w-])(?P<rank>(?:assistant|deputy|under|vice)[ -](?:\w+ )?)?(?P<thing>chairman|chief"
    r"|commissioner|director|editor|governor|head|leader|mayor|minister|president|prosecutor"
    r"|secretary)"
    r"(?P<names>(?-i:(?: [A-Z][\w’'-]+)+))",
    re.IGNORECASE,
)
_BODY = r"(?P<of>[A-Z][\w’'-]*(?:(?: of the| of| for| and)? [A-Z][\w’'-]*)*)"
# Who heads it: "Holmco’s founder, Ada Krall", "Ada Krall is the founder of Holmco". Of two who lead
# there may be more names: "the Labour leader", "the leader of the opposition".
_MINISTER = rf"{_OF_WHAT} minister"
_OFFICES = (
    r"(?P<head>(?i:president|chief executive|CEO|chair(?:man|woman|person)?|director|founder"
    rf"|{_MINISTER}))\b(?: officer)?"
)
# What may stand before an office as a sentence begins, and is no body's name.
_NO_BODY = frozenset(
    "acting club company current departing first former group interim late longtime new ousted "
    "outgoing party retired team then union veteran".split()
)
_HEAD = re.compile(rf"\b{_OFFICES}")
_OF_BOTH = re.compile(r"\b(?:also|both|heads|leads|runs)\b")
_SAYS = re.compile(rf"\b{SAYS}\b")
_HIS = re.compile(r"\b(?:he|she|his|her)\b", re.IGNORECASE)
_HEADED = (
    re.compile(rf"\b{_OFFICES} of (?:[Tt]he )?{_BODY}(?![\w’'-])(?<!['’]s)"),
    re.compile(
        rf"\b(?!The\b){_BODY}"
        rf"(?:(?<=['’]s) (?:new|former|current|acting|interim|outgoing|late|first))? {_OFFICES}"
    ),
    # "Foreign Minister Ada Krall of Norway"
    re.compile(
        rf"\b(?P<head>(?i:president|{_MINISTER})) (?P<who>{CAPITALISED}) of (?:the )?{_BODY}"
        r"(?![\w’'-])"
    ),
)
_HEADED_BY = re.compile(rf",? (?:(?:is|was) )?(?P<who>{CAPITALISED})")
_HEADS_IT = re.compile(
    rf"(?P<who>{CAPITALISED})(?:,| is| was| became)(?: (?:now|also))?"
    r"(?: (?:the|a))?(?: (?:new|former|current|acting|interim|outgoing|late|first))? \Z"
)
# "Ada Krall of Harrow Town", "Harrow Town's captain Ada Krall".
_THEIRS = (
    re.compile(rf"(?P<who>{CAPITALISED}) of (?:the )?{_BODY}(?![\w’'-])(?<!['’]s)"),
    re.compile(
        rf"(?P<of>{CAPITALISED})(?<=['’]s|s['’])"
        rf"(?: (?!(?:at|by|for|from|in|of|on|to|with)\b)[a-z-]+)? (?P<who>{CAPITALISED})"
    ),
)
# "The former mayor of Corfe, Ada Krall", "Ada Krall, the current mayor": whether who is in an
# office still is. Who is outgoing is in it yet.
_STILL = (
    r"\b(?P<gone>(?i:former|ex))[ -]"
    r"|\b(?P<here>(?i:current|new|acting|incoming|incumbent|sitting)) "
)
_HELD = (
    r"(?:[a-z][a-z-]* ){0,2}?(?P<held>(?i:ambassador|chair(?:man|woman|person)?|chief executive"
    r"|commissioner|director|editor|governor|head|king|leader|mayor|minister|president|queen"
    r"|secretary))\b"
)
_OF_IT = r"(?: (?:of|for|at) (?:the )?(?P<of>[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*))?"
_STILL_HELD = (
    re.compile(rf"(?:{_STILL})(?i:prime )?{_HELD}{_OF_IT},? (?P<who>{CAPITALISED})"),
    re.compile(
        rf"(?P<who>{CAPITALISED})(?:,| is| was)(?: (?:the|a|an|its|their|[A-Z][\w-]*['’]s?))?"
        rf" (?:{_STILL})(?i:prime )?{_HELD}{_OF_IT}"
    ),
)
_STILL_IN = re.compile(_STILL)
_OF_BODY = re.compile(r"(?P<body>[A-Z][\w-]*)['’]s? \Z")
# "The Harrow City Council school": a place by the name of a body.
_PLACE_OF = re.compile(
    rf"{CAPITALISED} (?P<place>church|clinic|college|hospital|jail|prison|school|university)\b"
)
# Of none in particular: "four years in prison".
_IN_NONE = re.compile(r"\b(?:at|from|in|into|of|out of|to) \Z")
# A body that bears another's name is another: "the Holmco Foundation".
_BODIES = stems(
    "association foundation federation union council committee commission board chamber society"
    " trust institute academy fund festival"
)
NAMED_WITHIN = 60  # characters before an office, of who holds it
BEGINNING = 4  # letters that a place and its people share: "Togo", "Togolese"
NEAR_ITS_OFFICE = 4  # words: "minister of state for foreign affairs"


def _sides(table: str) -> list[frozenset[str]]:
    return [stems(side) for side in table.split("|")]


_OF_KINDS = [(_sides(kinds), _sides(things)) for kinds, things in _KINDS]


def kinds_missing(text: str, known: str) -> list[str]:
    """Kinds that `text` tells of where `known` tells of another of the same thing: "metro drivers",
    in an article on bus drivers.
    """
    sentences = [[w.stem for w in words(span.of(known))] for span in sentence_spans(known)]
    missing = []
    for (kind, thing), (kinds, things) in product(pairwise(words(text)), _OF_KINDS):
        mine = next((side for side in kinds if kind.stem in side), frozenset())
        same = next((side for side in things if thing.stem in side), frozenset())
        others = frozenset().union(*kinds) - mine
        if not (mine and same) or not any(
            a in others and b in same for there in sentences for a, b in pairwise(there)
        ):
            continue
        if not any(
            mine & set(there[max(0, i - NEAR_ITS_OFFICE) : i + NEAR_ITS_OFFICE + 1])
            for there in sentences
            for i, stem in enumerate(there)
            if stem in same
        ):
            missing.append(f"{kind.text} {thing.text}")
    # Last year's award is not this year's.
    told = [*_editions(known)]
    asked = [*_editions(text)]
    if not asked and len(years := _IN_A_YEAR.findall(text)) == 1:
        asked = [(years[0], n) for _, n in told if len(n) > 1 and n.issubset(stems(text))]
    for year, name in asked:
        theirs = {other for other, held in told if name <= held or held <= name}
        if theirs and year not in theirs and year not in _OF_A_YEAR.findall(known):
            missing.append(year)
    # A final is no semi-final.
    stages = {*map(stage_of, STAGE.finditer(known))}
    missing += [
        match[0]
        for match in STAGE.finditer(text)
        if "final" in (stage := stage_of(match))
        and stage not in stages
        and any("final" in other for other in stages)
    ]
    return missing


def _editions(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The years of what has one each: the year, and the stems of its name."""
    for match in _EDITION.finditer(text):
        if not _WHEN.search(text[: match.start()]):
            yield match["year"], stems(match["name"])


def offices_missing(text: str, known: str) -> list[str]:
    """Offices that `text` names and `known` has otherwise: another ministry's minister, another
    state's ambassador, a deputy for who is in office, the head of a body that bears the other's
    name or, where nobody is named, of any other, the people of another nation.
    """
    sequence = [w.stem for w in words(known)]
    missing = []
    for match in _OFFICE.finditer(text):
        named = (match["of"] or match["what"], match["office"] or match["held"])
        of, office = (next(iter(words(name))).stem for name in named)
        alike = _MINISTRY if office in _MINISTRY else {office}
        if (
            office in sequence
            and not any(
                of in sequence[max(0, i - NEAR_ITS_OFFICE) : i + NEAR_ITS_OFFICE + 1]
                for i, stem in enumerate(sequence)
                if stem in alike
            )
            and not _is_of(of, office, known)
        ):
            missing.append(match[0])
    states: dict[str, set[str]] = {}
    for match in _OF_A_STATE.finditer(known):
        states.setdefault(match["office"], set()).add(match["of"])
    for match in _OF_A_STATE.finditer(text):
        office = next(iter(words(match["office"]))).stem
        if match["of"] not in states.get(match["office"], {match["of"]}) or (
            office in _DIPLOMATS and not _DIPLOMATS & {*sequence}
        ):
            missing.append(match[0])
    ranks = [(m["rank"], m["thing"].casefold(), stems(m["names"])) for m in _RANKED.finditer(known)]
    for match in _RANKED.finditer(text):
        name = stems(match["names"])
        thing = match["thing"].casefold()
        theirs = [
            r for r, other, held in ranks if other == thing and (held <= name or name <= held)
        ]
        if theirs and all(bool(rank) != bool(match["rank"]) for rank in theirs):
            missing.append(match[0])
    headed = [*_headed(known, text)]
    for mine in _headed(text, known):
        names = [other.name for other in headed if other.head == mine.head]
        longer = [n[len(mine.name) :] for n in names if n[: len(mine.name)] == mine.name]
        of_its_like = bool(longer) and all(_BODIES & {*more} for more in longer)
        others = not mine.who and _may_have_it(mine, headed)
        if of_its_like or (others and _is_only_of_others(mine, headed, known)):
            missing.append(mine.said)
    missing += [pair for pair in of_other_nations(text, known) if pair not in missing]
    return missing


def _is_only_of_others(mine: "_Headed", headed: list["_Headed"], known: str) -> bool:
    """Whether each office of the kind that `known` tells of is that of another body."""
    same = [other for other in headed if other.head == mine.head and other.body]
    told = sum(_head_of(match) == mine.head for match in _HEAD.finditer(known))
    return len(same) == told > 0 and not any(_may_be_one(mine.body, o.body) for o in same)


def places_made_up(text: str, known: str, common: frozenset[str]) -> list[str]:
    """Places that `text` calls by the name of a body and `known` by none: "the Harrow City Council
    prison", where Harrow City Council met, and somebody is in prison. A body's name ends with a
    word that stands in the articles in lower case too, `common`: "the council".
    """
    missing = []
    for match in _PLACE_OF.finditer(text):
        *name, place = words(match[0])
        told = [
            (span.of(known), word)
            for span in sentence_spans(known)
            for word in words(span.of(known))
            if word.stem == place.stem
        ]
        if (
            len(name) > 1
            and name[-1].text.casefold() in common
            and told
            and all(
                _IN_NONE.search(sentence, 0, word.start) and name[-1].stem not in stems(sentence)
                for sentence, word in told
            )
        ):
            missing.append(match[0])
    return missing


def keeps_body(claim: str, known: str) -> bool:
    """False where a claim has somebody who is named in full be of a body, and `known`, which tells
    of both together, gives him to another only and tells of him and this one in no sentence.
    """
    for who, body in _theirs(claim):
        sentences = [stems(span.of(known)) for span in sentence_spans(known)]
        others = [other for name, other in _theirs(known) if name[-1:] == who[-1:]]
        if (
            len(who) > 1
            and others
            and not any(_may_be_one(body, other) for other in others)
            and not any(who[-1] in told and body & told for told in sentences)
            and all(any(body & told and other & told for told in sentences) for other in others)
        ):
            return False
    return True


def _theirs(text: str) -> Iterator[tuple[list[str], frozenset[str]]]:
    """Stems of the names of who is told of as of a body, and of the body's."""
    for match in (m for pattern in _THEIRS for m in pattern.finditer(text)):
        who = words(match["who"])
        if who[-1].text.casefold() not in TITLES:
            yield [w.stem for w in who], frozenset(w.stem for w in words(match["of"]))


def in_that_office(claim: str, known: str) -> bool:
    """False where a claim has somebody at the head of a body, and `known` has the same person in
    that office of another, and tells of this one and the person in no sentence together.
    """
    theirs: list[_Headed] | None = None
    for mine in _headed(claim, known):
        theirs = [*_headed(known, claim)] if theirs is None else theirs
        same = [other for other in theirs if other.head == mine.head]
        if (
            mine.who
            and _may_have_it(mine, theirs)
            and any(other.who == mine.who for other in same)
            and not any(
                other.who in (mine.who, "") and _may_be_one(mine.body, other.body) for other in same
            )
            and not any(
                _are_together(mine, span.of(known), known) for span in sentence_spans(known)
            )
        ):
            return False
    return True


def still_in_office(claim: str, known: str) -> bool:
    """False where a claim calls somebody the former mayor, and `known` the current one, or the
    other way round; not where `known` has it of another town, or tells of both.
    """
    theirs = [*_in_office(known)] if _STILL_IN.search(claim) else []
    for still, office, who, _ in _in_office(claim) if theirs else []:
        told = [other for other in theirs if other[1] == office and other[2] == who]
        if (
            told
            and all(other != still and body <= stems(claim) for other, _, _, body in told)
            and not any(
                who in stems(text := span.of(line)) and still in _stills(text)
                for line in known.split("\n")  # a headline ends without a mark
                for span in sentence_spans(line)
            )
        ):
            return False
    return True


def _in_office(text: str) -> Iterator[tuple[bool, str, str, frozenset[str]]]:
    """Whether somebody still is in an office, the office, the stem of his surname, and those of the
    name of what he is told to be at the head of.
    """
    for match in (m for pattern in _STILL_HELD for m in pattern.finditer(text)):
        of = _OF_BODY.search(text, 0, match.start("here" if match["here"] else "gone"))
        body = f"{match['of'] or ''} {of['body'] if of else ''}"
        who = [w.stem for w in words(match["who"])][-1]
        yield bool(match["here"]), match["held"].casefold(), who, stems(body)


def _stills(text: str) -> set[bool]:
    return {bool(match["here"]) for match in _STILL_IN.finditer(text)}


def _may_have_it(mine: "_Headed", headed: list["_Headed"]) -> bool:
    """Whether it may be plain whose office it is: of a minister, where his state is told of as one
    that another is at the head of; else that may be a man's, or a capital's.
    """
    return not re.fullmatch(_MINISTER, mine.head) or any(
        other.head != mine.head and _may_be_one(other.body, mine.body) for other in headed
    )


def _may_be_one(body: frozenset[str], other: frozenset[str]) -> bool:
    """Of one word, or of one beginning: "the Togolese president" is the president of Togo."""
    return bool({s[:BEGINNING] for s in body} & {s[:BEGINNING] for s in other})


def _are_together(mine: "_Headed", sentence: str, known: str) -> bool:
    """Whether a sentence tells of who is at its head and of the body, or of "his"; what somebody
    says of it is no office, nor is that which is told as another body's. Who founded one may have
    founded the other.
    """
    says = _SAYS.search(sentence)
    if says and mine.who in stems(before := sentence[: says.start()]):
        sentence = before
    elsewhere = mine.head != "founder" and any(
        other.head == mine.head and other.who == mine.who for other in _headed(sentence, known)
    )
    if elsewhere and not _OF_BOTH.search(sentence):
        return False
    told = stems(sentence)
    with_body = mine.body & (told | kin(sentence))
    return bool(with_body) and (mine.who in told or bool(_HIS.search(sentence)))


@dataclass(frozen=True)
class _Headed:
    """An office, the words that say whose it is, the stems of the body's name, of all that it is
    called, and that of the surname of who holds the office, where it stands beside.
    """

    head: str
    said: str
    name: tuple[str, ...]
    body: frozenset[str]
    who: str


def _headed(text: str, known: str = "") -> Iterator[_Headed]:
    """The offices that a text tells of; what is a name may be told by what else is `known`."""
    for match in (m for pattern in _HEADED for m in pattern.finditer(text)):
        head = _head_of(match)
        start = match.start()
        named = match if "who" in match.groupdict() else _HEADED_BY.match(text, match.end())
        named = named or _HEADS_IT.search(text, max(0, start - NAMED_WITHIN), start)
        who = [w.stem if is_content(w) else "" for w in words(named["who"])][-1] if named else ""
        named_so = [w for w in words(match["of"]) if is_content(w)]
        if all(w.stem in CALENDAR_STEMS for w in named_so) or _is_no_body(match, text, known):
            continue
        body = kin(match["of"]) | {w.stem for w in named_so}
        if len(named_so) > 1:
            body |= {"".join(w.text[0] for w in named_so).casefold()}
        name = tuple(w.stem for w in words(match["of"]))
        yield _Headed(head, match[0], name, body, who)


def _is_no_body(match: re.Match[str], text: str, known: str) -> bool:
    """Whether a word has its capital only as a sentence begins with it: "Former president Krall",
    and any other that stands in small letters elsewhere.
    """
    of = match["of"].casefold()
    small = of in _NO_BODY or of in _written(text) or of in _written(known)
    return small and match.start("of") in _beginnings(text)


@kept(64)
def _beginnings(text: str) -> frozenset[int]:
    return frozenset(span.start for span in sentence_spans(text))


@kept(64)
def _written(text: str) -> frozenset[str]:
    return frozenset(w.text for w in words(text))


def _head_of(match: re.Match[str]) -> str:
    head = match["head"].casefold().replace("chief executive", "ceo")
    return re.sub(r"\Achair\w*", "chair", head)


def _is_of(of: str, office: str, known: str) -> bool:
    """Whether a sentence tells of an office without its kind, and has a word of that kind."""
    return any(
        office in stems(match["office"]) and of in stems(text) and not _OFFICE.search(text)
        for span in sentence_spans(known)
        if (match := _BARE_OFFICE.search(text := span.of(known)))
    )


def stage_of(match: re.Match[str]) -> str:
    return re.sub(r"[\s-]|s\Z", "", match[0].casefold())
