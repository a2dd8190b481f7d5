"""Whether two texts are one story."""

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from index.articles import NewArticle
from index.documents import read_documents
from index.duplicates import SAME_STORY, bands, same_story, signature, similarity
from index.index import Index

EXAMPLES = sorted((Path(__file__).parent.parent / "examples" / "articles").glob("*.txt"))
STORY = read_documents(EXAMPLES[0].name, EXAMPLES[0].read_bytes())[0].text


def edited(text: str, share: float) -> str:
    """The text with a share of its words replaced."""
    choose = random.Random(4)
    return " ".join(w if choose.random() > share else "quagga" for w in text.split())


def same(one: str, other: str) -> bool:
    return same_story(signature(one), signature(other), lambda: (one, other))


def test_a_story_stays_one_with_what_outlets_change() -> None:
    assert same(STORY, STORY.upper().replace("\n\n", "\n"))
    assert same(STORY, f"PORT ELLERY, May 3 (Islands Wire) - {STORY}\n\nReporting by A. Writer")
    assert same(STORY, edited(STORY, 0.05))
    assert same(STORY, STORY[: round(len(STORY) * 0.75)])


def test_other_articles_on_the_same_event_are_other_stories() -> None:
    texts = [read_documents(path.name, path.read_bytes())[0].text for path in EXAMPLES]
    signatures = [signature(text) for text in texts]
    for number, one in enumerate(signatures):
        for other in signatures[number + 1 :]:
            assert similarity(one, other) < SAME_STORY / 2
            assert not set(bands(one)) & set(bands(other))


def test_reports_that_differ_in_their_figures_alone_are_told_apart_when_short() -> None:
    assert not same("Shr 34 cts vs 28 cts", "Shr 41 cts vs 28 cts")
    assert same("Shr 34 cts vs 28 cts", "SHR 34 cts vs. 28 cts.")


def test_a_report_that_comes_each_week_with_new_figures_is_another_story() -> None:
    report = (
        "New applications for unemployment benefits rose to a seasonally adjusted {} in the week "
        "ended {} from {} in the prior week, the Labour Department of Kestovia said. The number of "
        "persons who actually received benefits under regular state programmes totalled {} in the "
        "week before, the latest period for which that figure was available, the department said."
    )
    first = report.format("340,000", "June 6", "310,000", "2,145,000")
    other = report.format("341,000", "March 14", "352,000", "2,767,000")
    assert similarity(signature(first), signature(other)) >= SAME_STORY
    assert not same(first, other)
    assert same(first, first.replace("340,000", "350,000"))


@given(text=st.text())
def test_any_text_has_a_signature(text: str) -> None:
    one = signature(text)
    assert one.shape == (128,)
    assert len(bands(one)) == 32
    assert all(-(2**63) <= band < 2**63 for band in bands(one))
    assert similarity(one, signature(text)) == 1


def test_signatures_do_not_change_from_one_run_to_the_next() -> None:
    """They are kept: other ones need another `duplicates.VERSION`."""
    assert signature("The bridge at Harrow Mere was closed.")[:3].tolist() == KNOWN


KNOWN = [4177875520, 4245555181, 3799656819]


def test_the_copy_is_told_of_the_first_and_not_the_other_way_round(index: Index) -> None:
    first = index.add(NewArticle(id="wire", text=STORY, title="First"))
    other = index.add(NewArticle(id="gazette", text=edited(STORY, 0.03), title="Other"))
    third = index.add(NewArticle(id="courier", text=edited(STORY, 0.04)))
    assert [a.duplicate_of for a in (first, other, third)] == [None, "wire", "wire"]
    again = index.add(NewArticle(id="wire", text=STORY, title="First"))
    assert (again.status, again.duplicate_of) == ("unchanged", None)


def test_what_is_deleted_or_rewritten_is_no_longer_told_of(index: Index) -> None:
    for article_id in ("a", "b", "c"):
        index.add(NewArticle(id=article_id, text=STORY))
    index.delete("a")
    assert index.registry.duplicate_of("b") is None
    assert index.registry.duplicate_of("c") == "b"
    index.add(NewArticle(id="b", text="Eating beans every day lowers blood pressure. " * 3))
    assert index.registry.duplicate_of("c") is None
