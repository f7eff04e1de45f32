"""Monte Carlo: against the touch formula, the ladder, itself mirrored, and itself on other threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from monte_carlo_kit import STILL, coin, monitored_touch, plan

from powderkeg.cascade import ladder
from powderkeg.cascade.monte_carlo import count, simulate
from powderkeg.cascade.monte_carlo_inputs import Dynamics, Plan
from powderkeg.cascade.path_walk import compiled_walk
from powderkeg.cascade.world import layout_of, scratch_of, world_of

POINTS = [
    (level, sigma, days)
    for sigma, days in ((0.02, 1.0), (0.03, 2.0), (0.06, 2.0), (0.045, 7.0))
    for level in (0.9, 0.97, 1.02, 1.05, 1.12)
]


@pytest.fixture(scope="module")
def touched():
    """Touch of twenty points without fuel, 40,000 paths each, monitored 288 times."""
    found = {}
    for sigma, days in dict.fromkeys((sigma, days) for _, sigma, days in POINTS):
        levels = tuple(1e5 * level for level, one, other in POINTS if (one, other) == (sigma, days))
        held = coin(ratio=0.0, daily_sigma=sigma, levels=levels)
        run = plan(horizon_s=days * 86_400.0, step_s=days * 300.0, paths=40_000, seed=11)
        for one in simulate([held], plan=run).coins[0].touches:
            found[one.level_price, sigma, days] = one
    return found


@pytest.mark.parametrize(("level", "sigma", "days"), POINTS)
def test_touch_without_feedback_is_the_formula(touched, level, sigma, days):
    """Within three standard errors of 2Φ(−|ln(K/p)|/(σ√T)), the barrier shifted for discrete monitoring."""
    one = touched[1e5 * level, sigma, days]
    expected = monitored_touch(1e5, one.level_price, sigma, days, 288)
    error = math.sqrt(expected * (1.0 - expected) / 40_000)
    assert abs(one.probability.estimate - expected) < 3.0 * error
    assert one.probability == one.probability_alone
    assert one.difference.estimate == 0.0


@pytest.mark.parametrize("shock", [60e6, -60e6])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.8])
def test_one_shock_is_the_ladder(shock, ratio):
    """Without other moves, the shock ends and liquidates as the ladder says: move/(1 − R)."""
    held = coin(ratio=ratio, daily_sigma=0.0, shock_usd=shock)
    outcome = simulate([held], plan=plan(paths=64), dynamics=STILL).coins[0]
    side, row = ("short", 1) if shock > 0 else ("long", 0)
    expected = ladder(
        price=1e5, fuel=held.fuel_usd[0, row], depth=held.depth_usd[row], shock_usd=abs(shock), bin_bps=10, side=side
    )
    reached = outcome.highest_price if shock > 0 else outcome.lowest_price
    liquidated = outcome.shorts_liquidated_usd if shock > 0 else outcome.longs_liquidated_usd
    amplified = outcome.amplification_up if shock > 0 else outcome.amplification_down
    assert reached.mean.estimate == pytest.approx(expected.price_end, rel=1e-8)
    assert liquidated.mean.estimate == pytest.approx(expected.liquidated_usd, rel=1e-8)
    for held_quantile in liquidated.quantiles:  # read from a histogram in steps of 0.75 %
        assert held_quantile.estimate == pytest.approx(expected.liquidated_usd, rel=0.008)
    for held_quantile in reached.quantiles:
        assert math.log(held_quantile.estimate / 1e5) == pytest.approx(math.log(expected.price_end / 1e5), rel=0.008)
    assert amplified.estimate == pytest.approx(1.0 / (1.0 - ratio), rel=2e-7)  # moves count in units of 2^-32


def test_latency_spreads_the_shock_and_ends_in_the_same_place():
    """With a minute's latency the same shock arrives later; in the end everything has traded."""
    held = coin(daily_sigma=0.0, shock_usd=60e6)
    slow = Dynamics(latency_s=3_600.0, stress=0.0)
    late, prompt = (simulate([held], plan=plan(paths=64), dynamics=one).coins[0] for one in (slow, STILL))
    assert late.highest_price.mean.estimate == pytest.approx(prompt.highest_price.mean.estimate, rel=1e-6)
    assert late.touches[0].hours is None


def test_a_cascade_stops_at_a_wall():
    """R = 2 up to a wall of depth: price ends inside the wall's bin, however the shock began."""
    depth = np.full((2, 100), 1e6)
    depth[1, 50] = 1e12
    held = coin(fuel_usd=np.full((1, 2, 100), 2e6), depth_usd=depth, daily_sigma=0.0, shock_usd=1.0, levels=())
    outcome = simulate([held], plan=plan(paths=64), dynamics=STILL).coins[0]
    assert outcome.highest_price.mean.estimate == pytest.approx(1e5 * math.exp(0.05), rel=1e-6)


def test_a_random_market_stops_where_the_ladder_does():
    """Any fuel and depth, within the grid: the sweep of one step and the ladder's kernel are two roads to one place."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        depth = rng.gamma(2.0, 1e6, (2, 200))
        held = coin(
            fuel_usd=rng.gamma(0.5, 1e6, (1, 2, 200)), depth_usd=depth, daily_sigma=0.0, shock_usd=2e7, levels=()
        )
        outcome = simulate([held], plan=plan(paths=64), dynamics=STILL).coins[0]
        expected = ladder(price=1e5, fuel=held.fuel_usd[0, 1], depth=depth[1], shock_usd=2e7, bin_bps=10)
        if expected.outcome == "stopped":
            assert outcome.highest_price.mean.estimate == pytest.approx(expected.price_end, rel=1e-8)
            assert outcome.shorts_liquidated_usd.mean.estimate == pytest.approx(expected.liquidated_usd, rel=1e-7)


def test_a_mirrored_market_mirrors():
    """Fuel, depth, levels and the sign of every draw mirrored: the counters of up and down change places exactly."""
    rng = np.random.default_rng(8)
    fuel, depth = rng.gamma(0.5, 2e7, (3, 2, 300)), rng.gamma(2.0, 2e7, (2, 300))
    held = coin(fuel_usd=fuel, depth_usd=depth, shock_usd=3e7)
    mirror = coin(
        fuel_usd=fuel[:, ::-1].copy(),
        depth_usd=depth[::-1].copy(),
        shock_usd=-3e7,
        levels=(1e10 / 1.03e5, 1e10 / 0.97e5),
    )
    run = plan(variance="antithetic")
    one, other = (
        simulate([market], plan=run, dynamics=Dynamics(latency_s=900.0)).coins[0] for market in (held, mirror)
    )
    assert one.shorts_liquidated_usd == other.longs_liquidated_usd
    assert one.longs_liquidated_usd == other.shorts_liquidated_usd
    assert one.amplification_up == other.amplification_down
    for touch, mirrored in zip(one.touches, other.touches, strict=True):
        assert touch.probability == mirrored.probability
        assert touch.direction != mirrored.direction


@pytest.mark.parametrize("variance", ["none", "antithetic", "sobol"])
def test_threads_do_not_change_a_bit(variance):
    """One thread, two and five give equal records."""
    held, run = coin(), plan(variance=variance, paths=2_000)
    first = simulate([held], plan=run)
    assert all(simulate([held], plan=run, threads=threads) == first for threads in (2, 5))
    assert simulate([held], plan=plan(variance=variance, paths=2_000, seed=6)) != first


def test_chunks_do_not_change_a_bit():
    """Rows walked in one call, singly and backwards give equal counters."""
    run = plan(paths=1_000)
    world, layout = world_of((coin(),), run, Dynamics(), None, None), layout_of(run)
    whole = count(world, run, layout)
    other = np.zeros_like(whole)
    compiled_walk()(0, layout.rows, layout.per_row, 0, world, scratch_of(1), other)
    assert (whole == other).all()
    backwards = np.zeros_like(whole)
    for row in reversed(range(layout.rows)):
        compiled_walk()(row, row + 1, layout.per_row, 0, world, scratch_of(1), backwards)
    assert (whole == backwards).all()


@pytest.mark.parametrize("paths", [64, 100, 1_000, 1_001, 99_991, 100_000, 1_000_000])
@pytest.mark.parametrize("variance", ["none", "antithetic", "sobol"])
def test_paths_are_cut_into_equal_groups(paths, variance):
    """At least as many paths as asked for, at most a thirtieth more (a pair for few), exact where it divides."""
    layout = layout_of(plan(paths=paths, variance=variance))
    total = layout.rows * layout.per_row
    assert paths <= total <= paths * 31 / 30 + 2 * layout.rows
    assert layout.rows >= 16
    if variance == "none" and paths % 1_000 == 0:
        assert total == paths
    if variance == "antithetic":
        assert layout.per_row % 2 == 0


def test_feedback_only_adds():
    """With fuel on both sides no path's extremes shrink: touch is likelier, and the paired difference is surer."""
    outcome = simulate([coin()], plan=plan(paths=20_000)).coins[0]
    for one in outcome.touches:
        assert one.difference.estimate > 5 * one.difference.standard_error
        assert one.difference.standard_error < one.probability.standard_error
        assert one.probability.estimate == pytest.approx(
            one.probability_alone.estimate + one.difference.estimate, abs=1e-12
        )
    assert outcome.amplification_up.estimate > 1.0


def test_a_plan_of_a_million_paths_counts_in_the_room_of_a_thousand():
    """What is kept does not depend on the number of paths."""
    held = coin()
    rooms = []
    for paths in (10_000, 1_000_000):
        run = plan(paths=paths)
        world = world_of((held,), run, Dynamics(), None, None)
        rooms.append(sum(one.nbytes for one in world) + layout_of(run).rows * compiled_slots(world) * 8)
    assert rooms[1] <= 2 * rooms[0]


def compiled_slots(world):
    from powderkeg.cascade.path_walk import slots

    return slots(world.levels.shape[2] - 1)


def test_horizon_and_steps():
    """A horizon shorter than a step is refused; one that does not divide is rounded to whole steps."""
    assert Plan(horizon_s=100.0, step_s=60.0).steps == 2
