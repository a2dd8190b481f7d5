"""Retrieval against three anchors: `make bench-retrieval`, or `python -m bench.retrieval --help`.

Every set's documents are one index. Ours, its dense half alone, its lexical half alone, and what
LangChain gives out of the box (RecursiveCharacterTextSplitter(1000, 200) and langchain_chroma,
with the same embedder) rank the same documents for the same questions in the same run. A document
stands where the first of its passages does. Unanswerable questions have no gold document: they are
left out.

Measures: share of questions with a gold document among the first 1, 5 and 10 (hit@k), and nDCG@10
(Järvelin & Kekäläinen 2002; gains divided by log2(rank + 1)). Cranfield's grades 1 (best) to 4 are
gains 4 to 1; elsewhere a gold document's gain is 1. "over the best" is ours minus the best anchor
in that row, with the 95 % interval of a paired bootstrap over questions.
"""

import argparse
import hashlib
import json
import sqlite3
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter
from rich.console import Console
from rich.progress import track
from rich.table import Table

from index.articles import NewArticle
from index.embeddings import MiniLM, Vectors
from index.index import DEPTH, Index, query_terms
from index.registry import Filters
from service import catalogue
from service.settings import Settings

DATA = Path(__file__).resolve().parents[2] / "shared" / "eval"
EVERYTHING = Filters()
PASSAGES = 50  # asked of each system: enough for ten documents
CUTOFF = 10
RESAMPLES = 10_000

Ranker = Callable[[str], Iterable[str]]  # a question's article ids, best first, repeats allowed


@dataclass(frozen=True)
class Question:
    text: str
    gains: dict[str, int]  # by article id; what is not there has none


@dataclass(frozen=True)
class EvaluationSet:
    name: str
    articles: list[NewArticle]
    questions: list[Question]


class CachedMiniLM(MiniLM):
    """Keeps each text's vector in a file, so that a second run embeds only what is new."""

    def __init__(self, directory: Path, cache: Path) -> None:
        super().__init__(directory / "model.onnx", directory / "tokenizer.json")
        cache.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(cache / "vectors.sqlite3", isolation_level=None)
        self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")

    def encode(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(f"{self.version}\0{text}".encode()).digest() for text in texts]
        found = [
            self._db.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
            for key in keys
        ]
        missing = [i for i, row in enumerate(found) if row is None]
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for i, row in enumerate(found):
            if row:
                vectors[i] = np.frombuffer(row[0], np.float32)
        if missing:
            vectors[missing] = super().encode([texts[i] for i in missing])
            rows = [(keys[i], vectors[i].tobytes()) for i in missing]
            self._db.executemany("INSERT OR IGNORE INTO vectors VALUES (?,?)", rows)
        return vectors

    def close(self) -> None:
        self._db.close()


def embedder_directory() -> Path:
    settings = Settings()
    return catalogue.locate(catalogue.defaults(settings.model)[1], settings.models_dir)


# The sets


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def article(document: dict[str, Any]) -> NewArticle:
    return NewArticle(
        id="d" + hashlib.sha256(document["id"].encode()).hexdigest()[:20],
        text=document["text"].strip() or document["title"],
        title=document.get("title") or None,
        source=document.get("publisher"),
        url=document.get("url"),
        published_at=document.get("date") or None,
    )


def evaluation_sets(data: Path) -> Iterator[EvaluationSet]:
    cranfield = {row["id"]: row for row in rows(data / "corpus_cranfield.jsonl")}
    yield _set("cranfield", cranfield.values(), rows(data / "retrieval_cranfield.jsonl"))
    for path in sorted(data.glob("qa_*.jsonl")):
        asked = rows(path)
        documents = {d["id"]: d for row in asked for d in row["documents"]}
        yield _set(path.stem, documents.values(), [row for row in asked if row["answerable"]])


def _set(
    name: str, documents: Iterable[dict[str, Any]], asked: list[dict[str, Any]]
) -> EvaluationSet:
    """Documents of the same title and text are one."""
    articles: dict[tuple[str, str], NewArticle] = {}
    names: dict[str, str] = {}
    for document in documents:
        if document["text"].strip() or document.get("title"):
            key = (document.get("title") or "", document["text"])
            names[document["id"]] = str(articles.setdefault(key, article(document)).id)
    questions = []
    for row in asked:
        gains: dict[str, int] = {}
        for gold in row["gold_doc_ids"]:
            gain = 5 - row["grades"][gold] if "grades" in row else 1
            if gold in names:
                gains[names[gold]] = max(gain, gains.get(names[gold], 0))
        questions.append(Question(row["question"], gains))
    return EvaluationSet(name, list(articles.values()), questions)


# The systems


def systems(index: Index, embedder: MiniLM) -> dict[str, Ranker]:
    def articles_of(ids: Sequence[int]) -> list[str]:
        found = index.registry.passages(ids)
        return [found[i].article_id for i in ids]

    def ours(question: str) -> list[str]:
        hits = index.search(question, EVERYTHING, PASSAGES)
        return [p.article_id for hit in hits for p in (hit.passage, *hit.also)]

    def dense(question: str) -> list[str]:
        vector = embedder.encode([question])[0]
        return articles_of([i for i, _ in index.vectors.nearest(vector, EVERYTHING, PASSAGES)])

    def lexical(question: str) -> list[str]:
        terms = query_terms(question)
        return articles_of([i for i, _ in index.registry.lexical(terms, EVERYTHING, PASSAGES)])

    return {"ours": ours, "dense": dense, "lexical": lexical}


def fusions(index: Index, embedder: MiniLM) -> dict[str, Ranker]:
    """Other ways to make one order of both halves'."""

    def halves(question: str, depth: int) -> list[dict[int, float]]:
        vector, terms = embedder.encode([question])[0], query_terms(question)
        return [
            dict(index.vectors.nearest(vector, EVERYTHING, depth)),
            dict(index.registry.lexical(terms, EVERYTHING, depth)),
        ]

    def articles_of(scores: dict[int, float]) -> list[str]:
        found = index.registry.passages([*scores])
        return [found[i].article_id for i in sorted(scores, key=lambda i: (-scores[i], i))]

    def reciprocal(constant: int, depth: int) -> Ranker:
        """Cormack, Clarke & Büttcher 2009."""

        def rank(question: str) -> list[str]:
            scores: dict[int, float] = defaultdict(float)
            for half in halves(question, depth):
                for place, i in enumerate(half, 1):
                    scores[i] += 1 / (constant + place)
            return articles_of(scores)

        return rank

    def added(part: float) -> Ranker:
        def rank(question: str) -> list[str]:
            dense, lexical = halves(question, DEPTH)
            farthest = min(dense.values(), default=0.0)
            best = max(lexical.values(), default=1.0)
            return articles_of(
                {
                    i: part * dense.get(i, farthest) + (1 - part) * lexical.get(i, 0.0) / best
                    for i in dense.keys() | lexical.keys()
                }
            )

        return rank

    return {
        **{f"reciprocal {c}, {d} deep": reciprocal(c, d) for c in (10, 60) for d in (30, DEPTH)},
        **{f"added, cosine {part}": added(part) for part in (0.3, 0.5, 0.6, 0.7, 0.8)},
    }


def stock(articles: list[NewArticle], directory: Path, embedder: MiniLM) -> Ranker:
    """LangChain's usual splitter and vector store, on articles as files hold them: title first."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    documents = [
        Document(
            page_content=f"{a.title}\n\n{a.text}" if a.title else a.text, metadata={"id": a.id}
        )
        for a in articles
    ]
    chunks = splitter.split_documents(documents)
    store = Chroma("stock", embedder, str(directory), collection_metadata={"hnsw:space": "cosine"})
    for at in range(0, len(chunks), 5000):  # Chroma takes no more a call
        store.add_documents(chunks[at : at + 5000])
    return lambda question: [
        d.metadata["id"] for d in store.similarity_search(question, k=min(PASSAGES, len(chunks)))
    ]


# The measures


def measures(ranked: Iterable[str], gains: dict[str, int]) -> dict[str, float]:
    first = list(dict.fromkeys(ranked))[:CUTOFF]
    found = [rank for rank, article_id in enumerate(first, 1) if article_id in gains]
    discounts = 1 / np.log2(np.arange(2, CUTOFF + 2))
    gained = sum(gains.get(a, 0) * d for a, d in zip(first, discounts, strict=False))
    best = sum(g * d for g, d in zip(sorted(gains.values())[::-1], discounts, strict=False))
    hits = {f"hit@{k}": float(any(rank <= k for rank in found)) for k in (1, 5, 10)}
    return {**hits, "nDCG@10": float(gained / best) if best else 0.0}


def interval(differences: Vectors) -> tuple[float, float]:
    """The 95 % interval of the mean, by resampling questions."""
    generator = np.random.default_rng(0)
    means = [
        differences[generator.integers(0, len(differences), len(differences))].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def evaluate(
    chosen: EvaluationSet, directory: Path, embedder: MiniLM, *, others: bool = False
) -> Iterator[dict[str, Any]]:
    """One row a measure. `others`: of other fusions too."""
    with closing(Index(directory / "ours", embedder)) as index:
        for new in track(chosen.articles, f"{chosen.name}: adding", console=Console(stderr=True)):
            index.add(new)
        rankers = systems(index, embedder)
        rankers["stock"] = stock(chosen.articles, directory / "stock", embedder)
        scores = {
            name: [measures(rank(q.text), q.gains) for q in chosen.questions]
            for name, rank in rankers.items()
        }
        tried = {
            name: round(
                statistics.fmean(
                    measures(rank(q.text), q.gains)["nDCG@10"] for q in chosen.questions
                ),
                4,
            )
            for name, rank in (fusions(index, embedder) if others else {}).items()
        }
    for measure in ("nDCG@10",) if chosen.name == "cranfield" else scores["ours"][0]:
        values = {
            name: np.array([score[measure] for score in of], np.float32)
            for name, of in scores.items()
        }
        means = {name: round(float(of.mean()), 4) for name, of in values.items()}
        best = max((name for name in means if name != "ours"), key=lambda name: means[name])
        yield {
            "set": chosen.name,
            "documents": len(chosen.articles),
            "questions": len(chosen.questions),
            "measure": measure,
            **means,
            "best anchor": best,
            "over the best": round(means["ours"] - means[best], 4),
            "tried": tried if measure == "nDCG@10" else {},
            "interval": [round(v, 4) for v in interval(values["ours"] - values[best])],
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the evaluation sets")
    parser.add_argument("--sets", help="comma-separated; all without it")
    parser.add_argument("--cache", type=Path, help="keep vectors here from one run to the next")
    parser.add_argument("--json", type=Path, help="write the table to this file as JSON")
    parser.add_argument("--fusions", action="store_true", help="compare with other fusions too")
    arguments = parser.parse_args()
    if not (arguments.data / "corpus_cranfield.jsonl").is_file():
        sys.exit(f"The evaluation sets are not in {arguments.data}: give their place with --data.")
    found = []
    with tempfile.TemporaryDirectory() as directory:
        cache = arguments.cache or Path(directory)
        with closing(CachedMiniLM(embedder_directory(), cache)) as embedder:
            for chosen in evaluation_sets(arguments.data):
                if not arguments.sets or chosen.name in arguments.sets.split(","):
                    place = Path(directory, chosen.name)
                    found += evaluate(chosen, place, embedder, others=arguments.fusions)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))
    names = ["ours", "dense", "lexical", "stock"]
    table = Table("set", "documents", "questions", "measure", *names, "over the best", box=None)
    for row in found:
        low, high = row["interval"]
        table.add_row(
            *(str(row[key]) for key in ("set", "documents", "questions", "measure")),
            *(f"{row[name]:.3f}" for name in names),
            f"{row['over the best']:+.3f} [{low:+.3f}, {high:+.3f}] {row['best anchor']}",
        )
    Console(width=140).print(table)
    ranked = [row for row in found if row["tried"]]
    if ranked:
        table = Table("nDCG@10", *(row["set"] for row in ranked), "mean", box=None)
        for name in ranked[0]["tried"]:
            values = [row["tried"][name] for row in ranked]
            table.add_row(name, *(f"{v:.3f}" for v in [*values, statistics.fmean(values)]))
        Console(width=140).print(table)


if __name__ == "__main__":
    main()
