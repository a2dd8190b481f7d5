"""The pytest plugin, run by pytest; its service has a scripted model."""

import html
import json
import re
import socket
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import ANSWER, ARTICLE, QUESTION, Served, serving

from dateline_client import Client, assertions, plugin, refusals, running, texts
from dateline_client.assertions import source_file
from dateline_client.report import Reported, page
from service import cli_check, quotes, wording

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = (ROOT / "docs" / "testing.md").read_text()
HOSTILE = "\x1b[2J<script>alert(1)</script>\u202e & </mark>"
HELD = "dateline.assert_grounded(ANSWER, ARTICLE)"
ASK = "answer = dateline.client.ask(QUESTION)\n"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, shared: Served, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on the files that are there, and on `body` as a test."""
    # The models are in the user's own directory, and pytester sets another home.
    monkeypatch.setenv("DATELINE_MODELS_DIR", str(shared.settings.models_dir))
    monkeypatch.setenv("COLUMNS", "80")

    def run(body: str = "", *options: str, url: str = shared.url) -> pytest.RunResult:
        if body:
            head = f"ARTICLE = {ARTICLE!r}\nANSWER = {ANSWER!r}\nQUESTION = {QUESTION!r}\n"
            lines = "".join(f"    {line}\n" for line in body.splitlines())
            pytester.makepyfile(test_it=f"{head}\ndef test_it(dateline):\n{lines}")
        service = ["--dateline-url", url] if url else []
        return pytester.runpytest_inprocess("-p", "dateline_client.plugin", *service, *options)

    return run


def passes(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=1)


def fails(result: pytest.RunResult, *lines: str) -> None:
    """`lines` are what pytest says after its `E`, in their order."""
    result.assert_outcomes(failed=1)
    said = [line[8:] for line in result.outlines if line.startswith("E  ")]
    places = [said.index(line) for line in lines]
    assert places == sorted(places)


# The assertions


def test_a_supported_answer_passes(run: Run) -> None:
    passes(run("dateline.assert_grounded(ANSWER + ' Is that so?', ARTICLE)"))


def test_a_failure_shows_the_sentence_what_is_wrong_and_the_sources_words(run: Run) -> None:
    text = f"{ANSWER} The bridge is 250 metres long and carries two tram lines."
    fails(
        run(f"dateline.assert_grounded({text!r}, dateline.text(ARTICLE, 'bridge.md'))"),
        "AssertionError: 1 of 2 sentences is not supported by bridge.md",
        "contradicted: a number that the source does not give for this",
        "  - The bridge is 250 metres long and carries two tram lines.",
        "  ?               ^^^",
        "  + The bridge is 212 metres long and carries two tram lines.",
        "    bridge.md:1:66",
    )


def test_the_models_reading_is_shown(fresh: Served, run: Run) -> None:
    fresh.chat.yes = 0.02
    said = "unsupported: the model reads it there with a probability of 2%"
    body = "dateline.assert_grounded('The bridge that Aldous Finch opened is new.', ARTICLE)"
    fails(run(body, url=fresh.url), said)


@pytest.mark.parametrize("answer", ["", "Thank you.", "Why?"])
def test_what_states_nothing_is_not_grounded(run: Run, answer: str) -> None:
    fails(run(f"dateline.assert_grounded({answer!r}, ARTICLE)"))


def test_several_sources_are_one_and_a_place_is_of_its_own(run: Run) -> None:
    body = (
        "sources = [dateline.text('It rained.', 'rain'), dateline.text(ARTICLE, 'bridge')]\n"
        "dateline.assert_grounded(ANSWER, sources)\n"
        "dateline.assert_grounded('The bridge is 250 metres long.', sources)"
    )
    said = "AssertionError: 1 of 1 sentence is not supported by the 2 sources"
    fails(run(body), said, "    bridge:1:66")


def test_an_article_of_the_service_is_a_source(run: Run) -> None:
    body = (
        "for source in (dateline.stored('bridge'), dateline.client.get('bridge')):\n"
        "    dateline.assert_grounded(ANSWER, source)\n"
        "    dateline.assert_quotes_verbatim('It “carries two tram lines.”', source)\n"
        "dateline.assert_quotes_verbatim('It “carries six tram lines.”', source)"
    )
    fails(run(body), "  + carries two tram lines", "    bridge:1:100")


def test_a_quotation_is_held_against_the_nearest_words(run: Run) -> None:
    passes(run("dateline.assert_quotes_verbatim('No quotation.', ARTICLE)"))
    passes(
        run("dateline.assert_quotes_verbatim('\"Two\" \"tram lines,\" he said.', 'Two tram lines')")
    )
    fails(
        run("dateline.assert_quotes_verbatim('It has «six tram lines» there.', ARTICLE)"),
        "AssertionError: 1 of 1 quotation does not stand in the source",
        "  - six tram lines",
        "  ? ^^^",
        "  + two tram lines",
        "    the source:1:108",
    )
    last = (
        "dateline.assert_quotes_verbatim('“We open it by Sunday”', 'A storm. We open it by May.')"
    )
    fails(run(last), "  - We open it by Sunday", "  + We open it by May")
    nothing = run("dateline.assert_quotes_verbatim('It is “zyx qwv”.', ARTICLE)")
    fails(nothing, "  - zyx qwv", "    nothing like it is in the source")
    unlike = run("dateline.assert_quotes_verbatim('“the moon on a stick at last”', ARTICLE)")
    fails(unlike, "    nothing like it is in the source")


def test_citations_are_the_answers_or_what_its_text_holds(run: Run) -> None:
    passes(run(f"{ASK}dateline.assert_cites(answer, ARTICLE, 'Harrow Mere on 3 May 2024')"))
    passes(run("dateline.assert_cites(ANSWER, ARTICLE, 'the new bridge')"))
    fails(
        run(f"{ASK}dateline.assert_cites(answer, dateline.stored('bridge'), 'two tram lines')"),
        "AssertionError: No citation of the answer holds “two tram lines” of bridge",
        "What it cites:",
        "    Aldous Finch opened the new bridge at Harrow Mere on 3 May 2024.",
        "    bridge",
    )
    said = "AssertionError: The answer does not hold “two tram lines”"
    fails(run("dateline.assert_cites(ANSWER, ARTICLE, 'two tram lines')"), said)
    said = "AssertionError: “six tram lines” does not stand in the source"
    fails(run("dateline.assert_cites(ANSWER, ARTICLE, 'six tram lines')"), said)


REFUSES = (
    "The article does not say what it was worth.", "I don't know.", "I’m sorry, I can’t say.",
    "The value is not mentioned.", "There is no information about that.", "",
    "I could not find that in the articles. It rained.",
    "The articles tell of a deal, but do not say what it was worth.",
)  # fmt: skip
TELLS = (
    "It was worth 5 billion.", "Two. That is not known to all.",
    "The article does not say, but it was worth 3 million dollars.",
)  # fmt: skip


def test_a_text_refuses_that_says_it_cannot_say(run: Run) -> None:
    passes(run("\n".join(f"dateline.assert_refuses({answer!r})" for answer in REFUSES)))
    for answer in TELLS:
        fails(run(f"dateline.assert_refuses({answer!r})"), f"  - {answer}")


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("That information isn't available in the article.", True),
        ("The source is silent on this.", True),
        ("It is unclear from the articles.", True),
        ("N/A", True),
        ("Not stated.", True),
        ("No information.", True),
        ("None of the articles mentions the price.", True),
        ("Unknown.", True),
        ("Unfortunately, the provided text does not specify who signed it.", True),
        ("I'm sorry, but I cannot answer that: the articles do not say.", True),
        ("The article does not say how many people died in 2024.", True),
        ("The two articles do not mention it.", True),
        ("While the article tells of a deal, it does not name the price.", True),
        ("Based on the provided information, the date cannot be determined.", True),
        ("We were unable to find an answer in the sources.", True),
        ("There is no mention of the price in the text.", True),
        ("The passage says nothing about the buyer, the price or the date.", True),
        ("It is not stated when the deal was signed.", True),
        ("The article does not say. It only mentions that two ministers met.", True),
        ("I don’t have enough information to answer.", True),
        ("The deal was signed, but the article does not say who paid.", True),
        ("There isn't enough information in the articles.", True),
        ("The answer is not in the articles.", True),
        ("The article doesn't say, although it mentions a deal.", True),
        ("The company does not provide details on the deal, worth $3 million.", False),
        ("The minister does not say that the deal was worth 3 million; it was 4 million.", False),
        ("He cannot say enough good about it: the deal was worth 3 million.", False),
        ("Police did not tell reporters the name of the suspect.", False),
        ("Police sources did not say who fired.", False),
        ("The article does not say much, only that the deal failed.", False),
        ("The article does not name the price, but it was a record.", False),
        ("I do not know the terms; the company paid in shares.", False),
        ("The text does not say that the deal was worth three billion.", False),
        ("The price, which was high, was not disclosed by the company.", False),
        ("The deal was not mentioned by the minister.", False),
        ("He was not known to police.", False),
        ("The article does not mention it: the deal was worth a fortune.", False),
        ("They could not find the ship.", False),
        ("The article does not say what it was worth. It was worth $3 million.", False),
        ("The government has no information on the crew, said the minister.", False),
        ("The minister said that the plan does not include schools.", False),
        ("The bill does not mention wages.", False),
        ("The unknown man was found.", False),
        ("The article does not say who won, the result was a draw.", False),
    ],
)
def test_what_refuses_speaks_of_its_source_or_of_itself(text: str, refuses: bool) -> None:
    assert refusals.refuses(text) is refuses


@given(st.text(st.sampled_from("aI not the article say;:,.but 3") | st.characters()))
def test_any_text_refuses_or_does_not(text: str) -> None:
    assert refusals.refuses(text) in (True, False)


def test_a_refusal_of_the_service_is_known(fresh: Served, run: Run) -> None:
    passes(run(f"{ASK}dateline.assert_refuses(answer)", url=fresh.url))
    result = run(f"{ASK}dateline.assert_grounded(answer, ARTICLE)", url=fresh.url)
    result.stdout.fnmatch_lines(["E *The answer is empty: *It refused (no_articles: *"])
    fresh.add(id="bridge")
    result = run(f"{ASK}dateline.assert_refuses(answer)", url=fresh.url)
    fails(result, "AssertionError: The answer is no refusal", f"  - {ANSWER}", "    bridge")


def test_own_phrases_of_refusal(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ndateline_refusals =\n    ask somebody else\n    pass")
    passes(run("dateline.assert_refuses('Better ask somebody else.')"))


def test_an_answer_is_a_text_or_has_one(run: Run) -> None:
    passes(
        run(
            "from types import SimpleNamespace\n"
            "reply = dateline.client.post('/v1/answers', {'question': QUESTION})\n"
            "from service.contract import Answer\n"
            "for answer in (reply, dateline.client.ask(QUESTION), {'text': ANSWER},\n"
            "               Answer.model_validate(reply), {'answer': ANSWER, 'citations': ['a']},\n"
            "               {'briefing': ANSWER, 'word_count': 9},\n"
            "               SimpleNamespace(answer=ANSWER), SimpleNamespace(text=ANSWER)):\n"
            "    dateline.assert_grounded(answer, ARTICLE)\n"
            "dateline.assert_cites(reply, ARTICLE, 'the new bridge')"
        )
    )
    for answer in ("7", "{}"):
        result = run(f"dateline.assert_grounded({answer}, ARTICLE)")
        result.stdout.fnmatch_lines(["*TypeError: * is no answer*"])


# Sources and settings


def test_files_are_found_in_the_folder_and_from_the_root(
    run: Run, pytester: pytest.Pytester
) -> None:
    folder = pytester.mkdir("articles")
    (folder / "bridge.txt").write_text(ARTICLE)
    (folder / "rain.md").write_text("It rained.")
    pytester.makeini("[pytest]\ndateline_articles = articles\ndateline_mode = fast")
    body = (
        "dateline.assert_grounded(ANSWER)\n"
        "names = [article.name for article in dateline.articles]\n"
        "assert names == ['articles/bridge.txt', 'articles/rain.md']\n"
        "assert dateline.article('rain.md') == dateline.article('articles/rain.md')\n"
        "dateline.article('nowhere.md')"
    )
    run(body).stdout.fnmatch_lines(["*FileNotFoundError: There is no file nowhere.md*"])


UNUSABLE = {
    "dateline.assert_grounded(None, ARTICLE)": "TypeError: None is no answer: give a text, *",
    "dateline.assert_quotes_verbatim(None, ARTICLE)": "TypeError: None is no answer: give *",
    "dateline.assert_cites(None, ARTICLE, 'a')": "TypeError: None is no answer: give a text, *",
    "dateline.assert_refuses(None)": "TypeError: None is no answer: give a text, *",
    "dateline.assert_grounded('', ARTICLE)": "AssertionError: The answer is empty: *",
    "dateline.assert_quotes_verbatim(' ', ARTICLE)": "AssertionError: The answer is empty: *",
    "dateline.assert_cites('', ARTICLE, 'a')": "AssertionError: The answer is empty: *",
    "dateline.assert_cites(ANSWER, ARTICLE, '')": "ValueError: words is empty: give the words *",
    "dateline.assert_grounded(ANSWER)": "pytest.UsageError: There is no source *Give a source: *",
    "dateline.assert_quotes_verbatim(ANSWER)": "pytest.UsageError: *Give a source: *",
    "dateline.assert_grounded(ANSWER, [])": "pytest.UsageError: *Give a source: *",
    "dateline.assert_grounded(ANSWER, 7)": "TypeError: 7 is no source: give a text, *",
    "dateline.assert_grounded(ANSWER, ' ')": "pytest.UsageError: The source is empty: give *",
    "dateline.assert_grounded(ANSWER, ARTICLE, mode='x')": "ValueError: mode='x': it may be *",
    "dateline.article('nope.md')": "FileNotFoundError: There is no file nope.md. Its path *",
    "dateline.assert_grounded(ANSWER, __import__('pathlib').Path('nope.md'))": (
        "FileNotFoundError: nope.md cannot be read: No such file or directory."
    ),
    "dateline.article('picture.png')": "ValueError: * is no text in UTF-8. *add_file*",
    "dateline.stored('nobody')": "dateline_client.errors.ArticleNotFound: *'nobody'*",
    "dateline.client.get('nobody')": "dateline_client.errors.ArticleNotFound: *'nobody'*",
    "dateline.client.ask('')": "dateline_client.errors.InvalidRequest: question: is empty*",
    "dateline.assert_grounded(ANSWER, dateline.text(ARTICLE, published_at='soon'))": (
        "dateline_client.errors.InvalidRequest: source_published_at: *"
    ),
}


@pytest.mark.parametrize("line", UNUSABLE)
def test_what_cannot_be_used_is_said_beside_the_tests_own_line(
    run: Run, pytester: pytest.Pytester, line: str
) -> None:
    (pytester.path / "picture.png").write_bytes(b"\x89PNG")
    says_it_shortly(run(line), line, UNUSABLE[line])


def says_it_shortly(result: pytest.RunResult, line: str, said: str) -> None:
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E       {said}"])
    text = result.stdout.str().partition("= FAILURES")[2].partition("= warnings summary")[0]
    assert f">       {line}\n" in text
    assert "/dateline_client/" not in text and "site-packages" not in text, text
    assert "another exception" not in text and "direct cause" not in text, text
    assert len(re.findall(r"^\S+:\d+: ", text, re.MULTILINE)) == 1, text


def test_an_answer_of_the_service_names_its_sources_itself(run: Run) -> None:
    quotes = "f'He opened “{ANSWER[20:38]}”'"
    passes(
        run(
            "reply = dateline.client.post('/v1/answers', {'question': QUESTION})\n"
            "brief = dateline.client.post('/v1/briefings', {'article_ids': ['bridge']})\n"
            "for answer in (dateline.client.ask(QUESTION), reply, brief):\n"
            "    dateline.assert_grounded(answer)\n"
            "    dateline.assert_quotes_verbatim(answer)\n"
            f"dateline.assert_quotes_verbatim({{**reply, 'answer': {quotes}}})"
        )
    )
    wrong = "answer = {**dateline.client.post('/v1/answers', {'question': QUESTION}), 'answer': "
    fails(
        run(wrong + "'The bridge is 250 metres long.'}\ndateline.assert_grounded(answer)"),
        "AssertionError: 1 of 1 sentence is not supported by bridge",
        "    bridge:1:66",
    )
    fails(
        run(wrong + "'It has “six tram lines”.'}\ndateline.assert_quotes_verbatim(answer)"),
        "AssertionError: 1 of 1 quotation does not stand in bridge",
    )


def test_a_folder_that_is_named_goes_before_what_the_answer_cites(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.mkdir("articles") / "rain.md").write_text("It rained at Harrow Mere.")
    pytester.makeini("[pytest]\ndateline_articles = articles")
    said = "AssertionError: 1 of 1 sentence is not supported by articles/rain.md"
    fails(run(f"{ASK}dateline.assert_grounded(answer)"), said)


def test_a_refusal_needs_no_source_to_be_told(fresh: Served, run: Run) -> None:
    result = run(f"{ASK}dateline.assert_grounded(answer)", url=fresh.url)
    result.stdout.fnmatch_lines(["E *The answer is empty: *It refused (no_articles: *"])


def test_the_marker_names_folder_and_mode(
    fresh: Served, run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.mkdir("news") / "bridge.txt").write_text(ARTICLE)
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.dateline(mode="fast")
        @pytest.mark.dateline(articles="news")
        def test_it(dateline):
            dateline.assert_grounded({ANSWER!r})

        @pytest.mark.dateline(articles="none")
        def test_none(dateline):
            pass

        @pytest.mark.dateline(mode="quick")
        def test_mode(dateline):
            pass
        """
    )
    result = run("", "--strict-markers", url=fresh.url)
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["dateline: There is no folder 'none' of articles."])
    result.stdout.fnmatch_lines(["dateline: *mode='quick' may be 'full' or 'fast'."])
    result.stdout.no_fnmatch_line("*entries are hidden*")
    assert fresh.chat.prompts == []


def test_a_wrong_mode_is_said(run: Run, pytester: pytest.Pytester) -> None:
    assert run("pass", "--dateline-mode", "slow").ret == pytest.ExitCode.USAGE_ERROR
    pytester.makeini("[pytest]\ndateline_mode = slow")
    assert run("pass").ret == pytest.ExitCode.USAGE_ERROR


def test_front_matter_is_no_text_and_lines_are_the_files(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    head = "\ufeff---\r\ntitle: 'A'\r\npublished_at: 2024-05-03\r\n---\r\n\r\n"
    path.write_bytes(f"{head}It rained.".encode())
    source = source_file(path)
    assert (source.text, source.title, source.published_at) == ("It rained.", "A", "2024-05-03")
    assert source.place(3) == "a.md:6:4"
    path.write_text("---\nNo front matter.\n---\n")
    assert source_file(path).text.startswith("---")


# Verdicts are kept


def test_a_second_run_asks_no_model(fresh: Served, run: Run) -> None:
    held = HELD.replace("ANSWER", "'The new bridge at Harrow Mere was opened by Aldous Finch.'")
    run(held, url=fresh.url).stdout.fnmatch_lines(["dateline: 1 verdict, 0 known before"])
    asked = len(fresh.chat.prompts)
    assert asked > 0
    run(held, url=fresh.url).stdout.fnmatch_lines(["dateline: 1 verdict, 1 known before"])
    assert len(fresh.chat.prompts) == asked
    another = held.replace("ARTICLE", "'Yes. ' + ARTICLE")
    for body, *options in ((another,), (held, "--cache-clear")):
        passes(run(body, *options, url=fresh.url))
        assert len(fresh.chat.prompts) > asked
        asked = len(fresh.chat.prompts)


def test_what_is_known_needs_no_service(run: Run, tmp_path: Path) -> None:
    with serving(tmp_path / "gone") as gone:
        passes(run(HELD, url=gone.url))
    passes(run(HELD, url=gone.url))
    result = run(HELD.replace("ANSWER", "ANSWER + ' It is long.'"), url=gone.url)
    result.stdout.fnmatch_lines([f"*The service at {gone.url} does not answer*"])


def test_a_stored_article_needs_the_service_and_that_is_said(run: Run, tmp_path: Path) -> None:
    held = "dateline.assert_grounded(ANSWER, dateline.stored('bridge'))"
    with serving(tmp_path / "gone") as gone:
        gone.add(id="bridge")
        passes(run(held, url=gone.url))
    result = run(held, url=gone.url)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"*The service at {gone.url} does not answer*A stored article may have changed*"]
    )
    assert "another exception" not in result.stdout.str()


def test_another_model_is_asked_anew(
    fresh: Served, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes(run(HELD, url=fresh.url))
    monkeypatch.setattr(fresh.service.model, "sha256", "another")
    run(HELD, url=fresh.url).stdout.fnmatch_lines(["dateline: 1 verdict, 0 known before"])


def test_without_pytests_cache_nothing_is_kept(run: Run, pytester: pytest.Pytester) -> None:
    passes(run(HELD, "-p", "no:cacheprovider"))
    assert not (pytester.path / ".pytest_cache").exists()


def test_a_damaged_verdict_is_none(tmp_path: Path) -> None:
    kept = running.Kept(tmp_path)
    kept.put("a", {"x": 1})
    assert running.Kept(tmp_path).get("a") == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    (tmp_path / "a.json").write_text('{"x"')
    assert running.Kept(tmp_path).get("a") is None


def test_workers_share_verdicts_and_one_report(run: Run, pytester: pytest.Pytester) -> None:
    tests = [
        f"def test_{i}(dateline): dateline.assert_grounded({ANSWER!r}, {ARTICLE!r})\n"
        for i in range(4)
    ]
    pytester.makepyfile("".join(tests))
    options = ("-n", "2", "--dateline-report", "report.html")
    run("", *options).assert_outcomes(passed=4)
    result = run("", *options)
    result.stdout.fnmatch_lines(["dateline: 4 verdicts, 4 known before"])
    assert (pytester.path / "report.html").read_text().count("<section") == 4


# The application is started where no URL is given


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`dateline` as it is, but for the scripted model."""
    path = tmp_path / "dateline"
    path.write_text(
        f"#!{sys.executable}\n"
        f"import functools, sys\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
        "from fakes import ScriptedChat\nfrom service import cli\n"
        "cli.create_app = functools.partial(cli.create_app, chat=ScriptedChat())\ncli.main()\n"
    )
    path.chmod(0o755)
    monkeypatch.setattr(running, "_command", lambda: path)
    return path


def test_the_application_is_started_when_needed_and_ends(
    run: Run, command: Path, tmp_path: Path
) -> None:
    told = f"__import__('pathlib').Path({str(tmp_path / 'url')!r})"
    tell = f"{told}.write_text(dateline.client.url)"
    passes(run(f"{HELD}\n{tell}", url=""))
    with Client((tmp_path / "url").read_text()) as ended:
        assert not ended.live()
    passes(run(f"{HELD}\nassert dateline._running._client is None", url=""))
    command.write_text("#!/bin/sh\necho No model.\nexit 1")  # another: what that one said is void
    run(HELD, url="").stdout.fnmatch_lines(["*`dateline serve` ended: No model.*"])


def test_with_neither_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_command", lambda: None)
    result = run(HELD, url="")
    result.stdout.fnmatch_lines(["*No Dateline service: give --dateline-url, or install*"])
    passes(run("dateline.assert_refuses('I do not know.')", url=""))


def test_nobody_at_the_url_is_said_at_once(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = "dateline_client.errors.Unreachable: *does not answer*`dateline serve`*"
    for line in (HELD, "dateline.stored('bridge')", "dateline.client.ask(QUESTION)"):
        says_it_shortly(run(line, url=f"http://127.0.0.1:{port}"), line, said)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:8000", "'localhost:8000' is no address of a service: give one like http://*"),
        ("http://127.0.0.1:port", "* is no address of a service: *"),
        ("http://[::1", "* is no address of a service: *"),
        ("", "There is no Dateline service at */v1: give the address of one without a path*"),
    ],
)
def test_a_wrong_url_is_said(run: Run, shared: Served, url: str, said: str) -> None:
    line = "dateline.stored('bridge')"
    url = url or f"{shared.url}/v1"
    says_it_shortly(run(line, url=url), line, f"dateline_client.errors.DatelineError: {said}")


def test_each_test_is_told_anew_that_nobody_is_there(run: Run, pytester: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    tests = [f"def test_{i}(dateline):\n    dateline.stored('number {i}')\n" for i in range(3)]
    pytester.makepyfile("".join(tests))
    text = run("", url=f"http://127.0.0.1:{port}").stdout.str()
    assert [text.count(f">       dateline.stored('number {i}')") for i in range(3)] == [1, 1, 1]


# What is shown


def test_the_report_has_texts_side_by_side_and_marks(run: Run, pytester: pytest.Pytester) -> None:
    wrong = f"The bridge is 250 metres long. {HOSTILE}"
    body = f"{HELD}\ndateline.assert_grounded({wrong!r}, ARTICLE)"
    result = run(body, "--dateline-report", "out/report.html", "--tb=short")
    result.stdout.fnmatch_lines(["dateline: the report is out/report.html"])
    assert "\u202e" not in result.stdout.str().partition("E  ")[2]
    shown = (pytester.path / "out" / "report.html").read_text()
    assert "2 assertions, 1 of which does not hold" in shown
    assert 'class="good" id="a0-0-' in shown and 'class="bad" id="a0-1-' in shown
    assert "&lt;script&gt;" in shown and "<script" not in shown
    targets = re.findall(r'href="#([^"]+)"', shown)
    assert len(targets) >= 2 and all(f'id="{target}"' in shown for target in targets)


def test_the_report_tells_of_a_test_that_could_not_be_checked(
    run: Run, pytester: pytest.Pytester
) -> None:
    run(f"{HELD}\ndateline.stored('<nobody>')", "--dateline-report", "report.html")
    shown = (pytester.path / "report.html").read_text()
    assert "1 assertion, 0 of which do not hold. 1 test fails by something else." in shown
    assert "ArticleNotFound: There is no article &#x27;&lt;nobody&gt;" in shown
    run(HELD, "--dateline-report", "report.html")
    assert "something else" not in (pytester.path / "report.html").read_text()


def test_a_report_that_cannot_be_written_is_said(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "file").touch()
    result = run(HELD, "--dateline-report", "file/report.html")
    result.stdout.fnmatch_lines(["dateline: the report file/report.html cannot be written: *"])
    passes(result)


@given(st.text(), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_a_report_keeps_every_character(text: str, spans: list[tuple[int, int]]) -> None:
    marks = [{"span": s, "verdict": "bad", "note": text, "places": []} for s in spans]
    assertion = {"assertion": "a", "text": text, "sources": [], "marks": marks, "message": ""}
    shown = page([Reported("t", "passed", [json.loads(json.dumps(assertion))])])
    inner = re.search(r"<h3>Answer</h3><p>(.*?)</p></div>", shown, re.DOTALL)
    assert inner is not None
    kept = re.sub(r"</?mark[^>]*>", "", inner[1])
    assert kept == (html.escape(text) or "<small>(empty)</small>")


def test_colours_are_for_a_terminal(run: Run) -> None:
    body = "dateline.assert_grounded('The bridge is 250 metres long.', ARTICLE)"
    coloured = run(body, "--color=yes").stdout.str()
    assert "\x1b[1;7;31m250\x1b[0m" in coloured and "^^^" not in coloured
    run(body, "--color=yes", "--junit-xml=results.xml")
    assert "x1B" not in Path("results.xml").read_text()


# Texts


@given(st.text(), st.text())
def test_quotes_are_folded_as_the_service_folds_them(quote: str, text: str) -> None:
    assert texts.folded(text) == quotes.folded(text)
    for needle in (quote, text[1:-1]):
        theirs = [(span.start, span.end) for span in quotes.occurrences(needle, text)]
        assert texts.occurrences(needle, text) == theirs


def test_what_stands_in_quotation_marks() -> None:
    text = "He “said so,” and \"did. \" «Oui», „ja“; 'no' and an open “end."
    assert [text[a:b] for a, b in texts.quotations(text)] == ["said so", "did", "Oui", "ja", "no"]


def test_the_nearest_words_may_be_spelled_otherwise() -> None:
    text = "Heads of two memorandums of understanding in Baghdad spoke."
    span = texts.nearest("two memorandums of understandings", text)
    assert span is not None and text[slice(*span)] == "two memorandums of understanding"


@pytest.mark.parametrize(
    ("text", "lone"),
    [
        ('Petrova said "We have never seen such a thing', ['"']),
        ("Petrova said “We have never seen such a thing.", ["“"]),
        ("She said so”, and left.", ["”"]),
        ("«Oui, dit-il.", ["«"]),
        ('"So it is," he said. "It was.', ['"']),
        ("“One,” he said, “and two.", ["“"]),
        ('“He said "no" to it,” and „ja“, »so«, ”så”, «oui» and "did".', []),
        ("“It began so.\n\n“It ended so,” he said.", []),
        ("A 12\" pipe, 6'2\" tall, 7″ wide; the ministers' talks, it's ‘open.", []),
    ],
)
def test_a_double_mark_that_is_not_closed(text: str, lone: list[str]) -> None:
    assert [text[at] for at in texts.lone_marks(text)] == lone


def test_a_quotation_that_is_not_closed_is_not_verbatim(run: Run) -> None:
    fails(
        run("dateline.assert_quotes_verbatim('He said \"two tram lines are there', ARTICLE)"),
        "AssertionError: 1 quotation mark is not closed in the answer",
        '  - He said "two tram lines are there',
        "  ?         ^",
    )
    both = "dateline.assert_quotes_verbatim('“six tram lines” and “so on', ARTICLE)"
    fails(
        run(both),
        "AssertionError: 1 of 1 quotation does not stand in the source",
        "1 quotation mark is not closed in the answer",
        "  - “six tram lines” and “so on",
    )


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("He said 'it's over' (and ‘don’t go’).", ["it's over", "don’t go"]),
        ("‘We won. We go on,’ he said.", ["We won. We go on"]),
        ("'Yes', he said. 'No', said she.", ["Yes", "No"]),
        ("'The ministers' talks went well,' he said.", ["The ministers' talks went well"]),
        ("He called them 'enemies' and left.", ["enemies"]),
        ("They were 'losers', the ministers' men said.", ["losers"]),
        ("The workers’ ‘rights’ are the ministers’ talk.", ["rights"]),
        ("“They said ‘no’ to it,” he said.", ["They said ‘no’ to it"]),
        ("'They said “no” to it', he said.", ["They said “no” to it"]),
        ("The ministers' talks failed, and it's the workers’ fault, James' too.", []),
        ("In the '90s, and in '24, the ministers' talks went on.", []),
        ("'Tis rock 'n' roll, the players' way; the minister 's talks.", []),
        ("He is 6'2\" tall, the boards 5' wide.", []),
        ("Qur'an, O'Brien's, al-'Aziz's, the O’Neills’.", []),
        ("‘It has no end. The ministers’ talks have.", []),
        ("He said so,' she said.", []),
    ],
)
def test_single_marks_quote_and_apostrophes_do_not(text: str, quoted: list[str]) -> None:
    assert [text[a:b] for a, b in texts.quotations(text)] == quoted


MARKED = st.text(st.sampled_from("as9 .,\n\"'“”„«»‘’(—"))


@given(st.text() | MARKED)
def test_quotations_are_found_as_the_service_finds_them(text: str) -> None:
    theirs = [(span.start, span.end) for span in wording.quotations(text)]
    assert texts.quotations(text) == theirs
    assert all(a < b <= len(text) for a, b in theirs)
    assert theirs == sorted(theirs) and all(a[1] <= b[0] for a, b in pairwise(theirs))


def test_single_marks_are_held_against_the_source(run: Run) -> None:
    body = (
        "for words in ('‘carries two tram lines’', \"'carries two tram lines,'\"):\n"
        '    dateline.assert_quotes_verbatim(f"It {words} at the residents\' wish.", ARTICLE)\n'
        "dateline.assert_quotes_verbatim(\"It 'carries six tram lines'.\", ARTICLE)"
    )
    fails(run(body), "  - carries six tram lines", "  + carries two tram lines")


@given(st.text(), st.text(), st.integers(5, 60))
def test_a_diff_can_be_made_of_any_texts(ours: str, theirs: str, width: int) -> None:
    a, b = texts.plain(ours), texts.plain(theirs)
    marked = (texts.missing(a, b), texts.changed(a, b)[0], texts.instead(b, a))
    for spans in marked:
        assert all(0 <= start < end <= len(a) for start, end in spans)
        lines = texts.Look(width).lines("-", a, spans)
        kept = "".join(line[4:] for line in lines if line.startswith("  -"))
        assert kept.replace(" ", "") == a.replace(" ", "")
    span = texts.nearest(a, b)
    assert span is None or b[slice(*span)]


# The documentation


def test_the_tutorial_runs(run: Run, pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"^```\w+ (\S+)\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    for name, body in blocks:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(body)
    pytester.syspathinsert()
    run("").assert_outcomes(passed=4, failed=1)
    result = run("", "--dateline-mode", "fast", "test_wrong.py")
    (told,) = re.findall(r"^\$ pytest --dateline-mode fast\n(.*?)^```", TUTORIAL, re.M | re.DOTALL)
    assert told.strip() in "\n".join(line.rstrip() for line in result.outlines)


def test_every_setting_of_the_plugin_is_documented() -> None:
    for name in plugin._OPTIONS:
        assert f"`--dateline-{name}" in TUTORIAL and f"`dateline_{name}`" in TUTORIAL


def test_the_command_line_says_what_is_wrong_in_the_same_words() -> None:
    """The client stands alone, so that neither can take them from the other."""
    assert cli_check.WRONG == assertions.WRONG
