"""Imports: files of articles, with SQLite, Chroma and the embedder as they are in use."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import until

from index.articles import NewArticle
from index.errors import NotFound, StorageFull
from index.index import Index
from index.jobs import BATCH, Importer, Job
from index.registry import Registry


@pytest.fixture
def importer(index: Index, tmp_path: Path) -> Iterator[Importer]:
    importer = Importer(index, tmp_path / "imports", most_bytes=2000)
    yield importer
    importer.close()


def lines(count: int, **fields: Any) -> list[str]:
    return [
        json.dumps({"id": f"a{n}", "text": f"Bridge {n} was closed.", **fields})
        for n in range(count)
    ]


def submit(importer: Importer, lines: list[str]) -> str:
    path = importer.spool()
    path.write_text("\n".join(lines), encoding="utf-8")
    return importer.submit(path, sum(bool(line.strip()) for line in lines)).id


def ended(importer: Importer, job_id: str) -> Job:
    until(lambda: importer.get(job_id).finished_at is not None, 60)
    return importer.get(job_id)


def files(importer: Importer) -> list[Path]:
    return list(importer._directory.iterdir())


def test_every_line_becomes_an_article(index: Index, importer: Importer) -> None:
    job_id = submit(importer, lines(BATCH + 5))
    assert importer.get(job_id).state == "queued"
    importer.start()
    job = ended(importer, job_id)
    assert (job.state, job.total, job.done, job.failed) == ("succeeded", 37, 37, 0)
    assert job.created_at <= (job.started_at or "") <= (job.finished_at or "")
    assert index.registry.count() == 37
    assert index.vectors.count() == len(index.registry.passage_ids()) == 37
    assert files(importer) == []


def test_a_line_that_is_wrong_is_told_with_its_number_and_the_rest_goes_in(
    index: Index, importer: Importer
) -> None:
    importer.start()
    good = lines(3)
    wrong = ["{", "[1]", '{"id": "x"}', '{"text": " "}', '{"text": "a", "shoe": 1}', "\udcff"]
    long = json.dumps({"text": "long " * 1000}), "x" * 2_000_000
    path = importer.spool()
    text = "\n".join([good[0], "", *wrong, "  ", good[1], *long, good[2]])
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    job = ended(importer, importer.submit(path, 11).id)
    assert (job.state, job.done, job.failed) == ("succeeded", 11, 8)
    assert [e.line for e in job.errors] == [3, 4, 5, 6, 7, 8, 11, 12]
    assert [e.code for e in job.errors] == ["invalid_request"] * 6 + ["payload_too_large"] * 2
    assert "text" in job.errors[2].detail
    assert index.registry.count() == 3


def test_the_same_file_twice_changes_nothing(index: Index, importer: Importer) -> None:
    importer.start()
    ended(importer, submit(importer, lines(5)))
    before = list(index.registry.passage_ids())
    job = ended(importer, submit(importer, lines(5)))
    assert (job.done, job.failed) == (5, 0)
    assert list(index.registry.passage_ids()) == before


def test_an_article_twice_in_a_file_ends_as_its_last(index: Index, importer: Importer) -> None:
    importer.start()
    texts = ["The bridge was closed.", "The bridge was opened.", "The bridge fell."]
    ended(importer, submit(importer, [json.dumps({"id": "a", "text": t}) for t in texts]))
    assert index.registry.get("a").text == "The bridge fell."
    assert len(index.registry.revisions("a")) == 3
    assert index.vectors.count() == len(index.registry.passage_ids()) == 1


def test_a_job_goes_on_where_it_was_interrupted(
    index: Index, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[list[str]] = []
    add_many, inside = index.add_many, threading.Event()

    def slow(articles: list[NewArticle], note: Any) -> Any:
        taken.append([a.identity() for a in articles])
        inside.set()
        return add_many(articles, note)

    monkeypatch.setattr(index, "add_many", slow)
    job_id = submit(importer, ["{", *lines(3 * BATCH)])
    importer.start()
    assert inside.wait(20)
    importer.close()  # as the service's end does
    job = importer.get(job_id)
    assert job.state == "running"
    assert 0 < job.done < job.total
    assert index.registry.count() == job.done - job.failed
    again = Importer(index, importer._directory, most_bytes=2000)
    again.start()
    job = ended(again, job_id)
    again.close()
    assert (job.state, job.done, job.failed) == ("succeeded", 3 * BATCH + 1, 1)
    assert [e.line for e in job.errors] == [1]
    everything = [i for batch in taken for i in batch]
    assert sorted(everything) == sorted(f"a{n}" for n in range(3 * BATCH))  # none of them twice


def test_what_was_in_stays_when_a_job_is_cancelled(index: Index, importer: Importer) -> None:
    job_id = submit(importer, lines(200 * BATCH))
    importer.start()
    until(lambda: importer.get(job_id).done > 0)
    cancelled = importer.cancel(job_id)
    assert (cancelled.state, cancelled.eta_seconds) == ("cancelled", None)
    other = ended(importer, submit(importer, [json.dumps({"text": "After."})]))
    assert other.state == "succeeded"
    job = importer.get(job_id)
    assert job == cancelled  # nothing came in after the reply
    assert 0 < job.done < job.total
    assert index.registry.count() == job.done + 1
    assert index.vectors.count() == len(index.registry.passage_ids())
    assert files(importer) == []
    assert importer.cancel(job_id) == job


def test_a_job_tells_when_it_will_end(index: Index, importer: Importer) -> None:
    job_id = submit(importer, lines(100 * BATCH))
    assert importer.get(job_id).eta_seconds is None
    importer.start()
    until(lambda: importer.get(job_id).eta_seconds is not None)
    importer.cancel(job_id)


def test_a_full_disk_makes_a_job_wait_and_loses_nothing(
    index: Index, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.jobs.ROOM_AGAIN", 0.05)
    job_id = submit(importer, lines(2 * BATCH))
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise StorageFull("There is no room.")

        patch.setattr(Registry, "put", full)
        importer.start()
        until(lambda: importer.get(job_id).detail is not None)
        job = importer.get(job_id)
        assert (job.state, job.done) == ("running", 0)
        assert "goes on when there is room" in (job.detail or "")
    job = ended(importer, job_id)
    assert (job.state, job.done, job.detail) == ("succeeded", 2 * BATCH, None)


def test_imports_go_on_where_they_could_not_be_read_for_a_while(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished, failures = importer._unfinished, [sqlite3.OperationalError("disk I/O error")]

    def failing() -> list[str]:
        if failures:
            raise failures.pop()
        return unfinished()

    monkeypatch.setattr(importer, "_unfinished", failing)
    monkeypatch.setattr("index.jobs.ROOM_AGAIN", 0.01)
    job_id = submit(importer, lines(1))
    importer.start()
    assert ended(importer, job_id).state == "succeeded"


def test_a_job_whose_file_is_gone_says_so(importer: Importer) -> None:
    job_id = submit(importer, lines(2))
    for path in files(importer):
        path.unlink()
    importer.start()
    job = ended(importer, job_id)
    assert (job.state, job.done) == ("failed", 0)
    assert "Send it again" in (job.detail or "")


def test_what_an_interrupted_upload_left_is_removed(index: Index, importer: Importer) -> None:
    job_id = submit(importer, lines(1))
    importer.spool().write_text("half")
    Importer(index, importer._directory, most_bytes=2000)
    assert [path.stem for path in files(importer)] == [job_id]


def test_a_job_that_is_not_there_is_told(importer: Importer) -> None:
    for ask in (importer.get, importer.cancel):
        with pytest.raises(NotFound):
            ask("job_x")
    assert importer.jobs() == []


def test_only_the_first_thousand_errors_are_kept(importer: Importer) -> None:
    importer.start()
    job = ended(importer, submit(importer, ["{"] * 1100))
    assert (job.done, job.failed, len(job.errors)) == (1100, 1100, 1000)
    assert (job.state, job.detail) == ("failed", "No line holds an article that can be taken.")
    assert job.errors[-1].line == 1000
