"""Who owns a data directory, across processes that end as they should and that don't."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from index.errors import AlreadyRunning, StorageFull
from service.directory import LOCK, owned, serving_url

URL = "http://127.0.0.1:8123"
OWNER = """
import sys, time
from pathlib import Path
from service.directory import owned
with owned(Path(sys.argv[1]), sys.argv[2] or None):
    print("owned", flush=True)
    time.sleep(60)
"""


def owner(data_dir: Path, url: str) -> "subprocess.Popen[str]":
    """Another process that owns `data_dir` now."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir), url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "owned\n"
    return process


def ended(process: "subprocess.Popen[str]", sig: int) -> None:
    process.send_signal(sig)
    process.communicate(timeout=20)


def test_the_owners_url_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    assert serving_url(tmp_path / "data") is None
    with owned(tmp_path / "data", URL):
        assert serving_url(tmp_path / "data") == URL
    assert serving_url(tmp_path / "data") is None
    assert (tmp_path / "data" / LOCK).read_text() == ""


def test_a_second_owner_is_refused_at_once_and_told_the_url(tmp_path: Path) -> None:
    process = owner(tmp_path, URL)
    try:
        assert serving_url(tmp_path) == URL
        start = time.monotonic()
        with pytest.raises(AlreadyRunning) as refused, owned(tmp_path, None):
            pass
        assert time.monotonic() - start < 2
        assert URL in refused.value.message
        assert f"pid {process.pid}" in refused.value.message
        assert "DATELINE_DATA_DIR" in refused.value.message
        assert serving_url(tmp_path) == URL, "the refused one must not write"
    finally:
        ended(process, signal.SIGKILL)


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    ended(owner(tmp_path, URL), signal.SIGKILL)
    assert json.loads((tmp_path / LOCK).read_text())["url"] == URL
    assert serving_url(tmp_path) is None
    with owned(tmp_path, "http://127.0.0.1:9"):
        assert serving_url(tmp_path) == "http://127.0.0.1:9"


def test_an_owner_that_does_not_serve_has_no_url(tmp_path: Path) -> None:
    with owned(tmp_path, None):
        assert serving_url(tmp_path) is None
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"), owned(tmp_path, URL):
            pass


def test_an_error_inside_gives_the_directory_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), owned(tmp_path, URL):
        raise KeyboardInterrupt
    assert (tmp_path / LOCK).read_text() == ""
    with owned(tmp_path, None):
        assert serving_url(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", "null", '"x"', '{"url": 5}', "\udcff", "x" * 999]
)
def test_what_stands_in_the_file_is_harmless(tmp_path: Path, content: str) -> None:
    lock = tmp_path / LOCK
    lock.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert serving_url(tmp_path) is None
    with owned(tmp_path, URL):
        assert serving_url(tmp_path) == URL
        lock.write_bytes(content.encode("utf-8", "surrogateescape"))
        assert serving_url(tmp_path) is None
        with pytest.raises(AlreadyRunning), owned(tmp_path, URL):
            pass


def test_to_look_who_serves_keeps_nobody_from_owning(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            serving_url(tmp_path)

    looking = [threading.Thread(target=look) for _ in range(4)]
    for thread in looking:
        thread.start()
    try:
        for _ in range(50):
            with owned(tmp_path, URL):
                assert serving_url(tmp_path) == URL
    finally:
        over.set()
        for thread in looking:
            thread.join()


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data_dir in (tmp_path / "file", tmp_path / "file" / "under"):
        assert serving_url(data_dir) is None
        with pytest.raises(StorageFull, match="DATELINE_DATA_DIR") as refused, owned(data_dir, URL):
            pass
        assert str(data_dir) in refused.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_directory_of_somebody_else_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageFull, match="Permission denied"), owned(tmp_path, URL):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / LOCK).symlink_to("/dev/full")
    with pytest.raises(StorageFull, match="DATELINE_DATA_DIR"), owned(tmp_path, URL):
        pass
