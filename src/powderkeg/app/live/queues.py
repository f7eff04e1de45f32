"""Bounded queues, and what goes first when one fills up.

Every venue has its own queue, so that a slow or flooding one fills only its own. A frame is admitted or not when it
arrives: then it is either journaled and counted, or neither. The share of its bound a queue may be filled to decides:

    books until 50 %, trades until 70 %, prices, funding and open interest until 85 %, liquidations until it is full

Nothing is taken out again, so the order of records is the order of arrival.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from powderkeg.app.live.streams import UNTOLD
from powderkeg.store.journal_format import Record

MAX_FRAMES: Final = 65_536
"""A burst of 50,000 events within a second fits whole (RELIABILITY R12), and at 300 bytes each takes some 25 MB."""

MAX_BYTES: Final = 32 * 1024 * 1024

ADMITTED_UNTIL: Final[dict[str, float]] = {
    "book": 0.50,
    "trade": 0.70,
    "funding_rate": 0.85,
    "mark_price": 0.85,
    "open_interest": 0.85,
    "liquidation": 1.0,
    UNTOLD: 1.0,
}

TIGHT: Final = min(ADMITTED_UNTIL.values())
"""Below this every frame is admitted without being looked at."""


class VenueQueue:
    """Frames of one venue that are journaled and wait to be decoded; order of arrival.

    Args:
        venue: slug.
        max_frames: bound of their number.
        max_bytes: bound of their bytes.
    """

    __slots__ = (
        "_max_bytes",
        "_max_frames",
        "_tight_bytes",
        "_tight_frames",
        "frames",
        "is_active",
        "raw_bytes",
        "venue",
    )

    def __init__(self, venue: str, *, max_frames: int = MAX_FRAMES, max_bytes: int = MAX_BYTES) -> None:
        self.venue = venue
        self.frames: deque[Record] = deque()
        self.raw_bytes = 0
        self.is_active = False  # waits in the round of venues to be served
        self._tight_frames = int(max_frames * TIGHT)
        self._tight_bytes = int(max_bytes * TIGHT)
        self._max_frames = max_frames
        self._max_bytes = max_bytes

    @property
    def fill(self) -> float:
        """How full the queue is, 0 to 1, by whichever bound is nearer."""
        return max(len(self.frames) / self._max_frames, self.raw_bytes / self._max_bytes)

    @property
    def is_tight(self) -> bool:
        """Whether a frame's class has to be looked at before it is admitted."""
        return len(self.frames) >= self._tight_frames or self.raw_bytes >= self._tight_bytes

    def push(self, record: Record) -> None:
        """Add a record; whether there is room was asked before."""
        self.frames.append(record)
        self.raw_bytes += len(record.payload)

    def pop(self) -> Record:
        """Take the oldest record."""
        record = self.frames.popleft()
        self.raw_bytes -= len(record.payload)
        return record


def admits(stream: str, fill: float) -> bool:
    """Whether a frame is still taken at this fill; of joined classes the first, most precious one decides."""
    return fill < ADMITTED_UNTIL.get(stream.partition("+")[0], 1.0)
