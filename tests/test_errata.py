import pytest

from service.errata import asks_what_was_wrong, corrects_itself, erred, repeats_an_error, taken_back


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("An earlier version of this story misstated the toll as nine; it is 14.", {"9"}),
        ("A story on 4 March mistakenly said 12 people died instead of 14.", {"12"}),
        ("The Herald reported incorrectly that nine, not 14, had died.", {"9"}),
        ("The court heard that he was wrongly convicted of 14 murders.", set()),
        ("Police mistakenly shot two men.", set()),
        ("The minister said 14 people had died.", set()),
    ],
)
def test_which_figure_was_told_in_error(sentence: str, wrong: set[str]) -> None:
    assert taken_back(sentence) == wrong
    assert erred(sentence) == bool(wrong)


FIRST_SAID = "This article originally said that 12 barges sank."
MISSTATED = "An earlier version of this article gave the number of barges as 12; it is 19."


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        (FIRST_SAID, {"12"}),
        (MISSTATED, {"12"}),
        ("The toll was corrected on Friday from 12 to 19.", {"12"}),
        ("The flood sank 19 barges, not 12 as first reported.", {"12"}),
        ("The flood sank 19 barges, and not 12.", {"12"}),
        ("The lock will reopen in May, not before the 12 barges are raised.", set()),
        ("The lock will not reopen before 12 barges are raised.", set()),
        ("The price rose from 12 to 19 crowns.", set()),
        (f"{FIRST_SAID} It was 19.", {"12"}),
    ],
)
def test_a_correction_takes_back_what_it_says_was_first_told(
    sentence: str, wrong: set[str]
) -> None:
    assert taken_back(sentence) == wrong


@pytest.mark.parametrize(
    ("claim", "text", "errs"),
    [
        ("12 barges sank.", FIRST_SAID, True),
        ("12 barges sank.", MISSTATED, True),
        ("19 barges sank.", MISSTATED, False),
        ("Some barges sank.", MISSTATED, True),
        ("12 barges sank.", "The flood sank 19 barges, not 12 as first reported.", True),
        ("19 barges sank.", "The flood sank 19 barges, not 12 as first reported.", False),
        ("19 barges sank, not 12.", "The flood sank 19 barges, not 12 as first reported.", False),
        ("The article first gave 12 in error.", FIRST_SAID, False),
        ("12 barges sank.", "The flood sank 12 barges.", False),
        ("Ada Venn is the chair.", "The chair is Ada Wenn, not Ada Venn.", True),
        ("Ada Wenn is the chair.", "The chair is Ada Wenn, not Ada Venn.", False),
        ("The chair is not Ada Venn.", "The chair is Ada Wenn, not Ada Venn.", False),
        ("Holm led the polls.", "Brandt won, not Holm, who had led the polls.", False),
        ("Holm won.", "Brandt won, not Holm. Holm will go on.", False),
    ],
)
def test_what_is_taken_back_is_not_told_as_so(claim: str, text: str, errs: bool) -> None:
    assert repeats_an_error(claim, text) is errs


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How many barges sank?", False),
        ("What did the article get wrong?", True),
        ("What did the earlier version say?", True),
    ],
)
def test_what_was_wrong_may_be_asked_for(question: str, asks: bool) -> None:
    assert asks_what_was_wrong(question) is asks


@pytest.mark.parametrize(
    ("text", "claim", "corrects"),
    [
        (FIRST_SAID, "The flood sank 12 barges.", True),
        (FIRST_SAID, "The flood left 12 people homeless.", False),
        ("The flood sank 19 barges, not 12.", "12 barges were empty.", False),
        ("The toll was corrected from 12 to 19.", "The toll was corrected from 12 to 19.", False),
    ],
)
def test_an_article_corrects_what_it_takes_back(text: str, claim: str, corrects: bool) -> None:
    assert corrects_itself(text, claim) is corrects
