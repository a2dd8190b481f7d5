"""What the check without the language model tells apart, of an item of news written for this: most
of what is true in other words, and nearly all that is changed in a word.
"""

from serving import Served
from test_checks import check

ITEM = """\
Voters in Kestrel Bay rejected a plan for a second harbour on Sunday. With all ballots counted,
5,410 of them, or 58 %, were against it. The Open Quay party had campaigned for the harbour and the
Shore League against it.

Mayor Odile Tanner, who had backed the plan, said she would stay in office. "I have heard the town,"
she told reporters outside the library. Her deputy, Piet Vandal, resigned the same evening.

The harbour was to cost 84 million crowns, of which the region would have paid half. Fishing crews
feared that dredging would drive away the cod. The port company Lodestar, which employs 320 people,
said that it might move its repair yard to Sandholm next year.

Turnout was 71 % in the old town and 49 % in the suburbs. A new plan cannot be put to the vote
before 2029."""

TRUE = [
    "The people of Kestrel Bay voted down a second harbour on Sunday.",
    "58 % of the voters were opposed to the project.",
    "The Shore League fought the harbour, while Open Quay wanted it.",
    "Odile Tanner will not step down as mayor.",
    "Deputy mayor Piet Vandal quit on Sunday evening.",
    "The project's price was put at 84 million crowns.",
    "Half of the money would have come from the region.",
    "Fishermen were afraid that the cod would disappear because of dredging.",
    "Lodestar has a workforce of 320.",
    "More than two thirds of the old town's voters took part, but fewer than half in the suburbs.",
    "The company may relocate its repair yard to Sandholm.",
    "No new plan may go to the voters until 2029.",
]

FALSE = [
    "Voters in Kestrel Bay approved a plan for a second harbour on Sunday.",
    "With all ballots counted, 5,140 of them, or 58 %, were against it.",
    "The Shore League had campaigned for the harbour.",
    "Mayor Odile Tanner, who had opposed the plan, said she would stay in office.",
    "Her deputy, Piet Tanner, resigned the same evening.",
    "The harbour was to cost 84 million crowns, of which the state would have paid half.",
    "Lodestar moved its repair yard to Sandholm.",
    "Turnout was 49 % in the old town and 71 % in the suburbs.",
    "A new plan can be put to the vote before 2029.",
    'Tanner told reporters outside the library: "I have heard enough."',
    "Odile Tanner resigned the same evening.",
    "Voters in Kestrel Bay rejected a plan for a second harbour on Friday.",
]


def test_the_floor_of_the_check_without_the_model(fresh: Served) -> None:
    told = {}
    for text in (*TRUE, *FALSE):
        about = {"source_text": ITEM, "source_published_at": "2026-03-16"}
        (sentence,) = check(fresh, text, mode="fast", **about)["sentences"]
        told[text] = sentence["label"] == "supported"
    assert sum(told[text] for text in TRUE) >= 7
    assert sum(told[text] for text in FALSE) <= 2
