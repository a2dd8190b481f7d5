"""Answers: retrieve, ask the model, attribute each sentence, verify, or refuse.

The data's way: question -> hits -> prompt -> text -> claims -> citations. This module knows nothing
of HTTP.
"""

import hashlib
import json
import logging
import math
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from ulid import ULID

from index.errors import ContextTooLong, DatelineError, Deadline, StorageFull
from index.index import Hit, Index
from index.registry import Passage
from index.sentences import Span, sentence_spans
from service.contract import (
    Answer,
    AnswerRequest,
    CharLocation,
    Citation,
    DerivedDate,
    Dropped,
    FieldLocation,
    ModelName,
    Refusal,
    Support,
    Timings,
    Usage,
    location,
)
from service.conversation import Standalone, standalone
from service.grounding import Cited, Grounds, evidence, ground, unmet
from service.prompts import Prompt

logger = logging.getLogger(__name__)

# Below these the articles have nothing to do with the question: no word in common, and vectors no
# nearer than any two texts are.
LEAST_COSINE = 0.2
NEAREST = 3
# See `confidence`.
READS_BIAS = 0.5
UNMET_WEIGHT = 1.5
# The model's way of saying that it found nothing, where it was asked for an answer.
# Whose words they are is told by the citation.
_LEAD_IN = re.compile(
    r"^According to the (?:articles?|reports?|text)(?: (?:from|in) [“\"][^”\"]*[”\"])?,? +",
    re.IGNORECASE,
)
_TEXT = r"\b(?:articles?|text|passages?)\b"
_SAYS_NOTHING = re.compile(
    rf"{_TEXT}.{{0,40}}\b(?:do|does|did) not\b"
    rf"|\bnot (?:mentioned|specified|stated|provided|given)\b.{{0,30}}{_TEXT}",
    re.IGNORECASE,
)
REASONS = {
    "no_articles": "There are no articles yet. Add some first.",
    "filtered_out": "No article passes the filters.",
    "no_match": "No article has anything to do with this question.",
    "not_stated": "The articles do not state the answer to this question.",
    "not_supported": "No answer was found that the articles support.",
    "deadline_exceeded": "There was not enough time for an answer. Allow more with max_seconds.",
}


class Budget:
    """The time an answer may take, and the word that nobody waits for it any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def left(self) -> float:
        """Seconds, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raises Deadline when the time is over or the answer is not wanted any more."""
        if self._cancelled.is_set() or time.monotonic() >= self._end:
            raise Deadline("The time for this answer is over.")


@dataclass
class _Work:
    """What is known of an answer while it is made."""

    request: AnswerRequest
    budget: Budget
    asked: Standalone
    started: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    signals: dict[str, float] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    verified: list[tuple[str, Grounds, Support]] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            spent = round((time.monotonic() - start) * 1000)
            setattr(self.timings, stage, getattr(self.timings, stage) + spent)


class Answerer:
    """Answers questions from `index` with `chat`, a model that streams and gives `top_logprobs`."""

    def __init__(self, index: Index, chat: BaseChatModel, model: ModelName) -> None:
        self._index, self._chat, self._model = index, chat, model
        self._answerable, self._answer, self._supported, self._answers = (
            Prompt(name) for name in ("answerable", "answer", "supported", "answers")
        )
        self._standalone = Prompt("standalone")

    def answer(self, request: AnswerRequest, budget: Budget, queued_ms: int = 0) -> Answer:
        """The answer with its citations, or a typed refusal.

        Raises ArticleNotFound where a filter names an article that is not there, and
        ContextTooLong where not even one passage fits beside the question.
        """
        work = _Work(request, budget, Standalone(request.question, request.question))
        work.timings.queue = queued_ms
        try:
            reason = self._work(work)
        except Deadline:
            reason = "deadline_exceeded"
        return self._finish(work, reason)

    def _work(self, work: _Work) -> str | None:
        """Fills `work`; gives the reason of a refusal, or None."""
        request, registry = work.request, self._index.registry
        for article_id in request.filters.article_ids:
            registry.get(article_id)
        if not registry.count():
            return "no_articles"
        if not registry.count(request.filters):
            return "filtered_out"
        with work.timed("generate"):
            work.asked = standalone(
                request.question,
                request.messages,
                lambda turns, opening: (
                    self._ask(self._standalone, turns, work, opening=opening).text
                ),
            )
        with work.timed("retrieve"):
            work.hits = self._index.search(work.asked.query, request.filters, request.top_k)
        if not any(h.lexical or (h.dense or 0) >= LEAST_COSINE for h in work.hits):
            return "no_match"
        passages = [hit.passage for hit in work.hits]
        while True:
            try:
                return self._respond(passages, work)
            except ContextTooLong:
                if len(passages) == 1:
                    raise
                passages = passages[: len(passages) // 2]

    def _respond(self, passages: Sequence[Passage], work: _Work) -> str | None:
        """Reads the passages, answers from them and verifies what was said."""
        work.claims, work.dropped, work.verified = [], [], []
        context = prompt_context(passages, work.asked.question)
        with work.timed("prefill"):
            work.signals["answerable"] = self._yes(self._answerable, context, work)
        with work.timed("generate"):
            text = self._ask(self._answer, context, work).text
        with work.timed("verify"):
            return self._verify(tidied(text), passages, context, work)

    def _verify(
        self, text: str, passages: Sequence[Passage], context: dict[str, Any], work: _Work
    ) -> str | None:
        question = work.asked.question
        # Copies of a passage are not read again, but each is a place that says the same.
        copies = [copy for hit in work.hits for copy in hit.also]
        offered = evidence([*passages, *copies])
        if _SAYS_NOTHING.search(text):
            return "not_stated"
        for span in sentence_spans(text):
            claim = span.of(text)
            grounds = ground(claim, question, offered)
            if grounds is None:
                work.dropped.append(Dropped(text=claim, reason="no source shares a word with it"))
                continue
            quotation = " ".join(c.text for c in grounds.cited)
            entailment = self._yes(
                self._supported, context, work, quotation=quotation, statement=claim
            )
            support = judge(grounds, entailment)
            work.claims.append(
                {"text": claim, "coverage": grounds.coverage, **support.model_dump()}
            )
            if support.label == "supported":
                work.verified.append((claim, grounds, support))
            else:
                reason = ", ".join(grounds.failed) or "entailment"
                work.dropped.append(Dropped(text=claim, reason=reason))
        if not work.verified:
            return "not_supported"
        work.signals["support"] = min(support.score for *_, support in work.verified)
        cited = [c for _, grounds, _ in work.verified for c in grounds.cited]
        quotation = " ".join(c.text for c in cited)
        work.signals["answers"] = self._yes(self._answers, context, work, quotation=quotation)
        ids = sorted({c.passage.article_id for c in cited})
        articles = [self._index.registry.get(article_id) for article_id in ids]
        known = [f"{a.title} {a.source} {a.published_at}\n{a.text}" for a in articles]
        work.signals["unmet"] = len(unmet(question, known, quotation))
        return None if confidence(work.signals) >= 0.5 else "not_stated"

    def _ask(
        self, prompt: Prompt, context: dict[str, Any], work: _Work, top_logprobs: int = 0, **v: str
    ) -> AIMessageChunk:
        """The model's whole reply. Stops reading, and so the model, when the budget is over."""
        work.budget.check()
        options: dict[str, Any] = {}
        if top_logprobs:
            options = {"logprobs": True, "top_logprobs": top_logprobs}
        stream = self._chat.stream(
            prompt.render(context, **v),
            max_tokens=prompt.max_tokens,
            stop=prompt.stop or None,
            **options,
        )
        whole: AIMessageChunk | None = None
        try:
            for chunk in stream:
                work.budget.check()
                whole = chunk if whole is None else whole + chunk
        finally:
            stream.close()  # type: ignore[attr-defined]
        assert whole is not None
        if spent := whole.usage_metadata:
            work.usage.prompt_tokens += spent["input_tokens"]
            work.usage.completion_tokens += spent["output_tokens"]
            work.usage.cached_tokens += spent.get("input_token_details", {}).get("cache_read", 0)
        return whole

    def _yes(self, prompt: Prompt, context: dict[str, Any], work: _Work, **v: str) -> float:
        """The probability of "Yes" against "No" as the first word of the reply."""
        reply = self._ask(prompt, context, work, top_logprobs=20, **v)
        return probability_of_yes(reply)

    def _finish(self, work: _Work, reason: str | None) -> Answer:
        citations: list[Citation] = []
        text = ""
        for claim, grounds, support in (
            work.verified if reason in (None, "deadline_exceeded") else ()
        ):
            start = len(text) + bool(text)
            text = f"{text} {claim}" if text else claim
            citations.append(
                Citation(
                    start=start,
                    end=start + len(claim),
                    text=claim,
                    sources=[
                        *(_location(c) for c in grounds.cited),
                        *(
                            FieldLocation.model_validate(
                                {
                                    "article_id": f.passage.article_id,
                                    "revision": f.passage.revision,
                                    "field": f.field,
                                    "cited_text": f.text,
                                }
                            )
                            for f in grounds.fields
                        ),
                    ],
                    also=[_location(c) for c in grounds.also],
                    support=support,
                )
            )
        incomplete = None
        if citations and reason == "deadline_exceeded":
            reason, incomplete = None, "deadline_exceeded"
        work.timings.total = round((time.monotonic() - work.started) * 1000) + work.timings.queue
        answer = Answer(
            id=f"ans_{ULID()}",
            question=work.request.question,
            answerable=not reason,
            confidence=round(confidence(work.signals), 4),
            answer=text,
            citations=citations,
            dropped=work.dropped,
            incomplete=incomplete,
            refusal=self._refusal(work, reason) if reason else None,
            model=self._model,
            prompt=self._answer.version,
            usage=work.usage,
            timings_ms=work.timings,
            trace=_trace(work) if work.request.include_trace else None,
        )
        self._hold(answer)
        try:
            self._index.registry.put_receipt(answer.id, *_receipt(answer))
        except StorageFull:
            logger.warning("The disk is full: answer %s has no receipt", answer.id)
        return answer

    def _refusal(self, work: _Work, reason: str) -> Refusal:
        nearest = [
            _location(Cited(h.passage, h.passage.span, h.passage.text)) for h in work.hits[:NEAREST]
        ]
        return Refusal.model_validate(
            {"reason": reason, "message": REASONS[reason], "nearest": nearest}
        )

    def _hold(self, answer: Answer) -> None:
        """The promise, checked on every reply: each citation is exactly what its article says."""
        end = -1
        for citation in answer.citations:
            if answer.answer[citation.start : citation.end] != citation.text:
                raise DatelineError("A citation did not match the answer, so it is not shown.")
            if citation.start != end + 1 or not citation.sources:
                raise DatelineError("A sentence had no citation, so the answer is not shown.")
            end = citation.end
            for source in [*citation.sources, *citation.also]:
                article = self._index.registry.get(source.article_id, source.revision)
                if isinstance(source, FieldLocation):
                    found = getattr(article, source.field)
                else:
                    found = article.text[source.start_char_index : source.end_char_index]
                if found != source.cited_text:
                    raise DatelineError("A citation did not match its article: it is not shown.")


def probability_of_yes(reply: AIMessageChunk) -> float:
    """Of "Yes" against "No", as the first word of a reply that holds its log probabilities."""
    mass = {"yes": 1e-9, "no": 1e-9}
    for top in reply.response_metadata["logprobs"]["content"][0]["top_logprobs"]:
        word = top["token"].strip().lower()
        if word in mass:
            mass[word] += math.exp(top["logprob"])
    return mass["yes"] / (mass["yes"] + mass["no"])


def tidied(text: str) -> str:
    """What the model wrote, on one line, without "According to the article, ..."."""
    text = _LEAD_IN.sub("", " ".join(text.split()))
    return text[:1].upper() + text[1:]


def prompt_context(passages: Sequence[Passage], question: str) -> dict[str, Any]:
    """What the prompts' head needs: each article once, its sentences in their order."""
    articles: list[dict[str, str]] = []
    last: tuple[str, Span] | None = None
    for e in evidence(passages):
        if last is None or last[0] != e.passage.article_id:
            articles.append({"heading": _heading(e.passage), "text": e.text})
        else:
            # Sentences that follow one another have at most white space between them; where
            # something was left out, say so.
            gap = "" if e.span.start - last[1].end <= 3 else "[...] "
            articles[-1]["text"] += f" {gap}{e.text}"
        last = e.passage.article_id, e.span
    return {"articles": articles, "question": " ".join(question.split())}


def _heading(passage: Passage) -> str:
    parts = [passage.title, passage.source, passage.published_at and passage.published_at[:10]]
    return ", ".join(part for part in parts if part) or "(no title)"


def judge(grounds: Grounds, entailment: float) -> Support:
    """The verdict on a sentence, from the checks made by code and the model's reading."""
    score = _sigmoid(0.8 * _logit(entailment) + 4 * (grounds.coverage - 0.5))
    if grounds.failed:
        score = min(score, 0.3)
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


def confidence(signals: dict[str, float]) -> float:
    """The probability that the answer is right and complete.

    0 where nothing was verified. The weights were set by hand on part of the development rows of
    SQuAD 2.0; docs/quality.md tells how well they do.
    """
    if "answers" not in signals:
        return 0.0
    read = _logit(signals["answerable"]) + _logit(signals["answers"])
    return _sigmoid(read - READS_BIAS - UNMET_WEIGHT * signals.get("unmet", 0))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _logit(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def _location(cited: Cited) -> CharLocation:
    return location(cited.passage, cited.span, cited.text)


def _receipt(answer: Answer) -> tuple[str, set[str]]:
    """The answer as JSON without a word of its own or of an article: places, revisions, hashes.

    With it the ids of the articles that it names.
    """
    body = answer.model_dump(mode="json", exclude={"question", "answer", "dropped", "trace"})
    body["question_sha256"] = _sha256(answer.question)
    body["answer_sha256"] = _sha256(answer.answer)
    for citation in body["citations"]:
        citation["text_sha256"] = _sha256(citation.pop("text"))
        citation["support"].pop("derived")
    sources = [s for c in body["citations"] for s in (*c["sources"], *c["also"])]
    sources += body["refusal"]["nearest"] if body["refusal"] else []
    for source in sources:
        source["cited_text_sha256"] = _sha256(source.pop("cited_text"))
        source.pop("title", None)
    return json.dumps(body), {source["article_id"] for source in sources}


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _trace(work: _Work) -> dict[str, Any]:
    return {
        "standalone_question": work.asked.question,
        "query": work.asked.query,
        "hits": [
            {
                "article_id": h.passage.article_id,
                "start_char_index": h.passage.span.start,
                "end_char_index": h.passage.span.end,
                "text": h.passage.text,
                "scores": {"dense": h.dense, "lexical": h.lexical, "fused": h.fused},
            }
            for h in work.hits
        ],
        "signals": work.signals,
        "claims": work.claims,
        # What would be said if nothing were refused: what is verified of what the model wrote.
        "draft": " ".join(claim for claim, *_ in work.verified),
    }
