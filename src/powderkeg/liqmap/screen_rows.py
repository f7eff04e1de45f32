"""What is kept of one coin for a screen: standardized hours of both sides, whatever the bars it came in."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bars import SIDES, Bars, FloatArray, IntArray
from powderkeg.liqmap.coarse import Coarse, coarsen, estimate_within
from powderkeg.liqmap.estimate import Estimate, MapSettings
from powderkeg.liqmap.features import SHARE_FLOOR, fresh_columns, map_columns, move_columns, path_columns
from powderkeg.liqmap.models import INNER_BLOCKS, SEEN_SHARE
from powderkeg.liqmap.panel import WARM_UP_HOURS
from powderkeg.liqmap.placebos import blind_flow, shuffled_flow
from powderkeg.liqmap.shrunk import Series, prepare

SEED: Final = 20_240_715
MAPS: Final = ("map", "blind", "shuffled")
"""Our map, one that knows no flow, and one whose flow is in random order of time."""


class SideRows(NamedTuple):
    """One coin and side.

    Attributes:
        symbol, position_side: which.
        open_ns: [N] start of each bar.
        test: rows to be scored.
        series: columns of the path, and of the maps of `MAPS`, side by side.
        move, fresh: baselines (a) and (a1): [N] inner prediction, [N] prediction.
    """

    symbol: str
    position_side: str
    open_ns: IntArray
    test: IntArray
    series: Series
    move: tuple[FloatArray, FloatArray]
    fresh: tuple[FloatArray, FloatArray]

    @property
    def day(self) -> IntArray:
        """[N] day of each bar."""
        return self.open_ns // NS_PER_DAY

    @property
    def training_bars(self) -> int:
        """How many rows train."""
        return int((self.series.block >= 0).sum())


def rows_of(bars: Bars, cut_ns: int, settings: MapSettings, interval_ns: int) -> list[SideRows]:
    """Both sides of one coin, walked over its bars and kept at `interval_ns`; liquidations after the cut only score."""
    coarse = coarsen(bars, interval_ns)
    # The same order for every coin is as random, and does not depend on which thread comes first.
    shuffled = shuffled_flow(bars, settings, cut_ns, np.random.default_rng(SEED))
    flows = (None, blind_flow(bars, settings), shuffled)
    maps = [estimate_within(bars, coarse, settings, flow) for flow in flows]
    return [_side_rows(coarse, maps, side, cut_ns) for side in range(2)]


def _side_rows(coarse: Coarse, maps: list[Estimate], side: int, cut_ns: int) -> SideRows:
    bars = coarse.bars
    target = np.log1p(bars.liquidated_base[:, side])
    block = _blocks(bars, target, cut_ns)
    columns = [path_columns(bars, side)]
    for one in maps:
        levels = map_columns(one, side)
        worked = levels[block >= 0] > np.log(2.0 * SHARE_FLOOR)
        levels[:, worked.sum(axis=0) < SEEN_SHARE * max(len(worked), 1)] = 0.0
        columns.append(levels)
    moved = move_columns(bars, side)
    return SideRows(
        symbol=bars.symbol,
        position_side=SIDES[side],
        open_ns=bars.open_ns,
        test=np.flatnonzero((bars.open_ns >= cut_ns) & np.isfinite(target)),
        series=prepare(np.concatenate(columns, axis=1), target, block),
        move=_alone(moved, target, block),
        fresh=_alone(np.concatenate([moved, fresh_columns(bars, side)], axis=1), target, block),
    )


def _blocks(bars: Bars, target: FloatArray, cut_ns: int) -> IntArray:
    """[N] inner block of each training bar, −1 for all others."""
    train = np.isfinite(target) & (bars.open_ns + bars.interval_ns <= cut_ns)
    train[: bars.bars_in(WARM_UP_HOURS)] = False
    block = np.full(len(target), -1, dtype=np.int64)
    if train.any():
        at = bars.open_ns[train]
        first, last = int(at[0]), int(at[-1]) + 1
        block[train] = np.minimum((at - first) * INNER_BLOCKS // (last - first), INNER_BLOCKS - 1)
    return block


def _alone(columns: FloatArray, target: FloatArray, block: IntArray) -> tuple[FloatArray, FloatArray]:
    """A baseline, least squares of one series by itself: [N] inner prediction, [N] prediction.

    By normal equations per block, of standardized columns: small products, which BLAS gives no threads of its own
    (see `shrunk.UNSHARED`); a dozen columns solved row by row took nine times as long.
    """
    train = block >= 0
    inner = np.full(len(target), np.nan)
    if not train.any():
        return inner, np.zeros(len(target))
    center, spread = columns[train].mean(axis=0), columns[train].std(axis=0)
    design = np.column_stack([np.ones(len(target)), (columns - center) / np.where(spread > 0, spread, 1.0)])
    held = np.column_stack([design, target])
    grams = np.stack([held[block == b].T @ held[block == b] for b in range(INNER_BLOCKS)])
    whole = grams.sum(axis=0)
    for b in range(INNER_BLOCKS):
        if (rest := whole - grams[b])[0, 0] > 0.0:
            inner[block == b] = _solved(design[block == b], rest)
    return inner, _solved(design, whole)


def _solved(design: FloatArray, gram: FloatArray) -> FloatArray:
    """[N] prediction by the least squares of a Gram matrix whose last row and column are the target's."""
    coefficients = np.linalg.lstsq(gram[:-1, :-1], gram[:-1, -1], rcond=1e-12)[0]
    return (design * coefficients).sum(axis=1)
