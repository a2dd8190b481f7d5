"""What is kept of an article, what it is called, and what is refused."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hostile import hostile_text
from hypothesis import given
from pydantic import ValidationError
from reading import FIELDS

from index.articles import NewArticle, parse_article
from index.errors import InvalidRequest

# Text


@given(hostile_text())
def test_only_line_ends_and_a_leading_mark_are_changed(text: str) -> None:
    if "\0" in text or not text.removeprefix("\ufeff").strip():
        with pytest.raises(ValidationError):
            NewArticle(text=text)
        return
    kept = NewArticle(text=text).text
    assert "\r" not in kept
    assert kept == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def test_spaces_at_the_edges_and_marks_inside_are_kept() -> None:
    assert NewArticle(text="\n\u00a0 A\ufeffB \n").text == "\n\u00a0 A\ufeffB \n"


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800b", "\udfff"])
def test_what_is_not_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^body: text: "):
        parse_article({"text": text}, "body")
    with pytest.raises(InvalidRequest, match=r"^body: title: "):
        parse_article({"text": "Some.", "title": text}, "body")


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff", "\u00a0\u2003"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^body: text: is empty: send the article's text$"):
        parse_article({"text": text}, "body")


def test_an_unknown_field_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidRequest, match=r"^body: headline: "):
        parse_article({"text": "Some.", "headline": "No."}, "body")


# Names


def test_the_id_is_the_one_given_else_of_the_url_else_of_the_text() -> None:
    def made(text: str) -> str:
        return "art_" + hashlib.sha256(text.encode()).hexdigest()[:20]

    assert NewArticle(text="Some.", id="a-1", url="https://a.example").identity() == "a-1"
    assert NewArticle(text="Some.", url="https://a.example").identity() == made("https://a.example")
    assert NewArticle(text="Some.").identity() == made("Some.")


def test_the_same_item_sent_again_finds_itself() -> None:
    assert NewArticle(text="\ufeffA.\r\nB.").identity() == NewArticle(text="A.\nB.").identity()
    first = NewArticle(text="Some.", url="https://a.example")
    assert first.identity() == NewArticle(text="Mended.", url="https://a.example").identity()


@pytest.mark.parametrize("article_id", ["a", "0", "shafaq-2024-11-26", "urn:x:1", "a.b~c_d@e"])
def test_an_id_that_a_url_can_hold_is_taken(article_id: str) -> None:
    assert NewArticle(text="Some.", id=article_id).identity() == article_id


@pytest.mark.parametrize(
    "article_id",
    ["", ".", "..", "../x", "a/b", "a b", " a", "a\n", "-a", "é", "a?", "a#", "a%2f", "a" * 201],
)
def test_an_id_that_a_url_cannot_hold_is_refused(article_id: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^body: id: "):
        parse_article({"text": "Some.", "id": article_id}, "body")


@pytest.mark.parametrize("name", ["text", *FIELDS])
def test_a_revision_changes_with_each_thing_a_reader_is_shown(name: str) -> None:
    fields: dict[str, Any] = {"text": "Some.", **FIELDS}
    changed = "2024-11-27" if name == "published_at" else fields[name] + "!"
    revisions = {
        NewArticle(**fields).revision(),
        NewArticle(**(fields | {name: changed})).revision(),
        *([] if name == "text" else [NewArticle(**(fields | {name: None})).revision()]),
    }
    assert len(revisions) == (2 if name == "text" else 3)
    assert all(r.startswith("sha256:") and len(r) == 71 for r in revisions)


def test_a_revision_does_not_change_with_the_id_or_the_media_type() -> None:
    one = NewArticle(text="Some.", id="a", media_type="text/plain")
    assert one.revision() == NewArticle(text="Some.", id="b", media_type="text/html").revision()


def test_a_field_is_not_taken_for_another() -> None:
    one, other = NewArticle(text="Some.", title="X"), NewArticle(text="Some.", source="X")
    assert one.revision() != other.revision()


# Dates


@pytest.mark.parametrize(
    "value",
    [
        "2024-11-26",
        "2024-02-29",
        "2024-11-26T09:30",
        "2024-11-26T09:30:00Z",
        "2024-11-26 09:30:00.123456",
        "2024-11-26T23:30:00-05:00",
        "0001-01-01",
        "9999-12-31",
    ],
)
def test_dates_and_times_are_kept_as_they_are_written(value: str) -> None:
    assert NewArticle(text="Some.", published_at=value).published_at == value


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "2024", "2024-11", "26.11.2024", "2024-13-01", "2024-02-30", "2023-02-29"),
        *("2024-11-26T", "2024-11-26T25:00", "2024-11-26T09:30:00+99:00", "2024-11-26\n"),
        # ISO 8601, but not comparable with the others as text or as days:
        *("20241126", "2024-W48-2", "2024-W48", "20241126T0930", "2024-331", "2024-11-26x09:30"),
        *("２０２４-11-26", "-024-11-26", "12024-11-26", " 2024-11-26"),
    ],
)
def test_other_dates_are_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^body: published_at: is not an ISO 8601 date"):
        parse_article({"text": "Some.", "published_at": value}, "body")


def test_dates_of_python_are_taken() -> None:
    for value, kept in (
        (date(2024, 11, 26), "2024-11-26"),
        (datetime(2024, 11, 26, 9, 30, tzinfo=UTC), "2024-11-26T09:30:00+00:00"),
    ):
        article = parse_article({"text": "Some.", "published_at": value}, "body")
        assert article.published_at == kept


# Languages


@pytest.mark.parametrize(
    ("tag", "kept"),
    [("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("zh-Hant-TW", "zh"), ("ckb", "ckb")],
)
def test_of_a_language_tag_the_primary_subtag_is_kept(tag: str, kept: str) -> None:
    assert NewArticle(text="Some.", language=tag).language == kept


@pytest.mark.parametrize("tag", ["", "e", "english", "en GB", "en-", "42", "ein Text", "é"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^body: language: is not a language tag, like en"):
        parse_article({"text": "Some.", "language": tag}, "body")


def test_a_revision_does_not_change_with_the_language() -> None:
    one = NewArticle(text="Some.", language="en")
    assert one.revision() == NewArticle(text="Some.", language="fr").revision()
