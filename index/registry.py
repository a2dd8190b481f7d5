"""The truth: articles, their revisions, passages and vectors in one SQLite file.

Chroma holds copies of the vectors and is made anew from here; the lexical index is a table here.
A write is one transaction: it is whole or it is not there, also after the process is killed.
"""

import json
import re
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from index import duplicates
from index.articles import Article, ArticleHeader, IsoDate, NewArticle, Whole
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
    """
    DROP TABLE lexicon;  -- it is made anew from the articles
    CREATE VIRTUAL TABLE lexicon USING fts5(
        about, text, pairs, tokenize = "porter unicode61 remove_diacritics 2"
    );
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO facts
        SELECT 'embedder', 'all-MiniLM-L6-v2-int8/1' WHERE EXISTS (SELECT 1 FROM passages);
    CREATE TABLE signatures (
        seq INTEGER PRIMARY KEY REFERENCES articles(seq) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        minhash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE bands (
        band INTEGER NOT NULL,
        seq INTEGER NOT NULL REFERENCES signatures(seq) ON DELETE CASCADE,
        PRIMARY KEY (band, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bands_of_article ON bands(seq);
    CREATE TABLE receipt_articles (
        article_id TEXT NOT NULL,
        receipt_id TEXT NOT NULL REFERENCES receipts(id) ON DELETE CASCADE,
        PRIMARY KEY (article_id, receipt_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO receipt_articles
        SELECT DISTINCT t.atom, r.id FROM receipts r, json_tree(r.body) t
        WHERE t.key = 'article_id' AND t.atom IS NOT NULL;
    CREATE INDEX articles_of_receipt ON receipt_articles(receipt_id);
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        total INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        line INTEGER NOT NULL DEFAULT 0,
        offset INTEGER NOT NULL DEFAULT 0,
        detail TEXT,
        created_at TEXT NOT NULL,
        started_at TEXT,
        finished_at TEXT
    ) STRICT;
    CREATE TABLE job_errors (
        job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        line INTEGER NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (job_id, line)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE replies (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE reply_articles (
        article_id TEXT NOT NULL,
        reply_seq INTEGER NOT NULL REFERENCES replies(seq) ON DELETE CASCADE,
        PRIMARY KEY (article_id, reply_seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX articles_of_reply ON reply_articles(reply_seq);
    """,
]

# An acknowledged write survives a loss of power; what is deleted is overwritten.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
# What a row of each table needs in another; what lacks it belongs to nothing.
OWNED = [
    ("revisions", "article_id", "SELECT id FROM articles"),
    ("passages", "article_id", "SELECT id FROM articles"),
    ("signatures", "seq", "SELECT seq FROM articles"),
    ("bands", "seq", "SELECT seq FROM signatures"),
    ("receipt_articles", "receipt_id", "SELECT id FROM receipts"),
    ("reply_articles", "reply_seq", "SELECT seq FROM replies"),
    ("reply_articles", "article_id", "SELECT id FROM articles"),
    ("job_errors", "job_id", "SELECT id FROM jobs"),
]
DAY = len("2024-11-26")
# What a row of the lexical index holds. Change it and this number, and indexes are made anew.
LEXICON = "1"
# Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
# FTS5 scores every passage that has one of the words looked for: so many it does in some 5 ms.
POSTINGS = 10_000
MOST_REPLIES = 50_000  # some 200 bytes each
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

    article_ids: list[Whole] = Field(default_factory=list, max_length=1000)
    sources: list[Whole] = Field(default_factory=list, max_length=1000)
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
        self._reading = threading.Lock()
        self._writer: int | None = None  # the thread that has a transaction open
        self._db = _connection(path)
        self._reader = _connection(path)  # it neither waits for a writer nor sees half a write
        try:
            with _told_plainly():
                for pragma in PRAGMAS:
                    self._db.execute(f"PRAGMA {pragma}")
                self._migrate()
                if self.fact("lexicon") != LEXICON:
                    self.write_lexicon()
                self._reader.execute("PRAGMA query_only=ON")
        except BaseException:
            self.close()
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
        with self._lock, self._reading:
            self._reader.close()
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is written inside is there as a whole, or not at all. One inside another joins it.

        Raises StorageFull.
        """
        with self._lock, _told_plainly():
            if self._writer is not None:
                yield self._db
                return
            self._writer = threading.get_ident()
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._writer = None

    def rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query; inside a transaction, with what it wrote so far."""
        if self._writer == threading.get_ident():
            return self._db.execute(query, values).fetchall()
        with self._reading, _told_plainly():
            return self._reader.execute(query, values).fetchall()

    # Articles

    def put(
        self, new: NewArticle, spans: Sequence[PassageSpan], vectors: Vectors
    ) -> tuple[list[int], list[int]]:
        """Writes an article's new current revision. Gives its passages' ids and those replaced."""
        article_id, revision, at = new.identity(), new.revision(), now()
        with self.transaction() as db:
            db.execute(
                "INSERT INTO articles(id, revision, created_at, updated_at) VALUES (?,?,?,?) "
                "ON CONFLICT(id) DO UPDATE SET revision = excluded.revision, "
                "updated_at = excluded.updated_at",
                (article_id, revision, at, at),
            )
            fields = (new.text, new.title, new.source, new.author, new.url, new.published_at)
            db.execute(
                "INSERT INTO revisions(article_id, revision, text, title, source, author, url, "
                "published_at, language, media_type, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?) "
                "ON CONFLICT(article_id, revision) DO UPDATE SET "
                "language = excluded.language, media_type = excluded.media_type",
                (article_id, revision, *fields, new.language, new.media_type, at),
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
                self._put_words(
                    db,
                    row,
                    about(new.title, new.source, new.published_at),
                    passage.span.of(new.text),
                )
                added.append(row)
            self._sign(db, article_id, new.text)
            return added, replaced

    def delete(self, article_id: str) -> list[int]:
        """Removes an article with all its revisions, and the receipts and replies that rest on it.

        Gives the ids its passages had. Raises ArticleNotFound.
        """
        with self.transaction() as db:
            dropped = self._drop_passages(db, article_id)
            if not db.execute("DELETE FROM articles WHERE id = ?", (article_id,)).rowcount:
                raise _unknown(article_id)
            db.execute(
                "DELETE FROM receipts WHERE id IN "
                "(SELECT receipt_id FROM receipt_articles WHERE article_id = ?)",
                (article_id,),
            )
            db.execute(
                "DELETE FROM replies WHERE seq IN "
                "(SELECT reply_seq FROM reply_articles WHERE article_id = ?)",
                (article_id,),
            )
            return dropped

    def _put_words(self, db: sqlite3.Connection, passage_id: int, shown: str, text: str) -> None:
        db.execute(
            "INSERT INTO lexicon(rowid, about, text, pairs) VALUES (?,?,?,?)",
            (passage_id, shown, text, " ".join(pairs(text))),
        )

    def _drop_passages(self, db: sqlite3.Connection, article_id: str) -> list[int]:
        rows = db.execute(
            "DELETE FROM passages WHERE article_id = ? RETURNING id", (article_id,)
        ).fetchall()
        ids = [row[0] for row in rows]
        db.executemany("DELETE FROM lexicon WHERE rowid = ?", [(i,) for i in ids])
        return ids

    def _sign(self, db: sqlite3.Connection, article_id: str, text: str) -> None:
        """Keeps what near-duplicates of the article are found by."""
        seq = db.execute("SELECT seq FROM articles WHERE id = ?", (article_id,)).fetchone()[0]
        signature = duplicates.signature(text)
        db.execute("DELETE FROM signatures WHERE seq = ?", (seq,))
        db.execute(
            "INSERT INTO signatures VALUES (?,?,?)",
            (seq, duplicates.VERSION, signature.tobytes()),
        )
        db.executemany(
            "INSERT OR IGNORE INTO bands VALUES (?,?)",
            [(band, seq) for band in duplicates.bands(signature)],
        )

    def unsigned(self) -> list[str]:
        """The ids of the articles that have no signature of this version."""
        rows = self.rows(
            "SELECT id FROM current WHERE seq NOT IN (SELECT seq FROM signatures "
            "WHERE version = ?)",
            (duplicates.VERSION,),
        )
        return [row[0] for row in rows]

    def sign_all(self) -> None:
        """Signs the articles that have no signature of this version."""
        for article_id in self.unsigned():
            with self.transaction() as db:
                self._sign(db, article_id, self.get(article_id).text)

    def duplicate_of(self, article_id: str) -> str | None:
        """The first added of the articles before this one that tell the same story, word for word
        in the most part; None where there is none."""
        rows = self.rows(
            "SELECT DISTINCT b.seq, s.minhash, a.id FROM bands mine "
            "JOIN bands b ON b.band = mine.band AND b.seq < mine.seq "
            "JOIN signatures s ON s.seq = b.seq JOIN articles a ON a.seq = b.seq "
            "WHERE mine.seq = (SELECT seq FROM articles WHERE id = ?) ORDER BY b.seq",
            (article_id,),
        )
        if not rows:
            return None
        mine = self.rows(
            "SELECT s.minhash FROM articles a JOIN signatures s ON s.seq = a.seq WHERE a.id = ?",
            (article_id,),
        )[0][0]
        for _, minhash, other in rows:
            if duplicates.same_story(
                np.frombuffer(mine, np.uint32),
                np.frombuffer(minhash, np.uint32),
                partial(self._texts, article_id, other),
            ):
                return str(other)
        return None

    def _texts(self, one: str, other: str) -> tuple[str, str]:
        return self.get(one).text, self.get(other).text

    def current_revision(self, article_id: str) -> str | None:
        rows = self.rows("SELECT revision FROM articles WHERE id = ?", (article_id,))
        return rows[0][0] if rows else None

    def get(self, article_id: str, revision: str | None = None) -> Article:
        """Raises ArticleNotFound."""
        rows = self.rows(
            f"SELECT {_HEADER}, r.text FROM {_REVISIONS} "
            "WHERE a.id = ? AND r.revision = coalesce(?, a.revision)",
            (article_id, revision),
        )
        if not rows:
            raise _unknown(article_id)
        return Article.model_validate(dict(rows[0]))

    def revisions(self, article_id: str) -> list[dict[str, str]]:
        """`{revision, created_at}`, the current one first. Raises ArticleNotFound."""
        rows = self.rows(
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
        rows = self.rows(
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
        return int(self.rows(f"SELECT count(*) FROM current r WHERE {condition}", values)[0][0])

    def sources(self) -> list[str]:
        """The outlets of all articles, each once."""
        rows = self.rows("SELECT DISTINCT source FROM current WHERE source IS NOT NULL")
        return [row["source"] for row in rows]

    # Passages

    def passages(self, ids: Sequence[int], filters: Filters | None = None) -> dict[int, Passage]:
        """Those of `ids` that are there and pass the filters."""
        condition, values = (filters or Filters()).sql()
        # The text is the lexical index's: the article's own may be 10 MB.
        rows = self.rows(
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
        rows = self.rows(
            "SELECT sentences FROM passages WHERE article_id = ? AND id BETWEEN ? AND ? "
            "AND EXISTS (SELECT 1 FROM passages WHERE id = ?)",
            (passage.article_id, first, last, passage.id),
        )
        found = {Span(start, end) for row in rows for start, end in json.loads(row["sentences"])}
        sentences = tuple(sorted(found.union(passage.sentences)))
        start, end = sentences[0].start, sentences[-1].end
        text = self.rows(
            "SELECT substr(text, ?, ?) FROM revisions WHERE article_id = ? AND revision = ?",
            (start + 1, end - start, passage.article_id, passage.revision),
        )
        return replace(passage, sentences=sentences, text=text[0][0]) if text else passage

    def nearest(self, vector: Vectors, filters: Filters, limit: int) -> list[tuple[int, float]]:
        """Passage ids with cosine similarities, nearest first. It reads each vector that passes."""
        condition, values = filters.sql()
        rows = self.rows(
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
        for found in map(pairs, terms):
            phrases += [f'"{pair}"' for pair in found[:-1]] or [f'"{pair}"*' for pair in found]
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
        rows = self.rows(
            f"SELECT l.rowid, -bm25(lexicon) AS score FROM {tables} "
            f"WHERE lexicon MATCH ? AND {condition} ORDER BY score DESC, l.rowid LIMIT ?",
            (" OR ".join(phrases), *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def _rarest(self, phrases: Sequence[str]) -> list[str]:
        """As many, from the rarest on, as stand in POSTINGS passages together; one at least."""
        counted = "SELECT count(*) FROM (SELECT 1 FROM lexicon WHERE lexicon MATCH ? LIMIT ?)"
        counts = {p: int(self.rows(counted, (p, POSTINGS + 1))[0][0]) for p in phrases}
        kept, total = list[str](), 0
        for phrase in sorted(counts, key=lambda p: counts[p]):
            total += counts[phrase]
            if kept and total > POSTINGS:
                break
            kept.append(phrase)
        return kept

    def orphans(self) -> int:
        """How many rows belong to nothing."""
        counts = (
            self.rows(f"SELECT count(*) FROM {table} WHERE {key} NOT IN ({owners})")
            for table, key, owners in OWNED
        )
        return sum(int(found[0][0]) for found in counts)

    def drop_orphans(self) -> None:
        with self.transaction() as db:
            for table, key, owners in OWNED:
                db.execute(f"DELETE FROM {table} WHERE {key} NOT IN ({owners})")

    def lexicon_differences(self) -> int:
        """In how many places the lexical index is not what the articles' texts make it."""
        with self.transaction() as db:
            try:
                db.execute("INSERT INTO lexicon(lexicon) VALUES ('integrity-check')")
                kept = dict(db.execute("SELECT rowid, text FROM lexicon"))
            except sqlite3.DatabaseError:
                return max(1, len(self.passage_ids()))
        wanted = dict(self._words())
        return sum(kept.get(i) != wanted.get(i) for i in kept.keys() | wanted.keys())

    def write_lexicon(self) -> None:
        """Makes the lexical index anew."""
        with self.transaction() as db:
            (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'lexicon'").fetchone()
            db.execute("DROP TABLE lexicon")
            db.execute(made)
            shown = {
                row[0]: about(*row[1:])
                for row in db.execute(
                    "SELECT p.id, r.title, r.source, r.published_at "
                    "FROM passages p JOIN current r ON r.id = p.article_id"
                )
            }
            for passage_id, text in self._words():
                self._put_words(db, passage_id, shown[passage_id], text)
            self.put_fact("lexicon", LEXICON)

    def _words(self) -> Iterator[tuple[int, str]]:
        """Each passage's id and text, cut from its article."""
        for (article_id,) in self.rows("SELECT id FROM current"):
            text = self.get(article_id).text
            for passage_id, sentences in self.rows(
                "SELECT id, sentences FROM passages WHERE article_id = ?", (article_id,)
            ):
                edges = [edge for span in json.loads(sentences) for edge in span] or [0, 0]
                yield passage_id, text[edges[0] : edges[-1]]

    def passage_ids(self) -> set[int]:
        return {row[0] for row in self.rows("SELECT id FROM passages")}

    def passages_of(self, article_id: str) -> list[Passage]:
        """All of an article's, in the order of its text."""
        found = self.rows("SELECT id FROM passages WHERE article_id = ? ORDER BY id", (article_id,))
        return list(self.passages([row[0] for row in found]).values())

    def vectors(self, ids: Sequence[int]) -> list[tuple[int, str, str | None, str | None, Vectors]]:
        """`(id, article_id, source, published_at, vector)` of each, for the vector index."""
        rows = self.rows(
            "SELECT p.id, p.article_id, r.source, r.published_at, p.vector "
            "FROM passages p JOIN current r ON r.id = p.article_id "
            f"WHERE p.id IN ({','.join('?' * len(ids))})",
            ids,
        )
        return [(r[0], r[1], r[2], r[3], np.frombuffer(r[4], np.float32)) for r in rows]

    def fact(self, name: str) -> str | None:
        """What is noted of the whole registry: `embedder`, the version its vectors are of."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def put_fact(self, name: str, value: str) -> None:
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?,?)", (name, value))

    def put_vectors(self, vectors: dict[int, Vectors]) -> None:
        """Replaces the vectors of these passages."""
        with self.transaction() as db:
            db.executemany(
                "UPDATE passages SET vector = ? WHERE id = ?",
                [(v.astype(np.float32).tobytes(), i) for i, v in vectors.items()],
            )

    # Receipts of answers

    def put_receipt(self, receipt_id: str, body: str, article_ids: Iterable[str]) -> None:
        """`article_ids` are those the receipt names: it goes when one of them is deleted."""
        ids = set(article_ids)
        with self.transaction() as db:
            known = f"SELECT count(*) FROM articles WHERE id IN ({','.join('?' * len(ids))})"
            if db.execute(known, [*ids]).fetchone()[0] < len(ids):
                return
            db.execute("INSERT INTO receipts VALUES (?,?,?)", (receipt_id, now(), body))
            db.executemany(
                "INSERT INTO receipt_articles VALUES (?,?)",
                [(article_id, receipt_id) for article_id in ids],
            )

    def receipt(self, receipt_id: str) -> str | None:
        rows = self.rows("SELECT body FROM receipts WHERE id = ?", (receipt_id,))
        return rows[0][0] if rows else None

    # Replies of a language model, by what it was asked

    def put_replies(self, replies: Mapping[str, tuple[str, Collection[str]]]) -> None:
        """Bodies by their keys, each with the ids of the articles that it was made from: it goes
        when one of them is deleted, and is not kept where one is gone already. The oldest make
        room beyond MOST_REPLIES.
        """
        with self.transaction() as db:
            for key, (body, article_ids) in replies.items():
                marks = ",".join("?" * len(article_ids))
                known = db.execute(
                    f"SELECT count(*) FROM articles WHERE id IN ({marks})", [*article_ids]
                )
                if known.fetchone()[0] < len(article_ids):
                    continue
                row = db.execute(
                    "INSERT INTO replies(key, body) VALUES (?,?) ON CONFLICT(key) DO NOTHING "
                    "RETURNING seq",
                    (key, body),
                ).fetchone()
                if row:
                    db.executemany(
                        "INSERT INTO reply_articles VALUES (?,?)",
                        [(article_id, row[0]) for article_id in article_ids],
                    )
            db.execute(
                "DELETE FROM replies WHERE seq <= (SELECT max(seq) FROM replies) - ?",
                (MOST_REPLIES,),
            )

    def reply(self, key: str) -> str | None:
        rows = self.rows("SELECT body FROM replies WHERE key = ?", (key,))
        return rows[0][0] if rows else None


def about(title: str | None, source: str | None, published_at: str | None) -> str:
    """What the words of a question find besides an article's text: its title, source and day.

    The day as a question writes it: 26 November 2024.
    """
    published = date.fromisoformat(published_at[:DAY]) if published_at else None
    day = f"{published.day} {published:%B} {published.year}" if published else None
    return ". ".join(part for part in (title, source, day) if part)


def pairs(text: str) -> list[str]:
    """Each character, with its neighbour, of scripts that write no spaces between words."""
    return [run[i : i + 2] for run in _UNSPACED.findall(text) for i in range(len(run))]


def _connection(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


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
                "registry.sqlite3 in the data directory is damaged. Put a backup in its place "
                "(`dateline restore FILE --replace`), or use another DATELINE_DATA_DIR."
            ) from error
        raise


def _unknown(article_id: str) -> ArticleNotFound:
    return ArticleNotFound(
        f"There is no article {article_id[:200]!r}, or not in that revision. `dateline list` and "
        "GET /v1/articles tell which there are."
    )


def now() -> str:
    """The time as the contract writes it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
