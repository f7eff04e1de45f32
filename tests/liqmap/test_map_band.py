"""The band of the drawn map: it holds the bars it says it holds."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from liqmap_samples import START_NS, from_the_map

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.liqmap.kernel import DEFAULT_CROSSINGS, DEFAULT_SETTINGS
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.panel import build_panel, walk_markets
from powderkeg.liqmap.weights import ENOUGH_CROSSED, crossing_ratios, distance_weights

PLAIN = MapSettings()


def test_the_ends_of_the_band_are_those_of_the_noise():
    """Liquidations are the map's own times noise of spread 0.3: what bars show over it lies within e^(±1.28·0.3)."""
    panel = build_panel([from_the_map(n, symbol=f"C{n}") for n in range(2)])
    mask = panel.trainable(START_NS + 900 * NS_PER_HOUR)
    found = crossing_ratios(panel, walk_markets(panel.markets, PLAIN), mask)
    assert found[:, 0] == pytest.approx(np.full(4, np.exp(-1.28 * 0.3)), rel=0.25)
    assert found[:, 1] == pytest.approx(np.full(4, np.exp(1.28 * 0.3)), rel=0.25)


def test_a_market_with_few_known_hours_takes_the_band_of_all():
    markets = [from_the_map(n, count=400, symbol=f"C{n}") for n in range(2)]
    thin = markets[1].liquidated_base.copy()
    thin[:300] = np.nan
    markets[1] = msgspec.structs.replace(markets[1], liquidated_base=thin)
    panel = build_panel(markets)
    mask = panel.trainable(START_NS + 400 * NS_PER_HOUR)
    assert (mask & (panel.series == 2)).sum() / 2 < ENOUGH_CROSSED
    found = crossing_ratios(panel, walk_markets(markets, PLAIN), mask)
    np.testing.assert_array_equal(found[2], found[3])
    assert (found[:, 0] < found[:, 1]).all()


@pytest.mark.parametrize("cut", ["2024-07-05", "2024-07-15", "2024-07-20"])
def test_the_band_holds_its_share_of_fresh_recorded_hours(shared_data, cut):
    """Ends from before the cut hold 72 to 90 % of the later hours that cross the map, 75 to 86 % of all together."""
    markets = read_bars(shared_data / "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv")
    panel, cut_ns = build_panel(markets), parse_instant(cut)
    walked, mask = walk_markets(markets, PLAIN), panel.trainable(cut_ns)
    low, high = crossing_ratios(panel, walked, mask)[panel.series].T
    weights = distance_weights(panel, walked, mask)[panel.series]
    crossed = np.concatenate([one.crossed_share[:, side] for one in walked for side in range(2)])
    drawn = (crossed * weights).sum(axis=1) * np.exp(panel.log_size)
    middle = np.array([np.median(drawn[mask & (panel.series == s)]) for s in range(6)])[panel.series]
    fresh = (panel.open_ns >= cut_ns) & np.isfinite(panel.target) & (drawn >= middle)
    shown = np.expm1(panel.target) / np.maximum(drawn, 1e-12)
    inside = (shown >= low) & (shown <= high)
    shares = np.array([inside[fresh & (panel.series == s)].mean() for s in range(6)])
    assert ((shares >= 0.72) & (shares <= 0.90)).all()
    assert 0.75 <= inside[fresh].mean() <= 0.86


def test_a_drawn_map_has_the_band_of_its_past():
    """Every bin's ends are at least as far apart as held-out bars were from the map, and hold the map itself."""
    bars = from_the_map(3, count=400)
    model = Modelled([bars])
    one = model.read(bars.symbol)
    assert one.kernel is not None
    low, high = one.kernel.crossings.T
    assert (low <= 1).all()
    assert (high >= 1).all()
    assert (one.lower_usd <= one.notional_usd * low[:, None] + 1e-9).all()
    assert (one.upper_usd >= one.notional_usd * high[:, None] - 1e-9).all()


def test_the_default_band_is_the_widest_of_the_recorded_series(shared_data):
    markets = read_bars(shared_data / "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv")
    panel = build_panel(markets)
    found = crossing_ratios(panel, walk_markets(markets, DEFAULT_SETTINGS), np.isfinite(panel.target) & panel.warm)
    assert DEFAULT_CROSSINGS[0] == pytest.approx(found[:, 0].min(), rel=0.1)
    assert DEFAULT_CROSSINGS[1] == pytest.approx(found[:, 1].max(), rel=0.1)
