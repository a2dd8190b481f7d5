import pytest

from service.measures import measures_hold


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The fine was 20 billion euros.", "The fine was 20 million euros."),
        ("The fine was €20 million.", "The fine was $20 million."),
        ("It will be closed for six months.", "It will be closed for six weeks."),
        ("It is 20 kilometres from Dale.", "It is 20 miles from Dale."),
        ("It left at 9 a.m.", "It left at 9 p.m."),
        ("It left at 9.30am.", "It left at 9:30 p.m."),
        ("It rose by 3 percent.", "It rose by 3 percentage points."),
        ("20 million people came.", "20 people came."),
        ("The fine was two billion euros.", "The fine was two million euros."),
        ("They paid 20 dollars.", "They paid 20 cents."),
        ("20 square kilometres burned.", "20 hectares burned."),
        ("The fine was 20 million US dollars.", "The fine was 20 million euros."),
        ("It cost $3bn.", "It cost $3m."),
        ("He served for ten years.", "He served for ten months."),
        ("a six-month ban", "a six-week ban"),
        ("It grew to 20 million.", "It grew to 20 thousand."),
        ("Most residents left.", "Some residents left."),
        ("All of the trains were late.", "Most trains were late."),
    ],
)
def test_a_number_has_another_scale_or_unit(claim: str, text: str) -> None:
    assert not measures_hold(claim, text)
    assert measures_hold(text, text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The fine was 20 million euros.", "The fine was €20 million."),
        ("It cost 3.4 million dollars.", "It cost $3.4m."),
        ("It cost 3,400,000 dollars", "It cost $3.4 million"),
        ("He is 20 years old.", "Krall, 20, won."),
        ("It cost 20 million dollars.", "It cost 20 to 30 million dollars."),
        ("It takes two years.", "It takes two or three years."),
        ("It costs between 20 and 30 million euros.", "It costs 20-30 million euros."),
        ("20 kilometres away", "20 miles (32 kilometres) and 20 km"),
        ("He swam 200 metres", "the 200m freestyle"),
        ("The fine was 20 million euros.", "The fine was 20 million."),
        ("20 US dollars", "US$20"),
        ("a 20 million Australian dollar bid", "a A$20m bid"),
        ("six weeks", "a six-week ban"),
        ("3%", "3 per cent"),
        ("It left at 9 a.m.", "It left at 9am"),
        ("It left at 9 in the morning", "It left at 9 p.m."),
        ("20 crowns", "20 kronor"),
        ("20 people and 20 million euros", "20 people, 20 million euros"),
        ("in 2024 for two weeks", "two weeks in 2024"),
        ("four hundred and six people", "four hundred and six people"),
        ("It is 5 feet tall", "5-foot"),
        ("20 million metres", "20 million meters"),
        ("one of 20", "one of 20 million, 20 others"),
        ("30 million euros", "20 to 30 million euros"),
        ("20 million to 30 million euros", "20 to 30 million euros"),
        ("They won by 3 points", "3 points"),
        ("Some residents left.", "Most residents left."),
        ("It is the most recent poll.", "Some recent polls have it."),
        ("Most residents left.", "The residents left, some of the farmers too."),
    ],
)
def test_a_number_may_be_the_same_in_other_words(claim: str, text: str) -> None:
    assert measures_hold(claim, text)
