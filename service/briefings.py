"""Briefings: one paragraph on articles or a topic, each sentence from one article, cited, checked.

Map: of each article its own lead is taken, and the model writes a few sentences of it, or of pieces
of a long one, each verified there. Reduce: code orders them, says nothing twice, and sets side by
side what outlets tell otherwise. This module knows nothing of HTTP.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from ulid import ULID

from index.articles import Article
from index.errors import Deadline, StorageFull
from index.index import Hit, Index
from index.registry import Filters, Passage
from index.sentences import sentence_spans
from service.answers import LEAST_COSINE, NEAREST
from service.calibration import Calibration
from service.conflicts import is_later, takes_back
from service.contract import (
    BriefedArticle,
    Briefing,
    BriefingItem,
    BriefingRequest,
    Citation,
    Conflict,
    Dropped,
    ModelName,
    Progress,
    Refusal,
    Timings,
    Usage,
    location,
)
from service.dates_written import written_out
from service.grounding import Evidence, evidence, ground, orders, verbatim
from service.prompts import Prompt
from service.reading import Budget, Reader, context_of, judge, prompt_context
from service.roles import keeps_speaker
from service.stories import (
    Said,
    against,
    is_copy,
    on_one_event,
    outlet,
    reduced,
    say_the_same,
    tells_otherwise,
)
from service.verification import Verified, Verifier, cite, hold, shortened, tidied
from service.wording import names, stems, words

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

TOP = 30  # passages looked for, for a topic
NAME_BEGINS = 5  # letters
# Of the best passage's score; what is below has to do with something else.
RELEVANT = 0.45
# Of the model's best reading so far: an article that only mentions the topic is read as less.
AS_RELEVANT = 0.85
MOST_ARTICLES = 8  # that are read: the most relevant ones, else the newest
MOST_PIECES = 16
PIECE = 1000  # characters that are read at once, or one passage
A_SENTENCE = 22  # words, as a rule
LONGEST_SENTENCE = 30
LONGEST_LEAD = 40
LEAD = 3  # sentences: the first may be a caption, or too long
# From here on the model's reading of a sentence is believed: of what it writes on its own account
# more is wrong than of its answers.
LEAST_ENTAILMENT = 0.65
# From here on two counts of one thing, which the words leave open, are held for a dispute.
LEAST_DISPUTE = 0.3
AT_ONCE = ("one sentence", "two sentences", "three sentences")
COMPARED = 3  # an article's first sentences are held against the other articles
MOST_RIVALS = 2
QUESTION = "What is the news?"
_MARK = re.compile(r"^\s*(?:[-*•–]|\d+[.)]|#+)\s+|\*\*|^\s*News:\s*", re.MULTILINE)
_ENDED = re.compile(r"[.!?…][\"”’')\]]*$")
# Whom such a sentence speaks of was said before it, where it was written; here nothing may be.
_LEANS = re.compile(
    r"^(?:he|she|it|they|his|her|its|their|these|those|this|that|such"
    r"|the (?:articles?|report|text|earlier|former|latter|same|other))\b",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"\W*(?:image|photo|photograph|picture|file|credit)s?\s*(?::|by\b)", re.IGNORECASE
)
# ", the head of the harbour": an office is what the text says, not what the headline is about.
_OFFICE = re.compile(r",\s+(?:the|an?)\s+[^,]{3,60}\bof\b")
# "HADDLEMERE, Feb. 10 - ", "LONDON (Reuters) — ", "date 2024-11-26 Shafaq News / "
_AGENCY = re.compile(
    r"^[A-Z][A-Z .'’-]+[A-Z](?:[,/] [^-–—]{1,40}| \([^)]{1,30}\))? [-–—]+ "
    r"|^(?:(?i:date):? )?(?:\d{4}-\d\d-\d\d[T\d:.Z+]* )?(?:[A-Z][\w.&’'-]* ){1,4}/ (?=\S)"
    r"|^(?i:date):? \d{4}-\d\d-\d\d "
)
_TELLS = re.compile(
    r"^(?:the|this) (?:article|report) (?:(?:reports|says|states|notes|adds)(?: that)? "
    r"|corrects [^:.]{1,120}: )",
    re.IGNORECASE,
)
REASONS = {
    "no_articles": "There are no articles yet. Add some first.",
    "filtered_out": "No article passes the filters.",
    "no_match": "No article has anything to do with this topic.",
    "not_supported": "No sentence was found that the articles support and that fits.",
    "deadline_exceeded": "There was not enough time for a briefing. Allow more with max_seconds.",
}

Tell = Callable[[Progress | Citation], None]


@dataclass
class _Report:
    """An article to be read, or a copy of one."""

    article: Article
    passages: list[Passage]
    score: float = 0.0  # how much it has to do with the topic
    copy_of: _Report | None = None
    read: bool = False
    item: int = 0

    @property
    def pieces(self) -> list[list[Passage]]:
        """What is read at once; the lead is in the first."""
        pieces: list[list[Passage]] = []
        for passage in self.passages:
            if pieces and sum(len(p.text) for p in [*pieces[-1], passage]) <= PIECE:
                pieces[-1].append(passage)
            else:
                pieces.append([passage])
        return pieces


@dataclass
class _Work:
    """What is known of a briefing while it is made."""

    request: BriefingRequest
    budget: Budget
    reader: Reader
    started: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)
    most_relevant: float = 0.0
    reports: list[_Report] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    conflicts: list[tuple[Said, Said]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    tell: Tell = lambda event: None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            spent = round((time.monotonic() - start) * 1000)
            setattr(self.timings, stage, getattr(self.timings, stage) + spent)

    @property
    def originals(self) -> list[_Report]:
        return [r for r in self.reports if r.copy_of is None]

    @property
    def question(self) -> str:
        """What stands in the place that the prompts' head has for one."""
        return f"What is the news about {self.request.topic}?" if self.request.topic else QUESTION


class Briefer:
    """Briefs from `index` with `chat`, a model that streams and gives `top_logprobs`."""

    def __init__(
        self, index: Index, chat: BaseChatModel, model: ModelName, *, keep: bool = True
    ) -> None:
        self._kept = index.registry if keep else None
        self._index, self._chat, self._model = index, chat, model
        self._calibration = Calibration.of(model.sha256)
        self._verifier = Verifier(self._calibration)
        self._brief, self._relevant, self._contradicted = (
            Prompt(name) for name in ("brief", "relevant", "contradicted")
        )

    def brief(
        self,
        request: BriefingRequest,
        budget: Budget,
        queued_ms: int = 0,
        tell: Tell = lambda event: None,
    ) -> Briefing:
        """The briefing with its citations, or a typed refusal.

        `tell` is given how far it is, then each sentence that is said.

        Raises ArticleNotFound where an article is named that is not there.
        """
        usage = Usage()
        reader = Reader(self._chat, budget, usage, self._model, self._kept)
        work = _Work(request, budget, reader, usage=usage, tell=tell)
        work.timings.queue = queued_ms
        try:
            reason = self._gather(work)
            if reason is None:
                self._read(work)
                self._compare(work)
                reason = None if any(r.read for r in work.reports) else "no_match"
        except Deadline:
            reason = "deadline_exceeded"
        return self._finish(work, reason)

    # Gather

    def _gather(self, work: _Work) -> str | None:
        """Finds the articles, tells copies and events; gives the reason of a refusal, or None."""
        registry, request = self._index.registry, work.request
        for article_id in (*request.article_ids, *request.filters.article_ids):
            registry.get(article_id)
        if not registry.count():
            return "no_articles"
        with work.timed("retrieve"):
            if request.topic is None:
                found = [
                    (i, registry.passages_of(i), 0.0) for i in dict.fromkeys(request.article_ids)
                ]
            elif not registry.count(request.filters):
                return "filtered_out"
            else:
                found = self._search(request.topic, request.filters, work)
            reports = [_Report(registry.get(i), passages, score) for i, passages, score in found]
            reports = [r for r in reports if r.passages]
            if not reports:
                return "no_match"
            work.reports = reports
            self._tell_copies(reports)
            self._tell_events(work.originals)
        return None

    def _search(
        self, topic: str, filters: Filters, work: _Work
    ) -> list[tuple[str, list[Passage], float]]:
        work.hits = self._index.search(topic, filters, TOP)
        near = [h for h in work.hits if h.lexical or (h.dense or 0) >= LEAST_COSINE]
        near = _naming(topic, near) if words(topic) else []
        found: dict[str, list[Passage]] = {}
        scores: dict[str, float] = {}
        for hit in near:
            if hit.fused >= RELEVANT * near[0].fused:
                for passage in (hit.passage, *hit.also):
                    found.setdefault(passage.article_id, []).append(passage)
                    scores.setdefault(passage.article_id, hit.fused)
        for article_id, passages in found.items():
            # What an article is about its lead says, wherever the topic was found in it.
            passages += self._index.registry.passages_of(article_id)[:1]
        return [
            (i, sorted({p.id: p for p in found[i]}.values(), key=lambda p: p.span), scores[i])
            for i in found
        ]

    def _tell_copies(self, reports: Sequence[_Report]) -> None:
        """Of copies the first published is read; of one outlet's, the last."""
        roots = {r.article.id: self._root(r.article.id) for r in reports}
        originals: list[_Report] = []
        for r in sorted(reports, key=_published):
            for n, first in enumerate(originals):
                same_story = roots[r.article.id] == roots[first.article.id]
                if not is_copy(r.article, first.article, same_story):
                    continue
                if outlet(r.article) == outlet(first.article):
                    first.copy_of, originals[n] = r, r
                else:
                    r.copy_of = first
                break
            else:
                originals.append(r)
        for r in reports:
            while r.copy_of and r.copy_of.copy_of:
                r.copy_of = r.copy_of.copy_of

    def _root(self, article_id: str) -> str:
        while first := self._index.registry.duplicate_of(article_id):
            article_id = first
        return article_id

    def _tell_events(self, originals: list[_Report]) -> None:
        """Numbers the events, the most newsworthy first: told of by most, then the nearest to the
        topic, then the newest.
        """
        registry = self._index.registry
        leads = {r.article.id: registry.passages_of(r.article.id)[0].id for r in originals}
        vectors = {i: registry.vectors([lead])[0][4] for i, lead in leads.items()}
        events: list[list[_Report]] = []
        for r in sorted(originals, key=_published):
            for event in events:
                if any(
                    on_one_event(
                        r.article, o.article, float(vectors[r.article.id] @ vectors[o.article.id])
                    )
                    for o in event
                ):
                    event.append(r)
                    break
            else:
                events.append([r])
        events.sort(key=lambda event: max(map(_published, event)), reverse=True)
        events.sort(key=lambda event: -round(max(r.score for r in event), 1))
        events.sort(key=lambda event: -len({outlet(r.article) for r in event}))
        for number, event in enumerate(events):
            for r in event:
                r.item = number

    # Map

    def _read(self, work: _Work) -> None:
        """Reads each article's lead, then further pieces as long as there are words for them."""
        reports = sorted(work.originals, key=_published, reverse=True)
        reports.sort(key=lambda r: r.item)
        if work.request.topic is None:
            chosen = reports[:MOST_ARTICLES]
        else:
            chosen = sorted(reports, key=lambda r: -r.score)[:MOST_ARTICLES]
            chosen = [r for r in reports if r in chosen]
        wanted = ceil(work.request.max_words / A_SENTENCE)
        pieces = max(len(chosen), min(sum(len(r.pieces) for r in chosen), ceil(wanted / 2)))
        each = min(max(ceil(wanted / pieces), 1), len(AT_ONCE))
        work.tell(Progress(stage="read", done=0, total=len(chosen)))
        for done, r in enumerate(chosen, 1):
            r.read = self._is_relevant(r.pieces[0], work)
            if r.read:
                self._write(r, 0, each, work)
            work.tell(Progress(stage="read", done=done, total=len(chosen)))
        depth = max((len(r.pieces) for r in chosen), default=0)
        further = [(r, n) for n in range(1, depth) for r in chosen if r.read and n < len(r.pieces)]
        left = work.request.max_words - sum(s.size for s in reduced(work.said, [], 10**6))
        more = further[: max(0, min(MOST_PIECES - len(chosen), ceil(left / (each * A_SENTENCE))))]
        for done, (r, n) in enumerate(more, len(chosen) + 1):
            self._write(r, n, each, work)
            work.tell(Progress(stage="read", done=done, total=len(chosen) + len(more)))

    def _is_relevant(self, piece: Sequence[Passage], work: _Work) -> bool:
        if work.request.topic is None:
            return True
        context = prompt_context(piece, work.question)
        with work.timed("prefill"):
            read = work.reader.yes(self._relevant, context, topic=work.request.topic)
        work.most_relevant = max(work.most_relevant, read)
        return read >= max(0.5, AS_RELEVANT * work.most_relevant)

    def _write(self, r: _Report, number: int, sentences: int, work: _Work) -> None:
        """An article's own lead, which is written to be one, then what the model writes of a piece
        of it: those sentences that hold, or, where none does, the article's own next one.
        """
        work.budget.check()
        piece, age = r.pieces[number], _age(r, work)
        context, offered = prompt_context(piece, work.question), evidence(piece)
        own_sentences = _no_captions(offered)
        lead = self._own(own_sentences[:LEAD], work) if number == 0 else None
        if lead:
            work.said.append(Said(lead, r.item, (0, 0, age)))
            if sentences == 1:
                return
        before = len(work.said)
        written = self._sentences(context, sentences, LONGEST_SENTENCE, work)
        for place, text in enumerate(written, 1):
            if self._is_said(text, offered, work):
                continue
            verified = self._verified(text, context, offered, work)
            if verified:
                said = Said(verified, r.item, (number, place, age))
                if fitting := self._fitting(said, work.request.max_words, work):
                    work.said.append(fitting)
        own = self._own(own_sentences, work) if len(work.said) == before else None
        if own:
            work.said.append(Said(own, r.item, (number, len(written) + 1, age)))

    def _is_said(self, text: str, offered: Sequence[Evidence], work: _Work) -> bool:
        """Whether a sentence was taken already that rests on the same words."""
        grounds = ground(text, work.question, offered)
        there = [c for s in work.said for c in s.verified.grounds.cited]
        return (
            grounds is not None
            and not grounds.failed
            and all(
                any(
                    t.passage.article_id == c.passage.article_id and t.span.covers(c.span)
                    for t in there
                )
                for c in grounds.cited
            )
        )

    def _own(self, offered: Sequence[Evidence], work: _Work) -> Verified | None:
        """The first of an article's own sentences that a briefing may hold."""
        longest = min(LONGEST_LEAD, work.request.max_words)
        for e in offered:
            text = _plain(e.text)
            if len(text.split()) > longest:
                text = next((t for t in shortened(text) if len(t.split()) <= longest), "")
            if (
                not text
                or orders(e.text)
                or not _ENDED.search(text)
                or _LEANS.match(text)
                or self._is_said(text, [e], work)
            ):
                continue
            if copied := self._copied(text, [e], work):
                return self._written_out(copied, work)
        return None

    def _copied(self, text: str, offered: Sequence[Evidence], work: _Work) -> Verified | None:
        """An article's own words: nothing is left for the model to judge."""
        grounds = ground(text, work.question, offered)
        if grounds is None or grounds.failed:
            return None
        return Verified(text, grounds, judge(grounds, 1.0, self._calibration.support))

    def _sentences(
        self, context: dict[str, Any], sentences: int, longest: int, work: _Work
    ) -> list[str]:
        words = str(min(longest, work.request.max_words))
        with work.timed("generate"):
            reply = work.reader.text(
                self._brief, context, sentences=AT_ONCE[sentences - 1], words=words
            )
        text = tidied(_MARK.sub("", reply))
        return [_plain(span.of(text)) for span in sentence_spans(text)][:sentences]

    def _verified(
        self,
        text: str,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        work: _Work,
        *,
        briefly: bool = False,
    ) -> Verified | None:
        """The sentence, if it holds, and with its days written out where that holds too.

        Where there is no room for more it need not say who says so: the citation does.
        """
        reason = None if _ENDED.search(text) else "it has no end"
        if reason is None and _LEANS.match(text):
            reason = "it does not stand by itself"
        if reason:
            work.dropped.append(Dropped(text=text, reason=reason))
            return None
        if verbatim(text, offered) and (copied := self._copied(text, offered, work)):
            return self._written_out(copied, work)
        with work.timed("verify"):
            verified = self._verifier.verified(
                text, work.question, context, offered, work.reader, work.dropped, []
            )
        if verified is None:
            return None
        reason = None
        told = " ".join(c.text for c in verified.grounds.cited)
        headline = any(f.field == "title" for f in verified.grounds.fields)
        if len(verified.grounds.cited) > 1 or (headline and _OFFICE.search(text)):
            reason = "put together from several places"
        elif not (briefly or keeps_speaker(text, told)):
            reason = "it does not say who says so"
        elif float(verified.support.checks["entailment"]) < LEAST_ENTAILMENT:
            reason = "entailment"
        if reason:
            work.dropped.append(Dropped(text=text, reason=reason))
            return None
        return self._written_out(verified, work)

    def _written_out(self, verified: Verified, work: _Work) -> Verified:
        cited = verified.grounds.cited
        text = written_out(verified.text, cited[0].passage.published_at)
        if text == verified.text:
            return verified
        grounds = ground(text, work.question, [Evidence(c.passage, c.span, c.text) for c in cited])
        if grounds is None or grounds.failed:
            return verified
        entailment = float(verified.support.checks["entailment"])
        return Verified(text, grounds, judge(grounds, entailment, self._calibration.support))

    def _fitting(self, said: Said, most: int, work: _Work) -> Said | None:
        """The sentence, or a shorter one from the same source, of `most` words."""
        if said.size <= most:
            return said
        room = said.size <= work.request.max_words
        work.dropped.append(
            Dropped(text=said.text, reason="no room is left for it" if room else "too long")
        )
        cited = said.verified.grounds.cited
        context = context_of(cited, work.question)
        offered = [Evidence(c.passage, c.span, c.text) for c in cited]
        for text in self._sentences(context, 1, most, work):
            verified = self._verified(text, context, offered, work, briefly=True)
            if verified:
                shorter = Said(verified, said.item, said.order)
                if shorter.size <= most:
                    return shorter
                work.dropped.append(Dropped(text=shorter.text, reason="too long"))
        return None

    # Compare

    def _compare(self, work: _Work) -> None:
        """Finds what the articles on one event tell otherwise; an outlet's later report counts."""
        reports = [r for r in work.originals if r.read]
        offered = {
            r.article.id: evidence(self._index.registry.passages_of(r.article.id)) for r in reports
        }
        items = {r.item for r in reports if sum(o.item == r.item for o in reports) > 1}
        compared = [s for s in work.said if s.item in items and s.order[:2] < (0, COMPARED)]
        for done, said in enumerate(compared):
            work.tell(Progress(stage="compare", done=done, total=len(compared)))
            if not any(said is s for s in work.said):
                continue
            mine = said.passage.article_id
            others = [r for r in reports if r.item == said.item and r.article.id != mine]
            for r in others:
                if not any(said is s for s in work.said):
                    break
                self._contest(said, r, offered[r.article.id], work)
        if compared:
            work.tell(Progress(stage="compare", done=len(compared), total=len(compared)))

    def _contest(self, said: Said, r: _Report, offered: Sequence[Evidence], work: _Work) -> None:
        rival = against(said, offered)
        corrects = is_later(offered[0].passage, said.passage) and takes_back(said.text, offered)
        if rival is None and not corrects:
            return
        if corrects:
            self._take_back(said, work)
            return
        assert rival is not None
        other = self._other(rival, r, work)
        if other is None or any(
            (a is said and b is other) or (a is other and b is said) for a, b in work.conflicts
        ):
            return
        quotation = " ".join(c.text for c in other.verified.grounds.cited)
        context = context_of(other.verified.grounds.cited, work.question)

        def reads() -> bool:
            with work.timed("verify"):
                read = work.reader.yes(
                    self._contradicted, context, quotation=quotation, statement=said.text
                )
            return read >= LEAST_DISPUTE

        if not tells_otherwise(said, other, reads):
            return
        if is_later(other.passage, said.passage):
            self._take_back(said, work)
        elif is_later(said.passage, other.passage):
            self._take_back(other, work)
        elif outlet(said.passage) != outlet(other.passage):
            self._oppose(said, other, work)
            return
        if not any(s is other for s in work.said) and not is_later(said.passage, other.passage):
            work.said.append(other)

    def _other(self, rival: Evidence, r: _Report, work: _Work) -> Said | None:
        """What that article's sentence says: as it was written already, or is now."""
        for s in work.said:
            if any(
                c.passage.article_id == r.article.id and c.span.covers(rival.span)
                for c in s.verified.grounds.cited
            ):
                return s
        context = prompt_context([rival.passage], work.question)
        alone = {**context, "articles": [{**context["articles"][0], "text": rival.text}]}
        for text in self._sentences(alone, 1, LONGEST_SENTENCE, work):
            verified = self._verified(text, alone, [rival], work)
            if verified:
                return Said(verified, r.item, (0, COMPARED, _age(r, work)))
        return None

    def _take_back(self, said: Said, work: _Work) -> None:
        work.dropped.append(
            Dropped(text=said.text, reason="corrected by the outlet's later report")
        )
        work.said = [s for s in work.said if s is not said]
        work.conflicts = [pair for pair in work.conflicts if not any(s is said for s in pair)]

    def _oppose(self, said: Said, other: Said, work: _Work) -> None:
        """Both are said, or neither: shorter where together they are too long."""
        if not any(s is other for s in work.said):
            work.said.append(other)
        most = work.request.max_words
        longer, shorter = sorted((said, other), key=lambda s: -s.size)
        if longer.size + shorter.size > most:
            longer = self._shortened(longer, max(most // 2, most - shorter.size), work)
        if longer.size + shorter.size > most:
            shorter = self._shortened(shorter, most - longer.size, work)
        if longer.size + shorter.size > most:
            work.said = [s for s in work.said if s is not longer and s is not shorter]
        work.conflicts.append((longer, shorter))

    def _shortened(self, said: Said, most: int, work: _Work) -> Said:
        """The sentence, everywhere in its place a shorter one if there is one."""
        new = self._fitting(said, most, work)
        if new is None:
            return said
        work.said = [new if s is said else s for s in work.said]
        work.conflicts = [
            (new if a is said else a, new if b is said else b) for a, b in work.conflicts
        ]
        return new

    # Reduce

    def _finish(self, work: _Work, reason: str | None) -> Briefing:
        chosen = reduced(work.said, work.conflicts, work.request.max_words)
        citations: list[Citation] = []
        for said in chosen:
            self._note_others(said, work)
            citations.append(cite(said.verified, citations[-1].end + 1 if citations else 0))
            work.tell(citations[-1])
        incomplete = None
        if citations:
            incomplete = "deadline_exceeded" if reason == "deadline_exceeded" else None
            reason = None
        text = " ".join(c.text for c in citations)
        work.timings.total = round((time.monotonic() - work.started) * 1000) + work.timings.queue
        briefing = Briefing.model_validate(
            {
                "id": f"brf_{ULID()}",
                "briefing": text,
                "word_count": len(text.split()),
                "citations": citations,
                "items": _items(chosen, citations, work),
                "conflicts": _conflicts(chosen, citations, work),
                "dropped": work.dropped,
                "incomplete": incomplete,
                "refusal": None if citations else self._refusal(work, reason or "not_supported"),
                "articles": [_briefed(r) for r in work.reports],
                "model": self._model,
                "prompt": self._brief.version,
                "usage": work.usage,
                "timings_ms": work.timings,
            }
        )
        hold(text, citations, self._index.registry)
        try:
            work.reader.keep()
        except StorageFull:
            logger.warning("The disk is full: the replies for %s are not kept", briefing.id)
        return briefing

    def _note_others(self, said: Said, work: _Work) -> None:
        """Adds where other articles on the event, and copies, say the same."""
        event = [r for r in work.reports if (r.copy_of or r).item == said.item]
        passages = [self._index.registry.passages_of(r.article.id) for r in event]
        say_the_same(said.verified, [evidence(p) for p in passages])

    def _refusal(self, work: _Work, reason: str) -> Refusal:
        nearest = [location(h.passage, h.passage.span, h.passage.text) for h in work.hits[:NEAREST]]
        return Refusal.model_validate(
            {"reason": reason, "message": REASONS[reason], "nearest": nearest}
        )


def _naming(topic: str, hits: Sequence[Hit]) -> list[Hit]:
    """Those that tell of something that the topic names, "Brazil" where it says "Brazilian"; all
    where none does.
    """
    named = tuple(w.stem[:NAME_BEGINS] for w in names(topic))
    telling = [
        h
        for h in hits
        if any(s.startswith(named) for s in stems(f"{h.passage.title or ''} {h.passage.text}"))
    ]
    return telling or list(hits)


def _no_captions(offered: Sequence[Evidence]) -> list[Evidence]:
    """Without what stands below a picture: its credit, what comes before that, and what begins with
    a small letter.
    """
    credits = [bool(_CREDIT.match(e.text)) for e in offered]
    return [
        e
        for e, credit, captioned in zip(offered, credits, [*credits[1:], False], strict=True)
        if not (credit or captioned or e.text[:1].islower())
    ]


def _plain(text: str) -> str:
    """A sentence without its agency line, and without "The article reports that ..."."""
    text = _TELLS.sub("", _AGENCY.sub("", tidied(text)))
    return text[:1].upper() + text[1:]


def _published(r: _Report) -> str:
    return r.article.published_at or ""


def _age(r: _Report, work: _Work) -> int:
    """0 for the newest."""
    return sorted(work.reports, key=_published, reverse=True).index(r)


def _items(
    chosen: Sequence[Said], citations: Sequence[Citation], work: _Work
) -> list[BriefingItem]:
    items = []
    for number in dict.fromkeys(s.item for s in chosen):
        own = [c for s, c in zip(chosen, citations, strict=True) if s.item == number]
        event = [
            r for r in work.reports if (r.copy_of or r).item == number and (r.copy_of or r).read
        ]
        items.append(
            BriefingItem(
                start=own[0].start,
                end=own[-1].end,
                article_ids=[r.article.id for r in event],
                independent_sources=len({outlet(r.article) for r in event if not r.copy_of}),
            )
        )
    return items


def _conflicts(
    chosen: Sequence[Said], citations: Sequence[Citation], work: _Work
) -> list[Conflict]:
    """What is disputed, with a sentence of the briefing for each outlet: who contradicts one side
    contradicts all of it.
    """
    disputes: list[list[Said]] = []
    for pair in work.conflicts:
        met = [d for d in disputes if any(s is side for s in d for side in pair)]
        disputes = [d for d in disputes if d not in met] + [[*(s for d in met for s in d), *pair]]
    found = []
    for dispute in disputes:
        sides = {
            outlet(s.passage): (s, c)
            for s, c in reversed(list(zip(chosen, citations, strict=True)))
            if any(s is side for side in dispute)
        }
        if len(sides) > 1:
            told = sorted(sides.values(), key=lambda side: side[1].start)
            about = next(
                (s.passage.title for s, _ in told if s.passage.title),
                work.request.topic or QUESTION,
            )
            found.append(Conflict(about=about, sides=[c for _, c in told]))
    return found


def _briefed(r: _Report) -> BriefedArticle:
    a = r.article
    return BriefedArticle(
        id=a.id,
        revision=a.revision,
        title=a.title,
        source=a.source,
        url=a.url,
        published_at=a.published_at,
        copy_of=r.copy_of.article.id if r.copy_of else None,
        read=r.read,
    )
