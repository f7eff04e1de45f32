"""The estimated map: where positions that are open now would be liquidated.

It is an estimate: of all venues only Hyperliquid publishes positions a map can be measured from (see `measured`).
Every contract has a long and a short, so both sides get the same flow, placed at K distances on either side of where
it was opened; calibration says how the distances are weighed.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.kernels import DECAY, SCALE, TOTAL, compiled_walk, compiled_walk_within
from powderkeg.liqmap.trades import compiled_trades
from powderkeg.liqmap.windows import before_mean, carried

NEAREST: Final = 0.0035
FARTHEST: Final = 0.35
"""Distances of the basis: a 125x position is liquidated about 0.4 % from its entry (Binance BTCUSDT, first tier of
2024-10-24: 0.8 % margin less 0.4 % maintenance), a 2.5x position about 35 %."""

ACTIVITY_HOURS: Final = 24.0
"""How far back the flow that a bar is expected to open is averaged: one day, so that no hour of the day is favored."""


BLOCK_BINS: Final = 32
"""The grid grows by blocks of so many bins, counted from price 1, so that its ends depend on the prices alone."""


class MapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How flow becomes levels.

    Attributes:
        churn: τ in [0, 1], the share of two-sided volume that is real position turnover.
        half_life_hours: after this time half of what was opened is closed, whatever the flow; infinite for never.
        distances: [K] log distance of liquidation from entry, one per basis function.
        basis: what the distances are, `free` or `tiers`; see `basis`.
        bin_width: width of a price bin in log price.
    """

    churn: float = 0.3
    half_life_hours: float = float("inf")
    distances: tuple[float, ...] = tuple(float(u) for u in np.geomspace(NEAREST, FARTHEST, 13))
    basis: str = "free"
    bin_width: float = 5e-4

    def __post_init__(self) -> None:
        """Refuse settings no map can be made with.

        Raises:
            InputError: a number out of range.
        """
        if not 0.0 <= self.churn <= 1.0:
            raise InputError(f"churn is {self.churn:g}; it is a share and lies in [0, 1]")
        if not self.half_life_hours > 0.0:
            raise InputError(f"half_life_hours is {self.half_life_hours:g}; it must be positive")
        if not self.distances or not 0.0 < self.bin_width <= min(self.distances) < max(self.distances) + 1.0 < 6.0:
            raise InputError("distances must be log distances in [bin_width, 5), at least one")

    @property
    def steps(self) -> IntArray:
        """[K] distances in bins."""
        return np.maximum(np.round(np.array(self.distances) / self.bin_width), 1).astype(np.int64)


class LevelMap:
    """The state of a map that is walked bar by bar: base units per side, distance and price bin.

    Law: walking bars one by one, in blocks or all at once gives the same map, so history is never repainted.
    """

    def __init__(self, settings: MapSettings, interval_hours: float) -> None:
        self.settings = settings
        count = len(settings.distances)
        self._steps = settings.steps
        self._ledger = np.zeros((7, 2, count))
        self._ledger[SCALE] = 1.0
        self._ledger[DECAY] = 0.5 ** (interval_hours / settings.half_life_hours)
        self._grid = np.array([settings.bin_width, 0.0, np.nan, float(self._steps.min())])
        self._mass = np.zeros((2, 0, count))

    def walk(self, path: FloatArray, flow: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Walk bars; see `kernels.walk`.

        Args:
            path: [N, 4] log prices.
            flow: [N, 3] open interest before and after, opened; base units.

        Returns:
            Swept base units and reached share, each [N, 2, K] per side and distance.
        """
        self._reach(path)
        swept, reached = np.empty((len(path), 2, len(self._steps))), np.zeros((len(path), 2, len(self._steps)))
        path, flow = np.ascontiguousarray(path), np.ascontiguousarray(flow)
        compiled_walk()(path, flow, self._steps, self._grid, self._mass, self._ledger, swept, reached)
        return swept, reached

    def walk_within(self, path: FloatArray, flow: FloatArray, coarse: IntArray) -> FloatArray:
        """Walk short bars, and say for each long one what stood before it and lies in its range.

        Args:
            path: [N, 4] log prices of the short bars.
            flow: [N, 3] of the short bars.
            coarse: [M, 3] first short bar of each long one, lowest and highest bin of its path.

        Returns:
            [M, 2, K] base units, per side and distance.
        """
        self._reach(path)
        swept = np.empty((len(coarse), 2, len(self._steps)))
        path, flow = np.ascontiguousarray(path), np.ascontiguousarray(flow)
        state = (self._steps, self._grid, self._mass, self._ledger)
        compiled_walk_within()(path, flow, *state, swept, np.ascontiguousarray(coarse))
        return swept

    def walk_trades(
        self, prices: FloatArray, qty_base: FloatArray, held_base: tuple[float, float], hours: float
    ) -> FloatArray:
        """Walk the trades between two readings of open interest.

        Args:
            prices: [N] quote per base, in order, > 0.
            qty_base: [N] base units, >= 0.
            held_base: open interest before the first and after the last of them.
            hours: time they took.

        Returns:
            [2, K] base units crossed, per side and distance.
        """
        swept = np.zeros((2, len(self._steps)))
        traded = float(qty_base.sum())
        if traded <= 0.0:
            return swept
        change = (held_base[1] - held_base[0]) / traded
        opens = max(change, 0.0) + self.settings.churn * max(1.0 - abs(change), 0.0) / 2.0
        self._reach(np.log(np.array([prices.min(), prices.max()])))
        prices, qty_base = np.ascontiguousarray(prices), np.ascontiguousarray(qty_base)
        rates = np.array([held_base[0], change, opens, opens - change])
        compiled_trades()(prices, qty_base, rates, self._steps, self._grid, self._mass, self._ledger, swept)
        faded = 0.5 ** (hours / self.settings.half_life_hours)
        self._ledger[SCALE] *= faded
        self._ledger[TOTAL] *= faded
        return swept

    def _reach(self, path: FloatArray) -> None:
        """Grow the grid so that every entry of the path lies on it, in whole blocks whatever came before."""
        low, high = (int(np.floor(price / self.settings.bin_width)) for price in (path.min(), path.max()))
        first, count = int(self._grid[1]), self._mass.shape[1]
        if count and low >= first and high < first + count:
            return
        if count:
            low, high = min(low, first), max(high, first + count - 1)
        new_first = low // BLOCK_BINS * BLOCK_BINS
        grown = np.zeros((2, (high // BLOCK_BINS + 1) * BLOCK_BINS - new_first, self._mass.shape[2]))
        grown[:, first - new_first : first - new_first + count] = self._mass
        self._mass, self._grid[1] = grown, new_first

    def copy(self) -> LevelMap:
        """An independent copy: a map kept as it was."""
        twin = LevelMap(self.settings, 1.0)
        twin._ledger = self._ledger.copy()
        twin._grid, twin._mass = self._grid.copy(), self._mass.copy()
        return twin

    def shift(self, log_distance: float) -> None:
        """Move every level by a log distance, to the nearest bin."""
        bins = round(log_distance / self.settings.bin_width)
        self._grid[1:3] += bins

    @property
    def totals(self) -> FloatArray:
        """[2, K] base units in the map; never above open interest."""
        return self._ledger[TOTAL].copy()

    @property
    def first_bin(self) -> int:
        """The bin of the first column of `mass`."""
        return int(self._grid[1]) - int(self._steps.max())

    @property
    def mass(self) -> FloatArray:
        """[2, K, B] base units per side, distance and bin; bin b covers log prices [b, b + 1)·bin_width."""
        entries, farthest = self._mass.shape[1], int(self._steps.max())
        levels = np.zeros((2, len(self._steps), entries + 2 * farthest))
        for k, step in enumerate(self._steps):
            for side, start in enumerate((farthest - int(step), farthest + int(step))):
                levels[side, k, start : start + entries] = self._mass[side, :, k] * self._ledger[SCALE, side, k]
        return levels


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A map walked over bars.

    Attributes:
        swept: [N, 2, K] base units that stood in the map before the bar and were crossed in it.
        reached: [N, 2, K] share of what a bar opens that the rest of its own path reaches.
        expected_opened: [N] base units a bar of this range is expected to open, from the bars before it.
        open_interest_before: [N] base units, the last known before the bar.
        level_map: the map after the last bar.
    """

    swept: FloatArray
    reached: FloatArray
    expected_opened: FloatArray
    open_interest_before: FloatArray
    level_map: LevelMap

    @property
    def crossed_share(self) -> FloatArray:
        """[N, 2, K] share of open interest that each distance alone would see liquidated in the bar.

        It knows the bar's price path, and of flow only what came before the bar.
        """
        crossed = self.swept + self.reached * self.expected_opened[:, None, None]
        return crossed / np.maximum(self.open_interest_before, np.finfo(float).tiny)[:, None, None]


def flow_of(bars: Bars, churn: float) -> FloatArray:
    """[N, 3] open interest before and after each bar, and what it opened.

    `opened = max(ΔOI, 0) + τ·max(V − |ΔOI|, 0)/2`, `closed = opened − ΔOI`. Where open interest is unknown the last
    known stands, so the change is booked when it is seen; where volume is unknown only the change is.
    """
    held = carried(bars.open_interest_base)
    before, after = held[:-1], held[1:]
    change = after - before
    traded = np.where(np.isfinite(bars.volume_base), bars.volume_base, 0.0)
    opened = np.maximum(change, 0.0) + churn * np.maximum(traded - np.abs(change), 0.0) / 2.0
    return np.column_stack([before, after, opened])


def estimate(bars: Bars, settings: MapSettings | None = None, flow: FloatArray | None = None) -> Estimate:
    """Walk a map over bars.

    Args:
        bars: one market; liquidations are not read.
        settings: how flow becomes levels.
        flow: [N, 3] as `flow_of` gives it, for maps built on another flow (placebos).

    Returns:
        What every bar swept, with the map after the last bar. Nothing of a bar depends on a later one.

    Reference: the bookkeeping of open interest, docs/liquidation-map.md.
    """
    settings = settings or MapSettings()
    flow = flow_of(bars, settings.churn) if flow is None else flow
    path = np.log(bars.prices)
    level_map = LevelMap(settings, bars.interval_hours)
    swept, reached = level_map.walk(path, flow)
    return Estimate(
        swept=swept,
        reached=reached,
        expected_opened=_expected(path, flow[:, 2], bars.bars_in(ACTIVITY_HOURS)),
        open_interest_before=flow[:, 0],
        level_map=level_map,
    )


def _expected(path: FloatArray, opened: FloatArray, count: int) -> FloatArray:
    """Flow follows range: what the bars before opened on average, times this range over theirs."""
    spread = path[:, 1] - path[:, 2]
    usual = before_mean(spread, count)
    ratio = np.where(usual > 0, spread / np.where(usual > 0, usual, 1.0), 0.0)
    return np.nan_to_num(before_mean(opened, count) * ratio)
