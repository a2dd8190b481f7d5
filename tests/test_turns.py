"""Turns at the model."""

import asyncio

import pytest

from index.errors import QueueFull
from service.reading import Budget
from service.turns import Turns


@pytest.mark.parametrize(("seconds", "told"), [(1000.0, range(80, 81)), (5.0, range(1, 6))])
def test_a_full_queue_tells_when_those_that_wait_are_served_or_gone(
    seconds: float, told: range
) -> None:
    async def ask() -> int:
        turns = Turns(limit=1, at_once=1)
        turns._took = 40.0
        async with turns.turn(Budget(60)):
            waiting = asyncio.create_task(turns.turn(Budget(seconds)).__aenter__())
            while not turns.waiting:
                await asyncio.sleep(0)
            with pytest.raises(QueueFull) as raised:
                turns.check()
            waiting.cancel()
        return raised.value.retry_after

    assert asyncio.run(ask()) in told
