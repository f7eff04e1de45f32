"""Calibration: what it may look at, what it falls back to, and the fit against independent roads to the answer."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liqmap_samples import START_NS, market
from scipy import integrate, optimize

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR
from powderkeg.liqmap.calibrate import calibrate
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.liqmap.link import Rows, fit, smooth_log1p
from powderkeg.liqmap.models import inner_folds, per_series, spread
from powderkeg.liqmap.panel import build_panel
from powderkeg.liqmap.weights import nonnegative_weights
from powderkeg.liqmap.windows import before_max, before_mean, carried

CUT_NS = START_NS + 200 * NS_PER_HOUR
PLAIN = MapSettings()


@pytest.fixture(scope="module")
def markets():
    return [market(1, 300), market(2, 300, "ETHUSDT", unit=15.0)]


def test_liquidations_after_the_cut_are_never_read(markets):
    """Whatever they are, every prediction, band and baseline is the same bit for bit."""
    changed = []
    for bars in markets:
        liquidated = bars.liquidated_base.copy()
        liquidated[200:] = 1e6 * liquidated[200:] + 7.0
        changed.append(msgspec.structs.replace(bars, liquidated_base=liquidated))
    one, other = calibrate(markets, CUT_NS), calibrate(changed, CUT_NS)
    for name in ("predicted", "baseline", "lower", "upper", "weights"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_appending_bars_changes_no_earlier_prediction(markets):
    """Predictions for bars 200..250 are the same whether the file ends at 250 or at 300."""
    short = [bars.until(250) for bars in markets]
    whole, part = calibrate(markets, CUT_NS), calibrate(short, CUT_NS)
    panel, fewer = build_panel(markets), build_panel(short)
    for name in ("predicted", "baseline", "lower", "upper"):
        np.testing.assert_array_equal(getattr(whole, name)[panel.bar < 250], getattr(part, name)[fewer.bar < 250])


def test_a_bars_own_volume_and_open_interest_do_not_enter_its_prediction(markets):
    """Only the price path of the bar itself, and what came before."""
    at = 240
    changed = [
        msgspec.structs.replace(
            bars,
            volume_base=np.where(np.arange(300) >= at, 9.0, 1.0) * bars.volume_base,
            open_interest_base=np.where(np.arange(301) > at, 1.3, 1.0) * bars.open_interest_base,
        )
        for bars in markets
    ]
    known = build_panel(markets).bar <= at
    one, other = calibrate(markets, CUT_NS, PLAIN), calibrate(changed, CUT_NS, PLAIN)
    np.testing.assert_array_equal(one.predicted[known], other.predicted[known])
    np.testing.assert_array_equal(one.baseline[known], other.baseline[known])


def test_the_unit_of_a_coin_does_not_matter_where_orders_are_large():
    """Thousandths of a coin: every quantity a thousand times larger shifts the predicted logarithm by ln 1000."""
    found = []
    for unit in (1e6, 1e9):
        bars = market(3, 240, unit=unit)
        floored = np.maximum(bars.liquidated_base, unit)
        bars = msgspec.structs.replace(bars, liquidated_base=floored)
        found.append(calibrate([bars], CUT_NS, PLAIN).alternatives["map"])
    np.testing.assert_allclose(found[1] - found[0], np.log(1e3), atol=0.02)


def test_where_the_map_does_not_help_the_baseline_predicts():
    """Liquidations that are a function of the move alone: validation inside the training window leaves the map out."""
    bars = market(5, 400)
    depth = np.log(bars.prices[:, 0] / bars.prices[:, 2])
    x = np.log(depth * bars.open_interest_base[:-1] + 1e-6 * bars.open_interest_base[:-1])
    only_move = np.expm1(np.maximum(2.0 + 0.6 * x, 0.0))
    bars = msgspec.structs.replace(bars, liquidated_base=np.column_stack([only_move, bars.liquidated_base[:, 1]]))
    found = calibrate([bars], START_NS + 350 * NS_PER_HOUR, PLAIN)
    assert found.chosen[0] == "move"
    np.testing.assert_array_equal(found.predicted[:400], np.maximum(found.baseline[:400], 0.0))


def test_bands_hold_their_share_of_fresh_bars():
    """Trained on half of a long made-up market, the 80 % band holds about that share of the other half."""
    bars = market(8, 1600)
    found = calibrate([bars], START_NS + 800 * NS_PER_HOUR, PLAIN)
    panel = build_panel([bars])
    fresh = panel.bar >= 800
    inside = (panel.target >= found.lower) & (panel.target <= found.upper)
    assert 0.74 <= inside[fresh].mean() <= 0.86
    assert (found.lower <= found.predicted + 1e-12).mean() > 0.95
    assert (found.lower >= 0).all()


def test_too_little_to_train_on_is_said(markets):
    with pytest.raises(InputError, match="train until a later time"):
        calibrate(markets, START_NS + 20 * NS_PER_HOUR)


def test_inner_validation_stays_inside_the_training_window(markets):
    """Folds cover each training row once as held out, never train on it then, and touch nothing else."""
    panel = build_panel(markets)
    mask = panel.trainable(CUT_NS)
    folds = inner_folds(panel, mask)
    assert (sum(held.astype(int) for _, held in folds) == mask.astype(int)).all()
    for train, held in folds:
        assert not (train & held).any()
        assert (train | held)[~mask].sum() == 0


@given(eta=st.floats(-12, 12))
def test_the_link_is_the_mean_of_its_law(eta):
    """h(η) = E log(1 + exp(η + Z)), by quadrature of another kind; its slope by differences."""
    expected = integrate.quad(lambda z: np.logaddexp(0, eta + z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), -9, 9)[0]
    held, slope = smooth_log1p(np.array([eta]))
    assert held[0] == pytest.approx(expected, rel=2e-3, abs=1e-6)
    up, down = smooth_log1p(np.array([eta + 1e-5, eta - 1e-5]))[0]
    assert slope[0] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-8)


def test_the_fit_finds_the_penalized_minimum():
    """The arrowhead descent ends where a general minimizer of the same loss ends."""
    rng = np.random.default_rng(4)
    count, series = 400, rng.integers(0, 3, 400)
    columns = rng.normal(size=(count, 2))
    log_size = np.array([10.0, 12.0, 14.0])[series]
    eta = log_size - 9.0 + columns @ [0.8, -0.5] + 0.4 * (series == 1) * columns[:, 0]
    rows = Rows(
        columns=columns, series=series, log_size=log_size, target=np.logaddexp(0, eta + 0.3 * rng.normal(size=count))
    )
    found = fit(rows, 3)
    z = (columns - found.center) / found.scale
    weight = np.array([1 / rows.target[series == s].std() for s in range(3)])[series]

    def loss(flat):
        pooled, own = flat[:2], flat[2:].reshape(3, 3)
        reached = log_size + own[series, 0] + ((pooled + own[series, 1:]) * z).sum(axis=1)
        missed = weight * (rows.target - smooth_log1p(reached)[0])
        return missed @ missed + 10 * pooled @ pooled + 1e-3 * (own[:, 0] ** 2).sum() + 100 * (own[:, 1:] ** 2).sum()

    ours = np.concatenate([found.pooled, found.own.ravel()])
    best = optimize.minimize(loss, ours + 0.05, method="BFGS", options={"gtol": 1e-6})
    assert loss(ours) <= best.fun * (1 + 1e-4)
    assert found.pooled == pytest.approx(best.x[:2], abs=0.01)


def test_a_coin_without_training_rows_borrows_what_the_others_know():
    """Its coefficients are the pooled ones, its level the mean of the others relative to open interest."""
    bars = [market(1, 300), market(2, 300, "NEWUSDT")]
    liquidated = bars[1].liquidated_base * np.nan
    bars[1] = msgspec.structs.replace(bars[1], liquidated_base=liquidated)
    found = calibrate(bars, CUT_NS, PLAIN)
    assert np.isfinite(found.predicted).all()
    assert found.training_bars[2:] == (0, 0)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_weights_are_found_and_never_negative_nor_more_than_open_interest(seed):
    rng = np.random.default_rng(seed)
    crossed = rng.gamma(0.5, 0.01, (4000, 3))
    true = np.array([0.02, 0.0, 0.3])
    found = nonnegative_weights(crossed, crossed @ true * rng.lognormal(0, 0.1, 4000), np.full(3, 0.1))
    assert (found >= 0).all()
    assert found.sum() <= 1.0
    assert found == pytest.approx(true, abs=0.06)
    assert nonnegative_weights(crossed, crossed @ (true * 50), np.full(3, 0.1)).sum() <= 1.0 + 1e-12


@given(seed=st.integers(0, 1000), count=st.integers(1, 30))
def test_trailing_windows_look_back_only(seed, count):
    """Against the plain definition, bar by bar, with holes."""
    rng = np.random.default_rng(seed)
    numbers = np.where(rng.random(25) < 0.2, np.nan, rng.normal(size=25))
    whole = rng.normal(size=25)
    for i in range(25):
        before, known = whole[max(i - count, 0) : i], numbers[max(i - count, 0) : i]
        known = known[np.isfinite(known)]
        assert before_max(whole, count)[i] == pytest.approx(before.max() if len(before) else np.nan, nan_ok=True)
        expected = known.mean() if len(known) else np.nan
        assert before_mean(numbers, count)[i] == pytest.approx(expected, nan_ok=True, abs=1e-12)
    held = carried(np.array([np.nan, 2.0, np.nan, 3.0, np.nan]))
    assert held.tolist() == [2.0, 2.0, 2.0, 3.0, 3.0]


def test_least_squares_per_series_is_least_squares(markets):
    """Baseline (a) against the normal equations of one series."""
    panel = build_panel(markets)
    mask = panel.trainable(CUT_NS)
    predicted = per_series(panel.move)(panel, mask, np.ones_like(mask))
    mine = panel.series == 1
    design = np.column_stack([np.ones(mine.sum()), panel.move[mine]])
    train = mask[mine]
    solved = np.linalg.lstsq(design[train], panel.target[mine][train], rcond=None)[0]
    np.testing.assert_allclose(predicted[mine], design @ solved, rtol=1e-6)
    assert (spread(panel, mask) > 0).all()
