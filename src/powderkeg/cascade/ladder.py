"""The ladder: where a shock stops once the liquidations it triggers have traded too.

With D(u) and F(u) the depth and the fuel between the price and a log distance u, S the shock and φ the share of a
liquidation that reaches the book as a market order, price stops at

    X = inf{u >= 0: D(u) >= S + φ·F(u)}

and F(X) has been liquidated. R = φ·fuel/depth of a bin is its reproduction number: forced buying made per dollar of
depth consumed. For constant fuel and depth X = S/(depth·(1 − R)), so the move is 1/(1 − R) times what it would have
been. It is a model: everything happens at once, and the book neither flees nor refills on the way (`stress` says by
how much it does).
"""

from __future__ import annotations

import enum
import math
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.cascade.ladder_kernels import compiled_climb, compiled_sweep
from powderkeg.cascade.profiles import FloatArray, checked_pair, checked_share, checked_usd, grid_of
from powderkeg.cascade.rungs import Rung, find_rungs
from powderkeg.domain.errors import InputError

ASSUMPTIONS: Final = {
    "timing": "everything happens at once: no order leaves the book or joins it on the way",
    "bins": "fuel and depth are spread evenly inside a bin",
}


SAME_PLACE: Final = 1e-6
"""Bins by which a price may miss the end of the grid for its rounding."""


class Outcome(enum.StrEnum):
    """How a ladder ends."""

    STOPPED = "stopped"
    """The book absorbed the shock and what it triggered."""

    RAN_OFF_GRID = "ran_off_grid"
    """The last bin did not stop it: distance and liquidated notional are floors."""


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """What a shock does.

    Attributes:
        position_side: whose positions are liquidated; shorts going up, longs going down.
        price: where it starts.
        shock_usd: net market buying (selling, for longs) from elsewhere.
        market_share: share of a liquidation that reaches the book.
        bin_bps: width of a bin.
        price_end: where price stops; the end of the grid where the outcome is `RAN_OFF_GRID`.
        price_end_alone: where the shock would stop without liquidations; None where it runs off the grid alone.
        distance_log: |ln(price_end / price)|.
        liquidated_usd: notional liquidated on the way.
        depth_usd: resting notional consumed on the way.
        amplification: log distance with fuel over log distance without; 1 where there is no shock, None where the
            shock alone runs off the grid, a floor where it does so with the fuel only.
        reproduction: [bins] market share times fuel over depth; infinite where there is fuel and no depth.
        rungs: every rung of the grid, nearest first.
        outcome: whether the book stopped it.
        method: always `modelled`.
        assumptions: what a reader must know to judge it.
    """

    position_side: str
    price: float
    shock_usd: float
    market_share: float
    bin_bps: float
    price_end: float
    price_end_alone: float | None
    distance_log: float
    liquidated_usd: float
    depth_usd: float
    amplification: float | None
    reproduction: FloatArray
    rungs: tuple[Rung, ...]
    outcome: Outcome
    method: str = "modelled"
    assumptions: dict[str, str] = msgspec.field(default_factory=lambda: dict(ASSUMPTIONS))


def ladder(
    *,
    price: float,
    fuel: Any,
    depth: Any,
    shock_usd: float,
    market_share: float = 1.0,
    bin_bps: float = 1.0,
    side: str = "short",
) -> Ladder:
    """Where a shock stops once the liquidations it triggers have traded too.

    Args:
        price: mark price before the shock, quote per base, > 0.
        fuel: [bins] notional liquidated if price crosses the bin, USD; the first bin starts at `price`.
        depth: [bins] resting notional in the bin, USD: asks going up, bids going down.
        shock_usd: net market buying (selling, for longs) that starts the move, USD, >= 0.
        market_share: share of a liquidation that reaches the book as a market order, in [0, 1].
        bin_bps: width of a bin in log price, basis points.
        side: whose positions are liquidated: `short` goes up from `price`, `long` goes down.

    Returns:
        Ladder with price_end, liquidated_usd, amplification, reproduction [bins], rungs and outcome.

    Raises:
        InputError: shapes differ, a number is negative, not finite or out of range, or the side is unknown.
    """
    fuel, depth = checked_pair(fuel, depth)
    share, shock = checked_share(market_share), checked_usd("shock_usd", shock_usd)
    grid = grid_of(price, bin_bps, len(fuel), side)
    stop, part = compiled_sweep()(fuel, depth, shock, share)
    alone, alone_part = compiled_sweep()(np.zeros_like(fuel), depth, shock, share)
    ends, ends_alone = stop + part, alone + alone_part
    return Ladder(
        position_side=side,
        price=grid.price,
        shock_usd=shock,
        market_share=share,
        bin_bps=float(bin_bps),
        price_end=grid.price_at(ends),
        price_end_alone=None if alone == grid.bins else grid.price_at(ends_alone),
        distance_log=ends * grid.width,
        liquidated_usd=_passed(fuel, stop, part),
        depth_usd=_passed(depth, stop, part),
        amplification=None if alone == grid.bins else ends / ends_alone if ends_alone > 0.0 else 1.0,
        reproduction=reproduction(fuel, depth, share),
        rungs=find_rungs(grid, fuel, depth, share, shock),
        outcome=Outcome.RAN_OFF_GRID if stop == grid.bins else Outcome.STOPPED,
    )


def reproduction(fuel: FloatArray, depth: FloatArray, market_share: float) -> FloatArray:
    """[bins] R; 0 where there is no fuel, infinite where there is fuel and no depth."""
    pushed = market_share * fuel
    safe = np.where(depth > 0.0, depth, 1.0)
    return np.where(depth > 0.0, pushed / safe, np.where(pushed > 0.0, np.inf, 0.0))


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to bring the price somewhere, and what is liquidated on the way.

    Attributes:
        price_target: where price is to go.
        liquidated_usd: notional liquidated between the price and the target; does not depend on depth.
        depth_usd: resting notional between them.
        shock_usd: the least net buying (selling, for longs) from elsewhere that brings the price there; 0 where
            liquidations would do it alone.
    """

    price_target: float
    liquidated_usd: float
    depth_usd: float
    shock_usd: float


def reach(
    *,
    price: float,
    price_target: float,
    fuel: Any,
    depth: Any,
    market_share: float = 1.0,
    bin_bps: float = 1.0,
    side: str = "short",
) -> Reach:
    """What it takes to bring the price to a target; the other arguments as for `ladder`.

    Raises:
        InputError: as `ladder`, or the target lies behind the price or beyond the grid.
    """
    fuel, depth = checked_pair(fuel, depth)
    share = checked_share(market_share)
    grid = grid_of(price, bin_bps, len(fuel), side)
    if not (math.isfinite(price_target) and price_target > 0.0):
        raise InputError(f"the target price is {price_target}; it must be positive and finite")
    bins = grid.bins_to(price_target)
    if abs(bins - grid.bins) < SAME_PLACE:
        bins = float(grid.bins)
    if bins < 0.0:
        way = "above" if grid.direction > 0.0 else "below"
        raise InputError(f"{price_target:,.10g} is not {way} {price:,.10g}: {side}s are liquidated {way} the price")
    if bins > grid.bins:
        raise InputError(f"{price_target:,.10g} lies beyond the grid, which ends at {grid.price_at(grid.bins):,.10g}")
    needed, passed, consumed = compiled_climb()(fuel, depth, share, bins)
    return Reach(price_target=price_target, liquidated_usd=passed, depth_usd=consumed, shock_usd=needed)


def _passed(dollars: FloatArray, stop: int, part: float) -> float:
    """Whole bins up to `stop`, and a part of it."""
    rest = part * float(dollars[stop]) if stop < len(dollars) else 0.0
    return float(dollars[:stop].sum()) + rest
