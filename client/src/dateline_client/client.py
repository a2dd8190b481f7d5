"""The calls of the HTTP contract, as methods: `Client`, and `AsyncClient` with the same ones.

What gets 503 or 429 is sent again after the reply's `Retry-After`, a few times: every call of the
contract may be repeated. Everything that goes wrong is a DatelineError.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote, urlsplit

import httpx

from dateline_client.contract import (
    Added,
    Answer,
    Article,
    ArticleHeader,
    ArticlePage,
    Briefing,
    Check,
    Citation,
    Job,
    Passage,
    Progress,
    QuoteCheck,
    Ready,
    Retrieval,
    Revision,
    read,
)
from dateline_client.errors import (
    DatelineError,
    ModelUnavailable,
    Unavailable,
    Unreachable,
    problem,
)

__tracebackhide__ = True  # pytest shows the test's own line, and what is said of it
T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8000"
MOST_WAIT = 60.0  # seconds: a service that says to come back later than that is not waited for
POLL = 0.2  # seconds between two looks at a job, or at a service that is starting

AnswerEvent = Retrieval | Citation | Answer
BriefingEvent = Progress | Retrieval | Citation | Briefing


class ArticleFields(TypedDict, total=False):
    """`published_at` is ISO 8601, a date or a time."""

    id: str
    title: str | None
    source: str | None
    author: str | None
    url: str | None
    published_at: str | None
    language: str | None
    media_type: str


class Filters(TypedDict, total=False):
    article_ids: Sequence[str]
    sources: Sequence[str]
    published_from: str | None
    published_to: str | None


class ListOptions(TypedDict, total=False):
    source: str | Sequence[str]
    published_from: str
    published_to: str
    cursor: str | None
    limit: int


class AnswerOptions(TypedDict, total=False):
    """`messages` are earlier turns, OpenAI-shaped, the oldest first."""

    filters: Filters
    messages: Sequence[Mapping[str, Any]]
    top_k: int
    max_seconds: float
    include_trace: bool


class BriefingOptions(TypedDict, total=False):
    """`article_ids`, or `topic` with `filters`."""

    article_ids: Sequence[str]
    topic: str
    filters: Filters
    max_words: int
    max_seconds: float


class CheckOptions(TypedDict, total=False):
    """What the text is held against: `source_text`, of which `source_title` and
    `source_published_at` tell; or articles; `mode` "fast" is without the language model."""

    source_text: str
    source_title: str | None
    source_published_at: str | None
    article_ids: Sequence[str]
    filters: Filters
    mode: Literal["full", "fast"]


class SearchOptions(TypedDict, total=False):
    filters: Filters
    top_k: int


@dataclass(frozen=True)
class _Call(Generic[T]):
    """A request, and what is made of the reply to it. `content` gives a body anew each time."""

    method: str
    path: str
    made: Callable[[httpx.Response], T]
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, Any] | None = None
    file: tuple[str, bytes] | None = None
    content: Callable[[], Iterator[bytes]] | None = None
    repeated: bool = True

    def request(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"method": self.method, "url": self.path}
        if self.params:
            fields["params"] = {k: v for k, v in self.params.items() if v is not None}
        if self.json is not None:
            fields["json"] = self.json
        if self.file is not None:
            fields |= {"files": {"file": self.file}, "data": self.form}
        if self.content is not None:
            fields["headers"] = {"Content-Type": "application/x-ndjson"}
            fields["content"] = self.content()
        return fields

    def read(self, response: httpx.Response) -> T:
        if not response.is_success:
            raise _problem(response)
        try:
            return self.made(response)
        except (ValueError, TypeError, KeyError) as error:
            raise DatelineError(
                f"{response.request.url} did not answer as a Dateline service does: {error}"
            ) from None


def _as(cls: type[T], key: str = "") -> Callable[[httpx.Response], T]:
    def made(response: httpx.Response) -> T:
        body = response.json()
        return read(cls, body[key] if key else body)

    return made


def _each(cls: type[T], key: str) -> Callable[[httpx.Response], list[T]]:
    return lambda response: [read(cls, item) for item in response.json()[key]]


def _object(response: httpx.Response) -> dict[str, Any]:
    return dict(response.json())


def _nothing(response: httpx.Response) -> None:
    return None


def _problem(response: httpx.Response) -> DatelineError:
    try:
        body = response.json()
    except ValueError:
        body = None
    wait = response.headers.get("Retry-After", "")
    return problem(
        response.status_code,
        body if isinstance(body, Mapping) else {},
        float(wait) if wait.isdecimal() else 0,
    )


# The calls


def _article_path(article_id: str, rest: str = "") -> str:
    return f"/v1/articles/{quote(article_id, safe='')}{rest}"


def _add(text: str, fields: ArticleFields) -> _Call[Added]:
    return _Call("POST", "/v1/articles", _as(Added), json={"text": text, **fields})


def _add_file(path: str | Path, data: bytes | None, fields: ArticleFields) -> _Call[Added]:
    """Of `path` only the name is sent, which tells the document's kind."""
    body = Path(path).read_bytes() if data is None else data
    form = {k: v for k, v in fields.items() if v is not None}
    return _Call("POST", "/v1/articles", _as(Added), form=form, file=(Path(path).name, body))


def _put(article_id: str, text: str, fields: ArticleFields) -> _Call[Added]:
    return _Call("PUT", _article_path(article_id), _as(Added), json={"text": text, **fields})


def _import(articles: Path | bytes | Iterable[Mapping[str, Any]]) -> _Call[Job]:
    def content() -> Iterator[bytes]:
        if isinstance(articles, bytes):
            yield articles
        elif isinstance(articles, Path):
            with articles.open("rb") as file:
                while block := file.read(1 << 16):
                    yield block
        else:
            for article in articles:
                yield json.dumps(article).encode() + b"\n"

    once = isinstance(articles, Iterator)
    return _Call("POST", "/v1/articles:import", _as(Job, "job"), content=content, repeated=not once)


def _list(options: ListOptions) -> _Call[ArticlePage]:
    return _Call("GET", "/v1/articles", _as(ArticlePage), params=options)


def _get(article_id: str, revision: str | None) -> _Call[Article]:
    return _Call("GET", _article_path(article_id), _as(Article), params={"revision": revision})


def _revisions(article_id: str) -> _Call[list[Revision]]:
    return _Call("GET", _article_path(article_id, "/revisions"), _each(Revision, "revisions"))


def _delete(article_id: str) -> _Call[None]:
    return _Call("DELETE", _article_path(article_id), _nothing)


def _jobs() -> _Call[list[Job]]:
    return _Call("GET", "/v1/jobs", _each(Job, "jobs"))


def _job(job_id: str, method: str = "GET") -> _Call[Job]:
    return _Call(method, f"/v1/jobs/{quote(job_id, safe='')}", _as(Job))


def _ask(question: str, options: AnswerOptions) -> _Call[Answer]:
    return _Call("POST", "/v1/answers", _as(Answer), json={"question": question, **options})


def _receipt(answer_id: str) -> _Call[dict[str, Any]]:
    return _Call("GET", f"/v1/answers/{quote(answer_id, safe='')}", _object)


def _brief(options: BriefingOptions) -> _Call[Briefing]:
    return _Call("POST", "/v1/briefings", _as(Briefing), json=dict(options))


def _check(text: str, options: CheckOptions) -> _Call[Check]:
    return _Call("POST", "/v1/checks", _as(Check), json={"text": text, **options})


def _verify(
    words: str, article_ids: Sequence[str] | None, source_text: str | None
) -> _Call[QuoteCheck]:
    body = {
        "quote": words,
        "article_ids": None if article_ids is None else list(article_ids),
        "source_text": source_text,
    }
    return _Call("POST", "/v1/quotes:verify", _as(QuoteCheck), json=body)


def _search(query: str, options: SearchOptions) -> _Call[list[Passage]]:
    body = {"query": query, **options}
    return _Call("POST", "/v1/search", _each(Passage, "passages"), json=body)


def _models() -> _Call[dict[str, Any]]:
    return _Call("GET", "/v1/models", _object)


def _model(name: str) -> _Call[dict[str, Any]]:
    return _Call("GET", f"/v1/models/{quote(name, safe='')}", _object)


def _chat(messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> _Call[Any]:
    body = {"messages": list(messages), **options}
    return _Call("POST", "/v1/chat/completions", _object, json=body)


def _doctor(mend: bool) -> _Call[dict[str, Any]]:
    return _Call("POST", "/v1/doctor", _object, json={"mend": mend})


def _live() -> _Call[dict[str, Any]]:
    return _Call("GET", "/livez", _object)


def _ready() -> _Call[Ready]:
    return _Call("GET", "/readyz", _as(Ready), repeated=False)


def _metrics() -> _Call[str]:
    return _Call("GET", "/metrics", lambda response: response.text)


# Streams


class _Events:
    """Server-sent events out of lines."""

    def __init__(self, kinds: Mapping[str, type[Any]]) -> None:
        self._kinds = kinds
        self._name, self._data, self._rest = "", "", ""

    def lines(self, text: str) -> list[str]:
        """The lines that `text` ends. httpx's end at U+2028 and U+0085 too, which JSON may hold."""
        *whole, self._rest = (self._rest + text).split("\n")
        return whole

    def read(self, line: str) -> Any:
        """The event that this line ends, or None. Raises Problem for an `error`."""
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data += value
        if line or not self._data:
            return None
        name, data = self._name, self._data
        self._name = self._data = ""
        try:
            body = json.loads(data)
            if name != "error":
                return read(self._kinds[name], body) if name in self._kinds else None
        except ValueError as error:
            raise DatelineError(f"The stream holds what is no event: {error}") from None
        raise problem(int(body.get("status", 500)), body)


_ANSWER_EVENTS = {"retrieval": Retrieval, "sentence": Citation, "answer": Answer}
_BRIEFING_EVENTS = {
    "progress": Progress,
    "retrieval": Retrieval,
    "sentence": Citation,
    "briefing": Briefing,
}


def _streamed(call: _Call[Any]) -> _Call[Any]:
    return _Call(call.method, call.path, call.made, json={**call.json, "stream": True})


def _is_url(url: str) -> bool:
    try:
        return httpx.URL(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except (httpx.InvalidURL, ValueError):
        return False


class _Common:
    """What both clients are made of. `timeout` is in seconds, for a reply to begin."""

    def __init__(self, url: str, key: str | None, timeout: float, retries: int) -> None:
        if not _is_url(url):
            raise DatelineError(f"{url!r} is no address of a service: give one like {DEFAULT_URL}.")
        self.url = url.rstrip("/")
        self._retries = retries
        self._settings: dict[str, Any] = {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
            "timeout": httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            # Nobody's proxy leads to this machine itself.
            "trust_env": urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"),
        }

    def _wait(self, call: _Call[Any], attempt: int, response: httpx.Response) -> float | None:
        """Seconds until the call is sent again; None where it is not."""
        if response.is_success or not call.repeated or attempt >= self._retries:
            return None
        error = _problem(response)
        seconds = getattr(error, "retry_after", 0)
        lasting = getattr(error, "code", "") == "model_unavailable"
        waits = response.status_code in (429, 503) and not lasting
        return seconds if waits and 0 < seconds <= MOST_WAIT else None

    def _gone(self, error: httpx.HTTPError) -> Unreachable:
        said = f"The service at {self.url} does not answer: {error}"
        if isinstance(error, httpx.ConnectError):
            said += ". Start it with `dateline serve`, or name the one that runs."
        return Unreachable(said)


class Client(_Common):
    """A service at `url`. `key` is an API key; `retries` bounds how often a call is sent again."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout: float = 600.0,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(url, key, timeout, retries)
        self._http = httpx.Client(transport=transport, **self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _send(self, call: _Call[T]) -> T:
        for attempt in count():
            try:
                response = self._http.request(**call.request())
            except httpx.HTTPError as error:
                raise self._gone(error) from None
            seconds = self._wait(call, attempt, response)
            if seconds is None:
                return call.read(response)
            time.sleep(seconds)
        raise AssertionError

    def _stream(self, call: _Call[Any], kinds: Mapping[str, type[Any]]) -> Iterator[Any]:
        call = _streamed(call)
        for attempt in count():
            try:
                with self._http.stream(**call.request()) as response:
                    if response.is_success:
                        events = _Events(kinds)
                        for text in response.iter_text():
                            for line in events.lines(text):
                                if (event := events.read(line)) is not None:
                                    yield event
                        return
                    response.read()
                    seconds = self._wait(call, attempt, response)
            except httpx.HTTPError as error:
                raise self._gone(error) from None
            if seconds is None:
                raise _problem(response)
            time.sleep(seconds)

    def add(self, text: str, **fields: Unpack[ArticleFields]) -> Added:
        """Adds an article. The same one sent twice is one article."""
        return self._send(_add(text, fields))

    def add_file(
        self, path: str | Path, data: bytes | None = None, **fields: Unpack[ArticleFields]
    ) -> Added:
        """Adds a document (txt, md, html, pdf, docx): `data`, or what stands at `path`."""
        return self._send(_add_file(path, data, fields))

    def put(self, article_id: str, text: str, **fields: Unpack[ArticleFields]) -> Added:
        """Adds or replaces the article of that id."""
        return self._send(_put(article_id, text, fields))

    def import_articles(self, articles: Path | bytes | Iterable[Mapping[str, Any]]) -> Job:
        """Adds many: a file or bytes of NDJSON, or articles one by one. See `wait`."""
        return self._send(_import(articles))

    def page(self, **options: Unpack[ListOptions]) -> ArticlePage:
        """A page of articles without their text, the last added first."""
        return self._send(_list(options))

    def articles(self, **options: Unpack[ListOptions]) -> Iterator[ArticleHeader]:
        """All articles, page by page."""
        while True:
            page = self.page(**options)
            yield from page.articles
            if page.next_cursor is None:
                return
            options["cursor"] = page.next_cursor

    def get(self, article_id: str, revision: str | None = None) -> Article:
        return self._send(_get(article_id, revision))

    def revisions(self, article_id: str) -> list[Revision]:
        """The current one first."""
        return self._send(_revisions(article_id))

    def delete(self, article_id: str) -> None:
        return self._send(_delete(article_id))

    def jobs(self) -> list[Job]:
        return self._send(_jobs())

    def job(self, job_id: str) -> Job:
        return self._send(_job(job_id))

    def cancel(self, job_id: str) -> Job:
        """Ends an import; what is in stays."""
        return self._send(_job(job_id, "DELETE"))

    def wait(self, job_id: str, seconds: float = 600.0) -> Job:
        """The job once it has ended. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not (job := self.job(job_id)).ended:
            if time.monotonic() >= end:
                raise TimeoutError(f"The import {job_id} has not ended after {seconds} s.")
            time.sleep(POLL)
        return job

    def ask(self, question: str, **options: Unpack[AnswerOptions]) -> Answer:
        """An answer, every sentence cited, or a refusal."""
        return self._send(_ask(question, options))

    def stream(self, question: str, **options: Unpack[AnswerOptions]) -> Iterator[AnswerEvent]:
        """What was found, each verified sentence, and last the whole answer."""
        return self._stream(_ask(question, options), _ANSWER_EVENTS)

    def receipt(self, answer_id: str) -> dict[str, Any]:
        """What an answer rested on, without a word of any article."""
        return self._send(_receipt(answer_id))

    def brief(self, **options: Unpack[BriefingOptions]) -> Briefing:
        """A paragraph on some articles, or on a topic."""
        return self._send(_brief(options))

    def stream_brief(self, **options: Unpack[BriefingOptions]) -> Iterator[BriefingEvent]:
        """How far it is, and last the whole briefing."""
        return self._stream(_brief(options), _BRIEFING_EVENTS)

    def check(self, text: str, **options: Unpack[CheckOptions]) -> Check:
        """Holds a text against a text or articles, sentence by sentence."""
        return self._send(_check(text, options))

    def verify_quote(
        self,
        words: str,
        article_ids: Sequence[str] | None = None,
        *,
        source_text: str | None = None,
    ) -> QuoteCheck:
        """Whether the words stand in an article, or in a text given, exactly, where, and if not,
        what is nearest."""
        return self._send(_verify(words, article_ids, source_text))

    def search(self, query: str, **options: Unpack[SearchOptions]) -> list[Passage]:
        """The passages that bear most on the query, best first."""
        return self._send(_search(query, options))

    def models(self) -> dict[str, Any]:
        """As OpenAI's API lists them."""
        return self._send(_models())

    def model(self, name: str) -> dict[str, Any]:
        return self._send(_model(name))

    def chat(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        """A chat completion as OpenAI's API gives it; their client is the one for its streams."""
        return dict(self._send(_chat(messages, options)))

    def doctor(self, *, mend: bool = True) -> dict[str, Any]:
        """Compares the stores with one another, and mends."""
        return self._send(_doctor(mend))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A call that has no method here, or its reply as it is."""
        return self._send(_Call("POST", path, _object, json=body))

    def live(self) -> bool:
        """Whether a service answers."""
        try:
            self._send(_live())
        except DatelineError:
            return False
        return True

    def ready(self, wait: float = 0) -> Ready:
        """Version and model, once both are loaded: for `wait` seconds. Raises Unavailable."""
        end = time.monotonic() + wait
        while True:
            try:
                return self._send(_ready())
            except (Unavailable, Unreachable) as error:
                if isinstance(error, ModelUnavailable) or time.monotonic() >= end:
                    raise
            time.sleep(POLL)

    def metrics(self) -> str:
        """In Prometheus's format."""
        return self._send(_metrics())


class AsyncClient(_Common):
    """`Client` for asyncio: the same methods, awaited; streams and `articles` by `async for`."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout: float = 600.0,
        retries: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(url, key, timeout, retries)
        self._http = httpx.AsyncClient(transport=transport, **self._settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(self, call: _Call[T]) -> T:
        for attempt in count():
            request = call.request()
            if "content" in request:
                request["content"] = _async(request["content"])
            try:
                response = await self._http.request(**request)
            except httpx.HTTPError as error:
                raise self._gone(error) from None
            seconds = self._wait(call, attempt, response)
            if seconds is None:
                return call.read(response)
            await asyncio.sleep(seconds)
        raise AssertionError

    async def _stream(self, call: _Call[Any], kinds: Mapping[str, type[Any]]) -> AsyncIterator[Any]:
        call = _streamed(call)
        for attempt in count():
            try:
                async with self._http.stream(**call.request()) as response:
                    if response.is_success:
                        events = _Events(kinds)
                        async for text in response.aiter_text():
                            for line in events.lines(text):
                                if (event := events.read(line)) is not None:
                                    yield event
                        return
                    await response.aread()
                    seconds = self._wait(call, attempt, response)
            except httpx.HTTPError as error:
                raise self._gone(error) from None
            if seconds is None:
                raise _problem(response)
            await asyncio.sleep(seconds)

    async def add(self, text: str, **fields: Unpack[ArticleFields]) -> Added:
        return await self._send(_add(text, fields))

    async def add_file(
        self, path: str | Path, data: bytes | None = None, **fields: Unpack[ArticleFields]
    ) -> Added:
        return await self._send(_add_file(path, data, fields))

    async def put(self, article_id: str, text: str, **fields: Unpack[ArticleFields]) -> Added:
        return await self._send(_put(article_id, text, fields))

    async def import_articles(self, articles: Path | bytes | Iterable[Mapping[str, Any]]) -> Job:
        return await self._send(_import(articles))

    async def page(self, **options: Unpack[ListOptions]) -> ArticlePage:
        return await self._send(_list(options))

    async def articles(self, **options: Unpack[ListOptions]) -> AsyncIterator[ArticleHeader]:
        while True:
            page = await self.page(**options)
            for article in page.articles:
                yield article
            if page.next_cursor is None:
                return
            options["cursor"] = page.next_cursor

    async def get(self, article_id: str, revision: str | None = None) -> Article:
        return await self._send(_get(article_id, revision))

    async def revisions(self, article_id: str) -> list[Revision]:
        return await self._send(_revisions(article_id))

    async def delete(self, article_id: str) -> None:
        return await self._send(_delete(article_id))

    async def jobs(self) -> list[Job]:
        return await self._send(_jobs())

    async def job(self, job_id: str) -> Job:
        return await self._send(_job(job_id))

    async def cancel(self, job_id: str) -> Job:
        return await self._send(_job(job_id, "DELETE"))

    async def wait(self, job_id: str, seconds: float = 600.0) -> Job:
        end = time.monotonic() + seconds
        while not (job := await self.job(job_id)).ended:
            if time.monotonic() >= end:
                raise TimeoutError(f"The import {job_id} has not ended after {seconds} s.")
            await asyncio.sleep(POLL)
        return job

    async def ask(self, question: str, **options: Unpack[AnswerOptions]) -> Answer:
        return await self._send(_ask(question, options))

    def stream(self, question: str, **options: Unpack[AnswerOptions]) -> AsyncIterator[AnswerEvent]:
        return self._stream(_ask(question, options), _ANSWER_EVENTS)

    async def receipt(self, answer_id: str) -> dict[str, Any]:
        return await self._send(_receipt(answer_id))

    async def brief(self, **options: Unpack[BriefingOptions]) -> Briefing:
        return await self._send(_brief(options))

    def stream_brief(self, **options: Unpack[BriefingOptions]) -> AsyncIterator[BriefingEvent]:
        return self._stream(_brief(options), _BRIEFING_EVENTS)

    async def check(self, text: str, **options: Unpack[CheckOptions]) -> Check:
        return await self._send(_check(text, options))

    async def verify_quote(
        self,
        words: str,
        article_ids: Sequence[str] | None = None,
        *,
        source_text: str | None = None,
    ) -> QuoteCheck:
        return await self._send(_verify(words, article_ids, source_text))

    async def search(self, query: str, **options: Unpack[SearchOptions]) -> list[Passage]:
        return await self._send(_search(query, options))

    async def models(self) -> dict[str, Any]:
        return await self._send(_models())

    async def model(self, name: str) -> dict[str, Any]:
        return await self._send(_model(name))

    async def chat(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
        return dict(await self._send(_chat(messages, options)))

    async def doctor(self, *, mend: bool = True) -> dict[str, Any]:
        return await self._send(_doctor(mend))

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._send(_Call("POST", path, _object, json=body))

    async def live(self) -> bool:
        try:
            await self._send(_live())
        except DatelineError:
            return False
        return True

    async def ready(self, wait: float = 0) -> Ready:
        end = time.monotonic() + wait
        while True:
            try:
                return await self._send(_ready())
            except (Unavailable, Unreachable) as error:
                if isinstance(error, ModelUnavailable) or time.monotonic() >= end:
                    raise
            await asyncio.sleep(POLL)

    async def metrics(self) -> str:
        return await self._send(_metrics())


async def _async(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
