"""Opposites: the few words that turn a piece of news round, a claim's against its source's.

No dictionary: the verbs that news is made of, in the forms that their stems do not share. "The
council rejected the plan" is held against "The council approved the plan", and not against what
tells of something else besides. English only.
"""

import re
from collections.abc import Iterator, Sequence

from index.sentences import sentence_spans
from service.dates import mentions
from service.wording import (
    CALENDAR_STEMS,
    CAPITALISED,
    DENIED_WITHIN,
    IRREGULAR,
    NEGATORS,
    Word,
    is_content,
    names,
    negated,
    negates,
    runs,
    stems,
    words,
)

# Of one matter the one denies the other, whoever is named first.
_OPPOSED = """
accept approve back endorse adopt ratify | reject veto block
accept approve grant agree | reject refuse
found recovered traced | missing
damaged harmed | undamaged unharmed intact
praise welcome | criticise criticize condemn regret
double | halve
rise rose risen increase grow grew grown soar climb surge jump
    | fall fell fallen decrease decline drop plunge plummet sink sank
passed | failed
open reopen | close shut
reopen unblock | block
arrest detain | release free freed
confirm | deny
allow permit legalise legalize | ban forbid forbade prohibit outlaw
begin began begun start | end ended ending stop halt
agree | refuse decline
support favour favor back | oppose
convict guilty | acquit innocent
hire appoint | fire sack dismiss
raise | lower cut reduce
uphold upheld | dismiss overturn overturned quash
succeed | fail
create | lose lost cut axe
profit | loss
survive | die died
"""
# Of two who are named, each may be told so: "Krall bought it from Reed", "Reed sold it to Krall".
_CONVERSE = """
win won | lose lost
gain | lose lost
buy bought | sell sold
import | export
larger bigger | smaller
richer | poorer
faster | slower
taller | shorter
"""
# Of what follows them.
_PLACED = """
before | after
up | down
more | less fewer
above | below
highest | lowest
largest biggest | smallest
best | worst
first | last
first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth
north northern | south southern
east eastern | west western
older elder | younger
gold | silver | bronze
full | part
domestic | foreign
civilian | military
daily | weekly | monthly | annual yearly
urban | rural
internal | external
inner | outer
upper | lower
junior | senior
major | minor
positive | negative
mandatory compulsory | voluntary optional
maximum | minimum
male | female
left | right
morning | afternoon | evening
winter | spring | summer | autumn
cheap cheaper cheapest | expensive
safe | dangerous
"""
# Whose somebody is: of "her husband", not "her brother".
_KIN = """
father | mother | husband | wife | brother | sister | son | daughter | uncle | aunt | cousin
    | nephew | niece | grandfather | grandmother | grandson | granddaughter | parent | grandparent
"""
# Of whom or of where the same is told.
_OTHERS = """
temporary temporarily | permanent
public | private
bow | stern
man men | woman women
boy | girl
inside | outside
upstream | downstream
"""
# "Unarmed", "illegally", "non-lethal": what stands behind the prefix is denied by it. Not so
# "discover", "unrest" or "implant"; and what is unlocked was locked before.
PREFIXED = re.compile(
    r"\b(?:non-?(?P<non>(?!profit|sense|stop|[a-z]+(?:ity|ness)\b)[a-z]{4,})"
    r"|un(?P<un>(?!i|(?:block|cover|der|earth|ease|fold|leash|load|lock|mask|pack|plug|rest|ravel|til"
    r"|veil|wind)(?:e?d|ing|s)?\b)[a-z]{4,})"
    r"|(?:il(?=l)|im(?=[mp])|in|ir(?=r))(?P<in>(?!different|famous|flammable|habitable|migrant|migrate"
    r"|plant|valuable)(?:[a-z]{2,}(?:[bc]le|al|ar|ary|ate|ent|ant|ect|ful|ive|ly|ous|ure)|valid))"
    r"|dis(?P<dis>(?:agree|allow|appear|approv|connect|continu|honest|honou?r|like|loyal|obey"
    r"|organi[sz]|prove|qualif|respect|satisf|similar|trust|unit)[a-z]*))\b",
    re.IGNORECASE,
)
LEAST_PREFIXED = 5  # letters behind "in": an intent is no tent
# The share of a claim's other words that the sentence has; then both are of one matter.
SAME_MATTER = 0.75
# "Failed to approve" is no approval.
_UNDONE = re.compile(r"(?:fail|refus|declin|unable|threat|near|almost|try|tri|seek|sought)")
_FAILED = re.compile(r"fail", re.IGNORECASE)
_REFUSED = re.compile(r"(?:fail|refus|declin|unabl)")
UNDONE_WITHIN = 3  # words before a verb
# And of a part of one; a part with less may be of something else.
OF_THE_MATTER = 0.6
AGAINST_WITHIN = 5  # words behind a verb
BESIDE = 2  # words of content before a word that are of the same matter, with the one behind it
SAME_START = 3  # letters, of a verb and the noun for its deed
_BE = r"\b(?:am|is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?"
_CLEARED = re.compile(
    rf"{_BE}(?:cleared(?= of\b)|acquitted|exonerated|found not guilty)(?: o[fn] (?P<of>[^,.;]+))?",
    re.IGNORECASE,
)
_OF_ALL = re.compile(
    r"\b(?:all|any|both|every)(?! (?:but|except)) (?:\w+ ){0,2}?(?:charge|count|accusation)s?\b"
    r"|\bwrongdoing\b",
    re.IGNORECASE,
)
_SENTENCED = re.compile(
    rf"{_BE}(?:sentenced|convicted|jailed|imprisoned|found guilty|guilty)\b", re.IGNORECASE
)
_GUILT = re.compile(r"(?<!not )\b(?:convict|guilt|sentenc|jail|imprison)\w*", re.IGNORECASE)
# A crime, by what who did it is said to have done.
_CRIME = re.compile(
    r"\b(?:stole|robbed|looted|murdered|stabbed|raped|assaulted|kidnapped|forged|embezzled"
    r"|defrauded|swindled|bribed|blackmailed|smuggled|laundered)\b",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"\b(?:alleg|accus|charg|suspect|tried|trial|clear|acquit|exonerat)\w*", re.IGNORECASE
)
_SAYS = re.compile(
    r"\b(?:said|says|told|claim(?:s|ed)|argued|believed|thought|if|whether)\b", re.IGNORECASE
)
_JOINED = re.compile(r";|,?\s\b(?:and|but|while|whereas|although|though)\b")
_APART = re.compile(
    rf"{_JOINED.pattern}|,?\s\b(?:after|(?:even )?as|because|before|since|when)\b", re.IGNORECASE
)
# ", which farmers oppose": of the last words before it.
_ASIDE = re.compile(r",(\s(?:who|which)\b[^,;]*)(?:,|(?=;)|\Z)")
HEAD, LONGEST_HEAD = 3, 60  # words, letters
_WHICH = re.compile(r"\b(?:who|which)\b")
_TELLS = re.compile(
    rf"(?:are|had|has|have|is|was|were|will|would|\w+ed|{'|'.join(IRREGULAR)})\Z", re.IGNORECASE
)
# "An amendment", "two roads", "taxes": a thing that was not told of before.
_A_THING = re.compile(r"\s+(?:an?|another|one)\s|\s+(?:\w+\s)?\w{2,}[^\Wsi]s\b")
_PRONOUN = re.compile(r"\b(?:he|him|it|one|she|that|them|these|they|this|those)\b", re.IGNORECASE)
_NO_THING = stems("ago again also day earlier last late later month next soon today week year")
_NOT = re.compile(r"\b(?:not|never|cannot)\b|(?<=\w)n['’]t\b", re.IGNORECASE)
# "Not only she", "did not deny": what stands behind is so, or may be.
_IS_SO = re.compile(
    r"\s+(?:den(?:y|ied)|disput\w+|doubt\w*|fail\w*|forg[eo]t|hid\w*|just|merely|only|regret\w*|rule"
    r"|simply|until)\b",
    re.IGNORECASE,
)
# "Karl Brandt and the league leaders met": who else did it, before the verb.
_AND_OTHERS = re.compile(
    rf"(?:^|, )(?:[Tt]he )?(?:{CAPITALISED} and (?P<behind>(?:[a-z][\w’'-]*\s+){{2,5}})"
    rf"|(?P<before>(?:[\w’'-]+ ){{2,5}})and {CAPITALISED} )"
)
_NONE = re.compile(r"\W*no\b", re.IGNORECASE)
# What was not done.
REFUSED_TO = re.compile(
    r"\b(?:(?:declin|refus|fail)(?:es?|s|ed|ing)? to|unable to|yet to)\b", re.IGNORECASE
)
_NOT_SO = r"(?<!\bnot )(?<!n['’]t )(?<!\bwas )(?<!\bwere )(?<!\bbeen )"
FELL_SHORT = re.compile(
    rf"{_NOT_SO}\b(?:f[ae]ll(?:s|en|ing)?|c[ao]m(?:es?|ing)) (?:[^\s;:]+ ){{0,4}}?short of\b",
    re.IGNORECASE,
)
# What did not come about: "cancelled a speech", "fell four seats short of a majority".
_CALLED_OFF = (
    rf"{_NOT_SO}\b(?:cancel(?:s|l?ed|l?ing)?|call(?:s|ed|ing)? off|rul(?:es?|ed|ing) out)"
    rf"(?= (?:all|an?|any|her|his|its|the|their)\b)|{FELL_SHORT.pattern}"
)
_UNDONE_BY = re.compile(
    rf"{REFUSED_TO.pattern}|(?P<off>{_CALLED_OFF})|\b(?P<absent>miss(?:es|ed|ing)?|skip(?:s|ped|ping)?"
    r"|boycott(?:s|ed|ing)?|absent from|(?:barred|banned|suspended|sidelined|withdrawn|withdrew"
    r"|ruled out|pulled out|stayed away) (?:from|of|for))\b",
    re.IGNORECASE,
)
_OUTRIGHT = re.compile(r"\b(?:absolute|clear|overall)(?= majorit(?:y|ies)\b)", re.IGNORECASE)
_REACHED = re.compile(
    r"\b(?:w[io]n|wins|(?:achiev|gain|reach|secur|obtain)(?:es?|s|ed)?|gets?|got|takes?|took|has|have"
    r"|had|met|meets?)\b",
    re.IGNORECASE,
)
_IN_A_PLACE = re.compile(rf"\b(?:at|in)(?: the)? {CAPITALISED}")
_TAKES_PART = stems("attend appear compete join play race run start take travel")
_END = re.compile(
    r"[,;:–—.]|\b(?:after|and|as|because|but|due|for|if|or|since|that|unless|until|when|which|while"
    r"|who)\b",
    re.IGNORECASE,
)
# What was done again was before as its opposite has it.
_AGAIN = stems("reopen unblock")
_WAS = frozenset(("was", "were", "been"))
_UP_OR_DOWN = frozenset(("up", "down"))
_PRONOUNS = stems("he it she they which who")
_PAUSE = re.compile(r"[,;:–—]")
_SUBJECT = re.compile(r"(?:he|it|she|they)\b", re.IGNORECASE)
_OF = re.compile(r"\b(?:about|against|at|by|from|in|into|of|on|over|to|with)\b", re.IGNORECASE)
_IT = re.compile(r"\s+(?:it|them)\b", re.IGNORECASE)
_BY = frozenset(("by", "from", "to"))
_POSSESSIVES = frozenset("her his its my our their your".split())


def _read(table: str) -> dict[str, frozenset[str]]:
    """Stems of the opposites of each stem."""
    found: dict[str, frozenset[str]] = {}
    for line in re.sub(r"\n\s+", " ", table).strip().splitlines():
        sides = [stems(side) for side in line.split("|")]
        for mine in sides:
            for stem in mine:
                others = frozenset().union(*(side for side in sides if side is not mine))
                found[stem] = found.get(stem, frozenset()) | others
    return found


_OF_ONE, _OF_TWO, _OF_NEXT, _OF_SAME = map(_read, (_OPPOSED, _CONVERSE, _PLACED, _OTHERS))
_OF_KIN = _read(_KIN)
_OF_SAME |= _OF_KIN
_KNOWN = frozenset((*_OF_ONE, *_OF_TWO, *_OF_NEXT))


def opposites(stem: str) -> frozenset[str]:
    """Stems of the opposites of a word, by its stem."""
    return _OF_ONE.get(stem, frozenset())


def not_opposed(claim: str, source: str) -> bool:
    """False where a sentence of the source tells the same matter with the opposite of a word of the
    claim, and neither has the other's word, or denies its own.
    """
    sentences = [span.of(source) for span in sentence_spans(source)]
    return not any(
        _is_opposed(claim, sentence, source)
        or _is_of_as_many(claim, sentence, source)
        or turned_by_prefix(claim, sentence)
        for sentence in sentences
    ) and not (
        len(sentences) > 1 and any(_is_turned(claim, sentence, sentences) for sentence in sentences)
    )


def is_cleared(claim: str, source: str) -> bool:
    """Whether a claim has somebody sentenced, or a criminal, whom the source names only as cleared:
    "A dealer was jailed. Karl Brandt was cleared" bears out no "Karl Brandt was jailed".

    Cleared of one thing, one may be guilty of another.
    """
    found = _SENTENCED.search(claim)
    if found is None:
        found = _CRIME.search(claim)
        if found and _SAYS.search(claim, 0, found.start()):
            return False
    if found is None or negates(claim) or _NOT_FOUND.search(claim):
        return False
    deed = stems(found[0].split()[-1])
    parts = list(_parts(source))
    for whom in _named(claim[: found.start()]):
        theirs = [part for part, named in parts if _among(whom, named)]
        if not any(_GUILT.search(part) or deed & stems(part) for part in theirs) and any(
            _acquits(part, whom, claim) for part in theirs
        ):
            return True
    return False


def _acquits(text: str, whom: frozenset[str], claim: str) -> bool:
    """Whether it tells that somebody was cleared, of all or of what the claim has."""
    found = _CLEARED.search(text)
    if found is None or not _among(whom, _named(text[: found.start()])):
        return False
    charge = found["of"] or ""
    of = {w.stem for w in words(charge) if is_content(w)}
    return not of or bool(_OF_ALL.search(charge) or of & stems(claim))


def not_done(claim: str, source: str, before: str = "") -> bool:
    """Whether a source bears out a claim's denial without a "not": who "declined to comment" did
    not comment, who "will miss the final" will not play in it, who "cancelled a speech" did not
    give it, what was rejected was not approved, and no deal was reached where all failed to.

    `before` is what stands before it: whom it means by "she", what by "it", may be named there.
    """
    negator, none = _NOT.search(claim), _NONE.match(claim)
    if not (negator or none) or _UNDONE_BY.search(claim):
        return False
    if none and _none_done(claim[none.end() :], source):
        return True
    if negator is None:
        return False
    claim, source = (_OUTRIGHT.sub("outright", text) for text in (claim, source))
    negator = _NOT.search(claim) or negator
    lead, after = claim[: negator.start()], _END.split(claim[negator.end() :], maxsplit=1)[0]
    whom = {w.stem for w in names(lead)} or {w.stem for w in words(lead) if is_content(w)}
    verb, *what = [w.stem for w in words(after) if is_content(w)] or [""]
    previous = next((span.of(before) for span in sentence_spans(before)[-1:]), "")
    for span in sentence_spans(source):
        sentence, last = span.of(source), previous
        previous = sentence
        for found in _UNDONE_BY.finditer(sentence):
            rest = _END.split(sentence[found.end() :], maxsplit=1)[0]
            scope = [w.stem for w in words(rest) if is_content(w)]
            who = stems(sentence[: found.start()])
            if _SUBJECT.match(sentence):
                who = who.union(*_named(last)[:1])
            if found["absent"] and _IT.match(rest):
                scope += [w.stem for w in words(last) if is_content(w)]
            if not whom & who or not scope:
                continue
            if verb == scope[0] and {*what} <= stems(sentence):
                return True
            if found["absent"] and verb in _TAKES_PART and what and {*what} <= {*scope}:
                return True
            if found["off"] and verb not in stems(found[0]) and _is_it(rest, after):
                return True
            # "Did not clear the threshold", where they "failed to pass" it.
            if (
                _FAILED.match(found[0])
                and len(what) >= BESIDE
                and {*what} <= {*scope[1:]}
                and not {verb, scope[0]} <= _KNOWN
            ):
                return True
        # Turned round is what is denied, and nothing besides.
        turned = [stem for stem in stems(claim) if opposites(stem) & stems(sentence)]
        if (
            turned == [verb]
            and {*what} <= _beside(opposites(verb), sentence)
            and not not_opposed(f"{lead} {claim[negator.end() :]}", sentence)
        ):
            return True
    return False


def with_whom_denied(claim: str, article: str) -> bool:
    """Whether a claim has somebody do something together with such as all that was read of the
    article names but once, as those with or to whom something was not done: "Krall and the club
    owners spoke", of "Krall did not meet owners of the club".
    """
    found = None if negates(claim) or REFUSED_TO.search(claim) else _AND_OTHERS.search(claim)
    if found is None:
        return False
    others = [w for w in words(found["behind"] or found["before"]) if is_content(w)]
    verb = next((i for i, w in enumerate(others) if _TELLS.match(w.text)), len(others))
    whom = {w.stem for w in others[:verb]}
    for span in sentence_spans(article) if len(whom) >= BESIDE else []:
        sentence = span.of(article)
        for negator in _NOT.finditer(sentence):
            scope = _END.split(sentence[negator.end() :], maxsplit=1)[0]
            # Passages overlap: a sentence may have been read twice.
            rest = article.replace(f"{negator[0]}{scope}", " ")
            if whom <= stems(scope) - stems(rest) and not _IS_SO.match(scope):
                return True
    return False


def fell_short(claim: str, source: str) -> bool:
    """Whether a claim has somebody win what the source says that they fell short of, and names
    nowhere else.
    """
    if negates(claim) or _UNDONE_BY.search(claim):
        return False
    claim, source = (_OUTRIGHT.sub("outright", text) for text in (claim, source))
    for span in sentence_spans(source):
        sentence = span.of(source)
        for found in FELL_SHORT.finditer(sentence):
            rest = _END.split(sentence[found.end() :], maxsplit=1)[0]
            scope = [w.stem for w in words(_OF.split(rest)[0]) if is_content(w)]
            who = _named(_IN_A_PLACE.sub("", sentence[: found.start()]))[-1:]
            elsewhere = source.replace(rest, " ")
            for reached in _REACHED.finditer(claim) if scope else []:
                thing = _END.split(claim[reached.end() :], maxsplit=1)[0]
                what = [w.stem for w in words(_IN_A_PLACE.sub("", thing)) if is_content(w)]
                if (
                    what[-1:] == scope[-1:]
                    and {*what} <= {*scope}
                    and what[-1] not in stems(elsewhere)
                    and any(_among(whom, who) for whom in _named(claim[: reached.start()]))
                ):
                    return True
    return False


def _none_done(deed: str, source: str) -> bool:
    """Whether all that is denied, "(no) deal was reached", is what somebody failed to do."""
    denied = {w.stem for w in words(_END.split(deed, maxsplit=1)[0]) if is_content(w)}
    return len(denied) >= BESIDE and any(
        denied <= stems(_END.split(span.of(source)[found.end() :], maxsplit=1)[0])
        for span in sentence_spans(source)
        for found in REFUSED_TO.finditer(span.of(source))
    )


def _is_it(thing: str, deed: str) -> bool:
    """Whether what was called off, "a speech to the crew", is what is denied: "speak to the crew in
    Corfe", where all of it is.
    """
    verb, *what = [w.stem for w in words(deed) if is_content(w)] or [""]
    scope = [w.stem for w in words(thing) if is_content(w)]
    last = ([w.stem for w in words(_OF.split(thing)[0]) if is_content(w)] or scope)[-1]
    needed = {*what} if names(thing) else {*what} - {w.stem for w in names(deed)}
    return (last in (verb, *what) or last[:SAME_START] == verb[:SAME_START]) and needed <= {*scope}


def _beside(opposed: frozenset[str], text: str) -> set[str]:
    """Stems of the words near one of these."""
    sequence = words(text)
    return {
        w.stem
        for i, word in enumerate(sequence)
        if word.stem in opposed
        for w in sequence[max(0, i - DENIED_WITHIN) : i + 1 + DENIED_WITHIN]
    }


def undone(text: str) -> frozenset[str]:
    """What a text says that somebody refused or failed to do."""
    return negated(REFUSED_TO.sub("not", text))


def _parts(text: str) -> Iterator[tuple[str, list[frozenset[str]]]]:
    """The parts of a text that are joined by "and" or "but", with those whom each names; with those
    of the part before where it names nobody.
    """
    named: list[frozenset[str]] = []
    for span in sentence_spans(text):
        for part in _JOINED.split(span.of(text)):
            named = _named(part) or named
            yield part, named


def _named(text: str) -> list[frozenset[str]]:
    return [frozenset(w.stem for w in run) for run in runs(text, names(text))]


def _among(whom: frozenset[str], named: Sequence[frozenset[str]]) -> bool:
    """Whether somebody is named, in full or in part."""
    return any(whom <= other or other <= whom for other in named)


def _is_turned(claim: str, sentence: str, sentences: Sequence[str]) -> bool:
    """Whether a sentence tells what stands beside a word of the claim with its opposite, whatever
    the claim has of other sentences: "Rents fell by 5 % after the flood in May".

    None may say of what the claim is about, or of "it", what the claim says.
    """
    said, there = words(claim), words(sentence)
    theirs, mine = stems(sentence), stems(claim)
    for i, word in enumerate(said):
        opposite = opposites(word.stem)
        at = [j for j, w in enumerate(there) if w.stem in opposite]
        if not at or mine & opposite or _denied(said, i) or _was_before(claim, i, there, at):
            continue
        before = [w.stem for w in said[:i] if is_content(w)][-BESIDE:]
        beside = before + [w.stem for w in said[i + 1 :] if is_content(w)][:1]
        if (
            len(beside) >= BESIDE
            and theirs.issuperset(beside)
            and not _KNOWN.intersection(beside)
            and not any(_denied(there, j) for j in at)
            and not any(
                other & same_side(word.stem) and other & {*before[-1:], *_PRONOUNS}
                for other in map(stems, sentences)
            )
        ):
            return True
    return False


def _was_before(claim: str, at: int, there: Sequence[Word], opposed: Sequence[int]) -> bool:
    """Whether what a claim says was so, of no day, was so before: what "reopened" was closed."""
    was = at > 0 and words(claim)[at - 1].text.casefold() in _WAS
    return was and all(there[j].stem in _AGAIN for j in opposed) and not mentions(claim, None)


def same_side(stem: str) -> frozenset[str]:
    """A word and those that say the same, by their stems."""
    return frozenset().union(*(opposites(other) for other in opposites(stem)))


def _is_opposed(claim: str, sentence: str, source: str) -> bool:
    said, there = words(claim), words(sentence)
    mine, theirs = stems(claim), stems(sentence)
    rest = {w.stem for w in said if is_content(w)} - _KNOWN
    rest -= {stem for stem in rest if _OF_SAME.get(stem, frozenset()) & theirs}
    if not rest or len(rest & theirs) < SAME_MATTER * len(rest):
        return False
    turned = elsewhere = 0
    for i, word in enumerate(said):
        at = [j for j, w in enumerate(there) if w.stem == word.stem]
        if at and all(_refused(there, j) for j in at) and not _denied(said, i):
            turned += 1
        for table in (_OF_ONE, _OF_TWO, _OF_NEXT, _OF_SAME):
            opposite = table.get(word.stem, frozenset())
            if word.stem in theirs or mine & opposite or not opposite & theirs:
                continue
            at = [j for j, w in enumerate(there) if w.stem in opposite]
            if any(_denied(said, i) or _denied(there, j) for j in at):
                continue
            if _was_before(claim, i, there, at):
                continue
            # What was blocked and reopened is not closed.
            again = all(there[j].stem in _AGAIN for j in at)
            same = same_side(word.stem)
            if table is _OF_ONE and not again and _is_told_of(said[:i], same, sentence):
                continue
            if table is _OF_ONE:
                turned += 1
                elsewhere += not again and (
                    _is_of_another(claim, word, opposite, sentence)
                    or all(_is_against(there[j + 1 :], mine) for j in at)
                )
            elif table is _OF_TWO:
                turned += any(_content(said[:i]) & _content(there[:j]) for j in at)
            elif table is _OF_SAME:
                turned += word.stem not in stems(source) and any(
                    _near(said, i) & _near(there, j)
                    and (word.stem not in _OF_KIN or _whose(said, i) == _whose(there, j) != "")
                    for j in at
                )
            else:
                turned += any(_next(said, i) and _next(said, i) == _next(there, j) for j in at)
    # Twice turned round is the same again.
    return turned % 2 == 1 and elsewhere < turned


def _is_of_as_many(claim: str, sentence: str, source: str) -> bool:
    """Whether a sentence tells with the opposite of as many as the claim does, of whom is named
    before both: "won 12 seats, down from 30", of "lost 12 seats in the vote on Sunday".
    """
    said, there = words(claim), words(sentence)
    for i, word in enumerate(said):
        opposite = _OF_ONE.get(word.stem, frozenset()) | _OF_TWO.get(word.stem, frozenset())
        if word.stem in stems(source) or not opposite & stems(sentence) - stems(claim):
            continue
        many, whom = _how_many(said, i), _named(claim[: word.start])[-1:]
        at = [j for j, w in enumerate(there) if w.stem in opposite and _how_many(there, j) == many]
        if (
            many
            and whom
            and not _denied(said, i)
            and any(
                whom[0] in (*before[:1], *before[-1:]) and not _denied(there, j)
                for j in at
                if (before := _named(_PAUSE.split(sentence[: there[j].start])[-1]))
            )
        ):
            return True
    return False


def turned_by_prefix(text: str, other: str) -> set[str]:
    """Stems of the words of a text of which another has but the opposite by a prefix, of the same
    matter: "armed", where that has "unarmed", or the other way round. Neither denies anything.
    """
    return {mine for mine, _ in _prefixed(text, other)} | {
        theirs for _, theirs in _prefixed(other, text)
    }


def _prefixed(text: str, other: str) -> Iterator[tuple[str, str]]:
    """Stems of such a word of the text and of its opposite, where that has the prefix."""
    said, there = words(text), words(other)
    for match in PREFIXED.finditer(other):
        bare = next(g for g in match.groups() if g)
        if match["in"] and len(bare) < LEAST_PREFIXED:
            continue
        (stem,) = stems(bare)
        rest = other[: match.start()] + other[match.end() :]
        at = [i for i, w in enumerate(said) if w.stem == stem]
        if not at or stem in stems(rest) or stems(match[0]) <= stems(text):
            continue
        theirs = next(j for j, w in enumerate(there) if w.start + len(w.text) >= match.end())
        if not _denied(there, theirs) and any(
            not _denied(said, i) and _near(said, i) & _near(there, theirs) for i in at
        ):
            yield stem, there[theirs].stem


def _whose(sequence: Sequence[Word], at: int) -> str:
    """The word before one, "his", "Krall's"; none where it says of nobody whose that is."""
    before = sequence[at - 1].text.casefold() if at else ""
    return before if before in _POSSESSIVES or before.endswith(("'s", "’s")) else ""


def _near(sequence: Sequence[Word], at: int) -> set[str]:
    """Stems of the words of content right before a word, and of the one behind it."""
    before = [w.stem for w in sequence[:at] if is_content(w)][-BESIDE:]
    return {*before, *[w.stem for w in sequence[at + 1 :] if is_content(w)][:1]}


def _how_many(sequence: Sequence[Word], at: int) -> list[str]:
    """Stems of the number that stands next, with what it counts; none where no number does."""
    on = [w for w in sequence[at + 1 :] if is_content(w)][:2]
    return [w.stem for w in on] if len(on) > 1 and on[0].is_number else []


def _is_told_of(before: Sequence[Word], same: frozenset[str], sentence: str) -> bool:
    """Whether a part of a sentence tells of all that stands before a word what the word tells, in
    another that says the same: "Corfe's shares jumped, while Dale's fell".
    """
    whose = {w.stem for w in before if is_content(w)}
    first: Sequence[Word] = ()
    for part in _JOINED.split(sentence):
        there = words(part)
        for j, word in enumerate(there):
            # "Rents rose in May and fell in June": without a subject it has that of the first.
            subject = there[:j] if _content(there[:j]) else first
            if word.stem in same and any(
                whose and len(whose & {w.stem for w in side}) >= SAME_MATTER * len(whose)
                for side in (subject, there[j + 1 :])
            ):
                return True
        first = first or there
    return False


def _is_of_another(claim: str, word: Word, opposite: frozenset[str], sentence: str) -> bool:
    """Whether a part of a sentence tells what the claim tells, and the opposite stands only in
    others, of something else: "passed the budget and rejected an amendment", "nine people were
    killed, and the driver survived"; not "debated the plan and rejected it".
    """
    mine = stems(claim)
    whole = next((part for part in _apart(claim) if word.stem in stems(part)), claim)
    rest = _content(words(whole))
    told = False
    for part in _apart(sentence):
        there = words(part)
        held = len(rest & stems(part))
        found = [w for w in there if w.stem in opposite]
        if not found:
            told |= held >= SAME_MATTER * len(rest) and any(_TELLS.match(w.text) for w in there)
        elif held >= OF_THE_MATTER * len(rest) or not all(
            _has_its_own(part, each, mine) for each in found
        ):
            return False
    return told


def _is_against(behind: Sequence[Word], mine: frozenset[str]) -> bool:
    """Whether it is done to what is against a thing of a claim: who "dismissed an appeal against
    the ban" upheld the ban.
    """
    at = next((i for i, w in enumerate(behind[:AGAINST_WITHIN]) if w.stem == "against"), 0)
    thing, other = ({w.stem for w in part if is_content(w)} for part in (behind[:at], behind[at:]))
    return bool(thing) and not thing & mine and bool(other & mine - {"against"})


def _has_its_own(part: str, verb: Word, mine: frozenset[str]) -> bool:
    """Whether a verb has a thing, or else a subject, that is not of what is told of before."""
    before, after = part[: verb.start], part[verb.start + len(verb.text) :]
    thing = _things(_OF.split(after)[0])
    if thing:
        return bool(_A_THING.match(after)) and not thing & mine
    subject = _things(_OF.split(_WHICH.split(before)[-1])[0])
    return bool(subject - mine) and not subject & mine and not _PRONOUN.search(part)


def _things(text: str) -> set[str]:
    """Stems of what may be things: no verbs as they look, nor what tells when or how."""
    return {
        w.stem
        for w in words(text)
        if is_content(w)
        and not (w.is_number or w.stem in _NO_THING or w.stem in CALENDAR_STEMS)
        and not (w.text.endswith("ly") or _TELLS.match(w.text))
    }


def _apart(text: str) -> list[str]:
    """The parts of a sentence, each with a verb of its own, as far as words tell that join them."""
    asides = [
        " ".join(text[max(0, m.start() - LONGEST_HEAD) : m.start()].split()[-HEAD:]) + m[1]
        for m in _ASIDE.finditer(text)
    ]
    return [part for whole in (_ASIDE.sub(" ", text), *asides) for part in _APART.split(whole)]


def _denied(sequence: Sequence[Word], at: int) -> bool:
    """Whether anything but the word itself denies there, or it is told as not done."""
    denies = any(_negator(w) for i, w in enumerate(sequence) if i != at)
    before = sequence[max(0, at - UNDONE_WITHIN) : at]
    return denies or any(_UNDONE.match(w.text.casefold()) for w in before)


def _refused(sequence: Sequence[Word], at: int) -> bool:
    return at > 1 and sequence[at - 1].stem == "to" and bool(_REFUSED.match(sequence[at - 2].stem))


def _negator(word: Word) -> bool:
    folded = word.text.casefold().replace("’", "'")
    return folded in NEGATORS or folded.endswith("n't")


def _content(sequence: Sequence[Word]) -> set[str]:
    return {w.stem for w in sequence if is_content(w)} - _KNOWN


def _next(sequence: Sequence[Word], at: int) -> str:
    """The stem of the next word of content; of "up" only before a figure, as in "up 3 %"."""
    on = sequence[at + 1 :]
    if sequence[at].text.casefold() in _UP_OR_DOWN and not (
        on and (on[0].is_number or on[0].text.casefold() in _BY)
    ):
        return ""
    return next((w.stem for w in on if is_content(w)), "")
