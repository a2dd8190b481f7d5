"""Articles over HTTP in the forms they come in: uploads, imports, search, the doctor."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import ARTICLE, Served, is_problem, serving, until

NDJSON = {"Content-Type": "application/x-ndjson"}
TREATY = "Iraq and Britain signed two memorandums of understanding in Baghdad on Tuesday."


def upload(served: Served, name: str, data: bytes, **fields: str) -> httpx.Response:
    return served.client.post("/v1/articles", files={"file": (name, data)}, data=fields)


def ended(served: Served, job: dict[str, Any]) -> dict[str, Any]:
    def get() -> dict[str, Any]:
        reply: dict[str, Any] = served.client.get(f"/v1/jobs/{job['id']}").json()
        return reply

    until(lambda: get()["finished_at"] is not None, 60)
    return get()


# Uploads


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", b"First.\r\n\r\nSecond.", "First.\n\nSecond."),
        ("a.md", b"# Talks end\n\nThe *talks* ended [today](http://x).", "The talks ended today."),
        (
            "a.html",
            b"<html><head><title>Talks end</title></head><body><article><h1>Talks end</h1>"
            b"<p>The talks between both sides ended today.</p><p>Nothing was signed.</p>"
            b"</article></body></html>",
            "The talks between both sides ended today.\n\nNothing was signed.",
        ),
    ],
)
def test_a_document_is_uploaded(shared: Served, name: str, data: bytes, text: str) -> None:
    reply = upload(shared, name, data, source="Gazette", published_at="2026-03-01")
    assert reply.status_code == 201, reply.text
    article = reply.json()["article"]
    assert article["text"].endswith(text)
    assert (article["source"], article["published_at"]) == ("Gazette", "2026-03-01")
    assert upload(shared, name, data, source="Gazette", published_at="2026-03-01").json()[
        "status"
    ] == ("unchanged")


def test_an_upload_can_go_to_an_address(shared: Served) -> None:
    for status in (201, 200):
        reply = shared.client.put("/v1/articles/mine", files={"file": ("a.txt", b"The text.")})
        assert reply.status_code == status
        assert reply.json()["article"]["id"] == "mine"


@pytest.mark.parametrize(
    ("files", "data", "status", "code"),
    [
        ({"other": ("a.txt", b"x")}, {}, 422, "invalid_request"),
        ({"file": ("a.txt", b"x")}, {"shoe": "1"}, 422, "invalid_request"),
        ({"file": ("a.txt", b"x")}, {"published_at": "soon"}, 422, "invalid_request"),
        ({"file": ("a.txt", b"")}, {}, 422, "unreadable_document"),
        ({"file": ("a.pdf", b"%PDF-1.4 nonsense")}, {}, 422, "unreadable_document"),
        ({"file": ("a.docx", b"PK\x03\x04 nonsense")}, {}, 422, "unreadable_document"),
        ({"file": ("a.exe", b"MZ")}, {}, 415, "unsupported_media_type"),
    ],
)
def test_an_upload_that_cannot_be_read_is_said(
    shared: Served, files: Any, data: Any, status: int, code: str
) -> None:
    reply = shared.client.post("/v1/articles", files=files, data=data)
    is_problem(reply, status, code)


def test_a_form_that_is_none_is_said(shared: Served) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        reply = shared.client.post(
            "/v1/articles", content=b"nonsense", headers={"Content-Type": content_type}
        )
        assert 400 <= reply.status_code < 500
        is_problem(reply, reply.status_code, "invalid_request")


def test_a_feed_of_many_articles_is_no_upload(shared: Served) -> None:
    items = "".join(
        f"<item><title>T{n}</title><description>Text {n}.</description></item>" for n in (1, 2)
    )
    feed = f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()
    body = is_problem(upload(shared, "feed.xml", feed), 422, "invalid_request")
    assert "2 articles" in body["detail"]


def test_a_document_that_is_too_large_is_said(tmp_path: Path) -> None:
    with serving(tmp_path / "data", max_article_bytes=1000) as served:
        is_problem(upload(served, "a.txt", b"x" * 1001), 413, "payload_too_large")
        assert upload(served, "a.txt", b"x" * 1000).status_code == 201


def test_what_the_embedder_does_not_know_is_said_and_found_by_its_words(shared: Served) -> None:
    text = (
        "Die neue Brücke in Harrow Mere wurde am Freitag eröffnet. Sie ist 212 Meter lang und "
        "trägt zwei Straßenbahnlinien. Die Bewohner hatten neun Jahre darauf gewartet."
    )
    reply = shared.client.post("/v1/articles", json={"id": "de", "text": text}).json()
    assert reply["article"]["language"] == "de"
    assert "not in English" in reply["warnings"][0]
    found = shared.client.post("/v1/search", json={"query": "Straßenbahnlinien"}).json()
    assert found["passages"][0]["article_id"] == "de"


def test_what_an_agency_line_states_is_taken(shared: Served) -> None:
    text = f"date 2024-11-26 Meridian News / {TREATY}"
    article = shared.client.post("/v1/articles", json={"text": text}).json()["article"]
    assert (article["source"], article["published_at"]) == ("Meridian News", "2024-11-26")
    assert article["text"] == text


def test_a_copy_is_told_of_the_first(shared: Served) -> None:
    story = (
        "The ferry to Port Ellery ran aground on Friday with 212 people aboard; nobody was hurt."
    )
    shared.add(story, id="first-copy")
    body = {"id": "second-copy", "title": "Other headline", "text": "Port Ellery (Wire) - " + story}
    reply = shared.client.post("/v1/articles", json=body)
    assert reply.status_code == 201
    assert reply.json()["duplicate_of"] == "first-copy"


# Imports


def test_a_file_of_articles_is_imported(fresh: Served) -> None:
    lines = [json.dumps({"id": f"n{n}", "text": f"Bridge {n} was opened."}) for n in range(40)]
    body = "\n".join([*lines[:20], "{", "", *lines[20:]]).encode()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))  # as it arrives
    reply = fresh.client.post("/v1/articles:import", content=pieces, headers=NDJSON)
    assert reply.status_code == 202
    job = reply.json()["job"]
    assert (job["total"], job["state"]) == (41, job["state"])
    job = ended(fresh, job)
    assert (job["state"], job["done"], job["failed"]) == ("succeeded", 41, 1)
    assert job["errors"] == [
        {"line": 21, "code": "invalid_request", "detail": job["errors"][0]["detail"]}
    ]
    listed = fresh.client.get("/v1/articles", params={"limit": 100}).json()["articles"]
    assert len(listed) == 40
    assert fresh.client.get("/v1/jobs").json()["jobs"] == [job]
    assert fresh.client.delete(f"/v1/jobs/{job['id']}").json() == job
    assert list((fresh.settings.data_dir / "imports").iterdir()) == []


def test_an_import_larger_than_an_article_may_be_is_taken(tmp_path: Path) -> None:
    with serving(tmp_path / "data", max_article_bytes=1000) as served:
        blank = (b" " * 9999 + b"\n") * 800
        body = blank + json.dumps({"text": "The bridge was opened."}).encode() + blank
        reply = served.client.post("/v1/articles:import", content=body, headers=NDJSON)
        assert ended(served, reply.json()["job"])["done"] == 1


def test_an_empty_import_ends_well(shared: Served) -> None:
    reply = shared.client.post("/v1/articles:import", content=b"", headers=NDJSON)
    job = ended(shared, reply.json()["job"])
    assert (job["state"], job["total"], job["done"]) == ("succeeded", 0, 0)


def test_an_import_of_another_kind_is_said(shared: Served) -> None:
    reply = shared.client.post("/v1/articles:import", json=[])
    is_problem(reply, 415, "unsupported_media_type")
    is_problem(shared.client.get("/v1/jobs/none"), 404, "not_found")
    is_problem(shared.client.delete("/v1/jobs/none"), 404, "not_found")


def test_an_upload_that_breaks_off_leaves_nothing(fresh: Served) -> None:
    head = b"POST /v1/articles:import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    head += b"Content-Type: application/x-ndjson\r\n\r\n"
    spool = fresh.settings.data_dir / "imports"
    with closing(fresh.send(head, b'{"text": "Half')):
        until(lambda: bool(list(spool.iterdir())))
    until(lambda: not list(spool.iterdir()))
    assert fresh.client.get("/v1/jobs").json() == {"jobs": []}


SERVICE = """
import sys, threading
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from serving import serving
with serving(Path(sys.argv[2])) as served:
    print(served.url, flush=True)
    threading.Event().wait()
"""


def test_an_import_survives_a_kill(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    lines = [json.dumps({"id": f"n{n}", "text": f"Bridge {n} was opened."}) for n in range(2000)]
    command = [sys.executable, "-c", SERVICE, str(Path(__file__).parent), str(data_dir)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            body = "\n".join(lines).encode()
            reply = client.post("/v1/articles:import", content=body, headers=NDJSON)
            job = reply.json()["job"]
            until(lambda: client.get(f"/v1/jobs/{job['id']}").json()["done"] > 0)
        os.kill(process.pid, signal.SIGKILL)
    with serving(data_dir) as served:
        said = served.client.get(f"/v1/jobs/{job['id']}").json()
        assert said["state"] in ("running", "queued")
        assert 0 < said["done"] < 2000
        job = ended(served, job)
        assert (job["state"], job["done"], job["failed"]) == ("succeeded", 2000, 0)
        index = served.service.index
        assert index.registry.count() == index.vectors.count() == 2000


# Search


def test_passages_are_found_with_their_places(shared: Served) -> None:
    reply = shared.client.post("/v1/search", json={"query": "Who opened the bridge?", "top_k": 3})
    passages = reply.json()["passages"]
    assert 0 < len(passages) <= 3
    first = passages[0]
    article = shared.client.get(f"/v1/articles/{first['article_id']}").json()
    assert first["revision"] == article["revision"]
    assert article["text"][first["start_char_index"] : first["end_char_index"]] == first["text"]
    assert set(first["scores"]) == {"dense", "lexical", "fused"}
    assert [p["score"] for p in passages] == sorted((p["score"] for p in passages), reverse=True)


@pytest.mark.parametrize(
    "body",
    [{}, {"query": " "}, {"query": "a\0"}, {"query": "x", "top_k": 0}, {"query": "x", "k": 1}],
)
def test_a_search_that_cannot_be_made_is_said(shared: Served, body: Any) -> None:
    is_problem(shared.client.post("/v1/search", json=body), 422, "invalid_request")


def test_a_search_keeps_to_its_filters(shared: Served) -> None:
    shared.add(TREATY, id="treaty", source="Meridian Wire", published_at="2024-11-26")
    for filters, expected in (
        ({"sources": ["Meridian Wire"]}, {"treaty"}),
        ({"article_ids": ["bridge"]}, {"bridge"}),
        ({"published_from": "2030-01-01"}, set()),
    ):
        reply = shared.client.post("/v1/search", json={"query": "bridge", "filters": filters})
        assert {p["article_id"] for p in reply.json()["passages"]} == expected


# Deleting


def test_a_deleted_article_leaves_nothing_behind(fresh: Served) -> None:
    data_dir = fresh.settings.data_dir
    fresh.add(TREATY, id="kept")
    fresh.add("The Zweibrücken tunnel was flooded.", id="gone", title="Zweibrücken")
    fresh.add(ARTICLE, id="gone", title="Zweibrücken bridge", url="https://x.example/zwei")
    asked = fresh.ask().json()
    assert asked["citations"][0]["sources"][0]["article_id"] == "gone"
    assert fresh.client.get(f"/v1/answers/{asked['id']}").status_code == 200
    assert fresh.client.delete("/v1/articles/gone").status_code == 204
    is_problem(fresh.client.delete("/v1/articles/gone"), 404, "article_not_found")
    is_problem(fresh.client.get(f"/v1/answers/{asked['id']}"), 404, "not_found")
    assert fresh.ask().json()["answerable"] is False
    assert [p["article_id"] for p in fresh.client.post(
        "/v1/search", json={"query": "Who opened the bridge at Harrow Mere?"}
    ).json()["passages"]] == ["kept"]  # fmt: skip
    for name in ("registry.sqlite3", "chroma/chroma.sqlite3"):
        with closing(sqlite3.connect(data_dir / name)) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                if table.startswith("sqlite_"):
                    continue
                for row in db.execute(f'SELECT * FROM "{table}"'):
                    said = " ".join(str(value) for value in row)
                    assert "gone" not in said, (name, table)
                    assert "Harrow" not in said, (name, table)
                    assert "Zweibrücken" not in said, (name, table)


# The doctor


def test_the_doctor_finds_all_well(shared: Served) -> None:
    report = shared.client.post("/v1/doctor", json={}).json()
    assert report["findings"] == []
    assert report["articles"] > 0
    assert report["passages"] > 0


def test_readers_do_not_wait_for_an_import(fresh: Served) -> None:
    """A search takes part of the machine, and not the writer's turn."""
    fresh.add()
    line = json.dumps({"text": ARTICLE * 20}) + "\n"
    body = "".join(line.replace("Finch", f"Finch{n}") for n in range(200)).encode()
    job = fresh.client.post("/v1/articles:import", content=body, headers=NDJSON).json()["job"]
    until(lambda: fresh.client.get(f"/v1/jobs/{job['id']}").json()["done"] > 0)
    start = time.monotonic()
    for _ in range(5):
        assert fresh.client.post("/v1/search", json={"query": "bridge"}).status_code == 200
    assert fresh.client.get(f"/v1/jobs/{job['id']}").json()["state"] == "running"
    assert time.monotonic() - start < 20
    fresh.client.delete(f"/v1/jobs/{job['id']}")
