"""What was worked out of a text is kept for when it is asked again, of long texts only the last."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

# Characters of all that is worked on; its words alone take some 25 bytes a character.
SHORT = 8_192
LONG = 8

P = ParamSpec("P")
R = TypeVar("R")


def kept(count: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last `count` results for short texts, and `LONG` for others: an article may have
    millions of characters, and a count alone bounds no memory.
    """

    def decorate(work: Callable[P, R]) -> Callable[P, R]:
        of_short, of_long = lru_cache(count)(work), lru_cache(LONG)(work)

        @wraps(work)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            length = sum(len(a) for a in args if isinstance(a, str))
            return (of_short if length <= SHORT else of_long)(*args, **kwargs)  # type: ignore[arg-type]

        return call

    return decorate
