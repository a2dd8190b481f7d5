"""bench/speed.py: what is asked, and what is made of what was measured."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from bench import speed, speed_report
from bench.engine import Bench
from bench.load import Told
from bench.machine import LlamaBench, _best, _int8, costs
from bench.speed import PARTS, Corpus, _against, _profile, _ratio
from bench.speed_report import BEGIN, END, ROWS
from bench.stacks import EngineAlone, LlamaServer, Ours, Stock
from service.engine import Engine, Step


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Two titles of three articles each, with three questions on each article."""
    rows = []
    for number in range(6):
        document = {
            "id": f"doc-{number}",
            "title": f"Title {number % 2}",
            "text": f"The {number}th bridge is long.",
        }
        for n in range(3):
            rows.append(
                {
                    "id": f"q{number}-{n}",
                    "question": f"How long is it, {number}-{n}?",
                    "answers": ["long"],
                    "answerable": True,
                    "documents": [document],
                    "gold_doc_ids": [document["id"]],
                    "context_doc_id": document["id"],
                }
            )
    file = tmp_path / "qa_squad2.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Corpus(tmp_path)


def test_each_article_is_asked_about_in_one_place(corpus: Corpus) -> None:
    pairs, singles = corpus.pairs(2), corpus.singles(4)
    asked = [one.question for one, _ in pairs] + [a.question for a in singles]
    places = [re.search(r"(\d)-\d", question)[1] for question in asked]  # type: ignore[index]
    assert sorted(places) == list("012345")
    assert all(one.article == other.article for one, other in pairs)
    assert all(one.question != other.question for one, other in pairs)


def test_titles_are_asked_about_in_turns(corpus: Corpus) -> None:
    titles = {new.id: new.title for new in corpus.articles}
    asked = [titles[a.article] for a in corpus.singles(6)]
    assert all(one != other for one, other in pairwise(asked))


def test_the_crowd_has_an_edition_for_each_way_of_asking(corpus: Corpus) -> None:
    ((article, asked),) = corpus.crowd(1)
    assert len(asked) == len(set(asked)) == 8
    editions = [new for new in corpus.editions if new.id in {f"{article}-{n}" for n in range(3)}]
    assert len({new.text for new in editions}) == 1
    assert len({new.title for new in editions}) == 3


def test_questions_of_three_parts_are_on_an_edition_that_the_crowd_leaves(corpus: Corpus) -> None:
    triples = corpus.triples()
    assert all(three.question.count("?") >= 3 for three in triples)
    assert {three.article[-2:] for three in triples} == {"-3"}
    assert len({three.article for three in triples}) == len(triples) >= 10
    assert {three.article for three in triples} <= {new.id for new in corpus.editions}


def test_a_ratio_is_of_medians() -> None:
    assert _ratio([1, 2, 9], [4, 4, 4])["value"] == 0.5
    figure = _against([{"Dateline": 1.0, "stock": 4.0}, {"stock": 4.0, "Dateline": 3.0}], "stock")
    assert (figure["value"], figure["n"]) == (0.5, 2)


def test_a_figure_is_held_against_what_it_must_be() -> None:
    cold, prefill = ROWS["cold"], ROWS["prefill"]
    assert [cold.mark(v, 1) for v in (0.5, 0.7, 0.71)] == ["aim", "must", "**missed**"]
    assert [prefill.mark(v, 1) for v in (0.98, 0.95, 0.9)] == ["aim", "must", "**missed**"]
    assert ROWS["named cold"].mark(9, 1) == ""
    assert [ROWS["stream"].mark(0.4, n) for n in (4, 5)] == ["too few", "aim"]


def results() -> dict[str, Any]:
    reply = {
        "timings_ms": {"queue": 0, "retrieve": 50, "prefill": 2000, "total": 3000},
        "usage": {"prompt_tokens": 900, "cached_tokens": 300, "completion_tokens": 30},
    }
    machine = {"cores": 2, "int8, billion multiply-adds/s": 100, "memory, GB read/s": 20}
    return {
        "model": "some-model",
        "costs": {"multiply-adds a token read": 1.6e9, "bytes a token written": 1e9},
        "parts": {
            "asks": {
                "date": "2026-11-24",
                "machine": machine,
                "rows": {"cold": _ratio([1.0], [2.0])},
                "profile": {"cold": _profile([reply])},
            },
            "gap": {"date": "2026-11-24", "machine": {}, "rows": {"gap": {"value": 0.7, "n": 2}}},
        },
    }


def test_the_table_has_each_figure_with_its_bounds() -> None:
    lines = speed_report.table(results()).splitlines()
    assert [line.count("|") for line in lines] == [10] * 4
    assert "| stock | 0.5 | 0.7 | 0.5 | aim | 1 s | 2 s | 1 |" in lines[2]
    assert "| 0.7 s | 1 s | 0.6 s | must |" in lines[3]


def test_the_profile_stands_beside_the_bound_from_arithmetic() -> None:
    text = speed_report.profile(results())
    assert "| tokens read | 600 |" in text
    # 1.6 billion parameters at 100 billion a second, 600 times; 1 GB at 20 GB/s, 30 times.
    assert "| reading by arithmetic, s | 9.6 |" in text
    assert "| writing by arithmetic, s | 1.5 |" in text


def test_the_report_is_written_between_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "speed.md").write_text(f"# Before\n{BEGIN}\nbygone\n{END}\nafter\n")
    monkeypatch.setattr(speed_report, "DOCS", tmp_path)
    monkeypatch.setattr(speed_report, "_plots", lambda results: None)
    speed_report.write(results(), default=True)
    text = (tmp_path / "speed.md").read_text()
    assert "bygone" not in text and text.startswith("# Before") and text.endswith("after\n")
    assert "some-model" in text and "cold question" in text


@pytest.mark.parametrize(
    ("least", "kept"), [(["--n", "2"], False), (["--rounds", "1"], False), ([], True)]
)
def test_a_smaller_run_leaves_what_is_kept_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: list[str], kept: bool
) -> None:
    path, before = tmp_path / "results" / "some-model.json", json.dumps(results())
    path.parent.mkdir()
    path.write_text(before)
    (tmp_path / "speed.md").write_text(f"{BEGIN}\nbygone\n{END}")
    gap = {"rows": {"gap": {"value": 0.1, "n": 2}}, "samples": []}
    monkeypatch.setattr(speed_report, "DOCS", tmp_path)
    monkeypatch.setattr(speed_report, "_plots", lambda results: None)
    monkeypatch.setattr(speed, "RESULTS", path.parent)
    monkeypatch.setattr(speed, "MODELS", {"default": "some-model"})
    monkeypatch.setattr(speed, "PARTS", {"gap": lambda of: dict(gap)})
    for name, found in (
        ("facts", {"cores": 2}),
        ("costs", results()["costs"]),
        ("located", tmp_path),
        ("Corpus", None),
        ("Speed", MagicMock()),
        ("ends_with_what_it_began", None),
    ):
        monkeypatch.setattr(speed, name, lambda *_, found=found: found)
    monkeypatch.setattr(sys, "argv", ["speed", str(tmp_path), "--only", "gap", *least])
    speed.main()
    assert (path.read_text() == before) is not kept
    assert ("bygone" in (tmp_path / "speed.md").read_text()) is not kept
    if kept:
        parts = json.loads(path.read_text())["parts"]
        assert parts["gap"]["rows"] == gap["rows"] and "asks" in parts


def test_what_a_token_costs_is_told_by_the_models_file(tiny_path: Path) -> None:
    read, written = costs(tiny_path).values()
    # Its embedding of 49,152 times 576 is its output, too: left out where a token is read.
    assert 134_000_000 < read + 49_152 * 576 < 135_000_000
    assert 0.9 < written / tiny_path.stat().st_size < 1


class Watched(Engine):
    """Notes of each request for 200 tokens how many it had when it left, and whether another prompt
    was being read."""

    def run(self, tokens: list[int], *, max_tokens: int, **options: Any) -> Iterator[Any]:
        steps = 0
        try:
            for event in super().run(tokens, max_tokens=max_tokens, **options):
                steps += isinstance(event, Step)
                yield event
        finally:
            others = [s for s in self._running if s.request.tokens[: len(tokens)] != tokens]
            if max_tokens == 200:
                self.left.append((steps, any(not s.generates for s in others)))

    left: list[tuple[int, bool]]


@pytest.mark.model
def test_half_of_those_who_leave_had_tokens_while_another_s_prompt_was_read(
    tiny_path: Path,
) -> None:
    engine = Watched(tiny_path)
    engine.left = []
    try:
        found = Bench(engine, 1).cancel(4)
    finally:
        engine.close()
    assert found["gone, the others going on"] == 4
    # What is read beside leaves behind each that generates.
    (first, one, _, third, three, _) = engine.left
    assert first[0] == third[0] == 0
    assert all(steps > 0 and beside for steps, beside in (one, three))


def test_every_part_is_told_of() -> None:
    from bench import speed

    told = re.findall(r"^    ([a-z]+) {2,}", speed.__doc__ or "", re.MULTILINE)
    assert sorted(told) == sorted(PARTS)


def test_only_our_own_processes_spin_as_we_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def start(command: Any, env: dict[str, str], **options: Any) -> Any:
        given.append(env.get("GOMP_SPINCOUNT"))
        return MagicMock(**{"wait.return_value": 0, "stdout.readline.return_value": "{}"})

    def measure(command: Any, env: dict[str, str], **options: Any) -> Any:
        given.append(env.get("GOMP_SPINCOUNT"))
        return SimpleNamespace(stdout='[{"avg_ts": 100}]', returncode=0)

    monkeypatch.setenv("GOMP_SPINCOUNT", "3000")
    monkeypatch.setattr("subprocess.Popen", start)
    monkeypatch.setattr("subprocess.run", measure)
    monkeypatch.setattr("bench.machine._built", lambda: Path("llama-bench"))
    monkeypatch.setattr(LlamaServer, "until", lambda server, path: 0)
    for served in (Ours("some-model"), LlamaServer(Path("model"), 2)):
        served.close()
        served.log.close()
    EngineAlone("some-model", 2)
    Stock("some-model", [])
    LlamaBench(Path("model"), 2).rate("-p", 512)
    assert given == ["3000", None, "3000", None, None]


def test_the_stock_stack_has_llama_cpp_before_we_set_how_long_it_spins() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import bench.stacks"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert loaded.index("llama_cpp") < loaded.index("service")


def test_onnx_runtime_takes_the_product_of_integers() -> None:
    assert _int8(1, 64) > 0
    assert _best(lambda: None, 2) >= 0


def test_what_a_client_told_last_is_believed() -> None:
    told = Told()
    told.take(("begun", "a", "one"))
    told.take(("acknowledged", "a", "one"))
    told.take(("begun", "a", None))
    assert (told.articles, told.open) == ({"a": "one"}, {"a": None})
    told.take(("acknowledged", "a", None))
    assert (told.articles, told.open) == ({"a": None}, {})
