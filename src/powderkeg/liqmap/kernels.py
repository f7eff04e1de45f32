"""The walk of a price path over a map of liquidation levels, one compiled loop.

The map holds, per side and distance basis k, the base units that would be liquidated in each bin of log price if every
contract sat at distance k: bin b covers log prices [b·width, (b+1)·width), anchored at price 1, so that a longer grid
or later data never move a bin. A bar is walked in this order:

1. what stood before the bar and lies between the last close and the bar's extreme is swept;
2. what the bar opened is laid along the path, and what the path reaches afterwards is swept at once: mass opened late
   in a bar is not touched by the part of the path before it;
3. what is left thins by the closing flow, and by the half-life of its basis.

Laws: per side and basis the mass is never above open interest; `opened − closed` is the change of open interest; the
mirrored price path gives the mirrored map. Closing flow is one factor per side and basis, never a pass over bins.

Source: the bookkeeping is that of open interest itself: each contract has one long and one short.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.margin.jit import compiled

FloatArray = NDArray[np.float64]

LONGS, SHORTS = 0, 1
SCALE, TOTAL = 0, 1
"""Columns of the ledger: the lazy factor every stored mass is multiplied with, and the mass in the map, base units."""

BEFORE, AFTER, OPENED = 0, 1, 2
"""Columns of the flow: open interest before and after the bar, and what the bar opened, base units."""

_SMALLEST_SCALE: Final = 1e-60
"""A lazy factor below this is multiplied into the bins, long before a float could lose it."""


def bin_of(log_price: float, width: float) -> int:
    """The bin a log price falls in."""
    return math.floor(log_price / width)


def sweep(mass: Any, first: int, last: int) -> float:
    """Empty the bins first..last of one basis; what they held, in stored units."""
    taken = 0.0
    for b in range(first, last + 1):
        taken += mass[b]
        mass[b] = 0.0
    return taken


def turning_points(path: Any, width: float, points: Any) -> None:
    """Bins of open, the extreme met first, the other one, and close: low first in a bar that rose."""
    opened, high, low, closed = path[0], path[1], path[2], path[3]
    points[0] = bin_of(opened, width)
    points[1] = bin_of(low if closed >= opened else high, width)
    points[2] = bin_of(high if closed >= opened else low, width)
    points[3] = bin_of(closed, width)


def lay(mass: Any, ledger: Any, entry: int, ends: Any, steps: Any, qty: float) -> None:
    """Lay what was opened at one entry bin on both sides; what the rest of the path reaches adds to the swept column.

    Args:
        mass: [2, K, B] stored mass.
        ledger: [2, K, 3] scale, total, swept in this bar.
        entry: bin of the entry, counted from the grid's first.
        ends: lowest and highest bin the path reaches after the entry.
        steps: [K] distance of each basis in bins.
        qty: base units per side.
    """
    for k in range(len(steps)):
        down = entry - steps[k]
        if down >= ends[0]:
            ledger[0, k, 2] += qty
        else:
            mass[0, k, down] += qty / ledger[0, k, 0]
            ledger[0, k, 1] += qty
        up = entry + steps[k]
        if up <= ends[1]:
            ledger[1, k, 2] += qty
        else:
            mass[1, k, up] += qty / ledger[1, k, 0]
            ledger[1, k, 1] += qty


def lay_path(mass: Any, ledger: Any, points: Any, steps: Any, qty: float) -> None:
    """Lay `qty` evenly along the bins the path visits, in the order it visits them."""
    visited = 1
    for j in range(3):
        visited += abs(points[j + 1] - points[j])
    share = qty / visited
    ends = np.empty(2, np.int64)
    for j in range(3):
        start, stop = points[j], points[j + 1]
        low, high = stop, stop
        for later in range(j + 2, 4):
            low, high = min(low, points[later]), max(high, points[later])
        step = 1 if stop >= start else -1
        for n in range(abs(stop - start)):
            entry = start + n * step
            ends[0], ends[1] = min(entry, low), max(entry, high)
            lay(mass, ledger, entry, ends, steps, share)
    ends[0], ends[1] = points[3], points[3]
    lay(mass, ledger, points[3], ends, steps, share)


def thin(mass: Any, ledger: Any, decay: Any, flow: Any) -> None:
    """Closing flow and half-life: one factor per side and basis.

    What was swept is part of what was closed and is not closed twice: only the rest of the closing flow thins what is
    left of open interest. Multiplying the two laws out gives mass ≤ open interest after the bar.
    """
    gross = flow[0] + flow[2]
    closed = gross - flow[1]
    for side in range(2):
        for k in range(len(decay)):
            swept = ledger[side, k, 2]
            left = gross - swept
            factor = decay[k]
            if closed > swept:
                factor *= max(1.0 - (closed - swept) / left, 0.0) if left > 0.0 else 0.0
            ledger[side, k, 0] *= factor
            ledger[side, k, 1] = min(ledger[side, k, 1] * factor, flow[1])
            if ledger[side, k, 0] < 1e-60:
                mass[side, k] *= ledger[side, k, 0]
                ledger[side, k, 0] = 1.0


def walk(path: Any, flow: Any, decay: Any, steps: Any, grid: Any, mass: Any, ledger: Any, swept: Any) -> None:
    """Walk bars over the map.

    Args:
        path: [N, 4] log of open, high, low, close.
        flow: [N, 3] open interest before and after the bar, and what it opened, base units.
        decay: [K] share of the mass that is still held after one bar, without any closing flow.
        steps: [K] distance of each basis in bins, >= 1.
        grid: bin width in log price, first bin, and the bin of the last close.
        mass: [2, K, B] the map's stored mass, changed in place.
        ledger: [2, K, 3] scale, total and swept, changed in place.
        swept: [N, 2, K] out: base units that stood in the map before the bar and were crossed in it.
    """
    width, first = grid[0], int(grid[1])
    points = np.empty(4, np.int64)
    for i in range(len(path)):
        turning_points(path[i], width, points)
        points -= first
        lowest, highest = min(points[1], points[2]), max(points[1], points[2])
        last = int(grid[2]) - first
        for k in range(len(steps)):
            taken = sweep(mass[0, k], lowest, max(last, highest)) * ledger[0, k, 0]
            ledger[0, k, 2] = swept[i, 0, k] = taken
            ledger[0, k, 1] = max(ledger[0, k, 1] - taken, 0.0)
            taken = sweep(mass[1, k], min(last, lowest), highest) * ledger[1, k, 0]
            ledger[1, k, 2] = swept[i, 1, k] = taken
            ledger[1, k, 1] = max(ledger[1, k, 1] - taken, 0.0)
        lay_path(mass, ledger, points, steps, flow[i, 2])
        thin(mass, ledger, decay, flow[i])
        grid[2] = points[3] + first


@cache
def compiled_walk() -> Any:
    """`walk`, compiled on first use."""
    signature = "(f8[:,::1], f8[:,::1], f8[::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,::1])"
    return compiled(walk, signature, bin_of, sweep, turning_points, lay, lay_path, thin)
