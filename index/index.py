"""The index: articles in, the passages that bear on a question out.

Puts the registry, the embedder and the vector index together. It knows nothing of HTTP, prompts
or language models.
"""

import re
import threading
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index.articles import Article, NewArticle
from index.embeddings import MiniLM
from index.registry import Filters, Passage, Registry
from index.sentences import passage_spans
from index.vectors import VectorIndex

Status = Literal["created", "updated", "unchanged"]

# The passages that each half gives.
DEPTH = 100
# A convex combination of both halves' scores: Bruch, Gai & Ingber 2023. This is the cosine's part.
DENSE = 0.7
# A passage of whose runs of three words another holds this share adds nothing to it.
SAME = 0.7
# Besides names and figures, what changes a statement.
FACT_WORDS = frozenset(
    "no not never none nor one two three four five six seven eight nine ten eleven twelve dozen "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion".split()
)
# Characters of a title that are embedded with a passage: both fit into the embedder's 256 tokens.
LEAD = 300
_WORD = re.compile(r"\w+")
# Words that say nothing of what a question is about.
STOP_WORDS = frozenset(
    "a an and any are as at be been being by can could did do does for from had has have he her "
    "his how i in is it its me of on or our she should so such than that the their them then "
    "there these they this those to us was we were what when where which who whom whose why will "
    "with would you your".split()
)


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
        self._writing = threading.Lock()
        self._behind = True  # the vector index may lack what the registry has, or hold more
        self._catch_up()

    def close(self) -> None:
        self.vectors.close()
        self.registry.close()

    def add(self, new: NewArticle) -> tuple[Article, Status]:
        """Adds an article, or replaces it where its id is there already. Writes are idempotent.

        Raises StorageFull, having changed nothing.
        """
        with self._writing:
            self._catch_up()
            article_id = new.identity()
            before = self.registry.current_revision(article_id)
            if before == new.revision():
                return self.registry.get(article_id), "unchanged"
            spans = passage_spans(new.text, self._embedder.count_tokens)
            # The title says what a passage from the middle of an article is about.
            lead = f"{new.title[:LEAD]}. " if new.title else ""
            vectors = self._embedder.encode([lead + p.span.of(new.text) for p in spans])
            with self.registry.put(new, spans, vectors) as (added, replaced):
                self._copy(added, replaced)
            self._behind = False
            return self.registry.get(article_id), "updated" if before else "created"

    def delete(self, article_id: str) -> None:
        """Raises ArticleNotFound."""
        with self._writing:
            self._catch_up()
            with self.registry.delete(article_id) as dropped:
                self._copy([], dropped)
            self._behind = False

    def _copy(self, added: list[int], removed: list[int]) -> None:
        """Before the registry commits: what the vector index refuses is taken back there too."""
        self._behind = True
        self.vectors.add(added, self.registry)
        self.vectors.remove(removed)

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
        dense = dict(vectors.nearest(self._embedder.encode([query])[0], filters, depth))
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
        wordings: list[_Wording] = []
        for i in sorted(fused, key=lambda i: (-fused[i], i)):
            hit = Hit(passages[i], fused[i], dense.get(i), lexical.get(i))
            wording = _Wording.of(hit.passage)
            said = (n for n, before in enumerate(wordings) if before.says(wording))
            if (n := next(said, None)) is not None:
                hits[n] = replace(hits[n], also=(*hits[n].also, hit.passage))
            elif len(hits) < top_k:
                hits.append(hit)
                wordings.append(wording)
            else:
                break
        return [replace(h, passage=self.registry.widened(h.passage, neighbours)) for h in hits]


@dataclass(frozen=True)
class _Wording:
    """A passage's words, to tell a copy: a wire story that outlets carry with light edits.

    Cosines don't tell: the results of two companies are as near as a copy.
    """

    article_id: str
    runs: set[tuple[str, str, str]]
    words: Counter[str]
    facts: Counter[str]

    @classmethod
    def of(cls, passage: Passage) -> "_Wording":
        written = _WORD.findall(passage.text)
        words = [word.lower() for word in written]
        runs = set(zip(words, words[1:], words[2:], strict=False))
        facts = Counter(
            low
            for low, word in zip(words, written, strict=True)
            if word[0].isupper() or word[0].isdigit() or low in FACT_WORDS
        )
        return cls(passage.article_id, runs, Counter(words), facts)

    def says(self, other: "_Wording") -> bool:
        """Whether it says nearly all of another article's passage, and every fact of it.

        A name or number that was changed is something said anew.
        """
        return (
            self.article_id != other.article_id
            and len(self.runs & other.runs) >= SAME * len(other.runs) > 0
            and other.facts <= self.words
        )


def query_terms(query: str) -> list[str]:
    """The words of a query that can tell one passage from another, each once."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(query))
    return [word for word in words if word not in STOP_WORDS] or list(words)
