"""A text held against articles, over HTTP, with a scripted model; and without one."""

from typing import Any

import pytest
from fakes import ScriptedChat
from serving import ARTICLE, Served, is_problem

from index.embeddings import BATCH, MiniLM
from index.errors import Deadline, StorageFull
from service import checks
from service.checks import Checker
from service.contract import ModelName
from service.reading import Budget

GOOD = "Aldous Finch opened the new bridge at Harrow Mere."
WRONG = "The bridge is 250 metres long and carries two tram lines."
NAME = ModelName(name="scripted", sha256="")
AWAY = "Potato prices doubled in Quennel last winter."


def check(served: Served, text: str, **fields: Any) -> dict[str, Any]:
    response = served.client.post("/v1/checks", json={"text": text, **fields})
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    for sentence in reply["sentences"]:
        assert text[sentence["start"] : sentence["end"]] == sentence["text"]
    return reply


@pytest.mark.parametrize("mode", ["full", "fast"])
def test_each_sentence_has_a_verdict_and_its_nearest_sources(fresh: Served, mode: str) -> None:
    fresh.add(id="bridge", source="Gazette", published_at="2024-05-03")
    reply = check(fresh, f"{GOOD} {WRONG} Is that true?", mode=mode, article_ids=["bridge"])
    labels = [s["label"] for s in reply["sentences"]]
    assert labels == ["supported", "contradicted", "not_checkable"]
    good, wrong, _ = reply["sentences"]
    assert wrong["checks"]["numbers"] is False
    assert reply["score"] == wrong["score"] < 0.5 <= good["score"]
    for sentence in (good, wrong):
        for source in sentence["sources"]:
            assert source["article_id"] == "bridge" and source["revision"]
            span = slice(source["start_char_index"], source["end_char_index"])
            assert ARTICLE[span] == source["cited_text"]


@pytest.mark.parametrize("mode", ["full", "fast"])
def test_a_text_can_be_held_against_one_that_is_sent_with_it(fresh: Served, mode: str) -> None:
    reply = check(fresh, GOOD, source_text=f"News. {ARTICLE}", mode=mode)
    (sentence,) = reply["sentences"]
    assert sentence["label"] == "supported"
    (source,) = sentence["sources"]
    assert (source["article_id"], source["revision"]) == (None, None)
    assert (
        f"News. {ARTICLE}"[source["start_char_index"] : source["end_char_index"]]
        == (source["cited_text"])
    )


def test_the_date_of_a_text_that_is_sent_is_what_its_days_are_read_by(fresh: Served) -> None:
    claim, source = "The bridge opened on 3 May 2024.", "The bridge opened on Friday."
    dated = {"source_published_at": "2024-05-04", "source_title": "A bridge"}
    (alone,) = check(fresh, claim, source_text=source, mode="fast")["sentences"]
    (known,) = check(fresh, claim, source_text=source, mode="fast", **dated)["sentences"]
    assert alone["checks"]["dates"] is False
    assert known["checks"]["dates"] is True
    assert known["sources"][0]["title"] == "A bridge"


def test_sentences_are_read_beside_the_same_passages_of_a_long_text(fresh: Served) -> None:
    towns = [f"{name}{end}" for name in ("Al", "Bor", "Cal", "Dor") for end in ("ley", "ford")]
    told = [
        f"In {town} the council met on the {n}th of a wet month, and spoke of roads, of schools "
        f"and of the {n} bridges that it means to mend before another winter comes."
        for town in towns
        for n in range(4, 20)
    ]
    picked = [told[at] for at in (3, 60, 120)]
    claims = " ".join(t.replace("and spoke of", "and it spoke of") for t in picked)
    before = len(fresh.chat.prompts)
    reply = check(fresh, claims, source_text="\n\n".join(told))
    assert [s["label"] for s in reply["sentences"]] == ["supported"] * 3
    assert [s["sources"][0]["cited_text"] for s in reply["sentences"]] == picked
    asked = [prompt.partition("Statement:")[0] for prompt in fresh.chat.prompts[before:]]
    assert len(asked) == 3 and len(set(asked)) == 1


def test_what_two_passages_share_counts_once(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = " ".join(f"The bridge number {n} is {n * 7} metres long." for n in range(60))
    alike = [f"The bridge number {n} is {n * 7} metres in length." for n in (1, 58)]
    monkeypatch.setattr(checks, "MOST_TOKENS", 60 * 14)
    check(fresh, " ".join(alike), source_text=source)
    read = [prompt for prompt in fresh.chat.prompts if "Is every detail" in prompt]
    assert len(read) == 2 and all(source in prompt for prompt in read)


def test_what_stands_there_word_for_word_is_not_read(fresh: Served) -> None:
    fresh.chat.yes = 0.02
    before = len(fresh.chat.prompts)
    (sentence,) = check(fresh, GOOD.rstrip("."), source_text=ARTICLE)["sentences"]
    assert (sentence["label"], sentence["checks"]["entailment"]) == ("supported", 1.0)
    assert len(fresh.chat.prompts) == before
    (sentence,) = check(fresh, f"In 2024 {GOOD}", source_text=ARTICLE)["sentences"]
    assert len(fresh.chat.prompts) > before and sentence["label"] == "unsupported"


@pytest.mark.parametrize(("same", "label"), [(0.05, "unsupported"), (0.9, "supported")])
def test_a_word_in_place_of_another_is_read_beside_its_sentence_alone(
    fresh: Served, monkeypatch: pytest.MonkeyPatch, same: float, label: str
) -> None:
    fresh.chat.yes = 0.7
    monkeypatch.setitem(fresh.chat.readings, "Where the text says “opened”", same)
    monkeypatch.setitem(fresh.chat.readings, "something else than the quotation", 0.02)
    claim = "Aldous Finch blessed the new bridge at Harrow Mere."
    (sentence,) = check(fresh, claim, source_text=ARTICLE)["sentences"]
    assert (sentence["label"], sentence["checks"]["rewording"]) == (label, same)
    (asked,) = [prompt for prompt in fresh.chat.prompts if "Where the text says" in prompt]
    assert "tram lines" in ARTICLE and "tram lines" not in asked
    (copied,) = check(fresh, GOOD, source_text=ARTICLE)["sentences"]
    assert "rewording" not in copied["checks"]


def test_absence_is_no_contradiction(fresh: Served) -> None:
    fresh.add(id="bridge")
    fresh.chat.yes = 0.02
    (sentence,) = check(fresh, AWAY)["sentences"]
    assert sentence["label"] == "unsupported"


def test_what_stands_there_in_all_its_words_is_contradicted_by_no_reading_alone(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.chat.yes = 0.02
    monkeypatch.setitem(fresh.chat.readings, "something else than the quotation", 0.95)
    claims = {
        "At Harrow Mere, Aldous Finch opened the new bridge.": "unsupported",
        "At Harrow Mere, Aldous Finch shunned the new bridge.": "contradicted",
        "At Harrow Mere, Aldous Finch closed the new bridge.": "contradicted",
    }
    checked = check(fresh, " ".join(claims), source_text=ARTICLE)["sentences"]
    assert {sentence["text"]: sentence["label"] for sentence in checked} == claims


def test_without_the_model_it_is_not_asked(fresh: Served) -> None:
    fresh.add(id="bridge")
    check(fresh, f"{GOOD} {AWAY}", mode="fast")
    assert fresh.chat.prompts == []


def test_a_text_without_a_checkable_sentence_has_no_score(fresh: Served) -> None:
    assert check(fresh, "Thank you. Why?", source_text="It rained.")["score"] is None


def test_with_no_article_nothing_is_supported(fresh: Served) -> None:
    assert check(fresh, GOOD)["score"] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": GOOD, "source_text": "x", "article_ids": ["a"]},
        {"text": GOOD, "mode": "slow"},
        {"text": GOOD, "source_title": "A bridge"},
        {"text": GOOD, "article_ids": ["a"], "filters": {"article_ids": ["b"]}},
        {"text": GOOD, "article_ids": [], "filters": {"sources": ["Gazette"]}},
    ],
)
def test_a_bad_request_is_said(shared: Served, fields: dict[str, Any]) -> None:
    response = shared.client.post("/v1/checks", json=fields)
    is_problem(response, 422, "invalid_request")


def test_a_choice_of_no_article_is_not_all(fresh: Served) -> None:
    fresh.add(id="bridge")
    for path, body in (("checks", {"text": GOOD}), ("quotes:verify", {"quote": "two tram lines"})):
        reply = fresh.client.post(f"/v1/{path}", json={**body, "article_ids": []})
        said = is_problem(reply, 422, "invalid_request")["detail"]
        assert said.startswith("article_ids names no article: give the ids")
        for rest in (
            {},
            {"article_ids": None},
            {"article_ids": ["bridge"]},
            {"article_ids": [], "source_text": ARTICLE},
        ):
            reply = fresh.client.post(f"/v1/{path}", json={**body, **rest})
            assert reply.status_code == 200, reply.text
    assert check(fresh, GOOD, filters={"article_ids": []})["sentences"][0]["label"] == "supported"


def test_an_unknown_article_is_404(shared: Served) -> None:
    response = shared.client.post("/v1/checks", json={"text": GOOD, "article_ids": ["nobody"]})
    is_problem(response, 404, "article_not_found")


def test_a_quote_is_verified_over_http(fresh: Served) -> None:
    fresh.add(id="bridge")
    body = fresh.client.post("/v1/quotes:verify", json={"quote": "carries two tram lines"}).json()
    assert body["found"] and body["nearest"] is None
    (match,) = body["matches"]
    assert ARTICLE[match["start_char_index"] : match["end_char_index"]] == "carries two tram lines"
    body = fresh.client.post("/v1/quotes:verify", json={"quote": "carries six tram lines"}).json()
    assert not body["found"] and body["nearest"]["diff"]


def test_the_number_of_a_date_is_no_other_number(fresh: Served) -> None:
    source = "The ferry struck the breakwater on Friday, injuring 14 people."
    dated = {"source_published_at": "2026-04-17", "source_title": "Crash"}
    for mode in ("full", "fast"):
        claim = "The ferry struck the breakwater on Friday, injuring 17 people."
        (wrong,) = check(fresh, claim, source_text=source, mode=mode, **dated)["sentences"]
        assert (wrong["label"], wrong["checks"]["numbers"]) == ("contradicted", False)
        claim = "The ferry struck the breakwater on 17 April 2026, injuring 14 people."
        (right,) = check(fresh, claim, source_text=source, mode=mode, **dated)["sentences"]
        assert (right["label"], right["checks"]["dates"]) == ("supported", True)


def test_a_number_that_is_anothers_is_contradicted(fresh: Served) -> None:
    source = "The Civic Union won 71 seats and the National List 54, the commission said."
    for mode in ("full", "fast"):
        text = "The National List won 71 seats. The Civic Union won 71 seats."
        swapped, right = check(fresh, text, source_text=source, mode=mode)["sentences"]
        assert (swapped["label"], swapped["checks"]["numbers"]) == ("contradicted", False)
        assert right["checks"]["numbers"] and right["label"] != "contradicted"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Fuel leaked into the harbour.", "No fuel leaked into the harbour, the guard said."),
        (
            "The ferry was not carrying 212 people.",
            "It was not late. The ferry carried 212 people.",
        ),
        ("Deaths were reported.", "No deaths were reported."),
        ("The council rejected the plan.", "The council approved the plan on Friday, 7-2."),
    ],
)
def test_what_is_denied_on_one_side_alone_is_contradicted(
    fresh: Served, claim: str, source: str
) -> None:
    (sentence,) = check(fresh, claim, source_text=source, mode="fast")["sentences"]
    assert (sentence["label"], sentence["checks"]["negation"]) == ("contradicted", False)


@pytest.mark.parametrize(
    "text",
    [
        *("What a terrible day!", "I think this is bad.", "In my view the bridge is a tragedy."),
        *("Photo: Ada Krall.", "Read more below.", "Here is the summary you asked for."),
        "The article does not say what the bridge cost.",
    ],
)
def test_what_states_nothing_is_not_checkable(fresh: Served, text: str) -> None:
    (sentence,) = check(fresh, text, source_text=ARTICLE, mode="fast")["sentences"]
    assert sentence["label"] == "not_checkable"


def test_what_one_outlet_says_is_supported_though_another_has_another_figure(fresh: Served) -> None:
    crash = "The ferry crash at Port Ellery left {} people hurt, the {} said."
    fresh.add(crash.format(14, "harbour authority"), id="post", source="Post")
    fresh.add(crash.format(17, "health service"), id="wire", source="Wire")
    for number, outlet in ((14, "post"), (17, "wire")):
        (told,) = check(fresh, f"The ferry crash left {number} people hurt.")["sentences"]
        assert told["label"] == "supported"
        assert [source["article_id"] for source in told["sources"]] == [outlet]
    (other,) = check(fresh, "The ferry crash left 16 people hurt.")["sentences"]
    assert other["label"] == "contradicted"


def test_what_an_outlet_took_back_is_not_supported(fresh: Served) -> None:
    report = "The mill in Dornfeld will close with the loss of 640 jobs."
    correction = "The closure of the mill in Dornfeld will cost 460 jobs, not 640."
    fresh.add(report, id="one", source="Ledger", published_at="2026-03-04")
    fresh.add(correction, id="two", source="Ledger", published_at="2026-03-06")
    (told,) = check(fresh, "The mill will close with the loss of 640 jobs.")["sentences"]
    assert told["label"] == "contradicted"
    assert [source["article_id"] for source in told["sources"]] == ["two"]


def test_a_number_of_which_nothing_is_said_is_no_contradiction(fresh: Served) -> None:
    source = "The harbour of Port Ellery is the oldest on the coast."
    (told,) = check(fresh, "The harbour of Port Ellery was founded in 1820.", source_text=source)[
        "sentences"
    ]
    assert told["label"] == "unsupported" and told["checks"]["numbers"] is False


class Replies:
    """Where replies are kept. `full`: on a disk that is full."""

    def __init__(self, *, full: bool = False) -> None:
        self.full, self.kept = full, dict[str, Any]()

    def reply(self, key: str) -> None:
        return None

    def put_replies(self, replies: dict[str, Any]) -> None:
        if self.full:
            raise StorageFull("The disk is full.")
        self.kept |= replies


TOLD_OTHERWISE = "Finch, called Aldous, did open a new Harrow Mere bridge."


def test_a_full_disk_loses_no_verdict(embedder: MiniLM) -> None:
    checker = Checker(embedder, ScriptedChat(text="x"), NAME, Replies(full=True))
    assert len(checker.check(TOLD_OTHERWISE, ARTICLE)) == 1


def test_what_was_read_when_the_time_was_over_is_kept(
    embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies, budget = Replies(), Budget(600)
    checker = Checker(embedder, ScriptedChat(text="x"), NAME, replies)
    checked = checker._checked

    def once(*arguments: Any) -> checks.Checked:
        found = checked(*arguments)
        budget.cancel()
        return found

    monkeypatch.setattr(checker, "_checked", once)
    with pytest.raises(Deadline):
        checker.check(f"{TOLD_OTHERWISE} {WRONG}", ARTICLE, budget=budget)
    assert len(replies.kept) == 2  # whether it is said, and what stands in a word's place


def test_a_long_source_is_embedded_no_longer_than_anybody_waits(
    embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget, encode, encoded = Budget(600), embedder.encode, []

    def cancelling(texts: list[str]) -> Any:
        encoded.extend(texts)
        budget.cancel()
        return encode(texts)

    monkeypatch.setattr(embedder, "encode", cancelling)
    source = " ".join(f"In {year} the bridge at Harrow Mere was painted." for year in range(2000))
    with pytest.raises(Deadline):
        Checker(embedder, None, NAME).check(GOOD, source, budget=budget)
    assert 0 < len(encoded) <= BATCH


def test_a_check_without_the_model_ends_when_nobody_waits(embedder: MiniLM) -> None:
    budget = Budget(600)
    budget.cancel()
    with pytest.raises(Deadline):
        Checker(embedder, None, NAME).check(GOOD, ARTICLE, budget=budget)
