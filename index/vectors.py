"""Chroma: the nearest passages to a vector. A copy of what the registry holds, made anew from it.

The only module that knows chromadb. Chroma writes its files in place: those of a process that was
killed, or of a failing disk, can crash the next one. So they are opened only when they are, byte
for byte, what a clean close left behind; others are tried first by a child process, which may die
of them: `python -m index.vectors DIRECTORY SECONDS`. What fails is thrown away and made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import chromadb
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError

from index.errors import DISK_FULL, StorageFull

if TYPE_CHECKING:  # the child of a trial imports this module, and should be quick
    from index.embeddings import Vectors
    from index.registry import Filters, Registry

COLLECTION = "passages"
# chromadb takes some 5,000 records a call, and splits nothing by itself; a search waits for a call.
BATCH = 500
# What a record's metadata holds, and Chroma's settings. Change them and this number, and indexes
# are made anew.
RECORDS = 3
# With fewer bytes free than this, a failure of Chroma's is taken for a full disk.
LEAST_ROOM = 16 << 20
DAY = len("2024-11-26")


class VectorIndex:
    """`path` is Chroma's directory; `version` names the embedder whose vectors it holds.

    The first `sync` opens it. Safe for many threads: one call at a time, as a query fails that
    Chroma answers during a delete.
    """

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path.resolve(), f"{version} records/{RECORDS}"
        self._lock = threading.Lock()
        self._manifest = self._path.with_name(f"{path.name}.manifest")
        self._client: Any = None
        self._collection: Any = None
        self._sound = True  # no write has failed since the opening

    def close(self) -> None:
        """Says in the manifest what the files are, unless a write has failed."""
        with self._lock:
            if self._client is None:
                return
            self._client.close()
            self._client = self._collection = None
            if self._sound:
                with suppress(OSError):  # without it, the next opening takes longer
                    beside = self._manifest.with_suffix(".new")
                    beside.write_text(json.dumps(_digests(self._path)))
                    beside.replace(self._manifest)

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Chroma does not say what it could not write for; the disk does."""
        try:
            yield
        except (ChromaError, OSError) as error:
            if shutil.disk_usage(self._path.parent).free < LEAST_ROOM:
                raise StorageFull(DISK_FULL) from error
            raise

    @contextmanager
    def _write(self) -> Iterator[None]:
        """A write that fails may leave files that do not fit together: they will be tried."""
        with self._told_plainly():
            try:
                yield
            except BaseException:
                self._sound = False
                raise

    def sync(self, registry: Registry) -> tuple[int, int]:
        """Brings the index to the registry's state. Gives how many were added and removed."""
        if self._client is None:
            with self._lock, self._told_plainly():
                self._open(registry)
        if (self._collection.metadata or {}).get("embedder") != self._version:
            with self._lock, self._told_plainly():
                self._make_anew()
        there, wanted = self.ids(), registry.passage_ids()
        self.remove(sorted(there - wanted))
        self.add(sorted(wanted - there), registry)
        return len(wanted - there), len(there - wanted)

    def _open(self, registry: Registry) -> None:
        if not self._trusted(registry):
            shutil.rmtree(self._path, ignore_errors=True)
        self._manifest.unlink(missing_ok=True)
        self._client, self._collection = _opened(self._path, self._version)

    def _trusted(self, registry: Registry) -> bool:
        try:
            manifest = json.loads(self._manifest.read_text())
        except FileNotFoundError:
            # Killed: nobody else has written to the files, so they are worth a trial.
            return self._path.exists() and _passes_trial(self._path, registry)
        except (OSError, ValueError):
            return False
        return manifest == _digests(self._path)

    def _make_anew(self) -> None:
        self._client.close()
        shutil.rmtree(self._path)
        self._client, self._collection = _opened(self._path, self._version)

    def ids(self) -> set[int]:
        """The passages it holds."""
        with self._lock, self._told_plainly():
            return {int(i) for i in self._collection.get(include=[])["ids"]}

    def add(self, ids: Sequence[int], registry: Registry) -> None:
        for batch in _batches(ids):
            rows = registry.vectors(batch)
            if rows:
                with self._lock, self._write():
                    self._collection.upsert(
                        ids=[str(row[0]) for row in rows],
                        embeddings=np.stack([row[4] for row in rows]),
                        metadatas=[_metadata(*row[1:4]) for row in rows],
                    )

    def remove(self, ids: Sequence[int]) -> None:
        for batch in _batches(ids):
            with self._lock, self._write():
                self._collection.delete(ids=[str(i) for i in batch])

    def count(self) -> int:
        with self._lock, self._told_plainly():
            return int(self._collection.count())

    def nearest(self, vector: Vectors, filters: Filters, limit: int) -> list[tuple[int, float]]:
        """Passage ids with cosine similarities, nearest first."""
        with self._lock, self._told_plainly():
            found = self._collection.query(
                query_embeddings=vector[None],
                n_results=limit,
                where=_where(filters),
                include=["distances"],
            )
        assert found["distances"] is not None
        ids, distances = found["ids"][0], found["distances"][0]
        return [(int(i), 1.0 - d) for i, d in zip(ids, distances, strict=True)]


def _opened(path: Path, version: str) -> tuple[Any, Any]:
    """Chroma's client and its collection. `version` is for one that is not there yet."""
    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    client: Any = chromadb.PersistentClient(str(path), settings)
    collection = client.get_or_create_collection(
        COLLECTION,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_search": 100, "sync_threshold": 1}},
        metadata={"embedder": version},
    )
    return client, collection


def _digests(path: Path) -> dict[str, str]:
    """A digest of each file below `path`, by its name."""
    found = {}
    for file in sorted(path.rglob("*")):
        if not file.is_dir():
            with file.open("rb") as data:
                found[str(file.relative_to(path))] = hashlib.file_digest(
                    data, "blake2b"
                ).hexdigest()
    return found


# The trial: the child reads everything and sends it, the parent compares it with the registry.

ROOT = Path(__file__).resolve().parents[1]
# The child's time, in seconds: for starting, and for each thousand passages.
PATIENCE, PATIENCE_PER_1000 = 60, 2
PROBE = "0"  # no passage has this id
# What else a passage's cosine may be after Chroma has normalised and rounded its vector.
ROUNDING = 1e-5


def _passes_trial(path: Path, registry: Registry) -> bool:
    """Whether a child process finds in Chroma's files what the registry holds, and survives it.

    Passages that only one of them has are no fault: a process was killed between the two.
    """
    with path.with_name(f"{path.name}.trial").open("w") as lock:
        # Held by the child too: a trial whose parent was killed ends before the next begins.
        fcntl.flock(lock, fcntl.LOCK_EX)
        seconds = PATIENCE + PATIENCE_PER_1000 * len(registry.passage_ids()) // 1000
        child = subprocess.Popen(
            [sys.executable, "-m", "index.vectors", str(path), str(seconds)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock.fileno()],
        )
        assert child.stdout is not None
        with child, child.stdout as sent:
            try:
                same = all(_is_same(batch, registry) for batch in _received(sent))
            except (ValueError, KeyError, TypeError):
                same = False
            if not same:
                child.kill()
        return same and child.returncode == 0


def _received(sent: IO[bytes]) -> Iterator[tuple[list[str], list[dict[str, Any]], Vectors]]:
    while line := sent.readline():
        ids, metadatas, dimensions = json.loads(line)
        raw = sent.read(4 * len(ids) * dimensions)
        yield ids, metadatas, np.frombuffer(raw, np.float32).reshape(len(ids), dimensions)


def _is_same(batch: tuple[list[str], list[dict[str, Any]], Vectors], registry: Registry) -> bool:
    kept = {row[0]: row[1:] for row in registry.vectors([int(i) for i in batch[0]])}
    both = [(kept[int(i)], *rest) for i, *rest in zip(*batch, strict=True) if int(i) in kept]
    return all(metadata == _metadata(*row[:3]) for row, metadata, _ in both) and (
        not both or np.allclose([row[3] for row, *_ in both], [v for *_, v in both], atol=ROUNDING)
    )


def _try(path: Path, seconds: int) -> None:
    """Reads all that Chroma's files hold and sends it to standard output. Raises, or dies, if it
    cannot.
    """
    signal.alarm(seconds)  # whatever it hangs in
    with closing(sqlite3.connect(path / "chroma.sqlite3")) as db:
        (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    client, collection = _opened(path, "")
    ids = collection.get(include=[])["ids"]
    if found != "ok" or len(ids) != collection.count():
        raise ValueError(found)
    vectors = np.empty(0)
    for batch in _batches(ids):
        got = collection.get(ids=list(batch), include=["embeddings", "metadatas"])
        vectors = np.asarray(got["embeddings"], np.float32)
        head = json.dumps([got["ids"], got["metadatas"], vectors.shape[1]])
        sys.stdout.buffer.write(head.encode() + b"\n" + vectors.tobytes())
    if ids:
        # All of them at once: a search that visits the whole graph.
        nearest = collection.query(query_embeddings=vectors[-1:], n_results=len(ids), include=[])
        if not set(nearest["ids"][0]) <= set(ids):
            raise ValueError("Passages were found that are not there.")
        collection.upsert(ids=[PROBE], embeddings=-vectors[-1:])
        (best,) = collection.query(query_embeddings=-vectors[-1:], n_results=1, include=[])["ids"]
        collection.delete(ids=[PROBE])
        if best != [PROBE] or collection.count() != len(ids):
            raise ValueError("What is written is not there.")
    client.close()
    sys.stdout.flush()


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(ids), BATCH):
        yield ids[at : at + BATCH]


def _metadata(article_id: str, source: str | None, published_at: str | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"article_id": article_id}
    if source is not None:
        metadata["source"] = source
    if published_at is not None:
        metadata["day"] = _day(published_at)
    return metadata


def _day(value: str) -> int:
    """Days since the year 1: of the day as it is written, whatever the offset."""
    return date.fromisoformat(value[:DAY]).toordinal()


def _where(filters: Filters) -> dict[str, Any] | None:
    """Chroma's form of the filters. It knows days only; the registry's filter has the last word.

    A time's day may be the day before or after where the article was written, so it is widened.
    """
    terms: list[dict[str, Any]] = []
    if filters.article_ids:
        terms.append({"article_id": {"$in": filters.article_ids}})
    if filters.sources:
        terms.append({"source": {"$in": filters.sources}})
    if filters.published_from:
        widened = len(filters.published_from) > DAY
        terms.append({"day": {"$gte": _day(filters.published_from) - widened}})
    if filters.published_to:
        widened = len(filters.published_to) > DAY
        terms.append({"day": {"$lte": _day(filters.published_to) + widened}})
    if len(terms) > 1:
        return {"$and": terms}
    return terms[0] if terms else None


if __name__ == "__main__":
    _try(Path(sys.argv[1]), int(sys.argv[2]))
