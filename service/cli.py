"""The command line. It speaks to the service that owns the data directory, else it opens the
directory itself: in both cases through the HTTP contract, so that there is one way to do a thing.
"""

import asyncio
import contextlib
import io
import json
import logging
import os
import re
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from index.articles import NewArticle
from index.documents import MEDIA_TYPES, read_documents
from index.errors import AlreadyRunning, DatelineError, InvalidRequest, PayloadTooLarge
from service import catalogue
from service.app import LOOPBACK_NAMES, Service, create_app
from service.cli_models import models_app
from service.directory import serving_url
from service.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "examples" / "articles"
MOST_OF_NEAREST = 240  # characters
EXAMPLE_QUESTION = "What did the two ministers sign?"
# A person at a terminal can press Ctrl-C: a slow or busy machine is no reason to give up for them.
PATIENCE = 600.0  # seconds
# What a terminal would obey, what turns a line's direction round, and what no terminal can be sent.
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
GRACE = 5  # seconds that answers on their way have when the service ends
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")]

logger = logging.getLogger(__name__)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ask your news articles a question; every sentence of the answer is cited.",
)
app.add_typer(models_app)
out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no UTF-8 gets \u201c for “
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except DatelineError as error:
        err.print(Text("dateline: ", "bold red") + Text(_plain(error.message)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _settings() -> Settings:
    """Raises InvalidRequest, naming the variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"DATELINE_{first['loc'][0]}".upper()
        raise InvalidRequest(f"{name}: {first['msg']}.") from None


@app.command()
def serve(host: str = "127.0.0.1", port: Port = 8000) -> None:
    """Serve over HTTP until Ctrl-C."""
    asyncio.run(_serve(_settings(), host, port, demo=False))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Go on serving until Ctrl-C.")] = False,
    host: str = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Add the example articles if there are none, ask an example question, print the answer."""
    settings = _settings()
    if serve:
        asyncio.run(_serve(settings, host, port, demo=True))
    else:
        asyncio.run(_demo_alone(settings))


@app.command()
def add(paths: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Add articles from plain-text files, with front matter or without."""
    if not asyncio.run(_add(_settings(), paths)):
        raise typer.Exit(1)


@app.command()
def ask(
    question: str,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply.")] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only from this source.")] = None,
    since: Annotated[str | None, typer.Option(help="Published on or after this date.")] = None,
    until: Annotated[str | None, typer.Option(help="Published on or before this date.")] = None,
    top_k: Annotated[int, typer.Option(help="Passages to read.")] = 6,
    max_seconds: Annotated[float, typer.Option(help="Time for the answer.")] = PATIENCE,
    why: Annotated[bool, typer.Option("--why", help="Show how the answer came about.")] = False,
) -> None:
    """Ask a question. A refusal is an answer too: it exits with 0."""
    filters = {"sources": source or [], "published_from": since, "published_to": until}
    request = {
        "question": question,
        "filters": filters,
        "top_k": top_k,
        "max_seconds": max_seconds,
        "include_trace": why,
    }
    reply = asyncio.run(_ask(_settings(), request))
    if as_json:
        typer.echo(_json(reply))
    else:
        print_answer(reply)


@app.command("list")
def list_articles() -> None:
    """List the articles, the last added first."""
    for header in asyncio.run(_list(_settings())):
        said = [header["published_at"], header["source"], header["title"]]
        out.print(
            Text(header["id"], "bold") + Text("  " + _plain(", ".join(s for s in said if s))),
            soft_wrap=True,
        )


@app.command()
def delete(ids: Annotated[list[str], typer.Argument(metavar="ID...")]) -> None:
    """Delete articles by their ids, with everything that was made of them."""
    if not asyncio.run(_delete(_settings(), ids)):
        raise typer.Exit(1)


# Talking to a service


@contextlib.asynccontextmanager
async def connect(settings: Settings, *, answers: bool = True) -> AsyncIterator[httpx.AsyncClient]:
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
    application = create_app(settings, answers=answers)
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            base_url="http://localhost", headers=headers, transport=transport, timeout=None
        ) as client:
            with _working("Loading the model" if answers else "Opening the index"):
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
        try:
            raise DatelineError(str(response.json()["detail"]))
        except (ValueError, KeyError):
            raise DatelineError(f"The service answered {response.status_code}.") from None
    return response.json() if response.content else None


async def _ask(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    async with connect(settings) as client:
        with _working("Reading the articles"):
            reply: dict[str, Any] = await call(client, "POST", "/v1/answers", json=request)
        return reply


async def _list(settings: Settings) -> list[dict[str, Any]]:
    headers: list[dict[str, Any]] = []
    async with connect(settings, answers=False) as client:
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
            page = await call(client, "GET", "/v1/articles", params=params)
            headers += page["articles"]
            cursor = page["next_cursor"]
    return headers


async def _delete(settings: Settings, ids: list[str]) -> bool:
    """Deletes what can be deleted and says what cannot. Gives whether all could."""
    all_well = True
    async with connect(settings, answers=False) as client:
        for article_id in ids:
            try:
                await call(client, "DELETE", f"/v1/articles/{quote(article_id, safe='')}")
            except DatelineError as error:
                all_well = False
                _cannot("not deleted", error)
            else:
                out.print(Text(f"deleted  {_plain(article_id)}"), soft_wrap=True)
    return all_well


async def _add(settings: Settings, paths: list[Path]) -> bool:
    """Adds what can be added and says what cannot. Gives whether all could."""
    all_well = True
    async with connect(settings, answers=False) as client:
        for path in [file for given in paths for file in _files(given)]:
            try:
                for new in _read(path, settings.max_article_bytes):
                    body = new.model_dump(exclude_none=True)
                    reply = await call(client, "POST", "/v1/articles", json=body)
                    article = reply["article"]
                    out.print(
                        Text(f"{reply['status']:<10} ", "green")
                        + Text(f"{article['id']}  {_plain(article['title'] or path.name)}"),
                        soft_wrap=True,
                    )
            except DatelineError as error:
                all_well = False
                _cannot("not added", error)
    return all_well


def _cannot(what: str, error: DatelineError) -> None:
    err.print(Text(f"{what}  ", "red") + Text(_plain(error.message)), soft_wrap=True)


def _files(path: Path) -> list[Path]:
    """A file itself; of a directory its documents, hidden ones and those further down left out.

    A directory without any, or that cannot be read, is given itself: reading it says why.
    """
    try:
        found = sorted(
            p
            for p in path.iterdir()
            if (p.suffix.lower() in MEDIA_TYPES or not p.suffix)
            and p.name[0] != "."
            and p.is_file()
        )
    except OSError:
        return [path]
    return found or [path]


def _read(path: Path, most_bytes: int) -> list[NewArticle]:
    try:
        if path.is_dir():
            os.listdir(path)  # where that fails, it says why
            raise InvalidRequest(
                f"{path}: there are no documents (.txt, .md, .html, .pdf, .docx, .rss, .atom) "
                "in this directory."
            )
        if path.stat().st_size > most_bytes:
            raise PayloadTooLarge(f"{path}: an article may hold {most_bytes:,} bytes at most.")
        return read_documents(path.name, path.read_bytes())
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror}.") from None


# Serving


async def _serve(settings: Settings, host: str, port: int, *, demo: bool) -> None:
    if host not in LOOPBACK_NAMES and not settings.keys:
        raise InvalidRequest(
            f"Without DATELINE_API_KEYS the service binds to loopback only, and {host} is not "
            "loopback. Set keys, or leave --host out."
        )
    if running := serving_url(settings.data_dir):
        raise AlreadyRunning(
            f"Dateline is serving this data directory already, at {running}. Use that one, stop "
            "it, or set DATELINE_DATA_DIR to another directory."
        )
    for model in catalogue.defaults(settings.model):
        catalogue.locate(model, settings.models_dir)  # a missing model is said before serving
    with _bound(host, port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        reachable = url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
        application = create_app(settings, url=reachable)
        config = uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=GRACE)
        server = _Server(config, application.state.service)
        async with application.router.lifespan_context(application):
            config.lifespan = "off"  # ours: it has begun, and its errors are ours to tell
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await _until_ready(application.state.service, serving)
                if demo and not serving.done():
                    async with connect(settings) as client:
                        await _demo(client)
                if not serving.done():
                    said = f"\nServing on [bold]{url}[/] ([bold]{url}/docs[/]). Ctrl-C ends it."
                    out.print(said, soft_wrap=True)
                await serving
            except DatelineError:
                if not server.should_exit:  # else it is its ending that a call met with
                    raise
            finally:
                server.should_exit = True
                await serving


class _Server(uvicorn.Server):
    """Ends at a signal and no more: uvicorn's would then raise the signal again, which ends the
    process before what it has open is closed. Who still waits for an answer then is told so."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.service.ending = True
        await super().shutdown(sockets)  # it cancels what takes too long, and does not wait for it
        if self.server_state.tasks and not self.force_exit:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)


async def _until_ready(service: Service, serving: "asyncio.Task[None]") -> None:
    with _working("Loading the model"):
        while service.missing() and not serving.done():
            if service.failure:
                raise service.failure
            await asyncio.sleep(0.05)


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by its name: only then asyncio turns Nagle's delay of 40 ms an answer off.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)  # who finds the URL in the lock file waits, and is not refused
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not a host name"
            raise InvalidRequest(
                f"{host}:{port} cannot be served on: {why}. Choose another --host or --port."
            ) from None
        yield listener


async def _demo_alone(settings: Settings) -> None:
    async with connect(settings) as client:
        await _demo(client)


async def _demo(client: httpx.AsyncClient) -> None:
    page = await call(client, "GET", "/v1/articles", params={"limit": 1})
    if not page["articles"]:
        files = sorted(EXAMPLES.iterdir())
        for path in files:
            for new in read_documents(path.name, path.read_bytes()):
                await call(client, "POST", "/v1/articles", json=new.model_dump(exclude_none=True))
        out.print(f"Added {len(files)} example articles.")
    out.print(f"\n[dim]dateline ask[/] [bold]'{EXAMPLE_QUESTION}'[/]\n")
    request = {"question": EXAMPLE_QUESTION, "max_seconds": PATIENCE}
    with _working("Reading the articles"):
        reply = await call(client, "POST", "/v1/answers", json=request)
    print_answer(reply)


# What a person sees


def print_answer(reply: dict[str, Any]) -> None:
    """The answer with a footnote for each source, or the refusal with the nearest passages."""
    notes: list[dict[str, Any]] = []
    if reply["answerable"]:
        line = Text()
        for citation in reply["citations"]:
            line += Text((" " if line else "") + _plain(citation["text"]))
            for note in citation["sources"]:
                if note not in notes:
                    notes.append(note)
                line += Text(f" [{notes.index(note) + 1}]", "cyan")
            for day in citation["support"]["derived"]:
                said = f" ({_plain(day['text'])}: worked out from “{_plain(day['from'])}”)"
                line += Text(said, "dim")
        out.print(line)
    else:
        refusal = reply["refusal"]
        out.print(Text("No answer. ", "bold yellow") + Text(_plain(refusal["message"])))
        notes = refusal["nearest"]
        if notes:
            out.print(Text("\nThe nearest passages:", "dim"))
    for number, note in enumerate(notes, 1):
        mark = f"[{number}]" if reply["answerable"] else " - "
        out.print()
        out.print(Text(f"{mark} ", "cyan") + _source(note))
        cited = _plain(note["cited_text"])
        if not reply["answerable"]:  # only a hint of where to look
            cited = textwrap.shorten(cited, MOST_OF_NEAREST, placeholder=" …")
        quoted = Text(f"“{cited}”", "italic")
        out.print(Padding(quoted, (0, 0, 0, 4)))
    for dropped in reply["dropped"]:
        said = f"\nLeft out, not supported ({dropped['reason']}): {_plain(dropped['text'])}"
        out.print(Text(said, "dim"))
    if reply["trace"] is not None:
        out.print(Text("\n" + _json(reply["trace"]), "dim"), soft_wrap=True)


def _source(note: dict[str, Any]) -> Text:
    if note["type"] == "field":
        return Text(f"{note['article_id']}, its {note['field'].replace('_', ' ')}", "bold")
    about = [note["source"], _day(note["published_at"])]
    return Text(_plain(note["title"] or note["article_id"]), "bold") + Text(
        "".join(f", {_plain(part)}" for part in about if part)
    )


def _day(published_at: str | None) -> str | None:
    if not published_at:
        return None
    day = date.fromisoformat(published_at[:10])
    return f"{day.day} {day:%B %Y}"


def _plain(text: str) -> str:
    """Text of an article as one line that can do nothing to a terminal."""
    return re.sub(_CONTROLS, "�", " ".join(text.split()))


def _json(value: Any) -> str:
    """JSON to read, with the same controls escaped."""
    written = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub(_CONTROLS, lambda m: f"\\u{ord(m[0]):04x}", written)


@contextlib.contextmanager
def _working(what: str) -> Iterator[None]:
    """A spinner on a terminal; nothing elsewhere."""
    if err.is_terminal:
        with err.status(what):
            yield
    else:
        yield
