"""Rungs: the stretches of price in which forced orders outrun the book.

A rung starts where liquidations add more than the book holds and lasts as long as, counted from its start, they have
added more. Its fuel, depth and R are those up to its crest, the point where the surplus is greatest; the price where
it stops is where depth has caught up. Law: rungs are exactly the jumps of the price that a growing shock reaches. A
shock that just does not reach the trigger stops before it, the next dollar runs through to the stop.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from powderkeg.cascade.ladder_kernels import (
    BALANCE,
    CREST,
    DEPTH,
    FUEL,
    LIQUIDATED,
    OPEN,
    RUNG_COLUMNS,
    STOP,
    TRIGGER,
    compiled_excursions,
)
from powderkeg.cascade.profiles import FloatArray, Grid, checked_pair, checked_share, grid_of


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch that feeds itself.

    Attributes:
        price_trigger: where it starts.
        price_crest: up to where forced orders add more than the book holds.
        price_stop: where the book has caught up; the end of the grid where `is_open`.
        fuel_usd: notional liquidated between trigger and crest.
        depth_usd: resting notional between trigger and crest.
        reproduction: market share times fuel over depth, trigger to crest; None without any depth.
        liquidated_usd: notional liquidated between trigger and stop.
        shock_to_trigger_usd: net buying (selling, for longs) from elsewhere that brings the price to the trigger.
        is_open: the grid ends before the book has caught up, so the stop is a floor of the distance.
        is_reached: the shock of this ladder goes through it; None where no shock was asked about.
    """

    price_trigger: float
    price_crest: float
    price_stop: float
    fuel_usd: float
    depth_usd: float
    reproduction: float | None
    liquidated_usd: float
    shock_to_trigger_usd: float
    is_open: bool
    is_reached: bool | None = None


def rungs(
    *, price: float, fuel: Any, depth: Any, market_share: float = 1.0, bin_bps: float = 1.0, side: str = "short"
) -> tuple[Rung, ...]:
    """Every rung of the grid, nearest first, whatever the shock; arguments as for `ladder`.

    Raises:
        InputError: as `ladder`.
    """
    fuel, depth = checked_pair(fuel, depth)
    grid = grid_of(price, bin_bps, len(fuel), side)
    return find_rungs(grid, fuel, depth, checked_share(market_share), None)


def find_rungs(
    grid: Grid, fuel: FloatArray, depth: FloatArray, share: float, shock_usd: float | None
) -> tuple[Rung, ...]:
    """As `rungs`, of arrays that are already checked; says which of them a shock goes through."""
    found = np.empty(((len(fuel) + 1) // 2, RUNG_COLUMNS))
    count = compiled_excursions()(fuel, depth, share, found)
    return tuple(_rung(grid, share, row.tolist(), shock_usd) for row in found[:count])


def _rung(grid: Grid, share: float, row: list[float], shock_usd: float | None) -> Rung:
    return Rung(
        price_trigger=grid.price_at(row[TRIGGER]),
        price_crest=grid.price_at(row[CREST]),
        price_stop=grid.price_at(row[STOP]),
        fuel_usd=row[FUEL],
        depth_usd=row[DEPTH],
        reproduction=share * row[FUEL] / row[DEPTH] if row[DEPTH] > 0.0 else None,
        liquidated_usd=row[LIQUIDATED],
        shock_to_trigger_usd=row[BALANCE],
        is_open=row[OPEN] == 1.0,
        is_reached=None if shock_usd is None else shock_usd > row[BALANCE],
    )
