"""How an answer is held against accepted ones."""

import re
import string
from collections import Counter
from collections.abc import Iterable

LONG_ANSWER = 5  # tokens; from here on an answer may be put in other words
RECALL = 0.8


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
