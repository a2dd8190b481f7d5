"""Conflicts: articles that tell of one thing and give another number, date or name for it.

Code finds the sentences that may; whether they do is told by asking the model the same question of
that article alone, and holding the two answers against each other.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from index.registry import DAY, Passage
from service.errata import corrects_itself, taken_back
from service.evidence import Evidence, Grounds
from service.grounding import Similarity, covered, critical, in_other_words, weights_of
from service.orders import orders
from service.wording import is_content, stems, words

# Of what the claim says beside the figure in question, a rival must say this much; more where it is
# a name, since there are many sentences that name others.
SAME_THING, SAME_THING_NAMED = 0.55, 0.7
SAME_COUNTED = 0.4  # of one that counts the same: "joined the walkout" of "took part in the strike"
MOST_RIVALS = 2
# Words right behind a number, among which what it counts is named.
_BEHIND = re.compile(r"(?:\s+[\w’'-]+){0,3}")
_NOT = r"\b(?:not|instead of|rather than|wrongly|and not)\W+(?:\w+\W+){0,2}?"


def stated(claim: str, question: str) -> frozenset[str]:
    """What the claim tells that the question did not: stems of its numbers, dates and names."""
    return critical(claim, frozenset()) - stems(question)


def numbers(found: frozenset[str]) -> frozenset[str]:
    return frozenset(stem for stem in found if stem[:1].isdigit())


def rivals(
    claim: str,
    question: str,
    grounds: Grounds,
    offered: Sequence[Evidence],
    similarity: Similarity,
) -> list[Evidence]:
    """Sentences of other articles that seem to say the same with another number, date or name.

    Of an article it is the one with a number of what the claim counts, if there is one, and else
    the one that is most like the claim in its words and like the question in what it means.
    """
    told = stated(claim, question)
    if not told:
        return []
    cited = {c.passage.article_id for c in grounds.cited}
    weights = {s: w for s, w in weights_of(claim, offered).items() if s not in told}
    least = SAME_THING if numbers(told) else SAME_THING_NAMED
    counts = counted(claim, numbers(told))
    able: list[tuple[Evidence, float, bool]] = []
    for e in offered:
        about = in_other_words(f"{e.passage.title or ''} {e.text}")
        share = covered(weights, about)
        if e.passage.article_id in cited or told <= stems(e.text) or orders(e.text):
            continue
        other = critical(e.text, frozenset()) - stems(claim) - stems(question)
        same = bool(counts & counted(e.text, numbers(other)))
        if (numbers(other) if numbers(told) else other) and share >= (
            SAME_COUNTED if same else least
        ):
            able.append((e, share, same))
    near = similarity(question, [e.text for e, *_ in able]).tolist() if able else []
    found: dict[str, tuple[tuple[bool, float], Evidence]] = {}
    for (e, share, same), likeness in zip(able, near, strict=True):
        rank = same, share + likeness
        best = found.get(e.passage.article_id)
        if best is None or rank > best[0]:
            found[e.passage.article_id] = rank, e
    ranked = sorted(found.values(), key=lambda pair: pair[0], reverse=True)
    return [e for _, e in ranked[:MOST_RIVALS]]


def counted(text: str, which: frozenset[str]) -> frozenset[str]:
    """Stems of what stands right behind these numbers: "drivers" of "2,300 bus drivers"."""
    return frozenset(
        w.stem
        for number in words(text)
        if number.stem in which
        if (behind := _BEHIND.match(text, number.start + len(number.text)))
        for w in words(behind[0])
        if is_content(w) and not w.is_number
    )


def disagree(claim: str, other: str, question: str) -> bool:
    """Whether two answers to one question give different numbers, or else different names.

    One that tells more than the other does not disagree with it.
    """
    one, two = stated(claim, question), stated(other, question)
    if numbers(one) and numbers(two):
        one, two = numbers(one), numbers(two)
    return bool(one and two) and not (one <= two or two <= one)


def is_later(one: Passage, other: Passage) -> bool:
    """Whether `one` is the same outlet's later report. Two times are compared as instants."""
    same = bool(one.source) and one.source == other.source
    mine, theirs = one.published_at or "", other.published_at or ""
    if min(len(mine), len(theirs)) > DAY:
        return same and _instant(mine) > _instant(theirs)
    return same and mine > theirs


def _instant(time: str) -> datetime:
    """One without an offset is in UTC, as in a search's filters."""
    moment = datetime.fromisoformat(time)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def takes_back(claim: str, offered: Sequence[Evidence]) -> bool:
    """Whether a sentence says "not 640" of a number of the claim, or that it was told in error."""
    counts = [w for w in words(claim) if w.is_number]
    return any(
        re.search(_NOT + re.escape(w.text) + r"(?![\w.,]*\d)", e.text, re.IGNORECASE)
        or w.stem in taken_back(e.text)
        for w in counts
        for e in offered
    )


CORRECTED = "corrected by the outlet"  # why a claim is dropped


def corrections(claim: str, grounds: Grounds, offered: Sequence[Evidence]) -> list[Evidence]:
    """The later reports of the outlet that the claim rests on, where one takes back its number;
    else what the article itself takes back of it.
    """
    mine = grounds.cited[0].passage
    if grounds.failed:
        return []
    later = [e for e in offered if is_later(e.passage, mine)]
    if takes_back(claim, later):
        return later
    own = [e for e in offered if e.passage.article_id == mine.article_id]
    return [e for e in own if corrects_itself(e.text, claim)]
