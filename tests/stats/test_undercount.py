"""The vectorized estimators against the formulas written out, and what each coverage class may say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stats_naive import T0, largest, latest, liquidation

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S
from powderkeg.stats.undercount import (
    Z_90,
    FeedKey,
    Undercount,
    combined,
    complete,
    floor_only,
    open_interest_fall_usd,
    sampled_orders,
    sampled_orders_of,
    undercounts,
    with_ceiling,
)

WINDOW_NS = 2 * NS_PER_MINUTE + 30 * NS_PER_S
notionals = st.floats(1.0, 1e7)
sides = st.sampled_from(["long", "short"])


def orders_on(coverage):
    """At most one order a second and side, on two symbols."""
    row = st.tuples(st.integers(0, 149), sides, st.sampled_from(["BTC/USDT:USDT", "ETH/USDT:USDT"]), notionals)
    return st.lists(row, min_size=1, max_size=90, unique_by=lambda row: row[:3]).map(
        lambda rows: [
            liquidation(T0 + second * NS_PER_S, usd, symbol=symbol, position_side=side, coverage=coverage)
            for second, side, symbol, usd in rows
        ]
    )


@given(orders_on("latest_per_second"))
def test_latest_per_second_is_the_formula(events):
    """Floor, estimate, variance and saturation of every feed and side agree with the plain twin."""
    found = undercounts(sampled_orders_of(events), T0, WINDOW_NS)
    assert {key.symbol for key, _ in found} == {event.symbol for event in events}
    for (key, open_ns), figures in found.items():
        assert open_ns == T0
        feed = [event for event in events if event.symbol == key.symbol]
        for side in ("long", "short", None):
            floor, estimate, variance, minutes, saturated = latest(feed, T0, T0 + WINDOW_NS, side)
            agree(figures.of(side), floor, estimate, variance, saturated / minutes)


@given(orders_on("largest_per_second"))
def test_largest_per_second_is_the_formula(events):
    """Each side on its own; the total is their sum and its variance too."""
    found = undercounts(sampled_orders_of(events), T0, WINDOW_NS)
    for (key, _), figures in found.items():
        feed = [event for event in events if event.symbol == key.symbol]
        parts = [largest(feed, T0, T0 + WINDOW_NS, side) for side in ("long", "short")]
        for side, (floor, estimate, variance, saturated) in zip(("long", "short"), parts, strict=True):
            ratio = saturated / figures.of(side).minutes
            agree(figures.of(side), floor, estimate, variance, ratio)
        if figures.total.saturated_ratio == 0:
            floor, estimate, variance, _ = (sum(figure) for figure in zip(*parts, strict=True))
            agree(figures.total, floor, estimate, variance, 0.0)


def agree(figure, floor, estimate, variance, saturated_ratio):
    assert figure.floor_usd == pytest.approx(floor, abs=1e-6)
    assert figure.saturated_ratio == pytest.approx(saturated_ratio)
    if saturated_ratio == 1.0:
        assert figure.estimate_usd is None
        assert figure.upper_usd is None
        return
    error = math.sqrt(variance)
    assert figure.estimate_usd == pytest.approx(estimate, abs=1e-6)
    assert figure.error_usd == pytest.approx(error, rel=1e-6, abs=1e-3)
    assert figure.lower_usd == pytest.approx(max(floor, estimate - Z_90 * error), rel=1e-6, abs=1e-2)
    if saturated_ratio > 0:
        assert figure.upper_usd is None
    else:
        assert figure.upper_usd == pytest.approx(estimate + Z_90 * error, rel=1e-6, abs=1e-2)


@given(st.one_of(orders_on("latest_per_second"), orders_on("largest_per_second")))
def test_figures_are_ordered(events):
    """Floor <= low <= estimate <= high, for every side."""
    for figures in undercounts(sampled_orders_of(events), T0, WINDOW_NS).values():
        for figure in figures:
            assert figure.floor_usd <= figure.lower_usd
            if figure.estimate_usd is not None:
                assert figure.lower_usd <= figure.estimate_usd
                assert figure.upper_usd is None or figure.estimate_usd <= figure.upper_usd


@given(orders_on("latest_per_second"))
def test_long_and_short_are_mirrors(events):
    """Swapping the sides swaps the figures and leaves the total."""
    swapped = [
        liquidation(
            event.ts_event_ns,
            event.notional_usd,
            symbol=event.symbol,
            coverage=event.coverage,
            position_side="long" if event.position_side == "short" else "short",
        )
        for event in events
    ]
    mirror = undercounts(sampled_orders_of(swapped), T0, WINDOW_NS)
    for key, figures in undercounts(sampled_orders_of(events), T0, WINDOW_NS).items():
        assert mirror[key].long.estimate_usd == pytest.approx(figures.short.estimate_usd)
        assert mirror[key].short.error_usd == pytest.approx(figures.long.error_usd, rel=1e-6)
        assert mirror[key].total.error_usd == pytest.approx(figures.total.error_usd, rel=1e-6)


def test_a_lone_order_is_all_there_was():
    """One order in a minute: the estimate is the order, and its interval is narrow but not empty."""
    for coverage in ("latest_per_second", "largest_per_second"):
        ((_, figures),) = undercounts(sampled_orders_of([liquidation(coverage=coverage)]), T0, NS_PER_MINUTE).items()
        assert figures.total.estimate_usd == pytest.approx(1_000.0)
        assert 1_000.0 < figures.total.upper_usd < 1_500.0


def test_bars_are_estimated_apart_and_slots_follow_their_length():
    """A bar of one second is always saturated; minutes of a longer bar count from its open."""
    events = [liquidation(T0 + s * NS_PER_S, coverage="latest_per_second") for s in (0, 61, 62)]
    per_second = undercounts(sampled_orders_of(events), T0, NS_PER_S, 120)
    assert {figures.total.estimate_usd for figures in per_second.values()} == {None}
    per_minute = undercounts(sampled_orders_of(events), T0, NS_PER_MINUTE, 2)
    counts = {(open_ns - T0) // NS_PER_MINUTE: figures.total.floor_usd for (_, open_ns), figures in per_minute.items()}
    assert counts == {0: 1_000.0, 1: 2_000.0}
    assert undercounts(sampled_orders_of(events), T0 + 2 * NS_PER_MINUTE, NS_PER_MINUTE) == {}


def test_unknown_notionals_take_the_mean_of_their_minute_or_leave_it_open():
    """Missing at random within a minute; a minute of nothing else, and any of a largest feed, has no estimate."""
    known = liquidation(T0, 500.0, coverage="latest_per_second")
    unknown = liquidation(T0 + 5 * NS_PER_S, None, coverage="latest_per_second")
    figures = undercounts(sampled_orders_of([known, unknown]), T0, NS_PER_MINUTE)
    ((_, both),) = figures.items()
    assert both.total.estimate_usd == pytest.approx(500.0 * 60 * (1 / 59 + 1 / 60))
    ((_, alone),) = undercounts(sampled_orders_of([unknown]), T0, NS_PER_MINUTE).items()
    assert alone.total.estimate_usd is None
    row = ("bitget", "BTC/USDT:USDT", "largest_per_second")
    largest_feed = sampled_orders([row, row], [T0, T0 + NS_PER_S], [500.0, math.nan], [True, True])
    ((_, figures),) = undercounts(largest_feed, T0, NS_PER_MINUTE).items()
    assert figures.total.estimate_usd is None
    assert figures.total.floor_usd == 500.0


def test_classes_that_leave_out_by_an_unknown_rule_have_no_estimate():
    events = [liquidation(coverage="polled"), liquidation(coverage="unknown"), liquidation(coverage="all")]
    assert sampled_orders_of(events).feeds == ()
    polled = sampled_orders([("okx", "BTC/USDT:USDT", "polled")], [T0], [1.0], [True])
    assert undercounts(polled, T0, NS_PER_MINUTE) == {}


def test_combining_adds_figures_and_independent_errors():
    """Variances add; a part without an estimate counts with its floor and leaves the top open."""
    first = Undercount(100.0, 130.0, 110.0, 150.0, saturated_ratio=0.0, error_usd=30.0, minutes=3)
    second = Undercount(200.0, 260.0, 220.0, 300.0, saturated_ratio=0.0, error_usd=40.0, minutes=1)
    both = combined([first, second])
    assert (both.floor_usd, both.estimate_usd, both.error_usd) == (300.0, 390.0, 50.0)
    assert both.lower_usd == pytest.approx(390.0 - Z_90 * 50)
    assert both.upper_usd == pytest.approx(390.0 + Z_90 * 50)
    saturated = Undercount(50.0, None, 50.0, None, saturated_ratio=1.0, minutes=4)
    third = combined([first, second, saturated])
    assert (third.estimate_usd, third.upper_usd, third.saturated_ratio) == (440.0, None, 0.5)
    assert combined([complete(7.0), floor_only(5.0)]).estimate_usd == 12.0
    assert combined([complete(7.0), floor_only(5.0)]).upper_usd is None
    assert combined([floor_only(5.0)]) == floor_only(5.0)
    assert combined([saturated]).saturated_ratio == 1.0
    assert complete(7.0, unknown_count=1).upper_usd is None


def test_the_ceiling_is_withheld_where_the_floor_contradicts_it():
    assert with_ceiling(complete(10.0), 25.0).ceiling_usd == 25.0
    assert with_ceiling(complete(10.0), 9.0).ceiling_usd is None
    assert with_ceiling(complete(10.0), None).ceiling_usd is None


def test_the_fall_of_open_interest_counts_falls_only():
    """Rises in between do not pay back what was closed before."""
    assert open_interest_fall_usd([10, 8, 9, 5], [100, 90, 95, 80]) == 2 * 100 + 4 * 95
    assert open_interest_fall_usd([10], [100]) is None
    assert open_interest_fall_usd([1, 2, 3], [1, 1, 1]) == 0.0
    with pytest.raises(InputError, match="one shape"):
        open_interest_fall_usd([1, 2], [1])
    with pytest.raises(InputError, match="finite"):
        open_interest_fall_usd([1, math.nan], [1, 1])


def test_columns_must_be_of_one_length():
    with pytest.raises(InputError, match="one shape"):
        sampled_orders([("a", "b", "all")], [1, 2], [1.0], [True])
    with pytest.raises(InputError, match="length above zero"):
        undercounts(sampled_orders((), (), (), ()), T0, 0)


def test_feeds_are_numbered_in_order():
    """Row order does not matter to the figures."""
    rows = [("okx", "B/USDT:USDT", "latest_per_second"), ("okx", "A/USDT:USDT", "latest_per_second")] * 3
    times = T0 + np.arange(6) * NS_PER_S
    orders = sampled_orders(rows, times, np.arange(1.0, 7.0), [True, False] * 3)
    assert orders.feeds == tuple(sorted(FeedKey(*row) for row in set(rows)))
    shuffled = np.array([3, 1, 5, 0, 2, 4])
    again = sampled_orders(
        [rows[i] for i in shuffled], times[shuffled], (np.arange(1.0, 7.0))[shuffled], (shuffled % 2) == 0
    )
    for key, figures in undercounts(orders, T0, NS_PER_MINUTE).items():
        assert undercounts(again, T0, NS_PER_MINUTE)[key].total.estimate_usd == pytest.approx(
            figures.total.estimate_usd
        )
