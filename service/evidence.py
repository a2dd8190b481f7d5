"""The sentences of the articles, and what of them is cited for a sentence of an answer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from index.registry import Passage
from index.sentences import Span, sentence_spans
from service.dates_held import Derived, Held
from service.roles import SAYS, is_deed
from service.wording import CAPITALISED, names, runs, stems, words

SUBJECT_PRONOUN = re.compile(r"(?:He|She)\b")
# Behind a name of one word: "Holm said", "Holm, 54,", "Holm has", "Holm's".
_GOES_ON = re.compile(
    rf"['’,(]|\s+(?:{SAYS}|is|was|has|had|will|would|did|does|can|could|also|then|later|never|now"
    r"|who|and)\b|\s+[A-Z(–—-]"
)
PLACE = re.compile(rf"\b(?:at|in)(?: the)? {CAPITALISED}")
# "“...,” Ada Krall told reporters": whom a sentence that begins with a quotation is about.
_AFTER_QUOTE = re.compile(rf"[“\"„«](?P<what>[^“”\"„«»]+)[”\"»],? (?P<who>{CAPITALISED}) {SAYS}\b")


@dataclass(frozen=True)
class Evidence:
    """A sentence of an article that may support one of an answer."""

    passage: Passage
    span: Span
    text: str


@dataclass(frozen=True)
class Cited:
    """What is cited from one article: one sentence, or two that follow one another."""

    passage: Passage
    span: Span
    text: str


@dataclass(frozen=True)
class Field:
    """What stands only in an article's title or date field."""

    passage: Passage
    field: str
    text: str


@dataclass
class Grounds:
    """What supports a claim, and which of the checks made by code hold."""

    cited: Sequence[Cited]
    fields: Sequence[Field] = ()
    also: Sequence[Cited] = ()
    coverage: float = 0.0
    checks: dict[str, bool] = field(default_factory=dict)
    dates: Held = field(default_factory=Held)
    article: str = ""  # what was read of the article: its headline, and the passages found

    @property
    def derived(self) -> list[Derived]:
        return self.dates.derived

    @property
    def dated(self) -> frozenset[str]:
        """Stems of the claim's dates that the cited text holds in another form."""
        return frozenset().union(*map(stems, self.dates.told))

    @property
    def failed(self) -> list[str]:
        return [name for name, holds in self.checks.items() if not holds]


def evidence(passages: Sequence[Passage]) -> list[Evidence]:
    """The sentences of the passages, each once, in the order of articles and of their text."""
    articles = {p.article_id: None for p in passages}
    found = []
    for article_id in articles:
        seen: dict[Span, Evidence] = {}
        for passage in passages:
            if passage.article_id == article_id:
                for span in passage.sentences:
                    shifted = Span(span.start - passage.span.start, span.end - passage.span.start)
                    seen.setdefault(span, Evidence(passage, span, shifted.of(passage.text)))
        found += [seen[span] for span in sorted(seen)]
    return found


def joined(chosen: Iterable[Evidence]) -> list[Cited]:
    """Sentences as citations; two that follow one another in an article become one.

    Only the gap between two neighbours lies outside both, and it is white space.
    """
    cited: list[Cited] = []
    doubled = False  # whether the last is two already
    for e in sorted(chosen, key=lambda e: (e.passage.article_id, e.span)):
        last = cited[-1] if cited else None
        if last and not doubled and last.passage is e.passage:
            gap = e.passage.text[
                last.span.end - e.passage.span.start : e.span.start - e.passage.span.start
            ]
            if not gap.strip():
                span = Span(last.span.start, e.span.end)
                shift = e.passage.span.start
                cited[-1] = Cited(
                    e.passage, span, e.passage.text[span.start - shift : span.end - shift]
                )
                doubled = True
                continue
        cited.append(Cited(e.passage, e.span, e.text))
        doubled = False
    return cited


def read_of(sentences: Iterable[Evidence]) -> str:
    """The headline of an article, and its passages of which these sentences are."""
    passages = {e.passage.id: e.passage for e in sentences}
    read = sorted(passages.values(), key=lambda p: p.span)
    return "\n".join([read[0].title or "", *(p.text for p in read)])


def around(grounds: Grounds) -> str:
    """What is cited with what stands around it, and the headlines."""
    return "\n".join(f"{c.passage.title or ''}\n{c.passage.text}" for c in grounds.cited)


def text_before(cited: Cited) -> str:
    """Of its passage, what stands before it."""
    return cited.passage.text[: cited.span.start - cited.passage.span.start]


def with_before(cited: Iterable[Cited]) -> str:
    """What is cited, each with the sentence before it and the outlet's name."""
    told = []
    for c in cited:
        before = text_before(c)
        told += [span.of(before) for span in sentence_spans(before)[-1:]]
        told += [c.text, c.passage.source or ""]
    return "\n".join(told)


def with_antecedent(cited: Cited | Evidence, common: frozenset[str] = frozenset()) -> str:
    """The text with "She", which it begins with, replaced by the name that the sentences before it
    begin with; as it is where they begin with none.
    """
    pronoun = SUBJECT_PRONOUN.match(cited.text)
    if pronoun is None:
        return cited.text
    shift = cited.passage.span.start
    before = [s for s in cited.passage.sentences if s.end <= cited.span.start]
    for span in reversed(before):
        sentence = Span(span.start - shift, span.end - shift).of(cited.passage.text)
        if SUBJECT_PRONOUN.match(sentence):
            continue
        named = runs(sentence, names(sentence, common=common))[:1]
        if named and named[0][0].start == 0:
            name = sentence[: named[0][-1].start + len(named[0][-1].text)]
            # "Rescue service chief Karl Brandt said": the first word is no name.
            behind = next(iter(words(sentence[len(name) :])), None)
            goes_on = _GOES_ON.match(sentence, len(name)) or (behind and is_deed(behind.text))
            if len(named[0]) == 1 and not goes_on:
                break
            return name + cited.text[pronoun.end() :]
        told = _AFTER_QUOTE.match(sentence)
        # "He" after "..., she said of Karl Brandt" may be Brandt.
        beside = PLACE.sub("", sentence[told.end() :]) if told else ""
        if told and not names(told["what"], common=common) + names(beside, common=common):
            return told["who"] + cited.text[pronoun.end() :]
        break
    return cited.text
