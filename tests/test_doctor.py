"""What differs from the articles is found and mended; what cannot be mended is said."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index.articles import NewArticle
from index.doctor import Report, examine
from index.embeddings import MiniLM
from index.index import Index
from index.registry import Filters

BRIDGE = "Aldous Finch opened the new bridge at Harrow Mere. It carries two tram lines."
BEANS = "Eating beans every day lowers blood pressure, doctors in Calder Bay found."


@pytest.fixture
def index(tmp_path: Path, embedder: MiniLM) -> Iterator[Index]:
    index = Index(tmp_path, embedder)
    index.add(NewArticle(id="a", text=BRIDGE, title="Bridge", source="Gazette"))
    index.add(NewArticle(id="b", text=BEANS, published_at="2026-03-01"))
    index.add(NewArticle(id="c", text="Turnout was 71 percent in Kestovia. " * 30))
    yield index
    index.close()


def sql(statement: str) -> Callable[[Index], None]:
    def run(index: Index) -> None:
        with index.registry.transaction() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            db.execute(statement)

    return run


def drop_vector(index: Index) -> None:
    index.vectors.remove([1])


def ghost_vector(index: Index) -> None:
    index.vectors._collection.add(ids=["777"], embeddings=np.ones((1, 384), np.float32))


def another_vector(index: Index) -> None:
    index.vectors._collection.update(ids=["1"], embeddings=np.ones((1, 384), np.float32))


def another_source(index: Index) -> None:
    index.vectors._collection.update(ids=["1"], metadatas=[{"source": "Courier"}])


def orphan(index: Index) -> None:
    index.registry._db.execute("PRAGMA foreign_keys = OFF")
    index.registry._db.execute("DELETE FROM articles WHERE id = 'c'")
    index.registry._db.execute("PRAGMA foreign_keys = ON")


def told(report: Report) -> dict[str, tuple[int, bool]]:
    return {finding.store: (finding.count, finding.mended) for finding in report.findings}


def test_nothing_is_wrong_with_what_nobody_harmed(index: Index) -> None:
    before = list(index.registry._db.iterdump())
    report = examine(index)
    assert report.well
    assert report.findings == []
    assert (report.articles, report.passages) == (3, len(index.registry.passage_ids()))
    assert list(index.registry._db.iterdump()) == before


@pytest.mark.parametrize(
    ("harm", "store", "count"),
    [
        (sql("DELETE FROM lexicon WHERE rowid = 1"), "lexicon", 1),
        (sql("UPDATE lexicon SET text = 'other' WHERE rowid = 1"), "lexicon", 1),
        (sql("INSERT INTO lexicon(rowid, text) VALUES (99, 'ghost')"), "lexicon", 1),
        (sql("DELETE FROM lexicon_docsize"), "lexicon", None),
        (sql("DELETE FROM signatures WHERE seq = 1"), "signatures", 1),
        (sql("UPDATE passages SET sentences = '[]' WHERE id = 1"), "passages", 1),
        (sql("UPDATE passages SET sentences = '[[0, 9999]]' WHERE id = 1"), "passages", 1),
        (sql("UPDATE passages SET vector = zeroblob(1536) WHERE id = 1"), "passages", 1),
        (sql("UPDATE passages SET vector = x'00' WHERE id = 1"), "passages", 1),
        (drop_vector, "vectors", 1),
        (ghost_vector, "vectors", 1),
        (another_vector, "vectors", 1),
        (another_source, "vectors", 1),
    ],
)
def test_what_is_wrong_is_found_and_mended(
    index: Index, harm: Callable[[Index], None], store: str, count: int | None
) -> None:
    harm(index)
    looked = told(examine(index, mend=False))
    assert store in looked
    assert looked[store][1] is False
    if count is not None:
        assert looked[store][0] == count
    report = examine(index)
    assert report.well
    assert store in told(report)
    assert examine(index).findings == []
    for query, article_id in (("bridge", "a"), ("beans", "b"), ("turnout", "c")):
        found = [hit.passage.article_id for hit in index.search(query, Filters(), 1)]
        assert found == [article_id]


def test_an_article_without_passages_gets_them_again(index: Index) -> None:
    with index.registry.transaction() as db:
        db.execute("DELETE FROM passages WHERE article_id = 'a'")
    assert not index.search("Who opened the bridge?", Filters(article_ids=["a"]), 1)
    report = examine(index)
    assert report.well
    assert told(report)["passages"] == (1, True)
    assert index.search("Who opened the bridge?", Filters(article_ids=["a"]), 1)
    assert examine(index).findings == []


def test_rows_of_an_article_that_is_gone_go_too_and_the_rest_is_looked_at(index: Index) -> None:
    orphan(index)
    drop_vector(index)
    looked = told(examine(index, mend=False))
    assert looked["registry"][1] is False
    assert "vectors" in looked
    report = examine(index)
    assert report.well
    assert {"registry", "lexicon", "vectors"} <= told(report).keys()
    assert report.articles == 2
    assert index.registry.orphans() == 0
    assert examine(index).findings == []
    assert index.vectors.count() == len(index.registry.passage_ids()) == report.passages
    index.add(NewArticle(id="c", text=BEANS))
    assert examine(index).findings == []


def test_an_article_without_a_text_is_told_and_can_be_deleted(index: Index) -> None:
    sql("DELETE FROM revisions WHERE article_id = 'a'")(index)
    report = examine(index)
    assert not report.well
    assert told(report)["registry"] == (1, False)
    index.delete("a")
    assert examine(index).findings == []


def test_a_text_that_changed_by_itself_is_told_and_not_mended(index: Index) -> None:
    sql("UPDATE revisions SET text = 'Something else.' WHERE article_id = 'a'")(index)
    report = examine(index)
    assert not report.well
    assert told(report)["registry"] == (1, False)
    index.add(NewArticle(id="a", text=BEANS + " Twice.", title="Bridge", source="Gazette"))
    assert "registry" not in told(examine(index))
