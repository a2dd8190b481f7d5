"""Checks: how well a source supports a text, sentence by sentence.

The parts are those that verify an answer's own sentences: the source sentences that hold most of
the claim's words, the checks made by code, and the model's reading of both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from index.embeddings import BATCH, MiniLM, Vectors
from index.errors import StorageFull
from index.index import Index
from index.registry import Filters, Passage
from index.sentences import Span, passage_spans, sentence_spans
from service.calibration import FAILED_CHECK, Calibration, logit
from service.conflicts import corrections
from service.contract import (
    CheckedSentence,
    CheckReply,
    CheckRequest,
    ModelName,
    Usage,
    checked_place,
)
from service.dates import MONTHS, WEEKDAYS
from service.dates_held import in_source_words
from service.evidence import Cited, Evidence, Grounds, evidence
from service.grounding import ground, verbatim, weights_of
from service.prompts import Prompt
from service.reading import Budget, Reader, Replies, judge, prompt_context
from service.rewording import reworded
from service.wording import NUMBERS, Word, is_content, stems, words

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

# Tokens of the source that are read at once. A longer one is cut into passages, and those nearest
# to the sentences in question are read, of so many sentences at a time: the model reads them once.
MOST_TOKENS = 1800
TOGETHER = 5
FEW_ARTICLES = 20  # named ones: these are looked through, not searched
PASSAGES = 4  # looked for, for each sentence
SUPPORTED = 0.5  # from here on a score says that a sentence is supported
PATIENCE = 600.0  # seconds a text, where no budget is given
# The prompts' head has a place for a question; here it is this one.
QUESTION = "Does the statement say what the text says?"


# A failed check of these says that the source has another number, date or person, or a denial.
DENYING = frozenset(("numbers", "dates", "negation", "roles"))
CONTRADICTED = 0.7  # the model's reading, where no check by code fails
# What a sentence says of a matter that its source tells otherwise: so much of its words are there.
SAME_MATTER, SAME_MATTER_DENIED = 0.5, 0.3
_COUNTS = re.compile(rf"\d|\b(?:{'|'.join([*NUMBERS, *WEEKDAYS, *MONTHS])})\b", re.IGNORECASE)
LEAST_WORDS = 2  # of content, in a sentence that states something
_ASKS = re.compile(r"[?]\W*$")
# Courtesies, opinions, what a text says of itself or is not told, what a page says, headings.
_OWN = re.compile(
    r"^\W*(?:thank|thanks|sorry|hello|hi|dear|please|welcome)\b"
    r"|^\W*I (?:think|believe|feel|hope|wonder|guess|suppose)\b"
    r"|^\W*(?:in my (?:view|opinion)|to my mind|personally)\b"
    r"|^\W*(?:here|below) (?:is|are) (?:the|a|an|your|my|some)\b.{0,60}(?:[.:]|asked for|requested)"
    r"|^\W*the (?:articles?|texts?|sources?|reports?|passages?) (?:do(?:es)?|did)(?:n['’]t| not) "
    r"(?:say|state|mention|specify|contain|provide|include|tell|give)\b[^.;]*\.?\W*$"
    r"|^\W*(?:read|see|click|watch|subscribe|sign up|scroll|share)\b.{0,40}[.!]?$"
    r"|^\W*(?:photos?|images?|pictures?|videos?|credits?|sources?|by)\s*:"
    r"|^\W*(?:what|how) [^.]{0,60}!$|^#+\s",
    re.IGNORECASE,
)

Label = Literal["supported", "contradicted", "unsupported", "not_checkable"]


@dataclass(frozen=True)
class Checked:
    """A sentence, and the probability that the source supports it.

    `entailment` is the model's reading, `coverage` the share of the sentence's words found, and
    `checks` tells which of those made by code hold. `cited` are the nearest source sentences.
    """

    span: Span
    text: str
    label: Label
    score: float
    entailment: float = 0.0
    coverage: float = 0.0
    checks: dict[str, bool | float] = field(default_factory=dict)
    cited: tuple[Cited, ...] = ()

    @property
    def failed(self) -> list[str]:
        return [name for name, holds in self.checks.items() if holds is False]


@dataclass(frozen=True)
class Found:
    """The passages nearest to a sentence, and those that the model reads beside it."""

    nearest: Sequence[Passage]
    read: Sequence[Passage]


class Checker:
    """Checks with `chat`, a model that streams and gives `top_logprobs`; by code alone without."""

    def __init__(
        self,
        embedder: MiniLM,
        chat: BaseChatModel | None,
        model: ModelName,
        kept: Replies | None = None,
    ) -> None:
        self._embedder, self._chat, self._model, self._kept = embedder, chat, model, kept
        self._calibration = Calibration.of(model.sha256)
        self._stated, self._contradicted = Prompt("stated"), Prompt("contradicted")
        self._reworded = Prompt("reworded")

    def check(
        self,
        text: str,
        source: str,
        *,
        title: str | None = None,
        published_at: str | None = None,
        budget: Budget | None = None,
    ) -> list[Checked]:
        """Each sentence of `text` against `source`: empty where there is none.

        `published_at` is the source's date, which "on Tuesday" is read by. What is asked about
        one source in a row is quickest: its tokens are read once.
        """
        budget = budget or Budget(PATIENCE)
        passages = self._passages(source, title, published_at)
        return self.check_passages(text, self.finder(passages, text, budget), budget)

    def check_passages(
        self,
        text: str,
        passages_for: Callable[[str], Found],
        budget: Budget | None = None,
    ) -> list[Checked]:
        """The same against the passages that are found for each sentence. Raises Deadline."""
        budget, reader = budget or Budget(PATIENCE), None
        if self._chat:
            reader = Reader(self._chat, budget, Usage(), self._model, self._kept)
        try:
            return self._all_checked(text, passages_for, budget, reader)
        finally:
            with suppress(StorageFull):
                if reader:
                    reader.keep()

    def _all_checked(
        self,
        text: str,
        passages_for: Callable[[str], Found],
        budget: Budget,
        reader: Reader | None,
    ) -> list[Checked]:
        checked = []
        for span in sentence_spans(text):
            claim = span.of(text)
            budget.check()
            if not is_checkable(claim):
                checked.append(Checked(span, claim, "not_checkable", 0.0))
                continue
            checked.append(self._checked(span, claim, passages_for(claim), reader))
        return checked

    def _checked(self, span: Span, claim: str, found: Found, reader: Reader | None) -> Checked:
        offered = evidence(found.nearest)
        grounds = self._ground(claim, offered)
        if grounds is None:
            return Checked(span, claim, "unsupported", 0.0)
        context = prompt_context(found.read, QUESTION)
        quotation = " ".join(c.text for c in grounds.cited)
        read = in_source_words(claim, grounds.derived)
        copied = not grounds.failed and verbatim(read, offered)
        if reader:
            # What stands there word for word need not be read.
            entailment = 1.0 if copied else reader.yes(self._stated, context, statement=read)
            same = None
            if not grounds.failed and not copied:
                same = self._same(read, grounds.cited, reader)
            signals = {} if same is None else {"same": same, "reworded": 1.0}
            support = judge(grounds, entailment, self._calibration.support, **signals)
            score, checks = support.score, support.checks
            if same is not None:
                checks = checks | {"rewording": round(same, 4)}
        else:
            entailment = 0.0
            near = self._embedder.encode([read, quotation])
            signals = {
                "likeness": self._likeness(read, quotation, weights_of(read, offered)),
                "nearness": float(near[0] @ near[1]),
                "failed": float(len(grounds.failed)),
                "verbatim": float(copied),
            }
            score = round(self._calibration.fast.probability(signals), 4)
            score = min(score, FAILED_CHECK) if grounds.failed else score
            checks = dict[str, bool | float](grounds.checks)
        label: Label = "supported" if score >= SUPPORTED else "unsupported"
        if label == "unsupported" and self._is_denied(claim, quotation, grounds, context, reader):
            label = "contradicted"
        return Checked(
            span,
            claim,
            label,
            score,
            entailment=entailment,
            coverage=grounds.coverage,
            checks=checks,
            cited=tuple(grounds.cited),
        )

    def _same(self, claim: str, cited: Sequence[Cited], reader: Reader) -> float | None:
        """How probably the claim's words mean the same as those of the source whose places they
        take; None where it is not told in the source's words. Each is read beside the source's
        sentence alone.
        """
        found = reworded(claim, [span.of(c.text) for c in cited for span in sentence_spans(c.text)])
        if found is None:
            return None
        ids = sorted({c.passage.article_id for c in cited})
        context = {"text": found.sentence, "article_ids": ids}
        reads = [
            reader.yes(self._reworded, context, statement=claim, there=there, said=said)
            for there, said in found.places
        ]
        return 1 / (1 + math.exp(-sum(map(logit, reads)) / len(reads)))

    def _likeness(self, claim: str, quotation: str, weights: dict[str, float]) -> float:
        """The share of the claim's weight that the quotation holds, where a word that it lacks
        counts as much as the word that means most nearly the same there: "quit" of "resigned".
        """
        said, there = [w for w in words(claim) if is_content(w)], words(quotation)
        known = stems(quotation)
        total = sum(weights.get(w.stem, 0.0) for w in said)
        if not total or not there:
            return 0.0
        missing = [w for w in said if w.stem not in known]
        held = sum(weights.get(w.stem, 0.0) for w in said if w.stem in known)
        if missing:
            theirs = self._embedder.encode_parts(quotation, [_span(w) for w in there])
            mine = self._embedder.encode_parts(claim, [_span(w) for w in missing])
            nearest = (mine @ theirs.T).max(axis=1)
            held += sum(
                weights.get(w.stem, 0.0) * float(n) for w, n in zip(missing, nearest, strict=True)
            )
        return held / total

    def _ground(self, claim: str, offered: list[Evidence]) -> Grounds | None:
        """What bears a sentence out, or where its outlet took that back later."""
        grounds = ground(claim, QUESTION, offered)
        if grounds and (later := corrections(claim, grounds, offered)):
            return ground(claim, QUESTION, later)
        return grounds

    def _is_denied(
        self,
        claim: str,
        quotation: str,
        grounds: Grounds,
        context: dict[str, object],
        reader: Reader | None,
    ) -> bool:
        """Whether the source tells it otherwise, and does not only leave it out."""
        denying = DENYING.intersection(grounds.failed)
        if grounds.coverage < (SAME_MATTER_DENIED if "negation" in denying else SAME_MATTER):
            return False
        # A number or a day that the source lacks is denied where it has another there.
        if denying <= {"numbers", "dates"} and not _COUNTS.search(quotation):
            denying = frozenset()
        if reader is None or denying:
            return bool(denying)
        # Where all of its words stand and no check fails, a reading alone does not say otherwise.
        if grounds.coverage >= 1 and not grounds.failed:
            return False
        said = reader.yes(self._contradicted, context, quotation=quotation, statement=claim)
        return said >= (0.5 if grounds.failed else CONTRADICTED)

    def _passages(self, source: str, title: str | None, published_at: str | None) -> list[Passage]:
        return [
            Passage(
                id=number,
                article_id="source",
                revision="",
                title=title,
                source=None,
                url=None,
                published_at=published_at,
                sentences=passage.sentences,
                text=passage.span.of(source),
            )
            for number, passage in enumerate(passage_spans(source, self._embedder.count_tokens))
        ]

    def finder(self, passages: list[Passage], text: str, budget: Budget) -> Callable[[str], Found]:
        """What finds the passages for each sentence of `text`, as many as may be read at once, in
        their order. Raises Deadline.
        """
        # Passages overlap, and what stands in two is read once.
        if sum(self._embedder.count_tokens([e.text for e in evidence(passages)])) <= MOST_TOKENS:
            return lambda claim: Found(passages, passages)
        sizes = self._embedder.count_tokens([p.text for p in passages])

        def chosen(order: Iterable[int]) -> list[Passage]:
            kept: set[int] = set()
            left = MOST_TOKENS
            for i in order:
                if i not in kept and (sizes[i] <= left or not kept):
                    kept.add(i)
                    left -= sizes[i]
            return [passages[i] for i in sorted(kept)]

        vectors = self._encoded([p.text for p in passages], budget)
        claims = [c for span in sentence_spans(text) if is_checkable(c := span.of(text))]
        found = {}
        for at in range(0, len(claims), TOGETHER):
            budget.check()
            together = claims[at : at + TOGETHER]
            orders = np.argsort(-(self._embedder.encode(together) @ vectors.T), axis=1)
            read = chosen(orders.T.ravel().tolist())  # each sentence's nearest, then its next
            for claim, order in zip(together, orders, strict=True):
                found[claim] = Found(chosen(order.tolist()), read)
        return found.__getitem__

    def _encoded(self, texts: Sequence[str], budget: Budget) -> Vectors:
        """Their vectors, a few at a time: a long source takes longer than a client may wait."""
        vectors = [np.zeros((0, self._embedder.dimensions), np.float32)]
        for at in range(0, len(texts), BATCH):
            budget.check()
            vectors.append(self._embedder.encode(texts[at : at + BATCH]))
        return np.concatenate(vectors)


def check_reply(
    checker: Checker, index: Index, request: CheckRequest, budget: Budget
) -> CheckReply:
    """What `POST /v1/checks` answers. Raises ArticleNotFound, and Deadline."""
    if request.source_text is not None:
        checked = checker.check(
            request.text,
            request.source_text,
            title=request.source_title,
            published_at=request.source_published_at,
            budget=budget,
        )
    else:
        filters = request.filters
        if request.article_ids:
            filters = filters.model_copy(update={"article_ids": request.article_ids})
        for article_id in filters.article_ids:
            index.registry.get(article_id)
        checked = checker.check_passages(
            request.text, _finder(checker, index, filters, request.text, budget), budget
        )
    given = request.source_text is not None
    scores = [c.score for c in checked if c.label != "not_checkable"]
    return CheckReply(
        score=min(scores, default=None),
        sentences=[
            CheckedSentence(
                start=c.span.start,
                end=c.span.end,
                text=c.text,
                label=c.label,
                score=c.score,
                checks=c.checks,
                sources=[
                    checked_place(cited.passage, cited.span, cited.text, given=given)
                    for cited in c.cited
                ],
            )
            for c in checked
        ],
    )


def _finder(
    checker: Checker, index: Index, filters: Filters, text: str, budget: Budget
) -> Callable[[str], Found]:
    """The passages to hold a sentence against. Of few articles it is all of them, in one order, so
    that the model reads them once.
    """
    if 0 < len(filters.article_ids) <= FEW_ARTICLES:
        passages = [p for a in filters.article_ids for p in index.registry.passages_of(a)]
        return checker.finder(passages, text, budget)

    claims = [c for span in sentence_spans(text) if is_checkable(c := span.of(text))]
    found = {}
    for claim in claims:
        budget.check()
        found[claim] = index.search(claim, filters, PASSAGES)
    # What is found for one sentence may bear on the next: together they are read once.
    pooled = {hit.passage.id: hit.passage for hits in found.values() for hit in hits}
    return checker.finder([pooled[number] for number in sorted(pooled)], text, budget)


def _span(word: Word) -> Span:
    return Span(word.start, word.start + len(word.text))


def is_checkable(sentence: str) -> bool:
    """Whether it states something: no question, no courtesy, no heading of a word."""
    content = [w for w in words(sentence) if is_content(w)]
    return len(content) >= LEAST_WORDS and not _ASKS.search(sentence) and not _OWN.match(sentence)


def least(checked: Sequence[Checked]) -> float:
    """A text is supported as well as the least of its checkable sentences; one of none is not."""
    return min((c.score for c in checked if c.label != "not_checkable"), default=0.0)
