"""Conflicts: articles that tell of one thing and give another number, date or name for it.

Code finds the sentences that may; whether they do is told by asking the model the same question of
that article alone, and holding the two answers against each other.
"""

import re
from collections.abc import Sequence

from index.registry import Passage
from service.dates import mentions
from service.grounding import ERRED, Evidence, Grounds, covered, critical, erred, weights_of
from service.wording import stems, words

# Of what the claim says beside the figure in question, a rival must say this much; more where it is
# a name, since there are many sentences that name others.
SAME_THING, SAME_THING_NAMED = 0.55, 0.7
MOST_RIVALS = 2
_IN_FACT = re.compile(
    r";|\b(?:instead of|rather than|when in fact|in fact|in reality|actually|the (?:correct|right|"
    r"actual|true)|but (?:it|the)|it should|should have|not)\b",
    re.IGNORECASE,
)
_NOT = r"\b(?:not|instead of|rather than|wrongly|and not)\W+(?:\w+\W+){0,2}?"


def stated(claim: str, question: str) -> frozenset[str]:
    """What the claim tells that the question did not: stems of its numbers, dates and names."""
    return critical(claim, frozenset()) - stems(question)


def numbers(found: frozenset[str]) -> frozenset[str]:
    return frozenset(stem for stem in found if stem[:1].isdigit())


def rivals(
    claim: str, question: str, grounds: Grounds, offered: Sequence[Evidence]
) -> list[Evidence]:
    """Sentences of other articles that seem to say the same with another number, date or name."""
    told = stated(claim, question)
    if not told:
        return []
    cited = {c.passage.article_id for c in grounds.cited}
    weights = {s: w for s, w in weights_of(claim, offered).items() if s not in told}
    least = SAME_THING if numbers(told) else SAME_THING_NAMED
    found: dict[str, tuple[float, Evidence]] = {}
    for e in offered:
        about = f"{e.passage.title or ''} {e.text}"
        share = covered(weights, about)
        if e.passage.article_id in cited or share < least or told <= stems(e.text):
            continue
        other = critical(e.text, frozenset()) - stems(claim) - stems(question)
        if not (numbers(other) if numbers(told) else other):
            continue
        best = found.get(e.passage.article_id)
        if best is None or share > best[0]:
            found[e.passage.article_id] = share, e
    ranked = sorted(found.values(), key=lambda pair: -pair[0])
    return [e for _, e in ranked[:MOST_RIVALS]]


def disagree(claim: str, other: str, question: str) -> bool:
    """Whether two answers to one question give different numbers, or else different names.

    One that tells more than the other does not disagree with it.
    """
    one, two = stated(claim, question), stated(other, question)
    if numbers(one) and numbers(two):
        one, two = numbers(one), numbers(two)
    return bool(one and two) and not (one <= two or two <= one)


def is_later(one: Passage, other: Passage) -> bool:
    """Whether `one` is the same outlet's later report."""
    same = bool(one.source) and one.source == other.source
    return same and (one.published_at or "") > (other.published_at or "")


def taken_back(text: str) -> frozenset[str]:
    """Stems of the numbers that a sentence says were told in error, its dates left out."""
    found = ERRED.search(text)
    if not found or not erred(text):
        return frozenset()
    wrong = text[found.end() :]
    # "an earlier report misstated as 14, not 17": before what is right stands what was wrong.
    wrong = _IN_FACT.split(wrong, maxsplit=1)[0]
    for mention in mentions(wrong, None):
        wrong = wrong.replace(mention.text, " ")
    return frozenset(w.stem for w in words(wrong) if w.is_number)


def takes_back(claim: str, offered: Sequence[Evidence]) -> bool:
    """Whether a sentence says "not 640" of a number of the claim, or that it was told in error."""
    counts = [w for w in words(claim) if w.is_number]
    return any(
        re.search(_NOT + re.escape(w.text) + r"(?![\w.,]*\d)", e.text, re.IGNORECASE)
        or w.stem in taken_back(e.text)
        for w in counts
        for e in offered
    )


def corrections(claim: str, grounds: Grounds, offered: Sequence[Evidence]) -> list[Evidence]:
    """The later reports of the outlet that the claim rests on, where one takes back its number."""
    mine = grounds.cited[0].passage
    later = [e for e in offered if is_later(e.passage, mine)]
    return later if not grounds.failed and takes_back(claim, later) else []
