"""Impact models and depth profiles: inverses, closed forms, and books kept from changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.cascade import ladder
from powderkeg.cascade.book import Book, depth_within
from powderkeg.cascade.depth import depth_from_levels, depth_from_total, one_percent, refilled
from powderkeg.cascade.fits import fit_power
from powderkeg.cascade.impact import PowerImpact, SquareRootImpact, depth_of
from powderkeg.cascade.profiles import grid_of
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot

MODELS = {
    "linear": PowerImpact(depth_usd=200e6, depth_distance=0.01, exponent=1.0),
    "power": PowerImpact(depth_usd=200e6, depth_distance=0.01),
    "square root": SquareRootImpact(daily_volume_usd=15e9, daily_sigma=0.03),
}


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None)  # the first example loads the compiler
@given(shock=st.floats(1e5, 3e8))
def test_the_ladder_through_a_model_without_fuel_is_the_model(name, shock):
    """Its book swept by the ladder goes as far as the model says, to a part of a bin."""
    model, grid = MODELS[name], grid_of(100.0, 1.0, 3000, "short")
    depth = depth_of(model, grid)
    result = ladder(price=100.0, fuel=np.zeros(3000), depth=depth, shock_usd=shock)
    said = float(model.distance(np.array(shock)))
    assert result.distance_log == pytest.approx(said, abs=1e-4)
    assert float(model.absorbed_usd(np.array(said))) == pytest.approx(shock)


def test_the_square_root_law_has_its_numbers():
    """I = Y·σ·√(Q/V): a hundredth of the day's volume moves a tenth of the day's volatility."""
    assert MODELS["square root"].distance(np.array(150e6)) == pytest.approx(0.003)


@pytest.mark.parametrize("side", ["short", "long"])
@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.4])
def test_a_total_is_laid_out_whole(side, exponent):
    """What lies within 1 % of the price adds up to the total, whatever the shape; both ways count price, not logs."""
    grid = grid_of(50_000.0, 1.0, 500, side)
    depth = depth_from_total(100e6, grid, exponent=exponent)
    assert math.exp(grid.direction * one_percent(grid)) == pytest.approx(1.0 + grid.direction * 0.01)
    assert np.interp(one_percent(grid), grid.distances, np.append(0.0, np.cumsum(depth))) == pytest.approx(
        100e6, rel=1e-3
    )
    assert (np.diff(depth) >= -1e-6).all() if exponent >= 1.0 else (np.diff(depth) <= 1e-6).all()


def test_a_book_is_binned_where_it_was_seen_and_extended_behind():
    """Levels keep their dollars, the last bin seen is whole, the rest follows the shape without a step in the sum."""
    grid = grid_of(100.0, 10.0, 100, "short")
    distances = np.arange(1, 501) * 1e-4 - 0.5e-4
    depth, seen = depth_from_levels(distances, np.full(500, 1e4), grid, known_to=0.0495, exponent=1.0)
    assert seen == 49
    np.testing.assert_allclose(depth[:49], 1e5)
    np.testing.assert_allclose(depth[49:], 1e5, rtol=1e-9)
    assert depth_within(distances, np.full(500, 1e4), np.array([0.01, 0.05])).tolist() == [1e6, 5e6]
    with pytest.raises(InputError, match="is known"):
        depth_from_levels(distances, np.full(500, 1e4), grid, known_to=0.001)
    with pytest.raises(InputError, match="nothing within"):
        depth_from_levels(distances, np.zeros(500), grid, known_to=0.01)


@settings(deadline=None)  # the first example loads the compiler
@given(
    now=st.lists(st.floats(0, 1e6), min_size=3, max_size=3),
    minutes=st.floats(0, 20),
    more=st.floats(0, 20),
)
def test_refill_never_overshoots_and_never_takes_away(now, minutes, more):
    """Between what is left and the book at rest; later is more; a fifth of the rest after the first minute."""
    left, rest = np.array(now), np.full(3, 5e5)
    first, later = refilled(left, rest, minutes), refilled(left, rest, minutes + more)
    assert (first >= left).all()
    assert (later >= first).all()
    assert (later <= np.maximum(left, rest)).all()
    np.testing.assert_allclose(refilled(np.zeros(3), rest, 1.0), 1e5)


@pytest.mark.parametrize(
    "wrong",
    [{"depth_usd": 0.0}, {"depth_distance": math.nan}, {"exponent": -1.0}],
    ids=str,
)
def test_impact_refuses_what_no_book_can_have(wrong):
    with pytest.raises(InputError, match="positive"):
        PowerImpact(**{"depth_usd": 1.0, "depth_distance": 0.01, **wrong})


def snapshot(bids, asks, last_id=10, unit="base"):
    sides = [tuple(BookLevel(*level) for level in levels) for levels in (bids, asks)]
    return BookSnapshot("venue", "BTC/USDT:USDT", *sides, unit, last_id, 1, 1)


def delta(bids, asks, ids):
    first, last, before = ids
    sides = [tuple(BookLevel(*level) for level in levels) for levels in (bids, asks)]
    return BookDelta("venue", "BTC/USDT:USDT", *sides, "base", first, last, before, 2, 2)


def test_a_book_follows_changes():
    """Old changes are left out, zero removes, holes are counted, dollars are quantity times price."""
    book = Book()
    book.update(snapshot([(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0)]))
    book.update(delta([(99.0, 9.0)], [], (5, 9, 4)))
    book.update(delta([(99.0, 0.0), (98.5, 4.0)], [(102.0, 5.0)], (9, 12, 8)))
    assert book.hole_count == 0
    assert book.mid_price == pytest.approx(99.75)
    distances, usd = book.levels("long")
    assert usd.tolist() == [98.5 * 4, 98.0 * 2]
    assert distances.tolist() == pytest.approx([math.log(99.75 / 98.5), math.log(99.75 / 98.0)])
    assert book.levels("short")[1].tolist() == [303.0, 510.0]
    book.update(delta([], [(103.0, 1.0)], (15, 16, 14)))
    assert book.hole_count == 1
    assert book.reach("short") == pytest.approx(math.log(101.0 / 99.75))
    assert book.reach("long") == pytest.approx(math.log(99.75 / 98.0))
    book.update(snapshot([(50.0, 1.0)], [(51.0, 1.0)], last_id=20))
    assert book.levels("short")[1].tolist() == [51.0]
    with pytest.raises(InputError, match="contracts"):
        book.update(snapshot([], [], unit="contracts"))
    with pytest.raises(InputError, match="empty side"):
        Book().levels("short")


def test_a_snapshot_that_comes_late_loses_no_change():
    """Changes newer than it, by their ids, stay, whichever order they arrive in."""
    changes = [delta([], [(102.0, 5.0)], (11, 12, 10)), delta([(99.0, 0.0)], [], (13, 14, 12))]
    whole = snapshot([(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0)])
    books = [Book(), Book()]
    for event in [whole, *changes]:
        books[0].update(event)
    for event in [delta([(97.0, 9.0)], [], (9, 10, 8)), *changes, whole]:
        books[1].update(event)
    for side in ("short", "long"):
        for one, other in zip(*(book.levels(side) for book in books), strict=True):
            np.testing.assert_array_equal(one, other)
    assert [book.hole_count for book in books] == [0, 0]


def test_a_power_fit_agrees_with_ordinary_least_squares():
    """Slope and intercept are those of scipy; with every row its own cluster the error is near the classical one."""
    rng = np.random.default_rng(3)
    x = rng.normal(2.0, 1.0, 4000)
    y = 0.3 + 0.875 * x + rng.normal(0, 0.2, 4000)
    fit, peer = fit_power(x, y, np.arange(4000)), scipy.stats.linregress(x, y)
    assert fit.exponent == pytest.approx(peer.slope, rel=1e-12)
    assert fit.intercept == pytest.approx(peer.intercept, rel=1e-9)
    assert fit.exponent_error == pytest.approx(peer.stderr, rel=0.05)
    assert fit.intercept_error == pytest.approx(peer.intercept_stderr, rel=0.05)
    assert fit.scatter == pytest.approx(0.2, rel=0.05)


def test_repeating_rows_of_a_cluster_does_not_shrink_its_error():
    """Ten copies of every row teach nothing: the clustered error stays, the naive one would fall by a third."""
    rng = np.random.default_rng(4)
    x = rng.normal(0, 1, 60)
    y = x + rng.normal(0, 1, 60)
    once, tenfold = fit_power(x, y, np.arange(60)), fit_power(*(np.tile(a, 10) for a in (x, y, np.arange(60))))
    assert tenfold.exponent_error == pytest.approx(once.exponent_error, rel=1e-9)
    assert tenfold.clusters == 60
    with pytest.raises(InputError, match="independent groups"):
        fit_power(x, y, np.zeros(60))
    with pytest.raises(InputError, match="alike"):
        fit_power(np.ones(60), y, np.arange(60))
