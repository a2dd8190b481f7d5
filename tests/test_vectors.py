"""Chroma's copy: whatever happens to it, it is the registry's again after opening."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import chromadb.errors
import numpy as np
import pytest

from index import vectors as vectors_module
from index.articles import NewArticle
from index.embeddings import Vectors
from index.errors import StorageFull
from index.registry import Filters, Registry
from index.sentences import PassageSpan, Span
from index.vectors import HNSW, VectorIndex

EVERYTHING = Filters()
DIMENSIONS = 8
VERSION = "test/1"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "registry.sqlite3")
    yield registry
    registry.close()


@pytest.fixture
def opened(tmp_path: Path, registry: Registry) -> Iterator[Callable[..., VectorIndex]]:
    """Opens the index and syncs it, as often as it is called."""
    kept: list[VectorIndex] = []

    def close() -> None:
        while kept:
            kept.pop().close()

    def opened(version: str = VERSION) -> VectorIndex:
        close()
        kept.append(VectorIndex(tmp_path / "chroma", version))
        kept[0].sync(registry)
        return kept[0]

    yield opened
    close()


def unit(*numbers: float) -> Vectors:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.linalg.norm(vector)


def put(registry: Registry, vectors: list[Vectors], **fields: Any) -> list[int]:
    """An article with a passage for each vector. Gives their ids."""
    new = NewArticle(text="The bridge was closed.", **fields)
    spans = [PassageSpan(Span(0, 22), (Span(0, 22),))] * len(vectors)
    return registry.put(new, spans, np.stack(vectors))[0]


def ids(index: VectorIndex) -> set[int]:
    return {i for i, _ in index.nearest(unit(1, 1), EVERYTHING, 10_000)}


def test_nearest_first_with_cosines(registry: Registry, opened: Callable[..., VectorIndex]) -> None:
    added = put(registry, [unit(0, 1), unit(1), unit(1, 1), unit(-1)], id="a")
    found = opened().nearest(unit(1), EVERYTHING, 3)
    assert [i for i, _ in found] == [added[1], added[2], added[0]]
    np.testing.assert_allclose([cosine for _, cosine in found], [1, 0.5**0.5, 0], atol=1e-6)


def test_an_empty_index_finds_nothing(opened: Callable[..., VectorIndex]) -> None:
    index = opened()
    assert index.count() == 0
    assert index.nearest(unit(1), EVERYTHING, 5) == []
    index.remove([])
    index.remove([7])
    assert index.count() == 0


def test_filters_reach_passages_that_are_not_among_the_nearest(
    registry: Registry, opened: Callable[..., VectorIndex]
) -> None:
    random = np.random.default_rng(0)
    crowd = [unit(9, *random.normal(size=DIMENSIONS - 1)) for _ in range(1500)]
    put(registry, crowd, id="crowd", source="Wire", published_at="2024-01-01")
    far = put(registry, [unit(-1), unit(-1, 1)], id="far", source="Gazette")
    dated = put(registry, [unit(-1, 2)], id="dated", published_at="2024-11-30T23:00:00-05:00")
    index = opened()

    def found(**filters: Any) -> set[int]:
        return {i for i, _ in index.nearest(unit(1), Filters(**filters), 30)}

    assert index.count() == 1503
    assert found(article_ids=["far"]) == set(far)
    assert found(article_ids=["far", *(f"x{n}" for n in range(999))]) == set(far)
    assert found(sources=["Gazette", *(f"x{n}" for n in range(999))]) == set(far)
    assert found(published_from="2024-11-30") == set(dated)
    assert found(published_from="2024-11-30", published_to="2024-11-30") == set(dated)
    assert found(published_from="2024-12-01") == set()
    # In UTC it is the day after: the registry compares times, this only lets them through.
    assert found(published_from="2024-12-01T00:00:00Z") == set(dated)
    assert found(published_from="2024-06-01", article_ids=["far"]) == set()
    assert found(published_from="9999-12-31T23:59Z", published_to="0001-01-01T00:00Z") == set()


def test_sync_adds_what_is_missing_and_removes_what_is_surplus(
    registry: Registry, opened: Callable[..., VectorIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "BATCH", 3)
    added = put(registry, [unit(1, n) for n in range(10)], id="a")
    index = opened()
    assert ids(index) == set(added)
    index.remove(added[2:9])
    index._collection.upsert(ids=["900", "901"], embeddings=np.stack([unit(1), unit(0, 1)]))
    assert ids(index) == {*added[:2], added[9], 900, 901}
    assert index.sync(registry) == (7, 2)
    assert ids(index) == set(added)
    assert index.sync(registry) == (0, 0)


def kill(index: VectorIndex, directory: Path) -> None:
    """As a kill would: without the manifest of a clean close."""
    index.close()
    (directory / "chroma.manifest").unlink()


@pytest.mark.parametrize("after", ["a clean close", "a kill"])
@pytest.mark.parametrize("damage", ["version", "garbage", "cut short", "no file", "one more"])
def test_an_index_that_cannot_be_trusted_is_made_anew(
    registry: Registry,
    opened: Callable[..., VectorIndex],
    tmp_path: Path,
    damage: str,
    after: str,
) -> None:
    added = put(registry, [unit(1, n) for n in range(5)], id="a")
    index = opened()
    before = index._collection.id
    index.close() if after == "a clean close" else kill(index, tmp_path)
    database = tmp_path / "chroma" / "chroma.sqlite3"
    match damage:
        case "garbage":
            database.write_bytes(b"The bridge was closed. " * 9000)
        case "cut short":
            database.write_bytes(database.read_bytes()[: 20 * 4096])
        case "no file":
            database.unlink()
        case "one more":
            (database.parent / "more").mkdir()
            shutil.copy(database.parent.glob("*/header.bin").__next__(), database.parent / "more")
    index = opened("test/2" if damage == "version" else VERSION)
    assert index._collection.id != before
    assert ids(index) == set(added)
    best, cosine = index.nearest(unit(1), EVERYTHING, 1)[0]
    assert (best, round(cosine, 5)) == (added[0], 1)


@pytest.mark.parametrize("after", ["a clean close", "a kill"])
def test_a_sound_index_is_kept(
    registry: Registry, opened: Callable[..., VectorIndex], tmp_path: Path, after: str
) -> None:
    added = put(registry, [unit(1, n) for n in range(9)], id="a", source="Wire")
    put(registry, [unit(n, 1) for n in range(9)], published_at="2024-11-26")
    index = opened()
    index.remove(added[:2])  # what a kill leaves is not in step with the registry
    before = index._collection.id
    index.close() if after == "a clean close" else kill(index, tmp_path)
    index = opened()
    assert index._collection.id == before
    assert ids(index) == registry.passage_ids()


def test_vectors_or_metadata_that_are_not_the_registrys_are_found_out(
    registry: Registry, opened: Callable[..., VectorIndex], tmp_path: Path
) -> None:
    one, *_ = put(registry, [unit(1, n) for n in range(9)], id="a", source="Wire")
    for wrong in (
        {"embeddings": unit(0, 0, 1)[None]},
        {"metadatas": [{"source": "Gazette"}]},
    ):
        index = opened()
        before = index._collection.id
        index._collection.update(ids=[str(one)], **wrong)
        kill(index, tmp_path)
        assert opened()._collection.id != before


def test_links_that_lead_nowhere_are_found_out(
    registry: Registry, opened: Callable[..., VectorIndex], tmp_path: Path
) -> None:
    """Chroma follows them without a look, and dies."""
    random = np.random.default_rng(0)
    put(registry, [unit(*random.normal(size=DIMENSIONS)) for _ in range(300)])
    index = opened()
    before = index._collection.id
    kill(index, tmp_path)
    assert opened()._collection.id == before
    for name, at in (("data_level0.bin", 4), ("link_lists.bin", None), ("header.bin", 56)):
        index = opened()
        before = index._collection.id
        kill(index, tmp_path)
        (file,) = (tmp_path / "chroma").glob(f"*/{name}")
        data = bytearray(file.read_bytes())
        # The first level above that a node has begins after as many empty ones.
        at = data.index(bytes([4 + 4 * HNSW["max_neighbors"], 0, 0, 0])) + 8 if at is None else at
        data[at : at + 4] = b"\xff\xff\xff\x7f"
        file.write_bytes(data)
        assert opened()._collection.id != before


def test_a_trial_that_hangs_ends(
    registry: Registry,
    opened: Callable[..., VectorIndex],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added = put(registry, [unit(1, n) for n in range(5)])
    kill(opened(), tmp_path)
    fifo = tmp_path / "chroma" / "chroma.sqlite3"
    fifo.unlink()
    os.mkfifo(fifo)  # whoever opens it waits
    monkeypatch.setattr(vectors_module, "PATIENCE", 2)
    assert ids(opened()) == set(added)


def test_a_write_that_fails_closes_the_index_until_its_next_use(
    registry: Registry, opened: Callable[..., VectorIndex], tmp_path: Path
) -> None:
    """Chroma's connections may hold locks after it, for which the next write would wait."""
    added = put(registry, [unit(1)], id="a")
    index = opened()
    too_long = np.ones((1, DIMENSIONS + 1), np.float32)
    with pytest.raises(chromadb.errors.ChromaError), index._write(0):
        index._collection.upsert(ids=["1"], embeddings=too_long)
    assert index._collection is None
    index.close()
    assert not (tmp_path / "chroma.manifest").exists()
    assert ids(index) == set(added)


def test_a_full_disk_is_not_written_to(
    registry: Registry, opened: Callable[..., VectorIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    added = put(registry, [unit(1)], id="a")
    index = opened()
    more = put(registry, [unit(0, 1)], id="b")
    monkeypatch.setattr(VectorIndex, "_room", lambda _: vectors_module.ROOM_TO_ADD - 1)
    with pytest.raises(StorageFull):
        index.add(more, registry)
    index.remove(added)  # this makes room
    monkeypatch.setattr(VectorIndex, "_room", lambda _: 0)
    with pytest.raises(StorageFull):
        index.remove(more)
    assert index.count() == 0
    monkeypatch.undo()
    assert index.sync(registry) == (2, 0)


def test_nothing_of_what_was_removed_stays(
    registry: Registry, opened: Callable[..., VectorIndex], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    gone = [unit(*random.normal(size=DIMENSIONS)) for _ in range(3)]
    left = put(registry, [unit(*random.normal(size=DIMENSIONS)) for _ in range(50)], id="left")
    removed = put(registry, gone, id="gone", source="Gazette")
    index = opened()
    index.remove(removed)
    assert index.ids() == set(left)
    with closing(sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3")) as db:

        def count(query: str) -> int:
            return int(db.execute(query).fetchone()[0])

        assert count("SELECT count(*) FROM embeddings") == 50
        assert count("SELECT count(*) FROM embedding_metadata WHERE string_value = 'gone'") == 0
        assert count("SELECT count(*) FROM embedding_metadata WHERE string_value = 'Gazette'") == 0
        assert count("SELECT count(DISTINCT id) FROM embedding_metadata") == 50
        # The last record of the queue stays, for its number: it says only what was deleted.
        assert count("SELECT count(*) FROM embeddings_queue") == 1
        assert count("SELECT count(*) FROM embeddings_queue WHERE vector NOT NULL") == 0
    for file in (tmp_path / "chroma").rglob("*.bin"):
        assert not any(vector.tobytes() in file.read_bytes() for vector in gone)
    before = index._collection.id
    kill(index, tmp_path)
    assert opened()._collection.id == before  # zeros among its vectors are no damage


def test_what_the_graph_loses_is_found(
    registry: Registry, opened: Callable[..., VectorIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(registry, [unit(1, n) for n in range(20)], id="kept")
    index = opened()
    whole = index.nearest(unit(1), Filters(article_ids=["kept"]), 30)
    query = index._collection.query

    def loses(**options: Any) -> Any:
        found = query(**options)
        return {name: [found[name][0][4:]] for name in ("ids", "distances")}

    monkeypatch.setattr(index._collection, "query", loses)
    found = index.nearest(unit(1), Filters(article_ids=["kept"]), 30)
    assert [i for i, _ in found] == [i for i, _ in whole] == kept
    assert [s for _, s in found] == pytest.approx([s for _, s in whole], abs=1e-6)


def test_threads_search_while_others_write(
    registry: Registry, opened: Callable[..., VectorIndex]
) -> None:
    kept = put(registry, [unit(1, n) for n in range(20)], id="kept")
    changing = put(registry, [unit(-1, n) for n in range(60)], id="changing")
    index = opened()
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                found = {i for i, _ in index.nearest(unit(1), Filters(article_ids=["kept"]), 30)}
                assert found == set(kept)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for at in range(0, 60, 2):
        index.remove(changing[at : at + 2])
        index.add(changing[at : at + 1], registry)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.count() == 20 + 30
