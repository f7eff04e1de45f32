"""Funding, mark price and deleveraging: their invariants, and the numbers the venues print."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.margin.adl import Queued, binance_score, bitmex_score, bybit_score, deleverage, hyperliquid_score, lights
from powderkeg.margin.funding import (
    CLAMP,
    INTEREST_RATE,
    average_premium,
    funding_payment,
    funding_per_day,
    funding_rate,
    impact_notional_usd,
    premium_index,
)
from powderkeg.margin.mark import average_basis, mark_price

rates = st.floats(-0.05, 0.05)


@given(premium=rates)
def test_small_premium_drops_out(premium):
    """|I − P| ≤ 0.05 % gives the interest rate; beyond, the premium less the clamp."""
    got = funding_rate(premium)
    if abs(INTEREST_RATE - premium) <= CLAMP:
        assert math.isclose(got, INTEREST_RATE, rel_tol=1e-9)
    else:
        assert math.isclose(got, premium + math.copysign(CLAMP, INTEREST_RATE - premium), rel_tol=1e-9, abs_tol=1e-15)


@given(premium=rates, hours=st.sampled_from([1.0, 2.0, 4.0, 8.0]), side=st.sampled_from(["long", "short"]))
def test_a_day_costs_the_same_at_every_interval(premium, hours, side):
    """The rate is scaled by the interval, so without caps the day's cost does not depend on it."""
    rate = funding_rate(premium, interval_hours=hours)
    day = funding_per_day(position_side=side, notional=1e6, rate=rate, interval_hours=hours)
    base = funding_per_day(position_side=side, notional=1e6, rate=funding_rate(premium), interval_hours=8)
    assert math.isclose(day, base, rel_tol=1e-9, abs_tol=1e-9)


def test_caps_hold_and_are_checked():
    """A cap and a floor bound the rate; crossed ones are refused."""
    assert funding_rate(0.05, cap=0.003, floor=-0.003) == 0.003
    assert funding_rate(-0.05, cap=0.003, floor=-0.003) == -0.003
    with pytest.raises(InputError, match="is above cap"):
        funding_rate(0.0, cap=-0.1, floor=0.1)


def test_longs_pay_a_positive_rate():
    """0.01 % on 94,000 is 9.40, and what one side pays the other receives."""
    assert funding_payment(position_side="long", notional=94_000, rate=0.0001) == pytest.approx(9.4)
    assert funding_payment(position_side="short", notional=94_000, rate=0.0001) == pytest.approx(-9.4)


def test_premium_index_is_zero_while_the_index_lies_inside_the_book():
    """Only a book wholly above or below the index has a premium."""
    assert premium_index(impact_bid_price=99, impact_ask_price=101, index_price=100) == 0
    assert premium_index(impact_bid_price=101, impact_ask_price=102, index_price=100) == pytest.approx(0.01)
    assert premium_index(impact_bid_price=97, impact_ask_price=98, index_price=100) == pytest.approx(-0.02)
    assert impact_notional_usd(125) == 25_000


@given(premium=rates, count=st.integers(1, 50))
def test_average_premium_of_a_constant_is_it(premium, count):
    """Weights sum to one, and a later sample weighs more than an earlier one."""
    assert math.isclose(average_premium([premium] * count), premium, rel_tol=1e-9, abs_tol=1e-12)
    assert average_premium([0.0, 1.0]) > average_premium([1.0, 0.0])
    with pytest.raises(InputError, match="at least one"):
        average_premium([])


@given(
    index=st.floats(1, 1e5), contract=st.floats(1, 1e5), basis=st.floats(-0.5, 0.5), rate=rates, hours=st.floats(0, 8)
)
def test_mark_price_is_one_of_three_and_between_the_others(index, contract, basis, rate, hours):
    """However far the contract trades off, the mark stays within the two prices made from the index."""
    got = mark_price(
        index_price=index,
        contract_price=contract,
        average_basis=basis,
        last_funding_rate=rate,
        hours_to_funding=hours,
    )
    carried, shifted = index * (1 + rate * (hours / 8)), index + basis
    assert got in (carried, shifted, contract)
    assert min(carried, shifted) <= got <= max(carried, shifted) or got == contract
    assert sorted((carried, shifted, contract))[1] == got


def test_average_basis_needs_pairs():
    """Equally many samples of both, at least one."""
    assert average_basis([101, 103], [100, 100]) == 2
    with pytest.raises(InputError, match="equally many"):
        average_basis([101], [100, 100])
    with pytest.raises(InputError, match="equally many"):
        average_basis([], [])


queues = st.lists(st.tuples(st.integers(1, 100), st.integers(-50, 50)), min_size=1, max_size=12).map(
    lambda rows: [Queued(number, float(qty), float(score)) for number, (qty, score) in enumerate(rows)]
)


@given(queue=queues, qty=st.integers(1, 1_500))
def test_deleveraging_conserves_quantity_and_order(queue, qty):
    """What is closed is what was asked or all there is; nobody is touched before one with a higher score is gone."""
    closed = deleverage(queue, float(qty))
    assert sum(one.closed_qty for one in closed) == min(qty, sum(one.qty for one in queue))
    assert all(one.remaining_qty == 0 for one in closed[:-1])
    scores = {one.account: one.score for one in queue}
    touched = {one.account for one in closed}
    lowest = min(scores[account] for account in touched)
    assert all(scores[one.account] <= lowest for one in queue if one.account not in touched)


@given(queue=queues)
def test_lights_fall_with_the_score(queue):
    """One to five, the first in the queue shows the most."""
    shown = lights(queue)
    ordered = [shown[one.account] for one in sorted(queue, key=lambda one: -one.score)]
    assert ordered == sorted(ordered, reverse=True)
    assert set(ordered) <= {1, 2, 3, 4, 5}
    assert ordered[-1] == 1


def test_scores_as_the_venues_state_them():
    """Losers rank at or below zero; more profit or leverage ranks higher."""
    assert binance_score(unrealized_pnl=-5, wallet_balance=10, margin_ratio=0.5) == 0
    assert binance_score(unrealized_pnl=5, wallet_balance=0.5, margin_ratio=0.5) == 2.5
    assert bitmex_score(mark_value=-1.8, average_entry_value=-2.0, bankrupt_value=-2.2) == pytest.approx(0.1 * 4.5)
    assert bitmex_score(mark_value=-2.1, average_entry_value=-2.0, bankrupt_value=-2.2) == pytest.approx(-0.05 / 21)
    assert hyperliquid_score(mark_price=110, entry_price=100, notional=5_000, account_value=1_000) == pytest.approx(5.5)
    assert bybit_score(unrealized_pnl=50, position_margin=100) == 0.5
    with pytest.raises(InputError, match="must differ"):
        bitmex_score(mark_value=1.0, average_entry_value=1.0, bankrupt_value=1.0)
