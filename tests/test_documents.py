"""Documents of each kind: the text that is kept, to the character, and what they state."""

import io
import random
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import docx
import pytest
from hostile import hostile_text
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import (
    ARABIC,
    FIELDS,
    FIRST,
    GERMAN,
    JAPANESE,
    JSON_LD,
    META,
    RUSSIAN,
    SECOND,
    THIRD,
    document,
    growth,
    page,
    pdf,
    read,
    refused,
    stated,
)

from index.articles import NewArticle
from index.documents import DOCX, MEDIA_TYPES, plain_text, read_documents
from index.errors import DatelineError, UnreadableDocument, UnsupportedMediaType
from index.stated import headline

# Front matter


def test_front_matter_is_metadata_and_the_text_begins_after_it() -> None:
    front = "\n".join(f"{name}: {value}" for name, value in FIELDS.items())
    article = read("a.txt", document(f"id: bridge-1\n{front}\n"))
    assert article.model_dump() == {
        "id": "bridge-1",
        "text": "The bridge was closed.\n",
        "media_type": "text/plain",
        "language": None,
        **FIELDS,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_front_matter_is_read_whatever_ends_its_lines(end: str) -> None:
    data = document("title: Bridge closed").decode().replace("\n", end)
    article = read("a.txt", ("\ufeff" + data).encode())
    assert (article.title, article.text) == ("Bridge closed", "The bridge was closed.\n")


def test_what_the_caller_says_wins_over_the_document() -> None:
    data = document("title: Theirs\nsource: Theirs")
    article = read("a.txt", data, title="Ours", source=None)
    assert (article.title, article.source) == ("Ours", "Theirs")


@pytest.mark.parametrize("written", ["1.10", "Yes", "007", "1_000", "22:30", "0x1F", "1e3", "No"])
def test_values_are_kept_as_they_are_written(written: str) -> None:
    article = read("a.txt", document(f"title: {written}\nid: {written.replace(':', '')}"))
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
    assert read("a.txt", document(f"published_at: {written}")).published_at == kept


def test_unknown_keys_and_ours_are_left_out() -> None:
    article = read(
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
    article = read("a.txt", data)
    assert article.title is None
    assert article.text == data.decode()


@pytest.mark.parametrize(
    "text", ["---\ntitle: never closed\n", "--- \n", "A.\n---\ntitle: X\n---\n"]
)
def test_rules_that_frame_nothing_are_text(text: str) -> None:
    assert read("a.txt", text.encode()).text == text


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
    assert read("a.txt", article).title == "Kept"


def test_a_long_block_is_text_and_not_read_as_yaml() -> None:
    data = document("a: b\n" * 400_000)
    article = read("a.txt", data)
    assert article.text == data.decode()


@pytest.mark.parametrize("front", ["published_at: 2024-13-45", "published_at: yesterday"])
def test_a_bad_date_in_front_matter_is_refused(front: str) -> None:
    assert "published_at: is not an ISO 8601 date" in refused("a.txt", document(front))


def test_front_matter_with_nothing_after_it_is_empty() -> None:
    assert "is empty" in refused("a.txt", document("title: X", ""))


# Plain text


@given(hostile_text())
def test_of_plain_text_every_character_is_kept(text: str) -> None:
    text = text.lstrip("\ufeff")  # one would be a byte-order mark
    if "\0" in text or not text.strip():
        with pytest.raises(UnreadableDocument):
            plain_text("a.txt", text.encode())
        return
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    assert plain_text("a.txt", text.encode()) == kept
    if not text.startswith("---"):
        assert read("a.txt", text).text == kept


def test_a_headline_is_the_title_and_stays_in_the_text() -> None:
    text = f"Bridge closed after cracks are found\n\n{FIRST}\n\n{SECOND}\n"
    article = read("a.txt", text)
    assert article.text == text
    assert stated(article) == {"title": "Bridge closed after cracks are found", "language": "en"}


@pytest.mark.parametrize(
    "first",
    [
        *("The bridge was closed.", "Will it open?", "Closed:", "Closed,", "Closed –", "Closed…"),
        *("By R. Ngo", "From our reporter", "Dear readers", "26 November 2024", "2024-11-26"),
        *("LONDON, Nov 26", "Paris, 26 November 2024", "Published: today", "Subject: the bridge"),
        *(
            "the bridge closed",
            "12345",
            "- a bridge",
            "1. A bridge",
            "# Bridge",
            "https://a.example",
        ),
        *("a@b.example", "(Updated)", "Page 3", "He said: “We go.”", "LONDON, Nov 26 (Reuters)"),
        " ".join(["Bridge"] * 26),
    ],
)
def test_other_first_lines_are_no_titles(first: str) -> None:
    assert headline(f"{first}\n\n{FIRST}") is None


def test_a_line_break_in_markdown_does_not_join_two_words() -> None:
    assert read("a.md", f"{FIRST}<br>{SECOND}<BR/>{THIRD}").text == f"{FIRST}\n{SECOND}\n{THIRD}"


@pytest.mark.parametrize("size", [6, 60, 300])
def test_text_without_a_full_stop_is_soon_known_for_no_prose(size: int) -> None:
    def read_of(characters: int) -> None:
        text = f"{'a' * size} " * (characters // size)
        assert headline(f"Bridge closed\n\n{text}") is None

    assert growth(read_of, 2000) < 10


@pytest.mark.parametrize("rest", ["", "\n\n", f"\n{FIRST}", "\n\nClosed", "\n\n- one\n- two"])
def test_a_line_without_prose_below_it_is_no_title(rest: str) -> None:
    assert headline(f"Bridge closed{rest}") is None


def test_a_document_without_a_name_is_known_by_its_first_bytes() -> None:
    for data, media_type in (
        (FIRST.encode(), "text/plain"),
        (page(), "text/html"),
        (pdf([[FIRST]]), "application/pdf"),
        (word(FIRST), DOCX),
        (rss(item()), "application/rss+xml"),
        (ATOM.encode(), "application/atom+xml"),
        (("\ufeff" + ATOM).encode(), "application/atom+xml"),
    ):
        [article] = read_documents("standard input", data)
        assert article.media_type == media_type


@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "README", "a.text", ".txt"])
def test_plain_text_is_known_by_its_name(name: str) -> None:
    assert read(name, "Some <b>.").model_dump(include={"text", "media_type"}) == {
        "text": "Some <b>.",
        "media_type": "text/plain",
    }


def test_the_media_type_given_wins_over_the_name() -> None:
    html = b"<p>The bridge was closed.</p>"
    assert read("a.txt", html, media_type="text/html; charset=utf-8").text == html[3:-4].decode()
    assert read("a.html", html, media_type="text/plain").text == html.decode()
    assert read("a.html", html, media_type="application/octet-stream").media_type == "text/html"
    with pytest.raises(UnsupportedMediaType, match=r"^a\.txt: image/png is not read\. Plain text"):
        read("a.txt", html, media_type="image/png")


@pytest.mark.parametrize("name", ["a.txt.gz", "é .exe", "a.png", "a.csv"])
def test_other_kinds_of_files_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"Markdown.*HTML.*PDF.*DOCX.*RSS"):
        read_documents(name, b"Some.")


@pytest.mark.parametrize("name", ["a.doc", "a.odt", "a.rtf", "nameless"])
def test_other_text_processors_files_are_to_be_saved_as_docx(name: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"save it as a Word document \(\.docx\) first"):
        read_documents(name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))


def test_a_bad_field_of_the_caller_is_refused() -> None:
    assert "a.txt: id: " in refused("a.txt", b"Some.", id="no good")
    assert "a.txt: title: " in refused("a.txt", b"Some.", title="x" * 2001)
    assert "a.txt: language: " in refused("a.txt", b"Some.", language="no good")


# Encodings

CURLY = "“Closed”, she said – the café’s rent is €1,200…"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((CURLY, "cp1252"), ("“Oui”, dit-elle", "cp1252"), ("Ångström", "latin-1")),
        *((GERMAN, "latin-1"), (CURLY, "utf-8-sig"), (RUSSIAN, "cp1251"), (ARABIC, "cp1256")),
        *((JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"), ("Most został zamknięty, są", "cp1250")),
        *((text, "utf-16") for text in (CURLY, RUSSIAN, JAPANESE)),
        *((text, "utf-32") for text in (CURLY, ARABIC)),
        *(
            (text, f"utf-16-{end}")
            for text in (CURLY, FIRST, RUSSIAN, ARABIC)
            for end in ("le", "be")
        ),
    ],
)
def test_an_encoding_that_nobody_told_is_found(text: str, encoding: str) -> None:
    assert read("a.txt", text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["koi8-r", "windows-1251", "iso-8859-5", "utf-8", '"cp866"'])
def test_a_charset_that_the_caller_knows_is_used(encoding: str) -> None:
    data = "Мост.".encode(encoding.strip('"'))
    assert read("a", data, media_type=f"text/plain; charset={encoding}").text == "Мост."
    assert plain_text("a", data, f"text/plain;charset={encoding}") == "Мост."


@pytest.mark.parametrize("charset", ["no-such", "utf-8", "ascii", "base64", "rot13", "\udcff", ""])
def test_a_charset_that_is_wrong_is_not(charset: str) -> None:
    text = read("a", CURLY.encode("cp1252"), media_type=f"text/plain; charset={charset}").text
    assert text == CURLY


def test_what_is_called_latin_1_is_windows_1252() -> None:
    data = CURLY.encode("cp1252")
    assert read("a", data, media_type="text/plain; charset=ISO-8859-1").text == CURLY


def test_html_and_feeds_are_in_the_encoding_that_they_declare() -> None:
    for data in (
        f"<html><meta charset=koi8-r><p>{RUSSIAN}</p>".encode("koi8-r"),
        f'<meta http-equiv=Content-Type content="text/html; charset=koi8-r"><p>{RUSSIAN}'.encode(
            "koi8-r"
        ),
        f"<html><meta charset=utf-16><p>{RUSSIAN}</p>".encode(),
        f"<html><meta charset=koi8-r><p>{RUSSIAN}</p>".encode("utf-16"),
    ):
        assert read("a.html", data).text == RUSSIAN
    feed = rss(item(description=RUSSIAN)).decode().replace("utf-8", "koi8-r").encode("koi8-r")
    assert read("a.rss", feed).text == RUSSIAN


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"%PDF-1.7\n\x00\x01",
        bytes(range(256)) * 4,
        random.Random(1).randbytes(5000),
        b"\x7fELF\x02\x01\x01\0\0",
        b"\0\0\0 ftypisom",
    ],
)
def test_binary_files_are_no_text(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="Save it as UTF-8"):
        read_documents("a.txt", data)


def test_utf_8_that_is_damaged_is_said_to_be_and_where() -> None:
    for text in (RUSSIAN, ARABIC, JAPANESE, CURLY * 3):
        data = text.encode()
        for broken in (data[:-1] + b"\xe2", b"ab" + data[1:], data + b"\xff"):
            assert "damaged characters, the first at byte " in refused("a.txt", broken)
    assert "the first at byte 2." in refused("a.txt", b"a \xed\xa0\x80 surrogate")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf \r\n", b" \n", b"\xff\xfe", b"\xff\xfe\n\0"])
@pytest.mark.parametrize("suffix", MEDIA_TYPES)
def test_an_empty_file_is_said_to_be_empty(suffix: str, data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"^a\.\w+ (is empty|holds no text|is damaged)"):
        read_documents(f"a{suffix}", data)
    if not data.strip():
        with pytest.raises(
            UnreadableDocument, match=r"^a\.\w+ is empty: give one that holds some text"
        ):
            read_documents(f"a{suffix}", data)


# Markdown


def test_the_blocks_of_markdown_are_paragraphs() -> None:
    article = read(
        "a.md",
        "# Bridge *closed*\n\nThe bridge\nwas `closed` on [Monday](https://a.example)  \nat noon"
        " &amp; stays so.\n\n- One\n- Two\n\n  - Three\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        "\n> Quoted\n> words.\n\n```\ncode\n  kept\n```\n\n<div>Some <b>HTML</b></div>\n\n"
        "![a picture](x.png)\n",
    )
    assert article.text == (
        "Bridge closed\n\nThe bridge was closed on Monday\nat noon & stays so.\n\nOne\n\nTwo\n\n"
        "Three\n\na | b\n\n1 | 2\n\nQuoted words.\n\ncode\n  kept\n\nSome HTML"
    )
    assert stated(article)["title"] == "Bridge closed"
    assert article.media_type == "text/markdown"


def test_front_matter_wins_over_a_heading() -> None:
    article = read("a.md", f"---\ntitle: Ours\nlanguage: en-GB\n---\n# Theirs\n\n{FIRST}\n")
    assert (article.title, article.language) == ("Ours", "en")
    assert article.text == f"Theirs\n\n{FIRST}"
    assert read("a.md", f"## Second\n\n{FIRST}").title is None


# DOCX


def word(*paragraphs: str, **said: str) -> bytes:
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    for key, value in said.items():
        setattr(made.core_properties, key, value)
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def test_paragraphs_and_tables_of_a_word_document_are_kept_in_order() -> None:
    made = docx.Document()
    made.add_heading("Bridge closed", 0)
    made.add_paragraph(FIRST)
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip([c for r in table.rows for c in r.cells], "abcd", strict=True):
        cell.text = text
    table.cell(1, 1).add_table(1, 1).cell(0, 0).text = "within"
    last = made.add_paragraph("It is")
    last.add_run(" old.").bold = True
    last.add_run().add_break()
    last.add_run("A ferry\truns.")
    inserted = made.add_paragraph()._p
    change = inserted.makeelement(f"{{{inserted.nsmap['w']}}}ins")
    inserted.append(change)
    change.append(made.add_paragraph("Added in review.").runs[0]._r)
    written = io.BytesIO()
    made.save(written)
    article = read("a.docx", written.getvalue())
    assert article.text == (
        f"Bridge closed\n\n{FIRST}\n\na | b\n\nc | d within\n\nIt is old.\nA ferry runs.\n\n"
        "Added in review."
    )
    assert stated(article) == {"title": "Bridge closed", "language": "en"}
    assert article.media_type == DOCX


def test_of_a_word_documents_properties_only_what_somebody_wrote_is_taken() -> None:
    named = word(FIRST, title="Bridge closed", author="R. Ngo", language="fr-CA")
    assert stated(read("a.docx", named)) == {
        "title": "Bridge closed",
        "author": "R. Ngo",
        "language": "fr",
    }
    made_up = word(FIRST, title="Document1", author="Administrator", language="nonsense")
    assert stated(read("a.docx", made_up)) == {"language": "en"}
    assert read("a.docx", word("Bridge closed after cracks", FIRST)).title == (
        "Bridge closed after cracks"
    )


def test_a_word_document_whose_properties_are_damaged_keeps_its_text() -> None:
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word(FIRST, title="Bridge closed"))) as whole,
        zipfile.ZipFile(written, "w") as damaged,
    ):
        for part in whole.namelist():
            kept = whole.read(part)
            if part == "[Content_Types].xml":  # without the word for what the properties are
                kept = re.sub(rb"<Override [^>]*core.xml[^>]*/>", b"", kept)
            damaged.writestr(part, kept)
    article = read("a.docx", written.getvalue())
    assert (article.text, article.title) == (FIRST, None)


def test_a_word_document_that_cannot_be_read_says_what_to_do() -> None:
    def zipped(**parts: bytes) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, part in parts.items():
                packed.writestr(name.replace("__", "/"), part)
        return written.getvalue()

    assert "is a zip file and no Word document" in refused("a.docx", zipped(a=b"x"))
    types = {"[Content_Types].xml": b"<x/>"}
    bomb = zipped(**types, word__document=bytes(70_000_000))
    assert len(bomb) < 100_000
    assert "unpacks to more than 64,000,000 bytes" in refused("a.docx", bomb)
    assert "holds no text" in refused("a.docx", word(""))
    ole = b"\xd0\xcf\x11\xe0" + bytes(500)
    assert "is protected by a password or an old Word file" in refused("a.docx", ole)
    for broken in (word(FIRST)[:3000], zipped(**types), b"Some.", b"PK\x03\x04" + bytes(100)):
        assert "a.docx is damaged, or it is no Word document" in refused("a.docx", broken)


def test_entities_of_a_word_document_are_not_expanded() -> None:
    source = io.BytesIO(word(FIRST))
    written = io.BytesIO()
    with zipfile.ZipFile(source) as packed, zipfile.ZipFile(written, "w") as changed:
        for part in packed.namelist():
            content = packed.read(part)
            if part == "word/document.xml":
                head, body = content.split(b"?>", 1)
                entities = (
                    b'<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
                )
                content = head + b"?>" + entities + body.replace(b"The bridge", b"&a;&f;")
            changed.writestr(part, content)
    try:
        text = read("a.docx", written.getvalue()).text
    except UnreadableDocument:
        return
    assert "aaaa" not in text
    assert "root:" not in text


# Feeds


def item(**parts: str) -> str:
    parts = {"title": "Bridge closed", "description": FIRST} | parts
    return "<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in parts.items()) + "</item>"


def rss(*items: str, channel: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content='
        '"http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Valley Gazette</title><link>https://gazette.example/</link>{channel}"
        f"{''.join(items)}</channel></rss>"
    ).encode()


ATOM = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>Valley Gazette</title>
<id>urn:feed</id><updated>2025-01-01T00:00:00Z</updated>
<entry><title type="html">Bridge &lt;b&gt;closed&lt;/b&gt; &amp;amp; road</title><id>urn:1</id>
<link href="https://gazette.example/bridge"/><published>2024-11-26T09:30:00+03:00</published>
<updated>2025-01-01T00:00:00Z</updated><author><name>R. Ngo</name></author>
<summary>Short.</summary><content type="html">&lt;p&gt;{FIRST}&lt;/p&gt;&lt;p&gt;{SECOND}&lt;/p&gt;
</content></entry></feed>"""


def test_an_entry_of_rss_is_an_article() -> None:
    full = item(
        link="https://gazette.example/bridge",
        pubDate="Tue, 26 Nov 2024 09:30:00 +0300",
        author="ngo@gazette.example (R. Ngo)",
        **{"content:encoded": f"<![CDATA[<p>{FIRST}</p>\n<p>{SECOND}</p>]]>"},
    )
    second = item(title="Ferry runs", link="https://gazette.example/ferry", description=THIRD)
    one, other = read_documents("a.rss", rss(full, second, channel="<language>en-us</language>"))
    assert one.text == f"{FIRST}\n\n{SECOND}"
    assert stated(one) == {
        "title": "Bridge closed",
        "source": "Valley Gazette",
        "author": "R. Ngo",
        "url": "https://gazette.example/bridge",
        "published_at": "2024-11-26T09:30:00+03:00",
        "language": "en",
    }
    assert one.media_type == "application/rss+xml"
    assert (other.title, other.text, other.published_at) == ("Ferry runs", THIRD, None)


def test_an_entry_of_atom_is_an_article() -> None:
    article = read("a.atom", ATOM)
    assert article.text == f"{FIRST}\n\n{SECOND}"
    assert stated(article) == {
        "title": "Bridge closed & road",
        "source": "Valley Gazette",
        "author": "R. Ngo",
        "url": "https://gazette.example/bridge",
        "published_at": "2024-11-26T09:30:00+03:00",
        "language": "en",
    }
    assert article.media_type == "application/atom+xml"


def test_older_rss_is_read() -> None:
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><title>Valley Gazette</title></channel>"
        '<item rdf:about="https://gazette.example/bridge"><title>Bridge closed</title>'
        f"<link>https://gazette.example/bridge</link><description>{FIRST}</description>"
        "<dc:date>2024-11-26T09:30:00Z</dc:date><dc:creator>R. Ngo</dc:creator></item></rdf:RDF>"
    )
    article = read("a.rdf", rdf)
    assert article.text == FIRST
    assert stated(article) == {**FIELDS, "published_at": "2024-11-26T09:30:00Z", "language": "en"}
    old = '<rss version="0.91"><channel><title>Valley Gazette</title>' + item() + "</channel></rss>"
    assert stated(read("a.xml", old)).items() >= {"source": "Valley Gazette"}.items()


def test_an_entry_without_an_address_of_its_own_is_named_by_its_guid() -> None:
    first = item(guid="1", link="https://gazette.example/live", description="First.")
    second = item(guid="2", link="https://gazette.example/live", description="Second.")
    third = item(title="Ferry", description="Third.")
    articles = read_documents("a.rss", rss(first, second, third))
    assert len({a.identity() for a in articles}) == 3
    assert all(a.identity().startswith("art_") for a in articles)
    mended = item(guid="1", link="https://gazette.example/live", description="Mended.")
    again = read_documents("a.rss", rss(mended, second, third))
    assert [a.identity() for a in again] == [a.identity() for a in articles]


def test_entries_that_are_not_the_same_are_not_one_article() -> None:
    rain, sun = (
        item(title="Weather", description="Rain."),
        item(title="Weather", description="Sun."),
    )
    one = read_documents("a.rss", rss(rain, sun))
    assert len({a.identity() for a in one}) == 2
    numbered = rss(item(guid="1"))
    others = numbered.replace(b"https://gazette.example/", b"https://courier.example/")
    assert read("a.rss", numbered).identity() != read("b.rss", others).identity()
    unique = rss(item(guid="urn:uuid:1"))
    moved = unique.replace(b"https://gazette.example/", b"https://courier.example/")
    assert read("a.rss", unique).identity() == read("b.rss", moved).identity()


def test_an_entry_of_a_title_alone_is_that_title() -> None:
    article = read("a.rss", rss("<item><title>Bridge closed</title></item>", "<item></item>"))
    assert (article.title, article.text) == ("Bridge closed", "Bridge closed")


def test_a_feed_that_cannot_be_read_says_why() -> None:
    whole = rss(item())
    assert "is a feed without entries" in refused("a.rss", rss())
    assert "is cut short" in refused("a.rss", whole[:-20])
    assert "neither an RSS nor an Atom feed" in refused("a.xml", b"<?xml version='1.0'?><svg/>")
    assert "neither an RSS nor an Atom feed" in refused("a.xml", b"Some.")
    assert "holds 2 articles" in refused("a.rss", rss(item(), item()), id="one")
    grows = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9)
    )
    bomb = whole.replace(b"<rss", grows + b"]><rss").replace(b"The bridge", b"&a8;")
    assert "defines entities" in refused("a.rss", bomb)


# What is hostile

SOUND = {
    "a.txt": FIRST.encode(),
    "a.md": f"# Bridge\n\n{FIRST}\n\n- a\n- b\n".encode(),
    "a.html": page(META + JSON_LD),
    "a.pdf": pdf([[FIRST, SECOND]]),
    "a.docx": word(FIRST, SECOND),
    "a.rss": rss(item(), item(title="Other")),
    "a.atom": ATOM.encode(),
}


def survives(name: str, data: bytes) -> None:
    try:
        for article in read_documents(name, data):
            assert article.text.strip()
            article.text.encode()
    except DatelineError as error:
        assert name in error.message


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_document_is_read_or_refused(name: str, data: st.DataObject) -> None:
    sound = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(sound) - 1))
        sound[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
        sound = sound or bytearray(b"x")
    survives(name, bytes(sound))
    survives(name, bytes(sound[: data.draw(st.integers(0, len(sound)))]))


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=40)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    survives(name, data)
    survives(name, SOUND[name][:40] + data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", b"<div>" * 100_000 + FIRST.encode()),
        ("a.html", f"<div>{FIRST}" * 500 + "</div>" * 500),
        ("a.html", "<p>word <b>word</b> " * 100_000),
        ("a.html", "<" * 1_000_000),
        ("a.html", "x" * 3_000_000),
        ("a.html", "<table>" * 20_000),
        ("a.html", f"<p>{FIRST}" + "&amp;" * 500_000),
        ("a.md", "[" * 50_000),
        ("a.md", "> " * 20_000),
        ("a.md", "*a " * 50_000),
        ("a.md", "- " * 20_000 + "x"),
        ("a.txt", "(Reuters) " * 100_000),
        ("a.txt", "A " * 300_000),
        ("a.txt", "A" * 500_000 + " / "),
        ("a.rss", rss(item(description="&lt;div&gt;" * 50_000))),
        ("a.rss", rss(item() * 2000)),
        ("a.rss", "<rss>" + "<a>" * 50_000 + "</rss>"),
    ],
)
def test_a_document_made_to_be_slow_is_not(name: str, data: bytes | str) -> None:
    began = time.process_time()
    survives(name, data.encode() if isinstance(data, str) else data)
    assert time.process_time() - began < 60  # seconds of this process, and far fewer as a rule


def test_many_threads_read_at_once() -> None:
    def texts(_: int) -> list[list[NewArticle]]:
        return [read_documents(name, data) for name, data in SOUND.items()]

    with ThreadPoolExecutor(8) as pool:
        read_at_once = list(pool.map(texts, range(16)))
    assert all(found == read_at_once[0] for found in read_at_once)
    assert [len(found) for found in read_at_once[0]] == [1, 1, 1, 1, 1, 2, 1]
