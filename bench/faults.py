"""Faults with real SQLite and Chroma: `make faults`, or `python -m bench.faults --help`.

    kill    a process that writes is killed, at random moments and at named points; the next one
            opens what it left. Data directories are kept over all trials, so that damage adds up.
    damage  Chroma's files are mutated, cut, swapped and removed, after a clean close and after a
            kill; then the index is opened, searched and written to.
    full    the file system has no room: nothing changes, and it goes on when there is some.
    race    processes ask for a data directory at once, and its owner is killed.

Each part counts what was lost (an acknowledged article that is not there, whole), ghosts (what was
deleted and is in some store) and deaths (a process that ended otherwise than it was made to), and
in how many openings Chroma's files were made anew. Only the embedder is not the real one: it is
not what can fail here.

Processes are forks of this one, which imports everything and opens nothing.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.dictionary import Model, Tiny, article, examine, opened, scratch_place, searched
from index.articles import NewArticle
from index.errors import AlreadyRunning, StorageFull
from index.index import Index
from index.jobs import Importer
from index.vectors import ROOM_TO_ADD, VectorIndex
from service.directory import owned, serving_url

FORK = multiprocessing.get_context("fork")
PATIENCE = 120  # seconds for any one process


@dataclass
class Import:
    """A job of `articles`; `seen` of them are in the model. It has no id until it is submitted."""

    articles: list[NewArticle]
    job_id: str | None = None
    seen: int = 0


# Processes


def alarmed(seconds: float) -> None:
    """Kills this process by then, wherever it is: the kernel does it."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))


def killed(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _child(run: Callable[..., None], connection: Connection, *arguments: Any) -> None:
    try:
        run(connection, *arguments)
        sys.stdout.flush()
        os._exit(0)
    except BaseException:
        connection.send(("failed", traceback.format_exc()))
        os._exit(1)


@contextmanager
def child(run: Callable[..., None], *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    """A fork that runs `run(connection, *arguments)`, and this end of the connection."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_child, args=(run, theirs, *arguments))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        ours.close()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()


def received(connection: Connection) -> Any:
    """The next message, or None when there is no more."""
    try:
        return connection.recv() if connection.poll(PATIENCE) else None
    except (EOFError, OSError):
        return None


# Kills

# Named points, and how a worker is made to die there.
AT_POINTS = {
    "before the copy": lambda index: setattr(index.vectors, "add", killed),
    "between the copy's halves": lambda index: setattr(index.vectors, "remove", killed),
    "in Chroma's upsert": lambda index: _within(index.vectors._collection, "upsert", 0.02),
    "in Chroma's delete": lambda index: _within(index.vectors._collection, "delete", 0.02),
    "in any write of Chroma's": lambda index: [
        _within(index.vectors._collection, name, 0.04) for name in ("upsert", "delete", "update")
    ],
    "before a statement of SQLite's": lambda index: _traced(index, r"", 0),
    "before COMMIT": lambda index: _traced(index, "COMMIT", 0),
    "in COMMIT": lambda index: _traced(index, "COMMIT", 0.02),
}
KINDS = [
    *("at random", "at random", "at random"),
    *AT_POINTS,
    *(
        "in an import",
        "in an import",
        "before the acknowledgement",
        "at start-up",
        "when made anew",
        "at close",
        "closed",
    ),
]


def _within(target: Any, name: str, seconds: float) -> None:
    """Dies within `seconds` of calling the method."""
    method = getattr(target, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        alarmed(random.uniform(0, seconds))
        return method(*arguments, **named)

    setattr(target, name, timed)


def _traced(index: Index, statement: str, seconds: float) -> None:
    left = 0 if statement else random.randint(1, 30)

    def trace(executed: str) -> None:
        nonlocal left
        if executed.startswith(statement):
            left -= 1
            if left < 0:
                alarmed(random.uniform(0, seconds)) if seconds else killed()

    index.registry._db.set_trace_callback(trace)


def settle(index: Index, model: Model, imports: list[Import]) -> list[str]:
    """Brings the model to where the jobs say they are: their articles up to there, and no more."""
    lost = []
    jobs = {row["id"]: row for row in index.registry.rows("SELECT * FROM jobs ORDER BY id")}
    unknown = [job_id for job_id in jobs if job_id not in {i.job_id for i in imports}]
    for job in list(imports):
        if job.job_id is None and unknown:
            job.job_id = unknown.pop()
        if job.job_id is None:
            imports.remove(job)  # never acknowledged, and not there
        elif job.job_id not in jobs:
            lost.append(f"job {job.job_id}")
        else:
            done = jobs[job.job_id]["done"]
            for new in job.articles[job.seen : done]:
                model[str(new.id)] = new
            job.seen = done
            if jobs[job.job_id]["failed"] or jobs[job.job_id]["state"] == "failed":
                lost.append(f"lines of {job.job_id}")
    return lost + [f"job {job_id} from nowhere" for job_id in unknown]


def take_in(connection: Connection, index: Index, directory: Path) -> None:
    """Submits an import and dies in it, or in the one that was there before."""
    importer = Importer(index, directory / "imports", most_bytes=1_000_000)
    lines = [
        json.dumps(article(random, f"a{random.randrange(48)}").model_dump(exclude_none=True))
        for _ in range(random.choice([40, 100, 200]))
    ]
    spooled = importer.spool()
    spooled.write_text("".join(f"{line}\n" for line in lines))
    connection.send(("importing", [importer._article(line.encode()) for line in lines]))
    job = importer.submit(spooled, len(lines))
    connection.send(("submitted", job.id))
    alarmed(random.uniform(0, 1.5))
    importer.start()
    time.sleep(PATIENCE)


def work(
    connection: Connection,
    directory: Path,
    kind: str,
    model: Model,
    pending: tuple[str, NewArticle | None] | None,
    imports: list[Import],
    seed: int,
    started_in: float,
) -> None:
    """Opens, examines and writes, telling each step, until it is killed."""
    random.seed(seed)
    version = Tiny.version
    if kind == "at start-up":
        alarmed(random.uniform(0, started_in))
    if kind == "when made anew":
        version = f"tiny/{seed}"
        alarmed(random.uniform(0.5, 1) * started_in)
    begun = time.monotonic()
    index = opened(directory, version)
    begun = time.monotonic() - begun
    signal.setitimer(signal.ITIMER_REAL, 0)
    if pending:  # it is there or it is not, but whole
        article_id, new = pending
        revision = index.registry.current_revision(article_id)
        if new is None and revision is None:
            del model[article_id]
        elif new is not None and revision == new.revision():
            model[article_id] = new
    lost = settle(index, model, imports)
    more, ghosts = examine(index, model)
    lost += more + searched(index, model, random.Random(seed), 1)
    opened_as = index.vectors._collection.id
    connection.send(("examined", model, imports, lost, ghosts, begun, opened_as))
    if kind in ("at start-up", "when made anew"):
        killed()

    if kind == "in an import":
        take_in(connection, index, directory)
    normal = random.randint(0, 4)
    number = 0
    while True:
        number += 1
        if number > normal:
            if kind in AT_POINTS:
                AT_POINTS[kind](index)
            elif kind == "closed":
                index.close()
                return
            elif kind == "at close":
                alarmed(random.uniform(0, 0.02))
                index.close()
                killed()
        article_id = f"a{random.randrange(48)}"
        if article_id in model and random.random() < 0.4:
            connection.send(("begun", article_id, None))
            index.delete(article_id)
            if kind == "before the acknowledgement" and number > normal:
                killed()
            del model[article_id]
        else:
            new = article(random, article_id)  # type: ignore[arg-type]
            connection.send(("begun", article_id, new))
            index.add(new)
            if random.random() < 0.3:
                index.registry.put_receipt(f"r{random.getrandbits(64)}", "{}", [article_id])
            if kind == "before the acknowledgement" and number > normal:
                killed()
            model[article_id] = new
        connection.send(("done",))


def kills(report: Connection, directory: Path, kinds: Sequence[str], seed: int) -> None:
    """A data directory through one kill after another."""
    random.seed(seed)
    model: Model = {}
    pending: tuple[str, NewArticle | None] | None = None
    imports: list[Import] = []
    started_in, collection = 2.0, None
    for number, kind in enumerate([*kinds, "closed"]):
        lost: list[str] = []
        ghosts: list[str] = []
        deaths: list[str] = []
        meant, anew = kind == "closed", False
        seed = random.getrandbits(32)
        arguments = (directory, kind, model, pending, imports, seed, started_in)
        with child(work, *arguments) as (process, messages):
            end = None
            while True:
                if end is not None and not messages.poll(max(end - time.monotonic(), 0)):
                    process.kill()
                    end = None
                message = received(messages)
                if message is None:
                    break
                match message:
                    case ("examined", model, imports, lost, ghosts, took, opened_as):
                        pending, anew = None, opened_as != collection
                        collection = opened_as
                        started_in = 0.9 * started_in + 0.1 * took
                        if kind == "at random":
                            end = time.monotonic() + random.uniform(0, 0.25)
                    case ("begun", article_id, new):
                        pending = article_id, new
                    case ("done",):
                        assert pending is not None
                        article_id, new = pending
                        model.pop(article_id, None)
                        if new is not None:
                            model[article_id] = new
                        pending = None
                    case ("importing", articles):
                        imports.append(Import(articles))
                    case ("submitted", job_id):
                        imports[-1].job_id = job_id
                    case ("failed", why):
                        deaths.append(why)
        if process.exitcode not in ((0,) if meant else (-signal.SIGKILL, -signal.SIGALRM)):
            deaths.append(f"ended with {process.exitcode}")
        report.send(("kill", kind, anew, lost, ghosts, deaths, number))


# Damage


def _flip(path: Path, random: random.Random, times: int = 1) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(times if data else 0):
        at = random.randrange(len(data))
        data[at] ^= 1 << random.randrange(8)
    path.write_bytes(data)


def _spoil(path: Path, random: random.Random, make: Callable[[int], bytes]) -> None:
    """A stretch of it is something else."""
    data = bytearray(path.read_bytes())
    at = random.randrange(len(data) or 1)
    size = min(random.choice([4, 64, 4096]), len(data) - at)
    data[at : at + size] = make(size)
    path.write_bytes(data)


def _append(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)


def _swap(path: Path, random: random.Random) -> None:
    other = random.choice([p for p in path.parent.iterdir() if p.is_file() and p != path] or [path])
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)


MUTATIONS: dict[str, Callable[[Path, random.Random], Any]] = {
    "a bit flipped": lambda path, random: _flip(path, random),
    "bits flipped": lambda path, random: _flip(path, random, 200),
    "cut short": lambda path, random: os.truncate(path, random.randrange(path.stat().st_size or 1)),
    "emptied": lambda path, random: os.truncate(path, 0),
    "zeros within": lambda path, random: _spoil(path, random, bytes),
    "ones within": lambda path, random: _spoil(path, random, lambda n: b"\xff" * n),
    "garbage within": lambda path, random: _spoil(path, random, random.randbytes),
    "garbage": lambda path, random: path.write_bytes(random.randbytes(path.stat().st_size)),
    "garbage after": lambda path, random: _append(path, random.randbytes(5000)),
    "swapped": _swap,
    "removed": lambda path, random: path.unlink(),
    "a directory": lambda path, random: (path.unlink(), path.mkdir()),
    "made unreadable by a link": lambda path, random: (
        path.unlink(),
        path.symlink_to("nowhere"),
    ),
}


def build(connection: Connection, directory: Path, articles: int) -> None:
    random_ = random.Random(0)
    index = opened(directory)
    model: Model = {}
    for n in range(articles):
        new = article(random_, f"a{n}")
        model[f"a{n}"] = new
        index.add(new)
    for n in range(0, articles, 10):
        index.delete(f"a{n}")
        del model[f"a{n}"]
    collection = index.vectors._collection.id
    index.close()
    connection.send((model, collection))


def use(connection: Connection, directory: Path, model: Model, collection: Any, seed: int) -> None:
    """Opens what was damaged, and does everything with it."""
    random_ = random.Random(seed)
    index = opened(directory)
    anew = index.vectors._collection.id != collection
    lost, ghosts = examine(index, model)
    lost += searched(index, model, random_)
    for n in range(6):
        victim = random_.choice(sorted(model))
        index.delete(victim)
        del model[victim]
        new = article(random_, f"b{n}")
        index.add(new)
        model[f"b{n}"] = new
        new = article(random_, random_.choice(sorted(model)))
        index.add(new)
        model[str(new.id)] = new
    lost += searched(index, model, random_, 12)
    more = examine(index, model)
    index.close()
    connection.send(("examined", lost + more[0], ghosts + more[1], anew))


def damage(
    report: Connection, base: Path, built: tuple[Model, Any], tasks: Sequence[Any], scratch: Path
) -> None:
    for number, after, mutation, name, seed in tasks:
        directory = scratch / str(number)
        shutil.copytree(base, directory)
        if after == "a kill":
            (directory / "chroma.manifest").unlink()
        path = next((directory / "chroma").rglob(name))
        was = path.stat()
        MUTATIONS[mutation](path, random.Random(seed))
        if seed % 2 and path.is_file():
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        lost: list[str] = []
        ghosts: list[str] = []
        deaths: list[str] = []
        anew = False
        with child(use, directory, *built, seed) as (process, messages):
            match received(messages):
                case ("examined", lost, ghosts, anew):
                    pass
                case message:
                    deaths.append(f"{mutation} {name} {seed}: {message}")
        if process.exitcode != 0 and not deaths:
            deaths.append(f"{mutation} {name} {seed}: ended with {process.exitcode}")
        shutil.rmtree(directory)
        report.send(("damage", f"{name}, after {after}", anew, lost, ghosts, deaths, number))


# A full disk


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of its own. Raises OSError where none may be mounted."""
    with tempfile.TemporaryDirectory() as place:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip() or "mount failed")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=True)


def fill(connection: Connection, directory: Path, blind: bool, rounds: int, seed: int) -> None:
    """Adds until there is no room; a weight is moved away and there is some again. `blind` lets
    Chroma into the full disk.
    """
    if blind:
        write = VectorIndex._write
        VectorIndex._write = lambda index, _: write(index, 0)  # type: ignore[method-assign]
    random_ = random.Random(seed)
    index = opened(directory)
    model: Model = {}
    weight = directory / "weight"

    def store(new: NewArticle) -> bool:
        try:
            index.add(new)
        except StorageFull:
            return False
        model[str(new.id)] = new
        return True

    for round_ in range(rounds):
        left = random_.randrange(1 << 18, 1 << 19) + (0 if blind else ROOM_TO_ADD)
        with weight.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(directory).free - left)
        while store(article(random_, f"a{random_.randrange(200)}")):
            if len(model) > 20 and random_.random() < 0.3:
                with suppress(StorageFull):
                    victim = random_.choice(sorted(model))
                    index.delete(victim)
                    del model[victim]
        refused = sum(not store(article(random_, f"c{round_}-{n}")) for n in range(3))
        if blind:  # nothing at all can be written now
            with suppress(OSError), (directory / "rest").open("wb") as file:
                while True:
                    file.write(bytes(4096))
                    file.flush()
            refused += sum(not store(article(random_, f"d{round_}-{n}")) for n in range(3))
        # Before anything mends the vector index, which may be closed now.
        lost = searched(index, model, random_, by_vectors=not blind)
        weight.unlink()
        (directory / "rest").unlink(missing_ok=True)
        if round_ % 3 == 2:
            index.close()
            index = opened(directory)
        for victim in random_.sample(sorted(model), len(model) // 2):
            index.delete(victim)
            del model[victim]
        if not store(article(random_, "again")):
            lost.append("room, after some was made")
        more = examine(index, model)
        connection.send((refused, lost + more[0], more[1]))
    index.close()


def full(report: Connection, blind: bool, rounds: int, seed: int) -> None:
    kind = "Chroma is let into it" if blind else "as it is found by the service"
    with small_disk("40m") as directory:
        number = 0
        deaths: list[str] = []
        with child(fill, directory, blind, rounds, seed) as (process, messages):
            while (message := received(messages)) is not None:
                match message:
                    case ("failed", why):
                        deaths.append(why)
                    case (_, lost, ghosts):
                        report.send(("full", kind, False, lost, ghosts, [], number))
                number += 1
            if number < rounds and not deaths:
                process.kill()
                deaths.append("it hangs")
        if process.exitcode != 0 or deaths:
            deaths.append(f"ended with {process.exitcode}")
            report.send(("full", kind, False, [], [], deaths, number))


# Races


def ask(connection: Connection, directory: Path, number: int) -> None:
    url = f"http://127.0.0.1:{8000 + number}"
    connection.recv()  # the start
    begun = time.monotonic()
    try:
        with owned(directory, url):
            connection.send(("owned", url))
            connection.recv()  # the end
    except AlreadyRunning as refused:
        connection.send(("refused", refused.message, time.monotonic() - begun))


def race(report: Connection, directory: Path, rounds: int, seed: int) -> None:
    random_ = random.Random(seed)
    for number in range(rounds):
        faults: list[str] = []
        with child(ask, directory, 1) as first, child(ask, directory, 2) as second:
            for _, messages in random_.sample([first, second], 2):
                messages.send("start")
                if number % 2:
                    time.sleep(random_.uniform(0, 0.002))
            told = [received(messages) for _, messages in (first, second)]
            owners = [i for i, message in enumerate(told) if message and message[0] == "owned"]
            if len(owners) != 1:
                faults.append(f"{len(owners)} owners: {told}")
            else:
                url, refusal = told[owners[0]][1], told[1 - owners[0]]
                if refusal[0] != "refused" or url not in refusal[1]:
                    faults.append(f"not told the URL: {refusal}")
                elif refusal[2] > 2:
                    faults.append(f"refused after {refusal[2]:.1f} s")
                process, messages = (first, second)[owners[0]]
                if serving_url(directory) != url:
                    faults.append("not found while it runs")
                if number % 3 == 0:
                    process.kill()
                    process.join()
                else:
                    messages.send("end")
                    process.join()
                if serving_url(directory) is not None:
                    faults.append("found after its end")
        kind = "two at once, then killed" if number % 3 == 0 else "two at once"
        report.send(("race", kind, False, [], [], faults, number))


# All of it


def spread(jobs: Sequence[tuple[Any, ...]], tell: Callable[[Any], None]) -> None:
    """Runs `(function, *arguments)` each in a process, and tells what they report."""
    running: dict[Connection, Any] = {}
    for run, *arguments in jobs:
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=_child, args=(run, theirs, *arguments))
        process.start()
        theirs.close()
        running[ours] = process
    while running:
        for connection in wait(list(running)):
            assert isinstance(connection, Connection)
            try:
                message = connection.recv()
            except EOFError:
                process = running.pop(connection)
                process.join()
                if process.exitcode:
                    tell(("harness", "", False, [], [], [f"ended with {process.exitcode}"], 0))
                continue
            if message[0] == "failed":
                message = ("harness", "", False, [], [], [message[1]], 0)
            tell(message)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000, help="kills (1000)")
    parser.add_argument("--mutations", type=int, default=240, help="damaged copies (240)")
    parser.add_argument("--rounds", type=int, default=10, help="times that the disk fills (10)")
    parser.add_argument("--races", type=int, default=100, help="(100)")
    parser.add_argument("--only", choices=["kill", "damage", "full", "race"], action="append")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--directory", default=scratch_place(), help="where (memory, if it can)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    parts = arguments.only or ["kill", "damage", "full", "race"]
    sizes = {
        "kill": arguments.trials,
        "damage": arguments.mutations,
        "full": arguments.rounds,
        "race": arguments.races,
    }
    console = Console()
    random_ = random.Random(arguments.seed)
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    faults: list[str] = []
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="faults-", dir=arguments.directory) as place,
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task("", total=sum(sizes[part] for part in parts))

        def tell(message: Any) -> None:
            part, kind, anew, lost, ghosts, deaths, number = message
            row = rows[part, kind]
            row.update(trials=1, anew=anew, lost=len(lost), ghosts=len(ghosts), deaths=len(deaths))
            for what, found in (("lost", lost), ("ghosts", ghosts), ("death", deaths)):
                faults.extend(f"{part}, {kind}, {number}: {what}: {f}" for f in found)
            progress.advance(bar)

        for part in parts:
            progress.update(bar, description=part)
            jobs: list[tuple[Any, ...]] = []
            share = [sizes[part] // arguments.jobs] * arguments.jobs
            share[0] += sizes[part] % arguments.jobs
            scratch = Path(place) / part
            scratch.mkdir()
            if part == "kill":
                kinds = (KINDS * (sizes[part] // len(KINDS) + 1))[: sizes[part]]
                random_.shuffle(kinds)
                for n in range(arguments.jobs):
                    own = kinds[n :: arguments.jobs]
                    jobs.append((kills, scratch / str(n), own, random_.getrandbits(32)))
            elif part == "damage":
                with child(build, scratch / "base", min(150, 40 + sizes[part])) as (_, messages):
                    built = received(messages)
                tasks = list(_damages(scratch / "base" / "chroma", sizes[part], random_))
                for n in range(arguments.jobs):
                    own_tasks = tasks[n :: arguments.jobs]
                    jobs.append((damage, scratch / "base", built, own_tasks, scratch))
            elif part == "full":
                try:
                    with small_disk("1m"):
                        for n, blind in enumerate((False, True)):
                            half = (sizes[part] + n) // 2
                            jobs.append((full, blind, half, random_.getrandbits(32)))
                except OSError as error:
                    console.print(f"full: skipped, as no file system may be mounted ({error})")
            else:
                for n in range(arguments.jobs):
                    seed = random_.getrandbits(32)
                    jobs.append((race, scratch / str(n), share[n], seed))
            spread(jobs, tell)
    columns = ("trials", "anew", "lost", "ghosts", "deaths")
    table = Table("part", "kind", *columns, box=None)
    total: Counter[str] = Counter()
    for (part, kind), row in sorted(rows.items()):
        total.update(row)
        table.add_row(part, kind, *(str(row[c]) for c in columns))
    table.add_row("all", "", *(str(total[c]) for c in columns))
    console.print(table)
    console.print(f"{time.monotonic() - begun:.0f} s, seed {arguments.seed}")
    for fault in sorted(faults, key=lambda fault: "death: " not in fault)[:40]:
        console.print(fault, markup=False, highlight=False)
    sys.exit(1 if faults else 0)


def _damages(chroma: Path, count: int, random: random.Random) -> Iterator[tuple[Any, ...]]:
    names = sorted(p.name for p in chroma.rglob("*") if p.is_file())
    combined = [
        (after, mutation, name)
        for mutation in MUTATIONS
        for name in names
        for after in ("a kill", "a clean close")
    ]
    chosen: list[tuple[str, str, str]] = []
    while len(chosen) < count:
        random.shuffle(combined)
        chosen += combined
    for number, (after, mutation, name) in enumerate(chosen[:count]):
        yield number, after, mutation, name, random.getrandbits(32)


if __name__ == "__main__":
    main()
