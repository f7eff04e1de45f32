"""One series of liquidations: columns sorted by event time, summed exactly over any stretch of it."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from powderkeg.domain.units import LONG, Coverage, PositionSide
from powderkeg.stats.liquidation_rows import LiquidationGroup
from powderkeg.stats.undercount import FeedKey


class SeriesKey(NamedTuple):
    """What one series is of."""

    venue: str
    symbol: str
    position_side: PositionSide
    coverage: Coverage


class Columns(NamedTuple):
    """Times [K] and notionals [K] (NaN where unknown) of one series."""

    feed: FeedKey
    is_long: bool
    times: np.ndarray[tuple[int], np.dtype[np.int64]]
    notionals: np.ndarray[tuple[int], np.dtype[np.float64]]


class Series:
    """One series, sorted by event time. Orders of unknown notional stand in a column of their own."""

    __slots__ = ("key", "notionals", "number", "prices", "times", "unknown_times")

    def __init__(self, number: int, key: tuple[str, str, PositionSide, Coverage]) -> None:
        self.key = SeriesKey(*key)
        self.number = number
        self.times = array("q")
        self.notionals = array("d")
        self.prices = array("d")
        self.unknown_times = array("q")

    def add(self, ts_event_ns: int, notional_usd: float | None, price: float) -> None:
        """Put an order in its place; among equal times, behind the others."""
        if notional_usd is None:
            self.unknown_times.insert(bisect_right(self.unknown_times, ts_event_ns), ts_event_ns)
            return
        times = self.times
        if not times or ts_event_ns >= times[-1]:
            times.append(ts_event_ns)
            self.notionals.append(notional_usd)
            self.prices.append(price)
            return
        at = bisect_right(times, ts_event_ns)
        times.insert(at, ts_event_ns)
        self.notionals.insert(at, notional_usd)
        self.prices.insert(at, price)

    def group(self, from_ns: int, to_ns: int, open_ns: int | None = None) -> LiquidationGroup | None:
        """Sum over [from, to); None where there is no order in it."""
        start, end = bisect_left(self.times, from_ns), bisect_left(self.times, to_ns)
        unknown = bisect_left(self.unknown_times, to_ns) - bisect_left(self.unknown_times, from_ns)
        if start == end and not unknown:
            return None
        notionals = self.notionals[start:end]
        largest_usd = max(notionals) if notionals else None
        at = start + notionals.index(largest_usd) if largest_usd is not None else None
        return LiquidationGroup(
            *self.key,
            notional_usd=math.fsum(notionals),
            count=end - start + unknown,
            largest_usd=largest_usd,
            unknown_notional_count=unknown,
            largest_price=None if at is None else self.prices[at],
            largest_ts_ns=None if at is None else self.times[at],
            open_ns=open_ns,
        )

    def bars(self, from_ns: int, to_ns: int, interval_ns: int) -> Iterator[LiquidationGroup]:
        """Sums over the bars of [from, to) that hold orders, in order of time."""
        times = [*self._inside(self.times, from_ns, to_ns), *self._inside(self.unknown_times, from_ns, to_ns)]
        for open_ns in sorted({ts - ts % interval_ns for ts in times}):
            group = self.group(open_ns, open_ns + interval_ns, open_ns)
            if group is not None:
                yield group

    def columns(self, from_ns: int, to_ns: int) -> Columns:
        """Times and notionals of a span, NaN where the notional is not known."""
        start, end = bisect_left(self.times, from_ns), bisect_left(self.times, to_ns)
        unknown = self._inside(self.unknown_times, from_ns, to_ns)
        times = np.array(self.times[start:end] + unknown, np.int64)
        notionals = np.array(self.notionals[start:end] + array("d", [math.nan]) * len(unknown), np.float64)
        feed = FeedKey(self.key.venue, self.key.symbol, self.key.coverage)
        return Columns(feed, self.key.position_side == LONG, times, notionals)

    @staticmethod
    def _inside(times: array[int], from_ns: int, to_ns: int) -> array[int]:
        return times[bisect_left(times, from_ns) : bisect_left(times, to_ns)]

    def drop_before(self, kept_from_ns: int) -> int:
        """Forget older orders; how many."""
        old = bisect_left(self.times, kept_from_ns)
        del self.times[:old], self.notionals[:old], self.prices[:old]
        old_unknown = bisect_left(self.unknown_times, kept_from_ns)
        del self.unknown_times[:old_unknown]
        return old + old_unknown

    @property
    def is_empty(self) -> bool:
        """No order is left."""
        return not self.times and not self.unknown_times
