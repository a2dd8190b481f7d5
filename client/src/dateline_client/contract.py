"""What the service sends, as frozen dataclasses.

Every offset counts Unicode code points, 0-based, end exclusive: for each citation
`article.text[start_char_index:end_char_index] == cited_text` and `answer[start:end] == text`.
A field that a newer service adds is ignored; one that it leaves out is empty.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

__tracebackhide__ = True
Made = TypeVar("Made")


@dataclass(frozen=True)
class ArticleHeader:
    """An article as it is listed."""

    id: str
    title: str | None
    source: str | None
    author: str | None
    url: str | None
    published_at: str | None
    language: str | None
    media_type: str
    revision: str
    passages: int
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Article(ArticleHeader):
    """An article as it is kept. All offsets index `text`."""

    text: str


@dataclass(frozen=True)
class Added:
    """`duplicate_of` is the id of an article that tells the same almost word for word."""

    article: Article
    status: Literal["created", "updated", "unchanged"]
    duplicate_of: str | None
    warnings: list[str]


@dataclass(frozen=True)
class ArticlePage:
    articles: list[ArticleHeader]
    next_cursor: str | None


@dataclass(frozen=True)
class Revision:
    revision: str
    created_at: str


@dataclass(frozen=True)
class JobError:
    """Why a line was not taken. Lines are counted from 1."""

    line: int
    code: str
    detail: str


@dataclass(frozen=True)
class Job:
    """An import. `done` includes `failed`."""

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    total: int
    done: int
    failed: int
    errors: list[JobError]
    detail: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    eta_seconds: int | None

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class Source:
    """A place in an article's text, or (`type` is "field") what stands in its title or date only.

    `article_id` is None for a place in a text that was sent with a check.
    """

    type: Literal["char_location", "field"]
    article_id: str | None
    revision: str | None
    cited_text: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    start_char_index: int | None
    end_char_index: int | None
    field: Literal["title", "published_at"] | None


@dataclass(frozen=True)
class DerivedDate:
    """A date worked out from the article's words, `from_`; `value` is ISO 8601."""

    text: str
    from_: str
    value: str


@dataclass(frozen=True)
class Support:
    """`score` is the probability that the sentence is supported."""

    label: Literal["supported", "contradicted", "unsupported"]
    score: float
    derived: list[DerivedDate]
    checks: dict[str, bool | float]


@dataclass(frozen=True)
class Citation:
    """A sentence of the answer and what supports it, jointly; `also` says the same elsewhere."""

    start: int
    end: int
    text: str
    sources: list[Source]
    also: list[Source]
    support: Support


@dataclass(frozen=True)
class Conflict:
    about: str
    sides: list[Citation]


@dataclass(frozen=True)
class Dropped:
    """A sentence that failed and is not in the answer."""

    text: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    reason: str
    message: str
    nearest: list[Source]


@dataclass(frozen=True)
class Model:
    name: str
    sha256: str


@dataclass(frozen=True)
class Usage:
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Answer:
    """Where `answerable` is false, `answer` is empty and `refusal` says why."""

    id: str
    question: str
    answerable: bool
    confidence: float
    answer: str
    citations: list[Citation]
    unanswered: list[str]
    conflicts: list[Conflict]
    dropped: list[Dropped]
    incomplete: str | None
    refusal: Refusal | None
    model: Model
    prompt: str
    usage: Usage
    timings_ms: dict[str, int]
    trace: dict[str, Any] | None


@dataclass(frozen=True)
class Retrieval:
    """The first event of a stream: what was found, before it is read."""

    sources: list[Source]


@dataclass(frozen=True)
class Progress:
    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Briefing:
    """One paragraph of at most the words asked for. `articles` are dicts as they were sent, with
    `read_share`, 0 to 1: how much of the article's text was read.
    """

    id: str
    briefing: str
    citations: list[Citation]
    conflicts: list[Conflict]
    dropped: list[Dropped]
    incomplete: str | None
    refusal: Refusal | None
    articles: list[Any]
    word_count: int
    model: Model
    prompt: str
    usage: Usage
    timings_ms: dict[str, int]


@dataclass(frozen=True)
class CheckedSentence:
    """`text[start:end]` of the text that was sent. `sources` are the nearest source sentences.

    The `score` of one that is `not_checkable` is 0 and says nothing: it counts in no other.
    """

    start: int
    end: int
    text: str
    label: Literal["supported", "contradicted", "unsupported", "not_checkable"]
    score: float
    checks: dict[str, bool | float]
    sources: list[Source]


@dataclass(frozen=True)
class Check:
    """`score` is the least of the checkable sentences'; None where none is."""

    score: float | None
    sentences: list[CheckedSentence]


@dataclass(frozen=True)
class Change:
    """A run of words: in both (`=`), only in the quote (`-`), only in the source (`+`)."""

    op: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True)
class NearestQuote:
    """`similarity` is the share of words in common, 0 to 1; words nearly the same count in part."""

    source: Source
    similarity: float
    diff: list[Change]


@dataclass(frozen=True)
class QuoteCheck:
    found: bool
    matches: list[Source]
    nearest: NearestQuote | None


@dataclass(frozen=True)
class Passage:
    """A passage that was found. `score` only orders."""

    article_id: str
    revision: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    start_char_index: int
    end_char_index: int
    text: str
    score: float
    scores: dict[str, float | None]
    also: list[Source]


@dataclass(frozen=True)
class Ready:
    status: str
    version: str
    model: Model


def read(cls: type[Made], data: Any) -> Made:
    """An object of a JSON text as `cls`, a dataclass above. Raises ValueError where it is none."""
    if not isinstance(data, Mapping):
        raise ValueError(f"no {cls.__name__}: {str(data)[:100]!r}")
    known: Any = cls
    return cls(**{name: _value(kind, data.get(key)) for name, key, kind in _fields(known)})


@functools.cache
def _fields(cls: Any) -> list[tuple[str, str, Any]]:
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    return [(name, name.removesuffix("_"), hints[name]) for name in names]


def _value(kind: Any, value: Any) -> Any:
    """`value` as `kind`; what is left out is empty if `kind` has an empty value, else None."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        kinds = [k for k in inner if k is not type(None)]
        return value if value is None or len(kinds) > 1 else _value(kinds[0], value)
    if origin is list:
        return [_value(inner[0], each) for each in value or []]
    if origin is dict:
        return dict(value or {})
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return read(kind, value or {})
    if value is None and kind in (str, int, float, bool):
        return kind()
    return value
