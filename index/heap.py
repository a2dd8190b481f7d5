"""What the process keeps of memory that is free: glibc's heaps. Elsewhere nothing is done."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # mallopt's, of glibc's malloc.h


def share_heaps() -> None:
    """Has glibc serve all threads from two heaps. By itself it gives each of the many that answer
    one of its own, which stays as large as what was largest in it.
    """
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def give_back() -> None:
    """Has glibc return to the system what is free, which it would keep."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
