"""The dense heatmap: every column is the map as it stood then, coded to the precision of its scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liqmap_samples import START_NS, market

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR
from powderkeg.liqmap.fuel import below
from powderkeg.liqmap.heatmap import HeatScale, heatmap
from powderkeg.liqmap.kernel import week_start
from powderkeg.liqmap.modelled import Modelled

HOURS = np.array([150, 180, 200, 239, 240, 241, 290], dtype=np.int64)
"""The sample begins on a Friday: hour 240 is a Monday, when settings are searched anew."""

TIMES_NS = START_NS + HOURS * NS_PER_HOUR


@pytest.fixture(scope="module")
def two_venues():
    return Modelled([market(1, 300, "a BTC/USDT:USDT"), market(2, 300, "b BTC/USDT:USDT")])


@pytest.fixture(scope="module")
def picture(two_venues):
    return heatmap(two_venues, list(two_venues.markets), coin="BTC", times_ns=TIMES_NS, rows=260)


def test_every_column_is_the_map_of_its_time(two_venues, picture):
    """Row by row within the step of the scale, over a change of settings too; marks and open interest as well."""
    assert week_start(int(TIMES_NS[3])) != week_start(int(TIMES_NS[4]))
    step = (picture.scale.top_usd / picture.scale.floor_usd) ** (1 / 254)
    for column, at_ns in enumerate(TIMES_NS):
        parts = [two_venues.read(symbol, int(at_ns)) for symbol in two_venues.markets]
        usd = sum(np.diff(below(part, side, np.log(picture.price_edges))) for part in parts for side in range(2))
        seen = usd >= picture.scale.floor_usd * step
        shown = picture.usd[column]
        assert (shown[seen] <= usd[seen] * (1 + 1e-9)).all()
        assert (usd[seen] <= shown[seen] * step * (1 + 1e-6)).all()
        assert (shown[usd < picture.scale.floor_usd * (1 - 1e-9)] == 0).all()
        assert picture.open_interest_usd[column] == pytest.approx(sum(part.open_interest_usd for part in parts))
        marks = [part.mark_price for part in parts]
        assert min(marks) <= picture.mark_price[column] <= max(marks)


def test_history_is_not_repainted(two_venues, picture):
    """A picture that ends earlier, made of bars that end there, has the same columns where rows are the same."""
    earlier = Modelled([bars.until(241) for bars in two_venues.markets.values()])
    short = heatmap(earlier, list(earlier.markets), coin="BTC", times_ns=TIMES_NS[:6], rows=260)
    if short.row_bps != picture.row_bps:
        pytest.fail("the sample should give rows of one height")
    first = round(np.log(short.price_edges[0] / picture.price_edges[0]) / (picture.row_bps * 1e-4))
    kept = slice(max(first, 0), min(first + short.usd.shape[1], picture.usd.shape[1]))
    late, then = picture.usd[:6, kept], short.usd[:, kept.start - first : kept.stop - first]
    both = (late > 0) & (then > 0)
    assert both.sum() > 500
    step = (picture.scale.top_usd / picture.scale.floor_usd) ** (1 / 254)
    assert np.abs(np.log(late[both] / then[both])).max() <= np.log(step) * (1 + 1e-6)


def test_a_market_enters_when_it_has_a_map():
    """Columns before its first bars hold the others alone; nothing is filled in."""
    bars = market(2, 300, "late BTC/USDT:USDT")
    late = type(bars)(
        symbol=bars.symbol,
        interval_ns=bars.interval_ns,
        open_ns=bars.open_ns[190:],
        prices=bars.prices[190:],
        volume_base=bars.volume_base[190:],
        open_interest_base=bars.open_interest_base[190:],
        liquidated_base=bars.liquidated_base[190:],
    )
    model = Modelled([market(1, 300, "early BTC/USDT:USDT"), late])
    both = heatmap(model, list(model.markets), coin="BTC", times_ns=TIMES_NS, rows=260)
    alone = [model.read("early BTC/USDT:USDT", int(at_ns)).open_interest_usd for at_ns in TIMES_NS]
    assert both.open_interest_usd[:3] == pytest.approx(alone[:3])
    assert (both.open_interest_usd[3:] > np.array(alone[3:]) * 1.1).all()


@given(top=st.floats(1, 1e12), decades=st.floats(1, 6), share=st.floats(0, 1))
def test_the_scale_is_true_to_one_level(top, decades, share):
    """What is coded comes back at most one level lower; below the floor it is nothing, and order is kept."""
    scale = HeatScale(floor_usd=top / 10**decades, top_usd=top)
    usd = np.sort(np.array([0.0, scale.floor_usd * 0.99, scale.floor_usd, top * share, top]))
    cells = scale.encode(usd)
    assert (np.diff(cells.astype(int)) >= 0).all()
    step = 10 ** (decades / 254)
    for held, back in zip(usd, scale.decode(cells), strict=True):
        assert back == 0.0 if held < scale.floor_usd else held / step * (1 - 1e-6) <= back <= held * (1 + 1e-6)
    assert cells[-1] == 255


def test_the_legend_names_powers_of_ten():
    """Each at the level that decodes to it."""
    scale = HeatScale(floor_usd=5e3, top_usd=5e5)
    assert [usd for _, usd in scale.ticks] == [1e4, 1e5]
    for level, usd in scale.ticks:
        assert scale.decode(np.array([level], dtype=np.uint8))[0] == pytest.approx(usd, rel=0.02)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"rows": 20_000}, "100,000 cells"),
        ({"rows": 0}, "100,000 cells"),
        ({"times_ns": TIMES_NS[::-1]}, "increasing order"),
        ({"times_ns": TIMES_NS[:0]}, "increasing order"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(two_venues, asked, said):
    with pytest.raises(InputError, match=said):
        heatmap(two_venues, list(two_venues.markets), coin="BTC", **{"times_ns": TIMES_NS, "rows": 100, **asked})
