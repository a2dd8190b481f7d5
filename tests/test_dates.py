from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.dates import MONTHS, WEEKDAYS, mentions
from service.dates_held import Derived, held, in_source_words
from service.dates_written import with_dates, written_out
from tests.hostile import hostile_text

TUESDAY = date(2024, 11, 26)
DAYS = st.dates(date(1600, 1, 1), date(2090, 12, 31))


def read(text: str, today: date | None = TUESDAY) -> list[tuple[str, ...]]:
    """Each date's words and the values that they may have."""
    found = [m for m in mentions(text, today) if not m.span]
    assert all(text[m.start :].startswith(m.text) for m in found)
    return [(m.text, *(window.value for window in m.readings)) for m in found]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        # Days
        ("on 26 November 2024", [("26 November 2024", "2024-11-26")]),
        ("on November 26, 2024,", [("November 26, 2024", "2024-11-26")]),
        ("the 26th of November 2024", [("the 26th of November 2024", "2024-11-26")]),
        ("on Nov. 26", [("Nov. 26", "2024-11-26")]),
        ("on 3 Sept 2021", [("3 Sept 2021", "2021-09-03")]),
        ("TOKYO, NOVEMBER 26", [("NOVEMBER 26", "2024-11-26")]),
        ("on Tuesday, 26 November 2024", [("Tuesday, 26 November 2024", "2024-11-26")]),
        ("on Tue. Nov. 26", [("Tue. Nov. 26", "2024-11-26")]),
        ("on 2024-11-26", [("2024-11-26", "2024-11-26")]),
        ("at 2024-11-26T23:30:00Z", [("2024-11-26", "2024-11-26")]),
        ("on 26.11.2024", [("26.11.2024", "2024-11-26")]),
        ("on 11/26/2024", [("11/26/2024", "2024-11-26")]),
        ("on 5/6/2024", [("5/6/2024", "2024-05-06", "2024-06-05")]),
        ("He spoke on the 20th.", [("the 20th", "2024-11-20")]),
        ("They will vote on the 20th.", [("the 20th", "2024-12-20")]),
        ("on 26 November last year", [("26 November last year", "2023-11-26")]),
        ("at 10:30 on 1 May 2024", [("1 May 2024", "2024-05-01")]),
        # Ranges, by their ends
        ("26-28 November", [("26-28 November", "2024-11-26"), ("26-28 November", "2024-11-28")]),
        (
            "November 26 to 28, 2023",
            [("November 26 to 28, 2023", "2023-11-26"), ("November 26 to 28, 2023", "2023-11-28")],
        ),
        (
            "between 26 and 28 November",
            [("26 and 28 November", "2024-11-26"), ("26 and 28 November", "2024-11-28")],
        ),
        (
            "from 30 December to 3 January 2021",
            [("30 December", "2020-12-30"), ("3 January 2021", "2021-01-03")],
        ),
        ("from March to May 2022", [("March", "2022-03"), ("May 2022", "2022-05")]),
        ("from 2019 to 2023", [("2019 to 2023", "2019"), ("2019 to 2023", "2023")]),
        ("the 2023-24 season", [("2023-24", "2023/2024")]),
        # Months, parts of years, years, decades
        ("in November 2024", [("November 2024", "2024-11")]),
        ("in Nov. 2024", [("Nov. 2024", "2024-11")]),
        ("in late November 2023", [("late November 2023", "2023-11")]),
        ("at the end of May 2023", [("the end of May 2023", "2023-05")]),
        ("in the first quarter of 2024", [("the first quarter of 2024", "2024-01/2024-03")]),
        ("in Q3 2024", [("Q3 2024", "2024-07/2024-09")]),
        ("the second half of last year", [("the second half of last year", "2023-07/2023-12")]),
        ("the first nine months of 2024", [("the first nine months of 2024", "2024-01/2024-09")]),
        ("in 2023", [("2023", "2023")]),
        ("in mid-2023", [("mid-2023", "2023")]),
        ("the 2020 election", [("2020", "2020")]),
        ("in the 1990s", [("the 1990s", "1990/1999")]),
        ("a song of '90s television", [("'90s", "1990/1999")]),
        ("in the late ’80s", [("the late ’80s", "1980/1989")]),
        # In relation to the article's date
        ("He said so today.", [("today", "2024-11-26")]),
        ("It opens tonight.", [("tonight", "2024-11-26")]),
        ("It fell this morning.", [("this morning", "2024-11-26")]),
        ("He died yesterday.", [("yesterday", "2024-11-25")]),
        ("He died the day before yesterday.", [("the day before yesterday", "2024-11-24")]),
        ("They meet tomorrow.", [("tomorrow", "2024-11-27")]),
        ("He said on Friday that she left.", [("Friday", "2024-11-22")]),
        ("They will meet on Friday.", [("Friday", "2024-11-29")]),
        ("On Friday the court will hear it.", [("Friday", "2024-11-29")]),
        ("A vote is scheduled for Friday.", [("Friday", "2024-11-29")]),
        ("She is due to speak on Friday.", [("Friday", "2024-11-29")]),
        ("The minister said on Tuesday he resigned.", [("Tuesday", "2024-11-26")]),
        (
            "He announced on Monday that on Friday it will close.",
            [("Monday", "2024-11-25"), ("Friday", "2024-11-29")],
        ),
        (
            "Holm, who will see him on Friday, said on Monday",
            [("Friday", "2024-11-29"), ("Monday", "2024-11-25")],
        ),
        ("They would meet on Friday.", [("Friday", "2024-11-22", "2024-11-29")]),
        ("They agreed to meet on Friday.", [("Friday", "2024-11-22", "2024-11-29")]),
        ("He could not be reached on Friday.", [("Friday", "2024-11-22")]),
        ("He was away until Friday.", [("Friday", "2024-11-22", "2024-11-29")]),
        ("They met last Thursday.", [("last Thursday", "2024-11-21")]),
        ("They met last Monday.", [("last Monday", "2024-11-25", "2024-11-18")]),
        ("They meet next Friday.", [("next Friday", "2024-11-29", "2024-12-06")]),
        ("They meet next Monday.", [("next Monday", "2024-12-02")]),
        ("on Thursday last week", [("Thursday last week", "2024-11-21")]),
        ("It fell over the weekend.", [("the weekend", "2024-11-23/2024-11-24")]),
        ("It will rain at the weekend.", [("the weekend", "2024-11-30/2024-12-01")]),
        ("It opened two days ago.", [("two days ago", "2024-11-24")]),
        ("It opened two weeks ago.", [("two weeks ago", "2024-11-09/2024-11-15")]),
        ("It opened five months ago.", [("five months ago", "2024-06")]),
        ("It opened three years ago.", [("three years ago", "2021")]),
        ("It opened a decade ago.", [("a decade ago", "2013/2015")]),
        ("It opened nearly two years ago.", [("two years ago", "2021/2023")]),
        ("It will open in three months.", [("three months", "2025-02")]),
        ("It was built in three months.", []),
        ("It fell last week.", [("last week", "2024-11-18/2024-11-24")]),
        ("It fell last month.", [("last month", "2024-10")]),
        ("It fell last year.", [("last year", "2023")]),
        ("It rose this year.", [("this year", "2024")]),
        ("It will rise next month.", [("next month", "2024-12")]),
        ("It fell earlier this month.", [("earlier this month", "2024-11")]),
        ("It fell late last year.", [("late last year", "2023")]),
        ("It fell in December.", [("December", "2023-12")]),
        ("It will fall in December.", [("December", "2024-12")]),
        ("Work starts in May.", [("May", "2025-05")]),
        ("Work may start in May.", [("May", "2024-05", "2025-05")]),
        ("He left last May.", [("last May", "2024-05", "2023-05")]),
        (
            "He was born in 1970. Two years later he left.",
            [("1970", "1970"), ("Two years later", "1972")],
        ),
        ("He had left two years earlier.", [("two years earlier",)]),
        ("“I saw it today,” he said.", [("today", "2024-11-26", "2024-11-25")]),
        (
            "In 1944 it fell, and in May it was burnt.",
            [("1944", "1944"), ("May", "2024-05", "1944-05")],
        ),
        # What looks like a date
        ("Theresa May said so.", []),
        ("May said that May would win.", []),
        ("They may march on.", []),
        ("They march 10 miles.", []),
        ("April Jones and August Wilson sang.", []),
        ("The Sunday Times and USA Today wrote it.", []),
        ("Black Friday and Sheffield Wednesday", []),
        ("He was the second to go, within a second.", []),
        ("It is open 24/7 and remembers 9/11.", []),
        ("2,024 people and 2024 votes and 2024 people", []),
        ("It cost $2024, or €1999, at 2030 GMT, on the A2024.", []),
        ("3.5 march, 12.5 per cent, 1.2.3", []),
        ("May 12,000 people come?", []),
        ("every Tuesday", [("every Tuesday",)]),
        ("in fiscal 2024", [("fiscal 2024",)]),
        ("over the last year", [("the last year",)]),
        ("in the last week of its run", []),
        ("the first half of the match", []),
        ("in the 19th century, on the 26th floor", []),
        ("He sat on the sun.", []),
        # No such day
        ("on 31 February 2024", [("31 February 2024",)]),
        ("up 95 May 2", [("May 2", "2024-05-02", "2025-05-02")]),
        ("on 29 February 2023", [("29 February 2023",)]),
        ("on Monday, 26 November 2024", [("Monday, 26 November 2024",)]),
    ],
)
def test_what_is_read(text: str, dates: list[tuple[str, ...]]) -> None:
    assert read(text) == dates


@pytest.mark.parametrize(
    ("today", "text", "values"),
    [
        (date(2025, 1, 2), "He said on Tuesday", ["2024-12-31"]),
        (date(2026, 2, 12), "on Thursday", ["2026-02-12"]),
        (date(2026, 2, 12), "on Friday", ["2026-02-06"]),
        (date(2025, 1, 2), "It fell last month.", ["2024-12"]),
        (date(2025, 1, 2), "It fell two months ago.", ["2024-11"]),
        (date(2025, 1, 2), "It fell last week.", ["2024-12-23/2024-12-29"]),
        (date(2025, 1, 2), "It fell in December.", ["2024-12"]),
        (date(2025, 1, 2), "It fell on 30 December.", ["2024-12-30"]),
        (date(2024, 12, 30), "They will meet on 3 January.", ["2025-01-03"]),
        (date(2024, 12, 30), "They will meet on Thursday.", ["2025-01-02"]),
        (date(2024, 12, 30), "They will meet next month.", ["2025-01"]),
        (date(2024, 12, 31), "They meet tomorrow.", ["2025-01-01"]),
        (date(2024, 3, 1), "He died yesterday.", ["2024-02-29"]),
        (date(2023, 3, 1), "He died yesterday.", ["2023-02-28"]),
        (date(2024, 2, 29), "It opened four years ago.", ["2020"]),
        (date(2024, 7, 31), "It opened five months ago.", ["2024-02"]),
        (date(2023, 7, 1), "He was born on 29 February.", ["2020-02-29"]),
        # The weeks of some start on a Sunday.
        (
            date(2024, 11, 24),
            "It fell last week.",
            ["2024-11-11/2024-11-17", "2024-11-18/2024-11-24"],
        ),
        (date(2024, 11, 24), "It rained over the weekend.", ["2024-11-23/2024-11-24"]),
        (date(2024, 6, 15), "It fell on 10 December.", ["2023-12-10"]),
        (date(2024, 6, 15), "It will fall on 10 December.", ["2024-12-10"]),
        (date(2024, 6, 15), "the summit of 10 December", ["2023-12-10", "2024-12-10"]),
    ],
)
def test_where_years_and_weeks_end(today: date, text: str, values: list[str]) -> None:
    assert [list(dates[1:]) for dates in read(text, today)] == [values]


def test_nothing_is_resolved_without_the_articles_date() -> None:
    text = "On Tuesday, in May, on 3 June, last year, two weeks ago, on the 26th, at the weekend."
    assert all(len(found) == 1 for found in read(text, None))


NOTHING: dict[str, list[str]] = {}


@pytest.mark.parametrize(
    ("claim", "text", "verdict"),
    [
        # The same, written otherwise or more coarsely
        ("on November 26, 2024", "on 2024-11-26", {"same": ["November 26, 2024"]}),
        ("in November 2024", "on 26 November 2024", {"same": ["November 2024"]}),
        ("in 2024", "on 26 November 2024", {"same": ["2024"]}),
        ("in November", "on 26 November 2024", {"same": ["November"]}),
        ("on 26 November", "on Nov. 26, 2020", {"same": ["26 November"]}),
        ("in late November 2024", "on 26 November 2024", {"same": ["late November 2024"]}),
        ("in the first half of 2024", "in Q1 2024", {"same": ["the first half of 2024"]}),
        ("in the 1990s", "in May 1994", {"same": ["the 1990s"]}),
        (
            "26–28 November 2024",
            "from 26 November to 28 November 2024",
            {"same": ["26–28 November 2024"]},
        ),
        ("on 26 November 2024", "26-28 November 2024", {"same": ["26 November 2024"]}),
        ("he said on Tuesday", "on Tuesday he said", {"same": ["Tuesday"]}),
        ("he said on Tuesday", "on Tuesday, 3 May 2011, he said", {"same": ["Tuesday"]}),
        ("it fell last year", "it fell late last year", {"same": ["last year"]}),
        ("it fell 2 weeks ago", "it fell two weeks ago", {"same": ["2 weeks ago"]}),
        ("every Tuesday", "every Tuesday", {"same": ["every Tuesday"]}),
        ("on 31 February 2024", "on 31 February 2024", {"same": ["31 February 2024"]}),
        # Worked out
        ("on 22 November 2024", "he said on Friday", {"derived": ["2024-11-22"]}),
        ("on Friday, 22 November", "he said on Friday", {"derived": ["2024-11-22"]}),
        ("on 29 November 2024", "he will go on Friday", {"derived": ["2024-11-29"]}),
        ("on 29 November 2024", "he put it off until Friday", {"unsure": ["29 November 2024"]}),
        ("on 29 November 2024", "he postponed it until Friday", {"derived": ["2024-11-29"]}),
        ("on 29 November 2024", "it will be shut until Friday", {"derived": ["2024-11-29"]}),
        ("on 29 November 2024", "talks resume on Friday", {"derived": ["2024-11-29"]}),
        ("in November 2024", "he said on Friday", {"derived": ["2024-11"]}),
        ("in June 2024", "it opened five months ago", {"derived": ["2024-06"]}),
        ("in 2023", "it opened last year", {"derived": ["2023"]}),
        ("it opened last year", "it opened in May 2023", {"derived": ["2023"]}),
        ("on 26 November 2024", "on Nov. 26", {"derived": ["2024-11-26"]}),
        ("26-28 November 2024", "26 to 28 November", {"derived": ["2024-11-26/2024-11-28"]}),
        ("in December 2023", "it fell in December", {"derived": ["2023-12"]}),
        ("it fell yesterday", "it fell on Monday", {"derived": ["2024-11-25"]}),
        ("in November 2024", "it opened two weeks ago", {"derived": ["2024-11"]}),
        ("in 2024", "it will rise later this year", {"derived": ["2024"]}),
        # Another
        ("on 25 November 2024", "on 26 November 2024", {"contradicted": ["25 November 2024"]}),
        ("on 25 November 2024", "he said on Friday", {"contradicted": ["25 November 2024"]}),
        ("in 2023", "on 26 November 2024", {"contradicted": ["2023"]}),
        ("on Friday", "he said on Monday", {"contradicted": ["Friday"]}),
        ("on Tuesday, 26 November", "on 26 November 2024", {"derived": ["2024-11-26"]}),
        (
            "on Monday, 26 November",
            "on 26 November 2024",
            {"contradicted": ["Monday, 26 November"]},
        ),
        ("the last quarter of 2024", "in Q3 2024", {"contradicted": ["the last quarter of 2024"]}),
        ("the final quarter of 2024", "in Q4 2024", {"same": ["the final quarter of 2024"]}),
        ("in October 2024", "26-28 November 2024", {"contradicted": ["October 2024"]}),
        ("it opened in 2022", "it opened last year", {"contradicted": ["2022"]}),
        ("in the 1980s", "in May 1994", {"contradicted": ["the 1980s"]}),
        # Finer than the source, or not in it
        ("on 26 November 2024", "in November 2024", {"unstated": ["26 November 2024"]}),
        ("in November 2024", "in 2024", {"unstated": ["November 2024"]}),
        ("on 12 November 2024", "it opened two weeks ago", {"unstated": ["12 November 2024"]}),
        ("on 27 November 2024", "26-28 November 2024", {"unstated": ["27 November 2024"]}),
        ("on 26 November 2024", "26 people, in November", {"unstated": ["26 November 2024"]}),
        ("in 2024", "2024 people", {"unstated": ["2024"]}),
        ("in 2024", "in fiscal 2024", {"unstated": ["2024"]}),
        ("in 2023", "over the last year", {"unstated": ["2023"]}),
        ("in May", "Theresa May said so", {"unstated": ["May"]}),
        ("on Sunday", "the Sunday Times wrote", {"unstated": ["Sunday"]}),
        ("it fell last year", "it fell", {"unstated": ["last year"]}),
        # Open
        ("on 29 November 2024", "it is on next Friday", {"unsure": ["29 November 2024"]}),
        ("on 5 June 2024", "on 5/6/2024", {"unsure": ["5 June 2024"]}),
        ("2,024 people march", "2,024 people march", NOTHING),
    ],
)
def test_a_claims_dates_are_held_against_the_sources(
    claim: str, text: str, verdict: dict[str, list[str]]
) -> None:
    found = held(claim, text, TUESDAY.isoformat())
    assert {
        name: values
        for name, values in {
            "same": found.same,
            "derived": [d.value for d in found.derived],
            "contradicted": found.contradicted,
            "unsure": found.unsure,
            "unstated": found.unstated,
        }.items()
        if values
    } == verdict


def test_a_date_worked_out_tells_its_words_and_the_sources() -> None:
    found = held("He said on 22 November 2024 so.", "He said so on Friday.", "2024-11-26")
    assert found.derived == [Derived("22 November 2024", "Friday", "2024-11-22")]


def test_an_articles_day_is_that_of_its_own_time_zone() -> None:
    for published in ("2024-11-26", "2024-11-26T23:30:00-05:00", "2024-11-26T00:30:00+09:00"):
        found = held("on 25 November 2024", "He died yesterday.", published)
        assert [d.value for d in found.derived] == ["2024-11-25"]


def test_without_its_date_an_article_says_only_what_it_writes() -> None:
    assert held("on Tuesday", "on Tuesday", None).same == ["Tuesday"]
    assert held("on 3 May", "on May 3", None).same == ["3 May"]
    assert held("on 3 May 2024", "on May 3", None).unstated == ["3 May 2024"]
    assert held("in 2023", "it fell last year", None).unstated == ["2023"]


# What may be said in relation to a day, and the days before and after it that it may mean.
RELATIVE = {
    "It fell yesterday.": (-1, -1),
    "It fell on {weekday}.": (-6, 0),
    "It will fall on {weekday}.": (0, 7),
    "It fell last {weekday}.": (-13, -1),
    "It will fall next {weekday}.": (1, 13),
    "It fell over the weekend.": (-8, 1),
    "It fell last week.": (-14, 0),
    "It will fall next week.": (0, 14),
    "It fell {n} days ago.": (-20, -1),
    "It fell {n} weeks ago.": (-7 * 20 - 4, -3),
    "It fell {n} months ago.": (-31 * 21, -1),
    "It fell last month.": (-62, -1),
    "It fell in {month}.": (-366, 30),
    "It will fall in {month}.": (-30, 366),
    "It fell on 14 {month}.": (-366, 120),
    "It will fall on 14 {month}.": (-120, 366),
    "It fell {n} years ago.": (-366 * 22, -1),
    "It fell last year.": (-731, -1),
    "It fell earlier this month.": (-31, 0),
    "It fell earlier this year.": (-366, 0),
}


@given(
    DAYS,
    st.sampled_from(sorted(RELATIVE)),
    st.sampled_from(WEEKDAYS),
    st.sampled_from(MONTHS),
    st.integers(1, 19),
)
def test_what_is_worked_out_lies_where_its_words_allow(
    today: date, form: str, weekday: str, month: str, n: int
) -> None:
    text = form.format(weekday=weekday.title(), month=month.title(), n=n)
    (mention,) = mentions(text, today)
    first, last = RELATIVE[form]
    assert 1 <= len(mention.readings) <= 2
    for window in mention.readings:
        assert today + timedelta(first) <= window.first <= window.last <= today + timedelta(last)
        if "{weekday}" in form:
            assert window.first == window.last
            assert window.first.weekday() == WEEKDAYS.index(weekday)
        if "{month}" in form:
            assert window.first.month == window.last.month == MONTHS.index(month) + 1
    # Each day of the years around: told only where the words leave nothing open.
    whole = {(w.first, w.last) for w in mention.readings}
    for day in (w.first for w in mention.readings):
        found = held(f"It fell on {day.day} {day:%B %Y}.", text, today.isoformat())
        assert bool(found.derived) == (whole == {(day, day)})
        assert not found.same and not found.contradicted
        in_month = f"{day:%B %Y}"
        found = held(f"It fell in {in_month}.", text, today.isoformat())
        within = all(
            (w.first.replace(day=1), w.last.replace(day=1)) == (day.replace(day=1),) * 2
            for w in mention.readings
        )
        assert bool(found.derived) == within
        assert [d.value for d in found.derived] in ([], [f"{day:%Y-%m}"])


@given(DAYS, DAYS)
def test_a_written_day_is_itself_and_no_other(one: date, other: date) -> None:
    text = f"It fell on {one:%B} {one.day}, {one.year}."
    found = held(f"It fell on {other.day} {other:%B %Y}.", text, "2024-11-26")
    assert bool(found.same) == (one == other) == (not found.contradicted)
    assert held(f"It fell in {other:%B %Y}.", text, None).same == (
        [f"{other:%B %Y}"] if (one.year, one.month) == (other.year, other.month) else []
    )
    last = monthrange(one.year, one.month)[1]
    assert held(f"It fell on {last} {one:%B %Y}.", f"in {one:%B %Y}", None).unstated


PIECES = st.sampled_from(
    "0 1 2 3 4 5 6 7 8 9 -  – / . , ’ “ ” st th the of to and in on may May Nov. last next Tuesday "
    "week year ago 1990s 2024 29 February early end first quarter will said weekend".split(" ")
)
TEXTS = (
    st.lists(PIECES, max_size=30).map(" ".join)
    | st.lists(PIECES, max_size=30).map("".join)
    | hostile_text()
)


@given(TEXTS, st.dates() | st.none())
def test_any_text_is_read_and_says_what_itself_says(text: str, today: date | None) -> None:
    assert all(text[m.start :].startswith(m.text) and m.text for m in mentions(text, today))
    assert all(w.first <= w.last for m in mentions(text, today) for w in m.readings)
    found = held(text, text, today.isoformat() if today else None)
    assert not (found.derived or found.missing or found.unsure)


@pytest.mark.parametrize(
    ("text", "published_at", "written"),
    [
        ("They agreed on Tuesday.", "2024-11-26", "They agreed on 26 November 2024."),
        ("It sank on Friday morning.", "2026-04-17", "It sank on the morning of 17 April 2026."),
        ("She said Wednesday it was so.", "2026-03-04", "She said on 4 March 2026 it was so."),
        ("Yesterday they voted.", "2026-03-04", "On 3 March 2026 they voted."),
        ("Tuesday’s vote was close.", "2026-03-04", "The 3 March 2026 vote was close."),
        ("Its Friday report said so.", "2026-02-11", "Its 6 February 2026 report said so."),
        ("Rain is forecast for Tuesday.", "2026-02-09", "Rain is forecast for 10 February 2026."),
        ("They will vote on Monday, 16 March.", "2026-03-06", None),
        (
            "They met on November 26 in Oslo.",
            "2026-01-22",
            "They met on November 26, 2025 in Oslo.",
        ),
        ("It may be on Friday.", "2026-02-11", "It may be on Friday."),
        ("The date of 30 September stays.", "2026-03-06", "The date of 30 September stays."),
        ("It opened on Friday, 3 May 2024.", "2026-02-11", "It opened on Friday, 3 May 2024."),
        ("They met on Tuesday.", None, "They met on Tuesday."),
    ],
)
def test_days_are_written_out_where_they_can_only_be_one(
    text: str, published_at: str | None, written: str | None
) -> None:
    assert written_out(text, published_at) == (written or text.replace("March", "March 2026"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("It will open on Saturday.", "It will open on Saturday (24 January 2026)."),
        ("It closed on Monday morning.", "It closed on Monday morning (19 January 2026)."),
        ("It shut five months ago.", "It shut five months ago (August 2025)."),
        ("It was stolen eleven years ago.", "It was stolen eleven years ago (2015)."),
        ("It shut last month.", "It shut last month (December 2025)."),
        ("It will open on March 1.", "It will open on March 1, 2026."),
        ("It was mended in December.", "It was mended in December 2025."),
        ("She won Sunday's vote.", "She won the 18 January 2026 vote."),
        (
            "It shut on Monday, the ferry line said on Tuesday.",
            "It shut on Monday (19 January 2026), the ferry line said on Tuesday.",
        ),
        ("He said on Monday so.", "He said on Monday (19 January 2026) so."),
        # What may be several, or is told already
        ("The meeting is on Monday.", None),
        ("It may open on Saturday.", None),
        ("It shut about five months ago.", None),
        ("It will open next week.", None),
        ("It shut on Monday (19 January 2026).", None),
        ("It shut on Monday, 19 January 2026.", None),
        ("It was his last month.", None),
    ],
)
def test_what_words_come_to_is_told_beside_them(text: str, written: str | None) -> None:
    assert with_dates(text, "2026-01-22") == (written or text)  # a Thursday
    assert with_dates(text, None) == text


@pytest.mark.parametrize(
    ("claim", "source", "read"),
    [
        ("It shut on 10 February 2026.", "It shut on Tuesday.", "It shut on Tuesday."),
        ("It shut on 11 February 2026.", "It shut yesterday.", "It shut yesterday."),
        ("It shut in January 2026.", "It shut last month.", "It shut last month."),
        ("It shut on Tuesday.", "It shut on Tuesday.", "It shut on Tuesday."),
    ],
)
def test_what_was_worked_out_is_read_in_the_source_s_words(
    claim: str, source: str, read: str
) -> None:
    assert in_source_words(claim, held(claim, source, "2026-02-12").derived) == read
