"""Kinds of returns, coupled coins, reduced variance, and what is refused."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from monte_carlo_kit import STILL, coin, monitored_touch, plan
from scipy import stats

from powderkeg.cascade.bridge import block_edges, blocks_for, coarse_sums
from powderkeg.cascade.monte_carlo import simulate
from powderkeg.cascade.monte_carlo_inputs import Dynamics
from powderkeg.domain.errors import InputError

LAST = plan(step_s=86_400.0, paths=60_000)
"""One step of a day: the extreme is that step's return, if it went there."""


@pytest.mark.parametrize("freedom", [4, 6, 8])
def test_student_returns_are_student(freedom):
    """Quantiles of one step's return against scipy's t, scaled to the volatility asked for."""
    held = coin(ratio=0.0, levels=())
    run = msgspec.structs.replace(LAST, returns="student", freedom=freedom)
    outcome = simulate([held], plan=run).coins[0]
    scale = 0.03 * math.sqrt((freedom - 2) / freedom)
    for distribution, sign, tail in (
        (outcome.highest_price, 1, (0.75, 0.95, 0.99)),
        (outcome.lowest_price, -1, (0.25, 0.05, 0.01)),
    ):
        for probability in tail:
            held_quantile = next(one for one in distribution.quantiles if one.probability == probability)
            expected = 1e5 * math.exp(scale * stats.t.ppf(probability, freedom))
            assert abs(held_quantile.estimate - expected) < 4.5 * held_quantile.standard_error + 1e-4 * abs(
                expected - 1e5
            )
            assert (held_quantile.estimate - 1e5) * sign > 0


def test_bootstrap_draws_history_in_blocks():
    """A history that rises 1 % on every even step and falls on every odd one never leaves one step's move."""
    history = np.tile([0.01, -0.01], 100)
    held = coin(
        ratio=0.0, returns=history, daily_sigma=0.01 * 12, levels=(1e5 * math.exp(0.0101), 1e5 * math.exp(0.0099))
    )
    run = plan(returns="bootstrap", block_steps=2, paths=640)
    beyond, within = simulate([held], plan=run).coins[0].touches
    assert beyond.probability.estimate < 1.0
    assert within.probability.estimate > 0.99
    single = simulate([held], plan=plan(returns="bootstrap", block_steps=144, paths=640)).coins[0].touches[0]
    assert single.probability.estimate == 0.0


def test_bootstrap_agrees_with_gaussian_where_history_is_gaussian():
    history = np.random.default_rng(2).normal(0, 0.002, 50_000)
    held = coin(ratio=0.0, returns=history)
    one = simulate([held], plan=plan(returns="bootstrap", block_steps=12, paths=40_000)).coins[0].touches[0]
    expected = monitored_touch(1e5, 1.03e5, 0.03, 1.0, 144)
    assert abs(one.probability.estimate - expected) < 4 * one.probability.standard_error + 0.004


def test_coins_move_together_as_asked():
    """Correlation 1 touches mirrored levels on the same paths; 0 as if alone; fuel of one does not enter the other."""
    levels = (1.03e5, 1e10 / 1.03e5)
    both = [coin(coin="A", levels=levels, ratio=0.0), coin(coin="B", levels=levels)]
    run = plan(paths=8_000)
    tied = simulate(both, plan=run, correlation=np.ones((2, 2)))
    assert tied.coins[0].touches[0].probability == tied.coins[1].touches[0].probability_alone
    mirrored = simulate(both, plan=run, correlation=np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert mirrored.coins[0].touches[0].probability == mirrored.coins[1].touches[1].probability_alone
    free = simulate(both, plan=run)
    assert free.coins[0].touches[0].probability != free.coins[1].touches[0].probability_alone


@pytest.mark.parametrize("variance", ["none", "antithetic"])
def test_a_coin_among_others_is_the_coin_alone(variance):
    """The first of several independent coins walks the paths it walks alone, to the last counter."""
    run = plan(paths=2_000, variance=variance)
    alone = simulate([coin()], plan=run).coins[0]
    assert simulate([coin(), coin(coin="B")], plan=run).coins[0] == alone


def test_venues_of_one_index_follow_each_other():
    """A shock on one venue spreads by the share given, once a step, and reaches both to the same total as one book."""
    first, second = (coin(coin=name, ratio=0.0, daily_sigma=0.0, levels=()) for name in ("A", "B"))
    first = msgspec.structs.replace(first, shock_usd=240e6)
    spread = simulate([first, second], plan=plan(paths=64), dynamics=STILL, spillover=np.array([[0, 0.5], [0.5, 0]]))
    moved = [math.log(one.highest_price.mean.estimate / 1e5) for one in spread.coins]
    assert moved[0] == pytest.approx(0.01, rel=1e-6)
    assert moved[1] == pytest.approx(0.005, rel=1e-6)
    fueled = msgspec.structs.replace(second, fuel_usd=np.full((1, 2, 300), 24e6 * 0.5))
    fed = simulate([first, fueled], plan=plan(paths=64), dynamics=STILL, spillover=np.array([[0, 0], [0.5, 0]]))
    # The spread move triggers 0.005 of log price of fuel; its buying then moves R/(1 − R) as far again.
    assert math.log(fed.coins[1].highest_price.mean.estimate / 1e5) == pytest.approx(0.01, rel=1e-6)


def test_coarse_sums_are_a_brownian_walk():
    """Block sums of Sobol paths: variances are block lengths, blocks uncorrelated."""
    steps = 144
    sums = coarse_sums(paths=4_096, coins=2, steps=steps, seed=1, row=0)
    lengths = np.diff(block_edges(steps, blocks_for(steps)))
    flat = sums.reshape(4_096, -1)
    covariance = np.cov(flat.T)
    expected = np.diag(np.tile(lengths, 2))
    assert np.abs(covariance - expected).max() < 0.1 * lengths.max()
    assert np.abs(flat.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9, 64, 65, 143, 144])
def test_every_number_of_steps_has_its_blocks(steps):
    """Blocks cover the steps, none is empty, and Sobol runs give the formula's probability."""
    edges = block_edges(steps, blocks_for(steps))
    assert edges[0] == 0
    assert edges[-1] == steps
    assert min(np.diff(edges)) > 0
    run = plan(step_s=86_400.0 / steps, variance="sobol", paths=4_096)
    one = simulate([coin(ratio=0.0)], plan=run).coins[0].touches[0]
    walked = simulate([coin(ratio=0.0)], plan=msgspec.structs.replace(run, variance="none", paths=32_768)).coins[0]
    expected = walked.touches[0].probability
    error = math.hypot(one.probability.standard_error, expected.standard_error)
    assert abs(one.probability.estimate - expected.estimate) < 4.5 * error


def test_reduced_variance_is_measured(measured):
    """Squared standard errors at equal paths: both ways gain on P(touch); the figures are printed."""
    runs = {}
    for variance in ("none", "antithetic", "sobol"):
        outcome = simulate([coin()], plan=plan(variance=variance, paths=32_768), threads=2).coins[0]
        runs[variance] = outcome.touches[0].probability.standard_error, outcome.amplification_up.standard_error
    for variance in ("antithetic", "sobol"):
        touch, amplified = ((plain / held) ** 2 for plain, held in zip(runs["none"], runs[variance], strict=True))
        measured(f"variance gain of {variance}: P(touch) {touch:.1f}x, amplification {amplified:.1f}x")
        assert touch > 1.2


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"paths": 10}, "paths is 10"),
        ({"seed": -1}, "seed is -1"),
        ({"horizon_s": math.nan}, "horizon_s is nan"),
        ({"step_s": 1e9}, "step_s is"),
        ({"returns": "levy"}, "returns 'levy'"),
        ({"returns": "bootstrap"}, "at least 24 returns"),
        ({"returns": "bootstrap", "variance": "antithetic"}, "no mirror"),
        ({"returns": "student", "variance": "sobol"}, "Gaussian paths only"),
        ({"returns": "student", "freedom": 5}, "4, 6 or 8"),
        ({"variance": "magic"}, "variance 'magic'"),
    ],
)
def test_plans_out_of_range_are_refused(changes, match):
    with pytest.raises(InputError, match=match):
        simulate([coin()], plan=plan(**changes))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"levels": (1e5,)}, "other than the start"),
        ({"price": math.inf}, "price is inf"),
        ({"fuel_usd": np.ones((2, 3))}, "must be"),
        ({"fuel_usd": np.full((1, 2, 300), -1.0)}, "not negative"),
        ({"depth_usd": np.zeros((2, 300))}, "above 0 in the last bin"),
        ({"depth_usd": np.full((2, 300), math.nan)}, "not finite"),
    ],
)
def test_coins_out_of_range_are_refused(changes, match):
    with pytest.raises(InputError, match=match):
        simulate([coin(**changes)], plan=plan())


@pytest.mark.parametrize(
    ("correlation", "match"),
    [
        (np.eye(3), "must be"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "beyond"),
    ],
)
def test_correlations_that_are_none_are_refused(correlation, match):
    with pytest.raises(InputError, match=match):
        simulate([coin(), coin(coin="B")], plan=plan(), correlation=correlation)
    with pytest.raises(InputError, match="market_share is 2"):
        simulate([coin()], plan=plan(), dynamics=Dynamics(market_share=2.0))
