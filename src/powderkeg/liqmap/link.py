"""A pooled regression of log(1 + liquidated), with coefficients that coins and sides share.

    E[log(1 + Y)] = h(ln OI + α_s + Σ_f (β_f + δ_sf)·z_f),   h(η) = E log(1 + exp(η + σ·Z)), Z ~ N(0, 1)

for series s (one coin, one side) and standardized columns z. ln OI makes Y a share of open interest, so one β serves
coins of any unit; h bends to zero where a share of open interest is less than the smallest order, which is where a
quantity in BTC mostly lies. β is shrunk to 0, δ_s to 0 harder: a thin coin borrows what the others know.

Fitted by damped Gauss–Newton; each series is a block of an arrowhead, so the cost is linear in the number of series.
Reference: ridge-penalized nonlinear least squares (Marquardt 1963); partial pooling as in Gelman & Hill 2007, ch. 12.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.liqmap.bars import FloatArray, IntArray, Mask

SPREAD: Final = 1.0
"""σ of h: residual standard deviation of the log share; 0.3 to 3 were tried and score alike."""

POOLED_RIDGE: Final = 10.0
SERIES_RIDGE: Final = 100.0
"""Weights of β² and δ² in units of rows; 3 to 30 and 30 to 300 score alike in inner validation."""

FREE_RIDGE: Final = 1e-3
CLIP: Final = 5.0
"""Standard deviations beyond which a column is held: no prediction may ride on one wild number."""

FARTHEST: Final = 300.0
"""η beyond which h is a straight line to the last digit, long before its exponential overflows."""

ROUNDS: Final = 25
ENOUGH: Final = 1e-6

_NODES, _RAW_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _RAW_WEIGHTS / _RAW_WEIGHTS.sum()


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a regression.

    Attributes:
        columns: [R, F] regressors.
        series: [R] index of the coin and side.
        log_size: [R] ln of open interest, base units.
        target: [R] log(1 + liquidated), NaN where unknown.
    """

    columns: FloatArray
    series: IntArray
    log_size: FloatArray
    target: FloatArray

    def where(self, chosen: Mask | IntArray) -> Rows:
        """The rows a mask or their numbers choose."""
        return Rows(
            columns=self.columns[chosen],
            series=self.series[chosen],
            log_size=self.log_size[chosen],
            target=self.target[chosen],
        )


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted regression.

    Attributes:
        center: [F] mean of each column in training.
        scale: [F] standard deviation; infinite for a column that said nothing, which takes it out.
        pooled: [F] β.
        own: [S, 1 + F] α and δ per series.
    """

    center: FloatArray
    scale: FloatArray
    pooled: FloatArray
    own: FloatArray

    def predict(self, rows: Rows) -> FloatArray:
        """[R] E[log(1 + Y)]."""
        return smooth_log1p(_eta(_standard(rows.columns, self.center, self.scale), rows, self))[0]


def smooth_log1p(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """h(η) and its derivative, by Gauss–Hermite quadrature; one exponential serves all nodes."""
    bounded = np.minimum(eta, FARTHEST)
    grown = np.exp(bounded)
    held = eta - bounded
    slope = np.zeros_like(eta)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        odds = grown * np.exp(SPREAD * node)
        whole = 1.0 + odds
        held += weight * np.log(whole)
        slope += weight * (odds / whole)
    return held, slope


def fit(rows: Rows, series_count: int) -> Fit:
    """Fit the pooled regression.

    Args:
        rows: training rows, targets known.
        series_count: number of series; one without rows keeps the pooled coefficients and the mean α.

    Raises:
        InputError: there is nothing to fit.
    """
    if not len(rows.target):
        raise InputError("no bar with known liquidations before the cut; train until a later time")
    center, spread = rows.columns.mean(axis=0), rows.columns.std(axis=0)
    scale = np.where(spread > 1e-9 * (1.0 + np.abs(center)), spread, np.inf)
    held = np.bincount(rows.series, minlength=series_count)
    own = np.zeros((series_count, 1 + len(center)))
    weight = np.ones(series_count)
    for s in np.flatnonzero(held):
        mine = rows.series == s
        mean = np.expm1(rows.target[mine].mean()) + 0.1
        own[s, 0] = np.log(mean) - rows.log_size[mine].mean() - 1.0
        weight[s] = 1.0 / max(float(rows.target[mine].std()), 1e-3)
    start = Fit(center=center, scale=scale, pooled=np.zeros(len(center)), own=own)
    found = _descend(rows, start, weight)
    found.own[held == 0, 0] = found.own[held > 0, 0].mean()
    return found


def _standard(columns: FloatArray, center: FloatArray, scale: FloatArray) -> FloatArray:
    z = np.clip((columns - center) / scale, -CLIP, CLIP)
    return np.concatenate([np.ones((len(z), 1)), z], axis=1)


def _eta(z: FloatArray, rows: Rows, fitted: Fit) -> FloatArray:
    coefficients = fitted.own.copy()
    coefficients[:, 1:] += fitted.pooled
    return rows.log_size + np.einsum("rf,rf->r", z, coefficients[rows.series])


def _ridge(count: int) -> FloatArray:
    return np.concatenate([[FREE_RIDGE], np.full(count, SERIES_RIDGE)])


def _loss(z: FloatArray, rows: Rows, fitted: Fit, weight: FloatArray) -> float:
    missed = weight[rows.series] * (rows.target - smooth_log1p(_eta(z, rows, fitted))[0])
    shrunk = POOLED_RIDGE * (fitted.pooled**2).sum() + (fitted.own**2 * _ridge(len(fitted.pooled))).sum()
    return float(missed @ missed + shrunk)


def _descend(rows: Rows, fitted: Fit, weight: FloatArray) -> Fit:
    z = _standard(rows.columns, fitted.center, fitted.scale)
    loss, damping = _loss(z, rows, fitted, weight), 1e-3
    for _ in range(ROUNDS):
        blocks = _blocks(z, rows, fitted, weight)
        for _ in range(8):
            tried = _step(blocks, fitted, damping)
            lower = _loss(z, rows, tried, weight)
            if lower < loss:
                break
            damping *= 10.0
        else:
            return fitted
        gained, loss, fitted, damping = loss - lower, lower, tried, max(damping / 10.0, 1e-9)
        if gained < ENOUGH * loss:
            break
    return fitted


def _blocks(z: FloatArray, rows: Rows, fitted: Fit, weight: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Per series the curvature JᵀJ and the pull Jᵀr of its rows."""
    reached, slope = smooth_log1p(_eta(z, rows, fitted))
    missed = weight[rows.series] * (rows.target - reached)
    jacobian = z * (weight[rows.series] * slope)[:, None]
    found: list[tuple[FloatArray, FloatArray]] = []
    for s in range(len(fitted.own)):
        mine = rows.series == s
        found.append((jacobian[mine].T @ jacobian[mine], jacobian[mine].T @ missed[mine]))
    return found


def _step(blocks: list[tuple[FloatArray, FloatArray]], fitted: Fit, damping: float) -> Fit:
    """One damped step: the series are eliminated first, then β is solved, then the series follow."""
    count = len(fitted.pooled)
    ridge = _ridge(count)
    pooled = np.eye(count) * POOLED_RIDGE
    pull = -POOLED_RIDGE * fitted.pooled
    kept: list[tuple[FloatArray, FloatArray]] = []
    for (curve, force), own in zip(blocks, fitted.own, strict=True):
        bend = curve + np.diag(ridge)
        bend[np.diag_indices_from(bend)] *= 1.0 + damping
        solved = np.linalg.solve(bend, np.column_stack([curve[:, 1:], force - ridge * own])).astype(np.float64)
        kept.append((solved[:, :-1], solved[:, -1]))
        pooled += curve[1:, 1:] - curve[1:] @ solved[:, :-1]
        pull += force[1:] - curve[1:] @ solved[:, -1]
    pooled[np.diag_indices_from(pooled)] *= 1.0 + damping
    moved = np.linalg.solve(pooled, pull)
    own = np.array([o + follow - lever @ moved for o, (lever, follow) in zip(fitted.own, kept, strict=True)])
    return Fit(center=fitted.center, scale=fitted.scale, pooled=fitted.pooled + moved, own=own)
