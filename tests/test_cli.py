"""The command line, in this process and, where signals and pipes matter, in others."""

import functools
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import ScriptedChat
from rich.console import Console
from serving import ANSWER, ARTICLE, QUESTION, Served, serving, until

from service import cli, cli_articles, cli_check, terminal
from service.app import create_app
from service.directory import LOCK, serving_url

# What a terminal would obey, or that turns a line's direction round.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = "\x1b[31m\x9b2J\x07\u202egnp.exe\u2066 [red]x[/] [/bold] [link=http://x]y\\[z]"


@dataclass
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, and no settings but these."""
    for name in os.environ:
        if name.startswith("DATELINE_") and name != "DATELINE_MODELS_DIR":
            monkeypatch.delenv(name)
    for name in ("FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATELINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATELINE_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`dateline` with these arguments."""

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["dateline", *map(str, args)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(int(end.value.code or 0), *said)

    return run


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> ScriptedChat:
    """What a `dateline` of this process has in the language model's place."""
    chat = ScriptedChat(text=ANSWER)
    monkeypatch.setattr(terminal, "create_app", functools.partial(create_app, chat=chat))
    return chat


@pytest.fixture
def served(data_dir: Path) -> Iterator[Served]:
    """A service that runs on the data directory."""
    with serving(data_dir) as served:
        yield served


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.endswith("\n")
    return text


def said_clearly(ran: Ran, *words: str, code: int = 1) -> None:
    """It failed with one line that says what is wrong."""
    assert ran.code == code
    assert ran.out == ""
    for word in words:
        assert word in one_line(ran.err)


# -- articles ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("served")
def test_a_file_added_twice_is_one_article_that_can_be_listed_and_deleted(
    tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "bridge.txt"
    front = (
        "---\nid: bridge\ntitle: A bridge\nsource: Mere Gazette\npublished_at: 2024-05-03\n---\n"
    )
    path.write_text(front + ARTICLE)
    assert run("add", path) == Ran(0, "created    bridge  A bridge\n", "")
    assert run("add", path) == Ran(0, "unchanged  bridge  A bridge\n", "")
    path.write_text(front + ARTICLE + " It rained.")
    assert run("add", path) == Ran(0, "updated    bridge  A bridge\n", "")
    assert run("list") == Ran(0, "bridge  2024-05-03, Mere Gazette, A bridge\n", "")
    assert run("delete", "bridge") == Ran(0, "deleted  bridge\n", "")
    assert run("list") == Ran(0, "", "")


@pytest.mark.usefixtures("served")
def test_the_good_files_are_added_and_the_bad_ones_named(tmp_path: Path, run: Run) -> None:
    files = tmp_path / "files"
    (files / "under").mkdir(parents=True)
    (files / "under" / "deep.txt").write_text("Further down.")
    (files / ".git").mkdir()
    (files / ".git" / "hidden.txt").write_text("Not asked for.")
    (files / ".hidden.txt").write_bytes(b"\0")
    (files / "picture.png").write_bytes(b"\x89PNG")
    (files / "1.txt").write_text("First.")
    (files / "2.txt").write_bytes(b"\0\1\2")
    (files / "3.TXT").write_text("Third.")
    (files / "4.txt").write_text("")
    ran = run("add", files, tmp_path / "none.txt", files / "picture.png")
    assert ran.code == 1
    assert [line.split()[-1] for line in ran.out.splitlines()[:-1]] == [
        *("1.txt", "3.TXT", "deep.txt")
    ]
    assert ran.out.splitlines()[-1] == "3 created, 4 failed."
    lines = ran.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("not added  ") for line in lines)
    for line, name, why in zip(
        lines,
        ("2.txt", "4.txt", "none.txt", "picture.png"),
        ("Save it as UTF-8", "empty", "No such file", "this kind of file is not read"),
        strict=True,
    ):
        assert f"{name}" in line
        assert why in line
    assert len(run("list").out.splitlines()) == 3


@pytest.mark.usefixtures("served")
def test_an_import_with_failures_says_how_many_and_why_and_is_no_success(
    tmp_path: Path, run: Run
) -> None:
    (tmp_path / "some.ndjson").write_text('{"text": "The mill burned."}\n{"text": ""}\n{\n')
    ran = run("add", "some.ndjson")
    assert ran.code == 1
    assert "succeeded, 1 of 3 articles, 2 failed" in ran.out
    assert ran.out.splitlines()[-1] == "1 imported, 2 failed."
    assert "some.ndjson, line 2: The article: text: is empty" in ran.err
    assert "some.ndjson, line 3: This line is not valid JSON" in ran.err
    (tmp_path / "none.ndjson").write_text("{\n" * 12)
    ran = run("add", "none.ndjson")
    assert ran.code == 1
    assert "failed, 0 of 12 articles, 12 failed. No line holds an article" in ran.out
    assert "and 2 more." in ran.err
    assert run("jobs").out.count(" failed") == 3


@pytest.mark.usefixtures("served")
def test_standard_input_is_read_as_a_file_is(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def piped(data: bytes) -> None:
        buffer = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffer))

    page = b"---\nid: page\n---\n# Bridge closed\n\nThe *old* bridge was closed.\n"
    (tmp_path / "page.md").write_bytes(page)
    assert run("add", tmp_path / "page.md").out.startswith("created    page  Bridge closed")
    piped(page)
    assert run("add", "-", "--type", "md").out.startswith("unchanged  page  Bridge closed")
    piped(b'\xef\xbb\xbf{"id": "line", "text": "The ferry sailed."}\n')
    assert "succeeded, 1 of 1 articles" in run("add", "-").out
    assert run("list").out.startswith("line")
    piped(b"{The mill} burned.")
    assert run("add", "-", "--type", "txt").out.startswith("created ")
    piped(b"The mill burned.")
    assert "standard input" in run("add", "-").out
    piped(b"")
    said_clearly(run("add", "-"), "standard input is empty")
    said_clearly(run("add", "-", "--type", "exe"), "--type exe", "md", code=2)


def test_a_directory_without_documents_is_said(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    ran = run("add", tmp_path / "empty")
    said_clearly(ran, "empty: there are no documents")


def test_a_file_that_is_too_large_is_said(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_MAX_ARTICLE_BYTES", "100")
    (tmp_path / "long.txt").write_text("x" * 101)
    said_clearly(run("add", tmp_path / "long.txt"), "long.txt", "100 bytes at most")


def test_a_bad_front_matter_is_said(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.txt").write_text("---\npublished_at: soon\n---\nText.")
    said_clearly(run("add", tmp_path / "a.txt"), "a.txt", "published_at", "ISO 8601")


def test_of_ids_to_delete_the_unknown_are_named_and_the_others_go(served: Served, run: Run) -> None:
    said_clearly(run("delete", "nobody"), "not deleted", "nobody")
    for odd in ("", ".", "..", "a/b", "a?b", "a b", "%00", "*"):
        said_clearly(run("delete", odd), "not deleted")
    served.add(id="one")
    ran = run("delete", "nobody", "one")
    assert (ran.code, ran.out) == (1, "deleted  one\n")
    assert "nobody" in one_line(ran.err)


def test_the_list_goes_over_all_pages(
    served: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, pages = cli_articles.call, []

    async def small_pages(client: Any, method: str, path: str, **kwargs: Any) -> Any:
        pages.append(kwargs["params"])
        kwargs["params"]["limit"] = 2
        return await real(client, method, path, **kwargs)

    monkeypatch.setattr(cli_articles, "call", small_pages)
    for n in range(5):
        served.add(f"Number {n}.", id=f"n{n}")
    assert [line.split()[0] for line in run("list").out.splitlines()] == [
        "n4", "n3", "n2", "n1", "n0",
    ]  # fmt: skip
    assert len(pages) == 3


# -- questions --------------------------------------------------------------------------------


def test_an_answer_is_printed_with_its_sources(served: Served, run: Run) -> None:
    served.add(title="Harrow Mere", source="Mere Gazette", published_at="2024-05-03")
    ran = run("ask", QUESTION)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{ANSWER} [1]\n")
    assert "[1] Harrow Mere, Mere Gazette, 3 May 2024\n" in ran.out
    assert "“Aldous Finch opened the new bridge at Harrow Mere on 3 May 2024.”" in ran.out


def test_a_refusal_is_printed_and_is_no_failure(served: Served, run: Run) -> None:
    ran = run("ask", QUESTION)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No answer. There are no articles yet.")
    served.add(title="Harrow Mere")
    served.chat.yes = 0.01
    ran = run("ask", QUESTION)
    assert ran.out.startswith("No answer. ")
    assert "The nearest passages:" in ran.out
    assert " -  Harrow Mere" in ran.out
    assert "Left out, not supported" in ran.out


def test_json_is_the_contracts_object(served: Served, run: Run) -> None:
    served.add(f"{ARTICLE} {HOSTILE}", id="bridge", title=f"Mere {HOSTILE}")
    ran = run("ask", QUESTION, "--json", "--why")
    assert (ran.code, ran.err) == (0, "")
    assert not CONTROLS.search(ran.out)
    printed = json.loads(ran.out)
    direct = served.ask(include_trace=True).json()
    assert printed.keys() == direct.keys()
    for field in ("question", "answerable", "answer", "citations", "model", "prompt", "trace"):
        assert printed[field] == direct[field]
    assert printed["citations"][0]["sources"][0]["title"] == f"Mere {HOSTILE}"


def test_why_is_told_a_line_each(served: Served, run: Run) -> None:
    served.add(f"{ARTICLE} It cost nine.", id="bridge", title="Mere", source="Gazette")
    served.chat.text = f"{ANSWER} Karl Reed closed the new bridge in 1907."
    lines = run("ask", QUESTION, "--why").out.splitlines()
    trail = lines[lines.index(f"Searched for: {QUESTION}") :]
    assert trail[1].startswith("  found: Mere, Gazette, bridge 0-")
    assert trail[2].startswith("  read: bridge 0-")
    assert re.fullmatch(r".+ answered, \d\.\d\d sure of the 0\.25 that it takes", trail[3])
    assert trail[4].startswith("  signals: the answer is there 0.99, its sentences are supported ")
    assert trail[5].startswith("  supported, score ") and trail[5].endswith(f": {ANSWER}")
    assert trail[6].startswith("  unsupported, failed: numbers, names") and len(trail) == 7


def test_the_options_are_the_requests_fields(served: Served, run: Run) -> None:
    served.add(id="old", source="A", published_at="2024-05-03")
    for options in (
        ["--source", "B"], ["--since", "2024-05-04"], ["--until", "2024-05-02"],
    ):  # fmt: skip
        assert "No article passes the filters" in run("ask", QUESTION, *options).out
    options = ["--source", "B", "--source", "A", "--since", "2024-05-03", "--until", "2024-05-03"]
    assert run("ask", QUESTION, *options).out.startswith(ANSWER)
    for options, field in ((["--since", "soon"], "--since soon is"), (["--top-k", 99], "top_k")):
        said_clearly(run("ask", QUESTION, *options), field, code=2)
    said_clearly(run("ask", " "), "question", "empty", code=2)
    said_clearly(run("ask", "x" * 4001), "question", "4,000 characters", code=2)
    said_clearly(run("ask", "\udcff"), "UTF-8", code=2)


def test_nothing_in_an_article_reaches_the_terminal_but_its_letters(
    tmp_path: Path, served: Served, run: Run
) -> None:
    sentence = ANSWER.replace("Harrow", f"{HOSTILE} Harrow")
    served.add(sentence, id="evil", title=f"Title {HOSTILE}", source=f"Source {HOSTILE}")
    served.chat.text = sentence
    (tmp_path / "evil.txt").write_text(f"Text {HOSTILE}")
    nobody = tmp_path / f"{HOSTILE.replace('/', '')}.txt"
    for command in (
        ["list"], ["ask", QUESTION], ["ask", QUESTION, "--why"], ["ask", QUESTION, "--json"],
        ["add", tmp_path / "evil.txt", nobody], ["delete", "no" + HOSTILE],
    ):  # fmt: skip
        ran = run(*command)
        assert not CONTROLS.search(ran.out + ran.err), command
        served.chat.yes = 0.99
    assert "[red]x[/] [/bold] [link=http://x]y\\[z]" in run("list").out
    for yes in (0.99, 0.01):  # quoted in an answer, and in a refusal's nearest passages
        served.chat.yes = yes
        said = " ".join(run("ask", QUESTION).out.split())
        assert said.count("[red]x[/] [/bold] [link=http://x]y\\[z]") >= 2
        assert not CONTROLS.search(said)


def test_print_answer_tells_field_sources_and_derived_dates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def cited(
        text: str, sources: list[dict[str, Any]], derived: list[dict[str, str]]
    ) -> dict[str, Any]:
        return {"text": text, "sources": sources, "support": {"derived": derived}}

    place = {
        "type": "char_location", "article_id": "a", "title": None, "source": None,
        "published_at": None, "cited_text": "It was\nshut on Tuesday.",
    }  # fmt: skip
    day = {"type": "field", "article_id": "a", "field": "published_at", "cited_text": "2024-11-27"}
    derived = {"text": "26 November", "from": "Tuesday", "value": "2024-11-26"}
    cli.print_answer(
        {
            "answerable": True,
            "citations": [
                cited("It was shut.", [place], []),
                cited("On a day.", [place, day], [derived]),
            ],
            "dropped": [{"text": "It burnt.", "reason": "entailment"}],
            "trace": None,
        }
    )
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "It was shut. [1] On a day. [1] [2] (26 November: worked out from “Tuesday”)",
        "",
        "[1] a",
        "    “It was shut on Tuesday.”",
        "",
        "[2] a, its published at",
        "    “2024-11-27”",
        "",
        "Left out, not supported (entailment): It burnt.",
    ]


# -- a service, or none -----------------------------------------------------------------------


def test_without_a_service_the_command_opens_the_directory_itself(
    tmp_path: Path, data_dir: Path, run: Run, chat: ScriptedChat
) -> None:
    (tmp_path / "bridge.txt").write_text(ARTICLE)
    assert run("add", tmp_path / "bridge.txt").code == 0
    assert run("ask", QUESTION).out.startswith(ANSWER)
    assert chat.prompts
    assert serving_url(data_dir) is None


def test_with_a_service_the_command_goes_through_it(
    served: Served, run: Run, chat: ScriptedChat
) -> None:
    served.add()
    assert run("ask", QUESTION).out.startswith(ANSWER)
    assert served.chat.prompts
    assert not chat.prompts


def test_the_command_sends_its_key(
    data_dir: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(data_dir, api_keys="sécret") as served:
        said_clearly(run("list"), "API keys")
        monkeypatch.setenv("DATELINE_API_KEYS", ", sécret ,other")
        client = httpx.Client(base_url=served.url, trust_env=False)
        headers = {b"Authorization": "Bearer sécret".encode()}
        with client:
            client.post("/v1/articles", json={"text": ARTICLE, "id": "x"}, headers=headers)
        assert run("list").out.startswith("x")


def test_what_fails_inside_is_one_line_and_a_log(
    tmp_path: Path, run: Run, chat: ScriptedChat, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bridge.txt").write_text(ARTICLE)
    run("add", tmp_path / "bridge.txt")
    chat.fails = RuntimeError("the reason")
    said_clearly(run("ask", QUESTION), "Something went wrong")
    assert "the reason" in caplog.text


def test_a_directory_in_use_by_a_command_is_said(data_dir: Path, run: Run) -> None:
    from service.directory import owned

    with owned(data_dir, None):
        said_clearly(run("list"), "Another dateline process", "DATELINE_DATA_DIR")


def test_a_directory_that_cannot_be_written_is_said(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATELINE_DATA_DIR", str(tmp_path / "file"))
    said_clearly(run("list"), "cannot be written", "DATELINE_DATA_DIR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUEUE_LIMIT", "many"),
        ("THREADS", "-1"),
        ("THREADS", "10000"),
        ("CONTEXT_TOKENS", "5"),
        ("CONTEXT_TOKENS", "4294967296"),
        ("KV_TOKENS", "4294967296"),
        ("PORT", ""),
    ],
)
def test_a_wrong_setting_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DATELINE_{name}", value)
    if value:
        said_clearly(run("list"), f"DATELINE_{name}: ", code=2)
    else:
        assert run("list").code == 0


def test_settings_that_do_not_fit_are_said_without_the_keys(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_API_KEYS", "secret")
    monkeypatch.setenv("DATELINE_KV_TOKENS", "1024")
    for command in ("list", "pull", "verify", "path"):
        ran = run("models", command)
        said_clearly(ran, "DATELINE_KV_TOKENS is 1024", code=2)
        assert "secret" not in ran.err


def test_a_name_that_no_file_can_have_is_said(run: Run, served: Served) -> None:
    said_clearly(run("add", "a" * 300), "File name too long")


def test_a_missing_model_is_said_in_one_line(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_MODELS_DIR", str(tmp_path / "none"))
    for command in (["serve", "--port", "0"], ["demo", "--serve", "--port", "0"], ["ask", "x"]):
        said_clearly(run(*command), "dateline models pull")
    monkeypatch.setenv("DATELINE_MODEL", "nonsense")
    said_clearly(run("ask", "x"), "nonsense")


# -- serving ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "news.example"])
def test_only_loopback_is_served_without_keys(
    run: Run, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for keys in ("", " , "):
        monkeypatch.setenv("DATELINE_API_KEYS", keys)
        ran = run("serve", "--host", host, "--port", "0")
        said_clearly(ran, "DATELINE_API_KEYS", "loopback", code=2)


def test_a_port_that_is_taken_is_said(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said_clearly(run("serve", "--port", port), str(port), "--port", code=2)


def test_an_address_that_is_not_this_machines_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_API_KEYS", "first")
    for host in ("192.0.2.1", "x" * 70):
        said_clearly(run("serve", "--host", host, "--port", "0"), "--host", code=2)
    assert run("serve", "--port", "70000").code == 2


def test_a_second_service_on_the_directory_is_told_of_the_first(served: Served, run: Run) -> None:
    for command in ("serve", "demo"):
        ran = run(command, "--port", "0", *(["--serve"] if command == "demo" else []))
        said_clearly(ran, served.url)


def test_replies_are_not_held_back_by_nagles_delay(served: Served) -> None:
    """Which is 40 ms, where a reply's head and body are two packets."""
    fastest = 1.0
    for _ in range(20):
        start = time.monotonic()
        assert served.client.get("/livez").status_code == 200
        fastest = min(fastest, time.monotonic() - start)
    assert fastest < 0.03


SCRIPTED = """
import functools, pathlib, signal, sys, threading, time
sys.path.insert(0, sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from fakes import ScriptedChat
from serving import ANSWER
from service import app, cli, terminal
mode = sys.argv.pop(1)
chat = ScriptedChat(text=ANSWER)
if mode == "real":
    chat = None
if mode == "held":
    chat.hold()
    def watch():
        while not chat.running:
            time.sleep(0.01)
        pathlib.Path("running").touch()
    threading.Thread(target=watch, daemon=True).start()
if mode == "slow":
    MiniLM = app.MiniLM
    app.MiniLM = lambda *args, **kwargs: (time.sleep(1.5), MiniLM(*args, **kwargs))[1]
cli.GRACE = 1
cli.create_app = terminal.create_app = functools.partial(cli.create_app, chat=chat)
cli.main()
"""


@contextmanager
def dateline(mode: str, *args: str) -> Iterator["subprocess.Popen[str]"]:
    """`dateline` in a process of its own, with a scripted model."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPTED, str(Path(__file__).parent), mode, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C of the terminal is none of its business
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def served_url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"Serving on (http://\S+)", line):
            return found[1]
    raise AssertionError("it does not serve")


def test_what_memory_the_model_takes_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MODEL", "smollm2-135m")
    monkeypatch.setenv("DATELINE_CONTEXT_TOKENS", "1024")
    monkeypatch.setenv("DATELINE_KV_TOKENS", "2048")
    with dateline("real", "serve", "--port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == (
            "The model takes 97 MB and its KV cache, of 2,048 tokens, 47 MB, however many ask "
            "(DATELINE_KV_TOKENS). A prompt and its answer: 1,024 tokens at most.\n"
        )


def test_a_cache_that_one_prompt_does_not_fit_into_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_KV_TOKENS", "2048")
    said_clearly(run("list"), "DATELINE_KV_TOKENS is 2048, and DATELINE_CONTEXT_TOKENS", code=2)


def test_ctrl_c_ends_the_service_and_leaves_the_directory_whole(
    tmp_path: Path, data_dir: Path, run: Run
) -> None:
    (tmp_path / "first.txt").write_text("What the two ministers signed is not known.")
    run("add", tmp_path / "first.txt")  # so the demo adds none
    with dateline("plain", "demo", "--serve", "--port", "0") as process:
        url = served_url(process)
        assert serving_url(data_dir) == url
        with httpx.Client(base_url=url, trust_env=False) as client:
            added = client.post("/v1/articles", json={"text": ARTICLE, "id": "bridge"})
            assert added.status_code == 201
            assert run("ask", QUESTION).out.startswith(ANSWER)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    assert (data_dir / LOCK).read_text() == ""
    assert run("list").out.startswith("bridge")


def test_a_signal_ends_the_service_while_it_answers_and_while_questions_wait(
    tmp_path: Path, data_dir: Path, run: Run
) -> None:
    with dateline("held", "serve", "--port", "0") as process:
        url = served_url(process)
        client = httpx.Client(base_url=url, trust_env=False, timeout=20)
        with client:
            client.post("/v1/articles", json={"text": ARTICLE, "id": "bridge"})
        port = int(url.rpartition(":")[2])

        def sent(path: bytes, more: int = 0, **body: Any) -> socket.socket:
            data = json.dumps(body).encode()
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(
                b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (path, len(data) + more, data)
            )
            return connection

        waiting = [sent(b"/v1/answers", question=QUESTION) for _ in range(3)]
        waiting.append(sent(b"/v1/checks", text="Finch opened the bridge at Harrow Mere."))
        waiting.append(sent(b"/v1/articles", more=1, text=ARTICLE))  # it has not ended
        streams = [sent(b"/v1/answers", question=QUESTION, stream=True) for _ in range(2)]
        streams.append(sent(b"/v1/briefings", article_ids=["bridge"], stream=True))
        until((tmp_path / "running").exists)
        assert httpx.get(f"{url}/livez", trust_env=False).is_success  # all before it have come
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        for connection in waiting:
            with connection:
                reply = connection.recv(65536)
            assert reply.startswith(b"HTTP/1.1 503 ")
            assert b"The service is ending" in reply
        for connection in streams:
            with connection:
                told = b"".join(iter(functools.partial(connection.recv, 65536), b""))
            assert told.startswith(b"HTTP/1.1 200 ") and told.endswith(b"\r\n0\r\n\r\n")
            assert b"event: error" in told and b"The service is ending" in told
        assert process.returncode == 0
        assert "Traceback" not in err and "Exception" not in err
    assert (data_dir / LOCK).read_text() == ""
    assert run("list").out.startswith("bridge")


def test_a_signal_while_loading_ends_the_service(data_dir: Path) -> None:
    with dateline("slow", "serve", "--port", "0") as process:
        until(lambda: serving_url(data_dir) is not None)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode in (0, 130)
        assert (out, err) == ("", "")
    assert (data_dir / LOCK).read_text() == ""


def test_ctrl_c_ends_a_question_at_once(tmp_path: Path, data_dir: Path, run: Run) -> None:
    (tmp_path / "bridge.txt").write_text(ARTICLE)
    run("add", tmp_path / "bridge.txt")
    with dateline("held", "ask", QUESTION) as process:
        until((tmp_path / "running").exists)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - start < 5
        assert process.returncode == 130
        assert out == ""
        assert "Traceback" not in err


def test_a_pipe_gets_no_colours_and_no_spinner(tmp_path: Path) -> None:
    (tmp_path / "bridge.txt").write_text(ARTICLE)
    with dateline("plain", "add", str(tmp_path / "bridge.txt"), str(tmp_path / "none")) as process:
        out, err = process.communicate(timeout=20)
        assert process.returncode == 1
        assert re.fullmatch(
            r"created    art_[0-9a-f]{20}  bridge\.txt\n1 created, 1 failed\.\n", out
        )
        assert err == f"not added  {tmp_path / 'none'}: No such file or directory.\n"


def test_the_demo_adds_its_examples_once_and_asks(
    run: Run, chat: ScriptedChat, data_dir: Path
) -> None:
    examples = len(list(cli.EXAMPLES.iterdir()))
    chat.text = "They signed two memorandums of understanding."
    first = run("demo")
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith(f"Added {examples} example articles.\n")
    assert f"dateline ask '{cli.EXAMPLE_QUESTION}'\n" in first.out
    assert chat.text in first.out
    second = run("demo")
    assert "Added" not in second.out
    assert chat.text in second.out
    assert len(run("list").out.splitlines()) == examples


# -- briefings --------------------------------------------------------------------------------


def test_a_briefing_has_footnotes_and_tells_what_is_disputed(served: Served, run: Run) -> None:
    first = "A ferry struck the breakwater at Port Ellery on Friday, injuring 14 people."
    second = "The ferry that struck the breakwater at Port Ellery left 17 people hurt."
    served.add(
        first, id="post", source="Evening Post", title="Ferry one", published_at="2026-04-17"
    )
    served.add(
        second, id="wire", source="Islands Wire", title="Ferry two", published_at="2026-04-18"
    )
    served.chat.replies = {"From “Ferry one": first, "From “Ferry two": second}
    ran = run("brief", "--topic", "ferry at Port Ellery", "--words", 40, "--since", "2026-04-01")
    said = " ".join(ran.out.split())
    assert (ran.code, ran.err) == (0, "")
    assert said.startswith(
        f"{second[:-1]} (reported 18 April 2026). [1] A ferry struck the breakwater at Port Ellery "
        "on 17 April 2026"
    )
    assert "[3]" not in said and "not read" not in said
    assert "[2] Ferry one, Evening Post, 17 April 2026" in said
    assert "2 independent sources: " in said
    assert "Disputed: Islands Wire [1] and Evening Post [2] do not agree." in said
    whole = json.loads(run("brief", "post", "wire", "--json").out)
    assert whole["word_count"] <= 80 and len(whole["citations"]) == 2
    assert "No briefing." in run("brief", "--topic", "Qwzx").out


def test_a_briefing_tells_how_many_articles_were_left_out(served: Served, run: Run) -> None:
    for n in range(12):
        text = f"Ferry {n} sank at Port Ell{n}, {n} miles off."
        served.add(text, id=f"n{n}", source="Post", published_at=f"2026-{n + 1:02}-01")
    served.chat.text = ""
    ran = run("brief", "--topic", "ferry sank", "--words", 40)
    said = " ".join(ran.out.split())
    assert "Of 12 articles found, 8 were used and 4 were not read." in said


def test_a_briefing_tells_how_much_of_a_long_article_was_read(served: Served, run: Run) -> None:
    text = "\n\n".join(
        f"Ferry {n} sank at Port Ell{n}, {'many ' * 150}miles off." for n in range(20)
    )
    served.add(text, id="long", source="Post")
    served.add("A ferry sank at Port Ell.", id="short", source="Post")
    served.chat.text = ""
    said = " ".join(run("brief", "long", "short", "--words", 60).out.split())
    assert re.search(r"Read in part: long \(\d\d? %\)\.", said)


@pytest.mark.usefixtures("served")
def test_a_briefing_needs_articles_or_a_topic(run: Run) -> None:
    for command, said in (
        (["brief"], "Name the articles by their ids (`dateline list`), or give --topic"),
        (["brief", "bridge", "--topic", "x"], "Give articles or --topic, not both"),
        (["brief", "bridge", "--since", "2024-05-03"], "--until go with --topic"),
        (["brief", "--topic", " "], "topic: is empty"),
        (["brief", "--topic", "x", "--since", "soon"], "--since soon is not an ISO 8601 date"),
        (["brief", "--topic", "x", "--until", "2024-13-01"], "--until 2024-13-01 is not an ISO"),
        (["brief", "nobody"], "no article 'nobody'"),
        (["jobs", "--cancel", "nobody"], "no job 'nobody'"),
    ):
        said_clearly(run(*command), said, code=2)
    assert run("brief", "--topic", "x", "--words", "0").code == 2
    assert "No briefing." in run("brief", "--topic", "x").out  # a refusal is an answer


# -- checks and quotes ------------------------------------------------------------------------

CLAIMS = (
    "Aldous Finch opened the new bridge at Harrow Mere. "
    "The bridge is 250 metres long and carries two tram lines. Is that true?"
)
DATED = "---\ntitle: A bridge\npublished_at: 2024-05-03\n---\n"


def without_scores(text: str) -> str:
    return re.sub(r"score \d\.\d\d", "score 0.00", text)


def test_a_check_reads_like_a_diff_and_exits_with_its_verdict(
    tmp_path: Path, served: Served, run: Run
) -> None:
    served.add(id="bridge", title="Harrow Mere", source="Mere Gazette", published_at="2024-05-03")
    (tmp_path / "draft.txt").write_text(CLAIMS)
    ran = run("check", "draft.txt", "--article", "bridge", "--fast")
    assert (ran.code, ran.err) == (1, "")
    assert not served.chat.prompts
    assert without_scores(ran.out) == (
        "supported, score 0.00\n"
        "  = Aldous Finch opened the new bridge at Harrow Mere.\n"
        "    “Aldous Finch opened the new bridge at Harrow Mere on 3 May 2024.”\n"
        "    Harrow Mere, Mere Gazette, 3 May 2024, characters 0-64\n"
        "\n"
        "contradicted, score 0.00\n"
        "    numbers: a number that the source does not give for this\n"
        "  - The bridge is 250 metres long and carries two tram lines.\n"
        "  ?               ^^^\n"
        "  + The bridge is 212 metres long and carries two tram lines.\n"
        "  ?               ^^^\n"
        "    Harrow Mere, Mere Gazette, 3 May 2024, characters 65-122\n"
        "\n"
        "not checkable\n"
        "    Is that true?\n"
        "\n"
        "3 sentences: 1 supported, 1 contradicted, 1 not checkable.\n"
    )
    (tmp_path / "good.txt").write_text(f"In the end, {ANSWER} Is that true?")
    assert run("check", "good.txt").code == 0
    assert served.chat.prompts
    whole = run("check", "good.txt", "--json")
    direct = served.client.post("/v1/checks", json={"text": f"In the end, {ANSWER} Is that true?"})
    assert (whole.code, json.loads(whole.out)) == (0, direct.json())


def test_in_a_terminal_what_differs_is_in_colour_and_has_no_carets(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "draft.txt").write_text(CLAIMS)
    (tmp_path / "bridge.md").write_text(DATED + ARTICLE)
    shown = io.StringIO()
    for module in (terminal, cli_check):
        console = Console(file=shown, force_terminal=True, color_system="standard", width=50)
        monkeypatch.setattr(module, "out", console)
    assert run("check", "draft.txt", "--source", "bridge.md", "--fast").code == 1
    assert "\x1b[1;7;31m250\x1b[0m" in shown.getvalue()
    assert "\x1b[1;7;32m212\x1b[0m" in shown.getvalue()
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue()).splitlines()
    assert max(map(len, lines)) <= 50
    assert not any(line.startswith("  ? ") for line in lines)
    assert [line for line in lines if line.startswith("  - ")] == [
        "  - The bridge is 250 metres long and carries two",
        "  - tram lines.",
    ]


def test_a_check_says_which_reading_failed(tmp_path: Path, served: Served, run: Run) -> None:
    served.add(id="bridge")
    served.chat.yes = 0.02
    (tmp_path / "draft.txt").write_text(f"In the end, {ANSWER} Zyx qwv.")
    said = run("check", "draft.txt").out
    assert "entailment: the source does not say it" in said
    assert "no source shares a word with it" in said
    (tmp_path / "other.txt").write_text("The bridge is expected to fetch more than potatoes.")
    assert "words: too little of it is in the source" in run("check", "--fast", "other.txt").out


def test_a_text_is_checked_against_files_whose_places_are_their_own(
    tmp_path: Path, run: Run, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "Potato prices doubled in Quennel last winter"
    (tmp_path / "potatoes.txt").write_text(other)  # no end: a join must not run on
    (tmp_path / "bridge.md").write_text(DATED + ARTICLE)
    stdin = io.TextIOWrapper(io.BytesIO(f"{CLAIMS} {other}.".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    files = ["--source", "potatoes.txt", "--source", "bridge.md"]
    ran = run("check", "-", "--fast", "--json", *files)
    assert ran.code == 1
    assert not chat.prompts
    good, wrong, _, last = json.loads(ran.out)["sentences"]
    for sentence, file, text in (
        (good, "bridge.md", ARTICLE), (wrong, "bridge.md", ARTICLE), (last, "potatoes.txt", other),
    ):  # fmt: skip
        (place,) = sentence["sources"]
        assert (place["article_id"], place["file"]) == (None, file)
        assert text[place["start_char_index"] : place["end_char_index"]] == place["cited_text"]
    (tmp_path / "draft.txt").write_text("It opened on 3 May 2024, a Friday, at Harrow Mere.")
    said = run("check", "draft.txt", "--source", "bridge.md").out
    assert "A bridge, 3 May 2024, bridge.md, characters 0-64" in said


def test_a_quote_is_verbatim_or_is_told_from_the_nearest(
    tmp_path: Path, served: Served, run: Run
) -> None:
    said_clearly(run("quote", " "), "quote is empty", code=2)
    served.add(id="bridge", title="Harrow Mere")
    ran = run("quote", "“carries two tram lines”")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Verbatim, in 1 place.\n\n  = carries two tram lines\n    Harrow Mere, characters 99-121\n"
    )
    ran = run("quote", "carries six tram lines")
    assert ran.code == 1
    assert ran.out == (
        "Not verbatim. The nearest:\n\n"
        "  - carries six tram lines\n"
        "  ?         ^^^\n"
        "  + carries two tram lines.\n"
        "  ?         ^^^\n"
        "    Harrow Mere, characters 99-122\n"
    )
    assert run("quote", "Zyx qwv").out == "Not verbatim. Nothing is near it.\n"
    (tmp_path / "note.txt").write_text("It has six tram lines.")
    (tmp_path / "bridge.md").write_text(DATED + ARTICLE)
    files = ["--source", "note.txt", "--source", "bridge.md"]
    assert "note.txt, characters 7-21" in run("quote", "six tram lines", *files).out
    told = json.loads(run("quote", "waited ten years for it.", "--json", *files).out)
    assert (told["found"], told["nearest"]["source"]["file"]) == (False, "bridge.md")
    direct = served.client.post("/v1/quotes:verify", json={"quote": "tram lines"}).json()
    assert json.loads(run("quote", "tram lines", "--article", "bridge", "--json").out) == direct


@pytest.mark.usefixtures("chat")
def test_the_check_of_the_tutorial_says_what_is_told_there(tmp_path: Path, run: Run) -> None:
    tutorial = (Path(__file__).parent.parent / "docs" / "testing.md").read_text()
    (article,) = re.findall(r"^```\w+ articles/agreements.md\n(.*?)^```", tutorial, re.M | re.S)
    (told,) = re.findall(r"^\$ (dateline check .*?)^```", tutorial, re.M | re.S)
    command, told = told.split("\n", 1)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "agreements.md").write_text(article)
    (tmp_path / "draft.txt").write_text(" ".join(re.findall(r"^  [=-] (.*)$", told, re.M)))
    ran = run(*command.split()[1:])
    assert ran.code == 1
    assert without_scores(ran.out) == without_scores(told)


def test_what_cannot_be_checked_is_no_verdict(tmp_path: Path, served: Served, run: Run) -> None:
    (tmp_path / "draft.txt").write_text(CLAIMS)
    for command in (["check", "draft.txt"], ["quote", "two tram lines"]):
        said_clearly(run(*command), "no articles to hold it against", "--source", code=2)
    served.add()
    (tmp_path / "empty.txt").touch()
    both = ["--article", "x", "--source", "draft.txt"]
    for command, word in (
        (["check", "none.txt"], "none.txt"),
        (["check", "empty.txt"], "empty.txt is empty: give one that holds some text"),
        (["check", "draft.txt", "--article", "nobody"], "nobody"),
        (["check", "draft.txt", "--source", "none.txt"], "none.txt"),
        (["check", "draft.txt", *both], "not both"),
        (["quote", " "], "quote"), (["quote", "x", "--article", "nobody"], "nobody"),
        (["quote", "x", *both], "not both"),
    ):  # fmt: skip
        ran = run(*command)
        assert (ran.code, ran.out) == (2, ""), command
        assert word in one_line(ran.err)
    assert run("check").code == 2


def test_nothing_checked_reaches_the_terminal_but_its_letters(
    tmp_path: Path, served: Served, run: Run
) -> None:
    served.add(f"{ARTICLE} {HOSTILE} saw the bridge.", id="evil", title=f"Title {HOSTILE}")
    (tmp_path / "draft.txt").write_text(f"{CLAIMS} Potatoes {HOSTILE} saw the bridge.")
    for command in (["check", "draft.txt"], ["quote", f"he {HOSTILE} saw a bridge"]):
        for more in ([], ["--json"]):
            ran = run(*command, *more)
            assert ran.code == 1
            assert not CONTROLS.search(ran.out + ran.err), command
