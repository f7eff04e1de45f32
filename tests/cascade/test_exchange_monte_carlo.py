"""The exact exchange as the referee of the Monte Carlo: the same fuel, book and draws, path by path and on average.

Both live in the fast model's world here: whole positions close as market orders at once, the book is whole again before
every step. What is left is its model error: dollars of fuel trade at the price that triggered them, and fuel and depth
are spread evenly inside a bin, where the exchange has accounts, quotes, lots and ticks.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from exchange_paths import Walked, World
from monte_carlo_kit import STILL, coin, drawn_normals, plan

from powderkeg.cascade.monte_carlo import simulate

PATHS, STEPS, SEED, SIGMA = 128, 32, 5, 0.009
LEVELS = (100_800.0, 101_600.0, 99_200.0, 98_400.0)
MOVE_ERROR, FUEL_ERROR, TOUCH_ERROR = 0.01, 0.015, 2 / PATHS
"""Of the model: in log moves and dollars, relative; in the share of paths that touch."""


def market(**changes):
    """Ragged fuel and depth per 10 bps, R about 0.5, over 6 % each way."""
    rng = np.random.default_rng(3)
    fuel, depth = rng.gamma(3.0, 3.5e5, (1, 2, 60)), rng.gamma(8.0, 2.5e5, (2, 60)) + 2e5
    return coin(**{"fuel_usd": fuel, "depth_usd": depth, "bins": 60, "daily_sigma": SIGMA, "levels": LEVELS, **changes})


def days(paths, seed):
    """A day in 32 steps."""
    return plan(step_s=86_400.0 / STEPS, paths=paths, seed=seed)


@pytest.fixture(scope="module")
def world():
    """The market as an exchange with 1,440 accounts and some 2,900 quotes."""
    return World(market())


@pytest.fixture(scope="module")
def walked(world):
    """The exchange's paths, one array per field, on the draws of a run of 128 paths with seed 5."""
    moves = drawn_normals(SEED, PATHS, STEPS) * SIGMA / math.sqrt(STEPS)
    return Walked(*np.array([world.walk(each) for each in moves]).T)


@pytest.fixture(scope="module")
def outcome():
    """What the Monte Carlo says of the same 128 paths."""
    told = simulate([market()], plan=days(PATHS, SEED), dynamics=STILL)
    assert told.paths == PATHS
    return told.coins[0]


@pytest.mark.parametrize("shock_usd", [9e6, 20e6, -9e6, -20e6])
def test_one_shock_ends_where_the_exchange_ends(world, shock_usd):
    """End and liquidated notional of a shock alone, within what dollars fixed at their trigger can be wrong by.

    A position bought back a log distance further on costs that share more. No trigger is further from its fill than the
    whole move, and what joins is multiplied by the amplification.
    """
    exact = world.walk((), shock_usd)
    told = simulate([market(daily_sigma=0.0, shock_usd=shock_usd)], plan=days(64, SEED), dynamics=STILL).coins[0]
    is_up = shock_usd > 0
    reached = told.highest_price if is_up else told.lowest_price
    liquidated = told.shorts_liquidated_usd if is_up else told.longs_liquidated_usd
    amplified = told.amplification_up if is_up else told.amplification_down
    move = math.log(reached.mean.estimate / told.price)
    error = abs(move) * amplified.estimate
    assert error < 0.06
    assert math.log(exact.end / told.price) == pytest.approx(move, abs=error * abs(move))
    assert exact.shorts_usd + exact.longs_usd == pytest.approx(liquidated.mean.estimate, rel=error)


def test_extremes_and_liquidations_of_the_same_draws_agree(walked, outcome):
    """Mean log extremes and mean dollars per side, though forced flow moves the high twice as far as it would go."""
    for exact, told in ((walked.highest, outcome.highest_price), (walked.lowest, outcome.lowest_price)):
        move = math.log(told.mean.estimate / outcome.price)
        assert np.log(exact / outcome.price).mean() == pytest.approx(move, abs=MOVE_ERROR * abs(move))
    assert walked.shorts_usd.mean() == pytest.approx(outcome.shorts_liquidated_usd.mean.estimate, rel=FUEL_ERROR)
    assert walked.longs_usd.mean() == pytest.approx(outcome.longs_liquidated_usd.mean.estimate, rel=FUEL_ERROR)
    assert outcome.amplification_up.estimate > 2.0


def touches(walked, level):
    """Share of the exchange's paths that trade at a level."""
    return float(np.mean(walked.highest >= level if level > 100_000.0 else walked.lowest <= level))


@pytest.mark.parametrize("number", range(len(LEVELS)), ids=[f"{level:.0f}" for level in LEVELS])
def test_touches_of_the_same_draws_agree(walked, outcome, number):
    """All but two paths in 128 touch in both or in neither; no sampling error is involved."""
    told = outcome.touches[number]
    assert touches(walked, told.level_price) == pytest.approx(told.probability.estimate, abs=TOUCH_ERROR)


def test_touches_of_other_draws_agree_within_sampling_error(walked):
    """Within three standard errors of both and the model's; above, a chance without feedback would not pass."""
    told = simulate([market()], plan=days(40_000, 9), dynamics=STILL).coins[0]
    for each in told.touches:
        chance = each.probability
        error = math.hypot(chance.standard_error, math.sqrt(chance.estimate * (1.0 - chance.estimate) / PATHS))
        allowed = 3.0 * error + TOUCH_ERROR
        frequency = touches(walked, each.level_price)
        assert frequency == pytest.approx(chance.estimate, abs=allowed)
        if each.direction == "up":
            assert frequency - each.probability_alone.estimate > allowed
