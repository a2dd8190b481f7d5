"""Texts: folding, quotations, places, and what differs between two of them. Knows no service."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # code points, end exclusive

# What the service folds when it verifies a quote, and nothing else. A mark of a quotation within
# another is written single or double.
_FOLDED = {
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
}
_MARKS = "\"'“”„«»‘’‚ \t\n"
_QUOTED = re.compile(r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|\"([^\"\n]+)\"")
# Closed as well, though not as English does it: »so«, ”so”. And the paragraphs of one quotation:
# each opens it anew, and the last closes it.
_CLOSED = re.compile(rf"{_QUOTED.pattern}|»[^«»]+«|”[^“”]+”|“[^“”]+\n[ \t]*(?=“)")
_LONE = re.compile(r"[“”„«»]|(?<!\d)\"")  # after a digit it is inches
# Single marks, and where they no longer belong together. What opens stands before a word and after
# none ('tis and '90s are shortened words), what closes after something and before no letter.
_SINGLE = re.compile(
    r"(?P<opens>(?<![^\s(\[{“\"«—–/])[‘'](?=[\w“\"(\[$£€…])"
    r"(?!(?:\d\ds?|[dmnst]|ll|re|ve|em|til|tis|twas|cause)\b))"
    r"|(?P<closes>(?<=\S)['’](?!\w))|(?P<ends>[.!?](?=\s))|(?P<breaks>\n)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"(?<=s)['’](?= \w)")  # "the ministers' talks", perhaps
_WORD = re.compile(r"\S+")
_EDGES = "\"'“”„«»‘’‚.,;:!?()[]…-–— "
# What a terminal would obey, and what turns a line's direction round.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_COMMON = frozenset(
    "a an and are as at be been by for from had has have he her his in is it its of on or "
    "said say says she that the their there they this to was were which who will with".split()
)
SAME = 0.5  # of its words, in the order of the other's, make a text like the other
ALIKE = 0.8  # of a word in common: one that is spelled nearly so
SPELLED = 0.75  # of two words' letters that are the same make them spelled nearly so
LEAST_SPELLED = 4  # letters of such a word
MOST_SPELLED = 100  # words that are looked for so
MOST_WINDOWS = 20  # places whose words are compared in their order


def folded(text: str) -> tuple[str, list[Span]]:
    """The text folded, and for each of its characters where that one stands in the text."""
    out: list[str] = []
    places: list[Span] = []
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


def occurrences(words: str, text: str) -> list[Span]:
    """Where the words stand in the text, both folded; whole words only."""
    needle, _ = folded(words.strip(_MARKS))
    haystack, places = folded(text)
    if not needle:
        return []
    found = []
    for match in re.finditer(re.escape(needle), haystack):
        start, end = match.span()
        inside = haystack[max(0, start - 1) : start + 1], haystack[end - 1 : end + 1]
        if not any(len(pair) == 2 and pair.isalnum() for pair in inside):
            found.append((places[start][0], places[end - 1][1]))
    return found


def quotations(text: str) -> list[Span]:
    """What stands between quotation marks, without the comma or stop that belongs to the text.

    Of one within another only the outer counts. An apostrophe is no mark.
    """
    double = [m.span(m.lastindex or 0) for m in _QUOTED.finditer(text)]
    found: list[Span] = []
    last = 0
    for start, end in sorted([*double, *_singly_quoted(text)], key=lambda s: (s[0], -s[1])):
        if start < last:
            continue
        last = end
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(text[start:end].rstrip(" \n.,"))
        if start < end:
            found.append((start, end))
    return found


def lone_marks(text: str) -> list[int]:
    """Where double quotation marks stand that nothing closes, or that close nothing."""
    rest = _CLOSED.sub(lambda found: " " * len(found[0]), text)
    return [match.start() for match in _LONE.finditer(rest)]


def _singly_quoted(text: str) -> Iterator[tuple[int, int]]:
    """Between ‘ and ’, or two straight ones, of one line. What may be a possessive ("ministers'")
    closes only in the sentence that was opened in, and where nothing else does in it.
    """
    start: int | None = None
    perhaps: int | None = None
    closing, ended = "", False
    for match in _SINGLE.finditer(f"{text}\n"):
        if match["closes"]:
            if start is None or match["closes"] != closing:
                continue
            if _POSSESSIVE.match(text, match.start()):
                perhaps = perhaps or (None if ended else match.start())
                continue
            yield start, match.start()
            start = perhaps = None
            continue
        if start is not None and perhaps is not None:
            yield start, perhaps
            start = perhaps = None
        if match["opens"]:
            start, closing = match.end(), "’" if match["opens"] == "‘" else "'"
        elif match["breaks"]:
            start = None
        ended = bool(match["ends"])


def nearest(words: str, text: str) -> Span | None:
    """The place of as many words in a row that is most like `words`; None where nothing is."""
    wanted = [_bare(w) for w in words.split()]
    spans = [m.span() for m in _WORD.finditer(text)]
    there, shares = _alike(wanted, [_bare(text[a:b]) for a, b in spans])
    size = min(len(wanted), len(there))
    if not size:
        return None
    sought = Counter(wanted)
    shared = [
        (sum((Counter(there[i : i + size]) & sought).values()), -i)
        for i in range(len(there) - size + 1)
    ]
    best = sorted(shared, reverse=True)[:MOST_WINDOWS]

    def likeness(i: int) -> tuple[float, int]:
        """Of two as like as each other the one whose words stand where they are looked for."""
        window = there[i : i + size]
        matcher = difflib.SequenceMatcher(None, wanted, window, autojunk=False)
        blocks = matcher.get_matching_blocks()
        common = sum(sum(shares[i + b.b : i + b.b + b.size]) for b in blocks)
        return 2 * common / (len(wanted) + size), sum(map(str.__eq__, wanted, window))

    start = max((-i for _, i in best), key=likeness)
    if likeness(start)[0] < SAME:
        return None
    return _inner(text, spans[start][0], spans[start + size - 1][1])


def _alike(wanted: Sequence[str], there: Sequence[str]) -> tuple[list[str], list[float]]:
    """The words of a text, those spelled nearly as one of `wanted` written as that one; and how
    much of a word in common each counts.
    """
    known = set(wanted)
    by_start: dict[str, list[str]] = {}
    for word in sorted(known - set(there))[:MOST_SPELLED]:
        if len(word) >= LEAST_SPELLED and word.isalpha():
            by_start.setdefault(word[:2], []).append(word)
    made: dict[str, str] = {}
    for word in set(there) - known:
        if len(word) >= LEAST_SPELLED and word.isalpha():
            for other in by_start.get(word[:2], ()):
                if difflib.SequenceMatcher(None, word, other, autojunk=False).ratio() >= SPELLED:
                    made[word] = other
                    break
    return [made.get(word, word) for word in there], [
        ALIKE if word in made else 1.0 for word in there
    ]


def missing(text: str, other: str) -> list[Span]:
    """The words of `text` that `other` does not have anywhere; small ones don't count."""
    there = {_bare(w) for w in other.split()} | _COMMON
    return [
        _inner(text, *match.span())
        for match in _WORD.finditer(text)
        if _bare(match.group()) and _bare(match.group()) not in there
    ]


def changed(text: str, other: str) -> tuple[list[Span], list[Span]]:
    """The words that differ, in order, in each of the two."""
    ours, theirs, codes = _compared(text, other)
    differ = [code for code in codes if code[0] != "equal"]
    return (
        [_inner(text, *span) for _, a, b, _, _ in differ for span in ours[a:b]],
        [_inner(other, *span) for _, _, _, c, d in differ for span in theirs[c:d]],
    )


def instead(text: str, other: str) -> list[Span]:
    """The words of `other` that stand where `text` has words that `other` has nowhere.

    None where the two are so unlike that this tells nothing.
    """
    ours, theirs, codes = _compared(text, other)
    same = sum(b - a for op, a, b, _, _ in codes if op == "equal")
    if same < SAME * len(ours):
        return []
    gone, new = set(missing(text, other)), set(missing(other, text))
    return [
        place
        for op, a, b, c, d in codes
        if op == "replace" and gone & {_inner(text, *span) for span in ours[a:b]}
        for span in theirs[c:d]
        if (place := _inner(other, *span)) in new
    ]


def _compared(
    text: str, other: str
) -> tuple[list[Span], list[Span], Sequence[tuple[str, int, int, int, int]]]:
    ours, theirs = ([m.span() for m in _WORD.finditer(t)] for t in (text, other))
    matcher = difflib.SequenceMatcher(
        None,
        [_bare(text[slice(*span)]) for span in ours],
        [_bare(other[slice(*span)]) for span in theirs],
        autojunk=False,
    )
    return ours, theirs, matcher.get_opcodes()


def _inner(text: str, start: int, end: int) -> Span:
    """Without the punctuation at the edges, where something else is left."""
    words = text[start:end]
    if not words.strip(_EDGES):
        return start, end
    return (
        start + len(words) - len(words.lstrip(_EDGES)),
        end - len(words) + len(words.rstrip(_EDGES)),
    )


def likeness(text: str, other: str) -> float:
    """The share of words in common, 0 to 1."""
    ours, theirs = ([_bare(w) for w in t.split()] for t in (text, other))
    return difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _bare(word: str) -> str:
    return folded(word)[0].strip(_EDGES).casefold()


def plain(text: str) -> str:
    """As one line that can do nothing to a terminal."""
    return _CONTROLS.sub("�", " ".join(text.split()))


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Both counted from 1."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


@dataclass(frozen=True)
class Look:
    """How a failure is shown: `width` in columns; in colours, or with marks below the words."""

    width: int = 80
    colours: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text

    def bold(self, text: str) -> str:
        return self.paint(text, "1")

    def dim(self, text: str) -> str:
        return self.paint(text, "2")

    def lines(self, sign: str, text: str, marked: Sequence[Span] = ()) -> Iterator[str]:
        """A text of a diff, wrapped, `sign` before each line. `text` is one that is plain."""
        colour = {"-": "31", "+": "32"}.get(sign, "0")
        for start, end in _wrapped(text, max(20, self.width - 4)):
            inside = [
                (max(a, start) - start, min(b, end) - start)
                for a, b in marked
                if a < end and b > start
            ]
            line = text[start:end]
            if self.colours:
                shown, last = "", 0
                for a, b in inside:
                    shown += self.paint(line[last:a], colour)
                    shown += self.paint(line[a:b], f"1;7;{colour}")
                    last = b
                yield self.paint(f"  {sign} ", colour) + shown + self.paint(line[last:], colour)
                continue
            yield f"  {sign} {line}"
            if inside:
                under = [" "] * len(line)
                for a, b in inside:
                    under[a:b] = "^" * (b - a)
                yield f"  ? {''.join(under).rstrip()}"


def _wrapped(text: str, width: int) -> Iterator[Span]:
    start = 0
    while len(text) - start > width:
        cut = text.rfind(" ", start + 1, start + width + 1)
        end = cut if cut > start else start + width
        yield start, end
        start = end + (cut > start)
    yield start, len(text)
