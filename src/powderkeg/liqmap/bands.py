"""Prediction bands from the errors of inner validation, per coin and side.

Errors depend on the prediction (nothing liquidated is a floor), so a band takes the quantiles of the validation errors
whose predictions lie nearest. Reference: split conformal prediction with local residuals (Lei et al. 2018, section 5).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from powderkeg.liqmap.bars import FloatArray, Mask
from powderkeg.liqmap.panel import Panel

NEIGHBORS: Final = 120
"""Validation errors whose quantiles make a band: a tenth of them is twelve, enough for a 10 % tail."""


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
    for s in range(panel.series_count):
        mine = panel.series == s
        train = mine & mask if (mine & mask).any() else mask
        order = np.argsort(validated[train], kind="stable")
        known, missed = validated[train][order], (panel.target[train] - validated[train])[order]
        count = min(NEIGHBORS, len(known))
        start = np.clip(np.searchsorted(known, predicted[mine]) - count // 2, 0, len(known) - count)
        nearest = np.lib.stride_tricks.sliding_window_view(missed, count)
        low, high = np.quantile(nearest, [(1 - share) / 2, (1 + share) / 2], axis=1)
        lower[mine] = np.maximum(predicted[mine] + low[start], 0.0)
        upper[mine] = np.maximum(predicted[mine] + high[start], 0.0)
    return lower, upper
