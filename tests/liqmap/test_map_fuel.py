"""The map as fuel for a walk of the price, and the kernel's calendar and default."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liqmap_samples import START_NS, market, mirrored

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S, parse_instant
from powderkeg.liqmap.fuel import fuel_profile
from powderkeg.liqmap.kernel import DEFAULT_SETTINGS, day_start, default_kernel, week_start
from powderkeg.liqmap.measured import Position, measured_map
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.panel import build_panel, walk_markets
from powderkeg.liqmap.weights import distance_weights

LEVELS = st.lists(st.floats(101, 140), min_size=1, max_size=20)


def shorts_at(levels, mark=100.0):
    held = [Position(position_side="short", qty_base=2.0, liquidation_price=level) for level in levels]
    return measured_map(held, symbol="BTC", as_of_ns=START_NS, mark_price=mark)


@given(levels=LEVELS, bin_bps=st.floats(0.5, 40), steps=st.integers(1, 500))
def test_steps_add_up_to_what_lies_between(levels, bin_bps, steps):
    """Whatever the width of a step: positions between the mark and the last step, each once (to one bin at the end)."""
    one = shorts_at(levels)
    held = fuel_profile(one, bin_bps=bin_bps, bins=steps)
    end = 100.0 * np.exp(bin_bps * 1e-4 * steps)
    width = np.exp(one.bin_width)
    sure = sum(2.0 * level for level in levels if level * width < end)
    possible = sum(2.0 * level for level in levels if level < end * width)
    assert held.shape == (steps,)
    assert (held >= 0).all()
    assert sure - 1e-6 <= held.sum() <= possible + 1e-6


def test_fine_steps_add_up_to_coarse_ones():
    """Four steps of 5 bps hold what one of 20 holds, for either side of a modelled map."""
    one = Modelled([market(1, 200)]).read("BTCUSDT")
    for position_side in ("long", "short"):
        fine = fuel_profile(one, bin_bps=5.0, bins=800, position_side=position_side)
        coarse = fuel_profile(one, bin_bps=20.0, bins=200, position_side=position_side)
        np.testing.assert_allclose(fine.reshape(200, 4).sum(axis=1), coarse, rtol=1e-9, atol=1e-6)
        assert coarse.sum() > 0


def test_fuel_of_the_mirrored_market_is_the_other_side():
    """In base units, what shorts are on the way up longs are on the way down of the mirrored market."""
    bars = market(3, 200)
    one, other = Modelled([bars]).read("BTCUSDT"), Modelled([mirrored(bars)]).read("BTCUSDT")
    ups = [fuel_profile(in_base(one), bin_bps=25.0, bins=40, position_side="short")]
    downs = [fuel_profile(in_base(other), bin_bps=25.0, bins=40, position_side="long")]
    np.testing.assert_allclose(ups, downs, rtol=1e-6, atol=1e-9)


def in_base(one):
    """The map with base units in place of dollars: those are what mirroring keeps."""
    return msgspec.structs.replace(one, notional_usd=one.notional_usd / one.prices)


def test_a_walk_from_beyond_the_mark_leaves_out_what_is_gone():
    """From 106 upwards the heap at 104 is behind; from below the mark the first steps hold nothing."""
    one = shorts_at([104.0, 108.0])
    assert fuel_profile(one, price=106.0, bins=1_000).sum() == pytest.approx(216.0)
    below_mark = fuel_profile(one, price=95.0, bin_bps=10.0, bins=100)
    assert below_mark[: round(np.log(100 / 95) / 1e-3)].sum() == 0.0
    assert below_mark.sum() == pytest.approx(208.0)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"price": 0.0}, "positive price"),
        ({"price": float("nan")}, "positive price"),
        ({"bin_bps": 0.0}, "positive width"),
        ({"bins": 0}, "at least one step"),
        ({"position_side": "up"}, "'long' or 'short'"),
    ],
)
def test_a_walk_that_cannot_be_is_refused(asked, said):
    with pytest.raises(InputError, match=said):
        fuel_profile(shorts_at([104.0]), **asked)


@given(at_s=st.integers(1_300_000_000, 4_000_000_000))
def test_cuts_are_midnights_and_mondays(at_s):
    """At or before the time, on the calendar's own day."""
    at_ns = at_s * NS_PER_S
    moment = dt.datetime.fromtimestamp(at_s, dt.UTC)
    midnight = moment.replace(hour=0, minute=0, second=0)
    assert day_start(at_ns) == int(midnight.timestamp()) * NS_PER_S
    monday = midnight - dt.timedelta(days=midnight.weekday())
    assert week_start(at_ns) == int(monday.timestamp()) * NS_PER_S


def test_the_default_kernel_is_what_the_recorded_hours_give(shared_data):
    """Its constants are refitted here from the data they name."""
    (path,) = (shared_data / "hourly_2024").glob("*.csv")
    markets = read_bars(path)
    panel = build_panel(markets)
    until_ns = parse_instant("2024-08-01")
    found = distance_weights(panel, walk_markets(markets, DEFAULT_SETTINGS), panel.trainable(until_ns))
    by_coin = found.reshape(3, 2, -1)
    kernel = default_kernel()
    np.testing.assert_allclose(kernel.weights, by_coin.mean(axis=0), rtol=0.02)
    np.testing.assert_allclose(kernel.samples, [by_coin.min(axis=0), by_coin.max(axis=0)], rtol=0.02)


def test_a_market_too_short_to_calibrate_on_has_the_default_kernel():
    """Said in the result; bands are its range, around the map."""
    one = Modelled([market(1, 60)]).read("BTCUSDT")
    assert one.kernel.origin == "default"
    assert one.kernel.trained_until_ns is None
    assert (one.lower_usd <= one.notional_usd).all()
    assert (one.notional_usd <= one.upper_usd).all()
    assert one.notional_usd.sum() > 0


def test_nothing_after_its_time_changes_a_map():
    """Liquidations after midnight, and all bars after the time, may be anything."""
    bars = market(5, 320)
    at_ns = START_NS + 250 * 3_600 * NS_PER_S
    changed = bars.liquidated_base.copy()
    changed[at_ns // NS_PER_DAY * NS_PER_DAY <= bars.open_ns] *= 50.0
    then = Modelled([bars.until(250)]).read("BTCUSDT")
    for other in (bars, msgspec.structs.replace(bars, liquidated_base=changed)):
        again = Modelled([other]).read("BTCUSDT", at_ns)
        np.testing.assert_array_equal(again.notional_usd, then.notional_usd)
        np.testing.assert_array_equal(again.upper_usd, then.upper_usd)
        assert again.kernel.origin == "calibrated"
