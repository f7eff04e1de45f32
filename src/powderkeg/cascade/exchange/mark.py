"""The mark price of a simulated instrument, in whole ticks.

AVERAGE_BASIS (Binance): the median of the index carried by the funding due, index plus the mean of the last 30 basis
samples, and the last price. SMOOTHED_BASIS (Hyperliquid): the median of the index plus an average of the basis that
fades with 150 s, the median of best bid, best ask and last, and an average of that one that fades with 30 s. LAST: the
last price, which is for comparing with models that know one price only. The samples are taken at every index update.
Source: Binance support FAQ fff6ec1b…; Hyperliquid docs, "Robust price indices"; read 2026-07.
"""

from __future__ import annotations

from statistics import median_low
from typing import Final

import numpy as np

from powderkeg.cascade.exchange.integers import RATE_ONE, IntArray
from powderkeg.cascade.exchange.rules import MarkRule
from powderkeg.domain.time import NS_PER_S

SAMPLES: Final = 30
BASIS_NS: Final = 150 * NS_PER_S
BOOK_NS: Final = 30 * NS_PER_S
FINE: Final = 1 << 20
"""Smoothed prices are kept in 2⁻²⁰ ticks."""

_BASIS, _BOOK, _TAKEN, _SUM, _PREMIUMS, _AT_NS = range(SAMPLES, SAMPLES + 6)


def empty_marks(instruments: int) -> IntArray:
    """[I, samples and averages]: what mark and funding remember of every instrument."""
    return np.zeros((instruments, SAMPLES + 6), dtype=np.int64)


def observe(memory: IntArray, *, quote: tuple[int, int, int], index_tick: int, now_ns: int) -> None:
    """Sample the book against a new index: basis, premium and the fading averages, which the first sample sets.

    Args:
        memory: one row of `empty_marks`, changed.
        quote: best bid, best ask and last price, ticks; the index where there is none.
        index_tick: the new index.
        now_ns: time.
    """
    bid, ask, last = quote
    doubled = bid + ask - 2 * index_tick
    number = int(memory[_TAKEN])
    memory[number % SAMPLES] = doubled
    memory[_TAKEN] = number + 1
    memory[_SUM] += doubled * RATE_ONE // (2 * index_tick)
    memory[_PREMIUMS] += 1
    passed = now_ns - int(memory[_AT_NS])
    samples = ((_BASIS, doubled * FINE // 2, BASIS_NS), (_BOOK, median_low((bid, ask, last)) * FINE, BOOK_NS))
    for column, sample, fading_ns in samples:
        held = int(memory[column])
        memory[column] = sample if number == 0 else held + (sample - held) * passed // (passed + fading_ns)
    memory[_AT_NS] = now_ns


def mark_of(rule: MarkRule, memory: IntArray, *, quote: tuple[int, int, int], index_tick: int, carry: int) -> int:
    """The mark after `observe`, ticks.

    Args:
        rule: which one.
        memory: one row of `empty_marks`.
        quote: as there.
        index_tick: as there.
        carry: last funding rate times the share of its interval still to come, billionths.
    """
    bid, ask, last = quote
    if rule is MarkRule.LAST:
        return last
    if rule is MarkRule.AVERAGE_BASIS:
        count = min(SAMPLES, int(memory[_TAKEN]))
        shifted = index_tick + int(memory[:count].sum()) // (2 * count)
        return median_low((index_tick + index_tick * carry // RATE_ONE, shifted, last))
    smooth = index_tick + int(memory[_BASIS]) // FINE
    return median_low((smooth, median_low((bid, ask, last)), int(memory[_BOOK]) // FINE))


def take_premium(memory: IntArray) -> int:
    """Mean premium since the last funding, billionths, and begin anew; 0 without a sample."""
    count = int(memory[_PREMIUMS])
    mean = int(memory[_SUM]) // count if count else 0
    memory[_SUM] = memory[_PREMIUMS] = 0
    return mean
