"""The engine's speed and latency, alone and with several clients: `python -m bench.engine`.

Every comparison is one of two ways of doing the same work, within one run and taken in turns: on a
shared machine the ratios tell, not the seconds. Where others leave it little, `--threads 1` and the
processor's seconds tell more: threads that wait for one another spin. `--only NAME` (repeatable)
for some of it, `--model small` for the 0.5B, `--micro-batch` and `--mixed-batch` for other sizes
than the engine's own, `--order` for weights in the order of their file or in llama.cpp's own.
"""

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from langchain_core.messages import HumanMessage, SystemMessage
from rich.console import Console

import service.engine
import service.llamacpp
from bench.golden import ARTICLES
from bench.machine import resident_mb
from service import catalogue
from service.engine import Engine, Step
from service.llamacpp import Chunk
from service.settings import Settings

MODELS = {"default": "qwen2.5-coder-1.5b", "small": "qwen2.5-coder-0.5b", "tiny": "smollm2-135m"}
CLIENTS = 8
QUESTIONS = (
    "What happened?",
    "Who is named first, and why?",
    "When did it happen?",
    "Where did it happen?",
    "Which numbers are given?",
    "What is said to follow?",
    "Who is quoted?",
    "What is not known yet?",
)
Figures = dict[str, float]


class Bench:
    """What is measured. Prompts are cold where a header stands in front that no other one has."""

    def __init__(self, engine: Engine, repeats: int) -> None:
        self.engine, self.repeats = engine, repeats
        self._headers = itertools.count()
        texts = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
        self.articles = [text for text in texts if len(text) > 1000]

    def header(self) -> str:
        return f"Edition {next(self._headers)} of the press review."

    def prompt(self, header: str, article: str, question: str) -> list[int]:
        return self.engine.render(
            [SystemMessage(header), HumanMessage(f"{article}\n\nQuestion: {question}")]
        )

    def counting(self) -> list[int]:
        """A prompt whose continuation has no end."""
        return self.engine.tokenize("Count from 1 to 999, separated by commas: 1, 2, 3,")

    def text(self, tokens: list[int], max_tokens: int) -> str:
        steps = self.engine.run(tokens, max_tokens=max_tokens)
        return "".join(step.text for step in steps if isinstance(step, Step))

    def all_at_once(self, prompts: Sequence[list[int]], max_tokens: int) -> list[str]:
        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(lambda tokens: self.text(tokens, max_tokens), prompts))

    def one_by_one(self, prompts: Sequence[list[int]], max_tokens: int) -> list[str]:
        return [self.text(tokens, max_tokens) for tokens in prompts]

    def one(self) -> Figures:
        """One sequence, as llama.cpp's own tool has it: 512 tokens read, 64 generated from none."""
        prefill, decode = [], []
        for _ in range(self.repeats):
            start = time.monotonic()
            self.text(self.prompt(self.header(), " ".join(self.articles), "")[:512], 1)
            prefill.append(512 / (time.monotonic() - start))
            times = [
                time.monotonic()
                for step in self.engine.run(self.counting(), max_tokens=65)
                if isinstance(step, Step)
            ]
            decode.append((len(times) - 1) / (times[-1] - times[0]))
        return {
            "prefill, tokens/s": statistics.median(prefill),
            "decode, tokens/s": statistics.median(decode),
        }

    def batches(self) -> Figures:
        """Micro-batches of so many tokens after 256, each the quickest of the repeats."""
        context, sequence, before = self.engine._context, self.engine._free[0], 256
        tokens = self.prompt(self.header(), " ".join(self.articles), "")[: before + 128]
        for start in range(0, before, 128):
            context.decode([Chunk(sequence, start, tokens[start:][:128], False)])
        took: dict[int, list[float]] = {}
        for _ in range(self.repeats):
            for count in (1, 2, 4, 8, 16, 32, 60, 64, 124, 128):
                start = time.monotonic()
                status = context.decode([Chunk(sequence, before, tokens[before:][:count], True)])
                assert status == 0, f"llama.cpp gave {status}"
                took.setdefault(count, []).append(time.monotonic() - start)
                context.remove(sequence, before)
        context.remove(sequence)
        return {f"{count}, ms": 1000 * min(times) for count, times in took.items()}

    def busy(self) -> Figures:
        """The same beside a process that never rests. GOMP_SPINCOUNT says how long a thread of
        llama.cpp spins while it waits for another; `service/__init__.py` has what is the default.
        """
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            return self.one()
        finally:
            other.kill()
            other.wait()

    def shared(self) -> Figures:
        """Eight questions about one article that nobody has read, 24 tokens each."""

        def prompts() -> list[list[int]]:
            header = self.header()
            return [self.prompt(header, self.articles[0], question) for question in QUESTIONS]

        return self._compared(prompts, 24)

    def cold(self) -> Figures:
        """Eight articles that nobody has read, a question each, 24 tokens each."""

        def prompts() -> list[list[int]]:
            return [
                self.prompt(self.header(), article, question)
                for article, question in zip(self.articles, QUESTIONS, strict=False)
            ]

        return self._compared(prompts, 24)

    def reads(self) -> Figures:
        """Eight reads (one token each) about an article that was read."""

        def prompts() -> list[list[int]]:
            header = self.header()
            self.text(self.prompt(header, self.articles[1], ""), 1)
            return [self.prompt(header, self.articles[1], question) for question in QUESTIONS]

        return self._compared(prompts, 1)

    def _compared(self, prompts: Callable[[], list[list[int]]], max_tokens: int) -> Figures:
        ways = {"one by one": self.one_by_one, "all at once": self.all_at_once}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        processor: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(self.repeats):
            for name, way in ways.items():
                asked = prompts()
                start, start_processor = time.monotonic(), time.process_time()
                way(asked, max_tokens)
                seconds[name].append(time.monotonic() - start)
                processor[name].append(time.process_time() - start_processor)
        figures: Figures = {}
        for unit, taken in (("s", seconds), ("processor's s", processor)):
            ratios = [a / b for a, b in zip(*taken.values(), strict=True)]
            figures |= {f"{name}, {unit}": statistics.median(taken[name]) for name in ways}
            figures[f"one by one / at once, {unit}"] = statistics.median(ratios)
        return figures

    def gap(self) -> Figures:
        """Between two tokens of a running sequence, alone and while four cold articles come."""

        def gaps(steps: Iterable[object]) -> Iterator[float]:
            last = None
            for step in steps:
                if isinstance(step, Step):
                    now = time.monotonic()
                    if last is not None:
                        yield now - last
                    last = now

        alone = list(gaps(self.engine.run(self.counting(), max_tokens=60)))
        asked = [self.prompt(self.header(), article, "") for article in self.articles[:4]]
        others = threading.Thread(target=self.all_at_once, args=(asked, 1))
        among: list[float] = []
        for i, seconds in enumerate(gaps(self.engine.run(self.counting(), max_tokens=60))):
            among.append(seconds)
            if i == 2:
                others.start()
        others.join()
        return {
            "alone, median, ms": 1000 * statistics.median(alone),
            "alone, longest, ms": 1000 * max(alone),
            "others prefill, median, ms": 1000 * statistics.median(among),
            "others prefill, longest, ms": 1000 * max(among),
        }

    def cancel(self, times: int = 100) -> Figures:
        """From a client's leaving until its sequence is gone: half of the times while its prompt is
        read, half once it generates, while another's is read beside. Two others generate all the
        while."""
        steps, ended = [0, 0], threading.Event()

        def generate(other: int) -> None:
            while not ended.is_set():
                for step in self.engine.run(self.counting(), max_tokens=400):
                    steps[other] += isinstance(step, Step)
                    if ended.is_set():
                        break

        taken, went_on = [], 0
        with ThreadPoolExecutor(len(steps)) as clients:
            others = [clients.submit(generate, other) for other in range(len(steps))]
            for i in range(times):
                header = self.header()
                tokens = self.prompt(header, " ".join(self.articles[:4]), "")[:1500]
                leaves = reads = self.engine.run(tokens, max_tokens=200)
                if i % 2:
                    tokens = self.engine.tokenize(f"{header} Count on: 1, 2, 3,")
                    leaves = self.engine.run(tokens, max_tokens=200)
                    while not isinstance(next(leaves), Step):
                        pass
                for _ in range(1 + i % 4):
                    next(reads)
                start = time.monotonic()
                leaves.close()  # type: ignore[attr-defined]
                while self._is_there(tokens):
                    time.sleep(0.0005)
                taken.append(time.monotonic() - start)
                went_on += self._all_step(steps)
                reads.close()  # type: ignore[attr-defined]
            ended.set()
        for other in others:
            other.result()  # a failure of theirs is raised here
        return {
            "median, ms": 1000 * statistics.median(taken),
            "longest, ms": 1000 * max(taken),
            "gone, the others going on": went_on,
        }

    def _is_there(self, prompt: list[int]) -> bool:
        """Whether a request of this prompt, of which there is but one, waits or runs."""
        requests = [*self.engine._waiting, *(s.request for s in list(self.engine._running))]
        return any(request.tokens[: len(prompt)] == prompt for request in requests)

    def _all_step(self, steps: list[int]) -> bool:
        """Whether each of them gets another token, within ten seconds."""
        before, end = list(steps), time.monotonic() + 10
        while time.monotonic() < end:
            if all(now > then for now, then in zip(steps, before, strict=True)):
                return True
            time.sleep(0.0005)
        return False

    def memory(self) -> Figures:
        """Resident memory, before and after 200 requests of all kinds."""
        loaded = resident_mb()
        rng = random.Random(0)

        def ask(i: int) -> None:
            tokens = self.prompt(self.header(), self.articles[i % 9], QUESTIONS[i % 8])
            self.text(tokens[-rng.randrange(20, 160) :], rng.choice((1, 1, 1, 8)))

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(ask, range(200)))
        return {"before, MB": loaded, "after 200 requests, MB": resident_mb()}

    def agreement(self) -> Figures:
        """Texts of 40 tokens that differ: asked alone and among eight, and asked alone twice."""
        prompts = [
            self.prompt("You are brief.", article, question)
            for article in self.articles
            for question in QUESTIONS[:4]
        ]
        alone = self.one_by_one(prompts, 40)
        rng = random.Random(0)
        order = rng.sample(range(len(prompts)), len(prompts))
        among = self.all_at_once([prompts[i] for i in order], 40)
        again = self.one_by_one([prompts[i] for i in order], 40)
        return {
            "texts": len(prompts),
            "differ among eight": sum(alone[i] != t for i, t in zip(order, among, strict=True)),
            "differ alone, in another order": sum(
                alone[i] != t for i, t in zip(order, again, strict=True)
            ),
        }


PARTS = (
    "one", "batches", "busy", "shared", "cold", "reads", "gap", "cancel", "memory", "agreement",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="default", choices=MODELS)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--kv-tokens", type=int, default=8192)
    parser.add_argument("--micro-batch", type=int, default=service.engine.MICRO_BATCH)
    parser.add_argument("--mixed-batch", type=int, help="so many, however long they take")
    parser.add_argument("--order", choices=("file", "llama.cpp"))
    arguments = parser.parse_args()
    if arguments.order:
        service.llamacpp.IN_FILE_ORDER = arguments.order == "file"
    service.engine.MICRO_BATCH = arguments.micro_batch
    if arguments.mixed_batch:
        service.engine.MIXED_BATCH = arguments.mixed_batch
        service.engine.DELAY = 1e9  # so many, however long they take
    path = catalogue.locate(
        catalogue.find(MODELS[arguments.model], "language"), Settings().models_dir
    )
    console = Console()
    before = resident_mb()
    engine = Engine(path, kv_tokens=arguments.kv_tokens, threads=arguments.threads)
    console.print_json(json.dumps({"engine, MB": round(resident_mb() - before)}))
    bench = Bench(engine, arguments.repeats)
    try:
        for name in arguments.only or PARTS:
            measured: Figures = getattr(bench, name)()
            rounded = {figure: float(f"{value:.3g}") for figure, value in measured.items()}
            console.print_json(json.dumps({name: rounded}))
    finally:
        engine.close()


if __name__ == "__main__":
    main()
