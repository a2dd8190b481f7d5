"""How fast it is, beside the stock stack, llama_cpp.server and llama.cpp's own tool: `make bench`.

All in one run, on the same model file, articles and questions, each stack in a process of its own
and in turns, so that what else the machine does falls on all of them: the ratios are the result.
Articles are the documents of SQuAD 2.0's development set, from `qa_squad2.jsonl` in the folder of
evaluation sets, and the example articles, whose golden questions `crowd` and `stream` ask.

    asks    a cold question, the next on the same article, the same again; then as a profile
    stream  the first verified sentence of answers of several
    crowd   eight clients at once, on one article
    cold    eight clients at once, on eight articles
    engine  eight clients at once, of the engine alone
    tool    one sequence's tokens a second
    memory  resident memory, and over 2,000 requests
    cancel  from a client's leaving until its sequence is gone
    gap     between two tokens while others' prompts are read
    start   from the process's start until it answers

Results are kept by part in `bench/results/MODEL.json`; the table and the plots in `docs/` show all
parts that were measured. `--only` measures some anew. Of fewer articles or rounds than usual they
are shown, and not kept. Nothing fails because it is slow.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import speed_report
from bench.engine import CLIENTS, MODELS, QUESTIONS
from bench.golden import ARTICLES, questions, triples
from bench.machine import LlamaBench, costs, facts
from bench.stacks import (
    EngineAlone,
    LlamaServer,
    Ours,
    Reply,
    Stock,
    ends_with_what_it_began,
    located,
)
from index.articles import NewArticle
from index.documents import read_documents
from service.evaluation import read_sets
from service.llamacpp import IN_FILE_ORDER
from service.settings import Settings

RESULTS = Path(__file__).parent / "results"
EDITIONS = 4  # copies of an example article, each cold when it is asked about first
MOST_TOKENS = 24
ARTICLES_ASKED, ROUNDS = 12, 2  # what is kept has at least so many
REQUESTS = 2000
console = Console(stderr=True)


@dataclass(frozen=True)
class Asked:
    question: str
    article: str


class Corpus:
    """Articles and questions. Each article is asked about in one place only."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        (squad,) = read_sets([folder / "qa_squad2.jsonl"])
        examples = [
            new
            for path in sorted(ARTICLES.glob("*.txt"))
            for new in read_documents(path.name, path.read_bytes())
        ]
        self.editions = [
            new.model_copy(update={"id": f"{new.id}-{n}", "title": f"{new.title} ({n})"})
            for new in examples
            for n in range(EDITIONS)
        ]
        self.articles: list[NewArticle] = [*squad.articles, *self.editions]
        titles = {new.id: new.title for new in squad.articles}
        about: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in squad.rows:
            about[squad.names[row["context_doc_id"]]].append(row)
        by_title: dict[Any, list[str]] = defaultdict(list)
        for article in random.Random(seed).sample(sorted(about), len(about)):
            by_title[titles[article]].append(article)
        # One of each title in turns, so that what is asked about next resembles it least.
        most = max(map(len, by_title.values()))
        order = [a[i] for i in range(most) for a in by_title.values() if i < len(a)]
        self._rows = {article: about[article] for article in order}

    def triples(self) -> list[Asked]:
        """A question of three parts on each example article; on its last edition."""
        return [
            Asked(
                " ".join(row["question"] for row in three),
                f"{three[0]['article_ids'][0]}-{EDITIONS - 1}",
            )
            for three in triples()
        ]

    def pairs(self, number: int) -> list[tuple[Asked, Asked]]:
        """Two questions on one article each, the first of which it answers."""
        taken = self._take(number, lambda rows: len(rows) > 1 and rows[0]["answerable"])
        return [
            (Asked(one["question"], article), Asked(other["question"], article))
            for article, (one, other, *_) in taken
        ]

    def singles(self, number: int) -> list[Asked]:
        taken = self._take(number, lambda rows: rows[0]["answerable"])
        return [Asked(rows[0]["question"], article) for article, rows in taken]

    def _take(
        self, number: int, fits: Callable[[list[Any]], bool]
    ) -> list[tuple[str, list[dict[str, Any]]]]:
        chosen = [article for article, rows in self._rows.items() if fits(rows)][:number]
        return [(article, self._rows.pop(article)) for article in chosen]

    def crowd(self, number: int) -> Iterator[tuple[str, list[str]]]:
        """Example articles, with eight questions on each that name no other article."""
        asked: dict[str, list[str]] = defaultdict(list)
        for row in questions():
            if len(row["article_ids"]) == 1:
                asked[row["article_ids"][0]].append(row["question"])
        full = [(a, q[:CLIENTS]) for a, q in sorted(asked.items()) if len(q) >= CLIENTS]
        yield from full[:number]


class Speed:
    """The parts. Each gives its rows' figures and what they were made from."""

    def __init__(self, corpus: Corpus, model: str, number: int, rounds: int, threads: int) -> None:
        self.model, self.number, self.rounds, self.threads = model, number, rounds, threads
        self.corpus = corpus
        # Taken in this order whatever is measured, so that every run asks the same.
        self.pairs = corpus.pairs(number)
        self.named = corpus.pairs(number // 2)
        self.singles = corpus.singles(CLIENTS * rounds)
        self.others = corpus.singles(REQUESTS // 20)
        self._open = ExitStack()

    @cached_property
    def ours(self) -> Ours:
        ours = self._open.enter_context(closing(Ours(self.model)))
        ours.until("/readyz")
        ours.take(self.corpus.articles)
        return ours

    @cached_property
    def stock(self) -> Stock:
        return self._open.enter_context(closing(Stock(self.model, self.corpus.articles)))

    @cached_property
    def engine(self) -> EngineAlone:
        return self._open.enter_context(closing(EngineAlone(self.model, self.threads)))

    def close(self) -> None:
        self._open.close()

    def asks(self) -> Reply:
        samples: dict[str, list[dict[str, float]]] = defaultdict(list)
        profile: dict[str, list[Reply]] = defaultdict(list)

        def ask(stack: Ours | Stock, row: str, asked: Asked, named: bool) -> None:
            reply = stack.ask(asked.question, asked.article if named else None)
            samples[row][-1][stack.name] = reply["seconds"]
            if isinstance(stack, Ours):
                profile[row].append({k: reply[k] for k in ("usage", "timings_ms", "seconds")})

        ours_and_theirs: list[Ours | Stock] = [self.ours, self.stock]
        for named, pairs in ((False, self.pairs), (True, self.named)):
            rows = ("named cold", "named next", None) if named else ("cold", "next", "again")
            for n, (one, other) in enumerate(pairs):
                for row in filter(None, rows):
                    samples[row].append({})
                for stack in ours_and_theirs[:: 1 if n % 2 else -1]:
                    for row, asked in zip(rows, (one, other, other), strict=True):
                        if row:
                            ask(stack, row, asked, named)
                self._say(f"{'named' if named else 'asks'} {n + 1} of {len(pairs)}")
        return {
            "rows": {row: _against(found, "stock") for row, found in samples.items()},
            "samples": samples,
            "profile": {row: _profile(replies) for row, replies in profile.items()},
        }

    def stream(self) -> Reply:
        told = [self.ours.stream(a.question, a.article) for a in self.corpus.triples()]
        long = [t for t in told if len(t["sentences"]) >= 3]
        rows = {}
        if long:
            firsts = [t["sentences"][0] for t in long]
            rows["stream"] = _ratio(firsts, [t["seconds"] for t in long])
        return {"rows": rows, "samples": told}

    def crowd(self) -> Reply:
        """Eight questions on an article that is named; cold for each way of asking them."""
        taken: list[dict[str, float]] = []
        waits: list[dict[str, float]] = []
        for article, asked in self.corpus.crowd(self.rounds):
            ways: list[tuple[str, Ours | Stock, int]] = [
                ("at once", self.ours, CLIENTS),
                ("stock", self.stock, CLIENTS),
                ("one by one", self.ours, 1),
            ]
            first = len(taken) % len(ways)
            taken.append({})
            waits.append({})
            for n, (name, stack, clients) in enumerate(ways[first:] + ways[:first]):
                edition = f"{article}-{n}"
                times = _all(stack, [(q, edition) for q in asked], clients)
                taken[-1][name], waits[-1][name] = max(times), statistics.mean(times)
            self._say(f"crowd {len(taken)} of {self.rounds}")
        at_once = [t["at once"] for t in taken]
        return {
            "rows": {
                "crowd": _ratio(at_once, [t["stock"] for t in taken]),
                "crowd alone": _ratio(at_once, [t["one by one"] for t in taken]),
                "crowd wait": _ratio([w["at once"] for w in waits], [w["stock"] for w in waits]),
            },
            "samples": taken,
            "mean waits": waits,
        }

    def cold(self) -> Reply:
        taken: list[dict[str, float]] = []
        waits: list[dict[str, float]] = []
        for n in range(self.rounds):
            asked = [(a.question, None) for a in self.singles[n * CLIENTS :][:CLIENTS]]
            stacks: list[Ours | Stock] = [self.ours, self.stock]
            times = {s.name: _all(s, asked, CLIENTS) for s in stacks[:: 1 if n % 2 else -1]}
            taken.append({name: max(t) for name, t in times.items()})
            waits.append({name: statistics.mean(t) for name, t in times.items()})
            self._say(f"cold {n + 1} of {self.rounds}")
        rows = {"strangers": _against(taken, "stock"), "strangers wait": _against(waits, "stock")}
        return {"rows": rows, "samples": taken, "mean waits": waits}

    def engine_alone(self) -> Reply:
        texts = [text for p in sorted(ARTICLES.glob("*.txt")) if len(text := p.read_text()) > 1000]
        kinds = {
            "engine": list(zip(texts, QUESTIONS, strict=False)),
            "engine shared": [(texts[0], question) for question in QUESTIONS],
        }
        samples: dict[str, list[dict[str, float]]] = defaultdict(list)
        tokens: dict[str, Any] = {}
        with closing(LlamaServer(located(self.model), self.threads)) as server:
            for n in range(self.rounds):
                for kind, pairs in kinds.items():
                    header = f"Edition {n} of the press review, {kind}."
                    prompts = [_chat(header, *pair) for pair in pairs]
                    stacks: list[EngineAlone | LlamaServer] = [self.engine, server]
                    samples[kind].append({})
                    for stack in stacks[:: 1 if n % 2 else -1]:
                        done = stack.complete(prompts, MOST_TOKENS)
                        samples[kind][-1][stack.name] = done.pop("seconds")
                        tokens[f"{kind}, {stack.name}"] = done
                self._say(f"engine {n + 1} of {self.rounds}")
        rows = {kind: _against(found, server.name) for kind, found in samples.items()}
        return {"rows": rows, "samples": samples, "tokens": tokens}

    def tool(self) -> Reply:
        """As the tool is by itself; then with the weights in the order in which ours are."""
        path = located(self.model)
        tools = {
            "": LlamaBench(path, self.threads),
            " alike": LlamaBench(path, self.threads, "--repack", str(int(not IN_FILE_ORDER))),
        }
        ours: dict[str, list[float]] = defaultdict(list)
        theirs: dict[str, list[float]] = defaultdict(list)
        for n in range(max(3, self.rounds)):
            for name, rate in self.engine.measure("one").items():
                ours[name.partition(",")[0]].append(rate)
            for how, tool in tools.items():
                theirs[f"prefill{how}"].append(tool.rate("-p", 512))
                theirs[f"decode{how}"].append(tool.rate("-n", 64))
            self._say(f"tool {n + 1}")
        rows = {row: _ratio(ours[row.split()[0]], theirs[row], "tokens/s") for row in theirs}
        return {"rows": rows, "samples": {"Dateline's engine": ours, "llama-bench": theirs}}

    def memory(self) -> Reply:
        """Both after the same questions; then ours over many requests of every kind."""
        asked = [one for one, _ in [*self.pairs, *self.named]][:4]
        for one in asked:
            self.ours.ask(one.question)
            self.stock.ask(one.question)
        path = [self.ours.rss()]
        rng = random.Random(0)
        step = REQUESTS // 20
        with ThreadPoolExecutor(CLIENTS) as clients:
            for n in range(0, REQUESTS, step):
                kinds = [rng.random() for _ in range(step)]
                numbered = zip(kinds, range(n, n + step), strict=True)
                list(clients.map(lambda pair: self._one_of_many(asked, *pair), numbered))
                path.append(self.ours.rss())
                self._say(f"memory {n + step} requests: {path[-1]:.0f} MB")
        settled = path[2:]  # a tenth of the requests: every thread has its buffers
        return {
            "rows": {
                "memory": _ratio([path[0]], [self.stock.rss()], "MB"),
                "flat": {"value": max(settled) / settled[0] - 1, "n": REQUESTS},
            },
            "samples": {"requests": step, "MB": path},
        }

    def _one_of_many(self, asked: Sequence[Asked], kind: float, number: int) -> None:
        """One of the 2,000: what takes the model long is asked seldom, or not waited for."""
        ours = self.ours
        if kind < 0.65:
            ours.ask(asked[number % len(asked)].question)
        elif kind < 0.7:
            ours.ask(self.others[number % len(self.others)].question)
        elif kind < 0.8:
            ours.client.post("/v1/search", json={"query": f"{number} {asked[0].question}"})
        elif kind < 0.9:
            path = f"/v1/articles/light-{number}"
            text = f"The {number}th report on the harbour. All is well."
            ours.client.put(path, json={"text": text})
            ours.client.delete(path)
        elif kind < 0.95:
            ours.ask(f"What was said on day {number}?", asked[0].article, max_seconds=0.5)
        else:
            request = {"question": f"Who spoke on day {number}?", "stream": True}
            with ours.client.stream("POST", "/v1/answers", json=request) as events:
                next(events.iter_raw())  # and leaves

    def cancel(self) -> Reply:
        found = self.engine.measure("cancel")
        gone = found["gone, the others going on"]
        rows = {"cancel": {"value": found["longest, ms"], "n": 100}}
        return {"rows": rows | {"gone": {"value": gone, "n": 100}}, "samples": found}

    def gap(self) -> Reply:
        found = [self.engine.measure("gap") for _ in range(self.rounds)]
        longest = max(f["others prefill, longest, ms"] for f in found)
        return {"rows": {"gap": {"value": longest / 1000, "n": self.rounds}}, "samples": found}

    def start(self) -> Reply:
        """On an index of the example articles; the first start fills the page cache."""
        taken: dict[str, list[float]] = {"/livez": [], "/readyz": []}
        with tempfile.TemporaryDirectory() as directory:
            for n in range(4):
                with closing(Ours(self.model, Path(directory))) as ours:
                    times = {path: ours.until(path) for path in taken}
                    if n == 0:
                        ours.take(self.corpus.editions[::EDITIONS])
                        continue
                for path, seconds in times.items():
                    taken[path].append(seconds)
        rows = {path: {"value": statistics.median(v), "n": len(v)} for path, v in taken.items()}
        return {"rows": rows, "samples": taken}

    def _say(self, what: str) -> None:
        console.print(f"{datetime.now(UTC):%H:%M:%S} {what}", highlight=False)


def _all(stack: Ours | Stock, asked: Sequence[tuple[str, str | None]], clients: int) -> list[float]:
    """Seconds from when all are asked, by so many clients at a time, until each is answered."""
    start = time.monotonic()

    def ask(pair: tuple[str, str | None]) -> float:
        stack.ask(*pair)
        return time.monotonic() - start

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(ask, asked))


def _chat(header: str, article: str, question: str) -> str:
    return (
        f"<|im_start|>system\n{header}<|im_end|>\n<|im_start|>user\n{article}\n\n"
        f"Question: {question}<|im_end|>\n<|im_start|>assistant\n"
    )


def _ratio(ours: Sequence[float], theirs: Sequence[float], unit: str = "s") -> Reply:
    one, other = statistics.median(ours), statistics.median(theirs)
    return {"value": one / other, "ours": one, "theirs": other, "unit": unit, "n": len(ours)}


def _against(samples: Sequence[dict[str, float]], theirs: str) -> Reply:
    (ours,) = {name for sample in samples for name in sample} - {theirs}
    return _ratio([s[ours] for s in samples], [s[theirs] for s in samples])


def _profile(replies: Sequence[Reply]) -> Reply:
    """The mean answer: milliseconds by stage, and tokens by what had to be done for them."""
    stages = replies[0]["timings_ms"]
    mean = {s: statistics.mean(r["timings_ms"][s] or 0 for r in replies) for s in stages}
    used = {k: statistics.mean(r["usage"][k] for r in replies) for k in replies[0]["usage"]}
    return {
        "ms": mean,
        "tokens read": used["prompt_tokens"] - used["cached_tokens"],
        "tokens found in the cache": used["cached_tokens"],
        "tokens written": used["completion_tokens"],
    }


PARTS = {
    "start": Speed.start,
    "asks": Speed.asks,
    "stream": Speed.stream,
    "crowd": Speed.crowd,
    "cold": Speed.cold,
    "memory": Speed.memory,
    "engine": Speed.engine_alone,
    "tool": Speed.tool,
    "gap": Speed.gap,
    "cancel": Speed.cancel,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the evaluation sets")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this (repeatable)")
    parser.add_argument(
        "--n", type=int, default=ARTICLES_ASKED, help="articles asked about one by one (12)"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of eight clients at once (2)")
    parser.add_argument("--model", default="default", choices=MODELS)
    parser.add_argument("--report", action="store_true", help="only write table and plots anew")
    arguments = parser.parse_args()
    model = MODELS[arguments.model]
    path = RESULTS / f"{model}.json"
    kept = arguments.n >= ARTICLES_ASKED and arguments.rounds >= ROUNDS
    known: Reply = json.loads(path.read_text()) if path.exists() else {}
    results: Reply = {"parts": known.get("parts", {}) if kept else {}}
    results |= {"model": model, "costs": costs(located(model))}
    ends_with_what_it_began()
    if not arguments.report:
        threads = Settings().threads or int(facts(1)["cores"])
        machine = facts(threads)
        speed = Speed(Corpus(arguments.folder), model, arguments.n, arguments.rounds, threads)
        with closing(speed):
            for name in arguments.only or PARTS:
                began = time.monotonic()
                try:
                    part = PARTS[name](speed)
                except OSError as error:
                    console.print(f"{name}: left out. {error}", markup=False)
                    continue
                part["machine"], part["date"] = machine, f"{datetime.now(UTC):%Y-%m-%d}"
                part["minutes"] = round((time.monotonic() - began) / 60, 1)
                results["parts"][name] = part
                if kept:
                    RESULTS.mkdir(exist_ok=True)
                    path.write_text(json.dumps(_rounded(results), indent=1) + "\n")
    if kept:
        speed_report.write(results, default=arguments.model == "default")
    Console().print(speed_report.table(results), markup=False, highlight=False, soft_wrap=True)
    if not kept:
        console.print(f"Of fewer than {ARTICLES_ASKED} articles or {ROUNDS} rounds: not kept.")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return value


if __name__ == "__main__":
    main()
