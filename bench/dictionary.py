"""What an index holds against a dictionary of articles: quick vectors, real stores."""

import hashlib
import json
import os
import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.articles import NewArticle
from index.embeddings import Vectors
from index.index import Index
from index.registry import Filters
from index.sentences import Span, passage_spans

Model = dict[str, NewArticle]


class Tiny:
    """An embedder whose vectors are drawn by the text's last words: quick, and checkable."""

    version = "tiny/1"
    dimensions = 32

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [10 * len(text.split()) for text in texts]

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in zip(found, texts, strict=True):
            # Not the first: an article's title may stand before them.
            seed = hashlib.blake2b(text[-20:].encode(), digest_size=8).digest()
            row[:] = np.random.default_rng(int.from_bytes(seed, "little")).normal(
                size=self.dimensions
            )
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def scratch_place() -> str | None:
    """Memory, where there is enough: a kill takes nothing from the kernel, whatever is on disk."""
    place = "/dev/shm"
    return place if os.path.isdir(place) and shutil.disk_usage(place).free > 1 << 28 else None


def opened(directory: Path, version: str = Tiny.version) -> Index:
    embedder: Any = Tiny()
    embedder.version = version
    return Index(directory, embedder)


WORDS = "harbour bridge minister storm vote bean tram river council market closed opened".split()


def article(random: random.Random, article_id: str) -> NewArticle:
    """With a word that no other has, in each of its sentences."""
    own = f"q{random.getrandbits(48):012x}"
    count = random.choice([1, 1, 2, 3, 3, 5, 8, 30])
    sentences = [
        " ".join([*random.choices(WORDS, k=random.randint(4, 9)), own, str(n)]).capitalize() + "."
        for n in range(count)
    ]
    return NewArticle(
        id=article_id,
        text=" ".join(sentences),
        title=random.choice([None, f"The {random.choice(WORDS)} of {own}"]),
        source=random.choice([None, "Gazette", "Wire"]),
        published_at=random.choice([None, f"2024-11-{random.randint(1, 30):02}"]),
    )


# What is there, against what shall be


def examine(index: Index, model: Model) -> tuple[list[str], list[str]]:
    """What is lost and which ghosts there are, in every store."""
    lost, ghosts = [], []
    registry, embedder = index.registry, index._embedder
    current = {row["id"]: row for row in registry.rows("SELECT id, revision FROM articles")}
    passages: dict[str, list[Any]] = defaultdict(list)
    for row in registry.rows("SELECT * FROM passages ORDER BY id"):
        passages[row["article_id"]].append(row)
    lexicon = {row["rowid"]: row for row in registry.rows("SELECT rowid, text FROM lexicon")}
    ids = {row["id"] for rows in passages.values() for row in rows}
    chroma = index.vectors._collection.get(include=["embeddings", "metadatas"])
    copies = {
        int(i): (vector, metadata)
        for i, vector, metadata in zip(
            chroma["ids"], chroma["embeddings"], chroma["metadatas"], strict=True
        )
    }

    ghosts += [f"article {i}" for i in current.keys() - model.keys()]
    ghosts += [f"passages of {i}" for i in passages.keys() - model.keys()]
    ghosts += [f"lexicon {i}" for i in lexicon.keys() - ids]
    ghosts += [f"vector {i}" for i in copies.keys() - ids]
    for what, column in (("revisions", "article_id"), ("receipt_articles", "article_id")):
        for (orphan,) in registry.rows(
            f"SELECT {column} FROM {what} WHERE {column} NOT IN (SELECT id FROM articles)"
        ):
            ghosts.append(f"{what} of {orphan}")
    signed = {row[0] for row in registry.rows("SELECT seq FROM signatures")}
    there = {row[0] for row in registry.rows("SELECT seq FROM articles")}
    ghosts += [f"signature {seq}" for seq in signed - there]
    lost += [f"signature {seq}" for seq in there - signed]
    for article_id, new in model.items():
        if article_id not in current or current[article_id]["revision"] != new.revision():
            lost.append(f"article {article_id}")
            continue
        if registry.get(article_id).text != new.text:
            lost.append(f"text of {article_id}")
        texts = [p.span.of(new.text) for p in passage_spans(new.text, embedder.count_tokens)]
        rows = passages[article_id]
        spans = [[Span(*pair) for pair in json.loads(row["sentences"])] for row in rows]
        if [new.text[s[0].start : s[-1].end] for s in spans] != texts:
            lost.append(f"passages of {article_id}")
            continue
        for row, text, vector in zip(rows, texts, embedder.encode(texts), strict=True):
            if row["id"] not in lexicon or lexicon[row["id"]]["text"] != text:
                lost.append(f"words of {article_id}")
            if not np.array_equal(np.frombuffer(row["vector"], np.float32), vector):
                lost.append(f"vector of {article_id}")
            if row["id"] not in copies:
                lost.append(f"Chroma's vector of {article_id}")
                continue
            copy, metadata = copies[row["id"]]
            if not np.allclose(copy, vector, atol=1e-5) or metadata["article_id"] != article_id:
                lost.append(f"Chroma's record of {article_id}")
    lost += ["words"] * registry.lexicon_differences()
    if registry.rows("PRAGMA quick_check")[0][0] != "ok":
        lost.append("registry.sqlite3")
    return lost, ghosts


def searched(
    index: Index, model: Model, random: random.Random, times: int = 3, *, by_vectors: bool = True
) -> list[str]:
    """What a search does not find, by words and by vectors."""
    lost, registry = [], index.registry
    for article_id in random.sample(sorted(model), min(times, len(model))):
        text = model[article_id].text
        span = passage_spans(text, index._embedder.count_tokens)[0].span
        word = text.split()[-2]
        found = registry.passages([i for i, _ in registry.lexical([word], Filters(), 50)])
        if {passage.article_id for passage in found.values()} != {article_id}:
            lost.append(f"{article_id} by {word!r}")
        ranked = [h.passage.article_id for h in index.search(span.of(text), Filters(), 5)]
        # Words alone may rank another before it, of the few words that articles are made of here.
        if article_id not in (ranked[:1] if by_vectors else ranked):
            lost.append(f"{article_id} by its text")
        if not by_vectors:
            continue
        (best, cosine), *_ = index.vectors.nearest(
            index._embedder.encode([span.of(text)])[0], Filters(article_ids=[article_id]), 1
        )
        if cosine < 0.999 or registry.passages([best])[best].article_id != article_id:
            lost.append(f"{article_id} by its vector")
    return lost
