import pytest

from service.plans import done, never_sought, not_graver, not_surmised, only_ahead, only_sought


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("Holm raised the fee.", "The fee will be raised, Holm said.", False),
        ("Talks resumed on Monday.", "Talks are to resume on Monday.", False),
        ("The sale closed in May.", "The sale is expected to close in May.", False),
        ("Talks are to be resumed in May.", "Talks are to resume in May.", True),
        ("The mill is to be closed.", "Holm wants to close the mill.", True),
        ("The mill closed.", "The mill, which was planned to close in 2021, shut in 2019.", True),
        ("Holm raised the fee.", "Holm was forced to raise the fee.", True),
        ("The mill closed.", "The mill was set to close in May and closed in April.", True),
        ("Brandt challenged the report.", "Brandt said he would challenge the report.", False),
        ("Holm said the fee would be raised.", "The fee will be raised, Holm said.", True),
        ("Holm raised the fee.", "Holm raised the fee and will raise it again.", True),
        ("Holm carried the vote.", "Holm may carry the vote.", False),
        ("Holm left the board.", "Holm will leave the board once the mill is sold.", False),
        ("Holm left the board.", "Holm will leave Dale, as he left the board.", True),
        ("Holm became mayor.", "Holm is to become mayor in May.", False),
        ("Two mills were sold.", "Holm asked them to sell two mills.", False),
        ("Two mills are to be sold.", "Two mills will be sold.", True),
        ("Divers found nobody.", "Divers could not find anybody.", True),
        ("Holm went on to win.", "Holm, who would go on to win, was late.", True),
        # A mark stands between, and ends what is to come.
        ("Holm said more mills could close.", "More mills could close, Holm said.", True),
        ("Brandt said he would sue.", "“I will sue,” said Karl Brandt.", True),
        ("Brandt said he would be heard.", "“I will be heard,” said Karl Brandt.", True),
        ("Holm rejected the plan.", "Holm, who may run again, rejected the plan.", True),
        ("Holm raised the fee.", "The fee could, however, be raised.", False),
        ("Holm raised the fee.", "Holm will, she said, raise the fee.", False),
        ("Two mills were sold.", "Two mills will be closed, sold or moved.", False),
        ("The weir was repaired.", "The weir will be drained, repaired and filled.", False),
    ],
)
def test_a_plan_is_not_done(claim: str, source: str, holds: bool) -> None:
    assert done(claim, source) is holds


@pytest.mark.parametrize(
    ("around", "holds"),
    [
        ("The weir was drained on Friday. The repairs would take a week. It leaks.", False),
        ("The weir was drained on Friday. It will be repaired in May; a repair costs £2m.", False),
        ("The weir was drained on Friday. It was repaired and will be repaired again.", True),
        ("The weir was drained on Friday. A repair costs £2m.", True),
        ("The weir was drained on Friday. It will stay under repair.", True),
        ("The weir was drained on Friday. A weir once repaired will hold.", True),
    ],
)
def test_nor_is_one_that_the_article_tells_beside_what_is_cited(around: str, holds: bool) -> None:
    assert done("The weir was repaired on Friday.", "The weir was drained.", around) is holds


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("The guard was convicted of arson.", "A guard was arrested on suspicion of arson.", False),
        ("The guard was convicted of arson.", "A court found the guard guilty of arson.", True),
        ("45 people died of burns.", "Doctors treated 45 people for burns.", False),
        ("45 people died.", "The death toll rose to 45.", True),
        ("45 people were treated.", "45 people were hurt.", True),
        (
            "Ola Brand is in jail for nine months.",
            "Ola Brand was given a suspended sentence of nine months for arson.",
            False,
        ),
        ("Brand got nine months in prison.", "Brand got nine months in jail, suspended.", False),
        (
            "Ola Brand was given nine months, suspended, and no jail.",
            "Ola Brand was given a suspended sentence of nine months for arson.",
            True,
        ),
        (
            "Ola Brand was given nine months for arson.",
            "Ola Brand was given a suspended sentence of nine months for arson.",
            True,
        ),
        (
            "Karl Holm got six years in prison.",
            "Brand got a suspended sentence of nine months and Holm six years in prison.",
            True,
        ),
        ("Holm got two years in prison.", "Holm got two years, six months of it suspended.", True),
        ("Holm got two years in prison.", "Holm, suspended from his post, got two years.", True),
        ("The flood destroyed 40 houses.", "The flood damaged 40 houses.", False),
        ("The flood destroyed 40 houses.", "40 houses collapsed in the flood.", True),
    ],
)
def test_nothing_graver_is_told_than_the_source_tells(claim: str, source: str, holds: bool) -> None:
    assert not_graver(claim, source) == holds


@pytest.mark.parametrize(
    ("claim", "article", "holds"),
    [
        (
            "Lena Brandt scored in the final.",
            "Dale reached the cup final when Brandt scored. They will play Harrow in the final.",
            False,
        ),
        (
            "Brandt scored the late winning goal in the Corfe Cup final.",
            "Dale reached the cup final when Brandt scored. They will play Harrow in the final.",
            False,
        ),
        (
            "Brandt scored and sent Dale into the Corfe Cup final.",
            "Dale reached the cup final when Brandt scored. They will play Harrow in the final.",
            True,
        ),
        (
            "Dale won the run-off.",
            "Dale went through to the run-off. He may win the run-off.",
            False,
        ),
        (
            "Lena Brandt scored in the final.",
            "Dale reached the final, in which Brandt scored. The final was played in Harrow.",
            True,
        ),
        (
            "Dale last played a final in 1987.",
            "Dale reached the final. They may win the final.",
            True,
        ),
        ("When is the final?", "Dale reached the final. They may win the final.", True),
        ("Who won't play in the final?", "Dale reached the final. Holm will miss the final.", True),
        ("Dale meet Harrow, who won, in the final.", "Dale will meet Harrow in the final.", True),
        ("Who won the final?", "Dale reached the final. They may win the final.", False),
        ("When was the final?", "Dale reached the final. They may win the final.", False),
        ("Brandt will play in the final.", "Dale will play Harrow in the final.", True),
        (
            "Dale will play Harrow, Low Tarn or Brent United in the final.",
            "Dale will play Harrow, Low Tarn or Brent United in the final.",
            True,
        ),
        ("Dale reached the final.", "Dale reached the final. They will miss Brandt in it.", True),
    ],
)
def test_a_final_that_is_to_come_is_not_played(claim: str, article: str, holds: bool) -> None:
    assert done(claim, article.split(". ")[0] + ".", article) is holds


@pytest.mark.parametrize(
    ("claim", "source", "sought"),
    [
        ("Krall was fined 900 crowns.", "Prosecutors had asked for 900 crowns.", ["900"]),
        ("Pay rose by 6 percent.", "The union demanded a rise of 6 percent.", ["6"]),
        ("The mine paid eight million.", "Residents sought eight million, and lost.", ["eight"]),
        ("The town closed four schools.", "A report recommended closing four schools.", ["four"]),
        ("Dale got 40 buses.", "The mayor called for 40 buses.", ["40"]),
        # Told as what it is, or told as done elsewhere.
        ("Prosecutors wanted 900 crowns.", "Prosecutors had asked for 900 crowns.", []),
        ("Krall was fined 900 crowns.", "They asked for 900 crowns. He was fined 900 crowns.", []),
        ("Pay rose by 6 percent.", "The union asked for 6 percent and got 6 percent.", []),
        ("Pay rose by 6 percent.", "The union got the 6 percent demanded.", []),
        ("The council gave 40 crowns.", "The council approved the proposed 40 crowns.", []),
        ("A survey covered 1,200 voters.", "A survey asked 1,200 voters how they vote.", []),
        ("A study covered 40 towns.", "The study urged 40 towns to act.", []),
        # Who was asked, and what else is told behind it.
        ("Four men left.", "Police asked why four men left.", []),
        ("Four men left.", "He asked for a review after four men left.", []),
        ("The hall has 40 seats.", "It is called the hall of 40 seats.", []),
        ("There were 12 dead.", "Asked for comment, the mayor counted 12 dead.", []),
        ("Four buses left.", "Krall asked the drivers of the four buses that left to return.", []),
    ],
)
def test_what_is_only_asked_for_is_not_told_as_done(
    claim: str, source: str, sought: list[str]
) -> None:
    assert only_sought(claim, source) == sought
    assert done(claim, source) is (not sought)


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("The ministry closed the mine.", "Residents asked the ministry to close the mine.", False),
        ("The mine was closed.", "The report recommended that the mine be closed.", False),
        ("Residents asked to have it closed.", "Residents asked for it to be closed.", True),
        ("The mine was closed.", "They asked to close the mine, and it was closed.", True),
        ("The mine was closed.", "The council agreed to close the mine.", True),
    ],
)
def test_what_somebody_is_asked_to_do_is_not_done(claim: str, source: str, holds: bool) -> None:
    assert done(claim, source) is holds


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("Holm probably feels relieved.", "Holm spoke in the council.", False),
        ("It is likely to rain.", "Rain is forecast.", True),
        ("The likely cause is a fault.", "Engineers suspect a fault.", True),
        ("Holm will probably win.", "Holm is expected to win.", True),
        ("Holm left.", "Holm left.", True),
    ],
)
def test_what_is_probable_is_so_to_the_source(claim: str, source: str, holds: bool) -> None:
    assert not_surmised(claim, source) is holds


@pytest.mark.parametrize(
    ("question", "text", "ahead"),
    [
        (
            "Has Ola Holm left the board?",
            "Ola Holm will leave the board in May, as is expected.",
            True,
        ),
        ("Has Brandt been banned?", "Reed signed, and Brandt is expected to be banned.", True),
        (
            "Did they block the port of Ard?",
            "Fishermen in Ard said they might block the port.",
            True,
        ),
        ("Did the plant close?", "Holmco plans to close the plant, a person said.", True),
        ("Has the trial begun?", "The trial is to begin on 7 September.", True),
        ("Has the trial of Holm begun?", "Holm was charged. The trial is to begin in May.", True),
        ("Was the deal approved?", "The deal needs the approval of the commission.", True),
        ("Was the bill approved?", "The bill, which will cut taxes, was approved.", False),
        ("Has the bridge been closed?", "The bridge is closed and will reopen in May.", False),
        ("Did Holm say that she would resign?", "Holm said that she would resign.", False),
        ("Did Holm win?", "Holm won the vote and would take office in May.", False),
        ("Did the court ban it?", "The court banned the sale, which would have begun.", False),
        ("Will the plant close?", "Holmco plans to close the plant.", False),
        ("Have wages risen?", "Wages rose and are expected to rise further.", False),
        ("Was the rule changed?", "The rule was amended in May.", False),
        ("Was the mill sold?", "The mill was sold to Dale Timber.", False),
        ("Was Karl Brandt jailed?", "Karl Brandt was sentenced to six years in prison.", False),
        ("Was Brandt hurt?", "Brandt was taken to hospital with a broken leg.", False),
        ("Was the rule changed?", "The rule may be amended in May.", True),
        ("Has Holm left?", "Holm was ordered to leave.", True),
        ("Has the trial begun?", "The trial is now widely expected to begin in May.", True),
        ("Was the mill sold?", "The mill is being offered to be sold.", True),
    ],
)
def test_what_is_ahead_is_not_done(question: str, text: str, ahead: bool) -> None:
    assert only_ahead(question, text) is ahead


@pytest.mark.parametrize(
    ("claim", "source", "sought"),
    [
        (
            "Prosecutors wanted Krall to pay 900 crowns.",
            "Krall was fined 900 crowns. Prosecutors had asked for 1,500 crowns.",
            ["900"],
        ),
        (
            "The union demanded a rise of 6 percent.",
            "Pay rose by 6 percent, the firm announced; the union had sought 9 percent.",
            ["6"],
        ),
        # Who else asked for what; of something else; of nothing that was done.
        (
            "The union demanded a rise of 6 percent.",
            "The union pressed for 6 percent. The teachers asked for 9 percent.",
            [],
        ),
        (
            "Prosecutors asked for 900 crowns.",
            "Krall was fined 900 crowns. Prosecutors had asked for two years.",
            [],
        ),
        (
            "The union wanted 6 percent.",
            "The union's figure was 6 percent. The teachers wanted 9 percent.",
            [],
        ),
        (
            "Krall was fined 900 crowns.",
            "Krall was fined 900 crowns. Prosecutors had asked for 1,500 crowns.",
            [],
        ),
    ],
)
def test_what_was_given_is_not_what_was_asked_for(
    claim: str, source: str, sought: list[str]
) -> None:
    assert never_sought(claim, source) == sought
    assert done(claim, source) is (not sought)
