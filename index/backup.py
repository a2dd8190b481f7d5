"""Backups: one file that holds everything which cannot be made again.

It is a copy of the registry, taken as it is at one moment, also while a service writes to it.
Chroma's index is made anew from it.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from index.errors import DISK_FULL, InvalidRequest, StorageFull
from index.registry import MIGRATIONS

REGISTRY = "registry.sqlite3"


def backup(data_dir: Path, target: Path, *, replace: bool = False) -> int:
    """Writes `target` and gives the number of articles in it. For the command line: it names paths.

    Raises InvalidRequest, also where `target` is there and may not be replaced, and StorageFull.
    """
    if not (data_dir / REGISTRY).exists():
        raise InvalidRequest(f"There is nothing to back up: {data_dir} has no articles yet.")
    if target.exists() and not target.is_file():
        raise InvalidRequest(f"{target} is no file. Choose another name.")
    if target.exists() and not replace:
        raise InvalidRequest(f"{target} is there already. Choose another name, or say --replace.")
    half = target.with_name(f".{target.name}.part")
    try:
        with _told(target):
            half.unlink(missing_ok=True)
            with closing(sqlite3.connect(data_dir / REGISTRY)) as db:
                db.execute("VACUUM INTO ?", (str(half),))
            sync(half)
            count = articles(half)
            os.replace(half, target)
            sync(target.parent)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return count


def articles(file: Path) -> int:
    """How many articles a backup holds. Raises InvalidRequest where it is none, or damaged."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise InvalidRequest(f"{file} was written by a newer Dateline. Upgrade first.")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise InvalidRequest(f"{file} is damaged: it cannot be restored.")
            db.execute("SELECT revision, text FROM current LIMIT 1")
            return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])
    except sqlite3.Error:
        raise InvalidRequest(f"{file} is no backup of Dateline's, or it is damaged.") from None


def restore(data_dir: Path, source: Path, *, replace: bool = False) -> int:
    """Puts a backup's articles in the place of what is there; gives their number.

    The caller owns `data_dir`. A kill leaves either the old articles or the new ones. Raises
    InvalidRequest, also where articles would be lost and may not be replaced, and StorageFull.
    """
    if not source.is_file():
        raise InvalidRequest(f"{source} is not there, or no file.")
    count = articles(source)
    registry = data_dir / REGISTRY
    if registry.exists() and not replace and (there := _what_is_there(registry)):
        raise InvalidRequest(
            f"{there} in {data_dir} would be gone. Back up what is worth it and say --replace, or "
            "restore into another DATELINE_DATA_DIR."
        )
    half = registry.with_name(f"{REGISTRY}.part")
    try:
        with _told(data_dir):
            shutil.copyfile(source, half)
            sync(half)
            if registry.exists():
                # Until the file itself is replaced, it shall be whole without its log.
                with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(registry)) as db:
                    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Another registry's vectors must not be taken for this one's, nor its log.
            shutil.rmtree(data_dir / "chroma", ignore_errors=True)
            for log in ("-wal", "-shm"):
                registry.with_name(REGISTRY + log).unlink(missing_ok=True)
            os.replace(half, registry)
            sync(data_dir)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return count


def _what_is_there(registry: Path) -> str:
    """What a restore would overwrite; empty where that is nothing."""
    try:
        count = articles(registry)
    except InvalidRequest:
        return "The damaged registry"
    return f"{count:,} article{'s' * (count > 1)}" if count else ""


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(DISK_FULL) from error
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidRequest(f"{place} cannot be written: {why}.") from error


def sync(path: Path) -> None:
    """Waits until a file, or a directory's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
