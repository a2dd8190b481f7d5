"""Chroma: the nearest passages to a vector. A copy of what the registry holds, made anew from it.

The only module that knows chromadb. Chroma writes its files in place: those of a process that was
killed, or of a failing disk, can crash the next one. A clean close leaves a manifest of their
bytes: where there is one, they are opened only if they are those bytes. Where there is none, the
process was killed, and a child process, which may die of them, tries them first (index/trial.py).
What fails is thrown away and made anew.

chromadb takes most of a second to import, so it is imported where it is used: the service, which
opens the index in the background, answers before.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from importlib.metadata import version as installed
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.errors import DISK_FULL, StorageFull

if TYPE_CHECKING:  # the child of a trial imports this module, and should be quick
    from index.embeddings import Vectors
    from index.registry import Filters, Registry

COLLECTION = "passages"
# chromadb takes some 5,000 records a call, and splits nothing by itself; a search waits for a call.
BATCH = 500
# What a record's metadata holds, and how it is indexed. Change them and this number, and indexes
# are made anew.
RECORDS = 4
# Chroma's own settings find 87 % of the 30 nearest of 100,000 (docs/retrieval.md).
# Each write is carried into the graph at once: else what was deleted stays in Chroma's queue.
HNSW: dict[str, Any] = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 400,
    "sync_threshold": 1,
}
# With fewer bytes free than this, a failure of Chroma's is taken for a full disk.
LEAST_ROOM = 16 << 20
# Bytes that have to be free, as Chroma is better not let into a full disk; less to make room.
ROOM_TO_ADD, ROOM_TO_REMOVE = LEAST_ROOM, 1 << 20
Id = TypeVar("Id", int, str)
DAY = len("2024-11-26")


class VectorIndex:
    """`path` is Chroma's directory; `version` names the embedder whose vectors it holds.

    The first `sync` opens it. Safe for many threads: one call at a time, as a query fails that
    Chroma answers during a delete.
    """

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path.resolve(), f"{version} records/{RECORDS}"
        self._manifest = self._path.with_name(f"{path.name}.manifest")
        self._lock, self._opening = threading.Lock(), threading.RLock()
        self._client: Any = None
        self._collection: Any = None
        self._registry: Registry | None = None

    def close(self) -> None:
        """Says in the manifest what the files are."""
        with self._lock:
            if self._collection is not None:
                self._shut()
                with suppress(OSError):  # without it, the next opening takes longer
                    beside = self._manifest.with_suffix(".new")
                    beside.write_text(json.dumps(_digests(self._path)))
                    beside.replace(self._manifest)

    def _shut(self) -> None:
        client, self._client, self._collection = self._client, None, None
        client.close()

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Chroma does not say what it could not write for; the disk does."""
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, OSError) as error:
            if self._room() < LEAST_ROOM:
                raise StorageFull(DISK_FULL) from error
            raise

    def _room(self) -> int:
        return shutil.disk_usage(self._path.parent).free

    @contextmanager
    def _write(self, room: int) -> Iterator[None]:
        """`room` is how many bytes have to be free for it."""
        with self._lock, self._told_plainly():
            if self._room() < room:
                raise StorageFull(DISK_FULL)
            try:
                yield
            except BaseException:
                # Its files may not fit together now, and its connections hold locks for which the
                # next write would wait a quarter of an hour. The next use tries the files.
                self._shut()
                raise

    def sync(self, registry: Registry) -> tuple[int, int]:
        """Brings the index to the registry's state. Gives how many were added and removed."""
        # Not under the other lock, which a thread may wait for that has the registry's. Whoever
        # writes syncs first, so nobody does while another thread syncs.
        with self._opening, self._told_plainly():
            self._registry = registry
            if self._collection is None:
                if self._room() < ROOM_TO_REMOVE:  # it would fail, however sound the files are
                    raise StorageFull(DISK_FULL)
                trusted = self._trusted(registry)
                self._manifest.unlink(missing_ok=True)
                self._open(keep=trusted)
            if self._collection.metadata.get("embedder") != self._version:
                self._open(keep=False)
            there, wanted = self.ids(), registry.passage_ids()
            self.remove(sorted(there - wanted))
            self.add(sorted(wanted - there), registry)
            return len(wanted - there), len(there - wanted)

    def differences(self, registry: Registry) -> int:
        """How many passages it lacks, has too many, or has otherwise than the registry."""
        self._reopen()
        there, wanted = self.ids(), registry.passage_ids()
        count = len(there ^ wanted)
        for batch in batches([str(i) for i in sorted(there & wanted)]):
            with self._lock, self._told_plainly():
                got = self._collection.get(ids=list(batch), include=["embeddings", "metadatas"])
            count += _differing(got["ids"], got["metadatas"], got["embeddings"], registry)
        return count

    def rebuild(self, registry: Registry) -> None:
        """Makes the index anew."""
        with self._opening, self._told_plainly():
            self._open(keep=False)
            self.sync(registry)

    def _reopen(self) -> None:
        """After a write that failed. Raises StorageFull."""
        with self._opening:
            if self._collection is None and self._registry is not None:
                self.sync(self._registry)

    def _open(self, *, keep: bool) -> None:
        with self._lock:
            if self._collection is not None:
                self._shut()
            if not keep:
                shutil.rmtree(self._path, ignore_errors=True)
            self._client, self._collection = opened(self._path, self._version)

    def _trusted(self, registry: Registry) -> bool:
        try:
            if self._manifest.exists():
                return bool(json.loads(self._manifest.read_text()) == _digests(self._path))
        except (OSError, ValueError):
            return False
        # Killed: nobody else has written to the files, so they are worth a trial.
        return self._path.exists() and _passes_trial(self._path, registry)

    def ids(self) -> set[int]:
        """The passages it holds."""
        with self._lock, self._told_plainly():
            return {int(i) for i in self._collection.get(include=[])["ids"]}

    def add(self, ids: Sequence[int], registry: Registry) -> None:
        """Raises StorageFull."""
        for batch in batches(ids):
            rows = registry.vectors(batch)
            if rows:
                with self._write(ROOM_TO_ADD):
                    self._collection.upsert(
                        ids=[str(row[0]) for row in rows],
                        embeddings=np.stack([row[4] for row in rows]),
                        metadatas=[_metadata(*row[1:4]) for row in rows],
                    )

    def remove(self, ids: Sequence[int]) -> None:
        """Leaves no vector behind. Raises StorageFull."""
        for batch in batches([str(i) for i in ids]):
            with self._write(ROOM_TO_REMOVE):
                there = self._collection.get(ids=list(batch), include=["embeddings"])
                if there["ids"]:
                    # Chroma only marks a vector as deleted, so it is overwritten first. One that
                    # is zero is as far from all others as any, and in no search's way.
                    zeros = np.zeros_like(there["embeddings"])
                    self._collection.update(ids=there["ids"], embeddings=zeros)
                    self._collection.delete(ids=there["ids"])

    def count(self) -> int:
        with self._lock, self._told_plainly():
            return int(self._collection.count())

    def nearest(self, vector: Vectors, filters: Filters, limit: int) -> list[tuple[int, float]]:
        """Passage ids with cosine similarities, nearest first.

        Finds nothing where a write has failed and there is no room yet to open the index again.
        """
        with suppress(StorageFull):
            self._reopen()
        with self._lock, self._told_plainly():
            if self._collection is None:
                return []
            where = _where(filters)
            found = self._collection.query(
                query_embeddings=vector[None],
                n_results=limit,
                where=where,
                include=["distances"],
            )
            assert found["distances"] is not None
            ids, similarities = found["ids"][0], [1.0 - d for d in found["distances"][0]]
            if len(ids) < limit:
                # All that pass, then; but the way to some may be lost, whose neighbours in its
                # graph were removed. So few are compared one by one.
                there = self._collection.get(where=where, include=["embeddings"])
                ids = there["ids"]
                similarities = (there["embeddings"] @ vector).tolist() if ids else []
        nearest = zip(map(int, ids), similarities, strict=True)
        return sorted(nearest, key=lambda found: (-found[1], found[0]))


def opened(path: Path, version: str) -> tuple[Any, Any]:
    """Chroma's client and its collection. `version` is for one that is not there yet."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    client: Any = chromadb.PersistentClient(str(path), settings)
    collection = client.get_or_create_collection(
        COLLECTION,
        embedding_function=None,
        configuration={"hnsw": HNSW},
        metadata={"embedder": version},
    )
    return client, collection


def _digests(path: Path) -> dict[str, str]:
    """A digest of each file below `path`, by its name, and which chromadb wrote them."""
    found = {"chromadb": installed("chromadb")}
    for file in sorted(path.rglob("*")):
        if not file.is_dir():
            with file.open("rb") as data:
                found[str(file.relative_to(path))] = hashlib.file_digest(
                    data, "blake2b"
                ).hexdigest()
    return found


ROOT = Path(__file__).resolve().parents[1]
# The child's time, in seconds: for starting, and for each thousand passages.
PATIENCE, PATIENCE_PER_1000 = 60, 2
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
            [sys.executable, "-m", "index.trial", str(path), str(seconds)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock.fileno()],
        )
        assert child.stdout is not None
        with child, child.stdout as sent:
            try:
                same = not any(_differing(*batch, registry) for batch in _received(sent))
            except (ValueError, TypeError, OverflowError):  # what it sends is nonsense
                same = False
            if not same:
                child.kill()
        return same and child.returncode == 0


def _received(sent: IO[bytes]) -> Iterator[tuple[list[str], list[dict[str, Any]], Vectors]]:
    while line := sent.readline():
        ids, metadatas, dimensions = json.loads(line)
        raw = sent.read(4 * len(ids) * dimensions)
        yield ids, metadatas, np.frombuffer(raw, np.float32).reshape(len(ids), dimensions)


def _differing(
    ids: list[str], metadatas: list[dict[str, Any]], vectors: Vectors, registry: Registry
) -> int:
    """How many of these passages the registry has, with another vector or other metadata."""
    places = {int(i): place for place, i in enumerate(ids)}
    rows = registry.vectors(list(places))
    if not rows:
        return 0
    at = [places[row[0]] for row in rows]
    kept = np.stack([row[4] for row in rows])
    near: list[bool] = (np.abs(kept - vectors[at]) < ROUNDING).all(axis=1).tolist()
    return sum(
        not same or metadatas[place] != _metadata(*row[1:4])
        for row, place, same in zip(rows, at, near, strict=True)
    )


def batches(ids: Sequence[Id]) -> Iterator[Sequence[Id]]:
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
