"""How much of what a venue itself reports as liquidated was captured, interval by interval.

Gate publishes its own totals per minute (`contract_stats`, `LiquidationBar`). Beside the orders observed in the same
minute they say what share of the venue's liquidations the feed shows and we keep: an audit, never added to a total.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.events import Liquidation, LiquidationBar
from powderkeg.domain.units import LONG

MAX_INTERVALS: Final = 100_000
"""About a day of minutes of seventy contracts; older ones are forgotten first."""


class Captured(msgspec.Struct, frozen=True):
    """One interval of one contract.

    Attributes:
        from_ns: its beginning; `interval_ns` its length.
        captured_usd: notional observed, long and short; orders of unknown notional count nothing.
        reported_usd: what the venue says it was, the last time it said so.
    """

    venue: str
    symbol: str
    from_ns: int
    interval_ns: int
    captured_usd: tuple[float, float]
    reported_usd: tuple[float, float]

    @property
    def captured_ratio(self) -> float | None:
        """Captured over reported; None where nothing was reported. Above 1, one of the two feeds is wrong."""
        reported_usd = sum(self.reported_usd)
        return sum(self.captured_usd) / reported_usd if reported_usd > 0 else None


class CaptureAudit:
    """Sets observed liquidations beside a venue's own bars.

    Laws: the order of events does not matter, but that of two bars of one interval, of which the later counts;
    intervals without a bar are not told.

    Args:
        interval_ns: length of the bars; others are left out.
    """

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._captured: dict[tuple[str, str, int], tuple[float, float]] = {}
        self._reported: dict[tuple[str, str, int], tuple[float, float]] = {}

    def update(self, event: Liquidation | LiquidationBar) -> None:
        """Take one observed order, or one bar."""
        from_ns = event.ts_event_ns - event.ts_event_ns % self._interval_ns
        key = (event.venue, event.symbol, from_ns)
        if isinstance(event, LiquidationBar):
            if event.interval_ns == self._interval_ns and event.long_usd is not None and event.short_usd is not None:
                _put(self._reported, key, (event.long_usd, event.short_usd))
            return
        long_usd, short_usd = self._captured.get(key, (0.0, 0.0))
        notional_usd = event.notional_usd or 0.0
        is_long = event.position_side == LONG
        _put(
            self._captured,
            key,
            (long_usd + notional_usd, short_usd) if is_long else (long_usd, short_usd + notional_usd),
        )

    def rows(self) -> tuple[Captured, ...]:
        """Every interval with a bar, in order of venue, symbol and time."""
        return tuple(
            Captured(*key, self._interval_ns, self._captured.get(key, (0.0, 0.0)), reported)
            for key, reported in sorted(self._reported.items())
        )


def _put(
    table: dict[tuple[str, str, int], tuple[float, float]], key: tuple[str, str, int], pair: tuple[float, float]
) -> None:
    table[key] = pair
    if len(table) > MAX_INTERVALS:
        del table[next(iter(table))]
