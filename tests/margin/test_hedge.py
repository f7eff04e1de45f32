"""Hedge mode: two prices between which both legs of a symbol are safe."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from margin_strategies import positions, tier_tables

from powderkeg.domain.errors import InputError
from powderkeg.margin import Leg, TierTable, hedged_liquidation_prices, liquidation_price, maintenance_margin


def surplus(legs, margin, contract, price):
    """Equity less maintenance of all legs, from the definitions."""
    total = margin
    for leg in legs:
        sign = 1 if leg.position_side == "long" else -1
        move = price - leg.entry_price if contract == "linear" else 1 / leg.entry_price - 1 / price
        total += sign * leg.qty * move
        total -= maintenance_margin(qty=leg.qty, price=price, tiers=leg.tiers, contract=contract)
    return total


@given(position=positions(), table=tier_tables())
def test_one_leg_is_the_plain_liquidation_price(position, table):
    """Without a hedge the function is `liquidation_price`."""
    leg = Leg(position["side"], position["qty"], position["entry_price"], table)
    rest = {name: position[name] for name in ("margin", "contract", "taker_fee")}
    both = hedged_liquidation_prices([leg], **rest)
    got = both.lower if position["side"] == "long" else both.upper
    expected = liquidation_price(**position, tiers=table)
    assert math.isclose(got, expected, rel_tol=1e-9) or max(got, expected) < 1e-9 * position["entry_price"]


@given(
    table=tier_tables(),
    long_qty=st.floats(0.1, 50),
    short_qty=st.floats(0.1, 50),
    margin=st.floats(1e3, 1e6),
    contract=st.sampled_from(["linear", "inverse"]),
)
def test_surplus_vanishes_at_both_prices(table, long_qty, short_qty, margin, contract):
    """At each finite price equity meets maintenance, and between them it is above."""
    unit, wallet = (1.0, margin) if contract == "linear" else (5e4, margin / 5e4)
    legs = [Leg("long", long_qty * unit, 52_000.0, table), Leg("short", short_qty * unit, 48_000.0, table)]
    lower, upper = hedged_liquidation_prices(legs, margin=wallet, contract=contract)
    scale = 1e-9 * (wallet + (long_qty + short_qty) * (5e4 if contract == "linear" else 1.0))
    if (lower, upper) == (math.inf, 0.0):
        assert all(surplus(legs, wallet, contract, price) <= scale for price in (1e-3, 1e3, 5e4, 1e6, 1e9))
        return
    for price in (lower, upper):
        if 1.0 < price < 1e8:
            assert abs(surplus(legs, wallet, contract, price)) < scale * max(1.0, price / 5e4, 5e4 / price)
    inside = math.sqrt(max(lower, 1e-3) * min(upper, 1e9))
    assert surplus(legs, wallet, contract, inside) >= -scale * max(1.0, inside / 5e4)


def test_venue_formula_with_given_rates():
    """LP = (WB − TMM + UPNL + cumL + cumS − pL·EPL + pS·EPS) / (pL·MMRL + pS·MMRS − pL + pS), as Binance prints it."""
    rate, wallet = 0.01, 20_000.0
    table = TierTable.from_rows([{"floor": 0, "mmr": rate}], unit="USDT", date=None, source="test")
    legs = [Leg("long", 3.0, 52_000.0, table), Leg("short", 1.0, 48_000.0, table)]
    both = hedged_liquidation_prices(legs, margin=wallet, other_maintenance_margin=500.0, other_unrealized_pnl=-200.0)
    printed = (wallet - 500 - 200 - 3 * 52_000 + 48_000) / (3 * rate + rate - 3 + 1)
    assert both.lower == pytest.approx(printed, rel=1e-12)
    assert both.upper == math.inf


def test_a_full_hedge_is_liquidated_upward():
    """Equal legs gain nothing from the mark, but their maintenance grows with it."""
    table = TierTable.from_rows([{"floor": 0, "mmr": 0.01}], unit="USDT", date=None, source="test")
    legs = [Leg("long", 1.0, 50_000.0, table), Leg("short", 1.0, 50_000.0, table)]
    assert hedged_liquidation_prices(legs, margin=2_000.0) == (0.0, pytest.approx(100_000.0))


def test_hopeless_and_empty():
    """Safe nowhere is (infinity, 0); no legs is a mistake."""
    table = TierTable.from_rows([{"floor": 0, "mmr": 0.01}], unit="USDT", date=None, source="test")
    legs = [Leg("long", 1.0, 50_000.0, table), Leg("short", 1.0, 40_000.0, table)]
    assert hedged_liquidation_prices(legs, margin=5_000.0) == (math.inf, 0.0)
    with pytest.raises(InputError, match="at least one leg"):
        hedged_liquidation_prices([], margin=1.0)
    with pytest.raises(InputError, match="qty is 0"):
        hedged_liquidation_prices([Leg("long", 0.0, 1.0, table)], margin=1.0)
