from pathlib import Path

import jinja2
import pydantic
import pytest

from service.prompts import DIRECTORY, HEADS, Prompt

CONTEXT = {
    "articles": [
        {"heading": "Flood in Ottering, Valley Gazette, 2026-02-12", "text": "It rained."},
        {"heading": "Second, Courier, 2026-02-13", "text": "It rained again."},
    ],
    "question": "What fell?",
}
SNAPSHOT = Path(__file__).parent / "snapshots" / "answer.txt"
FILES = sorted(DIRECTORY.glob("*.yaml"))
TASKS = [path.stem for path in FILES if "extends: head\n" in path.read_text()]
VARIABLES = {
    "quotation": "It rained.",
    "statement": "Rain fell.",
    "part": "",
    "opening": "What",
    "sentences": "one sentence",
    "words": "20",
    "there": "rained",
    "said": "fell",
    "topic": "rain",
}


def test_the_answer_prompt_is_what_was_reviewed() -> None:
    """A change of the prompt shows as a diff of this file: SNAPSHOT holds what the model reads."""
    messages = Prompt("answer").render(CONTEXT, part="")
    rendered = "\n".join(f"<{m.type}>\n{m.content}" for m in messages)
    assert rendered + "\n" == SNAPSHOT.read_text()


@pytest.mark.parametrize("name", TASKS)
def test_every_task_extends_the_same_head(name: str) -> None:
    system, human = Prompt(name).render(CONTEXT, **VARIABLES)
    reference_system, reference = Prompt("answer").render(CONTEXT, part="")
    head = str(reference.content).rpartition("Question: What fell?")[0]
    assert system == reference_system
    assert str(human.content).startswith(head + "Question: What fell?\n")


def test_what_is_of_two_sentences_alone_has_a_head_of_its_own() -> None:
    assert {path.stem for path in FILES} - {*TASKS} == {*HEADS, "reworded"}
    _, human = Prompt("reworded").render({"text": "It rained."}, **VARIABLES)
    assert str(human.content).startswith("Text: “It rained.”\nStatement: “Rain fell.”\nWhere")


def test_a_missing_variable_fails_before_the_model_is_called() -> None:
    with pytest.raises(jinja2.UndefinedError, match="statement"):
        Prompt("supported").render(CONTEXT, quotation="It rained.")
    with pytest.raises(jinja2.UndefinedError, match="question"):
        Prompt("answer").render({"articles": []})


def test_templates_in_articles_and_questions_stay_text() -> None:
    context = {"articles": [{"heading": "{{ 7 * 7 }}", "text": "{% raw %}"}], "question": "{{ x }}"}
    _, human = Prompt("answer").render(context, part="")
    assert all(mark in human.content for mark in ("{{ 7 * 7 }}", "{% raw %}", "{{ x }}"))


def test_the_version_changes_with_the_task_and_with_the_head(tmp_path: Path) -> None:
    def version(head: str, task: str) -> str:
        (tmp_path / "head.yaml").write_text(head)
        (tmp_path / "t.yaml").write_text(task)
        return Prompt("t", tmp_path).version

    head, task = "system: s\ncontext: c\n", "extends: head\ntask: t\nmax_tokens: 1\n"
    versions = {
        version(head, task),
        version(head + "# other\n", task),
        version(head, task + "# other\n"),
    }
    assert len(versions) == 3
    assert version(head, task) in versions
    assert all(v.startswith("t@") and len(v) == 10 for v in versions)


def test_an_unknown_key_in_a_prompt_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "head.yaml").write_text("system: s\ncontext: c\n")
    (tmp_path / "t.yaml").write_text("extends: head\ntask: t\nmax_token: 1\n")
    with pytest.raises(pydantic.ValidationError, match="max_token"):
        Prompt("t", tmp_path)
