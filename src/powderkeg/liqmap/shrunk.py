"""Least squares with coefficients that many series share, in closed form: the regression of a screen.

    y_s = z_s·(β + δ_s),   least Σ_s |y_s − z_s·(β + δ_s)|² + a·|β|² + b·Σ_s |δ_s|²

with every column and target standardized within its series, so that coins of any unit share one β and a thin coin
borrows what the others know. Everything needed of a series is its matrix zᵀz and its vector zᵀy, per block of rows;
leaving a block out is a subtraction, so inner validation costs no second pass. On hourly bars it predicts as well as
the bent regression of `link` (0.148 against 0.150 in blocks, 0.158 against 0.157 walking forward).

Reference: ridge regression with partial pooling, Gelman & Hill 2007, ch. 12; leave-out by downdating, Golub & Van Loan
2013, section 6.5.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from powderkeg.liqmap.bars import FloatArray, IntArray, Mask
from powderkeg.liqmap.models import INNER_BLOCKS

SingleArray = NDArray[np.float32]
"""Columns are kept in single precision: a screen of hundreds of coins holds all of them at once."""

POOLED_RIDGE: Final = 10.0
SERIES_RIDGE: Final = 300.0
"""a and b in units of rows; 100 to 1000 score alike in inner validation of recorded hours."""

UNSHARED: Final = 250_000
"""Multiplications of one product: OpenBLAS shares out those above 262,144 (interface/gemm.c, read 2026-11-22), and its
threads then stand in the way of the coins that are walked side by side."""

CLIP: Final = 5.0
"""Standard deviations beyond which a column is held: no prediction may ride on one wild number."""


class Series(NamedTuple):
    """One series, standardized on its training rows.

    Attributes:
        z: [R, F] columns; one that is constant in training is zero.
        target: [R] as given, NaN where unknown.
        block: [R] inner block of a training row, −1 for all others.
        mean, spread: of the target in training.
        curve: [INNER_BLOCKS, F, F] zᵀz per block.
        force: [INNER_BLOCKS, F] zᵀy per block.
    """

    z: SingleArray
    target: FloatArray
    block: IntArray
    mean: float
    spread: float
    curve: FloatArray
    force: FloatArray


def prepare(columns: FloatArray, target: FloatArray, block: IntArray) -> Series:
    """Standardize a series and gather what a fit needs of it.

    Args:
        columns: [R, F].
        target: [R], known where `block` is not −1.
        block: [R] inner block of each training row, −1 elsewhere.
    """
    train = block >= 0
    count = columns.shape[1]
    if not train.any():
        empty = np.zeros((INNER_BLOCKS, count, count)), np.zeros((INNER_BLOCKS, count))
        return Series(np.zeros_like(columns, dtype=np.float32), target, block, 0.0, 0.0, *empty)
    center, scale = columns[train].mean(axis=0), columns[train].std(axis=0)
    scale = np.where(scale > 1e-9 * (1.0 + np.abs(center)), scale, np.inf)
    z: SingleArray = np.clip((columns - center) / scale, -CLIP, CLIP).astype(np.float32)
    mean, spread = float(target[train].mean()), float(target[train].std())
    curve, force = np.zeros((INNER_BLOCKS, count, count)), np.zeros((INNER_BLOCKS, count))
    at_once = max(UNSHARED // (count * (count + 1)), 1)
    for b in range(INNER_BLOCKS):
        held = np.column_stack([z[block == b].astype(np.float64), (target[block == b] - mean) / max(spread, 1e-3)])
        for first in range(0, len(held), at_once):
            part = held[first : first + at_once]
            gram = part[:, :-1].T @ part
            curve[b] += gram[:, :-1]
            force[b] += gram[:, -1]
    return Series(z, target, block, mean, spread, curve, force)


def fit_predict(series: list[Series], columns: Mask) -> list[tuple[FloatArray, FloatArray]]:
    """Fit all series together on some of their columns.

    Args:
        series: as `prepare` gives them.
        columns: [F] which columns to use.

    Returns:
        Per series [R] inner prediction of each training row by the fit without its block (NaN elsewhere), and [R]
        prediction of every row; both never below zero.
    """
    chosen = np.flatnonzero(columns)
    curve = np.stack([one.curve[:, chosen][:, :, chosen] for one in series])
    force = np.stack([one.force[:, chosen] for one in series])
    whole_curve, whole_force = curve.sum(axis=1), force.sum(axis=1)
    fits = [_solve(whole_curve - curve[:, b], whole_force - force[:, b]) for b in range(INNER_BLOCKS)]
    fits.append(_solve(whole_curve, whole_force))
    found: list[tuple[FloatArray, FloatArray]] = []
    for s, one in enumerate(series):
        coefficients = np.column_stack([fitted[s] for fitted in fits]).astype(np.float32)
        at_once = max(UNSHARED // coefficients.size, 1)
        parts = [one.z[first : first + at_once, chosen] @ coefficients for first in range(0, len(one.z), at_once)]
        reached = np.maximum(one.mean + max(one.spread, 1e-3) * np.concatenate(parts), 0.0)
        inner = np.where(one.block >= 0, reached[np.arange(len(reached)), np.maximum(one.block, 0)], np.nan)
        found.append((inner.astype(np.float64), reached[:, -1].astype(np.float64)))
    return found


def _solve(curve: FloatArray, force: FloatArray) -> FloatArray:
    """[S, F] β + δ of each series: δ is eliminated first, then β is solved, then δ follows."""
    eye = np.eye(curve.shape[1])
    known = np.concatenate([curve, force[:, :, None]], axis=2)
    solved = np.linalg.solve(curve + SERIES_RIDGE * eye, known).astype(np.float64)
    lever, own = solved[:, :, :-1], solved[:, :, -1]
    bend: FloatArray = POOLED_RIDGE * eye + SERIES_RIDGE * lever.sum(axis=0)
    pull: FloatArray = SERIES_RIDGE * own.sum(axis=0)
    pooled = np.linalg.solve(bend, pull).astype(np.float64)
    return pooled + own - lever @ pooled
