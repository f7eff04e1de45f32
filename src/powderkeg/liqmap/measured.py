"""A map measured from published positions: no model, the same bins and the same drawing.

Hyperliquid publishes every account's positions with their liquidation prices (docs, "Info endpoint:
clearinghouseState", read 2026-11); any table of side, quantity and liquidation price will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import LONG, PositionSide
from powderkeg.liqmap.reading import LiquidationMap

REACH: Final = 1.0
"""Levels farther than this in log price (63 % below, 172 % above the mark) are counted at the edge of the grid."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One open position.

    Attributes:
        position_side: long or short.
        qty_base: base units, > 0.
        liquidation_price: mark price at which it is liquidated; None where nothing liquidates it.
    """

    position_side: PositionSide
    qty_base: float
    liquidation_price: float | None


def measured_map(
    positions: Sequence[Position], *, symbol: str, as_of_ns: int, mark_price: float, bin_width: float = 5e-4
) -> LiquidationMap:
    """The map of published positions.

    Args:
        positions: every position that is open; levels on the wrong side of the mark are due already and left out.
        symbol: the market.
        as_of_ns: when they were read.
        mark_price: then, quote per base.
        bin_width: in log price.

    Raises:
        InputError: a quantity, a price or the mark is not a positive number.
    """
    if not (np.isfinite(mark_price) and mark_price > 0):
        raise InputError(f"{symbol}: mark_price is {mark_price}; it must be a positive number")
    center = int(np.floor(np.log(mark_price) / bin_width))
    reach = round(REACH / bin_width)
    first = center - reach
    notional_usd = np.zeros((2, 2 * reach + 1))
    due = never = 0
    for one in positions:
        level = one.liquidation_price
        if not one.qty_base > 0 or (level is not None and not level > 0):
            raise InputError(f"{symbol}: {one} is not a position; quantity and liquidation price must be positive")
        side = 0 if one.position_side == LONG else 1
        if level is None or not np.isfinite(level):
            never += 1
        elif level >= mark_price if side == 0 else level <= mark_price:
            due += 1
        else:
            at = int(np.clip(np.floor(np.log(level) / bin_width) - first, 0, 2 * reach))
            notional_usd[side, at] += one.qty_base * level
    long_base = sum(one.qty_base for one in positions if one.position_side == LONG)
    held_base = max(long_base, sum(one.qty_base for one in positions) - long_base)
    return LiquidationMap(
        symbol=symbol,
        as_of_ns=as_of_ns,
        mark_price=mark_price,
        first_bin=first,
        bin_width=bin_width,
        notional_usd=notional_usd,
        lower_usd=notional_usd,
        upper_usd=notional_usd,
        open_interest_usd=held_base * mark_price,
        method="measured",
        sources=(symbol,),
        assumptions={
            "positions": f"{len(positions):,} published, {due:,} already due, {never:,} without a liquidation price",
            "open_interest": "the larger side of them at the mark price",
            "what": "measured: levels are published, and move with margin added, funding and other positions",
        },
        coin=symbol,
    )
