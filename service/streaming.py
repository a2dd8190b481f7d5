"""What is made piece by piece, as server-sent events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import anyio
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from index.errors import DatelineError, Deadline, Unavailable
from service.problems import ENDING, on_anything, on_dateline_error
from service.reading import Budget

logger = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds without an event until a comment keeps the connection alive
# A proxy that gathers events before it passes them on makes a stream useless.
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
Tell = Callable[[str, BaseModel], None]


def event(name: str, data: str) -> bytes:
    """`data` is JSON, so without a line break."""
    return f"event: {name}\ndata: {data}\n\n".encode()


def streamed(
    request: Request,
    budget: Budget,
    last: str,
    work: Callable[[Tell], Coroutine[Any, Any, BaseModel]],
    running: set[asyncio.Task[BaseModel]],
) -> StreamingResponse:
    """What `work` tells, from any thread, each as an event by its name; then what it gives, as the
    event `last`, or `error` with a problem. A client that leaves cancels the budget.

    The task of `work` is in `running` while it runs: whoever cancels it ends the service.
    """
    return StreamingResponse(
        _events(request, budget, last, work, running),
        media_type="text/event-stream",
        headers=HEADERS,
    )


async def _events(
    request: Request,
    budget: Budget,
    last: str,
    work: Callable[[Tell], Coroutine[Any, Any, BaseModel]],
    running: set[asyncio.Task[BaseModel]],
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(name: str, data: BaseModel) -> None:
        loop.call_soon_threadsafe(told.put_nowait, event(name, data.model_dump_json()))

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
            yield next_event
        try:
            if task.cancelled():
                raise Unavailable(ENDING)
            yield event(last, task.result().model_dump_json())
        except Exception as error:
            known = isinstance(error, DatelineError)
            response = await (on_dateline_error if known else on_anything)(request, error)
            if not known:
                logger.error("A stream ended in an error", exc_info=error)
            yield event("error", bytes(response.body).decode())
    finally:
        budget.cancel()  # the model's thread ends by this
        # And who waits for a turn by this; whoever has one keeps it until his thread has ended.
        scope.cancel()
