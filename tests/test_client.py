"""The client, against the service as it is in use; and what it does when a service says no."""

import asyncio
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import ANSWER, ARTICLE, QUESTION, Served
from test_docs import error_classes

from dateline_client import (
    Answer,
    AsyncClient,
    Citation,
    Client,
    DatelineError,
    Problem,
    Unreachable,
    client,
    contract,
    errors,
)
from service.app import create_app
from service.settings import Settings

TWO = [{"id": "one", "text": "It rained."}, {"id": "two", "text": "It snowed."}]


@pytest.fixture
def here(fresh: Served) -> Any:
    with Client(fresh.url) as here:
        yield here


def test_articles_come_and_go(here: Client) -> None:
    added = here.add(ARTICLE, id="bridge", source="Gazette", published_at="2024-05-03")
    assert (added.status, added.article.id, added.article.text) == ("created", "bridge", ARTICLE)
    assert here.put("bridge", ARTICLE + " More.", source="Gazette").status == "updated"
    assert here.get("bridge").text.endswith("More.")
    assert here.get("bridge", added.article.revision).text == ARTICLE
    assert [r.revision for r in here.revisions("bridge")][1] == added.article.revision
    assert here.add_file("page.html", b"<p>It was a very wet day in Quennel.</p>").status
    assert [a.id for a in here.page(source="Gazette").articles] == ["bridge"]
    assert len(list(here.articles(limit=1))) == 2
    here.delete("bridge")
    with pytest.raises(errors.ArticleNotFound) as raised:
        here.delete("bridge")
    assert (raised.value.status, raised.value.code) == (404, "article_not_found")


def test_a_file_many_lines_or_articles_are_imported(here: Client, tmp_path: Path) -> None:
    file = tmp_path / "articles.ndjson"
    file.write_text("\n".join(map(json.dumps, TWO)) + "\nno json")
    job = here.wait(here.import_articles(file).id)
    assert (job.state, job.done, job.failed, job.errors[0].line) == ("succeeded", 3, 1, 3)
    assert here.wait(here.import_articles(TWO).id).done == 2
    assert here.wait(here.import_articles(iter(TWO)).id).done == 2
    assert here.wait(here.import_articles(file.read_bytes()).id).done == 3
    assert len(here.jobs()) == 4 and here.cancel(job.id).state == "succeeded"


def test_an_answer_its_receipt_and_its_stream(here: Client) -> None:
    article = here.add(ARTICLE, id="bridge").article
    answer = here.ask(QUESTION, filters={"article_ids": ["bridge"]}, top_k=3)
    assert (answer.answerable, answer.answer, answer.refusal) == (True, ANSWER, None)
    (source,) = answer.citations[0].sources
    assert article.text[source.start_char_index : source.end_char_index] == source.cited_text
    assert here.receipt(answer.id)["model"]["name"] == answer.model.name == "scripted"
    events = list(here.stream(QUESTION))
    assert [type(e).__name__ for e in events] == ["Retrieval", "Citation", "Answer"]
    assert isinstance(events[1], Citation) and isinstance(events[2], Answer)
    assert events[2].citations == [events[1]]


def test_a_stream_holds_whatever_an_article_holds(here: Client, fresh: Served) -> None:
    odd = ARTICLE.replace(". R", ".\u2028R").replace("two tram", "two\u0085tram")
    here.add(odd, id="bridge")
    *_, answer = here.stream(QUESTION)
    assert isinstance(answer, Answer) and answer.answer == ANSWER

    async def streamed() -> list[Any]:
        async with AsyncClient(fresh.url) as there:
            return [event async for event in there.stream(QUESTION)]

    assert [type(e).__name__ for e in asyncio.run(streamed())][-1] == "Answer"


def test_the_python_of_its_readme_runs(fresh: Served, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parent.parent / "client" / "README.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    fresh.chat.text = "The two ministers signed two memorandums."
    exec(block.replace("http://127.0.0.1:8000", fresh.url), {})
    said = capsys.readouterr().out
    assert said.startswith(fresh.chat.text) and said.endswith("unsupported\n")


def test_a_refusal_is_an_answer(here: Client) -> None:
    answer = here.ask(QUESTION)
    assert not answer.answerable and answer.refusal is not None
    assert answer.refusal.reason == "no_articles"


def test_checks_quotes_and_search(here: Client) -> None:
    here.add(ARTICLE, id="bridge")
    wrong = here.check("The bridge is 250 metres long.", article_ids=["bridge"], mode="fast")
    assert wrong.sentences[0].label == "contradicted"
    assert here.check(ANSWER, source_text=ARTICLE).sentences[0].sources[0].article_id is None
    assert here.verify_quote("two tram lines", ["bridge"]).found
    for none in (lambda: here.check(ANSWER, article_ids=[]), lambda: here.verify_quote("two", [])):
        with pytest.raises(errors.InvalidRequest, match="names no article"):
            none()
    given = here.verify_quote("two tram lines", source_text="It has two tram lines.")
    assert given.matches[0].article_id is None
    nearest = here.verify_quote("carries six tram lines").nearest
    assert nearest is not None and "six" in [change.text for change in nearest.diff]
    assert here.search("bridge", top_k=1)[0].article_id == "bridge"


def test_operation(here: Client) -> None:
    assert here.live()
    ready = here.ready()
    assert ready.model.name == "scripted" and re.match(r"\d", ready.version)
    assert here.doctor(mend=False)


def test_a_problem_is_an_error_with_its_code(here: Client) -> None:
    with pytest.raises(errors.InvalidRequest) as raised:
        here.ask("")
    assert raised.value.errors[0]["field"] == "question"
    here.add(ARTICLE)
    with pytest.raises(errors.ArticleNotFound):
        list(here.stream(QUESTION, filters={"article_ids": ["nobody"]}))
    with pytest.raises(errors.InvalidRequest):
        list(here.stream(""))


def test_the_same_awaited(fresh: Served, tmp_path: Path) -> None:
    async def run() -> None:
        async with AsyncClient(fresh.url) as here:
            assert await here.live() and (await here.ready()).status == "ready"
            assert (await here.wait((await here.import_articles(TWO)).id)).done == 2
            assert [a.id async for a in here.articles(limit=1)] == ["two", "one"]
            await here.add(ARTICLE, id="bridge")
            assert (await here.ask(QUESTION)).answer == ANSWER
            events = [event async for event in here.stream(QUESTION)]
            assert isinstance(events[-1], Answer)
            with pytest.raises(errors.ArticleNotFound):
                await here.get("nobody")

    asyncio.run(run())


def test_nobody_there_is_said() -> None:
    with Client("http://127.0.0.1:9") as nobody:
        assert not nobody.live()
        with pytest.raises(Unreachable, match="127"):
            nobody.ask("Who?")
        with pytest.raises(Unreachable):
            list(nobody.stream("Who?"))


# What a service may say


def said(*replies: httpx.Response, **settings: Any) -> tuple[Client, list[httpx.Request]]:
    """A client of a service that gives these replies, one after the other."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        sent.append(request)
        return replies[min(len(sent), len(replies)) - 1]

    return Client("http://x", transport=httpx.MockTransport(handle), **settings), sent


def busy(seconds: str = "1", code: str = "queue_full") -> httpx.Response:
    return httpx.Response(503, json={"code": code}, headers={"Retry-After": seconds})


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(client.time, "sleep", slept.append)
    return slept


def test_what_is_busy_is_asked_again_after_the_time_it_says(slept: list[float]) -> None:
    here, sent = said(busy("7"), busy("2"), httpx.Response(200, json={"answer": "Yes."}))
    assert here.ask("Who?").answer == "Yes."
    assert slept == [7, 2] and len(sent) == 3
    body = 'event: answer\ndata: {"answer": "Yes."}\n\n'
    here, sent = said(busy("3"), httpx.Response(200, text=body))
    assert [e.answer for e in here.stream("Who?") if isinstance(e, Answer)] == ["Yes."]
    assert slept[2:] == [3]


def test_it_is_not_asked_for_ever(slept: list[float]) -> None:
    here, sent = said(busy(), retries=2)
    with pytest.raises(errors.QueueFull) as raised:
        here.ask("Who?")
    assert raised.value.retry_after == 1 and len(sent) == 3
    for reply in (busy("3600"), busy(code="model_unavailable"), httpx.Response(503)):
        here, sent = said(reply)
        with pytest.raises(errors.Unavailable):
            here.ask("Who?")
        assert len(sent) == 1


def test_a_body_that_can_be_read_once_is_sent_once(slept: list[float]) -> None:
    here, sent = said(busy())
    with pytest.raises(errors.QueueFull):
        here.import_articles(iter(TWO))
    assert len(sent) == 1
    here, sent = said(busy(), httpx.Response(202, json={"job": {"id": "j"}}))
    assert here.import_articles(TWO).id == "j"
    assert sent[0].content == sent[1].content != b""


@pytest.mark.parametrize("reply", [httpx.Response(200, text="<html>"), httpx.Response(200, json=7)])
def test_what_is_no_service_is_said(reply: httpx.Response) -> None:
    here, _ = said(reply)
    with pytest.raises(DatelineError, match="not answer as a Dateline service"):
        here.ask("Who?")


def test_a_proxys_error_has_a_class_too() -> None:
    for status, kind in ((502, errors.InternalError), (404, errors.NotFound), (418, Problem)):
        here, _ = said(httpx.Response(status, text="<html>"))
        with pytest.raises(kind):
            here.ask("Who?")
    here, _ = said(httpx.Response(400, json={"error": {"message": "No.", "code": "bad"}}))
    with pytest.raises(errors.InvalidRequest, match=r"No\."):
        here.chat([])


def test_what_a_newer_service_adds_is_ignored_and_what_it_leaves_out_is_empty() -> None:
    citation = {"start": 0, "text": "It.", "news": 1, "support": {"derived": [{"from": "Monday"}]}}
    here, _ = said(httpx.Response(200, json={"answer": "It.", "citations": [citation], "new": {}}))
    answer = here.ask("Who?")
    assert answer.citations[0].support.derived[0].from_ == "Monday"
    assert answer.refusal is None and answer.conflicts == [] and answer.usage.prompt_tokens == 0


def test_a_key_is_sent() -> None:
    here, sent = said(httpx.Response(200, json={}), key="k")
    here.ask("Who?")
    assert sent[0].headers["Authorization"] == "Bearer k"


# It covers the contract


def test_every_error_code_of_the_service_has_its_class() -> None:
    assert {e.code for e in error_classes()} <= errors.BY_CODE.keys()
    for cls in errors.BY_CODE.values():
        assert cls.__name__ in str(errors.__doc__)


def test_every_route_has_its_method() -> None:
    empty = {name: [] for name in ("articles", "jobs", "revisions", "passages")} | {"job": {}}
    here, sent = said(httpx.Response(200, json=empty))
    calls: list[Callable[[], object]] = [
        lambda: here.add("x"),
        lambda: here.put("a", "x"),
        lambda: here.import_articles(TWO),
        here.page,
        lambda: here.get("a"),
        lambda: here.revisions("a"),
        lambda: here.delete("a"),
        here.jobs,
        lambda: here.job("j"),
        lambda: here.cancel("j"),
        lambda: here.ask("?"),
        lambda: here.receipt("a"),
        lambda: here.brief(topic="x"),
        lambda: here.check("x"),
        lambda: here.verify_quote("x"),
        lambda: here.search("x"),
        here.models,
        lambda: here.model("m"),
        lambda: here.chat([], stream=False),
        here.doctor,
        here.live,
        here.ready,
        here.metrics,
    ]
    for call in calls:
        call()
    called = {f"{request.method} {request.url.path}" for request in sent}
    routes = [
        f"{method.upper()} {path}"
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    ]
    patterns = [re.escape(re.sub(r"\{\w+\}", "@", route)).replace("@", "[^/]+") for route in routes]
    uncovered = [p for p in patterns if not any(re.fullmatch(p, c) for c in called)]
    assert len(patterns) >= 15 and uncovered == []


def test_a_briefing_is_streamed() -> None:
    body = 'event: progress\ndata: {"stage": "read", "done": 1}\n\nevent: briefing\ndata: {}\n\n'
    here, _ = said(httpx.Response(200, text=body))
    assert [type(e).__name__ for e in here.stream_brief(topic="x")] == ["Progress", "Briefing"]


def test_fields_are_those_of_the_service() -> None:
    """Every field of every reply that both name is one that the service documents."""
    schemas = create_app(Settings()).openapi()["components"]["schemas"]
    ours = {"Check": "CheckReply", "QuoteCheck": "QuoteReply", "Added": "ArticleReply"}
    ours |= {name: name for name in ("Article", "ArticlePage", "Job", "Answer", "Citation")}
    ours |= {name: name for name in ("CheckedSentence", "NearestQuote", "Support", "Refusal")}
    for name, theirs in ours.items():
        fields = {f.removesuffix("_") for f in inspect.get_annotations(getattr(contract, name))}
        inherited = set() if name != "Article" else set(schemas["ArticleHeader"]["properties"])
        assert fields | inherited == set(schemas[theirs]["properties"]), name


def test_both_clients_have_the_same_methods() -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        found = inspect.getmembers(cls, inspect.isfunction)
        return {n: list(inspect.signature(f).parameters) for n, f in found if n[0] != "_"}

    assert methods(Client) == methods(AsyncClient)


def test_it_needs_nothing_of_the_service() -> None:
    code = "import sys, dateline_client; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    path = str(Path(client.__file__).parent.parent)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"service", "index", "llama_cpp", "pydantic"} & set(ran.stdout.split())
