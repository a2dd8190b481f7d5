import pytest

from service.questions import is_polar, outlets_named, parts, without_form


@pytest.mark.parametrize(
    "question",
    [
        "Did anyone die in the flood?",
        "is the bridge open again",
        "Hasn't the mayor resigned?",
        "According to the ministry, will the port reopen?",
        "Does 'The Age' say that profits rose, or not?",
    ],
)
def test_yes_or_no_answers_these(question):
    assert is_polar(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who died in the flood?",
        "Was it on Monday or on Tuesday?",
        "In which year was the ferry built?",
        "How many people were there, and did they leave?",
        "Die Fähre, wann sank sie?",
    ],
)
def test_these_want_more_than_yes_or_no(question):
    assert not is_polar(question)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who signed the deal?", ["Who signed the deal?"]),
        (
            "Who signed the deal, and when does it take effect?",
            ["Who signed the deal?", "when does it take effect?"],
        ),
        (
            "How many people left and did they return?",
            ["How many people left?", "did they return?"],
        ),
        (
            "What was found? Where is it kept now?",
            ["What was found?", "Where is it kept now?"],
        ),
        (
            "Who is the mayor and is known for singing?",
            ["Who is the mayor and is known for singing?"],
        ),
        ("Which firms did Anna and Boris found?", ["Which firms did Anna and Boris found?"]),
        ("When and where was it signed?", ["When and where was it signed?"]),
        (
            "The gap between what was said and what was done?",
            ["The gap between what was said and what was done?"],
        ),
        (
            "How many voted for it, and how many against?",
            ["How many voted for it, and how many against?"],
        ),
        ("  what \n happened ", ["what happened"]),
        (
            "Does the Courier say that it sank, while the Gazette says that it was saved?",
            [
                "Does the Courier say that it sank?",
                "Is it so that the Gazette says that it was saved?",
            ],
        ),
        ("Who sang, while the ship sank?", ["Who sang, while the ship sank?"]),
    ],
)
def test_a_question_is_split_where_another_begins(question, expected):
    assert parts(question) == expected


def test_an_outlet_is_named_where_it_stands_as_it_is_written() -> None:
    known = ["Time", "Valley Gazette", "The Courier"]
    question = "What do The Courier and the Valley Gazette say of the time in Timehurst?"
    assert outlets_named(question, known) == ["The Courier", "Valley Gazette"]


def test_an_outlet_goes_by_the_beginning_of_its_name() -> None:
    known = ["Cbx | World Business News", "Valley News - Arts", "Time"]
    question = "What did CBX and Valley News say of the time?"
    assert outlets_named(question, known) == ["Cbx | World Business News", "Valley News - Arts"]


def test_a_source_without_a_name_is_named_by_no_question() -> None:
    assert outlets_named("Who closed it?", ["", " ", " | World", "\n- Arts"]) == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("In at most 12 words: who owns the ferry?", "Who owns the ferry?"),
        ("Tell me in about 80 words how the ferry sank.", "Tell me how the ferry sank."),
        ("Who owns the ferry? Please answer in one short sentence.", "Who owns the ferry?"),
        ("In 2 or 3 sentences, did the ferry sink?", "Did the ferry sink?"),
        ("What was lost with the ferry, as a list?", "What was lost with the ferry?"),
        ("Explain briefly why the ferry sank.", "Explain why the ferry sank."),
        ("Who sank 12 ferries in 2019?", "Who sank 12 ferries in 2019?"),
        ("Who was put in a list of owners?", "Who was put in a list of owners?"),
        ("How many words?", "How many words?"),
        ("In one sentence.", "In one sentence."),
    ],
)
def test_the_form_that_an_answer_is_to_have_is_not_asked_of_the_articles(question, expected):
    assert without_form(question) == expected
