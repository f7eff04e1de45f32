"""Many coins at once: minutes into hours, what an hour may know, the shared fit, and the scores."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liqmap_samples import START_NS, market, minutes

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.liqmap import kernels
from powderkeg.liqmap.coarse import coarsen, estimate_within
from powderkeg.liqmap.estimate import LevelMap, MapSettings, flow_of
from powderkeg.liqmap.screen import screen
from powderkeg.liqmap.screen_rows import rows_of
from powderkeg.liqmap.shrunk import POOLED_RIDGE, SERIES_RIDGE, fit_predict, prepare

PLAIN = MapSettings()
CUT_NS = START_NS + 80 * NS_PER_HOUR


@given(seed=st.integers(0, 1000), late=st.integers(0, 59), hole=st.integers(0, 200))
@settings(max_examples=15, deadline=None)
def test_hours_are_what_their_minutes_say(seed, late, hole):
    """Against a plain loop, also where the first hour is cut short, minutes are missing or a number is unknown."""
    bars = minutes(seed, hours=5)
    keep = np.arange(len(bars)) >= late
    keep[hole : hole + 30] = False
    keep[-1] = True
    rows = np.flatnonzero(keep)
    liquidated = bars.liquidated_base.copy()
    liquidated[rows[-1], 0] = np.nan
    bars = msgspec.structs.replace(
        bars,
        open_ns=bars.open_ns[rows],
        prices=bars.prices[rows],
        volume_base=bars.volume_base[rows],
        open_interest_base=bars.open_interest_base[np.append(rows, rows[-1] + 1)],
        liquidated_base=liquidated[rows],
    )
    hours = coarsen(bars, NS_PER_HOUR).bars
    by_hour = {}
    for i, open_ns in enumerate(bars.open_ns):
        by_hour.setdefault(int(open_ns) // NS_PER_HOUR, []).append(i)
    assert hours.open_ns.tolist() == [hour * NS_PER_HOUR for hour in by_hour]
    for n, held in enumerate(by_hour.values()):
        prices = bars.prices[held]
        expected = [prices[0, 0], prices[:, 1].max(), prices[:, 2].min(), prices[-1, 3]]
        assert hours.prices[n].tolist() == expected
        assert hours.volume_base[n] == pytest.approx(bars.volume_base[held].sum())
        assert hours.open_interest_base[n + 1] == bars.open_interest_base[held[-1] + 1]
        expected = pytest.approx(bars.liquidated_base[held].sum(axis=0), nan_ok=True)
        assert hours.liquidated_base[n] == expected
    assert coarsen(hours, NS_PER_HOUR).bars is hours


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_an_hour_crosses_what_stood_in_the_map_when_it_began(seed):
    """Against walking minute by minute and reading the map at each full hour; afterwards the maps are the same."""
    bars = minutes(seed, hours=12)
    coarse = coarsen(bars, NS_PER_HOUR)
    found = estimate_within(bars, coarse, PLAIN)
    slow = LevelMap(PLAIN, bars.interval_hours)
    path, flow = np.log(bars.prices), flow_of(bars, PLAIN.churn)
    for hour, start in enumerate(coarse.starts):
        if hour:
            prices = np.log(coarse.bars.prices[hour])
            low, high, last = (int(np.floor(x / PLAIN.bin_width)) for x in (prices[2], prices[1], path[start - 1, 3]))
            mass, first = slow.mass, slow.first_bin
            longs = mass[0][:, low - first : max(last, low) - first].sum(axis=1)
            shorts = mass[1][:, last + 1 - first : max(high, last) + 1 - first].sum(axis=1)
            np.testing.assert_allclose(found.swept[hour], [longs, shorts], rtol=1e-9, atol=1e-6)
        slow.walk(path[start : start + 60], flow[start : start + 60])
    np.testing.assert_allclose(found.level_map.totals, slow.totals)


def test_an_hour_knows_nothing_of_its_own_flow_or_of_later_liquidations():
    """Its columns are the same whatever is traded, opened or liquidated from its first minute on."""
    bars, at = minutes(4), 90 * 60
    later = np.arange(len(bars)) >= at
    changed = msgspec.structs.replace(
        bars,
        volume_base=np.where(later, 7.0, 1.0) * bars.volume_base,
        open_interest_base=np.where(np.arange(len(bars) + 1) > at, 1.4, 1.0) * bars.open_interest_base,
        liquidated_base=np.where(later[:, None], 50.0, 1.0) * bars.liquidated_base,
    )
    one, other = (rows_of(held, CUT_NS, PLAIN, NS_PER_HOUR) for held in (bars, changed))
    for straight, moved in zip(one, other, strict=True):
        # The placebo's columns are random on purpose; the path, our map and the blind one are not.
        known = straight.series.z.shape[1] - len(PLAIN.distances)
        np.testing.assert_array_equal(straight.series.z[:91, :known], moved.series.z[:91, :known])
        np.testing.assert_array_equal(straight.move[1][:91], moved.move[1][:91])
        np.testing.assert_array_equal(straight.series.force[:, :known], moved.series.force[:, :known])


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_shared_fit_is_the_penalized_minimum_and_leaves_blocks_out(seed):
    """Against one large least squares over stacked rows and penalties, whole and without each block."""
    rng = np.random.default_rng(seed)
    series, rows, count = [], [], 3
    for s in range(2):
        columns = rng.normal(size=(90, count))
        target = 5.0 + columns @ [0.5, -0.3, 0.1 * s] + 0.2 * rng.normal(size=90)
        block = np.where(np.arange(90) < 80, np.arange(90) // 10, -1)
        series.append(prepare(columns, target, block))
        rows.append((columns, target, block))
    found = fit_predict(series, np.ones(count, dtype=bool))

    def slow(left_out):
        design, aim = [], []
        for s, (columns, target, block) in enumerate(rows):
            train = block >= 0
            z = (columns - columns[train].mean(axis=0)) / columns[train].std(axis=0)
            wide = np.zeros((90, 3 * count))
            wide[:, :count] = wide[:, (s + 1) * count : (s + 2) * count] = z
            used = train & (block != left_out)
            design.append(wide[used])
            aim.append(((target - target[train].mean()) / target[train].std())[used])
        ridge = np.sqrt(np.repeat([POOLED_RIDGE, SERIES_RIDGE], [count, 2 * count]))
        solved = np.linalg.lstsq(
            np.vstack([*design, np.diag(ridge)]), np.concatenate([*aim, np.zeros(3 * count)]), rcond=None
        )[0]
        return [solved[:count] + solved[(s + 1) * count : (s + 2) * count] for s in range(2)]

    for s, (columns, target, block) in enumerate(rows):
        train = block >= 0
        z = (columns - columns[train].mean(axis=0)) / columns[train].std(axis=0)
        expected = target[train].mean() + target[train].std() * (z @ slow(None)[s])
        np.testing.assert_allclose(found[s][1], np.maximum(expected, 0), rtol=1e-4)
        third = block == 3
        expected = target[train].mean() + target[train].std() * (z[third] @ slow(3)[s])
        np.testing.assert_allclose(found[s][0][third], np.maximum(expected, 0), rtol=1e-4)


def test_threads_change_nothing_and_a_generator_will_do():
    coins = [minutes(n, hours=160, symbol=f"C{n}") for n in range(3)]
    one = screen(coins, CUT_NS)
    two = screen((coin for coin in coins), CUT_NS, threads=2)
    assert msgspec.to_builtins(one) == msgspec.to_builtins(two)
    assert [row.symbol for row in one.rows] == ["C0", "C0", "C1", "C1", "C2", "C2"]
    assert all(-1 < row.gain < 1 and row.interval[0] <= row.gain <= row.interval[1] for row in one.rows)


def test_a_thin_coin_borrows_and_an_unknown_one_has_no_score():
    """Two days of history are enough beside long ones; a coin whose liquidations are unknown is listed without gain."""
    coins = [market(1, 400), market(2, 400), market(3, 400)]
    thin = coins[1].liquidated_base.copy()
    thin[:290] = np.nan
    coins[1] = msgspec.structs.replace(coins[1], symbol="THIN", liquidated_base=thin)
    coins[2] = msgspec.structs.replace(coins[2], symbol="DARK", liquidated_base=coins[2].liquidated_base * np.nan)
    found = screen(coins, START_NS + 330 * NS_PER_HOUR)
    assert found.rows[2].training_bars == 40
    assert found.rows[2].gain is not None
    assert found.rows[4].gain is None
    assert found.rows[4].bars == 0
    assert found.mean["gain"] is not None


def test_the_baselines_are_least_squares_on_what_price_alone_knows():
    """(a1) against (a), by least squares on our own columns of the bars; the parts of a gain add up."""
    bars = market(5, 500)
    cut = 350
    found = screen([bars], int(bars.open_ns[cut]))
    opened, high, low, _ = bars.prices.T
    returns = np.diff(np.log(bars.prices[:, 3]), prepend=np.nan)
    held = bars.open_interest_base[:-1]
    for row, moved, extreme in ((0, np.log(opened / low), -np.log(low)), (1, np.log(high / opened), np.log(high))):
        x = np.log(moved * held + 1e-6 * held)
        plain = [np.ones(500), x, x * x, np.log1p(1000 * moved)]
        beyond = [
            [max(extreme[i] - extreme[max(i - hours, 0) : i].max(), 0.0) if i else 0.0 for i in range(500)]
            for hours in (4, 12, 24, 72, 168)
        ]
        spread = [np.sqrt(np.nanmean(returns[max(i - 24, 0) : i] ** 2)) if i > 1 else np.nan for i in range(500)]
        spread[0] = spread[1] = spread[2]
        fresh = [*plain, *np.log1p(1000 * np.array(beyond)), np.log(np.array(spread) + 1e-5)]
        target, train = np.log1p(bars.liquidated_base[:, row]), slice(12, cut)
        missed = []
        for columns in (plain, fresh):
            design = np.column_stack(columns)
            solved = np.linalg.lstsq(design[train], target[train], rcond=None)[0]
            missed.append(((target[cut:] - design[cut:] @ solved) ** 2).sum())
        one, total = found.rows[row], ((target[cut:] - target[cut:].mean()) ** 2).sum()
        assert one.gain - one.gain_over_a1 == pytest.approx((missed[0] - missed[1]) / total, abs=2e-3)
        assert one.map_increment_over_price == pytest.approx(one.levels_increment + one.flow_increment)
        parts = {"map": one.price_increment + one.map_increment_over_price, "price": one.price_increment, "move": 0.0}
        assert one.gain == pytest.approx(parts[one.chosen], abs=1e-9)


def test_a_baseline_that_was_hardly_fitted_gives_no_gain():
    """A coin of a day before the cut is listed without gain and weighs nothing in the mean; nor does a calm one."""
    coins = [market(1, 400), market(2, 400)]
    late = coins[1].liquidated_base.copy()
    late[:306] = np.nan
    coins.append(msgspec.structs.replace(coins[1], symbol="LATE", liquidated_base=late))
    found = screen(coins, START_NS + 330 * NS_PER_HOUR)
    alone = screen(coins[:2], START_NS + 330 * NS_PER_HOUR)
    assert (found.rows[4].training_bars, found.rows[4].gain, found.rows[4].interval) == (24, None, None)
    assert "nothing to score for LATE longs" in found.rows[4].verdict
    assert found.mean["gain"] == pytest.approx(np.mean([row.gain for row in found.rows[:4]]))
    assert found.mean["gain"] == pytest.approx(alone.mean["gain"], abs=0.02)
    calm = msgspec.structs.replace(coins[0], liquidated_base=coins[0].liquidated_base * 0)
    assert screen([calm], START_NS + 330 * NS_PER_HOUR).mean["gain"] is None


def test_nothing_to_screen_is_said():
    with pytest.raises(InputError, match="no market"):
        screen([], CUT_NS)
    with pytest.raises(InputError, match="train until later"):
        screen([market(1, 100)], START_NS)
    with pytest.raises(InputError, match="nothing to score"):
        screen([market(1, 100)], START_NS + 100 * NS_PER_HOUR)


def test_a_screen_of_recorded_hours_gains_what_the_scorecard_gains(shared_data):
    """The closed form predicts about as well as the full calibration, and its placebo is no better."""
    hours = shared_data / "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv"
    found = screen(read_bars(hours), parse_instant("2024-07-15"))
    assert found.mean["gain"] >= 0.15
    assert min(row.gain for row in found.rows) >= 0.10
    assert found.mean["levels_increment"] >= 0.04
    assert all(abs(row.placebo) <= 0.02 for row in found.rows)
    assert all(0.72 <= row.coverage <= 0.88 for row in found.rows)


def test_the_interpreted_walk_within_hours_equals_the_compiled_one():
    """One text: what runs without a compiler gives the same numbers."""
    bars = minutes(5, hours=4)
    coarse = coarsen(bars, NS_PER_HOUR)
    compiled, plain = estimate_within(bars, coarse, PLAIN), LevelMap(PLAIN, bars.interval_hours)
    path, edges = np.log(bars.prices), np.log(coarse.bars.prices)
    within = np.column_stack([coarse.starts, np.floor(edges[:, [2, 1]] / PLAIN.bin_width).astype(np.int64)])
    plain._reach(path)
    swept = np.zeros((len(coarse.bars), 2, len(PLAIN.distances)))
    state = (PLAIN.steps, plain._grid, plain._mass, plain._ledger)
    kernels.walk_within(path, flow_of(bars, PLAIN.churn), *state, swept, within)
    np.testing.assert_allclose(swept, compiled.swept, rtol=1e-12, atol=1e-9)
