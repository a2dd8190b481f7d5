"""Answers: retrieve, ask the model, attribute each sentence, verify, or refuse.

The data's way: question -> hits -> prompt -> text -> claims -> citations. A question of several
parts goes that way part by part. This module knows nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from ulid import ULID

from index.articles import Article
from index.errors import ContextTooLong, Deadline, StorageFull
from index.index import Hit, Index
from index.registry import Passage
from index.sentences import sentence_spans
from index.stated import without_agency_line
from service.asked import (
    asks_when,
    continued,
    denied,
    gainsays,
    lacks_kind,
    repeats,
    replaced,
    tells_another_time,
    tells_of,
    tells_when,
    told_together,
    unmet,
    untrue,
    whom_most_tell_of,
)
from service.calibration import Calibration
from service.conflicts import disagree, rivals
from service.contract import (
    Answer,
    AnswerRequest,
    CharLocation,
    Citation,
    Conflict,
    Dropped,
    ModelName,
    Refusal,
    Timings,
    Usage,
    location,
)
from service.conversation import Standalone, standalone
from service.dates_held import held
from service.grounding import (
    SUBJECT_PRONOUN,
    Evidence,
    critical,
    evidence,
    nearest,
    with_antecedent,
)
from service.nations import kin
from service.orders import orders
from service.prompts import Prompt
from service.questions import is_polar, outlets_named, parts, without_form
from service.reading import Budget, Reader, context_of
from service.selection import readable, readings, trusted, with_whole
from service.verification import (
    TOLD_BY_CODE,
    Verified,
    Verifier,
    cite,
    going_on,
    hold,
    place,
    shortened,
    stated,
    stutters,
    tidied,
)
from service.wording import is_content, names, negates, stems, without_stray_marks, words
from service.yes_no import (
    Told,
    asks_still,
    bears_on,
    may_be_no,
    swapped,
    told,
    unled,
    unwrapped,
)

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

# Below this the articles have nothing to do with the question: no word in common, and vectors no
# nearer than any two texts are.
LEAST_COSINE = 0.2
NEAREST = 3
# Of an answer to a question, or to a part of one, unless its first sentence is longer; and of a
# source's sentence that is given in place of the model's.
MOST_WORDS = 50
# Share of the model's words that it has; less where the question is answered with Yes or No, whose
# words the model repeats: whether the sentence settles it is read.
SAME_MATTER, SAME_MATTER_POLAR = 0.5, 0.3
# Passages looked for besides: for each part of a question of several, of each outlet that it names.
PASSAGES_A_PART, PASSAGES_AN_OUTLET = 2, 2
MOST_OUTLETS = 6
MOST_UNKNOWN = 3  # names that a refusal gives as those that no article tells of
# Where what is read first is less likely to hold the answer, nothing is asked of it but that. Where
# what it gives is less likely to be the answer, to read more is in vain.
READ_ON, HOPELESS = 0.5, 0.2
# What is less surely said is no other side: "the winner of 2018" may be found under 2022.
SURELY_OTHERWISE = 0.65
# The one threshold: an answer less probable than this is not given. Less than a half, since the
# probability is of questions half of which have no answer but seem to; desks ask fewer of these.
ANSWERED = 0.40
# The model's readings of "Yes or No?" lean towards Yes.
SAYS_YES, SAYS_NO = 0.75, 0.65
# Where what is cited settles the question less surely than this, neither word is read of it.
SETTLED = 0.5
# Share of the words of what is told in reply to a further part, that told before it is no news.
TOLD_AGAIN = 0.7
# As what a year of the question that no article tells counts, beyond what else is not borne out; as
# what it counts that nothing of the kind is told that is asked for.
UNTOLD_YEAR, NOT_OF_THE_KIND = 3, 3
_WHOSE_END = re.compile(r"['’]s$")
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
# The model's way of saying that it found nothing, where it was asked for an answer.
_TEXT = r"\b(?:articles?|text|passages?)\b"
_SAYS_NOTHING = re.compile(
    rf"{_TEXT}.{{0,40}}\b(?:do|does|did) not\b"
    rf"|\bnot (?:mentioned|specified|stated|provided|given)\b.{{0,30}}{_TEXT}",
    re.IGNORECASE,
)
REASONS = {
    "no_articles": "There are no articles yet. Add some first.",
    "filtered_out": "No article passes the filters.",
    "no_match": "No article has anything to do with this question.",
    "not_stated": "The articles do not state the answer to this question.",
    "not_supported": "No answer was found that the articles support.",
    "deadline_exceeded": "There was not enough time for an answer. Allow more with max_seconds.",
}


class Retrieval(BaseModel):
    """What was found, before it is read."""

    sources: list[CharLocation]


Tell = Callable[[Retrieval | Citation], None]


@dataclass
class _Part:
    """A part of the question and what was found for it. `reason` is why it is not answered."""

    question: str
    reason: str | None = None
    verified: list[Verified] = field(default_factory=list)
    others: list[Verified] = field(default_factory=list)  # what other articles say instead
    signals: dict[str, float] = field(default_factory=dict)
    stands: bool = False  # what is verified was found to answer it
    accepted: bool = False  # its sentences are in the answer, and stay there


@dataclass
class _Work:
    """What is known of an answer while it is made."""

    request: AnswerRequest
    reader: Reader
    asked: Standalone
    started: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)
    outlets: list[str] = field(default_factory=list)  # those that the question names
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    claims: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    tell: Tell = lambda event: None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            spent = round((time.monotonic() - start) * 1000)
            setattr(self.timings, stage, getattr(self.timings, stage) + spent)


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
        self._answerable, self._answer, self._polar, self._yes_no = (
            Prompt(name) for name in ("answerable", "answer", "polar", "yes_no")
        )
        self._standalone, self._named = Prompt("standalone"), Prompt("named")

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
        reader = Reader(self._chat, budget, usage, self._model, self._kept, budget.started)
        asked = Standalone(request.question, request.question)
        work = _Work(request, reader, asked, usage=usage, tell=tell)
        work.timings.queue = queued_ms
        try:
            reason = self._work(work)
        except Deadline:
            reason = "deadline_exceeded"
        return self._finish(work, reason)

    def _work(self, work: _Work) -> str | None:
        """Fills `work`; gives the reason of a refusal, or None."""
        request, registry = work.request, self._index.registry
        for article_id in request.filters.article_ids:
            registry.get(article_id)
        if not registry.count():
            return "no_articles"
        if not registry.count(request.filters):
            return "filtered_out"
        with work.timed("generate"):
            work.asked = standalone(
                request.question,
                request.messages,
                lambda turns, opening: work.reader.text(self._standalone, turns, opening=opening),
            )
        # The model reads of what form the answer is to be; it is nothing to find or to check.
        asked = parts(without_form(work.asked.question))
        with work.timed("retrieve"):
            work.outlets = outlets_named(work.asked.question, registry.sources())[:MOST_OUTLETS]
            work.hits = self._search(asked, work)
        if not any(h.lexical or (h.dense or 0) >= LEAST_COSINE for h in work.hits):
            return "no_match"
        passages = [hit.passage for hit in work.hits]
        work.tell(Retrieval(sources=[_passage_location(passage) for passage in passages]))
        article = registry.passages_of(passages[0].article_id)
        passages = with_whole(passages, article)
        while True:
            try:
                return self._respond(passages, article, asked, work)
            except ContextTooLong:
                if len(passages) == 1 or work.citations:
                    raise
                passages = passages[: len(passages) // 2]

    def _search(self, asked: Sequence[str], work: _Work) -> list[Hit]:
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
            seen = {hit.passage.id for hit in hits}
            hits += [hit for hit in more if hit.passage.id not in seen]
        return hits

    def _respond(
        self,
        passages: Sequence[Passage],
        article: Sequence[Passage],
        asked: Sequence[str],
        work: _Work,
    ) -> str | None:
        """Answers each part from the passages; gives the reason where none can be."""
        work.claims, work.dropped, work.parts = [], [], []
        with work.timed("retrieve"):
            contexts = [
                context_of(read, work.asked.question)
                for read in readings(
                    passages,
                    article,
                    asked,
                    self._index.similarity,
                    at_once=len(work.outlets) > 1,
                )
            ]
        # Copies of a passage are not read again, but each is a place that says the same.
        copies = [copy for hit in work.hits for copy in hit.also]
        offered = trusted(evidence([*passages, *copies]))
        dated = any(map(asks_when, asked))  # one sentence may answer two parts
        for question in asked:
            part = _Part(question)
            work.parts.append(part)
            part.reason = self._answer_part(
                part, question if len(asked) > 1 else "", contexts, offered, work
            )
            if part.reason is None:
                with work.timed("verify"):
                    self._contest(part, offered, work)
                part.verified = [self._verifier.with_bounds(v) for v in part.verified]
                part.others = [self._verifier.with_bounds(v) for v in part.others]
                if dated:
                    part.verified = [self._dated(v, question) for v in part.verified]
                    part.others = [self._dated(v, question) for v in part.others]
                _accept(part, work)
        return None if work.citations else work.parts[0].reason

    def _dated(self, verified: Verified, question: str) -> Verified:
        """With its dates written out, unless they are another event's than is asked for."""
        if tells_another_time(question, verified.text):
            return verified
        return self._verifier.with_dates(verified)

    def _answer_part(
        self,
        part: _Part,
        named: str,
        contexts: Sequence[dict[str, Any]],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> str | None:
        """From what is read first or, where that does not answer, from more.

        `named` is what the prompts call the part: nothing, where it is the whole question.
        """
        for context in contexts:
            last = context is contexts[-1]
            part.verified, part.signals = [], {}
            dropped, claims = len(work.dropped), len(work.claims)
            part.reason = self._attempt(part, named, context, offered, work, 0 if last else READ_ON)
            if part.reason is None or last or self._is_hopeless(part):
                break
            del work.dropped[dropped:], work.claims[claims:]
        # What an earlier part's source tells besides may be what this one asks for.
        told = [c for p in work.parts if p.accepted for v in p.verified for c in v.grounds.cited]
        if part.reason and told:
            part.verified = []
            context = context_of(told, work.asked.question)
            part.reason = self._attempt(part, named, context, offered, work, READ_ON)
        return part.reason

    def _is_hopeless(self, part: _Part) -> bool:
        """Whether what was found and refused is too far from an answer to read more for one."""
        tried = part.reason == "not_supported" or "unmet" in part.signals
        return tried and self._probability(part) < HOPELESS

    def _attempt(
        self,
        part: _Part,
        named: str,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
        least: float,
    ) -> str | None:
        """Asks nothing more of the context where the answer's being there is less than `least`."""
        with work.timed("prefill"):
            part.signals["answerable"] = work.reader.yes(self._answerable, context, part=named)
            if part.signals["answerable"] < least:
                return "not_stated"
        polar = is_polar(part.question)
        gathers = _gathers(part, work)
        with work.timed("generate"):
            prompt = self._polar if polar else self._named if gathers else self._answer
            text = tidied(work.reader.text(prompt, context, part=named))
        nothing = bool(_SAYS_NOTHING.search(text))
        if nothing and not polar:
            return "not_stated"
        spans = [] if nothing else sentence_spans(text)
        claims = [tidied(stated(span.of(text))) for span in spans]
        for earlier in work.citations:
            claims = [going_on(claim, earlier.text) for claim in claims]
        with work.timed("verify"):
            try:
                if gathers:
                    part.verified = self._told_together(text, part, context, offered, work)
                else:
                    part.verified = self._verified_of(
                        claims, part, context, offered, work
                    ) or self._in_their_own_words(claims, part, context, offered, work)
            except Deadline:
                # What there is stands where no more reading is needed to tell.
                if part.verified and not polar:
                    part.stands = self._answers(part, claims, offered, work)
                raise
            likely = part.verified and self._answers(part, claims, offered, work)
            if polar and not (likely and _told(part, offered) in ("Yes", "No")):
                among = _of_the_articles_cited(part, offered) if likely else offered
                if likely and asks_still(part.question):
                    among = _not_before_cited(part, offered)
                denial = self._what_denies(part, context, among, work)
                if denial:
                    part.verified = denial
                    likely = self._answers(part, claims, offered, work)
            if not part.verified:
                return "not_stated" if nothing else "not_supported"
            if not likely:
                return "not_stated"
            if polar:
                self._say_yes_or_no(part, context, offered, work)
        part.stands = bool(part.verified)
        return None if part.stands else "not_supported"

    def _answers(
        self, part: _Part, claims: Sequence[str], offered: Sequence[Evidence], work: _Work
    ) -> bool:
        """Whether what was verified of the `claims` is probably an answer."""
        self._sense(part, offered, work)
        if not (is_polar(part.question) or _gathers(part, work)):
            mended = [v.text for v in part.verified[:1]] != claims[:1]
            part.signals["mended"] = float(mended)
        return self._probability(part) >= ANSWERED

    def _verified_of(
        self,
        claims: Sequence[str],
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> list[Verified]:
        found: list[Verified] = []
        polar = is_polar(part.question)
        before = " ".join(c.text for c in work.citations)
        # What an earlier part told is left out where this one tells more.
        for claim in [c for c in claims if not (before and repeats(c, before))] or claims:
            # Asked whether something is so, the model likes to say that it is; and it says things
            # twice.
            told = " ".join([part.question if polar else "", *(v.text for v in found)])
            if not claim or (told and repeats(claim, told)):
                continue
            # One sentence settles whether something is so; what follows is where the model errs.
            if found and (polar or _words(found) + len(claim.split()) > MOST_WORDS):
                break
            verified = None
            for said in (claim, *shortened(claim)):
                if stutters(said):
                    work.dropped.append(Dropped(text=said, reason="says a thing twice"))
                    continue
                verified = self._verified(said, context, offered, work)
                if verified:
                    break
            if verified:
                found.append(verified)
                part.verified = found  # what there is when the time is over
        return found

    def _in_their_own_words(
        self,
        claims: Sequence[str],
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> list[Verified]:
        """The source's sentence itself, in place of one that said it wrong."""
        least = SAME_MATTER_POLAR if is_polar(part.question) else SAME_MATTER
        named = outlets_named(part.question, work.outlets)
        short = [
            e
            for e in offered
            if len(e.text.split()) <= MOST_WORDS and tells_when(part.question, _said(e))
        ]
        theirs = [e for e in short if e.passage.source in named] or short
        for claim in claims:
            best, share = nearest(claim, work.asked.question, theirs)
            text = _said(best) if best else ""
            # Not what is said to whoever answers, nor of another than the question names, nor of
            # "her" where it is not known who she is.
            if orders(text) or replaced(work.asked.question, text, text):
                continue
            if SUBJECT_PRONOUN.match(text) and not tells_of(work.asked.question, text):
                continue
            if share >= least:
                verified = self._verified(text, context, offered, work)
                if verified:
                    return [verified]
        return []

    def _what_denies(
        self,
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
        tells: Told = "No",
    ) -> list[Verified]:
        """A source's own sentence whose words alone say No: the model seldom finds that a denial is
        an answer. One that tells less has to have all of the question's words.
        """
        newest_first = sorted(offered, key=lambda e: e.passage.published_at or "", reverse=True)
        for e in newest_first:
            text = _said(e)
            if len(text.split()) > MOST_WORDS or orders(text):
                continue
            if tells != "No" and not repeats(part.question, text):
                continue
            if _tells(part.question, text, e.passage, offered) == tells:
                verified = self._verified(text, context, offered, work, read=False)
                if verified:
                    return [verified]
        return []

    def _told_together(
        self,
        name: str,
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> list[Verified]:
        """The sources' own sentences on whom they tell of, who is what the question asks for."""
        found: list[Verified] = []
        told = told_together(name, part.question, offered)
        if not told:  # a name from the model's own memory, or of somebody else
            name = whom_most_tell_of(part.question, offered)
            told = told_together(name, part.question, offered)
        for e in told:
            text = _said(e)
            if orders(text) or len(text.split()) > MOST_WORDS:
                continue
            if verified := self._verified(text, context, offered, work):
                found.append(verified)
        return found

    def _verified(
        self,
        claim: str,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
        *,
        read: bool = True,
    ) -> Verified | None:
        return self._verifier.verified(
            claim,
            work.asked.question,
            context,
            offered,
            work.reader,
            work.dropped,
            work.claims,
            read=read,
        )

    def _say_yes_or_no(
        self,
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> None:
        """Puts before what is stated the word that it comes to, where that is plain.

        What its words tell counts before the model's reading of them.
        """
        by_words = _told(part, offered)
        if by_words in ("Yes", "No"):
            word = str(by_words)
        else:
            cited = [c for v in part.verified for c in v.grounds.cited]
            p = work.reader.yes(self._yes_no, context_of(cited, part.question))
            word = "Yes" if p >= SAYS_YES else "No" if p <= SAYS_NO else ""
            if by_words == f"not {word}":
                word = ""
            if word == "No" and not _may_say_no(part):
                part.verified[:1] = self._what_bears(word, part, context, offered, work)
                if part.verified and not bears_on(part.question, _said_and_cited(part)):
                    # Given as a No, and of something else.
                    part.verified = self._what_denies(part, context, offered, work, "not Yes")
                if not part.verified:
                    return
                by_words = _told(part, offered)
                word = word if by_words == word else ""
        if word and not (by_words and _bears(word, part, offered)):
            part.verified[:1] = self._what_bears(word, part, context, offered, work)
            if not part.verified:
                return
            if not _bears(word, part, offered):
                word = ""
        first = part.verified[0]
        text = unwrapped(first.text, [c.text for c in first.grounds.cited])
        if word:
            beside = " ".join([part.question, *(c.passage.text for c in first.grounds.cited)])
            text = f"{word}, {continued(unled(text), beside)}"
        part.verified[0] = replace(first, text=text)

    def _what_bears(
        self,
        word: str,
        part: _Part,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
    ) -> list[Verified]:
        """A sentence that goes with Yes or No: a source's own where the model's does not."""
        first = part.verified[0]
        own: list[Verified] = []
        if word == "No":
            own = self._what_denies(part, context, _not_before_cited(part, offered), work)
        if not own and not _bears(word, part, offered):
            own = self._in_their_own_words([first.text], part, context, offered, work)
        said = " ".join(c.text for c in first.grounds.cited)
        contrary = gainsays(word, first.text, part.question) or swapped(first.text, said)
        return own or ([] if contrary else [first])

    def _sense(self, part: _Part, offered: Sequence[Evidence], work: _Work) -> None:
        """The signals that tell an answer from what merely resembles one."""
        reader = work.reader
        cited = [c for v in part.verified for c in v.grounds.cited]
        quotation = " ".join(c.text for c in cited)
        signals = part.signals
        signals["support"] = min(v.support.score for v in part.verified)
        said = " ".join(v.text for v in part.verified)
        # What a question gathers from several outlets is borne out by the articles of all of them.
        gathered = {e.passage.article_id for e in offered if e.passage.source in work.outlets}
        ids = sorted(gathered | {c.passage.article_id for c in cited})
        articles = [self._index.registry.get(article_id) for article_id in ids]
        known = [_known(article, part.question) for article in articles]
        known.append(" ".join({*work.outlets, *(e.passage.source or "" for e in offered)}))
        # What it denies or takes for granted may be borne out by a sentence that is not cited.
        gathers = _gathers(part, work)
        missing = unmet(part.question, known, part.question if gathers else quotation)
        missing += replaced(part.question, quotation, said)
        if is_polar(part.question):
            # Nearly any sentence supports itself. Whether it settles the question is seen best
            # where nothing stands beside it.
            alone = context_of(cited, part.question)
            settled = 0.0 if missing else _told(part, offered) == "No" and TOLD_BY_CODE
            signals["settled"] = settled or reader.yes(self._answerable, alone, part="")
        elif not gathers:
            missing += denied(part.question, said)
            missing += untrue(part.question, quotation, " ".join(known))
        # A name may be written otherwise, a year that nobody tells of is another one.
        years = UNTOLD_YEAR * sum(bool(_YEAR.fullmatch(m)) for m in missing)
        kind = NOT_OF_THE_KIND * lacks_kind(part.question, said)
        signals["unmet"] = float(len(missing) + years + kind)

    def _contest(self, part: _Part, offered: Sequence[Evidence], work: _Work) -> None:
        """Looks for articles that say something else in reply, and takes what they say in.

        Of one outlet's reports the later one counts: it corrects or continues the earlier.
        """
        first = part.verified[0]
        found = rivals(first.text, part.question, first.grounds, offered, self._index.similarity)
        for rival in found:
            places = {e.span for e in offered if e.passage.article_id == rival.passage.article_id}
            beside = [e for e in readable(evidence([rival.passage])) if e.span in places]
            at = beside.index(rival)
            context = context_of(beside[max(0, at - 1) : at + 1], part.question)
            if work.reader.yes(self._answerable, context, part="") < 0.5:
                continue
            text = tidied(work.reader.text(self._answer, context, part=""))
            spans = sentence_spans(text)
            claim = spans[0].of(text) if spans else ""
            if not claim or not disagree(first.text, claim, part.question):
                continue
            other = self._verified(claim, context, beside, work)
            if other is None:
                continue
            ours, theirs = first.grounds.cited[0].passage, rival.passage
            if ours.source and ours.source == theirs.source:
                if (theirs.published_at or "") > (ours.published_at or ""):
                    part.verified = [other]
                    first = other
            elif float(other.support.checks["entailment"]) >= SURELY_OTHERWISE:
                part.others.append(other)

    def _finish(self, work: _Work, reason: str | None) -> Answer:
        if reason == "deadline_exceeded" and work.parts and work.parts[-1].stands:
            _accept(work.parts[-1], work)
        citations = work.citations
        answered = [p for p in work.parts if p.accepted]
        incomplete = None
        if citations and reason == "deadline_exceeded":
            reason, incomplete = None, "deadline_exceeded"
        work.timings.total = round((time.monotonic() - work.started) * 1000) + work.timings.queue
        answer = Answer(
            id=f"ans_{ULID()}",
            question=work.request.question,
            answerable=not reason,
            confidence=round(min(map(self._probability, answered or work.parts), default=0.0), 4),
            answer=" ".join(c.text for c in citations),
            citations=citations,
            unanswered=[p.question for p in work.parts if p not in answered] if answered else [],
            conflicts=work.conflicts,
            dropped=work.dropped,
            incomplete=incomplete,
            refusal=self._refusal(work, reason) if reason else None,
            model=self._model,
            prompt=self._answer.version,
            usage=work.usage,
            timings_ms=work.timings,
            trace=_trace(work) if work.request.include_trace else None,
        )
        hold(answer.answer, answer.citations, self._index.registry)
        try:
            with self._index.registry.transaction():
                self._index.registry.put_receipt(answer.id, *_receipt(answer))
                work.reader.keep()
        except StorageFull:
            logger.warning("The disk is full: answer %s has no receipt", answer.id)
        return answer

    def _probability(self, part: _Part) -> float:
        """That it is answered right. 0 where nothing was verified."""
        known = "unmet" in part.signals
        return self._calibration.answer.probability(part.signals) if known else 0.0

    def _refusal(self, work: _Work, reason: str) -> Refusal:
        nearest = [_passage_location(h.passage) for h in work.hits[:NEAREST]]
        message = REASONS[reason]
        if reason in ("not_stated", "not_supported") and (unknown := self._unknown(work)):
            message += f" None of the articles found mentions {' or '.join(unknown)}."
        return Refusal.model_validate({"reason": reason, "message": message, "nearest": nearest})

    def _unknown(self, work: _Work) -> list[str]:
        """What the question names, or counts in digits, and no article that was found tells of."""
        question = without_form(work.asked.question)
        ids = sorted({hit.passage.article_id for hit in work.hits})
        known = [_known(self._index.registry.get(article_id), question) for article_id in ids]
        named = {w.text for w in names(question)}
        told = [*known, *work.outlets]
        return [
            f"“{_WHOSE_END.sub('', missing)}”"
            for missing in unmet(question, told, question)
            if (named.issuperset(missing.split()) and not kin(missing) & stems(" ".join(told)))
            or missing[:1].isdigit()
        ][:MOST_UNKNOWN]


def _gathers(part: _Part, work: _Work) -> bool:
    """What several outlets tell of somebody, asked about at once, no one sentence bears out."""
    return len(work.outlets) > 1 and not is_polar(part.question)


def _accept(part: _Part, work: _Work) -> None:
    """Takes the part's sentences into the answer, each side of a conflict with one, and tells them.

    A part that was accepted, or that the deadline left without a sentence, is left as it is.
    """
    if part.accepted or not part.verified:
        return
    part.accepted = True
    first = len(work.citations)
    for verified in _newest_first(part) if part.others else part.verified:
        # What was told for an earlier part answers this one too.
        if not part.others and any(_tells_again(verified, c) for c in work.citations[:first]):
            continue
        start = work.citations[-1].end + 1 if work.citations else 0
        work.citations.append(cite(verified, start))
        work.tell(work.citations[-1])
    if part.others:
        work.conflicts.append(Conflict(about=part.question, sides=work.citations[first:]))


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


def _known(article: Article, question: str) -> str:
    """All that an article tells, and the question's dates that follow from it."""
    told = held(question, article.text, article.published_at).told
    return "\n".join(
        [f"{article.title} {article.source} {article.published_at}", article.text, *told]
    )


def _said(e: Evidence) -> str:
    """A sentence of an article on one line, without the agency line, and without a quotation mark
    whose other half is not in it; whom it means by "She".
    """
    said = " ".join(without_agency_line(with_antecedent(e)).split())
    return without_stray_marks(said)


def _of_the_articles_cited(part: _Part, offered: Sequence[Evidence]) -> list[Evidence]:
    ids = {c.passage.article_id for v in part.verified for c in v.grounds.cited}
    return [e for e in offered if e.passage.article_id in ids]


def _not_before_cited(part: _Part, offered: Sequence[Evidence]) -> list[Evidence]:
    """Where a denial is looked for: what still is so, no earlier article denies."""
    if not asks_still(part.question):
        return list(offered)
    earliest = min(c.passage.published_at or "" for v in part.verified for c in v.grounds.cited)
    return [e for e in offered if (e.passage.published_at or "") >= earliest]


def _said_and_cited(part: _Part) -> str:
    cited = [with_antecedent(c) for v in part.verified for c in v.grounds.cited]
    return " ".join([part.verified[0].text, *cited])


def _may_say_no(part: _Part) -> bool:
    """Whether what was read as a No is plain enough to be called one."""
    plain = may_be_no(part.question, _said_and_cited(part))
    return plain and part.signals["settled"] >= SETTLED


def _told(part: _Part, offered: Sequence[Evidence]) -> Told:
    """What the words that are cited say to a question of Yes or No."""
    cited = [c for v in part.verified for c in v.grounds.cited]
    text = " ".join(with_antecedent(c) for c in cited)
    return _tells(part.question, text, cited[0].passage, offered)


def _tells(question: str, text: str, passage: Passage, offered: Sequence[Evidence]) -> Told:
    same = [e.text for e in offered if e.passage.article_id == passage.article_id]
    return told(question, text, passage.title or "", " ".join(same))


def _bears(word: str, part: _Part, offered: Sequence[Evidence]) -> bool:
    """Whether the sentence goes with the word, as far as its own words tell, and leaves out no
    denial; nor puts one who is named in the other's place.
    """
    first = part.verified[0]
    cited = " ".join(c.text for c in first.grounds.cited)
    if swapped(first.text, cited):
        return False
    if _tells(part.question, first.text, first.grounds.cited[0].passage, offered) == word:
        return True
    hidden = word == "No" and negates(cited) and not negates(first.text)
    return not (hidden or gainsays(word, first.text, part.question))


def _words(found: Sequence[Verified]) -> int:
    return sum(len(v.text.split()) for v in found)


def _newest_first(part: _Part) -> list[Verified]:
    """What the articles say against each other, a sentence each: the newest figure leads."""
    return sorted(
        [part.verified[0], *part.others],
        key=lambda v: v.grounds.cited[0].passage.published_at or "",
        reverse=True,
    )


def _passage_location(passage: Passage) -> CharLocation:
    return location(passage, passage.span, passage.text)


def _receipt(answer: Answer) -> tuple[str, set[str]]:
    """The answer as JSON without a word of its own or of an article: places, revisions, hashes.

    With it the ids of the articles that it names.
    """
    body = answer.model_dump(mode="json", exclude={"question", "answer", "dropped", "trace"})
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


def _trace(work: _Work) -> dict[str, Any]:
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
        "signals": work.parts[0].signals if work.parts else {},
        "parts": [
            {"question": p.question, "reason": p.reason, "signals": p.signals} for p in work.parts
        ],
        "claims": work.claims,
        # What would be said if nothing were refused: what is verified of what the model wrote.
        "draft": " ".join(v.text for p in work.parts for v in p.verified),
    }
