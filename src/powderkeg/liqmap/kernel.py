"""What turns levels into dollars: the kernel of a map, fitted on the past, or a default where there is none to fit on.

History is never repainted, so the kernel of a time is a function of that time: settings are searched at the start of
its week and weights fitted at the start of its day (both UTC), on what ended by then. The map of ten past is the map
of ten past, whenever it is asked for.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bars import FloatArray
from powderkeg.liqmap.estimate import MapSettings

DEFAULT_CROSSINGS: Final = (0.12, 2.3)
"""Ends of the band of a market nothing is known of: the widest of the six series of `DEFAULT_SOURCE`, where held-out
hours lie between 0.126 and 2.27 of what the map said."""

Origin = Literal["calibrated", "default"]

DEFAULT_SETTINGS: Final = MapSettings(churn=0.3, half_life_hours=48.0)

DEFAULT_SOURCE: Final = (
    "default: hourly bars of Binance BTC, ETH and SOL USDT perpetuals, 2024-06-19 to 2024-07-31 (Coinalyze); "
    "the band is what their hours showed, at its widest"
)

_DEFAULT_WEIGHTS_PER_MILLE: Final = (
    (2.21, 0.163, 0.196, 0.594, 0.391, 0.462, 1.15, 1.52, 1.27, 1.59, 0.962, 0.863, 0.864),
    (1.46, 0.151, 0.485, 0.268, 0.145, 0.569, 0.425, 1.08, 1.3, 1.58, 0.964, 0.863, 0.864),
    (2.81, 0.189, 0.864, 0.505, 0.771, 0.707, 1.66, 1.77, 1.73, 2.32, 1, 0.863, 0.864),
    (1.57, 0.189, 0.924, 0.666, 0.138, 0.617, 1.43, 1.76, 1.48, 1.95, 0.968, 0.863, 0.864),
    (1.86, 0.19, 0.707, 0.973, 1.24, 0.928, 1.3, 1.75, 1.99, 1.69, 0.984, 0.861, 0.864),
    (1.44, 0.186, 0.617, 0.82, 0.706, 0.722, 0.83, 2.09, 1.02, 1.68, 0.967, 0.862, 0.864),
)
"""What `weights.distance_weights` gives for `DEFAULT_SETTINGS` on the hours of `DEFAULT_SOURCE`, per mille of open
interest crossed: BTC longs, BTC shorts, ETH longs, ETH shorts, SOL longs, SOL shorts, from the nearest distance to the
farthest. Beyond 16 % price never went there and the prior stands. Coinalyze API, "liquidation-history", read 2026-11;
refit by the test that holds these numbers to the data."""


class MapKernel(msgspec.Struct, frozen=True, kw_only=True):
    """How a map's levels become dollars.

    Attributes:
        origin: `calibrated` on bars of the same data, or the `default` because they know too few liquidations.
        source: what it was fitted on, in words.
        settings: churn, half-life, distances and basis.
        weights: [2, K] longs and shorts: share of open interest the feed shows liquidated per share crossed.
        samples: [N, 2, K] other weights that explain the past as well; their quantiles make the band.
        crossings: [2, 2] 10th and 90th percent, per side, of what bars that crossed the map showed over what it said.
        trained_until_ns: only what ended by then was read; None for the default.
        training_bars: bars of this market whose liquidations were known.
    """

    origin: Origin
    source: str
    settings: MapSettings
    weights: FloatArray
    samples: FloatArray
    crossings: FloatArray
    trained_until_ns: int | None
    training_bars: int


def default_kernel() -> MapKernel:
    """The kernel of a market whose past cannot be calibrated on: the mean over coins, the band their range."""
    by_coin: FloatArray = np.array(_DEFAULT_WEIGHTS_PER_MILLE).reshape(-1, 2, len(DEFAULT_SETTINGS.distances)) / 1e3
    return MapKernel(
        origin="default",
        source=DEFAULT_SOURCE,
        settings=DEFAULT_SETTINGS,
        weights=by_coin.mean(axis=0),
        samples=np.stack([by_coin.min(axis=0), by_coin.max(axis=0)]),
        crossings=np.array([DEFAULT_CROSSINGS, DEFAULT_CROSSINGS]),
        trained_until_ns=None,
        training_bars=0,
    )


def day_start(at_ns: int) -> int:
    """Midnight UTC at or before a time: the cut of its weights."""
    return at_ns // NS_PER_DAY * NS_PER_DAY


def week_start(at_ns: int) -> int:
    """Monday 00:00 UTC at or before a time: the cut of its settings. Day 4 of the epoch was a Monday."""
    day = at_ns // NS_PER_DAY
    return (day - (day - 4) % 7) * NS_PER_DAY
