"""Reports: which articles a briefing reads, and what each of them tells.

Gather: the articles found, which of them are copies, which are on one event, and which event is
the most newsworthy. Write: of each article its own lead is taken, and the model writes a few
sentences of it, or of pieces of a long one, each verified there. What several reports tell of one
event is held together in `service.briefings`. This module knows nothing of HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log2
from typing import Any, Literal

from index.articles import Article
from index.embeddings import Vectors
from index.errors import ArticleNotFound
from index.index import Hit, Index
from index.registry import Filters, Passage
from index.sentences import Span, sentence_spans
from index.stated import without_agency_line
from service.answers import LEAST_COSINE
from service.calibration import Calibration
from service.contract import Dropped
from service.dates_written import loose, written_out
from service.errata import erred
from service.evidence import Evidence, evidence
from service.grounding import covered, ground, verbatim, weights_of
from service.orders import orders
from service.prompts import Prompt
from service.reading import Reader, context_of, judge, prompt_context
from service.roles import keeps_speaker
from service.selection import readable, trusted
from service.stories import Said, is_copy, is_opinion, on_one_event, outlet
from service.verification import Verified, Verifier, shortened, tidied
from service.wording import is_content, names, stems, words

FOUND = 100  # passages looked for, for a topic
NAME_BEGINS = 5  # letters
SHORT_NAME = 3  # letters: "US" begins too many words
# Of the best passage's score; what is below has to do with something else.
RELEVANT = 0.45
# How much the newest of the articles found counts over the oldest; the nearest to the topic: 1.
NEWEST = 0.5
AGAIN = 0.1  # what twice as many reports of an event count
PIECE = 1000  # characters that are read at once, or one passage
# From so many pieces on an article is long: it is read in several places, a sentence of each. What
# is not next to what was read counts so much beside the share of the headline's words.
LONG, APART = 8, 0.5
LONGEST_SENTENCE = 30  # words
LEAST_COVERED = 0.5  # of a sentence's words, by what is cited for it
LONGEST_LEAD = 40
LEAD = 3  # sentences: the first may be a caption, or too long
# The news stands below the lead where that holds less than the first share of the headline's words,
# and a later sentence the second share, with so much of all of them that the lead lacks.
LEAD_HOLDS, NEWS_HOLDS, NEWS_ADDS = 0.5, 0.5, 0.4
LEAST_HEADLINE = 3  # words: what few of them tell, another sentence may repeat by chance
# From here on the model's reading of a sentence is believed: of what it writes on its own account
# more is wrong than of its answers.
LEAST_ENTAILMENT = 0.65
AT_ONCE = ("one sentence", "two sentences", "three sentences")
QUESTION = "What is the news?"
_MARK = re.compile(r"^\s*(?:[-*•–]|\d+[.)]|#+)\s+|\*\*|^\s*News:\s*", re.MULTILINE)
_ENDED = re.compile(r"[.!?…][\"”’')\]]*$")
# Whom such a sentence speaks of was said before it, where it was written; here nothing may be.
_LEANS = re.compile(
    r"^(?:he|she|it|they|his|her|its|their|these|those|this|that|such"
    r"|the (?:articles?|report|text|earlier|former|latter|same|other))\b",
    re.IGNORECASE,
)
# "* He resigned.", "CORRECTED: The mill closed."
_BEFORE = re.compile(
    r"^\s*(?:(?:[-*•–]|\d{1,2}[.)]|#+)\s+"
    r"|(?i:corrected|correction|clarification|updated?(?: \d+)?|breaking(?: news)?)\s*:\s+)+"
)
# "On Tuesday, The ministry": no name, but for those that begin so.
_CAPITAL_AFTER_DAY = re.compile(
    r"^((?:On|In|Last|By|Since|Late|Early|Earlier)\s[^,.]{1,40},\s+)(The|An?|It|Its|There|This)"
    r"(?=\s)(?!\s(?:Hague|Gambia|Bahamas|Netherlands|Times|Guardian|Sun|Economist|Independent"
    r"|Telegraph|Observer|Who|Beatles|(?:\w+\s){1,2}(?:Times|Post|Journal|Herald|Tribune|Mail)))"
)
# "No further details were immediately available."
_NOTHING_KNOWN = re.compile(
    r"^(?:no (?:(?:further|more|other|additional|immediate)\s+)?"
    r"(?:details?|information|comment|word)\b[^.]*\b(?:available|given|released|disclosed|provided)\b"
    r"|(?:further|more|other) (?:details|information)\b[^.]*\bnot\b[^.]*\bavailable\b"
    r"|[^.,]{2,60} (?:gave|provided|released|had) no (?:further|other|more|additional|immediate)"
    r" (?:details|information|comment)\b[^.,]{0,30}\.$)",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"\W*(?:image|photo|photograph|picture|video|audio|graphic|file|credit)s?\s*(?::|by\b)",
    re.IGNORECASE,
)
# ", the head of the harbour": an office is what the text says, not what the headline is about.
_OFFICE = re.compile(r",\s+(?:the|an?)\s+[^,]{3,60}\bof\b")
_TELLS = re.compile(
    r"^(?:the|this) (?:article|report) (?:(?:reports|says|states|notes|adds)(?: that)? "
    r"|corrects [^:.]{1,120}: )",
    re.IGNORECASE,
)
# ", oil industry sources said."
_SAID_LAST = re.compile(r",\s+[^,]{2,60}\s(?:said|says)\.$")
# "with the U.S. From erupting": old wires have a capital after each full stop, and no sentence
# begins there.
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}$")
_GOES_ON = re.compile(r"(?:And|By|Because|From|Into|Of|Or|Over|Than|That|To|With)\b")
_CAPITAL_WITHIN = re.compile(rf"(?<=\.[A-Z]\. ){_GOES_ON.pattern}")

Unread = Literal["copy", "off_topic", "no_room", "no_time"]


@dataclass(eq=False)
class Report:
    """An article found, and what was written of it. `item` is the number of its event."""

    article: Article
    passages: list[Passage]
    nearness: float = 0.0  # to the topic, as a cosine
    copy_of: Report | None = None
    item: int = 0
    unread: Unread | None = "no_time"
    said: list[Said] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    unwritten: list[int] = field(default_factory=list)  # pieces that the model wrote nothing of
    news: Evidence | None = None  # the sentence that leads in the place of the article's first
    pieces: list[list[Passage]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.news = told_below(self.article.title or "", self.passages)
        self.pieces = self._pieces()
        self.unwritten = [*range(len(self.pieces))]

    def _pieces(self) -> list[list[Passage]]:
        """What is read at once; what leads is in the first."""
        pieces: list[list[Passage]] = []
        news = self.news.passage.id if self.news else None
        for passage in self.passages:
            size = sum(len(p.text) for p in [*pieces[-1], passage]) if pieces else 0
            if pieces and size <= PIECE and passage.id != news:
                pieces[-1].append(passage)
            else:
                pieces.append([passage])
        return sorted(pieces, key=lambda piece: piece[0].id != news)

    @property
    def is_long(self) -> bool:
        return len(self.pieces) >= LONG

    @property
    def size(self) -> int:
        """Characters of what was read."""
        read = [n for n in range(len(self.pieces)) if n == 0 or n not in self.unwritten]
        spans = sorted(p.span for n in read for p in self.pieces[n])
        return covered_by(spans)

    def next_pieces(self, most: int) -> list[int]:
        """Those to be read next: of a long article not only its beginning, but what shares most
        with the headline and is not next to what was read.
        """
        if not self.is_long:
            return self.unwritten[:most]
        starts = [piece[0].span for piece in self.pieces]
        place = {n: at for at, n in enumerate(sorted(range(len(starts)), key=starts.__getitem__))}
        title = self.article.title or ""
        weights = weights_of(title, evidence(self.passages)) if words(title) else {}
        shares = {
            n: covered(weights, " ".join(p.text for p in self.pieces[n])) for n in self.unwritten
        }
        step = len(starts) / (most + 1)
        chosen: list[int] = []

        def worth(n: int) -> float:
            read = [m for m in place if m == 0 or m in chosen or m not in self.unwritten]
            away = min(abs(place[n] - place[m]) for m in read)
            return shares[n] + APART * min(1, (away - 1) / step)

        left = [n for n in self.unwritten if n > 0]
        while left and len(chosen) < most:
            chosen.append(max(left, key=worth))
            left.remove(chosen[-1])
        return chosen

    def drop_loose(self) -> None:
        """Without a date "yesterday" tells nothing: it is left out where there is more."""
        if self.published:
            return
        kept = [s for s in self.said if not loose(s.text)]
        if kept and len(kept) < len(self.said):
            self.dropped += [
                Dropped(text=s.text, reason="the article has no date to tell its day by")
                for s in self.said
                if loose(s.text)
            ]
            self.said = kept

    @property
    def published(self) -> str:
        return self.article.published_at or ""

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.published[:10]) if self.published else None


# Gather


def named(index: Index, article_ids: Sequence[str]) -> list[Report]:
    """Each once, as it was asked for."""
    registry = index.registry
    return [
        Report(registry.get(i), passages)
        for i in dict.fromkeys(article_ids)
        if (passages := registry.passages_of(i))
    ]


def search(index: Index, topic: str, filters: Filters) -> tuple[list[Report], list[Hit]]:
    """The articles that may have to do with it, and all hits, the best first."""
    hits = index.search(topic, filters, FOUND)
    near = [h for h in hits if h.lexical or (h.dense or 0) >= LEAST_COSINE]
    near = _naming(topic, near) if words(topic) else []
    farthest = min((h.dense for h in near if h.dense is not None), default=0.0)
    found: dict[str, list[Passage]] = {}
    nearness: dict[str, float] = {}
    for hit in near:
        if hit.fused >= RELEVANT * near[0].fused:
            for passage in (hit.passage, *hit.also):
                article_id = passage.article_id
                found.setdefault(article_id, []).append(passage)
                here = farthest if hit.dense is None else hit.dense
                nearness[article_id] = max(here, nearness.get(article_id, 0.0))
    reports = []
    for article_id, passages in found.items():
        # What an article is about its lead says, wherever the topic was found in it.
        article, whole = index.registry.get(article_id), index.registry.passages_of(article_id)
        news = told_below(article.title or "", whole)
        passages += [*whole[:1], *([news.passage] if news else [])]
        in_order = sorted({p.id: p for p in passages}.values(), key=lambda p: p.span)
        reports.append(Report(article, in_order, nearness[article_id]))
    return reports, hits


def _naming(topic: str, hits: Sequence[Hit]) -> list[Hit]:
    """Those that tell of something that the topic names, "Brazil" where it says "Brazilian"; all
    where none does.
    """
    named = tuple(w.stem[:NAME_BEGINS] for w in names(topic) if len(w.text) > SHORT_NAME)
    telling = [
        h
        for h in hits
        if any(s.startswith(named) for s in stems(f"{h.passage.title or ''} {h.passage.text}"))
    ]
    return telling or list(hits)


def tell_copies(reports: Sequence[Report], index: Index) -> None:
    """Of copies the first published is read; of one outlet's, the last."""
    roots = {r.article.id: _root(r.article.id, index) for r in reports}
    originals: list[Report] = []
    for r in sorted(reports, key=lambda r: r.published):
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
        if r.copy_of:
            r.unread = "copy"


def _root(article_id: str, index: Index) -> str:
    while first := index.registry.duplicate_of(article_id):
        article_id = first
    return article_id


def in_order(originals: Sequence[Report], index: Index) -> list[Report]:
    """The reports, event by event, the most newsworthy first, with the events numbered.

    First the event that most outlets tell of; what happened before what somebody thinks of it; then
    the near to the topic, the new and the often reported. An event's newest report comes first.
    """
    events = _events(originals, index)
    nearest = max((r.nearness for r in originals), default=0.0) or 1.0
    days = sorted({r.published[:10] for r in originals})

    def worth(event: Sequence[Report]) -> tuple[int, bool, float]:
        newest = max(days.index(r.published[:10]) for r in event) / max(1, len(days) - 1)
        nearness = max(r.nearness for r in event) / nearest
        return (
            -len({outlet(r.article) for r in event}),
            all(is_opinion(_first_sentence(r)) for r in event),
            -(nearness + NEWEST * newest + AGAIN * log2(len(event))),
        )

    events.sort(key=lambda event: max(r.published for r in event), reverse=True)
    events.sort(key=worth)
    for number, event in enumerate(events):
        event.sort(key=lambda r: r.published, reverse=True)
        for r in event:
            r.item = number
    return [r for event in events for r in event]


def _events(originals: Sequence[Report], index: Index) -> list[list[Report]]:
    """Each report with those that are all on one event with it: else of a running story each would
    be on one with the next, and the first with the last.
    """
    vectors: dict[Report, Vectors] = {}
    for r in originals:
        found = index.registry.vectors([p.id for p in index.registry.passages_of(r.article.id)[:1]])
        if not found:  # it was deleted meanwhile, or replaced
            raise ArticleNotFound(f"The article {r.article.id!r} is not there any more.")
        vectors[r] = found[0][4]
    events: list[list[Report]] = []
    for r in sorted(originals, key=lambda r: r.published):
        for event in reversed(events):
            if all(
                on_one_event(r.article, o.article, float(vectors[r] @ vectors[o])) for o in event
            ):
                event.append(r)
                break
        else:
            events.append([r])
    return events


def _first_sentence(r: Report) -> str:
    own = [r.news] if r.news else own_sentences(r.pieces[0])
    return plain(own[0].text) if own else ""


def told_below(title: str, passages: Sequence[Passage]) -> Evidence | None:
    """The sentence that tells what the headline does, where the article begins with something else:
    of a council meeting its agenda, and far below that the mayor was shot there.
    """
    if sum(is_content(w) for w in words(title)) < LEAST_HEADLINE or not passages:
        return None
    weights = weights_of(title, evidence(passages))
    own = [e for e in own_sentences(passages) if may_lead(e)]
    if not own or covered(weights, own[0].text) >= LEAD_HOLDS:
        return None
    lead = stems(own[0].text)
    lacking = {stem: w for stem, w in weights.items() if stem not in lead}
    best = max(own, key=lambda e: (covered(lacking, e.text), covered(weights, e.text)))
    adds = covered(lacking, best.text) * sum(lacking.values()) / sum(weights.values())
    fits = len(plain(best.text).split()) <= LONGEST_LEAD
    holds = adds >= NEWS_ADDS and covered(weights, best.text) >= NEWS_HOLDS
    return best if fits and holds else None


# Write


class Writer:
    """What a report tells, in sentences of `max_words` at most. From any thread."""

    def __init__(
        self, reader: Reader, question: str, max_words: int, calibration: Calibration
    ) -> None:
        self._reader, self.question, self.max_words = reader, question, max_words
        self._calibration = calibration
        self._verifier = Verifier(calibration)
        self._brief, self._relevant = Prompt("brief"), Prompt("relevant")

    def relevance(self, topic: str, r: Report) -> float:
        """How probably the report tells news about the topic."""
        context = prompt_context(r.pieces[0], self.question)
        return self._reader.yes(self._relevant, context, topic=topic)

    def take_lead(self, r: Report) -> None:
        """An article's own lead, which is written to be one: nothing is asked of the model. It may
        be too long for a short briefing.
        """
        first = [e for e in own_sentences(r.pieces[0]) if may_lead(e)]
        first = [r.news, *(e for e in first if e.span != r.news.span)] if r.news else first
        if lead := self._own(first[:LEAD], r, LONGEST_LEAD):
            r.said.append(Said(lead, r.item, (0, 0, is_opinion(lead.text))))

    def write(self, r: Report, number: int, sentences: int) -> None:
        """What the model writes of a piece: those sentences that hold, or, where none does, the
        article's own next one.
        """
        piece = r.pieces[number]
        r.unwritten.remove(number)
        offered = readable(trusted(evidence(piece)))
        context = context_of(offered, self.question)
        if number == 0 and r.said and r.said[0].size > self.max_words:
            lead = self.fitting(r.said.pop(), self.max_words, r.dropped)
            r.said += [lead] if lead else []
        before = len(r.said)
        written = self.sentences(context, min(sentences, len(AT_ONCE)), LONGEST_SENTENCE)
        for place, text in enumerate(written, 1):
            if self._is_said(text, offered, r):
                continue
            verified = self.verified(text, context, offered, r.dropped)
            if verified:
                said = Said(verified, r.item, (number, place))
                if fitting := self.fitting(said, self.max_words, r.dropped):
                    r.said.append(fitting)
        own = None
        if len(r.said) == before:
            own = self._own(own_sentences(piece), r, min(LONGEST_LEAD, self.max_words))
        if own:
            r.said.append(Said(own, r.item, (number, len(written) + 1)))

    def _is_said(self, text: str, offered: Sequence[Evidence], r: Report) -> bool:
        """Whether a sentence was taken already that rests on the same words."""
        grounds = ground(text, self.question, offered)
        there = [c for s in r.said for c in s.verified.grounds.cited]
        return (
            grounds is not None
            and not grounds.failed
            and all(any(t.span.covers(c.span) for t in there) for c in grounds.cited)
        )

    def _own(self, offered: Sequence[Evidence], r: Report, longest: int) -> Verified | None:
        """The first of an article's own sentences that a briefing may hold, of `longest` words at
        most, and shorter where that fits.
        """
        for e in offered:
            whole = plain(e.text)
            forms = [whole, *(t for t in _shortened(whole) if keeps_speaker(t, e.text))]
            limits = (min(longest, self.max_words), longest)
            text = next((t for n in limits for t in forms if len(t.split()) <= n), "")
            if (
                not text
                or not _ENDED.search(text)
                or not may_lead(e)
                or self._is_said(text, [e], r)
            ):
                continue
            if copied := self._copied(text, [e]):
                return self._written_out(copied)
        return None

    def _copied(self, text: str, offered: Sequence[Evidence]) -> Verified | None:
        """An article's own words: nothing is left for the model to judge."""
        grounds = ground(text, self.question, offered)
        if grounds is None or grounds.failed:
            return None
        return Verified(text, grounds, judge(grounds, 1.0, self._calibration.support))

    def sentences(self, context: dict[str, Any], sentences: int, longest: int) -> list[str]:
        words = str(min(longest, self.max_words))
        reply = self._reader.text(
            self._brief, context, sentences=AT_ONCE[sentences - 1], words=words
        )
        text = tidied(_MARK.sub("", reply))
        return [plain(span.of(text)) for span in sentence_spans(text)][:sentences]

    def verified(
        self,
        text: str,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        dropped: list[Dropped],
        *,
        briefly: bool = False,
    ) -> Verified | None:
        """The sentence, if it holds, and with its days written out where that holds too.

        Where there is no room for more it need not say who says so: the citation does.
        """
        if reason := unfit(text):
            dropped.append(Dropped(text=text, reason=reason))
            return None
        copied = self._copied(text, offered) if verbatim(text, offered) else None
        if copied and not any(erred(c.text) for c in copied.grounds.cited):
            return self._written_out(copied)
        verified = copied or self._verifier.verified(
            text, self.question, context, offered, self._reader, dropped, []
        )
        if verified is None:
            return None
        reason = None
        told = " ".join(c.text for c in verified.grounds.cited)
        headline = any(f.field == "title" for f in verified.grounds.fields)
        if any(erred(c.text) for c in verified.grounds.cited):
            reason = "it was told in error"
        elif len(verified.grounds.cited) > 1 or (headline and _OFFICE.search(text)):
            reason = "put together from several places"
        elif not (briefly or keeps_speaker(text, told)):
            reason = "it does not say who says so"
        elif verified.grounds.coverage < LEAST_COVERED:
            reason = "most of its words are not in its source"
        elif float(verified.support.checks["entailment"]) < LEAST_ENTAILMENT:
            reason = "entailment"
        if reason:
            dropped.append(Dropped(text=text, reason=reason))
            return None
        return self._written_out(verified)

    def _written_out(self, verified: Verified) -> Verified:
        cited = verified.grounds.cited
        text = written_out(verified.text, cited[0].passage.published_at)
        if text == verified.text:
            return verified
        grounds = ground(text, self.question, [Evidence(c.passage, c.span, c.text) for c in cited])
        if grounds is None or grounds.failed:
            return verified
        entailment = float(verified.support.checks["entailment"])
        return Verified(text, grounds, judge(grounds, entailment, self._calibration.support))

    def fitting(self, said: Said, most: int, dropped: list[Dropped]) -> Said | None:
        """The sentence, or a shorter one from the same source, of `most` words."""
        if said.size <= most:
            return said
        room = said.size <= self.max_words
        dropped.append(
            Dropped(text=said.text, reason="no room is left for it" if room else "too long")
        )
        cited = said.verified.grounds.cited
        context = context_of(cited, self.question)
        offered = [Evidence(c.passage, c.span, c.text) for c in cited]
        for text in self.sentences(context, 1, most):
            verified = self.verified(text, context, offered, dropped, briefly=True)
            if verified:
                shorter = Said(verified, said.item, said.order)
                if shorter.size <= most:
                    return shorter
                dropped.append(Dropped(text=shorter.text, reason="too long"))
        return None


def own_sentences(piece: Sequence[Passage]) -> list[Evidence]:
    """An article's sentences, without what stands below a picture: its credit, what comes before
    that, and what begins with a small letter; without what may not end where it was cut, and
    without what goes on from an order.
    """
    offered = _joined(trusted(evidence(piece)))
    following = [*offered[1:], None]
    return [
        e
        for e, after in zip(offered, following, strict=True)
        if not (
            _CREDIT.match(e.text)
            or (after and _CREDIT.match(after.text))
            or e.text[:1].islower()
            or (after and _INITIALS.search(e.text) and _follows(e, after))
        )
    ]


def may_lead(e: Evidence) -> bool:
    """Whether an article's own sentence can stand by itself in a briefing."""
    return not (orders(e.text) or erred(e.text) or unfit(plain(e.text)))


def unfit(text: str) -> str | None:
    """Why it is no sentence of a briefing, by its form alone."""
    if not _ENDED.search(text):
        return "it has no end"
    if _LEANS.match(text):
        return "it does not stand by itself"
    if len(words(text)) < 2 or _NOTHING_KNOWN.match(text):
        return "it tells nothing"
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        return "a quotation in it has no end"
    return None


def _shortened(text: str) -> Iterator[str]:
    """Without its last clauses, but with who says so, where that stands at the end."""
    said = _SAID_LAST.search(text)
    end = said[0] if said else "."
    for less in shortened(f"{text.removesuffix(end)}."):
        yield less.removesuffix(".") + end


def _joined(offered: Sequence[Evidence]) -> list[Evidence]:
    """With what was cut after initials in one piece again."""
    whole: list[Evidence] = []
    for e in offered:
        last = whole[-1] if whole else None
        if last and _follows(last, e) and _INITIALS.search(last.text) and _GOES_ON.match(e.text):
            span, at = Span(last.span.start, e.span.end), e.passage.span.start
            told = Span(span.start - at, span.end - at).of(e.passage.text)
            whole[-1] = Evidence(e.passage, span, told)
        else:
            whole.append(e)
    return whole


def _follows(one: Evidence, other: Evidence) -> bool:
    """Whether they stand in one paragraph, one after the other."""
    return one.passage.id == other.passage.id and other.span.start == one.span.end + 1


def covered_by(spans: Sequence[Span]) -> int:
    """Characters that spans in order cover: passages share sentences."""
    size = end = 0
    for span in spans:
        size += max(0, span.end - max(end, span.start))
        end = max(end, span.end)
    return size


def plain(text: str) -> str:
    """A sentence without its agency line, a mark of a list or correction before it, and without
    "The article reports that ..."."""
    text = _BEFORE.sub("", without_agency_line(tidied(_BEFORE.sub("", text))))
    text = _TELLS.sub("", text)
    text = _CAPITAL_AFTER_DAY.sub(lambda m: m[1] + m[2].lower(), text)
    text = _CAPITAL_WITHIN.sub(lambda m: m[0].lower(), text)
    return text[:1].upper() + text[1:]
