"""The walk of a price path over the map: the slow twin, the laws of its bookkeeping, and what it may not know."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liqmap_samples import market, mirrored
from naive_liqmap import NaiveMap

from powderkeg.domain.errors import InputError
from powderkeg.liqmap import kernels
from powderkeg.liqmap.estimate import LevelMap, MapSettings, estimate, flow_of

COARSE = MapSettings(churn=0.5, half_life_hours=30.0, distances=(0.004, 0.011, 0.03, 0.09), bin_width=1e-3)
seeds = st.integers(0, 10_000)


def walked_naively(bars, how):
    """Maps per side and distance, what each bar swept and reached."""
    path, flow = np.log(bars.prices), flow_of(bars, how.churn)
    decay = 0.5 ** (bars.interval_hours / how.half_life_hours)
    maps = [[NaiveMap(side, int(step), decay) for step in how.steps] for side in range(2)]
    out = np.array(
        [
            [[one.walk(bar, row, how.bin_width) for one in side] for side in maps]
            for bar, row in zip(path, flow, strict=True)
        ]
    )
    return maps, out[..., 0], out[..., 1]


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_the_walk_equals_a_list_of_positions(seed):
    """The compiled walk gives what keeping every position in a list gives: swept, reached, and every bin after it."""
    bars = market(seed, count=40)
    maps, swept, reached = walked_naively(bars, COARSE)
    found = estimate(bars, COARSE)
    np.testing.assert_allclose(found.swept, swept, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found.reached, reached, rtol=1e-9, atol=1e-12)
    mass, first = found.level_map.mass, found.level_map.first_bin
    for side in range(2):
        for k, one in enumerate(maps[side]):
            expected = [one.at(first + b) for b in range(mass.shape[2])]
            np.testing.assert_allclose(mass[side, k], expected, rtol=1e-9, atol=1e-6)


def test_the_interpreted_walk_equals_the_compiled_one():
    """One text: what runs without a compiler gives the same numbers."""
    bars = market(3, count=30)
    compiled, plain = estimate(bars, COARSE), LevelMap(COARSE, 1.0)
    path, flow = np.log(bars.prices), flow_of(bars, COARSE.churn)
    plain._reach(path)
    swept, reached = np.zeros((2, len(bars), 2, 4))
    kernels.walk(path, flow, COARSE.steps, plain._grid, plain._mass, plain._ledger, swept, reached)
    np.testing.assert_allclose(swept, compiled.swept, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(reached, compiled.reached, rtol=1e-12)


@given(seed=seeds, churn=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_opened_less_closed_is_the_change_of_open_interest(seed, churn):
    """Opened and closed are both at least zero, and their difference is the change exactly as booked."""
    bars = market(seed, count=50)
    before, after, opened = flow_of(bars, churn).T
    closed = before + opened - after
    assert (opened >= 0).all()
    assert (closed >= -1e-9 * before).all()
    change = np.diff(bars.open_interest_base)
    traded = churn * np.maximum(bars.volume_base - np.abs(change), 0) / 2
    np.testing.assert_array_equal(opened, np.maximum(change, 0) + traded)
    np.testing.assert_allclose(closed, np.maximum(-change, 0) + traded, rtol=1e-9, atol=1e-6)


@given(seed=seeds, churn=st.floats(0, 1), half_life=st.sampled_from([2.0, 50.0, float("inf")]))
@settings(max_examples=25, deadline=None)
def test_no_side_ever_holds_more_than_open_interest(seed, churn, half_life):
    """After every bar, for both sides and each distance, even where open interest halves within a bar."""
    rng = np.random.default_rng(seed)
    bars = market(seed, count=40)
    held = bars.open_interest_base * np.where(rng.random(41) < 0.1, 0.4, 1.0)
    bars = msgspec.structs.replace(bars, open_interest_base=held)
    how = MapSettings(churn=churn, half_life_hours=half_life)
    one = LevelMap(how, 1.0)
    path, flow = np.log(bars.prices), flow_of(bars, churn)
    for i in range(len(bars)):
        one.walk(path[i : i + 1], flow[i : i + 1])
        assert (one.mass.sum(axis=2) <= held[i + 1] * (1 + 1e-9)).all()
        np.testing.assert_allclose(one.mass.sum(axis=2), one.totals, rtol=1e-6, atol=1e-4)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_the_mirrored_market_gives_the_mirrored_map(seed):
    """Every rise a fall: what swept longs sweeps shorts, and bin b becomes bin −1 − b."""
    bars = market(seed, count=60)
    straight, other = estimate(bars, COARSE), estimate(mirrored(bars), COARSE)
    np.testing.assert_allclose(straight.swept, other.swept[:, ::-1], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(straight.reached, other.reached[:, ::-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(straight.level_map.mass, other.level_map.mass[::-1, :, ::-1], rtol=1e-9, atol=1e-6)
    assert other.level_map.first_bin == -(straight.level_map.first_bin + straight.level_map.mass.shape[2])


@given(seed=seeds, cut=st.integers(1, 79))
@settings(max_examples=20, deadline=None)
def test_later_bars_change_nothing_before_them(seed, cut):
    """History is not repainted: bit for bit, whether the grid had to grow or not."""
    bars = market(seed, count=80)
    whole, part = estimate(bars, COARSE), estimate(bars.until(cut), COARSE)
    np.testing.assert_array_equal(whole.swept[:cut], part.swept)
    np.testing.assert_array_equal(whole.reached[:cut], part.reached)
    np.testing.assert_array_equal(whole.expected_opened[:cut], part.expected_opened)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_a_bar_knows_its_path_and_nothing_else_of_itself(seed):
    """Volume and open interest of a bar and after it do not enter what is said about the bar."""
    bars, rng = market(seed, count=60), np.random.default_rng(seed)
    at = int(rng.integers(5, 60))
    volume, held = bars.volume_base.copy(), bars.open_interest_base.copy()
    volume[at:] *= rng.uniform(0.1, 10, 60 - at)
    held[at + 1 :] *= rng.uniform(0.5, 2, 60 - at)
    changed = msgspec.structs.replace(bars, volume_base=volume, open_interest_base=held)
    np.testing.assert_array_equal(estimate(bars).crossed_share[: at + 1], estimate(changed).crossed_share[: at + 1])


def test_what_is_opened_late_in_a_bar_is_not_swept_by_the_path_before_it():
    """A bar that falls 3 % and then recovers leaves the longs it opened on the way up standing."""
    bars = market(1, count=2)
    prices = np.array([[100.0, 100.0, 100.0, 100.0], [100.0, 101.0, 97.0, 101.0]])
    bars = msgspec.structs.replace(bars, prices=prices, volume_base=np.array([0.0, 1e4]))
    how = MapSettings(churn=1.0, distances=(0.01,), bin_width=1e-3)
    standing = estimate(bars, how).level_map.mass[0, 0]
    first = estimate(bars, how).level_map.first_bin
    lowest = np.flatnonzero(standing)[0] + first
    assert lowest == int(np.floor(np.log(97.0) / 1e-3)) - 10
    assert estimate(bars, how).reached[1, 0, 0] == pytest.approx(20 / 71, abs=0.03)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_trades_are_bars_without_extent(seed):
    """Walking trades gives the map of walking one flat bar for each, and never more than open interest."""
    rng = np.random.default_rng(seed)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0, 4e-4, 300)))
    qty, before, after = rng.gamma(1.0, 1.0, 300), 1_000.0, float(rng.uniform(900, 1100))
    held = before + (after - before) * np.concatenate([[0.0], np.cumsum(qty)]) / qty.sum()
    bars = msgspec.structs.replace(
        market(0, count=300),
        prices=np.repeat(prices[:, None], 4, axis=1),
        volume_base=qty,
        open_interest_base=held,
    )
    how = msgspec.structs.replace(COARSE, half_life_hours=float("inf"))
    slow = estimate(bars, how)
    fast = LevelMap(how, 1.0)
    parts = [slice(0, 120), slice(120, 121), slice(121, 300)]
    swept = sum(fast.walk_trades(prices[p], qty[p], (held[p.start], held[p.stop]), 0.01) for p in parts)
    np.testing.assert_allclose(swept, slow.swept.sum(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(fast.totals, slow.level_map.totals, rtol=1e-6, atol=1e-6)
    assert fast.mass.sum() == pytest.approx(slow.level_map.mass.sum())
    assert (fast.totals <= after * (1 + 1e-9)).all()


def test_unknown_flow_is_not_zero_flow():
    """A hole in open interest books its change when it is seen again; a hole in volume books the change alone."""
    bars = market(2, count=10)
    held, volume = bars.open_interest_base.copy(), bars.volume_base.copy()
    held[4], volume[6] = np.nan, np.nan
    flow = flow_of(msgspec.structs.replace(bars, open_interest_base=held, volume_base=volume), 0.5)
    assert flow[3, 1] == flow[3, 0]
    assert flow[4, 1] - flow[4, 0] == pytest.approx(held[5] - held[3])
    assert flow[6, 2] == max(held[7] - held[6], 0.0)


@pytest.mark.parametrize(
    ("field", "broken", "said"),
    [
        ("prices", lambda held: held * np.nan, "no price path"),
        ("prices", lambda held: held[:, [0, 2, 1, 3]], "no price path"),
        ("volume_base", lambda held: -held, "negative"),
        ("open_interest_base", lambda held: held * np.nan, "no open interest"),
        ("open_interest_base", lambda held: held[1:], "shape"),
        ("open_ns", lambda held: held[::-1], "increasing"),
    ],
)
def test_bars_that_cannot_be_are_refused(field, broken, said):
    bars = market(0, count=5)
    with pytest.raises(InputError, match=said):
        msgspec.structs.replace(bars, **{field: broken(getattr(bars, field))}).__post_init__()


@pytest.mark.parametrize("wrong", [{"churn": 1.5}, {"half_life_hours": 0.0}, {"distances": ()}, {"bin_width": 1.0}])
def test_settings_that_make_no_map_are_refused(wrong):
    with pytest.raises(InputError):
        MapSettings(**wrong)
