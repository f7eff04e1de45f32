"""The time of a simulated story, read off its frames: two runs with one seed then receive the same at the same times.

Sockets deliver frames sooner or later; what a venue says in them does not change. So a frame is received, by this
clock, at the earliest time it tells, or with the frame before it on its path where it tells none.
"""

from __future__ import annotations

import re
import time
from typing import Final

from powderkeg.domain.time import NS_PER_DAY, NS_PER_MS

_MILLISECONDS: Final = re.compile(rb"(?<!\d)\d{13}(?!\d)")


class StoryClock:
    """A `feed.ports.Clock` whose wall clock is the story's; intervals stay the machine's.

    Law: the stamps of a path's frames depend on those frames and their order alone, and never go back.

    Args:
        start_ns: of the story. It is taken to last a day at most.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = self._now_ns = start_ns
        self._last_ns: dict[str, int] = {}  # by path: a connection that follows another goes on from its time
        self._first_ms, self._end_ms = start_ns // NS_PER_MS, (start_ns + NS_PER_DAY) // NS_PER_MS

    def now_ns(self) -> int:
        """The latest time that any frame told."""
        return self._now_ns

    def monotonic(self) -> float:
        """See `feed.ports.Clock`."""
        return time.monotonic()

    def stamper(self, key: str) -> _Stamp:
        """What stamps the frames of a connection (`feed.ports.Stamper`); its key is `<path>#<number>`."""
        return _Stamp(self, key.rpartition("#")[0])

    def stamp(self, path: str, frame: bytes) -> int:
        """When a frame of a path was received."""
        told = [
            at_ms for found in _MILLISECONDS.findall(frame) if self._first_ms <= (at_ms := int(found)) < self._end_ms
        ]
        at_ns = max(min(told, default=0) * NS_PER_MS, self._last_ns.get(path, self._start_ns))
        self._last_ns[path] = at_ns
        self._now_ns = max(self._now_ns, at_ns)
        return at_ns


class _Stamp:
    def __init__(self, clock: StoryClock, path: str) -> None:
        self._clock = clock
        self._path = path

    def __call__(self, frame: bytes) -> int:
        return self._clock.stamp(self._path, frame)
