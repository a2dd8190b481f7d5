"""Chroma: the nearest passages to a vector. A copy of what the registry holds, made anew from it.

The only module that knows chromadb.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings

from index.embeddings import Vectors
from index.registry import Filters, Registry

COLLECTION = "passages"
BATCH = 2000  # chromadb takes some 5,000 records a call, and splits nothing by itself


class VectorIndex:
    """`path` is Chroma's directory; `version` names the embedder whose vectors it holds."""

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path, version
        self._open()

    def _open(self) -> None:
        settings = Settings(anonymized_telemetry=False, allow_reset=False)
        client: Any = chromadb.PersistentClient(str(self._path), settings)
        self._client = client  # its interface lacks the `close` that every client has
        self._collection = self._client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": 100}},
            metadata={"embedder": self._version},
        )

    def close(self) -> None:
        self._client.close()

    def sync(self, registry: Registry) -> tuple[int, int]:
        """Brings the index to the registry's state. Gives how many were added and removed."""
        if (self._collection.metadata or {}).get("embedder") != self._version:
            self._rebuild()
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
                self._collection.upsert(
                    ids=[str(row[0]) for row in rows],
                    embeddings=np.stack([row[4] for row in rows]),
                    metadatas=[_metadata(*row[1:4]) for row in rows],
                )

    def remove(self, ids: Sequence[int]) -> None:
        for batch in _batches(ids):
            self._collection.delete(ids=[str(i) for i in batch])

    def count(self) -> int:
        return int(self._collection.count())

    def nearest(self, vector: Vectors, filters: Filters, limit: int) -> list[tuple[int, float]]:
        """Passage ids with cosine similarities, nearest first."""
        found = self._collection.query(
            query_embeddings=vector[None],
            n_results=limit,
            where=_where(filters),
            include=["distances"],
        )
        assert found["distances"] is not None
        ids, distances = found["ids"][0], found["distances"][0]
        return [(int(i), 1.0 - d) for i, d in zip(ids, distances, strict=True)]


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
    return int(value[:10].replace("-", ""))


def _where(filters: Filters) -> dict[str, Any] | None:
    """Chroma's form of the filters. It knows days only; the registry's filter has the last word."""
    terms: list[dict[str, Any]] = []
    if filters.article_ids:
        terms.append({"article_id": {"$in": filters.article_ids}})
    if filters.sources:
        terms.append({"source": {"$in": filters.sources}})
    if filters.published_from:
        terms.append({"day": {"$gte": _day(filters.published_from)}})
    if filters.published_to:
        terms.append({"day": {"$lte": _day(filters.published_to)}})
    if len(terms) > 1:
        return {"$and": terms}
    return terms[0] if terms else None
