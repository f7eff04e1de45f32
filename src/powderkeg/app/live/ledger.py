"""What was offered and not taken, as gaps: per venue and stream from the first refused frame to the next taken one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_S

LONGEST_NS: Final = 10 * NS_PER_S
"""A gap that goes on is written down in pieces of this length, so that a crash does not hide it."""


class RefusalLedger:
    """Counts refused frames and tells the gaps they make.

    Law: the gaps of a venue and stream do not overlap, and every refused frame's receive time lies in one of them or
    in the one still open.

    Args:
        tell: takes each gap when it ends, or in pieces while it goes on.
    """

    def __init__(self, tell: Callable[[FeedGap], None]) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._tell = tell
        self._open: dict[tuple[str, str], tuple[int, str, int]] = {}  # -> from_ns, reason, frames of this gap

    @property
    def open_count(self) -> int:
        """Streams that are being refused."""
        return len(self._open)

    def refuse(self, venue: str, stream: str, at_ns: int, reason: str) -> None:
        """Count a frame that was not taken. `stream` is a class, or several joined by `+` where it cannot be told."""
        key = (venue, stream)
        self.counts[key] += 1
        from_ns, first_reason, frames = self._open.get(key, (at_ns, reason, 0))
        self._open[key] = (min(from_ns, at_ns), first_reason, frames + 1)
        if at_ns - from_ns >= LONGEST_NS:
            self._end(key, at_ns)
            self._open[key] = (at_ns, reason, 0)

    def take(self, venue: str, stream: str, at_ns: int) -> None:
        """A frame of this class was taken: its gap, if there is one, ends here."""
        if (venue, stream) in self._open:
            self._end((venue, stream), at_ns)

    def end_all(self, at_ns: int, *, venue: str | None = None) -> None:
        """End every gap, of one venue or of all."""
        for key in [key for key in self._open if venue in (None, key[0])]:
            self._end(key, at_ns)

    def _end(self, key: tuple[str, str], at_ns: int) -> None:
        from_ns, reason, frames = self._open.pop(key)
        to_ns = max(at_ns, from_ns + 1)
        text = f"{reason} ({frames} frames)" if frames else reason
        for stream in key[1].split("+"):
            self._tell(FeedGap(key[0], stream, from_ns, to_ns, text))
