"""The HTTP service. The only module that knows FastAPI.

`create_app` is the composition root: settings in, an ASGI application out. Loading happens in the
background, so that `/livez` answers at once and `/readyz` when the index and the model are there.
"""

import asyncio
import hmac
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.articles import Article, ArticleHeader, IsoDate, NewArticle, parse_article
from index.documents import completed, plain_text
from index.embeddings import MiniLM
from index.errors import (
    DatelineError,
    Deadline,
    HostNotAllowed,
    InvalidRequest,
    MethodNotAllowed,
    ModelError,
    ModelLoading,
    NotFound,
    OriginNotAllowed,
    PayloadTooLarge,
    QueueFull,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from index.index import Index, Status
from index.registry import Filters
from service import catalogue
from service.answers import Answerer, Budget
from service.contract import Answer, AnswerRequest, ModelName
from service.directory import owned
from service.engine import Engine, LocalChatModel
from service.settings import Settings

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
# A JSON body spells some characters with six bytes, and names fields beside the text.
BODY_FACTOR, BODY_SPARE = 6, 1 << 20
NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
MOST_DETAIL = 1000  # characters of an error's message, which may quote the request


class Service:
    """What lives as long as the application: index and answerer, once they are loaded."""

    def __init__(self, settings: Settings, chat: BaseChatModel | None, answers: bool) -> None:
        self.settings = settings
        self.turns = Turns(settings.queue_limit)
        self.writing = anyio.CapacityLimiter(1)
        self.ending = False
        self._answers, self._chat = answers, chat
        self._index: Index | None = None
        self._answerer: Answerer | None = None
        self._failure: DatelineError | None = None
        self._open = ExitStack()

    @property
    def index(self) -> Index:
        if self._index is None:
            raise self._failure or ModelLoading("The index is being opened. Try again shortly.")
        return self._index

    @property
    def answerer(self) -> Answerer:
        if self._answerer is None:
            raise self._failure or ModelLoading("The model is being loaded. Try again shortly.")
        return self._answerer

    @property
    def failure(self) -> DatelineError | None:
        return self._failure

    def missing(self) -> list[str]:
        parts = {"index": self._index, "model": self._answerer if self._answers else True}
        return [name for name, there in parts.items() if not there]

    def load(self) -> None:
        """Opens the index, then loads the model. A failure is kept and told to whoever asks."""
        try:
            settings = self.settings
            language, embedder = catalogue.defaults(settings.model)
            folder, _ = catalogue.trusted(embedder, settings.models_dir)
            encoder = MiniLM(
                folder / "model.onnx", folder / "tokenizer.json", threads=settings.threads
            )
            index = Index(settings.data_dir, encoder)
            self._open.callback(index.close)
            self._index = index
            if self._answers:
                self._answerer = Answerer(index, *self._language_model(language))
        except DatelineError as error:
            self._failure = error
        except Exception:
            self._failure = DatelineError("The service could not start. Its log says why.")
            logger.exception("The service could not start")

    def _language_model(self, language: catalogue.Model) -> tuple[BaseChatModel, ModelName]:
        if self._chat is not None:
            return self._chat, ModelName(name=self._chat._llm_type, sha256="")
        path, sha256 = catalogue.trusted(language, self.settings.models_dir)
        engine = Engine(
            path, context_tokens=self.settings.context_tokens, threads=self.settings.threads
        )
        self._open.callback(engine.close)
        name = ModelName(name=language.name, sha256=sha256)
        return LocalChatModel(engine=engine), name

    def close(self) -> None:
        self._open.close()


class Turns:
    """One answer at a time, first come first served; at most `limit` wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.waiting = 0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, budget: Budget) -> AsyncIterator[int]:
        """Waits for a turn while `budget` lasts. Without one it cancels the budget and goes on,
        since such an answer never reaches the model. Gives the milliseconds waited.

        Raises QueueFull.
        """
        if self._turn.locked() and self.waiting >= self._limit:
            raise QueueFull(f"{self.waiting} questions are waiting already. Try again shortly.")
        mine = False
        start = time.monotonic()
        self.waiting += 1
        try:
            with anyio.move_on_after(budget.left()):
                await self._turn.acquire()
                mine = True
        finally:
            self.waiting -= 1
        if not mine:
            budget.cancel()
        try:
            yield round((time.monotonic() - start) * 1000)
        finally:
            if mine:
                self._turn.release()


# Errors, as RFC 9457 has them


def problem(error: DatelineError, **more: Any) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": _sayable(error.message),
        "code": error.code,
        **more,
    }
    headers = {}
    if error.status == 503:
        wait = error.retry_after if isinstance(error, Unavailable) else Unavailable.retry_after
        headers["Retry-After"] = str(wait)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, error.status, headers, media_type=PROBLEM)


def _sayable(message: str) -> str:
    """A message may quote the request: what is no text there cannot be sent, nor a megabyte."""
    return message[:MOST_DETAIL].encode(errors="replace").decode()


async def _on_dateline_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DatelineError)
    if isinstance(error, ModelError):
        # Its message is for the machine's owner: it may name a path.
        logger.error("%s", error.message)
        error = ModelError("The model cannot be used. The service's log says what to do.")
    return problem(error)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    kind = found[0]["type"]
    if kind == "json_invalid":
        return problem(InvalidRequest("The body is not valid JSON."))
    if tuple(found[0]["loc"]) == ("body",):  # it is no object
        if kind != "missing" and not _media_type(request).endswith("json"):
            return problem(UnsupportedMediaType("Send the request as application/json."))
        return problem(InvalidRequest("Send a JSON object. `/docs` tells its fields."))
    errors = [
        {
            "field": _sayable(".".join(str(part) for part in e["loc"][1:])),
            "message": _sayable(e["msg"].removeprefix("Value error, ")),
        }
        for e in found[:20]
    ]
    detail = "{field}: {message}".format(**errors[0])
    return problem(InvalidRequest(detail), errors=errors)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem(NotFound("There is nothing at this address. `/docs` lists the calls."))
    if error.status_code == 405:
        response = problem(MethodNotAllowed("This address does not take that method. See `/docs`."))
        response.headers.update(error.headers or {})
        return response
    if isinstance(error.__cause__, DatelineError):  # while FastAPI read the body
        return problem(error.__cause__)
    if error.status_code == 400:  # FastAPI's word for JSON that is no UTF-8, or nested too deep
        return problem(InvalidRequest("The body is not valid JSON."))
    failure = InvalidRequest(str(error.detail))
    failure.status = error.status_code
    return problem(failure)


async def _on_departure(_: Request, error: Exception) -> JSONResponse:
    return problem(Deadline("The client left."))  # to nobody


async def _on_anything(_: Request, error: Exception) -> JSONResponse:
    response = problem(DatelineError("Something went wrong. The service's log says what."))
    response.headers["Connection"] = "close"  # uvicorn will: the client must not send more on it
    return response


class Guard:
    """Turns away, before a body is read, what a web page or a stranger sends.

    A page that a browser shows can make it send requests to loopback: their `Origin` is not ours,
    or (DNS rebinding) their `Host` is not a name of this machine's loopback.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._most_bytes = settings.max_article_bytes * BODY_FACTOR + BODY_SPARE
        self._keys = [key.encode() for key in settings.keys]
        self._hosts = {host.lower() for host in settings.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refused = self._refusal(scope["path"], headers)
        if refused is not None:
            await problem(refused)(scope, receive, send)
            return
        left = self._most_bytes

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _refusal(self, path: str, headers: dict[str, str]) -> DatelineError | None:
        host = headers.get("host", "").lower()
        name = _split(f"//{host}")[1]
        if name not in LOOPBACK_NAMES | self._hosts and not (self._keys and not self._hosts):
            return HostNotAllowed(
                "The Host header names another machine. Add it to DATELINE_ALLOWED_HOSTS."
            )
        origin = headers.get("origin")
        if origin is not None and _split(origin.lower())[0] not in {host} - {""}:
            return OriginNotAllowed("Web pages of other origins may not use this service.")
        if self._keys and path.startswith("/v1"):
            scheme, _, given = headers.get("authorization", "").partition(" ")
            sent = given.strip().encode("latin-1")  # as they came: a header is bytes
            matches = [hmac.compare_digest(sent, key) for key in self._keys]
            if scheme.lower() != "bearer" or not any(matches):
                return Unauthorized("Send `Authorization: Bearer KEY` with one of the API keys.")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._most_bytes:
            return self._too_large()
        return None

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"A request may hold {self._most_bytes:,} bytes at most.")


def _split(url: str) -> tuple[str, str]:
    """A URL's host with its port, and without; empty where it has none that can be read."""
    try:
        parts = urlsplit(url)
        return parts.netloc, parts.hostname or ""
    except ValueError:
        return "", ""


# Routes

router = APIRouter()


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]


class ArticleReply(BaseModel):
    article: Article
    status: Status
    duplicate_of: str | None = None


class ArticlePage(BaseModel):
    articles: list[ArticleHeader]
    next_cursor: str | None


class RevisionName(BaseModel):
    revision: str
    created_at: str


class RevisionList(BaseModel):
    revisions: list[RevisionName]


ARTICLE_BODY = {
    # Read by hand, since it comes in two forms; so the schema has to be told of it.
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NewArticle.model_json_schema()},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}


async def _sent_article(request: Request, service: Service, article_id: str | None) -> NewArticle:
    """The article in a body: JSON, or plain text with its other fields in the query."""
    most = service.settings.max_article_bytes
    media_type = _media_type(request)
    body = await request.body()
    fields: Any
    if media_type == "text/plain":
        text = plain_text("The body", body, request.headers["content-type"])
        fields = {**request.query_params, "text": text}
    elif media_type == "application/json":
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            raise InvalidRequest("The body is not valid JSON.") from None
        if not isinstance(fields, dict):
            raise InvalidRequest('Send a JSON object, like {"text": "...", "title": "..."}.')
    else:
        raise UnsupportedMediaType(
            "Send the article as application/json, or its text alone as text/plain."
        )
    if article_id is not None:
        if fields.get("id") not in (None, article_id):
            raise InvalidRequest("id: the body names another id than the address.")
        fields["id"] = article_id
    article = parse_article(fields, "The article")
    if len(article.text.encode()) > most:
        raise PayloadTooLarge(f"An article may hold {most:,} bytes of text at most.")
    return await anyio.to_thread.run_sync(completed, article)


async def _add(request: Request, service: Service, article_id: str | None) -> JSONResponse:
    new = await _sent_article(request, service, article_id)
    article, status = await anyio.to_thread.run_sync(
        service.index.add, new, limiter=service.writing
    )
    reply = ArticleReply(article=article, status=status)
    return JSONResponse(reply.model_dump(mode="json"), 201 if status == "created" else 200)


ADDED: dict[int | str, dict[str, Any]] = {
    200: {"model": ArticleReply, "description": "It was there: updated, or unchanged."},
    201: {"model": ArticleReply, "description": "It is new."},
}


@router.post("/v1/articles", responses=ADDED, openapi_extra=ARTICLE_BODY, tags=["articles"])
async def add_article(request: Request, service: Here) -> JSONResponse:
    """Adds an article. The same one sent twice is one article."""
    return await _add(request, service, None)


@router.put(
    "/v1/articles/{article_id}", responses=ADDED, openapi_extra=ARTICLE_BODY, tags=["articles"]
)
async def put_article(request: Request, service: Here, article_id: str) -> JSONResponse:
    """Adds an article under an id of the caller's, or replaces it: a new revision."""
    return await _add(request, service, article_id)


@router.get("/v1/articles", tags=["articles"])
def list_articles(
    service: Here,
    source: Annotated[list[str] | None, Query(max_length=1000)] = None,
    published_from: IsoDate | None = None,
    published_to: IsoDate | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> ArticlePage:
    """Lists articles without their text, the last added first."""
    filters = Filters(
        sources=source or [], published_from=published_from, published_to=published_to
    )
    articles, following = service.index.registry.page(filters, cursor=cursor, limit=limit)
    return ArticlePage(articles=articles, next_cursor=following)


@router.get("/v1/articles/{article_id}", tags=["articles"])
def get_article(service: Here, article_id: str, revision: str | None = None) -> Article:
    """One article with its text; `revision` gives an older one."""
    return service.index.registry.get(article_id, revision)


@router.get("/v1/articles/{article_id}/revisions", tags=["articles"])
def list_revisions(service: Here, article_id: str) -> RevisionList:
    """The revisions of an article, the current one first."""
    rows = service.index.registry.revisions(article_id)
    return RevisionList(revisions=[RevisionName.model_validate(row) for row in rows])


@router.delete("/v1/articles/{article_id}", status_code=204, tags=["articles"])
async def delete_article(service: Here, article_id: str) -> None:
    """Removes an article: all its revisions, passages and vectors."""
    await anyio.to_thread.run_sync(service.index.delete, article_id, limiter=service.writing)


@router.post("/v1/answers", tags=["answers"])
async def answer_question(request: Request, service: Here, asked: AnswerRequest) -> Answer:
    """Answers a question from the articles, every sentence cited, or refuses and says why."""
    most = service.settings.max_question_chars
    if len(asked.question) > most:
        raise InvalidRequest(f"question: it may hold {most:,} characters at most.")
    filters = asked.filters
    for field, texts in (
        ("question", [asked.question]),
        ("filters.article_ids", filters.article_ids),
        ("filters.sources", filters.sources),
    ):
        if any(NOT_TEXT.search(text) for text in texts):
            raise InvalidRequest(
                f"{field}: holds NUL characters or lone surrogates: this is not text."
            )
    if asked.stream:
        raise InvalidRequest("stream: answers are not streamed yet. Leave it out.")
    if asked.messages:
        raise InvalidRequest("messages: earlier turns are not read yet. Ask in one question.")
    answerer = service.answerer
    budget = Budget(asked.max_seconds)

    async def work() -> Answer:
        async with service.turns.turn(budget) as waited_ms:
            return await anyio.to_thread.run_sync(answerer.answer, asked, budget, waited_ms)

    try:
        return await _while_connected(request, budget, work)
    except asyncio.CancelledError:
        if service.ending:
            raise Unavailable("The service is ending. Try again when it runs.") from None
        raise


async def _while_connected(
    request: Request, budget: Budget, work: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Runs `work`; a client that leaves ends it, in the queue or at the model."""
    result: Answer | Exception = Deadline("The client left.")

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            budget.cancel()
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            result = await work()
        except Exception as error:
            result = error  # raised here, the group would wrap it
        finally:
            budget.cancel()  # the service may be ending: the model's thread is to end too
        group.cancel_scope.cancel()
    if isinstance(result, Exception):
        raise result
    return result


@router.get("/v1/answers/{answer_id}", tags=["answers"])
def get_receipt(service: Here, answer_id: str) -> dict[str, Any]:
    """What an answer rested on: ids, offsets, revisions and hashes, no article text."""
    body = service.index.registry.receipt(answer_id)
    if body is None:
        raise NotFound(f"There is no answer {answer_id[:200]!r}.")
    return dict(json.loads(body))


@router.get("/livez", tags=["operation"])
async def livez() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@router.get("/readyz", tags=["operation"])
async def readyz(service: Here) -> dict[str, str]:
    """Index and model are loaded; `503` with what is missing until then."""
    if missing := service.missing():
        failure = service.failure or ModelLoading(f"Not loaded yet: {' and '.join(missing)}.")
        raise failure
    return {"status": "ready"}


def create_app(
    settings: Settings,
    *,
    url: str | None = None,
    answers: bool = True,
    chat: BaseChatModel | None = None,
) -> FastAPI:
    """The application. It owns the data directory from its start to its end.

    `url` is where it will be served, for other processes to find; `answers=False` leaves the
    language model out; `chat` takes its place.
    """
    service = Service(settings, chat, answers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with owned(settings.data_dir, url):
            loading = asyncio.create_task(anyio.to_thread.run_sync(service.load))
            try:
                yield
            finally:
                await loading
                service.close()

    app = FastAPIOffline(
        redoc_url=None,
        title="Dateline",
        version=version("dateline"),
        description="Ask your news articles a question; every sentence of the answer is cited.",
        lifespan=lifespan,
        redirect_slashes=False,
        exception_handlers={
            DatelineError: _on_dateline_error,
            ClientDisconnect: _on_departure,
            RequestValidationError: _on_invalid,
            HTTPException: _on_http,
            Exception: _on_anything,
        },
    )
    app.state.service = service
    app.add_middleware(Guard, settings=settings)
    app.include_router(router)
    return app
