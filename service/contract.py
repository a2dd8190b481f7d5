"""The wire: what the calls that read articles take and give.

Every offset counts Unicode code points, 0-based, end exclusive. For each citation
`article.text[start_char_index:end_char_index] == cited_text` for the revision named, and
`answer[start:end] == text`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from index.articles import IsoDate, Line, Whole
from index.index import Hit
from index.registry import Filters, Passage
from index.sentences import Span


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: send some text")
    return text


Asked = Annotated[Whole, AfterValidator(_says_something)]
# Those named; null is all. A list of none is a choice that found nothing, and not all.
Named = Annotated[list[Whole] | None, Field(max_length=1000)]
NONE_NAMED = "article_ids names no article: give the ids of those meant, or leave it out for all"


class _Request(BaseModel):
    """A field that is null is one that was left out: clients send both."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


Said = Annotated[Whole, Field(max_length=100_000)]


class TextPart(BaseModel):
    type: Literal["text"]
    text: Said


def _form(content: Any) -> str | None:
    return {str: "text", list: "parts", type(None): "nothing"}.get(type(content))


class Message(BaseModel):
    """A turn as OpenAI's clients send it. Only what the user and the assistant said is read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[
        Annotated[Said, Tag("text")]
        | Annotated[list[TextPart], Field(max_length=100), Tag("parts")]
        | Annotated[None, Tag("nothing")],
        Discriminator(
            _form,
            custom_error_type="content",
            custom_error_message='Send a text, or a list of {"type": "text", "text": "..."}.',
        ),
    ] = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class AnswerRequest(_Request):
    question: Asked
    filters: Filters = Field(default_factory=Filters)
    messages: list[Message] = Field(
        default_factory=list,
        max_length=1000,
        description="Earlier turns, the oldest first. They tell what the question refers to, and "
        "are never evidence.",
    )
    top_k: int = Field(6, ge=1, le=50)
    max_seconds: float = Field(60, gt=0, le=3600)
    stream: bool = False
    include_trace: bool = False


class _Place(BaseModel):
    """`article.text[start_char_index:end_char_index]` of that revision."""

    article_id: str
    revision: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    start_char_index: int
    end_char_index: int


class CharLocation(_Place):
    """One sentence of an article, or two that follow one another."""

    type: Literal["char_location"] = "char_location"
    cited_text: str


class FieldLocation(BaseModel):
    """What stands only in an article's title or date field."""

    type: Literal["field"] = "field"
    article_id: str
    revision: str
    field: Literal["title", "published_at"]
    cited_text: str


Source = Annotated[CharLocation | FieldLocation, Field(discriminator="type")]


class DerivedDate(BaseModel):
    """A date worked out: `text` of the answer from the article's words, with its ISO `value`."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    text: str
    from_: str = Field(alias="from")
    value: str


class Support(BaseModel):
    """`score` is the probability that the sentence is supported."""

    label: Literal["supported", "contradicted", "unsupported"]
    score: float
    derived: list[DerivedDate]
    checks: dict[str, bool | float]


class Citation(BaseModel):
    """A sentence of the answer and what supports it, jointly."""

    start: int
    end: int
    text: str
    sources: list[Source]
    also: list[CharLocation]
    support: Support


class Dropped(BaseModel):
    text: str
    reason: str


class Refusal(BaseModel):
    reason: Literal[
        "no_articles",
        "no_match",
        "filtered_out",
        "not_stated",
        "not_supported",
        "deadline_exceeded",
    ]
    message: str
    nearest: list[CharLocation]


class ModelName(BaseModel):
    name: str
    sha256: str


class Usage(BaseModel):
    """Tokens over all calls to the model that the answer took."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class Timings(BaseModel):
    """Milliseconds."""

    queue: int = 0
    retrieve: int = 0
    prefill: int = 0
    generate: int = 0
    verify: int = 0
    total: int = 0

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds what is spent within to a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            spent = round((time.monotonic() - start) * 1000)
            setattr(self, stage, getattr(self, stage) + spent)


class Conflict(BaseModel):
    about: str
    sides: list[Citation]


class Retrieval(BaseModel):
    """What was found, before it is read."""

    sources: list[CharLocation]


class Answer(BaseModel):
    id: str
    question: str
    answerable: bool
    confidence: float
    answer: str
    citations: list[Citation]
    unanswered: list[str] = []
    conflicts: list[Conflict] = []
    dropped: list[Dropped] = []
    incomplete: Literal["deadline_exceeded"] | None = None
    refusal: Refusal | None = None
    model: ModelName
    prompt: str
    usage: Usage
    timings_ms: Timings
    trace: dict[str, Any] | None = None


class SearchRequest(_Request):
    query: Annotated[Asked, Field(max_length=4000)]
    filters: Filters = Field(default_factory=Filters)
    top_k: int = Field(10, ge=1, le=100)


class FoundPassage(_Place):
    """`score` only orders. `also` are the passages of other articles that say the same nearly word
    for word, or less."""

    text: str
    score: float
    scores: dict[str, float | None]
    also: list[CharLocation]


class SearchReply(BaseModel):
    passages: list[FoundPassage]


def found(hit: Hit) -> FoundPassage:
    return FoundPassage(
        **_place(hit.passage, hit.passage.span),
        text=hit.passage.text,
        score=hit.fused,
        scores={"dense": hit.dense, "lexical": hit.lexical, "fused": hit.fused},
        also=[location(copy, copy.span, copy.text) for copy in hit.also],
    )


def location(passage: Passage, span: Span, text: str) -> CharLocation:
    """Where `text` stands in the passage's article; `span` is its place there."""
    return CharLocation(**_place(passage, span), cited_text=text)


def _place(passage: Passage, span: Span) -> dict[str, Any]:
    shared = _Place.model_fields.keys() - {"start_char_index", "end_char_index"}
    fields = {name: getattr(passage, name) for name in shared}
    return {**fields, "start_char_index": span.start, "end_char_index": span.end}


# Checks


class CheckedPlace(BaseModel):
    """`text[start_char_index:end_char_index] == cited_text` of that article's revision, or, where
    `article_id` is null, of the `source_text` that was sent.
    """

    type: Literal["char_location"] = "char_location"
    article_id: str | None
    revision: str | None
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    cited_text: str
    start_char_index: int
    end_char_index: int


class CheckRequest(_Request):
    """What `text` is held against: `source_text`, or the articles named, or those that pass the
    filters, or all. `source_title` and `source_published_at` (which "on Tuesday" is read by) tell
    of `source_text`.
    """

    text: Annotated[Asked, Field(max_length=200_000)]
    source_text: Annotated[Whole | None, Field(max_length=1_000_000)] = None
    source_title: Line | None = None
    source_published_at: IsoDate | None = None
    article_ids: Named = None
    filters: Filters = Field(default_factory=Filters)
    mode: Literal["full", "fast"] = "full"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = self.article_ids or self.filters != Filters()
        if self.source_text is not None and named:
            raise ValueError("give source_text, or articles by article_ids or filters, not both")
        if self.source_text is None and (self.source_title or self.source_published_at):
            raise ValueError("source_title and source_published_at tell of source_text: give it")
        if self.source_text is None and self.article_ids == []:
            raise ValueError(NONE_NAMED)
        if self.article_ids and self.filters.article_ids:
            raise ValueError("name the articles in article_ids or in the filters, not in both")
        return self


def checked_place(passage: Passage, span: Span, text: str, *, given: bool) -> CheckedPlace:
    """As `location`; of a text that was `given` with the request the place names no article."""
    place = location(passage, span, text).model_dump()
    return CheckedPlace.model_validate(
        place | ({"article_id": None, "revision": None} if given else {})
    )


class CheckedSentence(BaseModel):
    """`text[start:end]` of the text that was sent. `sources` are the nearest source sentences.

    The `score` of one that is `not_checkable` is 0 and says nothing: it counts in no other.
    """

    start: int
    end: int
    text: str
    label: Literal["supported", "contradicted", "unsupported", "not_checkable"]
    score: float
    checks: dict[str, bool | float]
    sources: list[CheckedPlace]


class CheckReply(BaseModel):
    """`score` is the least of the checkable sentences'; null where none is."""

    score: float | None
    sentences: list[CheckedSentence]


class QuoteRequest(_Request):
    """Where `quote` is looked for: in `source_text`, or in the articles named, or in all."""

    quote: Annotated[Asked, Field(max_length=4000)]
    source_text: Annotated[Whole | None, Field(max_length=1_000_000)] = None
    article_ids: Named = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.source_text is not None and self.article_ids:
            raise ValueError("give source_text or article_ids, not both")
        if self.source_text is None and self.article_ids == []:
            raise ValueError(NONE_NAMED)
        return self


class QuoteChange(BaseModel):
    """A run of words: in both (`=`), only in the quote (`-`), only in the source (`+`)."""

    op: Literal["=", "-", "+"]
    text: str


class NearestQuote(BaseModel):
    """`similarity` is the share of words in common, 0 to 1; words nearly the same count in part."""

    source: CheckedPlace
    similarity: float
    diff: list[QuoteChange]


class QuoteReply(BaseModel):
    found: bool
    matches: list[CheckedPlace]
    nearest: NearestQuote | None


# Briefings

MOST_WORDS = 1000


class BriefingRequest(_Request):
    """On the articles named, or on a topic over the articles that pass the filters."""

    article_ids: list[Whole] = Field(default_factory=list, max_length=100)
    topic: Annotated[Asked, Field(max_length=4000)] | None = None
    filters: Filters = Field(default_factory=Filters)
    max_words: int = Field(80, ge=1, le=MOST_WORDS)
    max_seconds: float = Field(120, gt=0, le=3600)
    stream: bool = False

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if not self.article_ids and self.topic is None:
            raise ValueError("name the articles to brief on in article_ids, or give a topic")
        if self.article_ids and self.topic is not None:
            raise ValueError("give article_ids or a topic, not both")
        if self.article_ids and self.filters != Filters():
            raise ValueError("filters go with a topic: article_ids name the articles already")
        return self


class Progress(BaseModel):
    """How far a briefing is: `done` of `total` pieces of articles in this stage."""

    stage: Literal["read", "compare"]
    done: int
    total: int


class BriefedArticle(BaseModel):
    """An article found. `copy_of` is the one that tells the same word for word and is read in its
    place. `unread` is why the briefing is not drawn from it: such a copy, nothing on the topic, or
    no room or no time for more. `read_share` is how much of its text was read, 0 to 1.
    """

    id: str
    revision: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    copy_of: str | None
    read: bool
    unread: Literal["copy", "off_topic", "no_room", "no_time"] | None
    read_share: float


class BriefingItem(BaseModel):
    """One event: `briefing[start:end]`, and the articles on it. An outlet counts once, and so do
    all copies of a text.
    """

    start: int
    end: int
    article_ids: list[str]
    independent_sources: int


class Briefing(BaseModel):
    id: str
    briefing: str
    word_count: int
    citations: list[Citation]
    items: list[BriefingItem]
    conflicts: list[Conflict]
    dropped: list[Dropped]
    incomplete: Literal["deadline_exceeded"] | None
    refusal: Refusal | None
    articles: list[BriefedArticle]
    model: ModelName
    prompt: str
    usage: Usage
    timings_ms: Timings
