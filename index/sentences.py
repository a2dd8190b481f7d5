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
# The splitter's time grows with the square of a text full of opening quotation marks, so it is
# given this many characters at a time.
WINDOW = 5000
# The embedder takes a word of more than 100 letters for one token, however long it is. No prose
# has more characters to a token than this.
MOST_CHARACTERS_A_TOKEN = 10
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
    cuts = [0]
    while cuts[-1] < len(text):
        at, end = cuts[-1], min(cuts[-1] + WINDOW, len(text))
        found = _cuts(text, at, end)
        if end < len(text):
            # What the window's end cuts through may be a sentence or a quotation: the next window
            # begins before it.
            settled = [cut for cut in found if cut < end - LONGEST_SENTENCE]
            found = settled or found or [_last_space(text, at, end)]
        else:
            found.append(end)
        cuts += found
    spans: list[Span] = []
    for start, end in pairwise(cuts):
        spans += _pieces(text, start, end)
    return spans


def _cuts(text: str, at: int, end: int) -> list[int]:
    """Where sentences begin inside `text[at:end]`, its beginning left out."""
    cuts = {at}
    for segment in get_sentence_boundaries("en", text[at:end]):
        start, stop = at + segment["start_index"], at + segment["end_index"]
        cuts.add(start)
        if stop - start > LONG_SEGMENT:
            cuts.update(_cuts_within(text, start, stop))
    return sorted(cuts)[1:]


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
            stop = _last_space(text, start, start + LONGEST_SENTENCE)
        piece = text[start:stop]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            spans.append(Span(left, right))
        start = stop
    return spans


def _last_space(text: str, start: int, stop: int) -> int:
    """The last place in `text[start:stop]` to cut at that is in no word, else `stop`."""
    space = max(text.rfind(" ", start, stop), text.rfind("\n", start, stop))
    return space if space > start else stop


def passage_spans(
    text: str, count_tokens: Callable[[Sequence[str]], list[int]], *, most_tokens: int = 110
) -> list[PassageSpan]:
    """Runs of whole sentences of at most `most_tokens` tokens, the last sentence of a run repeated
    as the first of the next where it is short enough to leave room.

    A single sentence longer than that is a passage of its own. `count_tokens` gives the embedder's
    tokens of each text.
    """
    sentences = sentence_spans(text)
    counts = count_tokens([span.of(text) for span in sentences])
    sizes = [
        max(count, (span.end - span.start) // MOST_CHARACTERS_A_TOKEN)
        for count, span in zip(counts, sentences, strict=True)
    ]
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
