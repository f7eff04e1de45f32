"""Mark price: what margin is measured at, made so that one venue's last trade cannot liquidate anyone.

Source: Binance support FAQ fff6ec1b…, "Mark price and price index", read 2026-07. Since 2025-09-18 the basis average
runs over 30 points in 30 s; before, over 1 minute (older pages say 2.5 and 30 minutes).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from powderkeg.domain.errors import InputError
from powderkeg.margin.checks import non_negative, number, positive


def mark_price(
    *,
    index_price: float,
    contract_price: float,
    average_basis: float,
    last_funding_rate: float,
    hours_to_funding: float,
    funding_interval_hours: float = 8.0,
) -> float:
    """Median of three: index carried by the funding due, index plus average basis, and the contract's own price.

    Args:
        index_price: price index, quote per base.
        contract_price: last price of the contract.
        average_basis: moving average of contract mid less index, quote; see `average_basis`.
        last_funding_rate: last rate paid, a fraction.
        hours_to_funding: hours until the next payment.
        funding_interval_hours: hours between payments.

    Returns:
        Quote per base.
    """
    index = positive("index_price", index_price)
    share = non_negative("hours_to_funding", hours_to_funding) / positive(
        "funding_interval_hours", funding_interval_hours
    )
    carried = index * (1.0 + number("last_funding_rate", last_funding_rate) * share)
    shifted = index + number("average_basis", average_basis)
    return statistics.median((carried, shifted, positive("contract_price", contract_price)))


def average_basis(mid_prices: Sequence[float], index_prices: Sequence[float]) -> float:
    """Mean of contract mid price less index over the samples given, quote.

    Args:
        mid_prices: [n] (best bid + best ask) / 2.
        index_prices: [n] index at the same times.

    Raises:
        InputError: no samples, or not equally many.
    """
    if not mid_prices or len(mid_prices) != len(index_prices):
        raise InputError(f"average_basis needs equally many samples, got {len(mid_prices)} and {len(index_prices)}")
    return statistics.fmean(mid - index for mid, index in zip(mid_prices, index_prices, strict=True))
