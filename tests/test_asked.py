from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from service.asked import (
    begins_with_another,
    beside_the_matter,
    continued,
    denied,
    did_another,
    gainsays,
    lacks_fate,
    lacks_kind,
    means_another,
    replaced,
    said_by_another,
    tells_another_time,
    times,
    unmet,
    untrue,
)

TEXT = (
    "Mayor Ines Holm said on Tuesday that 2,300 people had left their homes in Ottering. "
    "No one was injured, the fire service said.\n\n"
    "“We shall rebuild the weir,” Holm told reporters. Work starts in May and will cost £4.5m. "
    "Deputy mayor Karl Brandt did not attend."
)


def test_a_question_names_a_nation_as_its_articles_do_or_otherwise() -> None:
    article = "The British and Iraqi ministers signed it."
    assert unmet("When did Britain and Iraq sign it?", [article], article) == []
    assert unmet("When did Britain and Iran sign it?", [article], article) == ["Iran"]
    article = "British Prime Minister Ines Holm was there."
    assert unmet("Who is Britain's prime minister?", [article], article) == []
    assert unmet("Where was the prime minister of Britain?", [article], article) == []
    assert unmet("Where was Holm in Britain?", [article], article) == ["Britain"]
    article = "Ines Holm met UK troops."
    assert unmet("Who met British troops?", [article], article) == []
    assert unmet("Who met British sailors?", [article], article) == ["British"]


def test_a_question_may_count_in_words() -> None:
    article = "Corfe sold four hundred cows for $200k."
    assert unmet("Who sold 400 cows?", [article], article) == []
    assert unmet("Who sold cows for $200,000?", [article], article) == []
    assert unmet("Who sold a dozen cows?", [article], article) == []
    assert unmet("Who sold three hundred cows?", [article], article) == ["three hundred"]


def test_a_question_names_in_short_what_its_articles_name_in_full() -> None:
    article = "Corfe's chief executive, Ines Holm, left for the Dale Relief Fund."
    assert unmet("Who is the CEO of Corfe?", [article], article) == []
    assert unmet("Who left for the DRF?", [article], article) == []
    assert unmet("Who is the PM of Corfe?", [article], article) == ["PM"]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What did Ines Holm say?", []),
        ("What did Prime Minister Holm say?", ["Prime", "Minister"]),
        ("What did Ines Holm say on Radio Nord?", ["Radio Nord"]),
        ("What did the mayor of Oxford say?", ["Oxford"]),
        ("Did 2,800 people leave Ottering?", ["2,800"]),
        ("Who called it “a miracle”?", ["a miracle"]),
        ("Why did Holm not rebuild the weir?", ["not"]),
    ],
)
def test_what_a_question_presumes_and_the_articles_do_not_say(
    question: str, missing: list[str]
) -> None:
    cited = "“We shall rebuild the weir,” Holm told reporters."
    assert unmet(question, [TEXT], cited) == missing


@pytest.mark.parametrize(
    ("question", "cited", "missing"),
    [
        ("Why won't Ines Holm attend?", "Holm will miss it since she is ill.", []),
        ("Why did the library not open?", "It was closed by a burst pipe.", []),
        ("Why did Ines Holm not win?", "Holm fell a vote short of a win.", []),
        ("Didn't Ines Holm attend?", "Holm attended on Tuesday.", []),
        ("Why won't Ines Holm attend?", "Holm will attend since she has time.", ["not"]),
        ("Why did Holm not miss it?", "Holm missed it since she was ill.", ["not"]),
        ("Why did the library not open?", "It opened late by a mistake.", ["not"]),
        ("Who did not vote for the weir?", "Ada Krall voted against the weir.", []),
        ("Who does not pay the toll?", "Farmers are exempt from the toll.", []),
        ("Why was the mill not affected?", "It was unaffected since it stands on a hill.", []),
        ("Who did not vote for the weir?", "Ada Krall voted for the weir.", ["not"]),
        ("Why did Holm not win?", "Holm played against Ada Krall.", ["not"]),
        ("Why was the mill not affected?", "It was hit since it stands in a valley.", ["not"]),
    ],
)
def test_a_denial_that_a_question_presumes_may_be_told_in_another_word(
    question: str, cited: str, missing: list[str]
) -> None:
    assert unmet(question, [f"{TEXT} {cited}"], cited) == missing


@pytest.mark.parametrize(
    ("beside", "missing"),
    [
        ("Ola Brand did not play on Monday.", []),
        ("She will not play until June.", []),
        ("Brand played on Monday, and did not score.", ["not"]),
        ("Ada Krall did not play on Monday.", ["not"]),
        ("Ola Brand played on Monday.", ["not"]),
    ],
)
def test_why_something_is_not_so_may_be_told_beside_the_denial(
    beside: str, missing: list[str]
) -> None:
    cited = "Ola Brand was injured in training."
    article = f"{cited} {beside}"
    assert unmet("Why didn't Ola Brand play?", [article], cited, [article]) == missing
    assert unmet("Who didn't play with Ola Brand?", [article], cited, [article]) == ["not"]


def test_the_day_of_one_event_is_not_written_out_as_another_s() -> None:
    text = "Ines Holm was re-elected on Tuesday, two years after joining the council."
    assert tells_another_time("When did Ines Holm join the council?", text)
    assert not tells_another_time("When was Ines Holm re-elected?", text)
    assert not tells_another_time("When did Holm join the council?", "She joined it on Monday.")


@pytest.mark.parametrize(
    ("question", "missing", "count"),
    [
        ("What happened in the 1980s?", [], 0),
        ("What happened in the 1970s?", ["1970"], 1),
        ("What happened in the 20th century?", [], 0),
        ("In the 19th century, what happened?", ["19"], 1),
        ("What happened in 1984?", [], 0),
        ("What happened to 30 homes in 1985?", ["30", "1985"], 1),
    ],
)
def test_a_decade_and_a_century_have_their_years(
    question: str, missing: list[str], count: int
) -> None:
    article = "The mill closed in 1984."
    assert unmet(question, [article], article) == missing
    assert times(missing, question) == count


@pytest.mark.parametrize(
    ("question", "article", "missing"),
    [
        ("Which two ferries sank?", "The Tern and the Ardal sank.", []),
        ("What is one reason for it?", "It sank in a storm.", []),
        ("Who were the three sailors?", "Brand, Krall and Holm sailed.", []),
        ("What did Dr. Krall find?", "Ada Krall, a chemist, found it.", []),
        ("What did Mrs Krall find?", "Mrs. Ada Krall found it.", []),
        # An article counts otherwise, or it is no small number that is asked for.
        ("Which two ferries sank?", "Three ferries sank.", ["two"]),
        ("Which two ferries sank?", "Three old ferries sank.", ["two"]),
        ("What did the two ferries do?", "The Tern sank.", ["two"]),
        ("What sank 2 ferries?", "The Tern sank.", ["2"]),
        ("Which nine ferries sank?", "The Tern sank.", ["nine"]),
        ("What did Mrs Krall find?", "Mr. Krall found it.", ["Mrs"]),
        ("What did Captain Krall find?", "Ada Krall, a chemist, found it.", ["Captain"]),
    ],
)
def test_how_many_are_asked_for_and_a_mere_title_are_not_presumed(
    question: str, article: str, missing: list[str]
) -> None:
    assert unmet(question, [article], article) == missing


def test_a_misspelt_name_is_known() -> None:
    told = "Katie Harnock of Canada threw 12 goals at the University of Kyoto."
    assert not unmet("How many did Hancock throw at the Universiy?", [told], told)
    assert unmet("How many did Hannigan throw?", [told], told) == ["Hannigan"]


@pytest.mark.parametrize(
    ("question", "answer", "lacks"),
    [
        ("Who succeeded Rowe at Clearpath?", "Rowe succeeded at Clearpath in August.", True),
        ("Who succeeded Rowe at Clearpath?", "Maria Lund succeeded Rowe.", False),
        ("Who found the workshop?", "Farmers found the workshop.", False),
        ("What is the name of the engineer?", "The engineer retired.", True),
        ("What is the name of the engineer?", "The engineer is Ola Brand.", False),
        ("What are the names of the two?", "Two were found on Sunday, said Ola Brand.", True),
        ("What is the name of the boat?", "The Tern sank, said Ola Brand.", False),
        ("What is the name of the pilot?", "The pilot is a Danish woman of 40.", True),
        ("What is the name of the pilot?", "The pilot is Ola Brand, a Danish woman.", False),
        ("What is the name of the language?", "It is the Danish language.", False),
        ("What is the name of the country?", "Norway sent the pilot.", False),
        ("What is the name of the country?", "Norway borders it.", False),
        ("Which firm is behind the power station?", "The Danish firm is behind it.", True),
        ("Which firm is behind the power station?", "It is the Danish firm Ostwind.", False),
        ("What company runs the reservoir?", "Kelda runs the reservoir.", False),
        ("Which party is behind the plan?", "The opposition is behind it.", False),
        ("To which prison was she sent?", "Ola Brand was sent to prison on Friday.", True),
        ("To which prison was she sent?", "Ola Brand was sent to Ardal prison on Friday.", False),
        ("Which hospital took them in?", "Six were taken to the hospital in Corfe.", False),
        ("Which hospital in Corfe was it?", "Six were taken to the hospital in Corfe.", True),
        ("Which river rose?", "The river that rose in the storm was the Orne.", False),
        ("Which river rose?", "The river was the Orne.", False),
        ("Which river rose?", "The river was so very high when Ola Brand came.", True),
        ("Which river rose?", "The river that rose was high on Monday, said Brand.", True),
        ("To which prison was she sent?", "The prison's new head is now Ola Brand.", True),
        ("Which hospital took them in?", "Six were taken to the county hospital.", False),
        ("Which station burnt?", "The central station burnt.", False),
        ("Which station burnt?", "The town's main station burnt.", False),
        ("Which hospital in the county?", "Six were taken to the county hospital.", True),
        ("Which hospital took them in?", "Six were taken to the same hospital.", True),
        ("Which hospital took them in?", "Six were taken to the crowded hospital.", True),
        ("Which hospital took them in?", "Six were taken to a large hospital.", True),
        ("In which city does she live?", "She lives in the lovely city.", True),
        ("In which city does she live?", "Ola Brand lives in Corfe.", False),
        ("In which city does she live?", "She lives in a large city.", True),
        ("How old is the captain?", "The captain is an old hand.", True),
        ("How old is the captain?", "The captain has 22 years of experience.", True),
        ("How old is the captain?", "The captain, 52, has 22 years of experience.", False),
        ("How old is Ola Brand?", "Ola Brand studied the bones of a whale 900 years old.", True),
        ("How old is Ola Brand?", "Ola Brand wrote on the oak said to be 900 years old.", True),
        ("How old is Ola Brand?", "Brand of the Ardal club was 52 years old.", False),
        ("How old is Ola Brand?", "Brand died in the old house at 52 years old.", False),
        (
            "How old is Ardal Oak?",
            "It is one of the oaks in Ardal said to be 900 years old.",
            False,
        ),
        ("How old is the oak?", "Krall is the owner of the tree said to be 900 years old.", False),
        ("How much of it burnt?", "It burnt completely.", False),
        ("How big is it?", "It is the size of a minibus.", False),
        ("How many people left?", "Most people left.", False),
        ("How many were hurt?", "A dozen were hurt.", False),
        ("How many people came?", "Scores of people came.", False),
        ("How many goals were scored?", "Brand scores early.", True),
        ("How many goals were scored?", "Brand was hurt in the fifth minute.", True),
        ("How many posts will go?", "A fifth of the posts will go.", False),
        ("How much did it cost?", "It cost a million crowns.", False),
        ("How much does the ferry cost?", "The ferry is free for children.", False),
        ("How much did they steal?", "They broke free of the guards.", True),
        ("How many hostages are there?", "The hostages are free.", True),
        ("How much did fares rise?", "Fares rose tenfold.", False),
        ("How many people were hurt?", "A young sailor was hurt.", False),
        ("How many people died?", "The storm killed a sailor and his son.", False),
        ("How many boats sank?", "The storm sank a boat.", False),
        ("How many boats were damaged?", "A pier was damaged.", True),
        ("How many people died?", "He died a hero.", True),
        ("How many people were hurt?", "A storm hurt people.", True),
        ("How many people were hurt?", "The hurt were flown out in a plane.", True),
        ("How many people live there?", "The town has a mayor.", True),
        ("When did the ferry sail?", "The ferry sailed to Skarra.", False),
        ("When did the ferry sail?", "The ferry sailed late.", True),
        ("When did the ferry sail?", "The ferry sailed overnight.", False),
        ("When did the ferry sail?", "It sailed shortly before dawn.", False),
        ("When did the ferry sail?", "It sailed in the evening.", False),
        ("When will the ferry sail?", "It is to sail in the coming days.", False),
        ("When will the ferry sail?", "It is to sail within weeks.", False),
        ("When will the rule hold?", "It holds immediately.", False),
        ("When did the ferry sail?", "The ferry sailed for days.", True),
        ("When did the ferry sail?", "The ferry sailed in days of fog.", True),
        ("When did the evening ferry sail?", "The ferry of the evening sailed.", True),
        ("When did the ferry sail?", "The ferry sailed to the spa at the end.", True),
        ("When did the ferry sail?", "The ferry sailed as the storm rose.", False),
        ("When did the ferry sail?", "The ferry sailed yesterday.", False),
        ("Why did the ferry sail?", "The ferry sailed.", False),
    ],
)
def test_an_answer_has_something_of_the_kind_that_is_asked_for(
    question: str, answer: str, lacks: bool
) -> None:
    assert lacks_kind(question, answer) == lacks


@pytest.mark.parametrize(
    ("question", "answer", "lacks"),
    [
        ("How many people were injured at Holm?", "63 soldiers and 12 sailors died at Holm.", True),
        ("How many people have died at Holm?", "The lake has fallen to 18 percent.", True),
        ("How many people at Holm died when it burst?", "The dam burst in 1998.", True),
        ("How many people did the flood kill?", "The flood drove 400 people away.", True),
        ("How many miners were rescued?", "Nine miners died.", True),
        ("How many died in Holm?", "Twelve were found dead in Holm.", False),
        ("How many people were injured?", "No one was hurt.", False),
        ("How many people were killed?", "Nobody died.", False),
        ("How many people were killed?", "No one was hurt.", False),
        ("How many people were killed?", "The flood claimed 12 victims.", False),
        ("How many people were hurt?", "Nine people were treated in hospital.", False),
        ("How many miners were rescued?", "Nine miners were brought up alive.", False),
        # What is asked is something else.
        ("How many of the dead were children?", "Three were children.", False),
        ("How many injured people were flown out?", "Nine people were flown out.", False),
        ("How many people killed at Holm were children?", "Three were children.", False),
        ("How many men came to kill Holm?", "Nine men came.", False),
        ("How many men came after Holm was killed?", "Nine men came.", False),
        ("How many sailed when it sank and how many died?", "Forty men sailed.", False),
        ("How many days was Holm missing?", "He was found dead after nine days.", False),
        ("How many pages were missing?", "Nine pages had been torn out.", False),
    ],
)
def test_asked_how_many_were_hurt_an_answer_tells_of_the_hurt(
    question: str, answer: str, lacks: bool
) -> None:
    assert lacks_fate(question, answer, "") == lacks


def test_what_is_cited_may_tell_that_it_is_the_dead_who_are_counted() -> None:
    asked, cited = "How many people have died at Holm?", "Deaths at Holm have risen to 12."
    assert not lacks_fate(asked, "The number has risen to 12.", cited)
    assert lacks_fate(asked, "Nine were hurt.", "Nine were hurt, and 12 people died.")


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        (
            "What was Corfe's profit?",
            "Dale, based in Harrow, reported a profit of 9 million.",
            True,
        ),
        ("What was Corfe's profit?", "Dale, which Corfe bought, had a profit of 9 million.", False),
        ("What was Corfe's profit?", "The firm reported a profit of 9 million.", False),
        ("What was the profit?", "Dale reported a profit of 9 million.", False),
        ("What did Britain say?", "Holm told British troops to leave.", False),
    ],
)
def test_a_sentence_may_begin_with_another_than_is_asked_about(
    question: str, text: str, another: bool
) -> None:
    assert begins_with_another(question, text) == another


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        (
            "Did Krall resign?",
            "Her deputy, Ola Brand, who had resigned, gave evidence.",
            True,
        ),
        ("Did Krall resign?", "Ola Brand resigned in May.", True),
        ("Did Krall resign?", "Ada Krall and Ola Brand resigned in May.", False),
        ("Did Krall resign?", "She resigned in May, as Ola Brand resigned.", False),
        ("Did Krall resign?", "Ola Brand said the mayor had resigned.", False),
        ("Did Corfe buy Dale?", "Ola Brand said the firm had bought Dale.", False),
        ("Who resigned?", "Ola Brand resigned in May.", False),
    ],
)
def test_what_somebody_else_did_is_no_yes(question: str, text: str, another: bool) -> None:
    assert did_another(question, text) == another


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        ("What did Ada Krall tell the court about Brand?", "Brand pleaded guilty in May.", True),
        ("What did Ada Krall tell the court about Brand?", "Krall told it that he lied.", False),
        ("What did Ada Krall say about Brand?", "He lied, she said.", False),
        ("What did the mayor say about Brand?", "Brand pleaded guilty in May.", False),
    ],
)
def test_what_somebody_said_names_them(question: str, text: str, another: bool) -> None:
    assert said_by_another(question, text) == another


@pytest.mark.parametrize(
    ("before", "another"),
    [
        ("Ardal Lines has lost money. ", False),
        ("Few sail there. Ardal Lines, a ferry firm, has lost money. ", False),
        ("Ardal Lines has lost money. The harbour is full. ", True),
        ("Corfe Lines has lost money. ", True),
        ("Corfe sued Ardal Lines. ", True),
        ("", True),
    ],
)
def test_it_is_what_the_sentence_before_begins_with(before: str, another: bool) -> None:
    question = "What did Ardal Lines say about fares?"
    assert said_by_another(question, "Fares would rise, it said.", before) == another
    assert said_by_another(question, "Fares rose.", before)


def test_what_another_part_asks_is_nothing_new() -> None:
    part, whole = "Who refused bail?", "Who refused bail and when does the trial begin?"
    assert lacks_kind(part, "The trial is to begin in June.", whole)
    assert not lacks_kind(part, "The judge refused bail.", whole)


def test_nobody_is_put_in_the_place_of_whom_the_question_names() -> None:
    cited = "Lars Solheim, the chairman, said that the centre was never in question."
    answer = "Lars Solheim said that the centre was never in question."
    assert replaced("What did Marta Solberg say was never in question?", cited, answer)
    assert not replaced("What did Lars Solheim say was never in question?", cited, answer)
    assert not replaced("Who, beside Marta Solberg, spoke of the centre?", cited, answer)


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("What is also found on healthy cells?", "Antigens that are not found there.", ["find"]),
        ("What is not found on healthy cells?", "Antigens that are not found there.", []),
        ("How many people died?", "No people died.", []),
        ("Why was the match put off?", "Because the pitch was not dry.", []),
    ],
)
def test_what_a_question_takes_for_granted_is_not_denied(
    question: str, answer: str, words: list[str]
) -> None:
    assert denied(question, answer) == words


def test_a_sentence_goes_on_after_no_with_a_small_letter_unless_it_begins_with_a_name() -> None:
    asked = "Were school examinations put off in Marenholm?"
    assert continued("School examinations were held.", asked) == "school examinations were held."
    assert continued("Marenholm has none.", asked) == "Marenholm has none."
    assert continued("The mayor, too.", "") == "the mayor, too."
    assert continued("I have none.", "") == "I have none."


@pytest.mark.parametrize(
    ("word", "claim", "contrary"),
    [
        ("No", "The underground is affected by the strike, a union said.", True),
        ("Yes", "The underground is affected by the strike.", False),
        ("No", "The underground is not affected by the strike.", False),
        ("Yes", "The underground is not affected by the strike.", True),
        ("No", "The underground will run as usual.", False),
    ],
)
def test_yes_or_no_against_what_a_claim_says(word: str, claim: str, contrary: bool) -> None:
    assert gainsays(word, claim, "Is the underground affected by the strike?") is contrary


@pytest.mark.parametrize(
    ("question", "cited", "article", "found"),
    [
        ("Why did rents in Dale fall?", "Rents in Dale rose in May.", "", ["opposite"]),
        ("Why did rents in Dale rise?", "Rents in Dale rose in May.", "", []),
        (
            "When was the weir repaired?",
            "The weir was drained on Friday.",
            "The weir was drained on Friday. It will be repaired in May.",
            ["repaired"],
        ),
        (
            "When was the weir repaired?",
            "It will be repaired in May.",
            "The weir was drained on Friday. It will be repaired in May.",
            [],
        ),
        (
            "Who scored in the final?",
            "Dale reached the final when Brandt scored.",
            "Dale reached the final when Brandt scored. Dale will play Harrow in the final.",
            ["final"],
        ),
        ("What was paid indirectly?", "Fees were paid directly.", "", ["opposite"]),
        (
            "Which seat did the current mayor, Ada Krall, lose?",
            "The former mayor Ada Krall lost Dale.",
            "The former mayor Ada Krall lost Dale.",
            ["opposite"],
        ),
        (
            "Which seat did the former mayor, Ada Krall, lose?",
            "The former mayor Ada Krall lost Dale.",
            "The former mayor Ada Krall lost Dale.",
            [],
        ),
    ],
)
def test_what_a_question_takes_for_granted_may_be_told_otherwise(
    question: str, cited: str, article: str, found: list[str]
) -> None:
    assert untrue(question, cited, article) == found


@pytest.mark.parametrize(
    ("question", "another"),
    [
        ("What did Mayor Ines Holm say about the bridge?", True),
        ("Did Holm say that the bridge is too dear?", True),
        ("What did Karl Brandt say about the bridge?", False),
        ("What did Olaf Brink say about the bridge?", True),
        ("What did the deputy say about the bridge?", False),
    ],
)
def test_he_said_is_no_answer_of_somebody_else(question: str, another: bool) -> None:
    before = "Mayor Ines Holm wants a new bridge. Her deputy, Karl Brandt, voted against it. "
    assert means_another(question, "“The bridge is too dear,” he said.", before) == another
    assert not means_another(question, "The bridge is too dear.", before)


@pytest.mark.parametrize(
    ("question", "near", "aside"),
    [
        ("What did Holm say about the old weir?", 0.05, ["the old weir"]),
        ("What does Ines Holm think of the old weir, if anything?", 0.05, ["the old weir"]),
        ("What did Holm say about the old weir?", 0.2, []),  # told in other words
        ("What did Holm say about the gates?", 0.05, []),  # told
        ("What did Holm say about Friday's sluice?", 0.05, []),  # told before it
        ("What did Holm say about the flood?", 0.05, []),  # what all of it is about
        ("What did Holm say about the weather?", 0.05, []),  # no word of the article
        ("Why did Holm complain about the old weir?", 0.05, []),
        ("What did Holm say?", 0.05, []),
    ],
)
def test_what_somebody_said_of_something_else_is_not_asked_for(
    question: str, near: float, aside: list[str]
) -> None:
    def similarity(query: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.full(len(texts), near, np.float32)

    before = "The sluice opened on Friday."
    article = f"A flood hit Ottering. The old weir broke. {before} Holm said the gates hold."

    def beside(cited: str) -> list[str]:
        return beside_the_matter(question, cited, before, [article], similarity)

    assert beside("Holm said the gates hold.") == aside
    # What these are about stands around them.
    assert not beside("“The gates hold,” Holm said.") and not beside("Holm told them so.")
