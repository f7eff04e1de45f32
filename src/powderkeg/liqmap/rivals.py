"""What a map has to beat, and maps that must not win: the strong baselines and the placebos.

Every rival map goes through the same regression as ours, so that what differs is the map alone.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bars import Bars, FloatArray, Mask
from powderkeg.liqmap.estimate import ACTIVITY_HOURS, Estimate, LevelMap, MapSettings, estimate, flow_of
from powderkeg.liqmap.features import SHARE_FLOOR
from powderkeg.liqmap.kernels import compiled_stand
from powderkeg.liqmap.models import per_series, pooled, with_map
from powderkeg.liqmap.panel import Panel, map_rows, walk_markets
from powderkeg.liqmap.windows import before_mean

SEED: Final = 20_240_715
"""Of the shuffles; any other gives the same within their spread."""


def rival_predictions(panel: Panel, mask: Mask, settings: MapSettings) -> dict[str, FloatArray]:
    """Predictions of every baseline and placebo, fitted on the masked rows; each [R].

    `a`, `a0`, `a1`, `b` read the move; `c` is uniform leverage where nothing closes, `d` the mirrored side's map, `e`
    yesterday's; `price` is our regression without a map and `a1_pooled` it on the columns of (a1), `a1_map` those with
    the map; `unit_flow` is a map that knows the price path but no flow, `shuffled_flow` one whose open interest and
    volume are shuffled in time, `shuffled_levels` one whose levels come from other days.
    """
    rng = np.random.default_rng(SEED)
    markets = panel.markets
    ours = map_rows(walk_markets(markets, settings))
    fresh = np.concatenate([panel.move, panel.fresh], axis=1)
    closed_out = [_uniform(bars, settings) for bars in markets]
    mirrored = map_rows(walk_markets(markets, settings), mirrored=True)
    stale = [kept_overnight(bars, settings, None) for bars in markets]
    moved = [kept_overnight(bars, settings, rng) for bars in markets]
    models = {
        "a": per_series(panel.move),
        "a0": per_series(panel.move[:, :1]),
        "a1": per_series(fresh),
        "b": per_series(panel.move[:, 2:]),
        "c": per_series(np.concatenate(closed_out)),
        "d": pooled(with_map(panel.path, mirrored, mask)),
        "e": pooled(with_map(panel.path, np.concatenate(stale), mask)),
        "price": pooled(panel.path),
        "a1_pooled": pooled(fresh),
        "a1_map": pooled(with_map(fresh, ours, mask)),
        "map": pooled(with_map(panel.path, ours, mask)),
        "unit_flow": pooled(with_map(panel.path, map_rows([_unit(bars, settings) for bars in markets]), mask)),
        "shuffled_flow": pooled(
            with_map(panel.path, map_rows([_shuffled(bars, settings, rng) for bars in markets]), mask)
        ),
        "shuffled_levels": pooled(with_map(panel.path, np.concatenate(moved), mask)),
    }
    every = np.ones_like(mask)
    return {name: model(panel, mask, every) for name, model in models.items()}


def _unit(bars: Bars, settings: MapSettings) -> Estimate:
    """Every bar opens the same: what the price path alone knows of levels."""
    flow = flow_of(bars, settings.churn)
    held, opened = np.full(len(bars), flow[0, 0]), np.full(len(bars), flow[: bars.bars_in(ACTIVITY_HOURS), 2].mean())
    return estimate(bars, settings, np.column_stack([held, held, opened]))


def _shuffled(bars: Bars, settings: MapSettings, rng: np.random.Generator) -> Estimate:
    """Open interest and volume in random order of time, on the true price path."""
    order = rng.permutation(len(bars))
    flow = flow_of(bars, settings.churn)[order]
    before = np.concatenate([flow[:1, 0], flow[:-1, 1]])
    change = flow[:, 1] - before
    opened = np.maximum(flow[:, 2], change)
    return estimate(bars, settings, np.column_stack([before, flow[:, 1], opened]))


def _uniform(bars: Bars, settings: MapSettings) -> FloatArray:
    """[2N, 2] z and z² of what lies between open and extreme when every trade opens, nothing closes, levels stay."""
    path = np.log(bars.prices)
    traded = np.nan_to_num(bars.volume_base)
    margin = int(settings.steps.max()) + 1
    first = int(np.floor(path.min() / settings.bin_width)) - margin
    opened, high, low, _ = (np.floor(path / settings.bin_width).astype(np.int64) - first).T
    entry = np.floor(path.mean(axis=1) / settings.bin_width).astype(np.int64) - first
    reach = np.ascontiguousarray(np.stack([np.column_stack([low, opened]), np.column_stack([opened, high])], axis=1))
    crossed = np.zeros((len(bars), 2))
    histogram = np.zeros(int(high.max()) + margin + 1)
    compiled_stand()(entry, traded, reach, settings.steps, histogram, crossed)
    usual = before_mean(traded, bars.bars_in(ACTIVITY_HOURS))
    z = np.log(crossed / np.where(usual > 0, usual, 1.0)[:, None] + 1e-3)
    return np.concatenate([np.column_stack([z[:, side], z[:, side] ** 2]) for side in range(2)])


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
        swept[start:stop] = other.walk(path[start:stop], idle)[:, 0]
    share = swept / np.maximum(flow[:, 0], np.finfo(float).tiny)[:, None, None]
    return np.log(np.concatenate([share[:, 0], share[:, 1]]) + SHARE_FLOOR)
