"""PDF files: their lines put together into paragraphs.

The format knows characters at places on pages; what is a line, a paragraph or a running head is
worked out from the places.
"""

import ctypes
import re
import statistics
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from index.errors import UnreadableDocument

_pdfium = threading.Lock()  # it is not thread-safe
_PAGE_NUMBER = re.compile(r"\W*(?:page\s+)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:。！？؟۔…][\"'”’»)\]]*$")
LONGEST_WORD = 100  # characters
_HYPHEN = "\ufffe"  # what pdfium puts for one at a line's end, the lines joined


class Line(NamedTuple):
    """A line as it is read; all in points, y upwards. One with a hyphen mark is several."""

    text: str
    left: float
    right: float
    first: float  # the baseline of its first character
    last: float
    size: float


def read_pdf(name: str, data: bytes) -> tuple[list[str], dict[str, str]]:
    """A file's paragraphs in order, and what it says of itself: Title, Author, ...

    Raises UnreadableDocument for one with a password, and whatever pdfium raises for a damaged one.
    """
    import pypdfium2 as pdfium

    with _pdfium:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if "assword" in str(error):
                raise UnreadableDocument(
                    f"{name} is protected by a password. Save it without one first."
                ) from None
            raise
        try:
            said = document.get_metadata_dict()
            pages = [list(_lines(document[number])) for number in range(len(document))]
        finally:
            document.close()
    return _paragraphs(_without_furniture(pages)), said


def _lines(page: Any) -> Iterator[Line]:
    import pypdfium2.raw as raw

    read = page.get_textpage()
    x, y, right, unused = (ctypes.c_double() for _ in range(4))
    try:
        at = 0  # in UTF-16 units, as pdfium counts
        for line in read.get_text_range().replace("\x02", _HYPHEN).split("\n"):
            if shown := line.strip():
                first = at + len(line) - len(line.lstrip())
                places = []
                for index in (first, first + _units(shown) - 1):
                    char = max(0, raw.FPDFText_GetCharIndexFromTextIndex(read, index))
                    raw.FPDFText_GetCharOrigin(read, char, x, y)
                    raw.FPDFText_GetCharBox(read, char, unused, right, unused, unused)
                    size = raw.FPDFText_GetFontSize(read, char)
                    places.append((x.value, right.value, y.value, size))
                (left, _, top, size), (_, end, bottom, _) = places
                yield Line(shown, left, end, top, bottom, size)
            at += _units(line) + 1
    finally:
        read.close()
        page.close()


def _units(text: str) -> int:
    return len(text) + sum(c > "\uffff" for c in text)


def _without_furniture(pages: list[list[Line]]) -> list[list[Line]]:
    """Without what pages repeat at their top and bottom: running heads and page numbers."""
    seen = Counter(form for page in pages for form in {_form(page[i]) for i in _edges(page)})
    often = max(3, 0.4 * len(pages))
    return [
        [
            line
            for i, line in enumerate(page)
            if i not in edges
            or not (
                seen[_form(line)] >= often or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(line.text))
            )
        ]
        for page, edges in zip(pages, map(_edges, pages), strict=True)
    ]


def _edges(page: list[Line]) -> set[int]:
    return {0, 1, len(page) - 2, len(page) - 1} & set(range(len(page)))


def _form(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _paragraphs(pages: list[list[Line]]) -> list[str]:
    """Lines joined where a paragraph goes on, over a page's end too."""
    words = Counter(
        word for page in pages for line in page for word in re.findall(r"[\w-]+", line.text)
    )
    paragraphs: list[str] = []
    for page in pages:
        spacing = [a.last - b.first for a, b in pairwise(page) if a.last > b.first]
        usual = statistics.median_low(spacing) if spacing else 0.0
        rights = sorted(line.right for line in page)
        edge = rights[len(rights) * 3 // 4] if rights else 0.0
        for before, line in pairwise([None, *page]):
            assert line is not None
            if paragraphs and (
                _runs_over(paragraphs[-1], line)
                if before is None
                else _goes_on(before, line, usual, edge)
            ):
                paragraphs[-1] = _joined(paragraphs[-1], line.text, words)
            else:
                paragraphs.append(line.text)
    marked = re.compile(rf"(\w+){_HYPHEN}(\w*)")
    return [marked.sub(lambda m: m[1] + _hyphen(m[1], m[2], words) + m[2], p) for p in paragraphs]


def _runs_over(paragraph: str, line: Line) -> bool:
    """Whether a page's first line goes on with a sentence of the page before."""
    if _SENTENCE_END.search(paragraph):
        return False
    return line.text[0].islower() or len(paragraph.split()) > 12


def _goes_on(before: Line, line: Line, usual: float, edge: float) -> bool:
    gap = before.last - line.first
    if abs(line.size - before.size) > 0.15 * before.size or gap > 1.35 * max(usual, line.size):
        return False
    ended = bool(_SENTENCE_END.search(before.text))
    another_column = gap < -line.size
    short = before.right < edge - 4 * line.size
    indented = line.left > before.left + 0.8 * line.size
    return not (ended and (another_column or short or indented))


def _joined(text: str, line: str, words: Mapping[str, int]) -> str:
    """Two lines of a paragraph, a hyphen at the first one's end undone."""
    # A paragraph may be a whole document: only its last word is looked at.
    split = re.search(r"(\w+)[-\u00ad\u2010]$", text[-LONGEST_WORD:])
    rest = re.match(r"\w+", line)
    if split and rest and line[0].islower():
        return text[:-1] + _hyphen(split[1], rest[0], words) + line
    return f"{text} {line}"


def _hyphen(left: str, right: str, words: Mapping[str, int]) -> str:
    """Kept where the text has the two with a hyphen elsewhere, and not as one word."""
    return "-" if words.get(f"{left}-{right}") and not words.get(left + right) else ""
