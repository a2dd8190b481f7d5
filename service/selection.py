"""Selection: the sentences of the passages found that the model is given to read.

To read is what costs most on a CPU, and what surrounds an answer hides it: so the best article, or
of a long one the best passage, is read first with the few other sentences that bear most on the
question and, only where that does not answer, with more of them. docs/decisions.md has the figures.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from index.registry import Passage
from service.grounding import Evidence, covered, evidence, weights_of

# Words of an article that is read first, and whole: the next question on it finds it in the KV
# cache. Of a longer one it is the best passage.
SHORT_ARTICLE = 160
# Words of other sentences that are read with it, and words that are read first at least.
MORE_WORDS, FIRST_WORDS = 40, 130
# Words read for a question, and as many more for each passage asked for beyond the usual six.
WORDS, WORDS_A_PASSAGE = 250, 42
# One article alone is read whole up to this: the next question on it finds it in the KV cache.
WHOLE_ARTICLE = 400
# What a sentence's score takes from its words, its passage's rank, and the sentences beside it.
LEXICAL, RANK, NEIGHBOUR = 0.5, 0.3, 0.75

# The cosine of a question and each of some texts.
Similarity = Callable[[str, Sequence[str]], npt.NDArray[np.float32]]


def readings(
    passages: Sequence[Passage],
    questions: Sequence[str],
    similarity: Similarity,
    *,
    at_once: bool = False,
) -> Iterator[list[Evidence]]:
    """What to read first, and what to read where that is not enough, which begins with the first.

    `passages` come best first. `questions` are the parts of one question: a sentence counts by the
    part that it bears on most. Little, and what several parts are asked of, is read at once; so is
    all with `at_once`.
    """
    offered = evidence(passages)
    lengths = [len(e.text.split()) for e in offered]
    most = max(WORDS, WORDS_A_PASSAGE * len(passages))
    if len({e.passage.article_id for e in offered}) == 1:
        most = max(most, WHOLE_ARTICLE)
    if sum(lengths) <= most:
        yield offered
        return
    scores = np.max([_scores(offered, passages, q, similarity) for q in questions], axis=0)
    order = [int(i) for i in np.argsort(-scores, kind="stable")]

    def with_best(read: list[int], words: int) -> list[int]:
        """With those sentences that bear most on the question, as many as fit."""
        more: list[int] = []
        left = words - sum(lengths[i] for i in read)
        for i in order:
            if i not in read and (lengths[i] <= left or not (read or more)):
                more.append(i)
                left -= lengths[i]
        return read + sorted(more)

    read: list[int] = []
    if len(questions) == 1 and not at_once:
        best = _best(passages)
        read = [i for i, e in enumerate(offered) if e.passage in best]
        read = with_best(read, max(FIRST_WORDS, sum(lengths[i] for i in read) + MORE_WORDS))
        yield [offered[i] for i in read]
    if len(more := with_best(read, most)) > len(read):
        yield [offered[i] for i in more]


def _best(passages: Sequence[Passage]) -> list[Passage]:
    """The best article's passages where it is short, else the best one."""
    article = [p for p in passages if p.article_id == passages[0].article_id]
    return article if _words(article) <= SHORT_ARTICLE else [passages[0]]


def with_whole(passages: Sequence[Passage], article: Sequence[Passage]) -> list[Passage]:
    """The passages found, with all of the best one's `article` where it is short."""
    found = {passage.id for passage in passages}
    if passages[0].id not in {passage.id for passage in article} or _words(article) > SHORT_ARTICLE:
        return list(passages)
    return [passages[0], *(p for p in article if p.id not in found), *passages[1:]]


def _words(passages: Sequence[Passage]) -> int:
    return sum(len(e.text.split()) for e in evidence(passages))


def _scores(
    offered: Sequence[Evidence],
    passages: Sequence[Passage],
    question: str,
    similarity: Similarity,
) -> npt.NDArray[np.float64]:
    texts = [e.text for e in offered]
    weights = weights_of(question, offered)
    ranks = {passage.id: rank for rank, passage in enumerate(passages)}
    own: npt.NDArray[np.float64] = similarity(question, texts) + np.array(
        [LEXICAL * covered(weights, e.text) + RANK / (1 + ranks[e.passage.id]) for e in offered]
    )
    # What a sentence says of "it" is told beside the one that names it.
    scores = own.copy()
    for i in range(1, len(offered)):
        if offered[i - 1].passage.article_id == offered[i].passage.article_id:
            for one, other in ((i - 1, i), (i, i - 1)):
                scores[one] = max(scores[one], NEIGHBOUR * own[other] + (1 - NEIGHBOUR) * own[one])
    return scores
