"""Agency lines, dates, headlines and languages: what a text states, and nothing else."""

import pytest
from hostile import hostile_text
from hypothesis import given
from reading import ARABIC, FIRST, GERMAN, JAPANESE, RUSSIAN, SECOND, THIRD, read, stated

from index.articles import NewArticle
from index.documents import completed
from index.stated import agency_line, detected_language, stated_date, without_agency_line


@pytest.mark.parametrize(
    ("text", "source", "day"),
    [
        ("date 2024-11-26 Valley News / On Tuesday, the", "Valley News", "2024-11-26"),
        (" date 2024-11-26 Shafaq News / On Tuesday, the", "Shafaq News", "2024-11-26"),
        ("Date: 26 Nov 2024, Valley Gazette/ The", "Valley Gazette", "2024-11-26"),
        ("2024-11-26 Valley News / On Tuesday", "Valley News", "2024-11-26"),
        ("Shafaq News/ On Tuesday", "Shafaq News", None),
        ("LONDON, Nov 26 (Reuters) - The", "Reuters", None),
        ("LONDON, Feb 30, 2024 (Reuters) - The", "Reuters", None),
        ("LONDON, November 26, 2024 (Islands Wire) – The", "Islands Wire", "2024-11-26"),
        ("BAGHDAD (AP) — The", "AP", None),
        ("AUSTIN, Texas (AP) — The", "AP", None),
        ("GAZA/JERUSALEM, Nov 26 (Reuters) - The", "Reuters", None),
        ("ST. LOUIS (AP) — The", "AP", None),
        ("PARIS, 26 November 2024 (AFP) -\nThe", "AFP", "2024-11-26"),
        ("WASHINGTON, Nov. 26, 2024 /PRNewswire/ -- The", "PRNewswire", "2024-11-26"),
        ("NEW YORK, Nov. 26, 2024 (GLOBE NEWSWIRE) -- The", "GLOBE NEWSWIRE", "2024-11-26"),
        ("DALLAS--(BUSINESS WIRE)--The", "BUSINESS WIRE", None),
        ("Nov 26 2024 (Reuters) - The", "Reuters", "2024-11-26"),
        ("BEIJING, Nov. 26 (Xinhua) -- The", "Xinhua", None),
        ("(Xinhua) -- The", "Xinhua", None),
        ("Baghdad (Reuters) - The", "Reuters", None),
        ("Bridge closed\n\nLONDON, Nov 26 (Reuters) - The", "Reuters", None),
    ],
)
def test_an_agency_line_names_the_source_and_the_day(
    text: str, source: str, day: str | None
) -> None:
    assert agency_line(text) == (source, day)
    article = NewArticle(text=text)
    assert (completed(article).source, completed(article).published_at) == (source, day)
    assert completed(article).text == text
    own = NewArticle(text=text, source="Ours", published_at="2020-01-01", language="fr")
    assert completed(own) == own


@pytest.mark.parametrize(
    "text",
    [
        *(FIRST, SECOND, "--", "/", "(Reuters)", "date 2024-11-26 the minister said / that"),
        "NATO (North Atlantic Treaty Organization) - an alliance of 32 states - met.",
        "The AP (Associated Press) - founded in 1846 - has won prizes.",
        "Andhra Pradesh (AP) — the state in the south — voted.",
        "Fox News / Washington Post poll shows a close race.",
        "He and/or she said so / that is, both did.",
        "The minister (Reuters) - said nothing.",
        "On Nov 26 (Tuesday) - the day of the vote - it rained.",
        "Reuters reported on Nov 26 that the bridge was closed.",
        "A (B) - C (D) - E / F / G --",
        "WHO (World Health Organization) — the agency — warned.",
        "In the town of LONDON, Nov 26 (Reuters) - x",
        "9/11 Commission (AP) - it said",
        "PARIS, 26 November 2024 - The bridge was closed.",
        "Bridge (closed) - a report",
        f"{FIRST}\n\n{SECOND}\n\n{THIRD}\n\nLONDON, Nov 26 (Reuters) - Another story.",
    ],
)
def test_an_ordinary_sentence_names_no_agency(text: str) -> None:
    assert agency_line(text) == (None, None)


@given(hostile_text())
def test_of_any_text_nothing_is_changed_by_what_it_states(text: str) -> None:
    if "\0" in text or not text.removeprefix("\ufeff").strip():
        return
    new = NewArticle(text=text)
    assert completed(new).text == new.text
    assert completed(new).source is None


def test_an_agency_line_in_a_file_is_read_and_kept() -> None:
    text = f"date 2024-11-26 Valley News / {FIRST}\n\n{SECOND}"
    article = read("a.txt", text)
    assert article.text == text
    expected = {"source": "Valley News", "published_at": "2024-11-26", "language": "en"}
    assert stated(article) == expected
    html = read("a.html", f"<p>date 2024-11-26 Valley News / {FIRST}</p><p>{SECOND}</p>")
    assert html.text == text
    assert stated(html) == expected


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2024-11-26", "2024-11-26"),
        ("2024-11-26T09:30:00+0100", "2024-11-26T09:30:00+01:00"),
        ("2024-11-26T09:30:00.123Z", "2024-11-26T09:30:00Z"),
        ("2024-11-26T09:30:00", "2024-11-26"),
        ("2024-11-26 09:30", "2024-11-26"),
        ("Tue, 26 Nov 2024 09:30:00 GMT", "2024-11-26T09:30:00Z"),
        ("Tue, 26 Nov 2024 09:30:00 +0300", "2024-11-26T09:30:00+03:00"),
        ("Tue, 26 Nov 2024 09:30:00 -0000", "2024-11-26"),
        ("2024/11/26", "2024-11-26"),
        ("20241126", "2024-11-26"),
        ("November 26, 2024", "2024-11-26"),
        ("26 Nov. 2024", "2024-11-26"),
        *(
            (other, None)
            for other in ("11/12/2024", "26 November", "2024", "soon", "", "2024-13-01")
        ),
        *(
            (other, None)
            for other in ("1970-01-01T00:00:00Z", "0001-01-01", "0000-00-00", "2024-11")
        ),
        *((other, None) for other in ("9" * 400, None, 7, "9999-99-99T99:99:99Z", "Nov")),
    ],
)
def test_dates_that_documents_state(written: object, kept: str | None) -> None:
    assert stated_date(written) == kept
    if kept:
        assert NewArticle(text="Some.", published_at=kept).published_at == kept


@pytest.mark.parametrize(
    ("text", "language"),
    [
        *((FIRST, "en"), (ARABIC, "ar"), (RUSSIAN, "ru"), (JAPANESE, "ja"), (GERMAN, "de")),
        ("Les ministres ont signé deux accords à Bagdad mardi.", "fr"),
        ("Los ministros firmaron dos acuerdos en Bagdad el martes.", "es"),
        *(
            (short, None)
            for short in ("Closed.", "Obama wins", "12345 67890 12345 67890 12345", "A")
        ),
    ],
)
def test_a_language_is_told_from_the_text_where_it_is_sure(text: str, language: str | None) -> None:
    assert detected_language(text) == language
    assert completed(NewArticle(text=text)).language == language
    assert completed(NewArticle(text=text, language="xh")).language == "xh"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("LONDON, Nov 26 (Reuters) - The harbour was shut.", "The harbour was shut."),
        ("HADDLEMERE, Feb. 10 - The harbour was shut.", "The harbour was shut."),
        ("2024-11-26 Gulf Desk / The harbour was shut.", "The harbour was shut."),
        ("The harbour / dock was shut.", "The harbour / dock was shut."),
        ("The BBC - a broadcaster - was shut.", "The BBC - a broadcaster - was shut."),
    ],
)
def test_the_news_begins_after_the_agency_line(text: str, rest: str) -> None:
    assert without_agency_line(text) == rest
