"""Several markets side by side: every bar of every coin and side as one row, with the columns of every model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from powderkeg.liqmap.bars import SIDES, Bars, FloatArray, IntArray, Mask
from powderkeg.liqmap.estimate import Estimate, MapSettings, estimate, flow_of
from powderkeg.liqmap.features import fresh_columns, map_columns, move_columns, path_columns
from powderkeg.liqmap.link import Rows

WARM_UP_HOURS: Final = 12.0
"""Bars before this have too little history for their columns to mean anything; they are not trained on."""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of all markets: coin after coin, within a coin longs before shorts, oldest first.

    Attributes:
        markets: the bars, in order.
        series: [R] 2·market + side.
        bar: [R] index of the bar within its market.
        open_ns: [R] start of the bar.
        log_size: [R] ln open interest before the bar, base units.
        target: [R] log(1 + liquidated base), NaN where unknown.
        move: [R, 3], fresh: [R, 6], path: [R, 16] columns of `features`.
        warm: [R] whether the bar has enough history to train on.
    """

    markets: tuple[Bars, ...]
    series: IntArray
    bar: IntArray
    open_ns: IntArray
    log_size: FloatArray
    target: FloatArray
    move: FloatArray
    fresh: FloatArray
    path: FloatArray
    warm: Mask

    @property
    def series_count(self) -> int:
        """Two for each market."""
        return 2 * len(self.markets)

    def name_of(self, series: int) -> tuple[str, str]:
        """Symbol and side of a series."""
        return self.markets[series // 2].symbol, SIDES[series % 2]

    def rows(self, *columns: FloatArray) -> Rows:
        """The panel as rows of a regression on these columns."""
        return Rows(
            columns=columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1),
            series=self.series,
            log_size=self.log_size,
            target=self.target,
        )

    def trainable(self, until_ns: int) -> Mask:
        """[R] bars that ended by then, with history and known liquidations."""
        interval = np.array([bars.interval_ns for bars in self.markets])[self.series // 2]
        return self.warm & np.isfinite(self.target) & (self.open_ns + interval <= until_ns)

    def where(self, chosen: Mask) -> Panel:
        """The rows a mask chooses, as a panel of the same markets: fits on few of many bars need no more."""
        held = {name: getattr(self, name)[chosen] for name in self.__struct_fields__ if name != "markets"}
        return Panel(markets=self.markets, **held)


def build_panel(markets: Sequence[Bars], read_until_ns: int | None = None) -> Panel:
    """Lay markets side by side.

    Args:
        markets: one or more, of any length.
        read_until_ns: liquidations of bars that end later are not read at all; None reads all, for scoring.
    """
    parts = [(bars, side) for bars in markets for side in range(2)]
    targets = [_target(bars, side, read_until_ns) for bars, side in parts]
    held = [np.log(np.maximum(_held(bars), np.finfo(float).tiny)) for bars, _ in parts]
    return Panel(
        markets=tuple(markets),
        series=np.concatenate([np.full(len(bars), s) for s, (bars, _) in enumerate(parts)]),
        bar=np.concatenate([np.arange(len(bars)) for bars, _ in parts]),
        open_ns=np.concatenate([bars.open_ns for bars, _ in parts]),
        log_size=np.concatenate(held),
        target=np.concatenate(targets),
        move=np.concatenate([move_columns(bars, side) for bars, side in parts]),
        fresh=np.concatenate([fresh_columns(bars, side) for bars, side in parts]),
        path=np.concatenate([path_columns(bars, side) for bars, side in parts]),
        warm=np.concatenate([np.arange(len(bars)) >= bars.bars_in(WARM_UP_HOURS) for bars, _ in parts]),
    )


def walk_markets(markets: Sequence[Bars], settings: MapSettings) -> list[Estimate]:
    """The map of every market."""
    return [estimate(bars, settings) for bars in markets]


def map_rows(walked: Sequence[Estimate], *, mirrored: bool = False) -> FloatArray:
    """[R, K] map columns in the order of the panel; mirrored gives each side the other one's."""
    order = (1, 0) if mirrored else (0, 1)
    return np.concatenate([map_columns(one, side) for one in walked for side in order])


def _target(bars: Bars, side: int, read_until_ns: int | None) -> FloatArray:
    count = len(bars)
    if read_until_ns is not None:
        count = int(np.searchsorted(bars.open_ns + bars.interval_ns, read_until_ns, side="right"))
    target = np.full(len(bars), np.nan)
    target[:count] = np.log1p(bars.liquidated_base[:count, side])
    return target


def _held(bars: Bars) -> FloatArray:
    return flow_of(bars, 0.0)[:, 0]
