"""`powderkeg simulate`: what it prints, what programs get, and what it refuses."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

import powderkeg
from powderkeg.app.liquidation_maps import maps_of_file
from powderkeg.app.simulation import question_from
from powderkeg.app.simulation_coin import history_of, sampled_fuel
from powderkeg.app.simulation_loading import market_of_maps, market_of_table
from powderkeg.app.simulation_odds import odds_about
from powderkeg.cli.main import main
from powderkeg.domain.errors import InputError
from powderkeg.margin.survival import touch_probability
from powderkeg.store.importers.run import import_file

FUEL = "price,long_usd,short_usd\n98000,40000000,0\n97000,90000000,0\n102000,0,60000000\n103000,0,120000000\n"
SMALL = ("--paths", "2000", "--horizon", "24h", "--depth-usd", "5e7", "--sigma", "0.03")
ODDS = """time_utc,venue,market,outcome,probability_ratio
2026-01-13T00:00:00Z,polymarket,"Will Bitcoin reach $100,000 in January?",Yes,0.41
2026-01-14T00:00:00Z,polymarket,"Will Bitcoin reach $100,000 in January?",Yes,0.57
2026-01-14T00:00:00Z,polymarket,"Will Bitcoin reach $105k in January?",Yes,0.22
2026-01-14T00:00:00Z,polymarket,"Will Ethereum reach $100,000 ever?",Yes,0.01
2026-01-14T00:00:00Z,polymarket,"Will Bitcoin reach $110,000 in January?",Yes,1.5
"""


@pytest.fixture
def fuel(tmp_path):
    path = tmp_path / "fuel.csv"
    path.write_text(FUEL)
    return path


@pytest.fixture
def bars(tmp_path):
    """Thirty days of hours that wander, with liquidations that follow the moves: enough for a map."""
    rng = np.random.default_rng(4)
    closes = np.log(60_000) + np.cumsum(rng.normal(0, 0.006, 720))
    lines = ["open_time_utc,symbol,open,high,low,close,volume_base,oi_close,liq_long_base,liq_short_base"]
    for hour, (before, after) in enumerate(itertools.pairwise(closes)):
        high, low = max(before, after) + 0.002, min(before, after) - 0.002
        stamp = np.datetime64("2024-01-01T00:00:00") + np.timedelta64(hour, "h")
        prices = ",".join(f"{math.exp(one):.2f}" for one in (before, high, low, after))
        drop, rise = max(before - low, 0.0), max(high - before, 0.0)
        lines.append(
            f"{stamp}Z,BTCUSDT,{prices},{1_000 + 200 * rng.random():.1f},80000,{3e3 * drop:.3f},{3e3 * rise:.3f}"
        )
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["powderkeg", "simulate", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "80")
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    told = capsys.readouterr()
    return code, told.out, told.err


def test_programs_get_everything(monkeypatch, capsys, fuel):
    """A row per level in the order asked, rungs after them, errors beside every chance; a seed gives one JSON."""
    asked = ("BTC", "--fuel", fuel, "--price", 1e5, "--level", 103_000, "--level", 97_000, *SMALL, "--json")
    code, out, err = run(monkeypatch, capsys, *asked)
    assert (code, err) == (0, "")
    held = json.loads(out)
    assert [(row["level_price"], row["direction"], row["kind"]) for row in held["rows"][:2]] == [
        (103_000.0, "up", "asked"),
        (97_000.0, "down", "asked"),
    ]
    # Both levels lie behind fuel. A level in front of it may be touched less: forced flow of the other side leads away.
    assert min(row["difference"] for row in held["rows"][:2]) > 0.0
    for row in held["rows"]:
        assert 0.0 < row["probability_alone"] < 1.0
        assert 0.0 < row["probability"] < 1.0
        assert row["probability_error"] > 0.0
        assert row["difference"] == pytest.approx(row["probability"] - row["probability_alone"], abs=1e-12)
    assert {"returns", "depth", "execution", "fuel", "monitoring", "volatility"} <= set(held["assumptions"])
    assert held["method"] == "modelled"
    assert held["odds_note"] == "none imported"
    again = run(monkeypatch, capsys, *asked, "--threads", 1)[1]
    assert json.loads(again) == held


def test_people_read_it_in_eighty_columns(monkeypatch, capsys, fuel):
    code, out, _ = run(monkeypatch, capsys, "BTC", "--fuel", fuel, "--price", 1e5, "--level", 103_000, *SMALL)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for word in ("P(touch)", "without", "103,000", "highest", "lowest", "shorts", "longs", "assumed", "none imported"):
        assert word in out


def test_survival_of_a_position(monkeypatch, capsys, fuel, tmp_path):
    """The complement of touching its liquidation price; without forced flow near the closed form."""
    path = tmp_path / "pos.toml"
    path.write_text(
        'venue = "binance-usdm"\nsymbol = "BTCUSDT"\nside = "long"\nqty = 1.0\nentry = 100000\nleverage = 25\n'
    )
    _, out, _ = run(monkeypatch, capsys, "--position", path, "--fuel", fuel, "--price", 1e5, *SMALL, "--json")
    held = json.loads(out)
    one, row = held["position"], held["rows"][0]
    assert row["level_price"] == one["liquidation_price"]
    assert one["survival"] == pytest.approx(1.0 - row["probability"])
    assert one["survival"] < one["survival_alone"]
    shifted = 1e5 * math.exp(math.log(row["level_price"] / 1e5) - 0.5826 * 0.03 / math.sqrt(1_440))
    expected = 1.0 - touch_probability(price=1e5, barrier=shifted, daily_sigma=0.03, days=1.0)
    assert abs(one["survival_alone"] - expected) < 4 * one["survival_alone_error"]
    _, text, _ = run(monkeypatch, capsys, "--position", path, "--fuel", fuel, "--price", 1e5, *SMALL)
    assert "survival" in text


@pytest.mark.parametrize(("entry", "leverage", "survival"), [(120_000, 10, 0.0), (100_000, 1, 1.0)])
def test_survival_that_is_certain_is_said(monkeypatch, capsys, fuel, tmp_path, entry, leverage, survival):
    """Beyond its liquidation price already, or never liquidated: no simulation decides that."""
    path = tmp_path / "pos.toml"
    path.write_text(
        f'venue = "bybit"\nsymbol = "BTCUSDT"\nside = "long"\nqty = 1.0\nentry = {entry}\nleverage = {leverage}\n'
        "mmr = 0.0\ntaker_fee = 0.0\n"
    )
    _, out, _ = run(monkeypatch, capsys, "--position", path, "--fuel", fuel, "--price", 1e5, *SMALL, "--json")
    one = json.loads(out)["position"]
    assert one["survival"] == survival
    assert one["note"]


def test_a_map_is_sampled_from_its_band(bars):
    """Samples lie about the map, below and above it; the same seed draws the same ones; all of it runs from bars."""
    maps = maps_of_file(bars)
    market = market_of_maps(maps, "BTC")
    drawn = sampled_fuel(market.inputs, 16, 3)
    assert drawn.shape[0] == 16
    assert (drawn >= 0.0).all()
    assert (drawn == sampled_fuel(market.inputs, 16, 3)).all()
    center = np.stack([market.inputs.fuel[side].fuel_usd.sum() for side in ("long", "short")])
    totals = drawn.sum(axis=2)
    assert (totals.min(axis=0) <= center).all()
    assert (totals.max(axis=0) >= center).all()
    report = market.ask(question_from({"paths": 500, "horizon": "12h", "returns": "bootstrap"}), threads=1)
    assert report.simulation.step_s == 3_600.0
    assert "bars of" in report.assumptions["history"]
    assert len(history_of(maps.bars()).returns) > 700


def test_odds_stand_beside_their_level(tmp_path):
    """Imported odds are found by coin and level in their words, the newest by then; a bad row is refused and listed."""
    path = tmp_path / "odds.csv"
    path.write_text(ODDS)
    result = import_file(tmp_path / "data", path)
    assert (result.format, result.events, result.rejects) == ("market-odds", {"market_odds": 4}, 1)
    with powderkeg.open(tmp_path / "data") as keg:
        later = 1_800_000_000 * 10**9
        found, note = odds_about(keg.database, "BTC", (100_000.0, 105_000.0), later)
        assert [(one.level_price, one.probability_ratio) for one in found] == [(100_000.0, 0.57), (105_000.0, 0.22)]
        assert note == ""
        earlier, _ = odds_about(keg.database, "BTC", (100_000.0,), 1_768_348_000 * 10**9)
        assert [one.probability_ratio for one in earlier] == [0.41]
        none, why = odds_about(keg.database, "SOL", (100_000.0,), later)
        assert none == ()
        assert "none names SOL" in why


def test_pictures_are_drawn(monkeypatch, capsys, fuel, tmp_path):
    for ending in ("png", "svg"):
        out = tmp_path / f"picture.{ending}"
        code, _, err = run(monkeypatch, capsys, "BTC", "--fuel", fuel, "--price", 1e5, *SMALL, "--out", out, "--json")
        assert code == 0, err
        assert out.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ((), "give a coin"),
        (("BTC", "--returns", "levy"), "cannot be asked so"),
        (("BTC", "--device", "abacus"), "there are cpu and gpu"),
        (("BTC", "--paths", "3"), "paths is 3"),
        (("BTC", "--horizon", "soon"), "soon"),
        (("BTC", "--depth", "book.csv"), "both say how deep"),
        (("BTC", "--as-of", "2026-01-13"), "stands instead of a map"),
        (("BTC", "--returns", "bootstrap"), "needs a history"),
        (("BTC", "--maps", "0"), "maps is 0"),
        (("BTC", "--out", "picture.gif"), "pictures are .png or .svg"),
        (("--position", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_use_is_told_in_a_sentence(monkeypatch, capsys, fuel, options, match):
    """Exit code 2 and what to do instead."""
    code, out, err = run(monkeypatch, capsys, *options, "--fuel", fuel, "--price", 1e5, "--depth-usd", "5e7")
    assert (code, out) == (2, "")
    assert match in err


def test_unknown_words_are_refused(fuel):
    with pytest.raises(InputError, match="unknown setting speed"):
        question_from({"speed": 3})
    market = market_of_table("BTC", fuel, 1e5)
    with pytest.raises(InputError, match=r"leave --step out|needs a history"):
        market.ask(question_from({"returns": "bootstrap", "step": "5m"}))
