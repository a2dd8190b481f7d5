"""Reading: what the language model makes of passages, and how that is asked.

A `Reader` asks on behalf of one request. A read is one token: how probable "Yes" is against "No".
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import Deadline
from index.registry import Passage
from index.sentences import Span
from service.calibration import FAILED_CHECK, Logistic
from service.contract import DerivedDate, ModelName, Support, Usage
from service.evidence import Cited, Evidence, Grounds, evidence
from service.orders import orders
from service.prompts import Prompt

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

LEFT_OUT = "[...]"  # between sentences of an article that do not follow one another
APART = 3  # characters at most between two that do: white space
MOST_PROBABLE = 20  # of the first token's candidates, enough to hold every "Yes" and "No"


# Seconds within which everybody wants an answer, however long they would wait.
PATIENT = 60.0
# Tokens that an answer seldom takes; one that is written takes the time of A_WORD_WRITTEN that are
# read. For every GIVES_WAY tokens beyond LONG a request is due a second later: where others ask, it
# gets about a third of the model's time.
LONG, A_WORD_WRITTEN, GIVES_WAY = 1000, 5, 50


class Budget:
    """The time an answer may take, and the word that nobody waits for it any more.

    `due` is when it ought to be there (time.monotonic()).
    """

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._end = self._start + seconds
        self.due = self._start + min(seconds, PATIENT)
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def spent(self) -> float:
        """Seconds."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raises Deadline when the time is over or the answer is not wanted any more."""
        if self._cancelled.is_set() or time.monotonic() >= self._end:
            raise Deadline("The time for this answer is over.")


class Replies(Protocol):
    """Where replies of the model are kept."""

    def reply(self, key: str) -> str | None: ...

    def put_replies(self, replies: Mapping[str, tuple[str, Collection[str]]]) -> None: ...


class ModelNeeded(Exception):
    """Only a language model can go on, and none is to be asked."""


class NoModel:
    """In a language model's place: what needs none comes to its end, all else to ModelNeeded."""

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        raise ModelNeeded


class Reader:
    """Asks `chat`, a model that streams and gives `top_logprobs`; adds what it costs to `usage`.

    What was asked before, word for word and of the same model, is taken from `kept` and costs
    nothing. New replies are put there by `keep`. May be asked from several threads at once.
    """

    def __init__(
        self,
        chat: BaseChatModel,
        budget: Budget,
        usage: Usage,
        model: ModelName,
        kept: Replies | None = None,
    ) -> None:
        self._chat, self._budget, self._usage = chat, budget, usage
        self._model, self._kept = model, kept
        self._new: dict[str, tuple[str, Collection[str]]] = {}
        self._counting = threading.Lock()

    def text(self, prompt: Prompt, context: dict[str, Any], **variables: str) -> str:
        """The model's whole reply. Raises Deadline, and stops the model, when time is over."""
        return str(self._reply(prompt, context, variables, lambda m: self._ask(prompt, m).text))

    def yes(self, prompt: Prompt, context: dict[str, Any], **variables: str) -> float:
        """The probability of "Yes" against "No" as the first word of the reply."""
        return float(
            self._reply(
                prompt,
                context,
                variables,
                lambda m: probability_of_yes(self._ask(prompt, m, top=MOST_PROBABLE)),
            )
        )

    def keep(self) -> None:
        """Raises StorageFull, and then nothing is kept."""
        if self._kept and self._new:
            self._kept.put_replies(self._new)
        self._new = {}

    def _reply(
        self,
        prompt: Prompt,
        context: dict[str, Any],
        variables: dict[str, str],
        ask: Callable[[list[BaseMessage]], str | float],
    ) -> str | float:
        self._budget.check()
        messages = prompt.render(context, **variables)
        named = [self._model.name, self._model.sha256]
        said = [*named, prompt.version, *(str(m.content) for m in messages)]
        key = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        body = self._kept.reply(key) if self._kept else None
        if body is not None:
            reply: str | float = json.loads(body)
            return reply
        reply = ask(messages)
        if articles := context.get("article_ids"):
            self._new[key] = json.dumps(reply), articles
        return reply

    def _due(self) -> float:
        """When what is asked next ought to be there, by which the model's turns are given: in the
        order in which they came, where all have time; what takes long gives way.
        """
        usage = self._usage
        taken = usage.prompt_tokens - usage.cached_tokens + A_WORD_WRITTEN * usage.completion_tokens
        return self._budget.due + max(0, taken - LONG) / GIVES_WAY

    def _ask(self, prompt: Prompt, messages: list[BaseMessage], top: int = 0) -> AIMessageChunk:
        options: dict[str, Any] = {"logprobs": True, "top_logprobs": top} if top else {}
        chat = self._chat
        if hasattr(chat, "due"):  # another model than ours serves in what order it likes
            chat = chat.model_copy(update={"due": self._due()})
        stream = chat.stream(
            messages, max_tokens=prompt.max_tokens, stop=prompt.stop or None, **options
        )
        whole: AIMessageChunk | None = None
        try:
            for chunk in stream:
                self._budget.check()
                whole = chunk if whole is None else whole + chunk
        finally:
            stream.close()  # type: ignore[attr-defined]
        assert whole is not None
        if spent := whole.usage_metadata:
            cached = spent.get("input_token_details", {}).get("cache_read", 0)
            with self._counting:
                self._usage.prompt_tokens += spent["input_tokens"]
                self._usage.completion_tokens += spent["output_tokens"]
                self._usage.cached_tokens += cached
        return whole


def probability_of_yes(reply: AIMessageChunk) -> float:
    """Of "Yes" against "No", as the first word of a reply that holds its log probabilities."""
    mass = {"yes": 1e-9, "no": 1e-9}
    for top in reply.response_metadata["logprobs"]["content"][0]["top_logprobs"]:
        word = top["token"].strip().lower()
        if word in mass:
            mass[word] += math.exp(top["logprob"])
    return mass["yes"] / (mass["yes"] + mass["no"])


def prompt_context(passages: Sequence[Passage], question: str) -> dict[str, Any]:
    """What the prompts' head needs: each article once, its sentences in their order."""
    return context_of(evidence(passages), question)


def context_of(pieces: Sequence[Evidence | Cited], question: str) -> dict[str, Any]:
    """The same, of nothing but these sentences."""
    articles: list[dict[str, str]] = []
    last: tuple[str, Span] | None = None
    for piece in pieces:
        passage, span, text = piece.passage, piece.span, piece.text
        if last is None or last[0] != passage.article_id:
            articles.append({"heading": _heading(passage), "text": text})
        else:
            # Where something was left out, say so.
            gap = " " if 0 <= span.start - last[1].end <= APART else f" {LEFT_OUT} "
            articles[-1]["text"] += gap + text
        last = passage.article_id, span
    return {
        "articles": articles,
        "article_ids": sorted({piece.passage.article_id for piece in pieces}),
        "question": " ".join(question.split()),
    }


def _heading(passage: Passage) -> str:
    title = None if orders(passage.title or "") else passage.title
    parts = [title, passage.source, passage.published_at and passage.published_at[:10]]
    return ", ".join(part for part in parts if part) or "(no title)"


def judge(grounds: Grounds, entailment: float, logistic: Logistic, **signals: float) -> Support:
    """The verdict on a sentence, from the checks made by code, the model's reading and what else
    `logistic` counts.
    """
    failed = float(len(grounds.failed))
    score = logistic.probability({"entailment": entailment, "failed": failed, **signals})
    if grounds.failed:
        score = min(score, FAILED_CHECK)
    label = "supported" if score >= 0.5 else "unsupported"
    return Support.model_validate(
        {
            "label": label,
            "score": round(score, 4),
            "derived": [
                DerivedDate.model_validate(
                    {"text": d.text, "from": d.source_words, "value": d.value}
                )
                for d in grounds.derived
            ],
            "checks": {"entailment": round(entailment, 4), **grounds.checks},
        }
    )
