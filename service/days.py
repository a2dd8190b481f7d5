"""Days: whether a claim has what was done on the day of something else, as far as words tell.

"Krall was arrested on Monday and released on Friday" does not bear out "Krall was arrested on
Friday", though it has all its words. English only, by the looks of verbs: where a verb has no day
of its own, or another subject or object, nothing is held against a claim.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from index.sentences import sentence_spans
from index.stated import without_agency_line
from service.dates import WEEKDAYS, Mention, is_telling, mentions
from service.roles import SAYS, is_deed
from service.wording import IRREGULAR, Word, is_content, names, runs, stems, words

# What tells what was done only together with what it was done to: "took office".
_LIGHT = stems("become come do get give go have keep make put set take")
_TELLS = re.compile(rf"{SAYS}\Z", re.IGNORECASE)
# What a verb may begin with; what stands before it is of the verb before.
_AUXILIARY = frozenset("is are was were been has have had will would can could may might".split())

_SUBJECTS = frozenset("and but he it she that which who".split())


@dataclass(frozen=True)
class _Deed:
    """A verb of a sentence, the name or else the words of content before it, those between it and
    the next verb, and its dates: behind it up to the next verb, else between the last one and it.
    """

    verb: str
    whom: frozenset[str]
    before: frozenset[str]
    what: frozenset[str]
    dates: tuple[Mention, ...]


def day_of_another(claim: str, source: str, published_at: str | None) -> bool:
    """Whether a source of that date (ISO 8601) has the deed of a claim on other days than the claim
    each time that it tells of it: the same verb of the same subject, done to the same.
    """
    today = date.fromisoformat(published_at[:10]) if published_at else None
    if not mentions(claim, today):
        return False
    theirs = [*_deeds(source, today)]
    for mine in _deeds(claim, today):
        told = [other for other in theirs if other.verb == mine.verb]
        if (
            len(mine.dates) == 1
            and told
            and all(other.dates and _is_same(mine, other) for other in told)
            and not any(_may_be_one(mine.dates[0], d) for other in told for d in other.dates)
        ):
            return True
    return False


def _is_same(mine: _Deed, other: _Deed) -> bool:
    """Whether both tell the same of the same, as far as a claim says whom and to what."""
    subject = bool(mine.whom & other.whom) if mine.whom else mine.before <= other.before
    thing = mine.what & other.what if mine.what else mine.verb not in _LIGHT
    return subject and bool(thing)


def _may_be_one(mine: Mention, other: Mention) -> bool:
    if mine.key == other.key:
        return True
    if mine.readings and other.readings:
        return any(one.meets(another) for one in mine.readings for another in other.readings)
    # Without the article's date: of a year that is not told, and weekdays by their names.
    if mine.yearless and other.yearless:
        (first, last), (other_first, other_last) = mine.yearless, other.yearless
        return first <= other_last and other_first <= last
    return not {mine.key.strip(), other.key.strip()} <= {*WEEKDAYS}


def _deeds(text: str, today: date | None) -> Iterator[_Deed]:
    for span in sentence_spans(text):
        sentence = without_agency_line(span.of(text))
        dated = [m for m in mentions(sentence, today) if not (m.span or is_telling(sentence, m))]
        sequence = [w for w in words(sentence) if not any(_is_of(w, m) for m in dated)]
        named = runs(sentence, [w for w in names(sentence) if w in sequence])
        verbs = [i for i, w in enumerate(sequence) if _is_verb(w) or _does(sequence, i)]
        last = 0
        for n, at in enumerate(verbs):
            verb = sequence[at]
            if verb.text.casefold() in _AUXILIARY:
                continue
            on = verbs[n + 1] if n + 1 < len(verbs) else len(sequence)
            end = sequence[on].start if on < len(sequence) else len(sentence)
            dates = [m for m in dated if verb.start < m.start < end]
            dates = dates or [m for m in dated if last <= m.start < verb.start]
            last = verb.start
            if not _TELLS.match(verb.text):
                whom = [run for run in named if run[0].start < verb.start][-1:]
                yield _Deed(
                    verb.stem,
                    frozenset(w.stem for run in whom for w in run),
                    _content(w for w in sequence[:at] if not _is_verb(w)),
                    _content(sequence[at + 1 : on]),
                    tuple(dates),
                )


def _is_of(word: Word, mention: Mention) -> bool:
    return mention.start <= word.start < mention.start + len(mention.text)


def _is_verb(word: Word) -> bool:
    """In the past tense, by its looks, or what stands before one."""
    folded = word.text.casefold()
    return (
        folded in _AUXILIARY or is_deed(word.text) or (folded in IRREGULAR and word.text.islower())
    )


def _does(sequence: Sequence[Word], at: int) -> bool:
    """Whether it is a verb in the present tense, by its looks and what stands before it."""
    return (
        at > 0
        and sequence[at].text.islower()
        and sequence[at].text.endswith("s")
        and sequence[at - 1].text.casefold() in _SUBJECTS
    )


def _content(found: Iterable[Word]) -> frozenset[str]:
    return frozenset(w.stem for w in found if is_content(w) and not w.is_number)
