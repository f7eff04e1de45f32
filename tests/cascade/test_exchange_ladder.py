"""The exact exchange as the referee of the ladder: the same fuel and the same book come to the same end."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from exchange_flow import bitcoin

from powderkeg.cascade import Outcome, ladder
from powderkeg.cascade.exchange import HYPERLIQUID_LIKE, Exchange, Kind
from powderkeg.cascade.exchange.rules import MarkRule
from powderkeg.margin import TierTable

PRICE, BIN_BPS, TICK = 100_000.0, 5.0, 0.5
AT_LAST = msgspec.structs.replace(HYPERLIQUID_LIKE, mark=MarkRule.LAST, first_step_above_quote=None, band_rate=10**9)
"""Whole positions as market orders at any price, triggered by the last price: what the ladder takes for granted."""

PATIENT = TierTable.from_rows(
    [(0, 0.2, 2.5)], unit="USDT", source="far from bankruptcy, so that every close is a trade"
)
RICH, SHOCK, CROWD = 1, 2, 3


class Case(NamedTuple):
    """Fuel and depth per bin of 5 bps, USD, and the shock."""

    fuel: np.ndarray
    depth: np.ndarray
    shock_usd: float


def constant(reproduction):
    return Case(np.full(60, 1e6 * reproduction), np.full(60, 1e6), 4.3e6)


def walled():
    """R = 1.6 from the fifth bin on, stopped by a wall in the fortieth."""
    fuel, depth = np.full(60, 1.6e6), np.full(60, 1e6)
    fuel[:5] = 0.2e6
    depth[39] = 60e6
    return Case(fuel, depth, 6e6)


def ragged(seed):
    rng = np.random.default_rng(seed)
    return Case(rng.gamma(1.0, 5e5, 80), rng.gamma(3.0, 4e5, 80) + 1e5, float(rng.uniform(2e6, 9e6)))


CASES = {
    "none": constant(0.0),
    "half": constant(0.5),
    "nearly-one": constant(0.85),
    "wall": walled(),
    **{f"ragged-{seed}": ragged(seed) for seed in (1, 2, 3, 4)},
}


@pytest.mark.parametrize("side", ["short", "long"])
@pytest.mark.parametrize("name", list(CASES))
def test_ladder_and_exchange_agree(name, side):
    """Price end within one bin, liquidated notional within 1 %, up and down."""
    case = CASES[name]
    modelled = ladder(
        price=PRICE, fuel=case.fuel, depth=case.depth, shock_usd=case.shock_usd, bin_bps=BIN_BPS, side=side
    )
    assert modelled.outcome is Outcome.STOPPED
    price_end, liquidated_usd = run_exactly(case, side)
    assert abs(np.log(price_end / modelled.price_end)) <= BIN_BPS * 1e-4
    assert liquidated_usd == pytest.approx(modelled.liquidated_usd, rel=0.01, abs=1e-9)


def test_the_wall_stops_a_cascade_that_feeds_itself():
    """The case of a wall is what it says: it runs through R > 1 and ends inside bin 40."""
    price_end, _ = run_exactly(CASES["wall"], "short")
    assert 39 <= np.log(price_end / PRICE) / (BIN_BPS * 1e-4) < 40


def run_exactly(case, side):
    """Lay fuel and depth out tick by tick, buy (sell) the shock, and let the engine work until nothing moves.

    Returns:
        (the last price, notional of those liquidated at the price that liquidates them, which is how fuel is stated).
    """
    sign = 1 if side == "short" else -1
    one = bitcoin(PATIENT, fee_ratios=(0.0, 0.0), low_price=85_000, high_price=115_000)
    orders = list(rows(case.depth, sign, per_bin=100))
    crowd = list(rows(case.fuel, sign, per_bin=80))
    exchange = Exchange([one], AT_LAST, account_count=CROWD + len(crowd), max_orders=len(orders) + 10)
    exchange.deposit(0, 1e9)
    exchange.deposit(RICH, 1e11)
    exchange.deposit(SHOCK, 1e11)
    exchange.update_index([one.ticks(PRICE)])
    exchange.order(RICH, 0, 1, one.ticks(PRICE))
    exchange.order(SHOCK, 0, -1, one.ticks(PRICE))
    for price, lots in in_lots(orders):
        exchange.order(RICH, 0, -sign * lots, one.ticks(price))
    for account, (price, lots) in enumerate(in_lots(crowd), CROWD):
        endow(exchange, account, sign, price, lots)
    marks = one.ticks(PRICE)
    left = round(case.shock_usd * 1e6)
    for tick, lots in list(exchange.state.books[0].depth(is_buy=sign < 0)):
        part = min(lots, left // (tick * one.tick_units))
        if part:
            exchange.order(SHOCK, 0, sign * part, tick)
        left -= part * tick * one.tick_units
        if part < lots:
            break
    while True:
        exchange.update_index([one.ticks(PRICE)])
        if int(exchange.state.mark_ticks[0]) == marks:
            break
        marks = int(exchange.state.mark_ticks[0])
    assert exchange.gap() == 0
    assert exchange.log.of(Kind.ADL, Kind.TAKEOVER, Kind.SHORTFALL) == []
    gone = [event.account for event in exchange.log.of(Kind.LIQUIDATION)]
    assert len(gone) == len(set(gone))
    assert not exchange.state.accounts.lots[gone].any()
    return marks * TICK, sum(crowd[account - CROWD][1] for account in gone)


def rows(per_bin_usd, sign, *, per_bin):
    """(price, USD) with every bin's sum spread evenly over `per_bin` prices inside it."""
    for n, usd in enumerate(per_bin_usd.tolist()):
        for k in range(per_bin):
            if usd:
                yield PRICE * float(np.exp(sign * (n + (k + 0.5) / per_bin) * BIN_BPS * 1e-4)), usd / per_bin


def in_lots(found):
    """(price, whole lots), each rounded so that what was dropped before is made up for."""
    owed = 0.0
    for price, usd in found:
        owed += usd / price * 1_000
        yield price, max(1, round(owed))
        owed -= max(1, round(owed))


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
