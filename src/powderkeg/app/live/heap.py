"""Memory that is free inside the process, given back to the machine."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import cast

Trim = Callable[[int], int]


def give_back() -> bool:
    """Return free pages of the heap to the system; whether there is a way to.

    A stall fills the queues for a moment, and glibc keeps what they took: without this, memory stands at the height of
    the worst moment for ever. Source: malloc_trim(3), read 2026-11. On other C libraries it does nothing.
    """
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _trim() -> Trim | None:
    try:
        return cast("Trim", ctypes.CDLL(None).malloc_trim)
    except AttributeError:
        return None
