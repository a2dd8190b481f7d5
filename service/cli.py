"""The command line: serving and asking. The commands on articles and models are modules beside."""

import asyncio
import contextlib
import io
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from rich.text import Text

from index.documents import read_documents
from index.errors import AlreadyRunning, DatelineError, InvalidRequest
from service import catalogue
from service.app import Service, create_app
from service.cli_articles import add, backup, delete, doctor, jobs, list_articles, restore
from service.cli_brief import brief
from service.cli_check import check, quote
from service.cli_eval import evaluate_sets
from service.cli_models import models_app
from service.directory import serving_url
from service.guard import LOOPBACK_NAMES
from service.settings import Settings
from service.terminal import (
    PATIENCE,
    Since,
    Until,
    call,
    connect,
    footnoted,
    json_text,
    load_settings,
    out,
    plain,
    print_dropped,
    print_notes,
    print_trace,
    tell,
    working,
)

EXAMPLES = Path(__file__).parent.parent / "examples" / "articles"
EXAMPLE_QUESTION = "What did the two ministers sign?"
MISTAKEN = 2  # what is wrong in the command itself exits with this, whoever finds it
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
for command in (brief, check, quote, add, delete, jobs, doctor, backup, restore):
    app.command()(command)
app.command("list")(list_articles)
app.command("eval")(evaluate_sets)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no UTF-8 gets \u201c for “
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except DatelineError as error:
        tell(error)
        sys.exit(MISTAKEN if isinstance(error, InvalidRequest) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def serve(host: str = "127.0.0.1", port: Port = 8000) -> None:
    """Serve over HTTP until Ctrl-C."""
    asyncio.run(_serve(load_settings(), host, port, demo=False))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Go on serving until Ctrl-C.")] = False,
    host: str = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Add the example articles if there are none, ask an example question, print the answer."""
    chosen = load_settings()
    if serve:
        asyncio.run(_serve(chosen, host, port, demo=True))
    else:
        asyncio.run(_demo_alone(chosen))


@app.command()
def ask(
    question: str,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply.")] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only from this source.")] = None,
    since: Since = None,
    until: Until = None,
    top_k: Annotated[int, typer.Option(help="Passages to read.")] = 6,
    max_seconds: Annotated[float, typer.Option(help="Time for the answer.")] = PATIENCE,
    why: Annotated[bool, typer.Option("--why", help="Show how the answer came about")] = False,
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
    reply = asyncio.run(_ask(load_settings(), request))
    if as_json:
        typer.echo(json_text(reply))
    else:
        print_answer(reply)


async def _ask(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    async with connect(settings) as client:
        with working("Reading the articles"):
            reply: dict[str, Any] = await call(client, "POST", "/v1/answers", json=request)
        return reply


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
        config = uvicorn.Config(
            application,
            log_level="warning",
            timeout_graceful_shutdown=GRACE + 1,  # streams end before, and can still say so
            lifespan="off",  # it is ours, below: its errors are ours to tell
            ws="none",
        )
        config.load()  # its imports, before those of the loading thread
        server = _Server(config, application.state.service)
        async with application.router.lifespan_context(application):
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await _until_ready(application.state.service, serving)
                if demo and not serving.done():
                    async with connect(settings) as client:
                        await _demo(client)
                if not serving.done():
                    if memory := application.state.service.memory:
                        out.print(f"[dim]{memory}.[/]", soft_wrap=True)
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
        asyncio.get_running_loop().call_later(GRACE, self.service.end_streams)
        await super().shutdown(sockets)  # it cancels what takes too long, and does not wait for it
        if self.server_state.tasks and not self.force_exit:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)


async def _until_ready(service: Service, serving: "asyncio.Task[None]") -> None:
    with working("Loading the model"):
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
    with working("Reading the articles"):
        reply = await call(client, "POST", "/v1/answers", json=request)
    print_answer(reply)


# What a person sees


def print_answer(reply: dict[str, Any]) -> None:
    """The answer with a footnote for each source, or the refusal with the nearest passages."""
    notes: list[dict[str, Any]] = []
    if reply["answerable"]:
        line, notes = footnoted(reply["citations"])
        out.print(line)
    else:
        refusal = reply["refusal"]
        out.print(Text("No answer. ", "bold yellow") + Text(plain(refusal["message"])))
        notes = refusal["nearest"]
        if notes:
            out.print(Text("\nThe nearest passages:", "dim"))
    print_notes(notes, numbered=reply["answerable"])
    print_dropped(reply["dropped"])
    if reply["trace"] is not None:
        print_trace(reply["trace"])
