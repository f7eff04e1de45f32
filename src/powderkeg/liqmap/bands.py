"""Prediction bands from the errors of inner validation, per coin and side, and what is said of them afterwards.

Errors depend on the prediction (nothing liquidated is a floor), so a band takes the quantiles of the validation errors
whose predictions lie nearest. References: split conformal prediction with local residuals (Lei et al. 2018, section
5); the probability integral transform of a forecast with atoms (Czado, Gneiting & Held 2009, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from powderkeg.liqmap.bars import FloatArray, IntArray, Mask
from powderkeg.liqmap.panel import Panel

NEIGHBORS: Final = 120
"""Validation errors whose quantiles make a band: a tenth of them is twelve, enough for a 10 % tail."""

PIT_BINS: Final = 10


class _Nearest(NamedTuple):
    """Errors near every prediction of one series: `windows[start[i]]` are those of row `rows[i]`."""

    rows: IntArray
    windows: FloatArray
    start: IntArray


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
    for near in _nearest(panel, validated, predicted, mask):
        low, high = np.quantile(near.windows, [(1 - share) / 2, (1 + share) / 2], axis=1)
        lower[near.rows] = np.maximum(predicted[near.rows] + low[near.start], 0.0)
        upper[near.rows] = np.maximum(predicted[near.rows] + high[near.start], 0.0)
    return lower, upper


def transforms(panel: Panel, validated: FloatArray, predicted: FloatArray, mask: Mask) -> FloatArray:
    """[R, 2] share of the predicted distribution below, and at or below, what happened; NaN where that is unknown.

    The two differ where the forecast has an atom: at nothing liquidated.
    """
    found = np.full((len(panel.target), 2), np.nan)
    for rows, windows, start in _nearest(panel, validated, predicted, mask):
        law = np.maximum(predicted[rows, None] + windows[start], 0.0)
        happened = panel.target[rows, None]
        found[rows, 0], found[rows, 1] = (law < happened).mean(axis=1), (law <= happened).mean(axis=1)
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


def _nearest(panel: Panel, validated: FloatArray, predicted: FloatArray, mask: Mask) -> Iterator[_Nearest]:
    for s in range(panel.series_count):
        mine = panel.series == s
        train = mine & mask if (mine & mask).any() else mask
        order = np.argsort(validated[train], kind="stable")
        known, missed = validated[train][order], (panel.target[train] - validated[train])[order]
        count = min(NEIGHBORS, len(known))
        start = np.clip(np.searchsorted(known, predicted[mine]) - count // 2, 0, len(known) - count)
        windows = np.lib.stride_tricks.sliding_window_view(missed, count)
        yield _Nearest(np.flatnonzero(mine), windows, start.astype(np.int64))
