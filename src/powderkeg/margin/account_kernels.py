"""The loops of the account engine: equity against maintenance, one pass over the positions.

In the unit `worth` of an instrument (its mark price if linear, 1/mark if inverse) every contract is linear: exposure u
(linear: ±base; inverse: ∓USD face) has PnL u·(worth − entry worth) and notional |u|·worth, both in settle currency.

The check is exact but rarely has to look a tier up. Each instrument's maintenance f_i is convex with f_i(0) = 0, so
their maximum F is too; then F is superadditive and F(x)/x never falls, and for gross notional G = Σ x_i ≤ H

    Σ f_i(x_i) ≤ F(G) ≤ G·F(H)/H.

With F(H)/H tabled at half-octaves H, one multiplication clears an account; only the others are summed tier by tier.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.margin.jit import READ_1D, READ_2D, compiled
from powderkeg.margin.kernels import FloatArray

IntArray = NDArray[np.int32]
Book = tuple[FloatArray, FloatArray, IntArray]
"""Exposure, entry worth and instrument of every position; each [A, P]."""

Tables = tuple[FloatArray, FloatArray, FloatArray]
"""Floors, rates and maintenance amounts of every instrument; each [I, T], unused tiers with an infinite floor."""

BUCKET_SHIFT: Final = 51
"""A float64 without its 51 low bits is an exponent and one bit of mantissa: two buckets per octave."""

FIRST_BUCKET: Final = (1023 - 30) * 2
LAST_BUCKET: Final = (1023 + 60) * 2
"""Gross notionals from 2⁻³⁰ (a satoshi is 2⁻²⁶·⁶) to 2⁶⁰ in settle currency; outside, the table's ends hold."""

SLACK: Final = 1.0 + 1e-9
"""The bound must stay above the sum in floating point too; what falls between is summed exactly."""


def safe_rates(tables: Tables) -> FloatArray:
    """F(H)/H at the upper edge H of every bucket, [buckets]; the last is the highest rate of all.

    Args:
        tables: see `Tables`.
    """
    buckets = np.arange(FIRST_BUCKET + 1, LAST_BUCKET + 1, dtype=np.int64)
    edges = (buckets << BUCKET_SHIFT).view(np.float64)
    worst = np.zeros_like(edges)
    for floors, rates, amounts in zip(*tables, strict=True):
        tier = np.searchsorted(floors, edges, side="right") - 1
        worst = np.maximum(worst, edges * rates[tier] - amounts[tier])
    out = worst / edges * SLACK
    out[-1] = tables[1].max() * SLACK
    return out


def maintenance_of(notional: float, instrument: int, floors: Any, rates: Any, amounts: Any) -> float:
    """Maintenance margin of one position."""
    tier = 0
    for n in range(1, floors.shape[1]):  # counting without a branch: the compiler makes it two vector compares
        tier += notional >= floors[instrument, n]
    return notional * rates[instrument, tier] - amounts[instrument, tier]


def mark_cross(
    wallet: FloatArray, book: Book, worth: FloatArray, safe: FloatArray, tables: Tables, out: NDArray[np.bool_]
) -> None:
    """Which accounts have equity at or below their maintenance margin, all positions cross."""
    # Arrays are taken out of their tuples once: inside the loop each would cost a reference count.
    exposure, entry_worth, instrument = book
    floors, rates, amounts = tables
    for a in range(exposure.shape[0]):
        equity = wallet[a]
        gross = 0.0
        for p in range(exposure.shape[1]):
            price = worth[instrument[a, p]]
            equity += exposure[a, p] * (price - entry_worth[a, p])
            gross += abs(exposure[a, p]) * price
        bucket = (np.float64(gross).view(np.int64) >> BUCKET_SHIFT) - FIRST_BUCKET
        bucket = max(0, min(safe.size - 1, bucket))
        if equity > gross * safe[bucket]:
            out[a] = False
            continue
        needed = 0.0
        for p in range(exposure.shape[1]):
            k = instrument[a, p]
            needed += maintenance_of(abs(exposure[a, p]) * worth[k], k, floors, rates, amounts)
        out[a] = gross > 0.0 and equity <= needed


def fill_state(
    wallet: FloatArray, book: Book, isolated: FloatArray, worth: FloatArray, tables: Tables, out: Any
) -> None:
    """Equity and maintenance of every account's cross part, and of every isolated position.

    Args:
        wallet: [A] balance that backs the cross positions.
        book: see `Book`.
        isolated: [A, P] margin of an isolated position, NaN where cross.
        worth: [I].
        tables: see `Tables`.
        out: (equity [A], maintenance [A], isolated equity [A, P], isolated maintenance [A, P]); NaN where cross.
    """
    exposure, entry_worth, instrument = book
    floors, rates, amounts = tables
    for a in range(exposure.shape[0]):
        equity = wallet[a]
        maintenance = 0.0
        for p in range(exposure.shape[1]):
            k = instrument[a, p]
            pnl = exposure[a, p] * (worth[k] - entry_worth[a, p])
            needed = maintenance_of(abs(exposure[a, p]) * worth[k], k, floors, rates, amounts)
            own = isolated[a, p]
            if np.isnan(own):
                equity += pnl
                maintenance += needed
                out[2][a, p] = np.nan
                out[3][a, p] = np.nan
            else:
                out[2][a, p] = own + pnl
                out[3][a, p] = needed
        out[0][a] = equity
        out[1][a] = maintenance


_BOOK: Final = f"Tuple(({READ_2D}, {READ_2D}, Array(int32, 2, 'C', True)))"


@cache
def cross_kernel() -> Any:
    """`mark_cross`, compiled."""
    signature = f"void({READ_1D}, {_BOOK}, {READ_1D}, {READ_1D}, UniTuple({READ_2D}, 3), Array(boolean, 1, 'C'))"
    return compiled(mark_cross, signature, maintenance_of)


@cache
def state_kernel() -> Any:
    """`fill_state`, compiled."""
    out = "Tuple((float64[::1], float64[::1], float64[:, ::1], float64[:, ::1]))"
    signature = f"void({READ_1D}, {_BOOK}, {READ_2D}, {READ_1D}, UniTuple({READ_2D}, 3), {out})"
    return compiled(fill_state, signature, maintenance_of)
