"""What a test asserts of an answer, and how it is told where it does not hold.

An answer is a text, an answer or briefing of the service (object or JSON), or whatever has an
`answer` or a `text`. A source is a SourceText, an article of the service, a Path or a text; or
several.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from dateline_client.contract import (
    Answer,
    Article,
    Briefing,
    Check,
    CheckedSentence,
    Citation,
    QuoteCheck,
    Source,
    read,
)
from dateline_client.refusals import refuses
from dateline_client.texts import (
    Look,
    Span,
    changed,
    instead,
    likeness,
    line_and_column,
    lone_marks,
    missing,
    nearest,
    occurrences,
    plain,
    quotations,
)

__tracebackhide__ = True
Mode = Literal["full", "fast"]
GAP = "\n\n"  # between the texts of several sources that are sent as one
AROUND = 60  # characters before and after a mark that is shown
MOST_SHOWN = 5  # citations that a failure lists
WRONG = {
    "numbers": "a number that the source does not give for this",
    "names": "a name that the source does not have",
    "dates": "a date that is not the source's",
    "negation": "it denies what the source says, or the other way round",
    "quotes": "quoted words that the source does not have",
    "roles": "somebody else did or said it, in the source",
    "plans": "done, where the source tells of a plan or of what may be",
    "causes": "a cause that the source does not name",
    "orders": "the source orders it to be said, and does not state it",
}
_FRONT = re.compile(r"---[ \t]*\n((?:[\w-]+:.*\n|[ \t]*\n)*)---[ \t]*\n\s*")


@dataclass(frozen=True)
class SourceText:
    """A text, and what it is called. `before` lines stand above it in its file."""

    text: str
    name: str = "the source"
    title: str | None = None
    published_at: str | None = None
    article_id: str | None = None
    revision: str | None = None
    before: int = 0

    def place(self, at: int) -> str:
        line, column = line_and_column(self.text, at)
        return f"{self.name}:{line + self.before}:{column}"


def source_file(path: Path, name: str | None = None) -> SourceText:
    """A text file in UTF-8. Its front matter is no part of the text: of it title and date count.

    Raises OSError, and ValueError where it is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise type(error)(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(
            f"{path} is no text in UTF-8. A PDF, a DOCX or a web page is added to the service: "
            "dateline.client.add_file(path).article is a source."
        ) from None
    fields: dict[str, str] = {}
    before = 0
    if front := _FRONT.match(text):
        pairs = (line.partition(":") for line in front[1].splitlines())
        fields = {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}
        before, text = front[0].count("\n"), text[front.end() :]
    title, published_at = fields.get("title"), fields.get("published_at")
    return SourceText(text, name or path.name, title or None, published_at or None, before=before)


def source_of(article: Article) -> SourceText:
    """An article that the service has."""
    return SourceText(
        article.text,
        article.id,
        article.title,
        article.published_at,
        article.id,
        article.revision,
    )


def sources_of(source: object) -> list[SourceText]:
    """Raises TypeError for what is no source."""
    match source:
        case SourceText():
            return [source]
        case Article():
            return [source_of(source)]
        case str():
            return [SourceText(source)]
        case Path():
            return [source_file(source)]
        case Mapping() if "id" in source and "text" in source:
            return [source_of(read(Article, source))]
        case Iterable() if not isinstance(source, Mapping | bytes):
            return [each for one in source for each in sources_of(one)]
    raise TypeError(
        f"{source!r:.100} is no source: give a text, a Path, what dateline.article or "
        "dateline.stored gives, or a list of these."
    )


@dataclass(frozen=True)
class Said:
    """An answer's text; its citations and its refusal, where it has them to tell."""

    text: str
    citations: list[Citation] | None = None
    refused: str | None = None
    answerable: bool | None = None

    @property
    def cited(self) -> list[str]:
        """The ids of the articles that it cites, each once."""
        sources = [source for c in self.citations or [] for source in c.sources]
        return list(dict.fromkeys(s.article_id for s in sources if s.article_id is not None))


def said(answer: object) -> Said:
    """Raises TypeError for what is no answer."""
    if isinstance(answer, str):
        return Said(answer)
    if hasattr(answer, "model_dump"):  # pydantic's
        answer = answer.model_dump(mode="json", by_alias=True)
    if isinstance(answer, Mapping):
        if "answerable" in answer:
            answer = read(Answer, answer)
        elif "word_count" in answer:
            answer = read(Briefing, answer)
    if isinstance(answer, Answer | Briefing):
        told = answer.answer if isinstance(answer, Answer) else answer.briefing
        refusal = answer.refusal
        why = f"{refusal.reason}: {refusal.message}" if refusal else None
        return Said(told, answer.citations, why, refusal is None)
    if isinstance(answer, Mapping):
        text = answer.get("answer", answer.get("text"))
    else:
        text = getattr(answer, "answer", getattr(answer, "text", None))
    if not isinstance(text, str):
        raise TypeError(
            f"{answer!r:.100} is no answer: give a text, an answer or a briefing of the service, "
            "or an object with an `answer` or a `text`."
        )
    return Said(text)


@dataclass(frozen=True)
class Mark:
    """A piece of the answer, what was found of it, and where in which source."""

    span: Span
    verdict: Literal["good", "bad", "none"]
    note: str = ""
    places: list[tuple[int, Span]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """An assertion as the report shows it; `message` is empty where it holds."""

    assertion: str
    text: str
    sources: list[SourceText]
    marks: list[Mark]
    message: str = ""

    def data(self) -> dict[str, Any]:
        return asdict(self)


class Judge:
    """Makes outcomes. `check` and `verify_quote` ask the service, or know what it said before."""

    def __init__(
        self,
        check: Callable[[str, dict[str, Any], list[str]], Check],
        verify_quote: Callable[[str, str, str], QuoteCheck],
        look: Look,
        refusals: Sequence[str] = (),
    ) -> None:
        self._check, self._verify_quote, self._look = check, verify_quote, look
        self._refusals = refusals

    def grounded(self, answer: object, sources: list[SourceText], mode: Mode) -> Outcome:
        """Every sentence that states something is supported, and there is one."""
        told = said(answer)
        outcome = Outcome("assert_grounded", told.text, sources, [])
        if not told.text.strip():
            return _empty(outcome, told)
        request, revisions = _request(sources, mode)
        checked = self._check(told.text, request, revisions).sentences
        marks = [
            Mark(
                (s.start, s.end),
                {"supported": "good", "not_checkable": "none"}.get(s.label, "bad"),  # type: ignore[arg-type]
                "not checkable" if s.label == "not_checkable" else f"{s.label}, {s.score:.0%}",
                [_place(source, sources) for source in s.sources],
            )
            for s in checked
        ]
        outcome = Outcome(outcome.assertion, told.text, sources, marks)
        stated = [s for s in checked if s.label != "not_checkable"]
        bad = [s for s in stated if s.label != "supported"]
        if not stated:
            return _failed(outcome, "No sentence of the answer states what can be checked.")
        if not bad:
            return outcome
        of = f"{len(bad)} of {_count(stated, 'sentence')} {'is' if len(bad) == 1 else 'are'}"
        head = f"{of} not supported by {_names(sources)}"
        lines = [line for s in bad for line in self._unsupported(s, sources)]
        return _failed(outcome, head, *lines)

    def _unsupported(self, sentence: CheckedSentence, sources: list[SourceText]) -> Iterator[str]:
        claim = plain(sentence.text)
        wrong = [why for name, why in WRONG.items() if sentence.checks.get(name) is False]
        reading = sentence.checks.get("entailment")
        if isinstance(reading, float) and reading < 0.5:
            wrong.append(f"the model reads it there with a probability of {reading:.0%}")
        if not sentence.sources:
            wrong = ["nothing in the source shares its words"]
        elif not wrong:
            wrong = ["too little of it stands in the source"]
        yield ""
        yield self._look.bold(f"{sentence.label}: {wrong[0]}")
        yield from (self._look.bold(f"  and {why}") for why in wrong[1:])
        cited = [plain(source.cited_text) for source in sentence.sources]
        yield from self._look.lines("-", claim, missing(claim, " ".join(cited)))
        for source, text in zip(sentence.sources, cited, strict=True):
            yield from self._look.lines("+", text, instead(claim, text))
            number, span = _place(source, sources)
            yield self._look.dim(f"    {plain(sources[number].place(span[0]))}")

    def verbatim(self, answer: object, sources: list[SourceText]) -> Outcome:
        """What the answer has in quotation marks stands in a source, word for word."""
        told = said(answer)
        if not told.text.strip():
            return _empty(Outcome("assert_quotes_verbatim", told.text, sources, []), told)
        marks, lines = [], []
        for start, end in quotations(told.text):
            words = told.text[start:end]
            places = list(self._standing(words, sources))
            marks.append(Mark((start, end), "good" if places else "bad", "", places))
            if not places:
                lines += ["", *self._difference(words, self._nearest(words, sources), sources)]
        lone = lone_marks(told.text)
        shown = [*marks, *(Mark((at, at + 1), "bad", "not closed") for at in lone)]
        shown.sort(key=lambda mark: mark.span)
        outcome = Outcome("assert_quotes_verbatim", told.text, sources, shown)
        bad = [mark for mark in marks if mark.verdict == "bad"]
        if lone:  # what it quotes cannot be told, and is not to pass for verbatim
            are = "mark is" if len(lone) == 1 else "marks are"
            head = f"{len(lone)} quotation {are} not closed in the answer"
            if not bad:
                return _failed(outcome, head, *self._unclosed(told.text, lone))
            lines = [*lines, "", self._look.bold(head), *self._unclosed(told.text, lone)]
        if not bad:
            return outcome
        do = "does" if len(bad) == 1 else "do"
        head = f"{len(bad)} of {_count(marks, 'quotation')} {do} not stand in {_names(sources)}"
        return _failed(outcome, head, *lines)

    def _unclosed(self, text: str, lone: list[int]) -> Iterator[str]:
        """Each mark with the words around it, of its line: there it is to be closed."""
        for at in lone:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            start = max(start, at - AROUND)
            before = plain(text[start:at]) + " " * text[start:at][-1:].isspace()
            after = plain(text[at : min(end if end >= 0 else len(text), at + AROUND)])
            place = len(before) if before.strip() else 0
            yield ""
            yield from self._look.lines(
                "-", before[len(before) - place :] + after, [(place, place + 1)]
            )

    def _standing(self, words: str, sources: list[SourceText]) -> Iterator[tuple[int, Span]]:
        for number, source in enumerate(sources):
            if source.article_id is None:
                yield from ((number, span) for span in occurrences(words, source.text))
                continue
            reply = self._verify_quote(words, source.article_id, source.revision or "")
            for match in reply.matches:
                yield number, _span(match)

    def _nearest(self, words: str, sources: list[SourceText]) -> tuple[int, Span] | None:
        found = [(n, span) for n, s in enumerate(sources) if (span := nearest(words, s.text))]
        return max(
            found,
            key=lambda place: likeness(words, sources[place[0]].text[slice(*place[1])]),
            default=None,
        )

    def _difference(
        self, words: str, place: tuple[int, Span] | None, sources: list[SourceText]
    ) -> Iterator[str]:
        ours = plain(words)
        if place is None:
            yield from self._look.lines("-", ours)
            yield f"    nothing like it is in {_names(sources)}"
            return
        number, span = place
        theirs = plain(sources[number].text[slice(*span)])
        minus, plus = changed(ours, theirs)
        yield from self._look.lines("-", ours, minus)
        yield from self._look.lines("+", theirs, plus)
        yield self._look.dim(f"    {plain(sources[number].place(span[0]))}")

    def cites(self, answer: object, sources: list[SourceText], words: str) -> Outcome:
        """A citation of the answer holds the words; of a mere text, answer and source do."""
        if not plain(words):
            raise ValueError("words is empty: give the words that are to be cited.")
        told = said(answer)
        places = [
            (n, s) for n, source in enumerate(sources) for s in occurrences(words, source.text)
        ]
        outcome = Outcome("assert_cites", told.text, sources, [])
        if not told.text.strip():
            return _empty(outcome, told)
        if not places:
            head = f"“{plain(words)}” does not stand in {_names(sources)}"
            difference = self._difference(words, self._nearest(words, sources), sources)
            return _failed(outcome, head, "", *difference)
        if told.citations is None:
            found = occurrences(words, told.text)
            marks = [Mark(span, "good", "", places) for span in found]
            outcome = Outcome(outcome.assertion, told.text, sources, marks)
            if found:
                return outcome
            head = f"The answer does not hold “{plain(words)}”"
            near = nearest(words, told.text)
            there = [SourceText(told.text, "the answer")]
            difference = self._difference(words, None if near is None else (0, near), there)
            return _failed(outcome, head, "", *difference)
        cited = [(c, s) for c in told.citations for s in (*c.sources, *c.also)]
        hits = [
            (c, s)
            for c, s in cited
            if occurrences(words, s.cited_text) and any(_is_of(s, source) for source in sources)
        ]
        marks = [Mark((c.start, c.end), "good", "", places) for c, _ in hits]
        outcome = Outcome(outcome.assertion, told.text, sources, marks)
        if hits:
            return outcome
        head = f"No citation of the answer holds “{plain(words)}” of {_names(sources)}"
        lines = ["What it cites:"]
        for _, source in cited[:MOST_SHOWN]:
            lines += self._look.lines(" ", plain(source.cited_text))
            lines.append(self._look.dim(f"    {plain(source.article_id or '')}"))
        return _failed(outcome, head, "", *lines)

    def refuses(self, answer: object) -> Outcome:
        """The service's refusal; of a mere text, that it is empty or says that it cannot say."""
        told = said(answer)
        refused = told.answerable is False
        if told.answerable is None:
            refused = refuses(told.text, self._refusals)
        mark = Mark((0, len(told.text)), "good" if refused else "bad", "refusal" if refused else "")
        outcome = Outcome("assert_refuses", told.text, [], [mark])
        if refused:
            return outcome
        lines = list(self._look.lines("-", plain(told.text)))
        for citation in told.citations or []:
            for source in citation.sources:
                lines += self._look.lines("+", plain(source.cited_text))
                lines.append(self._look.dim(f"    {plain(source.article_id or '')}"))
        return _failed(outcome, "The answer is no refusal", "", *lines)


def _request(sources: list[SourceText], mode: Mode) -> tuple[dict[str, Any], list[str]]:
    """What the text is held against, and the revisions that it is."""
    ids = [source.article_id for source in sources]
    if all(ids):
        return {"article_ids": ids, "mode": mode}, [source.revision or "" for source in sources]
    request: dict[str, Any] = {"source_text": GAP.join(s.text for s in sources), "mode": mode}
    if len(sources) == 1:
        one = sources[0]
        request |= {"source_title": one.title, "source_published_at": one.published_at}
    return {name: value for name, value in request.items() if value is not None}, []


def _place(place: Source, sources: list[SourceText]) -> tuple[int, Span]:
    """Which source a place is of, and where in it."""
    start, end = _span(place)
    for number, source in enumerate(sources):
        if place.article_id is not None:
            if place.article_id == source.article_id:
                return number, (start, end)
        elif start <= len(source.text):
            return number, (start, end)
        else:
            start, end = (at - len(source.text) - len(GAP) for at in (start, end))
    return 0, (0, 0)


def _span(place: Source) -> Span:
    return place.start_char_index or 0, place.end_char_index or 0


def _is_of(place: Source, source: SourceText) -> bool:
    if source.article_id is not None:
        return place.article_id == source.article_id
    return place.cited_text in source.text or bool(occurrences(place.cited_text, source.text))


def _failed(outcome: Outcome, *lines: str) -> Outcome:
    message = "\n".join(lines)
    return Outcome(outcome.assertion, outcome.text, outcome.sources, outcome.marks, message)


def _empty(outcome: Outcome, told: Said) -> Outcome:
    why = f" It refused ({told.refused})." if told.refused else ""
    expected = " If that is right, use assert_refuses."
    return _failed(outcome, f"The answer is empty: there is nothing to check.{why}{expected}")


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _names(sources: list[SourceText]) -> str:
    if len(sources) == 1:
        return plain(sources[0].name)
    return f"the {len(sources)} sources"
