"""Floor, estimate, interval and ceiling of a liquidation total whose feed leaves orders out.

By coverage class of the feed:

| class | floor | estimate | 90 % interval |
|---|---|---|---|
| `all` | the sum | the sum | the sum |
| `latest_per_second` | the sum | per minute, `slots.latest_per_second` | yes, its top open if a minute is saturated |
| `largest_per_second` | the sum | per minute and side, `slots.largest_per_second` | the same |
| `polled`, `unknown` | the sum | none: the rule of selection is not known | none |

Estimates speak of the time the feed was observed; gaps stay gaps. Notionals that are not known are taken as missing at
random within their minute; a minute of nothing else has no estimate.

The ceiling is the fall of open interest: an order that closes a position against another closing one lowers it by its
size. It is an outer bound only as far as positions opened meanwhile do not hide the fall, so a "ceiling" below the
floor proves that they did, and is withheld.

Source: FORMULAS 6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Liquidation
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S
from powderkeg.domain.units import LONG, Coverage, PositionSide
from powderkeg.stats.slots import (
    MAX_SLOTS,
    CellEstimates,
    Flags,
    Floats,
    Ints,
    SlotOrders,
    largest_per_second,
    latest_per_second,
)

Z_90: Final = 1.6448536269514722
"""Normal quantile that leaves 5 % on each side."""

_ESTIMATORS: Final = {"latest_per_second": latest_per_second, "largest_per_second": largest_per_second}


class Undercount(msgspec.Struct, frozen=True, gc=False):
    """What a total may really be.

    Attributes:
        floor_usd: sum of the notionals pushed and known.
        estimate_usd: the best figure; parts that cannot be estimated count with their floor; None where no part can.
        lower_usd: lower end of the 90 % interval, at least the floor.
        upper_usd: its upper end; None says that the estimate is itself a floor in part.
        ceiling_usd: the fall of open interest, None where not given or contradicted by the floor.
        saturated_ratio: share of the minutes with orders that cannot be estimated, 0 to 1; None without sampled feed.
        error_usd: standard deviation of estimate minus truth.
        minutes: minutes with orders on sampled feeds, the weight of `saturated_ratio`.
    """

    floor_usd: float
    estimate_usd: float | None
    lower_usd: float
    upper_usd: float | None
    ceiling_usd: float | None = None
    saturated_ratio: float | None = None
    error_usd: float = 0.0
    minutes: int = 0


class FeedKey(NamedTuple):
    """What one promise of sampling is about: a contract on a venue, while the feed kept one coverage class."""

    venue: str
    symbol: str
    coverage: Coverage


class SideUndercounts(NamedTuple):
    """The three figures of one feed; the interval of the total is not the sum of the sides' intervals."""

    long: Undercount
    short: Undercount
    total: Undercount

    def of(self, position_side: PositionSide | None) -> Undercount:
        """The figure of a side, or of both for None."""
        if position_side is None:
            return self.total
        return self.long if position_side == LONG else self.short


class SampledOrders(msgspec.Struct, frozen=True):
    """Pushed orders in columns, one row each; see `sampled_orders`.

    Attributes:
        feeds: the feeds that occur.
        feed: [K] index into `feeds`.
        ts_event_ns: [K] ns UTC.
        notional_usd: [K] USD, NaN where unknown.
        is_long: [K] whether a long was closed.
    """

    feeds: tuple[FeedKey, ...]
    feed: Ints
    ts_event_ns: Ints
    notional_usd: Floats
    is_long: Flags


def sampled_orders(
    feeds: Sequence[tuple[str, str, Coverage]],
    ts_event_ns: ArrayLike,
    notional_usd: ArrayLike,
    is_long: ArrayLike,
) -> SampledOrders:
    """Columns of orders, any order of rows.

    Args:
        feeds: [K] (venue, symbol, coverage) of each order.
        ts_event_ns: [K] ns UTC.
        notional_usd: [K] USD, NaN where unknown.
        is_long: [K] whether a long was closed.

    Raises:
        InputError: columns of different lengths.
    """
    keys = sorted(set(feeds))
    index = {key: i for i, key in enumerate(keys)}
    feed = np.fromiter((index[key] for key in feeds), np.int64, len(feeds))
    columns = (np.asarray(ts_event_ns, np.int64), np.asarray(notional_usd, np.float64), np.asarray(is_long, np.bool_))
    if any(column.shape != feed.shape for column in columns):
        shapes = ", ".join(str(column.shape) for column in (feed, *columns))
        raise InputError(f"feed, ts_event_ns, notional_usd and is_long need one shape [K], got {shapes}")
    return SampledOrders(tuple(FeedKey(*key) for key in keys), feed, *columns)


def sampled_orders_of(events: Iterable[Liquidation]) -> SampledOrders:
    """Columns of the events of sampled feeds that can be estimated; others are left out."""
    kept = [event for event in events if event.coverage in _ESTIMATORS]
    return sampled_orders(
        [(event.venue, event.symbol, event.coverage) for event in kept],
        [event.ts_event_ns for event in kept],
        [math.nan if event.notional_usd is None else event.notional_usd for event in kept],
        [event.position_side == LONG for event in kept],
    )


def undercounts(
    orders: SampledOrders,
    from_ns: int,
    interval_ns: int,
    bars: int = 1,
) -> dict[tuple[FeedKey, int], SideUndercounts]:
    """Estimates of every sampled feed and bar with orders.

    Minutes are counted from the open of each bar; the last one of a bar has fewer slots where the bar is not a whole
    number of minutes. Sizes are pooled per feed over all bars.

    Args:
        orders: pushed orders; those outside the bars, or of classes that cannot be estimated, are left out.
        from_ns: open of the first bar.
        interval_ns: length of a bar, the whole window for a single figure.
        bars: how many.

    Returns:
        (feed, open of the bar) -> figures.

    Raises:
        InputError: an interval or a number of bars that is not positive.
    """
    if interval_ns <= 0 or bars <= 0:
        raise InputError("a bar needs a length above zero, and there must be at least one")
    inside = (orders.ts_event_ns >= from_ns) & (orders.ts_event_ns < from_ns + bars * interval_ns)
    found: dict[tuple[FeedKey, int], SideUndercounts] = {}
    for coverage, estimator in _ESTIMATORS.items():
        wanted = np.array([key.coverage == coverage for key in orders.feeds], np.bool_)
        chosen = inside & wanted[orders.feed] if len(wanted) else inside
        if not chosen.any():
            continue
        slots_of_bar = _slots(interval_ns)
        bar, offset = np.divmod(orders.ts_event_ns[chosen] - from_ns, interval_ns)
        cell = bar * len(slots_of_bar) + offset // NS_PER_MINUTE
        cells = estimator(
            SlotOrders(
                feed=orders.feed[chosen],
                cell=cell,
                notional_usd=orders.notional_usd[chosen],
                is_long=orders.is_long[chosen],
                slots=np.tile(slots_of_bar, bars),
                feeds=len(orders.feeds),
            )
        )
        for feed, at, figures in _rolled_up(cells, len(slots_of_bar), bars):
            found[orders.feeds[feed], from_ns + at * interval_ns] = figures
    return found


def complete(total_usd: float, unknown_count: int = 0) -> Undercount:
    """A feed that leaves nothing out: the sum is the estimate; orders of unknown notional leave the top open."""
    return Undercount(total_usd, total_usd, total_usd, None if unknown_count else total_usd)


def floor_only(total_usd: float) -> Undercount:
    """A feed whose rule of selection is not known."""
    return Undercount(total_usd, None, total_usd, None)


def combined(parts: Sequence[Undercount]) -> Undercount:
    """The sum over feeds, whose errors are independent; see `Undercount` for what a missing part means."""
    floor = math.fsum(part.floor_usd for part in parts)
    minutes = sum(part.minutes for part in parts)
    saturated = math.fsum(part.minutes * (part.saturated_ratio or 0.0) for part in parts)
    ratio = saturated / minutes if minutes else None
    if all(part.estimate_usd is None for part in parts):
        return Undercount(floor, None, floor, None, saturated_ratio=ratio, minutes=minutes)
    estimate = math.fsum(part.floor_usd if part.estimate_usd is None else part.estimate_usd for part in parts)
    error = math.sqrt(math.fsum(part.error_usd**2 for part in parts))
    closed = all(part.upper_usd is not None for part in parts)
    return _with_interval(floor, estimate, error, ratio, minutes, closed=closed)


def with_ceiling(undercount: Undercount, ceiling_usd: float | None) -> Undercount:
    """The same with a ceiling, unless the floor contradicts it."""
    if ceiling_usd is not None and ceiling_usd < undercount.floor_usd:
        ceiling_usd = None
    return msgspec.structs.replace(undercount, ceiling_usd=ceiling_usd)


def open_interest_fall_usd(open_interest_base: ArrayLike, mark_price: ArrayLike) -> float | None:
    """Sum of the falls of open interest between samples, at the higher of the two prices: the outer ceiling.

    Args:
        open_interest_base: [T] base units, one side counted, in time order.
        mark_price: [T] quote per base at the same instants.

    Returns:
        USD; None with fewer than two samples.

    Raises:
        InputError: shapes differ, or a figure is negative or not finite.
    """
    base, price = np.asarray(open_interest_base, np.float64), np.asarray(mark_price, np.float64)
    if base.shape != price.shape or base.ndim != 1:
        raise InputError(f"open_interest_base and mark_price need one shape [T], got {base.shape} and {price.shape}")
    if not (np.isfinite(base).all() and np.isfinite(price).all() and (base >= 0).all() and (price >= 0).all()):
        raise InputError("open interest and prices must be finite and at least zero; leave unknown samples out")
    if len(base) < 2:
        return None
    falls = np.maximum(base[:-1] - base[1:], 0.0)
    return math.fsum(falls * np.maximum(price[:-1], price[1:]))


def _slots(interval_ns: int) -> Ints:
    """Slots of the minutes of one bar; a second begun is a slot."""
    whole, rest_ns = divmod(interval_ns, NS_PER_MINUTE)
    slots = [MAX_SLOTS] * whole
    if rest_ns:
        slots.append(-(-rest_ns // NS_PER_S))
    return np.array(slots, np.int64)


def _rolled_up(cells: CellEstimates, cells_per_bar: int, bars: int) -> Iterator[tuple[int, int, SideUndercounts]]:
    """Sum the cells of each feed and bar: (feed, bar, figures)."""
    keys, at = np.unique(cells.feed * bars + cells.cell // cells_per_bar, return_inverse=True)

    def summed(figures: Any) -> list[list[float]]:
        columns = [np.bincount(at, weights=figures[:, side], minlength=len(keys)) for side in range(3)]
        return np.stack(columns, axis=1).tolist()

    rows = zip(
        keys.tolist(),
        summed(cells.floor_usd),
        summed(cells.estimate_usd),
        summed(cells.variance_usd2),
        summed(cells.saturated),
        np.bincount(at).tolist(),
        strict=True,
    )
    for key, floor, estimate, variance, saturated, minutes in rows:
        figures = (
            _of_minutes(floor[side], estimate[side], variance[side], saturated[side], minutes) for side in range(3)
        )
        feed, bar = divmod(key, bars)
        yield feed, bar, SideUndercounts(*figures)


def _of_minutes(floor: float, estimate: float, variance: float, saturated: float, minutes: int) -> Undercount:
    if saturated == minutes:
        return Undercount(floor, None, floor, None, saturated_ratio=1.0, minutes=minutes)
    return _with_interval(floor, estimate, math.sqrt(variance), saturated / minutes, minutes, closed=saturated == 0)


def _with_interval(
    floor: float,
    estimate: float,
    error: float,
    saturated_ratio: float | None,
    minutes: int,
    *,
    closed: bool,
) -> Undercount:
    estimate = max(estimate, floor)
    return Undercount(
        floor_usd=floor,
        estimate_usd=estimate,
        lower_usd=max(floor, estimate - Z_90 * error),
        upper_usd=estimate + Z_90 * error if closed else None,
        saturated_ratio=saturated_ratio,
        error_usd=error,
        minutes=minutes,
    )
