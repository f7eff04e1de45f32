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


def settle(mass: Any, ledger: Any, steps: Any, at: int, waiting: float, left: float) -> None:
    """Put what waited at bin `at` into the map, and thin all of it by what was closed meanwhile."""
    if waiting == 0.0 and left == 1.0:
        return
    for k in range(len(steps)):
        for side in range(2):
            level = at - steps[k] if side == 0 else at + steps[k]
            ledger[side, k, 0] *= left
            if ledger[side, k, 0] < 1e-60:
                mass[side, k] *= ledger[side, k, 0]
                ledger[side, k, 0] = 1.0
            ledger[side, k, 1] = ledger[side, k, 1] * left + waiting
            mass[side, k, level] += waiting / ledger[side, k, 0]


def cross(mass: Any, ledger: Any, swept: Any, steps: Any, ends: Any, flow: Any) -> None:
    """The trade that moves to another bin: empty every level on its way, lay what it opens, thin by what it closes.

    Args:
        mass: [2, K, B] stored mass.
        ledger: [2, K, 3] scale, total, gone.
        swept: [2, K] base units crossed, added up.
        steps: [K] distances in bins.
        ends: bins the price comes from and goes to.
        flow: open interest and what the trade opens together, what it closes, what it opens.
    """
    for side in range(2):
        for k in range(len(steps)):
            taken = 0.0
            for b in range(min(ends[0], ends[1]), max(ends[0], ends[1]) + 1):
                taken += mass[side, k, b]
                mass[side, k, b] = 0.0
            taken *= ledger[side, k, 0]
            swept[side, k] += taken
            mass[side, k, ends[1] - steps[k] if side == 0 else ends[1] + steps[k]] += flow[2] / ledger[side, k, 0]
            left = left_of(flow[0], flow[1], taken)
            ledger[side, k, 0] *= left
            ledger[side, k, 1] = (max(ledger[side, k, 1] - taken, 0.0) + flow[2]) * left


def walk_trades(prices: Any, qty: Any, rates: Any, steps: Any, grid: Any, mass: Any, ledger: Any, swept: Any) -> None:
    """Walk trades over the map.

    Args:
        prices: [N] quote per base.
        qty: [N] base units.
        rates: open interest before, and per base unit traded its change, what opens and what closes.
        steps: [K] distances in bins.
        grid: bin width, first bin, bin of the last price (NaN before the first).
        mass: [2, K, B] stored mass, changed in place.
        ledger: [2, K, 3] scale, total, gone; changed in place.
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
            settle(mass, ledger, steps, at, waiting, left)
            waiting, left = 0.0, 1.0
            absolute = math.floor(math.log(price) / width)
            low, high = math.exp(absolute * width), math.exp((absolute + 1) * width)
            at = absolute - first
            start = at if math.isnan(grid[2]) else int(grid[2]) - first
            cross(mass, ledger, swept, steps, (start, at), (gross, closes * traded, opens * traded))
            grid[2] = absolute
        held_base += change * traded
    settle(mass, ledger, steps, at, waiting, left)


@cache
def compiled_trades() -> Any:
    """`walk_trades`, compiled on first use."""
    signature = f"({READ_1D}, {READ_1D}, f8[::1], i8[::1], f8[::1], f8[:,:,::1], f8[:,:,::1], f8[:,::1])"
    return compiled(walk_trades, signature, left_of, settle, cross)
