"""The command line. It speaks to the service that owns the data directory, else it opens the
directory itself: in both cases through the HTTP contract, so that there is one way to do a thing.
"""

import asyncio
import contextlib
import json
import logging
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
import uvicorn
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from index.articles import TEXT_SUFFIXES, NewArticle, read_document
from index.errors import DatelineError, InvalidRequest, PayloadTooLarge
from service import catalogue
from service.app import LOOPBACK_NAMES, create_app
from service.cli_models import models_app
from service.directory import serving_url
from service.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "examples" / "articles"
EXAMPLE_QUESTION = "What did the two ministers sign?"

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
    logging.getLogger("service").addHandler(logging.NullHandler())
    try:
        app()
    except DatelineError as error:
        err.print(Text("dateline: ", "bold red") + Text(_plain(error.message)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve over HTTP until Ctrl-C."""
    asyncio.run(_serve(Settings(), host, port, demo=False))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Go on serving until Ctrl-C.")] = False,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> None:
    """Add the example articles if there are none, ask an example question, print the answer."""
    settings = Settings()
    if serve:
        asyncio.run(_serve(settings, host, port, demo=True))
    else:
        asyncio.run(_demo_alone(settings))


@app.command()
def add(paths: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Add articles from plain-text files, with front matter or without."""
    if not asyncio.run(_add(Settings(), paths)):
        raise typer.Exit(1)


@app.command()
def ask(
    question: str,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply.")] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only from this source.")] = None,
    since: Annotated[str | None, typer.Option(help="Published on or after this date.")] = None,
    until: Annotated[str | None, typer.Option(help="Published on or before this date.")] = None,
    top_k: Annotated[int, typer.Option(help="Passages to read.")] = 6,
    why: Annotated[bool, typer.Option("--why", help="Show how the answer came about.")] = False,
) -> None:
    """Ask a question. A refusal is an answer too: it exits with 0."""
    filters = {"sources": source or [], "published_from": since, "published_to": until}
    request = {
        "question": question, "filters": filters, "top_k": top_k, "include_trace": why,
    }  # fmt: skip
    reply = asyncio.run(_ask(Settings(), request))
    if as_json:
        typer.echo(json.dumps(reply, ensure_ascii=False, indent=2))
    else:
        print_answer(reply)


@app.command("list")
def list_articles() -> None:
    """List the articles, the last added first."""
    for header in asyncio.run(_list(Settings())):
        said = [header["published_at"], header["source"], header["title"]]
        out.print(
            Text(header["id"], "bold") + Text("  " + _plain(", ".join(s for s in said if s))),
            soft_wrap=True,
        )


@app.command()
def delete(ids: Annotated[list[str], typer.Argument(metavar="ID...")]) -> None:
    """Delete articles by their ids, with everything that was made of them."""
    asyncio.run(_delete(Settings(), ids))


# Talking to a service


@contextlib.asynccontextmanager
async def connect(settings: Settings, *, answers: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service, else of one in this process that is loaded and ready."""
    key = settings.api_keys.partition(",")[0].strip()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
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
    if response.is_error:
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


async def _delete(settings: Settings, ids: list[str]) -> None:
    async with connect(settings, answers=False) as client:
        for article_id in ids:
            await call(client, "DELETE", f"/v1/articles/{quote(article_id, safe='')}")
            out.print(Text(f"deleted  {_plain(article_id)}"))


async def _add(settings: Settings, paths: list[Path]) -> bool:
    """Adds what can be added and says what cannot. Gives whether all could."""
    all_well = True
    async with connect(settings, answers=False) as client:
        for path in _files(paths):
            try:
                new = _read(path, settings.max_article_bytes)
                body = new.model_dump(exclude_none=True)
                reply = await call(client, "POST", "/v1/articles", json=body)
            except DatelineError as error:
                all_well = False
                err.print(Text("not added  ", "red") + Text(_plain(error.message)), soft_wrap=True)
            else:
                article = reply["article"]
                out.print(
                    Text(f"{reply['status']:<10} ", "green")
                    + Text(_plain(f"{article['id']}  {article['title'] or path.name}")),
                    soft_wrap=True,
                )
    return all_well


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.suffix.lower() in TEXT_SUFFIXES)
        else:
            yield path


def _read(path: Path, most_bytes: int) -> NewArticle:
    try:
        if path.stat().st_size > most_bytes:
            raise PayloadTooLarge(f"{path}: an article may hold {most_bytes:,} bytes at most.")
        return read_document(path.name, path.read_bytes())
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror}.") from None


# Serving


async def _serve(settings: Settings, host: str, port: int, *, demo: bool) -> None:
    if host not in LOOPBACK_NAMES and not settings.api_keys.strip():
        raise InvalidRequest(
            f"Without DATELINE_API_KEYS the service binds to loopback only, and {host} is not "
            "loopback. Set keys, or leave --host out."
        )
    for model in catalogue.defaults(settings.model):
        catalogue.locate(model, settings.models_dir)  # a missing model is said before serving
    with _bound(host, port) as listener:
        port = listener.getsockname()[1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        reachable = url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
        application = create_app(settings, url=reachable)
        config = uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        async with application.router.lifespan_context(application):
            config.lifespan = "off"  # ours: it has begun, and its errors are ours to tell
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await _until_ready(application.state.service, serving)
                if demo and not serving.done():
                    async with connect(settings) as client:
                        await _demo(client)
                if not serving.done():
                    out.print(f"\nServing on [bold]{url}[/] ([bold]{url}/docs[/]). Ctrl-C ends it.")
                await serving
            finally:
                server.should_exit = True
                await serving


async def _until_ready(service: Any, serving: "asyncio.Task[None]") -> None:
    with _working("Loading the model"):
        while service.missing() and not serving.done():
            if service.failure:
                raise service.failure
            await asyncio.sleep(0.05)


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise InvalidRequest(
                f"{host}:{port} cannot be served on: {error.strerror}. Choose another --port."
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
            new = read_document(path.name, path.read_bytes())
            await call(client, "POST", "/v1/articles", json=new.model_dump(exclude_none=True))
        out.print(f"Added {len(files)} example articles.")
    out.print(f"\n[dim]dateline ask[/] [bold]{EXAMPLE_QUESTION}[/]\n")
    with _working("Reading the articles"):
        reply = await call(client, "POST", "/v1/answers", json={"question": EXAMPLE_QUESTION})
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
                line += Text(f" ({day['text']}: worked out from “{day['from']}”)", "dim")
        out.print(line)
    else:
        refusal = reply["refusal"]
        out.print(Text("No answer. ", "bold yellow") + Text(refusal["message"]))
        notes = refusal["nearest"]
        if notes:
            out.print(Text("\nThe nearest passages:", "dim"))
    for number, note in enumerate(notes, 1):
        mark = f"[{number}]" if reply["answerable"] else " - "
        out.print()
        out.print(Text(f"{mark} ", "cyan") + _source(note))
        quoted = Text(f"“{_plain(note['cited_text'])}”", "italic")
        out.print(Padding(quoted, (0, 0, 0, 4)))
    for dropped in reply["dropped"]:
        said = f"\nLeft out, not supported ({dropped['reason']}): {_plain(dropped['text'])}"
        out.print(Text(said, "dim"))
    if reply["trace"] is not None:
        out.print(Text("\n" + json.dumps(reply["trace"], indent=2, ensure_ascii=False), "dim"))


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
    return re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "�", " ".join(text.split())
    )


@contextlib.contextmanager
def _working(what: str) -> Iterator[None]:
    """A spinner on a terminal; nothing elsewhere."""
    if err.is_terminal:
        with err.status(what):
            yield
    else:
        yield
