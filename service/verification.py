"""Verification: a sentence that the model wrote is traced to its source, checked, and cited.

What answers and briefings have in common. This module asks the model one thing only: whether a
quotation says all of a statement.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from index.errors import DatelineError
from index.registry import Registry
from service.calibration import Calibration
from service.conflicts import CORRECTED, corrections
from service.contract import CharLocation, Citation, Dropped, FieldLocation, Support, location
from service.counts import with_bounds
from service.dates import WEEKDAYS
from service.dates_held import held, in_source_words
from service.dates_written import with_dates
from service.evidence import Cited, Evidence, Grounds
from service.grounding import check, ground, outlets, verbatim
from service.nations import kin
from service.orders import orders
from service.prompts import Prompt
from service.reading import LEFT_OUT, Reader, judge
from service.roles import is_deed
from service.wording import (
    CALENDAR_STEMS,
    NUMBERS,
    in_other_form,
    is_content,
    stems,
    unquoted,
    with_spelling,
    words,
)

# Whose words they are is told by the citation.
_LEAD_IN = re.compile(
    r"^(?:According to the (?:articles?|reports?|text)(?: (?:from|in) [“\"][^”\"]*[”\"])?,?"
    r"|The (?:articles?|reports?|text) (?:states?|says?|mentions?) that) +",
    re.IGNORECASE,
)
_LEAD_OUT = re.compile(
    r",? (?:as (?:stated|reported|mentioned|described|said|noted)|according to)(?: (?:in|by))?"
    r" (?:the|this) (?:articles?|reports?|text|passages?)(?=[.?!]?$)",
    re.IGNORECASE,
)
# A heading's date, behind the day that the article names.
_HEADINGS_DATE = re.compile(rf"({'|'.join(WEEKDAYS)}),? \(?\d{{4}}-\d\d-\d\d\)?", re.IGNORECASE)
# So many words of its own are a statement of its own.
MADE_UP = 3
# By these a claim says that it is told, which its citation tells.
_TELLING = stems("article describe mention note report said says state story text told")
# What the model adds to an answer is where it errs most.
_LAST_CLAUSE = re.compile(
    r",\s+(?:and\s+)?(?:which|who|whose|where|when|while|as|after|before|following|including|during)"
    r"\b[^,]*(?:,[^,]*)?$"
    r"|,\s+(?:and\s+)?[a-z]+ing\b[^,]*$"
)
LEAST_WORDS = 4  # of a claim that was cut
# Share of a claim's words that the cited text holds, from which on it need not be quoted: where it
# holds less, what else is read might pass for it.
PLAINLY_TOLD = 0.5
# Markup and addresses are no words to be found here and there.
_NO_WORDS = re.compile(r"[<>{}|\\]|://")
CUTS = 3
REPEATED = 4  # words in a row that a sentence that stutters says twice
_TWICE = re.compile(r"\b(\w+ly)\s+\w+\s+\1\b", re.IGNORECASE)
_WHO = re.compile(r",\s+(?:who|which)\s+(?=\w)")
_AND = re.compile(r",?\s+and\s+(?P<verb>[\w’'-]+)")
_WHILE = re.compile(r",\s+(?:while|whereas)\s+(?=\w)")
# Whom a sentence ends with: "Ada Krall", "a new pump", "two inspectors".
_NOUN = r"(?:[a-z’'-]+\s)?[a-z’'-]+"
_OF_WHOM = re.compile(
    r"(?P<name>[A-Z][\w’'-]+(?:\s[A-Z][\w’'-]+)*)\Z"
    rf"|\b(?:(?:an?|the)\s+(?P<one>{_NOUN})|(?P<some>(?:\d[\d,]*|{'|'.join(NUMBERS)})\s{_NOUN}))\Z"
)
# What code can tell counts as a reading of this; what the source says in the very words is
# supported by as much as has to be.
TOLD_BY_CODE, LEAST_SUPPORT = 0.8, 0.5
# "No one came" and "No Dane won" begin with no answer.
_YES_NO = re.compile(r"^(?:yes|no)(?:[,.;:!]+\s*|$)", re.IGNORECASE)
# "It is gone, " she said.
_BEFORE_A_MARK = re.compile(r"""(?<=\w)([.,!?])\s(["”])(?=\s(?:[a-z]|[A-Z]\w*\s\w*\s?said)|$)""")
_YES_NO_LINE = re.compile(r"^\s*(yes|no)[ \t]*\n", re.IGNORECASE)


@dataclass
class Verified:
    """A sentence that the model wrote, what supports it, and how well."""

    text: str
    grounds: Grounds
    support: Support


class Verifier:
    """Holds claims against the sentences of articles."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._supported, self._stated = Prompt("supported"), Prompt("stated")

    def verified(
        self,
        claim: str,
        question: str,
        context: dict[str, Any],
        offered: Sequence[Evidence],
        reader: Reader,
        dropped: list[Dropped],
        claims: list[dict[str, Any]],
        *,
        read: bool = True,
    ) -> Verified | None:
        """The claim with its grounds, or None where it is added to `dropped`.

        `claims` is given what was found of each. The source's own words need not be `read`.
        """
        said = stated(claim)
        grounds = ground(said, question, offered) if said else None
        if grounds is None:
            dropped.append(Dropped(text=claim, reason="no source shares a word with it"))
            return None
        told = {"text": claim, "coverage": grounds.coverage}
        if grounds.failed:  # then the model is not asked: it could not make up for it
            claims.append(told | {"label": "unsupported", "checks": grounds.checks})
            dropped.append(Dropped(text=claim, reason=", ".join(grounds.failed)))
            return None
        if len(new := unsourced(said, grounds, question)) >= MADE_UP:
            dropped.append(Dropped(text=claim, reason=f"not in its source: {', '.join(new)}"))
            return None
        if corrections(said, grounds, offered):
            dropped.append(Dropped(text=claim, reason=CORRECTED))
            return None
        statement = in_source_words(said, grounds.derived)
        plainly = grounds.coverage >= PLAINLY_TOLD and not _NO_WORDS.search(said)
        if not read and verbatim(said, offered):
            entailment = TOLD_BY_CODE
        elif plainly and _is_read(grounds.cited, context, offered):
            entailment = reader.yes(self._stated, context, statement=statement)
        else:
            quotation = " ".join(c.text for c in grounds.cited)
            entailment = reader.yes(
                self._supported, context, quotation=quotation, statement=statement
            )
        support = judge(grounds, entailment, self._calibration.support)
        # The source says what it says; whether it answers the low reading goes on to tell.
        if support.label != "supported" and verbatim(said, offered, whole=True):
            support = support.model_copy(update={"label": "supported", "score": LEAST_SUPPORT})
        claims.append(told | support.model_dump())
        if support.label != "supported":
            dropped.append(Dropped(text=claim, reason="entailment"))
            return None
        return Verified(claim, grounds, support)

    def as_told(self, verified: Verified) -> Verified:
        """The sentence with "about" and the like before its numbers, where what is cited has it,
        and in its spelling.
        """
        grounds = verified.grounds
        source = " ".join(c.text for c in grounds.cited)
        text = with_bounds(with_spelling(verified.text, source), source)
        if text == verified.text or not all(check(text, grounds).values()):
            return verified
        return replace(verified, text=text)

    def with_dates(self, verified: Verified) -> Verified:
        """The sentence with the dates that "on Saturday" and the like come to, where each follows
        from what is cited; as it is where one does not.
        """
        cited = verified.grounds.cited
        published_at = cited[0].passage.published_at
        text = with_dates(verified.text, published_at)
        if text == verified.text or len({c.passage.article_id for c in cited}) > 1:
            return verified
        dates = held(text, " ".join(c.text for c in cited), published_at)
        if dates.missing or dates.unsure:
            return verified
        grounds = replace(verified.grounds, dates=dates)
        entailment = float(verified.support.checks["entailment"])
        support = judge(grounds, entailment, self._calibration.support)
        # What the source says in the very words stays supported with its days written out.
        kept = {"label": verified.support.label, "score": verified.support.score}
        return Verified(text, grounds, support.model_copy(update=kept))


def unsourced(claim: str, grounds: Grounds, question: str) -> list[str]:
    """The words of a claim that what is cited for it has not, nor the question. Its numbers and
    days are held against their source otherwise.
    """
    text = " ".join([question, *(c.text for c in grounds.cited), *(f.text for f in grounds.fields)])
    there = stems(text) | kin(text) | in_other_form(claim, text) | _TELLING
    there |= outlets(claim, (c.passage for c in grounds.cited))
    return [
        w.text
        for w in words(claim)
        if is_content(w)
        and not w.is_number
        and w.stem not in CALENDAR_STEMS
        and w.stem not in there
    ]


def _is_read(cited: Sequence[Cited], context: dict[str, Any], offered: Sequence[Evidence]) -> bool:
    """Whether what is cited need not be quoted: the model has it before it, and nothing that was
    found orders something to be said, since what stands beside the order is not to count for that.
    """
    texts = [article["text"] for article in context["articles"]]
    return all(any(c.text in text for text in texts) for c in cited) and not any(
        orders(e.text) for e in offered
    )


def tidied(text: str) -> str:
    """What the model wrote, on one line, without "According to the article, ..." or ", as stated in
    the article", without the mark of what was not read, and a date in figures behind a weekday.
    """
    text = " ".join(_YES_NO_LINE.sub(r"\1, ", text).replace(LEFT_OUT, " ").split())
    text = _BEFORE_A_MARK.sub(r"\1\2", text)
    text = _HEADINGS_DATE.sub(r"\1", _LEAD_OUT.sub("", _LEAD_IN.sub("", text)))
    return text[:1].upper() + text[1:]


def stated(claim: str) -> str:
    """What a claim says beside the Yes or No that it begins with."""
    said = _YES_NO.sub("", claim)
    return said[:1].upper() + said[1:] if said != claim else claim


def shortened(claim: str) -> Iterator[str]:
    """The claim without the clause that it ends with (", which took place in 1066"), then without
    the one before, CUTS times at most.
    """
    for _ in range(CUTS):
        match = _LAST_CLAUSE.search(claim)
        less = claim[: match.start()] if match else ""
        if len(less.split()) < LEAST_WORDS:
            return
        claim = f"{less}."
        yield claim


def stutters(claim: str) -> bool:
    """Whether it says a thing twice: "seriously hurt seriously", or four words in a row again."""
    said = [w.stem for w in words(unquoted(claim))]
    rows = [tuple(said[i : i + REPEATED]) for i in range(len(said) - REPEATED + 1)]
    return len(set(rows)) < len(rows) or bool(_TWICE.search(claim))


def going_on(claim: str, told: str) -> str:
    """The claim without the sentence that was told, which it begins with: "They sent two men, who
    left" is "The two men left" where "They sent two men." was told, "They sent two men, while rents
    rose" is "Rents rose", and "They sent two men and left" is "They left". Else it as it stands.
    """
    before = told.rstrip(" .")
    goes_on = _AND.match(claim, len(before)) if before and claim.startswith(before) else None
    deeds = [w for w in words(before) if is_deed(w.text)]
    if goes_on and is_deed(goes_on["verb"]) and len(deeds) == 1:
        return f"{before[: deeds[0].start].rstrip()} {claim[goes_on.start('verb') :]}"
    if before and claim.startswith(before) and (beside := _WHILE.match(claim, len(before))):
        rest = claim[beside.end() :]
        return rest[:1].upper() + rest[1:]
    clause = _WHO.match(claim, len(before)) if before and claim.startswith(before) else None
    of_whom = _OF_WHOM.search(before)
    if not clause or not of_whom:
        return claim
    whom = of_whom["name"] or f"The {of_whom['one'] or of_whom['some']}"
    return f"{whom} {claim[clause.end() :]}"


def cite(verified: Verified, start: int) -> Citation:
    """The sentence, which stands at `start` of the reply, with its sources."""
    grounds = verified.grounds
    fields = [
        FieldLocation.model_validate(
            {
                "article_id": f.passage.article_id,
                "revision": f.passage.revision,
                "field": f.field,
                "cited_text": f.text,
            }
        )
        for f in grounds.fields
    ]
    return Citation(
        start=start,
        end=start + len(verified.text),
        text=verified.text,
        sources=[*map(place, grounds.cited), *fields],
        also=[*map(place, grounds.also)],
        support=verified.support,
    )


def place(cited: Cited) -> CharLocation:
    return location(cited.passage, cited.span, cited.text)


def hold(text: str, citations: Sequence[Citation], registry: Registry) -> None:
    """The promise, checked on every reply: each citation is exactly what its article says."""
    end = -1
    for cited in citations:
        if text[cited.start : cited.end] != cited.text:
            raise DatelineError("A citation did not match the answer, so it is not shown.")
        if cited.start != end + 1 or not cited.sources:
            raise DatelineError("A sentence had no citation, so the answer is not shown.")
        end = cited.end
        for source in [*cited.sources, *cited.also]:
            article = registry.get(source.article_id, source.revision)
            if isinstance(source, FieldLocation):
                found = getattr(article, source.field)
            else:
                found = article.text[source.start_char_index : source.end_char_index]
            if found != source.cited_text:
                raise DatelineError("A citation did not match its article: it is not shown.")
