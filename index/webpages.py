"""Web pages: the article in one without what surrounds it, and what the page states of it.

Metadata is read here and not by trafilatura, which makes up what is missing: a date from the
address or the text, a source from the address, names in another case.
"""

import copy
import json
import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from index.stated import (
    address_of,
    author_of,
    clean,
    one_line,
    primary_language,
    stated_date,
    title_of,
)

Fields = dict[str, Any]


_SKIPPED = set(
    "script style noscript template head title nav footer aside button select textarea iframe"
    " object svg math audio video canvas figure menu dialog graphic".split()
)
_BLOCKS = set(
    "p div h1 h2 h3 h4 h5 h6 li dt dd blockquote pre section article main header body html ul ol dl"
    " table tr caption thead tbody tfoot address details summary center fieldset"
    " head item list quote row hr code-block figcaption".split()
)
_WHITE = re.compile(r"[ \t\n\r\f]+")
# Telling an article from what surrounds it takes seconds for so many elements; above, all is text.
MOST_ELEMENTS = 30_000
DEEPEST = 200  # elements within elements
_MOST_JSON = 1_000_000
_ARTICLE_TYPES = re.compile(r"(\w*Article|BlogPosting|Report|LiveBlogPosting)$")
_DATE_METAS = (
    "article:published_time article:published og:published_time og:article:published_time"
    " datepublished date pubdate publish-date publish_date published-date publication_date"
    " dc.date.issued dcterms.issued dcterms.date dc.date parsely-pub-date sailthru.date"
    " citation_publication_date citation_date citation_online_date"
).split()
_TITLE_METAS = "og:title headline citation_title dc.title dcterms.title parsely-title twitter:title"
_AUTHOR_METAS = (
    "author article:author dc.creator dcterms.creator parsely-author sailthru.author"
    " citation_author byl"
)
_SOURCE_METAS = (
    "og:site_name citation_journal_title dc.publisher dcterms.publisher application-name"
)


def parsed(text: str) -> Any:
    """The root element; None where there is nothing to parse. Raises RecursionError for elements
    nested so deep (some 2,000) that the parser leaves text out."""
    from lxml import etree
    from lxml import html as lxml_html

    text = re.sub(r"\A\s*<\?xml[^>]{0,300}>", "", clean(text))
    parser = lxml_html.HTMLParser(
        remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=True
    )
    try:
        root = lxml_html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    if any("depth" in entry.message for entry in parser.error_log):
        raise RecursionError
    return root


def main_blocks(root: Any) -> list[str]:
    """The article's paragraphs without what surrounds them on a page."""
    few = next(islice(root.iter("*"), MOST_ELEMENTS, None), None) is None
    if few and not _deeper(root, DEEPEST):
        from trafilatura import bare_extraction

        found = bare_extraction(root, include_comments=False, config=_extraction())
        body = getattr(found, "body", None)
        if body is not None and (blocks := _blocks(body)):
            return blocks
    body = root.find(".//body")
    return _blocks(root if body is None else body)


@lru_cache(maxsize=1)
def _extraction() -> Any:
    from trafilatura.settings import use_config

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what is amiss is said here
    config = copy.deepcopy(use_config())
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "20")  # else a short article is one paragraph
    return config


def _deeper(root: Any, limit: int) -> bool:
    from lxml import etree

    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limit:
            return True
    return False


def html_blocks(text: str) -> list[str]:
    """The paragraphs of a piece of HTML, all of it."""
    root = parsed(text) if text.strip() else None
    return [] if root is None else _blocks(root)


def _blocks(root: Any) -> list[str]:
    """The text of an element's paragraphs, headings, items and rows in order.

    Takes HTML's elements, and trafilatura's (https://trafilatura.readthedocs.io): `lb` breaks a
    line, `head` is a heading. White space is collapsed as a browser does, but in `pre`.
    """
    from lxml import etree

    blocks: list[str] = []
    line: list[str] = []
    skipping = within_pre = 0
    own = root.tag == "body" and root.getparent() is None  # trafilatura's: `head` is a heading
    skipped = _SKIPPED - {"head", "figure"} if own else _SKIPPED

    def end() -> None:
        raw = "".join(line)
        text = "\n".join(_WHITE.sub(" ", part).strip() for part in raw.split("\v"))
        blocks.append(re.sub(r"\n{2,}", "\n", text).strip())
        line.clear()

    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in skipped:
                skipping += 1
            within_pre += tag == "pre"
            if not skipping:
                if tag in _BLOCKS:
                    end()
                elif tag in {"br", "lb"}:
                    line.append("\v")
                elif tag in {"td", "th", "cell"} and line:
                    line.append(" | ")
                _add(line, element.text, within_pre)
        else:
            if not skipping and tag in _BLOCKS:
                end()
            skipping -= tag in skipped
            within_pre -= tag == "pre"
            if not skipping and element is not root:
                _add(line, element.tail, within_pre)
    end()
    return [block for block in blocks if block.strip(" |")]


def _add(line: list[str], text: str | None, within_pre: int) -> None:
    if text and (text.strip(" \t\n\r\f") or line):
        line.append(text.replace("\n", "\v") if within_pre else text.replace("\v", " "))


def stated_in_page(root: Any) -> Fields:
    """What meta elements, JSON-LD and marked elements say. Not what could be worked out."""
    metas: dict[str, str] = {}
    for element in root.iter("meta"):
        key = element.get("property") or element.get("name") or element.get("itemprop")
        if key and (content := one_line(element.get("content"))):
            metas.setdefault(key.lower().strip(), content)
    ld = _json_ld(root)
    source = ld.get("source") or _first_of(metas, _SOURCE_METAS)
    date_stated = ld.get("published_at") or next(
        filter(None, (stated_date(metas.get(key)) for key in _DATE_METAS)), None
    )
    return {
        "title": _title_of_html(root, metas, ld, source),
        "source": source,
        "author": ld.get("author") or _author_of_html(root, metas),
        "url": _url_of_html(root, metas),
        "published_at": date_stated or _marked_time(root),
        "language": primary_language(
            root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")
        ),
    }


def _first_of(metas: dict[str, str], keys: str) -> str | None:
    return next((metas[k] for k in keys.split() if metas.get(k, "").strip("@ ")), None)


def _title_of_html(root: Any, metas: Fields, ld: Fields, source: str | None) -> str | None:
    headings = [" ".join(heading.itertext()) for heading in root.iter("h1")]
    element = root.find(".//title")
    title = (
        title_of(ld.get("title"))
        or title_of(_first_of(metas, _TITLE_METAS))
        or (len(headings) == 1 and title_of(headings[0]))
        or (element is not None and title_of("".join(element.itertext())))
        or None
    )
    if title and source:  # "Bridge closed | Valley Gazette"
        title = re.sub(rf"\s+[|–—•·:-]\s+{re.escape(source)}$", "", title)
    return title


def _author_of_html(root: Any, metas: dict[str, str]) -> str | None:
    for key in _AUTHOR_METAS.split():
        if name := author_of(metas.get(key)):
            return name
    for element in root.xpath(".//*[@rel='author' or @itemprop='author']")[:3]:
        inner = element.xpath(".//*[@itemprop='name']")
        if name := author_of(" ".join((inner[0] if inner else element).itertext())):
            return name
    return None


def _url_of_html(root: Any, metas: dict[str, str]) -> str | None:
    links = root.xpath("//link[@rel='canonical']/@href")
    return next(filter(None, map(address_of, [*links[:1], metas.get("og:url")])), None)


def _marked_time(root: Any) -> str | None:
    """Of a `time` element that is marked as the publication's."""
    marked = root.xpath(
        ".//time[@datetime][@pubdate or @itemprop='datePublished' or contains(@class, 'publish')"
        " or contains(@class, 'entry-date')] | .//*[@itemprop='datePublished'][@content]"
    )
    marked = marked or root.xpath(".//article//header//time[@datetime]")
    said = {stated_date(e.get("datetime") or e.get("content")) for e in marked} - {None}
    return said.pop() if len(said) == 1 else None


def _json_ld(root: Any) -> Fields:
    """Title, source, author and date of the first article that JSON-LD describes."""
    for script in root.xpath(".//script[@type='application/ld+json']"):
        written = script.text or ""
        if len(written) > _MOST_JSON:
            continue
        try:
            described = json.loads(written, strict=False)
        except (ValueError, RecursionError):
            continue
        for item in _items(described):
            publisher = item.get("publisher")
            authors = item.get("author")
            names = [
                author_of(a.get("name") if isinstance(a, dict) else a)
                for a in (authors if isinstance(authors, list) else [authors])
            ]
            found = {
                "title": title_of(item.get("headline")),
                "source": one_line(
                    publisher.get("name") if isinstance(publisher, dict) else publisher
                ),
                "author": ", ".join(n for n in names[:20] if n) or None,
                "published_at": stated_date(item.get("datePublished")),
            }
            return {k: v for k, v in found.items() if v}
    return {}


def _items(described: Any) -> Iterator[Fields]:
    for item in described if isinstance(described, list) else [described]:
        if not isinstance(item, dict):
            continue
        kinds = item.get("@type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str) and _ARTICLE_TYPES.match(kind):
                yield item
                break
        graph = item.get("@graph")
        if isinstance(graph, list):
            yield from _items([i for i in graph if isinstance(i, dict) and "@graph" not in i])
