"""Attempt: one part of a question, answered from one context, or the reason why it is not.

The data's way: context -> text -> claims -> what is verified of them -> signals -> whether that is
an answer. What is known of an answer while it is made is defined here. This module searches for
nothing, and what becomes of a part that is answered is not its concern.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from index.errors import Deadline
from index.index import Hit
from index.registry import Passage, Registry
from index.sentences import Span, sentence_spans
from index.stated import without_agency_line
from service.asked import (
    all_told,
    begins_with_another,
    beside_the_matter,
    continued,
    denied,
    did_another,
    gainsays,
    lacks_fate,
    lacks_kind,
    means_another,
    repeats,
    replaced,
    said_by_another,
    tells_of,
    tells_when,
    times,
    told_together,
    unmet,
    untrue,
    whom_most_tell_of,
)
from service.calibration import Calibration
from service.contract import AnswerRequest, Citation, Conflict, Dropped, Retrieval, Timings, Usage
from service.conversation import Standalone
from service.errata import asks_what_was_wrong, erred
from service.evidence import SUBJECT_PRONOUN, Cited, Evidence, with_antecedent, with_before
from service.grounding import Similarity, nearest, verbatim
from service.orders import orders
from service.plans import not_alleged, not_graver, only_ahead
from service.prompts import Prompt
from service.questions import is_polar, outlets_named
from service.reading import Reader, context_of
from service.roles import may_mean, told_by_others
from service.verification import (
    TOLD_BY_CODE,
    Verified,
    Verifier,
    going_on,
    shortened,
    stated,
    stutters,
    tidied,
)
from service.wording import names, negates, runs, stems, without_stray_marks
from service.yes_no import (
    Told,
    asked_for,
    asks_still,
    bears_on,
    holds_half,
    may_be_no,
    swapped,
    told,
    unled,
    unwrapped,
)

# Of an answer to a question, or to a part of one, unless its first sentence is longer; and of a
# source's sentence that is given in place of the model's.
MOST_WORDS = 50
# Share of the model's words that it has; less where the question is answered with Yes or No, whose
# words the model repeats: whether the sentence settles it is read.
SAME_MATTER, SAME_MATTER_POLAR = 0.5, 0.3
# Share of what is asked that another outlet's article has, if it is to gainsay a No; and how many
# words of what is asked tell what it is about.
SAME_EVENT, LEAST_ASKED = 0.75, 2
# Share of what is asked with Yes or No that a source's own sentence has, to stand for another one
# that the model took.
NEARLY_ALL = 0.8
# The one threshold: an answer less probable than this is not given. Less than a half, since the
# probability is of questions half of which have no answer but seem to; desks ask fewer of these.
ANSWERED = 0.25
# One less probable than this is given only where more of what was found tells nothing better.
SURE = 0.40
# The model's readings of "Yes or No?" lean towards Yes.
SAYS_YES, SAYS_NO = 0.75, 0.65
# Where what is cited settles the question less surely than this, neither word is read of it.
SETTLED = 0.5
# As what it counts, beyond what else is not borne out, that no article tells of a year of the
# question, that somebody else says it, or that nothing of the kind or the matter is told.
PLAINLY = 3
# The model's way of saying that it found nothing, where it was asked for an answer.
_TEXT = r"\b(?:articles?|text|passages?)\b"
_SAYS_NOTHING = re.compile(
    rf"{_TEXT}.{{0,40}}\b(?:do|does|did) not\b"
    rf"|\bnot (?:mentioned|specified|stated|provided|given)\b.{{0,30}}{_TEXT}",
    re.IGNORECASE,
)

Tell = Callable[[Retrieval | Citation], None]


@dataclass
class Part:
    """A part of the question and what was found for it. `reason` is why it is not answered.

    `said` is how it was put, `question` how it is understood by itself. `asked` is what the prompts
    give: that, or the whole question, and then the part is `called` beside it. Where it is `dated`,
    the question asks when, and dates are written out.
    """

    said: str
    question: str
    asked: str
    called: str
    dated: bool
    reason: str | None = None
    verified: list[Verified] = field(default_factory=list)
    others: list[Verified] = field(default_factory=list)  # what other articles say instead
    signals: dict[str, float] = field(default_factory=dict)
    stands: bool = False  # what is verified was found to answer it
    accepted: bool = False  # its sentences are in the answer, and stay there

    @property
    def cited(self) -> list[Cited]:
        return [c for v in self.verified for c in v.grounds.cited]

    def probability(self, calibration: Calibration) -> float:
        """That it is answered right. 0 where nothing was verified."""
        known = "unmet" in self.signals
        return calibration.answer.probability(self.signals) if known else 0.0


@dataclass
class Work:
    """What is known of an answer while it is made."""

    request: AnswerRequest
    reader: Reader
    asked: Standalone
    started: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)
    found: dict[str, list[Passage]] = field(default_factory=dict)  # for a part alone, best first
    read: set[tuple[str, str, Span]] = field(default_factory=set)  # article, revision, sentence
    outlets: list[str] = field(default_factory=list)  # those that the question names
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    claims: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    searched: bool = False  # what was found is told
    questions: list[str] = field(default_factory=list)  # what the question asks, part by part
    parts: list[Part] = field(default_factory=list)  # those that are begun
    citations: list[Citation] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    tell: Tell = lambda event: None


@dataclass
class Attempt:
    """Answers `part` from `context`, which the model reads; `offered` is what may be cited.

    `needed` is the least probability of an answer that is given. `registry` has the whole articles,
    and `prompts` are by their names.
    """

    part: Part
    context: dict[str, Any]
    offered: Sequence[Evidence]
    work: Work
    needed: float
    registry: Registry
    verifier: Verifier
    calibration: Calibration
    prompts: Mapping[str, Prompt]
    similarity: Similarity

    def answer(self, least: float) -> str | None:
        """Fills `part`; gives the reason where that is no answer, or None.

        Asks nothing more of the context where the answer's being there is less than `least`.
        """
        part, reader = self.part, self.work.reader
        with self.work.timings.timed("prefill"):
            prompt = self.prompts["answerable"]
            part.signals["answerable"] = reader.yes(prompt, self.context, part=part.called)
            if part.signals["answerable"] < least:
                return "not_stated"
        with self.work.timings.timed("generate"):
            name = "polar" if self._polar else "named" if self._gathers else "answer"
            text = tidied(reader.text(self.prompts[name], self.context, part=part.called))
        nothing = bool(_SAYS_NOTHING.search(text))
        if nothing and not self._polar:
            return "not_stated"
        spans = [] if nothing else sentence_spans(text)
        claims = [tidied(stated(span.of(text))) for span in spans]
        for earlier in self.work.citations:
            claims = [going_on(claim, earlier.text) for claim in claims]
        with self.work.timings.timed("verify"):
            try:
                if self._gathers:
                    part.verified = self._told_together(text)
                else:
                    part.verified = self._verified_of(claims) or self._in_their_own_words(claims)
            except Deadline:
                # What there is stands where no more reading is needed to tell.
                if part.verified and not self._polar:
                    part.stands = self._answers(claims)
                raise
            likely = part.verified and self._answers(claims)
            if self._polar and not (likely and self._told() in ("Yes", "No")):
                among = self._of_the_articles_cited() if likely else self.offered
                if likely and asks_still(part.question):
                    among = self._not_before_cited()
                denial = self._what_denies(among)
                if denial:
                    part.verified = denial
                    likely = self._answers(claims)
                elif not likely and (nearer := self._what_has_it_all()):
                    part.verified = nearer
                    likely = self._answers(claims)
            if not part.verified:
                return "not_stated" if nothing else "not_supported"
            if not likely:
                return "not_stated"
            if self._polar:
                self._say_yes_or_no()
                if not part.verified and (nearer := self._what_has_it_all()):
                    part.verified = nearer
                    if not self._answers(claims):
                        return "not_stated"
                    self._say_yes_or_no()
                part.stands = bool(part.verified)
                part.others = self._affirmed_elsewhere()
        part.stands = bool(part.verified)
        return None if part.stands else "not_supported"

    @property
    def _polar(self) -> bool:
        return is_polar(self.part.question)

    @property
    def _gathers(self) -> bool:
        """What several outlets tell of somebody, asked about at once, no one sentence bears out."""
        return len(self.work.outlets) > 1 and not self._polar

    def _answers(self, claims: Sequence[str]) -> bool:
        """Whether what was verified of the `claims` is probably an answer."""
        part = self.part
        self._sense()
        if not (self._polar or self._gathers):
            mended = [v.text for v in part.verified[:1]] != claims[:1]
            part.signals["mended"] = float(mended)
        return part.probability(self.calibration) >= self.needed

    def _verified_of(self, claims: Sequence[str]) -> list[Verified]:
        found: list[Verified] = []
        before = " ".join(c.text for c in self.work.citations)
        # What an earlier part told is left out where this one tells more.
        for claim in [c for c in claims if not (before and repeats(c, before))] or claims:
            # Asked whether something is so, the model likes to say that it is; and it says things
            # twice.
            told = " ".join([self.part.question if self._polar else "", *(v.text for v in found)])
            if not claim or (told and repeats(claim, told)):
                continue
            # One sentence settles whether something is so; what follows is where the model errs.
            if found and (self._polar or _words(found) + len(claim.split()) > MOST_WORDS):
                break
            verified = None
            for said in (claim, *shortened(claim)):
                if stutters(said):
                    self.work.dropped.append(Dropped(text=said, reason="says a thing twice"))
                    continue
                verified = self._verified(said, self.offered)
                if verified:
                    break
            if verified:
                found.append(verified)
                self.part.verified = found  # what there is when the time is over
        return found

    def _in_their_own_words(self, claims: Sequence[str]) -> list[Verified]:
        """The source's sentence itself, in place of one that said it wrong."""
        question, asked = self.part.question, self.part.asked
        least = SAME_MATTER_POLAR if self._polar else SAME_MATTER
        named = outlets_named(question, self.work.outlets)
        short = [
            e
            for e in self.offered
            if len(e.text.split()) <= MOST_WORDS
            and tells_when(question, _said(e))
            and not _is_taken_back(e.text, asked)
        ]
        theirs = [e for e in short if e.passage.source in named] or short
        for claim in claims:
            best, share = nearest(claim, asked, theirs)
            text = _said(best) if best else ""
            # Not what is said to whoever answers, nor of another than the question names, nor of
            # "her" where it is not known who she is.
            if orders(text) or replaced(asked, text, text) or begins_with_another(asked, text):
                continue
            if SUBJECT_PRONOUN.match(text) and not tells_of(asked, text):
                continue
            before = self._before(best) if best else ""
            if said_by_another(asked, text, before) or did_another(question, text):
                continue
            if best and means_another(asked, text, before):
                continue
            if share >= least:
                verified = self._verified(text, self.offered)
                if verified:
                    return [verified]
        return []

    def _what_denies(self, among: Sequence[Evidence], tells: Told = "No") -> list[Verified]:
        """A source's own sentence whose words alone say No: the model seldom finds that a denial is
        an answer. One that tells less has to have all of the question's words.
        """
        newest_first = sorted(among, key=lambda e: e.passage.published_at or "", reverse=True)
        for e in newest_first:
            text = _said(e)
            if len(text.split()) > MOST_WORDS or orders(text):
                continue
            if tells != "No" and not repeats(self.part.question, text):
                continue
            if self._tells(text, e.passage) == tells:
                verified = self._verified(text, among, read=False)
                if verified:
                    return [verified]
        return []

    def _what_has_it_all(self) -> list[Verified]:
        """A source's own sentence that has nearly all of what is asked, where the model took
        another: whether it settles that is read.
        """
        question = self.part.question
        for e in self.offered:
            text = _said(e)
            if len(text.split()) > MOST_WORDS or orders(text):
                continue
            if not bears_on(question, text, NEARLY_ALL):
                continue
            if verified := self._verified(text, self.offered, read=False):
                return [verified]
        return []

    def _affirmed_elsewhere(self) -> list[Verified]:
        """Another outlet's sentence whose words alone affirm what is answered with No: "Oil was
        lost" where the owner says that none was.
        """
        part = self.part
        if not part.verified or not part.verified[0].text.startswith("No, "):
            return []
        found = " ".join(e.text for e in self.offered)
        for report in self._other_reports():
            for e in report:
                text = _said(e)
                if len(text.split()) > MOST_WORDS or orders(text):
                    continue
                word = told(part.question, text, e.passage.title or "", found)
                if word not in ("Yes", "not No"):
                    continue
                if verified := self._verified(text, report, read=False):
                    return [verified]
        return []

    def _other_reports(self) -> list[list[Evidence]]:
        """What other outlets' articles tell that are as new as what is cited, and of the same."""
        cited, question = self.part.cited[0].passage, self.part.question
        if len(asked_for(question)) < LEAST_ASKED or asks_still(question):
            return []
        reports: dict[str, list[Evidence]] = {}
        for e in self.offered:
            other = e.passage.source != cited.source or not cited.source
            if other and (e.passage.published_at or "") >= (cited.published_at or "")[:10]:
                reports.setdefault(e.passage.article_id, []).append(e)
        reports.pop(cited.article_id, None)
        return [r for r in reports.values() if bears_on(question, _read_of(r), SAME_EVENT)]

    def _told_together(self, name: str) -> list[Verified]:
        """The sources' own sentences on whom they tell of, who is what the question asks for."""
        question, offered = self.part.question, self.offered
        found: list[Verified] = []
        told = told_together(name, question, offered)
        if not told:  # a name from the model's own memory, or of somebody else
            name = whom_most_tell_of(question, offered)
            told = told_together(name, question, offered)
        for e in told:
            text = _said(e)
            if orders(text) or len(text.split()) > MOST_WORDS:
                continue
            if verified := self._verified(text, offered):
                found.append(verified)
                self.part.verified = found
        return found

    def _verified(
        self, claim: str, among: Sequence[Evidence], *, read: bool = True
    ) -> Verified | None:
        work = self.work
        if _is_taken_back(claim, self.part.asked):
            work.dropped.append(Dropped(text=claim, reason="tells what was told in error"))
            return None
        own = [
            e for e in among if SUBJECT_PRONOUN.match(e.text) and verbatim(claim, [e], whole=True)
        ]
        if own and not any(self._is_of_whom_is_told(e) for e in own):
            work.dropped.append(Dropped(text=claim, reason="does not tell whom it is about"))
            return None
        return self.verifier.verified(
            claim,
            self.part.asked,
            self.context,
            among,
            work.reader,
            work.dropped,
            work.claims,
            read=read,
        )

    def _is_of_whom_is_told(self, e: Evidence) -> bool:
        """Whether "He", which a source's sentence begins with, may mean somebody whom the question
        names, if it names any, or the sentence before it in the answer, if that is of its article.
        """
        asked = self.part.asked
        last = [(c.text, {s.article_id for s in c.sources}) for c in self.work.citations]
        if not self._polar:  # then what there is gives way to another
            last += [
                (v.text, {c.passage.article_id for c in v.grounds.cited})
                for v in self.part.verified
            ]
        told = [text for text, ids in last[-1:] if e.passage.article_id in ids]
        named = [run for text in (asked, *told) for run in runs(text, names(text))]
        before = f"{e.passage.title or ''}\n\n{self._before(e)}"
        return not names(asked) or any(
            name & stems(before) and may_mean(name, before)
            for name in (frozenset(w.stem for w in run) for run in named)
        )

    def _say_yes_or_no(self) -> None:
        """Puts before what is stated the word that it comes to, where that is plain.

        What its words tell counts before the model's reading of them.
        """
        part = self.part
        by_words = self._told()
        if by_words in ("Yes", "No"):
            word = str(by_words)
        else:
            alone = context_of(part.cited, part.question)
            p = self.work.reader.yes(self.prompts["yes_no"], alone)
            word = "Yes" if p >= SAYS_YES else "No" if p <= SAYS_NO else ""
            if by_words == f"not {word}":
                word = ""
            if word == "No" and not self._may_say_no():
                part.verified[:1] = self._what_bears(word)
                if part.verified and not bears_on(part.question, self._said_and_cited()):
                    # Given as a No, and of something else.
                    part.verified = self._what_denies(self.offered, "not Yes")
                if not part.verified:
                    return
                by_words = self._told()
                word = word if by_words == word else ""
        if word and not (by_words and self._bears(word)):
            part.verified[:1] = self._what_bears(word)
            if not part.verified:
                return
            if not self._bears(word):
                word = ""
        if word == "Yes" and not self._is_done():
            word = ""
            if not part.verified:
                return
        if not word and not holds_half(part.question, part.verified[0].text):
            part.verified = []
            return
        first = part.verified[0]
        text = unwrapped(first.text, [c.text for c in first.grounds.cited])
        if word:
            beside = " ".join([part.question, *(c.passage.text for c in first.grounds.cited)])
            text = f"{word}, {continued(unled(text), beside)}"
        part.verified[0] = replace(first, text=text)

    def _is_done(self) -> bool:
        """Whether what is cited tells as done, not as alleged, what is asked about; where it is to
        come, what the model told as done gives way to the source's own words.
        """
        part, first = self.part, self.part.verified[0]
        cited = " ".join(c.text for c in first.grounds.cited)
        ahead = only_ahead(part.question, cited)
        if ahead and not only_ahead(part.question, first.text):
            part.verified[:1] = self._in_their_own_words([first.text])
        told = not_graver(part.question, cited) and not_alleged(part.question, cited)
        return not ahead and told

    def _what_bears(self, word: str) -> list[Verified]:
        """A sentence that goes with Yes or No: a source's own where the model's does not."""
        first = self.part.verified[0]
        own: list[Verified] = []
        if word == "No":
            own = self._what_denies(self._not_before_cited())
        if not own and not self._bears(word):
            own = self._in_their_own_words([first.text])
        said = " ".join(c.text for c in first.grounds.cited)
        contrary = gainsays(word, first.text, self.part.question) or swapped(first.text, said)
        return own or ([] if contrary else [first])

    def _bears(self, word: str) -> bool:
        """Whether the sentence goes with the word, as far as its own words tell, and leaves out no
        denial; nor puts one who is named in the other's place.
        """
        first = self.part.verified[0]
        cited = " ".join(c.text for c in first.grounds.cited)
        if swapped(first.text, cited):
            return False
        if self._tells(first.text, first.grounds.cited[0].passage) == word:
            return True
        hidden = word == "No" and negates(cited) and not negates(first.text)
        return not (hidden or gainsays(word, first.text, self.part.question))

    def _may_say_no(self) -> bool:
        """Whether what was read as a No is plain enough to be called one."""
        plain = may_be_no(self.part.question, self._said_and_cited())
        return plain and self.part.signals["settled"] >= SETTLED

    def _told(self) -> Told:
        """What the words that are cited say to a question of Yes or No."""
        cited = self.part.cited
        return self._tells(" ".join(with_antecedent(c) for c in cited), cited[0].passage)

    def _tells(self, text: str, passage: Passage) -> Told:
        same = [e.text for e in self.offered if e.passage.article_id == passage.article_id]
        return told(self.part.question, text, passage.title or "", " ".join(same))

    def _said_and_cited(self) -> str:
        return " ".join([self.part.verified[0].text, *map(with_antecedent, self.part.cited)])

    def _of_the_articles_cited(self) -> list[Evidence]:
        ids = {c.passage.article_id for c in self.part.cited}
        return [e for e in self.offered if e.passage.article_id in ids]

    def _not_before_cited(self) -> list[Evidence]:
        """Where a denial is looked for: what still is so, no earlier article denies."""
        if not asks_still(self.part.question):
            return list(self.offered)
        earliest = min(c.passage.published_at or "" for c in self.part.cited)
        return [e for e in self.offered if (e.passage.published_at or "") >= earliest]

    def _before(self, e: Evidence | Cited) -> str:
        return self.registry.get(e.passage.article_id, e.passage.revision).text[: e.span.start]

    def _sense(self) -> None:
        """The signals that tell an answer from what merely resembles one."""
        part, outlets = self.part, self.work.outlets
        question, signals = part.question, part.signals
        quotation = " ".join(c.text for c in part.cited)
        signals["support"] = min(v.support.score for v in part.verified)
        said = " ".join(v.text for v in part.verified)
        # What a question gathers from several outlets is borne out by the articles of all of them.
        gathered = {e.passage.article_id for e in self.offered if e.passage.source in outlets}
        ids = sorted(gathered | {c.passage.article_id for c in part.cited})
        known = [all_told(self.registry.get(article_id), question) for article_id in ids]
        known.append(" ".join({*outlets, *(e.passage.source or "" for e in self.offered)}))
        # What it denies or takes for granted may be borne out by a sentence that is not cited.
        missing = unmet(question, known, question if self._gathers else quotation, known)
        missing += replaced(question, quotation, said)
        if self._polar:
            # Nearly any sentence supports itself. Whether it settles the question is seen best
            # where nothing stands beside it.
            alone = context_of(part.cited, question)
            settled = 0.0 if missing else self._told() == "No" and TOLD_BY_CODE
            prompt = self.prompts["answerable"]
            signals["settled"] = settled or self.work.reader.yes(prompt, alone, part="")
            missing += [said] * did_another(question, said)
        elif not self._gathers:
            missing += denied(question, said)
            missing += untrue(question, quotation, " ".join(known))
        others = told_by_others(question, with_before(part.cited), [e.text for e in self.offered])
        aside = [] if self._polar or self._gathers else self._beside_the_matter()
        # A name may be written otherwise; a year that nobody tells of is another one, and who says
        # something else is somebody else.
        plainly = times(missing, question) + len(others)
        lacks = lacks_kind(question, said, self.part.asked)
        plainly += lacks or lacks_fate(question, said, quotation) or bool(aside)
        signals["unmet"] = float(len([*missing, *others, *aside]) + PLAINLY * plainly)

    def _beside_the_matter(self) -> list[str]:
        cited = self.part.cited
        before = [self._before(c) for c in cited]
        return beside_the_matter(
            self.part.question,
            " ".join(c.text for c in cited),
            " ".join(span.of(text) for text in before for span in sentence_spans(text)[-1:]),
            [self.registry.get(i).text for i in sorted({c.passage.article_id for c in cited})],
            self.similarity,
        )


def _said(e: Evidence) -> str:
    """A sentence of an article on one line, without the agency line, and without a quotation mark
    whose other half is not in it; whom it means by "She".
    """
    said = " ".join(without_agency_line(with_antecedent(e)).split())
    return without_stray_marks(said)


def _is_taken_back(text: str, question: str) -> bool:
    """Whether it tells what was told in error: no answer but to a question on that."""
    return erred(text) and not asks_what_was_wrong(question)


def _read_of(report: Sequence[Evidence]) -> str:
    """What is offered of an article, and its headline."""
    return " ".join([report[0].passage.title or "", *(e.text for e in report)])


def _words(found: Sequence[Verified]) -> int:
    return sum(len(v.text.split()) for v in found)
