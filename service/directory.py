"""Who owns a data directory: one process at a time, and the lock file names its URL.

The lock is the kernel's (flock): it goes with the process, however that ends.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import AlreadyRunning, DatelineError, StorageFull

LOCK = "lock"
# `serving_url` may hold the lock for microseconds, to see whether it is held: no reason to refuse.
PATIENCE = 0.1  # seconds


@contextmanager
def owned(data_dir: Path, url: str | None) -> Iterator[None]:
    """Owns `data_dir` while the context lasts. `url` is None for a process that does not serve.

    Raises AlreadyRunning at once where another process owns it, and StorageFull where it cannot
    be written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(data_dir, error) from error
    try:
        try:
            _take(lock, data_dir)
            os.truncate(lock, 0)
            os.pwrite(lock, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
        except OSError as error:
            raise _unwritable(data_dir, error) from error
        try:
            yield
        finally:
            os.truncate(lock, 0)
    finally:
        os.close(lock)


def _take(lock: int, data_dir: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                raise AlreadyRunning(_who(data_dir)) from None
            time.sleep(PATIENCE / 10)


def serving_url(data_dir: Path) -> str | None:
    """The URL of the service that owns `data_dir`, or None where no service does."""
    url = _read(data_dir).get("url")
    if not isinstance(url, str):
        return None
    try:
        lock = os.open(data_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:  # was it left behind by a process that was killed?
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return url
    finally:
        os.close(lock)
    return None


def _read(data_dir: Path) -> dict[str, object]:
    try:
        return dict(json.loads((data_dir / LOCK).read_text() or "{}"))
    except (ValueError, TypeError, OSError):
        return {}  # not there, not ours to read, or being written now


def _who(data_dir: Path) -> str:
    owner = _read(data_dir)
    at = f" at {owner['url']}" if owner.get("url") else ""
    return (
        f"Another dateline process (pid {owner.get('pid', 'unknown')}) owns the data directory"
        f"{at}. Use that one, stop it, or set DATELINE_DATA_DIR to another directory."
    )


def _unwritable(data_dir: Path, error: OSError) -> DatelineError:
    return StorageFull(
        f"The data directory {data_dir} cannot be written ({error.strerror}). "
        "Set DATELINE_DATA_DIR to one that can."
    )
