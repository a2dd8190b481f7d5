"""`dateline eval`: how good answers, checks and briefings are, on public sets."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from index.embeddings import MiniLM
from index.errors import InvalidRequest
from service import catalogue
from service.contract import ModelName
from service.evaluation import Dateline, System, code_version, read_sets
from service.figures import FALSE_REFUSALS, compare, evaluate
from service.prompts import DIRECTORY, HEADS, Prompt
from service.settings import Settings
from service.terminal import err, load_settings, out

if TYPE_CHECKING:  # slow to import
    from langchain_core.language_models import BaseChatModel

    from service.engine import Engine

ROOT = Path(__file__).parent.parent
WIDEST = 220  # characters of a table where no terminal says how wide it may be
# Headings, and the figure or the measure that stands below.
ANSWERS = {
    "right": "right",
    "token recall": "token_recall",
    "yes/no right": "yes_no_right",
    "refused": "refused",
    "false refusals": "false_refusals",
    "AUROC": "auroc",
    "ECE": "calibration_error",
    "cited text holds it": "cited",
    "words": "words",
    "seconds": "seconds",
}
FURTHER = {
    "slices exact": "exact",
    "sentences uncited": "uncited",
    "citations": "citations",
    "words cited a sentence": "words_cited",
    "citation recall": "citation_recall",
    "citation precision": "citation_precision",
    "gold document read": "found",
}
ANCHOR = ("right", "token recall", "yes/no right", "refused", "false refusals", "words", "seconds")
CLAIMS = {
    "AUROC": "auroc",
    "by the mean of sentences": "auroc_mean_of_sentences",
    "reading alone": "auroc_reading_alone",
    "words alone": "auroc_words_alone",
    "balanced accuracy": "balanced_accuracy",
    "seconds a sentence": "sentence_seconds",
    "fast: AUROC": "auroc_fast",
    "fast: balanced accuracy": "balanced_accuracy_fast",
    "fast: seconds a sentence": "fast_sentence_seconds",
}
BRIEFINGS = {
    "sentences supported": "supported",
    "ROUGE-1 recall": "rouge_1",
    "names, numbers": "facts",
    "length kept": "length_kept",
    "sentences": "sentences",
    "words": "words",
    "refused": "refused",
    "citations exact": "exact",
    "seconds": "seconds",
}
LIMIT = 100
MINUTES = 55  # what is left of an hour goes to the figures
SHORT = {"calibration_error", *FURTHER.values()}  # shown without an interval


def evaluate_sets(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files of sets, or their folder.")
    ],
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Items a file.", show_default=f"{LIMIT}, as far as --minutes allow"
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All items.")] = False,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Ask nothing more after so many; each set has its share. --resume goes on.",
            show_default=f"{MINUTES}; none with --limit or --all",
        ),
    ] = None,
    anchor: Annotated[
        bool, typer.Option("--anchor", help="Ask LangChain's usual stack too.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an earlier run: ask only what is new.")
    ] = False,
    earlier: Annotated[
        Path | None, typer.Option("--compare", help="The JSON of an earlier run.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--json", help="Write everything here.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses the items, and the resampling.")] = 0,
    kept: Annotated[
        Path | None, typer.Option(help="The folder where outcomes are kept as they are made.")
    ] = None,
) -> None:
    """Measure answers, checks and briefings on public sets."""
    if every and limit:
        raise InvalidRequest("Give either --limit or --all.")
    before = _earlier(earlier) if earlier else None
    sets = read_sets(paths)
    if to:
        _check_writable(to)
    folder = kept or platformdirs.user_cache_path("dateline") / "evaluation"
    most = None if every else limit or LIMIT
    bounded = minutes or (inf if every or limit else MINUTES)
    try:
        with _systems(load_settings(), anchor) as (systems, about), _progress() as step:
            told = about | evaluate(
                *(sets, systems, folder),
                limit=most,
                seed=seed,
                resume=resume,
                minutes=bounded,
                step=step,
            )
    except KeyboardInterrupt:
        err.print("Stopped. Whatever was answered by then is kept: --resume goes on from there.")
        raise
    for view in told["sets"]:
        if then := _systems_then(before, view["name"]):
            ours = view["systems"]["dateline"]
            view["changes"] = compare(view["kind"], ours, then["dateline"], seed)
    if to:
        to.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    show(told)


def _check_writable(path: Path) -> None:
    """Before hours of work, not after. Raises InvalidRequest."""
    try:
        path.open("a").close()
    except OSError as error:
        why = error.strerror
        raise InvalidRequest(f"--json {path} cannot be written: {why}. Give another.") from None


def _earlier(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(told["sets"], list):
            return dict(told)
    except OSError as error:
        raise InvalidRequest(f"--compare {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidRequest(f"{path} is not what --json of an earlier run wrote.")


def _systems_then(before: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    sets = before["sets"] if before else []
    return next((dict(view["systems"]) for view in sets if view["name"] == name), None)


@contextmanager
def _systems(settings: Settings, anchor: bool) -> Iterator[tuple[list[System], dict[str, Any]]]:
    """What is measured, and what the report says of it. Models are loaded when they are asked."""
    language, embedder = catalogue.defaults(settings.model)
    folder, _ = catalogue.trusted(embedder, settings.models_dir)
    path, sha256 = catalogue.trusted(language, settings.models_dir)
    encoder = MiniLM(folder / "model.onnx", folder / "tokenizer.json", threads=settings.threads)
    engines: list[Engine] = []

    @cache
    def chat() -> "BaseChatModel":
        from service.engine import Engine, LocalChatModel

        engine = Engine(
            path,
            context_tokens=settings.context_tokens,
            kv_tokens=settings.kv_tokens,
            threads=settings.threads,
        )
        engines.append(engine)
        return LocalChatModel(engine=engine)

    name = ModelName(name=language.name, sha256=sha256)
    systems: list[System] = [Dateline(encoder, chat, name, settings.context_tokens)]
    if anchor:
        systems.append(_anchor()(path, sha256, encoder, settings.threads))
    prompts = [file.stem for file in sorted(DIRECTORY.glob("*.yaml")) if file.stem not in HEADS]
    about = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": name.model_dump(),
        "embedder": encoder.version,
        "code": code_version(),
        "prompts": [Prompt(prompt).version for prompt in prompts],
        "settings": {"context_tokens": settings.context_tokens, "threads": settings.threads},
    }
    try:
        yield systems, about
    finally:
        for engine in engines:
            engine.close()


def _anchor() -> Callable[..., System]:
    """`bench` is not installed: it is there in a clone, with the packages of development."""
    sys.path.append(str(ROOT))
    try:
        module = importlib.import_module("bench.anchor")
    except ImportError as error:
        raise InvalidRequest(
            f"The anchor needs a clone of Dateline and its development packages ({error})."
        ) from None
    return module.Anchor  # type: ignore[no-any-return]


@contextmanager
def _progress() -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """A bar a set; where there is no terminal, a line a set."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
    )

    def step(what: str, items: int) -> Callable[[], None]:
        if not err.is_terminal:
            err.print(f"{what}: {items} items", soft_wrap=True)
        bar: TaskID = bars.add_task(what, total=items)
        return lambda: bars.advance(bar)

    if err.is_terminal:
        with bars:
            yield step
    else:
        yield step


# What a person sees


def show(told: dict[str, Any]) -> None:
    """The tables, and what broke a promise."""
    wide = Console(width=max(out.width, WIDEST), highlight=False)
    wide.print(
        f"{told['model']['name']}, {told['date'][:10]}, seed {told['seed']}. "
        "Intervals: 95 %, bootstrap.",
        markup=False,
    )
    questions = [view for view in told["sets"] if view["kind"] == "questions"]
    claims = [view for view in told["sets"] if view["kind"] == "claims"]
    briefings = [view for view in told["sets"] if view["kind"] == "briefings"]
    if questions:
        wide.print(_table("answerable", questions, ANSWERS, ANCHOR))
        wide.print(_further(questions))
    if claims:
        wide.print(_table("supported", claims, CLAIMS, ()))
    if briefings:
        wide.print(_table("articles", briefings, BRIEFINGS, tuple(BRIEFINGS)))
    if any("changes" in view for view in told["sets"]):
        wide.print(_changes(told["sets"]))
    if unasked := told["unasked"]:
        err.print(f"The time was over before {unasked} more were asked: --resume goes on.")
    for view in told["sets"]:
        for name, found in view["systems"].items():
            for error in dict.fromkeys(found["errors"]):
                count = found["errors"].count(error)
                err.print(f"{view['name']}, {name}: {count} x {error}", markup=False)


def _table(
    positive: str,
    views: list[dict[str, Any]],
    headings: dict[str, str],
    compared: Sequence[str],
) -> Table:
    """A row a view; a column a figure that any of them has, the other systems' `compared` last."""
    others = list(dict.fromkeys(name for view in views for name in view["over"]))
    chosen = [("dateline", *pair) for pair in headings.items()]
    chosen += [(other, heading, headings[heading]) for other in others for heading in compared]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in ("set", f"items\n({positive})"):
        table.add_column(heading, no_wrap=True)
    cells = {
        (system, heading): [_cell(view["systems"][system], name) for view in views]
        for system, heading, name in chosen
    }
    filled = {key: column for key, column in cells.items() if any(column)}
    for system, heading in filled:
        table.add_column(heading if system == "dateline" else f"{system}:\n{heading}")
    for row, view in enumerate(views):
        table.add_row(
            view["name"].replace(": ", ":\n  ").replace(", ", ",\n  "),
            f"{view['items']} ({view['positive']})",
            *(column[row] or "-" for column in filled.values()),
        )
    return table


def _cell(found: dict[str, Any], name: str) -> str:
    if figure := found["figures"].get(name):
        value = f"{figure['value']:.2f}"
        around = figure["interval"]
        if name in SHORT or not around:
            return value
        return f"{value}\n{around[0]:.2f}-{around[1]:.2f}"
    spread = found.get(name)
    if not isinstance(spread, dict) or not spread:
        return ""
    if "seconds" in name:
        digits = 1 if name == "seconds" else 2
        kept = f"\n{found['kept']} kept" if found.get("kept") else ""  # seconds of an earlier run
        return f"{spread['p50']:.{digits}f}\np95 {spread['p95']:.{digits}f}{kept}"
    return f"{spread['p50']:.0f}" if name == "words" else f"{spread['mean']:.1f}"


def _further(views: list[dict[str, Any]]) -> Table:
    """What other thresholds would give, what is cited, and what the seconds went to."""
    table = Table(box=None, pad_edge=False)
    table.add_column("set", no_wrap=True)
    for most in FALSE_REFUSALS:
        table.add_column(f"refused, right at {most:g} false refusals")
    for heading in FURTHER:
        table.add_column(heading)
    table.add_column("mean seconds", no_wrap=True)
    for view in views:
        found = view["systems"]["dateline"]
        points = found.get("at_false_refusals", {})
        stages = [f"{name} {value:.1f}" for name, value in found["stages"].items() if value]
        table.add_row(
            view["name"],
            *(_point(points.get(f"{most:g}")) for most in FALSE_REFUSALS),
            *(_cell(found, name) or "-" for name in FURTHER.values()),
            ", ".join(stages),
        )
    return table


def _point(point: dict[str, float] | None) -> str:
    shares = [point[name] for name in ("refused", "right") if name in point] if point else []
    return ", ".join(f"{share:.2f}" for share in shares) or "-"


def _changes(views: list[dict[str, Any]]) -> Table:
    """Only what both runs have; bold where the interval leaves 0 out."""
    table = Table("set", "items in both", "change from the earlier run", box=None, pad_edge=False)
    for view in views:
        changes = view.get("changes", {})
        said = []
        for name, change in changes.items():
            told = f"{name} {change['change']:+.3f}"
            if around := change["interval"]:
                told += f" ({around[0]:+.2f} to {around[1]:+.2f})"
                told = f"[bold]{told}[/]" if around[0] * around[1] > 0 else told
            if change["change"] or not change["items"]:
                said.append(told)
        items = max((c["items"] for c in changes.values()), default=0)
        note = "" if items else "not paired: "
        table.add_row(view["name"], str(items), note + (", ".join(said) or "none"))
    return table
