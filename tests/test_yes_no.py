import pytest

from service.asked import continued
from service.yes_no import holds_half, swapped, told, unled, unwrapped

HEADLINE = "Weir at Corfe gives way"
AROUND = (
    "The weir at Corfe gave way on Monday after the flood, and the mill stood in water. The mayor, "
    "Ada Krall, and the town's engineer, Ola Brand, spoke of help."
)


@pytest.mark.parametrize(
    ("question", "text", "word"),
    [
        # Denied.
        ("Did any oil leak from the mill?", "No oil leaked, the fire brigade said.", "No"),
        ("Was anyone badly hurt when the weir gave way?", "Nobody was badly injured.", "No"),
        ("Did Krall rule out a new weir?", "Krall did not rule out a new weir.", "No"),
        ("Has the boat been found?", "A boat that tore loose there has not been found.", "No"),
        ("Did anyone die in Corfe?", "No deaths were reported.", "No"),
        # Not done.
        ("Did the mayor comment?", "The mayor, Ada Krall, declined to comment.", "No"),
        ("Did they question Krall?", "They have yet to question Krall.", "No"),
        (
            "Was any fault found in the gates in May?",
            "The gates were repaired in May and no fault was found then.",
            "No",
        ),
        # The opposite.
        ("Did the town accept the offer of help?", "The town declined an offer of help.", "No"),
        ("Did the town reject the plan?", "The town approved the plan by six votes.", "No"),
        ("Will rents go up in Corfe?", "Rents in Corfe will fall in May.", "No"),
        ("Was turnout lower than in May?", "Turnout was 61 %, up from 48 % in May.", "No"),
        (
            "Did the mill make a profit in May?",
            "The mill made a loss of €90 in May, compared with a profit of €50 in April.",
            "No",
        ),
        ("Did the miller survive the flood?", "The miller died in the flood.", "No"),
        ("Did the town back the plan?", "The town passed the plan and blocked a road.", ""),
        ("Did the town back the plan?", "The town debated the plan and blocked it.", "No"),
        ("Did the court uphold the ban?", "The court dismissed an appeal against the ban.", ""),
        ("Did the court uphold the ban?", "The court overturned the ban.", "No"),
        # The opposite is denied, or ruled out.
        ("Is digging banned in Corfe?", "Digging is not allowed in Corfe.", ""),
        ("Is digging allowed in Corfe?", "Digging is not allowed in Corfe.", "No"),
        ("Will rents rise?", "The mayor ruled out a rise in rents.", ""),
        (
            "Did the mayor rule out a rise in rents?",
            "She, the mayor, ruled out a rise in rents.",
            "Yes",
        ),
        ("Is the strike over?", "The strike goes on.", ""),
        ("Is the strike over?", "The strike is over.", "Yes"),
        ("Is the strike over?", "The strike ended on Friday.", "Yes"),
        ("Has the strike begun?", "The strike is over.", ""),
        ("Did the miller survive the flood?", "His horse died, and the miller survived.", ""),
        # Guilty or not, and of what.
        ("Was Ada Krall found guilty?", "Ada Krall was acquitted of all charges.", "No"),
        ("Was Ada Krall found guilty?", "Ada Krall was cleared of all charges in May.", "No"),
        ("Was Ada Krall convicted?", "Ada Krall was found not guilty.", "No"),
        ("Was Ada Krall found guilty?", "Ada Krall was convicted of theft.", "Yes"),
        ("Was Krall found guilty?", "Krall was acquitted of theft but convicted of fraud.", ""),
        ("Was Krall found guilty?", "Krall was acquitted of theft.", ""),
        ("Was Krall found guilty of theft?", "Krall was acquitted of theft.", "No"),
        ("Was Krall found guilty?", "Krall was acquitted and Brand was convicted.", "No"),
        # Not reached.
        ("Did Corfe get a new weir?", "Corfe fell €40 short of a new weir.", "No"),
        ("Did Krall win a majority?", "Krall won but fell two seats short of a majority.", "No"),
        (
            "Did Krall win in May?",
            "Krall won in May but fell two seats short of a majority.",
            "Yes",
        ),
        ("Did Krall miss a majority?", "Krall fell two seats short of a majority.", ""),
        # Of two things that its sentence tells of somebody, of that which is asked for.
        ("Did Krall's rents fall?", "Krall said that wages fell in May, while rents rose.", "No"),
        ("Did Krall's rents rise?", "Krall's wages rose by 6 %, but rents fell.", "No"),
        ("Did Krall's rents fall?", "Krall's wages fell, while commercial rents rose.", ""),
        ("Did Krall's rents fall?", "Krall's wages fell, while rents of others rose.", ""),
        ("Did Krall's rents fall?", "Krall's wages fell and rents in Harrow rose.", ""),
        # Affirmed.
        ("Did rents go up in Corfe?", "Rents doubled in parts of Corfe.", "Yes"),
        ("Did Brand congratulate Krall?", "Brand congratulated Krall by telephone.", "Yes"),
        ("Has the town accepted the offer?", "The town has accepted the offer.", "Yes"),
        ("Did rents go up during the flood?", "Rents doubled in parts of Corfe.", "not No"),
        # What is denied may not be all that is asked.
        ("Was anyone hurt?", "Nobody was seriously hurt.", "not Yes"),
        ("Was all of the oil lost?", "Krall denied that oil was lost.", "not Yes"),
        # Of another, or of one who is not named.
        ("Did Brand comment?", "The mayor, Ada Krall, declined to comment.", "not Yes"),
        ("Did Brand ask for help?", "She did not ask for help.", "not Yes"),
        ("Did Brand beat Krall?", "Krall beat Brand by six votes.", ""),
        ("Was Brand arrested?", "Brand's brother was arrested.", ""),
        ("Did the court ban the strike?", "The court rejected a ban on the strike.", ""),
        # What is not known, or not yet.
        ("Did oil leak?", "It is not clear whether oil leaked.", "not Yes"),
        ("Did oil leak?", "There is no sign that oil leaked.", "not Yes"),
        ("Will Krall close the mill?", "Krall did not rule out to close the mill.", "not Yes"),
        ("Did Krall close the mill?", "Krall did not close the mill until May.", "not Yes"),
        # What is to come, or may be; and what is told of something else.
        ("Did Krall rebuild the weir?", "Krall promised to rebuild the weir.", ""),
        ("Did Krall rebuild the weir?", "Krall will rebuild the weir.", ""),
        ("Did Krall rebuild the weir?", "Nobody was hurt.", ""),
        ("Is the bridge still closed?", "The bridge was closed and has opened again.", "No"),
        ("Is the bridge still closed?", "The bridge was opened and has closed again.", ""),
        ("Is the bridge still open?", "The bridge was closed in May and reopened.", ""),
        ("Is the bridge still blocked?", "The bridge reopened on Monday.", "No"),
        # Votes for and against.
        ("Was the vote on the weir unanimous?", "The vote was nine to four.", "No"),
        ("Was the council's vote unanimous?", "The council passed it by 9 votes to 4.", "No"),
        ("Was the council's vote unanimous?", "The council passed it by 9 votes to 0.", ""),
        ("Was the council's vote unanimous?", "The council's vote was from 9 to 10.", ""),
        # Another figure of the same thing.
        ("Did the repairs at Corfe take three weeks?", "The repairs took three months.", "No"),
        ("Will the repairs of the weir take 21 days?", "Repairs will take three weeks.", ""),
        ("Did rents rise by 8 percent?", "Rents rose by 5 percent.", "No"),
        ("Did rents rise to 8 percent of wages?", "Rents rose by 5 percent.", ""),
        ("Did rents rise by 8 percent?", "Rents rose to 5 percent of wages.", ""),
        ("Did rents rise by more than 8 percent?", "Rents rose by 5 percent.", ""),
        ("Did rents rise by 5 percent?", "Rents rose by 5.1 percent.", ""),
        ("Did rents rise by 8 percent?", "A landlord asked that rents rise by 5 percent.", ""),
        ("Did rents rise by 8 percent in May?", "Rents rose by 5 percent in June.", ""),
        (
            "Did rents rise by 8 percent?",
            "Rents rose by 5 percent in Corfe, and by 8 percent in Dale.",
            "",
        ),
        ("Did the pumps cost 2 million euros?", "The pumps cost €3.4 million.", "No"),
        ("Was the sentence five years?", "The sentence was three years.", "No"),
        ("Were nine people hurt?", "Six people were hurt.", ""),
        # Not among those who did it.
        ("Was Brand part of the research team?", "Brand was not involved in the study.", "No"),
        ("Did Brand take part in the study?", "Brand was not involved in the research.", "No"),
        # What the headline tells befell others.
        ("Will the mill at Corfe give way?", "The mill at Corfe is not affected.", "No"),
        ("Will the mill at Corfe be sold?", "The mill at Corfe is not affected.", ""),
        # Nobody is named who did it, but by the headline.
        ("Did the weir get a grant for gates?", "A grant for gates was rejected by 9 to 4.", ""),
        ("Will Corfe accept the plan for pumps?", "The plan was rejected by nine to four.", ""),
        # Asked the other way round.
        ("Was nobody hurt?", "Nobody was hurt.", ""),
        ("Was it so?", "It was not so.", ""),
        # Denied by a prefix.
        ("Was the driver armed?", "The driver was unarmed when police stopped him.", "No"),
        ("Was the driver unarmed?", "The driver was armed when police stopped him.", "No"),
        ("Was the driver unarmed?", "The driver was unarmed when police stopped him.", "Yes"),
        ("Is a deal likely this week?", "A deal this week is unlikely, the minister said.", "No"),
        ("Was the driver armed?", "His passenger was unarmed.", ""),
    ],
)
def test_what_the_words_of_a_sentence_say(question: str, text: str, word: str) -> None:
    assert told(question, text, HEADLINE, f"{AROUND} {text}") == word


def test_another_figure_denies_nothing_where_the_article_has_the_one_that_is_asked() -> None:
    question, text = "Did rents rise by 8 percent?", "Rents rose by 5 percent in May."
    assert told(question, text, HEADLINE, f"{text} The union had asked for 8 percent.") == "No"
    assert not told(question, text, HEADLINE, f"{text} In June rents rose by 8 percent.")


def test_what_the_article_does_not_know_is_not_denied() -> None:
    assert told("Did oil leak into the sea?", "No oil leaked.", HEADLINE, AROUND) == "not Yes"


def test_a_sentence_stands_alone_after_the_word() -> None:
    assert unled("Until then, ferries are cancelled.") == "Ferries are cancelled."
    assert unled("Until Friday, ferries are cancelled.") == "Until Friday, ferries are cancelled."
    assert unwrapped('"No oil leaked. "', ["No oil leaked."]) == "No oil leaked."
    said = '"We lost the rudder."'
    assert unwrapped(said, [f"{said} Krall said."]) == said


def test_two_who_are_named_do_not_change_places() -> None:
    source = "Former judge Ada Krall was elected mayor of Corfe, beating the incumbent, Ola Brand."
    assert swapped("Ola Brand was elected mayor of Corfe, beating Ada Krall.", source)
    assert not swapped("Ada Krall was elected mayor, beating Ola Brand.", source)
    assert not swapped("Ola Brand was beaten by Ada Krall.", source)
    assert not swapped("Ola Brand was the incumbent.", source)


def test_a_title_keeps_its_capital_after_the_word() -> None:
    assert continued("Finance Minister Holm left.", "finance") == "Finance Minister Holm left."
    assert continued("Former judge Ada Krall won.", "") == "former judge Ada Krall won."
    assert continued("Twelve people left.", "") == "twelve people left."
    assert continued("Fleet manager Ola Brand left.", "") == "fleet manager Ola Brand left."
    assert continued("Krall manager Ola Brand left.", "") == "Krall manager Ola Brand left."
    assert continued("Whatever came, they left.", "") == "whatever came, they left."
    assert continued("IT staff left.", "") == "IT staff left."
    beside = "She sang The Old Weir with the choir."
    assert continued("The singer left.", beside) == "the singer left."
    assert continued("The Old Weir was sung.", beside) == "The Old Weir was sung."


@pytest.mark.parametrize(
    ("question", "text", "holds"),
    [
        ("Has Krall's party got a majority on the council?", "Voters chose Ada Krall.", False),
        ("Has Krall left the mill?", "Ada Krall will leave the mill soon.", True),
        ("Was Brand convicted of theft?", "Ola Brand was charged with theft.", True),
    ],
)
def test_what_has_little_of_what_is_asked_is_no_reply(
    question: str, text: str, holds: bool
) -> None:
    assert holds_half(question, text) == holds
