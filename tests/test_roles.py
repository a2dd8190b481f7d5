import pytest

from service.roles import (
    causes_hold,
    holds_office,
    keeps_owner,
    keeps_to_its_part,
    not_the_loser,
    same_roles,
    speech_holds,
    told_by_others,
)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Holm resigned on Friday.", "Brandt resigned on Friday, Holm said."),
        ("Ines Holm has ruled out a coalition.", "Karl Brandt ruled out a coalition with Holm."),
        ("The Valley Party won 12 seats.", "The Harbour League won 12 seats."),
        ("Karl Brandt, the mayor, won it.", "Ines Holm won it, beating the mayor, Karl Brandt."),
        (
            "Brandt, the mayor, the board said on Monday, won.",
            "Holm won, the board said on Monday.",
        ),
        ("Karl Brandt, who has been mayor since May, won it.", "Ines Holm won it."),
        ("Karl Brandt (49) won it.", "Ines Holm, a former judge, won it."),
        ("The incumbent, Karl Brandt, won it.", "Former judge Ines Holm won it."),
        ("Karl Brandt defeated Ines Holm.", "Ines Holm won, defeating Karl Brandt."),
        ("Brandt beat Holm.", "OTTERING, June 8 (Courier) - Ines Holm won, beating Karl Brandt."),
        (
            "The brakes were serviced in May by works manager Karl Brandt.",
            "Works manager Karl Brandt of the Lakes Line said the brakes had been serviced in May.",
        ),
        ("Karl Brandt thanked Ines Holm.", "Asked about it, she thanked Karl Brandt at length."),
        ("“We shall rebuild,” said Karl Brandt.", "“We shall rebuild,” Ines Holm told reporters."),
        (
            "Karl Brandt said: “We shall rebuild it.”",
            "“We shall rebuild it,” said mayor Ines Holm.",
        ),
    ],
)
def test_somebody_elses_deeds_and_words_are_told(claim: str, source: str) -> None:
    assert not same_roles(claim, source)
    assert same_roles(source, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Holm resigned.", "Mayor Ines Holm resigned."),
        ("Ines Holm resigned.", "Mayor Ines Holm of the Harbour League resigned."),
        ("Holm was met by Brandt.", "Brandt met Holm."),
        ("Holm met Brandt in May.", "Brandt met Holm in May."),
        ("Harrow played Dale City.", "Dale City played Harrow in May."),
        ("Dale employs nine people.", "Corfe employs 300 people and Dale nine."),
        ("Dale's shares fell.", "Corfe shares rose, while Dale's fell."),
        ("Holm said work starts in May.", "Work starts in May."),
        (
            "Karl Brandt said that Holm gave the mill away.",
            "It rained, Holm said. “She gave the mill away,” said the union leader, Karl Brandt.",
        ),
        ("The European Commission has ordered it.", "The EC has ordered it."),
        (
            "It was serviced by Holm.",
            "It was serviced by Holm, who said it had been serviced twice.",
        ),
        ("It was serviced by Holm.", "Holm serviced it, Brandt said."),
        ("In Ottering, Holm spoke.", "Brandt spoke."),
        ("Ines Holm, the board said, won it.", "Former judge Holm, 49, won it, the board said."),
        ("Holm, 49, will stay, said the board.", "Holm will stay, Brandt said."),
        ("Holm, the mayor, revealed it.", "The mayor, who is older than Brandt, revealed it."),
        ("Brandt thanked Holm.", "She thanked Brandt, and Brandt thanked her."),
        ("Brandt said so.", "“It is so,” he said. “Never,” she answered Brandt, who said so."),
        ("After beating Brandt, Holm spoke.", "Brandt spoke."),
        ("“We shall rebuild,” said Holm.", "“We shall rebuild.” Holm left the hall."),
    ],
)
def test_what_does_not_tell_plainly_is_not_held_against_a_sentence(claim: str, source: str) -> None:
    assert same_roles(claim, source)


@pytest.mark.parametrize(
    ("claim", "source", "holds"),
    [
        ("It was caused by a leak and heavy rain.", "A leak caused it, and it was dry.", False),
        ("It fell because of frost and thaw.", "A thaw made it fall.", False),
        ("It was caused by a leak and heavy rain.", "A leak caused it after the rain.", True),
        ("It was caused by a leak and damaged roads.", "A leak caused it. It hurt roads.", True),
        ("It was caused by a leak and cost £2m.", "A leak caused it. The damage is £2m.", True),
        (
            "She reported a fault, causing a crash.",
            "She had reported a fault. Two were hurt.",
            False,
        ),
        ("The crash led to two injuries.", "Two were hurt when it crashed.", True),
        ("She reported a fault.", "She had reported a fault. Two were hurt.", True),
        ("She left because it was late.", "She left, saying it was late.", True),
        ("She was against it because of the cost.", "She was against it, citing the bill.", True),
        ("He voted no because it was late.", "He argued that it was late and voted no.", True),
        ("He quit because of the leak.", "He quit the board over a leak.", True),
        ("He quit because of the leak.", "He quit over the past week. Pipes leak.", False),
        ("He quit because of the leak.", "He quit. The minister is saying little.", False),
        (
            "Holm opposed it because he wanted a bridge that does not block the lock.",
            "Holm opposed it. “I want a bridge, but not one that blocks the lock,” he said.",
            True,
        ),
        (
            "Holm abstained because he wanted a bridge that does not block the lock.",
            "Holm opposed it. “I want a bridge, but not one that blocks the lock,” he said.",
            False,
        ),
        (
            "Holm opposed it because he wanted a wider lock.",
            "Holm opposed it. “I want a bridge, but not one that blocks the lock,” he said.",
            False,
        ),
        (
            "Holm resigned because he will miss the lock.",
            "Holm resigned. “I will miss the lock,” he said.",
            False,
        ),
        ("Rain closed it because of the leak.", "It closed. Over 300 people saw a leak.", False),
        ("Pits were closed because of a leak.", "A gas leak has closed two pits.", True),
        ("Pits were closed because of a leak.", "A gas leak was found. Two pits closed.", False),
        ("Pits were closed because of a leak.", "Two pits closed. The leak closed.", False),
        ("Pits were closed because of a leak.", "Pits with a leak closed a road.", False),
        ("Fees rose because of wages.", "Wages rose and fees rose.", False),
        ("Fees rose because of wages.", "Wages rose above the fees.", False),
        ("The fire was caused by an old stove.", "An old stove started the fire.", True),
        ("The fire was caused by an old stove.", "An old stove survived the fire.", False),
        ("The leak resulted in three deaths.", "The leak killed three.", True),
        ("The leak resulted in three deaths.", "Three died. The leak was old.", False),
        ("The leak resulted in three deaths.", "The leak killed all talk of growth.", False),
        ("The pit was closed because of unsafe beams.", "It closed the pit over beams.", False),
        ("The pit was closed due to fears.", "The pit was closed over safety fears.", True),
        ("The pit was closed due to fears.", "They met over fears for the pit.", False),
        ("Krall quit because of ill health.", "Krall quit on health grounds.", True),
        ("Krall quit because of ill health.", "Krall quit. He drank on the grounds.", False),
        ("Holm sat out because of a hip injury.", "Holm sat out with an injury.", True),
        ("Boats were late because of fog.", "Boats were late amid thick fog.", True),
        ("Boats were late because of fog.", "Boats were late. Cars met amid fog.", False),
    ],
)
def test_a_cause_is_named_by_the_source(claim: str, source: str, holds: bool) -> None:
    assert causes_hold(claim, source) is holds


SPEECHES = (
    "Ines Holm told the council that work starts in May. “We shall rebuild it,” she said. “And "
    "soon. Nobody doubts it.”\n\nThe Dornfeld mayor further stated: “Money is short. We are "
    "broke.” Karl Brandt left."
)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("“We shall rebuild it,” Ines Holm told reporters.", True),
        ("“We shall rebuild it,” Karl Brandt told reporters.", False),
        ("“Money is short,” said Karl Brandt.", False),
        ("“Money is short,” the Dornfeld mayor said.", True),
        ("“Nobody came,” said Karl Brandt.", True),  # which no one said: for another check
    ],
)
def test_who_said_it_is_named_beside_or_before_the_words(claim: str, holds: bool) -> None:
    assert same_roles(claim, "We shall rebuild it", around=SPEECHES) == holds


@pytest.mark.parametrize(
    ("claim", "held"),
    [
        ("Mira Sund said that the weir held.", True),
        ("Mira Sund, the engineer, said the weir held all night.", True),
        ("According to Mira Sund, the weir held.", True),
        ("Mira Sund said the repairs would cost 4 million.", False),  # the reporter tells it
        ("Mira Sund said that the weir held and that repairs cost 4 million a year.", False),
        ("Olaf Brink said that the weir held.", False),
        ("Olaf Brink said that repairs would cost 4 million.", False),  # he says nothing
        ("Ines Holm said that the town was lucky.", True),
        ("Mira Sund was told that the repairs would cost 4 million.", True),
        ("The council said that the repairs would cost 4 million.", True),  # no person
    ],
)
def test_what_somebody_says_is_said_where_he_speaks(claim: str, held: bool) -> None:
    cited = (
        "“The weir held all night,” the engineer Mira Sund said. The repairs will cost 4 million a "
        "year. The weir was designed by Olaf Brink. She said the town had been lucky."
    )
    assert speech_holds(claim, cited) == held


@pytest.mark.parametrize("verb", ["asked", "noted", "added"])
def test_who_asked_speaks(verb: str) -> None:
    assert speech_holds(
        f"Mira Sund {verb} for a weir.", f"Engineer Mira Sund had {verb} for a weir."
    )


def test_who_does_not_speak_says_nothing() -> None:
    assert not speech_holds("Olaf Brink said it may fail.", "It was designed by Olaf Brink.")


@pytest.mark.parametrize(
    ("claim", "held"),
    [
        ("Mira Sund said that nobody had asked the town.", False),  # the mayor did
        ("Karl Brandt said that nobody had asked the town.", True),
        ("Mira Sund said that the gates would be replaced.", True),
    ],
)
def test_he_is_whom_the_last_sentence_about_somebody_names(claim: str, held: bool) -> None:
    said = "“The weir held all night,” said the engineer Mira Sund. "
    more = "The gates would be replaced, she said. "
    last = "“Nobody asked the town,” he said."
    for other in ("Mayor Karl Brandt left early. ", "“No,” said Dr. Karl Brandt. "):
        around = f"{said}Lake Orne is low. {more}{other}{last}"
        assert speech_holds(claim, said + more + last, around) == held


@pytest.mark.parametrize(
    ("before", "held"),
    [
        ("“The weir held,” Mira Sund said. ", True),
        ("“The weir held,” said the engineer Mira Sund. ", True),
        ("Mira Sund spoke. “The weir held,” she said. ", True),
        ("“The weir held,” Karl Brandt said. ", False),
        ("“Sund is wrong,” Karl Brandt said. ", False),
        ("“The weir held,” Karl Brandt told Mira Sund. ", False),
        ("Mira Sund left. Mayor Karl Brandt came. “The weir held,” he said. ", False),
        ("“The weir held,” Mira Sund said.\n\n", False),
        ("Mira Sund said the weir had held. ", False),
    ],
)
def test_a_quotation_that_stands_alone_goes_on_what_was_said(before: str, held: bool) -> None:
    cited = "“Nobody asked the town.”"
    assert speech_holds("Mira Sund said nobody asked the town.", cited, f"{before}{cited}") == held


@pytest.mark.parametrize(
    ("claim", "held"),
    [
        ("Mira Sund said that Karl Brandt still regretted it.", False),
        ("Mira Sund said Karl Brandt closed the weir and still regretted it.", False),
        ("Mira Sund said that she still regretted it.", True),
        ("Mira Sund said Karl Brandt closed the weir and she regretted it.", True),
        ("Mira Sund said that Karl Brandt closed the weir.", True),
    ],
)
def test_what_who_speaks_does_is_nobody_elses_deed(claim: str, held: bool) -> None:
    cited = "“He closed the weir,” Mira Sund said of Karl Brandt. “I still regret it.”"
    assert speech_holds(claim, cited, cited) == held


@pytest.mark.parametrize("verb", ["stressed", "emphasised", "maintained", "pointed out", "agreed"])
def test_who_stresses_that_it_is_so_says_so(verb: str) -> None:
    claim = "Mira Sund said the weir was safe."
    assert speech_holds(claim, f"Mira Sund {verb} that the weir was safe.")
    assert not speech_holds(claim, f"Karl Brandt {verb} that the weir was safe.")
    assert not speech_holds(claim, f"The weir that Mira Sund {verb} was safe.")


@pytest.mark.parametrize(
    ("claim", "kept"),
    [
        ("The leader of the Harbour League is Ines Holm.", False),
        ("Ines Holm, the Harbour League's leader, wants a vote.", False),
        ("The leader of the Greens is Ines Holm.", True),
        ("Ines Holm, their leader, wants a vote in the Harbour League.", True),
    ],
)
def test_theirs_is_whose_name_stands_last_before_it(claim: str, kept: bool) -> None:
    before = "The Harbour League was split. Most Greens stayed away. "
    assert keeps_owner(claim, "Their leader, Ines Holm, wants a vote.", before) == kept


@pytest.mark.parametrize(
    ("claim", "before", "kept"),
    [
        ("The tram's driver, 31, was unhurt.", "A tram hit a lorry. The lorry was old.", False),
        ("The tram's driver, 31, was unhurt.", "A tram rammed a lorry. The lorry burned.", False),
        ("The driver of the tram is 31.", "A lorry was hit by the tram. The lorry was old.", False),
        ("The driver of the lorry is 31.", "A tram rammed a lorry. The lorry was old.", True),
        ("The driver of the tram is 31.", "A tram rammed a lorry. The lorry hit the tram.", True),
        # Of one thing, perhaps; of something in between.
        ("The driver of the truck is 31.", "A truck, a grey lorry, came. The lorry was old.", True),
        ("The driver of the tram is 31.", "A tram rammed a lorry. The day was warm.", True),
        ("The driver of the tram is 31.", "A tram rammed a lorry. Nobody was hurt.", True),
    ],
)
def test_its_is_that_of_what_the_sentence_before_is_about(
    claim: str, before: str, kept: bool
) -> None:
    assert keeps_owner(claim, "Its driver, 31, was unhurt.", f"{before} ") == kept


def test_hers_is_what_belongs_to_whom_the_last_sentence_is_about() -> None:
    before = "Mayor Ines Holm resigned. Lake Orne is low. Engineer Mira Sund, 61, stays. "
    cited = "Her predecessor, Karl Brandt, spoke."
    assert keeps_owner("Karl Brandt is the predecessor of Mira Sund.", cited, before)
    assert not keeps_owner("Karl Brandt is the predecessor of Ines Holm.", cited, before)
    assert keeps_owner("Karl Brandt is the predecessor of Ines Holm.", cited, before[:44])
    assert keeps_owner("Karl Brandt spoke.", "Her - Karl Brandt - spoke.", before)


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("According to the harbour master, the ferry had 41 people aboard.", ["harbour master"]),
        ("How many were aboard, according to the harbour master?", ["harbour master"]),
        ("How many did the coastguard say were aboard?", ["coastguard"]),
        ("The coastguard said that 41 people were aboard.", ["coastguard"]),
        ("According to the company, 41 people were aboard.", []),  # it may have a name
        ("According to the crew, 41 people were aboard.", []),  # whom nothing tells of
        ("How many were aboard, according to the mate?", []),  # who tells nothing elsewhere
        ("How many did the harbour authority say were aboard?", []),
    ],
)
def test_whose_words_are_asked_for_is_not_told_by_what_others_say(
    text: str, whom: list[str]
) -> None:
    cited = "The ferry had 41 people aboard, the harbour authority said."
    others = [
        "The harbour master, Olaf Brink, said there were 44.",
        "The mate could not be reached.",
        "The company and the coastguard said it was full.",
        "All had boarded late, according to the coastguard.",
    ]
    assert told_by_others(text, cited, others) == whom


@pytest.mark.parametrize(
    ("said", "told", "theirs"),
    [
        ("Lakes Air said it was full.", "", True),
        ("It was full, Lakes Air said.", "Lakes Air, the oldest airline here, grew.", True),
        ("“It was full,” spokeswoman Mira Sund said.", "", True),
        ("“It was full,” said Mira Sund.", "Mira Sund, a spokeswoman, was aboard.", True),
        ("Inspector Sund said it was full.", "", True),
        ("It was full, he said.", "", True),
        # Who is something else, or may be.
        ("It was full, said engineer Mira Sund.", "", False),
        ("It was full, the mayor, Mira Sund, said.", "", False),
        ("It was full, said Mayor Sund.", "", False),
        ("It was full, Sund said.", "Mira Sund, an engineer, was aboard.", False),
        ("It was full, Sund said.", "Mira Sund, 40, an engineer, was aboard.", False),
        ("It was full, Sund said.", "The engineer, Mira Sund, was aboard.", False),
        ("It was full, said police spokeswoman Mira Sund.", "", False),
        ("“It was full,” she said of Mayor Sund.", "", False),
        ("Lakes Air said it was full.", "The airline sued Lakes Air.", False),
        ("Lakes Air said it was full.", "The airline, Orne Air, grew.", False),
        ("It was full.", "", False),
    ],
)
def test_who_has_a_name_may_speak_for_whom_nothing_names(
    said: str, told: str, theirs: bool
) -> None:
    others = [said, "The airline said it was sorry.", told]
    for text in ("What did the airline say?", "The airline said it was full."):
        assert told_by_others(text, said, others) == ([] if theirs else ["airline"])


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("The old mayor said that fees rise.", ["old mayor"]),
        ("What did the mayor say?", ["mayor"]),
        ("The prime minister said that fees rise.", []),
        ("The minister said that fees rise.", []),
        ("The governor said that fees rise.", []),  # whom nothing tells of
        ("The leader said that fees rise.", []),
    ],
)
def test_who_is_in_one_office_does_not_speak_for_who_is_in_another(
    text: str, whom: list[str]
) -> None:
    cited = "“The fees rise,” Brandt said in Corfe."
    others = [
        "Prime Minister Karl Brandt met nobody.",
        cited,
        "Ned Krall, the mayor of Corfe, was ill.",
        "The former judge Ada Holm was ill, too.",
        "“It rains,” said the prime minister, Karl Brandt.",
    ]
    assert told_by_others(text, cited, others) == whom
    assert not told_by_others(text, "“The fees rise,” Denby said.", others[:3])
    assert not told_by_others(text, f"{cited} He said they would fall.", others[:3])


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Ola Brand won the Corfe Open.", False),
        ("The winner of the Corfe Open was Ola Brand.", False),
        ("Ola Brand won it, beating Holm.", False),
        ("Ines Holm won the Corfe Open.", True),
        ("Ines Holm won it, beating Ola Brand.", True),
        ("Ola Brand reached the final.", True),
    ],
)
def test_who_was_beaten_did_not_win(claim: str, holds: bool) -> None:
    source = "Ines Holm defeated the champion, Ola Brand, 6-3, 7-5 to win the Corfe Open."
    assert not_the_loser(claim, source) is holds
    assert not_the_loser("Ola Brand won in 2014.", f"{source[:-1]}, who won in 2014.")
    assert not_the_loser("Ola Brand won in 2014.", f"{source} Ola Brand won in 2014.")


@pytest.mark.parametrize(
    ("claim", "around", "holds"),
    [
        ("Ned Brand is the mayor of Corfe.", "Mayor Ines Holm met Ned Brand.", False),
        ("Ola Krall was the captain.", "The captain, Ian Reed, lived. Ola Krall died.", False),
        ("Ines Holm is the mayor of Corfe.", "Mayor Ines Holm met Ned Brand.", True),
        ("Ned Brand is the mayor.", "Mayor Ines Holm met Ned Brand. He is a mayor, too.", True),
        ("Ned Brand is the mayor.", "Ned Brand left Corfe.", True),
        ("Ned Brand was the mayor.", "Mayor Ines Holm replaced Ned Brand.", True),
        ("Corfe’s mayor is Ned Brand.", "Mayor Ines Holm met Ned Brand.", False),
        ("The mayor of Corfe, Ned Brand, ate.", "Ines Holm, the mayor, met Ned Brand.", False),
        ("The mayor, Ines Holm, ate.", "Ines Holm, the mayor, met Ned Brand.", True),
        ("The mayor met Ned Brand.", "Ines Holm, the mayor, met Ned Brand.", True),
        ("The mayor is Ned Brand.", "In New Corfe, the mayor met Ned Brand.", True),
        ("It is sold, and its chairman is Ned Brand.", "Its founder, Ned Brand, sold it.", False),
        ("Its founder is Ned Brand.", "Its founder and chief executive, Ned Brand, left.", True),
        ("Its founder is Ned Brand.", "Ned Brand, founder and chairman of Orne, left.", True),
        ("Its chairman is Ned Brand.", "Chief executive Ned Brand left.", False),
        ("Its chairman is Ned Brand.", "Chief executive Ned Brand, who chairs it, left.", True),
        ("Its chairman is Ned Brand.", "Ned Brand sold it.", True),
        ("Its captain is Ned Brand.", "Skipper Ned Brand sank it.", True),
    ],
)
def test_an_office_that_only_others_are_named_in_is_not_theirs(
    claim: str, around: str, holds: bool
) -> None:
    assert holds_office(claim, around) is holds


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Ines Holm scorned the plan.", False),
        ("The union hailed the plan.", True),
        ("The union welcomed the plan.", False),
        ("Ines Holm welcomed the plan.", True),
        ("The plan was scorned by the union.", True),
    ],
)
def test_each_part_of_a_contrast_is_told_of_whom_it_has(claim: str, holds: bool) -> None:
    source = "Ines Holm welcomed the plan, while the union scorned it."
    assert keeps_to_its_part(claim, source) is holds
    assert keeps_to_its_part(claim, "Ines Holm welcomed the plan, while she scorned the union.")
