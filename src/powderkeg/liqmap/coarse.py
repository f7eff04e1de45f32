"""Short bars within long ones: minutes that carry the map, hours that are scored.

What a long bar crosses is what stood in the map when it began, so nothing of its own flow is in its columns, however
finely the map is walked; and what is kept for scoring grows with the long bars alone.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.estimate import Estimate, LevelMap, MapSettings, estimate, flow_of
from powderkeg.liqmap.windows import carried


class Coarse(NamedTuple):
    """Long bars, and where the short ones of each begin."""

    bars: Bars
    starts: IntArray


def coarsen(bars: Bars, interval_ns: int) -> Coarse:
    """Gather bars into longer ones that begin at multiples of their length.

    Args:
        bars: of one market.
        interval_ns: length of the longer bars; bars that are not shorter are left as they are.

    Returns:
        Long bars. Volume is unknown where that of all its short bars is, liquidations where that of any is.
    """
    if bars.interval_ns >= interval_ns:
        return Coarse(bars, np.arange(len(bars)))
    slot = bars.open_ns // interval_ns
    starts: IntArray = np.flatnonzero(np.diff(slot, prepend=slot[0] - 1))
    ends = np.append(starts[1:], len(bars)) - 1
    opened, high, low, closed = bars.prices.T
    known = np.isfinite(bars.volume_base)
    volume = np.add.reduceat(np.where(known, bars.volume_base, 0.0), starts)
    held = carried(bars.open_interest_base)
    long_bars = Bars(
        symbol=bars.symbol,
        interval_ns=interval_ns,
        open_ns=slot[starts] * interval_ns,
        prices=np.column_stack(
            [opened[starts], np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts), closed[ends]]
        ),
        volume_base=np.where(np.maximum.reduceat(known, starts), volume, np.nan),
        open_interest_base=np.concatenate([held[:1], held[ends + 1]]),
        liquidated_base=np.add.reduceat(bars.liquidated_base, starts, axis=0),
    )
    return Coarse(long_bars, starts)


def estimate_within(bars: Bars, coarse: Coarse, settings: MapSettings, flow: FloatArray | None = None) -> Estimate:
    """The map walked over short bars, with what each long bar crosses of it.

    Args:
        bars: the short bars.
        coarse: the long ones, as `coarsen` gives them.
        settings: how flow becomes levels.
        flow: [N, 3] of the short bars, as `flow_of` gives it, for maps built on another flow.
    """
    outer = estimate(coarse.bars, settings)
    if len(coarse.bars) == len(bars):
        return outer if flow is None else estimate(bars, settings, flow)
    level_map = LevelMap(settings, bars.interval_hours)
    path = np.log(coarse.bars.prices)
    swept = level_map.walk_within(
        np.log(bars.prices),
        flow_of(bars, settings.churn) if flow is None else flow,
        np.column_stack([coarse.starts, *(np.floor(path[:, [2, 1]] / settings.bin_width).astype(np.int64)).T]),
    )
    return msgspec.structs.replace(outer, swept=swept, level_map=level_map)
