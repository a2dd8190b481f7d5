"""Sentences and passages, as spans of an article's text.

Offsets are carried from the first step: a span is only ever narrowed or joined with a neighbour,
and nothing is looked up again to find where it stood.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sentencex import get_sentence_boundaries

# A quotation is one segment to the splitter, however many sentences it holds; above this many
# characters its sentences are told apart, so that a citation does not carry the whole of it.
LONG_SEGMENT = 200
# Text without punctuation (tables, transcripts) is cut at white space.
LONGEST_SENTENCE = 1000
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»', " "))


@dataclass(frozen=True, order=True)
class Span:
    """`text[start:end]`, in code points, end exclusive."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def covers(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True)
class PassageSpan:
    """A run of whole sentences, and where each stands in the article."""

    span: Span
    sentences: tuple[Span, ...]


def sentence_spans(text: str) -> list[Span]:
    """The sentences of `text` in order: none empty, none overlapping, no blank edges.

    Together they hold every character that is not white space.
    """
    cuts = [0, len(text)]
    for segment in get_sentence_boundaries("en", text):
        start, end = segment["start_index"], segment["end_index"]
        cuts.append(start)
        if end - start > LONG_SEGMENT:
            cuts += _cuts_within(text, start, end)
    cuts = sorted(set(cuts))
    spans: list[Span] = []
    for start, end in pairwise(cuts):
        spans += _pieces(text, start, end)
    return spans


def _cuts_within(text: str, start: int, end: int) -> list[int]:
    """Where sentences begin inside a segment, when its quotation marks are not looked at."""
    masked = text[start:end].translate(_QUOTES)
    cuts = []
    for segment in get_sentence_boundaries("en", masked)[:-1]:
        cut = start + segment["end_index"]
        if text[cut : cut + 1].islower():
            continue  # «"Will you go?" she asked» is one sentence
        # The gap before the cut may hold a closing mark (it stays) and an opening one (it goes
        # with the next sentence): the white space between the two is the boundary.
        gap = start + len(masked[: segment["end_index"]].rstrip())
        space = re.compile(r"\s").search(text, gap, cut)
        cuts.append(space.start() if space else cut)
    return cuts


def _pieces(text: str, start: int, end: int) -> list[Span]:
    spans = []
    while start < end:
        stop = end
        if end - start > LONGEST_SENTENCE:
            stop = start + LONGEST_SENTENCE
            space = max(text.rfind(" ", start, stop), text.rfind("\n", start, stop))
            stop = space if space > start else stop
        piece = text[start:stop]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            spans.append(Span(left, right))
        start = stop
    return spans


def passage_spans(
    text: str, count_tokens: Callable[[Sequence[str]], list[int]], *, most_tokens: int = 110
) -> list[PassageSpan]:
    """Runs of whole sentences of at most `most_tokens` tokens, the last sentence of a run repeated
    as the first of the next where it is short enough to leave room.

    A single sentence longer than that is a passage of its own. `count_tokens` gives the embedder's
    tokens of each text.
    """
    sentences = sentence_spans(text)
    sizes = count_tokens([span.of(text) for span in sentences])
    passages = []
    first = 0
    while first < len(sentences):
        last, size = first, sizes[first]
        while last + 1 < len(sentences) and size + sizes[last + 1] <= most_tokens:
            last += 1
            size += sizes[last]
        run = tuple(sentences[first : last + 1])
        passages.append(PassageSpan(Span(run[0].start, run[-1].end), run))
        if last + 1 == len(sentences):
            break
        overlap = last > first and sizes[last] + sizes[last + 1] <= most_tokens
        first = last if overlap else last + 1
    return passages
