"""What is made piece by piece, as server-sent events."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, Protocol

import anyio
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from index.errors import DatelineError, Deadline, Unavailable
from service.problems import ENDING, on_anything, on_dateline_error, spoken
from service.reading import Budget

logger = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds without an event until a comment keeps the connection alive
# A proxy that gathers events before it passes them on makes a stream useless.
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
Tell = Callable[[str, BaseModel], None]


def untold(name: str, data: BaseModel) -> None:
    """To whom only the whole is told."""


class Frames(Protocol):
    """How what is told is written; b"" leaves it out."""

    def event(self, name: str, data: BaseModel) -> bytes: ...

    def error(self, body: bytes) -> bytes:
        """`body` is that of the reply which the error would be elsewhere."""


class Events:
    """Each by its name, with its JSON, which has no line break."""

    def event(self, name: str, data: BaseModel) -> bytes:
        return f"event: {name}\ndata: {data.model_dump_json()}\n\n".encode()

    def error(self, body: bytes) -> bytes:
        return b"event: error\ndata: " + body + b"\n\n"


def streamed(
    request: Request,
    budget: Budget,
    last: str,
    work: Callable[[Tell], Coroutine[Any, Any, BaseModel]],
    running: set[asyncio.Task[BaseModel]],
    frames: Frames,
) -> StreamingResponse:
    """What `work` tells, from any thread, each as an event by its name; then what it gives, as the
    event `last`, or an error, all as `frames` writes them. A client that leaves cancels the budget.

    The task of `work` is in `running` while it runs: whoever cancels it ends the service.
    """
    return event_stream(_events(request, budget, last, work, running, frames))


def event_stream(events: AsyncIterable[bytes] | Iterable[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


async def _events(
    request: Request,
    budget: Budget,
    last: str,
    work: Callable[[Tell], Coroutine[Any, Any, BaseModel]],
    running: set[asyncio.Task[BaseModel]],
    frames: Frames,
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(name: str, data: BaseModel) -> None:
        loop.call_soon_threadsafe(told.put_nowait, frames.event(name, data))

    scope = anyio.CancelScope()

    async def within() -> BaseModel:
        with scope:
            return await work(tell)
        raise Deadline("The client left.")

    task = asyncio.create_task(within())
    running.add(task)
    task.add_done_callback(running.discard)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it was seen
    task.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while True:
            try:
                next_event = await asyncio.wait_for(told.get(), HEARTBEAT)
            except TimeoutError:
                yield b": still at work\n\n"
                continue
            if next_event is None:
                break
            if next_event:
                yield next_event
        try:
            if task.cancelled():
                raise Unavailable(ENDING)
            yield frames.event(last, task.result())
        except Exception as error:
            known = isinstance(error, DatelineError)
            handle = spoken(on_dateline_error if known else on_anything)
            response = await handle(request, error)
            if not known:
                logger.error("A stream ended in an error", exc_info=error)
            yield frames.error(bytes(response.body))
    finally:
        budget.cancel()  # the model's thread ends by this
        # And who waits for a turn by this; whoever has one keeps it until his thread has ended.
        scope.cancel()
