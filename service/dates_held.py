"""Whether the dates of a claim are those of its source, or follow from them.

This module knows nothing of models or HTTP.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from index.stated import without_agency_line
from service.dates import MONTHS, WEEKDAYS, Mention, Window, is_telling, mentions
from service.kept import kept

# What may stand after "on" and "in" as the date did; "yesterday" may not.
_PLACED = re.compile(rf"(?:{'|'.join((*WEEKDAYS, *MONTHS))}|\d|the )\b", re.IGNORECASE)
# Of a claim on what is to come, days to come are its source's own, too.
_TO_COME = re.compile(
    r"\b(?:will|would|shall|(?:is|are|was|were|due|set|to) (?:to|be))\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Derived:
    """A date worked out: `text` of the claim, `source_words` of the article, ISO `value`."""

    text: str
    source_words: str
    value: str


@dataclass
class Held:
    """The dates of a claim held against a source's, each by its words in the claim.

    same: the source says it too. derived: it follows from the source with the article's date.
    contradicted: the source speaks of other dates. unsure: it is one reading of the source's words.
    unstated: the source says nothing of it, or says less ("in November" for "on 26 November").
    """

    same: list[str] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)

    @property
    def told(self) -> list[str]:
        return [*self.same, *(d.text for d in self.derived)]

    @property
    def missing(self) -> list[str]:
        return [*self.contradicted, *self.unstated]


def in_source_words(claim: str, derived: Sequence[Derived]) -> str:
    """The claim with each date that was worked out in the words that it was worked out from: what
    follows from what is for code to tell, and not for the language model.
    """
    for d in derived:
        before = "" if _PLACED.match(d.source_words) else r"(?:\b(?:on|in|at|by|until|since) )?"
        pattern = re.compile(before + re.escape(d.text))
        if len(pattern.findall(claim)) == 1:
            claim = pattern.sub(d.source_words.replace("\\", ""), claim)
    return claim


@kept(16384)
def held(claim: str, text: str, published_at: str | None) -> Held:
    """The dates of `claim` held against those of `text`, of an article of that date (ISO 8601)."""
    # Of a time, the day as it stands: the article's words are of its own time zone.
    today = date.fromisoformat(published_at[:10]) if published_at else None
    result = Held()
    sources = mentions(text, today) if (dates := mentions(claim, today)) else ()
    own = _own_days(claim, text, sources, today)
    line = _dateline(claim)
    for mention in dates:
        if not mention.span:
            told = mention.start < line or is_telling(claim, mention) or not _is_day(mention)
            _hold(mention, sources if told or not own else own, result)
    return result


def _own_days(
    claim: str, text: str, sources: tuple[Mention, ...], today: date | None
) -> tuple[Mention, ...]:
    """The dates of a text without the day of its dateline and those on which it was told, where
    days are left: what happened on Wednesday did not happen on the Thursday that it was told.
    """
    line = _dateline(text)
    own = tuple(s for s in sources if s.start >= line and not is_telling(text, s))
    comes = _TO_COME.search(claim)
    happened = [
        s
        for s in own
        if _is_day(s)
        and not s.span
        and (comes or today is None or any(r.first <= today for r in s.readings))
    ]
    return own if happened else ()


def apart(claim: str, text: str, published_at: str | None) -> bool:
    """Whether the one date of a claim is none of those that its source tells by its own date:
    "took office in December", of "took office five months ago".
    """
    today = date.fromisoformat(published_at[:10]) if published_at else None
    line = _dateline(text)
    said = [m for m in mentions(claim, today) if not m.span]
    there = [
        s
        for s in mentions(text, today)
        if s.anchored and s.readings and s.start >= line and not is_telling(text, s)
    ]
    return (
        len({m.text for m in said}) == 1
        and bool(there and said[0].readings)
        and not any(c.meets(w) for m in said for c in m.readings for s in there for w in s.readings)
    )


def _dateline(text: str) -> int:
    """Where the dateline that a text begins with ends."""
    return len(text) - len(without_agency_line(text))


def _is_day(mention: Mention) -> bool:
    return bool(mention.readings) and all(r.days == 1 for r in mention.readings)


def _hold(claim: Mention, sources: tuple[Mention, ...], result: Held) -> None:
    if any(_same(claim, source) for source in sources):
        if claim.text not in result.same:
            result.same.append(claim.text)
        return
    following = [(s, window) for s in sources if (window := _follows(claim, s))]
    if following:
        # The nearest in precision is what it was worked out from.
        source, window = min(following, key=lambda pair: -_days(pair[0]))
        last = result.derived[-1] if result.derived else None
        if last and last.text == claim.text:  # the other end of a range
            result.derived[-1] = Derived(last.text, last.source_words, f"{last.value}/{window[2]}")
        else:
            result.derived.append(Derived(claim.text, source.text, window.value))
        return
    pairs = [(c, s) for c in claim.readings for source in sources for s in source.readings]
    if any(c.holds(s) for c, s in pairs):
        result.unsure.append(claim.text)
    elif (
        any(s.days <= c.days for c, s in pairs)
        and all(s.readings for s in sources)
        and not any(c.meets(s) for c, s in pairs)
    ):
        result.contradicted.append(claim.text)
    else:
        result.unstated.append(claim.text)


def _same(claim: Mention, source: Mention) -> bool:
    if claim.key == source.key or (source.readings and claim.key in source.key):
        return True
    # With a weekday, only the article's date tells whether it is that one.
    bare = claim.anchored and not any(word in claim.key for word in ("year", *WEEKDAYS))
    if bare and claim.yearless and source.yearless:
        (first, last), (other_first, other_last) = claim.yearless, source.yearless
        return first <= other_first and other_last <= last and not source.span
    return not claim.anchored and not source.anchored and _follows(claim, source) is not None


def _follows(claim: Mention, source: Mention) -> Window | None:
    """The reading of a claim's date that holds whatever the source's may mean.

    So a claim may say less than its source, and never more.
    """
    for window in claim.readings:
        if source.readings and not source.span and all(map(window.holds, source.readings)):
            return window
    return None


def _days(mention: Mention) -> int:
    return mention.readings[0].days
