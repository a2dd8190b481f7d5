"""Compares the stores with one another, and mends what differs from the truth.

The truth is an article's text. What is made of it (passages, their vectors, the lexical index,
Chroma's copies, signatures) can be made again; a damaged text can only come from a backup.
"""

import json
import sqlite3
from typing import Literal

import numpy as np
from pydantic import BaseModel

from index.articles import Article, NewArticle
from index.embeddings import MiniLM
from index.index import Index

VECTOR_BYTES = 4 * MiniLM.dimensions
Store = Literal["registry", "passages", "lexicon", "vectors", "signatures"]


class Finding(BaseModel):
    """What is wrong in a store, in how many places, and whether it is well now."""

    store: Store
    problem: str
    count: int
    mended: bool


class Report(BaseModel):
    articles: int
    passages: int
    findings: list[Finding]

    @property
    def well(self) -> bool:
        """Nothing is wrong any more."""
        return all(finding.mended for finding in self.findings)


def examine(index: Index, *, mend: bool = True) -> Report:
    """Looks at every article; nobody writes meanwhile. Raises StorageFull."""
    findings: list[Finding] = []

    def tell(store: Store, problem: str, count: int, mended: bool) -> None:
        if count:
            findings.append(Finding(store=store, problem=problem, count=count, mended=mended))

    with index.writing():
        sound = _sound(index)
        tell(
            "registry",
            "damaged file: put a backup in its place (dateline restore FILE --replace)",
            int(not sound),
            False,
        )
        if sound:
            orphans = index.registry.orphans()
            if mend and orphans:
                index.registry.drop_orphans()
            tell("registry", "rows of no article", orphans, mend)
            textless = index.registry.rows(
                "SELECT id FROM articles WHERE id NOT IN (SELECT id FROM current)"
            )
            told = "articles without a text: add them again, or delete them"
            tell("registry", told, len(textless), False)
            changed, unfit = _articles(index)
            tell(
                "registry",
                "articles that are not what was sent: add them again",
                len(changed),
                False,
            )
            if mend:
                for article in unfit:
                    index.cut_anew(article)
            tell("passages", "articles whose passages do not fit their text", len(unfit), mend)
            unfound = index.registry.lexicon_differences()
            if mend and unfound:
                index.registry.write_lexicon()
            tell("lexicon", "passages that their words do not find", unfound, mend)
            unsigned = len(index.registry.unsigned())
            if mend:
                index.registry.sign_all()
            tell("signatures", "articles whose copies are not recognised", unsigned, mend)
            # Passages that do not fit have no vectors to compare with.
            different = 0 if unfit and not mend else index.vectors.differences(index.registry)
            if mend and different:
                index.vectors.rebuild(index.registry)
            tell("vectors", "vectors that are missing, surplus or different", different, mend)
        articles, passages = index.registry.count(), len(index.registry.passage_ids())
    return Report(articles=articles, passages=passages, findings=findings)


def _sound(index: Index) -> bool:
    try:
        return bool(index.registry.rows("PRAGMA quick_check(1)")[0][0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _articles(index: Index) -> tuple[list[str], list[NewArticle]]:
    """The ids of articles that changed by themselves, and articles whose passages do not fit."""
    changed, unfit = [], []
    for (article_id,) in index.registry.rows("SELECT id FROM current ORDER BY seq"):
        article = index.registry.get(article_id)
        fields = article.model_dump(include=set(NewArticle.model_fields))
        new = NewArticle.model_construct(**fields)  # it was valid, and shall stay as it is
        if new.revision() != article.revision:
            changed.append(article_id)
        elif not _fits(index, article):
            unfit.append(new)
    return changed, unfit


def _fits(index: Index, article: Article) -> bool:
    """Whether an article has passages, each of sentences in their order and with a vector."""
    rows = index.registry.rows(
        "SELECT sentences, vector FROM passages WHERE article_id = ?", (article.id,)
    )
    for sentences, vector in rows:
        edges = [0, *(edge for span in json.loads(sentences) for edge in span), len(article.text)]
        if len(edges) == 2 or edges != sorted(edges) or len(vector) != VECTOR_BYTES:
            return False
        if not 0.99 < np.linalg.norm(np.frombuffer(vector, np.float32)) < 1.01:
            return False
    return bool(rows)
