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


def sweep(mass: Any, ledger: Any, side: int, ends: Any, swept: Any) -> None:
    """Empty the bins between the ends, both included, for every distance of one side; what they held goes to `swept`.

    Args:
        mass: [2, K, B] stored mass.
        ledger: [2, K, 3] scale, total, gone.
        side: 0 long, 1 short.
        ends: first and last bin.
        swept: [2, K] out: base units.
    """
    for k in range(mass.shape[1]):
        taken = 0.0
        for b in range(ends[0], ends[1] + 1):
            taken += mass[side, k, b]
            mass[side, k, b] = 0.0
        taken *= ledger[side, k, 0]
        swept[side, k] = ledger[side, k, 2] = taken
        ledger[side, k, 1] = max(ledger[side, k, 1] - taken, 0.0)


def turning_points(path: Any, width: float, points: Any) -> None:
    """Bins of open, the extreme met first, the other one, and close: low first in a bar that rose."""
    rose = path[3] >= path[0]
    points[0] = bin_of(path[0], width)
    points[1] = bin_of(path[2] if rose else path[1], width)
    points[2] = bin_of(path[1] if rose else path[2], width)
    points[3] = bin_of(path[3], width)


def longest_path(path: Any, width: float) -> int:
    """Room for the bins of the longest bar: twice its range at most, and the ends."""
    widest = 0.0
    for i in range(len(path)):
        widest = max(widest, path[i, 1] - path[i, 2])
    return 3 * (bin_of(widest, width) + 2)


def visit(points: Any, visits: Any) -> int:
    """Write every bin of the path in order, with the lowest and highest bin the path still reaches; how many.

    The row after the last holds the range in bins: a farther distance reaches nothing.
    """
    count = 0
    for j in range(3):
        start, stop = points[j], points[j + 1]
        low, high = stop, stop
        for later in range(j + 2, 4):
            low, high = min(low, points[later]), max(high, points[later])
        step = 1 if stop >= start else -1
        for n in range(abs(stop - start)):
            entry = start + n * step
            visits[count, 0], visits[count, 1], visits[count, 2] = entry, min(entry, low), max(entry, high)
            count += 1
    for column in range(3):
        visits[count, column] = points[3]
    count += 1
    visits[count, 0] = max(points[1], points[2]) - min(points[1], points[2])
    return count


def lay(mass: Any, ledger: Any, reached: Any, side: int, steps: Any, visits: Any, parts: Any) -> None:
    """Lay what was opened at every visited bin, for every distance of one side; what the rest of the path reaches goes.

    Args:
        mass: [2, K, B] stored mass.
        ledger: [2, K, 3] scale, total, gone.
        reached: [2, K] out: share of the opening that goes at once.
        side: 0 long, 1 short.
        steps: [K] distances in bins.
        visits: [> count, 3] entry bin, lowest and highest bin the path reaches after it; then the range.
        parts: visited bins, and base units opened at each.
    """
    count, each = parts
    for k in range(len(steps)):
        step = steps[k] if side else -steps[k]
        stored = each / ledger[side, k, 0]
        gone = 0
        if steps[k] > visits[count, 0]:
            for v in range(count):
                mass[side, k, visits[v, 0] + step] += stored
        else:
            for v in range(count):
                level = visits[v, 0] + step
                if visits[v, 1] <= level <= visits[v, 2]:
                    gone += 1
                else:
                    mass[side, k, level] += stored
        reached[side, k] = gone / count
        ledger[side, k, 1] += (count - gone) * each
        ledger[side, k, 2] += gone * each


def left_of(gross: float, closed: float, gone: float) -> float:
    """Share of the rest that is still open after the bar.

    What was swept is part of what was closed and is not closed twice: only the rest of the closing flow thins what is
    left of open interest. Multiplying the two laws out gives mass ≤ open interest after the bar.
    """
    if closed <= gone:
        return 1.0
    rest = gross - gone
    return max(1.0 - (closed - gone) / rest, 0.0) if rest > 0.0 else 0.0


def thin(mass: Any, ledger: Any, side: int, decay: Any, gross: float, closed: float) -> None:
    """Closing flow and half-life: one factor for all that one side holds at a distance."""
    usual = left_of(gross, closed, 0.0)
    for k in range(len(decay)):
        gone = ledger[side, k, 2]
        factor = decay[k] * (usual if gone == 0.0 else left_of(gross, closed, gone))
        scale = ledger[side, k, 0] * factor
        ledger[side, k, 1] *= factor
        if scale < _SMALLEST_SCALE:
            for b in range(mass.shape[2]):
                mass[side, k, b] *= scale
            scale = 1.0
        ledger[side, k, 0] = scale


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
    visits = np.empty((longest_path(path, width), 3), np.int64)
    for i in range(len(path)):
        turning_points(path[i], width, points)
        points -= first
        lowest, highest = min(points[1], points[2]), max(points[1], points[2])
        last = points[0] if math.isnan(grid[2]) else int(grid[2]) - first
        count = visit(points, visits)
        gross, opened = flow[i, 0] + flow[i, 2], flow[i, 2]
        swept, reached = out[i, 0], out[i, 1]
        for side in range(2):
            # Whatever the path reached before is empty already: longs stand below the last close, shorts above it.
            ends = (lowest, last - 1) if side == 0 else (last + 1, highest)
            sweep(mass, ledger, side, ends, swept)
            lay(mass, ledger, reached, side, steps, visits, (count, opened / count))
            thin(mass, ledger, side, decay, gross, gross - flow[i, 1])
        grid[2] = points[3] + first


@cache
def compiled_walk() -> Any:
    """`walk`, compiled on first use."""
    signature = "(f8[:,::1], f8[:,::1], f8[::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,:,::1])"
    return compiled(walk, signature, bin_of, sweep, turning_points, longest_path, visit, lay, left_of, thin)


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
