"""Briefings: one paragraph on articles or a topic, each sentence from one article, cited, checked.

Map: `service.reports` finds the reports and has them read, several at once. Reduce: event by event,
the most newsworthy first, code says nothing twice and sets side by side what outlets tell
otherwise; an event's sentences are told once nothing can change them, before the next one's. This
module knows nothing of HTTP.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from ulid import ULID

from index.errors import Deadline, StorageFull
from index.index import Hit, Index
from service.answers import NEAREST
from service.calibration import Calibration
from service.conflicts import CORRECTED, is_later, takes_back
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
from service.dates_written import reported
from service.errata import corrects_itself
from service.evidence import Evidence, Field, evidence
from service.prompts import Prompt
from service.reading import Budget, Reader, context_of, prompt_context
from service.reports import (
    LONGEST_SENTENCE,
    QUESTION,
    Report,
    Writer,
    covered_by,
    in_order,
    named,
    search,
    tell_copies,
)
from service.stories import (
    Said,
    against,
    corrects,
    outlet,
    reduced,
    say_the_same,
    share,
    tells_otherwise,
)
from service.verification import cite, hold

if TYPE_CHECKING:  # langchain_core takes most of a second to import
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

# Of the model's best reading so far: an article that only mentions the topic is read as less.
AS_RELEVANT = 0.85
READ_AT_ONCE = 8  # articles: then more, where too few of them tell of the topic
MOST_READ = 24
OF_AN_EVENT = 2  # reports that are read before others of the next event
MOST_PIECES = 16  # that the model writes of, beside each article's first
AT_A_TIME = 4  # articles or pieces, which share the engine's batches; others want their turn too
A_SENTENCE = 22  # words, as a rule
THE_DAY = 4  # words that tell when it was reported
# From here on two counts of one thing, which the words leave open, are held for a dispute.
LEAST_DISPUTE = 0.3
COMPARED = 3  # an article's first sentences are held against the other articles
REASONS = {
    "no_articles": "There are no articles yet. Add some first.",
    "filtered_out": "No article passes the filters.",
    "no_match": "No article has anything to do with this topic.",
    "not_supported": "No sentence was found that the articles support and that fits.",
    "deadline_exceeded": "There was not enough time for a briefing. Allow more with max_seconds.",
}

Tell = Callable[[Progress | Citation], None]


@dataclass
class _Work:
    """What is known of a briefing while it is made."""

    request: BriefingRequest
    reader: Reader
    writer: Writer
    usage: Usage
    pool: ThreadPoolExecutor
    tell: Tell
    started: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)  # of the event that is worked on
    conflicts: list[tuple[Said, Said]] = field(default_factory=list)
    chosen: list[Said] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    progress: dict[str, Progress] = field(default_factory=dict)
    pieces: int = 0  # beside the first ones
    out_of_time: bool = False
    timings: Timings = field(default_factory=Timings)

    def to_do(self, stage: str, more: int) -> None:
        before = self.progress.get(stage) or Progress(stage=stage, done=0, total=0)
        self.progress[stage] = before.model_copy(update={"total": before.total + more})
        self.tell(self.progress[stage])

    def done(self, stage: str) -> None:
        before = self.progress[stage]
        self.progress[stage] = before.model_copy(update={"done": before.done + 1})
        self.tell(self.progress[stage])

    def says(self, said: Said) -> bool:
        return any(s is said for s in self.said)

    def put(self, old: Said, new: Said) -> None:
        """Puts a sentence everywhere in the place of another."""
        self.said = [new if s is old else s for s in self.said]
        self.conflicts = [
            (new if a is old else a, new if b is old else b) for a, b in self.conflicts
        ]

    @property
    def left(self) -> int:
        """Words."""
        return self.request.max_words - sum(s.size for s in self.chosen)


class Briefer:
    """Briefs from `index` with `chat`, a model that streams and gives `top_logprobs`."""

    def __init__(
        self, index: Index, chat: BaseChatModel, model: ModelName, *, keep: bool = True
    ) -> None:
        self._kept = index.registry if keep else None
        self._index, self._chat, self._model = index, chat, model
        self._calibration = Calibration.of(model.sha256)
        self._brief, self._contradicted = Prompt("brief"), Prompt("contradicted")

    def brief(
        self,
        request: BriefingRequest,
        budget: Budget,
        queued_ms: int = 0,
        tell: Tell = lambda event: None,
    ) -> Briefing:
        """The briefing with its citations, or a typed refusal.

        `tell` is given how far it is, and each sentence once it is final.

        Raises ArticleNotFound where an article is named that is not there.
        """
        usage = Usage()
        reader = Reader(self._chat, budget, usage, self._model, self._kept)
        # What stands in the place that the prompts' head has for a question.
        question = f"What is the news about {request.topic}?" if request.topic else QUESTION
        writer = Writer(reader, question, request.max_words, self._calibration)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            work = _Work(request, reader, writer, usage, pool, tell)
            work.timings.queue = queued_ms
            try:
                reason = self._gather(work)
                if reason is None:
                    self._tell_events(self._read(work), work)
                    reason = None if any(r.unread is None for r in work.reports) else "no_match"
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return self._finish(work, "deadline_exceeded" if work.out_of_time else reason)

    def _gather(self, work: _Work) -> str | None:
        """Finds the articles, tells copies and events; gives the reason of a refusal, or None."""
        registry, request = self._index.registry, work.request
        for article_id in (*request.article_ids, *request.filters.article_ids):
            registry.get(article_id)
        if not registry.count():
            return "no_articles"
        with work.timings.timed("retrieve"):
            if request.topic is None:
                work.reports = named(self._index, request.article_ids)
            elif not registry.count(request.filters):
                return "filtered_out"
            else:
                work.reports, work.hits = search(self._index, request.topic, request.filters)
            if not work.reports:
                return "no_match"
            tell_copies(work.reports, self._index)
            originals = in_order([r for r in work.reports if r.copy_of is None], self._index)
            for r in work.reports:
                r.item = (r.copy_of or r).item
            work.reports = [*originals, *(r for r in work.reports if r.copy_of)]
        return None

    # Map

    def _read(self, work: _Work) -> list[Report]:
        """The reports that the briefing is drawn from, in order: of a topic those that tell of it,
        which are looked for until there are as many events as it may have sentences.
        """
        topic, wanted = work.request.topic, ceil(work.request.max_words / A_SENTENCE)
        originals = [r for r in work.reports if r.copy_of is None]
        if topic is None:
            read, waiting = originals[:MOST_READ], originals[MOST_READ:]
        else:
            waiting = _in_turns(originals)
            relevance: dict[Report, float] = {}
            read = []
            try:
                while waiting and len({r.item for r in read}) < wanted:
                    size = min(READ_AT_ONCE, MOST_READ - len(relevance))
                    if size <= 0:
                        break
                    next_ones, waiting = waiting[:size], waiting[size:]
                    work.to_do("read", len(next_ones))
                    with work.timings.timed("prefill"):
                        found = work.pool.map(partial(work.writer.relevance, topic), next_ones)
                        for r, probability in zip(next_ones, found, strict=True):
                            relevance[r], r.unread = probability, "off_topic"
                            work.done("read")
                    least = max(0.5, AS_RELEVANT * max(relevance.values()))
                    read = [r for r in originals if relevance.get(r, 0) >= least]
            except Deadline:
                work.out_of_time = True
        for r in read:
            r.unread = None
            work.writer.take_lead(r)
        for r in waiting if not work.out_of_time else []:
            r.unread = "no_room"
        return read

    def _tell_events(self, read: Sequence[Report], work: _Work) -> None:
        """Event by event: what its reports tell is written, compared, and said.

        The first pieces of all reports are asked for at once, so that the engine is never idle
        while an event is worked on.
        """
        events = [list(event) for _, event in groupby(read, _item)]
        wanted = ceil(work.request.max_words / A_SENTENCE)
        pieces = max(len(read), min(sum(len(r.pieces) for r in read), ceil(wanted / 2)), 1)
        each = ceil(wanted / pieces)
        first: dict[Report, Future[None]] = {}
        work.to_do("read", len(read))
        for r in read:
            opened = r.said and r.said[0].size <= work.request.max_words
            # The words that a long article's lead leaves are for its other pieces.
            if not work.out_of_time and ((each > 1 and not r.is_long) or not opened):
                first[r] = work.pool.submit(work.writer.write, r, 0, each)
        several_days = len({r.day for r in read if r.day}) > 1
        for number, event in enumerate(events):
            later = [_first_size(e) + THE_DAY * several_days for e in events[number + 1 :]]
            most = share(_first_size(event) + THE_DAY * several_days, later, work.left)
            try:
                self._write(event, first, most, each, work)
                self._compare(event, work)
            except Deadline:
                work.out_of_time = True
            self._say(event, most, several_days, work)

    def _write(
        self,
        event: Sequence[Report],
        first: dict[Report, Future[None]],
        most: int,
        each: int,
        work: _Work,
    ) -> None:
        """What the model writes of the event: then of further pieces, as long as there are words
        for them.
        """
        with work.timings.timed("generate"):
            for r in event:
                if r in first:
                    first[r].result()
                work.done("read")
            left = most - sum(s.size for s in reduced(_told(event), [], most, work.left))
            long = any(r.is_long for r in event)
            each = 1 if long else each
            asked = ceil(left / (each * A_SENTENCE)) if left >= A_SENTENCE else 0
            if asked and long:
                # Not each gives a sentence that holds, and so many are read in the time of one.
                asked = max(asked + 1, AT_A_TIME)
            most_pieces = max(0, min(asked, MOST_PIECES - work.pieces))
            # The first of each report, then the second of each.
            turns = [
                (turn, n, number)
                for n, r in enumerate(event)
                for turn, number in enumerate(r.next_pieces(most_pieces))
            ]
            further = [(number, n) for _, n, number in sorted(turns)[:most_pieces]]
            work.pieces += len(further)
            if further:
                work.to_do("read", len(further))
            # Of a piece whose lead was taken the model's first sentence tells the same.
            written = [
                work.pool.submit(work.writer.write, event[n], number, each + (number == 0))
                for number, n in further
            ]
            for one in written:
                one.result()
                work.done("read")
            for r in event:
                r.drop_loose()

    # Compare

    def _compare(self, event: Sequence[Report], work: _Work) -> None:
        """Finds what the reports tell otherwise; an outlet's later report counts."""
        work.said = _told(event)
        self._correct(event, work)
        if len(event) == 1:
            return
        offered = {r: evidence(self._index.registry.passages_of(r.article.id)) for r in event}
        for said in work.said:
            if _is_taken_back(said, offered.values()):
                self._take_back(said, work)
        compared = [s for s in work.said if s.order < (0, COMPARED)]
        work.to_do("compare", len(compared))
        with work.timings.timed("verify"):
            for said in compared:
                for r in event:
                    if r.article.id != said.passage.article_id and work.says(said):
                        self._contest(said, r, offered, work)
                work.done("compare")

    def _correct(self, event: Sequence[Report], work: _Work) -> None:
        """Takes back what the outlet says elsewhere that it told in error: a correction in words
        may name too little to be on one event with what it corrects. So with what an article says
        of itself.
        """
        others = [r for r in work.reports if r.copy_of is None and r not in event]
        for said in [*work.said]:
            own = evidence(self._index.registry.passages_of(said.passage.article_id))
            if any(corrects_itself(e.text, said.text) for e in own):
                self._take_back(said, work)
                continue
            later = [r for r in others if r.passages and is_later(r.passages[0], said.passage)]
            for r in later:
                offered = evidence(self._index.registry.passages_of(r.article.id))
                if any(corrects(e.text, said.text) for e in offered) and work.says(said):
                    self._take_back(said, work)

    def _contest(
        self, said: Said, r: Report, offered: Mapping[Report, Sequence[Evidence]], work: _Work
    ) -> None:
        rival = against(said, offered[r])
        other = self._other(rival, r, work) if rival else None
        if (
            other is None
            or _is_taken_back(other, offered.values())
            or any(
                (a is said and b is other) or (a is other and b is said) for a, b in work.conflicts
            )
        ):
            return
        quotation = " ".join(c.text for c in other.verified.grounds.cited)
        context = context_of(other.verified.grounds.cited, work.writer.question)

        def reads() -> bool:
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
        if not work.says(other) and not is_later(said.passage, other.passage):
            work.said.append(other)

    def _other(self, rival: Evidence, r: Report, work: _Work) -> Said | None:
        """What that article's sentence says: as it was written already, or is now."""
        for s in work.said:
            if any(
                c.passage.article_id == r.article.id and c.span.covers(rival.span)
                for c in s.verified.grounds.cited
            ):
                return s
        context = prompt_context([rival.passage], work.writer.question)
        alone = {**context, "articles": [{**context["articles"][0], "text": rival.text}]}
        for text in work.writer.sentences(alone, 1, LONGEST_SENTENCE):
            verified = work.writer.verified(text, alone, [rival], work.dropped)
            if verified:
                return Said(verified, r.item, (0, COMPARED))
        return None

    def _take_back(self, said: Said, work: _Work) -> None:
        work.dropped.append(Dropped(text=said.text, reason=CORRECTED))
        work.said = [s for s in work.said if s is not said]
        work.conflicts = [pair for pair in work.conflicts if not any(s is said for s in pair)]

    def _oppose(self, said: Said, other: Said, work: _Work) -> None:
        """Both are said, or neither: shorter where together they are too long."""
        if not work.says(other):
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
        new = work.writer.fitting(said, most, work.dropped)
        if new is None:
            return said
        work.put(said, new)
        return new

    # Reduce

    def _say(self, event: Sequence[Report], most: int, several_days: bool, work: _Work) -> None:
        """Tells the sentences of the event, which are final."""
        said = _told(event) if work.out_of_time else work.said
        if work.out_of_time and said:
            # What was not compared may tell it otherwise.
            first = min(said, key=lambda s: s.order).passage.article_id
            said = [s for s in said if s.passage.article_id == first]
        passages = [
            self._index.registry.passages_of(r.article.id)
            for r in work.reports
            if r.item == event[0].item
        ]
        day = None
        room = THE_DAY * several_days
        chosen = reduced(said, work.conflicts, most - room, work.left - room)
        chosen = chosen or reduced(said, work.conflicts, most, work.left)
        spare = work.left - sum(s.size for s in chosen)
        for s in chosen:
            if several_days and s.passage.published_at != day and spare >= THE_DAY:
                dated = self._with_its_day(s, work)
                spare, s = spare - (dated.size - s.size), dated
            day = s.passage.published_at
            say_the_same(s.verified, [evidence(p) for p in passages])
            start = work.citations[-1].end + 1 if work.citations else 0
            work.chosen.append(s)
            work.citations.append(cite(s.verified, start))
            work.tell(work.citations[-1])

    def _with_its_day(self, said: Said, work: _Work) -> Said:
        """The sentence, with the day of its report where it tells of no day itself."""
        passage = said.passage
        text = reported(said.text, passage.published_at)
        if text is None or passage.published_at is None:
            return said
        grounds = said.verified.grounds
        fields = [*grounds.fields, Field(passage, "published_at", passage.published_at)]
        dated = replace(
            said,
            verified=replace(said.verified, text=text, grounds=replace(grounds, fields=fields)),
        )
        work.put(said, dated)
        return dated

    def _finish(self, work: _Work, reason: str | None) -> Briefing:
        citations = work.citations
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
                "items": _items(work),
                "conflicts": _conflicts(work.chosen, citations, work),
                "dropped": _once([*(d for r in work.reports for d in r.dropped), *work.dropped]),
                "incomplete": incomplete,
                "refusal": None if citations else _refusal(work, reason or "not_supported"),
                "articles": [self._briefed(r) for r in work.reports],
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

    def _briefed(self, r: Report) -> BriefedArticle:
        a = r.article
        whole = covered_by([p.span for p in self._index.registry.passages_of(a.id)])
        return BriefedArticle(
            id=a.id,
            revision=a.revision,
            title=a.title,
            source=a.source,
            url=a.url,
            published_at=a.published_at,
            copy_of=r.copy_of.article.id if r.copy_of else None,
            read=r.unread is None,
            unread=r.unread,
            read_share=0.0 if r.unread else round(min(1.0, r.size / max(1, whole)), 3),
        )


def _in_turns(reports: Sequence[Report]) -> list[Report]:
    """Some of each event, and then more of each: not one event's many reports alone."""
    turns = [(n // OF_AN_EVENT, r) for _, e in groupby(reports, _item) for n, r in enumerate(e)]
    return [r for _, r in sorted(turns, key=lambda turn: turn[0])]


def _item(r: Report) -> int:
    return r.item


def _is_taken_back(said: Said, reports: Iterable[Sequence[Evidence]]) -> bool:
    """Whether a later report of its outlet says that it was wrong."""
    return any(
        is_later(offered[0].passage, said.passage) and takes_back(said.text, offered)
        for offered in reports
        if offered  # else it was deleted meanwhile
    )


def _told(event: Sequence[Report]) -> list[Said]:
    return [s for r in event for s in r.said]


def _first_size(event: Sequence[Report]) -> int:
    """Words of its first sentence, as far as that is known."""
    return min(_told(event), key=lambda s: s.order).size if _told(event) else A_SENTENCE


def _once(dropped: Sequence[Dropped]) -> list[Dropped]:
    return [*{(d.text, d.reason): d for d in dropped}.values()]


def _refusal(work: _Work, reason: str) -> Refusal:
    filters, message = work.request.filters, REASONS[reason]
    first, last = filters.published_from or "", filters.published_to or ""
    if reason == "filtered_out" and first[: len(last)] > last[: len(first)]:
        message = f"No article is from {first} on and until {last}: the span ends before it begins."
    nearest = [location(h.passage, h.passage.span, h.passage.text) for h in work.hits[:NEAREST]]
    return Refusal.model_validate({"reason": reason, "message": message, "nearest": nearest})


def _items(work: _Work) -> list[BriefingItem]:
    items = []
    for number in dict.fromkeys(s.item for s in work.chosen):
        own = [c for s, c in zip(work.chosen, work.citations, strict=True) if s.item == number]
        event = [r for r in work.reports if r.item == number and (r.copy_of or r).unread is None]
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
