"""Calibration on hours of short bars: nothing later is in a lesson, few markets teach, nothing is fitted twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liqmap_samples import market

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE
from powderkeg.liqmap import calibrator
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.calibrate import NEEDED_BARS
from powderkeg.liqmap.calibrator import SEARCHED, TEACHERS
from powderkeg.liqmap.lessons import Teacher
from powderkeg.liqmap.modelled import Modelled

SHORT_NS = 15 * NS_PER_MINUTE


def short_bars(seed, count, symbol="BTCUSDT"):
    """Bars of a quarter of an hour, from a day's start."""
    held = market(seed, count, symbol)
    first_ns = int(held.open_ns[0])
    return Bars(
        symbol=symbol,
        interval_ns=SHORT_NS,
        open_ns=first_ns + np.arange(count) * SHORT_NS,
        prices=held.prices,
        volume_base=held.volume_base,
        open_interest_base=held.open_interest_base,
        liquidated_base=held.liquidated_base,
    )


SHORT = short_bars(1, 1_000)


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 1_000), hour=st.integers(0, 250))
def test_a_lesson_holds_nothing_of_later(count, hour):
    """Of all bars, or of those that had ended: the same hours, and mark, in whatever order cuts come."""
    cut = 4 * hour
    cut_ns = int(SHORT.open_ns[0]) + cut * SHORT_NS
    teacher = Teacher(SHORT)
    teacher.lesson(int(SHORT.open_ns[0]) + count * SHORT_NS)
    lesson = teacher.lesson(cut_ns)
    if hour == 0:
        assert lesson is None
        return
    until = Teacher(SHORT.until(cut)).lesson(cut_ns)
    assert lesson.mark == until.mark == Teacher(SHORT).lesson(cut_ns).mark
    hours = lesson.hours.bars
    assert len(hours) == hour
    assert int(hours.open_ns[-1]) + NS_PER_HOUR <= cut_ns
    np.testing.assert_array_equal(hours.liquidated_base, until.hours.bars.liquidated_base)
    np.testing.assert_allclose(hours.liquidated_base.sum(), SHORT.liquidated_base[:cut].sum())


@pytest.mark.parametrize("name", ["prices", "volume_base", "open_interest_base", "liquidated_base"])
def test_a_mark_tells_any_other_bars(name):
    """One number that differs before the cut, and only that, is another mark."""
    cut_ns = int(SHORT.open_ns[400])
    for at, is_same in ((10, False), (900, True)):
        held = {field: getattr(SHORT, field) for field in SHORT.__struct_fields__}
        held[name] = held[name].copy()
        held[name][at] = held[name][at] * 1.0000001
        other = Teacher(Bars(**held)).lesson(cut_ns)
        assert (other.mark == Teacher(SHORT).lesson(cut_ns).mark) is is_same


def test_a_map_of_short_bars_stands_on_hours():
    """Calibrated, at a past time as it was then, whatever came later."""
    bars = short_bars(1, 96 * 8)
    at_ns = int(bars.open_ns[96 * 6 + 40])
    model = Modelled([bars])
    now = model.read("BTCUSDT")
    assert now.kernel.origin == "calibrated"
    then, alone = model.read("BTCUSDT", at_ns), Modelled([bars.until(96 * 6 + 40)]).read("BTCUSDT")
    np.testing.assert_array_equal(then.notional_usd, alone.notional_usd)
    np.testing.assert_array_equal(then.upper_usd, alone.upper_usd)


@pytest.mark.parametrize(("hours", "origin"), [(96 + 11, "default"), (96 + 12, "calibrated")])
def test_a_calibration_has_what_it_needs_or_is_none(hours, origin):
    """From the hour on that there is enough after the warm-up; never an error in between."""
    first = market(1, 400)
    begin = int(first.open_ns[0]) // NS_PER_HOUR
    midnight = next(n for n in range(hours, hours + 24) if (begin + n) % 24 == 0)
    bars = Bars(
        **{
            field: getattr(first, field)[midnight - hours :]
            if field not in {"symbol", "interval_ns"}
            else getattr(first, field)
            for field in first.__struct_fields__
        }
    )
    assert hours - 12 + 1 >= NEEDED_BARS
    read = Modelled([bars]).read("BTCUSDT", int(bars.open_ns[hours]))
    assert read.kernel.origin == origin


def test_few_markets_teach_and_fewer_are_searched(monkeypatch):
    """Those with most hours in which something was liquidated; one question fits each thing once."""
    markets = []
    for n in range(TEACHERS + 3):
        bars = market(n + 1, 300, f"M{n:02}")
        bars.liquidated_base[: 5 * n] = 0.0
        markets.append(bars)
    searched, fitted = [], []
    search, fit = calibrator.shared_settings, calibrator.distance_weights

    def counted_search(panel, *more):
        searched.append([one.symbol for one in panel.markets])
        return search(panel, *more)

    def counted_fit(panel, *more):
        fitted.append(len(panel.markets))
        return fit(panel, *more)

    monkeypatch.setattr(calibrator, "shared_settings", counted_search)
    monkeypatch.setattr(calibrator, "distance_weights", counted_fit)
    monkeypatch.setattr(calibrator, "RESAMPLED", 4)
    memory = {}
    model = Modelled(markets, memory)
    sources = model.read("M00").kernel.source.split(", ")
    model.read("M01")
    assert sources == [f"M{n:02}" for n in range(TEACHERS)]
    assert searched == [[f"M{n:02}" for n in range(SEARCHED)]]
    assert fitted == [TEACHERS]
    model.read(f"M{TEACHERS + 1:02}")
    assert fitted == [TEACHERS, TEACHERS + 1]
    Modelled(markets, memory).read("M00")
    assert (len(searched), len(fitted)) == (1, 2)
