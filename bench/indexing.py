"""What an index costs as it grows: `make bench-index`, or `python -m bench.indexing --help`.

Adding: articles per second through `Index.add`, against the same passages as Chroma's default
route has them (embedded with every text padded to 256 tokens, then added), same model, same run,
in turns.

Scale: an index is filled to each size and opened in a process of its own, which times start-up,
queries (beyond embedding the question), and deletes, and reads its resident memory. Articles are
the evaluation corpora's; beyond those they are made: a made passage is a real one whose last
sentence comes from another article, with that article's title, and its vector is the two
articles' vectors mixed by their share of the text, and moved a little by noise. So filling takes
minutes instead of the half-hour that embedding would.

Neighbours: recall@30 of the vector index against exact search, for settings of HNSW.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.retrieval import DATA, CachedMiniLM, article, embedder_directory, rows
from index.articles import NewArticle
from index.embeddings import MOST_TOKENS, MiniLM, Vectors
from index.index import LEAD, Index, query_terms
from index.jobs import BATCH as IMPORTED
from index.registry import Filters
from index.sentences import PassageSpan, Span, passage_spans

EVERYTHING = Filters()
ONE_SOURCE = Filters(sources=["Source 7"])
SOURCES = 20
TOP_K = 6
NEAREST = 30
NOISE = 0.3  # length of the noise added to a made passage's unit vector
QUESTIONS = 400
DELETES = 50
ADDED = 256  # articles, in turns of
TURN = 64
CHROMA_BATCH = 5000  # more than Chroma takes a call fails
# What Chroma has by itself, then one change after the other.
HNSW = [
    {"max_neighbors": 16, "ef_construction": 100},
    {"max_neighbors": 16, "ef_construction": 200},
    {"max_neighbors": 32, "ef_construction": 200},
]
EF_SEARCH = [100, 200, 400]


@dataclass(frozen=True)
class Cut:
    """An article with its passages and their vectors."""

    article: NewArticle
    passages: list[PassageSpan]
    vectors: Vectors


# Articles


def real_articles(data: Path) -> list[NewArticle]:
    """Every corpus, in an order that mixes them; sources are dealt out anew."""
    documents = [row for path in sorted(data.glob("corpus_*.jsonl")) for row in rows(path)]
    random.Random(0).shuffle(documents)
    articles = [article(row) for row in documents if row["text"].strip()]
    return [
        a.model_copy(update={"source": f"Source {n % SOURCES}"}) for n, a in enumerate(articles)
    ]


def questions(data: Path) -> list[str]:
    asked = [row["question"] for path in sorted(data.glob("qa_*.jsonl")) for row in rows(path)]
    asked += [row["question"] for row in rows(data / "retrieval_cranfield.jsonl")]
    asked = sorted(set(asked))
    return random.Random(0).sample(asked, min(QUESTIONS, len(asked)))


def texts_of(new: NewArticle, spans: Sequence[PassageSpan]) -> list[str]:
    """What is embedded, as `Index.add` does it."""
    lead = f"{new.title[:LEAD]}. " if new.title else ""
    return [lead + passage.span.of(new.text) for passage in spans]


def cut(articles: Iterable[NewArticle], embedder: MiniLM, most: int) -> list[Cut]:
    """As many of them as have `most` passages, or all."""
    found, passages = [], 0
    for new in track(articles, "Embedding real articles", console=Console(stderr=True)):
        spans = passage_spans(new.text, embedder.count_tokens)
        found.append(Cut(new, spans, embedder.encode(texts_of(new, spans))))
        passages += len(spans)
        if passages >= most:
            break
    return found


def made(real: Sequence[Cut]) -> Iterator[Cut]:
    """Articles without end, each from two real ones."""
    chance, noise = random.Random(1), np.random.default_rng(1)
    number = 0
    while True:
        base, other = chance.choice(real), chance.choice(real)
        number += 1
        text, spans, vectors = "", [], []
        for passage, vector in zip(base.passages, base.vectors, strict=True):
            at = chance.randrange(len(other.passages))
            taken = chance.choice(other.passages[at].sentences).of(other.article.text)
            kept = [s.of(base.article.text) for s in passage.sentences[:-1]]
            sentences = []
            for sentence in [*kept, taken]:
                sentences.append(Span(len(text), len(text) + len(sentence)))
                text += sentence + " "
            spans.append(PassageSpan(Span(sentences[0].start, sentences[-1].end), tuple(sentences)))
            share = len(taken) / sum(s.end - s.start for s in sentences)
            moved = noise.standard_normal(vector.shape) * NOISE / vector.size**0.5
            mixed = (1 - share) * vector + share * other.vectors[at] + moved
            vectors.append(mixed / np.linalg.norm(mixed))
        new = base.article.model_copy(
            update={"id": f"made-{number}", "text": text, "title": other.article.title}
        )
        yield Cut(new, spans, np.array(vectors, np.float32))


def fill(index: Index, supply: Iterator[Cut], size: int) -> float:
    """Up to `size` passages, without waiting for the disk at each article. Gives the seconds."""
    start = time.perf_counter()
    index.registry._db.execute("PRAGMA synchronous = OFF")
    added: list[int] = []
    there = index.vectors.count()
    while there + len(added) < size:
        item = next(supply)
        added += index.registry.put(item.article, item.passages, item.vectors)[0]
    index.vectors.add(added, index.registry)
    return time.perf_counter() - start


def first_vectors(supply: Iterator[Cut], size: int) -> Vectors:
    taken: list[Vectors] = []
    while sum(map(len, taken)) < size:
        taken.append(next(supply).vectors)
    return np.concatenate(taken)[:size]


# Adding


def plain(models: Path) -> MiniLM:
    return MiniLM(models / "model.onnx", models / "tokenizer.json")


class PaddedMiniLM(MiniLM):
    """As Chroma's default embedding function has it: every text is padded to 256 tokens."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "model.onnx", directory / "tokenizer.json")
        self._tokenizer.enable_padding(length=MOST_TOKENS)


def adding(articles: Sequence[NewArticle], models: Path, directory: Path) -> dict[str, float]:
    embedder = plain(models)
    padded = PaddedMiniLM(models)
    seconds: dict[str, float] = defaultdict(float)
    passages = 0
    with (
        closing(Index(directory / "ours", embedder)) as index,
        closing(Index(directory / "imported", embedder)) as imported,
        _collection(directory / "padded") as collection,
    ):
        for at in range(0, len(articles), TURN):
            turn = articles[at : at + TURN]
            start = time.perf_counter()
            for new in turn:
                index.add(new)
            seconds["ours"] += time.perf_counter() - start
            start = time.perf_counter()
            for first in range(0, len(turn), IMPORTED):
                imported.add_many(turn[first : first + IMPORTED])
            seconds["imported"] += time.perf_counter() - start
            texts = [
                text
                for new in turn
                for text in texts_of(new, passage_spans(new.text, embedder.count_tokens))
            ]
            start = time.perf_counter()
            vectors = padded.encode(texts)
            seconds["padded embedding"] += time.perf_counter() - start
            collection.add(
                ids=[str(passages + n) for n in range(len(texts))],
                embeddings=vectors,
                documents=texts,
            )
            seconds["padded"] += time.perf_counter() - start
            start = time.perf_counter()
            embedder.encode(texts)
            seconds["embedding"] += time.perf_counter() - start
            passages += len(texts)
    return {
        "articles": len(articles),
        "passages": passages,
        "imported, articles/s": len(articles) / seconds["imported"],
        "imported, passages/s": passages / seconds["imported"],
        "one by one, passages/s": passages / seconds["ours"],
        "padded, passages/s": passages / seconds["padded"],
        "imported, times as many": seconds["padded"] / seconds["imported"],
        "one by one, times as many": seconds["padded"] / seconds["ours"],
        "embedding alone, times as many": seconds["padded embedding"] / seconds["embedding"],
    }


# Scale


def opened(directory: Path, models: Path, cache: Path, asked: list[str]) -> dict[str, Any]:
    """What a process of its own finds."""
    with closing(CachedMiniLM(models, cache)) as embedder:
        embedder.encode(["warm"])
        before = memory()
        start = time.perf_counter()
        index = Index(directory, embedder)
        figures: dict[str, Any] = {"start-up, s": time.perf_counter() - start}
        figures["articles"] = index.registry.count()
        figures["passages"] = index.vectors.count()
        vectors = dict(zip(asked, embedder.encode(asked), strict=True))
        headers, _ = index.registry.page(EVERYTHING, limit=DELETES)
        three = Filters(article_ids=[h.id for h in headers[:3]])
        timed: dict[str, Callable[[str], object]] = {
            "query": lambda q: index.search(q, EVERYTHING, TOP_K),
            "its dense half": lambda q: index.vectors.nearest(vectors[q], EVERYTHING, NEAREST),
            "its lexical half": lambda q: index.registry.lexical(
                query_terms(q), EVERYTHING, NEAREST
            ),
            "query of one source": lambda q: index.search(q, ONE_SOURCE, TOP_K),
            "query of three articles": lambda q: index.search(q, three, TOP_K),
        }
        for name, run in timed.items():
            figures |= percentiles(name, run, asked)
        figures["memory, MB"] = memory()
        figures["memory without the index, MB"] = before
        figures |= percentiles("delete", index.delete, [h.id for h in headers])
        index.close()
    return figures


def percentiles(name: str, run: Callable[[str], object], items: Sequence[str]) -> dict[str, float]:
    times = []
    for item in items:
        start = time.perf_counter()
        run(item)
        times.append((time.perf_counter() - start) * 1000)
    middle, high = np.percentile(times, [50, 99])
    return {f"{name}, ms p50": float(middle), f"{name}, ms p99": float(high)}


def memory() -> float:
    """Resident megabytes of this process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


# Neighbours


def neighbours(vectors: Vectors, asked: Vectors, directory: Path) -> Iterator[dict[str, float]]:
    exact = [set(np.argpartition(-row, NEAREST)[:NEAREST].tolist()) for row in asked @ vectors.T]
    for number, chosen in enumerate(HNSW):
        path = directory / str(number)
        with _collection(path, {"space": "cosine", **chosen}) as collection:
            start = time.perf_counter()
            for at in range(0, len(vectors), CHROMA_BATCH):
                batch = vectors[at : at + CHROMA_BATCH]
                collection.add(ids=[str(at + n) for n in range(len(batch))], embeddings=batch)
            building = time.perf_counter() - start
        for ef_search in EF_SEARCH:
            with _collection(path) as collection:
                collection.modify(configuration={"hnsw": {"ef_search": ef_search}})
            times, found = [], 0
            with _collection(path) as collection:  # it holds from the next opening on
                for vector, wanted in zip(asked, exact, strict=True):
                    start = time.perf_counter()
                    got = collection.query(vector[None], n_results=NEAREST, include=[])["ids"][0]
                    times.append((time.perf_counter() - start) * 1000)
                    found += len(wanted & {int(i) for i in got})
            yield {
                "passages": len(vectors),
                **chosen,
                "ef_search": ef_search,
                "recall@30": found / len(exact) / NEAREST,
                "ms p50": float(np.percentile(times, 50)),
                "ms p99": float(np.percentile(times, 99)),
                "building, s": building,
            }


@contextmanager
def _collection(path: Path, hnsw: dict[str, Any] | None = None) -> Iterator[Any]:
    settings = ChromaSettings(anonymized_telemetry=False)
    client: Any = chromadb.PersistentClient(str(path), settings)
    configuration = {"hnsw": hnsw} if hnsw else None
    yield client.get_or_create_collection(
        "passages", embedding_function=None, configuration=configuration
    )
    client.close()


def show(title: str, found: Sequence[dict[str, Any]]) -> None:
    """A line for each figure, a column for each of `found`; many of them the other way round."""
    lines = [(name, *(f"{row[name]:.4g}" for row in found)) for name in found[0]]
    head, *body = (
        zip(*lines, strict=True)
        if len(found) > len(lines)
        else [(title, *[""] * len(found)), *lines]
    )
    table = Table(*head, box=None)
    for line in body:
        table.add_row(*line)
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the evaluation sets")
    parser.add_argument("--sizes", default="1000,10000,100000", help="passages, comma-separated")
    parser.add_argument("--real", type=int, default=5000, help="real passages at most")
    parser.add_argument("--skip", default="", help="comma-separated: adding, scale, neighbours")
    parser.add_argument("--cache", type=Path, help="keep vectors here from one run to the next")
    parser.add_argument("--json", type=Path, help="write the tables to this file as JSON")
    arguments = parser.parse_args()
    if not (arguments.data / "corpus_cranfield.jsonl").is_file():
        sys.exit(f"The evaluation sets are not in {arguments.data}: give their place with --data.")
    sizes = sorted(int(size) for size in arguments.sizes.split(","))
    skipped = set(arguments.skip.split(","))
    told: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        directory, models = Path(name), embedder_directory()
        cache = arguments.cache or directory / "cache"
        articles, asked = real_articles(arguments.data), questions(arguments.data)
        if "adding" not in skipped:
            told["adding"] = [adding(articles[-ADDED:], models, directory / "adding")]
            show("adding", told["adding"])
        if not skipped >= {"scale", "neighbours"}:
            with closing(CachedMiniLM(models, cache)) as embedder:
                real = cut(articles, embedder, min(arguments.real, sizes[-1]))
                vectors = embedder.encode(asked)
        if "scale" not in skipped:
            supply = chain(real, made(real))
            for size in sizes:
                with closing(Index(directory / "scale", plain(models))) as index:
                    seconds = fill(index, supply, size)
                with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                    run = pool.submit(opened, directory / "scale", models, cache, asked)
                    told.setdefault("scale", []).append(run.result() | {"filling, s": seconds})
            show("scale", told["scale"])
        if "neighbours" not in skipped:
            for size in sizes:
                taken = first_vectors(chain(real, made(real)), size)
                told.setdefault("neighbours", []).extend(
                    neighbours(taken, vectors, directory / f"hnsw{size}")
                )
            show("neighbours", told["neighbours"])
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
