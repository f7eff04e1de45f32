"""A map as one reads it: dollars per price bin and side, with a band, and the clusters nearest to the price.

The number of a bin is what the feed would show liquidated if the mark price went there and no further: mass of the
bin, weighed by distance. A band holds what 80 % of past bars showed that crossed the map, each held out of the fit, and
a bootstrap over whole days, so that the hours of one cascade count once.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.liqmap.bars import SIDES, FloatArray, IntArray
from powderkeg.liqmap.kernel import MapKernel

Method = Literal["modelled", "measured"]

BUCKET: Final = 0.0025
"""Width in log price of the buckets clusters are looked for in: wider than a bin, narrower than an hour's range."""

NEAR: Final = 0.15
"""Log distance up to which clusters are looked for: beyond it positions are spread too thin to cluster."""


class MarketCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one market a map has seen.

    Attributes:
        source: the market.
        from_ns, until_ns: start of the first bar and end of the last.
        interval_ns: length of a bar.
        bars: how many there are; bar_ratio is that over how many fit between the two times.
        open_interest_ratio: share of bars whose closing open interest is known; it stands where it is not.
        liquidations_ratio: share of bars whose liquidations are known; only they calibrate.
        placed_ratio: share of today's open interest whose opening was seen and is in the map; the rest is older than
            the data.
    """

    source: str
    from_ns: int
    until_ns: int
    interval_ns: int
    bars: int
    bar_ratio: float
    open_interest_ratio: float
    liquidations_ratio: float
    placed_ratio: float


class LiquidationMap(msgspec.Struct, frozen=True, kw_only=True):
    """What would be force-closed per price bin, at one time, from what was known then.

    Attributes:
        symbol: the market, or markets added up.
        as_of_ns: end of the last bar that entered.
        mark_price: last price, quote per base.
        first_bin: bin b of the arrays covers log prices [first_bin + b, first_bin + b + 1)·bin_width.
        bin_width: in log price.
        notional_usd: [2, B] longs and shorts that would be liquidated in the bin.
        lower_usd: [2, B] lower end of the 80 % band; equal to notional_usd where it was measured.
        upper_usd: [2, B] upper end.
        open_interest_usd: open interest at the mark price.
        method: `modelled`, or `measured` from published positions.
        sources: markets that entered; one without data is absent, not zero.
        assumptions: what a reader must know to judge it.
        coin: the underlying; None where the symbol alone was given.
        kernel: how levels became dollars; None where it was measured, and of several markets the largest one's.
        coverage: what was seen of each market.
        absent: markets of the coin that are not in the map, each with the reason: unknown, not zero.
        parts: the maps that were added up; empty for a single one.
        is_simulated: whether the data come from a simulated market.
    """

    symbol: str
    as_of_ns: int
    mark_price: float
    first_bin: int
    bin_width: float
    notional_usd: FloatArray
    lower_usd: FloatArray
    upper_usd: FloatArray
    open_interest_usd: float
    method: Method
    sources: tuple[str, ...]
    assumptions: dict[str, str]
    coin: str | None = None
    kernel: MapKernel | None = None
    coverage: tuple[MarketCoverage, ...] = ()
    absent: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    parts: tuple[LiquidationMap, ...] = ()
    is_simulated: bool = False

    @property
    def long_usd(self) -> FloatArray:
        """[B] longs, USD per bin."""
        return self.notional_usd[0]

    @property
    def short_usd(self) -> FloatArray:
        """[B] shorts, USD per bin."""
        return self.notional_usd[1]

    @property
    def is_floor(self) -> bool:
        """Whether dollars are what a feed shows: calibrated on feeds that sample, they are a floor."""
        return self.method == "modelled"

    @property
    def price_edges(self) -> FloatArray:
        """[B + 1] prices at which bins begin and end."""
        return np.exp((self.first_bin + np.arange(self.notional_usd.shape[1] + 1, dtype=np.int64)) * self.bin_width)

    @property
    def density_usd(self) -> FloatArray:
        """[2, B] USD per percent of log price: what does not change with the width of bins."""
        return self.notional_usd * (0.01 / self.bin_width)

    @property
    def prices(self) -> FloatArray:
        """[B] price in the middle of each bin."""
        bins: IntArray = np.arange(self.notional_usd.shape[1], dtype=np.int64)
        return np.exp((self.first_bin + bins + 0.5) * self.bin_width)


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of prices where more would be liquidated than around it.

    Attributes:
        position_side: whose positions.
        price: where most of it lies; price_low to price_high: the stretch.
        distance_ratio: (price − mark)/mark.
        notional_usd: in the stretch, with its band.
        open_interest_ratio: notional over open interest.
    """

    position_side: str
    price: float
    price_low: float
    price_high: float
    distance_ratio: float
    notional_usd: float
    lower_usd: float
    upper_usd: float
    open_interest_ratio: float | None


def add_maps(maps: list[LiquidationMap]) -> LiquidationMap:
    """Several venues' maps of one coin as one: same bins, dollars added, the mark weighed by open interest.

    Ends of bands are added too: markets move together, so their errors do not cancel. Where marks differ by more than a
    bin, a few levels of one market lie on the far side of the common mark; they stay where they are.

    Raises:
        InputError: no map, bins of different widths, or measured and modelled mixed.
    """
    if not maps:
        raise InputError("no map to add up: none of the venues has data")
    if len({(one.bin_width, one.method) for one in maps}) > 1:
        raise InputError("maps of different bin widths, or measured and modelled ones, do not add up")
    first = min(one.first_bin for one in maps)
    last = max(one.first_bin + one.notional_usd.shape[1] for one in maps)
    total_usd = sum(one.open_interest_usd for one in maps)
    shares = [one.open_interest_usd / total_usd if total_usd > 0 else 1 / len(maps) for one in maps]
    largest = int(np.argmax(shares))
    widened: dict[str, FloatArray] = {}
    for name in ("notional_usd", "lower_usd", "upper_usd"):
        widened[name] = np.zeros((2, last - first))
        for one in maps:
            start = one.first_bin - first
            held: FloatArray = getattr(one, name)
            widened[name][:, start : start + held.shape[1]] += held
    return LiquidationMap(
        symbol=maps[0].symbol if len({one.symbol for one in maps}) == 1 else " + ".join(one.symbol for one in maps),
        as_of_ns=max(one.as_of_ns for one in maps),
        mark_price=sum(one.mark_price * share for one, share in zip(maps, shares, strict=True)),
        first_bin=first,
        bin_width=maps[0].bin_width,
        open_interest_usd=total_usd,
        method=maps[0].method,
        sources=tuple(source for one in maps for source in one.sources),
        assumptions=maps[largest].assumptions,
        coin=maps[0].coin if len({one.coin for one in maps}) == 1 else None,
        kernel=maps[largest].kernel,
        coverage=tuple(seen for one in maps for seen in one.coverage),
        absent={name: why for one in maps for name, why in one.absent.items()},
        parts=tuple(maps) if len(maps) > 1 else (),
        is_simulated=any(one.is_simulated for one in maps),
        **widened,
    )


def clusters(one: LiquidationMap, count: int = 5) -> list[Cluster]:
    """The nearest clusters on each side of the mark: shorts above, longs below, nearest first.

    A cluster is a local maximum of the bucketed map that stands above the mean of its side within reach, with the
    buckets around it down to half its height.

    Args:
        one: the map.
        count: at most so many per side.
    """
    found: list[Cluster] = []
    per_bucket = max(round(BUCKET / one.bin_width), 1)
    mark_bin = int(np.floor(np.log(one.mark_price) / one.bin_width)) - one.first_bin
    buckets = round(NEAR / one.bin_width / per_bucket)
    for side, direction in ((1, 1), (0, -1)):
        edges = mark_bin + direction * (1 + per_bucket * np.arange(buckets + 1))
        edges = np.clip(edges, 0, one.notional_usd.shape[1])
        spans = [(min(a, b), max(a, b)) for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        heights = np.array([one.notional_usd[side, low:high].sum() for low, high in spans])
        found += [
            _cluster(one, side, spans[a][0], spans[b][1])
            if direction > 0
            else _cluster(one, side, spans[b][0], spans[a][1])
            for a, b in _peaks(heights)[:count]
        ]
    return found


def _peaks(heights: FloatArray) -> list[tuple[int, int]]:
    """First and last bucket of every peak, in order."""
    found: list[tuple[int, int]] = []
    floor = float(heights.mean()) if len(heights) else 0.0
    for at in range(len(heights)):
        before = heights[at - 1] if at else 0.0
        after = heights[at + 1] if at + 1 < len(heights) else 0.0
        if heights[at] <= floor or heights[at] < before or heights[at] <= after:
            continue
        start = stop = at
        while start > 0 and heights[at] / 2 <= heights[start - 1] <= heights[start]:
            start -= 1
        while stop + 1 < len(heights) and heights[at] / 2 <= heights[stop + 1] <= heights[stop]:
            stop += 1
        if not found or start > found[-1][1]:
            found.append((start, stop))
    return found


def _cluster(one: LiquidationMap, side: int, low: int, high: int) -> Cluster:
    held = one.notional_usd[side, low:high]
    total_usd = float(held.sum())
    price = float((held * one.prices[low:high]).sum() / total_usd)
    edge = np.exp((one.first_bin + np.array([low, high])) * one.bin_width)
    return Cluster(
        position_side=SIDES[side],
        price=price,
        price_low=float(edge[0]),
        price_high=float(edge[1]),
        distance_ratio=price / one.mark_price - 1.0,
        notional_usd=total_usd,
        lower_usd=float(one.lower_usd[side, low:high].sum()),
        upper_usd=float(one.upper_usd[side, low:high].sum()),
        open_interest_ratio=total_usd / one.open_interest_usd if one.open_interest_usd > 0 else None,
    )
