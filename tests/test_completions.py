"""Chat completions, as OpenAI's own client asks for them."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from serving import ANSWER, ARTICLE, QUESTION, Served, serving, until

from service.completions import CompletionRequest, Footnotes
from service.contract import Answer

MARK = re.compile(r" \[(\d+)\]")
LONG = "The bridge is 212 metres long and carries two tram lines."


@pytest.fixture
def client(alone: Served) -> Iterator[openai.OpenAI]:
    with client_of(alone) as client:
        yield client


def client_of(served: Served, key: str = "any") -> openai.OpenAI:
    http = httpx.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0, http_client=http)


def asks(question: str = QUESTION, *before: str) -> list[Any]:
    """A chat that ends in a question; before it stand what a user and the assistant said."""
    roles = ("user", "assistant")
    turns = [{"role": roles[i % 2], "content": said} for i, said in enumerate(before)]
    return [*turns, {"role": "user", "content": question}]


def holds(content: str, citations: list[dict[str, Any]]) -> None:
    """Every sentence is cited where it stands, and followed by the marks of its sources."""
    assert MARK.sub("", content) == " ".join(c["text"] for c in citations)
    numbers: dict[str, int] = {}
    for citation in citations:
        assert content[citation["start"] : citation["end"]] == citation["text"]
        behind = "".join(f" [{mark}]" for mark in citation["marks"])
        assert content[citation["end"] :].startswith(behind)
        for mark, source in zip(citation["marks"], citation["sources"], strict=True):
            assert numbers.setdefault(json.dumps(source), mark) == mark
            span = slice(source["start_char_index"], source["end_char_index"])
            assert ARTICLE[span] == source["cited_text"]
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))


def test_the_answer_has_marks_and_its_citations_beside_the_choices(
    client: openai.OpenAI, alone: Served
) -> None:
    alone.chat.text = f"{ANSWER} {LONG}"
    reply = client.chat.completions.create(model="dateline", messages=asks())
    (choice,) = reply.choices
    assert choice.message.content == f"{ANSWER} [1] {LONG} [2]"
    assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
    told = reply.to_dict()
    citations: Any = told["citations"]
    assert len(citations) == 2
    holds(choice.message.content, citations)
    assert (told["refusal"], told["unanswered"]) == (None, [])
    assert reply.model == "scripted" and reply.object == "chat.completion"
    usage = reply.usage
    assert usage and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    receipt = alone.client.get(f"/v1/answers/{told['answer_id']}")
    assert receipt.status_code == 200


def test_a_source_cited_twice_has_one_number(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.text = f"{ANSWER} The new bridge at Harrow Mere was opened on 3 May 2024."
    reply = client.chat.completions.create(model="dateline", messages=asks())
    content = reply.choices[0].message.content or ""
    assert MARK.findall(content) == ["1", "1"]
    citations: Any = reply.to_dict()["citations"]
    holds(content, citations)


def test_a_stream_says_the_same_a_sentence_at_a_time(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.text = f"{ANSWER} {LONG}"
    whole: Any = client.chat.completions.create(model="dateline", messages=asks()).to_dict()
    with client.chat.completions.create(
        model="dateline", messages=asks(), stream=True, stream_options={"include_usage": True}
    ) as stream:
        *chunks, counted = list(stream)
    assert len({chunk.id for chunk in [*chunks, counted]}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    said = [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]
    assert said == [f"{ANSWER} [1]", f" {LONG} [2]"]
    assert "".join(said) == whole["choices"][0]["message"]["content"]
    cited = [c.to_dict()["citations"] for c in chunks]
    assert cited == [[c] for c in whole["citations"]] + [whole["citations"]]
    assert [c.choices[0].finish_reason for c in chunks] == [None, None, "stop"]
    assert all(c.usage is None for c in chunks) and counted.choices == []
    assert counted.usage and counted.usage.to_dict() == whole["usage"]


def test_a_refusal_is_said_in_words(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.text = "The articles do not mention it."
    chat = asks("What did the bridge at Harrow Mere cost?")
    reply = client.chat.completions.create(model="dateline", messages=chat)
    told: Any = reply.to_dict()
    assert told["refusal"]["reason"] == "not_stated" and told["citations"] == []
    assert reply.choices[0].message.content == told["refusal"]["message"]
    stream = client.chat.completions.create(model="dateline", messages=chat, stream=True)
    chunks = list(stream)
    said = "".join(c.choices[0].delta.content or "" for c in chunks)
    assert said == told["refusal"]["message"]
    last: Any = chunks[-1].to_dict()
    assert last["refusal"]["reason"] == "not_stated"


def test_parts_without_an_answer_are_named(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.replies = {"What did it cost?": "The articles do not mention it."}
    asked = f"{QUESTION} What did it cost?"
    reply = client.chat.completions.create(model="dateline", messages=asks(asked))
    alone.chat.replies = {}
    told: Any = reply.to_dict()
    content = reply.choices[0].message.content or ""
    assert told["unanswered"] == ["What did it cost?"]
    assert content == f"{ANSWER} [1]\n\nNot answered by the articles: What did it cost?"
    (citation,) = told["citations"]
    assert content[citation["start"] : citation["end"]] == citation["text"]


def test_parts_that_there_was_no_time_for_are_not_said_to_be_unanswerable() -> None:
    told: Any = {"unanswered": ["When?"], "incomplete": "deadline_exceeded", "refusal": None}
    assert Footnotes().finish(Answer.model_construct(**told)) == "\n\nNot answered in time: When?"


def test_earlier_turns_tell_what_the_question_refers_to(
    client: openai.OpenAI, alone: Served
) -> None:
    alone.chat.replies = {"How long is it?": "How long is the new bridge at Harrow Mere?"}
    alone.chat.text = "The bridge is 212 metres long."
    chat: Any = [
        {"role": "system", "content": "Be kind."},
        *asks("How long is it?", QUESTION, ANSWER),
    ]
    reply = client.chat.completions.create(model="dateline", messages=chat)
    alone.chat.replies = {}
    assert reply.choices[0].message.content == "The bridge is 212 metres long. [1]"
    assert not any("Be kind." in prompt for prompt in alone.chat.prompts)


def test_filters_may_be_sent_besides(client: openai.OpenAI) -> None:
    body = {"filters": {"sources": ["Nobody"]}, "max_seconds": 30, "top_k": 3}
    reply = client.chat.completions.create(model="dateline", messages=asks(), extra_body=body)
    told: Any = reply.to_dict()
    assert told["refusal"]["reason"] == "filtered_out"


def test_what_other_clients_send_besides_changes_nothing(client: openai.OpenAI) -> None:
    plain = client.chat.completions.create(model="dateline", messages=asks())
    chat: Any = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    more: Any = {"temperature": 1.3, "top_p": 0.2, "max_tokens": 5, "stop": ["bridge"], "seed": 4,
                 "user": "me", "tools": [], "presence_penalty": 1, "n": 1}  # fmt: skip
    reply = client.chat.completions.create(model="gpt-5", messages=chat, **more)
    assert reply.choices[0].message.content == plain.choices[0].message.content
    assert reply.model == "scripted"


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.object) == ("scripted", "model")
    assert client.models.retrieve("scripted") == model
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("gpt-5")
    assert missing.value.code == "not_found"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": asks(), "n": 2}, "n"),
        ({"messages": asks(), "top_k": 0}, "top_k"),
        ({"messages": [{"role": "poet", "content": "?"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
         "messages.0.content.parts.0.type"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, None),
        ({"messages": [{"role": "user", "content": " "}]}, None),
        ({"messages": asks("Why? " * 1000)}, None),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_an_error_of_openais_kind(
    client: openai.OpenAI, body: Any, param: str | None
) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        client.post("/chat/completions", body=body, cast_to=object)
    error = wrong.value
    assert (error.code, error.type) == ("invalid_request", "invalid_request_error")
    assert error.param == param and error.message


def test_no_json_is_an_error_of_openais_kind_too(alone: Served) -> None:
    for path, status, code in (
        ("/v1/chat/completions", 422, "invalid_request"),
        ("/v1/models", 405, "method_not_allowed"),
    ):
        headers = {"content-type": "application/json"}
        reply = alone.client.post(path, content=b"{", headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
        assert reply.headers["content-type"] == "application/json"
    foreign = alone.client.get("/v1/models", headers={"Host": "evil.example"})
    assert foreign.json()["error"]["code"] == "host_not_allowed"


def test_a_key_is_needed_where_keys_are_set(tmp_path: Path) -> None:
    with serving(tmp_path, api_keys="right") as served:
        with client_of(served, "wrong") as wrong, pytest.raises(openai.AuthenticationError) as no:
            wrong.models.list()
        assert no.value.code == "unauthorized"
        with client_of(served, "right") as right:
            assert right.models.list().data


def test_a_full_queue_says_when_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, queue_limit=0) as served, client_of(served) as client:
        served.add()
        served.chat.hold()
        with closing(served.sent_question()):
            until(lambda: served.chat.running == 1)
            for stream in (False, True):
                with pytest.raises(openai.InternalServerError) as full:
                    client.chat.completions.create(model="dateline", messages=asks(), stream=stream)
                assert (full.value.status_code, full.value.code) == (503, "queue_full")
                assert int(full.value.response.headers["retry-after"]) > 0


def test_a_stream_that_fails_says_so(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.fails = RuntimeError("llama")
    stream = client.chat.completions.create(model="dateline", messages=asks(), stream=True)
    with pytest.raises(openai.APIError) as failed:
        list(stream)
    assert failed.value.code == "internal_error" and "llama" not in failed.value.message


def test_who_leaves_a_stream_stops_the_model(client: openai.OpenAI, alone: Served) -> None:
    alone.chat.hold()
    body = {"model": "dateline", "messages": asks(), "stream": True}
    with alone.client.stream("POST", "/v1/chat/completions", json=body) as stream:
        assert stream.status_code == 200
        until(lambda: alone.chat.running == 1)
    until(lambda: alone.chat.cut_short == 1 and not alone.chat.running)


# What Open WebUI sends of its own: the words that tell it are the headings, the key of the JSON
# that it wants, and the chat.

CHAT = f"""### Chat History:
<chat_history>
USER: {QUESTION}
ASSISTANT: {ANSWER} [1]
USER: And what about the Dunmore ferry?
It is late.
ASSISTANT: The articles do not say.
</chat_history>"""


@pytest.mark.parametrize(
    ("wanted", "reply"),
    [
        ('{ "title": "a short title" }', {"title": QUESTION}),
        ('{ "tags": ["tag1", "tag2"] }', {"tags": ["Harrow Mere", "Dunmore"]}),
        ('{ "follow_ups": ["Question 1?"] }', {"follow_ups": []}),
        ('{\n  "queries": ["query1"]\n}', {"queries": []}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_a_page_wants_for_itself_is_made_without_the_model(
    client: openai.OpenAI, alone: Served, wanted: str, reply: dict[str, Any], stream: bool
) -> None:
    prompt = (
        f"### Task:\nMake it.\n### Output:\nJSON format: {wanted}\n### Examples:\n- {{}}\n{CHAT}"
    )
    made: Any = client.chat.completions.create(
        model="dateline", messages=asks(prompt), stream=stream
    )
    if stream:
        content = "".join(chunk.choices[0].delta.content or "" for chunk in made)
    else:
        content = made.choices[0].message.content
    assert json.loads(content) == reply
    assert alone.chat.prompts == []


def test_a_long_first_question_is_a_short_title(client: openai.OpenAI) -> None:
    asked = "Tell me " + "all about the bridge " * 9
    prompt = f'### Task:\nMake it: {{"title": ""}}\n<chat_history>\nUSER: {asked}\n</chat_history>'
    reply = client.chat.completions.create(model="dateline", messages=asks(prompt))
    title = json.loads(reply.choices[0].message.content or "")["title"]
    assert (
        len(title) <= 62 and title.startswith("Tell me all about the bridge") and title[-1] == "…"
    )


@pytest.mark.parametrize("asked", ["x" * 99, "", "<chat_history>" * 5000, " " * 50_000])
def test_odd_chats_have_a_title(asked: str) -> None:
    prompt = f'### Task:\nMake it: {{"title": ""}}\n<chat_history>\nUSER: {asked}</chat_history>'
    request = CompletionRequest.model_validate({"messages": asks(prompt)})
    title = json.loads(request.for_the_page() or "")["title"]
    assert 0 < len(title) <= 62


def test_a_question_is_found_in_what_a_page_wraps_around_it(client: openai.OpenAI) -> None:
    plain = client.chat.completions.create(model="dateline", messages=asks())
    found = (
        '### Task:\nUse the context.\n<context>\n<source id="1">{"a": 1}</source>\n</context>\n\n'
    )
    for wrapped in (found + QUESTION, f"{found}<user_query>\n{QUESTION}\n</user_query>"):
        reply = client.chat.completions.create(model="dateline", messages=asks(wrapped))
        assert reply.choices[0].message.content == plain.choices[0].message.content
