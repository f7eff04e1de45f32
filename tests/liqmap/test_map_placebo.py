"""What a gain is made of: the parts add up, a placebo has none of the flow's, and flow is seen where it matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liqmap_samples import START_NS, from_the_map, market, mirrored
from scipy import stats

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.liqmap.bands import PIT_BINS, pit_histogram, transforms
from powderkeg.liqmap.calibrate import calibrate_panel
from powderkeg.liqmap.cards import flow_sentence
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.liqmap.inference import day_draws, interval_of_shares, uniform_p_value
from powderkeg.liqmap.models import gain, pooled, with_map
from powderkeg.liqmap.panel import build_panel, map_rows
from powderkeg.liqmap.placebos import blind, shuffled, shuffled_flow
from powderkeg.liqmap.score import score

CUT = parse_instant("2024-07-15T00:00:00Z")
PLAIN = MapSettings()


@pytest.fixture
def hours(shared_data):
    return read_bars(shared_data / "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv")


def test_the_parts_of_the_gain_add_up_and_are_all_shown(hours):
    """Price, levels and flow are the gain; the placebo's own gain over (a) stands beside its score."""
    card = score(hours, CUT)
    for one in card.series:
        assert one.chosen == "map"
        assert one.price_increment + one.levels_increment + one.flow_increment == pytest.approx(one.gain, abs=1e-9)
        assert one.placebo_gain == pytest.approx(one.price_increment + one.levels_increment + one.placebo, abs=1e-9)
        assert one.placebo == pytest.approx(np.mean(one.placebo_shuffles))
        for name in ("gain", "flow_increment", "placebo"):
            assert one.intervals[name][0] <= getattr(one, name) <= one.intervals[name][1]
        assert sum(one.pit) == pytest.approx(1.0)
    assert card.mean["placebo_gain"] > 0.1
    assert any("still gains" in said for said in card.sentences)


def test_placebos_of_many_shuffles_know_nothing_of_flow(hours):
    """Counted as knowledge of flow, every shuffle is within 0.02 of zero on recorded hours, in each coin and side."""
    panel = build_panel(hours)
    mask, every = panel.trainable(CUT), np.ones(len(panel.target), dtype=bool)
    test = (panel.open_ns >= CUT) & np.isfinite(panel.target)

    def predicted(levels):
        return pooled(with_map(panel.path, levels, mask))(panel, mask, every)

    without = predicted(map_rows([blind(bars, PLAIN) for bars in hours]))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        levels = map_rows([shuffled(bars, PLAIN, CUT, rng) for bars in hours])
        scored = gain(panel, predicted(levels), without, test)
        assert abs(scored.mean()) <= 0.01
        assert (abs(scored) <= 0.02).all()


def test_shuffling_keeps_every_number_on_its_side_of_the_cut():
    """The same opened flow in another order, before the cut and after it apart."""
    bars = market(1, 100)
    cut_ns = int(bars.open_ns[60])
    told = shuffled_flow(bars, PLAIN, cut_ns, np.random.default_rng(1))
    true = shuffled_flow(bars, PLAIN, cut_ns, np.random.default_rng(2))
    for part in (slice(0, 60), slice(60, 100)):
        assert sorted(told[part, 1]) == sorted(true[part, 1])
        assert not np.array_equal(told[part, 1], true[part, 1])
    assert (told[1:, 0] == told[:-1, 1]).all()
    assert (told[:, 2] >= told[:, 1] - told[:, 0]).all()


def test_flow_is_seen_where_liquidations_follow_it():
    """Liquidations drawn from the map of true flow: the map beats the blind one, and the placebo does not."""
    markets = [from_the_map(n, symbol=symbol) for n, symbol in enumerate(("BTCUSDT", "ETHUSDT"))]
    card = score(markets, START_NS + 600 * NS_PER_HOUR)
    assert card.mean["flow_increment"] > 0.01
    assert card.intervals["flow_increment"][0] > 0
    assert card.mean["placebo"] < 0.005
    assert "added for the mean of all" in card.sentences[0]


@pytest.mark.parametrize(
    ("flow", "interval", "said"),
    [
        (None, None, "nothing to say"),
        (0.03, None, "too few days"),
        (0.03, (0.01, 0.05), "added for"),
        (-0.03, (-0.05, -0.01), "cost"),
        (0.01, (-0.01, 0.03), "added nothing"),
    ],
)
def test_the_sentence_says_what_the_interval_says(flow, interval, said):
    assert said in flow_sentence("BTC longs", flow, interval)


def test_the_mirrored_market_has_the_mirrored_predictions():
    """Longs and shorts exchanged: what is predicted for longs is what was predicted for shorts."""
    bars, cut_ns = market(6, 300), START_NS + 200 * NS_PER_HOUR
    one, other = (build_panel([held]) for held in (bars, mirrored(bars)))
    straight, turned = (calibrate_panel(panel, cut_ns, PLAIN) for panel in (one, other))
    for name in ("predicted", "baseline", "lower", "upper"):
        there = getattr(turned, name)
        np.testing.assert_allclose(
            getattr(straight, name), np.concatenate([there[300:], there[:300]]), rtol=1e-4, atol=1e-4
        )


def test_intervals_over_days_are_those_of_resampled_days():
    """Near the normal interval of a mean of independent days; none for too few days; nothing gained, nothing found."""
    rng = np.random.default_rng(3)
    better = rng.normal(0.2, 1.0, (1, 60))
    low, high = interval_of_shares(better, np.ones((1, 60)), day_draws(60))
    half = 1.96 * better.std() / np.sqrt(60)
    assert low == pytest.approx(better.mean() - half, abs=0.05)
    assert high == pytest.approx(better.mean() + half, abs=0.05)
    assert interval_of_shares(better[:, :2], np.ones((1, 2)), day_draws(2)) is None
    assert interval_of_shares(0 * better, np.ones((1, 60)), day_draws(60)) == (0.0, 0.0)
    assert interval_of_shares(better, 0 * better, day_draws(60)) is None


@given(seed=st.integers(0, 200))
def test_the_histogram_spreads_atoms_evenly_and_is_flat_for_the_truth(seed):
    """A number in the atom of a forecast counts in every tenth the atom covers; a sharp one in its own."""
    rng = np.random.default_rng(seed)
    sharp = rng.random((4000, 1)).repeat(2, axis=1)
    expected = np.histogram(sharp[:, 0], PIT_BINS, (0, 1))[0] / 4000
    np.testing.assert_allclose(pit_histogram(sharp), expected, atol=1e-9)
    assert pit_histogram(np.array([[0.0, 0.5]])) == pytest.approx([0.2] * 5 + [0.0] * 5)
    assert pit_histogram(np.array([[0.25, 0.25], [1.0, 1.0]])) == pytest.approx([0, 0, 0.5] + 6 * [0] + [0.5])


def test_bands_off_the_mark_are_told_from_bands_that_hold():
    """The p-value is a t test over daily means: high for the truth, low where everything falls above the middle."""
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(20), 24)
    fair = rng.random((480, 1)).repeat(2, axis=1)
    sums = (fair[:, 0] - 0.5).reshape(20, 24).sum(axis=1)
    assert uniform_p_value(fair, day) == pytest.approx(stats.ttest_1samp(sums, 0.0).pvalue)
    assert uniform_p_value(0.4 + 0.6 * fair, day) < 1e-6
    assert uniform_p_value(fair[:24], day[:24]) is None


def test_transforms_are_shares_of_the_predicted_law():
    """About uniform on fresh bars of a market like the one trained on; unknown stays unknown; ends are in order."""
    bars, cut_ns = market(8, 1200), START_NS + 800 * NS_PER_HOUR
    panel = build_panel([bars])
    found = calibrate_panel(panel, cut_ns, PLAIN)
    known = transforms(panel, found.validated, found.predicted, found.mask)
    fresh = panel.bar >= 800
    assert (known[:, 0] <= known[:, 1]).all()
    assert known[fresh].mean() == pytest.approx(0.5, abs=0.06)
    assert pit_histogram(known[fresh]).max() < 0.2
    panel.target[-1] = np.nan
    assert np.isnan(transforms(panel, found.validated, found.predicted, found.mask)[-1]).all()
