"""Documents: files as people have them, read into articles.

Each reader gives an article's text, paragraphs separated by a blank line, and the fields that the
document states. What it does not state stays empty: nothing is guessed from a file's name, its
times or its address. This module knows nothing of sentences, storage or search, and it alone knows
the libraries that read documents; each is imported by the reader that needs it.
"""

import codecs
import hashlib
import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import yaml

from index.articles import PLAIN, NewArticle, canonical, parse_article
from index.errors import DatelineError, InvalidRequest, UnreadableDocument, UnsupportedMediaType
from index.pdf import read_pdf
from index.stated import (
    address_of,
    agency_line,
    author_of,
    clean,
    detected_language,
    headline,
    one_line,
    primary_language,
    stated_date,
    title_of,
)
from index.webpages import html_blocks, main_blocks, parsed, stated_in_page

logger = logging.getLogger(__name__)

Fields = dict[str, Any]

MARKDOWN = "text/markdown"
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
RSS = "application/rss+xml"
ATOM = "application/atom+xml"
FEED = "application/xml"  # RSS or Atom: its first element says which

MEDIA_TYPES = {
    **{".txt": PLAIN, ".text": PLAIN, ".md": MARKDOWN, ".markdown": MARKDOWN},
    **{".html": HTML, ".htm": HTML, ".xhtml": HTML, ".pdf": PDF, ".docx": DOCX},
    **{".rss": FEED, ".atom": FEED, ".rdf": FEED, ".xml": FEED},
}
"""What is read, by a file name's suffix."""
_ALIASES = {
    **{"text/x-markdown": MARKDOWN, "application/xhtml+xml": HTML, "application/x-pdf": PDF},
    **{RSS: FEED, ATOM: FEED, "application/rdf+xml": FEED, "text/xml": FEED},
}
_READ = "Plain text (.txt), Markdown (.md), HTML, PDF, DOCX and RSS or Atom files are read."
_OLE = b"\xd0\xcf\x11\xe0"  # how an old Word file begins, and one with a password
_OFFICE = {".doc", ".docm", ".dot", ".dotx", ".odt", ".rtf", ".pages", ".wpd"}

# A DOCX file is a zip file, which may grow a thousandfold when it is opened.
MOST_UNPACKED_BYTES = 64_000_000


def read_documents(
    name: str, data: bytes, *, media_type: str | None = None, **fields: str | None
) -> list[NewArticle]:
    """The articles in a document: one, or of a feed one an entry.

    `name` is used for its suffix and in messages only. `media_type` (with its `charset`) is what
    the caller knows; without it the suffix says, else the first bytes. `fields` (title, source,
    ...) given by the caller win over the document's own. Raises UnsupportedMediaType,
    UnreadableDocument, or InvalidRequest where a field cannot be used.
    """
    kind, charset = _kind(name, data, media_type)
    try:
        found = [f for f in _READERS[kind](name, data, charset) if f["text"].strip()]
    except DatelineError:
        raise
    except Exception as error:  # of a library: there is no telling what a damaged file leads to
        logger.info("%s could not be read", name, exc_info=True)
        what = _NAMES[kind]
        if isinstance(error, MemoryError | RecursionError):
            raise UnreadableDocument(f"{name} is too large or too intricate to read.") from None
        raise UnreadableDocument(
            f"{name} is damaged, or it is no {what}. Save it as {what} again."
        ) from None
    if not found:
        raise UnreadableDocument(f"{name} holds no text.{_HINTS.get(kind, '')}")
    given = {key: value for key, value in fields.items() if value is not None}
    if len(found) > 1 and "id" in given:
        raise InvalidRequest(f"{name} holds {len(found)} articles: one id cannot name them.")
    return [completed(parse_article({"media_type": kind, **f, **given}, name)) for f in found]


def completed(new: NewArticle) -> NewArticle:
    """The article with its source, date and language where its text states them.

    What it has already stays. The text is not changed.
    """
    source, day = agency_line(new.text)
    stated = {"source": source, "published_at": day}
    filled = {k: v for k, v in stated.items() if v is not None and getattr(new, k) is None}
    if new.language is None and (language := detected_language(new.text)):
        filled["language"] = language
    return new.model_copy(update=filled)


# What kind of document it is


def _kind(name: str, data: bytes, media_type: str | None) -> tuple[str, str | None]:
    """The media type to read it as, and the charset that came with it."""
    given, charset = _content_type(media_type)
    if given:
        kind = _ALIASES.get(given, given)
        if kind in _READERS:
            return kind, charset
        if given not in {"application/octet-stream", "binary/octet-stream"}:
            raise UnsupportedMediaType(f"{name}: {given} is not read. {_READ}")
    suffix = Path(name).suffix.lower()
    if suffix in _OFFICE or (suffix != ".docx" and data.startswith(_OLE)):
        raise UnsupportedMediaType(f"{name}: save it as a Word document (.docx) first. {_READ}")
    if suffix in MEDIA_TYPES:
        return MEDIA_TYPES[suffix], charset
    if suffix:
        raise UnsupportedMediaType(f"{name}: this kind of file is not read. {_READ}")
    return _sniffed(data), charset


def _content_type(media_type: str | None) -> tuple[str, str | None]:
    """`text/plain; charset=...` taken apart."""
    header = Message()
    header["content-type"] = re.sub(r"[^ -~]", "", media_type or "")
    charset = header.get_param("charset")
    given = header.get_content_type() if media_type else ""
    return given, charset if isinstance(charset, str) else None


def _sniffed(data: bytes) -> str:
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return DOCX
    head = data[:4096].replace(b"\0", b"").decode("latin-1").lower()
    head = head.removeprefix("ÿþ").removeprefix("þÿ").removeprefix("ï»¿").lstrip()
    if head.startswith("<"):
        if re.search(r"<(rss|feed|rdf:rdf)[\s>]", head):
            return FEED
        if re.search(r"<(!doctype html|html|head|body|article|main|div|p)[\s>]", head):
            return HTML
    return PLAIN


# Characters

_MARKS = {  # the longer first: one begins with another
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# As browsers do (https://encoding.spec.whatwg.org/#names-and-labels): who declares the left one
# uses the right one, which has more characters.
_WIDER = {
    **{"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874"},
    **{"shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"},
}
_GUESSES = (
    "cp1251 cp1256 cp1250 cp1253 cp1254 cp1255 cp1257 cp874 koi8_r cp932 euc_jp gb18030 big5 cp949"
).split()
_CENTRAL_EUROPEAN = {"pl", "cs", "sk", "hu", "ro", "hr", "sl", "bs", "sq"}
_TYPOGRAPHIC = set("‘’‚“”„†‡•…‰‹›€™–—¡¢£¥§©ª«®°²³´·¹º»¼½¾¿\u00a0\u00ad")
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f\ufffe\uffff]")


def _decoded(name: str, data: bytes, charset: str | None = None) -> str:
    """The text in `data`: by its byte-order mark, the charset declared, UTF-8, or a guess."""
    text = _by_some_encoding(data, charset)
    if text is None or "\0" in text:
        if (at := _damaged_utf8(data)) is not None:
            raise UnreadableDocument(
                f"{name} is UTF-8 text with damaged characters, the first at byte {at:,}. "
                "Save it as UTF-8 text again."
            )
        raise UnreadableDocument(
            f"{name} is a binary file or in an unknown encoding. Save it as UTF-8 text first."
        )
    if not text.removeprefix("\ufeff").strip():
        raise UnreadableDocument(f"{name} is empty: give one that holds some text.")
    return text


def _by_some_encoding(data: bytes, charset: str | None) -> str | None:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return _strictly(data, encoding)
    for encoding in filter(None, (charset, "utf-8")):
        text = _strictly(data, encoding)
        if text is not None and "\0" not in text:
            return text
    return _guessed(data)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        codec = codecs.lookup(encoding.strip().strip("\"'"))
        return data.decode(_WIDER.get(codec.name, codec.name))
    except (LookupError, ValueError):
        return None


def _damaged_utf8(data: bytes) -> int | None:
    """Where it is damaged, if it is UTF-8 that was: read as anything else it would be gibberish."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        sound = sum(c > "\x7f" for c in text) - damaged
        surrogates = len(re.findall(rb"\xed[\xa0-\xbf][\x80-\xbf]", data))
        if sound > 5 * damaged or 3 * surrogates == damaged:
            return error.start
    return None


def _guessed(data: bytes) -> str | None:
    if b"\0" in data:
        return _utf16_without_mark(data)
    if _damaged_utf8(data) is not None:
        return None
    if western := _western(data):
        central = _strictly(data, "cp1250")
        if central and detected_language(central) in _CENTRAL_EUROPEAN:
            return central
        return western
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=list(_GUESSES)).best()
    text = best and _strictly(data, best.encoding)
    return text if text and not _NO_TEXT.search(text) else None


def _western(data: bytes) -> str | None:
    """As windows-1252, where what is not ASCII are the letters and marks of Western prose.

    A detector that counts letters takes a short text of theirs for anything.
    """
    text = _strictly(data, "cp1252")
    if text is None or _NO_TEXT.search(text):
        return None
    others = [c for c in text if c > "\x7f"]
    letters = sum(c.isalpha() for c in text)
    if not all(c.isalpha() or c in _TYPOGRAPHIC for c in others):
        return None
    return text if sum(c.isalpha() for c in others) <= letters / 4 else None


def _utf16_without_mark(data: bytes) -> str | None:
    """Words with spaces between them in one byte order are no words in the other."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _strictly(data, encoding)
        if text is None or _NO_TEXT.search(text):
            continue
        letters = [c for c in text[:4000] if c.isalpha()]
        blocks = Counter(ord(c) >> 8 for c in letters)
        one_script = blocks and max(blocks.values()) > 0.8 * len(letters)
        if one_script and 2 * len(letters) > len(text[:4000]) and re.search(r"[ \n.]", text[:4000]):
            return text
    return None


def _join(blocks: Iterable[str]) -> str:
    return "\n\n".join(b for b in (clean(block).strip() for block in blocks) if b)


# Plain text and Markdown

# At most 16,000 characters: YAML is slow to read, and no metadata is that long.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,16000}?\n)?---[ \t]*(?:\n|\Z)\s*", re.DOTALL)


def plain_text(name: str, data: bytes, media_type: str | None = None) -> str:
    """Every character of a text; line ends become LF. Raises UnreadableDocument."""
    return canonical(_decoded(name, data, _content_type(media_type)[1]))


def _plain(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    text = plain_text(name, data, f"{PLAIN}; charset={charset}" if charset else None)
    found, text = _front_matter(name, text)
    if not text.strip():
        raise UnreadableDocument(f"{name} is empty: there is no text after its front matter.")
    yield {"title": headline(text), **found, "text": text}


def _markdown(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    from markdown_it import MarkdownIt

    found, text = _front_matter(name, clean(_decoded(name, data, charset).removeprefix("\ufeff")))
    blocks: list[str] = []
    title, opened = None, ""
    for token in MarkdownIt("commonmark", {"maxNesting": 40}).enable("table").parse(text):
        if token.type == "tr_open":
            blocks.append("")
        elif token.type.endswith("_open"):
            opened = token.tag
        elif token.type == "inline":
            line = "".join(_markdown_text(child) for child in token.children or ())
            if opened in {"td", "th"}:
                blocks[-1] += (" | " if blocks[-1] else "") + line
            else:
                blocks.append(line)
            if opened == "h1" and title is None:
                title = one_line(line)
        elif token.type in {"fence", "code_block"}:
            blocks.append(token.content)
        elif token.type == "html_block":
            blocks += html_blocks(token.content)
    yield {"title": title, **found, "text": _join(blocks)}


def _markdown_text(token: Any) -> str:
    if token.type in {"text", "code_inline"}:
        return str(token.content)
    if token.type == "html_inline":
        return "\n" if re.match(r"<br\b", token.content, re.IGNORECASE) else ""
    return {"softbreak": " ", "hardbreak": "\n"}.get(token.type, "")


def _front_matter(name: str, text: str) -> tuple[Fields, str]:
    """Metadata and the text after it. A block that is not a mapping is part of the text.

    Values are kept as they are written: a title `1.10` or `Yes` is no number and no truth value.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    try:
        fields = yaml.load(match[1] or "", yaml.BaseLoader)  # texts, lists and mappings only
    except (yaml.YAMLError, RecursionError):
        raise UnreadableDocument(
            f"{name}: the block between the first two `---` lines is not valid YAML."
        ) from None
    if not isinstance(fields, dict):
        return {}, text
    known = set(NewArticle.model_fields) - {"text", "media_type"}
    kept = {k: v for k, v in fields.items() if k in known and v not in ("", "~", "null")}
    return kept, text[match.end() :]


# Web pages and PDF


def _html(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    text = _decoded(name, data, charset or _declared(data))
    root = parsed(text)
    if root is None:
        return
    yield {**stated_in_page(root), "text": _join(main_blocks(root))}


def _declared(data: bytes) -> str | None:
    """The encoding that HTML or XML names in its first bytes."""
    found = re.search(
        rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})"
        rb"|<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})",
        data[:4096],
        re.IGNORECASE,
    )
    if not found:
        return None
    declared = (found[1] or found[2]).decode("ascii", "replace")
    # It was read as ASCII: it cannot be what it says.
    return "utf-8" if declared.lower().startswith(("utf-16", "utf-32")) else declared


def _pdf(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    if not data.strip():
        raise UnreadableDocument(f"{name} is empty: give one that holds some text.")
    paragraphs, said = read_pdf(name, data)
    text = _join(paragraphs)
    yield {
        "title": title_of(said.get("Title")) or headline(text),
        "author": author_of(said.get("Author"), of_a_file=True),
        "text": text,
    }


# DOCX

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _docx(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    if not data.strip():
        raise UnreadableDocument(f"{name} is empty: give one that holds some text.")
    if data.startswith(_OLE):  # what Word writes for a .doc, and for a password
        raise UnreadableDocument(
            f"{name} is protected by a password or an old Word file. Save it as .docx without one."
        )
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if "[Content_Types].xml" not in packed.namelist():
            raise UnreadableDocument(f"{name} is a zip file and no Word document.")
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_BYTES:
            raise UnreadableDocument(
                f"{name} unpacks to more than {MOST_UNPACKED_BYTES:,} bytes. "
                "Save it without pictures first."
            )
    import docx

    document = docx.Document(io.BytesIO(data))
    try:
        said = document.core_properties
    except (AttributeError, KeyError, ValueError):  # damaged, and no reason to lose the text
        said = None
    blocks: list[str] = []
    title: str | None = None
    for style, text in _docx_blocks(document.element.body):
        if text.strip():
            if title is None and (style == "Title" or (style == "Heading1" and not blocks)):
                title = text
            blocks.append(text)
    text = _join(blocks)
    yield {
        "title": title_of(said and said.title) or title_of(title) or headline(text),
        "author": author_of(said and said.author, of_a_file=True),
        "language": primary_language(said and said.language),
        "text": text,
    }


def _docx_blocks(element: Any) -> Iterator[tuple[str, str]]:
    """`(style, text)` of paragraphs and of tables' rows in order, inserted text included."""
    for child in element:
        if child.tag == f"{_W}p":
            style = child.find(f"{_W}pPr/{_W}pStyle")
            yield ("" if style is None else style.get(f"{_W}val", "")), _docx_text(child)
        elif child.tag == f"{_W}tr":
            cells = [
                " ".join(text for _, text in _docx_blocks(cell) if text)
                for cell in child.iterchildren(f"{_W}tc")
            ]
            yield "", " | ".join(c for c in cells if c.strip())
        elif child.tag in {f"{_W}tbl", f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins"}:
            yield from _docx_blocks(child)


def _docx_text(paragraph: Any) -> str:
    parts = []
    stack = [paragraph]
    while stack:
        element = stack.pop()
        tag = element.tag.removeprefix(_W) if isinstance(element.tag, str) else ""
        if tag == "t":
            parts.append(element.text or "")
        elif tag in {"tab", "br", "cr", "noBreakHyphen"}:
            parts.append({"tab": " ", "noBreakHyphen": "-"}.get(tag, "\n"))
        elif tag in {"p", "r", "hyperlink", "ins", "smartTag", "sdt", "sdtContent", "fldSimple"}:
            stack.extend(reversed(element))
    return re.sub(r" +", " ", "".join(parts))


# Feeds

_ROOT = re.compile(r"<((?:\w+:)?(?:rss|feed|RDF))[\s>]")


def _feed(name: str, data: bytes, charset: str | None) -> Iterator[Fields]:
    text = clean(_decoded(name, data, charset or _declared(data)).removeprefix("\ufeff"))
    root = _ROOT.search(text[:20_000])
    if root is None:
        raise UnreadableDocument(f"{name} is neither an RSS nor an Atom feed.")
    if f"</{root[1]}" not in text:
        raise UnreadableDocument(f"{name} is cut short: the feed does not end.")
    if re.search(r"<!ENTITY", text[: root.start()], re.IGNORECASE):
        raise UnreadableDocument(f"{name} defines entities, which no feed needs. It is not read.")
    import feedparser

    text = re.sub(r"\A\s*<\?xml[^>]{0,300}\?>", "", text)
    read = feedparser.parse(
        io.BytesIO(text.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
    )
    if not read.entries:
        raise UnreadableDocument(f"{name} is a feed without entries.")
    links = Counter(entry.get("link") for entry in read.entries)
    kind = ATOM if str(read.get("version", "")).startswith("atom") else RSS
    for entry in read.entries:
        yield {**_entry(entry, read.feed, links), "media_type": kind}


def _entry(entry: Any, feed: Any, links: "Counter[str | None]") -> Fields:
    title = one_line(" ".join(_entry_blocks(entry.get("title_detail") or {})))
    contents = [c for c in entry.get("content") or [] if c.get("value")]
    written = contents[0] if contents else entry.get("summary_detail") or {}
    link = address_of(entry.get("link"))
    found: Fields = {
        "title": title,
        "source": one_line((entry.get("source") or {}).get("title")) or one_line(feed.get("title")),
        "author": author_of(entry.get("author")),
        "url": link,
        "published_at": stated_date(entry.get("published"))
        or (stated_date(entry["updated"]) if "updated" in entry else None),
        "language": primary_language(written.get("language") or feed.get("language")),
        "text": _join(_entry_blocks(written)) or title or "",
    }
    if link is None or links[entry.get("link")] > 1:
        # No address of its own: what the feed calls it, else what it is. "1" is of every feed.
        key = entry.get("id") or f"{entry.get('link')} {title}\n{found['text']}"
        if entry.get("id") and ":" not in key:
            key = f"{feed.get('link') or feed.get('title')} {key}"
        found["id"] = "art_" + hashlib.sha256(key.encode()).hexdigest()[:20]
    return found


def _entry_blocks(written: Fields) -> list[str]:
    text = str(written.get("value") or "")
    return html_blocks(text) if "html" in str(written.get("type")) else re.split(r"\n\s*\n", text)


Reader = Callable[[str, bytes, str | None], Iterator[Fields]]
_READERS: dict[str, Reader] = {
    **{PLAIN: _plain, MARKDOWN: _markdown, HTML: _html, PDF: _pdf, DOCX: _docx, FEED: _feed},
}
_NAMES = {
    **{PLAIN: "plain text", MARKDOWN: "Markdown", HTML: "HTML", PDF: "PDF"},
    **{DOCX: "Word document (.docx)", FEED: "feed"},
}
_HINTS = {PDF: " Where its pages are pictures, recognise their text (OCR) first."}
