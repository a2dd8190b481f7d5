"""Selection: the sentences of the passages found that the model is given to read.

To read is what costs most on a CPU, and what surrounds an answer hides it: so of long passages
only the sentences that bear most on the question are read. docs/decisions.md has the figures.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from index.registry import Passage
from service.grounding import Evidence, covered, evidence, weights_of

# Words read for a question, and as many more for each passage asked for beyond the usual six.
WORDS, WORDS_A_PASSAGE = 250, 42
# One article alone is read whole up to this: the next question on it finds it in the KV cache.
WHOLE_ARTICLE = 400
# What a sentence's score takes from its words, its passage's rank, and the sentences beside it.
LEXICAL, RANK, NEIGHBOUR = 0.5, 0.3, 0.75

# The cosine of a question and each of some texts.
Similarity = Callable[[str, Sequence[str]], npt.NDArray[np.float32]]


def selected(
    passages: Sequence[Passage], questions: Sequence[str], similarity: Similarity
) -> list[Evidence]:
    """The sentences to read, in the order of articles and of their text; at least one.

    `passages` come best first. `questions` are the parts of one question: a sentence counts by the
    part that it bears on most.
    """
    offered = evidence(passages)
    lengths = [len(e.text.split()) for e in offered]
    most = max(WORDS, WORDS_A_PASSAGE * len(passages))
    if len({e.passage.article_id for e in offered}) == 1:
        most = max(most, WHOLE_ARTICLE)
    if sum(lengths) <= most:
        return offered
    scores = np.max([_scores(offered, passages, q, similarity) for q in questions], axis=0)
    taken: list[int] = []
    left = most
    for i in np.argsort(-scores, kind="stable"):
        if lengths[i] <= left or not taken:
            taken.append(int(i))
            left -= lengths[i]
    return [offered[i] for i in sorted(taken)]


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
