"""`dateline add | list | delete | jobs | doctor | backup | restore`: the articles kept here."""

import asyncio
import codecs
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from index import backup as backups
from index.articles import NewArticle
from index.documents import MEDIA_TYPES
from index.errors import DatelineError, InvalidRequest
from service.directory import owned
from service.settings import Settings
from service.terminal import (
    call,
    connect,
    documents,
    err,
    json_text,
    load_settings,
    name_of,
    out,
    plain,
)

NDJSON = (".ndjson", ".jsonl")
CHUNK = 1 << 20
LOOK = 0.5  # seconds between looks at a job
SHOWN_ERRORS = 10
Replace = Annotated[bool, typer.Option("--replace", help="What is there may be overwritten.")]


def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...")],
    kind: Annotated[
        str | None,
        typer.Option("--type", help="What they are, whatever their names: md, html, pdf ..."),
    ] = None,
) -> None:
    """Add articles from files, directories, feed files, or standard input (-).

    Plain text, Markdown, HTML, PDF, DOCX, RSS and Atom; NDJSON (.ndjson, .jsonl: one article a
    line) is imported as a job.
    """
    media_type = None
    if kind is not None and (media_type := MEDIA_TYPES.get(f".{kind.lower().lstrip('.')}")) is None:
        known = ", ".join(suffix[1:] for suffix in MEDIA_TYPES)
        raise InvalidRequest(f"--type {kind}: this kind is not read. It may be {known}.")
    if not asyncio.run(_add(load_settings(), paths, media_type)):
        raise typer.Exit(1)


def list_articles() -> None:
    """List the articles, the last added first."""
    for header in asyncio.run(_list(load_settings())):
        said = [header["published_at"], header["source"], header["title"] or "(no title)"]
        out.print(
            Text(header["id"], "bold") + Text("  " + plain(", ".join(s for s in said if s))),
            soft_wrap=True,
        )


def delete(ids: Annotated[list[str], typer.Argument(metavar="ID...")]) -> None:
    """Delete articles by their ids, with everything that was made of them."""
    if not asyncio.run(_delete(load_settings(), ids)):
        raise typer.Exit(1)


def jobs(
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this import.")] = None,
) -> None:
    """List the imports, the newest first, or cancel one."""
    asyncio.run(_jobs(load_settings(), cancel))


def doctor(
    look: Annotated[
        bool, typer.Option("--look", help="Only look; opening the index mends what it lacks.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
) -> None:
    """Compare the stores with one another and mend what differs. Exits with 1 if that fails."""
    report = asyncio.run(_doctor(load_settings(), mend=not look))
    if json:
        typer.echo(json_text(report))
    else:
        out.print(f"{report['articles']:,} articles, {report['passages']:,} passages.")
        for finding in report["findings"]:
            mended = Text("mended  ", "green") if finding["mended"] else Text("wrong   ", "red")
            said = f"{finding['store']}: {finding['count']:,} {finding['problem']}"
            out.print(mended + Text(said), soft_wrap=True)
        if not report["findings"]:
            out.print("All is well.")
    if not all(finding["mended"] for finding in report["findings"]):
        raise typer.Exit(1)


def backup(file: Path, replace: Replace = False) -> None:
    """Write everything into one file, also while the service runs."""
    count = backups.backup(load_settings().data_dir, file, replace=replace)
    out.print(f"{count:,} articles in {file} ({file.stat().st_size / 1e6:,.1f} MB).", markup=False)


def restore(file: Path, replace: Replace = False) -> None:
    """Put the articles of a backup in place. The service must not run."""
    data_dir = load_settings().data_dir
    with owned(data_dir, None):
        count = backups.restore(data_dir, file, replace=replace)
    out.print(f"{count:,} articles are back. The vector index is made anew at the next start.")


# Adding


async def _add(settings: Settings, paths: list[str], media_type: str | None) -> bool:
    """Adds what can be added and says what cannot. Gives whether all could."""
    all_well = True
    counts: Counter[str] = Counter()
    files = [file for given in paths for file in _files(given)]
    bar = _bar()
    async with connect(settings, answers=False, imports=True) as client:
        with bar if err.is_terminal and len(files) > 1 else nullcontext():
            task = bar.add_task("Adding", total=len(files), said="")
            for path in files:
                try:
                    if media_type is None and (lines := _lines(path)):
                        job = await _import(client, lines, name_of(path))
                        all_well &= not job["failed"] and job["state"] == "succeeded"
                        counts["imported"] += job["done"] - job["failed"]
                        counts["failed"] += job["failed"]
                    else:
                        for new in documents(path, settings.max_article_bytes, media_type):
                            counts[await _send(client, new, name_of(path))] += 1
                except DatelineError as error:
                    all_well = False
                    counts["failed"] += 1
                    _cannot("not added", error)
                bar.advance(task)
    if counts.total() > 1:
        out.print(Text(", ".join(f"{n:,} {what}" for what, n in counts.items()) + ".", "bold"))
    return all_well


async def _send(client: httpx.AsyncClient, new: NewArticle, name: str) -> str:
    """Adds an article and says what became of it."""
    body = new.model_dump(exclude_none=True)
    reply = await call(client, "POST", "/v1/articles", json=body)
    article = reply["article"]
    line = Text(f"{reply['status']:<10} ", "green")
    line += Text(f"{article['id']}  {plain(article['title'] or name)}")
    if reply["duplicate_of"]:
        line += Text(f"  (the same story as {reply['duplicate_of']})", "dim")
    out.print(line, soft_wrap=True)
    for warning in reply["warnings"]:
        err.print(Text(f"{article['id']}: {warning}", "yellow"), soft_wrap=True)
    return str(reply["status"])


async def _import(
    client: httpx.AsyncClient, lines: AsyncIterator[bytes], name: str
) -> dict[str, Any]:
    """Sends the lines as a job and follows it to its end."""
    headers = {"content-type": "application/x-ndjson"}
    reply = await call(client, "POST", "/v1/articles:import", content=lines, headers=headers)
    job: dict[str, Any] = reply["job"]
    said = f"{name} is imported as {job['id']}. `dateline jobs` tells of it."
    err.print(Text(plain(said), "dim"), soft_wrap=True)
    bar = _bar()
    with bar if err.is_terminal else nullcontext():
        task = bar.add_task("Importing", total=job["total"], said="")
        while job["state"] in ("queued", "running"):
            await asyncio.sleep(LOOK)
            job = await call(client, "GET", f"/v1/jobs/{job['id']}")
            said = job["detail"] or (f"{job['failed']:,} failed" if job["failed"] else "")
            bar.update(task, completed=job["done"], said=said)
    out.print(_told(job), soft_wrap=True)
    for error in job["errors"][:SHOWN_ERRORS]:
        told = f"{name}, line {error['line']:,}: {error['detail']}"
        err.print(Text(plain(told), "red"), soft_wrap=True)
    if job["failed"] > SHOWN_ERRORS:
        err.print(f"and {job['failed'] - SHOWN_ERRORS:,} more.")
    return job


def _bar() -> Progress:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    return Progress(TextColumn("{task.description}"), *columns, console=err)


def _files(given: str) -> list[Path]:
    """A file itself; of a directory what can be read in it and below, hidden files left out.

    A directory without any, or that cannot be read, is given itself: reading it says why.
    """
    path = Path(given)
    if given == "-" or not os.path.isdir(path):  # pathlib's raises for a name that is too long
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in {*MEDIA_TYPES, *NDJSON}
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )
    return found or [path]


def _lines(path: Path) -> AsyncIterator[bytes] | None:
    """The bytes of an NDJSON file, in pieces; None for another kind of file."""
    if str(path) == "-":
        start = sys.stdin.buffer.peek(64)[:64] if hasattr(sys.stdin.buffer, "peek") else b""
        if not start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            return None
        return _pieces(sys.stdin.buffer)
    if path.suffix.lower() not in NDJSON:
        return None
    try:
        return _pieces(path.open("rb"))
    except OSError as error:
        raise InvalidRequest(f"{path}: {error.strerror}.") from None


async def _pieces(file: Any) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece


def _cannot(what: str, error: DatelineError) -> None:
    err.print(Text(f"{what}  ", "red") + Text(plain(error.message)), soft_wrap=True)


# The others


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
                out.print(Text(f"deleted  {plain(article_id)}"), soft_wrap=True)
    return all_well


async def _jobs(settings: Settings, cancel: str | None) -> None:
    async with connect(settings, answers=False) as client:
        if cancel is not None:
            found = [await call(client, "DELETE", f"/v1/jobs/{quote(cancel, safe='')}")]
        else:
            found = (await call(client, "GET", "/v1/jobs"))["jobs"]
    for job in found:
        out.print(_told(job), soft_wrap=True)


def _told(job: dict[str, Any]) -> Text:
    """A job in a line."""
    said = f"{job['state']}, {job['done']:,} of {job['total']:,} articles"
    if job["failed"]:
        taken = job["done"] - job["failed"]
        said = f"{job['state']}, {taken:,} of {job['total']:,} articles, {job['failed']:,} failed"
    if job["eta_seconds"]:
        said += f", {job['eta_seconds']:,} s to go"
    if job["detail"]:
        said += f". {job['detail']}"
    return Text(job["id"], "bold") + Text(f"  {plain(said)}")


async def _doctor(settings: Settings, *, mend: bool) -> dict[str, Any]:
    async with connect(settings, answers=False) as client:
        report: dict[str, Any] = await call(client, "POST", "/v1/doctor", json={"mend": mend})
    return report
