"""Articles that tell of one thing and give another number for it."""

from pathlib import Path

import pytest

from index.articles import NewArticle
from index.embeddings import MiniLM
from index.index import Index
from index.registry import Filters, Passage
from index.sentences import Span
from service.conflicts import counted, is_later, rivals
from service.evidence import evidence
from service.grounding import ground

UNION = (
    "HARROW, March 3 (Courier) - Nurses at the clinic in Harrow walked out on Monday for 48 hours "
    "after talks on pay failed. They had asked for 6 percent. "
    "Union leader Ada Krall said 310 nurses had joined the walkout."
)
MINISTRY = (
    "HARROW, March 3 (Herald) - A two-day strike by nurses kept patients in Harrow waiting on "
    "Monday. About 190 nurses took part in the walkout, the ministry said. It put off 40 "
    "operations."
)
SAID = {"union": "310 nurses had joined the walkout", "ministry": "190 nurses took part"}


@pytest.mark.parametrize(
    ("question", "claim", "other"),
    [
        (
            "How many nurses took part in the Harrow strike?",
            "190 nurses took part in the Harrow strike.",
            "union",
        ),
        (
            "How many nurses joined the walkout in Harrow on Monday?",
            "310 nurses joined the walkout in Harrow on Monday.",
            "ministry",
        ),
    ],
)
def test_what_counts_the_same_is_the_rival_whatever_the_words(
    tmp_path: Path, embedder: MiniLM, question: str, claim: str, other: str
) -> None:
    index = Index(tmp_path, embedder)
    title = "Nurses of Harrow clinic begin strike"
    index.add(NewArticle(id="union", title=title, source="Courier", text=UNION))
    index.add(NewArticle(id="ministry", title=title, source="Herald", text=MINISTRY))
    offered = evidence([hit.passage for hit in index.search(question, Filters(), 6)])
    grounds = ground(claim, question, offered)
    assert grounds and not grounds.failed
    (rival,) = rivals(claim, question, grounds, offered, index.similarity)
    assert rival.passage.article_id == other
    assert SAID[other] in rival.text
    index.close()


def test_the_dead_of_a_collision_were_killed_when_two_collided(
    tmp_path: Path, embedder: MiniLM
) -> None:
    index = Index(tmp_path, embedder)
    one = "At least 9 people were killed when a train hit a bus in Harrow on Monday. It was foggy."
    two = "Eleven people died and 30 were hurt after a bus and a train collided near Harrow."
    index.add(NewArticle(id="one", title="Harrow train hits bus", source="Courier", text=one))
    index.add(NewArticle(id="two", title="Eleven dead near Harrow", source="Herald", text=two))
    question, claim = (
        "How many died?",
        "At least 9 people were killed in the Harrow train collision.",
    )
    offered = evidence([hit.passage for hit in index.search(claim, Filters(), 6)])
    grounds = ground(claim, question, offered)
    assert grounds
    (rival,) = rivals(claim, question, grounds, offered, index.similarity)
    assert rival.text == two
    index.close()


def test_what_a_number_counts_stands_right_behind_it() -> None:
    text = "On 3 March (Herald) some 2,300 bus drivers walked out for 48 hours."
    assert counted(text, frozenset(["2300"])) == {"bus", "driver", "walk"}
    assert counted(text, frozenset(["48"])) == {"hour"}
    assert counted("On the 3 (Courier)", frozenset(["3"])) == frozenset()


def test_of_two_times_the_later_instant_is_the_later_report() -> None:
    def at(time: str) -> Passage:
        return Passage(1, "a", "r", None, "Courier", None, time, (Span(0, 1),), "A")

    early, late = at("2024-11-26T01:00:00+03:00"), at("2024-11-25T23:30:00Z")
    assert is_later(late, early)
    assert not is_later(early, late)
    assert is_later(at("2024-11-26T00:30:00"), late)
    assert is_later(at("2024-11-27"), early)
    assert not is_later(early, at("2024-11-26T01:00:00+03:00"))
