"""What a bar's price path and the past say about its liquidations: the columns of the models and of the baselines.

A short is looked at in the mirror (log prices negated), so one text serves both sides: "against" is down for a long.
Of the bar itself only open, high, low and close are read; volume, open interest and everything else are of bars before.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.estimate import Estimate, flow_of
from powderkeg.liqmap.windows import before_deviation, before_max, before_mean

FRESH_HOURS: Final = (4.0, 12.0, 24.0, 72.0, 168.0)
"""Windows of baseline (a1): how far the bar goes beyond the extreme of the hours before."""

DRAWDOWN_HOURS: Final = (1.0, 4.0, 12.0, 24.0, 72.0)
"""Windows of the best price before, from which the bar's extreme is a drawdown."""

DAY_HOURS: Final = 24.0
SHARE_FLOOR: Final = 1e-5
"""Added to a crossed share before its logarithm: about the smallest share of open interest a feed prints in an hour."""


class SideView(NamedTuple):
    """One side's view of the bars in log prices; each [N]."""

    opened: FloatArray
    best: FloatArray
    worst: FloatArray
    closed: FloatArray
    worst_first: FloatArray


def side_view(bars: Bars, side: int) -> SideView:
    """The bars as the holder of a long (side 0) or, mirrored, of a short (side 1) sees them."""
    opened, high, low, closed = np.log(bars.prices).T
    rose = closed >= opened
    if side == 0:
        return SideView(opened, high, low, closed, rose)
    return SideView(-opened, -low, -high, -closed, ~rose)


def excursion(bars: Bars, side: int) -> FloatArray:
    """[N] log move against the side from the open to the extreme, >= 0."""
    view = side_view(bars, side)
    return np.maximum(view.opened - view.worst, 0.0)


def fresh_ground(bars: Bars, side: int, hours: float) -> FloatArray:
    """[N] log distance of the extreme beyond the extreme of the hours before; 0 where it stays within."""
    view = side_view(bars, side)
    before = -before_max(-view.worst, bars.bars_in(hours))
    return np.nan_to_num(np.maximum(before - view.worst, 0.0))


def volatility(bars: Bars) -> FloatArray:
    """[N] log of the root mean square bar return of the day before."""
    returns = np.diff(np.log(bars.prices[:, 3]), prepend=np.nan)
    day = before_deviation(returns, bars.bars_in(DAY_HOURS))
    return np.log(np.where(np.isfinite(day), day, _typical(day)) + 1e-5)


def move_columns(bars: Bars, side: int) -> FloatArray:
    """[N, 3] x, x², log(1 + 1000·m) of baseline (a): m the excursion, x = ln(m·OI + 10⁻⁶·OI)."""
    moved = excursion(bars, side)
    held = np.maximum(flow_of(bars, 0.0)[:, 0], np.finfo(float).tiny)
    x = np.log(moved * held + 1e-6 * held)
    return np.column_stack([x, x * x, np.log1p(1e3 * moved)])


def fresh_columns(bars: Bars, side: int) -> FloatArray:
    """[N, 6] what (a1) adds: log(1 + 1000·distance) onto fresh ground of five windows, and volatility."""
    fresh = [np.log1p(1e3 * fresh_ground(bars, side, hours)) for hours in FRESH_HOURS]
    return np.column_stack([*fresh, volatility(bars)])


def path_columns(bars: Bars, side: int) -> FloatArray:
    """[N, 16] the bar's own path, its drawdown from earlier best prices, and how busy the day before was.

    Logarithms with floors of 1 to 50 basis points bend with the move, so that a crash stays near what was fitted.
    """
    opened, best, worst, closed, worst_first = side_view(bars, side)
    against, favor, back = opened - worst, best - opened, closed - worst
    drawdown = np.where(worst_first, np.maximum(against, best - closed), best - worst)
    columns = [
        *_logs(against, 1e-4, 1e-3, 5e-3),
        *_logs(drawdown, 1e-4, 1e-3, 5e-3),
        *_logs(favor, 1e-3, 5e-3),
        *_logs(back, 1e-3),
        (closed - opened) / (drawdown + favor + 2e-3),
    ]
    for hours in DRAWDOWN_HOURS:
        from_best = before_max(best, bars.bars_in(hours)) - worst
        columns += _logs(np.maximum(np.where(np.isfinite(from_best), from_best, against), 0.0), 2e-3)
    return np.column_stack([*columns, _activity(bars)])


def map_columns(walked: Estimate, side: int) -> FloatArray:
    """[N, K] log share of open interest that each distance of the map sees liquidated in the bar."""
    return np.log(walked.crossed_share[:, side] + SHARE_FLOOR)


def _activity(bars: Bars) -> FloatArray:
    """Log of the day's mean volume over open interest, before the bar."""
    held = np.maximum(flow_of(bars, 0.0)[:, 0], np.finfo(float).tiny)
    traded = before_mean(bars.volume_base, bars.bars_in(DAY_HOURS)) / held
    return np.log(np.where(np.isfinite(traded), traded, _typical(traded)) + 1e-6)


def _logs(distances: FloatArray, *floors: float) -> list[FloatArray]:
    return [np.log(np.maximum(distances, 0.0) + floor) for floor in floors]


def _typical(numbers: FloatArray) -> float:
    """The first known number: what stands for the bars before anything is known, without looking at later ones."""
    known = np.flatnonzero(np.isfinite(numbers))
    return float(numbers[known[0]]) if len(known) else 0.0
