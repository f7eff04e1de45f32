"""The map as fuel: what would be force-closed rung by rung as price walks away from where it is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import LONG, SHORT, PositionSide
from powderkeg.liqmap.bars import FloatArray
from powderkeg.liqmap.reading import LiquidationMap

PER_BPS: Final = 1e-4


def fuel_profile(
    one: LiquidationMap,
    price: float | None = None,
    bin_bps: float = 1.0,
    bins: int = 2_000,
    position_side: PositionSide = SHORT,
) -> FloatArray:
    """Dollars that would be liquidated per step of log price, on the way up (shorts) or down (longs).

    Law: steps add up to what the map holds between the price and the last step, whatever their width; a bin of the map
    that lies in two steps is shared by log length.

    Args:
        one: the map, modelled or measured.
        price: where the walk starts, quote per base; None for the map's mark price. From a price beyond the mark, what
            lies between is left out: it would be gone by then.
        bin_bps: width of a step in hundredths of a percent of log price.
        bins: number of steps.
        position_side: `short` walks up, `long` walks down.

    Returns:
        [bins] USD, the first step starting at `price`.

    Raises:
        InputError: a price or width that is not positive, no steps, or a word that is no side.
    """
    start = one.mark_price if price is None else price
    if not (math.isfinite(start) and start > 0):
        raise InputError(f"price is {start}; a walk starts at a positive price")
    if not (math.isfinite(bin_bps) and bin_bps > 0) or bins < 1:
        raise InputError(f"{bins} steps of {bin_bps} bps; give at least one step of positive width")
    if position_side not in (LONG, SHORT):
        raise InputError(f"position_side is {position_side!r}; it is 'long' or 'short'")
    side, direction = (0, -1.0) if position_side == LONG else (1, 1.0)
    walk = math.log(start) + direction * bin_bps * PER_BPS * np.arange(bins + 1, dtype=np.float64)
    return np.abs(np.diff(below(one, side, walk)))


def below(one: LiquidationMap, side: int, log_price: FloatArray) -> FloatArray:
    """Dollars of one side at levels below each log price; within a bin they lie evenly in log price."""
    held = one.notional_usd[side]
    edges = (one.first_bin + np.arange(len(held) + 1, dtype=np.float64)) * one.bin_width
    return np.interp(log_price, edges, np.concatenate([[0.0], np.cumsum(held)]))
