"""Mixed load over HTTP, and what is left of it: `python -m bench.load --minutes 30`.

Clients are processes of their own against `dateline serve`. They ask questions and wait, leave
streams midway, add, replace and delete articles, and search; every few seconds one of them is
killed, whatever it does, and another one takes its place. In the end

- nothing is lost: each article is as its client was last told, or, where the client was killed
  before the reply, as it was before or after; what was deleted is gone;
- nothing has leaked: the service is idle (no sequence is left to compute, no request to answer),
  and its memory, threads and open files are what they were after the first minutes.

Nothing is counted twice: a client tells what it is about to do and what came of it, and what it
tells last is believed.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console

from bench.engine import MODELS
from bench.golden import ARTICLES, questions
from bench.stacks import Ours, ends_with_what_it_began
from index.articles import NewArticle
from index.documents import read_documents

RESULTS = Path(__file__).parent / "results"
FORK = multiprocessing.get_context("fork")
CLIENTS = 6
LIFE = 20.0  # seconds until a client is killed, on the average
OWN = 8  # articles that a client writes to; no other one does
PATIENCE = 120.0
MINUTES = 30.0
WORDS = "harbour bridge minister storm vote bean tram river council market closed opened".split()


def asks(client: httpx.Client, rng: random.Random, asked: list[str]) -> str:
    request = {"question": rng.choice(asked), "max_seconds": rng.choice([2, 20, 60])}
    response = client.post("/v1/answers", json=request)
    if response.status_code == 503:  # the queue is full, and says so
        time.sleep(1)
        return "asked, no room"
    reply = response.raise_for_status().json()
    return "answered" if reply["answerable"] else f"refused, {reply['refusal']['reason']}"


def leaves(client: httpx.Client, rng: random.Random, asked: list[str]) -> str:
    """Reads a stream for a while and closes the connection."""
    request = {"question": rng.choice(asked), "max_seconds": 60, "stream": True}
    end = time.monotonic() + rng.uniform(0, 4)
    with client.stream("POST", "/v1/answers", json=request) as events:
        if events.status_code == 503:
            time.sleep(1)
            return "streamed, no room"
        for _ in events.iter_lines():
            if time.monotonic() > end:
                return "streamed, left"
    return "streamed to its end"


def searches(client: httpx.Client, rng: random.Random, asked: list[str]) -> str:
    client.post("/v1/search", json={"query": rng.choice(asked)}).raise_for_status()
    return "searched"


def briefs(client: httpx.Client, rng: random.Random, asked: list[str]) -> str:
    """On articles that others write and delete meanwhile."""
    there = client.get("/v1/articles").raise_for_status().json()["articles"]
    ids = [article["id"] for article in rng.sample(there, min(2, len(there)))]
    response = client.post("/v1/briefings", json={"article_ids": ids, "max_seconds": 20})
    if response.status_code == 503:
        time.sleep(1)
        return "briefed, no room"
    if response.status_code == 404:
        return "briefed, deleted meanwhile"
    return "briefed" if response.raise_for_status().json()["briefing"] else "briefed, refused"


def client(connection: Connection, url: str, name: str, seed: int, asked: list[str]) -> None:
    """Does one thing after another until it is killed."""
    rng = random.Random(seed)
    with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http:
        while True:
            try:
                if rng.random() < 0.35:
                    connection.send(("did", _writes(http, rng, name, connection)))
                else:
                    does = rng.choice([asks, asks, leaves, searches, briefs])
                    connection.send(("did", does(http, rng, asked)))
            except httpx.HTTPError as error:
                connection.send(("failed", f"{error!r}"[:300]))


def _writes(http: httpx.Client, rng: random.Random, name: str, told: Connection) -> str:
    article_id = f"{name}-{rng.randrange(OWN)}"
    path = f"/v1/articles/{article_id}"
    if rng.random() < 0.3:
        told.send(("begun", article_id, None))
        response = http.delete(path)
        if response.status_code not in (204, 404):
            response.raise_for_status()
        text, done = None, "deleted"
    else:
        text = " ".join(
            f"{' '.join(rng.choices(WORDS, k=8)).capitalize()} {rng.getrandbits(40):x}."
            for _ in range(rng.choice([1, 3, 10, 40]))
        )
        told.send(("begun", article_id, text))
        http.put(path, json={"text": text}).raise_for_status()
        done = "written"
    told.send(("acknowledged", article_id, text))
    return done


@dataclass
class Told:
    """What the clients told: articles as they are, and those whose last reply is not there."""

    articles: dict[str, str | None] = field(default_factory=dict)
    open: dict[str, str | None] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def take(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("begun", article_id, text):
                self.open[article_id] = text
            case ("acknowledged", article_id, text):
                self.articles[article_id] = text
                self.open.pop(article_id, None)
            case ("did", what):
                self.did[what] += 1
            case ("failed", why):
                self.failures.append(why)

    def differences(self, http: httpx.Client) -> Iterator[str]:
        """Articles that are not as they should be."""
        for article_id in sorted(self.articles.keys() | self.open.keys()):
            reply = http.get(f"/v1/articles/{article_id}")
            there = reply.json()["text"] if reply.is_success else None
            known = {self.articles.get(article_id)}
            if article_id in self.open:
                known.add(self.open[article_id])
            if there not in known or reply.status_code not in (200, 404):
                yield f"{article_id}: {reply.status_code}"


class _Client:
    """A process, which is killed and started again."""

    def __init__(self, url: str, name: str, asked: list[str]) -> None:
        self.url, self.name, self.asked = url, name, asked
        self.number = 0
        self.start()

    def start(self) -> None:
        self.connection, theirs = FORK.Pipe()
        # What was killed may be at the service still: the next one writes to other articles.
        name = f"{self.name}-{self.number % 3}"
        arguments = (theirs, self.url, name, random.getrandbits(32), self.asked)
        self.process = FORK.Process(target=client, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.number += 1
        self.end = time.monotonic() + random.expovariate(1 / LIFE)

    def messages(self) -> Iterator[tuple[Any, ...]]:
        try:
            while self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):  # the last message may be cut short by the kill
            return

    def kill(self, told: Told) -> None:
        self.process.kill()
        self.process.join()
        for message in self.messages():
            told.take(message)
        self.connection.close()


def settled(service: psutil.Process, seconds: float = 120) -> bool:
    """Waits until the service computes nothing: less than a tenth of a core, over two seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = sum(service.cpu_times()[:2])
        time.sleep(2)
        if sum(service.cpu_times()[:2]) - before < 0.2:
            return True
    return False


def state(service: psutil.Process) -> dict[str, float]:
    return {
        "MB": round(service.memory_info().rss / 1_000_000, 1),
        "threads": service.num_threads(),
        "files": service.num_fds(),
        "connections": len(service.net_connections("tcp")),
    }


def load(url: str, pid: int, seconds: float, asked: list[str]) -> dict[str, Any]:
    """What came of it. `pid` is the service's process."""
    told, service = Told(), psutil.Process(pid)
    http = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE)
    began, path, kills = time.monotonic(), [], 0
    next_sample = 0.0
    clients = [_Client(url, f"load{n}", asked) for n in range(CLIENTS)]
    try:
        while (now := time.monotonic() - began) < seconds:
            for each in clients:
                for message in each.messages():
                    told.take(message)
                if time.monotonic() > each.end or not each.process.is_alive():
                    each.kill(told)
                    each.start()
                    kills += 1
            if now >= next_sample:
                path.append({"s": round(now), **state(service)})
                next_sample += seconds / 60
            time.sleep(0.05)
    finally:
        for each in clients:
            each.kill(told)
    idle = settled(service)
    with closing(http):
        differences = list(told.differences(http))
        alive = http.get("/readyz").is_success
        report = http.post("/v1/doctor", json={"mend": False}).json()
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "clients killed": kills,
        "done": dict(told.did.most_common()),
        "failed": told.failures,
        "articles": sum(text is not None for text in told.articles.values()),
        "lost": differences,
        "idle in the end": idle,
        "ready in the end": alive,
        "doctor": report,
        "state": path,
        "state in the end": state(service),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of fewer nothing is kept")
    parser.add_argument("--model", default="default", choices=MODELS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    ends_with_what_it_began()
    examples: list[NewArticle] = [
        new
        for path in sorted(ARTICLES.glob("*.txt"))
        for new in read_documents(path.name, path.read_bytes())
    ]
    asked = [row["question"] for row in questions()]
    model = MODELS[arguments.model]
    with closing(Ours(model)) as ours:
        ours.until("/readyz")
        ours.take(examples)
        found = load(ours.url, ours.pid, 60 * arguments.minutes, asked)
    found = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "model": model, **found}
    if arguments.minutes >= MINUTES:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"load-{model}.json").write_text(json.dumps(found, indent=1) + "\n")
    brief = {k: v for k, v in found.items() if k != "state"}
    Console().print_json(json.dumps(brief))
    well = found["idle in the end"] and found["ready in the end"]
    wrong = found["lost"] or found["failed"] or found["doctor"]["findings"]
    sys.exit(0 if well and not wrong else 1)


if __name__ == "__main__":
    main()
