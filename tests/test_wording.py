import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from service.wording import names, stems, with_spelling, without_stray_marks, words

ENDINGS = ("ational", "fulness", "iveness", "ousness", "ization", "ibility", "ements", "ing")


@pytest.fixture
def threads_in_quick_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("threads_in_quick_turns")
def test_stems_are_the_same_whoever_else_asks_for_some() -> None:
    made_up = [f"{a}{b}ov{ending}" for a in "bcdfgklm" for b in "aeiou" for ending in ENDINGS]
    stemmer = snowballstemmer.stemmer("english")
    texts = [" ".join(made_up[i::8]) for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(stems, texts))
    assert found == [frozenset(stemmer.stemWords(text.split())) for text in texts]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("She said, “We shall “perhaps” rebuild. And soon.", None),
        ("She said, “We shall rebuild.", "She said, We shall rebuild."),
        ("It was old,” she said, “and weak.”", "It was old, she said, “and weak.”"),
        ('It was old," she said.', "It was old, she said."),
        ("“We shall rebuild,” she said.", "“We shall rebuild,” she said."),
        ('A pipe of 5" burst.', 'A pipe of 5" burst.'),
    ],
)
def test_a_quotation_mark_without_its_other_half_is_left_out(text: str, shown: str | None) -> None:
    told = "She said, We shall “perhaps” rebuild. And soon."
    assert without_stray_marks(text) == (shown or told)


def test_an_hour_is_the_same_with_a_colon_or_a_stop() -> None:
    assert stems("The gate opened at 7:45 am.") == stems("The gate opened at 7.45 am.")
    assert "3:1" in stems("They won by odds of 3:1.")


def test_forms_of_a_verb_are_one() -> None:
    assert stems("took taken taking") == {"take"}
    assert stems("said rose led won") == stems("says rising leads wins")


def test_the_british_spelling_and_the_american_are_one() -> None:
    british = "Defence labour centres organisation organised harbouring licences theatre criticise"
    american = "Defense labor centers organization organized harboring licenses theater criticize"
    assert [w.stem for w in words(british)] == [w.stem for w in words(american)]
    # Other forms of a word keep its stem.
    for alike in ("revised revision", "televised television", "precise precisely", "killed kill"):
        assert len(stems(alike)) == 1
    for alike in ("defence defensive", "labour labourers", "advertised advertisement"):
        assert len(stems(alike)) == 1
    assert len(stems("centre central hour our")) == 4


def test_words_fold_case_accents_plurals_and_written_numbers() -> None:
    stem = {word.text: word.stem for word in words("Fourteen 14 Café cafés 2,300 Holm’s")}
    assert stem["Fourteen"] == stem["14"] == "14"
    assert stem["Café"] == stem["cafés"]
    assert stem["2,300"] == "2300"
    assert stem["Holm’s"] == "holm"
    assert [w.stem for w in words("Thirty-one of forty-two-year-olds")][::2] == ["31", "42", "old"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("four hundred cows", ["400"]),
        ("Three thousand or 3 thousand cows", ["3000", "3000"]),
        ("a hundred and twenty-five cows", ["125"]),
        ("two hundred thousand, four hundred million", ["200000", "400"]),
        ("twelve thousand four hundred and six cows", ["12406"]),
        ("a dozen, two dozen and half a dozen cows", ["12", "24", "6"]),
        ("a million cows", ["1"]),
        ("$200k, 200k and £1.5K", ["200000", "200000", "1500"]),
        ("one hundred cows", ["100"]),
        # What is no such number.
        ("a billion-euro loss", []),
        ("half a million, hundreds, a few hundred, several dozen cows", []),
        ("between one hundred and two hundred cows", ["100", "200"]),
        ("a hundred and two others", ["100", "2"]),
        ("of the three thousand, five hundred left", ["3000", "500"]),
        ("a hundred four-year-old cows", ["100", "4"]),
        ("the one hundred-year-old oak", ["1"]),
        ("200 kg on 1.234.567 thousand", ["200", "1.234.567"]),
    ],
)
def test_a_number_of_several_words_is_one(text: str, numbers: list[str]) -> None:
    assert [w.stem for w in words(text) if w.is_number] == numbers


def test_a_common_word_that_opens_a_sentence_is_no_name() -> None:
    common = frozenset({"work"})
    found = names("Work starts today. “Holm said so,” said Brandt.", common=common)
    assert [w.text for w in found] == ["Holm", "Brandt"]
    assert [w.text for w in names("Italy won. Sadly, France lost.")] == ["Italy", "France"]
    assert not names("Another storm came. Together they left. Despite it all went well.")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Polling stations in Corfe closed late.", ["Corfe"]),
        ("Winning the cup was easy for Corfe.", ["Corfe"]),
        ("Holting won the cup.", ["Holting"]),
        ("Holting opened a bridge.", ["Holting"]),
        ("Holting plans to build a bridge.", ["Holting"]),
        ("Holting never built a bridge.", ["Holting"]),
        ("Holting has a bridge.", ["Holting"]),
        ("Holting Bridge is old.", ["Holting", "Bridge"]),
        ("Reading fans sang.", ["Reading"]),
    ],
)
def test_a_deed_that_opens_a_sentence_is_no_name(text: str, named: list[str]) -> None:
    assert [w.text for w in names(text)] == named


def test_no_one_is_no_number() -> None:
    assert [w.stem for w in words("No one of the one hundred, only one.") if w.is_number] == [
        *("1", "1")
    ]


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("It is 180 meters long.", "It is 180 metres long.", "It is 180 metres long."),
        ("They organised the center.", "They organized the centre.", "They organized the centre."),
        ("The color was traveled.", "The colour had travelled.", "The colour was travelled."),
        ("The harbor was closed.", "The Harbour was closed.", "The harbor was closed."),
        ("Four tore it.", "For hours it rained.", "Four tore it."),
        ("Its meter is 2 meters long.", "The meters and metres are long.", None),
    ],
)
def test_words_are_spelt_as_the_source_spells_them(
    text: str, source: str, expected: str | None
) -> None:
    assert with_spelling(text, source) == (expected or text)
