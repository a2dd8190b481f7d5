"""What is compared, each in a process of its own: Dateline's service, the stock stack,
llama_cpp.server, and Dateline's engine alone.

The stock stack and the engine are this module, started as `python -m bench.stacks`: they read one
JSON object a line and reply with one. `bench.machine` loads llama.cpp, and is imported before
`service`, which sets how long llama.cpp's threads spin: the stock stack has no part in that.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from bench.machine import resident_mb, untuned
from index.articles import NewArticle
from service import catalogue
from service.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0
Reply = dict[str, Any]


def located(name: str) -> Path:
    return catalogue.locate(catalogue.find(name, "language"), Settings().models_dir)


def ends_with_what_it_began() -> None:
    """Whoever ends this process ends those that it started, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class Child:
    """A process and the URL it serves on. `log` is where it says what goes wrong."""

    def __init__(self, command: Sequence[str], port: int, environment: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.started = time.monotonic()
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdout=self.log,
            stderr=self.log,
            cwd=ROOT,
        )
        self.pid = self._process.pid
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)

    def until(self, path: str) -> float:
        """Seconds from the process's start until `path` answers with success."""
        while self._process.poll() is None:
            try:
                if self.client.get(path).is_success:
                    return time.monotonic() - self.started
            except httpx.TransportError:
                pass
            time.sleep(0.01)
        self.log.seek(0)
        raise RuntimeError(self.log.read().decode(errors="replace")[-2000:])

    def rss(self) -> float:
        return resident_mb(self.pid)

    def close(self) -> int:
        self.client.close()
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Ours(Child):
    """`dateline serve`, on a data directory that is thrown away unless one is given."""

    name = "Dateline"

    def __init__(self, model: str, directory: Path | None = None, **settings: str | int) -> None:
        self._open = ExitStack()
        place = directory or self._open.enter_context(tempfile.TemporaryDirectory())
        environment = {"DATELINE_DATA_DIR": str(place), "DATELINE_MODEL": model}
        environment |= {f"DATELINE_{name.upper()}": str(v) for name, v in settings.items()}
        port = free_port()
        # As `dateline` does, of the sources beside this file, wherever the package is installed.
        start = [sys.executable, "-c", "from service.cli import main; main()"]
        super().__init__([*start, "serve", "--port", str(port)], port, os.environ | environment)

    def take(self, articles: Sequence[NewArticle]) -> None:
        lines = "".join(f"{new.model_dump_json(exclude_none=True)}\n" for new in articles)
        headers = {"Content-Type": "application/x-ndjson"}
        job = self.client.post("/v1/articles:import", content=lines, headers=headers)
        job.raise_for_status()
        state = job.json()["job"]
        while state["state"] in ("queued", "running"):
            time.sleep(0.1)
            state = self.client.get(f"/v1/jobs/{state['id']}").json()
        if state["state"] != "succeeded" or state["failed"]:
            raise RuntimeError(f"not all articles were taken: {state}")

    def ask(self, question: str, article: str | None = None, **options: Any) -> Reply:
        start = time.monotonic()
        response = self.client.post("/v1/answers", json=asked(question, article, **options))
        response.raise_for_status()
        return {**response.json(), "seconds": time.monotonic() - start}

    def stream(self, question: str, article: str) -> Reply:
        """When each verified sentence came, and when the answer."""
        start, sentences, name = time.monotonic(), [], ""
        request = asked(question, article, stream=True)
        with self.client.stream("POST", "/v1/answers", json=request) as lines:
            for line in lines.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                    if name == "sentence":
                        sentences.append(time.monotonic() - start)
        if name != "answer":
            raise RuntimeError(f"the stream ended with {name!r}")
        return {"sentences": sentences, "seconds": time.monotonic() - start}

    def close(self) -> int:
        with self._open:
            return super().close()


class LlamaServer(Child):
    """llama-cpp-python's own server: one request at a time."""

    name = "llama_cpp.server"

    def __init__(self, path: Path, threads: int) -> None:
        port = free_port()
        options = {"model": path, "n_ctx": 4096, "n_threads": threads, "port": port}
        options |= {"n_threads_batch": threads, "host": "127.0.0.1"}
        command = [sys.executable, "-m", "llama_cpp.server"]
        super().__init__([*command, *(f"--{k}={v}" for k, v in options.items())], port, untuned())
        self.until("/v1/models")

    def complete(self, prompts: Sequence[str], most: int) -> Reply:
        """All prompts at once, a client each."""

        def one(prompt: str) -> Reply:
            request = {"prompt": prompt, "max_tokens": most, "temperature": 0}
            response = self.client.post("/v1/completions", json=request)
            response.raise_for_status()
            return dict(response.json()["usage"])

        start = time.monotonic()
        with ThreadPoolExecutor(len(prompts)) as clients:
            used = list(clients.map(one, prompts))
        read, written = (sum(u[f"{k}_tokens"] for u in used) for k in ("prompt", "completion"))
        return {"seconds": time.monotonic() - start, "read": read, "written": written}


class Piped:
    """A process of this module: a request at a time, as JSON lines."""

    def __init__(self, kind: str, environment: dict[str, str], **about: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stacks", kind], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pid = self._process.pid
        self._mine = threading.Lock()
        self.call(about)  # articles and all: too long for an argument; ready when it answers

    def call(self, request: Reply) -> Reply:
        """Whoever comes while another request is answered waits, as its users do."""
        with self._mine:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with {self._process.wait()}")
        return dict(json.loads(line))

    def rss(self) -> float:
        return resident_mb(self.pid)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


class Stock(Piped):
    """bench/anchor.py: LangChain, Chroma, llama.cpp's chat completion."""

    name = "stock"

    def __init__(self, model: str, articles: Sequence[NewArticle]) -> None:
        known = [new.model_dump(exclude_none=True) for new in articles]
        super().__init__("stock", untuned(), model=model, articles=known)

    def ask(self, question: str, article: str | None = None) -> Reply:
        return self.call({"question": question, "article": article})


class EngineAlone(Piped):
    """service/engine.py without the rest: prompts in, tokens out."""

    name = "Dateline's engine"

    def __init__(self, model: str, threads: int) -> None:
        super().__init__("engine", dict(os.environ), model=model, threads=threads)

    def complete(self, prompts: Sequence[str], most: int) -> Reply:
        return self.call({"complete": list(prompts), "most": most})

    def measure(self, part: str) -> Reply:
        """A part of bench/engine.py."""
        return self.call({"part": part})


def asked(question: str, article: str | None = None, **options: Any) -> Reply:
    request = {"question": question, "max_seconds": PATIENCE, **options}
    return request | ({"filters": {"article_ids": [article]}} if article else {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# The children


@contextmanager
def _stock(model: str, articles: list[Reply]) -> Iterator[Callable[[Reply], Reply]]:
    from bench.anchor import Anchor
    from index.embeddings import MiniLM
    from service.evaluation import EvaluationSet

    class Named(Anchor):
        """Asks one article where one is named."""

        article: str | None = None

        def _ask(self, store: Any, question: str) -> Reply:
            where = {"id": self.article} if self.article else None
            search = partial(store.similarity_search, filter=where)
            return super()._ask(SimpleNamespace(similarity_search=search), question)  # type: ignore[arg-type]

    language, embedder = catalogue.defaults(model)
    models = Settings().models_dir
    folder = catalogue.locate(embedder, models)
    encoder = MiniLM(folder / "model.onnx", folder / "tokenizer.json")
    anchor = Named(catalogue.locate(language, models), language.name, encoder)
    known = [NewArticle.model_validate(article) for article in articles]
    chosen = EvaluationSet("", "questions", [], known, {}, "")
    assert anchor._chain  # the model is loaded before the first question, as ours is
    with anchor.opened(chosen) as ask:

        def answer(request: Reply) -> Reply:
            anchor.article = request["article"]
            return ask({"question": request["question"]})

        yield answer


@contextmanager
def _engine(model: str, threads: int) -> Iterator[Callable[[Reply], Reply]]:
    from bench.engine import Bench
    from service.engine import Engine, _Finished

    engine = Engine(located(model), threads=threads)
    bench = Bench(engine, 1)

    def answer(request: Reply) -> Reply:
        if part := request.get("part"):
            return dict(getattr(bench, part)())
        prompts = [engine.tokenize(text, special=True) for text in request["complete"]]

        def one(tokens: list[int]) -> int:
            *_, last = engine.run(tokens, max_tokens=request["most"])
            assert isinstance(last, _Finished)
            return last.usage.completion_tokens

        start = time.monotonic()
        with ThreadPoolExecutor(len(prompts)) as clients:
            written = sum(clients.map(one, prompts))
        seconds = time.monotonic() - start
        return {"seconds": seconds, "read": sum(map(len, prompts)), "written": written}

    with closing(engine):
        yield answer


def main() -> None:
    kinds = {"stock": _stock, "engine": _engine}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=kinds)
    begun = kinds[parser.parse_args().kind]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it, by closing its input
    replies, sys.stdout = sys.stdout, sys.stderr
    with begun(**json.loads(sys.stdin.readline())) as answer:
        print("{}", file=replies, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
