"""How an answer is held against accepted ones, and what many of them come to: shares with their
bootstrap intervals, the curve between two kinds of error, calibration.

This module knows numbers and words alone: nothing of indexes, models or files.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]

RESAMPLES = 2000
ALL_REFUSED = 1.01  # a threshold above every confidence
BINS = 10  # of confidence, for the expected calibration error
LONG_ANSWER = 5  # tokens; from here on an answer may be put in other words
RECALL = 0.8
_ENDED = re.compile(r"[.!?…][\"”’')\]]*\s*$")


def normalise(text: str) -> str:
    """Lower case without punctuation, articles and extra spaces, as SQuAD compares answers.

    Rajpurkar et al. 2016; typographic quotation marks count as punctuation here.
    """
    kept = "".join(char for char in text.lower() if char not in string.punctuation + "“”‘’")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def holds(text: str, answer: str) -> bool:
    """Whether the accepted answer stands in the text as whole tokens."""
    return f" {normalise(answer)} " in f" {normalise(text)} "


def recall(text: str, answer: str) -> float:
    """Share of the accepted answer's tokens that the text has."""
    wanted, found = (Counter(normalise(t).split()) for t in (answer, text))
    return (wanted & found).total() / max(1, wanted.total())


def is_right(text: str, answers: Iterable[str]) -> bool:
    """Whether one of the accepted answers is in the text."""
    return any(
        holds(text, answer)
        or (len(normalise(answer).split()) >= LONG_ANSWER and recall(text, answer) >= RECALL)
        for answer in answers
    )


def recall_of_all(text: str, references: Iterable[str]) -> float | None:
    """ROUGE-1 recall: of all references' words, repeated ones too, the share that the text has.

    Lin 2004, equation 1, with the words of `normalise`: neither stemmed nor without stop words.
    None where there is no word.
    """
    found = Counter(normalise(text).split())
    wanted = [Counter(normalise(reference).split()) for reference in references]
    total = sum(words.total() for words in wanted)
    return sum((words & found).total() for words in wanted) / total if total else None


def has_end(text: str) -> bool:
    """Whether it ends where a sentence does."""
    return bool(_ENDED.search(text))


def first_word(text: str) -> str:
    """The first token, normalised: how a yes-or-no question is answered."""
    return (normalise(text).split() or [""])[0]


# Over many items


def mean(values: Numbers) -> float | None:
    """The mean of those that are there: NaN marks an item that the figure does not count."""
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if len(counted) else None


def auroc(scores: Numbers, positive: Numbers) -> float | None:
    """Area under the ROC curve: how often a positive item's score is above a negative one's.

    `positive` holds 1, 0 or NaN (not counted). None where there are no two kinds, or no scores.
    """
    if np.isnan(scores).any():
        return None
    above, below = scores[positive == 1], np.sort(scores[positive == 0])
    if not len(above) or not len(below):
        return None
    less = np.searchsorted(below, above, "left") + np.searchsorted(below, above, "right")
    return float(less.mean() / 2 / len(below))


def balanced_accuracy(scores: Numbers, positive: Numbers, threshold: float) -> float | None:
    """The mean of the share of positives at or above the threshold and of negatives below it.

    None where there are no two kinds, or no scores.
    """
    if np.isnan(scores).any():
        return None
    above, below = scores[positive == 1] >= threshold, scores[positive == 0] < threshold
    return float(above.mean() + below.mean()) / 2 if len(above) and len(below) else None


def calibration_error(confidences: Numbers, right: Numbers) -> float | None:
    """Expected calibration error (Guo et al. 2017), bins of equal width; NaN is not counted."""
    counted = ~np.isnan(right)
    confidences, right = confidences[counted], right[counted]
    if not len(right):
        return None
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def refusal_curve(
    confidences: Numbers, answerable: Numbers, right: Numbers
) -> list[dict[str, float]]:
    """What each threshold would give, from refusing nothing that was written to refusing all.

    `right` holds 1 where the answer would be right if it were given, and NaN where that is not
    counted. A confidence of 0 says that there is nothing to give.
    """
    asked = answerable == 1
    curve = []
    for threshold in [*np.unique(confidences).tolist(), ALL_REFUSED]:
        given = (confidences >= threshold) & (confidences > 0)
        shares = {
            "threshold": threshold,
            "false_refusals": mean(1.0 - given[asked]),
            "refused": mean(1.0 - given[~asked]),
            "right": mean(right[asked] * given[asked]),
        }
        curve.append({name: share for name, share in shares.items() if share is not None})
    return curve


def draws(groups: Sequence[object], *, seed: int = 0) -> list[Whole]:
    """Bootstrap samples of items, as positions. `groups` says of each what it belongs to.

    Whole groups are drawn, as items of one document are not independent.
    """
    generator = np.random.default_rng(seed)
    members: dict[object, list[int]] = {}
    for position, group in enumerate(groups):
        members.setdefault(group, []).append(position)
    clusters = [np.array(m) for m in members.values()]
    return [
        np.concatenate([clusters[i] for i in generator.integers(0, len(clusters), len(clusters))])
        for _ in range(RESAMPLES)
    ]


def interval(resampled: Iterable[float | None]) -> list[float]:
    """The 95 % percentile interval of a figure's bootstrap values; empty without any."""
    found = [value for value in resampled if value is not None]
    return np.percentile(found, [2.5, 97.5]).tolist() if found else []
