"""A map as one reads it: dollars per price bin and side, with a band, and the clusters nearest to the price.

The number of a bin is what the feed would show liquidated if the mark price went there and no further: mass of the
bin, weighed by distance. A band says how sure the weights are, from a bootstrap over whole days, so that the hours of
one cascade count once.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.liqmap.bars import SIDES, FloatArray, IntArray

Method = Literal["modelled", "measured"]

BUCKET: Final = 0.0025
"""Width in log price of the buckets clusters are looked for in: wider than a bin, narrower than an hour's range."""

NEAR: Final = 0.15
"""Log distance up to which clusters are looked for: beyond it positions are spread too thin to cluster."""


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
    """Several venues' maps of one coin as one: same bins, dollars added, marks and open interest weighed.

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
        assumptions=maps[0].assumptions,
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
