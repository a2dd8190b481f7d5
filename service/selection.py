"""Selection: the sentences of the passages found that the model is given to read.

To read is what costs most on a CPU, and what surrounds an answer hides it: so the best article, if
it is short, is read first with the few other sentences that bear most on the question, else the two
best passages are; and more sentences only where that does not answer. A question of several parts
is read for a part at a time. docs/decisions.md has the figures.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from index.registry import Passage
from service.evidence import Evidence, evidence
from service.grounding import Similarity, covered, weights_of
from service.orders import orders

# Words of an article that is read first, and whole: the next question on it finds it in the KV
# cache.
SHORT_ARTICLE = 160
MORE_WORDS = 40  # of other sentences, which are read with it
FIRST = 2  # passages that are read first, whole, where the best is of a longer article
# Words read for a question, and as many more for each passage asked for beyond the usual six.
WORDS, WORDS_A_PASSAGE = 250, 42
# One article alone is read whole up to this: the next question on it finds it in the KV cache.
WHOLE_ARTICLE = 400
# What a sentence's score takes from its words, its passage's rank, and the sentences beside it.
LEXICAL, RANK, NEIGHBOUR = 0.5, 0.3, 0.75


def readings(
    passages: Sequence[Passage],
    article: Sequence[Passage],
    questions: Sequence[str],
    similarity: Similarity,
    *,
    best: Sequence[Passage] = (),
    before: Sequence[Evidence] = (),
    at_once: bool = False,
) -> Iterator[list[Evidence]]:
    """What to read first, and what to read where that is not enough, which begins with the first.

    `passages` come best first; `article` is all of the best one's. A sentence counts by that of the
    `questions` that it bears on most. Little is read at once; so is all with `at_once`. What an
    article orders is not read.

    Of a part of a question `best` are the passages found for it alone, best first, and `before` is
    what was read for the parts before it: its readings begin with that, which is in the KV cache,
    unless it has become long.
    """
    offered = readable(trusted(evidence(passages)))
    lengths = [len(e.text.split()) for e in offered]
    known = [i for i, e in enumerate(offered) if e in before]
    if sum(lengths[i] for i in known) > WHOLE_ARTICLE:
        known = []
    most = max(WORDS, WORDS_A_PASSAGE * len(passages))
    if len({e.passage.article_id for e in offered}) == 1:
        most = max(most, WHOLE_ARTICLE)
    if sum(lengths) <= most and not best:
        yield offered
        return
    ranked = [*(p for p in best if p in passages), *(p for p in passages if p not in best)]
    scores = np.max([_scores(offered, ranked, q, similarity) for q in questions], axis=0)
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

    read = sorted(known, key=lambda i: before.index(offered[i]))
    if at_once:
        yield [offered[i] for i in with_best(read, most)]
        return
    if not best and is_short(article) and set(article) <= set(passages):
        read += [i for i, e in enumerate(offered) if e.passage in article]
        read = with_best(read, sum(lengths[i] for i in read) + MORE_WORDS)
    else:
        first = ranked[:FIRST]
        read += [i for i, e in enumerate(offered) if e.passage in first and i not in known]
    yield [offered[i] for i in read]
    most += sum(lengths[i] for i in known)
    if len(more := with_best(read, most)) > len(read):
        yield [offered[i] for i in more]


def readable(offered: Sequence[Evidence]) -> list[Evidence]:
    """Without the sentences that speak to whoever answers, unless there are no others."""
    return [e for e in offered if not orders(e.text)] or list(offered)


def trusted(offered: Sequence[Evidence]) -> list[Evidence]:
    """Without what goes on from an order in the paragraph that begins with it.

    Such a paragraph is a note to whoever answers, and its statements are no news; where all that is
    offered of its article is in such paragraphs, they are kept. What stands about an order within a
    paragraph of news is news.
    """
    noted: set[Evidence] = set()
    in_note = False
    for i, e in enumerate(offered):
        if i == 0 or not _one_paragraph(offered[i - 1], e):
            in_note = bool(orders(e.text))
        elif in_note:
            noted.add(e)
    others = {e.passage.article_id for e in offered if e not in noted and not orders(e.text)}
    return [e for e in offered if e not in noted or e.passage.article_id not in others]


def _one_paragraph(before: Evidence, after: Evidence) -> bool:
    """Whether two sentences that follow one another are known to stand in one paragraph."""
    if before.passage.article_id != after.passage.article_id:
        return False
    for passage in (before.passage, after.passage):
        if passage.span.covers(before.span) and passage.span.covers(after.span):
            start = passage.span.start
            return "\n" not in passage.text[before.span.end - start : after.span.start - start]
    return False


def with_whole(passages: Sequence[Passage], article: Sequence[Passage]) -> list[Passage]:
    """The passages found, with all of the best one's `article` where it is short."""
    if passages[0] not in article or not is_short(article):
        return list(passages)
    return [passages[0], *(p for p in article if p not in passages), *passages[1:]]


def is_short(article: Sequence[Passage]) -> bool:
    return sum(len(e.text.split()) for e in evidence(article)) <= SHORT_ARTICLE


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
