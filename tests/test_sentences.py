"""Spans are exact on every text: they are what a citation points with."""

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hostile import hostile_text
from hypothesis import example, given
from hypothesis import strategies as st

from index import sentences
from index.embeddings import MiniLM
from index.sentences import (
    LONGEST_SENTENCE,
    MOST_CHARACTERS_A_TOKEN,
    PassageSpan,
    Span,
    passage_spans,
    sentence_spans,
)

MOST_TOKENS = 110


def texts_of(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


def assert_exact(text: str, spans: Sequence[Span]) -> None:
    outside = list(text)
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert span.of(text) == span.of(text).strip()
        assert span.end - span.start <= LONGEST_SENTENCE
        outside[span.start : span.end] = " " * (span.end - span.start)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert not "".join(outside).strip()


# Sentences


@given(hostile_text())
@example("")
@example(" \n\u00a0\u2003")
@example("\ufeff")
@example("?!.…" * 700)
@example("x" * 12_345)
@example("“" * 6000)
@example("The bridge was closed. " * 600)
@example("a\r\n" * 4000)
@example("é😀 " * 3000)
def test_spans_hold_every_character_once_and_no_blank_edges(text: str) -> None:
    assert_exact(text, sentence_spans(text))


@given(hostile_text(pieces=15), st.integers(2000, 2100))
def test_spans_stay_exact_where_the_splitter_is_given_a_part_at_a_time(
    text: str, window: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences, "WINDOW", window)
        assert_exact(text * 3, sentence_spans(text * 3))


PROSE = st.lists(
    st.sampled_from(
        [
            "The council voted on Tuesday. ",
            "Dr. Nyström arrived at 9 a.m. with the papers. ",
            "“We will go. We will not stay,” she said. ",
            '"Will you go?" she asked. ',
            "Nothing was signed.\n",
            "The end of it.\n\n",
            "“" + "It was late, and nobody came to the door. " * 6 + "I left.” ",
        ]
    ),
    min_size=150,
    max_size=250,
).map("".join)


@given(PROSE)
def test_sentences_do_not_depend_on_how_much_the_splitter_is_given(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences, "WINDOW", len(text))
        whole = sentence_spans(text)
    assert sentence_spans(text) == whole


def test_repeated_sentences_each_have_their_own_place() -> None:
    text = "It rained. It rained. It rained."
    assert sentence_spans(text) == [Span(0, 10), Span(11, 21), Span(22, 32)]


def test_offsets_count_code_points() -> None:
    text = "😀 e\u0301t\u00e9. Next one."
    assert texts_of(text) == ["😀 e\u0301t\u00e9.", "Next one."]
    assert sentence_spans(text)[1] == Span(8, 17)


@pytest.mark.parametrize(
    "text",
    [
        '"Will you go?" she asked.',
        "“Will you go?” she asked.",
        "Dr. Ngo told the U.N. council about it.",
        "The vote began at 9 a.m. on Tuesday.",
        "It fell by 1.5 percent to 3,000.25 points.",
        "“We will go. We will not stay,” she said.",
    ],
)
def test_one_sentence_stays_one(text: str) -> None:
    assert texts_of(text) == [text]


def test_paragraphs_end_sentences() -> None:
    assert texts_of("Bridge closed\n\nThe council voted") == ["Bridge closed", "The council voted"]


def test_a_long_quotation_is_told_apart_into_its_sentences() -> None:
    said = [
        "“We have waited nine years for this bridge, and we shall not wait for a tenth one.",
        "The money was there from the beginning, and it was spent on roads nobody asked for.",
        "Who, among the members of this council, will answer for it?”",
        "The meeting ended without a vote.",
    ]
    assert texts_of(" ".join(said)) == said


def test_a_short_sentence_after_a_long_quotation_keeps_its_own_mark() -> None:
    first = "“" + "We have waited for the bridge for nine years and more, he told the council. " * 3
    text = first.strip() + "” “Never again.”"
    assert texts_of(text)[-1] == "“Never again.”"
    assert texts_of(text)[-2].endswith("council.”")


def test_text_without_punctuation_is_cut_between_words() -> None:
    text = "word " * 2000
    pieces = texts_of(text)
    assert len(pieces) > 1
    assert {word for piece in pieces for word in piece.split(" ")} == {"word"}


@pytest.mark.parametrize("unit", ["“", "`", "«", "x", "\n", ". ", '"A. ', "(", "a\n\n", "😀. "])
def test_time_grows_with_the_length_alone(unit: str) -> None:
    # The splitter given all of it at once takes 9 s and more for some of these.
    text = (unit * 200_000)[:200_000]
    start = time.process_time()
    assert_exact(text, sentence_spans(text))
    assert time.process_time() - start < 4


# Passages


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def assert_passages(text: str, passages: Sequence[PassageSpan]) -> None:
    order = {span: i for i, span in enumerate(sentence_spans(text))}
    held: set[Span] = set()
    for passage in passages:
        places = [order[span] for span in passage.sentences]
        assert places == list(range(places[0], places[-1] + 1))
        assert passage.span == Span(passage.sentences[0].start, passage.sentences[-1].end)
        held.update(passage.sentences)
    assert held == set(order)
    starts = [passage.span.start for passage in passages]
    assert starts == sorted(set(starts))


@given(text=hostile_text())
def test_passages_are_whole_sentences_and_hold_each_of_them(embedder: MiniLM, text: str) -> None:
    passages = passage_spans(text, embedder.count_tokens)
    assert_passages(text, passages)
    for passage in passages:
        if len(passage.sentences) > 1:
            assert embedder.count_tokens([passage.span.of(text)])[0] <= MOST_TOKENS
            held = sum(span.end - span.start for span in passage.sentences)
            assert held < (MOST_TOKENS + len(passage.sentences)) * MOST_CHARACTERS_A_TOKEN


def test_a_sentence_is_repeated_where_passages_meet() -> None:
    text = " ".join(f"Sentence {i} has five words." for i in range(9))
    passages = passage_spans(text, words, most_tokens=15)
    assert [[span.of(text)[9] for span in p.sentences] for p in passages] == [
        ["0", "1", "2"],
        ["2", "3", "4"],
        ["4", "5", "6"],
        ["6", "7", "8"],
    ]


def test_a_sentence_longer_than_a_passage_is_one_by_itself() -> None:
    text = "Short one. " + "long " * 50 + "one. Short two."
    passages = passage_spans(text, words, most_tokens=20)
    assert [p.span.of(text)[:5] for p in passages] == ["Short", "long ", "Short"]
    assert_passages(text, passages)


def test_text_that_is_one_endless_word_is_no_endless_passage(embedder: MiniLM) -> None:
    text = "QUFB" * 25_000  # one token to the embedder, whatever its length
    passages = passage_spans(text, embedder.count_tokens)
    assert_passages(text, passages)
    assert max(p.span.end - p.span.start for p in passages) <= LONGEST_SENTENCE


@pytest.mark.parametrize("text", ["", "\n \u00a0"])
def test_a_blank_text_has_no_passages(text: str) -> None:
    assert passage_spans(text, words) == []
