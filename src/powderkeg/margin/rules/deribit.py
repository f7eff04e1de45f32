"""Deribit: margin rates that grow linearly with size, and liquidation in small steps.

Initial margin is (initial rate + slope · size) of the notional, maintenance (maintenance rate + slope · size), size in
base currency. Source: Deribit support 25944738177565, "Linear Perpetual", read 2026-07; its examples (25 BTC at
100,000: 53,125 and 28,125 USDC) hold exactly.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide
from powderkeg.margin.checks import number, positive, sign_of
from powderkeg.margin.rules.base import MarginRules
from powderkeg.margin.tiers import TierTable

RULES: Final = MarginRules(
    venue="deribit",
    liquidation="in small steps until maintenance is below equity; a fee on what is closed (BTC 0.75 %, ETH 0.9 %)",
    deleveraging="none: losses go to the insurance fund, then are socialized",
    source="Deribit support 25944738177565, read 2026-07; liquidation fees of 2022-01-11",
)


class Rates(NamedTuple):
    """Margin rates of one currency: fractions, and their growth per unit of base."""

    initial: float
    maintenance: float
    per_base: float


RATES: Final = {
    "BTC": Rates(0.02, 0.01, 0.00005),
    "ETH": Rates(0.02, 0.01, 0.000004),
    "SOL": Rates(0.04, 0.02, 0.000005),
}
"""Support article named above; 0.005 % per BTC, 0.0004 % per ETH, 0.0005 % per SOL."""


def rates_of(currency: str) -> Rates:
    """The rates of a currency.

    Raises:
        InputError: not known.
    """
    if currency not in RATES:
        raise InputError(f"Deribit's margin rates of {currency!r} are not known; known are {', '.join(RATES)}")
    return RATES[currency]


def initial_margin(*, currency: str, qty_base: float, index_price: float) -> float:
    """Initial margin of a linear perpetual, USDC.

    Args:
        currency: base currency.
        qty_base: position size.
        index_price: quote per base.
    """
    rates, qty = rates_of(currency), positive("qty_base", qty_base)
    return (rates.initial + rates.per_base * qty) * qty * positive("index_price", index_price)


def maintenance_rate(*, currency: str, qty_base: float) -> float:
    """Maintenance margin rate at a size, a fraction of the notional."""
    rates = rates_of(currency)
    return rates.maintenance + rates.per_base * positive("qty_base", qty_base)


def maintenance_margin(*, currency: str, qty_base: float, index_price: float) -> float:
    """Maintenance margin of a linear perpetual, USDC. Arguments as in `initial_margin`."""
    rate = maintenance_rate(currency=currency, qty_base=qty_base)
    return rate * qty_base * positive("index_price", index_price)


def tiers_at(*, currency: str, qty_base: float, unit: str = "USDC") -> TierTable:
    """A one-row table with the rate of one size: exact for a linear position, whose size does not change with price.

    Args:
        currency: base currency.
        qty_base: position size.
        unit: settle currency.
    """
    rates, qty = rates_of(currency), positive("qty_base", qty_base)
    initial, maintenance = rates.initial + rates.per_base * qty, rates.maintenance + rates.per_base * qty
    return TierTable.from_rows(
        [{"floor": 0.0, "mmr": maintenance, "max_leverage": 1.0 / initial}],
        unit=unit,
        date="2026-07-24",
        source=f"{RULES.source}: {rates.maintenance:.0%} + {rates.per_base:.4%} per {currency}, at {qty:g} {currency}",
    )


def inverse_liquidation_price(
    *, side: PositionSide, qty_usd: float, entry_price: float, margin: float, currency: str
) -> float:
    """Liquidation price of a coin-margined position, whose size in coin, and with it its rate, changes with price.

    With x = Q/p the position's size, equity less maintenance is free + σ·x − (rate + per_base·x)·x, σ = −1 for a long;
    the price is that of the root nearer to x = 0 (a short is also liquidated far below, where its size explodes).

    Args:
        side: long or short.
        qty_usd: USD face.
        entry_price: USD per coin.
        margin: coin.
        currency: the coin.

    Returns:
        USD per coin; for a short infinity where it is safe at every higher price, 0 where it is safe at none.
    """
    rates, qty = rates_of(currency), positive("qty_usd", qty_usd)
    paying = -sign_of("side", side)
    free = number("margin", margin) - paying * qty / positive("entry_price", entry_price)
    slope = rates.maintenance - paying
    square = slope * slope + 4.0 * rates.per_base * free
    if square < 0.0:
        return 0.0
    size = 2.0 * free / (slope + math.copysign(math.sqrt(square), slope))
    return qty / size if size > 0.0 else math.inf
