"""Rewording: the words of a sentence that stand in place of others of its source's, where it is
else told in the source's own words.

Whether those mean the same is for the language model to say; this module only finds them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from service.wording import Word, is_content, words

# The share of a sentence's words that the source has in the same order: from there on it is told in
# the source's words.
ALIKE = 0.45
MOST = 3  # places that are looked at
LONGEST_SAID, LONGEST_THERE = 4, 6  # words; longer ones are another way to put it all


@dataclass(frozen=True)
class Reworded:
    """The sentence of the source, and `(there, said)` for each place: its words and the claim's."""

    sentence: str
    places: list[tuple[str, str]]


def reworded(claim: str, sentences: Iterable[str]) -> Reworded | None:
    """Held against the sentence that has most of the claim's words in their order."""
    said = words(claim)
    best: tuple[int, str, SequenceMatcher[str]] | None = None
    for sentence in sentences:
        stems = [w.stem for w in words(sentence)]
        matcher = SequenceMatcher(None, [w.stem for w in said], stems, autojunk=False)
        shared = sum(block.size for block in matcher.get_matching_blocks())
        if best is None or shared > best[0]:
            best = shared, sentence, matcher
    if best is None or best[0] < ALIKE * len(said):
        return None
    _, sentence, matcher = best
    there = words(sentence)
    places = [
        (_text(sentence, there[start:end]), _text(claim, said[first:last]))
        for kind, first, last, start, end in matcher.get_opcodes()
        if kind == "replace"
        and first > 0
        and last - first <= LONGEST_SAID
        and end - start <= LONGEST_THERE
        and any(map(is_content, said[first:last]))
        and any(map(is_content, there[start:end]))
    ]
    return Reworded(sentence, places[:MOST]) if places else None


def _text(text: str, part: tuple[Word, ...]) -> str:
    return text[part[0].start : part[-1].start + len(part[-1].text)]
