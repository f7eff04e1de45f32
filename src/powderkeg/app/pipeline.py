"""Events in, numbers out: the one path that live sessions, replays and the demo share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from powderkeg.domain.events import EVENT_NAMES, Event, Liquidation
from powderkeg.stats.liquidations import LiquidationTotals


class Pipeline:
    """Feeds every statistic with every event it is about. No clock, no disk: time arrives in the events.

    Attributes:
        totals: liquidation totals of every window up to their retention.
        liquidation_venues: venues that reported a liquidation.
        first_ns, last_ns: earliest and latest event time seen, None before the first event.
    """

    def __init__(self, totals: LiquidationTotals | None = None) -> None:
        self.totals = totals if totals is not None else LiquidationTotals()
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.liquidation_venues: set[str] = set()
        self._counts: Counter[type] = Counter()

    def update(self, events: Iterable[Event]) -> None:
        """Take the events of one frame, or of many."""
        counts = self._counts
        for event in events:
            kind = type(event)
            counts[kind] += 1
            stamp = event.ts_event_ns
            if self.last_ns is None or stamp > self.last_ns:
                self.last_ns = stamp
            if self.first_ns is None or stamp < self.first_ns:
                self.first_ns = stamp
            if isinstance(event, Liquidation):
                self.liquidation_venues.add(event.venue)
                self.totals.update(event)

    @property
    def counts(self) -> dict[str, int]:
        """Events taken, by the archive's name of their type."""
        return {EVENT_NAMES[kind]: count for kind, count in sorted(self._counts.items(), key=lambda item: -item[1])}
