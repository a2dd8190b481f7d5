"""Figures against cases computed by hand, and the way from a file of questions to the table."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

import grimp
import numpy as np
import pytest
from fakes import ScriptedChat

from bench.anchor import Anchor
from index.embeddings import MiniLM
from index.errors import ContextTooLong, InvalidRequest
from service import cli, evaluation
from service.checks import Checker, least
from service.cli_eval import _cell, evaluate_sets
from service.contract import ModelName
from service.evaluation import (
    BESIDE,
    Dateline,
    EvaluationSet,
    Outcome,
    Outcomes,
    Row,
    accepted,
    read_sets,
    run,
    sample,
    samples,
)
from service.figures import compare, evaluate, figures, scores, views
from service.scoring import (
    auroc,
    balanced_accuracy,
    calibration_error,
    draws,
    has_end,
    interval,
    is_right,
    mean,
    recall,
    recall_of_all,
    refusal_curve,
)

BRIDGE = (
    "Aldous Finch opened the new bridge at Harrow Mere on 3 May 2024. "
    "The bridge is 212 metres long and carries two tram lines."
)
FERRY = "The ferry at Saltby stopped sailing in March. Its last captain was Maud Pell."
DOCUMENTS = [
    {"id": "gold-1", "title": "Bridge opened", "text": BRIDGE, "date": "2024-05-03"},
    {"id": "gold-2", "title": "", "text": FERRY, "date": "last spring"},
]
QUESTIONS: list[Row] = [
    {
        "id": "q1",
        "question": "Who opened the new bridge at Harrow Mere?",
        "answers": ["Aldous Finch"],
        "answerable": True,
        "documents": DOCUMENTS,
        "gold_doc_ids": ["gold-1"],
    },
    {
        "id": "q2",
        "question": "Who was the last captain of the ferry at Saltby?",
        "answers": ["Maud Pell"],
        "answerable": True,
        "documents": DOCUMENTS,
        "gold_doc_ids": ["gold-2"],
    },
    {
        "id": "q3",
        "question": "Who paid for the new bridge at Harrow Mere?",
        "answers": [],
        "answerable": False,
        "documents": [{**DOCUMENTS[0], "id": "the same under another id"}],
        "gold_doc_ids": [],
    },
]
CLAIMS: list[Row] = [
    {"id": f"c{i}", "doc_id": "d", "source_text": BRIDGE, "claim_or_summary": claim, "label": label}
    for i, (claim, label) in enumerate(
        [
            ("Aldous Finch opened the bridge. [1]", "consistent"),
            ("Aldous Finch opened the bridge. It is 340 metres long.", "inconsistent"),
            ("It may be so.", "questionable"),
        ]
    )
]
ARTICLES: list[Row] = [
    {
        "id": "b1",
        "doc_id": "bridge",
        "title": "Bridge opened",
        "date": "2024-05-03",
        "url": "https://example.org/bridge",
        "source_text": BRIDGE,
        "summaries": [
            {"by": "a", "text": "Aldous Finch opened a bridge of 212 metres."},
            {"by": "b", "text": "The bridge carries two tram lines to Saltby."},
        ],
    }
]
SAID = "Aldous Finch opened the new bridge at Harrow Mere."


def written(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def questions(tmp_path: Path) -> EvaluationSet:
    return read_sets([written(tmp_path / "qa_made_up.jsonl", QUESTIONS)])[0]


def dateline(embedder: MiniLM, chat: ScriptedChat) -> Dateline:
    return Dateline(embedder, lambda: chat, ModelName(name="scripted", sha256="0" * 64))


def numbers(*values: float | None) -> Any:
    return np.array([np.nan if v is None else v for v in values], np.float64)


# Figures by hand


def test_an_answer_is_right_where_it_holds_the_accepted_one_as_whole_tokens() -> None:
    assert is_right("It was the “Maud Pell”, they said.", ["Maud Pell"])
    assert not is_right("It was 1512 votes.", ["151"])
    long = "after the Senate voted down the fix"  # six tokens without "the"
    assert is_right("That was after the Senate had voted the fix down.", [long])
    assert not is_right("after the Senate had met", [long])
    assert recall("after the Senate had met", long) == 2 / 5


def test_auroc_counts_ties_by_half() -> None:
    # Pairs: 0.9 over 0.5 and over 0.1, 0.5 ties with 0.5 and is over 0.1: 3.5 of 4.
    assert auroc(numbers(0.9, 0.5, 0.5, 0.1, 0.7), numbers(1, 1, 0, 0, None)) == 3.5 / 4
    assert auroc(numbers(0.9, 0.5), numbers(1, 1)) is None
    assert auroc(numbers(None, 0.5), numbers(1, 0)) is None


def test_balanced_accuracy_is_the_mean_of_both_kinds() -> None:
    found = balanced_accuracy(numbers(0.9, 0.4, 0.5, 0.1), numbers(1, 1, 1, 0), 0.5)
    assert found == pytest.approx((2 / 3 + 1) / 2)


def test_without_every_score_there_is_no_balanced_accuracy() -> None:
    assert balanced_accuracy(numbers(0.9, None), numbers(1, 0), 0.5) is None


def test_rouge_counts_the_words_of_all_references_as_often_as_both_have_them() -> None:
    # "bridge" twice in the first reference and once in the text; articles do not count.
    assert recall_of_all("The bridge opened.", ["A bridge, bridge opened", "It rained"]) == 2 / 5
    assert recall_of_all("The bridge opened.", []) is None


def test_a_text_has_an_end_where_a_sentence_has() -> None:
    assert all(map(has_end, ("It rained.", "“It rained.” ", "He said (it rained.)")))
    assert not any(map(has_end, ("It rained", "It rained. And th", "")))


def test_calibration_error_weighs_each_bin_s_gap() -> None:
    # Bin of 0.9: two items, half of them right, gap 0.4; bin of 0.2: one, wrong, gap 0.2.
    found = calibration_error(numbers(0.9, 0.9, 0.2, 0.7), numbers(1, 0, 0, None))
    assert found == pytest.approx(0.4 * 2 / 3 + 0.2 / 3)
    assert calibration_error(numbers(1.0), numbers(1)) == 0


def test_the_curve_tells_both_errors_and_what_is_right_at_each_threshold() -> None:
    curve = refusal_curve(
        numbers(0.9, 0.0, 0.6, 0.6, 0.3), numbers(1, 1, 1, 0, 0), numbers(1, 0, None, 0, 0)
    )
    assert [p["threshold"] for p in curve] == [0, 0.3, 0.6, 0.9, 1.01]
    assert [p["false_refusals"] for p in curve] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])
    assert [p["refused"] for p in curve] == [0, 0, 0.5, 1, 1]
    assert [p["right"] for p in curve] == [0.5, 0.5, 0.5, 0.5, 0]


def test_intervals_are_by_whole_groups_and_hold_the_value() -> None:
    values = numbers(*[1.0] * 10, *[0.0] * 10)
    by_item = interval(mean(values[at]) for at in draws(range(20), seed=1))
    by_group = interval(mean(values[at]) for at in draws(["a"] * 10 + ["b"] * 10, seed=1))
    assert by_item[0] < 0.5 < by_item[1]
    assert by_group == [0, 1]
    assert by_item == interval(mean(values[at]) for at in draws(range(20), seed=1))
    assert by_item[0] > 0.2 and by_item[1] < 0.8


def test_what_an_item_counts(questions: EvaluationSet) -> None:
    cited = {"text": SAID, "sources": [BRIDGE], "joint": 0.9, "alone": [], "without": []}
    outcome = {
        "answered": True,
        "answer": SAID,
        "draft": SAID,
        "confidence": 0.8,
        "read": [questions.names["gold-1"]],
        "citations": [cited],
        "exact": True,
        "uncited": 0,
        "seconds": 2.0,
    }
    found = scores(questions, QUESTIONS[0], outcome)
    assert (found["right"], found["cited"], found["token_recall"], found["found"]) == (1, 1, 1, 1)
    assert (found["words"], found["words_cited"], found["false_refusals"]) == (9, 24, 0)
    assert "refused" not in found
    found = scores(questions, QUESTIONS[1], outcome)
    assert (found["right"], found["token_recall"], found["found"]) == (0, 0, 0)
    assert "cited" not in found
    found = scores(questions, QUESTIONS[2], outcome)
    assert (found["refused"], found["draft_right"]) == (0, 0)
    assert "right" not in found
    refused = outcome | {"answered": False, "answer": "", "citations": []}
    found = scores(questions, QUESTIONS[0], refused)
    assert (found["right"], found["false_refusals"], found["draft_right"]) == (0, 1, 1)
    assert scores(questions, QUESTIONS[2], {"error": "It broke."})["refused"] == 0


def test_what_is_said_counts_for_calibration_and_a_draft_where_nothing_is(
    questions: EvaluationSet,
) -> None:
    said = {"answered": True, "answer": SAID, "draft": "Nobody.", "confidence": 0.9}
    found = scores(questions, QUESTIONS[0], said)
    assert (found["draft_right"], found["draft_right_or_none"]) == (1, 1)
    (view,) = views([(questions, QUESTIONS)])
    refused = {"answered": False, "answer": "", "draft": "", "confidence": 0.0}
    made = {"q1": said, "q2": refused, "q3": said | {"answered": False, "answer": ""}}
    found = figures(view, made, seed=0)["figures"]
    assert found["calibration_error"]["items"] == 2 and found["auroc"]["items"] == 3


def test_yes_or_no_questions_are_told_apart_by_the_first_word(questions: EvaluationSet) -> None:
    row = QUESTIONS[0] | {"answers": ["Yes"]}
    for answer, right in (("Yes, he did.", 1), ("He did, yes.", 0)):
        found = scores(questions, row, {"answered": True, "answer": answer})
        assert found["yes_no_right"] == right
        assert "right" not in found and "token_recall" not in found


def test_citation_precision_wants_each_source_to_bear_on_its_sentence(
    questions: EvaluationSet,
) -> None:
    # The second source neither supports the sentence alone nor is missed when it is left out.
    cited = {"text": SAID, "sources": ["a", "b"], "joint": 0.9}
    cited |= {"alone": [0.8, 0.1], "without": [0.1, 0.9]}
    lame = {"text": SAID, "sources": ["c"], "joint": 0.2, "alone": [], "without": []}
    outcome = {"answered": True, "answer": SAID, "citations": [cited, lame]}
    found = scores(questions, QUESTIONS[0], outcome | {"exact": True, "uncited": 0})
    assert found["citation_recall"] == 1 / 2
    assert found["citation_precision"] == pytest.approx(1 / 3)
    assert found["citations"] == 3


# Sets


def test_documents_are_taken_once_and_their_names_tell_nothing(questions: EvaluationSet) -> None:
    assert [a.text for a in questions.articles] == sorted(
        (BRIDGE, FERRY), key=lambda text: questions.names["gold-1" if text == BRIDGE else "gold-2"]
    )
    assert questions.names["the same under another id"] == questions.names["gold-1"]
    assert not any("gold" in str(a.id) for a in questions.articles)
    by_text = {a.text: a for a in questions.articles}
    assert by_text[BRIDGE].published_at == "2024-05-03"
    assert by_text[FERRY].published_at is None and by_text[FERRY].title is None


def test_articles_to_be_briefed_on_are_a_set(tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "brief_made_up.jsonl", ARTICLES)])
    assert (chosen.kind, chosen.articles[0].text) == ("briefings", BRIDGE)
    assert chosen.articles[0].published_at == "2024-05-03"
    assert sample(chosen.rows, 5, seed=0) == chosen.rows
    assert sample(chosen.rows * 3, 2, seed=0) == chosen.rows * 2


def test_what_a_briefing_counts(tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "brief_made_up.jsonl", ARTICLES)])
    text = "Aldous Finch opened the bridge. Why? It has 2 lines."
    labels = ("supported", "not_checkable", "contradicted")
    outcome = {"briefing": text, "sentences": [{"label": label} for label in labels]}
    found = scores(chosen, chosen.rows[0], outcome)
    # 4 of "aldous finch opened bridge of 212 metres", and of the other "bridge" and "lines".
    assert found["rouge_1"] == 6 / 14
    # Aldous, Finch, 212 and two, Saltby: "two" is the number 2, "The" names nothing.
    assert found["facts"] == 3 / 5
    assert (found["sentences_supported"], found["sentences_checked"]) == (1, 2)
    assert (found["length_kept"], found["words"], found["refused"]) == (1, 10, 0)
    assert scores(chosen, chosen.rows[0], {"briefing": "It " * 81 + "ends."})["length_kept"] == 0
    assert scores(chosen, chosen.rows[0], {"briefing": "It ends in the mi"})["length_kept"] == 0
    refused = scores(chosen, chosen.rows[0], {"briefing": "", "reason": "not_supported"})
    assert (refused["refused"], refused["rouge_1"], refused["facts"]) == (1, 0, 0)
    assert "length_kept" not in refused


def test_each_variant_is_a_set_of_its_own_and_falsified_documents_are_right(
    tmp_path: Path,
) -> None:
    rows = [
        QUESTIONS[0] | {"variant": "positive+noise"},
        QUESTIONS[2] | {"variant": "negative-only (and why)"},
        QUESTIONS[1] | {"id": "q4", "variant": "counterfactual", "fake_answer": "Ann Lee"},
    ]
    sets = read_sets([written(tmp_path / "qa_rgb.jsonl", rows)])
    names = ["qa_rgb: positive+noise", "qa_rgb: negative-only", "qa_rgb: counterfactual"]
    assert [s.name for s in sets] == names
    assert [len(s.articles) for s in sets] == [2, 1, 2]
    assert accepted(sets[2].rows[0]) == ["Ann Lee"]
    made = views([(s, s.rows) for s in sets])
    assert [v.name for v in made] == [*names, "qa_rgb: positive+noise, negative-only"]
    assert [*made[-1].items] == ["q1", "q3"] and made[-1].positive == 1


def test_a_line_ends_where_a_line_of_json_ends(tmp_path: Path) -> None:
    document = {"id": "d", "title": "", "text": "One.\u2028Two.\u0085Three."}
    row = QUESTIONS[0] | {"documents": [document], "gold_doc_ids": ["d"]}
    path = tmp_path / "qa_odd.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    (chosen,) = read_sets([path])
    assert chosen.articles[0].text == document["text"]


def test_outcomes_do_not_outlive_a_change_of_what_makes_them() -> None:
    graph = grimp.build_graph("service", "index", exclude_type_checking_imports=True)
    makers = {f"service.{name}" for name in ("answers", "briefings", "checks")}
    reached = makers.union(*map(graph.find_upstream_modules, makers))
    assert len(reached) > 30
    assert not {"evaluation", *(name.rpartition(".")[2] for name in reached)} & BESIDE


def test_the_variants_of_one_file_share_the_limit(tmp_path: Path) -> None:
    rows = [
        QUESTIONS[0] | {"id": f"{variant} {i}", "variant": variant}
        for variant in ("positive+noise", "negative-only", "other")
        for i in range(10)
    ]
    alone = written(tmp_path / "qa_alone.jsonl", rows[:10])
    sets = read_sets([written(tmp_path / "qa_rgb.jsonl", rows), alone])
    assert [len(drawn) for _, drawn in samples(sets, 8, seed=0)] == [3, 3, 3, 8]
    assert [len(drawn) for _, drawn in samples(sets, None, seed=0)] == [10, 10, 10, 10]


def test_samples_are_seeded_balanced_and_grow_by_their_limit() -> None:
    rows = [{"id": str(i), "answerable": i % 10 > 0} for i in range(100)]
    ten = sample(rows, 10, seed=0)
    assert sum(row["answerable"] for row in ten) == 5
    assert ten == sample(list(reversed(rows)), 10, seed=0) != sample(rows, 10, seed=1)
    forty = sample(rows, 40, seed=0)
    assert len(forty) == 40 and sum(not row["answerable"] for row in forty) == 10
    assert all(row in forty for row in ten)
    assert len(sample(rows, None, seed=0)) == len(sample(rows, 1000, seed=0)) == 100


def test_a_limit_of_all_items_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="either"):
        evaluate_sets([tmp_path], limit=3, every=True)


def test_what_is_no_set_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"is not there\. Give the folder"):
        read_sets([tmp_path / "nowhere"])
    with pytest.raises(InvalidRequest, match="holds no qa_"):
        read_sets([tmp_path])
    written(tmp_path / "qa_odd.jsonl", [{"id": "1", "title": "a document"}])
    with pytest.raises(InvalidRequest, match=r"qa_odd\.jsonl holds neither.*: a line has no ."):
        read_sets([tmp_path])
    for rows in ([], [CLAIMS[0] | {"label": "questionable"}]):
        empty = written(tmp_path / "faith_empty.jsonl", rows)
        with pytest.raises(InvalidRequest, match=r"faith_empty\.jsonl holds neither"):
            read_sets([empty])


# From questions to figures


def test_a_made_up_set_from_the_file_to_the_figures(
    questions: EvaluationSet, embedder: MiniLM, tmp_path: Path
) -> None:
    chat = ScriptedChat(text=SAID)
    systems = [dateline(embedder, chat), Anchor(Path("none"), "0" * 64, embedder, chat=chat)]
    told = evaluate([questions], systems, tmp_path / "kept", limit=None, seed=0, resume=False)
    (view,) = told["sets"]
    assert (view["name"], view["items"], view["positive"], view["documents"]) == (
        *("qa_made_up", 3, 2, 2),
    )
    found = view["systems"]["dateline"]["figures"]
    assert found["right"]["value"] == 0.5 and found["right"]["items"] == 2
    assert found["cited"]["value"] == found["exact"]["value"] == 1
    assert found["uncited"]["value"] == 0
    assert found["citation_recall"]["value"] == found["citation_precision"]["value"] == 1
    assert found["found"]["value"] == 1
    assert view["systems"]["dateline"]["stages"].keys() >= {"retrieve", "generate", "verify"}
    anchor = view["systems"]["anchor"]["figures"]
    assert anchor["right"]["value"] == 0.5 and anchor["refused"]["value"] == 0
    assert not {"auroc", "cited", "exact"} & anchor.keys()
    assert view["over"]["anchor"]["right"] == {"change": 0, "items": 3, "interval": [0, 0]}
    assert told["items"]["q1"]["outcomes"]["anchor"]["answer"].strip() == SAID
    json.dumps(told, allow_nan=False)


def test_what_was_refused_at_the_shipped_threshold_is_on_the_curve(
    questions: EvaluationSet, embedder: MiniLM, tmp_path: Path
) -> None:
    chat = ScriptedChat(text=SAID, yes=0.48)  # supported, but not sure enough to be said
    told = evaluate(
        [questions], [dateline(embedder, chat)], tmp_path / "kept", limit=None, seed=0, resume=False
    )
    found = told["sets"][0]["systems"]["dateline"]
    outcome = told["items"]["q1"]["outcomes"]["dateline"]
    assert not outcome["answered"] and outcome["draft"] == SAID and 0 < outcome["confidence"] < 0.5
    assert found["figures"]["right"]["value"] == 0
    assert max(point["right"] for point in found["curve"]) == 0.5


def test_claims_are_checked_sentence_by_sentence(embedder: MiniLM, tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "faith_made_up.jsonl", CLAIMS)])
    assert [row["id"] for row in chosen.rows] == ["c0", "c1"]  # nobody knows about the third
    chat = ScriptedChat()
    told = evaluate(
        [chosen], [dateline(embedder, chat)], tmp_path / "kept", limit=None, seed=0, resume=False
    )
    found = told["sets"][0]["systems"]["dateline"]["figures"]
    assert found["auroc"]["value"] == found["balanced_accuracy"]["value"] == 1
    assert found["auroc"]["interval"] == [1, 1]
    sentences = told["items"]["c1"]["outcomes"]["dateline"]["sentences"]
    assert [s["failed"] for s in sentences] == [[], ["numbers"]]
    assert told["items"]["c0"]["outcomes"]["dateline"]["sentences"][0]["text"].endswith("bridge.")


def test_what_states_nothing_counts_in_no_figure_of_the_check(tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "faith_made_up.jsonl", CLAIMS)])
    told = {"label": "supported", "score": 0.8, "entailment": 0.9, "coverage": 0.7, "fast": 0.6}
    empty = {"label": "not_checkable"} | dict.fromkeys([*told][1:], 0.0)
    outcome = {"sentences": [told, empty], "seconds": 3.0, "fast_seconds": 0.5}
    found = scores(chosen, CLAIMS[0], outcome)
    assert (found["least"], found["mean"], found["reading"], found["coverage"]) == (
        *(0.8, 0.8, 0.9, 0.7),
    )
    assert (found["fast"], found["sentences"], found["sentence_seconds"]) == (0.6, 1, 3)
    assert found["fast_sentence_seconds"] == 0.5
    found = scores(chosen, CLAIMS[0], outcome | {"sentences": [empty]})
    assert (found["least"], found["fast"], found["sentences"]) == (0, 0, 0)
    assert found["sentence_seconds"] is None


def test_both_modes_of_the_check_are_measured_in_one_run(embedder: MiniLM, tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "cite_made_up.jsonl", CLAIMS)])
    systems = [dateline(embedder, ScriptedChat())]
    told = evaluate([chosen], systems, tmp_path / "kept", limit=None, seed=0, resume=False)
    found = told["sets"][0]["systems"]["dateline"]
    assert found["figures"]["auroc_fast"]["value"] == 1
    assert found["figures"]["balanced_accuracy_fast"]["value"] == 1
    outcome = told["items"]["c1"]["outcomes"]["dateline"]
    assert [s["fast_label"] for s in outcome["sentences"]] == ["supported", "contradicted"]
    assert found["fast_sentence_seconds"]["p50"] > 0 and found["sentence_seconds"]["p95"] > 0
    # An earlier run's outcomes, which have no fast mode.
    for sentence in outcome["sentences"]:
        del sentence["fast"]
    assert scores(chosen, CLAIMS[1], outcome)["fast"] is None


def test_briefings_of_both_systems_are_held_by_one_check(embedder: MiniLM, tmp_path: Path) -> None:
    (chosen,) = read_sets([written(tmp_path / "brief_made_up.jsonl", ARTICLES)])
    anchors = ScriptedChat(text="The bridge is 340 metres long. It carries two tram lines, and")
    chat = ScriptedChat(text=SAID)
    systems = [dateline(embedder, chat), Anchor(Path("none"), "0" * 64, embedder, chat=anchors)]

    def run() -> dict[str, Any]:
        return evaluate([chosen], systems, tmp_path / "kept", limit=None, seed=0, resume=True)

    told = run()
    (view,) = told["sets"]
    assert (view["kind"], view["items"], view["documents"]) == ("briefings", 1, 1)
    ours, theirs = (view["systems"][name]["figures"] for name in ("dateline", "anchor"))
    assert ours["supported"]["value"] == ours["length_kept"]["value"] == ours["exact"]["value"] == 1
    assert ours["refused"]["value"] == 0
    assert theirs["supported"]["value"] == 1 / 2 and theirs["length_kept"]["value"] == 0
    assert "exact" not in theirs
    assert view["over"]["anchor"]["supported"]["change"] == 1 / 2
    assert view["systems"]["dateline"]["seconds"].keys() >= {"p50", "p95"}
    (prompt,) = anchors.prompts
    assert (
        prompt == f'Write a concise summary of the following:\n\n\n"{BRIDGE}"\n\n\nCONCISE SUMMARY:'
    )
    asked = len(chat.prompts)
    again = run()  # all of it is kept, what the check said too
    assert len(chat.prompts) == asked
    for name, system in view["systems"].items():  # the seconds too, which is told
        later = again["sets"][0]["systems"][name]
        assert (system.pop("kept"), later.pop("kept")) == (0, 1)
        assert "kept" not in _cell(system, "seconds")
        assert _cell(later | {"kept": 1}, "seconds").endswith("\n1 kept")
    assert again["sets"] == told["sets"]
    json.dumps(told, allow_nan=False)


def test_of_a_long_source_what_is_nearest_is_read(embedder: MiniLM) -> None:
    chat = ScriptedChat()
    filler = " ".join(f"On day {i} the market sold apples, pears and plums." for i in range(200))
    checker = Checker(embedder, chat, ModelName(name="scripted", sha256="0"))
    checked = checker.check(f"In the end, {SAID}", f"{filler}\n\n{BRIDGE}\n\n{filler}")
    assert least(checked) > 0.5
    (prompt,) = chat.prompts
    assert BRIDGE in prompt and len(prompt) < len(filler)
    assert least(checker.check("", BRIDGE)) == 0


class Interrupted:
    """A system that is stopped after some items."""

    name, version = "dateline", "1"

    def __init__(self, stops_after: int = 10) -> None:
        self.asked: list[str] = []
        self._stops_after = stops_after

    @contextmanager
    def opened(self, chosen: EvaluationSet) -> Iterator[Callable[[Row], Outcome]]:
        def ask(row: Row) -> Outcome:
            if len(self.asked) == self._stops_after:
                raise KeyboardInterrupt
            self.asked.append(row["id"])
            return {"answered": True, "answer": f"{self.version} {row['id']}"}

        yield ask


def test_a_run_that_was_killed_goes_on(questions: EvaluationSet, tmp_path: Path) -> None:
    path = tmp_path / "kept" / "dateline.jsonl"
    first = Interrupted(stops_after=2)
    with pytest.raises(KeyboardInterrupt):
        run(first, questions, QUESTIONS, Outcomes(path), resume=True)
    with path.open("a") as file:
        file.write('{"key": "dateline 1 cut sho')  # as a kill leaves it
    second = Interrupted()
    steps: list[None] = []
    found = run(
        second, questions, QUESTIONS, Outcomes(path), resume=True, note=lambda: steps.append(None)
    )
    assert (first.asked, second.asked, len(steps)) == (["q1", "q2"], ["q3"], 3)
    assert [o["answer"] for o in found.values()] == ["1 q1", "1 q2", "1 q3"]
    third = Interrupted()
    run(third, questions, QUESTIONS, Outcomes(path), resume=True)
    assert third.asked == []
    run(third, questions, QUESTIONS, Outcomes(path), resume=False)
    assert third.asked == ["q1", "q2", "q3"]
    newer = Interrupted()
    newer.version = "2"  # another prompt, model or code: nothing of before is taken
    found = run(newer, questions, QUESTIONS, Outcomes(path), resume=True)
    assert newer.asked == ["q1", "q2", "q3"] and found["q1"]["answer"] == "2 q1"


class Slow(Interrupted):
    """Each answer takes a minute by the clock, which stands still otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(stops_after=99)
        self.now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)

    @contextmanager
    def opened(self, chosen: EvaluationSet) -> Iterator[Callable[[Row], Outcome]]:
        with super().opened(chosen) as ask:

            def slowly(row: Row) -> Outcome:
                self.now += 60
                return ask(row)

            yield slowly


def test_when_the_time_is_over_nothing_more_is_asked_and_each_set_had_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": f"q{i}", "answerable": i % 2 == 0, "answers": ["x"], "gold_doc_ids": []}
        for i in range(20)
    ]
    sets = [
        EvaluationSet(
            name, "questions", [row | {"id": f"{name} {row['id']}"} for row in rows], [], {}, name
        )
        for name in ("one", "two")
    ]
    system = Slow(monkeypatch)

    def run_for(minutes: float, *, resume: bool = True) -> dict[str, Any]:
        return evaluate(
            *(sets, [system], tmp_path), limit=10, seed=0, minutes=minutes, resume=resume
        )

    told = run_for(8, resume=False)
    assert [(view["items"], view["positive"]) for view in told["sets"]] == [(4, 2), (4, 2)]
    assert told["unasked"] == 12
    first = [key for key in told["items"] if key.startswith("one")]
    assert first == [row["id"] for row in sample(sets[0].rows, 4, seed=0)]
    told = run_for(8)
    assert [view["items"] for view in told["sets"]] == [8, 8] and told["unasked"] == 4
    told = run_for(inf)
    assert [view["items"] for view in told["sets"]] == [10, 10] and told["unasked"] == 0


def test_two_runs_are_compared_over_the_items_of_both(questions: EvaluationSet) -> None:
    (view,) = views([(questions, QUESTIONS)])
    wrong = {"answered": True, "answer": "Nobody.", "confidence": 0.5}
    before = figures(view, {row["id"]: wrong for row in QUESTIONS}, seed=0)
    better = {
        "q1": wrong | {"answer": SAID},
        "q2": wrong | {"answer": "Maud Pell was."},
        "q3": {"answered": False, "answer": "", "confidence": 0.1},
    }
    now = figures(view, better, seed=0)
    changes = compare("questions", now, before, seed=0)
    assert changes["right"] == {"change": 1, "items": 3, "interval": [1, 1]}
    assert changes["refused"]["change"] == 1
    assert changes["auroc"]["change"] == 0.5
    before["scores"] = {f"other {i}": s for i, s in before["scores"].items()}
    assert compare("questions", now, before, seed=0)["right"]["items"] == 0


@pytest.mark.parametrize(
    "about",
    [
        {"doc_id": "d", "context_doc_id": "another"},
        {"context_doc_id": "d"},
        {"gold_doc_ids": ["e", "d"]},
        {"variant": "positive+noise", "question": "Who?", "gold_doc_ids": ["d"]},
    ],
)
def test_questions_on_one_document_are_drawn_as_one(
    questions: EvaluationSet, about: dict[str, Any]
) -> None:
    rows = [QUESTIONS[0] | about | {"id": str(i)} for i in range(8)]
    rows[1] |= {"gold_doc_ids": rows[1]["gold_doc_ids"][::-1]}
    if "variant" in about:
        rows[1] |= {"variant": "negative-only", "gold_doc_ids": []}
    (view,) = views([(questions, rows)])
    answers = {str(i): {"answered": True, "answer": SAID if i % 2 else "No."} for i in range(8)}
    right = figures(view, answers, seed=0)["figures"]["right"]
    assert (right["value"], right["interval"]) == (0.5, [0.5, 0.5])


def test_a_question_without_a_document_is_drawn_by_itself(questions: EvaluationSet) -> None:
    rows = [QUESTIONS[2] | {"id": str(i)} for i in range(8)]
    (view,) = views([(questions, rows)])
    answers = {str(i): {"answered": bool(i % 2), "answer": SAID} for i in range(8)}
    refused = figures(view, answers, seed=0)["figures"]["refused"]
    assert refused["interval"][0] < 0.5 < refused["interval"][1]


# The command


def test_the_command_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = written(tmp_path / "qa_made_up.jsonl", QUESTIONS)
    for arguments, said in (
        ([tmp_path / "shared"], "is not there. Give the folder"),
        ([tmp_path, "--compare", tmp_path / "none.json"], "cannot be read: No such file"),
        ([tmp_path, "--compare", __file__], "is not what --json"),
        ([questions, "--json", tmp_path / "none" / "x.json"], "none/x.json cannot be written"),
    ):
        monkeypatch.setattr("sys.argv", ["dateline", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        assert said in " ".join(capsys.readouterr().err.split())


def test_the_command_writes_a_table_and_json_that_it_can_compare_with(
    tmp_path: Path,
    embedder: MiniLM,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chat = ScriptedChat(text=SAID)

    @contextmanager
    def systems(settings: object, anchor: bool) -> Iterator[tuple[list[Dateline], dict[str, Any]]]:
        about = {"date": "2026-11-24T09:00:00", "model": {"name": "scripted", "sha256": ""}}
        yield [dateline(embedder, chat)], about

    monkeypatch.setattr("service.cli_eval._systems", systems)
    folder = tmp_path / "sets"
    folder.mkdir()
    written(folder / "qa_made_up.jsonl", QUESTIONS)
    written(folder / "faith_made_up.jsonl", CLAIMS)
    written(folder / "brief_made_up.jsonl", ARTICLES)
    written(folder / "corpus_made_up.jsonl", [])
    told = tmp_path / "told.json"
    for more in ([], ["--resume", "--compare", told]):
        arguments = [folder, "--kept", tmp_path / "kept", "--json", told, *more]
        monkeypatch.setattr("sys.argv", ["dateline", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "qa_made_up" in printed and "3 (2)" in printed and "0.50" in printed
    assert "brief_made_up" in printed and "ROUGE-1 recall" in printed
    assert "fast: balanced accuracy" in printed
    assert "faith_made_up" in printed and "change from the earlier run" in printed
    report = json.loads(told.read_text())
    assert report["model"]["name"] == "scripted"
    names = ("auroc", "auroc_fast", "supported")
    for view, name in zip(report["sets"], names, strict=True):
        assert view["changes"][name]["change"] == 0


def test_a_briefing_whose_check_broke_off_is_told(
    embedder: MiniLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ContextTooLong("It is too long.")

    monkeypatch.setattr(evaluation, "_check", broken)
    (chosen,) = read_sets([written(tmp_path / "brief_made_up.jsonl", ARTICLES)])
    systems = [dateline(embedder, ScriptedChat(text=SAID))]
    told = evaluate([chosen], systems, tmp_path / "kept", limit=None, seed=0, resume=False)
    assert told["sets"][0]["systems"]["dateline"]["errors"] == ["It is too long."]
