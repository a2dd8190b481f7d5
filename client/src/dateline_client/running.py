"""The service that a test run asks: one that runs, or the installed application, started here.

Verdicts are kept as files, named by the sha256 of what they depend on: the service's version and
model, and all that is sent. A run whose verdicts are all kept starts nothing and asks nobody.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from dateline_client.client import Client
from dateline_client.contract import Check, QuoteCheck, Ready, read
from dateline_client.errors import DatelineError, NotFound, Unreachable

__tracebackhide__ = True
T = TypeVar("T")
FORMAT = 1  # of what is kept
START = 300.0  # seconds that a service has to load its model
END = 15.0  # seconds that it has to end
NOWHERE = (
    "No Dateline service: give --dateline-url, or install the application, so that the command "
    "`dateline` is found."
)

NOT_THERE = "There is no Dateline service at"
NO_PATH = "give the address of one without a path, like http://127.0.0.1:8000."


class Kept:
    """JSON by name, in a folder that several processes may share; or in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """None where it is not there, or was damaged."""
        if name not in self._memory and self._folder is not None:
            with contextlib.suppress(OSError, ValueError):
                self._memory[name] = json.loads((self._folder / f"{name}.json").read_bytes())
        return self._memory.get(name)

    def put(self, name: str, value: Any) -> None:
        """Whole or not at all."""
        self._memory[name] = value
        if self._folder is None:
            return
        with contextlib.suppress(OSError):  # a full disk is no reason for a test to fail
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(dir=self._folder)
            with open(handle, "w") as file:
                json.dump(value, file)
            os.replace(path, self._folder / f"{name}.json")


class Running:
    """Asks the service at `url`, or the application, which is started when it is first needed."""

    def __init__(self, url: str | None, key: str | None, kept: Kept) -> None:
        self._url, self._key, self._kept = url, key, kept
        self._client: Client | None = None
        self._failure: DatelineError | None = None
        self._identity = ""
        self._started = contextlib.ExitStack()
        self.asked = self.known = 0

    def check(self, text: str, request: dict[str, Any], revisions: list[str]) -> Check:
        return self._said(Check, "/v1/checks", {"text": text, **request}, revisions)

    def verify_quote(self, words: str, article_id: str, revision: str) -> QuoteCheck:
        request = {"quote": words, "article_ids": [article_id]}
        return self._said(QuoteCheck, "/v1/quotes:verify", request, [revision])

    @property
    def client(self) -> Client:
        """Of the service, once it is ready. Raises DatelineError."""
        if self._failure is not None:  # the next test would wait for it again
            raise self._failure.with_traceback(None)  # the last test's lines are none of this one's
        if self._client is None:
            try:
                self._client = Client(self._url, key=self._key) if self._url else self._start()
                patience = START if self._client.live() else 0
                self._identity = _identity(self._client.ready(patience))
            except DatelineError as error:
                self._failure = error
                if isinstance(error, NotFound):
                    self._failure = DatelineError(f"{NOT_THERE} {self._url}: {NO_PATH}")
                self.close()
                raise self._failure from None
            self._kept.put(self._place(), self._identity)
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        self._started.close()

    def _said(self, cls: type[T], path: str, request: dict[str, Any], revisions: list[str]) -> T:
        def name() -> str:
            return _sha256([FORMAT, self._identity, path, request, revisions])

        if not self._identity:
            self._identify()
        body = self._kept.get(name())
        if body is None:
            client = self.client  # only now it is certain which service that is
            body = self._kept.get(name())
        if body is None:
            body = client.post(path, request)
            self._kept.put(name(), body)
            self.asked += 1
        else:
            self.known += 1
        return read(cls, body)

    def _identify(self) -> None:
        """Asks the service which it is; who was here last counts where none runs."""
        last = self._kept.get(self._place())
        try:
            if self._url or last is None:
                _ = self.client
        except Unreachable:
            if last is None:
                raise
        self._identity = self._identity or str(last)

    def _place(self) -> str:
        """The name of what is kept about a service: of a URL, or of a command and its model."""
        if self._url:
            return "service-" + _sha256([self._url])
        command = _command()
        if command is None:
            raise DatelineError(NOWHERE)
        model = os.environ.get("DATELINE_MODEL", "")
        return "service-" + _sha256([str(command), command.stat().st_mtime_ns, model])

    def _start(self) -> Client:
        """The application on a free port, with a data directory that goes when it ends."""
        command = _command()
        if command is None:
            raise DatelineError(NOWHERE)
        folder = Path(self._started.enter_context(tempfile.TemporaryDirectory("-dateline")))
        log = self._started.enter_context((folder / "log").open("w+"))
        data = folder / "data"
        process = subprocess.Popen(
            [str(command), "serve", "--port", "0"],
            env={**os.environ, "DATELINE_DATA_DIR": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._started.callback(_end, process)
        while (url := _url_in(data / "lock")) is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                said = (folder / "log").read_text(errors="replace").strip()[-1000:]
                self._started.close()
                raise DatelineError(f"`dateline serve` ended: {said or process.returncode}")
        return Client(url, key=self._key)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _command() -> Path | None:
    """The application that this environment has, else the one on the path."""
    here = str(Path(sys.executable).parent)
    found = shutil.which("dateline", path=here) or shutil.which("dateline")
    return Path(found) if found else None


def _url_in(lock: Path) -> str | None:
    """The lock file of a data directory names the URL at which it is served."""
    try:
        url = json.loads(lock.read_bytes())["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None


def _identity(ready: Ready) -> str:
    return f"{ready.version} {ready.model.name} {ready.model.sha256}"


def _sha256(what: list[Any]) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
