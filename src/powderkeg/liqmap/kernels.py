"""The walk of a price path over a map of liquidation levels, one compiled loop.

The map holds, per side, entry bin and distance k, the base units that were opened there and would be liquidated if
every contract sat at distance k: what entered in bin e is liquidated in bin e − step[k] (longs) or e + step[k] (shorts)
of log price. Bin b covers log prices [b·width, (b+1)·width), anchored at price 1, so that a longer grid or later data
never move a bin. Distances lie side by side in memory, because whatever opens is laid at all of them at once. A bar is
walked in this order:

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
SCALE, TOTAL, GONE, DECAY, SWEPT, REACHED, ROOM = 0, 1, 2, 3, 4, 5, 6
"""Planes of the ledger, [7, 2, K]: the lazy factor of stored mass; the mass in the map; what the bar took out of it,
base units; the share still held after one bar without any closing flow; of what the bar took, that which stood before;
the share of what it opened that its own path reached; scratch. Helpers write the numbers: they are compiled."""

BEFORE, AFTER, OPENED = 0, 1, 2
"""Columns of the flow: open interest before and after the bar, and what the bar opened, base units."""

_SMALLEST_SCALE: Final = 1e-60
"""A lazy factor below this is multiplied into the bins, long before a float could lose it."""

_TINY: Final = 1e-300
"""Less than any open interest, so that nothing is divided by zero."""


def bin_of(log_price: float, width: float) -> int:
    """The bin a log price falls in."""
    return math.floor(log_price / width)


def turning_points(i: int, path: Any, grid: Any, room: Any) -> None:
    """Bins of open, the extreme met first, the other one, and close: low first in a bar that rose."""
    rose, first = path[i, 3] >= path[i, 0], int(grid[1])
    room[0, 3] = bin_of(path[i, 0], grid[0]) - first
    room[1, 3] = bin_of(path[i, 2] if rose else path[i, 1], grid[0]) - first
    room[2, 3] = bin_of(path[i, 1] if rose else path[i, 2], grid[0]) - first
    room[3, 3] = bin_of(path[i, 3], grid[0]) - first


def longest_path(path: Any, width: float) -> int:
    """Room for the bins of the longest bar: twice its range at most, the ends, and the turning points."""
    widest = 0.0
    for i in range(len(path)):
        widest = max(widest, path[i, 1] - path[i, 2])
    return 3 * (bin_of(widest, width) + 2) + 4


def sweep(mass: Any, ledger: Any, side: int, ends: Any, steps: Any) -> None:
    """Empty the levels between the ends, both included, for every distance of one side.

    Args:
        mass: [2, E, K] stored mass.
        ledger: [7, 2, K]; what the levels held goes to SWEPT and GONE.
        side: 0 long, 1 short.
        ends: first and last bin of the levels.
        steps: [K] distances in bins.
    """
    for k in range(len(steps)):
        away = -steps[k] if side else steps[k]
        taken = 0.0
        for e in range(max(ends[0] + away, 0), min(ends[1] + away, mass.shape[1] - 1) + 1):
            taken += mass[side, e, k]
            mass[side, e, k] = 0.0
        taken *= ledger[0, side, k]
        ledger[4, side, k] = ledger[2, side, k] = taken
        ledger[1, side, k] = max(ledger[1, side, k] - taken, 0.0)


def tally(room: Any) -> int:
    """How often the path is in each bin from its lowest up, in the first column of `room`; how many visits in all."""
    lowest, highest = min(room[1, 3], room[2, 3]), max(room[1, 3], room[2, 3])
    for b in range(highest - lowest + 1):
        room[b, 0] = 0
    count, at = 1, room[0, 3]
    for j in range(1, 4):
        step = 1 if room[j, 3] >= at else -1
        while at != room[j, 3]:
            room[at - lowest, 0] += 1
            at += step
            count += 1
    room[at - lowest, 0] += 1
    return count


def lay_narrow(mass: Any, ledger: Any, side: int, room: Any, lowest: int, highest: int, each: Any) -> None:
    """Lay what was opened at every visited bin, for all distances of one side: none of them is within the path's range.

    Args:
        mass: [2, E, K] stored mass.
        ledger: [7, 2, K].
        side: 0 long, 1 short.
        room: visits of each bin from the lowest, as `tally` leaves them.
        lowest: first bin of the path.
        highest: last bin of the path.
        each: base units opened at each visit, and in all.
    """
    for k in range(mass.shape[2]):
        ledger[6, side, k] = each[0] / ledger[0, side, k]
    for e in range(lowest, highest + 1):
        times = float(room[e - lowest, 0])
        for k in range(mass.shape[2]):
            mass[side, e, k] += times * ledger[6, side, k]
    for k in range(mass.shape[2]):
        ledger[1, side, k] += each[1]


def visit(room: Any) -> int:
    """Write every bin of the path in order, with the lowest and highest bin the path still reaches; how many."""
    count = 0
    for j in range(3):
        start, stop = room[j, 3], room[j + 1, 3]
        low, high = stop, stop
        for later in range(j + 2, 4):
            low, high = min(low, room[later, 3]), max(high, room[later, 3])
        step = 1 if stop >= start else -1
        for n in range(abs(stop - start)):
            entry = start + n * step
            room[count, 0], room[count, 1], room[count, 2] = entry, min(entry, low), max(entry, high)
            count += 1
    for column in range(3):
        room[count, column] = room[3, 3]
    return count + 1


def lay_wide(mass: Any, ledger: Any, side: int, steps: Any, room: Any, parts: Any) -> None:
    """Lay what was opened at every visited bin, for every distance of one side; what the rest of the path reaches goes.

    Args:
        mass: [2, E, K] stored mass.
        ledger: [7, 2, K]; the share that goes at once is left in REACHED.
        side: 0 long, 1 short.
        steps: [K] distances in bins.
        room: per visit the entry bin, lowest and highest bin the path reaches after it.
        parts: visited bins, and base units opened at each.
    """
    count, each = parts
    for k in range(len(steps)):
        step = steps[k] if side else -steps[k]
        stored = each / ledger[0, side, k]
        gone = 0
        for v in range(count):
            if room[v, 1] <= room[v, 0] + step <= room[v, 2]:
                gone += 1
            else:
                mass[side, room[v, 0], k] += stored
        ledger[5, side, k] = gone / count
        ledger[2, side, k] += gone * each
        ledger[1, side, k] += (count - gone) * each


def left_of(gross: float, closed: float, gone: float) -> float:
    """Share of the rest that is still open after the bar.

    What was swept is part of what was closed and is not closed twice: only the rest of the closing flow thins what is
    left of open interest. Multiplying the two laws out gives mass ≤ open interest after the bar.
    """
    over = max(closed - gone, 0.0)
    return max(1.0 - over / max(gross - gone, _TINY), 0.0)


def thin(mass: Any, ledger: Any, side: int, gross: float, closed: float) -> None:
    """Closing flow and half-life: one factor for all that one side holds at a distance."""
    smallest = 1.0
    for k in range(mass.shape[2]):
        factor = ledger[3, side, k] * left_of(gross, closed, ledger[2, side, k])
        ledger[0, side, k] *= factor
        ledger[1, side, k] *= factor
        smallest = min(smallest, ledger[0, side, k])
    if smallest < _SMALLEST_SCALE:
        for e in range(mass.shape[1]):
            for k in range(mass.shape[2]):
                mass[side, e, k] *= ledger[0, side, k]
        for k in range(mass.shape[2]):
            ledger[0, side, k] = 1.0


def walk_bar(i: int, path: Any, flow: Any, steps: Any, grid: Any, mass: Any, ledger: Any, room: Any) -> bool:
    """Walk bar i; the other arguments as of `walk`.

    Returns:
        Whether the path may have reached levels opened in the bar; if not, REACHED is not written.
    """
    turning_points(i, path, grid, room)
    lowest, highest = min(room[1, 3], room[2, 3]), max(room[1, 3], room[2, 3])
    last = room[0, 3] if math.isnan(grid[2]) else int(grid[2]) - int(grid[1])
    wide = highest - lowest >= grid[3]
    count = visit(room) if wide else tally(room)
    gross, opened, after = flow[i, 0] + flow[i, 2], flow[i, 2], flow[i, 1]
    for side in range(2):
        # Whatever the path reached before is empty already: longs stand below the last close, shorts above it.
        ends = (lowest, last - 1) if side == 0 else (last + 1, highest)
        if ends[0] <= ends[1]:
            sweep(mass, ledger, side, ends, steps)
        else:
            for k in range(len(steps)):
                ledger[2, side, k] = ledger[4, side, k] = 0.0
        if wide:
            lay_wide(mass, ledger, side, steps, room, (count, opened / count))
        else:
            lay_narrow(mass, ledger, side, room, lowest, highest, (opened / count, opened))
        thin(mass, ledger, side, gross, gross - after)
    grid[2] = room[3, 3] + int(grid[1])
    return wide


def walk(path: Any, flow: Any, steps: Any, grid: Any, mass: Any, ledger: Any, swept: Any, reached: Any) -> None:
    """Walk bars over the map.

    Args:
        path: [N, 4] log of open, high, low, close.
        flow: [N, 3] open interest before and after the bar, and what it opened, base units.
        steps: [K] distance of each basis in bins, >= 1.
        grid: bin width in log price, first bin, the bin of the last close (NaN before the first bar), nearest step.
        mass: [2, E, K] the map's stored mass, changed in place; the grid holds every bin of the path.
        ledger: [7, 2, K] changed in place.
        swept: [N, 2, K] out: base units that stood before the bar and were crossed.
        reached: [N, 2, K] out: share of what a bar opens that the rest of its own path reaches (a function of the path
            alone); all zero before, so that what stays zero costs no memory.
    """
    room = np.empty((longest_path(path, grid[0]), 4), np.int64)
    for i in range(len(path)):
        wide = walk_bar(i, path, flow, steps, grid, mass, ledger, room)
        for side in range(2):
            for k in range(len(steps)):
                swept[i, side, k] = ledger[4, side, k]
        if wide:
            for side in range(2):
                for k in range(len(steps)):
                    reached[i, side, k] = ledger[5, side, k]


def standing(mass: Any, ledger: Any, ends: Any, steps: Any) -> None:
    """What stands between the ends of each side, to SWEPT, without emptying it; arguments as of `sweep`, both sides."""
    for side in range(2):
        for k in range(len(steps)):
            away = -steps[k] if side else steps[k]
            held = 0.0
            first, last = ends[2 * side] + away, ends[2 * side + 1] + away
            for e in range(max(first, 0), min(last, mass.shape[1] - 1) + 1):
                held += mass[side, e, k]
            ledger[4, side, k] = held * ledger[0, side, k]


def walk_within(path: Any, flow: Any, steps: Any, grid: Any, mass: Any, ledger: Any, swept: Any, coarse: Any) -> None:
    """Walk fine bars, and say per coarse bar what stood before it and lies in its range: nothing of its own flow.

    Args:
        path: [N, 4] log of open, high, low, close of the fine bars.
        flow: [N, 3] of the fine bars.
        steps: [K] distances in bins.
        grid: bin width, first bin, bin of the last close, nearest step.
        mass: [2, E, K] stored mass, changed in place.
        ledger: [7, 2, K] changed in place.
        swept: [M, 2, K] out: base units that stood before the coarse bar and are crossed in it.
        coarse: [M, 3] first fine bar of each, and lowest and highest bin of its path.
    """
    room = np.empty((longest_path(path, grid[0]), 4), np.int64)
    for m in range(len(coarse)):
        start = coarse[m, 0]
        stop = coarse[m + 1, 0] if m + 1 < len(coarse) else len(path)
        first = int(grid[1])
        last = bin_of(path[start, 0], grid[0]) - first if math.isnan(grid[2]) else int(grid[2]) - first
        ends = (coarse[m, 1] - first, last - 1, last + 1, coarse[m, 2] - first)
        standing(mass, ledger, ends, steps)
        for side in range(2):
            for k in range(len(steps)):
                swept[m, side, k] = ledger[4, side, k]
        for i in range(start, stop):
            walk_bar(i, path, flow, steps, grid, mass, ledger, room)


_HELPERS: Final = (
    bin_of,
    turning_points,
    longest_path,
    sweep,
    tally,
    lay_narrow,
    visit,
    lay_wide,
    left_of,
    thin,
    walk_bar,
    standing,
)


@cache
def compiled_walk() -> Any:
    """`walk`, compiled on first use."""
    signature = "(f8[:,::1], f8[:,::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,::1])"
    return compiled(walk, signature, *_HELPERS)


@cache
def compiled_walk_within() -> Any:
    """`walk_within`, compiled on first use."""
    signature = "(f8[:,::1], f8[:,::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,:,::1], i8[:,::1])"
    return compiled(walk_within, signature, *_HELPERS)
