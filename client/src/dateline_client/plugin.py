"""The pytest plugin: the fixture `dateline`, which holds answers against their sources.

Options, with ini settings of the same names: `--dateline-url`, `--dateline-mode`,
`--dateline-report`. Ini only: `dateline_articles`, a folder; `dateline_refusals`, more phrases.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from dateline_client.assertions import (
    Judge,
    Mode,
    Outcome,
    SourceText,
    said,
    source_file,
    source_of,
    sources_of,
)
from dateline_client.client import Client
from dateline_client.errors import Unreachable
from dateline_client.report import Reported, page
from dateline_client.running import Kept, Running
from dateline_client.texts import Look

__tracebackhide__ = True  # a failure shows the test's own line, and what is said of it
MARKER = (
    "dateline(articles=FOLDER, mode='full'|'fast'): the articles that the answers of this test are "
    "held against, and how"
)
TEXT_FILES = (".txt", ".md")
MODES = ("full", "fast")
NO_SOURCE = (
    "There is no source to hold the answer against. Give a source: a text, a Path, "
    "dateline.article(...), dateline.stored(...), or a list of these; or name a folder: "
    "@pytest.mark.dateline(articles=...). Only an answer or a briefing of the service, which cites "
    "its articles, needs none."
)
STORED = (
    "A stored article may have changed, so that its text is always asked for, though verdicts are "
    "kept: start the service, or hold the answer against a file or a text."
)
MOST_WIDTH = 100
_OPTIONS = {
    "url": "a running Dateline service; without it the installed application is started",
    "mode": "full (the default), or fast: without the language model",
    "report": "an HTML file with answers and sources side by side",
}


class Dateline:
    """What the fixture gives: sources, the service's client, and the assertions.

    Where an assertion is given no source, it is all of `articles`; where no folder is named, the
    articles that the answer cites.
    """

    def __init__(
        self, running: Running, judge: Judge, mode: Mode, folders: list[Path], named: Path | None
    ) -> None:
        self._running, self._judge, self._mode = running, judge, mode
        self._folders, self._named = folders, named
        self.outcomes: list[Outcome] = []

    def __repr__(self) -> str:  # of a test that fails pytest shows what it was given
        return f"<dateline, {self._mode}>"

    @property
    def client(self) -> Client:
        """A client of the service, which is started if need be."""
        return self._running.client

    @property
    def articles(self) -> list[SourceText]:
        """The text files in the folder that the marker names, else the ini setting."""
        if self._named is None:
            raise pytest.UsageError(NO_SOURCE)
        files = sorted(p for p in self._named.rglob("*") if p.suffix in TEXT_FILES)
        if not files:
            raise pytest.UsageError(f"{self._named} holds no article ({', '.join(TEXT_FILES)}).")
        return [source_file(path, _name(path)) for path in files]

    def article(self, path: str | Path) -> SourceText:
        """A text file: in the articles' folder, beside the test, or from the root directory."""
        for folder in self._folders:
            if (folder / path).is_file():
                return source_file(folder / path, _name(folder / path))
        places = " and ".join(dict.fromkeys(map(str, self._folders)))
        raise FileNotFoundError(f"There is no file {path}. Its path is taken from {places}.")

    def text(
        self,
        text: str,
        name: str = "the source",
        title: str | None = None,
        published_at: str | None = None,
    ) -> SourceText:
        """A source that is given as text. `published_at` is what "on Tuesday" is read by."""
        return SourceText(text, name, title, published_at)

    def stored(self, article_id: str) -> SourceText:
        """An article that the service has, as it is now: what is kept of it is its verdicts."""
        try:
            return source_of(self.client.get(article_id))
        except Unreachable as error:
            raise Unreachable(f"{error} {STORED}") from None

    def assert_grounded(
        self, answer: object, source: object = None, *, mode: Mode | None = None
    ) -> None:
        """Each sentence that states something is supported, and there is one."""
        if mode not in (None, *MODES):
            raise ValueError(f"mode={mode!r}: it may be 'full' or 'fast'.")
        sources = self._sources(answer, source)
        self._hold(self._judge.grounded(answer, sources, mode or self._mode))

    def assert_quotes_verbatim(self, answer: object, source: object = None) -> None:
        """What stands in quotation marks stands in a source, word for word."""
        self._hold(self._judge.verbatim(answer, self._sources(answer, source)))

    def assert_cites(self, answer: object, source: object, words: str) -> None:
        """A citation of the source holds the words; for a mere text, it and the source do."""
        self._hold(self._judge.cites(answer, self._sources(answer, source), words))

    def assert_refuses(self, answer: object) -> None:
        """It is a refusal of the service; a mere text is empty, or says that it cannot say."""
        self._hold(self._judge.refuses(answer))

    def _sources(self, answer: object, source: object) -> list[SourceText]:
        """What is given, else the folder's, else what the answer cites; none if it says nothing."""
        told = said(answer)
        if source is not None:
            sources = sources_of(source)
        elif self._named is not None:
            sources = self.articles
        else:
            sources = [self.stored(article_id) for article_id in told.cited]
            if not told.text.strip():
                return sources
        if not sources:
            raise pytest.UsageError(NO_SOURCE)
        if not any(one.text.strip() for one in sources):
            raise pytest.UsageError("The source is empty: give one that holds some text.")
        return sources

    def _hold(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if outcome.message:
            raise AssertionError(outcome.message)


def _name(path: Path) -> str:
    """As it is typed from where the tests are run."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return path.name


# Hooks

_DATELINE = pytest.StashKey[Dateline]()
_COLOURS = "dateline_colours"  # what the workers of xdist are told


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dateline", "answers held against their sources")
    for name, what in _OPTIONS.items():
        choices = {"choices": MODES} if name == "mode" else {}
        group.addoption(f"--dateline-{name}", default=None, help=what, **cast(Any, choices))
        parser.addini(f"dateline_{name}", what, default="")
    parser.addini("dateline_articles", "folder of the articles, from the root", default="")
    parser.addini("dateline_refusals", "more regular expressions of refusals", type="linelist")


def _option(config: pytest.Config, name: str) -> str:
    return str(config.getoption(f"dateline_{name}") or config.getini(f"dateline_{name}"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if _option(config, "mode") not in ("", *MODES):
        raise pytest.UsageError("dateline_mode: full or fast.")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Told(_option(config, "report")), "dateline-told")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[_COLOURS] = _look(node.config).colours, _look(node.config).width


def _look(config: pytest.Config) -> Look:
    told = getattr(config, "workerinput", {}).get(_COLOURS)
    if told is None:
        terminal = config.get_terminal_writer()
        # Escape codes have no business in a file.
        coloured = terminal.hasmarkup and not getattr(config.option, "xmlpath", None)
        told = coloured, min(terminal.fullwidth - len("E       "), MOST_WIDTH)
    return Look(width=told[1], colours=told[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    dateline = item.stash.get(_DATELINE, None)
    if call.when == "call" and dateline is not None:
        running = dateline._running
        told: dict[str, Any] = {"asked": running.asked, "known": running.known}
        if _option(item.config, "report"):
            told["outcomes"] = [outcome.data() for outcome in dateline.outcomes]
            if call.excinfo and not any(outcome.message for outcome in dateline.outcomes):
                told["error"] = call.excinfo.exconly()
        running.asked = running.known = 0
        report.dateline = told  # type: ignore[attr-defined]
    return report


class _Told:
    """What the tests' reports tell, here or in workers: written at the end."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._tests: list[Reported] = []
        self._asked = self._known = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = getattr(report, "dateline", None)
        if told is not None:
            self._asked += told["asked"]
            self._known += told["known"]
            self._tests.append(
                Reported(
                    report.nodeid, report.outcome, told.get("outcomes", []), told.get("error", "")
                )
            )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._path is not None:
            said = f"the report is {self._path}"
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                tests = sorted(self._tests, key=lambda told: told.name)
                self._path.write_text(page(tests), encoding="utf-8")
            except OSError as error:
                said = f"the report {self._path} cannot be written: {error.strerror}"
            terminalreporter.write_line(f"dateline: {said}")
        if count := self._asked + self._known:
            verdicts = "verdict" if count == 1 else "verdicts"
            terminalreporter.write_line(f"dateline: {count} {verdicts}, {self._known} known before")


# Fixtures


@pytest.fixture(scope="session")
def _dateline_running(pytestconfig: pytest.Config) -> Iterator[Running]:
    cache = getattr(pytestconfig, "cache", None)
    kept = Kept(Path(cache.mkdir("dateline")) if cache else None)
    key = os.environ.get("DATELINE_API_KEYS", "").split(",")[0].strip()
    running = Running(_option(pytestconfig, "url") or None, key or None, kept)
    yield running
    running.close()


def _wrong(what: str) -> NoReturn:
    """Before a test begins, when there is no line of it to show."""
    __tracebackhide__ = False  # were every frame hidden, pytest would say so
    pytest.fail(f"dateline: {what}", pytrace=False)


@pytest.fixture
def dateline(request: pytest.FixtureRequest, _dateline_running: Running) -> Iterator[Dateline]:
    """Sources, and assertions on answers: see `Dateline`."""
    config = request.config
    beside, root = request.path.parent, config.rootpath
    named = None
    mode = _option(config, "mode") or "full"
    if folder := config.getini("dateline_articles"):
        named = root / folder
    for marker in request.node.iter_markers("dateline"):
        if "mode" in marker.kwargs:
            mode = marker.kwargs["mode"]
            if mode not in MODES:
                _wrong(f"The marker's mode={mode!r} may be 'full' or 'fast'.")
            break
    for marker in request.node.iter_markers("dateline"):
        if "articles" in marker.kwargs:
            folder = marker.kwargs["articles"]
            named = next((d / folder for d in (beside, root) if (d / folder).is_dir()), None)
            if named is None:
                _wrong(f"There is no folder {folder!r} of articles.")
            break
    judge = Judge(
        _dateline_running.check,
        _dateline_running.verify_quote,
        _look(config),
        config.getini("dateline_refusals"),
    )
    folders = [*([named] if named else []), beside, root]
    made = Dateline(_dateline_running, judge, cast(Mode, mode), folders, named)
    request.node.stash[_DATELINE] = made
    yield made
