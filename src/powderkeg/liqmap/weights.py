"""What the levels of a map are worth: the non-negative weights of its distances.

    E[Y_i] = OI_i · Σ_k w_k · c_ik,   w ≥ 0

with c_ik the share of open interest that distance k alone would see crossed in bar i. The capture share of a sampled
feed is inside w, so weights are a floor of how leverage is mixed. Fitted by reweighted non-negative least squares: the
spread of liquidations grows with their mean, so a row weighs 1 / mean. A series is drawn to the weights of all, and
those to one weight for every distance: a distance that price never reached keeps what the others say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from powderkeg.liqmap.bars import FloatArray, Mask
from powderkeg.liqmap.estimate import Estimate
from powderkeg.liqmap.fits import nonnegative_least_squares
from powderkeg.liqmap.models import inner_folds
from powderkeg.liqmap.panel import Panel

ROUNDS: Final = 4
MEAN_FLOOR: Final = 1e-6
"""Smallest mean share of open interest a row is weighed by: less than any bar with a liquidation in it shows."""

ENOUGH_CROSSED: Final = 100
"""Bars a series needs for a band of its own: ten beyond either end."""

PRIOR_ROWS: Final = 40.0
"""How many typical rows the prior is worth: about two days of hourly bars."""


def distance_weights(panel: Panel, walked: Sequence[Estimate], mask: Mask) -> FloatArray:
    """Weights per series and distance.

    Args:
        panel: the rows.
        walked: the map of each market.
        mask: rows to train on.

    Returns:
        [S, K] non-negative, their sum at most 1 so that no map holds more than open interest.
    """
    crossed: FloatArray = np.concatenate([one.crossed_share[:, side] for one in walked for side in range(2)])
    held = np.concatenate([one.open_interest_before for one in walked for _ in range(2)])
    rows = mask & (held > 0)
    liquidated = np.expm1(panel.target[rows]) / held[rows]
    crossed, series = crossed[rows], panel.series[rows]
    even = liquidated.sum() / max(float(crossed.sum()), 1e-12)
    shared = nonnegative_weights(crossed, liquidated, np.full(len(walked[0].level_map.settings.distances), float(even)))
    found = [
        nonnegative_weights(crossed[series == s], liquidated[series == s], shared) for s in range(panel.series_count)
    ]
    return np.array(found)


def crossing_ratios(panel: Panel, walked: Sequence[Estimate], mask: Mask) -> FloatArray:
    """How far from the drawn dollars a bar falls that crosses them.

    Blocks of days are left out in turn, weights are fitted on the rest, and what was liquidated is divided by what they
    gave, in the half of the bars that cross most. So the errors of weights, distances and flow are all in it.

    Returns:
        [S, 2] 10th and 90th percent of that ratio; of all series where one has fewer than `ENOUGH_CROSSED` such bars.
    """
    crossed: FloatArray = np.concatenate([one.crossed_share[:, side] for one in walked for side in range(2)])
    held = np.concatenate([one.open_interest_before for one in walked for _ in range(2)])
    drawn = np.full(len(held), np.nan)
    for train, left_out in inner_folds(panel, mask):
        weights = distance_weights(panel, walked, train)[panel.series[left_out]]
        drawn[left_out] = np.einsum("rk,rk->r", crossed[left_out], weights) * held[left_out]
    middle = np.array(
        [
            np.median(drawn[mine]) if (mine := mask & (panel.series == s)).any() else 0.0
            for s in range(panel.series_count)
        ]
    )
    known = mask & (drawn > 0) & (drawn >= middle[panel.series])
    ratio = np.where(known, np.expm1(panel.target) / np.where(known, drawn, 1.0), np.nan)
    ends = np.array([0.1, 0.9])
    shared = np.quantile(ratio[known], ends) if known.any() else np.ones(2)
    found = np.tile(shared, (panel.series_count, 1))
    for s in range(panel.series_count):
        mine = known & (panel.series == s)
        if mine.sum() >= ENOUGH_CROSSED:
            found[s] = np.quantile(ratio[mine], ends)
    return found


def nonnegative_weights(crossed: FloatArray, liquidated: FloatArray, prior: FloatArray) -> FloatArray:
    """[K] w ≥ 0 with Σ w ≤ 1 that explain what was liquidated by what was crossed.

    Args:
        crossed: [N, K] share of open interest crossed at each distance.
        liquidated: [N] share of open interest liquidated.
        prior: [K] weights to lean on.
    """
    found = prior
    mean = crossed @ prior
    pull = np.sqrt(PRIOR_ROWS / len(prior)) / np.maximum(prior, 1e-3 * max(float(prior.max()), 1e-12))
    for _ in range(ROUNDS if len(liquidated) else 0):
        weight = 1.0 / np.maximum(mean, max(float(liquidated.mean()), MEAN_FLOOR))
        design = np.concatenate([crossed * weight[:, None], np.diag(pull)])
        aim = np.concatenate([liquidated * weight, pull * prior])
        found = nonnegative_least_squares(design, aim)
        mean = 0.5 * mean + 0.5 * crossed @ found
    return found / max(float(found.sum()), 1.0)
