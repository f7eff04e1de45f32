"""A coin for the Monte Carlo from what a ladder is made of: sampled maps, depth, volatility, history."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from powderkeg.app.cascade_inputs import BIN_BPS, SIDES, LadderInputs
from powderkeg.app.position_inputs import DAILY_SIGMA, OTHER_DAILY_SIGMA
from powderkeg.cascade.monte_carlo_inputs import Coin
from powderkeg.cascade.profiles import FloatArray
from powderkeg.cascade.rungs import find_rungs
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.liqmap.bars import Bars

MERGED: Final = 5
"""Bins of a ladder that become one of a simulation: five basis points, a tenth of an hour's usual move."""

_NORMAL: Final = NormalDist()

BAND_Z: Final = 1.2815515655446004
"""Where the 10th and the 90th percent of a normal lie: the map's band is an 80 % band."""

RUNG_LEVELS: Final = 3
"""Rungs per side whose trigger is watched."""

LONGEST_RUNG: Final = 5e-4
"""Rungs shorter than so much (log price) are holes between levels of a book."""


class History(NamedTuple):
    """Past returns of a market: one a bar, from where, and the length of a bar."""

    returns: FloatArray
    source: str
    step_s: float


def sampled_fuel(inputs: LadderInputs, maps: int, seed: int) -> FloatArray:
    """[M, 2, B] equally likely maps from the band: per side one normal a map, stratified, for all bins alike.

    A band says how sure the weights of the map are, and those are common to its bins. Without a band there is one map.

    Args:
        inputs: fuel per side, with its band.
        maps: how many to draw.
        seed: of the draw.
    """
    banded = any(inputs.fuel[side].lower_usd is not None for side in SIDES)
    count = maps if banded else 1
    rng = np.random.default_rng(seed)
    rows: list[FloatArray] = []
    for side in SIDES:
        one = inputs.fuel[side]
        fuel = _merged(one.fuel_usd)
        if one.lower_usd is None or one.upper_usd is None or count == 1:
            rows.append(np.repeat(fuel[None], count, axis=0))
            continue
        places = (rng.permutation(count) + 0.5) / count
        drawn = np.array([_NORMAL.inv_cdf(place) / BAND_Z for place in places])[:, None]
        up, down = _merged(one.upper_usd) - fuel, fuel - _merged(one.lower_usd)
        rows.append(np.maximum(fuel + np.where(drawn > 0.0, up * drawn, down * drawn), 0.0))
    return np.ascontiguousarray(np.stack(rows, axis=1))


def coin_of_inputs(
    inputs: LadderInputs, *, levels: tuple[float, ...], maps: int, seed: int, daily_sigma: float | None,
    history: History | None = None, shock_usd: float = 0.0,
) -> Coin:  # fmt: skip
    """The coin a simulation starts from.

    Args:
        inputs: price, fuel and depth.
        levels: prices to watch.
        maps: drawn from the map's band.
        seed: of that draw.
        daily_sigma: None for that of the inputs, or the coin's long-run one.
        history: returns for the bootstrap.
        shock_usd: market order that comes first.
    """
    return Coin(
        coin=inputs.coin,
        price=inputs.price,
        daily_sigma=sigma_of(inputs, daily_sigma)[0],
        fuel_usd=sampled_fuel(inputs, maps, seed),
        depth_usd=np.stack([_endless(_merged(inputs.depth[side].depth_usd), inputs.coin) for side in SIDES]),
        bin_bps=BIN_BPS * MERGED,
        levels=levels,
        returns=None if history is None else history.returns,
        shock_usd=shock_usd,
    )


def sigma_of(inputs: LadderInputs, given: float | None) -> tuple[float, str]:
    """Standard deviation of daily log returns, and where it comes from."""
    if given is not None:
        return given, "given"
    if inputs.daily_sigma is not None:
        return inputs.daily_sigma, f"of bars {inputs.volume_window}; past forced flow is in it"
    known = DAILY_SIGMA.get(inputs.coin, OTHER_DAILY_SIGMA)
    return known, "standard deviation of daily log returns 2020-12 to 2024-12; past forced flow is in it"


def rung_levels(inputs: LadderInputs, market_share: float) -> tuple[float, ...]:
    """Prices at which the nearest rungs of the ladder start, both ways."""
    found: list[float] = []
    for side in SIDES:
        grid = inputs.grid(side)
        rungs = find_rungs(grid, inputs.fuel[side].fuel_usd, inputs.depth[side].depth_usd, market_share, 0.0)
        worth = [
            one.price_trigger
            for one in rungs
            if abs(math.log(one.price_stop / one.price_trigger)) >= LONGEST_RUNG
            and abs(math.log(one.price_trigger / inputs.price)) > grid.width / 2
        ]
        found += worth[:RUNG_LEVELS]
    return tuple(found)


def history_of(markets: list[Bars]) -> History:
    """Log returns from close to close of the market with the most volume; a hole in its bars joins nothing.

    Raises:
        InputError: there are too few bars.
    """
    best = max(markets, key=lambda bars: float(np.nansum(bars.volume_base * bars.prices[:, 3])))
    closes = np.log(best.prices[:, 3])
    whole = np.diff(best.open_ns) == best.interval_ns
    returns = np.diff(closes)[whole]
    if len(returns) < 2:
        raise InputError(f"{best.symbol} has too few bars for a bootstrap; give a longer table, or other returns")
    return History(returns, f"{len(returns):,} bars of {best.symbol}", best.interval_ns / NS_PER_S)


def _merged(per_bin: FloatArray) -> FloatArray:
    kept = len(per_bin) // MERGED * MERGED
    return per_bin[:kept].reshape(-1, MERGED).sum(axis=1)


def _endless(depth: FloatArray, coin: str) -> FloatArray:
    """Depth whose last bin, which goes on beyond the grid, is not empty: else the mean of the others stands there."""
    if not depth.any():
        raise InputError(f"{coin}: there is no depth at all on one side; give one with --depth or --depth-usd")
    if depth[-1] > 0.0:
        return depth
    return np.concatenate([depth[:-1], [float(depth.mean())]])
