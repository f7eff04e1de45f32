"""Liquidation prices: laws, the decimal twin, and the wrong examples in circulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_strategies import bases, positions, tier_tables
from naive_margin import INF, tiered_price
from naive_margin import liquidation_price as naive_price

from powderkeg.domain.errors import InputError
from powderkeg.margin import (
    TierTable,
    bankruptcy_price,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    notional_of,
    tier_table,
)


def close(got, expected, rel=1e-9):
    return got == expected or math.isclose(got, expected, rel_tol=rel)


def equity(position, price):
    """Margin plus PnL, from the definition of the contract."""
    sign = 1 if position["side"] == "long" else -1
    qty, entry = position["qty"], position["entry_price"]
    if position["contract"] == "linear":
        return position["margin"] + sign * qty * (price - entry)
    return position["margin"] + sign * qty * (1 / entry - 1 / price)


@given(position=positions(), mmr=st.floats(0, 0.5), amount=st.floats(0, 1e3), on=bases)
def test_equals_the_decimal_twin(position, mmr, amount, on):
    """The printed formulas, evaluated in decimals, give the same price for both contract kinds and families."""
    case = {**position, "mmr": mmr, "maintenance_amount": amount, "maintenance_on": on}
    got, expected = liquidation_price(**case), naive_price(**case)
    scale = position["entry_price"]
    # Near the limits (a price of 0, or infinite) digits cancel; there both must be small, or large, together.
    assert close(got, expected) or max(got, expected) < 1e-6 * scale or min(got, expected) > 1e6 * scale


@given(position=positions(), table=tier_tables(), on=bases)
def test_tier_is_the_one_at_the_price_found(position, table, on):
    """Trying every tier finds one price, and it is the one returned: the scan's order cannot matter."""
    got = liquidation_price(**position, tiers=table, maintenance_on=on)
    answers = tiered_price(table.tiers, **position, maintenance_on=on)
    if got in (0.0, INF):
        assert all(answer in (0.0, INF) for answer in answers)
    else:
        assert answers
        assert all(close(got, answer) or got < 1e-6 * position["entry_price"] for answer in answers)


@given(position=positions(), table=tier_tables())
def test_equity_at_the_price_is_the_maintenance_there(position, table):
    """What remains is exactly what is needed, close fee included, to 1e-9 of the larger of margin and need."""
    price = liquidation_price(**position, tiers=table)
    if price in (0.0, INF):
        return
    qty, contract = position["qty"], position["contract"]
    needed = maintenance_margin(qty=qty, price=price, contract=contract, tiers=table)
    needed += position["taker_fee"] * notional_of(qty=qty, price=price, contract=contract)
    entry_notional = notional_of(qty=qty, price=position["entry_price"], contract=contract)
    assert abs(equity(position, price) - needed) <= 1e-9 * max(needed, position["margin"], 1e-3 * entry_notional)


@given(position=positions(contract="linear"), mmr=st.floats(0, 0.5))
def test_long_and_short_mirror_around_the_entry(position, mmr):
    """Linear: maintenance on entry mirrors the prices; on mark it mirrors them scaled by 1 ∓ mmr."""
    plain = {**position, "taker_fee": 0.0, "mmr": mmr}
    entry = position["entry_price"]
    below = liquidation_price(**{**plain, "side": "long"}, maintenance_on="entry")
    above = liquidation_price(**{**plain, "side": "short"}, maintenance_on="entry")
    if below > 0 and above > 0:
        assert math.isclose(entry - below, above - entry, rel_tol=1e-6, abs_tol=1e-9 * entry)
    below = liquidation_price(**{**plain, "side": "long"})
    above = liquidation_price(**{**plain, "side": "short"})
    if below > 0:
        assert math.isclose(entry - below * (1 - mmr), above * (1 + mmr) - entry, rel_tol=1e-6, abs_tol=1e-9 * entry)


@given(position=positions(contract="inverse"), mmr=st.floats(0, 0.5))
def test_an_inverse_long_is_a_linear_short_of_dollars(position, mmr):
    """Seen from the coin, a coin-margined contract is a linear one on 1/p with the sides exchanged."""
    flipped = {**position, "contract": "linear", "entry_price": 1 / position["entry_price"]}
    flipped["side"] = "short" if position["side"] == "long" else "long"
    here, there = liquidation_price(**position, mmr=mmr), liquidation_price(**flipped, mmr=mmr)
    assert close(here, 1 / there if there else INF, rel=1e-6) or min(here, 1 / max(there, 1e-300)) > 1e6


@given(position=positions(), table=tier_tables(), more=st.floats(1.01, 3))
def test_more_leverage_brings_the_price_nearer(position, table, more):
    """Less margin never moves the price away from the entry."""
    less = {**position, "margin": position["margin"] / more}
    far, near = liquidation_price(**position, tiers=table), liquidation_price(**less, tiers=table)
    assert near >= far if position["side"] == "long" else near <= far


@given(position=positions(), table=tier_tables())
def test_price_lies_on_the_losing_side(position, table):
    """With more margin than maintenance and fee at entry: long below entry, short above it."""
    held = maintenance_margin(
        qty=position["qty"], price=position["entry_price"], tiers=table, contract=position["contract"]
    )
    held += position["taker_fee"] * notional_of(
        qty=position["qty"], price=position["entry_price"], contract=position["contract"]
    )
    rich = {**position, "margin": position["margin"] + 1.000001 * held}
    price, empty = liquidation_price(**rich, tiers=table), bankruptcy_price(**rich)
    if position["side"] == "long":
        assert empty <= price * (1 + 1e-12)
        assert price < position["entry_price"]
    else:
        assert position["entry_price"] < price <= empty * (1 + 1e-12)


@settings(max_examples=30, deadline=None)  # the first example loads the compiler
@given(data=st.data(), table=tier_tables(), kind=st.sampled_from(["linear", "inverse"]), on=bases)
def test_arrays_equal_scalars(data, table, kind, on):
    """The compiled path gives what the scalar path gives, with a table and with rates, broadcasting included."""
    several = data.draw(st.lists(positions(contract=kind), min_size=1, max_size=8))
    fields = ("side", "qty", "entry_price", "margin", "taker_fee")
    columns = {field: np.array([one[field] for one in several]) for field in fields}
    for rate in ({"tiers": table}, {"mmr": 0.01, "maintenance_amount": 1.0}):
        got = liquidation_price(**columns, **rate, contract=kind, maintenance_on=on)
        one_by_one = [liquidation_price(**one, **rate, maintenance_on=on) for one in several]
        np.testing.assert_allclose(got, one_by_one, rtol=1e-12)
        signs = np.where(columns["side"] == "long", 1, -1)
        again = liquidation_price(**{**columns, "side": signs}, **rate, contract=kind, maintenance_on=on)
        np.testing.assert_array_equal(got, again)


def test_shapes_broadcast_like_numpy():
    """[2, 1] sides against [3] leverages give [2, 3] prices."""
    prices = liquidation_price(
        side=np.array([["long"], ["short"]]), qty=1.0, entry_price=100.0, margin=np.array([50.0, 20.0, 10.0]), mmr=0.01
    )
    assert prices.shape == (2, 3)
    assert (np.diff(prices[0]) > 0).all()
    assert (np.diff(prices[1]) < 0).all()


@pytest.mark.parametrize(
    ("position", "wrong", "right", "decimals"),
    [
        # Published calculators: tier of the entry instead of the liquidation price, or no maintenance amount.
        ({"side": "short", "qty": 0.5, "entry_price": 67_000, "leverage": 25}, 69_920.32, 69_402.39, 2),
        ({"side": "long", "qty": 1, "entry_price": 67_000, "leverage": 10}, 60_542.17, 60_552.76, 2),
        ({"side": "long", "qty": 1, "entry_price": 100_000, "leverage": 20}, 95_500, 95_427.14, 2),
    ],
)
def test_wrong_public_examples_are_rejected(position, wrong, right, decimals):
    """Numbers in circulation that come from the wrong tier or family, and what they should be."""
    leverage = position.pop("leverage")
    margin = position["qty"] * position["entry_price"] / leverage
    got = liquidation_price(**position, margin=margin, tiers=tier_table("binance-usdm", "BTCUSDT").at("2024-10-24"))
    assert round(got, decimals) == right
    assert abs(got - wrong) > 1


def test_entry_and_mark_families_differ():
    """1 BTC at 20,000, 50x, mmr 0.5 %: 19,698.49 on mark, 19,700 on entry."""
    position = {"side": "long", "qty": 1, "entry_price": 20_000, "margin": 400, "mmr": 0.005}
    assert round(liquidation_price(**position), 2) == 19_698.49
    assert liquidation_price(**position, maintenance_on="entry") == 19_700


def test_limits_where_no_price_separates():
    """Covered: 0 for a linear long, infinite for an inverse short. Hopeless: 0 for a short, infinite for a long."""
    rate = {"qty": 100.0, "entry_price": 50.0, "mmr": 0.01}
    assert liquidation_price(side="long", margin=5_001.0, **rate) == 0.0
    assert liquidation_price(side="short", margin=3.0, contract="inverse", **rate) == INF
    assert liquidation_price(side="short", margin=-6_000.0, **rate) == 0.0
    assert liquidation_price(side="long", margin=-3.0, contract="inverse", **rate) == INF
    one, two = np.array([5_001.0, -6_000.0]), np.array([3.0, -3.0])
    assert (liquidation_price(side=np.array([1, -1]), margin=one, **rate) == 0.0).all()
    assert (liquidation_price(side=np.array([-1, 1]), margin=two, contract="inverse", **rate) == INF).all()


GOOD = {"side": "long", "qty": 1.0, "entry_price": 100.0, "margin": 10.0, "mmr": 0.01}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300, 1e-300, "much", None, True])
@pytest.mark.parametrize("field", ["qty", "entry_price"])
def test_sizes_and_prices_must_be_positive(field, bad):
    """The message names the field and the limit, for scalars and for an element of an array."""
    with pytest.raises(InputError, match=rf"{field} is .*above 0"):
        liquidation_price(**{**GOOD, field: bad})
    if isinstance(bad, float):
        with pytest.raises(InputError, match=rf"{field} is .*element 1.*above 0"):
            liquidation_price(**{**GOOD, field: np.array([1.0, bad])})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": math.nan}, "margin is nan"),
        ({"mmr": -0.1}, "mmr is -0.1"),
        ({"mmr": 1.0}, "below 1"),
        ({"mmr": 0.9, "taker_fee": 0.2}, "mmr \\+ taker_fee"),
        ({"mmr": np.array([0.01, 1.5])}, "below 1"),
        ({"mmr": None}, "either mmr"),
        ({"tiers": tier_table("bybit", "BTCUSDT")}, "not both"),
        ({"maintenance_amount": -1.0}, "maintenance_amount is -1.0"),
        ({"taker_fee": math.nan}, "taker_fee is nan"),
        ({"other_maintenance_margin": -5.0}, "other_maintenance_margin"),
        ({"other_unrealized_pnl": math.inf}, "other_unrealized_pnl"),
        ({"side": "up"}, "side must be 'long' or 'short'"),
        ({"side": np.array(["long", "sideways"])}, "side must be"),
        ({"side": 2.0}, "side must be"),
        ({"contract": "quanto"}, "quanto"),
        ({"maintenance_on": "index"}, "maintenance_on"),
        ({"qty": np.ones(2), "margin": np.ones(3)}, "do not fit together"),
    ],
)
def test_other_mistakes_are_named(change, message):
    """Every argument has its limit, and the message says which."""
    with pytest.raises(InputError, match=message):
        liquidation_price(**{**GOOD, **change})


def test_leverage_is_held_to_the_tier():
    """At its maximum it passes, above it the message names the limit and the tier; without a known limit it passes."""
    table = tier_table("binance-usdm", "BTCUSDT")
    assert initial_margin(qty=1, entry_price=94_000, leverage=100, tiers=table) == 940
    with pytest.raises(InputError, match="leverage is 101; the limit is 100 in tier 2"):
        initial_margin(qty=1, entry_price=94_000, leverage=101, tiers=table)
    with pytest.raises(InputError, match="leverage is 125; the limit is 100"):
        initial_margin(qty=np.array([0.1, 1.0]), entry_price=94_000.0, leverage=125.0, tiers=table)
    with pytest.raises(InputError, match="leverage is 0; it must be a finite number above 0"):
        initial_margin(qty=1, entry_price=94_000, leverage=0)
    old = table.at("2022-01-01")
    assert initial_margin(qty=1, entry_price=94_000, leverage=125, tiers=old) == 752


@given(table=tier_tables())
def test_maintenance_of_arrays_equals_scalars(table):
    """Tiered maintenance, compiled or not, at floors and between them."""
    floors = np.array([tier.floor for tier in table.tiers[1:]] + [1.0, 1e12])
    got = maintenance_margin(qty=np.ones_like(floors), price=floors, tiers=table)
    np.testing.assert_allclose(got, [table.maintenance_margin(float(floor)) for floor in floors], rtol=1e-12)


def test_flat_table_equals_its_rate():
    """A table of one tier is the rate."""
    flat = TierTable.from_rows([{"floor": 0, "mmr": 0.01}], unit="USDT", date=None, source="test")
    assert liquidation_price(**{**GOOD, "mmr": None}, tiers=flat) == liquidation_price(**GOOD)
