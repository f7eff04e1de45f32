"""Coins, dynamics and plan as the arrays a path is walked with."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from powderkeg.cascade.draws import key_of, ziggurat_tables
from powderkeg.cascade.monte_carlo_inputs import Coin, Dynamics, Plan
from powderkeg.cascade.path_arrays import BOOTSTRAP, GAUSSIAN, STUDENT, FloatArray, IntArray, Scratch, World
from powderkeg.cascade.path_step import (
    KEPT,
    LAW_COLUMNS,
    PER_LOG,
    REACHES,
    SHARE,
    SHOCK,
    SIGMA,
    STATE_COLUMNS,
    STRESS,
    THINNEST,
    USD_UNIT,
)
from powderkeg.domain.errors import InputError

_KINDS: Final = {"gaussian": GAUSSIAN, "student": STUDENT, "bootstrap": BOOTSTRAP}
_GROUPS: Final = 64
_SOBOL_GROUPS: Final = 32
_UNIT_SHARE: Final = 1e-11
_SECONDS_PER_DAY: Final = 86_400.0


class Layout(NamedTuple):
    """How paths are cut into independent groups: `rows` of `per_row` paths."""

    rows: int
    per_row: int


def layout_of(plan: Plan) -> Layout:
    """Groups of equal size, 64 to 127 of them where paths suffice; the number of paths is met exactly where it divides.

    A group of Sobol points is a power of two, one of pairs is even.
    """
    if plan.variance == "sobol":
        size = 1 << max((plan.paths // _SOBOL_GROUPS).bit_length() - 1, 1)
        return Layout(max(-(-plan.paths // size), 2), size)
    pair = 2 if plan.variance == "antithetic" else 1
    most = max(min(2 * _GROUPS - 1, plan.paths // pair // 2), 2)
    for rows in range(most, max(most // 2, 2) - 1, -1):
        if plan.paths % (rows * pair) == 0:
            return Layout(rows, plan.paths // rows)
    rows = max(min(_GROUPS, plan.paths // pair // 2), 2)
    return Layout(rows, -(-plan.paths // (rows * pair)) * pair)


def world_of(
    coins: tuple[Coin, ...],
    plan: Plan,
    dynamics: Dynamics,
    correlation: FloatArray | None,
    spillover: FloatArray | None,
) -> World:
    """The arrays of a run; checked inputs are assumed.

    Args:
        coins: C coins.
        plan: of the run.
        dynamics: the same for every coin.
        correlation: [C, C] of the exogenous returns; None for independent coins.
        spillover: [C, C] log move of a coin (row) in the next step per forced log move of another (column).

    Raises:
        InputError: a matrix of the wrong shape, or a correlation that is none.
    """
    maps = max(len(one.fuel_usd) for one in coins)
    bins = max(one.depth_usd.shape[1] for one in coins)
    kind = _KINDS[plan.returns]
    plan_array: IntArray = np.array(
        [plan.steps, kind, plan.block_steps, plan.freedom, int(plan.variance == "antithetic"), maps], dtype=np.int64
    )
    return World(
        key=np.array(key_of(plan.seed), dtype=np.uint64),
        plan=plan_array,
        law=np.stack([_law_of(one, plan, dynamics) for one in coins]),
        mixing=np.stack([_factor_of(correlation, len(coins)), _spillover_of(spillover, len(coins))]),
        fuel=np.stack([_cumulative(one, maps, bins) for one in coins]),
        depth=np.stack([np.pad(one.depth_usd, ((0, 0), (0, bins - one.depth_usd.shape[1])), "edge") for one in coins]),
        levels=_levels_of(coins),
        history=_history_of(coins, plan),
        coarse=np.zeros((0, len(coins), 0)),
        ziggurat=ziggurat_tables(),
    )


def scratch_of(coins: int) -> Scratch:
    """Room for one path."""
    return Scratch(
        state=np.zeros((coins, STATE_COLUMNS)),
        moves=np.zeros((coins, 4)),
        words=np.zeros((coins, 2), dtype=np.uint64),
        marks=np.zeros((coins, 4), dtype=np.int64),
    )


def usd_unit(one: Coin) -> float:
    """The unit dollars are summed in: a hundred-billionth of the most that can be liquidated on a path."""
    per_side = np.sum(one.fuel_usd, axis=2)
    return max(float(np.max(per_side[:, 0] + per_side[:, 1])) * _UNIT_SHARE, 1e-6)


def level_order(one: Coin) -> tuple[list[int], list[int]]:
    """Numbers of the levels above the price and below it, nearest first."""
    above = sorted((n for n, level in enumerate(one.levels) if level > one.price), key=lambda n: one.levels[n])
    below = sorted((n for n, level in enumerate(one.levels) if level < one.price), key=lambda n: -one.levels[n])
    return above, below


def _law_of(one: Coin, plan: Plan, dynamics: Dynamics) -> FloatArray:
    law = np.zeros(LAW_COLUMNS)
    law[SIGMA] = one.daily_sigma * math.sqrt(plan.step_s / _SECONDS_PER_DAY)
    law[SHARE] = 1.0 if dynamics.latency_s == 0.0 else -math.expm1(-plan.step_s / dynamics.latency_s)
    law[REACHES] = dynamics.market_share
    law[STRESS] = dynamics.stress
    law[THINNEST] = dynamics.thinnest
    law[KEPT] = (1.0 - dynamics.refill_per_minute) ** (plan.step_s / 60.0)
    law[PER_LOG] = 1e4 / one.bin_bps
    law[SHOCK] = one.shock_usd
    law[USD_UNIT] = usd_unit(one)
    return law


def _cumulative(one: Coin, maps: int, bins: int) -> FloatArray:
    """[M, 2, B + 1]; a coin with fewer maps repeats them, one with fewer bins has no fuel beyond."""
    drawn = one.fuel_usd[np.arange(maps, dtype=np.int64) % len(one.fuel_usd)]
    padded = np.pad(drawn, ((0, 0), (0, 0), (1, bins - drawn.shape[2])))
    return np.cumsum(padded, axis=2)


def _levels_of(coins: tuple[Coin, ...]) -> FloatArray:
    orders = [level_order(one) for one in coins]
    most = max(max(len(above), len(below)) for above, below in orders)
    levels = np.full((len(coins), 2, most + 1), np.inf)
    for coin, (one, order) in enumerate(zip(coins, orders, strict=True)):
        for side, numbers in enumerate(order):
            for place, number in enumerate(numbers):
                levels[coin, side, place] = abs(math.log(one.levels[number] / one.price))
    return levels


def _history_of(coins: tuple[Coin, ...], plan: Plan) -> FloatArray:
    """[C, N] without their mean, scaled to the coin's sigma, so that kinds of returns differ in shape alone."""
    if plan.returns != "bootstrap":
        return np.zeros((len(coins), 1))
    rows: list[FloatArray] = []
    for one in coins:
        assert one.returns is not None
        centered = one.returns - np.mean(one.returns)
        spread = float(np.std(centered))
        if spread == 0.0:
            raise InputError(f"{one.coin}: the history does not move; bootstrap needs one that does")
        rows.append(centered * (one.daily_sigma * math.sqrt(plan.step_s / _SECONDS_PER_DAY) / spread))
    return np.stack(rows)


def _factor_of(correlation: FloatArray | None, coins: int) -> FloatArray:
    """Cholesky factor of a correlation; perfectly correlated coins (venues of one index) are allowed."""
    if correlation is None:
        return np.eye(coins)
    held = np.asarray(correlation, dtype=np.float64)
    if held.shape != (coins, coins) or not np.isfinite(held).all():
        raise InputError(f"correlation is {held.shape}; it must be [{coins}, {coins}], in the order of the coins")
    if not (np.allclose(held, held.T) and np.allclose(np.diag(held), 1.0) and np.max(np.abs(held)) <= 1.0 + 1e-9):
        raise InputError("correlation must be symmetric, with 1 on the diagonal and nothing beyond -1 and 1")
    roots, vectors = np.linalg.eigh(held)
    if roots.min() < -1e-9:
        raise InputError("correlation is not positive semidefinite: no returns have it")
    # Lower triangular, as a triangular factor of V·√λ; its rows are of unit length whatever the rounding.
    upper: FloatArray = np.asarray(np.linalg.qr((vectors * np.sqrt(np.maximum(roots, 0.0))).T, mode="r"))
    factor: FloatArray = upper.T
    factor = factor * np.where(np.diag(factor) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(factor / np.linalg.norm(factor, axis=1, keepdims=True))


def _spillover_of(spillover: FloatArray | None, coins: int) -> FloatArray:
    if spillover is None:
        return np.zeros((coins, coins))
    held = np.array(spillover, dtype=np.float64)
    if held.shape != (coins, coins) or not np.isfinite(held).all() or held.min() < 0.0 or held.max() > 1.0:
        raise InputError(f"spillover must be [{coins}, {coins}], each in [0, 1], in the order of the coins")
    np.fill_diagonal(held, 0.0)
    if np.max(np.abs(np.linalg.eigvals(held))) >= 1.0:
        raise InputError("spillover feeds itself without end: its largest eigenvalue must stay below 1")
    return held
