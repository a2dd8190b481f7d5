import pytest

from service.rewording import Reworded, reworded

TOLD = "The council of Ottering closed the old bridge to lorries on Monday."
AWAY = "It rained in Dale."


def test_the_words_that_stand_in_place_of_others_are_found() -> None:
    claim = "The council of Ottering shut the old tunnel to lorries."
    assert reworded(claim, [AWAY, TOLD]) == Reworded(
        TOLD, [("closed", "shut"), ("bridge", "tunnel")]
    )


@pytest.mark.parametrize(
    "claim",
    [
        TOLD,
        "On Monday the council of Ottering closed the old bridge to lorries.",
        "The council of Ottering quickly closed the old bridge to lorries.",  # added, not replaced
        "Lorries have to take another way since the beginning of the week.",
        "Of the council.",
    ],
)
def test_what_is_said_alike_or_quite_otherwise_has_no_such_places(claim: str) -> None:
    assert reworded(claim, [AWAY, TOLD]) is None
    assert reworded(claim, []) is None
