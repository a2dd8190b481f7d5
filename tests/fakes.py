"""A language model that says what a test tells it to: for the plumbing around it."""

import math
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

TICK = 0.01  # seconds between the empty chunks of a call that is held


class ScriptedChat(BaseChatModel):
    """Streams as the engine does, and gives `top_logprobs` where they are asked for.

    A call for one token is a Yes/No reading: it says Yes with the probability `yes`, or what
    `readings` holds for a text that stands in the prompt. Any other
    says `text`, or what `replies` holds for a text that stands in the prompt. `fails` is raised in
    place of either. Between `hold()` and `release()` calls go on without an end, with an empty
    chunk now and then, as the engine gives while it reads a prompt.
    """

    text: str = ""
    replies: dict[str, str] = Field(default_factory=dict)
    readings: dict[str, float] = Field(default_factory=dict)
    yes: float = 0.99
    fails: Any = None
    _flowing: threading.Event = PrivateAttr(default_factory=threading.Event)
    _counting: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _prompts: list[str] = PrivateAttr(default_factory=list)
    _running: int = PrivateAttr(0)
    _most_running: int = PrivateAttr(0)
    _cut_short: int = PrivateAttr(0)

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        self._flowing.set()

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def prompts(self) -> list[str]:
        """What each call was asked, in their order."""
        return list(self._prompts)

    @property
    def running(self) -> int:
        return self._running

    @property
    def most_running(self) -> int:
        """How many calls ran at once, at most."""
        return self._most_running

    @property
    def cut_short(self) -> int:
        """How many streams were closed before their end."""
        return self._cut_short

    def reset(self, text: str) -> None:
        """As new, saying `text`."""
        self.release()
        self.text, self.yes, self.fails = text, 0.99, None
        self._prompts.clear()
        self._most_running = self._cut_short = 0

    def hold(self) -> None:
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        max_tokens: int = 256,
        top_logprobs: int = 0,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        prompt = str(messages[-1].content)
        with self._counting:
            self._prompts.append(prompt)
            self._running += 1
            self._most_running = max(self._most_running, self._running)
        ended = False
        try:
            while not self._flowing.is_set():
                yield ChatGenerationChunk(message=AIMessageChunk(content=""))
                time.sleep(TICK)
            if self.fails is not None:
                raise self.fails
            if max_tokens == 1:
                read = (p for part, p in self.readings.items() if part in prompt)
                yield _reading(next(read, self.yes), top_logprobs)
            else:
                said = (said for part, said in self.replies.items() if part in prompt)
                for word in next(said, self.text).split(" "):
                    yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
            ended = True
            yield _usage(len(prompt.split()))
        finally:
            with self._counting:
                self._running -= 1
                self._cut_short += not ended

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = self._stream(messages, stop, run_manager, **kwargs)
        text = "".join(str(chunk.message.content) for chunk in chunks)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])


def _reading(yes: float, top_logprobs: int) -> ChatGenerationChunk:
    word = "Yes" if yes >= 0.5 else "No"
    info: dict[str, Any] = {}
    if top_logprobs:
        top = [
            {"token": token, "logprob": math.log(max(p, 1e-12))}
            for token, p in (("Yes", yes), ("No", 1 - yes))
        ]
        content = {"token": word, "logprob": max(t["logprob"] for t in top), "top_logprobs": top}
        info = {"logprobs": {"content": [content]}}
    return ChatGenerationChunk(message=AIMessageChunk(content=word), generation_info=info)


def _usage(prompt_tokens: int) -> ChatGenerationChunk:
    usage = UsageMetadata(
        input_tokens=prompt_tokens, output_tokens=1, total_tokens=prompt_tokens + 1
    )
    return ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))


class CredulousChat(ScriptedChat):
    """Says `text`, as a model does that obeys an article, and then finds a statement borne out that
    has all its words in the quotation, whoever says them there and to whom."""

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        asked, _, statement = str(messages[-1].content).rpartition("\nStatement: ")
        statement, _, task = statement.rpartition("\n")
        self.yes = 0.99
        if "statement" in task:
            quotation = asked.rpartition("\nQuotation: ")[2]
            said, there = (set(re.findall(r"\w+", t.casefold())) for t in (statement, quotation))
            self.yes = 0.99 if said <= there else 0.01
        yield from super()._stream(messages, *args, **kwargs)
