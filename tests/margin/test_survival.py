"""Barrier probabilities, and margins that put the liquidation price where it is wanted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from margin_strategies import bases, positions, tier_tables

from powderkeg.domain.errors import InputError
from powderkeg.margin import liquidation_price
from powderkeg.margin.survival import barrier_for, margin_for_liquidation_at, touch_probability


@given(
    side=st.sampled_from(["long", "short"]),
    price=st.floats(1e-3, 1e6),
    sigma=st.floats(0.005, 0.2),
    days=st.floats(0.1, 30),
    asked=st.floats(0.01, 0.99),
)
def test_barrier_and_probability_are_inverse(side, price, sigma, days, asked):
    """The barrier for a survival probability is touched with its complement, on the losing side."""
    barrier = barrier_for(position_side=side, price=price, daily_sigma=sigma, days=days, survival_probability=asked)
    touched = touch_probability(price=price, barrier=barrier, daily_sigma=sigma, days=days)
    assert math.isclose(touched, 1 - asked, rel_tol=1e-6)
    assert barrier < price if side == "long" else barrier > price


def test_probability_agrees_with_simulated_paths():
    """Reflection against 4,000 random walks, the barrier shifted for monitoring at steps (Broadie et al. 1997)."""
    rng, sigma, days, steps = np.random.default_rng(7), 0.04, 4.0, 400
    width = sigma * math.sqrt(days / steps)
    lows = np.cumsum(rng.normal(0.0, width, (4_000, steps)), axis=1).min(axis=1)
    barrier = 0.92
    touched = (lows <= math.log(barrier) + 0.5826 * width).mean()
    expected = touch_probability(price=1.0, barrier=barrier, daily_sigma=sigma, days=days)
    assert abs(touched - expected) < 4 * math.sqrt(expected * (1 - expected) / 4_000)


@given(position=positions(), table=tier_tables(), on=bases, move=st.floats(0.005, 0.9))
def test_margin_for_a_price_gives_that_price(position, table, on, move):
    """`liquidation_price` with the margin found returns the price asked for."""
    target = position["entry_price"] * (1 - move if position["side"] == "long" else 1 + move)
    case = {name: position[name] for name in ("qty", "entry_price", "contract", "taker_fee")}
    margin = margin_for_liquidation_at(target, position_side=position["side"], tiers=table, maintenance_on=on, **case)
    got = liquidation_price(side=position["side"], margin=margin, tiers=table, maintenance_on=on, **case)
    assert math.isclose(got, target, rel_tol=1e-9)


def test_limits():
    """A price that does not exist is never touched; certainty cannot be asked for."""
    assert touch_probability(price=1.0, barrier=0.0, daily_sigma=0.03, days=1) == 0.0
    assert touch_probability(price=1.0, barrier=math.inf, daily_sigma=0.03, days=1) == 0.0
    assert touch_probability(price=1.0, barrier=1.0, daily_sigma=0.03, days=1) == 1.0
    for asked in (0.0, 1.0, math.nan):
        with pytest.raises(InputError, match="survival_probability is"):
            barrier_for(position_side="long", price=1, daily_sigma=0.03, days=1, survival_probability=asked)
    with pytest.raises(InputError, match="daily_sigma is 0"):
        barrier_for(position_side="long", price=1, daily_sigma=0, days=1, survival_probability=0.5)
