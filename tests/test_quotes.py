"""Quotes: verbatim or not, and where."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Served, is_problem

from index.articles import NewArticle
from index.embeddings import MiniLM
from index.errors import ArticleNotFound, InvalidRequest
from index.index import Index
from index.registry import Filters, Passage
from service import quotes
from service.contract import QuoteReply, QuoteRequest
from service.quotes import Change, diff, occurrences, quote_reply, verify, verify_in

TEXT = (
    "“We heard them before we saw them,” said Inspector Ruth Amadi.\n\n"
    "The search — the longest since 2019 — ended at dawn. It cost 40,000 euros."
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Index]:
    index = Index(Path(tmp_path_factory.mktemp("quotes")), embedder)
    index.add(NewArticle(id="search", text=TEXT, source="Post"))
    index.add(NewArticle(id="other", text="A ferry sank in the strait on Monday night."))
    yield index
    index.close()


def asked(index: Index, quote: str, source_text: str | None = None) -> QuoteReply:
    return quote_reply(index, QuoteRequest(quote=quote, source_text=source_text))


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("We heard them before we saw them", "We heard them before we saw them"),
        ('"We heard them before we saw them,"', "We heard them before we saw them,"),
        ("search - the longest since 2019 -", "search — the longest since 2019 —"),
        ("said Inspector Ruth Amadi. The search", "said Inspector Ruth Amadi.\n\nThe search"),
        ("40,000 euros", "40,000 euros"),
    ],
)
def test_a_verbatim_quote_is_found_where_it_stands(index: Index, quote: str, found: str) -> None:
    reply = asked(index, quote)
    assert reply.found and reply.nearest is None
    (match,) = reply.matches
    assert (match.article_id, match.cited_text) == ("search", found)
    assert TEXT[match.start_char_index : match.end_char_index] == found


@pytest.mark.parametrize(
    "quote",
    ["we heard them before we saw them", "heard them before he saw", "0,000 euros", "40,000 euro"],
)
def test_another_case_word_or_half_a_word_is_not_verbatim(index: Index, quote: str) -> None:
    assert not asked(index, quote).found


def test_the_nearest_is_told_with_what_differs(index: Index) -> None:
    reply = asked(index, "It cost 50,000 euros.")
    assert not reply.found and reply.nearest is not None
    nearest = reply.nearest
    assert nearest.source.cited_text == "It cost 40,000 euros."
    assert nearest.similarity == 0.75
    assert [(c.op, c.text) for c in nearest.diff] == [
        ("=", "It cost"), ("-", "50,000"), ("+", "40,000"), ("=", "euros."),
    ]  # fmt: skip


def test_only_the_articles_named_are_looked_at(index: Index) -> None:
    elsewhere = Filters(article_ids=["other"])
    assert not verify(index, "We heard them before we saw them", elsewhere).matches
    with pytest.raises(ArticleNotFound):
        verify(index, "We heard them", Filters(article_ids=["nobody"]))


def test_a_text_that_is_given_is_looked_through_instead(index: Index) -> None:
    text = f"  A note.\n\n{TEXT}"
    reply = asked(index, "It cost 40,000 euros.", text)
    (match,) = reply.matches
    assert (match.article_id, match.revision) == (None, None)
    assert text[match.start_char_index : match.end_char_index] == match.cited_text
    near = asked(index, "It cost 50,000 euros.", text).nearest
    assert near is not None and near.source.cited_text == "It cost 40,000 euros."
    assert text[near.source.start_char_index : near.source.end_char_index] == near.source.cited_text
    assert not asked(index, "A ferry sank", text).found
    assert asked(index, "A ferry sank", " \n").nearest is None
    with pytest.raises(ValueError, match="not both"):
        QuoteRequest(quote="A note", source_text=text, article_ids=["search"])


def test_what_shares_no_word_has_no_nearest(index: Index) -> None:
    assert asked(index, "Zyx qwv").nearest is None


@given(st.text(), st.text(), st.text(min_size=1))
def test_what_stands_between_spaces_is_found_there(before: str, after: str, quote: str) -> None:
    text = f"{before} {quote} {after}"
    wanted = quote.strip("\"'“”„«»‘’‚ \t\n")
    spans = occurrences(quote, text)
    if wanted.strip():
        assert any(quote.strip().find(span.of(text).strip()) >= 0 for span in spans) or not spans
    for span in spans:
        assert span.of(text)


@given(st.lists(st.sampled_from("a b c d".split())), st.lists(st.sampled_from("a b c d".split())))
def test_a_diff_holds_both_texts(ours: list[str], theirs: list[str]) -> None:
    changes = diff(" ".join(ours), " ".join(theirs))
    assert _words(changes, "=-") == ours
    assert _words(changes, "=+") == theirs


def _words(changes: list[Change], ops: str) -> list[str]:
    return [word for change in changes if change.op in ops for word in change.text.split()]


def test_punctuation_beside_a_word_is_no_difference_where_there_is_another() -> None:
    text = "“The crew dropped both oars,” Strand said."
    nearest = verify_in(text, "The crew dropped both anchors").nearest
    assert nearest is not None
    assert nearest.match.text == "“The crew dropped both oars,”"
    assert [(c.op, c.text) for c in nearest.diff] == [
        ("=", "The crew dropped both"),
        ("-", "anchors"),
        ("+", "oars,”"),
    ]
    nearest = verify_in("It rained, they said.", "It rained they said.").nearest
    assert nearest is not None and ("-", "rained") in [(c.op, c.text) for c in nearest.diff]


def test_the_nearest_is_a_run_of_words_however_long_its_sentence_is() -> None:
    text = f"The ministers signed two memorandums of understanding in Baghdad, {'and so on ' * 20}."
    nearest = verify_in(text, "two memorandums of understanding in Bagdad").nearest
    assert nearest is not None
    assert nearest.match.text == "two memorandums of understanding in Baghdad,"
    assert nearest.match.span.of(text) == nearest.match.text
    assert nearest.similarity > 0.8


def test_a_quote_without_a_word_is_told(index: Index) -> None:
    with pytest.raises(InvalidRequest, match="no word"):
        asked(index, "“”")


def test_what_shares_no_word_of_content_is_not_near() -> None:
    assert verify_in("It went on the moon.", "elephants danced on the sea").nearest is None


def test_of_runs_that_share_as_much_the_one_with_words_alike_is_nearest() -> None:
    text = "Heads of two memorandums of understanding were signed, of which two of them hold."
    nearest = verify_in(text, "two memorandums of understandings").nearest
    assert nearest is not None and nearest.match.text == "two memorandums of understanding"
    assert nearest.similarity == 0.95
    assert [(c.op, c.text) for c in nearest.diff] == [
        ("=", "two memorandums of"), ("-", "understandings"), ("+", "understanding"),
    ]  # fmt: skip
    numbers = verify_in("It cost 40,000 euros.", "It cost 50,000 euros").nearest
    assert numbers is not None and numbers.similarity == 0.75  # no number is nearly another


def test_marks_within_a_quote_may_be_of_another_kind() -> None:
    text = 'They signed two “important” security agreements. A pipe of 6" leaked.'
    (match,) = verify_in(text, "signed two 'important' security agreements").matches
    assert match.text == "signed two “important” security agreements"
    assert not verify_in(text, "A pipe of 6' leaked").matches


def test_what_is_not_verbatim_is_less_than_the_same() -> None:
    nearest = verify_in(
        "They signed two, important agreements.", "two important agreements"
    ).nearest
    assert nearest is not None and nearest.similarity < 1
    assert [(c.op, c.text) for c in nearest.diff] == [
        ("-", "two"), ("+", "two,"), ("=", "important agreements"),
    ]  # fmt: skip
    nearest = verify_in("They signed it, he said.", "They signed it.").nearest
    assert nearest is not None and nearest.similarity < 1


def test_what_is_little_like_the_quote_is_not_near() -> None:
    text = "The ministers met on Monday in the old harbour hall and signed nothing."
    assert verify_in(text, "the ministers danced with seven elephants at dawn").nearest is None


def test_an_article_that_is_deleted_meanwhile_is_nobodys_mistake(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.add("Nobody saw the quoted kiln burn.", id="gone")
    matches = quotes._matches

    def late(index: Index, passage: Passage, wanted: str) -> Iterator[quotes.Match]:
        if index.registry.count():
            index.delete("gone")
        return matches(index, passage, wanted)

    monkeypatch.setattr(quotes, "_matches", late)
    reply = fresh.client.post("/v1/quotes:verify", json={"quote": "the quoted kiln burn"})
    is_problem(reply, 503, "unavailable")
