"""What a Monte Carlo starts from: coins with fuel and depth, how forced flow behaves, and the plan of the run."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec
import numpy as np

from powderkeg.cascade.path_arrays import FloatArray
from powderkeg.domain.errors import InputError

Returns = Literal["gaussian", "student", "bootstrap"]
Variance = Literal["none", "antithetic", "sobol"]

FREEDOMS: Final = (4, 6, 8)
MAX_COINS: Final = 64
MAX_LEVELS: Final = 256
MAX_STEPS: Final = 10_000_000
MAX_PATHS: Final = 1 << 32
MIN_PATHS: Final = 64


class Coin(msgspec.Struct, frozen=True, kw_only=True):
    """One coin, or one venue's market of it.

    Attributes:
        coin: its name.
        price: mark price at the start, quote per base.
        daily_sigma: standard deviation of daily log returns without forced flow.
        fuel_usd: [M, 2, B] notional liquidated per bin in each of M equally likely maps: row 0 longs downwards, row 1
            shorts upwards, the first bin starting at the price.
        depth_usd: [2, B] resting notional per bin: row 0 bids, row 1 asks; the last bin's goes on beyond the grid.
        bin_bps: width of a bin in log price, basis points.
        levels: prices whose touch is counted.
        returns: [N] log returns per step, for the bootstrap.
        shock_usd: market order that comes first; selling is negative.
    """

    coin: str
    price: float
    daily_sigma: float
    fuel_usd: FloatArray
    depth_usd: FloatArray
    bin_bps: float
    levels: tuple[float, ...] = ()
    returns: FloatArray | None = None
    shock_usd: float = 0.0


class Dynamics(msgspec.Struct, frozen=True, kw_only=True):
    """How forced flow meets the book.

    Defaults: in events depth shrank by a median of 3.4x and 17x at the 90th percentile, and a minute of new orders
    refilled about a fifth of the book (single unreviewed source); `stress` reaches 3.4 after a forced move of 5 %.

    Attributes:
        market_share: share of a liquidation that reaches the book as a market order, in [0, 1].
        latency_s: mean time from trigger to execution, seconds; 0 executes within the step.
        stress: how much thinner the book gets per unit of forced log move, >= 0; 0 leaves it as it is.
        thinnest: the book never holds less than its depth over this, >= 1.
        refill_per_minute: share of the missing depth that comes back in a minute, in [0, 1].
    """

    market_share: float = 1.0
    latency_s: float = 10.0
    stress: float = 48.0
    thinnest: float = 17.0
    refill_per_minute: float = 0.2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is made.

    Attributes:
        horizon_s: how far ahead, seconds.
        step_s: length of a step, seconds.
        paths: at least so many.
        seed: 0 <= seed < 2^64.
        returns: Gaussian, Student-t of unit variance, or blocks of history.
        freedom: degrees of freedom of Student-t: 4, 6 or 8.
        block_steps: length of a block of history.
        variance: `antithetic` pairs each path with its mirror; `sobol` draws the coarse shape of paths from scrambled
            Sobol points through a Brownian bridge (Gaussian only).
    """

    horizon_s: float
    step_s: float = 60.0
    paths: int = 100_000
    seed: int = 0
    returns: Returns = "gaussian"
    freedom: int = 4
    block_steps: int = 24
    variance: Variance = "none"

    @property
    def steps(self) -> int:
        """Steps to the horizon."""
        return max(round(self.horizon_s / self.step_s), 1)


def check_plan(plan: Plan) -> None:
    """Refuse a plan that cannot be walked.

    Raises:
        InputError: with the field and its limits.
    """
    _within("horizon_s", plan.horizon_s, 1e-3, 1e9)
    _within("step_s", plan.step_s, 1e-3, plan.horizon_s)
    _within("steps", plan.steps, 1, MAX_STEPS)
    _within("paths", plan.paths, MIN_PATHS, MAX_PATHS)
    _within("seed", plan.seed, 0, (1 << 64) - 1)
    _within("block_steps", plan.block_steps, 1, MAX_STEPS)
    if plan.returns not in ("gaussian", "student", "bootstrap"):
        raise InputError(f"returns {plan.returns!r} are unknown; there are gaussian, student and bootstrap")
    if plan.variance not in ("none", "antithetic", "sobol"):
        raise InputError(f"variance {plan.variance!r} is unknown; there are none, antithetic and sobol")
    if plan.freedom not in FREEDOMS:
        raise InputError(f"freedom is {plan.freedom}; Student-t returns are drawn with 4, 6 or 8")
    if plan.returns == "bootstrap" and plan.variance != "none":
        raise InputError("bootstrapped history has no mirror and no Gaussian shape; use variance none with it")
    if plan.returns == "student" and plan.variance == "sobol":
        raise InputError("sobol shapes Gaussian paths only; use variance antithetic with student returns")


def check_dynamics(dynamics: Dynamics) -> None:
    """Refuse dynamics out of range.

    Raises:
        InputError: with the field and its limits.
    """
    _within("market_share", dynamics.market_share, 0.0, 1.0)
    _within("latency_s", dynamics.latency_s, 0.0, 1e9)
    _within("stress", dynamics.stress, 0.0, 1e9)
    _within("thinnest", dynamics.thinnest, 1.0, 1e9)
    _within("refill_per_minute", dynamics.refill_per_minute, 0.0, 1.0)


def check_coins(coins: tuple[Coin, ...], plan: Plan) -> None:
    """Refuse coins whose arrays or numbers cannot be simulated.

    Raises:
        InputError: with the coin, the field and what it must be.
    """
    _within("number of coins", len(coins), 1, MAX_COINS)
    for one in coins:
        _within(f"{one.coin} price", one.price, 1e-12, 1e15)
        _within(f"{one.coin} daily_sigma", one.daily_sigma, 0.0, 10.0)
        _within(f"{one.coin} bin_bps", one.bin_bps, 1e-3, 1e4)
        _within(f"{one.coin} number of levels", len(one.levels), 0, MAX_LEVELS)
        _within(f"{one.coin} shock_usd", one.shock_usd, -1e15, 1e15)
        for level in one.levels:
            if not (math.isfinite(level) and level > 0.0 and level != one.price):
                raise InputError(f"{one.coin}: level {level:g} must be a positive price other than the start")
        _check_arrays(one)
        if plan.returns == "bootstrap" and (one.returns is None or len(one.returns) < plan.block_steps):
            raise InputError(f"{one.coin}: bootstrap needs at least {plan.block_steps} returns of history")
    if plan.returns == "bootstrap" and len({len(_known(one.returns)) for one in coins}) > 1:
        raise InputError("histories of different length cannot be drawn together; cut them to the same steps")


def _check_arrays(one: Coin) -> None:
    fuel, depth = np.shape(one.fuel_usd), np.shape(one.depth_usd)
    if len(fuel) != 3 or len(depth) != 2 or fuel[1] != 2 or depth[0] != 2 or fuel[2] != depth[1] or 0 in fuel:
        raise InputError(f"{one.coin}: fuel_usd is {fuel} and depth_usd {depth}; they must be [M, 2, B] and [2, B]")
    for name, held in (("fuel_usd", one.fuel_usd), ("depth_usd", one.depth_usd), ("returns", one.returns)):
        if held is not None and not np.isfinite(held).all():
            raise InputError(f"{one.coin}: {name} holds a number that is not finite")
    if np.min(one.fuel_usd) < 0.0 or np.min(one.depth_usd) < 0.0 or np.min(one.depth_usd[:, -1]) <= 0.0:
        raise InputError(f"{one.coin}: fuel and depth are not negative, and depth is above 0 in the last bin")


def _known(held: FloatArray | None) -> FloatArray:
    return np.zeros(0) if held is None else held


def _within(name: str, given: float, low: float, high: float) -> None:
    if not low <= given <= high:
        raise InputError(f"{name} is {given:g}; the limits are {low:g} and {high:g}")
