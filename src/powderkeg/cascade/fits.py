"""Power laws fitted to data, with an error that knows which rows belong together."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.profiles import FloatArray
from powderkeg.domain.errors import InputError

LEAST_CLUSTERS: Final = 5
"""Fewer groups of rows give no error worth the name."""


class PowerFit(msgspec.Struct, frozen=True, kw_only=True):
    """log y = intercept + exponent·log x.

    Attributes:
        exponent, exponent_error: slope and its standard error over clusters.
        intercept, intercept_error: at log x = 0.
        scatter: standard deviation of the residuals, in log y.
        rows, clusters: what it was fitted on.
    """

    exponent: float
    exponent_error: float
    intercept: float
    intercept_error: float
    scatter: float
    rows: int
    clusters: int


def fit_power(log_x: FloatArray, log_y: FloatArray, cluster: NDArray[Any]) -> PowerFit:
    """Least squares of log y on log x; rows of a cluster (a moment, a week) count as dependent.

    The covariance is the cluster-robust sandwich with the factor G/(G − 1) for G clusters (Liang and Zeger,
    Biometrika 73, 1986).

    Args:
        log_x: [N] natural logs.
        log_y: [N] natural logs.
        cluster: [N] label of each row's cluster.

    Raises:
        InputError: shapes differ, a number is not finite, all x are alike, or there are too few clusters.
    """
    if not len(log_x) == len(log_y) == len(cluster):
        raise InputError(f"{len(log_x)} x, {len(log_y)} y and {len(cluster)} clusters: give one of each per row")
    if not (np.isfinite(log_x).all() and np.isfinite(log_y).all()):
        raise InputError("a power law needs positive, finite numbers; leave out rows without them")
    _, group = np.unique(cluster, return_inverse=True)
    groups = int(group.max()) + 1 if len(group) else 0
    if groups < LEAST_CLUSTERS:
        raise InputError(f"{groups} independent groups of rows; a fit with an error needs {LEAST_CLUSTERS}")
    center = float(log_x.mean())
    design = np.column_stack([np.ones(len(log_x)), log_x - center])
    spread = design.T @ design
    if spread[1, 1] <= 0.0:
        raise InputError("all x are alike; a slope needs different ones")
    bread = np.linalg.inv(spread)
    solved = bread @ (design.T @ log_y)
    missed = log_y - design @ solved
    scores = np.zeros((groups, 2))
    np.add.at(scores, group, design * missed[:, None])
    covariance = bread @ (scores.T @ scores) @ bread * groups / (groups - 1)
    at_zero = np.array([1.0, -center])
    return PowerFit(
        exponent=float(solved[1]),
        exponent_error=float(np.sqrt(covariance[1, 1])),
        intercept=float(at_zero @ solved),
        intercept_error=float(np.sqrt(at_zero @ covariance @ at_zero)),
        scatter=float(np.sqrt((missed**2).sum() / max(len(missed) - 2, 1))),
        rows=len(log_x),
        clusters=groups,
    )
