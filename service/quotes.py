"""Quotes: whether words stand in an article exactly, where, and how the nearest ones differ.

What printers vary is folded: typographic quotation marks and dashes, ligatures and white space; and
single marks count as double ones, for that is how a quotation within a quotation is written.
Everything else counts, letter case too. What is given back is always the article's own text.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from index.errors import InvalidRequest
from index.index import Index
from index.registry import Filters, Passage
from index.sentences import Span, sentence_spans
from service.contract import (
    CheckedPlace,
    NearestQuote,
    QuoteChange,
    QuoteReply,
    QuoteRequest,
    checked_place,
)
from service.wording import is_content, stems, words

MOST_ARTICLES = 200  # that are looked through for the exact words
MOST_MATCHES = 50
NEAREST = 30  # passages looked at for the nearest words
MOST_WINDOWS = 8  # places in a passage that are compared word by word
LEAST = 0.5  # of similarity: what is less like the quote is not near it
ALIKE = 0.8  # of a word in common: a word with the same stem, or spelled nearly so
SPELLED = 0.75  # of two words' letters that are the same make them spelled nearly so
LEAST_SPELLED = 4  # letters of such a word
MOST_SPELLED = 100  # words of the quote that are looked for so
_FOLDED = {
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
}
_MARKS = "\"'“”„«»‘’‚ \t\n"
_WORD = re.compile(r"\S+")
_BESIDE = _MARKS + ".,;:!?()[]"  # beside a word, and no part of it


@dataclass(frozen=True)
class Match:
    """`text` stands at `span` of the passage's article."""

    passage: Passage
    span: Span
    text: str


@dataclass(frozen=True)
class Change:
    """A run of words: the same in both, only in the quote (`-`), or only in the source (`+`)."""

    op: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True)
class Nearest:
    match: Match
    similarity: float
    diff: list[Change]


@dataclass(frozen=True)
class Verified:
    matches: list[Match]
    nearest: Nearest | None


def verify(index: Index, quote: str, filters: Filters) -> Verified:
    """Where the quote stands word for word, else what comes nearest to it.

    The quotation marks around it are no part of it. Raises ArticleNotFound.
    """
    wanted = quote.strip(_MARKS)
    for article_id in filters.article_ids:
        index.registry.get(article_id)
    hits = [h for hit in index.search(wanted, filters, NEAREST) for h in (hit.passage, *hit.also)]
    phrase = index.registry.lexical([wanted], filters, MOST_ARTICLES)
    known = index.registry.passages([passage_id for passage_id, _ in phrase])
    candidates = {p.article_id: p for p in [*known.values(), *hits]}
    matches = [m for p in candidates.values() for m in _matches(index, p, wanted)][:MOST_MATCHES]
    return Verified(matches, None if matches else _nearest(wanted, hits))


def verify_in(text: str, quote: str) -> Verified:
    """The same of one text, which is no article of the index."""
    wanted = quote.strip(_MARKS)
    sentences = sentence_spans(text)
    if not sentences:
        return Verified([], None)
    whole = Passage(
        id=0,
        article_id="source",
        revision="",
        title=None,
        source=None,
        url=None,
        published_at=None,
        sentences=tuple(sentences),
        text=Span(sentences[0].start, sentences[-1].end).of(text),
    )
    matches = [Match(whole, span, span.of(text)) for span in occurrences(wanted, text)]
    return Verified(matches[:MOST_MATCHES], None if matches else _nearest(wanted, [whole]))


def _matches(index: Index, passage: Passage, wanted: str) -> Iterator[Match]:
    article = index.registry.get(passage.article_id, passage.revision)
    for span in occurrences(wanted, article.text):
        yield Match(passage, span, span.of(article.text))


def quote_reply(index: Index, request: QuoteRequest) -> QuoteReply:
    """What `POST /v1/quotes:verify` answers. Raises ArticleNotFound, and InvalidRequest where there
    is no word in the quote.
    """
    if not words(request.quote):
        raise InvalidRequest("There is no word in the quote. Give the words that were quoted.")
    given = request.source_text is not None
    if request.source_text is not None:
        verified = verify_in(request.source_text, request.quote)
    else:
        verified = verify(index, request.quote, Filters(article_ids=request.article_ids or []))

    def place(match: Match) -> CheckedPlace:
        return checked_place(match.passage, match.span, match.text, given=given)

    nearest = verified.nearest
    return QuoteReply(
        found=bool(verified.matches),
        matches=[place(match) for match in verified.matches],
        nearest=nearest
        and NearestQuote(
            source=place(nearest.match),
            similarity=nearest.similarity,
            diff=[QuoteChange(op=change.op, text=change.text) for change in nearest.diff],
        ),
    )


def occurrences(quote: str, text: str) -> list[Span]:
    """Where the quote stands in the text, both folded; whole words only."""
    needle, _ = folded(quote.strip(_MARKS))
    haystack, places = folded(text)
    if not needle:
        return []
    found = []
    for match in re.finditer(re.escape(needle), haystack):
        start, end = match.span()
        inside = haystack[max(0, start - 1) : start + 1], haystack[end - 1 : end + 1]
        if not any(len(pair) == 2 and pair.isalnum() for pair in inside):
            found.append(Span(places[start][0], places[end - 1][1]))
    return found


def folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text folded, and for each of its characters where that one stands in the text."""
    out: list[str] = []
    places: list[tuple[int, int]] = []
    for i, char in enumerate(text):
        if char.isspace():
            if out and out[-1] == " ":
                places[-1] = places[-1][0], i + 1
                continue
            made = " "
        else:
            made = _FOLDED.get(char) or unicodedata.normalize("NFKC", char)
            if made == '"' and not (out and out[-1].isdigit()):  # 6" are no 6'
                made = "'"
        for piece in made:
            out.append(piece)
            places.append((i, i + 1))
    return "".join(out), places


def _nearest(quote: str, passages: Sequence[Passage]) -> Nearest | None:
    """The words in a row, about as many, that are most like the quote's; None where none are."""
    wanted = _compared(_WORD.findall(quote))
    about = {w.stem for w in words(quote) if is_content(w)}
    best: tuple[float, int, Match] | None = None
    for passage in passages:
        if not about & stems(passage.text):
            continue
        found = [m.span() for m in _WORD.finditer(passage.text)]
        there, shares = _alike(wanted, _compared([passage.text[a:b] for a, b in found]))
        for start, end in _windows(wanted, there):
            score = _score(wanted, there[start:end], shares[start:end])
            # Of runs as like as each other the one that is as long as the quote.
            key = score, -abs(end - start - len(wanted))
            if score < LEAST or (best is not None and key <= best[:2]):
                continue
            text = passage.text[found[start][0] : found[end - 1][1]]
            if about & stems(text):
                shift = passage.span.start
                span = Span(shift + found[start][0], shift + found[end - 1][1])
                best = *key, Match(passage, span, text)
    if best is None:
        return None
    similarity, _, match = best
    if similarity == 1.0:  # the words are the same, and it is not verbatim: the punctuation differs
        ours, theirs = _told_apart(_WORD.findall(quote), _WORD.findall(match.text))
        similarity = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
    return Nearest(match, min(round(similarity, 4), 0.9999), diff(quote, match.text))


def _alike(wanted: Sequence[str], there: Sequence[str]) -> tuple[list[str], list[float]]:
    """The words of a text, those alike to one of the quote's written as that one; and how much of
    a word in common each counts.
    """
    known = set(wanted)
    lacking = sorted(known - set(there))
    by_stem = {found[0].stem: word for word in lacking if len(found := words(word)) == 1}
    by_start: dict[str, list[str]] = {}
    for word in lacking[:MOST_SPELLED]:
        if len(word) >= LEAST_SPELLED and word.isalpha():
            by_start.setdefault(word[:2].casefold(), []).append(word)
    made: dict[str, tuple[str, float]] = {}
    for word in set(there) - known:
        found = words(word)
        if len(found) == 1 and found[0].stem in by_stem:
            made[word] = by_stem[found[0].stem], ALIKE
        elif len(word) >= LEAST_SPELLED and word.isalpha():
            for other in by_start.get(word[:2].casefold(), ()):
                if difflib.SequenceMatcher(None, word, other, autojunk=False).ratio() >= SPELLED:
                    made[word] = other, ALIKE
                    break
    pairs = [made.get(word, (word, 1.0)) for word in there]
    return [word for word, _ in pairs], [share for _, share in pairs]


def _score(wanted: Sequence[str], there: Sequence[str], shares: Sequence[float]) -> float:
    """The share of words in common, in order, 0 to 1."""
    blocks = difflib.SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
    common = sum(sum(shares[block.b : block.b + block.size]) for block in blocks)
    return 2 * common / (len(wanted) + len(there))


def _windows(wanted: Sequence[str], there: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of words that share most of those wanted: as many as those, and from the first to the
    last that they share, with as many more as the quote has others there.
    """
    sought = Counter(wanted)
    for size in {min(len(there), len(wanted)), min(len(there), len(wanted) * 6 // 5 + 1)}:
        shared = [
            (sum((Counter(there[i : i + size]) & sought).values()), -i)
            for i in range(len(there) - size + 1)
        ]
        for count, i in sorted(shared, reverse=True)[:MOST_WINDOWS]:
            if not count:
                continue
            at = [j for j in range(-i, -i + size) if there[j] in sought]
            held = {there[j] for j in at}
            known = [k for k, word in enumerate(wanted) if word in held]
            yield (
                max(0, at[0] - known[0]),
                min(len(there), at[-1] + len(wanted) - known[-1]),
            )
            yield -i, -i + min(size, len(wanted))


def _compared(found: Sequence[str]) -> list[str]:
    """Words as they are compared: a comma or a quotation mark at a word's end is no difference."""
    return [folded(word)[0].strip(_BESIDE) or word for word in found]


def _told_apart(ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words as they differ: by more than punctuation; else by that, last by that at the ends."""
    compared = _compared(ours), _compared(theirs)
    if compared[0] != compared[1]:
        return compared
    whole = [folded(w)[0] for w in ours], [folded(w)[0] for w in theirs]
    inner = [
        folded(" ".join(side))[0].strip(_BESIDE).split() if side else [] for side in (ours, theirs)
    ]
    if inner[0] == inner[1] or any(len(i) != len(w) for i, w in zip(inner, whole, strict=True)):
        return whole
    return inner[0], inner[1]


def diff(quote: str, source: str) -> list[Change]:
    """Word by word, as runs. The `=` and `-` runs together are the quote's words."""
    ours, theirs = _WORD.findall(quote), _WORD.findall(source)
    compared = _told_apart(ours, theirs)
    changes = []
    for op, a, b, c, d in difflib.SequenceMatcher(None, *compared, autojunk=False).get_opcodes():
        if op == "equal":
            changes.append(Change("=", " ".join(ours[a:b])))
            continue
        if a < b:
            changes.append(Change("-", " ".join(ours[a:b])))
        if c < d:
            changes.append(Change("+", " ".join(theirs[c:d])))
    return changes
