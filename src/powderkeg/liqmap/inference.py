"""Is a gain more than luck: tests with days as clusters, ranks, capture, log scores.

References: Diebold & Mariano 1995 (equal accuracy of two forecasts), here with one sum of loss differences per day, so
that the hours of one cascade count once; Duan 1983 (smearing); Rhoades et al. 2011 (information gain of a gridded
rate, as in earthquake forecasts).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.liqmap.fits import least_between, log_gamma, ranks, student_tails

DRAWS: Final = 1000
"""Bootstrap draws of days: the ends of a 95 % interval rest on 25 of them each."""

SEED: Final = 20_240_715


class Comparison(NamedTuple):
    """Diebold–Mariano with day clusters: positive t favors the first forecast."""

    t: float | None
    p_value: float | None
    days: int


def diebold_mariano(target: FloatArray, ours: FloatArray, theirs: FloatArray, day: IntArray) -> Comparison:
    """Whether two forecasts differ in squared error.

    Args:
        target: [N] what happened.
        ours: [N] one forecast.
        theirs: [N] the other.
        day: [N] the cluster of each row.

    Returns:
        None for t and p where fewer than three days or no difference exist.
    """
    better = (target - theirs) ** 2 - (target - ours) ** 2
    _, cluster = np.unique(day, return_inverse=True)
    sums = np.bincount(cluster, weights=better)
    count = len(sums)
    if count < 3 or float(sums.std()) == 0.0:
        return Comparison(None, None, count)
    t = float(sums.mean() / (sums.std(ddof=1) / np.sqrt(count)))
    return Comparison(t, student_tails(t, count - 1), count)


def day_draws(days: int) -> FloatArray:
    """[DRAWS, days] how often each day is drawn when days are drawn with replacement; none where there is none."""
    if not days:
        return np.empty((DRAWS, 0))
    rng = np.random.default_rng(SEED)
    return rng.multinomial(days, np.full(days, 1.0 / days), DRAWS).astype(np.float64)


def interval_of_shares(better: FloatArray, total: FloatArray, draws: FloatArray) -> tuple[float, float] | None:
    """95 % interval of the mean over series of Σ better / Σ total, days resampled for all series together.

    Args:
        better: [S, D] gain in squared error per series and day.
        total: [S, D] squared deviations per series and day.
        draws: [B, D] as `day_draws` gives it.

    Returns:
        None with fewer than three days. Reference: the block bootstrap (Künsch 1989), here with days as blocks.
    """
    if better.shape[1] < 3:
        return None
    drawn = draws @ total.T
    shares = np.where(drawn > 0, (draws @ better.T) / np.where(drawn > 0, drawn, 1.0), np.nan)
    known = shares[:, np.isfinite(shares).any(axis=0)]
    if not known.shape[1]:
        return None
    low, high = np.nanquantile(np.nanmean(known, axis=1), [0.025, 0.975])
    return float(low), float(high)


def uniform_p_value(transformed: FloatArray, day: IntArray) -> float | None:
    """Whether the middle of the transforms is a half, days as clusters: p-value of Student's t over daily means.

    Args:
        transformed: [N, 2] lower and upper probability integral transform.
        day: [N] the cluster of each row.
    """
    _, cluster = np.unique(day, return_inverse=True)
    away = np.bincount(cluster, weights=transformed.mean(axis=1) - 0.5)
    if len(away) < 3 or float(away.std()) == 0.0:
        return None
    return student_tails(float(away.mean() / (away.std(ddof=1) / np.sqrt(len(away)))), len(away) - 1)


def rank_correlation(target: FloatArray, predicted: FloatArray) -> float | None:
    """Spearman's rank correlation; None for a constant."""
    if len(target) < 3 or np.ptp(target) == 0.0 or np.ptp(predicted) == 0.0:
        return None
    return float(np.corrcoef(ranks(target), ranks(predicted))[0, 1])


def capture(liquidated: FloatArray, predicted: FloatArray, shares: tuple[float, ...]) -> list[float | None]:
    """Share of everything liquidated that falls into the bars with the highest predictions, per share of bars."""
    total = float(liquidated.sum())
    if total <= 0.0:
        return [None for _ in shares]
    caught = np.cumsum(liquidated[np.argsort(-predicted, kind="stable")]) / total
    return [float(caught[max(round(share * len(caught)), 1) - 1]) for share in shares]


def information_gain(liquidated: FloatArray, predicted: FloatArray, over: FloatArray) -> float | None:
    """Σ w·ln(p/p0): nats per unit liquidated, with w, p and p0 the shares of each bar; None where there are none."""
    total = float(liquidated.sum())
    if total <= 0.0 or not predicted.any() or not over.any():
        return None
    ours, theirs = predicted + 1e-9 * predicted.mean(), over + 1e-9 * over.mean()
    return float((liquidated / total) @ np.log((ours / ours.sum()) / (theirs / theirs.sum())))


class Counts(NamedTuple):
    """A negative binomial fitted on training rows: how a prediction becomes a rate, and how spread it is."""

    unit: float
    smearing: float
    dispersion: float


def fit_counts(liquidated: FloatArray, predicted: FloatArray) -> Counts:
    """Fit on training rows.

    Args:
        liquidated: [N] base units.
        predicted: [N] exp(mean log) − 1, base units.
    """
    positive = liquidated[liquidated > 0]
    unit = float(np.median(positive)) if len(positive) else 1.0
    smearing = float(liquidated.sum() / max(float(predicted.sum()), 1e-12))
    counts = np.round(liquidated / unit)

    def cost(log_dispersion: float) -> float:
        return -float(_log_mass(counts, predicted * smearing / unit, float(np.exp(log_dispersion))).mean())

    return Counts(unit, smearing, float(np.exp(least_between(cost, -6.0, 6.0))))


def log_score(liquidated: FloatArray, predicted: FloatArray, counts: Counts) -> float:
    """Mean log probability per bar of the liquidated counts."""
    rate = predicted * counts.smearing / counts.unit
    return float(_log_mass(np.round(liquidated / counts.unit), rate, counts.dispersion).mean())


def _log_mass(counts: FloatArray, rate: FloatArray, dispersion: float) -> FloatArray:
    rate = np.maximum(rate, 1e-6)
    shape = 1.0 / dispersion
    gamma = log_gamma(counts + shape) - log_gamma(np.array([shape])) - log_gamma(counts + 1.0)
    return gamma + shape * np.log(shape / (shape + rate)) + counts * np.log(rate / (shape + rate))
