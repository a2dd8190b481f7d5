from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from index.embeddings import Vectors
from index.registry import Passage
from index.sentences import sentence_spans
from service.grounding import Evidence
from service.selection import WHOLE_ARTICLE, WORDS, readings, with_whole

FILLER = "Nothing of note was said about the harbour wall on that long grey afternoon"  # 14 words
TOLD = "The ferry sank on Monday."


def passage(number: int, *sentences: str, article_id: str | None = None) -> Passage:
    text = " ".join(sentences)
    article_id = article_id or f"article {number}"
    spans = tuple(sentence_spans(text))
    return Passage(number, article_id, "r", f"Title {number}", None, None, None, spans, text)


def filler(number: int) -> Passage:
    return passage(number, *(f"{FILLER}, said witness {number * 10 + i}." for i in range(4)))


def about_the_ferry(query: str, texts: Sequence[str]) -> Vectors:
    return np.array([float("ferry" in text) for text in texts], np.float32)


def read(
    passages: Sequence[Passage], article: Sequence[Passage] | None = None
) -> list[list[Evidence]]:
    article = [passages[0]] if article is None else article
    found = with_whole(passages, article)
    return list(readings(found, article, ("What sank?",), about_the_ferry))


def words(found: Sequence[Evidence]) -> int:
    return sum(len(e.text.split()) for e in found)


def test_little_is_read_at_once_and_whole() -> None:
    passages = [filler(1), filler(2)]
    assert [[e.text for e in found] for found in read(passages)] == [
        [e for p in passages for e in (s.of(p.text) for s in p.sentences)]
    ]


def article_of(sentences: int, article_id: str = "one") -> list[Passage]:
    """Its passages, four sentences each."""
    text = " ".join(f"{FILLER}, said witness {i}." for i in range(sentences))
    spans = sentence_spans(text)
    return [
        Passage(
            *(at, article_id, "r", None, None, None, None),
            tuple(run),
            text[run[0].start : run[-1].end],
        )
        for at in range(0, sentences, 4)
        if (run := spans[at : at + 4])
    ]


def test_the_best_article_is_read_first_where_it_is_short_whatever_passage_was_found() -> None:
    one, two = article_of(8)
    others = [filler(n) for n in range(13, 18)]
    first, _ = read([two, *others], [one, two])
    assert [e.passage.id for e in first[:8]] == [one.id] * 4 + [two.id] * 4
    assert first[:8] == read([one, *others], [one, two])[0][:8]


def test_of_a_long_article_the_two_best_passages_are_read_first() -> None:
    article = article_of(12)
    others = [filler(n) for n in range(13, 18)]
    first, _ = read([article[1], *others, article[2]], article)
    assert [e.passage.id for e in first] == [article[1].id] * 4 + [13] * 4


def test_what_was_written_anew_meanwhile_is_not_mixed() -> None:
    one, two = article_of(8)
    assert with_whole([two], [replace(one, id=90), replace(two, id=91)]) == [two]
    assert with_whole([two], []) == [two]


def test_what_is_read_first_holds_what_bears_most_on_the_question_wherever_it_stands() -> None:
    passages = [filler(n) for n in range(1, 7)] + [passage(9, TOLD, f"{FILLER}.", f"{FILLER}.")]
    first, more = read(passages)
    assert TOLD in [e.text for e in first]
    assert more[: len(first)] == first
    assert len(set(more)) == len(more)
    assert words(first) < words(more) <= max(WORDS, 42 * len(passages))


def test_several_parts_are_asked_of_one_reading_which_holds_what_bears_on_each() -> None:
    def similar(query: str, texts: Sequence[str]) -> Vectors:
        return np.array([float(query[:-1].split()[-1] in text) for text in texts], np.float32)

    passages = [filler(n) for n in range(1, 7)]
    passages += [passage(8, TOLD), passage(9, "The lighthouse was painted red.")]
    asked = ("What of the ferry?", "What of the lighthouse?")
    (found,) = readings(passages, passages[:1], asked, similar)
    texts = [e.text for e in found]
    assert TOLD in texts and "The lighthouse was painted red." in texts


def test_one_article_is_read_whole_up_to_a_length() -> None:
    whole = WHOLE_ARTICLE // words(read(article_of(1))[0])
    assert [words(found) <= WHOLE_ARTICLE for found in read(article_of(whole))] == [True]
    assert len(read(article_of(whole + 1))) == 2
