"""Documents read in tests, and what may be said of them."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from fpdf import FPDF

from index.articles import NewArticle
from index.documents import read_documents
from index.errors import InvalidRequest

FIELDS = {
    "title": "Bridge closed",
    "source": "Valley Gazette",
    "author": "R. Ngo",
    "url": "https://gazette.example/bridge",
    "published_at": "2024-11-26",
}
FIRST = "The bridge over the Tarn was closed on Monday after an inspector found cracks in a pier."
SECOND = "Mayor R. Ngo said it would stay closed until the spring, and that a ferry would run."
THIRD = "The bridge was built in 1931 and carries some 4,000 vehicles a day."
ARABIC = "وقع الوزيران مذكرتي تفاهم في بغداد يوم الثلاثاء، وقال الوزير إن الجسر سيبقى مغلقا."
RUSSIAN = "Министры подписали в Багдаде два меморандума. Мост закрыт до весны, сказал мэр."
JAPANESE = "大臣は火曜日、バグダッドで二つの覚書に署名した。橋は春まで閉鎖される。"
GERMAN = "Der Bürgermeister von Köln schließt die Brücke für größere Fahrzeuge."
META = """<title>Bridge closed | Valley Gazette</title>
<meta property="og:site_name" content="Valley Gazette"><meta name="author" content="By R. McNgo">
<meta property="article:published_time" content="2024-11-26T09:30:00+03:00">
<meta property="article:modified_time" content="2025-01-01T00:00:00Z">
<link rel="canonical" href="https://gazette.example/bridge">"""
JSON_LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
{"@type": "WebSite", "name": "No"}, {"@type": ["NewsArticle"], 
"headline": "Bridge &amp; road closed",
"author": [{"@type": "Person", "name": "R. McNgo"}, {"name": "A. iWriter"}],
"publisher": {"@type": "Organization", "name": "iValley"}, "dateCreated": "2001-01-01",
"datePublished": "2024-11-26T09:30:00Z", "dateModified": "2025-01-01"}]}</script>"""


def read(name: str, data: bytes | str, **given: Any) -> NewArticle:
    [article] = read_documents(name, data.encode() if isinstance(data, str) else data, **given)
    return article


def stated(article: NewArticle) -> dict[str, Any]:
    """What is not empty, without the text and the media type."""
    return article.model_dump(exclude_none=True, exclude={"text", "media_type"})


def document(front: str, text: str = "The bridge was closed.\n") -> bytes:
    return f"---\n{front}\n---\n{text}".encode()


def refused(name: str, data: bytes, **fields: str | None) -> str:
    """The message of a refusal: it names the file, and no path."""
    with pytest.raises(InvalidRequest) as caught:
        read_documents(name, data, **fields)
    message = caught.value.message
    assert name in message
    assert "/" not in message.replace(name, "")
    return message


def page(
    head: str = "",
    body: str = f"<h1>Bridge closed</h1><p>{FIRST}</p><p>{SECOND}</p>",
    lang: str = "en",
) -> bytes:
    return (
        f"<!DOCTYPE html><html lang={lang}><head>{head}</head><body><nav><ul><li><a href=/>Home</a>"
        "</li><li><a href=/news>News</a></li></ul></nav><main><article>"
        f"{body}</article></main><footer><p>Copyright 2011 by the Gazette. Cookies!</p></footer>"
        "<script>var x = 'not text'</script></body></html>"
    ).encode()


def pdf(pages: list[list[str]], *, running: str = "", **said: str) -> bytes:
    """One `list` a page, of paragraphs; `|` breaks a line."""
    made = FPDF(format=(148, 210))
    made.set_auto_page_break(False)
    for key, value in said.items():
        getattr(made, f"set_{key}")(value)
    for number, paragraphs in enumerate(pages, 1):
        made.add_page()
        made.set_font("Helvetica", size=10)
        if running:
            made.text(15, 8, running)
            made.text(70, 200, f"Page {number} of {len(pages)}")
        for paragraph in paragraphs:
            made.multi_cell(110, 5, paragraph.replace("|", "\n"), align="L")
            made.ln(4)
    return bytes(made.output())


def growth(work: Callable[[int], None], size: int) -> float:
    """How many times as long `work` takes on four times the size: about 4 where that is linear, 16
    where it is quadratic.
    """

    def seconds(n: int) -> float:
        began = time.process_time()
        work(n)
        return time.process_time() - began

    return min(seconds(4 * size) for _ in range(3)) / min(seconds(size) for _ in range(3))
