"""The truth: articles, their revisions, passages and vectors in one SQLite file.

Chroma holds copies of the vectors and is made anew from here; the lexical index is a table here.
A write is one transaction: it is whole or it is not there, also after the process is killed.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from index.articles import Article, ArticleHeader, IsoDate, NewArticle
from index.embeddings import Vectors
from index.errors import DISK_FULL, ArticleNotFound, DatelineError, InvalidRequest, StorageFull
from index.sentences import PassageSpan, Span

# Numbered, never edited: a change of the schema is a new entry.
MIGRATIONS = [
    """
    CREATE TABLE articles (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        revision TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE revisions (
        article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        revision TEXT NOT NULL,
        title TEXT, source TEXT, author TEXT, url TEXT, published_at TEXT, language TEXT,
        media_type TEXT NOT NULL,
        created_at TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (article_id, revision)
    ) STRICT;  -- not WITHOUT ROWID: finding a row there would read the whole of its text
    CREATE VIEW current AS
        SELECT r.*, a.seq, a.id, a.updated_at
        FROM articles a JOIN revisions r ON r.article_id = a.id AND r.revision = a.revision;
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        sentences TEXT NOT NULL,
        vector BLOB NOT NULL
    ) STRICT;
    CREATE INDEX passages_of_article ON passages(article_id);
    CREATE VIRTUAL TABLE lexicon USING fts5(
        title, text, tokenize = "porter unicode61 remove_diacritics 2"
    );
    CREATE TABLE receipts (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, body TEXT NOT NULL)
        STRICT, WITHOUT ROWID;
    """,
]

DAY = len("2024-11-26")
# FTS5 scores every passage that has one of the words looked for: so many it does in some 5 ms.
POSTINGS = 10_000
_HEADER = """
    a.id, r.title, r.source, r.author, r.url, r.published_at, r.language, r.media_type, r.revision,
    (SELECT count(*) FROM passages p WHERE p.article_id = a.id) AS passages,
    a.created_at, a.updated_at"""
_REVISIONS = "articles a JOIN revisions r ON r.article_id = a.id"


class Filters(BaseModel):
    """Which articles may answer. Dates are compared as far as given: a day is the whole day, as
    the article writes it. Two times are compared as instants; one without an offset is in UTC.
    """

    model_config = ConfigDict(extra="forbid")

    article_ids: list[str] = Field(default_factory=list, max_length=1000)
    sources: list[str] = Field(default_factory=list, max_length=1000)
    published_from: IsoDate | None = None
    published_to: IsoDate | None = None

    def sql(self) -> tuple[str, list[str]]:
        """A condition on `r`, an article's row in `current`, and its parameters."""
        terms, values = ["1"], []
        for column, chosen in (("r.article_id", self.article_ids), ("r.source", self.sources)):
            if chosen:
                terms.append(f"{column} IN ({','.join('?' * len(chosen))})")
                values += chosen
        for bound, order in ((self.published_from, ">="), (self.published_to, "<=")):
            if bound and len(bound) == DAY:
                terms.append(f"substr(r.published_at, 1, {DAY}) {order} ?")
                values.append(bound)
            elif bound:
                terms.append(
                    f"CASE length(r.published_at) WHEN {DAY} THEN r.published_at {order} ? "
                    f"ELSE julianday(r.published_at) {order} julianday(?) END"
                )
                values += [bound[:DAY], bound]
        return " AND ".join(terms), values


@dataclass(frozen=True)
class Passage:
    """A passage of an article's current revision."""

    id: int
    article_id: str
    revision: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    sentences: tuple[Span, ...]
    text: str

    @property
    def span(self) -> Span:
        return Span(self.sentences[0].start, self.sentences[-1].end)


class Registry:
    """`path` is the SQLite file. Safe for many threads of one process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            with _told_plainly():
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                    self._db.execute(f"PRAGMA {pragma}")
                self._migrate()
        except BaseException:
            self._db.close()
            raise

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DatelineError(
                f"This data directory was written by a newer Dateline (schema {version}). "
                "Upgrade, or use another DATELINE_DATA_DIR."
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _told_plainly():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    # Articles

    @contextmanager
    def put(
        self, new: NewArticle, spans: Sequence[PassageSpan], vectors: Vectors
    ) -> Iterator[tuple[list[int], list[int]]]:
        """Writes an article's new current revision. Gives its passages' ids and those replaced.

        It is committed when the context ends, and taken back when that raises.
        """
        article_id, revision, now = new.identity(), new.revision(), _now()
        with self._write() as db:
            db.execute(
                "INSERT INTO articles(id, revision, created_at, updated_at) VALUES (?,?,?,?) "
                "ON CONFLICT(id) DO UPDATE SET revision = excluded.revision, "
                "updated_at = excluded.updated_at",
                (article_id, revision, now, now),
            )
            fields = (new.text, new.title, new.source, new.author, new.url, new.published_at)
            db.execute(
                "INSERT INTO revisions(article_id, revision, text, title, source, author, url, "
                "published_at, media_type, created_at) VALUES (?,?,?,?,?,?,?,?,?,?) "
                "ON CONFLICT(article_id, revision) DO UPDATE SET media_type = excluded.media_type",
                (article_id, revision, *fields, new.media_type, now),
            )
            replaced = self._drop_passages(db, article_id)
            added = []
            for passage, vector in zip(spans, vectors, strict=True):
                row = db.execute(
                    "INSERT INTO passages(article_id, sentences, vector) VALUES (?,?,?)",
                    (
                        article_id,
                        json.dumps([[s.start, s.end] for s in passage.sentences]),
                        vector.astype(np.float32).tobytes(),
                    ),
                ).lastrowid
                assert row is not None
                db.execute(
                    "INSERT INTO lexicon(rowid, title, text) VALUES (?,?,?)",
                    (row, lexical_title(new), passage.span.of(new.text)),
                )
                added.append(row)
            yield added, replaced

    @contextmanager
    def delete(self, article_id: str) -> Iterator[list[int]]:
        """Removes an article with all its revisions. Gives the ids its passages had.

        It is committed when the context ends, and taken back when that raises.
        """
        with self._write() as db:
            dropped = self._drop_passages(db, article_id)
            if not db.execute("DELETE FROM articles WHERE id = ?", (article_id,)).rowcount:
                raise _unknown(article_id)
            yield dropped

    def _drop_passages(self, db: sqlite3.Connection, article_id: str) -> list[int]:
        rows = db.execute(
            "DELETE FROM passages WHERE article_id = ? RETURNING id", (article_id,)
        ).fetchall()
        ids = [row[0] for row in rows]
        db.executemany("DELETE FROM lexicon WHERE rowid = ?", [(i,) for i in ids])
        return ids

    def current_revision(self, article_id: str) -> str | None:
        rows = self._rows("SELECT revision FROM articles WHERE id = ?", (article_id,))
        return rows[0][0] if rows else None

    def get(self, article_id: str, revision: str | None = None) -> Article:
        """Raises ArticleNotFound."""
        rows = self._rows(
            f"SELECT {_HEADER}, r.text FROM {_REVISIONS} "
            "WHERE a.id = ? AND r.revision = coalesce(?, a.revision)",
            (article_id, revision),
        )
        if not rows:
            raise _unknown(article_id)
        return Article.model_validate(dict(rows[0]))

    def revisions(self, article_id: str) -> list[dict[str, str]]:
        """`{revision, created_at}`, the current one first. Raises ArticleNotFound."""
        rows = self._rows(
            f"SELECT r.revision, r.created_at FROM {_REVISIONS} WHERE a.id = ? "
            "ORDER BY r.revision = a.revision DESC, r.created_at DESC",
            (article_id,),
        )
        if not rows:
            raise _unknown(article_id)
        return [dict(row) for row in rows]

    def page(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> tuple[list[ArticleHeader], str | None]:
        """Headers, the last added first, and the cursor of the next page, if there is one."""
        condition, values = filters.sql()
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdecimal()):
                raise InvalidRequest("cursor: send the `next_cursor` of an earlier page.")
            condition += " AND a.seq < CAST(? AS INTEGER)"
            values.append(cursor)
        rows = self._rows(
            f"SELECT {_HEADER}, a.seq FROM {_REVISIONS} "
            f"WHERE r.revision = a.revision AND {condition} "
            "ORDER BY a.seq DESC LIMIT ?",
            (*values, limit + 1),
        )
        more = str(rows[limit - 1]["seq"]) if len(rows) > limit else None
        return [ArticleHeader.model_validate(dict(row)) for row in rows[:limit]], more

    def count(self, filters: Filters | None = None) -> int:
        """How many articles pass the filters."""
        condition, values = (filters or Filters()).sql()
        return int(self._rows(f"SELECT count(*) FROM current r WHERE {condition}", values)[0][0])

    # Passages

    def passages(self, ids: Sequence[int], filters: Filters | None = None) -> dict[int, Passage]:
        """Those of `ids` that are there and pass the filters."""
        condition, values = (filters or Filters()).sql()
        # The text is the lexical index's: the article's own may be 10 MB.
        rows = self._rows(
            "SELECT p.id, p.article_id, p.sentences, r.revision, r.title, r.source, r.url, "
            "r.published_at, l.text FROM passages p JOIN current r ON r.id = p.article_id "
            "JOIN lexicon l ON l.rowid = p.id "
            f"WHERE p.id IN ({','.join('?' * len(ids))}) AND {condition}",
            (*ids, *values),
        )
        found = {}
        for row in rows:
            sentences = tuple(Span(s, e) for s, e in json.loads(row["sentences"]))
            found[row["id"]] = Passage(
                id=row["id"],
                article_id=row["article_id"],
                revision=row["revision"],
                title=row["title"],
                source=row["source"],
                url=row["url"],
                published_at=row["published_at"],
                sentences=sentences,
                text=row["text"],
            )
        return found

    def widened(self, passage: Passage, neighbours: int) -> Passage:
        """The passage with as many of its article before and after it as `neighbours` says."""
        if not neighbours:
            return passage
        # A write gives an article's passages ids that follow one another. Those of a later
        # revision are not meant: they are there once the passage itself is not.
        first, last = passage.id - neighbours, passage.id + neighbours
        rows = self._rows(
            "SELECT sentences FROM passages WHERE article_id = ? AND id BETWEEN ? AND ? "
            "AND EXISTS (SELECT 1 FROM passages WHERE id = ?)",
            (passage.article_id, first, last, passage.id),
        )
        found = {Span(start, end) for row in rows for start, end in json.loads(row["sentences"])}
        sentences = tuple(sorted(found.union(passage.sentences)))
        start, end = sentences[0].start, sentences[-1].end
        text = self._rows(
            "SELECT substr(text, ?, ?) FROM revisions WHERE article_id = ? AND revision = ?",
            (start + 1, end - start, passage.article_id, passage.revision),
        )
        return replace(passage, sentences=sentences, text=text[0][0]) if text else passage

    def nearest(self, vector: Vectors, filters: Filters, limit: int) -> list[tuple[int, float]]:
        """Passage ids with cosine similarities, nearest first. It reads each vector that passes."""
        condition, values = filters.sql()
        rows = self._rows(
            "SELECT p.id, p.vector FROM passages p JOIN current r ON r.id = p.article_id "
            f"WHERE {condition}",
            values,
        )
        cosines = [float(np.frombuffer(row[1], np.float32) @ vector) for row in rows]
        ranked = sorted(zip(cosines, (row[0] for row in rows), strict=True), reverse=True)
        return [(passage_id, cosine) for cosine, passage_id in ranked[:limit]]

    def lexical(
        self, terms: Sequence[str], filters: Filters, limit: int
    ) -> list[tuple[int, float]]:
        """Passage ids with BM25 scores, best first (Robertson & Zaragoza 2009, as FTS5 has it).

        Of words that stand in very many passages together only the rarest count.
        """
        phrases = ['"' + term.replace('"', '""').replace("\0", " ") + '"' for term in terms]
        tables, condition, values = "lexicon l", "1", list[str]()
        if filters.article_ids:
            # So few passages that every word can count; looked at before anything is joined.
            condition = (
                "+l.rowid IN (SELECT id FROM passages WHERE article_id IN "
                f"({','.join('?' * len(filters.article_ids))}))"
            )
            values += filters.article_ids
        else:
            phrases = self._rarest(phrases)
        if filters != Filters():
            passing, more = filters.sql()
            tables += " JOIN passages p ON p.id = l.rowid JOIN current r ON r.id = p.article_id"
            condition, values = f"{condition} AND {passing}", values + more
        if not phrases:
            return []
        rows = self._rows(
            f"SELECT l.rowid, -bm25(lexicon, 1.0, 1.0) AS score FROM {tables} "
            f"WHERE lexicon MATCH ? AND {condition} ORDER BY score DESC, l.rowid LIMIT ?",
            (" OR ".join(phrases), *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def _rarest(self, phrases: Sequence[str]) -> list[str]:
        """As many, from the rarest on, as stand in POSTINGS passages together; one at least."""
        counted = "SELECT count(*) FROM (SELECT 1 FROM lexicon WHERE lexicon MATCH ? LIMIT ?)"
        counts = {p: int(self._rows(counted, (p, POSTINGS + 1))[0][0]) for p in phrases}
        kept, total = list[str](), 0
        for phrase in sorted(counts, key=lambda p: counts[p]):
            total += counts[phrase]
            if kept and total > POSTINGS:
                break
            kept.append(phrase)
        return kept

    def passage_ids(self) -> set[int]:
        return {row[0] for row in self._rows("SELECT id FROM passages")}

    def vectors(self, ids: Sequence[int]) -> list[tuple[int, str, str | None, str | None, Vectors]]:
        """`(id, article_id, source, published_at, vector)` of each, for the vector index."""
        rows = self._rows(
            "SELECT p.id, p.article_id, r.source, r.published_at, p.vector "
            "FROM passages p JOIN current r ON r.id = p.article_id "
            f"WHERE p.id IN ({','.join('?' * len(ids))})",
            ids,
        )
        return [(r[0], r[1], r[2], r[3], np.frombuffer(r[4], np.float32)) for r in rows]

    # Receipts of answers

    def put_receipt(self, receipt_id: str, body: str) -> None:
        with self._write() as db:
            db.execute("INSERT INTO receipts VALUES (?,?,?)", (receipt_id, _now(), body))

    def receipt(self, receipt_id: str) -> str | None:
        rows = self._rows("SELECT body FROM receipts WHERE id = ?", (receipt_id,))
        return rows[0][0] if rows else None


def lexical_title(new: NewArticle) -> str:
    """What the words of a question find besides an article's text: its title, source and day.

    The day as a question writes it: 26 November 2024.
    """
    published = date.fromisoformat(new.published_at[:DAY]) if new.published_at else None
    day = f"{published.day} {published:%B} {published.year}" if published else None
    return ". ".join(part for part in (new.title, new.source, day) if part)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What SQLite finds wrong with the disk or the file, as an error that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            raise StorageFull(DISK_FULL) from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise DatelineError(
                "registry.sqlite3 in the data directory is damaged. Put a copy of it back, or use "
                "another DATELINE_DATA_DIR."
            ) from error
        raise


def _unknown(article_id: str) -> ArticleNotFound:
    return ArticleNotFound(f"There is no article {article_id[:200]!r}, or not in that revision.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
