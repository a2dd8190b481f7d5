"""What the command line stands on: the terminal, and a client of the service.

A command speaks to the service that owns the data directory, else it opens the directory itself:
in both cases through the HTTP contract, so that there is one way to do a thing.
"""

import asyncio
import contextlib
import json
import logging
import os
import re
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.text import Text

from index.articles import IsoDate, NewArticle
from index.documents import read_documents
from index.errors import DatelineError, InvalidRequest, PayloadTooLarge
from service.app import create_app
from service.directory import serving_url
from service.settings import Settings

logger = logging.getLogger(__name__)

# What a terminal would obey, what turns a line's direction round, and what no terminal can be sent.
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
# A person at a terminal can press Ctrl-C: a slow or busy machine is no reason to give up for them.
PATIENCE = 600.0  # seconds
HANG = 4  # columns before a footnote's text
MOST_OF_NEAREST = 240  # characters
MISTAKES = (404, 413, 415, 422)  # replies to what was asked for, and not of what went wrong
out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def _is_date(option: typer.CallbackParam, value: str | None) -> str | None:
    """Raises InvalidRequest."""
    try:
        return value and TypeAdapter(IsoDate).validate_python(value)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"--{option.name} {value} {why}.") from None


Since = Annotated[
    str | None, typer.Option(help="Published on or after this date.", callback=_is_date)
]
Until = Annotated[
    str | None, typer.Option(help="Published on or before this date.", callback=_is_date)
]


def load_settings() -> Settings:
    """Raises InvalidRequest, naming the variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"DATELINE_{part}: ".upper() for part in first["loc"])  # none: of several
        why = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{name}{why}.") from None


@contextlib.asynccontextmanager
async def connect(
    settings: Settings, *, answers: bool = True, imports: bool = False
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service, else of one in this process that is loaded and ready."""
    key = next(iter(settings.keys), None)
    headers = {b"Authorization": f"Bearer {key}".encode()} if key else {}
    if url := serving_url(settings.data_dir):
        transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport()
        async with httpx.AsyncClient(
            base_url=url, headers=headers, transport=transport, timeout=None, trust_env=False
        ) as client:
            yield client
        return
    application = create_app(settings, answers=answers, imports=imports)
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            base_url="http://localhost", headers=headers, transport=transport, timeout=None
        ) as client:
            with working("Loading the model" if answers else "Opening the index"):
                while application.state.service.missing():
                    if failure := application.state.service.failure:
                        raise failure
                    await asyncio.sleep(0.02)
            yield client


async def call(client: httpx.AsyncClient, method: str, path: str, **kwargs: Any) -> Any:
    """The JSON of the reply. Raises DatelineError with the service's own words."""
    try:
        response = await client.request(method, path, **kwargs)
    except httpx.TransportError:
        raise DatelineError(f"The service at {client.base_url} does not answer.") from None
    except UnicodeEncodeError:
        raise InvalidRequest("What was typed is not UTF-8 text.") from None
    except Exception:  # of an application in this process
        logger.exception("%s %s failed", method, path)
        raise DatelineError("Something went wrong. This is a mistake in Dateline.") from None
    if not response.is_success:
        kind = InvalidRequest if response.status_code in MISTAKES else DatelineError
        try:
            raise kind(str(response.json()["detail"]))
        except (ValueError, KeyError):
            raise DatelineError(f"The service answered {response.status_code}.") from None
    return response.json() if response.content else None


def name_of(path: Path) -> str:
    return "standard input" if str(path) == "-" else path.name


def documents(path: Path, most_bytes: int, media_type: str | None = None) -> list[NewArticle]:
    """What a file holds, or standard input (-). Raises DatelineError, naming it."""
    try:
        if str(path) == "-":
            data, name = sys.stdin.buffer.read(most_bytes + 1), name_of(path)
        else:
            if path.is_dir():
                os.listdir(path)  # where that fails, it says why
                raise InvalidRequest(f"{path}: there are no documents in this directory.")
            with path.open("rb") as file:
                data, name = file.read(most_bytes + 1), path.name
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror}.") from None
    if len(data) > most_bytes:
        raise PayloadTooLarge(f"{path}: an article may hold {most_bytes:,} bytes at most.")
    return read_documents(name, data, media_type=media_type)


def tell(error: DatelineError) -> None:
    """What went wrong, in a line."""
    err.print(Text("dateline: ", "bold red") + Text(plain(error.message)), soft_wrap=True)


def plain(text: str) -> str:
    """Text of an article as one line that can do nothing to a terminal."""
    return re.sub(_CONTROLS, "�", " ".join(text.split()))


def json_text(value: Any) -> str:
    """JSON to read, with the same controls escaped."""
    written = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub(_CONTROLS, lambda m: f"\\u{ord(m[0]):04x}", written)


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on a terminal; nothing elsewhere."""
    if err.is_terminal:
        with err.status(what):
            yield
    else:
        yield


# Paragraphs with footnotes


def footnoted(citations: Sequence[dict[str, Any]]) -> tuple[Text, list[dict[str, Any]]]:
    """The sentences with the numbers of their sources, and those sources, each once."""
    line, notes = Text(), list[dict[str, Any]]()
    for citation in citations:
        line += Text((" " if line else "") + plain(citation["text"]))
        for note in citation["sources"]:
            if note not in notes:
                notes.append(note)
            line += Text(f" [{notes.index(note) + 1}]", "cyan")
        for day in citation["support"]["derived"]:
            said = f" ({plain(day['text'])}: worked out from “{plain(day['from'])}”)"
            line += Text(said, "dim")
    return line, notes


def print_notes(notes: Sequence[dict[str, Any]], *, numbered: bool) -> None:
    """Sources as footnotes, or, not numbered, as hints of where to look."""
    for number, note in enumerate(notes, 1):
        mark = f"[{number}]" if numbered else " - "
        out.print()
        print_hanging(Text(f"{mark:<{HANG}}", "cyan"), source_line(note))
        cited = plain(note["cited_text"])
        if not numbered:
            cited = textwrap.shorten(cited, MOST_OF_NEAREST, placeholder=" …")
        print_hanging(Text(" " * HANG), Text(f"“{cited}”", "italic"))


# Reasons that say nothing against what a sentence tells.
OF_ITS_FORM = frozenset(
    ["no room is left for it", "too long", "it has no end", "it does not stand by itself"]
)


def print_dropped(found: Sequence[dict[str, Any]]) -> None:
    for dropped in found:
        why = "" if dropped["reason"] in OF_ITS_FORM else ", not supported"
        said = f"\nLeft out{why} ({dropped['reason']}): {plain(dropped['text'])}"
        out.print(Text(said, "dim"))


# What the signals of an answer say.
SIGNALS = {
    "answerable": "the answer is there",
    "support": "its sentences are supported",
    "settled": "what is cited settles it",
    "unmet": "of the question not borne out",
    "mended": "not in the model's first words",
}


def print_trace(trace: dict[str, Any]) -> None:
    """How an answer came about, a line each: the passages found, what was read of them, each part
    of the question with its signals, each sentence that was checked with its verdict and the checks
    that failed.
    """
    lines = [("Searched for: ", trace["query"])]
    for hit in trace["hits"]:
        place = f"{hit['article_id']} {hit['start_char_index']}-{hit['end_char_index']}"
        about = [hit.get("title"), hit.get("source"), place, _figures(hit["scores"])]
        lines.append(("  found: ", ", ".join(part for part in about if part)))
    for read in trace["passages"]:
        place = f"{read['article_id']} {read['start_char_index']}-{read['end_char_index']}"
        lines.append(("  read: ", place))
    for part in trace["parts"]:
        reached = f"{part['probability']:.2f} sure of the {part['needed']:.2f} that it takes"
        lines.append(("", f"{part['question']} {part['reason'] or 'answered'}, {reached}"))
        signals = {SIGNALS.get(name, name): value for name, value in part["signals"].items()}
        lines.append(("  signals: ", _figures(signals)))
    for claim in trace["claims"]:
        failed = [name for name, holds in claim["checks"].items() if holds is False]
        figures = {"score": claim.get("score"), "entailment": claim["checks"].get("entailment")}
        verdict = [claim["label"], _figures(figures)]
        verdict += [f"failed: {', '.join(failed)}"] if failed else []
        lines.append(("  ", f"{', '.join(filter(None, verdict))}: {claim['text']}"))
    out.print()
    for indent, line in lines:
        out.print(Text(indent + plain(line), "dim"), soft_wrap=True)


def _figures(named: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in named.items() if value is not None)


def print_hanging(mark: Text, text: Text) -> None:
    """`text` beside `mark`, its further lines below its first; no blanks at the lines' ends."""
    for number, line in enumerate(text.wrap(out, max(1, out.width - HANG))):
        line.rstrip()
        out.print((Text(" " * HANG) if number else mark) + line)


def source_line(note: dict[str, Any]) -> Text:
    """Which article a source is of."""
    if note["type"] == "field":
        return Text(f"{note['article_id']}, its {note['field'].replace('_', ' ')}", "bold")
    about = [note["source"], _day(note["published_at"])]
    named = plain(note["title"] or note["article_id"])
    return Text.assemble((named, "bold"), "".join(f", {plain(part)}" for part in about if part))


def _day(published_at: str | None) -> str | None:
    if not published_at:
        return None
    day = date.fromisoformat(published_at[:10])
    return f"{day.day} {day:%B %Y}"
