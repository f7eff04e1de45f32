"""Bybit: maintenance on entry value until 2025, on mark since 2026; bankruptcy price in the close fee.

Source: Bybit help center, "Liquidation Price (USDT Contract)", "Liquidation Price Calculation under Isolated Mode"
(2026-05-27), "Liquidation Price (Inverse Contract)" 360039261334 (2020), "Auto-Deleveraging (ADL) Mechanism", read
2026-07.
"""

from __future__ import annotations

from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide
from powderkeg.margin.checks import non_negative, number, positive, sign_of
from powderkeg.margin.prices import bankruptcy_price, liquidation_price
from powderkeg.margin.rules.base import MarginRules

ON_MARK_SINCE: Final = "2026-01-01"
"""Documents of 2025 charge on entry, that of 2026-05-27 on mark; the exact day of the change is not published."""

SETTLED_AT_MARK_BEYOND: Final = 0.05
"""A bankruptcy price further than this share from mark is replaced by the mark price. ADL article, read 2026-07."""

_LIQUIDATION: Final = "taken over at the bankruptcy price; the insurance pool takes the difference to the fill"
_DELEVERAGING: Final = "leveraged return; begins when a pool has lost its highest balance of the last 8 hours"
_SOURCE: Final = "Bybit help center, liquidation price and ADL articles, read 2026-07"

RULES_ON_ENTRY: Final = MarginRules(
    venue="bybit", maintenance_on="entry", liquidation=_LIQUIDATION, deleveraging=_DELEVERAGING, source=_SOURCE
)
RULES_ON_MARK: Final = MarginRules(
    venue="bybit", liquidation=_LIQUIDATION, deleveraging=_DELEVERAGING, source=f"{_SOURCE}; copy of 2026-05-27"
)


def inverse_isolated_margin(
    *, side: PositionSide, qty_usd: float, entry_price: float, leverage: float, extra: float = 0.0, fee: float = 0.0
) -> float:
    """The margin of an inverse isolated position as the 2026 formula counts it: extra margin net of the close fee.

    Args:
        side: long or short.
        qty_usd: USD face.
        entry_price: USD per coin.
        leverage: notional over initial margin.
        extra: margin added later, coin.
        fee: taker fee.

    Returns:
        Coin; the `margin` of `liquidation_price(contract="inverse", ...)`.
    """
    initial = positive("qty_usd", qty_usd) / positive("entry_price", entry_price) / positive("leverage", leverage)
    return initial + non_negative("extra", extra) / (1.0 + sign_of("side", side) * non_negative("fee", fee))


def inverse_cross_liquidation_price(
    *, side: PositionSide, qty_usd: float, entry_price: float, balance: float, mmr: float, fee: float
) -> float:
    """Liquidation price of an inverse cross position in the 2020 rules: maintenance on entry, close fee at bankruptcy.

    Args:
        side: long or short.
        qty_usd: USD face.
        entry_price: USD per coin.
        balance: coin available to the position, order margin taken off.
        mmr: maintenance margin rate.
        fee: taker fee.

    Returns:
        USD per coin, before the venue rounds it to a tick.
    """
    qty = positive("qty_usd", qty_usd)
    empty = bankruptcy_price(
        side=side, qty=qty, entry_price=entry_price, margin=balance, contract="inverse", taker_fee=fee
    )
    return liquidation_price(
        side=side,
        qty=qty,
        entry_price=entry_price,
        margin=balance - qty * fee / empty,
        mmr=mmr,
        contract="inverse",
        maintenance_on="entry",
    )


def settlement_price(*, bankruptcy: float, mark_price: float) -> float:
    """The price a taken-over position is settled at: its bankruptcy price, or mark where that is too far off."""
    mark = positive("mark_price", mark_price)
    price = non_negative("bankruptcy", bankruptcy)
    return mark if abs(price - mark) > SETTLED_AT_MARK_BEYOND * mark else price


def deleveraging_begins(*, highest_balance: float, balance: float) -> bool:
    """Whether a pool's 8-hour drawdown is the whole of its highest balance in that time.

    Args:
        highest_balance: of the last 8 hours, > 0.
        balance: now.

    Raises:
        InputError: the balance is above the highest.
    """
    highest, now = positive("highest_balance", highest_balance), number("balance", balance)
    if now > highest:
        raise InputError(f"balance {now:g} is above highest_balance {highest:g}")
    return highest - now >= highest
