"""The walk over single trades: the same bookkeeping, one trade at a time, at the speed of a feed.

Between two readings of open interest its change is spread over the trades by volume, so every trade opens and closes
the same share of itself. While the price stays in its bin nothing is crossed and what is opened waits in one number;
only a move to another bin touches the map.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from powderkeg.liqmap.kernels import left_of
from powderkeg.margin.jit import READ_1D, compiled


def settle(mass: Any, ledger: Any, at: int, waiting: float, left: float) -> None:
    """Put what waited at bin `at` into the map, and thin all of it by what was closed meanwhile."""
    if waiting == 0.0 and left == 1.0:
        return
    for side in range(2):
        for k in range(mass.shape[2]):
            ledger[0, side, k] *= left
            if ledger[0, side, k] < 1e-60:
                mass[side, :, k] *= ledger[0, side, k]
                ledger[0, side, k] = 1.0
            ledger[1, side, k] = ledger[1, side, k] * left + waiting
            mass[side, at, k] += waiting / ledger[0, side, k]


def cross(mass: Any, ledger: Any, swept: Any, steps: Any, ends: Any, flow: Any) -> None:
    """The trade that moves to another bin: empty every level on its way, lay what it opens, thin by what it closes.

    Args:
        mass: [2, E, K] stored mass by entry bin.
        ledger: [7, 2, K] as in `kernels`.
        swept: [2, K] base units crossed, added up.
        steps: [K] distances in bins.
        ends: bins the price comes from and goes to.
        flow: open interest and what the trade opens together, what it closes, what it opens.
    """
    low, high = min(ends[0], ends[1]), max(ends[0], ends[1])
    for side in range(2):
        for k in range(len(steps)):
            away = -steps[k] if side else steps[k]
            taken = 0.0
            for e in range(max(low + away, 0), min(high + away, mass.shape[1] - 1) + 1):
                taken += mass[side, e, k]
                mass[side, e, k] = 0.0
            taken *= ledger[0, side, k]
            swept[side, k] += taken
            mass[side, ends[1], k] += flow[2] / ledger[0, side, k]
            left = left_of(flow[0], flow[1], taken)
            ledger[0, side, k] *= left
            ledger[1, side, k] = (max(ledger[1, side, k] - taken, 0.0) + flow[2]) * left


def walk_trades(prices: Any, qty: Any, rates: Any, steps: Any, grid: Any, mass: Any, ledger: Any, swept: Any) -> None:
    """Walk trades over the map.

    Args:
        prices: [N] quote per base.
        qty: [N] base units.
        rates: open interest before, and per base unit traded its change, what opens and what closes.
        steps: [K] distances in bins.
        grid: bin width, first bin, bin of the last price (NaN before the first).
        mass: [2, E, K] stored mass by entry bin, changed in place.
        ledger: [7, 2, K] as in `kernels`, changed in place.
        swept: [2, K] out: base units crossed, added up.
    """
    width, first = grid[0], int(grid[1])
    held_base, change, opens, closes = rates[0], rates[1], rates[2], rates[3]
    waiting, left, low, high, at = 0.0, 1.0, math.inf, -math.inf, 0
    for i in range(len(prices)):
        price, traded = prices[i], qty[i]
        gross = held_base + opens * traded
        if low <= price < high:
            kept = max(1.0 - closes * traded / gross, 0.0) if gross > 0.0 else 0.0
            waiting = (waiting + opens * traded) * kept
            left *= kept
        else:
            settle(mass, ledger, at, waiting, left)
            waiting, left = 0.0, 1.0
            absolute = math.floor(math.log(price) / width)
            low, high = math.exp(absolute * width), math.exp((absolute + 1) * width)
            at = absolute - first
            start = at if math.isnan(grid[2]) else int(grid[2]) - first
            cross(mass, ledger, swept, steps, (start, at), (gross, closes * traded, opens * traded))
            grid[2] = absolute
        held_base += change * traded
    settle(mass, ledger, at, waiting, left)


@cache
def compiled_trades() -> Any:
    """`walk_trades`, compiled on first use."""
    signature = f"({READ_1D}, {READ_1D}, f8[::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,::1])"
    return compiled(walk_trades, signature, left_of, settle, cross)
