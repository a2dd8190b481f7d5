"""Who waits, who is turned away, and who leaves, over a socket."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from serving import ARTICLE, QUESTION, Served, is_problem, serving, until

from service import app
from service.contract import CheckReply
from service.turns import AT_A_TIME, MOST_PLACES


def test_questions_beyond_the_queues_limit_are_turned_away(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=1) as served, ThreadPoolExecutor() as pool:
        served.add()
        served.chat.hold()
        first = pool.submit(served.ask)
        until(lambda: served.chat.running == 1)
        second = pool.submit(served.ask)
        until(lambda: served.service.turns.waiting == 1)
        is_problem(served.ask(), 503, "queue_full")
        assert served.client.get("/readyz").status_code == 200
        served.chat.release()
        assert first.result().json()["answerable"]
        assert second.result().json()["answerable"]
        assert second.result().json()["timings_ms"]["queue"] > 0
        assert served.ask().json()["answerable"]


@pytest.mark.parametrize("stream", [False, True])
def test_who_is_longer_looked_for_keeps_his_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    slow, quick = "How many tram lines does the bridge carry?", "How long is the bridge?"
    with serving(tmp_path, queue_limit=2) as served, ThreadPoolExecutor() as pool:
        served.add()
        search, begun, goes_on = served.service.index.search, threading.Event(), threading.Event()

        def held(query: str, *arguments: Any, **options: Any) -> Any:
            if query == slow:
                begun.set()
                assert goes_on.wait(120)
            return search(query, *arguments, **options)

        served.chat.hold()
        with closing(served.sent_question()):
            until(lambda: served.chat.running == 1)
            monkeypatch.setattr(served.service.index, "search", held)
            first = pool.submit(served.ask, slow, stream=stream)
            assert begun.wait(120)
            second = pool.submit(served.ask, quick, stream=stream)
            until(lambda: served.service.turns.waiting == 2)
            is_problem(served.ask("Who waited?"), 503, "queue_full")
            asked = len(served.chat.prompts)
        until(lambda: not served.chat.running)
        goes_on.set()
        until(lambda: served.chat.running == 1)
        served.chat.release()
        assert first.result().status_code == second.result().status_code == 200
        questions = [q for p in served.chat.prompts[asked:] for q in (slow, quick) if q in p]
        assert questions == sorted(questions, key=[slow, quick].index) and quick in questions


def test_what_costs_no_model_waits_for_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=0, keep_replies=True) as served:
        served.add(id="bridge")
        calls: list[tuple[str, dict[str, Any]]] = [
            ("/v1/answers", {"question": QUESTION}),
            ("/v1/answers", {"question": QUESTION, "stream": True}),
            ("/v1/answers", {"question": QUESTION, "filters": {"sources": ["None"]}}),
            ("/v1/briefings", {"article_ids": ["bridge"]}),
            ("/v1/checks", {"text": "Finch opened the bridge at Harrow Mere."}),
        ]

        def said() -> list[Any]:
            replies = [served.client.post(path, json=body) for path, body in calls]
            assert all(reply.status_code == 200 for reply in replies), replies
            # Ids, times and what it cost are of each reply its own.
            own = r'"id":"[^"]*"|"(usage|timings_ms)":{[^}]*}'
            return [re.sub(own, "", reply.text) for reply in replies]

        before = said()
        served.chat.hold()
        with closing(served.sent_question("How long is the bridge at Harrow Mere?")):
            until(lambda: served.chat.running == 1)
            asked = len(served.chat.prompts)
            assert said() == before
            assert len(served.chat.prompts) == asked
            for path, body in (
                ("/v1/answers", {"question": "What does the bridge carry?"}),
                ("/v1/answers", {"question": "What does the bridge carry?", "stream": True}),
                ("/v1/briefings", {"topic": "the bridge at Harrow Mere"}),
                ("/v1/checks", {"text": "Residents had to wait for their bridge."}),
            ):
                is_problem(served.client.post(path, json=body), 503, "queue_full")


def test_checks_without_the_model_take_no_question_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def held(*arguments: Any) -> CheckReply:
        assert goes_on.wait(120)
        return CheckReply(score=1, sentences=[])

    monkeypatch.setattr(app, "check_reply", held)
    check = {"text": "Finch opened the bridge.", "source_text": ARTICLE, "mode": "fast"}
    with serving(tmp_path) as served, ThreadPoolExecutor(MOST_PLACES) as pool:
        served.add()
        replies = [
            pool.submit(served.client.post, "/v1/checks", json=check, timeout=120)
            for _ in range(MOST_PLACES)
        ]
        until(lambda: served.service.fast_checks._inside == MOST_PLACES)
        is_problem(served.client.post("/v1/checks", json=check), 503, "queue_full")
        assert served.ask().json()["answerable"]
        goes_on.set()
        assert all(reply.result().status_code == 200 for reply in replies)


def test_who_only_looks_whether_it_was_asked_before_is_turned_away_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, queue_limit=0) as served, ThreadPoolExecutor(8) as pool:
        served.add()
        served.chat.hold()
        with closing(served.sent_question()):
            until(lambda: served.chat.running == 1)
            search, goes_on = served.service.index.search, threading.Event()

            def slow(*arguments: Any, **options: Any) -> Any:
                assert goes_on.wait(120)
                return search(*arguments, **options)

            monkeypatch.setattr(served.service.index, "search", slow)
            looks = [pool.submit(served.ask, max_seconds=60) for _ in range(AT_A_TIME)]
            until(lambda: served.service._looks.available_tokens == 0)
            waiting = pool.submit(served.ask, max_seconds=0.3)
            assert waiting.result().status_code == 503  # its time was over, there is no queue
            goes_on.set()
            assert [look.result().status_code for look in looks] == [503] * AT_A_TIME


def test_who_is_turned_away_is_told_how_long_the_others_take(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=0) as served:
        served.add()
        assert served.ask().json()["answerable"]
        served.service.turns._took = 41.5  # what the last ones took
        served.chat.hold()
        with closing(served.sent_question()):
            until(lambda: served.chat.running == 1)
            full = served.ask()
            is_problem(full, 503, "queue_full")
            assert full.headers["retry-after"] == "42"
            assert full.json()["detail"].startswith("1 at a time are answered, 0 wait already")


def test_with_no_queue_one_question_is_answered_at_a_time(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=0) as served, ThreadPoolExecutor() as pool:
        served.add()
        assert served.ask().json()["answerable"]
        served.chat.hold()
        first = pool.submit(served.ask)
        until(lambda: served.chat.running == 1)
        is_problem(served.ask(), 503, "queue_full")
        served.chat.release()
        assert first.result().json()["answerable"]


def test_as_many_questions_are_worked_on_at_once_as_the_setting_says(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=0, at_once=3) as served, ThreadPoolExecutor() as pool:
        served.add()
        served.chat.hold()
        replies = [pool.submit(served.ask) for _ in range(3)]
        until(lambda: served.chat.running == 3)
        is_problem(served.ask(), 503, "queue_full")
        served.chat.release()
        assert all(reply.result().json()["answerable"] for reply in replies)


def test_questions_are_answered_one_at_a_time_in_their_order(alone: Served) -> None:
    alone.chat.hold()
    questions = [f"Who opened bridge number {n} at Harrow Mere?" for n in range(5)]
    with ThreadPoolExecutor() as pool:
        replies = []
        for waiting, question in enumerate(questions):
            replies.append(pool.submit(alone.ask, question))
            until(lambda n=waiting: alone.chat.running and alone.service.turns.waiting == n)
        alone.chat.release()
        assert [reply.result().status_code for reply in replies] == [200] * 5
    asked = [re.findall("number ([0-9])", prompt)[-1] for prompt in alone.chat.prompts]
    assert list(dict.fromkeys(asked)) == ["0", "1", "2", "3", "4"]
    assert asked == sorted(asked)
    assert alone.chat.most_running == 1


def test_a_client_that_leaves_while_the_model_runs_frees_it(alone: Served) -> None:
    alone.chat.hold()
    with closing(alone.sent_question()):
        until(lambda: alone.chat.running == 1)
    until(lambda: alone.chat.running == 0)
    assert alone.chat.cut_short == 1
    asked = len(alone.chat.prompts)
    alone.chat.release()
    assert alone.ask().json()["answerable"]
    assert alone.chat.cut_short == 1
    assert len(alone.chat.prompts) > asked


def test_a_client_that_leaves_the_queue_is_forgotten(alone: Served) -> None:
    alone.chat.hold()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(alone.ask)
        until(lambda: alone.chat.running == 1)
        with closing(alone.sent_question("What did the client who left ask at Harrow Mere?")):
            until(lambda: alone.service.turns.waiting == 1)
            third = pool.submit(alone.ask)
            until(lambda: alone.service.turns.waiting == 2)
        until(lambda: alone.service.turns.waiting == 1)
        alone.chat.release()
        assert first.result().json()["answerable"]
        assert third.result().json()["answerable"]
    assert not any("who left" in prompt for prompt in alone.chat.prompts)


def test_clients_that_leave_at_any_moment_do_no_harm(alone: Served) -> None:
    body = json.dumps({"question": QUESTION}).encode()
    head = (
        b"POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    whole = head + body
    for end in (1, 10, len(head), len(head) + 5):
        alone.send(whole[:end]).close()
    for article in (b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\n", b"PUT /v1/articles/x "):
        alone.send(article + b"Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nxx").close()
    for pause in (0, 0.001, 0.005, 0.01, 0.02, 0.05):
        connection = alone.send(whole)
        time.sleep(pause)
        connection.close()
    assert alone.ask().json()["answerable"]
    assert alone.service.turns.waiting == 0
    assert alone.chat.running == 0
    assert alone.chat.most_running == 1


@pytest.mark.parametrize("stream", [False, True])
def test_an_article_that_is_deleted_while_it_is_read_is_no_mistake_of_the_askers(
    fresh: Served, stream: bool
) -> None:
    fresh.add("The weather at Harrow Mere was fine.", id="weather")
    for filters, status, code in (
        ({}, 503, "unavailable"),
        ({"article_ids": ["bridge"]}, 404, "article_not_found"),
    ):
        fresh.add(id="bridge")
        fresh.chat.hold()
        with ThreadPoolExecutor() as pool:
            reply = pool.submit(fresh.ask, filters=filters, stream=stream)
            until(lambda: fresh.chat.running == 1)
            assert fresh.client.delete("/v1/articles/bridge").status_code == 204
            fresh.chat.release()
        if stream:
            event, data = reply.result().text.strip().split("\n")[-2:]
            assert event == "event: error" and json.loads(data[6:])["code"] == code
        else:
            is_problem(reply.result(), status, code)
    assert fresh.ask().status_code == 200


def test_time_that_is_over_while_waiting_is_a_refusal(alone: Served) -> None:
    alone.chat.hold()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(alone.ask)
        until(lambda: alone.chat.running == 1)
        asked = len(alone.chat.prompts)
        reply = alone.ask(max_seconds=0.3).json()
        assert reply["refusal"]["reason"] == "deadline_exceeded"
        assert (reply["answerable"], reply["answer"], reply["citations"]) == (False, "", [])
        assert 250 <= reply["timings_ms"]["queue"] < 5000
        assert len(alone.chat.prompts) == asked
        alone.chat.release()
        assert first.result().json()["answerable"]


def test_time_that_is_over_while_the_model_runs_is_a_refusal_and_frees_it(alone: Served) -> None:
    alone.chat.hold()
    reply = alone.ask(max_seconds=0.3).json()
    assert reply["refusal"]["reason"] == "deadline_exceeded"
    assert (alone.chat.running, alone.chat.cut_short) == (0, 1)
    alone.chat.release()
    assert alone.ask().json()["answerable"]


def test_articles_can_be_read_and_added_while_the_model_runs(alone: Served) -> None:
    alone.chat.hold()
    with closing(alone.sent_question()):
        until(lambda: alone.chat.running == 1)
        alone.add("Another article.", id="another")
        assert alone.client.get("/v1/articles/another").status_code == 200
        assert alone.client.delete("/v1/articles/another").status_code == 204
