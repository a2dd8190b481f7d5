"""One file that holds everything, taken while others write, and put back."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.articles import NewArticle
from index.backup import articles, backup, restore
from index.embeddings import MiniLM
from index.errors import DatelineError, InvalidRequest
from index.index import Index
from index.registry import MIGRATIONS, Filters

BRIDGE = "Aldous Finch opened the new bridge at Harrow Mere. It carries two tram lines."
BEANS = "Eating beans every day lowers blood pressure, doctors in Calder Bay found."


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def index(data_dir: Path, embedder: MiniLM) -> Iterator[Index]:
    index = Index(data_dir, embedder)
    index.add(NewArticle(id="a", text=BEANS))
    index.add(NewArticle(id="a", text=BRIDGE, title="Bridge"))
    yield index
    index.close()


def found(index: Index, query: str) -> set[str]:
    return {hit.passage.article_id for hit in index.search(query, Filters(), 5)}


def test_everything_comes_back_elsewhere(
    index: Index, data_dir: Path, tmp_path: Path, embedder: MiniLM
) -> None:
    assert backup(data_dir, tmp_path / "file") == 1
    other = tmp_path / "other"
    other.mkdir()
    assert restore(other, tmp_path / "file") == 1
    again = Index(other, embedder)
    assert again.registry.get("a") == index.registry.get("a")
    assert again.registry.revisions("a") == index.registry.revisions("a")
    assert again.vectors.count() == 1
    assert found(again, "Who opened the bridge?") == {"a"}
    again.close()


def test_a_backup_is_whole_while_others_write(
    index: Index, data_dir: Path, tmp_path: Path, embedder: MiniLM
) -> None:
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            index.add(NewArticle(id=f"n{n % 7}", text=f"{BRIDGE} {n}"))
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    counts = [backup(data_dir, tmp_path / "file", replace=True) for _ in range(5)]
    done.set()
    writer.join()
    assert counts == sorted(counts)
    other = tmp_path / "other"
    other.mkdir()
    restore(other, tmp_path / "file")
    again = Index(other, embedder)
    assert again.vectors.count() == len(again.registry.passage_ids())
    assert again.registry.lexicon_differences() == 0
    again.close()


def test_nothing_is_overwritten_unasked(index: Index, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("my thesis")
    with pytest.raises(InvalidRequest, match="there already"):
        backup(data_dir, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "my thesis"
    assert backup(data_dir, tmp_path / "mine", replace=True) == 1
    index.close()
    with pytest.raises(InvalidRequest, match=r"1 article in .* would be gone"):
        restore(data_dir, tmp_path / "mine")
    assert articles(data_dir / "registry.sqlite3") == 1


def test_what_is_there_makes_way_when_asked(
    index: Index, data_dir: Path, tmp_path: Path, embedder: MiniLM
) -> None:
    backup(data_dir, tmp_path / "file")
    index.delete("a")
    index.add(NewArticle(id="b", text=BEANS))
    # As a kill leaves it, with a log that is not yet in the file.
    shutil.copytree(data_dir, tmp_path / "killed")
    for directory in (data_dir, tmp_path / "killed"):
        if directory == data_dir:
            index.close()
        assert restore(directory, tmp_path / "file", replace=True) == 1
        again = Index(directory, embedder)
        assert again.registry.count() == 1
        assert found(again, "Who opened the bridge?") == {"a"}
        again.close()


def test_a_backup_takes_a_damaged_registry_s_place(
    index: Index, data_dir: Path, tmp_path: Path, embedder: MiniLM
) -> None:
    backup(data_dir, tmp_path / "file")
    index.close()
    registry = data_dir / "registry.sqlite3"
    with registry.open("r+b") as file:
        file.write(b"\xff" * 4096)
    with pytest.raises(DatelineError, match="dateline restore"):
        Index(data_dir, embedder)
    with pytest.raises(InvalidRequest, match="The damaged registry in"):
        restore(data_dir, tmp_path / "file")
    assert restore(data_dir, tmp_path / "file", replace=True) == 1
    again = Index(data_dir, embedder)
    assert found(again, "Who opened the bridge?") == {"a"}
    again.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"The bridge was closed." * 1000, "other"])
def test_what_is_no_backup_is_said_and_changes_nothing(
    index: Index, data_dir: Path, tmp_path: Path, content: bytes | str
) -> None:
    file = tmp_path / "file"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        with closing(sqlite3.connect(file)) as db:
            db.execute("CREATE TABLE articles (id TEXT)")
    index.close()
    with pytest.raises(InvalidRequest, match="no backup"):
        restore(data_dir, file, replace=True)
    assert articles(data_dir / "registry.sqlite3") == 1


def test_names_of_any_characters_are_names(
    index: Index, data_dir: Path, tmp_path: Path, embedder: MiniLM
) -> None:
    place = tmp_path / "50%41 #1?"
    place.mkdir()
    assert backup(data_dir, place / "my #1?.db") == 1
    assert restore(place, place / "my #1?.db") == 1
    with pytest.raises(InvalidRequest, match="1 article in"):
        restore(place, place / "my #1?.db")
    assert {p.name for p in tmp_path.iterdir()} <= {"data", place.name}


def test_a_damaged_backup_is_said(index: Index, data_dir: Path, tmp_path: Path) -> None:
    for n in range(50):
        index.add(NewArticle(id=f"n{n}", text=f"{BRIDGE} {n} " * 20))
    file = tmp_path / "file"
    backup(data_dir, file)
    whole = file.read_bytes()
    index.close()
    for at in (len(whole) // 3, len(whole) // 2):
        file.write_bytes(whole[:at])
        with pytest.raises(InvalidRequest, match="damaged"):
            restore(data_dir, file, replace=True)
        file.write_bytes(whole[:at] + bytes(4096) + whole[at + 4096 :])
        with pytest.raises(InvalidRequest, match="damaged"):
            restore(data_dir, file, replace=True)
    assert articles(data_dir / "registry.sqlite3") == 51


def test_a_backup_of_a_newer_dateline_is_refused(
    index: Index, data_dir: Path, tmp_path: Path
) -> None:
    backup(data_dir, tmp_path / "file")
    with closing(sqlite3.connect(tmp_path / "file")) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(InvalidRequest, match="newer"):
        restore(data_dir, tmp_path / "file", replace=True)


def test_places_that_are_not_there_are_said(index: Index, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(DatelineError, match="cannot be written"):
        backup(data_dir, tmp_path / "none" / "file")
    with pytest.raises(DatelineError, match="not there"):
        restore(data_dir, tmp_path / "none")
    with pytest.raises(DatelineError, match="nothing to back up"):
        backup(tmp_path / "none", tmp_path / "file")
    with pytest.raises(DatelineError, match="no file"):
        backup(data_dir, tmp_path, replace=True)
    (tmp_path / "file").touch()
    with pytest.raises(DatelineError, match="cannot be written"):
        backup(data_dir, tmp_path / "file" / "in a file")
