"""Liquidation totals, streaming: any half-open window of event time up to the retention, exact to the cent.

Each venue, symbol, side and coverage class is a series of columns sorted by event time: a window is two bisections
and an exact sum (`math.fsum`) of the slice. Nothing is ever subtracted, so nothing drifts; the edges are exact to the
nanosecond; the order of arrival does not matter. An order costs 24 bytes.

Law: `groups(as_of, window)` equals the batch sum over the events with as_of - window <= ts_event_ns < as_of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap, Liquidation
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, format_duration, format_instant
from powderkeg.stats.coverage import Observed, Span
from powderkeg.stats.liquidation_rows import LiquidationGroup
from powderkeg.stats.liquidation_table import (
    LiquidationHistory,
    LiquidationTable,
    bar_span,
    build_history,
    build_table,
)
from powderkeg.stats.series import Series
from powderkeg.stats.undercount import SampledOrders, sampled_orders
from powderkeg.stats.window import watermark_time

Outcome = Literal["counted", "duplicate", "late"]

WINDOWS_NS: Final = (NS_PER_HOUR, 4 * NS_PER_HOUR, 12 * NS_PER_HOUR, 24 * NS_PER_HOUR)
"""The windows every dashboard shows: 1 h, 4 h, 12 h, 24 h."""

DEFAULT_RETENTION_NS: Final = 25 * NS_PER_HOUR
"""The longest window, and an hour in which an event may still arrive late or `as_of` lie in the past."""

MAX_EVENT_IDS: Final = 400_000
"""Ids remembered at most; the newest half of them always are. Hyperliquid liquidated 63,637 times in the worst twelve
minutes on record, 2025-10-10 from 21:15 UTC (ConejoCapital, HyperReplay data set, read 2026-07)."""

_EVICT_EVERY_NS: Final = 10 * NS_PER_MINUTE
_ESTIMATED: Final = ("latest_per_second", "largest_per_second")


class LiquidationTotals:
    """Liquidations of the last `retention_ns` of event time.

    Events with an `event_id` count once per venue, symbol and side, as long as the id is remembered
    (`MAX_EVENT_IDS`); the first one seen stands. Events without an id cannot be told apart by content (equal rows can
    be two orders), so their repetition has to be kept out where connections overlap.

    Args:
        retention_ns: how far back windows may reach from the latest event time.
    """

    def __init__(self, retention_ns: int = DEFAULT_RETENTION_NS) -> None:
        if retention_ns <= 0:
            raise InputError("the retention must be longer than zero; write for example 25h")
        self.late_count = 0
        self.duplicate_count = 0
        self._retention_ns = retention_ns
        self._series: dict[tuple[str, str, str, str], Series] = {}
        self._ids: set[tuple[int, str]] = set()
        self._older_ids: set[tuple[int, str]] = set()
        self._newest_ns: int | None = None
        self._kept_from_ns = -(2**63)
        self._lost_to_ns = -(2**63)  # windows that begin earlier would miss something
        self._evict_at_ns = -(2**63)
        self._next_series = 0

    def update(self, event: Liquidation) -> Outcome:
        """Take in one event: `counted`, `duplicate` (its id was seen) or `late` (older than the retention)."""
        ts_event_ns = event.ts_event_ns
        if ts_event_ns < self._kept_from_ns:
            self.late_count += 1
            self._lost_to_ns = max(self._lost_to_ns, ts_event_ns + 1)
            return "late"
        key = (event.venue, event.symbol, event.position_side, event.coverage)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(self._next_series, key)
            self._next_series += 1
        if event.event_id is not None and self._seen((series.number, event.event_id)):
            self.duplicate_count += 1
            return "duplicate"
        series.add(ts_event_ns, event.notional_usd, event.price)
        if self._newest_ns is None or ts_event_ns > self._newest_ns:
            self._advance(event)
        return "counted"

    @property
    def newest_ns(self) -> int | None:
        """The latest event time that moved the retention, None before the first event."""
        return self._newest_ns

    def groups(self, as_of_ns: int, window_ns: int) -> tuple[LiquidationGroup, ...]:
        """Sums over [as_of - window, as_of), one per series with orders in it.

        Raises:
            InputError: the window reaches back beyond what is kept.
        """
        span = self._checked((as_of_ns - window_ns, as_of_ns))
        found = (series.group(*span) for series in self._series.values())
        return tuple(group for group in found if group is not None)

    def bars(self, span: Span, interval_ns: int) -> tuple[LiquidationGroup, ...]:
        """Sums over the whole bars that hold `span`, one per series and bar with orders in it.

        Raises:
            InputError: the first bar reaches back beyond what is kept, or the interval is not one of 1 s to 1 d.
        """
        start, end = self._checked(bar_span(span, interval_ns))
        return tuple(group for series in self._series.values() for group in series.bars(start, end, interval_ns))

    def sampled_orders(self, span: Span) -> SampledOrders:
        """Orders of feeds that can be estimated, in columns."""
        parts = [series.columns(*span) for series in self._series.values() if series.key.coverage in _ESTIMATED]
        parts = [part for part in parts if len(part.times)]
        if not parts:
            return sampled_orders((), (), (), ())
        rows = [len(part.times) for part in parts]
        feeds = sorted({part.feed for part in parts})
        return SampledOrders(
            feeds=tuple(feeds),
            feed=np.repeat([feeds.index(part.feed) for part in parts], rows),
            ts_event_ns=np.concatenate([part.times for part in parts]),
            notional_usd=np.concatenate([part.notionals for part in parts]),
            is_long=np.repeat([part.is_long for part in parts], rows),
        )

    def totals(
        self,
        as_of_ns: int,
        window_ns: int,
        by: Sequence[str] = ("coin", "venue"),
        *,
        observed: Iterable[Observed] = (),
        gaps: Iterable[FeedGap] = (),
        open_interest_fall_usd: Mapping[tuple[str, str], float] | None = None,
    ) -> LiquidationTable:
        """The table of one window; see `build_table`.

        Raises:
            InputError: the window reaches back beyond what is kept, or `by` names something else.
        """
        return build_table(
            self.groups(as_of_ns, window_ns),
            by=by,
            as_of_ns=as_of_ns,
            window_ns=window_ns,
            observed=observed,
            gaps=gaps,
            orders=self.sampled_orders((as_of_ns - window_ns, as_of_ns)),
            open_interest_fall_usd=open_interest_fall_usd,
        )

    def history(
        self,
        span: Span,
        interval_ns: int,
        by: Sequence[str] = ("coin", "venue"),
        *,
        observed: Iterable[Observed] = (),
        gaps: Iterable[FeedGap] = (),
    ) -> LiquidationHistory:
        """Bars that hold `span`; see `build_history`.

        Raises:
            InputError: the first bar reaches back beyond what is kept, or an argument does not fit.
        """
        whole = bar_span(span, interval_ns)
        return build_history(
            self.bars(whole, interval_ns),
            by=by,
            span=whole,
            interval_ns=interval_ns,
            observed=observed,
            gaps=gaps,
            orders=self.sampled_orders(whole),
        )

    def _seen(self, token: tuple[int, str]) -> bool:
        if token in self._ids or token in self._older_ids:
            return True
        if len(self._ids) >= MAX_EVENT_IDS // 2:
            self._older_ids, self._ids = self._ids, set()
        self._ids.add(token)
        return False

    def _advance(self, event: Liquidation) -> None:
        newest_ns = watermark_time(event)
        if self._newest_ns is not None and newest_ns <= self._newest_ns:
            return
        self._newest_ns = newest_ns
        self._kept_from_ns = newest_ns - self._retention_ns
        if newest_ns >= self._evict_at_ns:
            self._evict_at_ns = newest_ns + _EVICT_EVERY_NS
            for key in [key for key, series in self._series.items() if self._evicted(series)]:
                del self._series[key]

    def _evicted(self, series: Series) -> bool:
        """Drop what is older than the retention; whether nothing is left."""
        if series.drop_before(self._kept_from_ns):
            self._lost_to_ns = max(self._lost_to_ns, self._kept_from_ns)
        return series.is_empty

    def _checked(self, span: Span) -> Span:
        if span[0] >= span[1]:
            raise InputError("the window is empty; give an end after its beginning")
        if span[0] < self._lost_to_ns:
            lost_to = format_instant(self._lost_to_ns)
            raise InputError(
                f"the window begins at {format_instant(span[0])}, but liquidations before {lost_to} are no longer kept "
                f"(retention {format_duration(self._retention_ns)}); ask for a later as_of or a shorter window, "
                "or read the archive"
            )
        return span


class LiquidationSums:
    """Sums per series over everything taken in: the statistic to put into `Bars`.

    Law: order of events does not matter; `value` equals the batch sum after every update.
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, str, str], Series] = {}

    def update(self, event: Liquidation) -> None:
        """Take in one event."""
        key = (event.venue, event.symbol, event.position_side, event.coverage)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(len(self._series), key)
        series.add(event.ts_event_ns, event.notional_usd, event.price)

    @property
    def value(self) -> tuple[LiquidationGroup, ...]:
        """One group per series, in order of their keys."""
        found = (series.group(-(2**63), 2**63 - 1) for _, series in sorted(self._series.items()))
        return tuple(group for group in found if group is not None)
