"""Liquidation prices in notional space: one root for linear and inverse contracts, longs and shorts.

Let x be the position's notional at the price sought (linear: q·p in quote; inverse: Q/p in coin), x0 the same at entry,
and σ the direction in which x pays: +1 for a linear long or an inverse short, −1 for the others. Equity is
A' + σ·x with A' = WB − TMM + UPNL − σ·x0, maintenance is r·x − cum, and both master formulas become

    x = (A' + cum − r_entry·x0) / (r − σ)

with r the rates charged on mark (maintenance rate, close fee) and r_entry the one charged on entry value.
Source: Binance support FAQ b3c689c1f50a44cabb3a84e663b81d93 (linear) and ceccfcfb4e3a45e3b48b0b1bb1a8ae46 (inverse),
read 2026-07.

A root at or below zero means that no price in (0, ∞) separates safe from liquidated; the price is then the limit:
0 (linear) or infinity (inverse). With "a long is liquidated at marks ≤ it, a short at marks ≥ it" both limits read
correctly: never for σ = +1, at every price for σ = −1.

Each kernel is one loop; a scalar goes through it uncompiled, as a sequence of one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powderkeg.margin.jit import READ_1D, READ_ANY, compiled

FloatArray = NDArray[np.float64]
Position = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""sign (+1 long, −1 short), qty, entry price, available margin; each [N], any stride."""

Table = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""Floors, rates, maintenance amounts and the maintenance at each floor of one tier table; each [T]."""


def price_of_root(root: float, qty: float, inverse: Any) -> float:
    """The price at which `qty` has notional `root`; the limit where there is none."""
    if root <= 0.0:
        return np.inf if inverse else 0.0
    return qty / root if inverse else root / qty


def tier_at_entry(entry_notional: float, floors: Any) -> int:
    """The tier a notional falls in."""
    tier = 0
    for n in range(1, len(floors)):
        tier += entry_notional >= floors[n]
    return tier


def tier_at_root(free: float, paying: float, slope: float, floors: Any, floor_maintenance: Any) -> int:
    """The tier the root falls in.

    Maintenance is convex in notional and equity is linear, so the root is unique and lies above a tier's floor exactly
    when the position is already liquidated (σ = +1) or still safe (σ = −1) at that floor. Counting those floors finds
    the tier without iterating, in any order and without a branch.
    """
    tier = 0
    for n in range(1, len(floors)):
        tier += paying * (free - floor_maintenance[n]) + slope * floors[n] < 0.0
    return tier


def fill_fixed(position: Any, rates: Any, amount: Any, inverse: Any, out: Any) -> None:
    """Liquidation prices under given rates.

    Args:
        position: see `Position`.
        rates: (rate on mark, rate on entry value), each [N].
        amount: [N] maintenance amount, in the unit of the notional.
        inverse: qty is USD face and margins are coin.
        out: [N] receives the prices.
    """
    sign, qty, entry_price, available = position
    on_mark, on_entry = rates
    for i in range(len(out)):
        paying = -sign[i] if inverse else sign[i]
        entry_notional = qty[i] / entry_price[i] if inverse else qty[i] * entry_price[i]
        free = available[i] - paying * entry_notional + amount[i] - on_entry[i] * entry_notional
        out[i] = price_of_root(free / (on_mark[i] - paying), qty[i], inverse)


def fill_tiered(position: Any, fee: Any, table: Any, on_entry_inverse: Any, out: Any) -> None:
    """Liquidation prices with the tier found at that price (or, where maintenance is on entry value, at entry).

    Args:
        position: see `Position`.
        fee: [N] close fee, a rate on mark.
        table: see `Table`.
        on_entry_inverse: (maintenance is charged on entry value, qty is USD face and margins are coin).
        out: [N] receives the prices.
    """
    sign, qty, entry_price, available = position
    floors, rates, amounts, floor_maintenance = table
    on_entry, inverse = on_entry_inverse
    # Arrays are taken out of their tuples here: inside the loop each would cost a reference count.
    for i in range(len(out)):
        paying = -sign[i] if inverse else sign[i]
        entry_notional = qty[i] / entry_price[i] if inverse else qty[i] * entry_price[i]
        free = available[i] - paying * entry_notional
        if on_entry:
            tier = tier_at_entry(entry_notional, floors)
            root = (free + amounts[tier] - rates[tier] * entry_notional) / (fee[i] - paying)
        else:
            tier = tier_at_root(free, paying, 1.0 - paying * fee[i], floors, floor_maintenance)
            root = (free + amounts[tier]) / (rates[tier] + fee[i] - paying)
        out[i] = price_of_root(root, qty[i], inverse)


@cache
def fixed_kernel() -> Any:
    """`fill_fixed`, compiled."""
    signature = f"void(UniTuple({READ_ANY}, 4), UniTuple({READ_ANY}, 2), {READ_ANY}, boolean, float64[::1])"
    return compiled(fill_fixed, signature, price_of_root)


@cache
def tiered_kernel() -> Any:
    """`fill_tiered`, compiled."""
    signature = f"void(UniTuple({READ_ANY}, 4), {READ_ANY}, UniTuple({READ_1D}, 4), UniTuple(boolean, 2), float64[::1])"
    return compiled(fill_tiered, signature, price_of_root, tier_at_entry, tier_at_root)
