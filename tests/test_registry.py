"""The registry is the truth: what it says it did, it did, and what it refused left no trace."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import hostile_text
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from index import registry as registry_module
from index.articles import NewArticle
from index.embeddings import Vectors
from index.errors import ArticleNotFound, DatelineError, InvalidRequest, StorageFull
from index.registry import MIGRATIONS, Filters, Registry, about
from index.sentences import PassageSpan, Span, passage_spans

EVERYTHING = Filters()
# The full-text index's own bookkeeping, which is never empty.
BOOKKEEPING = {"lexicon_config", "lexicon_data", "sqlite_sequence"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "registry.sqlite3")
    yield registry
    registry.close()


def parts(new: NewArticle) -> tuple[list[PassageSpan], Vectors]:
    spans = passage_spans(new.text, lambda texts: [len(t.split()) for t in texts], most_tokens=8)
    return spans, np.random.default_rng(len(spans)).normal(size=(len(spans), 4)).astype(np.float32)


def put(registry: Registry, text: str, **fields: Any) -> tuple[list[int], list[int]]:
    new = NewArticle(text=text, **fields)
    return registry.put(new, *parts(new))


def delete(registry: Registry, article_id: str) -> list[int]:
    return registry.delete(article_id)


def rows(registry: Registry) -> dict[str, int]:
    """How many rows each table has, those of the full-text index too."""
    names = registry.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {
        name: registry.rows(f"SELECT count(*) FROM {name}")[0][0]
        for (name,) in names
        if name not in BOOKKEEPING
    }


def dump(registry: Registry) -> list[str]:
    return list(registry._db.iterdump())


def found(registry: Registry, *terms: str, filters: Filters = EVERYTHING) -> list[str]:
    ids = [passage_id for passage_id, _ in registry.lexical(terms, filters, 100)]
    passages = registry.passages(ids)
    return [passages[i].article_id for i in ids]


def listed(registry: Registry, **filters: Any) -> set[str]:
    """The ids that pass the filters, which every way of asking agrees on."""
    chosen = Filters(**filters)
    ids = {header.id for header in registry.page(chosen, limit=100)[0]}
    assert registry.count(chosen) == len(ids)
    assert set(found(registry, "bridge", filters=chosen)) == ids
    passages = registry.passages(sorted(registry.passage_ids()), chosen).values()
    assert {passage.article_id for passage in passages} == ids
    return ids


# Articles


def test_an_article_is_kept_as_it_was_sent(registry: Registry) -> None:
    text = " The bridge\n\n“was” closed. 😀 e\u0301 \u00a0"
    fields = {
        "title": "Bridge",
        "source": "Gazette",
        "author": "R. Ngo",
        "url": "https://gazette.example/1",
        "published_at": "2024-11-26",
    }
    added, replaced = put(registry, text, id="a", **fields)
    article = registry.get("a").model_dump()
    assert fields.items() <= article.items()
    assert (article["text"], article["passages"], replaced) == (text, len(added), [])
    assert article["revision"] == NewArticle(text=text, **fields).revision()
    assert article["revision"] == registry.current_revision("a")
    assert article["created_at"] == article["updated_at"]
    assert article["created_at"].endswith("Z")


@settings(max_examples=50)
@given(text=hostile_text())
def test_passages_are_slices_of_their_article(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    if "\0" in text or not text.removeprefix("\ufeff").strip():
        return
    registry = Registry(tmp_path_factory.getbasetemp() / "slices.sqlite3")
    added, _ = put(registry, text, id="a")
    kept = registry.get("a").text
    passages = registry.passages(added)
    assert sorted(passages) == added
    for passage in passages.values():
        assert passage.text == passage.span.of(kept)
        assert passage.sentences
    registry.close()


def test_an_update_keeps_the_old_revision_readable(registry: Registry) -> None:
    first, _ = put(registry, "The bridge was closed.", id="a", title="Old")
    old = registry.get("a")
    second, replaced = put(registry, "The bridge was opened.", id="a", title="New")
    new = registry.get("a")
    assert replaced == first
    assert registry.passage_ids() == set(second)
    assert (new.text, new.title) == ("The bridge was opened.", "New")
    assert new.created_at == old.created_at
    earlier = registry.get("a", old.revision)
    assert (earlier.text, earlier.title) == ("The bridge was closed.", "Old")
    assert [r["revision"] for r in registry.revisions("a")] == [new.revision, old.revision]
    assert found(registry, "closed") == []
    assert found(registry, "opened") == ["a"]
    assert listed(registry) == {"a"}


def test_an_article_can_go_back_to_an_earlier_revision(registry: Registry) -> None:
    for text in ("The bridge, one.", "The bridge, two.", "The bridge, one."):
        put(registry, text, id="a")
    assert registry.get("a").text == "The bridge, one."
    assert len(registry.revisions("a")) == 2
    assert registry.revisions("a")[0]["revision"] == registry.get("a").revision


def test_passage_ids_are_never_used_again(registry: Registry) -> None:
    first, _ = put(registry, "The bridge.", id="a")
    delete(registry, "a")
    second, _ = put(registry, "The bridge.", id="a")
    assert not set(first) & set(second)


def test_deleting_leaves_no_row_in_any_table(registry: Registry) -> None:
    put(registry, "The bridge was closed. " * 9, id="a", title="Zebra")
    put(registry, "The bridge was opened. " * 9, id="a", title="Quagga")
    registry.put_replies({"key": ("It was closed.", ["a"])})
    assert registry.reply("key") == "It was closed."
    empty = dict.fromkeys(rows(registry), 0)
    assert set(rows(registry)) == {
        *("articles", "revisions", "passages", "receipts", "receipt_articles", "facts"),
        *("signatures", "bands", "jobs", "job_errors", "replies", "reply_articles"),
        *("lexicon", "lexicon_content", "lexicon_docsize", "lexicon_idx"),
    }
    delete(registry, "a")
    assert rows(registry) | {"lexicon_idx": 0} == empty | {"facts": 1}
    assert registry.lexicon_differences() == 0
    assert found(registry, "bridge", "zebra", "quagga") == []


def test_deleting_one_article_leaves_the_others_whole(registry: Registry) -> None:
    for article_id in "abc":
        put(registry, f"The bridge {article_id}. " * 5, id=article_id)
    kept = {p: registry.passages([p])[p] for p in registry.passage_ids()}
    dropped = delete(registry, "b")
    assert {p for p, passage in kept.items() if passage.article_id == "b"} == set(dropped)
    assert registry.passages(sorted(kept)) == {p: kept[p] for p in kept if p not in dropped}
    assert listed(registry) == {"a", "c"}


def test_an_article_that_is_not_there_is_not_found(registry: Registry) -> None:
    put(registry, "The bridge.", id="a")
    delete(registry, "a")
    for ask in (
        lambda: registry.get("a"),
        lambda: registry.revisions("a"),
        lambda: delete(registry, "a"),
    ):
        with pytest.raises(ArticleNotFound):
            ask()
    assert registry.current_revision("a") is None


@pytest.mark.parametrize("article_id", ["", "'", "a' OR '1'='1", "%", "\0", "😀", "x" * 100_000])
def test_a_weird_id_is_not_found(registry: Registry, article_id: str) -> None:
    put(registry, "The bridge.", id="a")
    with pytest.raises(ArticleNotFound) as caught:
        registry.get(article_id)
    assert len(caught.value.message) < 400
    assert registry.get("a")


def test_an_unknown_revision_is_not_found(registry: Registry) -> None:
    put(registry, "The bridge.", id="a")
    with pytest.raises(ArticleNotFound):
        registry.get("a", "sha256:0")


def test_receipts_are_kept_word_for_word(registry: Registry) -> None:
    registry.put_receipt("ans_1", '{"é": "😀"}', [])
    assert registry.receipt("ans_1") == '{"é": "😀"}'
    assert registry.receipt("ans_2") is None


def test_no_receipt_is_kept_of_an_article_that_was_deleted_meanwhile(registry: Registry) -> None:
    put(registry, "The bridge.", id="a")
    registry.put_receipt("ans_1", "{}", ["a", "gone", "a"])
    registry.put_receipt("ans_2", "{}", ["a", "a"])
    assert registry.receipt("ans_1") is None and registry.receipt("ans_2") == "{}"


# Filters


def test_ids_and_sources_filter(registry: Registry) -> None:
    for article_id, source in (("a", "Gazette"), ("b", "Wire"), ("c", None)):
        put(registry, f"The bridge {article_id}.", id=article_id, source=source)
    assert listed(registry) == {"a", "b", "c"}
    assert listed(registry, article_ids=["a", "c", "nobody"]) == {"a", "c"}
    assert listed(registry, sources=["Gazette", "Wire"]) == {"a", "b"}
    assert listed(registry, sources=["gazette"]) == set()
    assert listed(registry, article_ids=["a", "b"], sources=["Wire"]) == {"b"}
    assert listed(registry, article_ids=["' OR 1 --"]) == set()


def test_a_filter_takes_a_thousand_names_and_no_more(registry: Registry) -> None:
    put(registry, "The bridge.", id="a", source="s7")
    names = [f"s{n}" for n in range(1000)]
    assert listed(registry, article_ids=["a", *names[1:]], sources=names) == {"a"}
    with pytest.raises(ValidationError):
        Filters(sources=[*names, "one more"])


PUBLISHED = {
    "day25": "2024-11-25",
    "west": "2024-11-25T23:30:00-05:00",  # 04:30 on the 26th in UTC
    "day26": "2024-11-26",
    "morning": "2024-11-26T09:30:00Z",
    "noon": "2024-11-26 12:00",
    "east": "2024-11-26T13:30+03:00",  # 10:30 in UTC
    "evening": "2024-11-26T21:00:00.500Z",
    "day27": "2024-11-27",
    "undated": None,
}


@pytest.mark.parametrize(
    ("published_from", "published_to", "passing"),
    [
        ("2024-11-26", None, "day26 morning noon east evening day27"),
        (None, "2024-11-26", "day25 west day26 morning noon east evening"),
        ("2024-11-26", "2024-11-26", "day26 morning noon east evening"),
        ("2024-11-27", "2024-11-25", ""),
        ("2024-11-26T10:00:00Z", None, "day26 noon east evening day27"),
        (None, "2024-11-26T10:00:00Z", "day25 west day26 morning"),
        ("2024-11-26T10:30Z", "2024-11-26T12:00:00", "day26 noon east"),
        ("2024-11-26T04:30:00Z", "2024-11-26T04:30:00Z", "west day26"),
        ("2024-11-26T21:00:00.400Z", None, "day26 evening day27"),
        ("2024-11-26T21:00:00.600Z", None, "day26 day27"),
        ("2024-11-25T21:00:00-12:00", "2024-11-26T09:30:00Z", "day25 day26 morning"),
    ],
)
def test_days_are_compared_as_written_and_times_as_instants(
    registry: Registry, published_from: str | None, published_to: str | None, passing: str
) -> None:
    for name, value in PUBLISHED.items():
        put(registry, f"The bridge {name}.", id=name, published_at=value)
    chosen = listed(registry, published_from=published_from, published_to=published_to)
    assert chosen == set(passing.split())


@pytest.mark.parametrize("bound", ["", "2024", "2024-W48-2", "tomorrow", "2024-11-31"])
def test_a_bound_that_is_no_date_is_refused(bound: str) -> None:
    with pytest.raises(ValidationError):
        Filters(published_from=bound)


# Pages


def test_pages_hold_each_article_once_the_last_added_first(registry: Registry) -> None:
    for n in range(7):
        put(registry, f"The bridge {n}.", id=f"a{n}")
    seen, cursor, sizes = [], None, []
    while True:
        headers, cursor = registry.page(EVERYTHING, cursor=cursor, limit=3)
        seen += [header.id for header in headers]
        sizes.append(len(headers))
        if cursor is None:
            break
    assert seen == [f"a{n}" for n in reversed(range(7))]
    assert sizes == [3, 3, 1]
    assert registry.page(EVERYTHING, limit=7)[1] is None


def test_pages_go_on_over_changes_without_repeating_or_skipping(registry: Registry) -> None:
    for n in range(8):
        put(registry, f"The bridge {n}.", id=f"a{n}")
    first, cursor = registry.page(EVERYTHING, limit=3)
    delete(registry, first[-1].id)  # the one that the cursor was made of
    delete(registry, "a3")
    put(registry, "The bridge, new.", id="new")
    put(registry, "The bridge, changed.", id="a2")
    rest, last = registry.page(EVERYTHING, cursor=cursor, limit=50)
    assert [header.id for header in rest] == ["a4", "a2", "a1", "a0"]
    assert last is None


def test_pages_hold_only_what_passes_the_filters(registry: Registry) -> None:
    for n in range(9):
        put(registry, f"The bridge {n}.", id=f"a{n}", source="odd" if n % 2 else "even")
    first, cursor = registry.page(Filters(sources=["even"]), limit=3)
    rest, _ = registry.page(Filters(sources=["even"]), limit=3, cursor=cursor)
    assert [header.id for header in [*first, *rest]] == ["a8", "a6", "a4", "a2", "a0"]


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", " 1", "٣", "²", "1;", "\0"])
def test_a_cursor_that_no_page_gave_is_refused(registry: Registry, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="next_cursor"):
        registry.page(EVERYTHING, cursor=cursor)


def test_a_cursor_beyond_all_numbers_is_no_error(registry: Registry) -> None:
    put(registry, "The bridge.", id="a")
    assert [h.id for h in registry.page(EVERYTHING, cursor="9" * 500)[0]] == ["a"]
    assert registry.page(EVERYTHING, cursor="0") == ([], None)


# Words


def test_words_are_found_in_titles_and_texts_whatever_their_form(registry: Registry) -> None:
    put(registry, "Ministers signed two agreements.", id="a", title="Café opening")
    put(registry, "Beans lower blood pressure.", id="b")
    for term in ("sign", "SIGNED", "agreement", "cafe", "café", "openings"):
        assert found(registry, term) == ["a"]
    assert found(registry, "pressure", "signed") in (["a", "b"], ["b", "a"])


def test_more_of_the_words_and_rarer_ones_come_first(registry: Registry) -> None:
    for n in range(9):
        put(registry, f"The bridge stands in district {n}.", id=f"a{n}")
    put(registry, "The bridge was closed by flood water.", id="flood")
    ranked = registry.lexical(["bridge", "flood"], EVERYTHING, 3)
    assert len(ranked) == 3
    assert [score for _, score in ranked] == sorted((s for _, s in ranked), reverse=True)
    assert found(registry, "bridge", "flood")[0] == "flood"


def test_a_title_is_found_by_its_source_and_day_too() -> None:
    assert about("Bridge", "Wire", "2026-02-03T23:00:00Z") == "Bridge. Wire. 3 February 2026"
    assert about(None, "Wire", None) == "Wire"
    assert about(None, None, None) == ""


def test_of_very_common_words_the_rarest_count(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.registry.POSTINGS", 5)
    for n in range(9):
        put(registry, f"The bridge stands in district {n}.", id=f"a{n}")
    put(registry, "The town has a mill.", id="mill")
    put(registry, "The district has a harbour.", id="harbour")
    assert found(registry, "bridge", "mill", "harbour") == ["mill", "harbour"]
    assert len(found(registry, "bridge")) == 9  # one word at least
    # Among few articles every word counts.
    few = Filters(article_ids=["a1", "mill"])
    ids = [i for i, _ in registry.lexical(["bridge", "mill"], few, 9)]
    assert {p.article_id for p in registry.passages(ids).values()} == {"a1", "mill"}


def test_a_passage_is_widened_by_its_own_article_s_neighbours(registry: Registry) -> None:
    put(registry, "Before.", id="before")
    text = "One here. \n\nTwo there — 😀. Three there.  Four here."
    spans = [Span(0, 9), Span(12, 26), Span(27, 39), Span(41, 51)]
    assert [s.of(text) for s in spans] == [
        "One here.",
        "Two there — 😀.",
        "Three there.",
        "Four here.",
    ]
    passages = [PassageSpan(span, (span,)) for span in spans]
    vectors = np.eye(4, dtype=np.float32)
    ids, _ = registry.put(NewArticle(text=text, id="a"), passages, vectors)
    put(registry, "After.", id="after")
    second = registry.passages(ids)[ids[1]]
    assert registry.widened(second, 0) is second
    wider = registry.widened(second, 1)
    assert (wider.text, wider.sentences) == (text[:39], tuple(spans[:3]))
    assert registry.widened(second, 9).text == text
    put(registry, "Another text.", id="a")  # its passages are gone, and their neighbours with them
    assert registry.widened(second, 9) == second


def test_the_nearest_are_those_with_the_greatest_cosine(registry: Registry) -> None:
    vectors = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.6, 0.8, 0, 0]], np.float32)
    for name, vector in zip("abc", vectors, strict=True):
        new = NewArticle(text=f"Report {name}.", id=name)
        registry.put(new, parts(new)[0], vector[None])
    ranked = registry.nearest(vectors[0], EVERYTHING, 2)
    names = [registry.passages([i])[i].article_id for i, _ in ranked]
    assert names == ["a", "c"]
    assert [cosine for _, cosine in ranked] == pytest.approx([1.0, 0.6])
    assert len(registry.nearest(vectors[0], Filters(article_ids=["b", "z"]), 9)) == 1
    assert registry.nearest(vectors[0], Filters(article_ids=["z"]), 9) == []


HOSTILE_TERMS = [
    *("", '"', '""', '"bridge', "'", "*", "bridge*", "^bridge", "-bridge", "+", "(", ")", ":"),
    *("AND", "OR", "NOT", "NEAR", "NEAR(a b)", "title:bridge", "{title}:x", "a AND b", "a.b"),
    *(
        "\0",
        "a\0b",
        '\0"',
        "😀",
        "👩‍👩‍👧",
        "\u0301",
        "日本語",
        "مرحبا",
        "_",
        "--",
        ";DROP TABLE articles",
    ),
    *("\ufeff", "\\", "%", "x" * 50_000, "\n", "\u00a0"),
]


@pytest.mark.parametrize("term", HOSTILE_TERMS)
def test_a_hostile_word_is_a_word(registry: Registry, term: str) -> None:
    put(registry, "The bridge was closed.", id="a")
    assert set(found(registry, term)) <= {"a"}
    assert found(registry, term, "closed") == ["a"]


@given(terms=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_any_words_can_be_looked_for(
    tmp_path_factory: pytest.TempPathFactory, terms: list[str]
) -> None:
    registry = Registry(tmp_path_factory.getbasetemp() / "any-words.sqlite3")
    if not registry.count():
        put(registry, "The bridge was closed.", id="a")
    assert found(registry, *terms, "closed") == ["a"]
    registry.close()


def test_a_question_of_thousands_of_words_can_be_looked_for(registry: Registry) -> None:
    put(registry, "The bridge was closed.", id="a")
    assert found(registry, *(f"w{n}" for n in range(4000)), "bridge") == ["a"]


def test_an_article_of_megabytes_does_not_slow_the_search(registry: Registry) -> None:
    size, step = 4_000_000, 1000
    new = NewArticle(text=("The bridge was closed. " * (size // 23 + 1))[:size], id="a", source="S")
    spans = [Span(at, at + step - 1) for at in range(0, size, step)]
    passages = [PassageSpan(span, (span,)) for span in spans]
    added, _ = registry.put(new, passages, np.zeros((len(spans), 4), np.float32))
    start = time.process_time()
    registry.vectors(added)
    ids = [i for i, _ in registry.lexical(["bridge"], Filters(sources=["S"]), 50)]
    assert len(registry.passages(ids, Filters(sources=["S"]))) == 50
    assert time.process_time() - start < 2  # a look-up that reads the text takes several times that


def test_no_words_find_nothing(registry: Registry) -> None:
    put(registry, "The bridge was closed.", id="a")
    assert registry.lexical([], EVERYTHING, 10) == []
    assert registry.passages([]) == {}
    assert registry.vectors([]) == []


# The file


def test_vectors_come_back_as_they_were(registry: Registry) -> None:
    new = NewArticle(
        text="The bridge was closed. " * 9, id="a", source="S", published_at="2024-11-26"
    )
    spans, vectors = parts(new)
    added, _ = registry.put(new, spans, vectors)
    kept = registry.vectors(added)
    assert len(kept) > 1
    assert [row[:4] for row in kept] == [(i, "a", "S", "2024-11-26") for i in added]
    assert np.array_equal(np.stack([row[4] for row in kept]), vectors)


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    first = Registry(tmp_path / "registry.sqlite3")
    put(first, "The bridge was closed.", id="a")
    before, kept = dump(first), first.get("a")
    first.close()
    second = Registry(tmp_path / "registry.sqlite3")
    assert second.get("a") == kept
    assert dump(second) == before
    second.close()


def test_an_error_before_the_commit_takes_the_write_back(registry: Registry) -> None:
    put(registry, "The bridge, one.", id="a")
    before = dump(registry)
    new = NewArticle(text="The bridge, two.", id="a")
    with pytest.raises(KeyError), registry.transaction():
        registry.put(new, *parts(new))
        raise KeyError
    with pytest.raises(KeyError), registry.transaction():
        registry.delete("a")
        raise KeyError
    assert dump(registry) == before
    assert listed(registry) == {"a"}


def test_a_write_that_is_not_whole_is_not_there(registry: Registry) -> None:
    put(registry, "The bridge, one.", id="a")
    before = dump(registry)
    new = NewArticle(text="The bridge, two. And three. " * 9, id="a")
    spans, vectors = parts(new)
    with pytest.raises(ValueError):
        registry.put(new, spans, vectors[:-1])
    assert dump(registry) == before


def test_a_full_disk_is_told_and_changes_nothing(registry: Registry) -> None:
    put(registry, "The bridge was closed.", id="a")
    registry.put_receipt("ans_1", "{}", ["a"])
    before = dump(registry)
    pages = registry.rows("PRAGMA page_count")[0][0]
    registry._db.execute(f"PRAGMA max_page_count = {pages}")
    for article_id in ("a", "b"):
        with pytest.raises(StorageFull, match="nothing was changed"):
            put(registry, "The bridge was opened. " * 5000, id=article_id)
    with pytest.raises(StorageFull):
        registry.put_receipt("ans_2", "x" * 100_000, [])
    assert dump(registry) == before
    assert listed(registry) == {"a"}
    registry._db.execute("PRAGMA max_page_count = 1000000")
    put(registry, "The bridge was opened. " * 5000, id="b")
    assert registry.count() == 2


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    registry = Registry(path)
    put(registry, "The bridge.", id="a")
    registry._db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = dump(registry)
    registry.close()
    with pytest.raises(DatelineError, match="newer Dateline") as caught:
        Registry(path)
    assert str(tmp_path) not in caught.value.message
    db = sqlite3.connect(path)
    assert list(db.iterdump()) == before
    db.close()


def test_what_the_first_schema_held_is_all_there(tmp_path: Path) -> None:
    """A data directory of the first version, as its own code wrote it."""
    path = tmp_path / "registry.sqlite3"
    text = "The bridge was closed. It was opened again."
    new = NewArticle(id="a", text=text, title="Bridge", source="Gazette", url="https://x.example/a")
    spans, vectors = parts(new)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        at = "2026-01-01T00:00:00.000Z"
        db.execute("INSERT INTO articles VALUES (7, 'a', ?, ?, ?)", (new.revision(), at, at))
        db.execute(
            "INSERT INTO revisions VALUES ('a', ?, 'Bridge', 'Gazette', NULL, ?, NULL, NULL, "
            "'text/plain', ?, ?)",
            (new.revision(), new.url, at, text),
        )
        for number, (passage, vector) in enumerate(zip(spans, vectors, strict=True), 3):
            places = json.dumps([[s.start, s.end] for s in passage.sentences])
            row = (number, "a", places, vector.tobytes())
            db.execute("INSERT INTO passages VALUES (?, ?, ?, ?)", row)
            words = (number, "Bridge", passage.span.of(text))
            db.execute("INSERT INTO lexicon(rowid, title, text) VALUES (?, ?, ?)", words)
        body = json.dumps({"citations": [{"sources": [{"article_id": "a"}, {"article_id": "a"}]}]})
        db.execute("INSERT INTO receipts VALUES ('ans_1', ?, ?)", (at, body))
        db.execute("INSERT INTO receipts VALUES ('ans_2', ?, '{}')", (at,))
        db.commit()
    registry = Registry(path)
    assert registry.get("a").revision == new.revision()
    assert (registry.get("a").title, registry.get("a").created_at) == ("Bridge", at)
    assert found(registry, "closed") == ["a"]
    assert np.array_equal(np.stack([row[4] for row in registry.vectors([3])]), vectors[:1])
    assert registry.fact("embedder") == "all-MiniLM-L6-v2-int8/1"
    assert registry.unsigned() == ["a"]
    registry.sign_all()
    put(registry, text, id="copy")
    assert registry.duplicate_of("copy") == "a"
    assert registry.lexicon_differences() == 0
    delete(registry, "a")
    assert registry.receipt("ans_1") is None
    assert registry.receipt("ans_2") is not None
    registry.close()


def test_each_migration_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "registry.sqlite3"
    old = Registry(path)
    put(old, "The bridge.", id="a")
    old.close()
    later = "CREATE TABLE more (n) STRICT; INSERT INTO more VALUES (1);".replace(
        "(n)", "(n INTEGER)"
    )
    monkeypatch.setattr(registry_module, "MIGRATIONS", [*MIGRATIONS, later])
    for _ in range(3):
        registry = Registry(path)
        assert rows(registry)["more"] == 1
        assert registry.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS) + 1
        assert listed(registry) == {"a"}
        registry.close()


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.sqlite3"
    old = Registry(path)
    put(old, "The bridge.", id="a")
    before = dump(old)
    old.close()
    with monkeypatch.context() as patch:
        patch.setattr(
            registry_module, "MIGRATIONS", [*MIGRATIONS, "DROP TABLE receipts; NONSENSE;"]
        )
        with pytest.raises(sqlite3.OperationalError):
            Registry(path)
    again = Registry(path)
    assert dump(again) == before
    again.close()


def test_a_file_that_is_no_registry_is_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    path.write_bytes(b"The bridge was closed. " * 1000)
    with pytest.raises(DatelineError, match="damaged") as caught:
        Registry(path)
    assert str(tmp_path) not in caught.value.message
    assert path.read_bytes() == b"The bridge was closed. " * 1000


def test_threads_write_and_read_at_once(registry: Registry) -> None:
    failures: list[BaseException] = []

    def run(writer: int) -> None:
        try:
            for n in range(15):
                article_id = f"w{writer}-{n % 5}"
                put(registry, f"The bridge {n}. " * 5, id=article_id)
                for passage in registry.passages(sorted(registry.passage_ids())).values():
                    revision = registry.get(passage.article_id, passage.revision)
                    assert passage.text == passage.span.of(revision.text)
                if n % 3 == 0:
                    delete(registry, article_id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A passage's article may be gone before it is asked for; nothing else may go wrong.
    assert [f for f in failures if not isinstance(f, ArticleNotFound)] == []
    assert rows(registry)["passages"] == rows(registry)["lexicon"] == len(registry.passage_ids())
