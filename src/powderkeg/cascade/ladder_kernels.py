"""The loops of the ladder: where a shock stops, where fuel outruns depth, and what it takes to get somewhere.

All run along one direction in bins of equal log price. Inside a bin fuel and depth are spread evenly, so every point
is exact to a part of a bin. With D depth and F market share times fuel, both summed from the start, the balance

    B(u) = D(u) − F(u)

is the net buying that has to come from elsewhere before price can pass u; a shock S stops at the first u with
B(u) >= S.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from powderkeg.margin.jit import READ_1D, compiled

TRIGGER, CREST, STOP, FUEL, DEPTH, LIQUIDATED, BALANCE, OPEN = range(8)
"""Columns `excursions` writes for every rung: trigger, crest and stop in bins from the start; fuel and depth from
trigger to crest and fuel from trigger to stop, USD before market share; B at the trigger; 1 where the grid ended it."""

RUNG_COLUMNS: Final = 8


def sweep(fuel: Any, depth: Any, shock_usd: float, share: float) -> tuple[int, float]:
    """The bin in which a shock stops and the part of it that is used; the number of bins and 0 if none stops it."""
    missing = shock_usd
    if missing <= 0.0:
        return 0, 0.0
    for i in range(len(fuel)):
        surplus = depth[i] - share * fuel[i]
        if surplus >= missing:
            return i, missing / surplus
        missing -= surplus
    return len(fuel), 0.0


def excursions(fuel: Any, depth: Any, share: float, found: Any) -> int:
    """Write every maximal stretch in which B lies below what it was at the stretch's start; the number of them.

    Args:
        fuel: [B] USD.
        depth: [B] USD.
        share: of a liquidation that reaches the book.
        found: [>= (B + 1)/2, 8] out, see the columns above: a rung takes a bin to climb and another to fall.
    """
    count = 0
    inside = False
    balance = excess = best = fuel_here = depth_here = 0.0
    for i in range(len(fuel)):
        climb = share * fuel[i] - depth[i]
        if not inside:
            if climb <= 0.0:
                balance -= climb
                continue
            inside = True
            excess = best = fuel_here = depth_here = 0.0
            found[count, TRIGGER] = i
            found[count, BALANCE] = balance
        if excess + climb <= 0.0:
            part = excess / -climb
            found[count, STOP] = i + part
            found[count, LIQUIDATED] = fuel_here + part * fuel[i]
            found[count, OPEN] = 0.0
            balance -= excess + climb
            inside = False
            count += 1
            continue
        excess += climb
        fuel_here += fuel[i]
        depth_here += depth[i]
        if excess > best:
            best = excess
            found[count, CREST] = i + 1
            found[count, FUEL] = fuel_here
            found[count, DEPTH] = depth_here
    if inside:
        found[count, STOP] = len(fuel)
        found[count, LIQUIDATED] = fuel_here
        found[count, OPEN] = 1.0
        count += 1
    return count


def climb_to(fuel: Any, depth: Any, share: float, bins: float) -> tuple[float, float, float]:
    """What it takes to get `bins` far: the largest B on the way, and the fuel and depth passed, USD.

    Args:
        fuel: [B] USD.
        depth: [B] USD.
        share: of a liquidation that reaches the book.
        bins: distance in bins, within the grid.
    """
    needed = balance = passed = consumed = 0.0
    for i in range(len(fuel)):
        part = min(bins - i, 1.0)
        if part <= 0.0:
            break
        passed += part * fuel[i]
        consumed += part * depth[i]
        balance += part * (depth[i] - share * fuel[i])
        needed = max(needed, balance)
    return needed, passed, consumed


@cache
def compiled_sweep() -> Any:
    """`sweep`, compiled."""
    return compiled(sweep, f"Tuple((int64, float64))({READ_1D}, {READ_1D}, float64, float64)")


@cache
def compiled_excursions() -> Any:
    """`excursions`, compiled."""
    return compiled(excursions, f"int64({READ_1D}, {READ_1D}, float64, float64[:, ::1])")


@cache
def compiled_climb() -> Any:
    """`climb_to`, compiled."""
    return compiled(climb_to, f"UniTuple(float64, 3)({READ_1D}, {READ_1D}, float64, float64)")
