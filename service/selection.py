"""Selection: the sentences of the passages found that the model is given to read.

To read is what costs most on a CPU, and what surrounds an answer hides it: so the two best passages
are read first and, only where they do not answer, also those sentences of the others that bear most
on the question. docs/decisions.md has the figures.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from index.registry import Passage
from service.grounding import Evidence, covered, evidence, weights_of

FIRST = 2  # passages that are read first, whole
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
    first: list[Evidence] = []
    if len(questions) == 1 and not at_once:
        # In an order of their own: the next question finds them in the KV cache.
        first = evidence(sorted(passages[:FIRST], key=lambda passage: passage.id))
        yield first
    read = {(e.passage.article_id, e.span) for e in first}
    left = most - sum(len(e.text.split()) for e in first)
    scores = np.max([_scores(offered, passages, q, similarity) for q in questions], axis=0)
    more: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        known = (offered[i].passage.article_id, offered[i].span) in read
        if not known and (lengths[i] <= left or not (first or more)):
            more.append(int(i))
            left -= lengths[i]
    if more:
        yield first + [offered[i] for i in sorted(more)]


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
