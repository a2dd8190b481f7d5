"""The commands that hold a text, or a quote, against articles or against texts given."""

import asyncio
import contextlib
import difflib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.cells import cell_len
from rich.text import Text

from index.articles import NewArticle
from index.errors import DatelineError, InvalidRequest
from index.sentences import Span
from service.quotes import MOST_MATCHES
from service.settings import Settings
from service.terminal import (
    HANG,
    call,
    connect,
    documents,
    json_text,
    load_settings,
    out,
    plain,
    print_hanging,
    source_line,
    tell,
    working,
)
from service.wording import Word, is_content, words

# Between texts that are sent as one: wide enough that no citation reaches from one into the next.
GAP = "\n\n\n\n"
NOTHING_KEPT = "There are no articles to hold it against. Add some first, or give --source FILE."
TROUBLE = 2  # what cannot be checked exits with this, as of `diff` and `grep`: 1 is a verdict
ALIKE = 0.5  # of the words in common: from here on those of the other side that differ are marked
STYLES = {
    "supported": "green",
    "contradicted": "red",
    "unsupported": "yellow",
    "not_checkable": "dim",
}
WRONG = {
    "numbers": "a number that the source does not give for this",
    "names": "a name that the source does not have",
    "dates": "a date that is not the source's",
    "negation": "it denies what the source says, or the other way round",
    "quotes": "quoted words that the source does not have",
    "roles": "somebody else did or said it, in the source",
    "plans": "done, where the source tells of a plan or of what may be",
    "causes": "a cause that the source does not name",
    "orders": "the source orders it to be said, and does not state it",
}
MARKED = "bold reverse"
SAME = Text.assemble(("  = ", "green"))

Articles = Annotated[
    list[str] | None,
    typer.Option("--article", metavar="ID", help="Against this article only. Can be repeated."),
]
Sources = Annotated[
    list[Path] | None,
    typer.Option("--source", metavar="FILE", help="Against this file instead. Can be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the whole reply.")]


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    article: Articles = None,
    source: Sources = None,
    fast: Annotated[bool, typer.Option("--fast", help="Without the language model.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a text against the articles, sentence by sentence; - is standard input.

    Places are in characters of the text, a line's end counting as one. Exits with 0 if every
    sentence is supported or states nothing to check, with 1 if one is not, and with 2 if it cannot
    be checked.
    """
    with _trouble():
        settings = load_settings()
        text = GAP.join(new.text for new in documents(file, settings.max_article_bytes))
        request = {"text": text, "mode": "fast" if fast else "full"}
        given = _given(settings, article, source)
        reply = asyncio.run(_check(settings, request, article or [], given))
    if as_json:
        typer.echo(json_text(reply))
    else:
        _print_check(reply)
    if any(s["label"] not in ("supported", "not_checkable") for s in reply["sentences"]):
        raise typer.Exit(1)


def quote(
    words: Annotated[str, typer.Argument(metavar="QUOTE")],
    article: Articles = None,
    source: Sources = None,
    as_json: Json = False,
) -> None:
    """Say whether a quote stands in the articles word for word, and where, or what is nearest.

    Exits with 0 if it does, with 1 if not, and with 2 if that cannot be told.
    """
    with _trouble():
        settings = load_settings()
        given = _given(settings, article, source)
        reply = asyncio.run(_quote(settings, words, article or [], given))
    if as_json:
        typer.echo(json_text(reply))
    else:
        _print_quote(reply)
    if not reply["found"]:
        raise typer.Exit(1)


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except DatelineError as error:
        tell(error)
        raise typer.Exit(TROUBLE) from None


def _given(
    settings: Settings, articles: list[str] | None, files: list[Path] | None
) -> list[tuple[Path, NewArticle]]:
    """The texts of the files. Raises DatelineError."""
    if articles and files:
        raise InvalidRequest("Give --article or --source, not both.")
    return [
        (path, new) for path in files or [] for new in documents(path, settings.max_article_bytes)
    ]


async def _check(
    settings: Settings,
    request: dict[str, Any],
    article_ids: list[str],
    given: Sequence[tuple[Path, NewArticle]],
) -> dict[str, Any]:
    """What `POST /v1/checks` answers; a place in a file names it and has that file's offsets."""
    texts = [new.text for _, new in given]
    if given:
        request["source_text"] = GAP.join(texts)
    else:
        request["article_ids"] = article_ids or None
    if len(given) == 1:
        ((_, new),) = given
        request |= {"source_title": new.title, "source_published_at": new.published_at}
    async with connect(settings, answers=request["mode"] == "full") as client:
        if not given:
            await _some_are_kept(client)
        with working("Checking"):
            reply: dict[str, Any] = await call(client, "POST", "/v1/checks", json=request)
    starts = list(accumulate((len(text) + len(GAP) for text in texts[:-1]), initial=0))
    for place in (p for sentence in reply["sentences"] for p in sentence["sources"] if given):
        number = bisect_right(starts, place["start_char_index"]) - 1
        _name(place, *given[number], starts[number])
    return reply


async def _some_are_kept(client: httpx.AsyncClient) -> None:
    """Raises InvalidRequest."""
    page = await call(client, "GET", "/v1/articles", params={"limit": 1})
    if not page["articles"]:
        raise InvalidRequest(NOTHING_KEPT)


async def _quote(
    settings: Settings,
    words: str,
    article_ids: list[str],
    given: Sequence[tuple[Path, NewArticle]],
) -> dict[str, Any]:
    """What `POST /v1/quotes:verify` answers, of all the files together."""
    if not words.strip():
        raise InvalidRequest("The quote is empty: give the words to look for.")
    replies: list[dict[str, Any]] = []
    async with connect(settings, answers=False) as client:
        if not given:
            await _some_are_kept(client)
        with working("Looking for it"):
            request: dict[str, Any] = {"quote": words, "article_ids": article_ids or None}
            for path, new in given:
                asked = {"quote": words, "source_text": new.text}
                reply = await call(client, "POST", "/v1/quotes:verify", json=asked)
                nearest = [reply["nearest"]["source"]] if reply["nearest"] else []
                for place in (*reply["matches"], *nearest):
                    _name(place, path, new)
                replies.append(reply)
            if not given:
                replies = [await call(client, "POST", "/v1/quotes:verify", json=request)]
    matches = [match for reply in replies for match in reply["matches"]]
    offered = [reply["nearest"] for reply in replies if reply["nearest"] and not matches]
    nearest_of_all = max(offered, key=lambda near: near["similarity"], default=None)
    return {"found": bool(matches), "matches": matches, "nearest": nearest_of_all}


def _name(place: dict[str, Any], path: Path, new: NewArticle, start: int = 0) -> None:
    place |= {"file": str(path), "title": new.title, "published_at": new.published_at}
    for offset in ("start_char_index", "end_char_index"):
        place[offset] -= start


# What a person sees


def _print_check(reply: dict[str, Any]) -> None:
    for sentence in reply["sentences"]:
        _print_sentence(sentence)
    labels = Counter(sentence["label"] for sentence in reply["sentences"])
    counts = [f"{labels[label]} {_said(label)}" for label in STYLES if labels[label]]
    n = labels.total()
    out.print(Text(f"{n} sentence{'' if n == 1 else 's'}: {', '.join(counts)}.", "bold"))


def _print_sentence(sentence: dict[str, Any]) -> None:
    label, said, places = sentence["label"], plain(sentence["text"]), sentence["sources"]
    head = Text.assemble((_said(label), f"bold {STYLES[label]}"))
    if label == "not_checkable":
        out.print(head)
        print_hanging(Text(" " * HANG), Text(said, "dim"))
    elif label == "supported":
        out.print(head.append(f", score {sentence['score']:.2f}", "dim"))
        print_hanging(SAME, Text(said))
        for place in places:
            print_hanging(Text(" " * HANG), Text(f"“{plain(place['cited_text'])}”", "dim italic"))
            _print_place(place)
    else:
        out.print(head.append(f", score {sentence['score']:.2f}", "dim"))
        for reason in _reasons(sentence):
            print_hanging(Text(" " * HANG), Text(reason, STYLES[label]))
        cited = [plain(place["cited_text"]) for place in places]
        ours, theirs = differing(said, cited)
        _print_side("-", said, ours, "red")
        for place, text, marks in zip(places, cited, theirs, strict=True):
            _print_side("+", text, marks, "green")
            _print_place(place)
    out.print()


def _said(label: str) -> str:
    return label.replace("_", " ")


def _reasons(sentence: dict[str, Any]) -> list[str]:
    """Which checks failed, or what else speaks against a sentence."""
    if not sentence["sources"]:
        return ["no source shares a word with it"]
    failed = [name for name, holds in sentence["checks"].items() if holds is False]
    if failed:
        return [f"{name}: {WRONG[name]}" for name in failed]
    if sentence["label"] == "contradicted":
        return ["entailment: the source tells it otherwise"]
    if "entailment" in sentence["checks"]:
        return ["entailment: the source does not say it"]
    return ["words: too little of it is in the source"]


def _print_quote(reply: dict[str, Any]) -> None:
    if reply["found"]:
        n = len(reply["matches"])
        more = " or more" if n >= MOST_MATCHES else ""
        places = f", in {n}{more} place{'' if n == 1 else 's'}."
        out.print(Text.assemble(("Verbatim", "bold green"), places))
        for match in reply["matches"]:
            out.print()
            print_hanging(SAME, Text(plain(match["cited_text"])))
            _print_place(match)
        return
    near = reply["nearest"]
    if near is None:
        out.print(Text.assemble(("Not verbatim. ", "bold yellow"), "Nothing is near it."))
        return
    out.print(Text.assemble(("Not verbatim. ", "bold yellow"), "The nearest:\n"))
    quoted = " ".join(change["text"] for change in near["diff"] if change["op"] != "+")
    for sign, text, style in (("-", quoted, "red"), ("+", near["source"]["cited_text"], "green")):
        _print_side(sign, *_side(near["diff"], sign, text.split()), style)
    _print_place(near["source"])


def _side(diff: list[dict[str, str]], sign: str, said: list[str]) -> tuple[str, list[Span]]:
    """One side's words, which the diff may have as the other writes them, and what only it has.

    What the source says before the quote's first word and after its last is no difference.
    """
    ops = [change["op"] for change in diff]
    around = {0 if ops[:1] == ["+"] else -1, len(ops) - 1 if ops[-2:] == ["=", "+"] else -1}
    text, marks, rest = "", list[Span](), iter(said)
    for number, change in enumerate(diff):
        if change["op"] not in ("=", sign):
            continue
        text += " " if text else ""
        start = len(text)
        text += " ".join(plain(next(rest)) for _ in change["text"].split())
        if change["op"] == sign and number not in around:
            marks.append(Span(start, len(text)))
    return text, marks


def differing(claim: str, sources: Sequence[str]) -> tuple[list[Span], list[list[Span]]]:
    """The claim's words of content that no source has; in each source what stands in their place.

    Of a source that says something else altogether nothing is marked.
    """
    ours = words(claim)
    there = {word.stem for source in sources for word in words(source)}
    lacking = [_is_news(word, there) for word in ours]
    said = {word.stem for word in ours}
    instead: list[list[Span]] = []
    for source in sources:
        theirs = words(source)
        matcher = difflib.SequenceMatcher(
            None, [w.stem for w in ours], [w.stem for w in theirs], autojunk=False
        )
        codes = matcher.get_opcodes() if matcher.ratio() >= ALIKE else []
        instead.append(
            [
                _span(word)
                for op, a, b, c, d in codes
                if op == "replace" and any(lacking[a:b])
                for word in theirs[c:d]
                if _is_news(word, said)
            ]
        )
    return [_span(w) for w, news in zip(ours, lacking, strict=True) if news], instead


def _is_news(word: Word, known: set[str]) -> bool:
    return is_content(word) and word.stem not in known


def _span(word: Word) -> Span:
    return Span(word.start, word.start + len(word.text))


def _print_side(sign: str, said: str, marks: Sequence[Span], style: str) -> None:
    """A side of a diff. What is marked stands out, or, without colours, has carets below it."""
    text = Text(said, style)
    for mark in marks:
        text.stylize(MARKED, mark.start, mark.end)
    for line in text.wrap(out, max(1, out.width - HANG)):
        line.rstrip()
        out.print(Text.assemble((f"  {sign} ", style), line))
        if out.color_system is None and line.spans:
            under = ""
            for span in line.spans:
                under += " " * (cell_len(line.plain[: span.start]) - len(under))
                under += "^" * cell_len(line.plain[span.start : span.end])
            out.print(f"  ? {under}")


def _print_place(place: dict[str, Any]) -> None:
    """Which article or file, and where in its text."""
    file = place.get("file")
    line = source_line(place | {"article_id": place["article_id"] or file})
    if file and place["title"]:
        line.append(f", {plain(file)}")
    line.append(f", characters {place['start_char_index']}-{place['end_char_index']}", "dim")
    print_hanging(Text(" " * HANG), line)
