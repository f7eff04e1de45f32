"""Maps that know less on purpose, so that what a map knows can be told apart by kind.

`blind` knows the price path and no flow. `shuffled` has open interest and volume in random order of time: what it
gains over `blind` would be knowledge of flow, which it has not, so a score that is honest about flow calls it zero.
`shuffled_levels` has the right shape at the wrong prices.
"""

from __future__ import annotations

import itertools

import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.estimate import ACTIVITY_HOURS, Estimate, LevelMap, MapSettings, estimate, flow_of
from powderkeg.liqmap.features import SHARE_FLOOR


def blind_flow(bars: Bars, settings: MapSettings) -> FloatArray:
    """[N, 3] every bar opens and closes the same, as much as the first day's did on average."""
    flow = flow_of(bars, settings.churn)
    held, opened = np.full(len(bars), flow[0, 0]), np.full(len(bars), flow[: bars.bars_in(ACTIVITY_HOURS), 2].mean())
    return np.column_stack([held, held, opened])


def blind(bars: Bars, settings: MapSettings) -> Estimate:
    """What the price path alone knows of levels."""
    return estimate(bars, settings, blind_flow(bars, settings))


def shuffled_flow(bars: Bars, settings: MapSettings, cut_ns: int, rng: np.random.Generator) -> FloatArray:
    """[N, 3] open interest and volume in random order of time, before and after the cut apart."""
    cut = int(np.searchsorted(bars.open_ns, cut_ns))
    order = np.concatenate([rng.permutation(cut), cut + rng.permutation(len(bars) - cut)])
    flow = flow_of(bars, settings.churn)[order]
    before = np.concatenate([flow[:1, 0], flow[:-1, 1]])
    return np.column_stack([before, flow[:, 1], np.maximum(flow[:, 2], flow[:, 1] - before)])


def shuffled(bars: Bars, settings: MapSettings, cut_ns: int, rng: np.random.Generator) -> Estimate:
    """A map of random flow on the true price path."""
    return estimate(bars, settings, shuffled_flow(bars, settings, cut_ns, rng))


def kept_overnight(bars: Bars, settings: MapSettings, rng: np.random.Generator | None) -> FloatArray:
    """[2N, K] map columns when each day is met with the map of its midnight and nothing is opened during the day.

    Args:
        bars: one market.
        settings: as our map.
        rng: with a generator each day gets another day's midnight map, moved to its own price: right shape, wrong
            levels.
    """
    flow, path = flow_of(bars, settings.churn), np.log(bars.prices)
    days = np.unique(bars.open_ns // NS_PER_DAY, return_index=True)[1]
    edges = np.append(days, len(bars))
    level_map = LevelMap(settings, bars.interval_hours)
    kept: list[LevelMap] = []
    for start, stop in itertools.pairwise(edges):
        kept.append(level_map.copy())
        level_map.walk(path[start:stop], flow[start:stop])
    order = np.arange(len(days)) if rng is None else rng.permutation(len(days))
    swept = np.zeros((len(bars), 2, len(settings.distances)))
    for day, (start, stop) in enumerate(itertools.pairwise(edges)):
        other = kept[int(order[day])].copy()
        other.shift(float(path[start, 0] - path[days[order[day]], 0]))
        idle = np.column_stack([flow[start:stop, 0], flow[start:stop, 0], np.zeros(stop - start)])
        swept[start:stop] = other.walk(path[start:stop], idle)[0]
    share = swept / np.maximum(flow[:, 0], np.finfo(float).tiny)[:, None, None]
    return np.log(np.concatenate([share[:, 0], share[:, 1]]) + SHARE_FLOOR)
