"""Articles in, passages out, with SQLite, Chroma and the embedder as they are in use."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import hostile_text
from hypothesis import given, settings

from index.articles import NewArticle
from index.embeddings import MiniLM, Vectors
from index.errors import ArticleNotFound, StorageFull
from index.index import Hit, Index, query_terms
from index.registry import Filters

EVERYTHING = Filters()
ROOT = Path(__file__).resolve().parent.parent
ELECTION = "The opposition won the election in Kestovia. Turnout was 71 percent."
BEANS = "Eating beans every day lowers blood pressure, doctors in Calder Bay found."
BRIDGE = "Aldous Finch opened the new bridge at Harrow Mere. It carries two tram lines."


def add(index: Index, text: str, **fields: Any) -> str:
    return index.add(NewArticle(text=text, **fields)).status


def copied(index: Index) -> dict[int, list[float]]:
    """What Chroma holds."""
    kept = index.vectors._collection.get(include=["embeddings"])
    assert kept["embeddings"] is not None
    pairs = zip(kept["ids"], kept["embeddings"], strict=True)
    return {int(i): np.asarray(vector, np.float32).tolist() for i, vector in pairs}


def assert_in_step(index: Index) -> None:
    """Chroma holds the registry's passages and their vectors, and nothing else."""
    ids = sorted(index.registry.passage_ids())
    chroma = copied(index)
    assert sorted(chroma) == ids
    for passage_id, _, _, _, vector in index.registry.vectors(ids):
        np.testing.assert_allclose(chroma[passage_id], vector, atol=1e-6)


def search(index: Index, query: str, top_k: int = 6, **filters: Any) -> list[Hit]:
    hits = index.search(query, Filters(**filters), top_k)
    assert len(hits) <= top_k
    assert [h.fused for h in hits] == sorted((h.fused for h in hits), reverse=True)
    for hit in hits:
        article = index.registry.get(hit.passage.article_id)
        assert hit.passage.revision == article.revision
        assert hit.passage.text == hit.passage.span.of(article.text)
        assert hit.dense is not None or hit.lexical is not None
    return hits


def found(index: Index, query: str, **filters: Any) -> set[str]:
    hits = search(index, query, 50, **filters)
    return {passage.article_id for hit in hits for passage in (hit.passage, *hit.also)}


# Adding and removing


def test_adding_is_created_then_unchanged_then_updated(index: Index) -> None:
    assert add(index, BRIDGE, id="a") == "created"
    assert_in_step(index)
    before = index.registry.get("a"), copied(index)
    assert add(index, BRIDGE, id="a") == "unchanged"
    assert (index.registry.get("a"), copied(index)) == before
    assert add(index, BRIDGE, id="a", title="Bridge") == "updated"
    assert_in_step(index)
    assert add(index, BEANS, id="a", title="Bridge") == "updated"
    assert_in_step(index)
    assert add(index, BRIDGE, id="a") == "updated"
    assert_in_step(index)
    assert len(index.registry.revisions("a")) == 3
    index.delete("a")
    assert_in_step(index)
    assert copied(index) == {}
    assert add(index, BRIDGE, id="a") == "created"
    assert_in_step(index)


def test_an_article_without_an_id_finds_itself(index: Index) -> None:
    assert add(index, "\ufeff" + BRIDGE + "\r\n") == "created"
    assert add(index, BRIDGE + "\n") == "unchanged"
    assert index.registry.count() == 1


def test_a_deleted_article_never_comes_back(tmp_path: Path, embedder: MiniLM) -> None:
    index = Index(tmp_path, embedder)
    add(index, BRIDGE, id="a")
    add(index, "The bridge at Ottering is closed.", id="b")
    index.delete("a")
    assert found(index, "Who opened the bridge at Harrow Mere?") == {"b"}
    with pytest.raises(ArticleNotFound):
        index.delete("a")
    index.close()
    index = Index(tmp_path, embedder)
    assert found(index, "Who opened the bridge at Harrow Mere?") == {"b"}
    assert_in_step(index)
    index.close()


def test_an_old_revision_is_not_found(index: Index) -> None:
    add(index, BRIDGE, id="a")
    add(index, BEANS, id="a")
    assert [h.passage.text for h in search(index, "Who opened the bridge?")] == [BEANS]
    assert [h.lexical for h in search(index, "Harrow Mere tram lines")] == [None]


@settings(max_examples=15)
@given(text=hostile_text(pieces=25))
def test_any_text_is_kept_and_found_by_its_exact_place(
    tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM, text: str
) -> None:
    if "\0" in text or not text.removeprefix("\ufeff").strip():
        return
    index = Index(tmp_path_factory.getbasetemp() / "hostile-index", embedder)
    add(index, text, id="a", title=text[:200])
    assert_in_step(index)
    assert search(index, text[:4000])
    index.close()


# Finding


def test_what_a_question_means_and_what_it_says_are_both_found(index: Index) -> None:
    for text in (ELECTION, BEANS, BRIDGE):
        add(index, text, id=text.split()[0].lower())
    for question, text in (
        ("Which party got most votes?", ELECTION),
        ("What is good against hypertension?", BEANS),
        ("Finch", BRIDGE),
    ):
        assert search(index, question)[0].passage.text == text
    best = search(index, "Who opened the bridge at Harrow Mere?")[0]
    assert best.passage.text == BRIDGE
    assert best.dense is not None and 0.5 < best.dense <= 1
    assert best.lexical is not None and best.lexical > 0


def test_a_title_says_what_a_passage_is_about(index: Index) -> None:
    text = "It carries two tram lines."
    add(index, text, id="a", title="New bridge at Harrow Mere")
    add(index, text + " ", id="b", title="Beans and blood pressure")
    assert search(index, "What does the bridge carry?")[0].passage.article_id == "a"


def test_a_long_title_does_not_hide_the_text(index: Index) -> None:
    title = "All the news of the week from everywhere, in brief: " * 38
    add(index, ELECTION, id="election", title=title)
    add(index, BEANS, id="beans", title=title)
    cosines = {h.passage.article_id: h.dense for h in search(index, "food against hypertension")}
    assert (cosines["beans"] or 0) > (cosines["election"] or 0) + 0.01


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert search(index, "Who opened the bridge?") == []


@pytest.mark.parametrize(
    "query",
    ["", " ", "?", '"', "😀", "the of and", "NEAR(a b) OR *", "a\0b", "x " * 2000, "日本語"],
)
def test_any_query_is_answered(index: Index, query: str) -> None:
    add(index, BRIDGE, id="a")
    assert [h.passage.article_id for h in search(index, query)] == ["a"]


def test_top_k_is_kept_and_the_best_come_first(index: Index) -> None:
    for n in range(8):
        add(index, f"Tram line {n} was closed for repairs.", id=f"tram-{n}")
    add(index, BRIDGE, id="bridge")
    for top_k in (1, 3, 50):
        hits = search(index, "Who opened the bridge at Harrow Mere?", top_k)
        assert hits[0].passage.article_id == "bridge"
        assert len(hits) == min(top_k, 9)


def test_what_several_articles_say_is_one_hit(index: Index) -> None:
    story = (
        "The ferry Saint Brannoc ran aground off Port Ellery on Monday with 112 people on board. "
        "All of them were taken off by lifeboats, and nobody was hurt, the coastguard said. "
        "The master of the ship had reported a failure of its steering an hour before."
    )
    add(index, story, id="wire", title="Ferry runs aground")
    add(index, story, id="post", title="A night of fear off Port Ellery")
    edited = story.replace("taken off by", "brought ashore in").replace("had reported", "reported")
    add(index, edited, id="gazette")
    add(index, story.replace("112", "121"), id="corrected")
    add(index, story.replace("nobody", "one woman"), id="later")
    add(index, story + " It had sailed from Ottering at six with a load of cattle. " * 2, id="more")
    add(index, BEANS, id="beans")
    hits = search(index, "Where did the ferry Saint Brannoc run aground?", 4)
    groups = {hit.passage.article_id: {p.article_id for p in hit.also} for hit in hits}
    # The one that says more than its copies stands for them, wherever each was ranked.
    assert groups == {
        "more": {"wire", "post", "gazette"},
        **{name: set() for name in ("corrected", "later", "beans")},
    }


def test_a_source_and_a_day_help_to_find(index: Index) -> None:
    for source, day in (("Valley Gazette", "2026-02-12"), ("Islands Wire", "2026-03-13")):
        add(index, BRIDGE, id=source[:1], source=source, published_at=day)
    for question, article_id in (
        ("What did the Valley Gazette say of the bridge?", "V"),
        ("What did the Islands Wire say of the bridge?", "I"),
        ("Which bridge was opened on 12 February 2026?", "V"),
        ("Which bridge was opened on March 13, 2026?", "I"),
    ):
        assert search(index, question)[0].passage.article_id == article_id


def test_a_language_without_spaces_is_found_by_its_words(index: Index) -> None:
    index.add(
        NewArticle(id="zh", text="两国部长周二在巴格达签署了两份谅解备忘录。其中一份涉及边境安全。")
    )
    index.add(NewArticle(id="ja", text="新しい橋は金曜日に開通した。住民は九年間待っていた。"))
    for query, article_id in (
        ("谅解备忘录", "zh"),
        ("边境", "zh"),
        ("部长签署了什么?", "zh"),
        ("橋", "ja"),
    ):
        lexical = index.registry.lexical(query_terms(query), Filters(), 5)
        assert [
            p.article_id for p in index.registry.passages([i for i, _ in lexical]).values()
        ] == [article_id]


def test_terms_are_each_word_once_without_those_that_say_nothing() -> None:
    assert query_terms("Who opened the bridge, the Bridge at Øre?") == ["opened", "bridge", "øre"]
    assert query_terms("Who was it?") == ["who", "was", "it"]
    assert query_terms("?!") == []


def test_filters_apply_to_both_halves(index: Index) -> None:
    for name, source, published_at in (
        ("a", "Gazette", "2024-11-25"),
        ("b", "Gazette", "2024-11-26T09:00:00Z"),
        ("c", "Wire", "2024-11-26T15:00:00Z"),
        ("d", "Wire", "2024-11-26T23:30:00-05:00"),
        ("e", None, None),
    ):
        # Different words, so that one half alone would find them too.
        add(index, f"{BRIDGE} Report {name}.", id=name, source=source, published_at=published_at)
    question = "Who opened the bridge at Harrow Mere?"
    for filters, passing in (
        ({}, "abcde"),
        ({"article_ids": ["a", "e", "z"]}, "ae"),
        ({"sources": ["Wire"]}, "cd"),
        ({"sources": ["Wire"], "article_ids": ["a"]}, ""),
        ({"published_from": "2024-11-26"}, "bcd"),
        ({"published_to": "2024-11-25"}, "a"),
        ({"published_from": "2024-11-26T12:00:00Z"}, "cd"),
        ({"published_to": "2024-11-26T12:00:00Z"}, "ab"),
        ({"published_from": "2024-11-27T00:00:00Z"}, "d"),
        ({"published_from": "2024-11-26T12:00", "sources": ["Gazette"]}, ""),
    ):
        chosen = Filters.model_validate(filters)
        assert found(index, question, **filters) == set(passing), filters
        lexical = [i for i, _ in index.registry.lexical(["bridge"], chosen, 50)]
        articles = {p.article_id for p in index.registry.passages(lexical).values()}
        assert articles == set(passing), filters
        assert all(h.dense is not None and h.lexical for h in search(index, question, **filters))


def test_a_filter_takes_a_thousand_ids(index: Index) -> None:
    add(index, BRIDGE, id="a")
    add(index, BRIDGE, id="b")
    names = [f"x{n}" for n in range(999)]
    assert found(index, "bridge", article_ids=["a", *names], sources=[]) == {"a"}
    assert found(index, "bridge", article_ids=["a", *names], sources=[*names, "y"]) == set()


# Opening


def test_a_vector_index_that_was_deleted_is_made_anew(tmp_path: Path, embedder: MiniLM) -> None:
    index = Index(tmp_path, embedder)
    add(index, BRIDGE, id="a")
    add(index, BEANS, id="b")
    before = search(index, "Who opened the bridge?"), copied(index)
    index.close()
    shutil.rmtree(tmp_path / "chroma")
    index = Index(tmp_path, embedder)
    assert (search(index, "Who opened the bridge?"), copied(index)) == before
    index.close()


def test_another_embedder_makes_the_vector_index_anew(
    tmp_path: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(tmp_path, embedder)
    add(index, BRIDGE, id="a")
    (passage_id,) = copied(index)
    index.vectors._collection.upsert(ids=[str(passage_id)], embeddings=np.ones((1, 384)))
    index.close()
    monkeypatch.setattr(MiniLM, "version", "another/2")
    index = Index(tmp_path, embedder)
    assert_in_step(index)
    index.close()


def test_vectors_that_are_missing_or_surplus_are_mended(tmp_path: Path, embedder: MiniLM) -> None:
    index = Index(tmp_path, embedder)
    for n in range(4):
        add(index, f"{BRIDGE} Report {n}.", id=f"a{n}")
    first, second, *_ = copied(index)
    index.vectors.remove([first, second])
    index.vectors._collection.upsert(ids=["999"], embeddings=np.ones((1, 384)))
    assert len(found(index, "bridge")) == 4  # the surplus one is no hit, and words find the others
    index.close()
    index = Index(tmp_path, embedder)
    assert_in_step(index)
    index.close()


# When things go wrong


def test_a_full_disk_is_told_and_changes_nothing(index: Index) -> None:
    add(index, BRIDGE, id="a")
    before = index.registry.get("a"), copied(index), search(index, "Who opened the bridge?")
    pages = index.registry.rows("PRAGMA page_count")[0][0]
    index.registry._db.execute(f"PRAGMA max_page_count = {pages}")
    for article_id in ("a", "b"):
        with pytest.raises(StorageFull, match="nothing was changed"):
            add(index, "It rained. " * 300, id=article_id)
    after = index.registry.get("a"), copied(index), search(index, "Who opened the bridge?")
    assert after == before
    index.registry._db.execute("PRAGMA max_page_count = 1000000")
    assert add(index, BEANS, id="b") == "created"
    assert_in_step(index)


@pytest.mark.parametrize("step", ["add", "remove"])
def test_what_the_vector_index_refuses_the_registry_does_not_have(
    index: Index, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    add(index, BRIDGE, id="a")
    before = list(index.registry._db.iterdump())

    def full(*_: object) -> None:
        raise StorageFull("There is no room.")

    with monkeypatch.context() as patch:
        patch.setattr(index.vectors, step, full)
        with pytest.raises(StorageFull):
            add(index, BEANS, id="a")
        if step == "remove":
            with pytest.raises(StorageFull):
                index.delete("a")
    assert list(index.registry._db.iterdump()) == before
    assert found(index, "Who opened the bridge?") == {"a"}
    assert add(index, BEANS, id="b") == "created"
    assert_in_step(index)
    assert add(index, BEANS, id="a") == "updated"
    index.delete("b")
    assert_in_step(index)


KILLED = """
import os, signal, sys
from pathlib import Path
from index.articles import NewArticle
from index.embeddings import MiniLM, Vectors
from index.index import Index

directory, model, tokenizer, step = sys.argv[1:]
index = Index(Path(directory), MiniLM(Path(model), Path(tokenizer), threads=1))
index.add(NewArticle(text="The bridge was closed.", id="kept"))
killed = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if step == "before the copy":
    index.vectors.add = killed
elif step == "before the commit":
    index.vectors.remove = killed
else:
    index.vectors._collection.upsert = killed
index.add(NewArticle(text="The bridge was opened.", id="kept"))
"""


@pytest.mark.parametrize("step", ["before the copy", "before the commit", "in the copy"])
def test_a_write_whose_process_is_killed_is_not_there(
    tmp_path: Path, embedder: MiniLM, models_dir: Path, step: str
) -> None:
    model = models_dir / "minilm-l6-v2"
    killed = subprocess.run(
        [
            *(sys.executable, "-c", KILLED, str(tmp_path)),
            *(str(model / "model.onnx"), str(model / "tokenizer.json"), step),
        ],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    index = Index(tmp_path, embedder)
    assert index.registry.get("kept").text == "The bridge was closed."
    assert_in_step(index)
    assert add(index, "The bridge was opened.", id="kept") == "updated"
    assert_in_step(index)
    index.close()


def test_threads_add_delete_and_search_at_once(index: Index) -> None:
    failures: list[BaseException] = []
    done = threading.Event()
    add(index, BRIDGE, id="kept")

    def write(writer: int) -> None:
        for n in range(6):
            add(index, f"{BEANS} Report {writer} of day {n}.", id=f"w{writer}-{n % 3}")
            if n % 3 == 0:
                index.delete(f"w{writer}-{n % 3}")

    def read() -> None:
        while not done.is_set():
            hits = index.search("Who opened the bridge at Harrow Mere?", EVERYTHING, 6)
            assert hits[0].passage.text == BRIDGE

    def guarded(run: Any, *arguments: int) -> None:
        try:
            run(*arguments)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=guarded, args=(write, n)) for n in range(2)]
    readers = [threading.Thread(target=guarded, args=(read,)) for _ in range(2)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert index.registry.count() == 1 + 2 * 2
    assert_in_step(index)


def test_a_question_and_sentences_that_come_again_are_not_embedded_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    encode = MiniLM.encode

    def noted(self: MiniLM, texts: Sequence[str]) -> Vectors:
        embedded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(MiniLM, "encode", noted)
    first = index.similarity("Who opened the bridge?", [BRIDGE, BEANS, BRIDGE])
    assert first.shape == (3,) and first[0] == pytest.approx(first[2]) and first[0] > first[1]
    assert sorted(embedded) == sorted(["Who opened the bridge?", BRIDGE, BEANS])
    again = index.similarity("Who opened the bridge?", [ELECTION, BRIDGE])
    assert again[1] == pytest.approx(first[0]) and embedded[3:] == [ELECTION]
