"""Near-duplicates: a wire story that several outlets carry, or one with another headline.

MinHash over runs of words estimates how much of two texts is the same (Broder 1997); signatures
are compared only where a band of them is equal (Leskovec, Rajaraman & Ullman, chapter 3).
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

Signature = npt.NDArray[np.uint32]

# Another way to make signatures gets another number: those kept are then made anew.
VERSION = 1
WORDS = 3  # a run
HASHES = 128
# 32 bands of 4: of texts at the threshold 97 in 100 share a band, of unrelated ones none.
ROWS = 4
# The share of runs in common (Jaccard) from which two articles are one story.
SAME_STORY = 0.55
# Below this, what is the same may be a form that is filled in anew each week: half of the figures
# have to be the same too.
SURELY = 0.8
# In fewer runs than these chance has too great a part: such texts are compared as they are.
LEAST_RUNS = 8
# A passage of whose runs of three words another holds this share adds nothing to it.
SAME = 0.7
# Besides names and figures, what changes a statement.
FACT_WORDS = frozenset(
    "no not never none nor one two three four five six seven eight nine ten eleven twelve dozen "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion".split()
)
_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def signature(text: str) -> Signature:
    """Shape [128]. The case of letters, punctuation and white space play no part."""
    words = _WORD.findall(text.casefold())
    runs = {" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1))}
    if len(runs) < LEAST_RUNS:
        runs = {"\n".join(words)}
    minhash = RMinHash(num_perm=HASHES, seed=1)
    minhash.update(sorted(runs))
    return np.array(minhash.digest(), np.uint32)


def bands(of: Signature) -> list[int]:
    """A number for each band, as SQLite keeps it. Equal bands of two texts have equal numbers."""
    rows = of.reshape(-1, ROWS).astype(np.uint64)
    number = np.arange(len(rows), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in rows.T:
            number = (number ^ column) * np.uint64(0x9E3779B97F4A7C15)
            number ^= number >> np.uint64(29)
    return [int(n) for n in number.view(np.int64)]


def same_story(one: Signature, other: Signature, texts: Callable[[], tuple[str, str]]) -> bool:
    """Whether two articles tell one story word for word, in the most part. `texts` gives both."""
    alike = similarity(one, other)
    if not SAME_STORY <= alike < SURELY:
        return alike >= SURELY
    mine, theirs = (set(_FIGURE.findall(text)) for text in texts())
    return 2 * len(mine & theirs) >= min(len(mine), len(theirs))


def similarity(one: Signature, other: Signature) -> float:
    """The estimated share of runs that two texts have in common."""
    return float(np.mean(one == other))


@dataclass(frozen=True)
class Wording:
    """A passage's words, to tell a copy: a wire story that outlets carry with light edits.

    Cosines don't tell: the results of two companies are as near as a copy.
    """

    article_id: str
    runs: set[tuple[str, str, str]]
    words: Counter[str]
    facts: Counter[str]

    @classmethod
    def of(cls, article_id: str, text: str) -> "Wording":
        written = _WORD.findall(text)
        words = [word.lower() for word in written]
        runs = set(zip(words, words[1:], words[2:], strict=False))
        facts = Counter(
            low
            for low, word in zip(words, written, strict=True)
            if word[0].isupper() or word[0].isdigit() or low in FACT_WORDS
        )
        return cls(article_id, runs, Counter(words), facts)

    def says(self, other: "Wording") -> bool:
        """Whether it says nearly all of another article's passage, and every fact of it.

        A name or number that was changed is something said anew.
        """
        return (
            self.article_id != other.article_id
            and len(self.runs & other.runs) >= SAME * len(other.runs) > 0
            and other.facts <= self.words
        )
