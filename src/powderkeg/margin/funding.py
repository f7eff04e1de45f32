"""Funding: the premium, the rate made from it, and what a position pays.

Rates are fractions per funding interval; a positive rate is paid by longs to shorts.
Source: Binance support, "Introduction to Binance Futures Funding Rates", terms in force since 2025-09-18, read 2026-07.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide
from powderkeg.margin.checks import non_negative, number, positive, sign_of

INTEREST_RATE: Final = 0.0001
"""0.01 % per 8 hours, all pairs but BNB's (0). Binance support, funding rates, read 2026-07."""

CLAMP: Final = 0.0005
"""The interest term moves the premium by at most 0.05 %. Same source."""

BASE_INTERVAL_HOURS: Final = 8.0
"""Premium and interest are stated per 8 hours, whatever the interval at which they are paid. Same source."""

IMPACT_MARGIN_USD: Final = 200.0
"""Impact notional = 200 USDT times the highest leverage of the contract. Same source."""


def impact_notional_usd(max_leverage: float) -> float:
    """The order value whose average fill price is the impact price."""
    return IMPACT_MARGIN_USD * positive("max_leverage", max_leverage)


def premium_index(*, impact_bid_price: float, impact_ask_price: float, index_price: float) -> float:
    """How far the book stands off the index: (max(0, bid − index) − max(0, index − ask)) / index.

    Args:
        impact_bid_price: average price of selling the impact notional, quote per base.
        impact_ask_price: average price of buying it.
        index_price: the index.
    """
    bid, ask = positive("impact_bid_price", impact_bid_price), positive("impact_ask_price", impact_ask_price)
    index = positive("index_price", index_price)
    return (max(0.0, bid - index) - max(0.0, index - ask)) / index


def average_premium(premiums: Sequence[float]) -> float:
    """Time-weighted mean over the interval: sample k of n has weight k, so the latest counts most.

    The weighting is stated by Binance for its own funding and was not checked against published rates.

    Args:
        premiums: [n] premium index samples in order, one every 5 s at Binance.
    """
    if not premiums:
        raise InputError("average_premium needs at least one premium index sample")
    weighted = sum(k * number("premium", premium) for k, premium in enumerate(premiums, 1))
    return weighted / (len(premiums) * (len(premiums) + 1) / 2)


def funding_rate(
    premium: float,
    *,
    interest_rate: float = INTEREST_RATE,
    clamp: float = CLAMP,
    interval_hours: float = BASE_INTERVAL_HOURS,
    cap: float | None = None,
    floor: float | None = None,
) -> float:
    """The rate paid per interval: (P + clamp(I − P, ±clamp)) / (8 / interval), then held within cap and floor.

    Where |I − P| ≤ clamp the premium drops out and the rate is the interest rate.

    Args:
        premium: average premium index, a fraction.
        interest_rate: per 8 hours.
        clamp: largest interest correction, >= 0.
        interval_hours: hours between payments, > 0.
        cap: highest rate per interval, None for none.
        floor: lowest rate per interval, None for none.

    Raises:
        InputError: a number out of range, or floor above cap.
    """
    average, limit = number("premium", premium), non_negative("clamp", clamp)
    correction = max(-limit, min(limit, number("interest_rate", interest_rate) - average))
    rate = (average + correction) * (positive("interval_hours", interval_hours) / BASE_INTERVAL_HOURS)
    if cap is not None and floor is not None and floor > cap:
        raise InputError(f"floor {floor:g} is above cap {cap:g}")
    if cap is not None:
        rate = min(rate, number("cap", cap))
    return rate if floor is None else max(rate, number("floor", floor))


def funding_payment(*, position_side: PositionSide, notional: float, rate: float) -> float:
    """What a position pays at one funding time; negative where it is paid.

    Args:
        position_side: long or short.
        notional: position value at mark, > 0, in settle currency; the payment is in the same.
        rate: per interval, a fraction.
    """
    sign = sign_of("position_side", position_side)
    return sign * positive("notional", notional) * number("rate", rate)


def funding_per_day(*, position_side: PositionSide, notional: float, rate: float, interval_hours: float) -> float:
    """What a position pays per 24 hours if the rate and the mark stay; negative where it is paid."""
    per_interval = funding_payment(position_side=position_side, notional=notional, rate=rate)
    return per_interval * 24.0 / positive("interval_hours", interval_hours)
