"""Answers as OpenAI's chat completions: `/v1/models` and `/v1/chat/completions`.

The way: messages -> the question with its earlier turns -> an answer -> text with footnote marks.
What a page that shows the chat wants for itself (a title, tags) is made by code, since it is no
question on articles.
"""

import json
import re
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from pydantic_core import to_json
from ulid import ULID

from index.errors import InvalidRequest
from index.registry import Filters
from service.contract import Answer, AnswerRequest, Citation, Message, Refusal, Usage
from service.wording import names, runs

# What a page asks for itself begins with this, and names the key of the JSON that it wants.
_TASK = re.compile(r'\s*### Task:\s.*?\{\s*"(?P<key>\w+)":', re.DOTALL)
_WHO = re.compile(r"^(USER|ASSISTANT|SYSTEM): ", re.MULTILINE)
MOST_TITLE, MOST_TAGS = 60, 3  # characters, tags


class StreamOptions(BaseModel):
    include_usage: bool = False


class CompletionRequest(BaseModel):
    """As OpenAI's clients send it. `filters`, `top_k` and `max_seconds` are those of an answer;
    other fields (`temperature`, `tools`, ...) are accepted and change nothing.
    """

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    model: str | None = None
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    filters: Filters | None = None
    top_k: Annotated[int, Field(ge=1, le=50)] | None = None
    max_seconds: Annotated[float, Field(gt=0, le=3600)] | None = None

    @property
    def with_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def asked(self) -> AnswerRequest:
        """The last user message is the question; what was said before are its turns.

        Raises InvalidRequest where there is none.
        """
        at = self._last()
        wanted = self.model_dump(include={"filters", "top_k", "max_seconds"}, exclude_none=True)
        return AnswerRequest(
            question=_question(self.messages[at].text), messages=self.messages[:at], **wanted
        )

    def for_the_page(self) -> str | None:
        """The reply to what the page that shows the chat wants for itself, as Open WebUI does; None
        to a question. Raises InvalidRequest as `asked`.
        """
        wanted = self.messages[self._last()].text
        task, chat = _TASK.match(wanted), _within(wanted, "chat_history")
        if task is None or chat is None:
            return None
        turns = iter(_WHO.split(chat)[1:])
        said = [text.strip() for who, text in zip(turns, turns, strict=False) if who == "USER"]
        replies: dict[str, Any] = {
            "title": _title(said),
            "tags": _tags("\n".join(said)),
            # No search of its own, and nothing that the articles may not answer.
            "queries": [],
            "follow_ups": [],
            "text": "",
            "prompt": "",
        }
        key = task["key"]
        return json.dumps({key: replies[key]}, ensure_ascii=False) if key in replies else None

    def _last(self) -> int:
        users = [i for i, m in enumerate(self.messages) if m.role == "user" and m.text.strip()]
        if not users:
            raise InvalidRequest('messages: there is no question. Send one with the role "user".')
        return users[-1]


def _within(text: str, tag: str) -> str | None:
    """What stands within the last such tag."""
    _, opened, rest = text.rpartition(f"<{tag}>")
    within, closed, _ = rest.partition(f"</{tag}>")
    return within if opened and closed else None


def _question(text: str) -> str:
    """Without what a page wrote around it: marks, or texts that it found itself, before it."""
    asked = _within(text, "user_query") or text.rpartition("</context>")[2]
    return asked.strip() or text


def _title(said: list[str]) -> str:
    """What was first asked, cut between words."""
    first = " ".join(" ".join(said[:1]).split())
    if len(first) <= MOST_TITLE:
        return first or "News"
    return (first[:MOST_TITLE].rpartition(" ")[0] or first[:MOST_TITLE]) + " …"


def _tags(text: str) -> list[str]:
    """Whom and what is asked about, by their names."""
    found = (" ".join(word.text for word in run) for run in runs(text, names(text)))
    return list(dict.fromkeys(found))[:MOST_TAGS] or ["General"]


FinishReason = Literal["stop", "length"]


class FootnotedCitation(Citation):
    """`content[start:end] == text`, and behind it stand the `marks` of its sources."""

    marks: list[int]


class ReplyMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    index: Literal[0] = 0
    message: ReplyMessage
    logprobs: None = None
    finish_reason: FinishReason


class CachedTokens(BaseModel):
    cached_tokens: int = 0


class CompletionUsage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: CachedTokens = CachedTokens()


class Completion(BaseModel):
    """OpenAI's object, with what an answer has besides."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    citations: list[FootnotedCitation] = []
    unanswered: list[str] = []
    refusal: Refusal | None = None
    confidence: float | None = None
    answer_id: str | None = None


class ModelCard(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["dateline"] = "dateline"


class ModelCards(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelCard]


class Footnotes:
    """The text of an answer as it grows, a sentence at a time; each source has a number."""

    def __init__(self) -> None:
        self.content = ""
        self.citations: list[FootnotedCitation] = []
        self._sources: list[str] = []

    def add(self, citation: Citation) -> str:
        """What a sentence adds to the content."""
        start = len(self.content) + bool(self.content)
        marks = [self._number(source.model_dump_json()) for source in citation.sources]
        place = {"start": start, "end": start + len(citation.text), "marks": marks}
        self.citations.append(FootnotedCitation(**dict(citation) | place))
        return self.say(
            " " * bool(self.content) + citation.text + "".join(f" [{mark}]" for mark in marks)
        )

    def finish(self, answer: Answer) -> str:
        """What the content lacks once all sentences are there: why there are none, or which parts
        of the question have no answer.
        """
        if answer.refusal:
            return self.say(answer.refusal.message)
        if not answer.unanswered:
            return ""
        why = "in time" if answer.incomplete else "by the articles"
        return self.say(f"\n\nNot answered {why}: {' '.join(answer.unanswered)}")

    def say(self, text: str) -> str:
        self.content += text
        return text

    def _number(self, source: str) -> int:
        if source not in self._sources:
            self._sources.append(source)
        return self._sources.index(source) + 1


class Naming:
    """What all parts of a completion say of it."""

    def __init__(self, model: str) -> None:
        self.id = f"chatcmpl-{ULID()}"
        self.created = round(time.time())
        self.model = model

    def told(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model} | more


def completion(model: str, answer: Answer) -> Completion:
    """An answer as a chat completion."""
    notes = Footnotes()
    for citation in answer.citations:
        notes.add(citation)
    notes.finish(answer)
    return Completion(
        **Naming(model).told("chat.completion"),
        choices=[_choice(notes.content, _reason(answer))],
        usage=_usage(answer.usage),
        **_beside(answer, notes),
    )


def for_the_page(model: str, content: str) -> Completion:
    """What code wrote as a chat completion."""
    return Completion(
        **Naming(model).told("chat.completion"),
        choices=[_choice(content, "stop")],
        usage=CompletionUsage(),
    )


def _choice(content: str, reason: FinishReason) -> Choice:
    return Choice(message=ReplyMessage(content=content), finish_reason=reason)


def _reason(answer: Answer) -> FinishReason:
    return "length" if answer.incomplete else "stop"


def _usage(usage: Usage) -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        prompt_tokens_details=CachedTokens(cached_tokens=usage.cached_tokens),
    )


def _beside(answer: Answer, notes: Footnotes) -> dict[str, Any]:
    return {
        "citations": notes.citations,
        "unanswered": answer.unanswered,
        "refusal": answer.refusal,
        "confidence": answer.confidence,
        "answer_id": answer.id,
    }


class Chunks:
    """A completion as a stream of chunks: a sentence each, with its citation beside `choices`, then
    all that an answer has. As `service.streaming.Frames`.
    """

    def __init__(self, model: str, with_usage: bool) -> None:
        self._naming = Naming(model)
        self._with_usage = with_usage
        self._notes = Footnotes()
        self._begun = False

    def event(self, name: str, data: BaseModel) -> bytes:
        if isinstance(data, Citation):
            content = self._notes.add(data)
            return self._chunk(content, citations=[self._notes.citations[-1]])
        if isinstance(data, Answer):
            said = [self._chunk(content) for content in [self._notes.finish(data)] if content]
            last = self._chunk(None, _reason(data), **_beside(data, self._notes))
            return b"".join(said) + last + self._end(_usage(data.usage))
        if isinstance(data, Completion):  # written by code
            choice = data.choices[0]
            said_at_once = self._chunk(choice.message.content)
            return said_at_once + self._chunk(None, choice.finish_reason) + self._end(data.usage)
        return b""

    def error(self, body: bytes) -> bytes:
        return b"data: " + body + b"\n\n"

    def _chunk(
        self, content: str | None, reason: FinishReason | None = None, **beside: Any
    ) -> bytes:
        delta = {} if content is None else {"content": content}
        if not self._begun:
            delta = {"role": "assistant", "content": ""} | delta
        self._begun = True
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._told(choices=[choice], **beside)

    def _end(self, usage: CompletionUsage) -> bytes:
        counted = self._told(choices=[], usage=usage) if self._with_usage else b""
        return counted + b"data: [DONE]\n\n"

    def _told(self, **more: Any) -> bytes:
        """As one event; where usage was asked for, those before it have none."""
        usage = {"usage": None} if self._with_usage else {}
        chunk = self._naming.told("chat.completion.chunk", **usage | more)
        return b"data: " + to_json(chunk, by_alias=True) + b"\n\n"
