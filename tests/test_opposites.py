import pytest

from service.opposites import is_cleared, not_opposed, with_whom_denied


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The complaint was upheld.", "The complaint was dismissed on Friday."),
        ("The council rejected the plan.", "The council approved the plan on Friday."),
        ("The plan was rejected by the council.", "The council approved the plan on Friday."),
        ("The council accepted the offer.", "The council vetoed the offer, Holm said."),
        ("Corfe's shares rose 3 %.", "Dale shares jumped 9 %, while Corfe's fell 3 %."),
        ("Rents rose in Ottering.", "Rents in Ottering fell by 3 % in May."),
        ("Harrow Town won the final.", "Harrow Town lost the final to Dale City."),
        ("The bill passed.", "The bill failed by two votes."),
        ("The bridge closed on Monday.", "The bridge opened on Monday, a day late."),
        ("Police released Karl Brandt.", "Police arrested Karl Brandt at the airport."),
        ("The ministry confirmed the report.", "The ministry denied the report."),
        ("Ines Holm opposed the ban.", "Ines Holm supports the ban."),
        ("Ada Krall was acquitted of theft.", "Ada Krall was convicted of theft."),
        ("The town allowed fires.", "The town banned fires until June."),
        ("The bridge was closed on Monday.", "The bridge reopened on Monday."),
        ("The bridge is closed by ice.", "The bridge, blocked by ice in May, reopened."),
        ("The bridge was closed by ice.", "The bridge was opened by ice and wind."),
        ("The talks ended on Monday.", "The talks began on Monday."),
        ("Krall sold the mill.", "Krall bought the mill in 1998."),
        ("Shares are up 3 %.", "Shares are down 3 %."),
        ("More than 200 people came.", "Fewer than 200 people came."),
        ("Holm resigned before the vote.", "Holm resigned after the vote."),
        ("The fire broke out north of Dale.", "The fire broke out south of Dale."),
        (
            "Rents are at their lowest level since May.",
            "Rents are at their highest level since May.",
        ),
        ("It is the third strike this year.", "It is the second strike this year."),
        # Whatever of the claim another sentence tells.
        (
            "Dale's rents fell by 5 % after the storm, which left 300 people of Harrow homeless.",
            "The storm left 300 people of Harrow homeless. Rents in Dale rose by 5 % after it.",
        ),
        (
            "Dale's rents fell by 5 % after the storm, which left 300 people of Harrow homeless.",
            "The storm left 300 people of Harrow homeless. Wages fell. Dale's rents rose by 5 %.",
        ),
        ("Holm resigned on Monday.", "On Monday, Holm refused to resign."),
        # In another part of the sentence, and of the same.
        ("The council approved the plan.", "The council debated the plan and rejected it."),
        ("The council approved the plan.", "Holm wrote the plan, which the council rejected."),
        ("The council approved the plan.", "The plan was debated, and the council rejected it."),
        ("The council approved the plan.", "The council debated it and voted to reject the plan."),
        ("The council approved the plan.", "The council debated the plan, and a vote rejected it."),
        ("Rents in Dale rose.", "Rents in Dale and wages in Corfe fell."),
        ("The driver survived the crash.", "The driver was hurt in the crash and died in May."),
        ("Holm raised taxes.", "Holm spoke of taxes and cut its main one."),
        ("The court upheld the ban.", "The court overturned the ban against an appeal of Holm."),
        ("Police released Karl Brandt.", "Police questioned Karl Brandt and arrested the dealer."),
        # As many, whatever else a claim has.
        (
            "The Civic Union lost 71 seats in the Dale vote that it had called early on Monday.",
            "The Civic Union of Mayor Ada Krall won 71 seats, down from 90 in 2019.",
        ),
        # Another of a kind.
        ("Her husband was killed in the crash.", "Her brother was killed in the crash."),
        ("Two women were arrested in Corfe.", "Two men were arrested in Corfe."),
        ("She was the first woman to win it.", "She was the second woman to win it."),
        ("Protesters gathered inside the hall.", "Protesters gathered outside the hall."),
        ("A permanent bridge was built.", "A temporary bridge was built."),
        ("Holm is older than Krall.", "Holm is younger than Krall."),
        ("The firm doubled its profit.", "The firm halved its profit."),
        # By a prefix, in either.
        ("The driver was armed.", "The driver was unarmed when police stopped him."),
        ("The driver was unarmed.", "The driver was armed when police stopped him."),
        ("The man shot by police was armed.", "Police shot an unarmed man in Corfe."),
        ("The firm dumped the oil legally.", "The firm dumped the oil illegally, Holm said."),
        ("Police used lethal weapons.", "Police used non-lethal weapons in Corfe."),
        ("A deal this week is likely.", "A deal this week is unlikely, the minister said."),
        ("The guards were satisfied.", "The guards were dissatisfied with the offer."),
        ("The fund was paid directly.", "The fund was paid indirectly by the town."),
    ],
)
def test_the_opposite_is_told(claim: str, source: str) -> None:
    assert not not_opposed(claim, source)
    assert not_opposed(source, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        # Either side of one sale, or match.
        ("Reed sold the mill to Krall.", "Krall bought the mill from Reed."),
        ("Dale City won the final.", "Harrow Town lost the final to Dale City."),
        ("Holm spoke before the vote.", "Holm spoke, and the vote came after lunch."),
        ("Dale's shares rose 9 %.", "Dale shares jumped 9 %, while Corfe's fell 3 %."),
        ("All traffic was stopped.", "The strike, which began on Monday, has halted all traffic."),
        # Denied, or not done.
        ("The council rejected the plan.", "The council did not approve the plan."),
        ("The council rejected the plan.", "The council failed to approve the plan."),
        ("The council did not approve the plan.", "The council failed to approve the plan."),
        ("The council failed to approve the plan.", "The council failed to approve the plan."),
        # Both words, or two that make up for each other.
        ("The bridge closed.", "The bridge opened in May and closed in June."),
        ("The council rejected the ban.", "The council approved the ban it had first rejected."),
        ("They opposed a ban on fires.", "They support that fires be allowed."),
        # Another sentence has the word, or the one with its opposite is of something else.
        (
            "Dale's rents fell by 5 % after the storm, which left 300 people of Harrow homeless.",
            "After the storm, which left 300 people of Harrow homeless, Dale's rents dropped. They "
            "had risen by 5 %. Rents in Dale rose by 5 % in May.",
        ),
        (
            "Dale's rents fell by 5 % after the storm, which left 300 people of Harrow homeless.",
            "The storm left 300 people of Harrow homeless and rents 5 % lower in Dale. Taxes rose.",
        ),
        # So before it was done again.
        ("The bridge was closed by ice.", "The bridge reopened a week after ice had blocked it."),
        # In another part of the sentence, and of something else.
        ("Six people died in the fire.", "Six people were killed in the fire; a guard survived."),
        ("Holmco's sales rose 4 %.", "Holmco's sales were up 4 %, even as its profit fell."),
        ("The council approved the plan.", "The council passed the plan and rejected a tax on it."),
        ("The town will raise wages.", "The town will lift wages and cut rents."),
        ("Holm was appointed head.", "Holm was named head after Karl Brandt was sacked."),
        ("Holm backs the bill.", "Holm is for the bill, which most farmers oppose."),
        ("Police released Ada Krall.", "Ada Krall, arrested on Monday, was freed by the police."),
        ("The court upheld the ban.", "The court dismissed an appeal against the ban."),
        # Something else.
        ("The council rejected the budget in June.", "The council approved the plan for a weir."),
        ("He stepped down in May.", "In May he stepped up."),
        (
            "Beaten by the National List in Dale on Monday, the Civic Union lost 12 seats.",
            "The National List won 12 seats from the Civic Union.",
        ),
        (
            "The Civic Union lost 19 seats in the Dale vote that it had called early on Monday.",
            "The Civic Union of Mayor Ada Krall won 71 seats, down from 90 in 2019.",
        ),
        ("Holm lost 12 boats in the storm at Dale.", "Holm won 12 races, not one boat."),
        # Both are told, or of another.
        ("A man was arrested in Corfe.", "A man and a woman were arrested in Corfe."),
        ("His mother was hurt in the crash.", "His father died at home, his mother was hurt."),
        (
            "Krall's father was Karl Holm.",
            "His father was Karl Holm. He was married to Krall's aunt.",
        ),
        ("Krall is older than Holm.", "Holm is younger than Krall."),
        # A prefix that denies nothing, what was so before, and what is denied besides.
        ("Police covered the body.", "Police uncovered a body in the cellar."),
        ("The rest of the city was calm.", "The unrest of the city spread."),
        ("Holm locked the gate.", "Holm unlocked the gate at six."),
        ("Migrants came from Corfe.", "Immigrants came from Corfe."),
        ("The tent was in Dale.", "The intent was in Dale."),
        ("The driver was not armed.", "The driver was unarmed."),
        ("The driver was armed.", "The driver was not unarmed."),
        ("The driver was armed.", "The driver was armed, his passenger unarmed."),
        ("The town paid for the bridge.", "The town got money, and an unpaid clerk a medal."),
    ],
)
def test_what_may_be_the_same_is_not_opposed(claim: str, source: str) -> None:
    assert not_opposed(claim, source)


AWAY = "Karl Brandt came to Dale for talks on fish. He did not meet owners of the club, who left. "


@pytest.mark.parametrize(
    ("claim", "more", "holds"),
    [
        ("Karl Brandt and the club owners held talks on fish.", "", False),
        ("Karl Brandt and the club owners held talks on fish.", AWAY, False),  # read twice
        ("On Monday, Karl Brandt and the owners of the club talked.", "", False),
        ("The club owners and Karl Brandt held talks on fish in Dale.", "", False),
        ("Karl Brandt avoided the club owners.", "", True),
        ("Karl Brandt and the club owners did not meet.", "", True),
        ("Karl Brandt and the club owners failed to meet.", "", True),
        ("Karl Brandt and the owners held talks.", "", True),
        ("Karl Brandt and the club owners held talks.", "The club is at home in Dale.", True),
        ("Tom Reed and the league heads spoke.", "Reed did not only meet the league heads.", True),
        ("Tom Reed and the league heads spoke.", "Reed did not deny meeting league heads.", True),
        ("Tom Reed and the league heads spoke.", "Reed did not go, and league heads did.", True),
    ],
)
def test_nothing_is_done_with_those_who_are_named_only_where_it_is_denied(
    claim: str, more: str, holds: bool
) -> None:
    assert with_whom_denied(claim, AWAY + more) != holds


JAILED = "A former clerk was jailed for three years on Monday for stealing 40 maps. "


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Karl Brandt was jailed for three years.", "Karl Brandt, 51, was cleared of all charges."),
        ("Karl Brandt stole 40 maps.", "His friend, the dealer Karl Brandt, was acquitted."),
        ("Karl Brandt was convicted.", "She was convicted, while Karl Brandt was acquitted."),
        ("Karl Brandt was jailed for theft.", "Karl Brandt was cleared of theft by the jury."),
    ],
)
def test_who_is_named_only_as_cleared_was_not_sentenced(claim: str, source: str) -> None:
    assert is_cleared(claim, JAILED + source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        # Cleared of one thing, and guilty of another.
        ("Karl Brandt was jailed for theft.", "Karl Brandt was cleared of arson by the jury."),
        ("Karl Brandt was jailed.", "Karl Brandt was cleared of arson but convicted of theft."),
        ("Karl Brandt was jailed.", "Karl Brandt was acquitted of all but two charges."),
        ("Karl Brandt was jailed.", "Karl Brandt was acquitted. He had been jailed in 2019."),
        # Another's acquittal.
        ("Karl Brandt was jailed.", "His brother, Tom Brandt, was acquitted. Karl Brandt wept."),
        ("Karl Brandt was jailed.", "Ada Krall was acquitted and Karl Brandt was jailed."),
        # What somebody said.
        ("Police said that Karl Brandt stole 40 maps.", "Karl Brandt was acquitted."),
        ("Karl Brandt was not jailed.", "Karl Brandt was acquitted."),
    ],
)
def test_who_may_be_guilty_besides_is_not_cleared(claim: str, source: str) -> None:
    assert not is_cleared(claim, JAILED + source)
