"""The index: articles in, the passages that bear on a question out.

Puts the registry, the embedder and the vector index together. It knows nothing of HTTP, prompts
or language models.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from cachetools import LRUCache

from index.articles import Article, NewArticle
from index.duplicates import Wording
from index.embeddings import MiniLM, Vectors
from index.registry import Filters, Passage, Registry
from index.sentences import PassageSpan, passage_spans
from index.vectors import VectorIndex

Status = Literal["created", "updated", "unchanged"]

# The passages that each half gives.
DEPTH = 100
# A convex combination of both halves' scores: Bruch, Gai & Ingber 2023. This is the cosine's part.
DENSE = 0.7
# Characters of a title that are embedded with a passage: both fit into the embedder's 256 tokens.
LEAD = 300
RENEWED = 500  # passages embedded anew at a time
RECENT = 8192  # vectors of questions and sentences that stay in memory, 1.5 KB each
_WORD = re.compile(r"\w+")
# Words that say nothing of what a question is about.
STOP_WORDS = frozenset(
    "a an and any are as at be been being by can could did do does for from had has have he her "
    "his how i in is it its me of on or our she should so such than that the their them then "
    "there these they this those to us was we were what when where which who whom whose why will "
    "with would you your".split()
)


Prepared = tuple[list[PassageSpan], Vectors]


@dataclass(frozen=True)
class Added:
    """What became of an article that was sent. `duplicate_of` is the id of an earlier article
    that tells the same story, if there is one."""

    article: Article
    status: Status
    duplicate_of: str | None


@dataclass(frozen=True)
class Hit:
    """A passage found. `fused` only orders; `dense` is a cosine, `lexical` a BM25 score.

    `also` are passages of other articles that say nearly the same, best first.
    """

    passage: Passage
    fused: float
    dense: float | None
    lexical: float | None
    also: tuple[Passage, ...] = ()


class Index:
    """`directory` holds everything it writes. Safe for many threads of one process."""

    def __init__(self, directory: Path, embedder: MiniLM) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self.registry = Registry(directory / "registry.sqlite3")
        self.vectors = VectorIndex(directory / "chroma", embedder.version)
        self._writing = threading.RLock()
        self._recent: LRUCache[bytes, Vectors] = LRUCache(RECENT)  # by the text's sha256
        self._recalling = threading.Lock()
        self.registry.sign_all()
        self._renew_vectors()
        self._behind = True  # the vector index may lack what the registry has, or hold more
        self._catch_up()

    def close(self) -> None:
        self.vectors.close()
        self.registry.close()

    def add(self, new: NewArticle) -> Added:
        """Adds an article, or replaces it where its id is there already. Writes are idempotent.

        Raises StorageFull, having changed nothing.
        """
        article_id, status = self.add_many([new])[0]
        return Added(self.registry.get(article_id), status, self.registry.duplicate_of(article_id))

    def add_many(
        self, articles: Sequence[NewArticle], note: Callable[[], None] = lambda: None
    ) -> list[tuple[str, Status]]:
        """Adds all of them or, where it raises, none. Gives each one's id and what it now is.

        `note` is called in the same transaction: what it writes to the registry is there if and
        only if the articles are.
        """
        known = {a.identity(): self.registry.current_revision(a.identity()) for a in articles}
        # The long part: others may write meanwhile.
        prepared = self._prepared([a for a in articles if known[a.identity()] != a.revision()])
        with self._changing() as (added, removed):
            done: list[tuple[str, Status]] = []
            for new in articles:
                key = article_id, revision = _key(new)
                before = self.registry.current_revision(article_id)
                if before == revision:
                    done.append((article_id, "unchanged"))
                    continue
                if key not in prepared:  # another changed or deleted it meanwhile
                    prepared |= self._prepared([new])
                fresh, replaced = self.registry.put(new, *prepared[key])
                added |= {*fresh}
                removed |= {*replaced}
                done.append((article_id, "updated" if before else "created"))
            note()
        return done

    def delete(self, article_id: str) -> None:
        """Raises ArticleNotFound."""
        with self._changing() as (_, removed):
            removed |= {*self.registry.delete(article_id)}

    def cut_anew(self, new: NewArticle) -> None:
        """Makes the passages of an article that is there again."""
        with self._changing() as (added, removed):
            fresh, replaced = self.registry.put(new, *self._prepared([new])[_key(new)])
            added |= {*fresh}
            removed |= {*replaced}

    def writing(self) -> AbstractContextManager[object]:
        """While it lasts, other threads wait with their writes."""
        return self._writing

    def _prepared(self, articles: Sequence[NewArticle]) -> dict[tuple[str, str], Prepared]:
        """Each article's passages and their vectors, by its id and revision."""
        keyed = {_key(new): new for new in articles}
        spans = {
            key: passage_spans(new.text, self._embedder.count_tokens) for key, new in keyed.items()
        }
        vectors = self._embedder.encode(
            [
                embedded_text(new.title, passage.span.of(new.text))
                for key, new in keyed.items()
                for passage in spans[key]
            ]
        )
        ends = np.cumsum([len(passages) for passages in spans.values()])
        return {
            key: (passages, vectors[end - len(passages) : end])
            for (key, passages), end in zip(spans.items(), ends, strict=True)
        }

    @contextmanager
    def _changing(self) -> Iterator[tuple[set[int], set[int]]]:
        """A change of both stores. Takes the ids of the passages that were added and removed.

        The vector index comes before the registry commits: what it refuses is taken back there.
        """
        added: set[int] = set()
        removed: set[int] = set()
        with self._writing:
            self._catch_up()
            with self.registry.transaction():
                yield added, removed
                self._behind = bool(added or removed)
                self.vectors.add(sorted(added - removed), self.registry)
                self.vectors.remove(sorted(removed - added))
            self._behind = False

    def _renew_vectors(self) -> None:
        """Embeds all passages anew where their vectors are another embedder's."""
        version = self._embedder.version
        if self.registry.fact("embedder") not in (None, version):
            ids = sorted(self.registry.passage_ids())
            for at in range(0, len(ids), RENEWED):
                found = self.registry.passages(ids[at : at + RENEWED])
                texts = [embedded_text(p.title, p.text) for p in found.values()]
                vectors = self._embedder.encode(texts)
                self.registry.put_vectors(dict(zip(found, vectors, strict=True)))
        self.registry.put_fact("embedder", version)

    def _catch_up(self) -> None:
        """Brings the vector index to the registry's state where a write did not end well."""
        if self._behind:
            self.vectors.sync(self.registry)
            self._behind = False

    def search(self, query: str, filters: Filters, top_k: int, *, neighbours: int = 0) -> list[Hit]:
        """The `top_k` passages that bear most on `query`, best first.

        Nearest vectors and BM25, their scores added up. What several articles say nearly word for
        word is one hit. To each hit as many passages of its article as `neighbours` says are
        added before and after.
        """
        depth = max(DEPTH, top_k)
        # Chroma takes long to look for single articles, and the registry does not.
        vectors = self.registry if filters.article_ids else self.vectors
        dense = dict(vectors.nearest(self._recalled([query])[0], filters, depth))
        lexical = dict(self.registry.lexical(query_terms(query), filters, depth))
        # What the registry does not have, or filters out, is no hit.
        passages = self.registry.passages([*dense.keys() | lexical.keys()], filters)
        # A passage is no nearer than the last that was found, and as a rule about as near.
        farthest, best = min(dense.values(), default=0.0), max(lexical.values(), default=1.0)
        fused = {
            i: DENSE * dense.get(i, farthest) + (1 - DENSE) * lexical.get(i, 0.0) / best
            for i in passages
        }
        hits: list[Hit] = []
        wordings: list[Wording] = []
        for i in sorted(fused, key=lambda i: (-fused[i], i)):
            hit = Hit(passages[i], fused[i], dense.get(i), lexical.get(i))
            wording = Wording.of(hit.passage.article_id, hit.passage.text)
            said = (n for n, before in enumerate(wordings) if before.says(wording))
            less = (n for n, before in enumerate(wordings) if wording.says(before))
            if (n := next(said, None)) is not None:
                hits[n] = replace(hits[n], also=(*hits[n].also, hit.passage))
            elif (n := next(less, None)) is not None:
                # It says all that a better hit says, and more: it takes that one's place.
                hits[n] = replace(hit, fused=hits[n].fused, also=(hits[n].passage, *hits[n].also))
                wordings[n] = wording
            elif len(hits) < top_k:
                hits.append(hit)
                wordings.append(wording)
            else:
                break
        return [replace(h, passage=self.registry.widened(h.passage, neighbours)) for h in hits]

    def similarity(self, query: str, texts: Sequence[str]) -> Vectors:
        """The cosine of `query` and each of `texts`, shape [len(texts)]."""
        vectors = self._recalled([query, *texts])
        return np.asarray(vectors[1:] @ vectors[0])

    def _recalled(self, texts: Sequence[str]) -> Vectors:
        """As the embedder's `encode`, of questions and sentences, which come again."""
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        with self._recalling:
            found = {key: self._recent[key] for key in keys if key in self._recent}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if new:
            found |= zip(new, self._embedder.encode([*new.values()]), strict=True)
            with self._recalling:
                self._recent.update((key, found[key]) for key in new)
        return np.stack([found[key] for key in keys])


def _key(new: NewArticle) -> tuple[str, str]:
    return new.identity(), new.revision()


def embedded_text(title: str | None, text: str) -> str:
    """What a passage's vector is made of: the title says what one from the middle is about."""
    return f"{title[:LEAD]}. {text}" if title else text


def query_terms(query: str) -> list[str]:
    """The words of a query that can tell one passage from another, each once."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(query))
    return [word for word in words if word not in STOP_WORDS] or list(words)
