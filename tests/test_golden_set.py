"""The golden questions and the example articles fit together and have not been changed."""

import datetime
import hashlib
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.golden import alike
from service.scoring import holds, normalise

ROOT = Path(__file__).resolve().parent.parent
ARTICLES = ROOT / "examples" / "articles"
QUESTIONS = ROOT / "tests" / "golden" / "questions.jsonl"
QUESTIONS_SHA256 = "31adcf989e1c5128f6979ac5297a62ea553b2d08b88c878888aa84b0cbf60df3"

ANSWERABLE_KINDS = {"fact", "number", "date", "quote", "cause", "negation", "list"}
UNANSWERABLE_KINDS = {"false_presupposition", "missing_fact", "wrong_person", "off_topic"}
FREER_KINDS = {"negation", "cause", "quote"}
REQUIRED_KEYS = {"id", "title", "source", "published_at"}
FIELDS = {
    "id",
    "question",
    "answerable",
    "kind",
    "answers",
    "article_ids",
    "sentence",
    "smoke",
}


@cache
def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


@cache
def articles() -> dict[str, tuple[dict[str, Any], str]]:
    """Front matter and body of each article, by its file's name without the ending."""
    found = {}
    for path in sorted(ARTICLES.glob("*.txt")):
        opening, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        assert opening == "", f"{path.name} does not begin with its front matter"
        found[path.stem] = (yaml.safe_load(front), body)
    return found


def answerable() -> list[dict[str, Any]]:
    return [question for question in questions() if question["answerable"]]


def unanswerable() -> list[dict[str, Any]]:
    return [question for question in questions() if not question["answerable"]]


def name(question: dict[str, Any]) -> str:
    return str(question["id"])


def test_questions_are_frozen() -> None:
    digest = hashlib.sha256(QUESTIONS.read_bytes()).hexdigest()
    assert digest == QUESTIONS_SHA256, (
        "tests/golden/questions.jsonl has changed. The set is frozen: change the service, "
        "not the questions."
    )


def test_counts() -> None:
    assert len(questions()) == 160
    assert len(answerable()) == 96
    assert len(unanswerable()) == 64
    assert Counter(question["kind"] for question in unanswerable()) == dict.fromkeys(
        UNANSWERABLE_KINDS, 16
    )
    assert {question["kind"] for question in answerable()} == ANSWERABLE_KINDS


def test_smoke_counts() -> None:
    assert sum(question["smoke"] for question in answerable()) == 8
    kinds = Counter(question["kind"] for question in unanswerable() if question["smoke"])
    assert kinds == dict.fromkeys(UNANSWERABLE_KINDS, 1)


def test_ids_and_questions_are_unique() -> None:
    assert [question["id"] for question in questions()] == [f"g{n:03}" for n in range(1, 161)]
    assert len({question["question"] for question in questions()}) == 160


def test_required_questions() -> None:
    first = questions()[0]
    assert first["question"] == "What did the two ministers sign?"
    assert first["answerable"]
    assert first["smoke"]
    deal = [q for q in questions() if q["question"] == "What was the value of the trade deal?"]
    assert [(q["kind"], q["smoke"]) for q in deal] == [("missing_fact", True)]


@pytest.mark.parametrize("question", questions(), ids=name)
def test_fields(question: dict[str, Any]) -> None:
    assert set(question) == FIELDS
    assert question["question"].endswith("?")
    assert set(question["article_ids"]) <= set(articles())


@pytest.mark.parametrize("question", answerable(), ids=name)
def test_sentence_is_one_whole_sentence_of_a_named_article(question: dict[str, Any]) -> None:
    sentence = question["sentence"]
    bodies = [articles()[article_id][1] for article_id in question["article_ids"]]
    homes = [body for body in bodies if sentence in body]
    assert len(homes) == 1
    before, after = homes[0].split(sentence)
    assert "\n" not in sentence
    assert re.search(r"[.?!][\"”]?$", sentence)
    assert re.search(r"(\n|[.?!][\"”]? )$", before), "does not begin where a sentence begins"
    assert re.match(r"\n| [A-Z“\"]", after), "does not end where a sentence ends"


@pytest.mark.parametrize("question", answerable(), ids=name)
def test_sentence_holds_an_accepted_answer(question: dict[str, Any]) -> None:
    sentence, answers = question["sentence"], question["answers"]
    assert all(normalise(answer) for answer in answers)
    if question["kind"] in FREER_KINDS:
        words = set(normalise(sentence).split())
        assert any(set(normalise(answer).split()) <= words for answer in answers)
    else:
        assert any(holds(sentence, answer) for answer in answers)


@pytest.mark.parametrize("question", unanswerable(), ids=name)
def test_unanswerable_questions_name_no_answer(question: dict[str, Any]) -> None:
    assert question["answers"] == []
    assert question["sentence"] == ""
    assert len(question["article_ids"]) == (0 if question["kind"] == "off_topic" else 1)


def test_there_are_twenty_articles_and_each_is_asked_about() -> None:
    assert len(articles()) == 20
    asked = {article_id for question in answerable() for article_id in question["article_ids"]}
    assert asked == set(articles())


@pytest.mark.parametrize("article_id", articles())
def test_article(article_id: str) -> None:
    front, body = articles()[article_id]
    assert REQUIRED_KEYS <= set(front) <= REQUIRED_KEYS | {"author"}
    assert front["id"] == article_id
    assert isinstance(front["published_at"], datetime.date)
    assert all(isinstance(front[key], str) for key in set(front) - {"published_at"})
    assert 150 <= len(body.split()) <= 500
    assert body.startswith("\n")
    assert not re.search(r"<[a-z/]|^[#*>-] |\*\*|\]\(", body, re.MULTILINE)


def test_two_runs_are_held_against_one_another_by_question() -> None:
    one = [
        {"id": "a", "answered": True, "right": True, "answer": "On Friday."},
        {"id": "b", "answered": True, "right": False, "answer": "At noon."},
        {"id": "c", "answered": False, "right": False, "answer": ""},
    ]
    other = [one[0] | {"answer": "It was on Friday."}, one[1] | {"answered": False, "answer": ""}]
    assert alike(one, other) == {
        "the same outcome": "1 of 2",
        "the same verdict": "2 of 2",
        "the same text": "0 of 2",
    }
