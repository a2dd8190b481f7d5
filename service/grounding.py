"""Grounding: which sentences of the articles support a sentence of an answer, and whether they do.

Everything here is code over words and offsets; the language model's own judgement of a sentence
is read elsewhere and handed in. This module knows nothing of prompts, engines or HTTP.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from index.registry import Passage
from index.stated import without_agency_line
from service.counts import (
    bounds_hold,
    counts_hold,
    keeps_holder,
    keeps_to_the_part,
    with_owners,
)
from service.dates import mentions
from service.dates_held import apart, held
from service.days import day_of_another
from service.errata import repeats_an_error
from service.evidence import (
    PLACE,
    SUBJECT_PRONOUN,
    Cited,
    Evidence,
    Field,
    Grounds,
    around,
    joined,
    read_of,
    text_before,
    with_antecedent,
    with_before,
)
from service.measures import in_other_measure, measures_hold
from service.nations import in_another_form, kin
from service.negation import negation_holds
from service.offices import (
    in_that_office,
    keeps_body,
    kinds_missing,
    offices_missing,
    places_made_up,
    still_in_office,
)
from service.opposites import (
    fell_short,
    is_cleared,
    not_done,
    not_opposed,
    with_whom_denied,
)
from service.orders import orders, seen
from service.plans import done, not_alleged, not_graver, not_surmised
from service.roles import (
    SAYS,
    causes_hold,
    holds_office,
    keeps_owner,
    keeps_to_its_part,
    not_the_loser,
    same_roles,
    speech_holds,
    told_by_others,
)
from service.wording import (
    CALENDAR_STEMS,
    CAPITALISED,
    TITLES,
    fold,
    in_other_form,
    is_content,
    names,
    quoted,
    runs,
    stems,
    unquoted,
    words,
)

_PRONOUNS = frozenset(
    "he she they it his her hers their theirs its him them himself herself who i we my our".split()
)
_HIS = frozenset(["he", "his", "him", "himself"])
_HER = frozenset(["she", "her", "hers", "herself"])
_NO_MARKS = str.maketrans("", "", "\"'«»")
# A sentence whose words are covered this much less than the best one's is no other place for it.
ALSO_MARGIN = 0.9
MOST_SOURCES = 3
# Share of a claim's words that the sentence before or after has to add, to be cited too, and how
# many at least: one word is found beside most sentences of a story.
BESIDE_ADDS, BESIDE_WORDS = 0.1, 2
BREAK = 4  # characters between two sentences at most, all of them spaces: a new paragraph
# A sentence that covers much less of the claim than the best is no candidate to be cited for it.
CANDIDATES = 6
CANDIDATE_MARGIN = 0.6
AS_NEAR = 0.3  # the same of another article's, all of whose checks hold
SAME_DEED = 0.6  # of a claim's words without its names and dates, in the sentence that tells when
# Of a claim's deed, the share that only sentences about others tell, from which on it is theirs.
BORROWED = 0.4
QUESTION_WEIGHT = 0.15
_IN = re.compile(rf"\bin (?:the (?:[a-z-]+ ){{1,3}}of )?(?P<name>{CAPITALISED})")
# "A nurse from Corfe was jailed", and ", 61," or ", who" behind the name that is told next.
_UNNAMED = re.compile(rf"An? (?:[a-z][\w-]* ){{1,4}}?(?:of|from) {CAPITALISED}|An? (?=[a-z])")
_INTRODUCED = re.compile(r",\s+(?:(?:aged )?\d{1,3},|who\b)(?! (?:her|his|their)\b)")
_SPEAKS = re.compile(rf"\b{SAYS}\b")
_ACCUSED = re.compile(
    r"\b(?:accus|arrest|charged|convict|detain|fined|guilt|imprison|jail|plead|sentenc)",
    re.IGNORECASE,
)
# "Ada Krall's paintings", and "The paintings", which a sentence begins with.
_OWNED = re.compile(r"(?P<who>[A-Z][\w-]+(?: [A-Z][\w-]+)+)['’]s? (?P<what>[a-z][\w-]+)")
_THE_OWNED = re.compile(r"(?:The|These|Those|Both) (?P<what>[a-z][\w-]+)")
# What says nothing but that something was.
_HAPPENED = re.compile(
    r"\b(?:happen(?:s|ed|ing)?|occur(?:s|red|ring)?|(?:takes?|took|taking|taken) place)\b",
    re.IGNORECASE,
)
# What happened, in other words: an accident may be a crash.
_HAPPENINGS = [
    stems(each)
    for each in (
        "accident collide collision crash wreck derail derailment",
        "blast bombing explosion",
        "blaze fire wildfire",
        "earthquake quake tremor",
        "killing murder slaying",
        "burglary heist robbery theft",
        "dead death die dying kill toll",
    )
]
# Words of a claim within which its subject is named: "Deputy Prime Minister Karl Holm said".
LEADING = 6
# Characters beyond twice a claim's that are looked through for it: they may be spent on spaces.
MARGIN = 40
# Characters of what is offered, up to which its grounds are kept, and for how many claims: with
# grounds the articles' passages stay in memory.
FEW, KEPT = 12_288, 64

# The cosine of a question and each of some texts.
Similarity = Callable[[str, Sequence[str]], npt.NDArray[np.float32]]


def ground(claim: str, question: str, offered: Sequence[Evidence]) -> Grounds | None:
    """The grounds of `claim` among the sentences offered; None where nothing shares a word with it.

    The best sentence is the one that holds most of the claim's words, rare ones counting more,
    and, between equals, most of the question's. Of the best few, the first whose checks all hold
    is taken, else the one with the fewest that fail.

    They are kept for when the question is asked again, unless much is offered: change none.
    """
    few = sum(len(e.text) for e in offered) <= FEW
    return (_kept if few else _found)(claim, question, tuple(offered))


def _found(claim: str, question: str, offered: Sequence[Evidence]) -> Grounds | None:
    common = frozenset(w.text for e in offered for w in words(e.text) if w.text.islower())
    weights = weights_of(claim, offered)
    ranked = _ranked(weights, question, offered)

    def told(e: Evidence) -> float:
        """Without what the headline and the day say of every sentence."""
        about = frozenset().union(*(stems(f.text) for f in _fields(e.passage)))
        return covered({s: w for s, w in weights.items() if s not in about} or weights, e.text)

    least = CANDIDATE_MARGIN * told(ranked[0]) if ranked else 0
    candidates = [e for e in ranked[:CANDIDATES] if (t := told(e)) and t >= least]
    # All that the claim tells may be in the headline, too.
    candidates = candidates or [e for e in ranked[:1] if covered(weights, e.text)]
    tried = [_grounds(claim, e, ranked, weights, common) for e in candidates]
    found = min(tried, key=lambda grounds: len(grounds.failed), default=None)
    # Who did it is told best where most of it is told.
    if found and "roles" in tried[0].failed and found.coverage < ALSO_MARGIN * tried[0].coverage:
        found = tried[0]
    if found is None or not found.failed:
        return found
    # What one article tells otherwise another may tell so, in other words.
    firsts = {e.passage.article_id: e for e in reversed(ranked)}
    others = [e for e in firsts.values() if e not in candidates]
    tried = [_grounds(claim, e, ranked, weights, common) for e in others]
    near = [g for g in tried if not g.failed and g.coverage >= AS_NEAR * found.coverage]
    return max(near, key=lambda grounds: grounds.coverage, default=found)


_kept = lru_cache(KEPT)(_found)


def nearest(
    claim: str, question: str, offered: Sequence[Evidence]
) -> tuple[Evidence | None, float]:
    """The sentence that bears most on `claim`, whatever number or day that has wrong, and the share
    of the claim's words that it holds, its dates, the numbers that stand nowhere and "happened"
    left out. "She" that a sentence begins with counts as whom the sentences before begin with, and
    a crash as an accident.
    """
    known = frozenset(stem for e in offered for stem in stems(e.text))
    made_up = {w.stem for w in words(claim) if w.is_number or w.stem in CALENDAR_STEMS} - known
    made_up = made_up.union(*(stems(m.text) for m in mentions(claim, None)))
    made_up = made_up.union(*(stems(m[0]) for m in _HAPPENED.finditer(claim)))
    weights = weights_of(claim, offered)
    weights = {s: w for s, w in weights.items() if s not in made_up} or weights
    ranked = _ranked(weights, question, offered, _with_happenings)
    share = covered(weights, _with_happenings(ranked[0])) if ranked else 0.0
    return (ranked[0], share) if ranked else (None, 0.0)


def _with_happenings(e: Evidence) -> str:
    """With whom it means by "She", and the other words for what it says happened."""
    return in_other_words(with_antecedent(e))


def in_other_words(text: str) -> str:
    """With the other words for what it says happened: a crash is an accident too."""
    told = stems(text)
    return " ".join([text, *(word for alike in _HAPPENINGS if alike & told for word in alike)])


def _ranked(
    weights: dict[str, float],
    question: str,
    offered: Sequence[Evidence],
    read: Callable[[Evidence], str] = attrgetter("text"),
) -> list[Evidence]:
    asked = stems(question) - weights.keys()

    def bearing(e: Evidence) -> float:
        about = stems(read(e)) | stems(e.passage.title or "")
        return covered(weights, read(e)) + QUESTION_WEIGHT * len(asked & about) / (len(asked) + 1)

    return sorted(offered, key=bearing, reverse=True)


def _grounds(
    claim: str,
    first: Evidence,
    ranked: Sequence[Evidence],
    weights: dict[str, float],
    common: frozenset[str],
) -> Grounds:
    """`first`, and another sentence for a name, number, date or quotation that it lacks, or the one
    beside it for a good part of the claim's words: "these crimes" are named before.
    """
    needed = critical(claim, common)
    chosen = [first]
    # Dates by their words, the rest by their stems.
    dates = held(claim, first.text, first.passage.published_at)
    missing = (needed - _told(claim, first)) | {*dates.missing}
    same_article = [e for e in ranked if e.passage.article_id == first.passage.article_id]
    # The one day that it gives is another than that of the sentence which tells most of it.
    deed = {s: w for s, w in weights.items() if s not in needed}
    most = max([first, *same_article], key=lambda e: covered(deed, e.text))
    if covered(deed, most.text) < SAME_DEED:
        most = first
    otherwise: list[str] = []
    if apart(claim, most.text, most.passage.published_at):
        otherwise = dates.missing if most is first else [*dates.told, *dates.missing]
    mistaken = _another_is_named(claim, claim, first, ranked, common)
    headline = stems(first.passage.title or "")
    # What is said of somebody else makes up for nothing.
    lead = " ".join(claim.split()[:LEADING])
    others = [e for e in same_article if not _another_is_named(lead, claim, e, ranked, common)]
    while missing and not mistaken and others and len(chosen) < MOST_SOURCES:
        best = max(
            others,
            key=lambda e: (len(missing & _told(claim, e)), -abs(e.span.start - first.span.start)),
        )
        if not missing & _told(claim, best):
            break
        # A headline that tells more of the claim is the better place for it.
        headed = missing & _told(claim, best) <= headline
        if headed and covered(weights, best.text) < covered(weights, first.passage.title or ""):
            break
        chosen.append(best)
        missing -= _told(claim, best)
    grounds = Grounds(joined(chosen), article=read_of([first, *same_article]))
    text = " ".join(c.text for c in grounds.cited)
    grounds.coverage = covered(weights, text)
    grounds.dates = held(claim, text, first.passage.published_at)
    if otherwise and not grounds.dates.contradicted:
        grounds.dates = replace(grounds.dates, contradicted=otherwise)
    missing -= {*grounds.dated, *grounds.dates.told, *_given_names(claim, text, grounds.article)}
    if not mistaken:
        days = frozenset().union(*map(stems, grounds.dates.unstated))
        grounds.fields = [
            f
            for f in _fields(first.passage)
            if missing & (stems(f.text) & (days | _year(f)) if _is_day(f) else stems(f.text))
        ]
    grounds.checks = check(claim, grounds, common)
    if told_by_others(claim, with_before(grounds.cited), [e.text for e in ranked]):
        grounds.checks["roles"] = False
    if _is_elsewhere(claim, first, same_article, common):
        grounds.checks["names"] = False
    # What is told of somebody else, in sentences that are not cited: two words of it or more, and
    # not what all of the article is about, which its headline and its lead say.
    elsewhere = frozenset().union(*(stems(e.text) for e in same_article if e not in others))
    opening = min([first, *same_article], key=lambda e: e.span.start)
    elsewhere -= stems(f"{text} {first.passage.title or ''} {unquoted(opening.text)}")
    borrowed = [w for s, w in deed.items() if s in elsewhere]
    if len(borrowed) > 1 and math.fsum(borrowed) > BORROWED * math.fsum(deed.values()):
        grounds.checks["roles"] = False
    if not missing and not grounds.failed:
        chosen, grounds = _least(claim, chosen, grounds, weights, common)
    if not missing:
        top = covered(weights, first.text)
        grounds.also = [
            Cited(e.passage, e.span, e.text)
            for e in ranked
            if e not in chosen
            and covered(weights, e.text) >= ALSO_MARGIN * top
            and needed <= stems(e.text) | _otherwise(claim, e.text)
            and all(order in seen(claim) for order in orders(e.text))
        ]
    if not missing and not grounds.failed and len(chosen) < MOST_SOURCES:
        more = _beside(chosen, others, weights)
        wider = replace(grounds, cited=joined([*chosen, *more]))
        # It makes up for nothing: what fails without it failed.
        if more and all(check(claim, wider, common).values()):
            wider.coverage = covered(weights, " ".join(c.text for c in wider.cited))
            wider.also = [c for c in wider.also if c.span not in {e.span for e in more}]
            return wider
    return grounds


def _least(
    claim: str,
    chosen: list[Evidence],
    grounds: Grounds,
    weights: dict[str, float],
    common: frozenset[str],
) -> tuple[list[Evidence], Grounds]:
    """Without a sentence beside which the others say as much: all that the claim names and dates,
    and nearly all of its words.
    """
    needed = critical(claim, common)
    for e in chosen if len(chosen) > 1 else []:
        rest = [other for other in chosen if other is not e]
        there = frozenset().union(*(_told(claim, other) for other in rest))
        if not needed & _told(claim, e) <= there or _adds(e, rest, weights):
            continue
        text = " ".join(c.text for c in joined(rest))
        dates = held(claim, text, e.passage.published_at)
        less = replace(grounds, cited=joined(rest), dates=dates, coverage=covered(weights, text))
        if dates.told == grounds.dates.told and all(check(claim, less, common).values()):
            return _least(claim, rest, less, weights, common)
    return chosen, grounds


def _adds(e: Evidence, beside: Iterable[Evidence], weights: dict[str, float]) -> float:
    """The weight of the claim's words that only this sentence holds; 0 where it is too little."""
    new = (stems(e.text) & weights.keys()).difference(*(stems(o.text) for o in beside))
    added = math.fsum(weights[stem] for stem in new)
    enough = len(new) >= BESIDE_WORDS and added >= BESIDE_ADDS * math.fsum(weights.values())
    return added if enough else 0.0


def _beside(
    chosen: Sequence[Evidence], others: Sequence[Evidence], weights: dict[str, float]
) -> list[Evidence]:
    """The sentence before or after those chosen, whichever adds most, if it adds enough."""
    beside = [e for e in others if e not in chosen and any(_adjoin(e, c) for c in chosen)]
    best = max(beside, key=lambda e: _adds(e, chosen, weights), default=None)
    return [best] if best and _adds(best, chosen, weights) else []


def _adjoin(one: Evidence, other: Evidence) -> bool:
    """Whether two sentences of an article follow one another."""
    first, second = sorted((one.span, other.span))
    return 0 <= second.start - first.end <= BREAK


def _told(claim: str, e: Evidence) -> frozenset[str]:
    """Stems that a sentence holds, and those of the claim's dates that it tells of, with these."""
    told = held(claim, e.text, e.passage.published_at).told
    return stems(e.text).union(
        told,
        *map(stems, told),
        outlets(claim, [e.passage]),
        _otherwise(claim, e.text),
    )


def _otherwise(claim: str, text: str) -> frozenset[str]:
    """Stems of what a claim names and a text has in another form: nations, and names in short."""
    return kin(text) | in_another_form(claim, text) | in_other_form(claim, text)


def outlets(text: str, passages: Iterable[Passage]) -> frozenset[str]:
    """Stems of the names of these passages' outlets that `text` holds in full: "as The Verge
    reported" says whose article it is, which each citation tells.
    """
    folded = fold(text)
    told = {p.source for p in passages if p.source and fold(p.source) in folded}
    return frozenset().union(*map(stems, told))


def _another_is_named(
    part: str, claim: str, e: Evidence, offered: Sequence[Evidence], common: frozenset[str]
) -> bool:
    """Whether this part of the claim names somebody in full, and the sentence somebody else.

    Then no further sentence can make up for the name: it was put in the other's place. The
    headline names what all of an article is about, though, and a pronoun may stand for whom the
    article names in full time and again, once of it before; "The paintings" may be whose they are.
    Of two of one name neither is the other, and "She" that a sentence begins with is nobody who is
    named later on.
    """
    there, said = stems(e.text) | _otherwise(claim, e.text), stems(claim)
    told = without_agency_line(e.text)  # a dateline names an outlet
    points_back = _points_back(e.text)
    headline = stems(e.passage.title or "")
    beside = [o for o in offered if o.passage.article_id == e.passage.article_id]
    before = stems(e.passage.text[: e.span.start - e.passage.span.start])
    before = before.union(*(stems(o.text) for o in beside if o.span.start < e.span.start))
    absent = [
        name
        for name in proper_names(part, common)
        if not name & there
        and not name <= headline
        and not (points_back and name & before and sum(name <= stems(o.text) for o in beside) > 1)
        and not _is_owner(name, claim, told, [o.text for o in beside])
        and not _is_named_next(name, e, beside, common)
    ]
    if SUBJECT_PRONOUN.match(e.text) and e.span.start > e.passage.span.start:
        lead = " ".join(part.split()[:LEADING])
        if any(name in absent and not name & before for name in proper_names(lead, common)):
            return True
    return _is_namesake(part, e.text, common) or (
        bool(absent) and any(not name & said for name in proper_names(told, common))
    )


def _is_owner(name: frozenset[str], claim: str, text: str, beside: Sequence[str]) -> bool:
    """Whether a sentence begins with what is theirs in the claim, "The paintings", and its article
    names them in full once, and again, and nobody else whose such a thing is.
    """
    begins = _THE_OWNED.match(text)
    owned = {match["what"] for match in _OWNED.finditer(claim) if name <= stems(match["who"])} & {
        begins["what"] if begins else ""
    }
    if not owned or not any(name <= stems(other) for other in beside):
        return False
    others = re.compile(rf"(?P<who>[A-Z][\w-]+)['’]s? (?:\w+ )?{re.escape(owned.pop())}\b")
    return sum(bool(name & stems(other)) for other in beside) > 1 and all(
        stems(match["who"]) <= name for other in beside for match in others.finditer(other)
    )


def _points_back(text: str) -> bool:
    return any(w.text.casefold() in _PRONOUNS for w in words(unquoted(text)))


def _is_elsewhere(
    claim: str, first: Evidence, same_article: Sequence[Evidence], common: frozenset[str]
) -> bool:
    """Whether a claim has in a place, "in the town of Corfe", what a sentence tells without it, and
    the article names that place but later on, where nothing else is told of the claim; "it" may be
    what the claim tells of.
    """
    named = {w.stem for w in names(claim, common=common)}
    for match in _IN.finditer(claim):
        place, phrase = stems(match["name"]) & named, stems(match[0])
        there = [e for e in same_article if place & _told(claim, e)]
        if (
            there
            and not place & stems(first.passage.title or "")
            and all(e.span.start > first.span.start for e in there)
            and not any(_content(claim) & stems(e.text) - phrase for e in there)
            and not any(_points_back(e.text) for e in there)
        ):
            return True
    return False


def _content(text: str) -> frozenset[str]:
    return frozenset(w.stem for w in words(text) if is_content(w))


def _is_named_next(
    name: frozenset[str], e: Evidence, beside: Sequence[Evidence], common: frozenset[str]
) -> bool:
    """Whether an article begins with somebody unnamed, "A nurse from Corfe", and names nobody else,
    and the next sentence begins with who that is: "Ada Krall, 61,". Who was arrested is nobody who
    was stabbed, and who speaks may be anybody.
    """
    opening = _UNNAMED.match(e.text)
    behind = [o for o in beside if o.span.start > e.span.start and _adjoin(e, o)]
    if not opening or not behind or any(o.span.start < e.span.start for o in beside):
        return False
    following = behind[0].text
    named = [run for run in runs(following, names(following, common=common)) if not run[0].start]
    return (
        not names(PLACE.sub("", e.text[opening.end() :]), common=common)
        and any(frozenset(w.stem for w in run) == name for run in named)
        and bool(_INTRODUCED.match(following, named[0][-1].start + len(named[0][-1].text)))
        and bool(_ACCUSED.search(e.text)) == bool(_ACCUSED.search(following))
        and not _SPEAKS.search(unquoted(following))
    )


def _given_names(claim: str, text: str, article: str) -> frozenset[str]:
    """Stems of the given names in a claim of whom the text calls by the surname alone, where the
    article names them in full and nobody else of that surname.
    """
    named = [tuple(w.stem for w in run) for run in runs(article, names(article))]
    found: set[str] = set()
    for run in runs(claim, names(claim)):
        name = tuple(w.stem for w in run if w.text.casefold() not in TITLES)
        alike = [other for other in named if name[-1:] == other[-1:] and len(other) > 1]
        if (
            len(name) == 2
            and name[-1] in stems(text)
            and alike
            and all(other[-2] == name[0] for other in alike)
        ):
            found.add(name[0])
    return frozenset(found)


def _is_namesake(claim: str, text: str, common: frozenset[str]) -> bool:
    """Whether a claim names somebody in full whose surname the text gives to another alone."""
    there = stems(text)
    given: dict[str, set[str]] = {}
    for run in runs(text, names(text, common=common)):
        for first, last in pairwise(run):
            given.setdefault(last.stem, set()).add(first.stem)
    return any(
        last.stem in given and first.stem not in there and first.text.casefold() not in TITLES
        for run in runs(claim, names(claim, common=common))
        for first, last in pairwise(run[-2:])
    )


def proper_names(text: str, common: frozenset[str]) -> list[frozenset[str]]:
    """Names of two words or more, as stems: people, ships, places; not "Central Bank", whose words
    stand in the articles in lower case too.
    """
    return [
        frozenset(w.stem for w in run)
        for run in runs(text, names(text, common=common))
        if len(run) > 1 and not any(w.text.casefold() in common for w in run)
    ]


def critical(claim: str, common: frozenset[str]) -> frozenset[str]:
    """Stems of the claim that its source must hold: names, numbers and calendar words."""
    marked = {w.stem for w in names(claim, common=common)}
    marked |= {w.stem for w in words(claim) if w.is_number or w.stem in CALENDAR_STEMS}
    return frozenset(marked)


def weights_of(claim: str, offered: Sequence[Evidence]) -> dict[str, float]:
    """Inverse document frequency of the claim's words over the sentences offered."""
    counts = Counter(stem for e in offered for stem in stems(e.text))
    content = {w.stem for w in words(claim) if is_content(w)} or stems(claim)
    return {stem: math.log(1 + len(offered) / (1 + counts[stem])) for stem in content}


def covered(weights: dict[str, float], text: str) -> float:
    """Share of the claim's weight that `text` holds, 0 to 1."""
    # Exactly, or a set's order, which differs from process to process, would decide between two
    # sentences that hold as much.
    total = math.fsum(weights.values())
    found = stems(text)
    return math.fsum(w for stem, w in weights.items() if stem in found) / total if total else 0.0


def verbatim(claim: str, offered: Sequence[Evidence], *, whole: bool = False) -> bool:
    """Whether all of the claim's words stand in an article in a row, from a sentence's first on;
    where it has to be a `whole` sentence, to its last.
    """
    said = [w.stem for w in words(claim)]
    if whole:
        texts = (t for e in offered for t in {e.text, without_agency_line(e.text)})
        return any([w.stem for w in words(text)] == said for text in texts)
    for e in offered:
        on = e.passage.text[e.span.start - e.passage.span.start :]
        if said and [w.stem for w in words(on[: 2 * len(claim) + MARGIN])[: len(said)]] == said:
            return True
    return False


def _fields(passage: Passage) -> list[Field]:
    fields = [("title", passage.title), ("published_at", passage.published_at)]
    return [Field(passage, name, value) for name, value in fields if value]


def _is_day(f: Field) -> bool:
    return f.field == "published_at"


def _year(f: Field) -> frozenset[str]:
    """Of "the 2026 final", which is dated by the article's year."""
    return stems(f.text[:4]) if _is_day(f) else frozenset()


def check(claim: str, grounds: Grounds, common: frozenset[str] = frozenset()) -> dict[str, bool]:
    """What can be held against the cited text word for word."""
    text = " ".join(c.text for c in grounds.cited)
    fields = frozenset(s for f in grounds.fields for s in stems(f.text))
    # A date field tells of days and of its year: its numbers are no others'.
    counted = frozenset(
        s for f in grounds.fields for s in (_year(f) if _is_day(f) else stems(f.text))
    ).union(*(told for words in grounds.dates.unstated if (told := stems(words)) <= fields))
    shown = "\n".join([text, *(f.text for f in grounds.fields)])
    there = (
        stems(text)
        | grounds.dated
        | counted
        | in_other_measure(claim, shown)
        | outlets(claim, (c.passage for c in grounds.cited))
    )
    named = " ".join(with_antecedent(c, common) for c in grounds.cited)
    owned = " ".join(with_owners(c.text, text_before(c), common) for c in grounds.cited)
    published = next((c.passage.published_at for c in grounds.cited), None)
    calendar = {w.stem for w in words(claim) if w.stem in CALENDAR_STEMS}
    numbers = {w.stem for w in words(claim) if w.is_number}
    return {
        "numbers": numbers <= there
        # Each by itself: of whom a headline tells so many the text may tell something else.
        and all(
            counts_hold(claim, told, common)
            for told in [owned, *(f.text for f in grounds.fields if not _is_day(f))]
        )
        and bounds_hold(claim, text)
        and measures_hold(claim, shown)
        and keeps_holder(claim, text, around(grounds), common)
        and keeps_to_the_part(claim, text, around(grounds), common),
        "names": {w.stem for w in names(claim, common=common)}
        <= there | _otherwise(claim, text) | _given_names(claim, text, grounds.article)
        and all(_sex_holds(claim, c.text) for c in grounds.cited)
        and not offices_missing(claim, around(grounds))
        and not kinds_missing(claim, around(grounds))
        and not places_made_up(claim, around(grounds), common),
        "dates": calendar <= there
        and not grounds.dates.contradicted
        and all(stems(words) <= fields for words in grounds.dates.unstated)
        and not day_of_another(claim, named, published),
        "negation": (
            negation_holds(claim, text)
            or any(not_done(claim, c.text, text_before(c)) for c in grounds.cited)
        )
        and not_opposed(claim, text)
        and not is_cleared(claim, text)
        and not with_whom_denied(claim, grounds.article)
        and not fell_short(claim, text)
        and not repeats_an_error(claim, text),
        "quotes": all(_unmarked(q) in _unmarked(text) for q in quoted(claim)),
        "roles": same_roles(claim, named, common, around(grounds))
        and not_the_loser(claim, named, common)
        and speech_holds(claim, named, around(grounds))
        and in_that_office(claim, around(grounds))
        and still_in_office(claim, around(grounds))
        and holds_office(claim, grounds.article)
        and keeps_to_its_part(claim, text)
        and keeps_body(claim, around(grounds))
        and all(keeps_owner(claim, c.text, text_before(c)) for c in grounds.cited),
        "plans": done(claim, text, grounds.article)
        and not_graver(claim, text)
        and not_alleged(claim, text)
        and not_surmised(claim, text),
        "causes": causes_hold(claim, text),
        "orders": all(order in seen(claim) for order in orders(shown)),
    }


def _unmarked(text: str) -> str:
    """Which marks stand within a quotation depends on those around it."""
    return fold(text).translate(_NO_MARKS)


def _sex_holds(claim: str, text: str) -> bool:
    """Not "his" where the text has but "her", nor the other way round."""
    said, there = ({w.text.casefold() for w in words(t)} for t in (claim, text))
    return all(
        said & other or not said & sex or there & sex or not there & other
        for sex, other in ((_HIS, _HER), (_HER, _HIS))
    )
