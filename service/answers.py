"""Answers: retrieve, attempt to answer, take in what other articles say instead, or refuse.

The data's way: question -> hits -> contexts -> attempts -> citations. A question of several parts
goes that way part by part. This module knows nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ulid import ULID

from index.errors import ContextTooLong, Deadline, StorageFull
from index.index import Hit, Index
from index.registry import Passage
from index.sentences import Span, sentence_spans
from service.asked import all_told, asks_when, repeats, tells_another_time, unmet
from service.attempt import ANSWERED, SURE, Attempt, Part, Tell, Work
from service.calibration import Calibration
from service.conflicts import CORRECTED, corrections, disagree, is_later, rivals
from service.contract import (
    Answer,
    AnswerRequest,
    CharLocation,
    Citation,
    Conflict,
    Dropped,
    Message,
    ModelName,
    Refusal,
    Retrieval,
    Usage,
    location,
)
from service.conversation import Standalone, refers, standalone
from service.errata import erred
from service.evidence import Cited, Evidence, evidence
from service.grounding import critical, ground
from service.nations import kin
from service.prompts import Prompt
from service.questions import outlets_named, parts, without_form
from service.reading import APART, Budget, Reader, context_of
from service.selection import readable, readings, trusted, with_whole
from service.verification import Verified, Verifier, cite, hold, place, stated, tidied
from service.wording import is_content, names, stems, words

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

# Below this the articles have nothing to do with the question: no word in common, and vectors no
# nearer than any two texts are.
LEAST_COSINE = 0.2
NEAREST = 3
# Passages looked for besides: for each part of a question of several, of each outlet that it names.
PASSAGES_A_PART, PASSAGES_AN_OUTLET = 2, 2
MOST_OUTLETS = 6
MOST_UNKNOWN = 3  # names that a refusal gives as those that no article tells of
# Where what is read first is less likely to hold the answer, nothing is asked of it but that. Where
# what it gives is less likely to be the answer, to read more is in vain.
READ_ON, HOPELESS = 0.5, 0.2
# What is less surely said is no other side: "the winner of 2018" may be found under 2022.
SURELY_OTHERWISE = 0.65
# Share of the words of what is told in reply to a further part, that told before it is no news.
TOLD_AGAIN = 0.7
_WHOSE_END = re.compile(r"['’]s$")
REASONS = {
    "no_articles": "There are no articles yet. Add some first.",
    "filtered_out": "No article passes the filters.",
    "no_match": "No article has anything to do with this question.",
    "not_stated": "The articles do not state the answer to this question.",
    "not_supported": "No answer was found that the articles support.",
    "deadline_exceeded": "There was not enough time for an answer. Allow more with max_seconds.",
}


class Answerer:
    """Answers questions from `index` with `chat`, a model that streams and gives `top_logprobs`.

    With `keep` the model's replies are kept beside the articles: what is asked again about the same
    passages costs no model.
    """

    def __init__(
        self, index: Index, chat: BaseChatModel, model: ModelName, *, keep: bool = True
    ) -> None:
        self._kept = index.registry if keep else None
        self._index, self._chat, self._model = index, chat, model
        self._calibration = Calibration.of(model.sha256)
        self._verifier = Verifier(self._calibration)
        self._prompts = {
            name: Prompt(name) for name in ("answer", "answerable", "named", "polar", "yes_no")
        }
        self._standalone = Prompt("standalone")

    def answer(
        self,
        request: AnswerRequest,
        budget: Budget,
        queued_ms: int = 0,
        tell: Tell = lambda event: None,
    ) -> Answer:
        """The answer with its citations, or a typed refusal.

        `tell` is given what was retrieved, then each sentence once it is final.

        Raises ArticleNotFound where a filter names an article that is not there, and
        ContextTooLong where not even one passage fits beside the question.
        """
        usage = Usage()
        reader = Reader(self._chat, budget, usage, self._model, self._kept)
        asked = Standalone(request.question, request.question)
        work = Work(request, reader, asked, usage=usage, tell=tell)
        work.timings.queue = queued_ms
        try:
            reason = self._work(work)
        except Deadline:
            reason = "deadline_exceeded"
            if not work.searched:
                self._tell_found([], work)
        return self._finish(work, reason)

    def _work(self, work: Work) -> str | None:
        """Fills `work`; gives the reason of a refusal, or None."""
        request, registry = work.request, self._index.registry
        for article_id in request.filters.article_ids:
            registry.get(article_id)
        if not registry.count(request.filters):
            self._tell_found([], work)
            return "filtered_out" if registry.count() else "no_articles"
        with work.timings.timed("generate"):
            work.asked = self._standing_alone(request.question, request.messages, work)
        # The model reads of what form the answer is to be; it is nothing to find or to check.
        work.questions = asked = parts(without_form(work.asked.question))
        with work.timings.timed("retrieve"):
            work.outlets = outlets_named(work.asked.question, registry.sources())[:MOST_OUTLETS]
            work.hits = self._search(asked, work)
        passages = [hit.passage for hit in work.hits]
        self._tell_found(passages, work)
        if not any(h.lexical or (h.dense or 0) >= LEAST_COSINE for h in work.hits):
            return "no_match"
        article = registry.passages_of(passages[0].article_id)
        passages = with_whole(passages, article)
        while True:
            try:
                return self._respond(passages, article, asked, work)
            except ContextTooLong:
                if len(passages) == 1:
                    raise
                passages = passages[: len(passages) // 2]

    def _tell_found(self, passages: Sequence[Passage], work: Work) -> None:
        work.searched = True
        work.tell(Retrieval(sources=[_passage_location(passage) for passage in passages]))

    def _search(self, asked: Sequence[str], work: Work) -> list[Hit]:
        query, filters = without_form(work.asked.query), work.request.filters
        hits = self._index.search(query, filters, work.request.top_k)
        further = [(part, filters, PASSAGES_A_PART) for part in asked if len(asked) > 1]
        found = {hit.passage.source for hit in hits}
        further += [
            (query, filters.model_copy(update={"sources": [outlet]}), PASSAGES_AN_OUTLET)
            for outlet in work.outlets
            if outlet not in found and outlet in (filters.sources or work.outlets)
        ]
        for text, chosen, most in further:
            more = self._index.search(text, chosen, most)
            work.found[text] = [hit.passage for hit in more]
            seen = {hit.passage.id for hit in hits}
            hits += [hit for hit in more if hit.passage.id not in seen]
        return hits

    def _respond(
        self,
        passages: Sequence[Passage],
        article: Sequence[Passage],
        asked: Sequence[str],
        work: Work,
    ) -> str | None:
        """Answers each part from the passages; gives the reason where none can be."""
        work.claims, work.dropped, work.parts = [], [], []
        read: Sequence[Evidence] = ()
        offered = _offered(passages, work)
        for question in asked:
            with work.timings.timed("generate"):
                part = self._part(question, work)
            work.parts.append(part)
            with work.timings.timed("retrieve"):
                if more := self._found_besides(part, passages, work):
                    passages = [*passages, *more]
                    offered = _offered(passages, work)
                to_read = self._readings(part, passages, article, read, work)
            read = to_read[0]
            try:
                part.reason = self._answer_part(part, to_read, offered, work)
                if part.reason is None:
                    with work.timings.timed("verify"):
                        self._contest(part, offered, work)
                    self._accept(part, work)
            except ContextTooLong:
                if not work.citations:
                    raise
                part.reason = "not_stated"  # what was told before stays
        return None if work.citations else work.parts[0].reason

    def _part(self, said: str, work: Work) -> Part:
        """A part of the question as it is asked: by itself where it can be, and is sooner read so.

        One that refers to what another names is rewritten, as a question that follows others is;
        where that does not hold it is asked beside the whole question.
        """
        whole = work.asked.question
        dated = any(map(asks_when, work.questions))  # one sentence may answer two parts
        if len(work.questions) == 1:
            return Part(said, said, asked=whole, called="", dated=dated)
        if names(said) and not refers(said):
            return Part(said, said, asked=said, called="", dated=dated)
        turns = []
        for part in work.parts:
            turns.append(Message(role="user", content=part.question))
            if part.accepted:
                told = " ".join(v.text for v in _sentences(part))
                turns.append(Message(role="assistant", content=told))
        found = self._standing_alone(said, turns, work)
        if found.question == said or found.question != found.query:
            return Part(said, said, asked=whole, called=said, dated=dated)
        return Part(said, found.question, asked=found.question, called="", dated=dated)

    def _standing_alone(self, question: str, messages: Sequence[Message], work: Work) -> Standalone:
        return standalone(
            question,
            messages,
            lambda turns, opening: work.reader.text(self._standalone, turns, opening=opening),
        )

    def _found_besides(self, part: Part, passages: Sequence[Passage], work: Work) -> list[Passage]:
        """What is found for a part that was rewritten, beside the `passages` found before."""
        if part.question == part.said:
            return []
        hits = self._index.search(part.question, work.request.filters, PASSAGES_A_PART)
        work.found[part.question] = [hit.passage for hit in hits]
        told = {hit.passage.id for hit in work.hits}
        work.hits += [hit for hit in hits if hit.passage.id not in told]
        seen = {passage.id for passage in passages}
        return [hit.passage for hit in hits if hit.passage.id not in seen]

    def _readings(
        self,
        part: Part,
        passages: Sequence[Passage],
        article: Sequence[Passage],
        before: Sequence[Evidence],
        work: Work,
    ) -> list[list[Evidence]]:
        """What to read for a part; `before` is what was read for those before it."""
        at_once = len(work.outlets) > 1
        questions = [part.question, work.asked.question] if part.called else [part.question]
        return list(
            readings(
                passages,
                article,
                work.questions if at_once else questions,
                self._index.similarity,
                best=work.found.get(part.question, ()) if len(work.questions) > 1 else (),
                before=before,
                at_once=at_once,
            )
        )

    def _answer_part(
        self,
        part: Part,
        to_read: Sequence[Sequence[Evidence]],
        offered: Sequence[Evidence],
        work: Work,
    ) -> str | None:
        """From what is read first or, where that does not answer, from more."""
        dropped, claims = len(work.dropped), len(work.claims)
        for read in to_read:
            last = read is to_read[-1]
            part.verified, part.signals = [], {}
            least = 0 if last else READ_ON
            needed = ANSWERED if last else SURE
            part.reason = self._attempt(part, read, offered, work, needed).answer(least)
            if part.reason is None or last or self._is_hopeless(part):
                break
            del work.dropped[dropped:], work.claims[claims:]
        if part.reason and (later := _corrections(work.dropped[dropped:], part, offered)):
            part.verified, part.signals = [], {}
            read = [e for e in later if not erred(e.text)]
            part.reason = self._attempt(part, readable(read or later), later, work).answer(READ_ON)
        # What an earlier part's source tells besides may be what this one asks for.
        told = [c for p in work.parts if p.accepted for c in p.cited]
        if part.reason and told:
            part.verified, part.signals = [], {}
            del work.dropped[dropped:], work.claims[claims:]
            part.reason = self._attempt(part, told, offered, work).answer(READ_ON)
        return part.reason

    def _attempt(
        self,
        part: Part,
        read: Sequence[Evidence | Cited],
        offered: Sequence[Evidence],
        work: Work,
        needed: float = ANSWERED,
    ) -> Attempt:
        work.read |= {(e.passage.article_id, e.passage.revision, e.span) for e in read}
        return Attempt(
            part,
            context_of(read, part.asked),
            offered,
            work,
            needed,
            self._index.registry,
            self._verifier,
            self._calibration,
            self._prompts,
            self._index.similarity,
        )

    def _is_hopeless(self, part: Part) -> bool:
        """Whether what was found and refused is too far from an answer to read more for one."""
        tried = part.reason == "not_supported" or "unmet" in part.signals
        return tried and part.probability(self._calibration) < HOPELESS

    def _contest(self, part: Part, offered: Sequence[Evidence], work: Work) -> None:
        """Looks for articles that say something else in reply, and takes what they say in.

        Of one outlet's reports the later one counts: it corrects or continues the earlier.
        """
        first = part.verified[0]
        found = rivals(first.text, part.question, first.grounds, offered, self._index.similarity)
        for rival in () if part.others else found:
            places = {e.span for e in offered if e.passage.article_id == rival.passage.article_id}
            beside = [e for e in readable(evidence([rival.passage])) if e.span in places]
            at = beside.index(rival)
            context = context_of(beside[max(0, at - 1) : at + 1], part.question)
            if work.reader.yes(self._prompts["answerable"], context, part="") < 0.5:
                continue
            text = tidied(work.reader.text(self._prompts["answer"], context, part=""))
            spans = sentence_spans(text)
            claim = spans[0].of(text) if spans else ""
            if not claim or not disagree(first.text, claim, part.question):
                continue
            other = self._verifier.verified(
                claim, part.asked, context, beside, work.reader, work.dropped, work.claims
            )
            if other is None:
                continue
            ours, theirs = first.grounds.cited[0].passage, rival.passage
            if ours.source and ours.source == theirs.source:
                if is_later(theirs, ours):
                    part.verified = [other]
                    first = other
            elif float(other.support.checks["entailment"]) >= SURELY_OTHERWISE:
                part.others.append(other)
        if part.others:  # neither Yes nor No is what all of them say
            part.verified[0] = replace(first, text=stated(first.text))

    def _accept(self, part: Part, work: Work) -> None:
        """Takes the part's sentences into the answer, each side of a conflict with one, and tells
        them.

        A part that was accepted, or that the deadline left without a sentence, is left as it is.
        """
        if part.accepted or not part.verified:
            return
        part.accepted = True
        first = len(work.citations)
        for verified in _sentences(part):
            # What was told for an earlier part answers this one too.
            if not part.others and any(_tells_again(verified, c) for c in work.citations[:first]):
                continue
            start = work.citations[-1].end + 1 if work.citations else 0
            work.citations.append(cite(self._written_out(verified, part), start))
            work.tell(work.citations[-1])
        if part.others:
            work.conflicts.append(Conflict(about=part.said, sides=work.citations[first:]))

    def _written_out(self, verified: Verified, part: Part) -> Verified:
        """With "about" before its numbers, in the source's spelling and, where dates are asked for,
        with these, unless they are another event's than is asked for.
        """
        verified = self._verifier.as_told(verified)
        if not part.dated or tells_another_time(part.question, verified.text):
            return verified
        return self._verifier.with_dates(verified)

    def _finish(self, work: Work, reason: str | None) -> Answer:
        if reason == "deadline_exceeded" and work.parts and work.parts[-1].stands:
            self._accept(work.parts[-1], work)
        citations = work.citations
        answered = [p for p in work.parts if p.accepted]
        probabilities = [p.probability(self._calibration) for p in answered or work.parts]
        unanswered = [p.said for p in work.parts if p not in answered]
        unanswered += work.questions[len(work.parts) :]
        incomplete = None
        if citations and reason == "deadline_exceeded":
            reason, incomplete = None, "deadline_exceeded"
        work.timings.total = round((time.monotonic() - work.started) * 1000) + work.timings.queue
        answer = Answer(
            id=f"ans_{ULID()}",
            question=work.request.question,
            answerable=not reason,
            confidence=round(min(probabilities, default=0.0), 4),
            answer=" ".join(c.text for c in citations),
            citations=citations,
            unanswered=unanswered if answered else [],
            conflicts=work.conflicts,
            dropped=work.dropped,
            incomplete=incomplete,
            refusal=self._refusal(work, reason) if reason else None,
            model=self._model,
            prompt=self._prompts["answer"].version,
            usage=work.usage,
            timings_ms=work.timings,
            trace=self._trace(work) if work.request.include_trace else None,
        )
        hold(answer.answer, answer.citations, self._index.registry)
        try:
            with self._index.registry.transaction():
                self._index.registry.put_receipt(answer.id, *_receipt(answer))
                work.reader.keep()
        except StorageFull:
            logger.warning("The disk is full: answer %s has no receipt", answer.id)
        return answer

    def _trace(self, work: Work) -> dict[str, Any]:
        return {
            "standalone_question": work.asked.question,
            "query": work.asked.query,
            "hits": [
                {
                    "article_id": h.passage.article_id,
                    "title": h.passage.title,
                    "source": h.passage.source,
                    "start_char_index": h.passage.span.start,
                    "end_char_index": h.passage.span.end,
                    "text": h.passage.text,
                    "scores": {"dense": h.dense, "lexical": h.lexical, "fused": h.fused},
                }
                for h in work.hits
            ],
            "passages": [  # that the model was given to read
                {
                    "article_id": article_id,
                    "revision": revision,
                    "start_char_index": span.start,
                    "end_char_index": span.end,
                }
                for article_id, revision, span in _runs(work.read)
            ],
            "signals": work.parts[0].signals if work.parts else {},
            "parts": [
                {
                    "question": p.said,
                    "understood_as": p.question,
                    "reason": p.reason,
                    "signals": p.signals,
                    "probability": p.probability(self._calibration),
                    "needed": ANSWERED,
                }
                for p in work.parts
            ],
            "claims": work.claims,
            # What would be said if nothing were refused: what is verified of what the model wrote.
            "draft": " ".join(
                self._written_out(v, p).text for p in work.parts for v in _sentences(p)
            ),
        }

    def _refusal(self, work: Work, reason: str) -> Refusal:
        nearest = [_passage_location(h.passage) for h in work.hits[:NEAREST]]
        message = REASONS[reason]
        if reason in ("not_stated", "not_supported") and (unknown := self._unknown(work)):
            message += f" None of the articles found mentions {' or '.join(unknown)}."
        return Refusal.model_validate({"reason": reason, "message": message, "nearest": nearest})

    def _unknown(self, work: Work) -> list[str]:
        """What the question names, or counts in digits, and no article that was found tells of."""
        question = without_form(work.asked.question)
        ids = sorted({hit.passage.article_id for hit in work.hits})
        known = [all_told(self._index.registry.get(article_id), question) for article_id in ids]
        named = {w.text for w in names(question)}
        told = [*known, *work.outlets]
        return [
            f"“{_WHOSE_END.sub('', missing)}”"
            for missing in unmet(question, told, question)
            if (named.issuperset(missing.split()) and not kin(missing) & stems(" ".join(told)))
            or missing[:1].isdigit()
        ][:MOST_UNKNOWN]


def _offered(passages: Sequence[Passage], work: Work) -> list[Evidence]:
    """What may be cited. Copies of a passage are not read again, but each is a place that says the
    same.
    """
    copies = [copy for hit in work.hits for copy in hit.also]
    return trusted(evidence([*passages, *copies]))


def _corrections(
    dropped: Sequence[Dropped], part: Part, offered: Sequence[Evidence]
) -> list[Evidence]:
    """What the outlet tells in place of what it took back and is not said for that."""
    for claim in (d.text for d in dropped if d.reason == CORRECTED):
        if grounds := ground(claim, part.question, offered):
            return corrections(claim, grounds, offered)
    return []


def _tells_again(verified: Verified, earlier: Citation) -> bool:
    """Whether an earlier sentence told it: all of it, or, of the same source, whatever it names,
    counts and dates, and most of the rest.
    """
    if repeats(verified.text, earlier.text):
        return True
    told, said = stems(earlier.text), [w for w in words(verified.text) if is_content(w)]
    return (
        all(place(c) in earlier.sources for c in verified.grounds.cited)
        and critical(verified.text, frozenset()) <= told
        and sum(w.stem in told for w in said) >= TOLD_AGAIN * len(said)
    )


def _sentences(part: Part) -> list[Verified]:
    """What the part is answered with. What the articles say against each other is a sentence each:
    the newest figure leads.
    """
    if not part.others:
        return part.verified
    return sorted(
        [part.verified[0], *part.others],
        key=lambda v: v.grounds.cited[0].passage.published_at or "",
        reverse=True,
    )


def _runs(read: Collection[tuple[str, str, Span]]) -> list[tuple[str, str, Span]]:
    """Sentences of an article that follow one another, as one."""
    runs: list[tuple[str, str, Span]] = []
    for article_id, revision, span in sorted(read):
        start, end = span.start, span.end
        if runs and runs[-1][:2] == (article_id, revision):
            last = runs[-1][2]
            if start - last.end <= APART:
                start, end = last.start, max(last.end, end)
                runs.pop()
        runs.append((article_id, revision, Span(start, end)))
    return runs


def _passage_location(passage: Passage) -> CharLocation:
    return location(passage, passage.span, passage.text)


def _receipt(answer: Answer) -> tuple[str, set[str]]:
    """The answer as JSON without a word of its own or of an article: places, revisions, hashes.

    With it the ids of the articles that it names.
    """
    told = {"question", "answer", "unanswered", "conflicts", "dropped", "trace"}
    body = answer.model_dump(mode="json", exclude=told)
    body["conflicts"] = [[[side.start, side.end] for side in c.sides] for c in answer.conflicts]
    if body["refusal"]:
        body["refusal"]["message"] = REASONS[body["refusal"]["reason"]]
    body["question_sha256"] = _sha256(answer.question)
    body["answer_sha256"] = _sha256(answer.answer)
    for citation in body["citations"]:
        citation["text_sha256"] = _sha256(citation.pop("text"))
        citation["support"].pop("derived")
    sources = [s for c in body["citations"] for s in (*c["sources"], *c["also"])]
    sources += body["refusal"]["nearest"] if body["refusal"] else []
    for source in sources:
        source["cited_text_sha256"] = _sha256(source.pop("cited_text"))
        source.pop("title", None)
    return json.dumps(body), {source["article_id"] for source in sources}


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
