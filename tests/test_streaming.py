"""Answers as server-sent events, over HTTP."""

import json
import threading
from contextlib import closing
from typing import Any

import httpx
import pytest
from fakes import ScriptedChat
from serving import ANSWER, QUESTION, Served, is_problem, until

from index.errors import ModelError
from service import streaming
from service.reading import Budget

Events = list[tuple[str, dict[str, Any]]]


def streamed(served: Served, question: str = QUESTION, **fields: Any) -> Events:
    body = {"question": question, "stream": True, **fields}
    with served.client.stream("POST", "/v1/answers", json=body) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
        return read(response)


def read(response: httpx.Response) -> Events:
    found: Events = []
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            found.append((name, json.loads(value)))
    return found


def test_what_is_found_comes_first_then_each_sentence_then_the_answer(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.text = f"{ANSWER} The bridge is 212 metres long."
    events = streamed(fresh)
    assert [name for name, _ in events] == ["retrieval", "sentence", "sentence", "answer"]
    (_, retrieval), (_, first), (_, second), (_, answer) = events
    assert [s["article_id"] for s in retrieval["sources"]] == ["bridge"]
    assert [first, second] == answer["citations"]
    assert answer["answer"] == fresh.chat.text
    for sentence in (first, second):
        assert answer["answer"][sentence["start"] : sentence["end"]] == sentence["text"]
        assert sentence["sources"] and sentence["support"]["label"] == "supported"
    assert fresh.client.get(f"/v1/answers/{answer['id']}").status_code == 200


def test_a_refusal_is_an_answer_without_sentences(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.text = "The articles do not mention it."
    events = streamed(fresh)
    assert [name for name, _ in events] == ["retrieval", "answer"]
    assert events[-1][1]["refusal"]["reason"] == "not_stated"


def test_where_nothing_is_found_that_is_told_first_too(fresh: Served) -> None:
    (name, retrieval), (_, answer) = streamed(fresh)
    assert (name, retrieval["sources"]) == ("retrieval", [])
    assert answer["refusal"]["reason"] == "no_articles"
    fresh.add(id="bridge")
    (name, _), (_, answer) = streamed(fresh, "Zzyzx qwrtp?")
    assert (name, answer["refusal"]["reason"]) == ("retrieval", "no_match")
    (name, retrieval), (_, answer) = streamed(fresh, filters={"sources": ["Nobody"]})
    assert (name, retrieval["sources"]) == ("retrieval", [])
    assert answer["refusal"]["reason"] == "filtered_out"


def test_nothing_is_found_where_the_time_is_over_before(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.hold()
    before = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": ANSWER},
    ]
    events = streamed(fresh, "How long is it?", messages=before, max_seconds=0.5)
    assert [name for name, _ in events] == ["retrieval", "answer"]
    assert events[-1][1]["refusal"]["reason"] == "deadline_exceeded"


def test_who_leaves_keeps_the_turn_until_what_was_begun_has_ended(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.add(id="bridge")
    search, cancel = fresh.service.index.search, Budget.cancel
    begun, goes_on, left = threading.Event(), threading.Event(), threading.Event()

    def slow(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert goes_on.wait(120)
        return search(*arguments, **options)

    def noted(budget: Budget) -> None:
        cancel(budget)
        left.set()

    monkeypatch.setattr(fresh.service.index, "search", slow)
    monkeypatch.setattr(Budget, "cancel", noted)
    body = json.dumps({"question": QUESTION, "stream": True}).encode()
    head = "POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with closing(fresh.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body)):
        assert begun.wait(120)
    assert left.wait(120)
    assert fresh.client.get("/livez").status_code == 200
    assert fresh.service.turns.taken
    goes_on.set()
    until(lambda: not fresh.service.turns.taken)
    assert fresh.ask().json()["answerable"]


def test_an_error_is_an_event_that_holds_a_problem(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.fails = ModelError("/secret/path is broken")
    name, problem = streamed(fresh)[-1]
    assert (name, problem["status"], problem["code"]) == ("error", 503, "model_unavailable")
    assert "secret" not in json.dumps(problem)


def test_what_cannot_be_asked_is_said_before_the_stream_begins(fresh: Served) -> None:
    is_problem(fresh.ask("", stream=True), 422, "invalid_request")
    nobody = {"article_ids": ["nobody"]}
    is_problem(fresh.ask(stream=True, filters=nobody), 404, "article_not_found")


def test_a_comment_keeps_a_waiting_connection_alive(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT", 0.05)
    fresh.add(id="bridge")
    fresh.chat.hold()
    body = {"question": QUESTION, "stream": True}
    with fresh.client.stream("POST", "/v1/answers", json=body) as response:
        lines = response.iter_lines()
        assert any(line.startswith(":") for line in lines)
        fresh.chat.release()
        assert "event: answer" in list(lines)


def test_a_client_that_goes_away_stops_the_model(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.hold()
    body = {"question": QUESTION, "stream": True}
    with fresh.client.stream("POST", "/v1/answers", json=body) as response:
        lines = response.iter_lines()  # closed with its last reference, and the connection too
        next(lines)
        until(lambda: fresh.chat.running == 1)
    until(lambda: fresh.chat.running == 0)
    assert isinstance(fresh.chat, ScriptedChat) and fresh.chat.cut_short == 1
    fresh.chat.release()
    assert streamed(fresh)[-1][0] == "answer"
