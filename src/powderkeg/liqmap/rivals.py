"""What a map has to beat, and maps that must not win: the strong baselines and the placebos, fitted alike.

Every rival map goes through the same regression as ours, so that what differs is the map alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from powderkeg.liqmap.bars import Bars, FloatArray, Mask
from powderkeg.liqmap.estimate import ACTIVITY_HOURS, MapSettings
from powderkeg.liqmap.models import per_series, pooled, with_map
from powderkeg.liqmap.panel import Panel, map_rows, walk_markets
from powderkeg.liqmap.placebos import blind, kept_overnight, shuffled
from powderkeg.liqmap.standing import compiled_stand
from powderkeg.liqmap.windows import before_mean

SEED: Final = 20_240_715
"""Of the shuffles; any other gives the same within their spread."""

SHUFFLES: Final = 5
"""Placebos are random: one may be lucky, the mean of five is within 0.002 of that of fifty on recorded hours."""


def rival_predictions(panel: Panel, mask: Mask, settings: MapSettings, cut_ns: int) -> dict[str, FloatArray]:
    """Predictions of every baseline and placebo, fitted on the masked rows; each [R].

    `a`, `a0`, `a1`, `b` read the move; `c` is uniform leverage where nothing closes, `d` the mirrored side's map, `e`
    yesterday's; `price` is our regression without a map and `a1_pooled` it on the columns of (a1), `a1_map` those with
    the map; `blind` is a map that knows the price path but no flow, `shuffled_0` and so on are maps whose open interest
    and volume are shuffled in time, `shuffled_levels` one whose levels come from other days.
    """
    rng = np.random.default_rng(SEED)
    markets, every = panel.markets, np.ones_like(mask)
    walked = walk_markets(markets, settings)
    fresh = np.concatenate([panel.move, panel.fresh], axis=1)
    models = {
        "a": per_series(panel.move),
        "a0": per_series(panel.move[:, :1]),
        "a1": per_series(fresh),
        "b": per_series(panel.move[:, 2:]),
        "c": per_series(np.concatenate([_uniform(bars, settings) for bars in markets])),
        "price": pooled(panel.path),
        "a1_pooled": pooled(fresh),
        "a1_map": pooled(with_map(fresh, map_rows(walked), mask)),
    }
    found = {name: model(panel, mask, every) for name, model in models.items()}
    # Each rival map takes the place of ours in the same regression; one at a time is held, for minutes are many.
    maps: dict[str, Callable[[], FloatArray]] = {
        "map": lambda: map_rows(walked),
        "d": lambda: map_rows(walked, mirrored=True),
        "e": lambda: np.concatenate([kept_overnight(bars, settings, None) for bars in markets]),
        "blind": lambda: map_rows([blind(bars, settings) for bars in markets]),
        "shuffled_levels": lambda: np.concatenate([kept_overnight(bars, settings, rng) for bars in markets]),
    }
    for n in range(SHUFFLES):
        maps[f"shuffled_{n}"] = lambda: map_rows([shuffled(bars, settings, cut_ns, rng) for bars in markets])
    for name, levels in maps.items():
        found[name] = pooled(with_map(panel.path, levels(), mask))(panel, mask, every)
    return found


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
