"""What a map has to beat, and maps that must not win: the strong baselines and the placebos, fitted alike.

Every rival map goes through the same regression as ours, so that what differs is the map alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.calibrate import Calibration, by_settings
from powderkeg.liqmap.estimate import ACTIVITY_HOURS, MapSettings
from powderkeg.liqmap.models import per_series, pooled, with_map
from powderkeg.liqmap.panel import Panel, map_rows, walk_markets
from powderkeg.liqmap.placebos import blind, kept_overnight, shuffled
from powderkeg.liqmap.standing import compiled_stand
from powderkeg.liqmap.windows import before_mean

SEED: Final = 20_240_715
"""Of the shuffles; any other gives the same within their spread."""

SHUFFLES: Final = 5
"""Placebos are random; on recorded hours the mean of five varies by 0.0006 from one five to the next."""


def rival_predictions(panel: Panel, calibration: Calibration) -> dict[str, FloatArray]:
    """Predictions of every baseline and placebo, fitted on the rows the calibration trained on; each [R].

    `a`, `a0`, `a1`, `b` read the move; `c` is uniform leverage where nothing closes, `d` the mirrored side's map, `e`
    yesterday's; `price` is our regression without a map and `a1_pooled` it on the columns of (a1), `a1_map` those with
    the map; `blind` is a map that knows the price path but no flow, `shuffled_0` and so on are maps whose open interest
    and volume are shuffled in time, `shuffled_levels` one whose levels come from other days.
    """
    rng = np.random.default_rng(SEED)
    markets, mask, settings = panel.markets, calibration.mask, calibration.settings
    every, cut_ns = np.ones_like(mask), calibration.trained_until_ns
    fresh = np.concatenate([panel.move, panel.fresh], axis=1)
    models = {
        "a0": per_series(panel.move[:, :1]),
        "a1": per_series(fresh),
        "b": per_series(panel.move[:, 2:]),
        "c": per_series(np.concatenate([_uniform(bars, settings) for bars in markets])),
        "a1_pooled": pooled(fresh),
        "a1_map": pooled(with_map(fresh, map_rows(walk_markets(markets, settings)), mask)),
    }
    found = {name: model(panel, mask, every) for name, model in models.items()}
    found |= {"a": calibration.baseline, "price": calibration.alternatives["price"]}
    found["map"] = calibration.alternatives["map"]
    # Each rival map takes the place of ours in the same regression; one at a time is held, for minutes are many.
    maps: dict[str, Callable[[MapSettings], FloatArray]] = {
        "d": lambda used: map_rows(walk_markets(markets, used), mirrored=True),
        "e": lambda used: np.concatenate([kept_overnight(bars, used, None) for bars in markets]),
        "blind": lambda used: map_rows([blind(bars, used) for bars in markets]),
        "shuffled_levels": lambda used: np.concatenate([kept_overnight(bars, used, rng) for bars in markets]),
    }
    for n in range(SHUFFLES):
        maps[f"shuffled_{n}"] = lambda used: map_rows([shuffled(bars, used, cut_ns, rng) for bars in markets])
    for name, levels in maps.items():
        found[name] = np.full(len(mask), np.nan)
        for used, mine in by_settings(panel, calibration.by_series):
            model = pooled(with_map(panel.path, levels(used), mask))
            found[name][mine] = model(panel, mask, mine)[mine]
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
