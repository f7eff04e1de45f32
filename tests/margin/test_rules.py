"""Venue rules beyond the published vectors: dates, steps, exact rounding, size-dependent rates."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.margin import bankruptcy_price, liquidation_price
from powderkeg.margin.rules import KNOWN_RULES, binance, bitmex, bybit, deribit, hyperliquid, okx, rules_of
from powderkeg.margin.rules.dydx import Perpetual, Subaccount, bankruptcy_quote, fillable_price, insurance_fund_delta


@pytest.mark.parametrize("venue", sorted(KNOWN_RULES))
def test_rules_say_where_they_come_from(venue):
    """Each names its venue, its source and the date it was read."""
    rules = rules_of(venue)
    assert rules.venue == venue
    assert "read 2026" in rules.source


def test_rules_of_other_venues_and_days():
    """Aliases are understood, unknown venues listed, Bybit changes with 2026."""
    assert rules_of("okex-swap").venue == "okx"
    assert rules_of("bybit", "2025-12-31").maintenance_on == "entry"
    assert rules_of("bybit", "2026-01-01").maintenance_on == "mark"
    with pytest.raises(InputError, match="margin rules of bitget are not known; known are binance-usdm"):
        rules_of("bitget")


def test_okx_ratio_is_one_at_the_liquidation_price():
    """The ratio OKX shows reaches 100 % where the formula says, linear and coin-margined."""
    for contract, qty, margin in (("linear", 2.0, 10_000.0), ("inverse", 100_000.0, 0.1)):
        for side in ("long", "short"):
            case = {"side": side, "qty": qty, "entry_price": 50_000.0, "margin": margin, "mmr": 0.01}
            price = liquidation_price(**case, contract=contract, taker_fee=0.0006)
            ratio = okx.isolated_margin_ratio(**case, mark_price=price, fee=0.0006, contract=contract)
            assert ratio == pytest.approx(1.0)
    assert [okx.tier_after_step(tier) for tier in (1, 2, 3, 7)] == [0, 0, 1, 5]
    with pytest.raises(InputError, match="counted from 1"):
        okx.tier_after_step(0)


@pytest.mark.parametrize(
    ("notional", "equity", "seconds", "step"),
    [
        (200_000, 2_500, None, ("none", 0.0)),
        (200_000, 2_400, None, ("market", 0.2)),
        (100_000, 1_200, None, ("market", 1.0)),
        (200_000, 2_400, 29.9, ("market", 1.0)),
        (200_000, 2_400, 30, ("market", 0.2)),
        (200_000, 1_600, None, ("backstop", 1.0)),
    ],
)
def test_hyperliquid_steps(notional, equity, seconds, step):
    """20 % first above 100,000 USDC, the rest within 30 s; below two thirds of maintenance the vault takes over."""
    now = 1_000 * NS_PER_S
    assert (
        hyperliquid.next_step(
            notional_usd=notional,
            equity_usd=equity,
            maintenance_margin_usd=notional / 80,
            now_ns=now,
            last_partial_ns=None if seconds is None else now - int(seconds * NS_PER_S),
        )
        == step
    )


def test_hyperliquid_single_tier():
    """40x needs 1.25 %, 3x a sixth."""
    assert hyperliquid.maintenance_rate(40) == 0.0125
    assert hyperliquid.single_tier(3).maintenance_margin(60) == pytest.approx(10)


@given(
    side=st.sampled_from(["long", "short"]),
    qty_usd=st.floats(1e3, 2e7),
    entry=st.floats(1e3, 2e5),
    leverage=st.floats(1.2, 40),
)
def test_deribit_inverse_meets_its_own_rate(side, qty_usd, entry, leverage):
    """At the price found, equity is maintenance with the rate of the size held there."""
    margin = qty_usd / entry / leverage
    if deribit.maintenance_rate(currency="BTC", qty_base=qty_usd / entry) > 0.9 / leverage:
        return  # below maintenance from the start
    price = deribit.inverse_liquidation_price(
        side=side, qty_usd=qty_usd, entry_price=entry, margin=margin, currency="BTC"
    )
    size = qty_usd / price
    sign = 1 if side == "long" else -1
    equity = margin + sign * (qty_usd / entry - size)
    needed = deribit.maintenance_rate(currency="BTC", qty_base=size) * size
    assert abs(equity - needed) < 1e-9 * qty_usd / entry
    assert price < entry if side == "long" else price > entry


def test_deribit_limits():
    """A covered short has no price above, a hopeless one none at all; rates of other coins are not guessed."""
    case = {"qty_usd": 1e5, "entry_price": 5e4, "currency": "BTC"}
    assert deribit.inverse_liquidation_price(side="short", margin=2.1, **case) == math.inf
    assert deribit.inverse_liquidation_price(side="short", margin=-1e5, **case) == 0.0
    with pytest.raises(InputError, match="rates of 'DOGE' are not known"):
        deribit.initial_margin(currency="DOGE", qty_base=1, index_price=1)


def test_bybit_forms():
    """The 2026 inverse form equals the master formula; settlement at mark when too far; a pool triggers when empty."""
    margin = bybit.inverse_isolated_margin(
        side="long", qty_usd=60_000, entry_price=50_000, leverage=10, extra=0.01, fee=0.00055
    )
    got = liquidation_price(side="long", qty=60_000, entry_price=50_000, margin=margin, mmr=0.005, contract="inverse")
    printed = 60_000 * 1.005 / (60_000 / 50_000 + 60_000 / 50_000 / 10 + 0.01 / 1.00055)
    assert got == pytest.approx(printed, rel=1e-12)
    assert bybit.settlement_price(bankruptcy=96.0, mark_price=100.0) == 96.0
    assert bybit.settlement_price(bankruptcy=94.0, mark_price=100.0) == 100.0
    assert bybit.deleveraging_begins(highest_balance=5.0, balance=-0.1)
    assert not bybit.deleveraging_begins(highest_balance=5.0, balance=0.1)
    with pytest.raises(InputError, match="above highest_balance"):
        bybit.deleveraging_begins(highest_balance=5.0, balance=6.0)


def test_bitmex_values_make_a_profit_positive():
    """A long above its entry and a short below it rank by gain times leverage."""
    for side, mark in (("long", 55_000.0), ("short", 45_000.0)):
        empty = bankruptcy_price(side=side, qty=1e5, entry_price=5e4, margin=0.2, contract="inverse")
        values = bitmex.inverse_values(side=side, qty_usd=1e5, entry_price=5e4, mark_price=mark, bankruptcy=empty)
        gain = (values.mark_value - values.average_entry_value) / abs(values.average_entry_value)
        assert gain > 0
        leverage = abs(values.mark_value) / (values.mark_value - values.bankrupt_value)
        assert bitmex.score_of(values) == pytest.approx(gain * leverage)


def test_binance_margin_ratio():
    """Maintenance over equity, 0 where nothing is left."""
    assert binance.margin_ratio(maintenance_margin=10, wallet_balance=100, unrealized_pnl=-50) == 0.2
    assert binance.margin_ratio(maintenance_margin=10, wallet_balance=100, unrealized_pnl=-100) == 0.0


def account(usdc, **qty):
    oracle = {"BTC": 50_000.0, "ETH": 3_000.0}
    return Subaccount(usdc, {market: Perpetual(size, oracle[market], 0.1) for market, size in qty.items()})


def test_dydx_is_liquidatable_strictly_below_the_requirement():
    """TNC = TMMR is safe, a quantum less is not, an empty account is neither."""
    assert not account(-4_500.0, BTC=0.1).is_liquidatable
    assert account(-4_500.000001, BTC=0.1).is_liquidatable
    assert not account(-1.0).is_liquidatable


@given(usdc=st.integers(-6_000_000_000, -4_500_000_000), part=st.integers(1, 9))
def test_dydx_bankruptcy_rounds_up_to_a_quantum(usdc, part):
    """The quote is the exact rational rounded toward +∞, whatever the sign of the collateral."""
    held = account(usdc / 1e6, BTC=0.1)
    got = bankruptcy_quote(held, "BTC", -part / 100)
    notional, share = Decimal(50_000) * part / 100, Decimal(part) / 10
    exact = notional - Decimal(held.net_collateral) / 1_000_000 * share
    assert 0 <= got - exact < Decimal("0.000001")


def test_dydx_closing_in_parts_is_closing_at_once():
    """Insurance neither gains nor loses at the bankruptcy price; fillable price runs from oracle to its full spread."""
    held = account(-5_100.0, BTC=0.1)
    assert insurance_fund_delta(held, "BTC", delta_base=-0.1, fill_price=51_000, max_fee=0.015) == 0
    assert insurance_fund_delta(held, "BTC", delta_base=-0.1, fill_price=50_000) == -100
    assert fillable_price(account(-4_500.0, BTC=0.1), "BTC") == 50_000
    assert fillable_price(held, "BTC") == 50_000 * (1 - 1.5 * 0.1)


def test_dydx_mistakes_are_named():
    """No such position, a change that grows it, nothing required."""
    held = account(-5_100.0, BTC=0.1)
    with pytest.raises(InputError, match="no position in 'SOL'; there are BTC"):
        bankruptcy_quote(held, "SOL", -1)
    for delta in (0.1, -0.2, 0.0):
        with pytest.raises(InputError, match="does not reduce"):
            bankruptcy_quote(held, "BTC", delta)
    free = Subaccount(1.0, {"BTC": Perpetual(0.1, 50_000.0, 0.0)})
    with pytest.raises(InputError, match="no maintenance requirement"):
        bankruptcy_quote(free, "BTC", -0.1)
    with pytest.raises(InputError, match="no maintenance requirement"):
        fillable_price(free, "BTC")
