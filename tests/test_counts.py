import pytest

from service.counts import (
    bounds_hold,
    counts_hold,
    keeps_holder,
    keeps_to_the_part,
    with_bounds,
    with_owners,
)

SEATS = "The Civic Union won 71 seats and the National List 54."


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The National List won 71 seats.", SEATS),
        (
            "Holmco sold 52 boats, down from 40 in May.",
            "Holmco sold 40 boats, down from 52 in May.",
        ),
        ("Holm drew 52, up from 40.", "Holm drew 40 people on Monday, compared with 52 in May."),
        (
            "The Dale Guild has offered 2.40 crowns an hour.",
            "The Dale Guild wants 3.10 crowns an hour after 9 p.m. The owner, Holmco, has offered "
            "2.40 crowns.",
        ),
        ("Holm gave all of the money to it.", "Holm gave half of the money to it."),
        ("It halted all container traffic.", "It halted about 80 percent of container traffic."),
        ("31 men were killed.", "Two men were killed and 31 injured, four of them badly."),
        ("112 men backed it.", "Of 140 men, 112 took part in the vote and 94 backed it."),
        ("Holm pays $22 a share.", "Holm pays $38 a share, 22 percent more than before."),
        ("It loses 1.2 million euros a week.", "It loses 1.2 million euros a day."),
        ("Prices rose to 3.4 in May.", "Prices came to 3.1 in May from 3.4 in April."),
        ("The fee will be cut from 3 to 2 pounds.", "The fee will rise from 2 to 3 pounds."),
        ("The Civic Union won 54 seats.", SEATS),
        ("The National List won 71 seats.", "The Civic Union won 71 seats. The National List 54."),
        ("Harrow Town sold 12 players.", "Dale City sold 12 players, while Harrow Town sold nine."),
        ("Karl Brandt, 54, was elected.", "Ines Holm, 54, lost to Karl Brandt, 61, on Sunday."),
        ("Karl Brandt is 54 years old.", "Ines Holm, 54, lost to Karl Brandt, 61, on Sunday."),
        ("Holm said that 12 died.", "Brandt said that 12 died, while Holm said that 30 died."),
        ("Tom Reed bought it in 1998.", "Ada Krall bought it in 1998 and Tom Reed in 2003."),
        ("The clinic treated 12 people.", "The hospital treated 12 people and the clinic 30."),
        ("The fire killed 30 men.", "The fire killed 12 men and 30 women."),
        ("Turnout in Dale was 61%.", "Holm said turnout was 61% in Harrow and 48% in Dale."),
        ("They spend £2m on roads.", "They will spend £4.5m on roads and £2m on schools."),
    ],
)
def test_a_number_is_not_anothers(claim: str, source: str) -> None:
    assert not counts_hold(claim, source)
    assert counts_hold(source, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The Civic Union won 71 seats.", SEATS),
        ("Holm gave half of all money.", "Holm gave half of the whole money to it."),
        ("Not all the money was given.", "Holm gave half of the money to it."),
        ("31 men were injured.", "Two men were killed and 31 injured, four of them badly."),
        ("94 of 112 who voted backed it.", "Of 140 men, 112 took part and 94 backed it."),
        ("Five men were killed.", "Five men died and 12 people were killed in the attack."),
        ("Twelve men were killed.", "Two men were killed on Monday and the toll rose to 12."),
        ("It loses 1.2 million euros every day.", "It loses 1.2 million euros a day."),
        ("Prices came to 3.1, down from 3.4.", "Prices came to 3.1 in May from 3.4 in April."),
        ("It was open from 2015 to 2018.", "It opened in 2015 and shut in 2018."),
        ("The National List won 54 seats, the Civic Union 71.", SEATS),
        # Whose it is is told in other words, or of another kind of number.
        ("The winners have 71 seats.", SEATS),
        ("Holm left in 2019.", "Holm got six years. She left in 2019 after Der Bote wrote so."),
        ("Dale saw 42 arrests.", "Police arrested 42 people in Ottering, and Dale held 3 trials."),
        ("The National List won 71 seats.", "The Civic Union won 71 seats, the List 300 towns."),
        ("The storm left 12 dead in Ottering.", "In Ottering, 12 people died and in Dale 30."),
        ("Three people died and five were hurt.", "Three died and five people were injured."),
        # Two numbers between two boundaries, and numbers that stand apart.
        ("Dale City won 3-1.", "Harrow Town beat Dale City 3-1."),
        ("The Greens won 71 seats.", "Labour and the Greens won 54 and 71 seats respectively."),
        ("Holm drew 40, down from 52.", "Holm drew 40 people on Monday, compared with 52 in May."),
        ("Holm drew 52, down from 60.", "It drew 40, down from 52 in May, when it was up from 60."),
        (
            "Holmco has offered 2.40 crowns an hour.",
            "The Dale Guild wants 3.10 crowns an hour after 9 p.m. The owner, Holmco, has offered "
            "2.40 crowns.",
        ),
        (
            "The owner has offered 2.40 crowns an hour.",
            "The Dale Guild wants 3.10 crowns an hour after 9 p.m. The owner, Holmco, has offered "
            "2.40 crowns.",
        ),
        # Whose age stands beside another's number, and who only says so.
        (
            "Ada Krall was given four years.",
            "The head of the Dale Trust was given four years. “You lied,” he told Ada Krall, 47.",
        ),
        ("84 were hurt in Dale.", "The toll in Dale rose to 31. Ines Holm said that 84 were hurt."),
        # A distance is of both.
        ("The Union won 17 more than the List.", "The Union won 71, 17 more than the List's 54."),
        (
            "Nine people died when the boat Tern hit a pier.",
            "HARROW, 8 May 2026 (Coast Post) - Nine people died and 20 were hurt after the boat "
            "Tern hit a pier.",
        ),
    ],
)
def test_what_is_not_plain_is_not_held_against_a_number(claim: str, source: str) -> None:
    assert counts_hold(claim, source)


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("The fire killed more than 12 people.", "The fire killed 12 people.", False),
        ("It cost under $40.", "It cost $40.", False),
        ("The fire killed more than 12 people.", "Over 12 people died.", True),
        ("It lasted more than five minutes.", "It lasted longer than five minutes.", True),
        ("Over 12 people died.", "In excess of 12 people died.", True),
        ("Over 12 people died.", "Upwards of 12 people died.", True),
        ("Over 12 people died.", "12 or more people died.", True),
        ("Over 12 people died.", "12 people or more died.", True),
        ("Over 12 people died.", "The 12-plus dead were buried.", True),
        ("It rose to over 12 metres.", "It topped 12 metres.", True),
        ("In excess of 12 people died.", "More than 12 people died.", True),
        ("In excess of 12 people died.", "12 people died.", False),
        ("Over 12 people died.", "12 or fewer people died.", False),
        ("Over 12 people died.", "12 people died, one or more of them at sea.", False),
        ("At least 12 people died.", "12 people died.", True),
        ("More than 10 people died.", "12 people died.", True),  # 10 is nobody's: another check
    ],
)
def test_a_bound_is_not_put_before_a_number_that_has_none(
    claim: str, source: str, holds: bool
) -> None:
    assert bounds_hold(claim, source) == holds


@pytest.mark.parametrize(
    ("claim", "source", "expected"),
    [
        ("300 cows drowned.", "About 300 cows drowned.", "About 300 cows drowned."),
        ("Yes, 300 cows drowned.", "At least 300 did.", "Yes, at least 300 cows drowned."),
        ("It cost $4m.", "It cost more than $4m.", "It cost more than $4m."),
        ("Nine cows drowned.", "Nearly nine cows drowned.", "Nearly nine cows drowned."),
        ("300 cows drowned.", "About 300 drowned, of 300 in all.", "300 cows drowned."),
        ("All 300 cows drowned.", "About 300 cows drowned.", "All 300 cows drowned."),
        ("Over 300 cows drowned.", "More than 300 cows drowned.", "Over 300 cows drowned."),
        ("He said “300 cows”.", "About 300 cows drowned.", "He said “300 cows”."),
        ("It took 12 days.", "It rained over 12 days.", "It took 12 days."),
    ],
)
def test_a_number_keeps_the_bound_that_its_source_has(
    claim: str, source: str, expected: str
) -> None:
    assert with_bounds(claim, source) == expected


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("Corfe has 300 employees.", "Dale, which makes jam, employs 300 people.", False),
        ("Corfe's fleet has 12 boats.", "Dale's fleet has 12 boats.", False),
        ("Corfe has 12 boats.", "Dale owns a fleet of 12 boats. Corfe lost in May.", False),
        ("Dale Foods has 300 employees.", "Dale employs 300 people.", True),
        ("Corfe has 300 employees.", "Corfe fell out with Dale. It employs 300 people.", True),
        ("Corfe has 300 employees.", "The company employs 300 people.", True),
        ("Corfe has 300 employees.", "In Dale 300 people work for it.", True),
        ("Corfe has 300 employees.", "Dale's mayor said that 300 people work there.", True),
        ("Corfe has 300 employees.", "Dale has lost 300 people. It has 300.", True),
        ("Corfe's sales in 2024 were $30 million.", "Dale reported sales of $30 million.", False),
        (
            "Corfe posted a profit of 30 million.",
            "Dale, a firm, made a profit of 30 million.",
            False,
        ),
        (
            "The debt of Corfe rose to 8 million.",
            "Dale has 9 boats and had debts of 8 million.",
            False,
        ),
        ("Corfe's sales were 30 million.", "Dale's net sales last year were 30 million.", False),
        ("Corfe's sales were 30 million.", "Corfe, Dale's owner, had sales of 30 million.", True),
        ("Corfe's sales were 30 million.", "Dale said it had sales of 30 million.", True),
        ("Corfe's sales were 30 million.", "Dale hopes the firm posted sales of 30 million.", True),
        ("Corfe's sales were 30 million.", "Dale's sales fell and 30 million was owed.", True),
        ("Corfe has 12 points.", "The Reds have 12 points.", True),  # its nickname, perhaps
    ],
)
def test_how_many_one_has_another_has_not(claim: str, source: str, holds: bool) -> None:
    assert keeps_holder(claim, source, "Corfe is to buy Dale. The Reds won.") == holds


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Corfe's stock rose 25 percent in Harrow.", False),
        ("Corfe's shares rose by 25 percent.", False),
        ("Dale's shares rose 25 percent.", True),
        ("Dale's shares rose 25 percent in Harrow, and Corfe's fell 4.", True),
        ("Corfe's shares fell 4 percent in Ottering.", True),
        ("Its rival's shares rose 25 percent.", True),
    ],
)
def test_its_shares_are_those_of_whom_the_sentence_before_begins_with(
    claim: str, holds: bool
) -> None:
    told = "Its shares fell 4 percent in Ottering, while those of Dale rose 25 percent in Harrow."
    assert counts_hold(claim, with_owners(told, "Krall left. Corfe is to buy a rival.")) == holds
    assert counts_hold(claim, with_owners(f"Corfe is to buy a rival. {told}", "")) == holds
    for before in ("", "A rival is to be bought.", "Dale is to be bought."):
        assert with_owners(told, before) == told


BLAZE = "The blaze injured three sailors. About 60 sailors fought it, Holm said."
GORGE = "Seventeen people died and 28 were hurt when a bus fell into the gorge."


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("Seventeen people were injured in the gorge crash.", GORGE, False),
        ("28 people died when a bus fell into the gorge.", GORGE, False),
        ("The crash injured 17 people.", "The death toll rose to 17 on Tuesday.", False),
        ("Nine miners were rescued.", "Nine miners died in the pit at Holm.", False),
        ("400 people were evacuated.", "The flood at Dale killed 400 people.", False),
        ("Six guards were dismissed.", "Six guards were acquitted on Monday.", False),
        ("$40,000 was stolen from Holm.", "About $40,000 has been recovered so far.", False),
        ("About 60 sailors were injured.", BLAZE, False),
        ("Three sailors were injured.", BLAZE, True),
        ("About 60 sailors fought the blaze.", BLAZE, True),
        ("About 60 sailors were injured.", BLAZE.replace("three sailors", "many"), True),
        ("Seventeen people were killed in the gorge crash.", GORGE, True),
        ("28 people were injured.", GORGE, True),
        ("28 people were killed or injured.", GORGE, True),
        ("The 17 dead were not injured before.", GORGE, True),
        ("17 were on the bus that killed Holm.", GORGE, True),
        # What may be told in other words, and of the same people in turn.
        (
            "12 people were arrested.",
            "Police held 12 people over the attack that killed Holm.",
            True,
        ),
        ("Nine miners were rescued.", "Nine miners missing since Monday are alive.", True),
        ("Nine miners died.", "Nine miners were missing. They died, Holm said.", True),
        ("400 people were rescued.", "Helicopters evacuated 400 people.", True),
        ("$40,000 was stolen from Holm.", "The theft was in May. $40,000 was recovered.", True),
    ],
)
def test_what_came_of_so_many_came_of_no_others(claim: str, source: str, holds: bool) -> None:
    assert counts_hold(claim, source) == holds


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("Six hens were vaccinated.", "Six of the vaccinated hens lost feathers.", False),
        ("Six hens were fed at Holm.", "Six of the hens lost feathers.", False),
        ("Six hens lost feathers.", "Six of the vaccinated hens lost feathers.", True),
        ("Six vaccinated hens lost feathers.", "Six of the vaccinated hens lost feathers.", True),
        ("Six of the hens were fed.", "Six of the hens lost feathers.", True),
        ("Six hens were killed.", "Six of the hens died.", True),
        ("Six hens were bald.", "Six of the hens lost feathers.", True),
        ("Six hens were fed at Holm.", "Six of the hens lost feathers. Six hens were fed.", True),
        ("Police held six youths.", "Police held six of the youths at Holm.", True),
    ],
)
def test_what_is_told_of_all_is_not_told_of_a_part(claim: str, source: str, holds: bool) -> None:
    around = "The hens were fed at Holm. The hens were killed. The youths were seen."
    assert keeps_to_the_part(claim, source, f"{around} {source}") is holds
