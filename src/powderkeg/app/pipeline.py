"""Events in, numbers out: the one path that live sessions, replays and the demo share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from powderkeg.domain.events import EVENT_NAMES, Event, Liquidation
from powderkeg.stats.liquidations import LiquidationTotals

_NEVER: Final = 1 << 63
"""Later than any time in nanoseconds."""


class Pipeline:
    """Feeds every statistic with every event it is about. No clock, no disk: time arrives in the events.

    Attributes:
        totals: liquidation totals of every window up to their retention.
        liquidation_venues: venues that reported a liquidation.
    """

    def __init__(self, totals: LiquidationTotals | None = None) -> None:
        self.totals = totals if totals is not None else LiquidationTotals()
        self.liquidation_venues: set[str] = set()
        self._counts: dict[type, int] = {}
        self._first_ns = _NEVER
        self._last_ns = -_NEVER

    def update(self, events: Iterable[Event]) -> None:
        """Take the events of one frame, or of many."""
        counts = self._counts
        for event in events:
            kind = type(event)
            counts[kind] = counts.get(kind, 0) + 1
            stamp = event.ts_event_ns
            if not self._first_ns <= stamp <= self._last_ns:
                self._first_ns = min(self._first_ns, stamp)
                self._last_ns = max(self._last_ns, stamp)
            if isinstance(event, Liquidation):
                self.liquidation_venues.add(event.venue)
                self.totals.update(event)

    @property
    def first_ns(self) -> int | None:
        """Earliest event time seen, None before the first event."""
        return self._first_ns if self._counts else None

    @property
    def last_ns(self) -> int | None:
        """Latest event time seen, None before the first event."""
        return self._last_ns if self._counts else None

    @property
    def counts(self) -> dict[str, int]:
        """Events taken, by the archive's name of their type."""
        return {EVENT_NAMES[kind]: count for kind, count in sorted(self._counts.items(), key=lambda item: -item[1])}
