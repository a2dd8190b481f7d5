"""Imports: files of articles, one JSON object a line, taken in while other work goes on.

A job's place in its file is written in the same transaction as the articles before that place. So
a job that was interrupted, also by a kill, goes on where it was: nothing is lost or taken twice.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel
from ulid import ULID

from index.articles import NewArticle, json_object, parse_article
from index.documents import completed
from index.errors import (
    DISK_FULL,
    DatelineError,
    NotFound,
    PayloadTooLarge,
    StorageFull,
)
from index.index import Index
from index.registry import now

logger = logging.getLogger(__name__)

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
_UNFINISHED = "state IN ('queued', 'running')"
# Articles embedded and written at a time: enough to share the cost of a commit, few enough to stop
# soon and to let other writes in between.
BATCH = 32
BATCH_BYTES = 200_000
MOST_ERRORS = 1000
NONE_TAKEN = "No line holds an article that can be taken."
ROOM_AGAIN = 5.0  # seconds between tries while the disk is full or cannot be read
# JSON may spell a character with six bytes, and a line holds other fields beside the text.
LINE_FACTOR, LINE_SPARE = 6, 1 << 20


class JobError(BaseModel):
    """Why a line of the file was not taken. Lines are counted from 1."""

    line: int
    code: str
    detail: str


class Job(BaseModel):
    """`done` counts lines, also those that failed; blank lines do not count."""

    id: str
    state: State
    total: int
    done: int
    failed: int
    errors: list[JobError]
    detail: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    eta_seconds: int | None = None


@dataclass
class _Batch:
    """Lines read together, and where the file goes on after them."""

    articles: list[NewArticle]
    errors: list[JobError]
    done: int
    line: int
    offset: int


class _Cancelled(Exception):
    """The job was ended while a batch of it was being made ready."""


class Importer:
    """Works off the jobs of `index`, the oldest first. `directory` keeps their files."""

    def __init__(self, index: Index, directory: Path, *, most_bytes: int) -> None:
        self._index, self._directory, self._most_bytes = index, directory, most_bytes
        directory.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._ending = False
        self._pace: dict[str, tuple[float, int]] = {}  # when a run began, and how many were done
        self._thread: threading.Thread | None = None
        self._tidy()

    def _tidy(self) -> None:
        """Removes what interrupted uploads and ended jobs left."""
        wanted = {self._file(job_id).name for job_id in self._unfinished()}
        for path in self._directory.iterdir():
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def start(self) -> None:
        """Begins to work, with what an earlier process left first."""
        self._thread = threading.Thread(target=self._work, name="importer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops after the batch that is being written; the job goes on at the next start."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def spool(self) -> Path:
        """A new file to write the lines to. It is gone after a restart unless it was submitted."""
        return self._directory / f"{ULID()}.part"

    def submit(self, spooled: Path, total: int) -> Job:
        """Makes a job of a file of `total` lines, which it takes over. Raises StorageFull."""
        job_id = f"job_{ULID()}"
        try:
            os.replace(spooled, self._file(job_id))
            with self._index.registry.transaction() as db:
                db.execute(
                    "INSERT INTO jobs(id, state, total, created_at) VALUES (?,'queued',?,?)",
                    (job_id, total, now()),
                )
        except BaseException:
            self._file(job_id).unlink(missing_ok=True)
            raise
        with self._changed:
            self._changed.notify_all()
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        rows = self._index.registry.rows("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if not rows:
            raise NotFound(f"There is no job {job_id[:200]!r}.")
        errors = self._index.registry.rows(
            "SELECT line, code, detail FROM job_errors WHERE job_id = ? ORDER BY line", (job_id,)
        )
        job = Job(**dict(rows[0]), errors=[JobError(**dict(e)) for e in errors])
        if job.state == "running" and job_id in self._pace:
            began, at = self._pace[job_id]
            if job.done > at:
                pace = (time.monotonic() - began) / (job.done - at)
                job.eta_seconds = round(pace * (job.total - job.done))
        return job

    def jobs(self) -> list[Job]:
        """All jobs, the newest first."""
        rows = self._index.registry.rows("SELECT id FROM jobs ORDER BY id DESC LIMIT 100")
        return [self.get(row[0]) for row in rows]

    def cancel(self, job_id: str) -> Job:
        """Ends a job; what it added stays. One that has ended stays as it is. Raises NotFound."""
        self.get(job_id)
        self._finish(job_id, "cancelled")
        with self._changed:
            self._changed.notify_all()
        return self.get(job_id)

    # The work

    def _work(self) -> None:
        while not self._ending:
            try:
                self._run_next()
            except Exception:  # what cannot be read now may be later, and nobody else would do it
                logger.exception("The imports that are left could not be read")
                self._pause()

    def _run_next(self) -> None:
        """Waits for an import that is not finished, and runs it."""
        with self._changed:
            while not self._ending and not self._unfinished():
                self._changed.wait()
            if self._ending:
                return
            job_id = self._unfinished()[0]
        try:
            self._run(job_id)
        except StorageFull:
            self._tell(job_id, f"{DISK_FULL.split(':')[0]}: it goes on when there is room.")
            self._pause()
        except Exception as error:
            if not isinstance(error, DatelineError):
                logger.exception("Import %s failed", job_id)
            told = str(error) if isinstance(error, DatelineError) else "The log says why."
            with suppress(StorageFull):  # else it is tried again
                self._finish(job_id, "failed", told)

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ending, ROOM_AGAIN)

    def _run(self, job_id: str) -> None:
        """Takes the job's lines from where it stands to the end, or to its cancelling."""
        job = self._index.registry.rows("SELECT * FROM jobs WHERE id = ?", (job_id,))[0]
        with self._index.registry.transaction() as db:
            db.execute(
                "UPDATE jobs SET state = 'running', detail = NULL, "
                f"started_at = coalesce(started_at, ?) WHERE id = ? AND {_UNFINISHED}",
                (now(), job_id),
            )
        self._pace[job_id] = time.monotonic(), job["done"]
        try:
            file = self._file(job_id).open("rb")
        except OSError:
            raise NotFound("The file of this import is gone. Send it again.") from None
        with file:
            file.seek(job["offset"])
            for batch in self._batches(file, job["line"]):
                if not self._take(job_id, batch):
                    return
        ended = self.get(job_id)
        if ended.failed == ended.done > 0:
            self._finish(job_id, "failed", NONE_TAKEN)
        else:
            self._finish(job_id, "succeeded")

    def _take(self, job_id: str, batch: _Batch) -> bool:
        """Adds a batch and notes the place, in one transaction. Gives whether to go on."""

        def note() -> None:
            with self._index.registry.transaction() as db:
                known = db.execute(
                    "SELECT count(*) FROM job_errors WHERE job_id = ?", (job_id,)
                ).fetchone()[0]
                db.executemany(
                    "INSERT INTO job_errors VALUES (?,?,?,?)",
                    [
                        (job_id, e.line, e.code, e.detail)
                        for e in batch.errors[: MOST_ERRORS - known]
                    ],
                )
                noted = db.execute(
                    "UPDATE jobs SET done = done + ?, failed = failed + ?, line = ?, offset = ? "
                    f"WHERE id = ? AND {_UNFINISHED}",
                    (batch.done, len(batch.errors), batch.line, batch.offset, job_id),
                )
                if not noted.rowcount:
                    raise _Cancelled  # and with it what this batch would have added

        if self._ending or job_id not in self._unfinished():
            return False
        try:
            self._index.add_many(batch.articles, note)
        except _Cancelled:
            return False
        return True

    def _batches(self, file: BinaryIO, line: int) -> Iterator[_Batch]:
        """The rest of the file. `line` is the number of the line that was read last."""
        batch = _Batch([], [], 0, line, file.tell())
        while data := self._line(file):
            batch.line += 1
            batch.offset = file.tell()
            if data.strip():
                batch.done += 1
                try:
                    batch.articles.append(self._article(data))
                except DatelineError as error:
                    detail = str(error)[:MOST_ERRORS]
                    batch.errors.append(JobError(line=batch.line, code=error.code, detail=detail))
            size = sum(len(a.text) for a in batch.articles)
            if batch.done >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch = _Batch([], [], 0, batch.line, batch.offset)
        yield batch

    def _line(self, file: BinaryIO) -> bytes:
        """The next line. Of one that is too long for an article, only as much as shows that."""
        most = self._most_bytes * LINE_FACTOR + LINE_SPARE
        data = part = file.readline(most + 1)
        while part and not part.endswith(b"\n"):
            part = file.readline(most)
        return data

    def _article(self, data: bytes) -> NewArticle:
        if len(data) > self._most_bytes * LINE_FACTOR + LINE_SPARE:
            raise self._too_large()
        article = parse_article(json_object(data, "This line"), "The article")
        if len(article.text.encode()) > self._most_bytes:
            raise self._too_large()
        return completed(article)

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"An article may hold {self._most_bytes:,} bytes of text at most.")

    def _finish(self, job_id: str, state: State, detail: str | None = None) -> None:
        with self._index.registry.transaction() as db:
            db.execute(
                f"UPDATE jobs SET state = ?, detail = ?, finished_at = ? "
                f"WHERE id = ? AND {_UNFINISHED}",
                (state, detail, now(), job_id),
            )
        self._file(job_id).unlink(missing_ok=True)

    def _tell(self, job_id: str, detail: str) -> None:
        with suppress(StorageFull), self._index.registry.transaction() as db:
            db.execute("UPDATE jobs SET detail = ? WHERE id = ?", (detail, job_id))

    def _unfinished(self) -> list[str]:
        rows = self._index.registry.rows(f"SELECT id FROM jobs WHERE {_UNFINISHED} ORDER BY id")
        return [row[0] for row in rows]

    def _file(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.ndjson"
