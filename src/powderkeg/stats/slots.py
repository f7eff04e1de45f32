r"""What a feed that pushes one order per second hides: the two estimators, over cells of at most 60 one-second slots.

Within a cell of N slots, orders arrive as a Poisson process of rate lambda per slot with independent notionals s
(mean mu, variance sigma^2, distribution F). n slots are not empty, and each of those pushes one order.

**Counting.** n is the number of pushed orders, not of distinct calendar seconds: whatever the phase of the venue's
seconds, each slot pushes at most one. n >= N is saturated: the rate has no estimate, only the floor stands.

**Latest per second.** The pushed order is a fair draw of the sizes, and p = 1 - e^-lambda is estimated by n/N, so
`lambda = -ln(1 - n/N)` (FORMULAS 6) and the notional is `N lambda mean(s)`. Of that logarithm the form without bias
at finite N is used: E[(n/N)(n-1)/(N-1)...] of k factors is p^k, so the series -ln(1-p) = sum p^k/k is matched by

    lambda_hat = 1/(N-n+1) + ... + 1/N = H_N - H_{N-n}          (tends to -ln(1 - n/N) for large N)

It lies below the logarithm by about n / (2 N (N-n)): 0.8 % for one order a minute, where it says, rightly, that the
one order is all. Uncorrected, that bias leaves the interval of a day's sum.

*Variance* of the error (estimate - truth), truth being the notional that really traded, by the delta method. With
K the true count: Var(N lambda_hat) = N (e^lambda - 1), Var(K) = N lambda, and Cov = N lambda, because
Cov(1{K_i > 0}, K_i) = lambda (1 - p) and d lambda/dp = 1/(1 - p). So the count's error has variance
N (e^lambda - 1 - lambda). Given K_hat = N lambda_hat, the sizes of n pushed orders stand for K_hat:
(K_hat/n - 1)^2 n sigma^2 from the pushed and (K_hat - n) sigma^2 from the hidden, together. Hence

    V = mu^2 N (n/(N-n) - lambda_hat) + sigma^2 K_hat (K_hat - n) / n        since e^lambda_hat = N/(N-n)

sigma/mu is pooled over all orders of the feed in the window and mu is the larger of the cell's mean and the pooled
one, so that a cell with n = 1 borrows its variance; the pool itself starts from `PRIOR_ORDERS` orders of `PRIOR_CV`,
so that a window with a single order has an interval too. A side is the same process with s set to 0 on the other
side: its mean is q mu and its second moment q (sigma^2 + mu^2), q the side's share of the cell's orders, pulled to
the window's share by one order's weight.

**Largest per second** (of each side). The pushed order is the largest, so its size is no fair draw, but the share G(x)
of slots with nothing above x is e^(-lambda (1 - F(x))), whatever F. So -ln G(x) is the rate of orders above x, and the
notional per slot is lambda E[s] = integral of -ln G(x) dx. With the same finite-N logarithm the integral is a sum
over the pushed orders in rising size x_1 <= ... <= x_n:

    estimate = sum_j x_j N / (N - n + j)

The largest order stands for itself, the smallest for N/(N-n+1). *Variance* of the error: the influence function of a
slot with maximum X is the integral of 1 - 1{X <= t}/G(t), with variance 2 * integral of t (1/G - 1) dt, and its
covariance with the slot's true notional is lambda E[s^2], which is also that notional's variance and equals
2 * integral of t (-ln G) dt. So V = 2 N * integral of t (1/G - 1 + ln G) dt, a sum over the same steps.

Both assume that orders fall into the slots of a cell independently. What thinned simulations say, at the spread of
sizes of real feeds (tests/stats/test_thinning.py holds these figures):

| feed | class | interval holds the truth | floor / truth | estimate / truth |
|---|---|---|---|---|
| Poisson, minutes of 0.02 to 2 orders/s | latest | 98 % of minutes, 97 % of hours | 0.65 | 1.00 |
| | largest | 99 % of minutes, 98 % of hours | 0.93 | 1.00 |
| families of 4 on average within half a second | latest | 29 % of minutes | 0.33 | 0.40 |
| | largest | 40 % of minutes | 0.79 | 0.82 |

So in a cascade that fires within seconds the estimate is a better floor, not the truth, and its interval is too
narrow: orders that share a second with others leave no trace in a feed that shows one of them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_SLOTS: Final = 60
"""One-second slots of a cell: a minute, FORMULAS 6; short enough for a steady rate, long enough for a logarithm."""

PRIOR_CV: Final = 2.0
"""Standard deviation over mean of the notionals of one symbol. Binance force orders, symbols with 20 or more:
quartiles 1.60, 1.71, 1.94 on 2024-08-17 and 1.77, 1.96, 2.23 on 2025-12-27 (recordings read 2026-11)."""

PRIOR_ORDERS: Final = 4.0
"""Weight of the prior beside the orders of the window: a handful, so that a quiet symbol is not taken for exact."""

LONG_COLUMN, SHORT_COLUMN, TOTAL_COLUMN = range(3)

_HARMONIC: Final[Floats] = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, MAX_SLOTS + 1))))


class SlotOrders(NamedTuple):
    """Pushed orders, one row each.

    Attributes:
        feed: [K] which feed, 0 to feeds - 1.
        cell: [K] which cell of the window, 0 to cells - 1.
        notional_usd: [K] USD, NaN where unknown.
        is_long: [K] whether a long was closed.
        slots: [cells] one-second slots of each cell, 1 to 60.
        feeds: number of feeds.
    """

    feed: Ints
    cell: Ints
    notional_usd: Floats
    is_long: Flags
    slots: Ints
    feeds: int


class CellEstimates(NamedTuple):
    """One row per feed and cell with orders; the columns of the figures are long, short, total.

    Attributes:
        feed: [M] which feed.
        cell: [M] which cell.
        floor_usd: [M, 3] notional pushed.
        estimate_usd: [M, 3] notional estimated; the floor where `saturated`.
        variance_usd2: [M, 3] variance of estimate - truth; 0 where `saturated`.
        saturated: [M, 3] no estimate can be made: every slot is full, or notionals are unknown.
    """

    feed: Ints
    cell: Ints
    floor_usd: Floats
    estimate_usd: Floats
    variance_usd2: Floats
    saturated: Flags


def latest_per_second(orders: SlotOrders) -> CellEstimates:
    """Estimate feeds that push the latest order of each symbol and second, whichever side it is."""
    key, at = np.unique(_cell_key(orders), return_inverse=True)
    feed, cell = np.divmod(key, len(orders.slots))
    known = ~np.isnan(orders.notional_usd)
    usd = np.where(known, orders.notional_usd, 0.0)
    rows = len(key)
    pushed = _count(at, rows)
    floor = _by_side(at, usd, orders.is_long, rows)
    with_size = _sum(at, known, rows)
    slots = orders.slots[cell]
    saturated = (pushed >= slots) | (with_size == 0)
    n = np.where(saturated, 1, pushed)
    lam = _HARMONIC[slots] - _HARMONIC[np.maximum(slots - n, 0)]
    count = slots * lam
    estimate = np.where(saturated[:, None], floor, floor * (count / np.maximum(with_size, 1.0))[:, None])
    long_orders = _sum(at, orders.is_long, rows)
    moments = _pooled(orders, usd, known)
    share = (long_orders + moments.long_share[feed]) / (pushed + 1)
    mean = np.maximum(floor[:, TOTAL_COLUMN] / np.maximum(with_size, 1.0), moments.mean_usd[feed])
    rate_error = slots * (n / np.maximum(slots - n, 1) - lam)
    size_error = count * (count - n) / n
    cv2 = moments.cv2[feed]
    variance = np.stack(
        [_marked_variance(q, mean, cv2, rate_error, size_error) for q in (share, 1.0 - share, np.ones(rows))], axis=1
    )
    flags = np.repeat(saturated[:, None], 3, axis=1)
    return CellEstimates(feed, cell, floor, estimate, np.where(flags, 0.0, variance), flags)


def largest_per_second(orders: SlotOrders) -> CellEstimates:
    """Estimate feeds that push the largest order of each symbol, side and second."""
    side_key = _cell_key(orders) * 2 + ~orders.is_long
    order = np.lexsort((orders.notional_usd, side_key))  # NaN sorts last within its side
    usd, side_key = orders.notional_usd[order], side_key[order]
    key, at, pushed = np.unique(side_key, return_inverse=True, return_counts=True)
    slots = orders.slots[key // 2 % len(orders.slots)]
    starts = np.cumsum(pushed) - pushed
    rank = np.arange(1, len(usd) + 1) - starts[at]
    unknown = _sum(at, np.isnan(usd), len(key)) > 0
    saturated = (pushed >= slots) | unknown
    n, total = np.where(saturated, 1, pushed)[at], slots[at]
    rank = np.where(saturated[at], 1, rank)
    size = np.where(np.isnan(usd), 0.0, usd)
    at_or_below = total - n + rank  # slots with nothing above this order
    before = np.where(rank > 1, np.concatenate(([0.0], size[:-1])), 0.0)
    below = np.maximum(at_or_below - 1, 1)
    step = total / below - 1.0 - (_HARMONIC[total] - _HARMONIC[below])
    floor = _sum(at, size, len(key))
    estimate = np.where(saturated, floor, _sum(at, size * total / at_or_below, len(key)))
    variance = np.where(saturated, 0.0, _sum(at, total * (size**2 - before**2) * step, len(key)))
    cells, row = np.unique(key // 2, return_inverse=True)
    is_long = key % 2 == 0
    feed, cell = np.divmod(cells, len(orders.slots))
    return CellEstimates(
        feed,
        cell,
        _by_side(row, floor, is_long, len(cells)),
        _by_side(row, estimate, is_long, len(cells)),
        _by_side(row, variance, is_long, len(cells)),
        _by_side(row, saturated.astype(np.float64), is_long, len(cells)) > 0,
    )


class _Moments(NamedTuple):
    mean_usd: Floats
    cv2: Floats
    long_share: Floats


def _pooled(orders: SlotOrders, usd: Floats, known: Flags) -> _Moments:
    """[feeds] mean and squared coefficient of variation of the notionals, and the share of longs, over the window."""
    count = _sum(orders.feed, known, orders.feeds)
    mean = _sum(orders.feed, usd, orders.feeds) / np.maximum(count, 1.0)
    deviation = np.where(known, usd - mean[orders.feed], 0.0)
    squares = _sum(orders.feed, deviation**2, orders.feeds)
    variance = (squares + PRIOR_ORDERS * (PRIOR_CV * mean) ** 2) / (np.maximum(count - 1.0, 0.0) + PRIOR_ORDERS)
    cv2 = variance / np.where(mean > 0, mean, 1.0) ** 2
    longs = _sum(orders.feed, orders.is_long, orders.feeds)
    share = (longs + 0.5) / (_count(orders.feed, orders.feeds) + 1.0)
    return _Moments(mean, cv2, share)


def _marked_variance(q: Floats, mean: Floats, cv2: Floats, rate_error: Floats, size_error: Floats) -> Floats:
    """V for the part q of the orders; the other orders count as size 0."""
    marked_variance = (q * (1.0 + cv2) - q**2) * mean**2
    return (q * mean) ** 2 * rate_error + marked_variance * size_error


def _cell_key(orders: SlotOrders) -> Ints:
    return orders.feed * len(orders.slots) + orders.cell


def _by_side(at: Ints, figures: Floats, is_long: Flags, rows: int) -> Floats:
    """[rows, 3] sums of longs, of shorts, and of both."""
    longs = _sum(at, np.where(is_long, figures, 0.0), rows)
    shorts = _sum(at, np.where(is_long, 0.0, figures), rows)
    return np.stack([longs, shorts, longs + shorts], axis=1)


def _count(at: Ints, rows: int) -> Ints:
    return np.bincount(at, minlength=rows)


def _sum(at: Ints, figures: NDArray[Any], rows: int) -> Floats:
    return np.bincount(at, weights=figures, minlength=rows).astype(np.float64, copy=False)
