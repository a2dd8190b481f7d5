import pytest

from service.days import day_of_another

TUESDAY = "2024-11-26"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Krall was arrested on Friday.", "Krall was arrested on Monday and released on Friday."),
        ("Krall was released on Monday.", "Krall was arrested on Monday and released on Friday."),
        ("In March Krall was arrested.", "Krall, arrested in January, was charged in March."),
        ("The mill was founded in 1975.", "The mill was founded in 1973 and sold in 1975."),
        ("The mill was sold in 1973.", "In 1973 the mill was founded; it was sold in 1975."),
        ("The mill opened in 1931.", "Built in 1931, the mill opened in 1934."),
        ("Sales rose in June.", "Sales rose 3 % in May and fell 2 % in June."),
        ("Holmco cut 300 jobs on Monday.", "Holmco said on Monday it had cut 300 jobs in May."),
        ("Krall took office in 2021.", "Krall took office in 2019 and left it in 2021."),
        ("Krall was elected on 5 May.", "Krall was elected a year ago and resigned on 5 May."),
        (
            "Ada Krall stole the ring in May.",
            "Ada Krall stole the ring in April. She hid it in May.",
        ),
    ],
)
def test_what_was_done_on_another_day(claim: str, source: str) -> None:
    assert day_of_another(claim, source, TUESDAY)
    assert not day_of_another(source, source, TUESDAY)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Krall was arrested on Monday.", "Krall was arrested on Monday and released on Friday."),
        ("Krall was arrested in January.", "Krall, arrested in January, was charged in March."),
        # Worked out, and told less exactly.
        ("Krall was arrested on 25 November 2024.", "Krall was arrested on Monday in Corfe."),
        ("Krall was arrested in November.", "Krall was arrested on Monday, hours after the vote."),
        ("Krall was elected in 2019.", "Krall was elected five years ago, in May."),
        # Without a day of its own, in one place at least.
        ("Krall was shot on Monday.", "Krall was shot as he walked home on Monday."),
        ("Krall resigned on Monday.", "Krall resigned. He had offered to in May, Holm said."),
        ("Krall resigned on Monday.", "Krall resigned in May, and came back. He resigned again."),
        # On more days than one.
        ("Krall was elected in 2021.", "Krall was elected in 2019 and again in 2021."),
        ("Krall met Holm on Friday.", "Krall met Holm in Corfe on Monday and in Dale on Friday."),
        # Of another, or to another.
        ("Krall resigned in 2021.", "Holm resigned in 2019, and Krall stepped down in 2021."),
        ("Krall took the post in 2021.", "Krall took a degree in 2019 and became head in 2021."),
        ("Krall met Brandt on Friday.", "Krall met Holm on Monday and had Brandt over on Friday."),
        ("The bridge was closed in May.", "The school was closed in April, the bridge in May."),
        ("The rate fell from 5 % in May to 4 % in June.", "The rate fell to 4 % in June from 5 %."),
        # When it was told is not when it was.
        ("Krall was hurt in May.", "Krall was hurt in May, the club said on Monday."),
        ("The club won the cup.", "The club won the cup in 2019."),
    ],
)
def test_what_may_have_been_done_on_that_day(claim: str, source: str) -> None:
    assert not day_of_another(claim, source, TUESDAY)


def test_without_the_articles_date_days_are_told_by_their_words() -> None:
    source = "Krall was arrested on Monday and released on Friday."
    assert not day_of_another("Krall was arrested on Monday.", source, None)
    assert day_of_another("Krall was arrested in 2021.", "Krall was arrested in 2019.", None)
