"""Checks: how well a source supports a text, sentence by sentence.

The parts are those that verify an answer's own sentences: the source sentences that hold most of
the claim's words, the checks made by code, and the model's reading of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from index.embeddings import MiniLM
from index.registry import Passage
from index.sentences import passage_spans, sentence_spans
from service.calibration import Calibration
from service.contract import ModelName, Usage
from service.grounding import evidence, ground
from service.prompts import Prompt
from service.reading import Budget, Reader, judge, prompt_context

# Tokens of the source that are read at once. A longer one is cut into passages, and those nearest
# to the sentence in question are read.
MOST_TOKENS = 1500
SUPPORTED = 0.5  # from here on a score says that a sentence is supported
PATIENCE = 600.0  # seconds a sentence
# The prompts' head has a place for a question; here it is this one.
QUESTION = "Does the statement say what the text says?"


@dataclass(frozen=True)
class Checked:
    """A sentence, and the probability that the source supports it.

    `entailment` is the model's reading, `coverage` the share of the sentence's words found, and
    `failed` names the checks by code that do not hold.
    """

    text: str
    score: float
    entailment: float = 0.0
    coverage: float = 0.0
    failed: tuple[str, ...] = ()


class Checker:
    """Checks with `chat`, a model that streams and gives `top_logprobs`."""

    def __init__(self, embedder: MiniLM, chat: BaseChatModel, model: ModelName) -> None:
        self._embedder, self._chat, self._model = embedder, chat, model
        self._calibration = Calibration.of(model.sha256)
        self._supported = Prompt("supported")

    def check(
        self, text: str, source: str, *, title: str | None = None, published_at: str | None = None
    ) -> list[Checked]:
        """Each sentence of `text` against `source`: empty where there is none.

        `published_at` is the source's date, which "on Tuesday" is read by. What is asked about
        one source in a row is quickest: its tokens are read once.
        """
        passages = self._passages(source, title, published_at)
        return [
            self._checked(claim, self._nearest(claim, passages))
            for claim in (span.of(text) for span in sentence_spans(text))
        ]

    def _checked(self, claim: str, passages: Sequence[Passage]) -> Checked:
        grounds = ground(claim, QUESTION, evidence(passages))
        if grounds is None:
            return Checked(claim, 0.0)
        entailment = Reader(self._chat, Budget(PATIENCE), Usage(), self._model).yes(
            self._supported,
            prompt_context(passages, QUESTION),
            quotation=" ".join(c.text for c in grounds.cited),
            statement=claim,
        )
        score = judge(grounds, entailment, self._calibration).score
        return Checked(claim, score, entailment, grounds.coverage, tuple(grounds.failed))

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

    def _nearest(self, claim: str, passages: list[Passage]) -> list[Passage]:
        """As many passages as may be read at once, those nearest to the claim, in their order."""
        sizes = self._embedder.count_tokens([p.text for p in passages])
        if sum(sizes) <= MOST_TOKENS:
            return passages
        vectors = self._embedder.encode([p.text for p in passages])
        nearness = vectors @ self._embedder.encode([claim])[0]
        chosen: set[int] = set()
        left = MOST_TOKENS
        for i in sorted(range(len(passages)), key=lambda i: -nearness[i]):
            if sizes[i] <= left or not chosen:
                chosen.add(i)
                left -= sizes[i]
        return [passages[i] for i in sorted(chosen)]


def least(checked: Sequence[Checked]) -> float:
    """A text is supported as well as the least of its sentences; one of no sentence is not."""
    return min((c.score for c in checked), default=0.0)
