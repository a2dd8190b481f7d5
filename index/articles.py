"""Articles: what a caller sends, what is kept, and how each is named.

Offsets everywhere count Unicode code points of `Article.text`, 0-based, end exclusive. This module
knows nothing of sentences, storage or search.
"""

import hashlib
import json
import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from index.errors import InvalidRequest

# A language tag (BCP 47), of which the primary subtag is kept; `en_GB` is how systems write it.
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_CONTROL = re.compile(r"[\x00\ud800-\udfff]")
# What may stand in an id: it is part of a URL's path.
_ID = r"^[A-Za-z0-9][A-Za-z0-9._~:@-]{0,199}$"
# The one form (RFC 3339) that text, SQLite and Chroma can all compare.
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def _whole(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds NUL characters or lone surrogates: this is not text")
    return text


def canonical(text: str) -> str:
    """Every character is kept; only line ends become LF, and a leading byte-order mark goes."""
    return _whole(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def _with_content(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: send the article's text")
    return text


def _iso(value: object) -> object:
    """Python's dates are taken too; the contract speaks ISO 8601 strings."""
    return value.isoformat() if isinstance(value, date) else value


def _dated(value: str) -> str:
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            "is not an ISO 8601 date or time, like 2024-11-26 or 2024-11-26T09:30:00Z"
        ) from None
    return value


Whole = Annotated[str, AfterValidator(_whole)]


def _primary(tag: str) -> str:
    if not LANGUAGE.fullmatch(tag):
        raise ValueError("is not a language tag, like en, en-GB or ar")
    return re.split("[-_]", tag)[0].lower()


ArticleId = Annotated[str, Field(pattern=_ID)]
Text = Annotated[str, AfterValidator(canonical), AfterValidator(_with_content)]
Line = Annotated[str, AfterValidator(_whole), Field(max_length=2000)]
IsoDate = Annotated[str, BeforeValidator(_iso), AfterValidator(_dated)]
Language = Annotated[str, AfterValidator(_primary)]


PLAIN = "text/plain"


class NewArticle(BaseModel):
    """An article as a caller sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    text: Text
    id: ArticleId | None = None
    title: Line | None = None
    source: Line | None = None
    author: Line | None = None
    url: Line | None = None
    published_at: IsoDate | None = None
    language: Language | None = None
    media_type: Annotated[Line, BeforeValidator(lambda kind: kind or PLAIN)] = PLAIN

    def identity(self) -> str:
        """The id given, else one made from the URL, else from the text."""
        if self.id:
            return self.id
        return "art_" + hashlib.sha256((self.url or self.text).encode()).hexdigest()[:20]

    def revision(self) -> str:
        """`sha256:` over what a reader or the model is shown: the text and five fields."""
        shown = [self.text, self.title, self.source, self.author, self.url, self.published_at]
        return "sha256:" + hashlib.sha256(json.dumps(shown).encode()).hexdigest()


class ArticleHeader(BaseModel):
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


class Article(ArticleHeader):
    """An article as it is kept. All offsets index `text`, which never changes in a revision."""

    text: str


def json_object(data: bytes, name: str) -> dict[str, Any]:
    """The fields in a JSON text. Raises InvalidRequest, which says it of `name`."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidRequest(f"{name} is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidRequest(f'{name} is no JSON object, like {{"text": "...", "title": "..."}}.')
    return fields


def parse_article(fields: dict[str, Any], name: str) -> NewArticle:
    """Raises InvalidRequest, naming the field and what is wrong with it."""
    try:
        return NewArticle.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{name}: {where}: {told}") from None
