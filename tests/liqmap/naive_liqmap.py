"""The map again, as slowly and plainly as it can be said: a list of positions, one by one.

Every position is a pair (bin of its liquidation price, base units); nothing is lazy, nothing is an array.
"""

from __future__ import annotations

import itertools
import math


def turning_points(bar, width):
    opened, high, low, closed = (math.floor(price / width) for price in bar)
    return [opened, low, high, closed] if bar[3] >= bar[0] else [opened, high, low, closed]


def visits(points):
    """Every bin of the path in order, the last one once more at the end."""
    seen = []
    for start, stop in itertools.pairwise(points):
        step = 1 if stop >= start else -1
        seen += range(start, stop, step)
    return [*seen, points[-1]]


class NaiveMap:
    """Positions of one side at one distance; `side` 0 long, 1 short."""

    def __init__(self, side, step, decay):
        self.side, self.step, self.decay = side, step, decay
        self.positions = []
        self.last = None

    def crossed(self, level, low, high):
        return level >= low if self.side == 0 else level <= high

    def walk(self, bar, flow, width):
        """One bar: what stood and was crossed, and the share of the bar's opening its own path reached."""
        before, after, opened = flow
        points = turning_points(bar, width)
        low, high = min(points), max(points)
        swept = sum(qty for level, qty in self.positions if self.crossed(level, low, high))
        self.positions = [(level, qty) for level, qty in self.positions if not self.crossed(level, low, high)]
        path = visits(points)
        share, reached = 1.0 / len(path), 0.0
        for place, entry in enumerate(path):
            level = entry - self.step if self.side == 0 else entry + self.step
            rest = path[place:]
            if self.crossed(level, min(rest), max(rest)):
                reached += share
            else:
                self.positions.append((level, opened * share))
        gone = swept + reached * opened
        closed = before + opened - after
        factor = self.decay
        if closed > gone:
            left = before + opened - gone
            factor *= max(1.0 - (closed - gone) / left, 0.0) if left > 0 else 0.0
        self.positions = [(level, qty * factor) for level, qty in self.positions]
        return swept, reached

    @property
    def total(self):
        return sum(qty for _, qty in self.positions)

    def at(self, level):
        return sum(qty for where, qty in self.positions if where == level)
