"""What is counted, as Prometheus reads it."""

from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import QUESTION, Served, serving, until

Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(served: Served) -> Samples:
    """The values, by name and labels' values."""
    reply = served.client.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_requests_answers_and_tokens_are_counted(fresh: Served) -> None:
    fresh.add(id="bridge")
    assert fresh.ask().json()["answerable"]
    assert fresh.ask(filters={"sources": ["Nobody"]}).json()["refusal"]
    fresh.client.get("/v1/articles/bridge")
    fresh.client.get("/v1/articles/harbour")
    fresh.client.get("/nothing/here")
    found = samples(fresh)
    assert found["dateline_made_total", ("answer", "given")] == 1
    assert found["dateline_made_total", ("answer", "filtered_out")] == 1
    assert found["dateline_requests_total", ("POST", "/v1/answers", "200")] == 2
    assert found["dateline_requests_total", ("GET", "/v1/articles/{article_id}", "200")] == 1
    assert found["dateline_requests_total", ("GET", "/v1/articles/{article_id}", "404")] == 1
    assert found["dateline_requests_total", ("GET", "other", "404")] == 1
    assert found["dateline_request_seconds_count", ("POST", "/v1/answers")] == 2
    assert found["dateline_tokens_total", ("prompt",)] > 0
    assert found["dateline_stage_seconds_total", ("queue",)] >= 0
    assert found["process_resident_memory_bytes", ()] > 1_000_000
    assert not any(
        "bridge" in label or "harbour" in label for _, labels in found for label in labels
    )


def test_the_queue_is_told(fresh: Served) -> None:
    fresh.add()
    fresh.chat.hold()
    with closing(fresh.sent_question()), closing(fresh.sent_question(f"{QUESTION} And when?")):
        until(lambda: fresh.service.turns.waiting == 1 and fresh.chat.running == 1)
        found = samples(fresh)
        assert found["dateline_queue_working", ()] == 1
        assert found["dateline_queue_waiting", ()] == 1
    until(lambda: not fresh.service.turns.working)
    assert samples(fresh)["dateline_queue_working", ()] == 0


def test_what_was_kept_and_streams_are_counted_once(tmp_path: Path) -> None:
    with serving(tmp_path, keep_replies=True) as served:
        served.add()
        body = {"question": QUESTION, "stream": True}
        for _ in range(2):
            assert served.client.post("/v1/answers", json=body).status_code == 200
        briefed = served.client.post("/v1/briefings", json={"topic": "the bridge at Harrow Mere"})
        assert briefed.status_code == 200
        found = samples(served)
        assert found["dateline_made_total", ("answer", "given")] == 2
        briefings = {k: v for k, v in found.items() if k[1][:1] == ("briefing",)}
        assert sum(briefings.values()) == 1


@pytest.mark.parametrize("path", ["/metrics", "/livez"])
def test_no_key_is_needed(tmp_path: Path, path: str) -> None:
    with serving(tmp_path, api_keys="right", ready=False) as served:
        assert served.client.get(path).status_code == 200
