"""Prediction bands from the errors of inner validation, per coin and side, and what is said of them afterwards.

Errors depend on the prediction (nothing liquidated is a floor), so a band takes the quantiles of the validation errors
whose predictions lie nearest. References: split conformal prediction with local residuals (Lei et al. 2018, section
5); the probability integral transform of a forecast with atoms (Czado, Gneiting & Held 2009, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from powderkeg.liqmap.bars import FloatArray, IntArray, Mask
from powderkeg.liqmap.panel import Panel

NEIGHBORS: Final = 120
"""Validation errors whose quantiles make a band: a tenth of them is twelve, enough for a 10 % tail."""

PIT_BINS: Final = 10


def bands(
    panel: Panel, validated: FloatArray, predicted: FloatArray, mask: Mask, share: float
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper end of the central band that is meant to hold `share` of the bars.

    Args:
        panel: the rows.
        validated: [R] inner predictions, known where `mask` is set.
        predicted: [R] predictions to put a band around.
        mask: training rows.
        share: in (0, 1).

    Returns:
        Two [R] arrays in log(1 + liquidated), never below zero.
    """
    lower, upper = predicted.copy(), predicted.copy()
    for mine, known, missed in _errors(panel, validated, mask):
        lower[mine], upper[mine] = local_band(known, missed, predicted[mine], share)
    return lower, upper


def local_band(
    known: FloatArray, missed: FloatArray, predicted: FloatArray, share: float, step: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper end of a central band, from the errors of the nearest inner predictions.

    Args:
        known: [N] inner predictions.
        missed: [N] what happened less each of them.
        predicted: [M] predictions to put a band around.
        share: in (0, 1).
        step: quantiles are taken at every `step`-th place among the sorted inner predictions.

    Returns:
        Two [M] arrays, never below zero, the prediction always between them: the mean of mostly nothing and now and
        then much may lie outside the middle of its distribution.
    """
    windows, start = _nearest(known, missed, predicted)
    low, high = np.quantile(windows[::step], [(1 - share) / 2, (1 + share) / 2], axis=1)
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    at = start // step
    return np.maximum(predicted + low[at], 0.0), np.maximum(predicted + high[at], 0.0)


def transforms(panel: Panel, validated: FloatArray, predicted: FloatArray, mask: Mask) -> FloatArray:
    """[R, 2] share of the predicted distribution below, and at or below, what happened; NaN where that is unknown.

    The two differ where the forecast has an atom: at nothing liquidated.
    """
    found = np.full((len(panel.target), 2), np.nan)
    for mine, known, missed in _errors(panel, validated, mask):
        windows, start = _nearest(known, missed, predicted[mine])
        law = np.maximum(predicted[mine, None] + windows[start], 0.0)
        happened = panel.target[mine, None]
        found[mine] = np.column_stack([(law < happened).mean(axis=1), (law <= happened).mean(axis=1)])
    found[np.isnan(panel.target)] = np.nan
    return found


def pit_histogram(transformed: FloatArray) -> FloatArray:
    """[PIT_BINS] share of rows per tenth of the predicted distribution; all alike for bands that tell the truth.

    Args:
        transformed: [N, 2] as `transforms` gives it; a row is spread evenly between its two ends.
    """
    below, upto = transformed[:, :1], np.maximum(transformed[:, 1:], transformed[:, :1] + 1e-9)
    edges = np.linspace(0.0, 1.0, PIT_BINS + 1)
    reached = np.clip((edges - below) / (upto - below), 0.0, 1.0).mean(axis=0)
    reached[-1] = 1.0
    return np.diff(reached)


def _errors(panel: Panel, validated: FloatArray, mask: Mask) -> Iterator[tuple[Mask, FloatArray, FloatArray]]:
    """Per series its rows, its inner predictions and their errors; a series without any takes those of all."""
    for s in range(panel.series_count):
        mine = panel.series == s
        train = mine & mask if (mine & mask).any() else mask
        yield mine, validated[train], panel.target[train] - validated[train]


def _nearest(known: FloatArray, missed: FloatArray, predicted: FloatArray) -> tuple[FloatArray, IntArray]:
    """[W, NEIGHBORS] errors side by side in the order of their predictions, and which window each prediction takes."""
    order = np.argsort(known, kind="stable")
    count = min(NEIGHBORS, len(known))
    start = np.clip(np.searchsorted(known[order], predicted) - count // 2, 0, len(known) - count)
    return np.lib.stride_tricks.sliding_window_view(missed[order], count), start.astype(np.int64)
