"""The ladder against its closed forms, its slow twin, and the laws of a book."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from naive_ladder import balance, first_above, jumps, passed

from powderkeg.cascade import Outcome, ladder, reach, rungs
from powderkeg.domain.errors import InputError

DOLLARS = st.one_of(st.just(0.0), st.integers(0, 1_000_000).map(float), st.floats(1e-3, 1e9))
SHARES = st.sampled_from([1.0, 0.5, 0.25, 0.0])


@st.composite
def books(draw):
    """Fuel and depth of the same bins."""
    count = draw(st.integers(1, 30))
    return tuple(draw(st.lists(DOLLARS, min_size=count, max_size=count)) for _ in range(2))


def run(fuel, depth, shock, **more):
    return ladder(**{"price": 100_000.0, "fuel": fuel, "depth": depth, "shock_usd": shock, **more})


def bins_gone(result):
    """Log distance of the end price in bins: read from the price alone."""
    return abs(math.log(result.price_end / result.price)) / (result.bin_bps * 1e-4)


@pytest.mark.parametrize("side", ["short", "long"])
@pytest.mark.parametrize("shock", [3e6, 0.2e6, 77.7e6])
def test_constant_fuel_and_depth_have_a_closed_form(side, shock):
    """R = 1/2: price stops S/(d(1 − R)) bins away, twice as far as without fuel, also inside the first bin."""
    fuel, depth = np.full(400, 0.5e6), np.full(400, 1e6)
    result = run(fuel, depth, shock, side=side)
    assert result.outcome is Outcome.STOPPED
    assert bins_gone(result) == pytest.approx(shock / (1e6 * 0.5), rel=1e-9)
    assert result.amplification == pytest.approx(2.0, rel=1e-9)
    assert result.liquidated_usd == pytest.approx(shock, rel=1e-9)
    assert (result.price_end > result.price) == (side == "short")
    np.testing.assert_array_equal(result.reproduction, np.full(400, 0.5))
    assert result.rungs == ()


@pytest.mark.parametrize("shock", [1.0, 5e6])
def test_what_feeds_itself_stops_at_the_wall(shock):
    """R = 1.2 up to a wall at bin 50: the slightest shock runs there, and the wall takes what is missing."""
    fuel, depth = np.full(80, 1.2e6), np.full(80, 1e6)
    depth[50:] = 1e12
    result = run(fuel, depth, shock)
    assert result.outcome is Outcome.STOPPED
    missing = shock + 50 * 0.2e6
    assert bins_gone(result) == pytest.approx(50 + missing / (1e12 - 1.2e6), rel=1e-9)
    assert bins_gone(result) == pytest.approx(50, abs=1e-4)
    (rung,) = result.rungs
    assert rung.price_trigger == result.price
    assert rung.price_crest == pytest.approx(100_000 * math.exp(50e-4))
    assert rung.reproduction == pytest.approx(1.2)
    assert rung.is_reached


def test_without_a_wall_it_runs_off_the_grid():
    """The last bin's edge is the floor of the distance, and everything on the way is liquidated."""
    result = run(np.full(20, 1.2e6), np.full(20, 1e6), 1.0)
    assert result.outcome is Outcome.RAN_OFF_GRID
    assert bins_gone(result) == pytest.approx(20)
    assert result.liquidated_usd == pytest.approx(24e6)
    assert result.rungs[0].is_open
    assert run([0.0], [1.0], 2.0).amplification is None
    assert run([0.0], [1.0], 1.0).amplification == 1.0


def test_no_shock_moves_nothing():
    """Without net buying price stays, even on the edge of a rung."""
    result = run([5.0, 5.0], [1.0, 1.0], 0.0)
    assert (result.price_end, result.liquidated_usd, result.amplification) == (result.price, 0.0, 1.0)
    assert result.rungs[0].is_reached is False


@settings(deadline=None)  # the first example loads the compiler
@given(book=books(), shock=st.floats(0, 1e9), share=SHARES)
def test_the_compiled_sweep_equals_its_slow_twin(book, shock, share):
    """Same bin and part of it, same dollars, for any book."""
    fuel, depth = book
    edges = balance(fuel, depth, share)
    # A shock within rounding of an edge may stop on either side of it.
    near = min(abs(edge - shock) for edge in edges)
    assume(shock == 0.0 or near > 1e-9 * max(map(abs, edges)))
    result = run(fuel, depth, shock, market_share=share)
    stops = first_above(edges, shock)
    if stops is None:
        assert result.outcome is Outcome.RAN_OFF_GRID
        stops = len(fuel)
    scale = float(max(sum(fuel) + sum(depth), 1.0))
    assert result.distance_log == pytest.approx(float(stops) * 1e-4, rel=1e-6, abs=1e-12)
    assert result.liquidated_usd == pytest.approx(float(passed(fuel, stops)), rel=1e-6, abs=1e-9 * scale)
    assert result.depth_usd == pytest.approx(float(passed(depth, stops)), rel=1e-6, abs=1e-9 * scale)


@settings(deadline=None)  # the first example loads the compiler
@given(book=books(), shock=st.floats(0, 1e9), share=SHARES)
def test_ladder_balances_the_book(book, shock, share):
    """Depth consumed = shock + the share of what was liquidated, wherever the ladder stops by itself."""
    result = run(*book, shock, market_share=share)
    assume(result.outcome is Outcome.STOPPED and shock > 0)
    pushed = shock + share * result.liquidated_usd
    assert result.depth_usd == pytest.approx(pushed, rel=1e-9, abs=1e-9 * sum(book[1]))


@settings(deadline=None)  # the first example loads the compiler
@given(book=books(), shock=st.floats(0, 1e9))
def test_mirrored_input_mirrors(book, shock):
    """The same bins downward give the same ladder with prices inverted around the start."""
    up, down = run(*book, shock, side="short"), run(*book, shock, side="long")
    assert up.price_end * down.price_end == pytest.approx(up.price**2)
    assert (up.liquidated_usd, up.amplification, up.outcome) == (down.liquidated_usd, down.amplification, down.outcome)
    assert len(up.rungs) == len(down.rungs)
    for one, other in zip(up.rungs, down.rungs, strict=True):
        assert one.price_stop * other.price_stop == pytest.approx(up.price**2)
        assert (one.fuel_usd, one.depth_usd, one.is_reached) == (other.fuel_usd, other.depth_usd, other.is_reached)


@settings(deadline=None)  # the first example loads the compiler
@given(book=books(), shock=st.floats(0, 1e8), more=st.floats(0, 1e8))
def test_more_shock_and_more_fuel_never_stop_earlier(book, shock, more):
    """Distance grows with the shock and with the share that reaches the book; amplification is at least one."""
    fuel, depth = book
    result = run(fuel, depth, shock)
    assert run(fuel, depth, shock + more).distance_log >= result.distance_log
    assert run(fuel, depth, shock, market_share=0.5).distance_log <= result.distance_log
    assert result.amplification is None or result.amplification >= 1.0


WHOLE = st.integers(0, 20).map(float)


@settings(max_examples=300, deadline=None)
@given(pairs=st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=25), share=st.sampled_from([1.0, 0.5]))
def test_rungs_are_the_jumps_of_the_price(pairs, share):
    """Trigger and stop are those of the broken line, by its definition; whole dollars, so nothing is rounded away."""
    fuel, depth = zip(*pairs, strict=True)
    found = rungs(price=1.0, fuel=fuel, depth=depth, market_share=share, bin_bps=100.0)
    wanted = jumps(fuel, depth, share)
    assert len(found) == len(wanted)
    for rung, (trigger, stop) in zip(found, wanted, strict=True):
        ends = len(fuel) if stop is None else stop
        assert math.log(rung.price_trigger) * 100 == pytest.approx(trigger, abs=1e-9)
        assert math.log(rung.price_stop) * 100 == pytest.approx(float(ends), abs=1e-9)
        assert rung.is_open == (stop is None)
        assert rung.liquidated_usd == pytest.approx(float(passed(fuel, ends) - passed(fuel, trigger)))
        assert share * rung.fuel_usd > rung.depth_usd
        assert rung.price_trigger < rung.price_crest <= rung.price_stop
        assert rung.shock_to_trigger_usd == pytest.approx(float(balance(fuel, depth, share)[trigger]))


@settings(deadline=None)  # the first example loads the compiler
@given(book=books(), at=st.floats(0.0, 1.0), share=SHARES)
def test_the_shock_to_reach_a_price_reaches_it(book, at, share):
    """A hair more stops no earlier than the target, a hair less stops before it."""
    fuel, depth = book
    target = 100.0 * math.exp(at * len(fuel) * 1e-4)
    found = reach(price=100.0, price_target=target, fuel=fuel, depth=depth, market_share=share)
    bins = at * len(fuel)
    assert found.liquidated_usd == pytest.approx(float(passed(fuel, bins)), rel=1e-6, abs=1e-6 * sum(fuel))
    scale = max(sum(fuel) + sum(depth), 1.0)
    over = ladder(price=100.0, fuel=fuel, depth=depth, shock_usd=found.shock_usd + 1e-6 * scale, market_share=share)
    assert over.distance_log >= bins * 1e-4 - 1e-12
    under = found.shock_usd - 1e-6 * scale
    if under > 0:
        before = ladder(price=100.0, fuel=fuel, depth=depth, shock_usd=under, market_share=share)
        assert before.distance_log < bins * 1e-4


def test_a_target_must_lie_ahead_and_on_the_grid():
    """Behind the price and beyond the last bin are errors that say so; the last edge itself is on the grid."""
    book = {"price": 100.0, "fuel": [1.0, 1.0], "depth": [2.0, 2.0], "bin_bps": 100.0}
    with pytest.raises(InputError, match="above"):
        reach(price_target=99.0, **book)
    with pytest.raises(InputError, match="below"):
        reach(price_target=101.0, side="long", **book)
    with pytest.raises(InputError, match="beyond the grid"):
        reach(price_target=103.0, **book)
    assert reach(price_target=100.0 * math.exp(0.02), **book).liquidated_usd == pytest.approx(2.0)
    assert reach(price_target=100.0, **book).shock_usd == 0.0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fuel": [1.0]}, "same bins"),
        ({"fuel": [1.0, -1.0]}, r"fuel\[1\] is -1"),
        ({"depth": [math.nan, 1.0]}, r"depth\[0\] is nan"),
        ({"depth": [1.0, math.inf]}, r"depth\[1\] is inf"),
        ({"fuel": [[1.0, 2.0]]}, "shape"),
        ({"fuel": ["much", "more"]}, "not a row of numbers"),
        ({"fuel": [], "depth": []}, "at least one bin"),
        ({"shock_usd": -1.0}, "shock_usd"),
        ({"shock_usd": math.nan}, "shock_usd"),
        ({"market_share": 1.5}, "market_share"),
        ({"price": 0.0}, "price"),
        ({"bin_bps": 0.0}, "bin_bps"),
        ({"bin_bps": 1e9}, "log distance"),
        ({"side": "buy"}, "'short'"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_said(wrong, said):
    good = {"price": 100.0, "fuel": [1.0, 1.0], "depth": [2.0, 2.0], "shock_usd": 1.0}
    with pytest.raises(InputError, match=said):
        ladder(**{**good, **wrong})


def test_reproduction_without_depth_is_infinite_and_without_fuel_zero():
    """R = φ·fuel/depth; an empty bin makes nothing."""
    result = run([0.0, 1.0, 1.0], [0.0, 0.0, 4.0], 1.0, market_share=0.5)
    assert result.reproduction.tolist() == [0.0, math.inf, 0.125]
    assert result.rungs[0].reproduction is None
