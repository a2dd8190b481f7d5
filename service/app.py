"""The HTTP service. The only module that knows FastAPI.

`create_app` is the composition root: settings in, an ASGI application out. Loading happens in the
background, so that `/livez` answers at once and `/readyz` when the index and the model are there.
What is slow to import (langchain_core, llama_cpp, chromadb, onnxruntime) is imported there too.
"""

import asyncio
import errno
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar, cast

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.articles import (
    Article,
    ArticleHeader,
    IsoDate,
    Whole,
)
from index.doctor import Report, examine
from index.embeddings import MiniLM, foreign
from index.errors import (
    DISK_FULL,
    ArticleNotFound,
    DatelineError,
    Deadline,
    InvalidRequest,
    ModelLoading,
    NotFound,
    StorageFull,
    Unavailable,
    UnsupportedMediaType,
)
from index.heap import give_back, share_heaps
from index.index import Index, Status
from index.jobs import Importer, Job
from index.registry import Filters
from service import catalogue
from service.answers import Answerer
from service.briefings import Briefer
from service.checks import Checker, check_reply
from service.completions import (
    Chunks,
    Completion,
    CompletionRequest,
    ModelCard,
    ModelCards,
    completion,
    for_the_page,
)
from service.contract import (
    Answer,
    AnswerRequest,
    Briefing,
    BriefingRequest,
    CheckReply,
    CheckRequest,
    Citation,
    ModelName,
    Progress,
    QuoteReply,
    QuoteRequest,
    Retrieval,
    SearchReply,
    SearchRequest,
    found,
)
from service.directory import owned
from service.guard import IMPORT_PATH, Guard
from service.metrics import Counted, Metrics
from service.problems import (
    ENDING,
    OPENAI_ERRORS,
    PROBLEMS,
    for_path,
    invalid,
    media_type,
    on_anything,
    on_dateline_error,
    on_departure,
    on_http,
    problem,
    spoken,
)
from service.quotes import quote_reply
from service.reading import Budget, ModelNeeded, NoModel
from service.settings import Settings
from service.streaming import Events, Frames, Tell, event_stream, streamed, untold
from service.turns import AT_A_TIME, Place, Places, Turns
from service.uploads import ARTICLE_BODY, sent_article, spooled

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

Made = TypeVar("Made", bound=BaseModel)
Part = TypeVar("Part")
MOST_CHECK_SECONDS = 600.0
NDJSON = frozenset(
    f"application/{name}" for name in ("x-ndjson", "ndjson", "x-jsonlines", "jsonl", "json-lines")
)
FOREIGN = (
    "This article is not in English, the language that the embedder knows: it is found by its "
    "words, not by its meaning."
)


class Answering(NamedTuple):
    """What asks one language model."""

    answerer: Answerer
    briefer: Briefer
    checker: Checker

    @classmethod
    def by(
        cls, chat: "BaseChatModel", name: ModelName, index: Index, encoder: MiniLM, keep: bool
    ) -> "Answering":
        return cls(
            Answerer(index, chat, name, keep=keep),
            Briefer(index, chat, name, keep=keep),
            Checker(encoder, chat, name, index.registry if keep else None),
        )


# What makes a reply: told the milliseconds waited, and whom to tell of what is there before it.
Make = Callable[[Answering, int, Tell], Made]


class Service:
    """What lives as long as the application: the index and what answers from it, once loaded."""

    def __init__(
        self, settings: Settings, chat: "BaseChatModel | None", answers: bool, imports: bool
    ) -> None:
        self.settings = settings
        self.turns = Turns(settings.queue_limit, settings.at_once)
        self.metrics = Metrics(lambda: self.turns.waiting, lambda: self.turns.working)
        self.writes = Places("articles are being added")
        self.fast_checks = Places("texts are being checked")
        self.ending = False
        self.streams: set[asyncio.Task[BaseModel]] = set()
        self._answers, self._chat, self._imports = answers, chat, imports
        self._index: Index | None = None
        self._importer: Importer | None = None
        self._answering: Answering | None = None
        self._without_model: Answering | None = None
        # Of their own: what else needs a thread shall keep nobody from one past his time.
        self._answerers = anyio.CapacityLimiter(settings.at_once + settings.queue_limit)
        self._looks = anyio.CapacityLimiter(AT_A_TIME)
        self._fast_checker: Checker | None = None
        self._failure: DatelineError | None = None
        self.model = ModelName(name="none", sha256="")
        self.since = round(time.time())  # seconds since 1970
        self.memory = ""  # what the language model takes of it, in words
        self._open = ExitStack()

    @property
    def index(self) -> Index:
        return self._loaded(self._index, "index is being opened")

    @property
    def importer(self) -> Importer:
        return self._loaded(self._importer, "index is being opened")

    @property
    def fast_checker(self) -> Checker:
        return self._loaded(self._fast_checker, "index is being opened")

    @property
    def answering_model(self) -> ModelName:
        self._loaded(self._answering, "model is being loaded")
        return self.model

    def _loaded(self, part: Part | None, loading: str) -> Part:
        if part is None:
            raise self._failure or ModelLoading(f"The {loading}. Try again shortly.")
        return part

    async def made(self, budget: Budget, make: Make[Made], tell: Tell = untold) -> Made:
        """What `make` makes in its turn at the model, or without the model before that.

        Raises QueueFull.
        """
        answering = self._loaded(self._answering, "model is being loaded")
        if self.turns.full and (made := await self.made_without_model(budget, make, tell)):
            return made
        with self.turns.place(budget) as place:
            if not place.began and (
                made := await self.made_without_model(budget, make, tell, place)
            ):
                return made
            waited_ms = await place.turn()
            return await anyio.to_thread.run_sync(
                make, answering, waited_ms, tell, limiter=self._answerers
            )

    async def made_without_model(
        self, budget: Budget, make: Make[Made], tell: Tell, place: Place | None = None
    ) -> Made | None:
        """What was asked before, or is refused unread, waits for nobody's turn. None where only the
        model can go on, where the time is over, or where the turn of `place` comes before this has
        begun. What is made of it is told once it is whole.

        Raises QueueFull where too many that have no place want to be looked for.
        """
        answering = self._loaded(self._without_model, "model is being loaded")
        if place is None and self._looks.statistics().tasks_waiting > self.settings.queue_limit:
            self.turns.check()
        events: list[tuple[str, BaseModel]] = []
        made: Made | None = None
        with anyio.move_on_after(budget.left()) as looking:  # a thread that has begun is waited for
            if place:
                place.at_turn = looking.cancel
            with suppress(ModelNeeded):
                made = await anyio.to_thread.run_sync(
                    make, answering, 0, lambda *event: events.append(event), limiter=self._looks
                )
        for event in events if made else ():
            tell(*event)
        return made

    def end_streams(self) -> None:
        for task in self.streams:
            task.cancel()

    @property
    def failure(self) -> DatelineError | None:
        return self._failure

    def missing(self) -> list[str]:
        parts = {"index": self._index, "model": self._answering if self._answers else True}
        return [name for name, there in parts.items() if not there]

    def load(self) -> None:
        """Opens the index while the model is loaded. A failure is kept and told to whoever asks."""
        share_heaps()
        try:
            language, embedder = catalogue.defaults(self.settings.model)
            if self._answers and self._chat is None:
                # Before the thread below: two that import at once can meet in half-made modules.
                import service.engine  # noqa: F401
            with ThreadPoolExecutor(1) as beside:
                loading = beside.submit(self._language_model, language) if self._answers else None
                encoder, index = self._opened_index(embedder)
                if loading:
                    chat, name = loading.result()
                    self.model = name
                    beside_model = name, index, encoder, self.settings.keep_replies
                    none = cast("BaseChatModel", NoModel())
                    self._without_model = Answering.by(none, *beside_model)
                    self._answering = Answering.by(chat, *beside_model)
            give_back()  # what only the loading needed
        except DatelineError as error:
            self._failure = error
        except Exception:
            self._failure = DatelineError("The service could not start. Its log says why.")
            logger.exception("The service could not start")

    def _opened_index(self, embedder: catalogue.Model) -> tuple[MiniLM, Index]:
        settings = self.settings
        folder, _ = catalogue.trusted(embedder, settings.models_dir)
        encoder = MiniLM(folder / "model.onnx", folder / "tokenizer.json", threads=settings.threads)
        index = Index(settings.data_dir, encoder)
        self._open.callback(index.close)
        importer = Importer(
            index, settings.data_dir / "imports", most_bytes=settings.max_article_bytes
        )
        self._open.callback(importer.close)
        if self._imports:
            importer.start()
        self._fast_checker = Checker(encoder, None, self.model)
        # From here on it is ready, where no answers are asked of it.
        self._index, self._importer = index, importer
        return encoder, index

    def _language_model(self, language: catalogue.Model) -> "tuple[BaseChatModel, ModelName]":
        if self._chat is not None:
            served = self._chat._get_ls_params().get("ls_model_name")
            return self._chat, ModelName(name=served or self._chat._llm_type, sha256="")
        from service.engine import Engine, LocalChatModel

        path, sha256 = catalogue.trusted(language, self.settings.models_dir)
        engine = Engine(
            path,
            context_tokens=self.settings.context_tokens,
            kv_tokens=self.settings.kv_tokens,
            threads=self.settings.threads,
        )
        self._open.callback(engine.close)
        self.memory = engine.memory
        name = ModelName(name=language.name, sha256=sha256)
        return LocalChatModel(engine=engine), name

    def close(self) -> None:
        self._open.close()
        # Models take 100 MB and more, and the routes keep the service as long as they are there.
        self._index = self._importer = self._fast_checker = None
        self._answering = self._without_model = None


class Ending:
    """Whoever the ending service breaks off is told so; uvicorn would log it as a failure."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if not self._service.ending:
                raise
            if not begun:
                response = for_path(scope["path"], problem(Unavailable(ENDING)))
                await response(scope, receive, send)


# Routes


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return invalid(request, error.errors())


router = APIRouter(responses=PROBLEMS)


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]


class ArticleReply(BaseModel):
    article: Article
    status: Status
    duplicate_of: str | None = None
    warnings: list[str] = []


class ArticlePage(BaseModel):
    articles: list[ArticleHeader]
    next_cursor: str | None


class JobReply(BaseModel):
    job: Job


class JobList(BaseModel):
    jobs: list[Job]


class RevisionName(BaseModel):
    revision: str
    created_at: str


class RevisionList(BaseModel):
    revisions: list[RevisionName]


async def _add(request: Request, service: Service, article_id: str | None) -> JSONResponse:
    with service.writes.inside():
        most = service.settings.max_article_bytes
        new = await sent_article(request, article_id, most, service.writes)
        added = await service.writes.run(partial(service.index.add, new))
    reply = ArticleReply(
        article=added.article,
        status=added.status,
        duplicate_of=added.duplicate_of,
        warnings=[FOREIGN] if foreign(added.article.language) else [],
    )
    return JSONResponse(reply.model_dump(mode="json"), 201 if added.status == "created" else 200)


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


@router.post(
    IMPORT_PATH,
    status_code=202,
    tags=["articles"],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def import_articles(request: Request, service: Here) -> JobReply:
    """Adds many articles, one JSON object a line, as a job: any number, spooled to disk."""
    if media_type(request) not in NDJSON:
        raise UnsupportedMediaType("Send one JSON object a line, as application/x-ndjson.")
    importer = service.importer
    path = importer.spool()
    try:
        total = await spooled(request, path)
        job = await anyio.to_thread.run_sync(importer.submit, path, total)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(DISK_FULL) from error
        raise
    finally:
        await anyio.Path(path).unlink(missing_ok=True)
    return JobReply(job=job)


@router.get("/v1/jobs", tags=["articles"])
def list_jobs(service: Here) -> JobList:
    """The last hundred imports, the newest first."""
    return JobList(jobs=service.importer.jobs())


@router.get("/v1/jobs/{job_id}", tags=["articles"])
def get_job(service: Here, job_id: str) -> Job:
    """How far an import is, and what went wrong in which line."""
    return service.importer.get(job_id)


@router.delete("/v1/jobs/{job_id}", tags=["articles"])
def cancel_job(service: Here, job_id: str) -> Job:
    """Ends an import. What it added stays."""
    return service.importer.cancel(job_id)


@router.get("/v1/articles", tags=["articles"])
def list_articles(
    service: Here,
    source: Annotated[list[Whole] | None, Query(max_length=1000)] = None,
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
    await service.writes.run(partial(service.index.delete, article_id))


@router.post("/v1/search", tags=["search"])
def search(service: Here, asked: SearchRequest) -> SearchReply:
    """The passages that bear most on a query, best first."""
    hits = service.index.search(asked.query, asked.filters, asked.top_k)
    return SearchReply(passages=[found(hit) for hit in hits])


@router.post("/v1/checks", tags=["checks"])
async def check_text(request: Request, service: Here, asked: CheckRequest) -> CheckReply:
    """Holds a text against articles, or against a text given with it, sentence by sentence."""
    index, budget = service.index, Budget(MOST_CHECK_SECONDS)
    if asked.mode == "fast":
        fast = partial(check_reply, service.fast_checker, index, asked, budget)
        with service.fast_checks.inside():
            return await _while_connected(request, budget, partial(service.fast_checks.run, fast))
    named = [*(asked.article_ids or []), *asked.filters.article_ids]

    def make(answering: Answering, waited_ms: int, tell: Tell) -> CheckReply:
        with _named_or_deleted(index, named):
            return check_reply(answering.checker, index, asked, budget)

    return await _while_connected(request, budget, lambda: service.made(budget, make))


@router.post("/v1/quotes:verify", tags=["checks"])
def verify_quote(service: Here, asked: QuoteRequest) -> QuoteReply:
    """Whether a quote stands in an article word for word, where, and if not, what is nearest."""
    with _named_or_deleted(service.index, asked.article_ids or []):
        return quote_reply(service.index, asked)


class DoctorRequest(BaseModel):
    mend: bool = True


@router.post("/v1/doctor", tags=["operation"])
def examine_index(service: Here, asked: DoctorRequest) -> Report:
    """Compares the stores with one another and mends what differs. Writers wait meanwhile."""
    return examine(service.index, mend=asked.mend)


@router.post("/v1/answers", tags=["answers"], response_model=Answer)
async def answer_question(
    request: Request, service: Here, asked: AnswerRequest
) -> Answer | StreamingResponse:
    """Answers a question from the articles, every sentence cited, or refuses and says why."""
    return await _answered(request, service, asked, Events() if asked.stream else None)


async def _answered(
    request: Request, service: Service, asked: AnswerRequest, frames: Frames | None
) -> Answer | StreamingResponse:
    """An answer, or its stream where it is to be written in `frames`."""
    most = service.settings.max_question_chars
    if len(asked.question) > most:
        raise InvalidRequest(f"question: it may hold {most:,} characters at most: shorten it.")
    budget = Budget(asked.max_seconds)

    def make(answering: Answering, waited_ms: int, tell: Tell) -> Answer:
        def told(piece: Retrieval | Citation) -> None:
            tell("retrieval" if isinstance(piece, Retrieval) else "sentence", piece)

        return answering.answerer.answer(asked, budget, waited_ms, told)

    named = asked.filters.article_ids
    return await _whole_or_streamed(request, service, budget, "answer", named, make, frames)


@router.get("/v1/models", responses=OPENAI_ERRORS, tags=["openai"])
async def list_models(service: Here) -> ModelCards:
    """The language model that answers, as OpenAI's API lists them."""
    return ModelCards(data=[ModelCard(id=service.answering_model.name, created=service.since)])


@router.get("/v1/models/{model:path}", responses=OPENAI_ERRORS, tags=["openai"])
async def get_model(service: Here, model: str) -> ModelCard:
    """One model, as OpenAI's API tells of it."""
    if model != (name := service.answering_model.name):
        raise NotFound(f"There is no model {model[:200]!r} here, but {name!r}.")
    return ModelCard(id=name, created=service.since)


@router.post(
    "/v1/chat/completions", response_model=Completion, responses=OPENAI_ERRORS, tags=["openai"]
)
async def complete_chat(
    request: Request, service: Here, asked: CompletionRequest
) -> Completion | StreamingResponse:
    """Answers the last user message from the articles, as OpenAI's API replies to a chat."""
    question, model = asked.asked(), service.answering_model.name
    frames = Chunks(model, asked.with_usage) if asked.stream else None
    if (content := asked.for_the_page()) is not None:
        written = for_the_page(model, content)
        if frames is None:
            return written
        return event_stream(iter([frames.event("completion", written)]))
    answer = await _answered(request, service, question, frames)
    return completion(model, answer) if isinstance(answer, Answer) else answer


@router.post("/v1/briefings", tags=["answers"], response_model=Briefing)
async def brief(
    request: Request, service: Here, asked: BriefingRequest
) -> Briefing | StreamingResponse:
    """Writes a paragraph on articles, or on a topic, every sentence cited."""
    budget = Budget(asked.max_seconds)
    named = [*asked.article_ids, *asked.filters.article_ids]

    def make(answering: Answering, waited_ms: int, tell: Tell) -> Briefing:
        def told(piece: Progress | Citation) -> None:
            tell("progress" if isinstance(piece, Progress) else "sentence", piece)

        return answering.briefer.brief(asked, budget, waited_ms, told)

    frames = Events() if asked.stream else None
    return await _whole_or_streamed(request, service, budget, "briefing", named, make, frames)


async def _whole_or_streamed(
    request: Request,
    service: Service,
    budget: Budget,
    last: str,
    named: Sequence[str],
    make: Make[Made],
    frames: Frames | None,
) -> Made | StreamingResponse:
    """What `make` makes of articles, of which `named` are asked for by name; as a stream, whose
    last event is called `last`, where there are `frames` for it. What can be said before it begins
    has a status.
    """
    index = service.index

    def counted(answering: Answering, waited_ms: int, tell: Tell) -> Made:
        with _named_or_deleted(index, named):
            made = make(answering, waited_ms, tell)
        service.metrics.count(made)
        return made

    if frames is None:
        return await _while_connected(request, budget, lambda: service.made(budget, counted))
    if named:
        await anyio.to_thread.run_sync(_find, index, named)
    events: list[tuple[str, BaseModel]] = []
    ready: Made | None = None

    def noted(name: str, data: BaseModel) -> None:
        events.append((name, data))

    if service.turns.full:
        ready = await service.made_without_model(budget, counted, noted)
        if ready is None:
            service.turns.check()

    async def work(tell: Tell) -> Made:
        if ready is None:
            return await service.made(budget, counted, tell)
        for event in events:
            tell(*event)
        return ready

    return streamed(request, budget, last, work, service.streams, frames)


def _find(index: Index, named: Sequence[str]) -> None:
    """Raises ArticleNotFound."""
    for article_id in named:
        index.registry.get(article_id)


@contextmanager
def _named_or_deleted(index: Index, named: Sequence[str]) -> Iterator[None]:
    """An article that is not there is the asker's mistake where it was named. Another one was
    deleted while it was read."""
    try:
        yield
    except ArticleNotFound as error:
        _find(index, named)
        raise Unavailable("An article was deleted while it was read. Ask again.") from error


async def _while_connected(
    request: Request, budget: Budget, work: Callable[[], Awaitable[Made]]
) -> Made:
    """Runs `work`; a client that leaves ends it, in the queue or at the model."""
    result: Made | Exception = Deadline("The client left.")

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


@router.get("/metrics", tags=["operation"], response_class=PlainTextResponse)
async def metrics(service: Here) -> Response:
    """What was asked and answered and how long it took, as Prometheus reads it."""
    return service.metrics.exposed()


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    version: str
    model: ModelName


@router.get("/readyz", tags=["operation"])
async def readyz(service: Here) -> Ready:
    """Index and model are loaded; `503` with what is missing until then."""
    if missing := service.missing():
        what = " and ".join(missing)
        failure = service.failure or ModelLoading(f"Not loaded yet: {what}.")
        # To whoever waits for it, whatever failed makes it unavailable.
        raise failure if failure.status == 503 else Unavailable(f"No {what}: {failure.message}")
    return Ready(version=version("dateline"), model=service.model)


def create_app(
    settings: Settings,
    *,
    url: str | None = None,
    answers: bool = True,
    imports: bool = True,
    chat: "BaseChatModel | None" = None,
) -> FastAPI:
    """The application. It owns the data directory from its start to its end.

    `url` is where it will be served, for other processes to find; `answers=False` leaves the
    language model out; `chat` takes its place; `imports=False` leaves imports where they are.
    """
    service = Service(settings, chat, answers, imports)

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
            DatelineError: spoken(on_dateline_error),
            ClientDisconnect: on_departure,
            RequestValidationError: spoken(_on_invalid),
            HTTPException: spoken(on_http),
            Exception: spoken(on_anything),
        },
    )
    app.state.service = service
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Ending, service=service)
    app.add_middleware(Counted, metrics=service.metrics)
    app.include_router(router)
    return app
