"""HTML: the text of the article in a page, and what the page states."""

import pytest
from reading import FIRST, JSON_LD, META, SECOND, THIRD, page, read, refused, stated


def test_of_a_page_the_article_is_kept_with_its_paragraphs() -> None:
    article = read(
        "a.html",
        page(
            body=f"<h1>Bridge closed</h1><p>{FIRST}</p><h2>What is known</h2><p>{SECOND}<br>A "
            f"ferry\n  <b>runs</b>.</p><ul><li>One pier cracked.</li><li>Two <a href=x>piers</a> "
            f"held.</li></ul><blockquote><p>“We wait,” he said.</p></blockquote><p>{THIRD}</p>"
        ),
    )
    assert article.text == (
        f"Bridge closed\n\n{FIRST}\n\nWhat is known\n\n{SECOND}\nA ferry runs.\n\nOne pier cracked."
        f"\n\nTwo piers held.\n\n“We wait,” he said.\n\n{THIRD}"
    )
    assert stated(article) == {"title": "Bridge closed", "language": "en"}
    assert article.media_type == "text/html"


def test_an_article_deep_within_elements_is_whole_or_refused() -> None:
    deep = f"<div>{FIRST}" * 1000
    assert read("a.html", deep).text == "\n\n".join([FIRST] * 1000)
    assert "a.html is too large or too intricate" in refused("a.html", b"<div>word " * 3000)


def test_a_short_article_has_its_paragraphs_too() -> None:
    article = read("a.html", "<p>The bridge was closed.</p><p>It is old.</p>")
    assert article.text == "The bridge was closed.\n\nIt is old."
    assert read("a.html", "The bridge was closed.").text == "The bridge was closed."


def test_what_a_page_states_is_taken_as_it_is_written() -> None:
    body = f"<p>{FIRST}</p><p>{SECOND}</p>"
    assert stated(read("a.html", page(META, body))) == {
        "title": "Bridge closed",
        "source": "Valley Gazette",
        "author": "R. McNgo",
        "url": "https://gazette.example/bridge",
        "published_at": "2024-11-26T09:30:00+03:00",
        "language": "en",
    }
    assert stated(read("a.html", page(JSON_LD, body, "de-AT"))) == {
        "title": "Bridge & road closed",
        "source": "iValley",
        "author": "R. McNgo, A. iWriter",
        "published_at": "2024-11-26T09:30:00Z",
        "language": "de",
    }
    marked = (
        "<h1>Closed</h1><header><time datetime='2024-11-26'>Tue</time></header>"
        f"<a rel=author>R. Ngo</a>{body}"
    )
    assert stated(read("a.html", page("", marked))) == {
        "title": "Closed",
        "author": "R. Ngo",
        "published_at": "2024-11-26",
        "language": "en",
    }


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("<title>Untitled</title>", ""),
        ("<meta property='og:url' content='https://gazette.example/'>", ""),
        ("<link rel=canonical href='/2024/11/26/bridge'>", "<p>Updated 2024-11-25 at 12:00</p>"),
        ("<meta property='article:modified_time' content='2024-11-26'>", ""),
        ("<meta name=last-modified content='2024-11-26'>", "<p class=date>November 26, 2024</p>"),
        ("<meta name=author content='https://gazette.example/ngo'>", ""),
        ("<meta name=date content='soon'><meta name=author content=admin>", ""),
        ("", "<p>On <time datetime='2024-11-26'>Tuesday</time> it rained.</p>"),
        ("", "<p>© 2019 Valley Gazette</p><img src='/2019/11/26/a.jpg'>"),
        ("<script type='application/ld+json'>{]</script>", ""),
        ("<script type='application/ld+json'>[[1], null, {\"@type\": 1}]</script>", ""),
        ('<script type=\'application/ld+json\'>{"@type": "Article", "author": 1}</script>', ""),
        ("<script type='application/ld+json'>" + "[" * 50_000 + "</script>", ""),
    ],
)
def test_what_a_page_does_not_state_is_not_made_up(head: str, body: str) -> None:
    article = read("a.html", page(head, f"<p>{FIRST}</p>{body}<p>{SECOND}</p>", "''"))
    assert stated(article) == {"language": "en"}
