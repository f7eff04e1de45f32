"""The scorecard: its figures against other roads to them, and the goals on recorded data."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liqmap_samples import START_NS, market
from scipy import stats

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.liqmap.inference import (
    capture,
    diebold_mariano,
    fit_counts,
    information_gain,
    log_score,
    rank_correlation,
)
from powderkeg.liqmap.score import score

HOURLY = "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv"
CUT = "2024-07-15T00:00:00Z"


def test_days_are_the_clusters_of_the_comparison():
    """Equal to a t test over daily sums; repeating every hour of a day adds no certainty."""
    rng = np.random.default_rng(0)
    target, ours, theirs = rng.normal(size=(3, 240))
    day = np.repeat(np.arange(10), 24)
    found = diebold_mariano(target, ours, theirs, day)
    sums = ((target - theirs) ** 2 - (target - ours) ** 2).reshape(10, 24).sum(axis=1)
    expected = stats.ttest_1samp(sums, 0.0)
    assert found.t == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    twice = diebold_mariano(*(np.repeat(one, 2) for one in (target, ours, theirs, day)))
    assert twice.t == pytest.approx(found.t)


@given(seed=st.integers(0, 500))
def test_a_forecast_is_not_better_than_itself(seed):
    rng = np.random.default_rng(seed)
    target, ours = rng.normal(size=(2, 48))
    assert diebold_mariano(target, ours, ours, np.repeat([0, 1, 2, 3], 12)).t is None
    assert information_gain(np.exp(target), np.exp(ours), np.exp(ours)) == pytest.approx(0.0)


@given(seed=st.integers(0, 500))
def test_information_gain_is_largest_for_the_truth(seed):
    """Gibbs: no forecast of where liquidations fall gains more over another than the liquidations themselves."""
    rng = np.random.default_rng(seed)
    liquidated, ours, theirs = np.exp(rng.normal(size=(3, 40)))
    truth = information_gain(liquidated, liquidated, theirs)
    assert truth >= information_gain(liquidated, ours, theirs) - 1e-9
    assert truth >= 0


def test_ranks_and_capture():
    rng = np.random.default_rng(1)
    liquidated, predicted = rng.gamma(0.5, size=(2, 100))
    assert rank_correlation(liquidated, predicted) == pytest.approx(stats.spearmanr(liquidated, predicted).statistic)
    assert rank_correlation(liquidated, np.ones(100)) is None
    caught = capture(liquidated, liquidated, (0.1, 0.5, 1.0))
    assert caught[0] == pytest.approx(np.sort(liquidated)[-10:].sum() / liquidated.sum())
    assert caught == sorted(caught)
    assert caught[-1] == pytest.approx(1.0)
    assert capture(np.zeros(5), predicted[:5], (0.5,)) == [None]


def test_log_score_is_that_of_a_negative_binomial():
    rng = np.random.default_rng(2)
    predicted = rng.gamma(2.0, 3.0, 500)
    liquidated = rng.negative_binomial(2.0, 2.0 / (2.0 + predicted)).astype(float)
    counts = fit_counts(liquidated, predicted)
    rate = predicted * counts.smearing / counts.unit
    shape = 1 / counts.dispersion
    law = stats.nbinom(shape, shape / (shape + rate))
    expected = law.logpmf(np.round(liquidated / counts.unit)).mean()
    assert log_score(liquidated, predicted, counts) == pytest.approx(expected)
    assert log_score(liquidated, predicted, counts) > log_score(liquidated, predicted[::-1], counts)


def test_gains_and_sentences_agree():
    """The parts of a card are consistent, and a series without spread has no gain but a sentence."""
    bars = market(1, 300)
    flat = bars.liquidated_base.copy()
    flat[250:, 1] = 0.0
    card = score([msgspec.structs.replace(bars, liquidated_base=flat)], START_NS + 250 * NS_PER_HOUR)
    long, short = card.series
    assert long.gain_over_a0 == pytest.approx(long.gain - long.by_baseline["a0"])
    assert long.gain_over_best == pytest.approx(long.gain - max(long.by_baseline.values()))
    assert long.by_baseline["a"] == 0.0
    assert short.gain is None
    assert "nothing to score" in short.verdict
    assert card.mean["gain"] == long.gain


def test_nothing_to_test_on_is_said():
    with pytest.raises(InputError, match="no bar with known liquidations"):
        score([market(1, 200)], START_NS + 200 * NS_PER_HOUR)


def test_goals_on_recorded_hours(shared_data):
    """Train until 2024-07-15, test after: what the scorecard promises on real liquidations of three coins.

    Gain at least +0.10 over the move-only baseline on average and nowhere below −0.01, at least +0.04 of it the map's
    own; placebos within 0.02 of zero; the 80 % band holds 72 to 88 % of the bars of each series.
    """
    card = score(read_bars(shared_data / HOURLY), parse_instant(CUT))
    assert len(card.series) == 6
    assert card.mean["gain"] >= 0.10
    assert card.lowest_gain >= -0.01
    assert card.mean["map_increment_over_a1"] >= 0.04
    assert card.mean["map_increment_over_price"] >= 0.04
    for one in card.series:
        assert abs(one.placebo) <= 0.02
        assert abs(one.placebo_levels) <= 0.02
        assert 0.72 <= one.coverage[1] <= 0.88
        assert one.dm_p < 0.05
