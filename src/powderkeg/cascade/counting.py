"""From counters of groups of paths to estimates with standard errors.

Groups are independent, whatever ties the paths inside one together (pairs, a low-discrepancy sequence), so the spread
between groups is honest for every way of reducing variance. A quantile gets the half-width of Woodruff's interval: the
quantile is read one standard error of the distribution function to either side.

Reference: Woodruff, "Confidence intervals for medians and other position measures", JASA 47, 1952.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from powderkeg.cascade.path_arrays import BINS, LOG_BIN, TIME_BINS, FloatArray, IntArray
from powderkeg.cascade.simulation import Distribution, Estimate, Quantile

PROBABILITIES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TIME_PROBABILITIES: Final = (0.25, 0.5, 0.75)


def geometric_edges(smallest: float) -> FloatArray:
    """[BINS + 1] edges of a geometric histogram; the first bin is read as nothing at all."""
    steps: IntArray = np.arange(BINS, dtype=np.int64)
    return np.concatenate([[0.0], smallest * np.exp(LOG_BIN * steps)])


def time_edges(horizon_h: float) -> FloatArray:
    """[TIME_BINS + 1] edges of the bins of first touch, hours."""
    steps: IntArray = np.arange(TIME_BINS + 1, dtype=np.int64)
    return horizon_h * steps / TIME_BINS


def mean_of(sums: FloatArray, per_row: int) -> Estimate:
    """The mean over all paths of what is summed per group.

    Args:
        sums: [R] sums.
        per_row: paths of a group.
    """
    means = sums / per_row
    return Estimate(estimate=float(means.mean()), standard_error=float(means.std(ddof=1) / math.sqrt(len(means))))


def share_of(hits: IntArray, per_row: int) -> Estimate:
    """The share of paths with a property; where none or all have it, the error of half a path more or less.

    Args:
        hits: [R] paths with it.
        per_row: paths of a group.
    """
    paths, total = per_row * len(hits), int(hits.sum())
    if total in (0, paths):
        smoothed = (total + 0.5) / (paths + 1.0)
        return Estimate(estimate=total / paths, standard_error=math.sqrt(smoothed * (1.0 - smoothed) / paths))
    return mean_of(hits.astype(np.float64), per_row)


def ratio_of(above: FloatArray, below: FloatArray) -> Estimate | None:
    """The ratio of two means, with the delta-method error over groups; None where the lower one is 0."""
    bottom = float(below.mean())
    if bottom <= 0.0:
        return None
    ratio = float(above.mean()) / bottom
    spread = (above - ratio * below) / bottom
    return Estimate(estimate=ratio, standard_error=float(spread.std(ddof=1) / math.sqrt(len(above))))


def quantiles_of(counts: IntArray, edges: FloatArray, probabilities: tuple[float, ...]) -> tuple[Quantile, ...]:
    """Quantiles of a histogram kept per group.

    Args:
        counts: [R, K] paths per bin.
        edges: [K + 1] ascending.
        probabilities: which.
    """
    pooled = np.concatenate([[0], np.cumsum(counts.sum(axis=0))]).astype(np.float64)
    below: IntArray = np.cumsum(counts, axis=1)
    found: list[Quantile] = []
    for probability in probabilities:
        at = _first_reaching(pooled, probability)
        error = _share_error(below[:, at], counts.sum(axis=1))
        low, middle, high = (
            _read(pooled, edges, min(max(probability + shift, 0.0), 1.0)) for shift in (-error, 0.0, error)
        )
        found.append(Quantile(probability=probability, estimate=middle, standard_error=(high - low) / 2.0))
    return tuple(found)


def _share_error(hits: IntArray, sizes: IntArray) -> float:
    """Standard error of a share over groups of given, perhaps unequal, sizes (ratio estimator)."""
    share = hits.sum() / sizes.sum()
    spread = (hits - share * sizes) / sizes.mean()
    return float(spread.std(ddof=1) / math.sqrt(len(hits)))


def _read(pooled: FloatArray, edges: FloatArray, probability: float) -> float:
    """Inverse of a distribution function, linear inside a bin; the first bin of a geometric one counts as its start."""
    wanted = probability * float(pooled[-1])
    at = _first_reaching(pooled, probability)
    if at == 0 and edges[0] == 0.0 and len(edges) == BINS + 1:
        return 0.0
    inside = pooled[at + 1] - pooled[at]
    part = (wanted - pooled[at]) / inside if inside > 0.0 else 0.0
    return float(edges[at] + part * (edges[at + 1] - edges[at]))


def times_of(counts: IntArray, horizon_h: float) -> Distribution | None:
    """Time of first touch given a touch, hours; None where there was none.

    Args:
        counts: [R, TIME_BINS] first touches.
        horizon_h: the horizon.
    """
    if counts.sum() == 0:
        return None
    edges = time_edges(horizon_h)
    middles = 0.5 * (edges[1:] + edges[:-1])
    mean = ratio_of(counts @ middles, counts.sum(axis=1).astype(np.float64))
    assert mean is not None
    return Distribution(unit="hours", mean=mean, quantiles=quantiles_of(counts, edges, TIME_PROBABILITIES))


def _first_reaching(pooled: FloatArray, probability: float) -> int:
    """The first bin up to whose end a share of the paths lies."""
    reached: IntArray = np.flatnonzero(pooled[1:] >= probability * pooled[-1])
    return int(reached[0]) if len(reached) else len(pooled) - 2
