"""Maps as they are read: clusters, adding venues up, measured maps, and the commands around them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liqmap_samples import START_NS, market
from typer.testing import CliRunner

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.cli.main import app
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, format_instant
from powderkeg.liqmap.basis import LEVERAGES, tier_distances
from powderkeg.liqmap.measured import Position, measured_map
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.reading import add_maps, clusters

AS_OF_NS = START_NS


def positions_at(levels, side="short", qty=2.0):
    return [Position(position_side=side, qty_base=qty, liquidation_price=level) for level in levels]


def measured(positions, symbol="BTC"):
    return measured_map(positions, symbol=symbol, as_of_ns=AS_OF_NS, mark_price=100.0)


@given(levels=st.lists(st.floats(40, 260), min_size=1, max_size=30))
def test_a_measured_map_holds_every_position_once(levels):
    """Dollars at the liquidation price, longs below the mark and shorts above; the rest is counted as due."""
    one = measured(positions_at(levels, "long") + positions_at(levels, "short"))
    below = [level for level in levels if level < 100.0]
    above = [level for level in levels if level > 100.0]
    assert one.notional_usd[0].sum() == pytest.approx(2.0 * sum(below))
    assert one.notional_usd[1].sum() == pytest.approx(2.0 * sum(above))
    due = 2 * len(levels) - len(below) - len(above)
    assert f"{due} already due" in one.assumptions["positions"]
    assert one.method == "measured"


def test_the_nearest_clusters_are_found_where_positions_are():
    """Two heaps of shorts and one of longs, each within a bucket of where it was put, nearest first."""
    rng = np.random.default_rng(0)
    shorts = [*rng.normal(104.0, 0.05, 200), *rng.normal(108.0, 0.05, 100)]
    longs = list(rng.normal(95.0, 0.05, 150))
    one = measured(positions_at(shorts) + positions_at(longs, "long"))
    found = clusters(one)
    assert [cluster.position_side for cluster in found] == ["short", "short", "long"]
    assert [cluster.price for cluster in found] == pytest.approx([104.0, 108.0, 95.0], rel=1e-3)
    assert found[0].notional_usd == pytest.approx(200 * 2 * 104.0, rel=0.05)
    assert found[0].distance_ratio == pytest.approx(0.04, abs=1e-3)
    assert len(clusters(one, count=1)) == 2


def test_venues_add_up_and_one_without_data_is_absent():
    """Bins, dollars and open interest are sums; nothing to add is an error, not an empty map."""
    one, other = measured(positions_at([104.0]), "A"), measured(positions_at([104.0, 130.0]), "B")
    total = add_maps([one, other])
    assert total.notional_usd.sum() == pytest.approx(one.notional_usd.sum() + other.notional_usd.sum())
    at = np.argmax(total.notional_usd[1])
    assert total.prices[at] == pytest.approx(104.0, rel=1e-3)
    assert total.sources == ("A", "B")
    with pytest.raises(InputError, match="no map"):
        add_maps([])


def test_a_position_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="must be positive"):
        measured(positions_at([104.0], qty=-1.0))


def test_a_modelled_map_stays_below_open_interest_and_inside_its_band():
    """Dollars at least zero, band around them, both sides together below what is open; said to be modelled."""
    bars = market(1, 300)
    one = Modelled([bars]).read("BTCUSDT")
    assert (one.notional_usd >= 0).all()
    assert (one.lower_usd <= one.notional_usd).all()
    assert (one.notional_usd <= one.upper_usd).all()
    held = one.notional_usd / one.prices
    assert (held.sum(axis=1) <= bars.open_interest_base[-1]).all()
    assert one.method == "modelled"
    mark = int(np.floor(np.log(one.mark_price) / one.bin_width)) - one.first_bin
    assert one.notional_usd[0, mark:].sum() == 0.0
    assert one.notional_usd[1, : mark + 1].sum() == 0.0


def test_the_tiers_basis_is_exact_margin():
    """100x with 0.4 % maintenance: 1 − 0.01 = LP·(1 − 0.004); nearest first, and farther with less leverage."""
    distances = tier_distances()
    assert distances[LEVERAGES.index(100)] == pytest.approx(-np.log(0.99 / 0.996))
    assert list(distances) == sorted(distances)


@pytest.fixture
def table(tmp_path):
    """Two made-up coins as a table of bars, and its path; one hour of one coin is marked as filled."""
    path = tmp_path / "bars.csv"
    header = "open_time_utc,symbol,open,high,low,close,volume_base,oi_open,oi_close,liq_long_base,liq_short_base"
    with path.open("w", newline="") as lines:
        out = csv.writer(lines)
        out.writerow([*header.split(","), "filled_mask"])
        for seed, symbol in ((1, "BTCUSDT"), (2, "ETHUSDT")):
            bars = market(seed, 300, symbol)
            for i in range(300):
                mask = 8 if (symbol, i) == ("BTCUSDT", 50) else 0
                held = bars.open_interest_base[i : i + 2]
                row = [bars.volume_base[i], *held, *bars.liquidated_base[i], mask]
                out.writerow(
                    [format_instant(int(bars.open_ns[i])), symbol, *bars.prices[i], *map(repr, map(float, row))]
                )
    return path


def run(*words):
    return CliRunner().invoke(app, ["map", *map(str, words)], catch_exceptions=False)


def test_a_table_of_bars_is_read_as_it_stands(table):
    """Markets in order, holes unknown, numbers to the last digit."""
    bitcoin, ether = read_bars(table)
    assert (bitcoin.symbol, ether.symbol) == ("BTCUSDT", "ETHUSDT")
    assert np.isnan(bitcoin.liquidated_base[50]).all()
    np.testing.assert_array_equal(ether.prices, market(2, 300).prices)
    np.testing.assert_array_equal(ether.open_interest_base, market(2, 300).open_interest_base)


def test_predict_writes_every_bar_after_the_cut(table, tmp_path):
    """One row per bar, coin and side, columns as documented, bands around predictions."""
    out, cut = tmp_path / "pred.csv", format_instant(START_NS + 250 * NS_PER_HOUR)
    result = run("predict", "--bars", table, "--train-until", cut, "--out", out, "--json")
    assert result.exit_code == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 50 * 2 * 2 == json.loads(result.stdout)["row_count"]
    assert list(rows[0]) == [
        *("open_time_utc", "symbol", "position_side", "predicted_liq_base", "baseline_liq_base", "lower", "upper")
    ]
    assert rows[0]["open_time_utc"] == cut
    for row in rows:
        assert 0 <= float(row["lower"]) <= float(row["upper"])
        assert float(row["predicted_liq_base"]) >= 0


def test_score_and_calibrate_speak_json(table):
    """Means, lowest gain and a row for each coin and side; walking forward gives a card per step."""
    cut = format_instant(START_NS + 200 * NS_PER_HOUR)
    found = json.loads(run("score", "--bars", table, "--train-until", cut, "--step", "2d", "--json").stdout)
    assert len(found["scorecards"]) == 3
    assert {(row["symbol"], row["position_side"]) for row in found["rows"]} == {
        (symbol, side) for symbol in ("BTCUSDT", "ETHUSDT") for side in ("long", "short")
    }
    assert {"gain", "gain_over_a0", "gain_over_a1", "map_increment_over_a1", "placebo"} <= set(found["mean"])
    calibrated = json.loads(run("calibrate", "--bars", table, "--json").stdout)
    assert len(calibrated["rows"]) == 4


def test_a_coin_after_map_is_read_and_drawn(table, tmp_path):
    """`map BTC` prints clusters; --json has the arrays; --out draws."""
    picture = tmp_path / "map.svg"
    found = json.loads(run("BTC", "--bars", table, "--json", "--out", picture).stdout)
    assert found["method"] == "modelled"
    assert len(found["bins"]["price"]) == len(found["bins"]["long_usd"])
    assert picture.read_text().count("<svg") == 1
    shown = run("ETH", "--bars", table, "--as-of", format_instant(START_NS + 250 * NS_PER_HOUR))
    assert "an estimate" in shown.stdout


def test_what_cannot_be_used_is_said(table, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("open_time_utc,symbol,open,high,low,close,oi_close\n")
    with pytest.raises(InputError, match="no column volume_base"):
        read_bars(bad)
    with pytest.raises(InputError, match="no bars of DOGE"):
        run("DOGE", "--bars", table)
    with pytest.raises(InputError, match="no file at"):
        read_bars(tmp_path / "absent.csv")
