"""Chroma: the nearest passages to a vector. A copy of what the registry holds, made anew from it.

The only module that knows chromadb.
"""

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError

from index.embeddings import Vectors
from index.errors import DISK_FULL, StorageFull
from index.registry import DAY, Filters, Registry

COLLECTION = "passages"
# chromadb takes some 5,000 records a call, and splits nothing by itself; a search waits for a call.
BATCH = 500
# What a record's metadata holds, and how it is indexed. Change them and this number, and indexes
# are made anew.
RECORDS = 3
# Chroma's own settings find 86 % of the 30 nearest of 100,000 (docs/retrieval.md).
HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 400}
# With fewer bytes free than this, a failure of Chroma's is taken for a full disk.
LEAST_ROOM = 16 << 20


class VectorIndex:
    """`path` is Chroma's directory; `version` names the embedder whose vectors it holds.

    Safe for many threads: one call at a time, as a query fails that Chroma answers during a delete.
    """

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path, f"{version} records/{RECORDS}"
        self._lock = threading.Lock()
        # There while Chroma writes. Chroma's files are written in place: those of a process that
        # was killed then may crash the next one, so they are not opened.
        self._unfinished = path.with_name(f"{path.name}.unfinished")
        if self._unfinished.exists() or _damaged(path / "chroma.sqlite3"):
            shutil.rmtree(path, ignore_errors=True)
            self._unfinished.unlink(missing_ok=True)
        with self._told_plainly():
            self._open()

    def _open(self) -> None:
        settings = Settings(anonymized_telemetry=False, allow_reset=False)
        client: Any = chromadb.PersistentClient(str(self._path), settings)
        self._client = client  # its interface lacks the `close` that every client has
        self._collection = self._client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": HNSW},
            metadata={"embedder": self._version},
        )

    def close(self) -> None:
        self._client.close()

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
        with self._told_plainly():
            self._unfinished.touch()
            yield
            self._unfinished.unlink()

    def sync(self, registry: Registry) -> tuple[int, int]:
        """Brings the index to the registry's state. Gives how many were added and removed."""
        if (self._collection.metadata or {}).get("embedder") != self._version:
            self._rebuild()
        with self._lock, self._told_plainly():
            there = {int(i) for i in self._collection.get(include=[])["ids"]}
        wanted = registry.passage_ids()
        self.remove(sorted(there - wanted))
        self.add(sorted(wanted - there), registry)
        return len(wanted - there), len(there - wanted)

    def _rebuild(self) -> None:
        self.close()
        shutil.rmtree(self._path)
        self._open()

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


def _damaged(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as db:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError:
        return True


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
