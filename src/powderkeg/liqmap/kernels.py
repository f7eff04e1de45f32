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
SCALE, TOTAL, GONE = 0, 1, 2
"""Columns of the ledger: the lazy factor of stored mass, the mass in the map, and what this bar swept, base units."""

BEFORE, AFTER, OPENED = 0, 1, 2
"""Columns of the flow: open interest before and after the bar, and what the bar opened, base units."""

SWEPT, REACHED = 0, 1
"""What a bar gives out: base units that stood before it and were crossed, and the share of what it opens that the rest
of its own path reaches (a function of the path alone)."""

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
    rose = path[3] >= path[0]
    points[0] = bin_of(path[0], width)
    points[1] = bin_of(path[2] if rose else path[1], width)
    points[2] = bin_of(path[1] if rose else path[2], width)
    points[3] = bin_of(path[3], width)


def lay(mass: Any, ledger: Any, reached: Any, steps: Any, entry: Any, parts: Any) -> None:
    """Lay what was opened at one entry bin on both sides; what the rest of the path reaches is gone at once.

    Args:
        mass: [2, K, B] stored mass.
        ledger: [2, K, 3] scale, total, gone.
        reached: [2, K] share of the bar's opening that its own path reaches.
        steps: [K] distance of each basis in bins.
        entry: bin of the entry, and the lowest and highest bin the path reaches after it.
        parts: the entry's share of the bar's opening, and that share in base units.
    """
    for k in range(len(steps)):
        down = entry[0] - steps[k]
        if down >= entry[1]:
            reached[0, k] += parts[0]
            ledger[0, k, 2] += parts[1]
        else:
            mass[0, k, down] += parts[1] / ledger[0, k, 0]
            ledger[0, k, 1] += parts[1]
        up = entry[0] + steps[k]
        if up <= entry[2]:
            reached[1, k] += parts[0]
            ledger[1, k, 2] += parts[1]
        else:
            mass[1, k, up] += parts[1] / ledger[1, k, 0]
            ledger[1, k, 1] += parts[1]


def lay_path(mass: Any, ledger: Any, reached: Any, steps: Any, points: Any, qty: float) -> None:
    """Lay `qty` evenly along the bins the path visits, in the order it visits them."""
    visited = 1
    for j in range(3):
        visited += abs(points[j + 1] - points[j])
    share = 1.0 / visited
    for j in range(3):
        start, stop = points[j], points[j + 1]
        low, high = stop, stop
        for later in range(j + 2, 4):
            low, high = min(low, points[later]), max(high, points[later])
        step = 1 if stop >= start else -1
        for n in range(abs(stop - start)):
            entry = start + n * step
            lay(mass, ledger, reached, steps, (entry, min(entry, low), max(entry, high)), (share, share * qty))
    lay(mass, ledger, reached, steps, (points[3], points[3], points[3]), (share, share * qty))


def thin(mass: Any, ledger: Any, decay: Any, flow: Any) -> None:
    """Closing flow and half-life: one factor per side and basis.

    What was swept is part of what was closed and is not closed twice: only the rest of the closing flow thins what is
    left of open interest. Multiplying the two laws out gives mass ≤ open interest after the bar.
    """
    gross = flow[0] + flow[2]
    closed = gross - flow[1]
    for side in range(2):
        for k in range(len(decay)):
            gone = ledger[side, k, 2]
            left = gross - gone
            factor = decay[k]
            if closed > gone:
                factor *= max(1.0 - (closed - gone) / left, 0.0) if left > 0.0 else 0.0
            ledger[side, k, 0] *= factor
            ledger[side, k, 1] *= factor
            if ledger[side, k, 0] < _SMALLEST_SCALE:
                mass[side, k] *= ledger[side, k, 0]
                ledger[side, k, 0] = 1.0


def walk(path: Any, flow: Any, decay: Any, steps: Any, grid: Any, mass: Any, ledger: Any, out: Any) -> None:
    """Walk bars over the map.

    Args:
        path: [N, 4] log of open, high, low, close.
        flow: [N, 3] open interest before and after the bar, and what it opened, base units.
        decay: [K] share of the mass that is still held after one bar, without any closing flow.
        steps: [K] distance of each basis in bins, >= 1.
        grid: bin width in log price, first bin, and the bin of the last close (NaN before the first bar).
        mass: [2, K, B] the map's stored mass, changed in place.
        ledger: [2, K, 3] scale, total and gone, changed in place.
        out: [N, 2, 2, K] per bar: swept base units and reached share, per side and basis.
    """
    width, first = grid[0], int(grid[1])
    points = np.empty(4, np.int64)
    for i in range(len(path)):
        turning_points(path[i], width, points)
        points -= first
        lowest, highest = min(points[1], points[2]), max(points[1], points[2])
        last = points[0] if math.isnan(grid[2]) else int(grid[2]) - first
        for k in range(len(steps)):
            for side in range(2):
                start = lowest if side == 0 else min(last, lowest)
                stop = max(last, highest) if side == 0 else highest
                taken = sweep(mass[side, k], start, stop) * ledger[side, k, 0]
                ledger[side, k, 2] = out[i, 0, side, k] = taken
                ledger[side, k, 1] = max(ledger[side, k, 1] - taken, 0.0)
        lay_path(mass, ledger, out[i, 1], steps, points, flow[i, 2])
        thin(mass, ledger, decay, flow[i])
        grid[2] = points[3] + first


@cache
def compiled_walk() -> Any:
    """`walk`, compiled on first use."""
    signature = "(f8[:,::1], f8[:,::1], f8[::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,:,::1])"
    return compiled(walk, signature, bin_of, sweep, turning_points, lay, lay_path, thin)


def stand(entry: Any, qty: Any, reach: Any, steps: Any, histogram: Any, crossed: Any) -> None:
    """Crossed levels where every trade opens, nothing closes and no level ever goes: what public heatmaps draw.

    Args:
        entry: [N] bin of each bar's entry, from the grid's first.
        qty: [N] what each bar opens, base units.
        reach: [N, 2, 2] first and last bin each side's levels are crossed in, per bar and side.
        steps: [K] distances in bins, each weighed alike.
        histogram: [B] opened base units by bin, all zero, changed in place.
        crossed: [N, 2] out: base units crossed per bar and side.
    """
    for i in range(len(entry)):
        for side in range(2):
            for k in range(len(steps)):
                offset = steps[k] if side == 0 else -steps[k]
                for b in range(reach[i, side, 0] + offset, reach[i, side, 1] + offset + 1):
                    crossed[i, side] += histogram[b]
        histogram[entry[i]] += qty[i]


@cache
def compiled_stand() -> Any:
    """`stand`, compiled on first use."""
    return compiled(stand, "(i8[::1], f8[::1], i8[:,:,::1], i8[::1], f8[::1], f8[:,::1])")
