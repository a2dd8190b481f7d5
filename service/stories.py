"""Stories: what sentences of several articles say of one event, and which of them are said.

Code over words alone: who copies whom, which sentences say the same, which tell it otherwise, and
what fits into so many words. This module knows nothing of models, prompts or HTTP.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.articles import Article
from index.duplicates import Wording
from index.registry import Passage
from service.conflicts import disagree, numbers
from service.dates import mentions
from service.errata import taken_back
from service.evidence import Evidence
from service.grounding import ALSO_MARGIN, critical, ground
from service.verification import Verified
from service.wording import CALENDAR_STEMS, Word, is_content, names, stems, words

# Articles are on one event if their leads are at least so near, if they name so many of the same,
# and if nearness and share of names in common come to so much, more for each day between them.
NEAR = 0.4
NAMES_IN_COMMON = 2
ALIKE, ALIKE_A_DAY = 0.95, 0.1
# One name is enough, as of an island where the earth shook, for such near leads of a few days that
# count the dead and have so many words in common, beside those that every such lead has.
NEAR_OF_ONE_NAME, DAYS_OF_ONE_NAME, WORDS_OF_ONE_NAME = 0.7, 3, 2
_OF_EVERY_TOLL = frozenset(
    w.stem
    for w in words(
        "dead death deaths toll killed died people injured hurt wounded least said reported "
        "officials police minister ministry government spokesman told according"
    )
)
# A sentence of whose words another holds this share, with every name, number and date, is said.
SAID = 0.7
# Another report's sentence is said if this share of its words was not said of the event before.
NEW = 0.5
# Sentences that count the same differently are held against each other from this share of words in
# common on, and tell of one matter from that on.
PERHAPS, SURELY = 0.25, 0.45
SAME_MATTER = 0.6  # with other numbers, of whatever
# How long a thing takes is said of too many things to be a dispute.
_TIMES = {w.stem for w in words("seconds minutes hours days nights weeks months years decades")}
# The dead are counted in many words: "killing 31", "31 dead", "31 people were killed", "the death
# toll rose to 31", "the number of dead is 31".
DEAD = "dead"
_ABOUT = r"(?:(?:at least|at most|more than|fewer than|as many as|up to|some|about|another)\s+)?"
_DIED_BEFORE = re.compile(
    r"(?:\b(?:kill(?:s|ed|ing)|claim(?:s|ed|ing) the lives of|(?:took|taking) the lives of)"
    r"|\b(?:death toll|number of (?:the )?dead|number of deaths|number of people killed)\b"
    r"(?:(?! (?:to|at|is|was|of|stood|reached) \d)[^,;.]){0,120}"
    rf"\b(?:to|at|is|was|of|reached))\s+{_ABOUT}$",
    re.IGNORECASE,
)
_DIED_AFTER = re.compile(
    r"\s+(?:(?!and\b|or\b|but\b|of\b)[\w'’-]+\s+){0,2}"
    r"(?:dead|deaths|died|fatalities|perished|(?:were|was|are|is|been) (?:\w+ )?killed)\b"
    r"|\s+killed\b",
    re.IGNORECASE,
)
_SCALES = frozenset("hundred thousand million billion trillion".split())
_OPINION = re.compile(
    r"\b(?:may|(?i:should|could|might|ought|believe[sd]?|thinks?|thought|feels?|fears?|feared|hopes?"
    r"|hoped|expect(?:s|ed)?|predict(?:s|ed)?|forecasts?|appears?|seems?|suggests?|likely|unlikely"
    r"|unsure|uncertain|worried|doubts?|perhaps|probably|argue[sd]?|opinion|view|analysts?"
    r"|economists?|commentators?|observers|traders|in an? [\w ]{0,20}interview))\b"
)


@dataclass(frozen=True)
class Said:
    """A verified sentence. `item` is the number of its event; the least `order` is said first."""

    verified: Verified
    item: int
    order: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        return self.verified.text

    @property
    def passage(self) -> Passage:
        return self.verified.grounds.cited[0].passage

    @property
    def size(self) -> int:
        """Words as white space has them."""
        return len(self.text.split())


def outlet(of: Passage | Article) -> str:
    """Who speaks: the source, else the article alone."""
    return of.source or (of.article_id if isinstance(of, Passage) else of.id)


def is_copy(one: Article, other: Article, same_story: bool) -> bool:
    """Whether they are one text, carried twice, with no figure changed.

    `same_story`: the index took one for a near-duplicate of the other.
    """
    mine, theirs = (Wording.of(a.id, _lead(a.text)) for a in (one, other))
    if not (same_story or mine.says(theirs) or theirs.says(mine)):
        return False
    figures = [numbers(stems(a.text)) for a in (one, other)]
    return figures[0] <= figures[1] or figures[1] <= figures[0]


def _lead(text: str) -> str:
    return text.strip().split("\n\n")[0]


def on_one_event(one: Article, other: Article, nearness: float) -> bool:
    """`nearness` is the cosine of their leads.

    Of a running story all leads are near one another: what tells its events apart is that each
    names others beside those that all of them name, and the days between.
    """
    apart = 0
    if one.published_at and other.published_at:
        days = [date.fromisoformat(a.published_at[:10]) for a in (one, other) if a.published_at]
        apart = abs((days[0] - days[1]).days)
    if nearness < NEAR:
        return False
    mine, theirs = _named(one), _named(other)
    common = len(mine & theirs)
    if common < NAMES_IN_COMMON and not (
        common
        and nearness >= NEAR_OF_ONE_NAME
        and one.published_at
        and other.published_at
        and apart <= DAYS_OF_ONE_NAME
        and _of_one_toll(_lead(one.text), _lead(other.text))
    ):
        return False
    return nearness + common / min(len(mine), len(theirs)) >= ALIKE + ALIKE_A_DAY * apart


def _of_one_toll(one: str, other: str) -> bool:
    told = []
    for lead in (one, other):
        named = {w.stem for w in names(lead)} | CALENDAR_STEMS | _OF_EVERY_TOLL
        told.append({w.stem for w in words(lead) if is_content(w) and not w.is_number} - named)
    tolls = all(DEAD in counted(undated(lead, None)) for lead in (one, other))
    return tolls and len(told[0] & told[1]) >= WORDS_OF_ONE_NAME


def _named(article: Article) -> frozenset[str]:
    return frozenset(w.stem for w in names(f"{article.title or ''}. {article.text}"))


def is_opinion(sentence: str) -> bool:
    """Whether it tells what somebody thinks or expects, and not what happened or was decided."""
    return bool(_OPINION.search(sentence))


def say_the_same(verified: Verified, others: Iterable[Sequence[Evidence]]) -> None:
    """Adds to what is `also` cited the place in each other article that says the same."""
    grounds = verified.grounds
    also = [*grounds.also]
    there = {c.passage.article_id for c in [*grounds.cited, *grounds.also]}
    for offered in others:
        if not offered or offered[0].passage.article_id in there:
            continue
        found = ground(verified.text, "", offered)
        if (
            found
            and not found.failed
            and not found.fields
            and len(found.cited) == 1
            and found.coverage >= ALSO_MARGIN * grounds.coverage
        ):
            also.append(found.cited[0])
    verified.grounds = replace(grounds, also=also)


# What is told otherwise


def undated(text: str, published_at: str | None) -> str:
    """`text` without its dates, so that their numbers count for nothing."""
    today = date.fromisoformat(published_at[:10]) if published_at else None
    for mention in reversed(mentions(text, today)):
        text = f"{text[: mention.start]} {text[mention.start + len(mention.text) :]}"
    return text


def counted(text: str) -> dict[str, set[str]]:
    """What each number counts: stems of things with their numbers, "%" for a share."""
    found: dict[str, set[str]] = {}
    sequence = words(text)
    for i, word in enumerate(sequence):
        after = text[word.start + len(word.text) :]
        if not word.is_number:
            continue
        number, following = word.stem, sequence[i + 1 :]
        while following and following[0].text.casefold() in _SCALES:
            number, following = f"{number} {following[0].stem}", following[1:]
        if _DIED_BEFORE.search(text[: word.start]) or _DIED_AFTER.match(after):
            found.setdefault(DEAD, set()).add(number)
        if after[:1] == ",":  # "Reuel, 61, a passenger"
            continue
        thing = _thing(following[:3])
        if re.match(r"\s*(?:%|per ?cent\b)", after):
            thing = "%"
        if thing and thing not in _TIMES:
            found.setdefault(thing, set()).add(number)
    return found


def _thing(following: Sequence[Word]) -> str | None:
    return next((w.stem for w in following if is_content(w) and not w.is_number), None)


def _otherwise(one: str, other: str) -> bool:
    """Whether they count one thing differently."""
    mine, theirs = counted(one), counted(other)
    return any(
        not (mine[thing] <= theirs[thing] or theirs[thing] <= mine[thing])
        for thing in mine.keys() & theirs.keys()
    )


def in_common(one: str, other: str) -> float:
    """The share of what one says beside its numbers that the other says too; the greater one."""
    mine, theirs = (
        {w.stem for w in words(text) if is_content(w) and not w.is_number} for text in (one, other)
    )
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


def corrects(text: str, claim: str) -> bool:
    """Whether a sentence says that a number of the claim, on the same matter, was told in error."""
    return bool(taken_back(text) & stems(claim)) and in_common(text, claim) >= PERHAPS


def against(said: Said, offered: Sequence[Evidence]) -> Evidence | None:
    """The sentence of another article that seems to tell `said` otherwise, if there is one."""
    claim = undated(said.text, said.passage.published_at)
    told = numbers(critical(claim, frozenset()))
    found: list[tuple[float, Evidence]] = []
    for e in offered:
        text = undated(e.text, e.passage.published_at)
        share = in_common(claim, text)
        if (_otherwise(claim, text) and share >= PERHAPS) or (
            told and share >= SAME_MATTER and disagree(claim, text, "")
        ):
            found.append((share, e))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def tells_otherwise(one: Said, other: Said, reads: Callable[[], bool]) -> bool:
    """Whether not both can be right. `reads` is asked where the words leave it open."""
    mine, theirs = (undated(s.text, s.passage.published_at) for s in (one, other))
    if _otherwise(mine, theirs) and in_common(mine, theirs) >= SURELY:
        return True
    return (_otherwise(mine, theirs) or disagree(mine, theirs, "")) and reads()


# What is said


def holds(one: str, other: str) -> bool:
    """Whether `one` says what `other` says: nearly all its words, and all its facts."""
    content = {w.stem for w in words(other) if is_content(w)} or stems(other)
    there = stems(one)
    return len(content & there) >= SAID * len(content) and critical(other, frozenset()) <= there


def share(first: int, later: Sequence[int], left: int) -> int:
    """Of the words that are left, those for the next event, whose first sentence has `first`.

    The first sentences of later events that fit are kept room for, by their sizes; and where there
    are more events, the earlier ones get more than the later ones, but not all.
    """
    kept = [0]
    for size in later:
        if first + kept[-1] + size <= left:
            kept.append(kept[-1] + size)
    return min(left - kept[-1], max(first, 2 * left // (len(kept) + 1)))


def reduced(
    said: Sequence[Said], conflicts: Sequence[tuple[Said, Said]], most: int, left: int
) -> list[Said]:
    """The sentences of one event to be said, in their order, `most` words of those `left`.

    What was said is not said again, and without its first sentence nothing is. The sides of a
    conflict are said together or not at all, the newest first, and before what is not in dispute: a
    briefing may not leave it out, so what comes first may take more than `most`.
    """
    conflicts = [p for p in conflicts if all(any(side is s for s in said) for side in p)]
    chosen: list[Said] = []
    for unit in _units(said, conflicts):
        while len(unit) > 2 and sum(s.size for s in unit) > left:
            unit.pop()
        size = sum(s.size for s in chosen) + sum(s.size for s in unit)
        if size <= (most if chosen else left):
            chosen += unit
        elif not chosen and len(unit) == 1:
            break
    return chosen


def _units(said: Sequence[Said], conflicts: Sequence[tuple[Said, Said]]) -> list[list[Said]]:
    """Sentences of one event, those in conflict together, each thing once."""
    kept: list[list[Said]] = []
    done: list[Said] = []
    for s in sorted(said, key=lambda s: s.order):
        if any(s is other for other in done):
            continue
        unit = [s]
        for u in unit:  # which grows meanwhile
            for one, other in conflicts:
                theirs = other if one is u else one if other is u else u
                if not any(theirs is known for known in unit):
                    unit.append(theirs)
        done += unit
        if len(unit) > 1:
            # What one side says already is not said a second time before it.
            kept = [
                k for k in kept if len(k) > 1 or not any(holds(u.text, k[0].text) for u in unit)
            ]
            unit.sort(key=lambda u: u.passage.published_at or "", reverse=True)
            kept.insert(sum(len(k) > 1 for k in kept), unit)
            continue
        if any(holds(k.text, s.text) for before in kept for k in before):
            continue
        less = [n for n, k in enumerate(kept) if len(k) == 1 and holds(s.text, k[0].text)]
        if less:
            kept[less[0]] = unit
            kept = [k for n, k in enumerate(kept) if n not in less[1:]]
        elif _adds(s.text, [k.text for before in kept for k in before]):
            kept.append(unit)
    return kept


def _adds(text: str, said: Sequence[str]) -> bool:
    """Whether enough of what it says is new."""
    content = {w.stem for w in words(text) if is_content(w)}
    new = content.difference(*map(stems, said))
    return not said or len(new) >= NEW * len(content)
