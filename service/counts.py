"""Counts: whose number it is and what it counts, as far as words in a row tell.

"The Civic Union won 71 seats and the National List 54" holds every word of "The National List won
71 seats". There is no grammar here: a number is held against a claim only where the source gives
it to another and gives what the claim is about another number of the same kind. English only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.sentences import sentence_spans
from index.stated import without_agency_line
from service.nations import kin
from service.roles import SAYS, is_deed
from service.wording import (
    CALENDAR_STEMS,
    CAPITALISED,
    Word,
    is_content,
    names,
    negates,
    quotations,
    runs,
    stems,
    words,
)

# One number is told of between two of these.
_BOUNDARY = re.compile(
    r"[;:()–—]|,(?!\d)|\b(?:and|but|while|whereas|against|with|compared|versus|vs)\b", re.IGNORECASE
)
_DETERMINER = frozenset("a an its our the their".split())
_ONE_EACH = re.compile(r"\brespectively\b", re.IGNORECASE)  # whose they are stands apart
_WHEN = frozenset("after as because before since when while".split())
_PLACING = frozenset("at for from in of on to".split())
_SCALES = frozenset("hundred thousand million billion trillion bn m k dozen".split())
_PEOPLE = frozenset("men women children".split())
_PERCENT = re.compile(r"\s*(?:%|per ?cent\b|percentage\b)", re.IGNORECASE)
_MONEY = re.compile(r"(?:[$£€¥]|\b(?:US|A|C)\$)\s?\Z")
_BOUND = re.compile(
    r"\b(?:(?P<strict>more than|over|above|less than|fewer than|under|below|in excess of"
    r"|upwards? of)"
    r"|(?:[a-z]+er than|exceed\w*|surpass\w*|topp(?:ed|ing)|tops|beyond|at least|at most|up to"
    r"|nearly|almost|about|around|some|approximately))\s+(?:[$£€]\s?)?",
    re.IGNORECASE,
)
# "40 or more", "500-plus"
_BOUND_BEHIND = re.compile(
    r"(?: (?!(?:and|but|or)\b)[a-z]+)? or more\b|[ -]plus\b|\+(?!\d)", re.IGNORECASE
)
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
# "Karl Brandt said that 12 ..."
_SAID_BY = re.compile(rf",?\s+{SAYS}\b")
# "Karl Brandt, 54, ...": how old he is, and nothing told in short.
_AGE_ALONE = re.compile(r",\s*\d{1,2}\s*\Z")
_OLD = re.compile(r"[\s-]years?[\s-]old\b", re.IGNORECASE)
_HOUR = re.compile(r"\s?[ap]\.?m\b", re.IGNORECASE)
# "The operator, Holmco, has": behind whom a name stands, it is his.
_ITS_DEED = re.compile(r"(?:has|have|had|will|would)\b", re.IGNORECASE)
_AGED = re.compile(r"\bage[ds]?(?: of)?\s\Z", re.IGNORECASE)
AGE = "age"
A_YEAR = "1998"  # not "year", of which "six years" are
# A bound that goes with a number into what is told of it; "over 12 months" need not be one.
_HEDGE = re.compile(
    r"\b(?P<hedge>(?:(?:not?|just) )?(?:more than|less than|fewer than|at least|at most|up to)"
    r"|nearly|almost|about|around|some|approximately|roughly)\s+(?P<sign>(?:[A-Z]{1,2})?[$£€¥]\s?)?",
    re.IGNORECASE,
)
_SIGN = re.compile(r"(?:\b[A-Z]{1,2})?[$£€¥]\s?\Z")
# Before a number: then a bound has no place there.
_EXACT = re.compile(
    r"(?:\b(?:the|these|those|this|that|all|its|his|her|their|our|an?|another|only|just|exactly|over"
    r"|above|below|under|beyond|first|last|next|than|every|each|exceed\w*|least|most|about|around"
    r"|some|nearly|almost|roughly|approximately|up to|[a-z]+ly)|[-–—/.])\s*\Z",
    re.IGNORECASE,
)
# Who has how many: "Holm Foods, which makes jam, employs 300 people", "Corfe’s fleet has 12 boats".
_HAS = re.compile(
    rf"(?:The )?(?P<who>{CAPITALISED})(?:(?<=['’]s|s['’])(?: [a-z-]+){{1,3}})?(?:, [^,;]+,)?"
    r"(?: (?:now|also|still|already|currently))?"
    r" (?:has|have|had|employ(?:s|ed)?|own(?:s|ed)?|operate[sd]?|runs?)\b"
    r"(?P<so>(?: (?!been\b)[a-z]+){0,4} (?=\w))"
)
# "All of the money", and "half of the money".
_ALL_OF = re.compile(
    r"(?<!not )(?<!nearly )(?<!almost )\ball(?: of)?(?: (?:the|its|his|her|their))?"
    r"(?P<what>(?: (?!of\b|the\b)[a-z]+){1,2})",
    re.IGNORECASE,
)
_PART_OF = re.compile(
    r"(?:\b(?:half|most|some|part|thirds?|quarters?|majority)|%|\bper ?cent) of"
    r"(?: (?:the|its|his|her|their))?(?P<what>(?: [a-z]+){1,2})",
    re.IGNORECASE,
)
# "Six of the treated hens": some of them, and whose they are.
_SOME_OF = re.compile(
    r"(?<=\w) of (?:the|its|his|her|their|these|those)(?P<whose>(?: [\w’'-]+){1,4})"
)
_WHOLE = re.compile(r"\b(?:all|any|both|each|entire\w*|every\w*|total\w*|whole)\b", re.IGNORECASE)
# "1.2 million euros a day"; "daily" is not looked for.
_PERIOD = re.compile(
    r"(?:\s+[\w$£€%.-]+){0,3}?\s+(?:an?|per|every|each)\s+(?P<of>hour|day|week|month|year)\b",
    re.IGNORECASE,
)
# "Fell to 3.1 percent in January from 3.4 percent": which of the two it was, and which it came to.
_FROM_OR_TO = re.compile(r"\b(?P<way>from|to)\s+(?:[$£€¥]\s?)?(?=\d)", re.IGNORECASE)
# Verbs of which the number behind them may be that of others: "the toll rose to 12".
_MOVES = stems("rose reached climbed increased fell grew dropped said added")
_ALIKE = [
    stems(each)
    for each in (
        "killed died dead murdered drowned perished shot",
        "injured hurt wounded",
        "arrested detained held seized",
        "dismissed sacked fired cut",
    )
]
# What came of people, and of money, by plain words and by such as may tell it: of so many of whom a
# text has the one plainly, another is not told. Who was evacuated may have been rescued.
PEOPLE, MONEY = "people", "money"
DEAD, INJURED = 0, 1  # the first two of what came of people
_FATES = {
    PEOPLE: (
        (
            r"kill(?:s|ed)?|die[ds]?|dead|drowned|perished|death toll|lost their lives",
            r"bod(?:y|ies)|casualt\w+|claim\w*|corpses?|deaths?|drown\w*|dying|executed|fatal\w*|hanged"
            r"|kill\w+|lives|massacre\w*|murder\w*|shot|slain|stabbed|surviv\w+|toll|victims?",
        ),
        (
            r"injure[ds]?|hurts?|wound(?:s|ed)",
            r"burn\w*|casualt\w+|harm\w*|hospital\w*|injur\w+|shot|stabbed|treat\w*|un(?:harm|hurt|injur)\w*"
            r"|wound\w*",
        ),
        (
            r"missing|unaccounted for",
            r"disappear\w*|found|lost|search\w*|sought|trace\w*|vanish\w*",
        ),
        (
            r"arrest(?:s|ed)?|detain(?:s|ed)?",
            r"arrest\w+|bars|captured|caught|charged|custody|det(?:ain|ent)\w+|held|hold\w*|jail\w*|seized",
        ),
        (
            r"rescue[ds]?|saved|found (?:alive|safe)|evacuate[ds]?|airlifted",
            r"alive|brought|evacuat\w+|freed|plucked|pulled|rescu\w+|safe\w*|sav(?:es?|ing)|surviv\w+"
            r"|taken|took|unharmed|unhurt|well",
        ),
        (
            r"displace[ds]?|(?:fled|flee|leave|left) their homes|evacuate[ds]?",
            r"displac\w+|evacuat\w+|fled|flee\w*|homeless|homes?|houses?|shelter\w*",
        ),
        (r"acquitted|cleared of", r"acquit\w*|clear\w*|exonerated|freed|guilty"),
        (
            r"sacked|dismissed|laid off",
            r"cut|dismiss\w*|fired|jobs?|lay\w*|posts?|redundan\w+|sack\w*",
        ),
    ),
    MONEY: (
        (r"stolen|stole|looted", r"loot\w*|robbed|steal\w*|taken|theft|took"),
        (r"recovered|returned", r"back|found|recover\w*|return\w*|seized"),
        (r"fined", r"fin(?:e|es|ing)|ordered|paid|pay\w*|penalt\w+"),
        (r"offered", r"bid\w*|gave|given|offer\w*|propos\w+"),
        (r"asked for|demanded", r"ask\w*|call\w*|claim\w*|demand\w*|seek\w*|sought|want\w*"),
    ),
}
_FATE = {
    of: [
        re.compile(rf"\b(?:(?P<plain>{plain})|{other})\b", re.IGNORECASE) for plain, other in table
    ]
    for of, table in _FATES.items()
}
# What a body reports of itself, and what it was: "Holm Foods, which makes jam, reported revenue of
# 30 million", "Holm's revenue last year was", "the profit of Holm rose to".
_FIGURE = (
    r"(?:[a-z-]+ ){0,3}?(?:debts?|earnings|income|loss(?:es)?|profits?|revenues?|sales|turnover"
    r"|workforce)"
)
_CAME_TO = (
    r"(?: (?:for|in|last|of|the|this|year|quarter|half|1[0-9]{3}|20[0-9]{2})){0,4}"
    r" (?:was|were|is|are|(?:amounted|came|fell|grew|rose) to|stood at|reached|totall?ed|hit)"
    r"(?P<so>(?: [a-z]+){0,3} (?:[A-Z]{0,2}[$£€¥])?(?=\w))"
)
_REPORTS = (
    re.compile(
        rf"(?:(?:In 20\d\d|Last year),? )?(?:The )?(?P<who>{CAPITALISED})(?:, [^,;]+,)?"
        rf"(?:(?: (?!(?:as|if|it|that|wh[a-z]+|{SAYS})\b)[a-z\d][\w,-]*)*? and)?"
        r"(?: (?:also|now|still|already|only))?(?: (?:last|this) (?:year|quarter))?"
        r" (?:booked|generate[sd]|had|has|made|makes|post(?:s|ed)|record(?:s|ed)|report(?:s|ed))"
        rf" {_FIGURE} of(?P<so>(?: [a-z]+){{0,3}} (?:[A-Z]{{0,2}}[$£€¥])?(?=\w))"
    ),
    re.compile(rf"(?:.*?\s)??(?:The )?(?P<who>{CAPITALISED})(?<=['’]s|s['’]) {_FIGURE}{_CAME_TO}"),
    re.compile(rf"(?:.*?\s)??[Tt]he {_FIGURE} (?:at|of) (?:the )?(?P<who>{CAPITALISED}){_CAME_TO}"),
)
# Of the one whom the sentence before begins with: "Its shares", "His lead".
_ITS = re.compile(r"(?:Its|His|Her)(?= [a-z])")
# "Sold 40 boats, down from 52": what it came to, and what it was before.
_THAN_BEFORE = re.compile(
    r"\b(?:down|up|compared (?:with|to)|as against|versus|vs)\b(?: from)? (?:[a-z]+ ){0,2}?"
    r"(?:[A-Z]{0,2}[$£€¥]\s?)?(?=\d|[a-z])"
)
UNIT_WITHIN = 3  # words after a number among which what it counts is named
PLACE_WITHIN = 3


@dataclass(frozen=True)
class Count:
    """A number, its kind, and stems of whose it is (`who`), of what it counts (`what`) and of
    where or what for (`place`); each empty where it is not plain.
    """

    number: str
    kind: str
    who: frozenset[str]
    what: frozenset[str]
    place: frozenset[str]
    beside: frozenset[str]  # all that stands between the same boundaries
    deeds: frozenset[str]
    clause: str = ""  # the same, without what stands before or behind "when"
    says: bool = False  # whose it is says so, and need not be whom it is told of

    def is_like(self, other: "Count") -> bool:
        """Of one kind, or said in short: "and the National List 54", "while Harrow sold nine"."""
        said_in_short = not self.kind and not self.deeds - other.deeds
        return self.kind == other.kind or said_in_short


def counts_hold(claim: str, source: str, common: frozenset[str] = frozenset()) -> bool:
    """False where a number of the claim is another's in the source, which has a different one for
    what the claim gives it to. `common` are words that the articles have in lower case.
    """
    theirs = list(_counts(source, common))
    return not any(
        _is_swapped(count, theirs)
        or _is_of_another_deed(count, source, common)
        or (not negates(claim) and _is_of_another_fate(count, source, common))
        for count in _counts(claim, common)
    ) and not (
        _measures_otherwise(claim, source)
        or _takes_all(claim, source)
        or _turns_round(claim, source)
    )


def keeps_holder(
    claim: str, source: str, around: str, common: frozenset[str] = frozenset()
) -> bool:
    """False where the claim gives somebody what only another has or reports in the source: "Holm
    has 300 employees", where Corfe employs 300. Of two whom a sentence `around` it tells of
    together, else one may be the other's name.
    """
    sentences = [span.of(source) for span in sentence_spans(source)]
    for who, number in _holders(claim, common):
        told = [text for text in sentences if number in stems(text)]
        others = [
            other for text in told for other, many in _holders(text, common) if many == number
        ]
        if (
            told
            and len(others) == len(told)
            and not any(who & (stems(text) | kin(text)) for text in told)
            and not any(other & stems(claim) for other in others)
            and all(_are_two(who, other, around) for other in others)
        ):
            return False
    return True


def with_owners(cited: str, before: str, common: frozenset[str] = frozenset()) -> str:
    """The text with "Its", which a sentence begins with, replaced by the name that the sentence
    before it begins with: "Holm's shares fell 4 percent, while those of Corfe rose 25". As it is
    where the sentence names them itself.
    """
    last = next((span.of(before) for span in sentence_spans(before)[-1:]), "")
    found, end = "", 0
    for span in sentence_spans(cited):
        sentence = span.of(cited)
        told, found = sentence, found + cited[end : span.start]
        if its := _ITS.match(sentence):
            named = runs(last, names(last, common=common))[:1]
            start = len("The ") if last.startswith("The ") else 0
            if named and named[0][0].start == start and not _stems(named[0]) & stems(sentence):
                name = last[start : named[0][-1].start + len(named[0][-1].text)]
                told = f"{name.removesuffix('’s')}’s{sentence[its.end() :]}"
        found, end, last = found + told, span.end, told
    return found + cited[end:]


def keeps_to_the_part(
    claim: str, source: str, around: str, common: frozenset[str] = frozenset()
) -> bool:
    """False where a claim tells of so many what a text `around` tells of all, and its source has
    something else of "six of the treated hens": "Six hens were treated".
    """
    sentences = [span.of(source) for span in sentence_spans(source)]
    for count in _counts(claim, common):
        told = [text for text in sentences if count.number in stems(text)]
        what = _named_behind(claim, count.number)
        parts = [_part(text, count.number, what) for text in told]
        if not (told and what and count.deeds and all(parts)) or _SOME_OF.search(claim):
            continue
        rest = " ".join(text.replace(part, " ") for text, part in zip(told, parts, strict=True))
        of_all = frozenset().union(*map(stems, parts))
        mine = {w.stem for w in words(claim) if is_content(w)} - of_all - {count.number}
        alike = frozenset().union(*(each for each in _ALIKE if each & count.deeds))
        if (mine | alike | count.deeds) & stems(rest):
            continue
        others = [stems(text) for span in sentence_spans(around) if (text := span.of(around))]
        others = [there for there in others if what & there and count.number not in there]
        if count.deeds & of_all.union(*others):
            return False
    return True


def _named_behind(text: str, number: str) -> frozenset[str]:
    """Stems of the two words behind a number, without what tells of a deed."""
    sequence = words(text)
    at = next((i for i, w in enumerate(sequence) if w.stem == number), len(sequence))
    behind = sequence[at + 1 : at + 3]
    return frozenset(w.stem for w in behind if is_content(w) and not is_deed(w.text))


def _part(text: str, number: str, what: frozenset[str]) -> str:
    """Whose a part is, "the treated hens", of whom a text counts so many."""
    for word in words(text):
        end = word.start + len(word.text)
        some = _SOME_OF.match(text, end) if word.stem == number else None
        for whose in words(some["whose"]) if some else []:
            if some and whose.stem in what:
                return some["whose"][: whose.start + len(whose.text)]
    return ""


def _holders(text: str, common: frozenset[str]) -> Iterator[tuple[frozenset[str], str]]:
    """Stems of the names of who has so many, or reports so much, and the number's."""
    for match in filter(None, (pattern.match(text) for pattern in (_HAS, *_REPORTS))):
        start, end = match.span("who")
        who = [w for w in names(text, common=common) if start <= w.start < end]
        after = next(w for w in words(text) if w.start >= match.end())
        if who and after.is_number and not any(is_deed(w.text) for w in words(match["so"])):
            yield frozenset(w.stem for w in who), after.stem


def _are_two(one: frozenset[str], other: frozenset[str], around: str) -> bool:
    return any(
        one & stems(text := span.of(around)) and other & stems(text)
        for span in sentence_spans(around)
    )


def bounds_hold(claim: str, source: str) -> bool:
    """False where the claim has "more than 12", or fewer, and the source 12 and no bound."""
    theirs = {(bound, number) for bound, number, _ in _bounds(source)}
    plain = {w.stem for w in words(source) if w.is_number} - {number for _, number in theirs}
    return not any(strict and number in plain for _, number, strict in _bounds(claim))


def with_bounds(claim: str, source: str) -> str:
    """The claim with the bound that the source has before a number wherever it tells that: "400
    people left" is "About 400 people left" of "about 400 people". Quotations stay as they are.
    """
    hedges = {match.end(): match["hedge"].lower() for match in _HEDGE.finditer(source)}
    theirs: dict[str, set[str]] = {}
    for w in words(source):
        if w.is_number:
            theirs.setdefault(w.stem, set()).add(hedges.get(w.start, ""))
    apart = [(q.start, q.end) for q in quotations(claim)]
    for word in reversed([w for w in words(claim) if w.is_number]):
        at = word.start
        if sign := _SIGN.search(claim, 0, at):
            at = sign.start()
        hedge, *others = theirs.get(word.stem, {""})
        if not hedge or others or any(start <= at < end for start, end in apart):
            continue
        if _EXACT.search(claim, 0, at):
            continue
        rest = claim[at:]
        if at == 0:
            hedge, rest = hedge.capitalize(), rest[:1].lower() + rest[1:] if not sign else rest
        claim = f"{claim[:at]}{hedge} {rest}"
    return claim


def _bounds(text: str) -> Iterator[tuple[str, str, bool]]:
    """The bound before a number, the number's stem, and whether it leaves the number itself out."""
    for match in _BOUND.finditer(text):
        after = next((w for w in words(text) if w.start == match.end()), None)
        if after is not None and after.is_number:
            yield match[0].casefold(), after.stem, bool(match["strict"])
    for word in words(text):
        if word.is_number and (behind := _BOUND_BEHIND.match(text, word.start + len(word.text))):
            yield behind[0].casefold(), word.stem, False


def _is_swapped(count: Count, theirs: list[Count]) -> bool:
    same = [t for t in theirs if t.number == count.number]
    others = [t for t in theirs if t.number != count.number]
    for slot in ("who", "what", "place"):
        mine = getattr(count, slot)
        told = [getattr(t, slot) for t in same]
        if slot == "who":  # of one who only says so, it is whose the place tells
            told = [t.place if t.says and not count.says else t.who for t in same]
        if not mine or not told or not all(told) or any(t & count.beside for t in told):
            continue
        # What is counted is of that kind itself; else "71 seats" is no "300 candidates".
        like = [t for t in others if slot == "what" or t.is_like(count)]
        if any(mine & getattr(t, slot) for t in like) and (
            slot == "what" or all(t.is_like(count) for t in same)
        ):
            return True
    return False


def _is_of_another_deed(count: Count, source: str, common: frozenset[str]) -> bool:
    """Whether a sentence tells of the number another deed than the claim does, and of that deed
    another number: "31 people were killed", of "two people were killed and 31 injured".
    """
    if not count.deeds or count.kind in (AGE, A_YEAR):
        return False
    deeds = count.deeds.union(*(alike for alike in _ALIKE if alike & count.deeds))
    sentences = [span.of(source) for span in sentence_spans(source)]
    told = [[*_told(text, common)] for text in sentences if count.number in stems(text)]
    return bool(told) and all(
        (same := [t for t in counts if t.number == count.number])
        and all(t.deeds and not t.deeds & _MOVES and not deeds & t.beside for t in same)
        and any(
            count.deeds <= t.deeds and t.kind not in (AGE, A_YEAR)
            for t in counts
            if t.number != count.number
        )
        for counts in told
    )


def fates(text: str, of: str = PEOPLE, *, plain: bool = False) -> list[int]:
    """The class of each word that tells, or may tell, what came of people, or of money."""
    found = [(i, match) for i, each in enumerate(_FATE[of]) for match in each.finditer(text)]
    return [i for i, match in found if match["plain"] or not plain]


def _is_of_another_fate(count: Count, source: str, common: frozenset[str]) -> bool:
    """Whether the source tells only that something else came of so many, and of none but others
    what the claim tells came of them: "17 people were hurt", of "the death toll rose to 17".
    """
    if count.kind in (AGE, A_YEAR):
        return False
    told = [
        (text, [*_told(text, common)])
        for span in sentence_spans(source)
        if (text := span.of(source))
    ]
    here = [
        [t.clause for t in counts if t.number == count.number]
        for text, counts in told
        if count.number in stems(text)
    ]
    others = [t for _, counts in told for t in counts if t.number != count.number]
    elsewhere = [t.clause for t in others]
    return any(
        (mine := {*fates(count.clause, of, plain=True)})
        and here
        and all(clauses for clauses in here)
        and all(
            not mine & {*fates(clause, of)}
            and (
                fates(clause, of, plain=True)
                # "Some 60 sailors fought it", where three sailors were hurt.
                or any(t.what & count.what and mine & {*fates(t.clause, of)} for t in others)
            )
            for clauses in here
            for clause in clauses
        )
        and all(
            fates(source, of).count(each) == sum(fates(c, of).count(each) for c in elsewhere)
            for each in mine
        )
        for of in _FATE
    )


def _takes_all(claim: str, source: str) -> bool:
    """Whether a claim tells of all of that of which its source tells of a part."""
    parts = [m for m in _PART_OF.finditer(source) if not _WHOLE.search(source)]
    return any(
        stems(mine["what"]) & {w.stem for w in words(part["what"]) if is_content(w)}
        for part in parts
        for mine in _ALL_OF.finditer(claim)
    )


def _measures_otherwise(claim: str, source: str) -> bool:
    """Whether a number of the claim has another sign, period or way than it has in the source:
    "$22" of "22 percent", "12 a week" of "12 a day", "to 3.4" of "to 3.1 from 3.4".
    """
    theirs: dict[str, list[tuple[str, str, str]]] = {}
    for number, *how in _measures(source):
        theirs.setdefault(number, []).append((how[0], how[1], how[2]))
    for number, *how in _measures(claim, both=False):
        for i, mine in enumerate(how):
            told = {t[i] for t in theirs.get(number, [("", "", "")])}
            if mine and "" not in told and mine not in told:
                return True
    return False


def _turns_round(claim: str, source: str) -> bool:
    """Whether a claim has for what it was before what its source has for what it came to."""
    theirs = {*_compared(source)}
    return any(
        (before, now) in theirs and (now, before) not in theirs for now, before in _compared(claim)
    )


def _compared(text: str) -> Iterator[tuple[str, str]]:
    """Of two numbers that one sentence compares, the one told first, and what it was before."""
    for span in sentence_spans(text):
        sentence = span.of(text)
        numbers = [w for w in words(sentence) if w.is_number]
        for match in _THAN_BEFORE.finditer(sentence):
            first = [w for w in numbers if w.start < match.start()][-1:]
            then = [w for w in words(sentence[match.end() :])[:1] if w.is_number]
            if first and then:
                yield first[0].stem, then[0].stem


def _measures(text: str, *, both: bool = True) -> Iterator[tuple[str, str, str, str]]:
    """Each number with whether it is of money or percent, a period that it is told for, and "from"
    or "to", where one sentence has `both`.
    """
    for span in sentence_spans(text):
        sentence = span.of(text)
        ways = {m.end(): m["way"].lower() for m in _FROM_OR_TO.finditer(sentence)}
        for word in words(sentence):
            if not word.is_number:
                continue
            end = word.start + len(word.text)
            sign = "money" if _MONEY.search(sentence, 0, word.start) else ""
            sign = "%" if _PERCENT.match(sentence, end) else sign
            period = _PERIOD.match(sentence, end)
            of = period["of"].lower() if period else ""
            way = ways.get(word.start, "") if len({*ways.values()}) > both else ""
            yield word.stem, sign, of, way


def _counts(text: str, common: frozenset[str]) -> Iterator[Count]:
    for span in sentence_spans(text):
        sentence = without_agency_line(span.of(text))
        if not _ONE_EACH.search(sentence):
            yield from _told(sentence, common)


def _told(sentence: str, common: frozenset[str]) -> Iterator[Count]:
    named = runs(sentence, names(sentence, common=common))
    ends = [m.start() for m in _BOUNDARY.finditer(sentence)] + [len(sentence)]
    start, before, alone = 0, frozenset[str](), False
    for end in ends:
        here = [w for w in words(sentence) if start <= w.start < end]
        own = [run for run in named if start <= run[0].start < end]
        numbers = [w for w in here if _counts_something(w, here, sentence)]
        if len(numbers) == 1:
            (number,) = numbers
            inserted = alone and bool(_ITS_DEED.match(here[0].text))
            yield _count(sentence, here, own, number, before, inserted=inserted)
        # "Holm, 54, ...", "In Ottering, 12 people ...": whose it is stands before the comma.
        before = _stems(own[-1]) if own and not numbers else frozenset()
        alone = len(own) == 1 and _stems(here) == before
        start = end


def _counts_something(word: Word, here: list[Word], sentence: str) -> bool:
    """No "one", and no day of a month nor hour of a day."""
    if _HOUR.match(sentence, word.start + len(word.text)):
        return False
    at = here.index(word)
    beside = here[max(0, at - 1) : at] + here[at + 1 : at + 2]
    return (
        word.is_number
        and word.text.casefold() != "one"
        and not any(w.stem in CALENDAR_STEMS for w in beside)
    )


def _count(
    sentence: str,
    here: list[Word],
    own: list[list[Word]],
    number: Word,
    before: frozenset[str],
    *,
    inserted: bool,
) -> Count:
    at = here.index(number)
    end = number.start + len(number.text)
    after = here[at + 1 :]
    what = _counted(after)
    if _is_age(sentence, number):
        kind = AGE
    elif _PERCENT.match(sentence, end):
        kind = "%"
    elif _MONEY.search(sentence, 0, number.start):
        kind = "money"
    elif _YEAR.fullmatch(number.text) and not what:
        kind = A_YEAR
    else:
        kind = min(what, default="")
    first = [run for run in own if run[0].start < number.start]
    # "17 died when the Tern collided": whose they are is not told behind "when".
    clause = next((w.start for w in after if w.text.casefold() in _WHEN), len(sentence))
    later = [run for run in own if number.start < run[0].start < clause]
    says = False
    if first:
        who = _stems(first[-1])
        says = bool(_SAID_BY.match(sentence, first[-1][-1].start + len(first[-1][-1].text)))
    elif before and (inserted or [w for w in here if is_content(w)][:1] == [number]):
        who = before
    elif later and not any(w.text.casefold() == "than" for w in after):
        who = _stems(later[0])
    else:
        who = _subject(here[:at])
    beside = frozenset(w.stem for w in here)
    deeds = frozenset(w.stem for w in here if is_deed(w.text))
    start = max((w.start for w in here[:at] if w.text.casefold() in _WHEN), default=here[0].start)
    last = here[-1].start + len(here[-1].text)
    told = sentence[start : min(clause, last)]
    return Count(number.stem, kind, who, what, _placed(after), beside, deeds, told, says)


def _is_age(sentence: str, number: Word) -> bool:
    end = number.start + len(number.text)
    alone = _AGE_ALONE.search(sentence, 0, end) and re.match(r"\s*(?:[,;.!?)]|\Z)", sentence[end:])
    return bool(alone or _OLD.match(sentence, end) or _AGED.search(sentence, 0, number.start))


def _stems(run: list[Word]) -> frozenset[str]:
    return frozenset(w.stem for w in run if is_content(w))


def _counted(after: list[Word]) -> frozenset[str]:
    """The first word that looks like a plural: "12 young women"."""
    for word in after[:UNIT_WITHIN]:
        folded = word.text.casefold()
        if folded in _PEOPLE or (is_content(word) and re.search(r"[^su]s\Z", folded)):
            return frozenset([word.stem])
        if not is_content(word) and folded not in _SCALES:
            break
    return frozenset()


def _placed(after: list[Word]) -> frozenset[str]:
    """What stands after the first "in", "for", "on": "61% in Harrow"."""
    for i, word in enumerate(after):
        if word.text.casefold() in _PLACING:
            return _stems(after[i + 1 : i + 1 + PLACE_WITHIN])
    return frozenset()


def _subject(before: list[Word]) -> frozenset[str]:
    """Of a beginning like "The clinic treated" or "the clinic", the word before the verb."""
    while before and before[0].text.casefold() in ("and", "but", "while", "whereas"):
        before = before[1:]
    if not before or before[0].text.casefold() not in _DETERMINER:
        return frozenset()
    verb = next((i for i, w in enumerate(before) if is_deed(w.text)), len(before))
    return _stems(before[verb - 1 : verb]) if verb > 1 else frozenset()
