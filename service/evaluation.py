"""Evaluation: public sets of questions, claims and articles, what is made of them, and how good
that is.

The data's way: files -> sets -> a sample -> outcomes -> figures. An outcome is what was said, kept
as it is made; figures are computed from outcomes, so that they can be computed anew. What is
measured is a `System`: Dateline itself, and the anchor in `bench/`. What outcomes come to is for
`service/figures.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from math import ceil, inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import ValidationError

import index as index_package
from index.articles import NewArticle
from index.embeddings import MiniLM
from index.errors import DatelineError, InvalidRequest
from index.index import Index
from index.sentences import sentence_spans
from service.answers import Answerer
from service.briefings import Briefer
from service.calibration import DIRECTORY as CALIBRATIONS
from service.checks import Checker, least
from service.contract import (
    Answer,
    AnswerRequest,
    Briefing,
    BriefingRequest,
    CharLocation,
    Citation,
    FieldLocation,
    ModelName,
)
from service.prompts import DIRECTORY as PROMPTS
from service.reading import Budget
from service.scoring import first_word

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

Row = dict[str, Any]
Outcome = dict[str, Any]
Kind = Literal["questions", "claims", "briefings"]

PREFIXES = ("qa_", "faith_", "cite_", "brief_")
PATIENCE = 600.0  # seconds an answer or a briefing
BRIEF = 80  # words of a briefing, at most: what `dateline brief` gives unasked
ADDED = 64  # articles embedded at a time
# Modules without a say in what is answered: outcomes outlive a change of these.
BESIDE = frozenset(
    "app backup catalogue cli cli_articles cli_brief cli_check cli_eval cli_models directory "
    "doctor documents figures jobs langchain models pdf scoring settings "
    "terminal webpages".split()
)
COUNTERFACTUAL = "counterfactual"
ABOUT = ("title", "published_at")  # a claim's source, where its row tells


# Sets


@dataclass(frozen=True)
class EvaluationSet:
    """Rows of one file (and variant), and the articles that all of them are asked of.

    `names` gives a document's article id by the id that the file has for it. `digest` is that of
    the file.
    """

    name: str
    kind: Kind
    rows: list[Row]
    articles: list[NewArticle]
    names: dict[str, str]
    digest: str


def read_sets(paths: Iterable[Path]) -> list[EvaluationSet]:
    """The sets of these files and of the folders' files.

    Raises InvalidRequest where one is not there or holds nothing of the kind.
    """
    sets: list[EvaluationSet] = []
    for path in paths:
        if path.is_dir():
            files = sorted(f for f in path.glob("*.jsonl") if f.name.startswith(PREFIXES))
            if not files:
                raise InvalidRequest(f"{path} holds no qa_*, faith_*, cite_* or brief_* file.")
        elif path.is_file():
            files = [path]
        else:
            raise InvalidRequest(
                f"{path} is not there. Give the folder that holds the evaluation sets, or files "
                "of it."
            )
        for file in files:
            sets += _sets(file)
    return sets


def _sets(file: Path) -> Iterator[EvaluationSet]:
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    try:
        rows = [json.loads(line) for line in body.decode("utf-8").split("\n") if line.strip()]
        are_claims = all("claim_or_summary" in row for row in rows)
        if are_claims:
            rows = [row for row in rows if positive(row) is not None]
        if not rows:
            raise ValueError("nothing is left to ask")
        if are_claims:
            yield EvaluationSet(file.stem, "claims", rows, [], {}, digest)
            return
        if all("summaries" in row for row in rows):
            rows = [row | {"documents": [row | {"text": row["source_text"]}]} for row in rows]
            yield EvaluationSet(file.stem, "briefings", rows, *_articles(rows), digest)
            return
        variants: dict[str, list[Row]] = {}
        for row in rows:
            variant = str(row.get("variant", "")).partition(" (")[0]
            variants.setdefault(variant, []).append(row)
        for variant, asked in variants.items():
            name = f"{file.stem}: {variant}" if variant else file.stem
            articles, names = _articles(asked)
            yield EvaluationSet(name, "questions", asked, articles, names, digest)
    except (ValueError, KeyError, TypeError) as error:
        why = f"a line has no {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidRequest(
            f"{file.name} holds neither questions, claims nor articles to evaluate: {why}."
        ) from None


def _articles(rows: Iterable[Row]) -> tuple[list[NewArticle], dict[str, str]]:
    """The rows' documents, each once; ids and order say nothing of what they are to a question."""
    articles: dict[str, NewArticle] = {}
    names: dict[str, str] = {}
    for document in (d for row in rows for d in row["documents"]):
        shown = [document.get(key) for key in ("title", "text", "date", "publisher")]
        article_id = "d" + hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:20]
        names[document["id"]] = article_id
        if article_id not in articles:
            articles[article_id] = _article(article_id, document)
    return [articles[article_id] for article_id in sorted(articles)], names


def _article(article_id: str, document: Row) -> NewArticle:
    fields = {
        "id": article_id,
        "text": (document["text"].strip() or document["title"]).replace("\0", " "),
        "title": document.get("title") or None,
        "source": document.get("publisher") or None,
        "author": document.get("author") or None,
        "url": document.get("url") or None,
    }
    try:
        return NewArticle.model_validate(fields | {"published_at": document.get("date") or None})
    except ValidationError:  # a date in words
        return NewArticle.model_validate(fields)


def accepted(row: Row) -> list[str]:
    """The answers that count as right: of falsified documents, what these say."""
    if str(row.get("variant", "")).startswith(COUNTERFACTUAL):
        fake = row["fake_answer"]
        return fake if isinstance(fake, list) else [fake]
    return list(row["answers"])


def is_yes_no(row: Row) -> bool:
    found = {first_word(answer) for answer in accepted(row) if len(answer.split()) == 1}
    return bool(found) and found <= {"yes", "no"}


def positive(row: Row) -> bool | None:
    """Whether a claim is supported, or a question answerable; None for what nobody could tell.

    An article that is to be briefed on always counts.
    """
    if "summaries" in row:
        return True
    if "claim_or_summary" not in row:
        return bool(row["answerable"])
    if row["label"] == "questionable":
        return None
    return row["label"] in ("consistent", "supported")  # in part is not supported


def samples(
    sets: Sequence[EvaluationSet], limit: int | None, seed: int
) -> list[tuple[EvaluationSet, list[Row]]]:
    """Each set's `sample`; the variants of one file share the `limit`."""
    variants = Counter(chosen.digest for chosen in sets)
    return [
        (chosen, sample(chosen.rows, limit and ceil(limit / variants[chosen.digest]), seed))
        for chosen in sets
    ]


def sample(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """`limit` rows, half of each kind as far as there are so many; all where it is None.

    A larger sample of the same seed holds a smaller one. They come as drawn, so that those before
    any one are a sample too; claims about one text come in a row.
    """

    def lot(row: Row, key: str) -> bytes:
        return hashlib.sha256(f"{seed} {row[key]}".encode()).digest()

    taken = sorted(rows, key=lambda row: lot(row, "id"))
    if limit is not None:
        kinds = [[row for row in taken if positive(row) == kind] for kind in (True, False)]
        fewer, more = sorted(kinds, key=len)
        fewer = fewer[: max(limit // 2, limit - len(more))]
        drawn = zip_longest(fewer, more[: limit - len(fewer)])
        taken = [row for pair in drawn for row in pair if row is not None]
    return sorted(taken, key=lambda row: lot(row, "doc_id") if "doc_id" in row else b"")


_MARKS = re.compile(r"\s*\[\d+\]")


def _claim(text: str) -> str:
    """A claim without its marks of citation ("[1]"), which are no words of it."""
    return _MARKS.sub("", text).strip()


# Systems


class System(Protocol):
    """What is measured. `version` names everything that its outcomes depend on but the set."""

    name: str
    version: str

    def opened(self, chosen: EvaluationSet) -> AbstractContextManager[Callable[[Row], Outcome]]:
        """The set's articles are indexed while it lasts; what it gives makes a row's outcome."""
        ...


class Dateline:
    """The product. `chat` gives the model, and is called when it is needed first."""

    name = "dateline"

    def __init__(
        self,
        embedder: MiniLM,
        chat: Callable[[], BaseChatModel],
        model: ModelName,
        context_tokens: int = 0,
    ) -> None:
        self._embedder, self._chat, self._model = embedder, chat, model
        self.version = " ".join(
            [model.sha256[:16], embedder.version, f"context/{context_tokens}", code_version()]
        )

    @contextmanager
    def opened(self, chosen: EvaluationSet) -> Iterator[Callable[[Row], Outcome]]:
        checker = Checker(self._embedder, self._chat(), self._model)
        if chosen.kind == "claims":
            fast = Checker(self._embedder, None, ModelName(name="none", sha256=""))
            yield lambda row: _check(checker, fast, row)
            return
        with (
            tempfile.TemporaryDirectory() as directory,
            closing(Index(Path(directory), self._embedder)) as index,
        ):
            for at in range(0, len(chosen.articles), ADDED):
                index.add_many(chosen.articles[at : at + ADDED])
            if chosen.kind == "briefings":
                briefer = Briefer(index, self._chat(), self._model)
                yield lambda row: _brief(briefer, index, chosen, row)
                return
            answerer = Answerer(index, self._chat(), self._model)
            yield lambda row: _ask(answerer, checker, index, row)


def code_version() -> str:
    """A digest of the prompts and of the modules that have a say in an answer."""
    files = [*Path(index_package.__file__).parent.iterdir(), *Path(__file__).parent.iterdir()]
    files += CALIBRATIONS.iterdir()
    files = [f for f in [*files, *PROMPTS.iterdir()] if f.is_file() and f.stem not in BESIDE]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.parent.name}/{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _ask(answerer: Answerer, checker: Checker, index: Index, row: Row) -> Outcome:
    request = AnswerRequest(question=row["question"], include_trace=True, max_seconds=PATIENCE)
    answer = answerer.answer(request, Budget(PATIENCE))
    trace = answer.trace or {}
    return {
        "answered": answer.answerable,
        "answer": answer.answer,
        "draft": trace.get("draft") or answer.answer,
        "confidence": answer.confidence,
        "reason": answer.refusal.reason if answer.refusal else None,
        "read": list(dict.fromkeys(hit["article_id"] for hit in trace.get("hits", []))),
        "citations": [
            {
                "text": c.text,
                "sources": [s.cited_text for s in c.sources],
                "support": c.support.score,
            }
            | _supported(checker, c, index)
            for c in answer.citations
        ],
        "exact": exact(answer, index),
        "uncited": uncited(answer),
        "dropped": [d.model_dump() for d in answer.dropped],
        "signals": trace.get("signals"),
        "claims": trace.get("claims"),
        "usage": answer.usage.model_dump(),
        "timings_ms": answer.timings_ms.model_dump(),
        "seconds": answer.timings_ms.total / 1000,
    }


def _brief(briefer: Briefer, index: Index, chosen: EvaluationSet, row: Row) -> Outcome:
    request = BriefingRequest(
        article_ids=[chosen.names[document["id"]] for document in row["documents"]],
        max_words=BRIEF,
        max_seconds=PATIENCE,
    )
    briefing = briefer.brief(request, Budget(PATIENCE))
    return {
        "briefing": briefing.briefing,
        "reason": briefing.refusal.reason if briefing.refusal else None,
        "citations": [
            {"text": c.text, "sources": [s.cited_text for s in c.sources]}
            for c in briefing.citations
        ],
        "exact": exact(briefing, index),
        "uncited": uncited(briefing),
        "dropped": [d.model_dump() for d in briefing.dropped],
        "usage": briefing.usage.model_dump(),
        "timings_ms": briefing.timings_ms.model_dump(),
        "seconds": briefing.timings_ms.total / 1000,
    }


def said_of(
    chosen: EvaluationSet, rows: Sequence[Row], outcomes: Mapping[str, Outcome]
) -> dict[str, Row]:
    """What a system's briefings say, as claims about the articles that they are of, by their
    rows' ids.
    """
    articles = {article.id: article for article in chosen.articles}
    claims = {}
    for row in rows:
        if text := outcomes.get(row["id"], {}).get("briefing"):
            article = articles[chosen.names[row["id"]]]
            claims[row["id"]] = {
                "id": f"{row['id']} {hashlib.sha256(text.encode()).hexdigest()[:16]}",
                "claim_or_summary": text,
                "source_text": article.text,
                "title": article.title,
                "published_at": article.published_at,
            }
    return claims


def exact(reply: Answer | Briefing, index: Index) -> bool:
    """The two slice equalities of the contract, held against the articles as they are kept."""
    text = _text(reply)
    for citation in reply.citations:
        if text[citation.start : citation.end] != citation.text:
            return False
        for source in [*citation.sources, *citation.also]:
            article = index.registry.get(source.article_id, source.revision)
            if isinstance(source, FieldLocation):
                found = getattr(article, source.field)
            else:
                found = article.text[source.start_char_index : source.end_char_index]
            if found != source.cited_text:
                return False
    return True


def uncited(reply: Answer | Briefing) -> int:
    """How many sentences of the reply hold a character that no citation covers."""
    text = _text(reply)
    covered = {i for c in reply.citations if c.sources for i in range(c.start, c.end)}
    return sum(
        any(i not in covered and not text[i].isspace() for i in range(s.start, s.end))
        for s in sentence_spans(text)
    )


def _text(reply: Answer | Briefing) -> str:
    return reply.answer if isinstance(reply, Answer) else reply.briefing


def _supported(checker: Checker, citation: Citation, index: Index) -> Outcome:
    """What the check says of a sentence and its sources: all of them, each alone, all but each."""

    def score(sources: Sequence[CharLocation | FieldLocation]) -> float:
        first = index.registry.get(sources[0].article_id, sources[0].revision)
        text = "\n\n".join(s.cited_text for s in sources)
        return least(checker.check(citation.text, text, published_at=first.published_at))

    sources = citation.sources
    if len(sources) == 1:
        return {"joint": score(sources), "alone": [], "without": []}
    return {
        "joint": score(sources),
        "alone": [score([s]) for s in sources],
        "without": [score([o for o in sources if o is not s]) for s in sources],
    }


def _check(checker: Checker, fast: Checker, row: Row) -> Outcome:
    """Both modes of the check, each timed alone; the cheap one comes first, with nothing warm."""
    claim, about = _claim(row["claim_or_summary"]), {k: row.get(k) for k in ABOUT}
    began = time.monotonic()
    checked_fast = fast.check(claim, row["source_text"], **about)
    between = time.monotonic()
    checked = checker.check(claim, row["source_text"], **about)
    ended = time.monotonic()
    return {
        "sentences": [
            {
                "text": c.text,
                "label": c.label,
                "score": c.score,
                "entailment": c.entailment,
                "coverage": c.coverage,
                "failed": c.failed,
                "rewording": c.checks.get("rewording"),
                "fast": f.score,
                "fast_label": f.label,
            }
            for c, f in zip(checked, checked_fast, strict=True)
        ],
        "score": least(checked),
        "fast": least(checked_fast),
        "seconds": round(ended - between, 3),
        "fast_seconds": round(between - began, 4),
    }


# Outcomes


class Outcomes:
    """Outcomes in a file, one a line, each written when it is made; `path` is made if need be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Outcome] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        body = path.read_bytes() if path.exists() else b""
        for line in body.splitlines():
            try:
                kept = json.loads(line)
                self._found[kept["key"]] = kept["outcome"]
            except (ValueError, KeyError, TypeError):
                continue  # cut short when the process was killed
        if body and not body.endswith(b"\n"):
            self._append("\n")

    def get(self, key: str) -> Outcome | None:
        return self._found.get(key)

    def put(self, key: str, outcome: Outcome) -> None:
        self._found[key] = outcome
        self._append(json.dumps({"key": key, "outcome": outcome}) + "\n")

    def _append(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


def run(
    system: System,
    chosen: EvaluationSet,
    rows: Sequence[Row],
    kept: Outcomes,
    *,
    resume: bool,
    until: float = inf,
    note: Callable[[], None] = lambda: None,
) -> dict[str, Outcome]:
    """The rows' outcomes by their ids: with `resume` the one kept, where there is one of the same
    version. Such a one is marked as `kept`, as its seconds are of an earlier run.

    From `until` on (time.monotonic()) nothing more is asked, and what is left has no outcome.
    `note` is called after each. A row that raises has an outcome that is an `error`, which is
    told and not kept.
    """
    made: dict[str, Outcome] = {}
    missing = []
    for row in rows:
        key = f"{system.name} {system.version} {chosen.digest[:16]} {row['id']}"
        outcome = kept.get(key) if resume else None
        if outcome is None:
            missing.append((key, row))
        else:
            made[row["id"]] = outcome | {"kept": True}
            note()
    if missing and time.monotonic() < until:
        with system.opened(chosen) as ask:
            for key, row in missing:
                if time.monotonic() >= until:
                    break
                try:
                    made[row["id"]] = outcome = ask(row)
                    kept.put(key, outcome)
                except DatelineError as error:
                    made[row["id"]] = {"error": error.message}
                note()
    return made
