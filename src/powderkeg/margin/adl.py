"""Auto-deleveraging: who on the winning side is closed when a bankrupt position cannot be.

Every venue ranks by profit and leverage, each in its own way; the queue itself works alike everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.margin.checks import non_negative, number, positive

LIGHTS: Final = 5
"""Lights of the indicator, each a fifth of the open quantity. BitMEX, "Auto-Deleveraging", read 2026-07."""


class Queued(NamedTuple):
    """A position in the queue: whose, how much, and its score (higher is closed first)."""

    account: str | int
    qty: float
    score: float


class Deleveraged(NamedTuple):
    """A position closed, or part of it."""

    account: str | int
    closed_qty: float
    remaining_qty: float


def binance_score(*, unrealized_pnl: float, wallet_balance: float, margin_ratio: float) -> float:
    """Leveraged profit: max(0, UPNL) / max(1, WB) · margin ratio.

    Args:
        unrealized_pnl: of the position, quote.
        wallet_balance: quote.
        margin_ratio: maintenance / (wallet + UPNL); 0 where that equity is not positive.

    Source: dev.binance.vision/t/17801, quoting support FAQ 360033525471, read 2026-07.
    """
    gained = max(0.0, number("unrealized_pnl", unrealized_pnl))
    return gained / max(1.0, number("wallet_balance", wallet_balance)) * non_negative("margin_ratio", margin_ratio)


def bitmex_score(*, mark_value: float, average_entry_value: float, bankrupt_value: float) -> float:
    """PnL % times effective leverage if in profit, PnL % divided by it if not.

    Effective leverage is |mark value| / (mark value − bankrupt value), PnL % is (mark value − entry value) / |entry
    value|; values are signed as BitMEX states them, so that a profit makes the difference positive.

    Args:
        mark_value: value of the position at mark.
        average_entry_value: its value at the average entry price.
        bankrupt_value: its value at the bankruptcy price.

    Raises:
        InputError: mark value equals bankrupt value, or entry value is 0.

    Source: BitMEX, "Auto-Deleveraging", read 2026-07.
    """
    margin = number("mark_value", mark_value) - number("bankrupt_value", bankrupt_value)
    if margin == 0.0 or number("average_entry_value", average_entry_value) == 0.0:
        raise InputError("mark_value must differ from bankrupt_value, and average_entry_value from 0")
    leverage = abs(mark_value) / margin
    profit_ratio = (mark_value - average_entry_value) / abs(average_entry_value)
    return profit_ratio * leverage if profit_ratio > 0.0 else profit_ratio / leverage


def hyperliquid_score(*, mark_price: float, entry_price: float, notional: float, account_value: float) -> float:
    """(mark / entry) · (notional / account value), for the side opposite to the bankrupt one.

    Hyperliquid states it for longs being closed; the ratio is used as stated for both sides.

    Args:
        mark_price: quote per base.
        entry_price: quote per base.
        notional: position value at mark, USD.
        account_value: USD, > 0.

    Source: Hyperliquid docs, "Auto-deleveraging", read 2026-07.
    """
    move = positive("mark_price", mark_price) / positive("entry_price", entry_price)
    return move * (positive("notional", notional) / positive("account_value", account_value))


def bybit_score(*, unrealized_pnl: float, position_margin: float) -> float:
    """Leveraged return: unrealized PnL over the position's margin.

    Source: Bybit help center, "Auto-Deleveraging (ADL) Mechanism", read 2026-07.
    """
    return number("unrealized_pnl", unrealized_pnl) / positive("position_margin", position_margin)


def ranked(queue: Sequence[Queued]) -> list[Queued]:
    """The queue, highest score first; equal scores keep their order."""
    for entry in queue:
        positive("qty", entry.qty)
        number("score", entry.score)
    return sorted(queue, key=lambda entry: -entry.score)


def deleverage(queue: Sequence[Queued], qty: float) -> list[Deleveraged]:
    """Close `qty` against the queue, from the top, each position whole before the next is touched.

    Args:
        queue: positions of the opposite side, in any order.
        qty: quantity of the bankrupt position left to close, > 0.

    Returns:
        The positions touched, in order; their closed quantities sum to `qty`, or to the whole queue if it is smaller
        (what then remains is a socialized loss).
    """
    left = positive("qty", qty)
    closed: list[Deleveraged] = []
    for entry in ranked(queue):
        if left <= 0.0:
            break
        part = min(left, entry.qty)
        closed.append(Deleveraged(entry.account, part, entry.qty - part))
        left -= part
    return closed


def lights(queue: Sequence[Queued]) -> dict[str | int, int]:
    """How many of five lights each account shows as BitMEX counts: 5 is closed first.

    A position's share of the queue is counted to its end, and each fifth passed takes a light away.
    """
    total = math.fsum(entry.qty for entry in queue)
    shown: dict[str | int, int] = {}
    passed = 0.0
    for entry in ranked(queue):
        passed += entry.qty
        fifth = math.ceil(round(passed / total * LIGHTS, 9))  # 0.6000000000000001 of the queue is three fifths
        shown[entry.account] = LIGHTS + 1 - max(1, fifth)
    return shown
