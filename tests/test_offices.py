import pytest

from service.offices import (
    in_that_office,
    keeps_body,
    kinds_missing,
    offices_missing,
    places_made_up,
    still_in_office,
)


@pytest.mark.parametrize(
    ("text", "known", "missing"),
    [
        ("the foreign minister said", "Interior Minister Holm said", ["foreign minister"]),
        ("the Vice President left", "The president left", ["Vice President"]),
        ("the interior minister", "The foreign and interior ministers met", []),
        ("the health minister", "the Minister of Health", []),
        ("the home secretary", "British Home Secretary Krall", []),
        ("the foreign minister said", "Holm said", []),
        ("the Iraqi minister said", "Interior Minister Holm said", []),
        ("the Iraqi ambassador left", "The British ambassador left Iraq.", ["Iraqi ambassador"]),
        ("the Iraqi ambassador left", "The minister left Iraq.", ["Iraqi ambassador"]),
        ("the Iraqi ambassador left", "Iraq's envoy left.", []),
        ("the health ministry", "Health minister Ada Krall left the ministry.", []),
        (
            "the ministry of trade",
            "The trade spokesman, Ada Holm, in May accused the ministry.",
            [],
        ),
        (
            "the ministry of trade",
            "The ministry left in May 2019. In the spring trade fell.",
            ["ministry of trade"],
        ),
        ("two ministers of health", "The interior ministers met.", ["ministers of health"]),
        ("the secretary for health", "The health secretary left.", []),
        ("the defense ministry", "The Defence Ministry met.", []),
        ("the defense ministry", "The Labour Ministry met.", ["defense ministry"]),
        ("Mayor Karl Brandt left", "Deputy mayor Karl Brandt left.", ["Mayor Karl Brandt"]),
        ("assistant editor Holm left", "Editor Ines Holm left.", ["assistant editor Holm"]),
        ("Prime Minister Holm", "Deputy Prime Minister Holm left.", ["Minister Holm"]),
        ("deputy mayor Brandt left", "Deputy mayor Karl Brandt and mayor Ines Holm left.", []),
        (
            "The president of Holmco is Ola Reed.",
            "Ola Reed was elected president of the Holmco Workers’ Association.",
            ["president of Holmco"],
        ),
        (
            "Holmco's chief executive left.",
            "The CEO of the Holmco Foundation left.",
            ["Holmco's chief executive"],
        ),
        (
            "The CEO of Holmco left.",
            "The CEO of the Holmco Foundation, and Holmco chief executive Ola Reed, left.",
            [],
        ),
        ("The CEO of Holmco left.", "The CEO of the Holmco Group left.", []),
        ("The CEO of Holmco left.", "The founder of the Holmco Trust left.", []),
        ("Spanish trawlers left", "The French trawlers left Spain.", ["Spanish trawlers"]),
        ("Spanish trawlers left", "The Spanish and French trawlers left.", []),
        ("Spanish trawlers left", "The French trawlers left. Other trawlers stayed.", []),
        ("the British ambassador left", "The British ambassador left Iraq.", []),
    ],
)
def test_an_office_is_not_another_of_its_name(text: str, known: str, missing: list[str]) -> None:
    assert offices_missing(text, known) == missing


@pytest.mark.parametrize(
    ("text", "known", "missing"),
    [
        ("2,300 metro drivers", "Bus drivers walked out. The metro runs.", ["metro drivers"]),
        ("the parliamentary election", "the presidential run-off", ["parliamentary election"]),
        ("She won the final.", "She won the semi-final in May.", ["final"]),
        ("She won the semifinal.", "She won the quarter-final in May.", ["semifinal"]),
        ("She scored in the final.", "She scored in the final, and in the semi-final.", []),
        ("She left in the final minute.", "She left in the semi-final.", []),
        ("tram drivers", "Bus and tram drivers walked out.", []),
        ("bus drivers", "Bus drivers walked out; the drivers want more.", []),
        ("metro drivers", "Drivers walked out.", []),
        ("lorry drivers", "Bus drivers walked out, and so did drivers of lorries.", []),
        ("metro passengers", "Bus drivers walked out.", []),
        ("railway workers", "Train workers walked out.", []),
    ],
)
def test_of_kinds_of_one_thing_the_source_tells_of_the_one_named(
    text: str, known: str, missing: list[str]
) -> None:
    assert kinds_missing(text, known) == missing


@pytest.mark.parametrize(
    ("text", "known", "missing"),
    [
        (
            "Holm won the Corfe Prize in 2019.",
            "In May 2019 the 2018 Corfe Prize winner, Ines Holm, left.",
            ["2019"],
        ),
        ("The 2014 Corfe Games were held in Ard.", "The 2018 Corfe Games were held.", ["2014"]),
        ("Who won the Corfe Prize in 2018?", "The 2018 Corfe Prize went to Holm.", []),
        (
            "Holm won the 2018 Prize.",
            "Holm won the 2018 Corfe Prize, not the 2019 Corfe Prize.",
            [],
        ),
        (
            "Holm spoke of the Corfe Prize in 2019.",
            "In 2019 she spoke of the 2018 Corfe Prize.",
            [],
        ),
        ("Who won the Corfe Prize in 2014?", "The 2014 prize beat the 2018 Corfe Prize.", []),
        ("Holm left in 2019.", "On 5 May 2018 Holm left. In 2017 Holm came.", []),
    ],
)
def test_an_edition_is_that_of_its_year(text: str, known: str, missing: list[str]) -> None:
    assert kinds_missing(text, known) == missing


DEAL = (
    "Corfe's chief executive, Ines Holm, said Dale would keep its name. Dale's founder, Karl "
    "Brandt, will leave. Corfe is to buy Dale Foods in May. The Harrow director Ola Reed left."
)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Ines Holm is the chief executive of Dale.", False),
        ("The CEO of Dale Foods is Ines Holm.", False),
        ("Ines Holm, the chief executive of Dale Foods, left.", False),
        ("Karl Brandt is Corfe's founder.", False),
        ("Ola Reed is the director of Holm House.", False),
        ("Karl Brandt is the founder of Dale Foods.", True),
        ("Corfe's CEO is Holm.", True),
        ("Karl Brandt is the chief executive of Corfe.", True),  # another office: not for this
        ("Ola Reed is the director of Harrow.", True),
    ],
)
def test_who_heads_a_body_heads_no_neighbour(claim: str, holds: bool) -> None:
    assert in_that_office(claim, DEAL) == holds


@pytest.mark.parametrize(
    ("claim", "known"),
    [
        ("Holm is the president of the United States.", "US president Ines Holm left."),
        ("Holm is the president of Togo.", "Togolese President Ines Holm left."),
        ("Holm is the director of the Ard Fund.", "Corfe director Ada Holm left. She led the Ard."),
        ("Holm is the founder of Dale.", "Corfe's founder, Ada Holm, began Dale in May."),
        ("Holm is the founder of Dale.", "Corfe's founder, Ada Holm, left. Dale's founder left."),
    ],
)
def test_one_may_head_two_bodies_or_one_of_two_names(claim: str, known: str) -> None:
    assert in_that_office(claim, known)


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ("Its chief executive, Joan Pell, left.", True),
        ("Former chief executive Joan Pell left.", True),
        ("On Monday chief executive Joan Pell left.", True),
        ("Group chief executive Joan Pell left.", True),
        ("Mill chief executive Joan Pell left the mill.", True),
        ("Calder chief executive Joan Pell left.", False),
        ("Calder's chief executive, Joan Pell, left.", False),
        ("Danish chief executive Joan Pell left.", False),
        ("Calder Group chief executive Joan Pell left.", False),
        ("The Calder chief executive Joan Pell left.", False),
    ],
)
def test_a_word_that_a_sentence_begins_with_is_no_body(told: str, holds: bool) -> None:
    claim = "Joan Pell was the chief executive of Ostrel."
    assert in_that_office(claim, f"Ostrel sells jam.\n{told}") == holds


BOUGHT = "Joan Pell, the chief executive of Calder, which bought Ostrel, is 52."


@pytest.mark.parametrize(
    ("claim", "known", "holds"),
    [
        ("Joan Pell is the chief executive of Ostrel.", BOUGHT, False),
        ("Joan Pell is the chief executive of Calder.", BOUGHT, True),
        ("Joan Pell is Ostrel's CEO.", BOUGHT.replace("which bought", "who also runs"), True),
        ("The chief executive of Ostrel is 52.", BOUGHT, False),
        ("The chief executive of Calder is 52.", BOUGHT, True),
        ("The chief executive of Ostrel is 52.", f"{BOUGHT} Its chief executive left.", True),
        ("Who is the chief executive of Ostrel?", BOUGHT, False),
        ("Who is the chief executive of Calder?", BOUGHT, True),
        ("The president of Ostrel is 52.", BOUGHT, True),  # another office: not for this
    ],
)
def test_who_heads_the_buyer_does_not_head_what_was_bought(
    claim: str, known: str, holds: bool
) -> None:
    assert (in_that_office(claim, known) and not offices_missing(claim, known)) == holds


VISIT = (
    "Torvian President Ada Krall went to Esk. Foreign Minister Ola Brand of Esk was there. "
    "Eskish Prime Minister Ines Holm was away."
)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("The foreign minister of Torvia is Ola Brand.", False),
        ("Torvian Foreign Minister Ola Brand was there.", False),
        ("Torvia's foreign minister was there.", False),
        ("Who is the foreign minister of Torvia?", False),
        ("The prime minister of Torvia is Ines Holm.", False),
        ("The foreign minister of Esk is Ola Brand.", True),
        ("Who is the foreign minister of Esk?", True),
        ("Holm's foreign minister, Ola Brand, was there.", True),  # she heads that state
        ("Eskville's foreign minister is Ola Brand.", True),  # its capital, perhaps
    ],
)
def test_a_minister_is_that_of_his_state(claim: str, holds: bool) -> None:
    assert (in_that_office(claim, VISIT) and not offices_missing(claim, VISIT)) == holds


@pytest.mark.parametrize(
    ("text", "known", "missing"),
    [
        (
            "He is in the Corfe County Council prison.",
            "The council fined him. Corfe County Council met. He spent two years in prison.",
            ["Corfe County Council prison"],
        ),
        # There is one, perhaps by that name; the name is no body's.
        (
            "He is in the Corfe County Council prison.",
            "The council fined him. Corfe County Council met. He was taken to the prison.",
            [],
        ),
        (
            "She teaches at the Corfe County Council school.",
            "The council met. She is back at school, Corfe County Council said.",
            [],
        ),
        ("He is in the Corfe Gate prison.", "He is in prison. Corfe Gate was built in 1900.", []),
        ("He is in the Corfe Council prison.", "The council met. He was jailed.", []),
    ],
)
def test_a_place_has_no_name_that_nobody_wrote(text: str, known: str, missing: list[str]) -> None:
    assert places_made_up(text, known, frozenset(["council"])) == missing


@pytest.mark.parametrize(
    ("claim", "told", "holds"),
    [
        ("Ola Brand of Corfe Town fell.", "Dale's Ola Brand fell.", False),
        ("Corfe's Ola Brand fell.", "The fall of Ola Brand of Dale City came late.", False),
        ("Corfe's keeper Ola Brand fell.", "Dale’s keeper Brand fell.", False),
        ("Ola Brand of Dale fell.", "Dale City's Brand fell.", True),
        ("Ola Brand of Corfe fell.", "Dale's Brand once played for Corfe. He fell.", True),
        ("Ola Brand of Corfe fell.", "Norway's Ola Brand fell.", True),  # his country
        ("Ola Brand of Corfe fell.", "Brand fell. Dale’s hopes of Corfe went.", True),
        ("Corfe's Prime Minister fell.", "The Prime Minister of Dale fell.", True),
    ],
)
def test_who_is_of_a_body_is_of_no_other(claim: str, told: str, holds: bool) -> None:
    assert keeps_body(claim, f"Corfe Town beat Dale City. {told}") == holds


@pytest.mark.parametrize(
    ("claim", "told", "holds"),
    [
        (
            "Holmco paid the former mayor of Corfe, Ada Krall.",
            "The current mayor, Ada Krall,",
            False,
        ),
        (
            "Holmco paid the former mayor of Corfe, Ada Krall.",
            "Former mayor of Corfe jailed\nThe current mayor, Ada Krall, did not come.",
            False,
        ),
        ("Ada Krall, Corfe’s former mayor, left.", "Corfe’s new mayor, Ada Krall, spoke.", False),
        ("Acting mayor Ada Krall was paid.", "Ada Krall, a former mayor of Corfe, spoke.", True),
        (
            "Acting mayor Ada Krall of Corfe was paid.",
            "Ada Krall, the former mayor of Corfe,",
            False,
        ),
        ("The current mayor, Ada Krall, was paid.", "The acting mayor, Ada Krall, spoke.", True),
        ("The former mayor, Ada Krall, was paid.", "The outgoing mayor, Ada Krall, spoke.", True),
        ("The former mayor, Ada Krall, was paid.", "The current mayor, Karl Holm, spoke.", True),
        ("The former mayor, Ada Krall, was paid.", "The current minister, Ada Krall, spoke.", True),
        ("Ada Krall, the former mayor, left.", "Corfe’s new mayor, Ada Krall, spoke.", True),
        (
            "Holmco’s new chief executive, Ada Krall, spoke.",
            "Ada Krall, the former chief executive of Corfe, is its new chief executive.",
            True,
        ),
        (
            "Holmco’s new chief executive, Ada Krall, spoke.",
            "Corfe’s former chief executive, Ada Krall, took over at Holmco.",
            True,
        ),
    ],
)
def test_who_is_in_office_is_not_who_was(claim: str, told: str, holds: bool) -> None:
    assert still_in_office(claim, told) is holds
