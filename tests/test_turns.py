"""Turns at the model."""

import asyncio
from contextlib import ExitStack

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
        with turns.place(Budget(60)) as first, turns.place(Budget(seconds)) as second:
            assert first.began and not second.began
            with pytest.raises(QueueFull) as raised, turns.place(Budget(60)):
                pass
        return raised.value.retry_after

    assert asyncio.run(ask()) in told


def test_turns_come_in_the_order_of_the_line_whoever_leaves_it() -> None:
    async def order() -> list[str]:
        turns, had = Turns(limit=3, at_once=1), list[str]()

        async def come(name: str, seconds: float, stays: bool = True) -> None:
            with turns.place(Budget(seconds)) as place:
                if stays:
                    await place.turn()
                had.append(name if place.began else f"{name} without")

        with turns.place(Budget(60)):
            others = [come("a", 60), come("b", 0.01), come("c", 60)]
            tasks = [asyncio.create_task(other) for other in others]
            while turns.waiting < 3:
                await asyncio.sleep(0)
            assert turns.full and turns.working == 1
            await tasks[1]
            await come("d", 60, stays=False)
            assert turns.waiting == 2
        await asyncio.gather(*tasks)
        assert not turns.working and not turns.waiting
        return had

    assert asyncio.run(order()) == ["b without", "d without", "a", "c"]


def test_who_does_something_else_meanwhile_is_called_at_his_turn() -> None:
    async def calls() -> list[str]:
        turns, called = Turns(limit=1, at_once=1), list[str]()
        with ExitStack() as first:
            first.enter_context(turns.place(Budget(60)))
            with turns.place(Budget(60)) as second:
                second.at_turn = lambda: called.append("turn")
                assert called == []
                first.close()
                assert second.began
        return called

    assert asyncio.run(calls()) == ["turn"]
