"""PDF: lines put together into paragraphs."""

from fpdf import FPDF
from reading import FIRST, SECOND, THIRD, growth, pdf, read, refused, stated

from index.pdf import Line, _paragraphs, _without_furniture


def test_the_lines_of_a_pdf_are_joined_into_paragraphs() -> None:
    article = read("a.pdf", pdf([[f"{FIRST} {SECOND}", f"{SECOND} {THIRD}"]]))
    assert article.text == f"{FIRST} {SECOND}\n\n{SECOND} {THIRD}"
    assert stated(article) == {"language": "en"}
    assert article.media_type == "application/pdf"


def test_hyphens_at_line_ends_are_undone() -> None:
    article = read(
        "a.pdf", pdf([["The minis-|ters met in Bagh-|dad on a well-known and well-|known day."]])
    )
    assert article.text == "The ministers met in Baghdad on a well-known and well-known day."


def test_a_sentence_runs_over_to_the_next_page_and_what_repeats_is_left_out() -> None:
    data = pdf(
        [
            [FIRST, "The mayor said that it would stay closed for the whole of the"],
            ["winter."],
            [THIRD],
        ],
        running="Valley Gazette, 26 November",
    )
    assert read("a.pdf", data).text == (
        f"{FIRST}\n\nThe mayor said that it would stay closed for the whole of the winter.\n\n"
        f"{THIRD}"
    )


def test_of_a_pdfs_properties_only_what_somebody_wrote_is_taken() -> None:
    named = pdf([[FIRST]], title="Bridge closed", author="R. Ngo")
    assert stated(read("a.pdf", named)) == {
        "title": "Bridge closed",
        "author": "R. Ngo",
        "language": "en",
    }
    for title in ("Untitled Goose Game sells a million", "PowerPoint turns 30"):
        assert read("a.pdf", pdf([[FIRST]], title=title)).title == title
    for title in ("Microsoft Word - bridge.doc", "Untitled", "bridge_final.indd", " "):
        made_up = pdf([[FIRST]], title=title, author="rngo")
        assert stated(read("a.pdf", made_up)) == {"language": "en"}
    assert read("a.pdf", pdf([["Bridge closed after cracks", FIRST]])).title == (
        "Bridge closed after cracks"
    )


def test_a_pdf_that_cannot_be_read_says_what_to_do() -> None:
    made = FPDF()
    made.add_page()
    made.rect(10, 10, 50, 50)
    drawn = bytes(made.output())
    assert "a.pdf holds no text. Where its pages are pictures" in refused("a.pdf", drawn)
    made = FPDF()
    made.set_encryption("owner", "user")
    made.add_page()
    locked = bytes(made.output())
    assert "is protected by a password" in refused("a.pdf", locked)
    whole = pdf([[FIRST]])
    for broken in (whole[:200], b"%PDF-1.7\n", b"Some.", b"\0" * 1000):
        assert "a.pdf is damaged, or it is no PDF" in refused("a.pdf", broken)


def test_a_long_list_and_a_long_page_are_read_in_time_that_grows_with_their_length() -> None:
    def line(n: int) -> Line:
        return Line(f"entry {n} of a list that has no end of a sen-", 50, 400, -12 * n, -12 * n, 10)

    def listed(lines: int) -> None:
        pages = [[line(n) for n in range(50)] for _ in range(lines // 50)]
        assert len(_paragraphs(pages)) == 1

    def long(lines: int) -> None:
        page = [line(n) for n in range(lines)]
        assert len(_without_furniture([page])[0]) == len(page)

    assert growth(listed, 1000) < 10
    assert growth(long, 2000) < 10
