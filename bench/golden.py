"""The golden set with the real model: `make golden`, or `python -m bench.golden --help`.

Every question of `tests/golden/questions.jsonl` is asked of an index that holds the example
articles and nothing else.
"""

import argparse
import json
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from index.documents import read_documents
from index.embeddings import MiniLM
from index.index import Index
from service import catalogue
from service.answers import Answerer
from service.contract import AnswerRequest, ModelName
from service.engine import Engine, LocalChatModel
from service.evaluation import exact
from service.reading import Budget
from service.scoring import is_right
from service.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "golden" / "questions.jsonl"
ARTICLES = ROOT / "examples" / "articles"


def questions(*, smoke: bool = False) -> list[dict[str, Any]]:
    """The golden questions; `smoke` for the fixed 12 of them."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["smoke"] or not smoke]


def triples() -> list[list[dict[str, Any]]]:
    """Three answerable questions on each article that has as many, which are asked as one."""
    asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in questions():
        if row["answerable"] and len(row["article_ids"]) == 1:
            asked[row["article_ids"][0]].append(row)
    return [three[:3] for _, three in sorted(asked.items()) if len(three) >= 3]


def example_index(directory: Path, embedder: MiniLM) -> Index:
    index = Index(directory, embedder)
    for path in sorted(ARTICLES.glob("*.txt")):
        for new in read_documents(path.name, path.read_bytes()):
            index.add(new)
    return index


@contextmanager
def answering(
    fill: Callable[[Path, MiniLM], Index],
) -> Iterator[tuple[Answerer, Index]]:
    """The default model on the index that `fill` makes in a directory of its own."""
    settings = Settings()
    language, embedder = catalogue.defaults(settings.model)
    folder, _ = catalogue.trusted(embedder, settings.models_dir)
    path, sha256 = catalogue.trusted(language, settings.models_dir)
    encoder = MiniLM(folder / "model.onnx", folder / "tokenizer.json")
    engine = Engine(
        path,
        context_tokens=settings.context_tokens,
        kv_tokens=settings.kv_tokens,
        threads=settings.threads,
    )
    name = ModelName(name=language.name, sha256=sha256)
    with (
        closing(engine),
        tempfile.TemporaryDirectory() as directory,
        closing(fill(Path(directory), encoder)) as index,
    ):
        yield Answerer(index, LocalChatModel(engine=engine), name), index


def ask_all(
    answerer: Answerer, index: Index, rows: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each question's outcome: what was answered, and how it stands to what is accepted."""
    for row in rows:
        answer = answerer.answer(
            AnswerRequest(question=row["question"], include_trace=True, max_seconds=600),
            Budget(600),
        )
        cited = [s for c in answer.citations for s in c.sources]
        yield {
            **{key: row[key] for key in ("id", "kind", "question", "answerable", "answers")},
            "answered": answer.answerable,
            "answer": answer.answer,
            "right": answer.answerable and is_right(answer.answer, row["answers"]),
            "cited": is_right(" ".join(s.cited_text for s in cited), row["answers"]),
            "exact": exact(answer, index),
            "confidence": answer.confidence,
            "reason": answer.refusal.reason if answer.refusal else None,
            "dropped": [d.model_dump() for d in answer.dropped],
            "seconds": answer.timings_ms.total / 1000,
            "timings_ms": answer.timings_ms.model_dump(),
            "usage": answer.usage.model_dump(),
            "trace": answer.trace,
        }


def summary(outcomes: list[dict[str, Any]]) -> dict[str, float]:
    """Shares of the answerable questions (right, cited, false refusals) and of the others."""
    asked = [o for o in outcomes if o["answerable"]]
    unanswerable = [o for o in outcomes if not o["answerable"]]
    right = [o for o in asked if o["right"]]
    answered = [o for o in outcomes if o["answered"]]
    return {
        "answerable": len(asked),
        "unanswerable": len(unanswerable),
        "right": _share(o["right"] for o in asked),
        "false refusals": _share(not o["answered"] for o in asked),
        "refused": _share(not o["answered"] for o in unanswerable),
        "right answers whose cited text holds the answer": _share(o["cited"] for o in right),
        "citations exact": _share(o["exact"] for o in answered),
        "words an answer (median)": statistics.median(
            [len(o["answer"].split()) for o in answered] or [0]
        ),
        "seconds (median)": statistics.median(o["seconds"] for o in outcomes),
    }


def alike(outcomes: list[dict[str, Any]], others: list[dict[str, Any]]) -> dict[str, str]:
    """Of how many of the questions that both runs asked what came of it is the same."""
    by_id = {o["id"]: o for o in others}
    pairs = [(o, by_id[o["id"]]) for o in outcomes if o["id"] in by_id]
    return {
        f"the same {name}": f"{sum(a[key] == b[key] for a, b in pairs)} of {len(pairs)}"
        for name, key in (("outcome", "answered"), ("verdict", "right"), ("text", "answer"))
    }


def parts_right(answerer: Answerer, three: list[dict[str, Any]]) -> list[bool]:
    """Of a question of several parts, whether its answer holds that of each."""
    question = " ".join(row["question"] for row in three)
    request = AnswerRequest(question=question, max_seconds=600)
    said = answerer.answer(request, Budget(600)).answer
    return [is_right(said, row["answers"]) for row in three]


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return round(sum(found) / len(found), 3) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write every outcome to this file")
    parser.add_argument("--smoke", action="store_true", help="only the fixed 12 questions")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    parser.add_argument("--n", type=int, help="only the first so many")
    parser.add_argument("--clients", type=int, default=1, help="how many ask at once (1)")
    parser.add_argument("--beside", type=Path, help="count what differs from this file of --json")
    parser.add_argument(
        "--together", action="store_true", help="three at a time, as one question: parts right"
    )
    arguments = parser.parse_args()
    console = Console()
    if arguments.together:
        with answering(example_index) as (answerer, _):
            asked_together = track(triples()[: arguments.n], "Asking", console=console)
            right = [part for three in asked_together for part in parts_right(answerer, three)]
        console.print(f"parts right: {sum(right)} of {len(right)}")
        return
    rows = questions(smoke=arguments.smoke)[: arguments.n]
    with (
        answering(example_index) as (answerer, index),
        ThreadPoolExecutor(arguments.clients) as clients,
    ):
        asked = clients.map(lambda row: next(ask_all(answerer, index, [row])), rows)
        outcomes = list(track(asked, "Asking", total=len(rows), console=console))
    if arguments.json:
        arguments.json.write_text(json.dumps(outcomes, indent=1, ensure_ascii=False))
    table = Table("figure", catalogue.defaults(Settings().model)[0].name, box=None)
    for name, value in summary(outcomes).items():
        table.add_row(name, f"{value:g}")
    if arguments.beside:
        for name, value in alike(outcomes, json.loads(arguments.beside.read_text())).items():
            table.add_row(f"as in {arguments.beside.name}: {name}", value)
    console.print(table)
    if arguments.misses:
        for o in outcomes:
            if not o["right"] if o["answerable"] else o["answered"]:
                console.print(o["id"], o["kind"], o["question"], markup=False)
                said = o["answer"] or [o["reason"], o["dropped"]]
                console.print("   ", said, "accepted:", o["answers"], markup=False)


if __name__ == "__main__":
    main()
