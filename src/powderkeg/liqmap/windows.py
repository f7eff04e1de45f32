"""Trailing windows over what came before a bar, never over the bar itself."""

from __future__ import annotations

import numpy as np

from powderkeg.liqmap.bars import FloatArray


def before_max(numbers: FloatArray, count: int) -> FloatArray:
    """[N] largest of the `count` numbers before each; NaN for the first."""
    padded = np.concatenate([np.full(count, -np.inf), numbers[:-1]])
    largest: FloatArray = np.lib.stride_tricks.sliding_window_view(padded, count).max(axis=1)[: len(numbers)]
    return np.where(np.isneginf(largest), np.nan, largest)


def before_mean(numbers: FloatArray, count: int) -> FloatArray:
    """[N] mean of the known ones among the `count` numbers before each; NaN where none is known."""
    known = np.isfinite(numbers)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, numbers, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    last = np.arange(len(numbers))
    first = np.maximum(last - count, 0)
    held = counts[last] - counts[first]
    return np.where(held > 0, (sums[last] - sums[first]) / np.maximum(held, 1), np.nan)


def before_deviation(numbers: FloatArray, count: int) -> FloatArray:
    """[N] root mean square of the known ones among the `count` numbers before each; NaN where none is known."""
    return np.sqrt(np.maximum(before_mean(numbers * numbers, count), 0.0))


def carried(numbers: FloatArray) -> FloatArray:
    """The last known number at each place; before the first known one, that one."""
    known = np.isfinite(numbers)
    latest = np.maximum.accumulate(np.where(known, np.arange(len(numbers)), -1))
    return numbers[np.where(latest < 0, int(np.argmax(known)), latest)]
