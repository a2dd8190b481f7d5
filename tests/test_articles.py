"""What is kept of an article, what it is called, and what is refused."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hostile import hostile_text
from hypothesis import given
from pydantic import ValidationError

from index.articles import NewArticle, parse_article, plain_text, read_document
from index.errors import InvalidRequest, UnreadableDocument, UnsupportedMediaType

FIELDS = {
    "title": "Bridge closed",
    "source": "Valley Gazette",
    "author": "R. Ngo",
    "url": "https://gazette.example/bridge",
    "published_at": "2024-11-26",
}


def document(front: str, text: str = "The bridge was closed.\n") -> bytes:
    return f"---\n{front}\n---\n{text}".encode()


def refused(name: str, data: bytes, **fields: str | None) -> str:
    """The message of a refusal: it names the file, and no path."""
    with pytest.raises(InvalidRequest) as caught:
        read_document(name, data, **fields)
    message = caught.value.message
    assert name in message
    assert "/" not in message.replace(name, "")
    return message


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
    assert plain_text(text.encode(), "a.txt") == kept


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


# Documents


def test_front_matter_is_metadata_and_the_text_begins_after_it() -> None:
    front = "\n".join(f"{name}: {value}" for name, value in FIELDS.items())
    article = read_document("a.txt", document(f"id: bridge-1\n{front}\n"))
    assert article.model_dump() == {
        "id": "bridge-1",
        "text": "The bridge was closed.\n",
        "media_type": "text/plain",
        **FIELDS,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_front_matter_is_read_whatever_ends_its_lines(end: str) -> None:
    data = document("title: Bridge closed").decode().replace("\n", end)
    article = read_document("a.txt", ("\ufeff" + data).encode())
    assert (article.title, article.text) == ("Bridge closed", "The bridge was closed.\n")


def test_what_the_caller_says_wins_over_the_document() -> None:
    data = document("title: Theirs\nsource: Theirs")
    article = read_document("a.txt", data, title="Ours", source=None)
    assert (article.title, article.source) == ("Ours", "Theirs")


@pytest.mark.parametrize("written", ["1.10", "Yes", "007", "1_000", "22:30", "0x1F", "1e3", "No"])
def test_values_are_kept_as_they_are_written(written: str) -> None:
    article = read_document("a.txt", document(f"title: {written}\nid: {written.replace(':', '')}"))
    assert article.title == written
    assert article.id == written.replace(":", "")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2024-11-26", "2024-11-26"),
        ("'2024-11-26'", "2024-11-26"),
        ("2024-11-26T09:30:00Z", "2024-11-26T09:30:00Z"),
        ("2024-11-26 09:30:00", "2024-11-26 09:30:00"),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_dates_in_front_matter(written: str, kept: str | None) -> None:
    assert read_document("a.txt", document(f"published_at: {written}")).published_at == kept


def test_unknown_keys_and_ours_are_left_out() -> None:
    article = read_document(
        "a.txt", document("title: Kept\ntags: [a, b]\ntext: No.\nmedia_type: no/no\n1: 2")
    )
    assert article.model_dump(exclude_none=True) == {
        "text": "The bridge was closed.\n",
        "title": "Kept",
        "media_type": "text/plain",
    }


@pytest.mark.parametrize(
    "front", ["- a\n- b", "Just a line.", "", "# only a comment", "12", "The bridge, closed"]
)
def test_a_block_that_is_no_mapping_is_text(front: str) -> None:
    data = document(front)
    article = read_document("a.txt", data)
    assert article.title is None
    assert article.text == data.decode()


@pytest.mark.parametrize(
    "text", ["---\ntitle: never closed\n", "--- \n", "A.\n---\ntitle: X\n---\n"]
)
def test_rules_that_frame_nothing_are_text(text: str) -> None:
    assert read_document("a.txt", text.encode()).text == text


@pytest.mark.parametrize(
    "front",
    [
        "title: [",
        "a: b: c",
        "title: 'x",
        "\tx: y",
        "title: *no",
        "a: &a [*a",
        "[" * 9000,
        "a: \x07",
    ],
)
def test_front_matter_that_is_not_yaml_is_refused(front: str) -> None:
    message = refused("a.txt", document(front))
    assert "not valid YAML" in message


@pytest.mark.parametrize("front", ["title: [a, b]", "source: {a: b}", "author: [[a]]"])
def test_a_field_that_is_no_line_of_text_is_refused_by_its_name(front: str) -> None:
    assert f"a.txt: {front.split(':')[0]}: " in refused("a.txt", document(front))


def test_yaml_that_grows_when_it_is_read_does_not() -> None:
    front = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    assert "a.txt: title: " in refused("a.txt", document(front + "title: *a29"))


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd []", "!!int x", "!!timestamp x"])
def test_tags_make_nothing(tag: str) -> None:
    article = document(f"tags: {tag}\ntitle: Kept")
    assert read_document("a.txt", article).title == "Kept"


def test_a_long_block_is_text_and_not_read_as_yaml() -> None:
    data = document("a: b\n" * 400_000)
    article = read_document("a.txt", data)
    assert article.text == data.decode()


@pytest.mark.parametrize("front", ["published_at: 2024-13-45", "published_at: yesterday"])
def test_a_bad_date_in_front_matter_is_refused(front: str) -> None:
    assert "published_at: is not an ISO 8601 date" in refused("a.txt", document(front))


@pytest.mark.parametrize(
    ("data", "what_to_do"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "Save it as UTF-8"),
        (b"%PDF-1.7\n\x00\x01", "Save it as UTF-8 text first"),
        ("Ångström".encode("latin-1"), "Save it as UTF-8"),
        ("The bridge.".encode("utf-16"), "Save it as UTF-8"),
        ("The bridge.".encode("utf-16-le"), "Save it as UTF-8"),
        (b"\xed\xa0\x80", "Save it as UTF-8"),
        (b"", "there is no text"),
        (b"\xef\xbb\xbf \r\n", "there is no text"),
    ],
)
def test_files_that_hold_no_text_are_refused(data: bytes, what_to_do: str) -> None:
    with pytest.raises(UnreadableDocument):
        read_document("a.txt", data)
    assert what_to_do in refused("a.txt", data)


def test_front_matter_with_nothing_after_it_is_empty() -> None:
    assert "is empty" in refused("a.txt", document("title: X", ""))


@pytest.mark.parametrize("name", ["a.pdf", "a.html", "a.docx", "a.txt.gz", "é .exe"])
def test_other_kinds_of_documents_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_document(name, b"Some.")
    assert ".txt" in refused(name, b"Some.")


@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "README", "a.text", ".txt"])
def test_plain_text_is_known_by_its_name(name: str) -> None:
    assert read_document(name, b"Some.").media_type == "text/plain"


def test_a_bad_field_of_the_caller_is_refused() -> None:
    assert "a.txt: id: " in refused("a.txt", b"Some.", id="no good")
    assert "a.txt: title: " in refused("a.txt", b"Some.", title="x" * 2001)
