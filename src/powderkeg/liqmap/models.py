"""The models that compete, each a function from training rows to a prediction of every row.

`move` is baseline (a), `fresh` (a1), `bare` (a0): least squares per coin and side. `price` and `map` are the pooled
regression on the price path, without and with the map. All predict the conditional mean of log(1 + liquidated).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from powderkeg.liqmap.bars import FloatArray, Mask
from powderkeg.liqmap.features import SHARE_FLOOR
from powderkeg.liqmap.link import fit
from powderkeg.liqmap.panel import Panel

Model = Callable[[Panel, Mask, Mask], FloatArray]
"""Fits on the rows of the first mask, predicts those of the second; [R], meaningless elsewhere."""

SEEN_SHARE: Final = 0.1
"""A distance of the map is used once a tenth of the training bars reached levels of it: fewer teach nothing."""

AT_ONCE: Final = 20_000
"""Rows predicted in one go: hundreds of thousands of minutes would need their columns several times over at once."""

COMPARED_BARS: Final = 40
"""Training bars of a coin and side below which it is not scored: ten per coefficient of baseline (a), the least that
rules of thumb ask of a regression (Harrell 2015, section 4.4). A gain over what was hardly fitted would say nothing."""

INNER_BLOCKS: Final = 8
"""Blocks of inner validation: about three days each in a month of training, longer than liquidations cluster."""


def per_series(columns: FloatArray) -> Model:
    """Least squares on [1, columns], each coin and side by itself; without training rows the mean of all."""

    def model(panel: Panel, mask: Mask, wanted: Mask) -> FloatArray:
        predicted = np.full(len(panel.target), float(panel.target[mask].mean()) if mask.any() else np.nan)
        for s in range(panel.series_count):
            train = (panel.series == s) & mask
            if not train.any():
                continue
            mine = (panel.series == s) & (mask | wanted)
            center, spread = columns[train].mean(axis=0), columns[train].std(axis=0)
            z = np.where(spread > 0, (columns[mine] - center) / np.where(spread > 0, spread, 1.0), 0.0)
            design = np.column_stack([np.ones(len(z)), z])
            solved = np.linalg.lstsq(design[mask[mine]], panel.target[train], rcond=1e-9)[0]
            predicted[mine] = design @ solved
        return predicted

    return model


def pooled(columns: FloatArray) -> Model:
    """The pooled regression of `link` on these columns."""

    def model(panel: Panel, mask: Mask, wanted: Mask) -> FloatArray:
        rows = panel.rows(columns)
        predicted = np.full(len(panel.target), np.nan)
        fitted, asked = fit(rows.where(mask), panel.series_count), np.flatnonzero(wanted)
        for first in range(0, len(asked), AT_ONCE):
            part = asked[first : first + AT_ONCE]
            predicted[part] = fitted.predict(rows.where(part))
        return predicted

    return model


def with_map(base: FloatArray, levels: FloatArray, mask: Mask) -> FloatArray:
    """Base columns and those distances of the map that the masked rows have seen at work."""
    seen = (levels[mask] > np.log(2.0 * SHARE_FLOOR)).mean(axis=0) >= SEEN_SHARE
    return np.concatenate([base, levels[:, seen]], axis=1)


def inner_folds(panel: Panel, mask: Mask) -> list[tuple[Mask, Mask]]:
    """Training and held-out masks of blocked inner validation, all inside `mask`."""
    span = panel.open_ns[mask]
    first, last = int(span.min()), int(span.max()) + 1
    block = np.clip((panel.open_ns - first) * INNER_BLOCKS // (last - first), 0, INNER_BLOCKS - 1)
    folds = [(mask & (block != b), mask & (block == b)) for b in range(INNER_BLOCKS)]
    return [(train, held) for train, held in folds if train.any() and held.any()]


def validate(model: Model, panel: Panel, mask: Mask) -> FloatArray:
    """[R] prediction of every masked row by the model trained without the row's block; NaN elsewhere."""
    predicted = np.full(len(panel.target), np.nan)
    for train, held in inner_folds(panel, mask):
        predicted[held] = model(panel, train, held)[held]
    return predicted


def squared_error(panel: Panel, predicted: FloatArray, mask: Mask) -> FloatArray:
    """[S] sum of squared errors of each series over the masked rows."""
    missed = np.where(mask, panel.target - predicted, 0.0)
    return np.bincount(panel.series, weights=missed**2, minlength=panel.series_count).astype(np.float64)


def spread(panel: Panel, mask: Mask) -> FloatArray:
    """[S] sum of squared deviations of each series from its own mean over the masked rows."""
    held = np.maximum(np.bincount(panel.series[mask], minlength=panel.series_count), 1)
    mean = np.bincount(panel.series[mask], weights=panel.target[mask], minlength=panel.series_count) / held
    return squared_error(panel, mean[panel.series], mask)


def gain(panel: Panel, predicted: FloatArray, over: FloatArray, mask: Mask) -> FloatArray:
    """[S] explained variance of `predicted` over `over`, as a share of each series' variance in the masked rows.

    NaN for a series without spread there.
    """
    better = squared_error(panel, over, mask) - squared_error(panel, predicted, mask)
    total = spread(panel, mask)
    return np.where(total > 0, better / np.where(total > 0, total, 1.0), np.nan)
