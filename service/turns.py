"""Who may come in: turns at the model, first come first served, and places for uploads."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from typing import TypeVar

import anyio
import anyio.to_thread

from index.errors import QueueFull
from service.reading import Budget

Made = TypeVar("Made")

# Uploads, or checks without the model, that may be under way; AT_A_TIME of them are worked on.
MOST_PLACES, AT_A_TIME = 64, 2


class Turns:
    """`at_once` answers at a time, first come first served; at most `limit` wait."""

    def __init__(self, limit: int, at_once: int) -> None:
        self._limit = limit
        self._at_once = at_once
        self._took = 0.0  # seconds a turn of late; 0: not known yet
        self._waiting: list[Budget] = []
        self._working = 0
        self._turn = asyncio.Semaphore(at_once)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def working(self) -> int:
        return self._working

    @property
    def taken(self) -> bool:
        """Whether a question that comes now has to wait."""
        return self._turn.locked()

    def check(self) -> None:
        """Raises QueueFull, which tells when those that wait now will have had their turns, or will
        have no more time for one.
        """
        if self.taken and self.waiting >= self._limit:
            full = QueueFull(
                f"{self._at_once} at a time are answered, {self.waiting} wait already, and no more "
                "can. Try again after the seconds of Retry-After."
            )
            if self._took:
                served = self._took * (self.waiting + 1) / self._at_once
                gone = max((budget.left() for budget in self._waiting), default=served)
                full.retry_after = max(1, ceil(min(served, gone)))
            raise full

    @asynccontextmanager
    async def turn(self, budget: Budget) -> AsyncIterator[int]:
        """Waits for a turn while `budget` lasts. Without one it cancels the budget and goes on,
        since such an answer never reaches the model. Gives the milliseconds since it was asked.

        Raises QueueFull.
        """
        self.check()
        mine = False
        self._waiting.append(budget)
        try:
            with anyio.move_on_after(budget.left()):
                await self._turn.acquire()
                mine = True
        finally:
            self._waiting.remove(budget)
        if not mine:
            budget.cancel()
        began = time.monotonic()
        self._working += mine
        try:
            yield round(budget.spent() * 1000)
        finally:
            self._working -= mine
            if mine:
                self._turn.release()
                took = time.monotonic() - began
                self._took = 0.7 * self._took + 0.3 * took if self._took else took


class Places:
    """What is worked on a few at a time, with not too many bodies held in memory meanwhile."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._limiter = anyio.CapacityLimiter(AT_A_TIME)
        self._inside = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """From before the body is read to the reply. Raises QueueFull."""
        if self._inside >= MOST_PLACES:
            raise QueueFull(f"{self._inside} {self._what} already. Try again shortly.")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[[], Made]) -> Made:
        """What `work`, on a thread of a few, gives."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
