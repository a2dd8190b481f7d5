"""Who may come in: turns at the model, first come first served, and places for uploads."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import TypeVar

import anyio
import anyio.to_thread

from index.errors import QueueFull
from service.reading import Budget

Made = TypeVar("Made")

# Uploads, or checks without the model, that may be under way; AT_A_TIME of them are worked on.
MOST_PLACES, AT_A_TIME = 64, 2


class Place:
    """One in the line for a turn, from when he came."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.began = 0.0  # when his turn did, by time.monotonic(); 0: it has not
        self.has_turn = asyncio.Event()
        self.at_turn: Callable[[], None] = lambda: None  # called then

    async def turn(self) -> int:
        """Waits for his turn while the budget lasts. Without one it cancels the budget and goes on,
        since such an answer never reaches the model. Gives the milliseconds since it was asked.
        """
        with anyio.move_on_after(self.budget.left()):
            await self.has_turn.wait()
        if not self.began:
            self.budget.cancel()
        return round(self.budget.spent() * 1000)


class Turns:
    """`at_once` answers at a time, first come first served; at most `limit` wait."""

    def __init__(self, limit: int, at_once: int) -> None:
        self._limit = limit
        self._at_once = at_once
        self._took = 0.0  # seconds a turn of late; 0: not known yet
        self._line: list[Place] = []
        self._working = 0

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def working(self) -> int:
        return self._working

    @property
    def taken(self) -> bool:
        """Whether a question that comes now has to wait."""
        return self._working == self._at_once

    @property
    def full(self) -> bool:
        """Whether it cannot even wait."""
        return self.taken and self.waiting >= self._limit

    def check(self) -> None:
        """Raises QueueFull, which tells when those that wait now will have had their turns, or will
        have no more time for one.
        """
        if self.full:
            full = QueueFull(
                f"{self._at_once} at a time are answered, {self.waiting} wait already, and no more "
                "can. Try again after the seconds of Retry-After."
            )
            if self._took:
                served = self._took * (self.waiting + 1) / self._at_once
                gone = max((place.budget.left() for place in self._line), default=served)
                full.retry_after = max(1, ceil(min(served, gone)))
            raise full

    @contextmanager
    def place(self, budget: Budget) -> Iterator[Place]:
        """The last place in the line: its order is that in which this is called. Raises QueueFull.

        Whoever leaves it, before his turn or after, lets the next one have it.
        """
        self.check()
        place = Place(budget)
        self._line.append(place)
        self._go_on()
        try:
            yield place
        finally:
            if place.began:
                self._working -= 1
                took = time.monotonic() - place.began
                self._took = 0.7 * self._took + 0.3 * took if self._took else took
            else:
                self._line.remove(place)
            self._go_on()

    def _go_on(self) -> None:
        while self._line and not self.taken:
            place = self._line.pop(0)
            place.began = time.monotonic()
            place.has_turn.set()
            place.at_turn()
            self._working += 1


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
