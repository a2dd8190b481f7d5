from collections.abc import Sequence

import numpy as np

from index.embeddings import Vectors
from index.registry import Passage
from index.sentences import sentence_spans
from service.grounding import Evidence
from service.selection import WHOLE_ARTICLE, WORDS, readings

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


def read(passages: Sequence[Passage], *questions: str) -> list[list[Evidence]]:
    return list(readings(passages, questions or ("What sank?",), about_the_ferry))


def words(found: Sequence[Evidence]) -> int:
    return sum(len(e.text.split()) for e in found)


def test_little_is_read_at_once_and_whole() -> None:
    passages = [filler(1), filler(2)]
    assert [[e.text for e in found] for found in read(passages)] == [
        [e for p in passages for e in (s.of(p.text) for s in p.sentences)]
    ]


def test_the_two_best_passages_are_read_first_in_an_order_that_the_question_does_not_change() -> (
    None
):
    others = [filler(n) for n in range(3, 8)]
    one, two = filler(1), filler(2)
    first, _ = read([two, one, *others])
    assert [e.passage.id for e in first] == [1] * 4 + [2] * 4
    assert first == read([one, two, *others])[0]


def test_more_begins_with_the_first_and_holds_what_bears_most_on_the_question() -> None:
    passages = [filler(n) for n in range(1, 7)] + [passage(9, TOLD, f"{FILLER}.", f"{FILLER}.")]
    first, more = read(passages)
    assert more[: len(first)] == first
    assert TOLD in [e.text for e in more[len(first) :]]
    assert len(set(more)) == len(more)
    assert words(first) < words(more) <= max(WORDS, 42 * len(passages))


def test_several_parts_are_asked_of_one_reading_which_holds_what_bears_on_each() -> None:
    def similar(query: str, texts: Sequence[str]) -> Vectors:
        return np.array([float(query[:-1].split()[-1] in text) for text in texts], np.float32)

    passages = [filler(n) for n in range(1, 7)]
    passages += [passage(8, TOLD), passage(9, "The lighthouse was painted red.")]
    (found,) = readings(passages, ("What of the ferry?", "What of the lighthouse?"), similar)
    texts = [e.text for e in found]
    assert TOLD in texts and "The lighthouse was painted red." in texts


def test_one_article_is_read_whole_up_to_a_length() -> None:
    def article(sentences: int) -> list[Passage]:
        text = " ".join(f"{FILLER}, said witness {i}." for i in range(sentences))
        spans = sentence_spans(text)
        return [
            Passage(
                at, "one", "r", None, None, None, None, tuple(run), text[run[0].start : run[-1].end]
            )
            for at in range(0, sentences, 4)
            if (run := spans[at : at + 4])
        ]

    whole = WHOLE_ARTICLE // words(read(article(1))[0])
    assert [words(found) <= WHOLE_ARTICLE for found in read(article(whole))] == [True]
    assert len(read(article(whole + 1))) == 2
