"""Fuel for a ladder: a liquidation map, or a table of levels, in bins from a price."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from powderkeg.app.cascade_inputs import BIN_BPS, BINS, SIDES, FuelProfile
from powderkeg.app.cascade_tables import read_levels
from powderkeg.cascade.profiles import FloatArray, Grid, grid_of
from powderkeg.domain.units import PositionSide
from powderkeg.liqmap.fuel import fuel_profile
from powderkeg.liqmap.reading import LiquidationMap

FUEL_COLUMNS: Final[dict[PositionSide, str]] = {"short": "short_usd", "long": "long_usd"}


def fuel_of_map(one: LiquidationMap, price: float) -> dict[PositionSide, FuelProfile]:
    """A map's dollars per side, up for shorts and down for longs from a price; levels behind it count as gone."""
    lower = msgspec.structs.replace(one, notional_usd=one.lower_usd)
    upper = msgspec.structs.replace(one, notional_usd=one.upper_usd)
    found: dict[PositionSide, FuelProfile] = {}
    for position_side in SIDES:
        fuel, low, high = (fuel_profile(held, price, BIN_BPS, BINS, position_side) for held in (one, lower, upper))
        found[position_side] = FuelProfile(
            fuel_usd=fuel,
            lower_usd=low,
            upper_usd=high,
            method=one.method,
            sources=one.sources,
            as_of_ns=one.as_of_ns,
            assumptions=one.assumptions,
        )
    return found


def fuel_of_table(path: Path, price: float) -> dict[PositionSide, FuelProfile]:
    """A table of levels (`price, long_usd, short_usd`), each in the bin its price lies in.

    Raises:
        InputError: the file cannot be read as one.
    """
    levels, columns = read_levels(path, tuple(FUEL_COLUMNS.values()), "fuel")
    found: dict[PositionSide, FuelProfile] = {}
    for position_side in SIDES:
        column = FUEL_COLUMNS[position_side]
        grid = grid_of(price, BIN_BPS, BINS, position_side)
        said = {} if column in columns else {"missing": f"{path.name} has no {column}: no {position_side}s are known"}
        found[position_side] = FuelProfile(
            fuel_usd=binned(levels["price"], levels[column], grid),
            lower_usd=None,
            upper_usd=None,
            method="given",
            sources=(path.name,),
            as_of_ns=None,
            assumptions=said,
        )
    return found


def binned(prices: FloatArray, usd: FloatArray, grid: Grid) -> FloatArray:
    """[bins] dollars of levels ahead of the price; what lies behind it or beyond the grid is left out."""
    distances = grid.direction * np.log(prices / grid.price)
    at = np.floor(distances / grid.width).astype(np.int64)
    kept = (at >= 0) & (at < grid.bins)
    return np.bincount(at[kept], weights=usd[kept], minlength=grid.bins).astype(np.float64)
