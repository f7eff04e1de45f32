"""The exact exchange laid out as the fast models take the world: fuel and depth per bin, account by account."""

from __future__ import annotations

import msgspec
import numpy as np
from exchange_flow import bitcoin

from powderkeg.cascade.exchange import HYPERLIQUID_LIKE, Exchange, Kind
from powderkeg.cascade.exchange.rules import MarkRule
from powderkeg.margin import TierTable

PRICE, BIN_BPS, TICK = 100_000.0, 5.0, 0.5
AT_LAST = msgspec.structs.replace(HYPERLIQUID_LIKE, mark=MarkRule.LAST, first_step_above_quote=None, band_rate=10**9)
"""Whole positions as market orders at any price, triggered by the last price: what the fast models take for granted."""

PATIENT = TierTable.from_rows(
    [(0, 0.2, 2.5)], unit="USDT", source="far from bankruptcy, so that every close is a trade"
)
RICH, SHOCK, CROWD = 1, 2, 3


def rows(per_bin_usd, sign, *, per_bin, bin_bps=BIN_BPS):
    """(price, USD) with every bin's sum spread evenly over `per_bin` prices inside it."""
    for n, usd in enumerate(per_bin_usd.tolist()):
        for k in range(per_bin):
            if usd:
                yield PRICE * float(np.exp(sign * (n + (k + 0.5) / per_bin) * bin_bps * 1e-4)), usd / per_bin


def in_lots(found):
    """(price, whole lots), each rounded so that what was dropped before is made up for."""
    owed = 0.0
    for price, usd in found:
        owed += usd / price * 1_000
        yield price, max(1, round(owed))
        owed -= max(1, round(owed))


def opened(accounts, max_orders):
    """An exchange at `PRICE` with two who can pay for anything, and room for a crowd and a book."""
    one = bitcoin(PATIENT, fee_ratios=(0.0, 0.0), low_price=85_000, high_price=115_000)
    exchange = Exchange([one], AT_LAST, account_count=CROWD + accounts, max_orders=max_orders)
    exchange.deposit(0, 1e9)
    exchange.deposit(RICH, 1e11)
    exchange.deposit(SHOCK, 1e11)
    exchange.update_index([one.ticks(PRICE)])
    print_at(exchange, one.ticks(PRICE))
    return exchange


def print_at(exchange, tick):
    """A trade of one lot, so that the last price is this one; nothing else may rest there."""
    exchange.order(RICH, 0, 1, tick)
    exchange.order(SHOCK, 0, -1, tick)


def endow(exchange, account, sign, price, lots):
    """A position whose equity is its maintenance exactly at a price: entered here, with money to the unit."""
    one = exchange.instruments[0]
    tick = one.ticks(price)
    needed = -(-tick * lots * one.tick_units // 5)
    entry = one.ticks(PRICE)
    gained = -sign * lots * (tick - entry) * one.tick_units
    exchange.deposit(account, (needed - gained) / 1e6)
    buyer, seller = (RICH, account) if sign > 0 else (account, RICH)
    exchange.block(buyer, seller, 0, lots, entry)


def market_order(exchange, sign, usd):
    """Buy or sell so many dollars from the book, by the account of the shock."""
    one = exchange.instruments[0]
    left = round(usd * 1e6)
    for tick, lots in list(exchange.state.books[0].depth(is_buy=sign < 0)):
        part = min(lots, left // (tick * one.tick_units))
        if part:
            exchange.order(SHOCK, 0, sign * part, tick)
        left -= part * tick * one.tick_units
        if part < lots:
            break


def until_nothing_moves(exchange):
    """Update the mark until the engine is done; the last tick."""
    home = exchange.instruments[0].ticks(PRICE)
    before = None
    while (mark := int(exchange.state.mark_ticks[0])) != before:
        before = mark
        exchange.update_index([home])
    return mark


def assert_closed_by_trades(exchange):
    """Nothing was taken over or deleveraged, money is conserved; the accounts liquidated, each once and whole."""
    assert exchange.gap() == 0
    assert exchange.log.of(Kind.ADL, Kind.TAKEOVER, Kind.SHORTFALL) == []
    gone = [event.account for event in exchange.log.of(Kind.LIQUIDATION)]
    assert len(gone) == len(set(gone))
    assert not exchange.state.accounts.lots[gone].any()
    return gone
