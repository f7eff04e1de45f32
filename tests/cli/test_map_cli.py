"""`powderkeg map` as a person uses it: 80 columns, JSON for programs, pictures, bad use answered with 2."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from powderkeg.app.demo import run_demo
from powderkeg.store.importers.run import import_file
from powderkeg.store.scorecards import scores_path

SAMPLES = Path(__file__).parents[1] / "app" / "map_samples.py"


def samples():
    """The sample tables of the rooms' tests."""
    spec = importlib.util.spec_from_file_location("map_samples_of_app", SAMPLES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return samples().hourly_table(tmp_path_factory.mktemp("bars") / "binance_usdm_1h.csv")


@pytest.fixture(scope="module")
def data(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    import_file(folder, table)
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    run_demo(seed=5, data_dir=folder)
    return folder


def is_narrow(text):
    return max(map(len, text.splitlines())) <= 80


def test_a_map_is_read_in_eighty_columns(keg, data, monkeypatch):
    """From the highest cluster down to the lowest, the mark between; nearest ones, markets and method in words."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = keg("map", "BTC", "--data", data)
    assert shown.code == 0, shown.err
    assert is_narrow(shown.out)
    rows = re.findall(r"^(short|mark|long) +([\d,.]+)", shown.out, re.MULTILINE)
    prices = [float(price.replace(",", "")) for _, price in rows]
    assert prices == sorted(prices, reverse=True)
    sides = [side for side, _ in rows]
    assert sides == sorted(sides, key=("short", "mark", "long").index)
    for word in ("modelled, a floor", "above:", "below:", "of longs around", "OI placed", "kernel: calibrated"):
        assert word in shown.out
    assert not re.search(r"\b(nan|inf|None)\b", shown.out)


def test_json_holds_the_whole_map(keg, data):
    """The arrays of both sides with their bands, the kernel, the coverage, and times as RFC 3339."""
    found = keg("map", "BTC", "--data", data, "--as-of", "2024-03-11T10:00:00Z", "--json").json
    assert found["as_of"] == "2024-03-11T10:00:00Z"
    assert (found["coin"], found["method"]) == ("BTC", "modelled")
    assert (found["is_floor"], found["is_simulated"]) == (True, False)
    bins = found["bins"]
    assert len({len(held) for held in bins.values()}) == 1
    assert sum(bins["long_usd"]) == pytest.approx(found["long_usd"])
    for side in ("long", "short"):
        ends = (bins[f"{side}_{end}usd"] for end in ("lower_", "", "upper_"))
        assert all(0 <= low <= usd <= high for low, usd, high in zip(*ends, strict=True))
    assert found["kernel"]["origin"] == "calibrated"
    assert found["kernel"]["trained_until"] == "2024-03-11T00:00:00Z"
    assert found["coverage"][0]["interval_ms"] == 3_600_000
    assert found["coverage"][0]["until"] == found["as_of"]
    assert {row["position_side"] for row in found["rows"]} == {"long", "short"}


def test_venues_are_chosen_and_told_apart(keg, recorded, monkeypatch):
    """All add up; one alone is a part of it; `--by venue` has a table of each; simulated data say so first."""
    monkeypatch.setenv("COLUMNS", "80")
    whole = keg("map", "BTC", "--data", recorded, "--json").json
    assert [part["source"].split()[0] for part in whole["by_market"]] == ["binance-usdm", "bitget", "bybit", "okx"]
    assert sum(part["long_usd"] for part in whole["by_market"]) == pytest.approx(whole["long_usd"])
    one = keg("map", "BTC", "--data", recorded, "--venue", "bybit", "--json").json
    assert one["long_usd"] == pytest.approx(whole["by_market"][2]["long_usd"])
    two = keg("map", "BTC", "--data", recorded, "--venue", "bybit", "--venue", "okx", "--json").json
    assert len(two["sources"]) == 2
    shown = keg("map", "BTC", "--data", recorded, "--by", "venue")
    assert shown.out.count("mark ") >= 5
    assert shown.out.lstrip().startswith("SIMULATED")
    assert "kernel: default" in shown.out
    assert "positions opened before these bars are not in it" in shown.out
    assert is_narrow(shown.out)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_pictures_are_written(keg, data, tmp_path, ending):
    """A heatmap over time; its SVG says what it shows in words."""
    out = tmp_path / f"map.{ending}"
    done = keg("map", "BTC", "--data", data, "--out", out, "--window", "2d", "--json")
    assert done.code == 0, done.err
    assert "heatmap written to" in done.err
    content = out.read_bytes()
    assert content.startswith(b"\x89PNG") if ending == "png" else b"<svg" in content
    assert len(content) > 20_000
    assert "map written to" in keg("map", "BTC", "--data", data, "--out", out, "--profile").err
    assert out.read_bytes() != content


def test_positions_make_a_measured_map(keg, tmp_path, monkeypatch):
    """Same table, no band; what cannot be used is listed; the picture is a profile."""
    monkeypatch.setenv("COLUMNS", "80")
    path, out = tmp_path / "positions.csv", tmp_path / "map.png"
    path.write_text("coin,side,size,liqpx,markpx\nBTC,long,2,85000,95000\nBTC,short,3,97800,95000\nBTC,up,1,1,95000\n")
    shown = keg("map", "BTC", "--positions", path, "--out", out)
    assert shown.code == 0, shown.err
    for word in ("BTC 95,000", "measured", "97,8", "exact", "1 rows cannot be used", "4: position_side is 'up'"):
        assert word in shown.out
    assert "floor" not in shown.out
    assert is_narrow(shown.out)
    assert out.read_bytes().startswith(b"\x89PNG")
    found = keg("map", "BTC", "--positions", path, "--json").json
    assert (found["method"], found["is_floor"], found["kernel"]) == ("measured", False, None)
    assert found["bad_rows"] == [{"line": 4, "reason": "position_side is 'up'; it is long or short"}]
    moved = keg("map", "BTC", "--positions", path, "--price", "96000", "--as-of", "2026-01-13", "--json").json
    assert (moved["mark_price"], moved["as_of"]) == (96_000.0, "2026-01-13T00:00:00Z")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("map", "DOGE"), "no bars of DOGE"),
        (("map", "BTC", "--as-of", "1710151200"), "looks like seconds"),
        (("map", "BTC", "--venue", "nowhere"), "nowhere"),
        (("map", "BTC", "--by", "coin"), "by venue only"),
        (("map", "BTC", "--price", "1"), "--price goes with --positions"),
        (("map", "BTC", "--positions", "x.csv", "--venue", "okx"), "leave --bars and --venue out"),
        (("map", "BTC", "--out", "map.gif"), ".png or .svg"),
        (("map", "BTC", "--out", "map.png", "--window", "soon"), "not a duration"),
        (("map", "score", "--step", "1h"), "shorter than a day"),
        (("map", "scores", "--last", "ever"), "not a duration"),
    ],
    ids=["coin", "seconds", "venue", "by", "price", "positions", "ending", "window", "step", "last"],
)
def test_bad_use_is_answered_with_two(keg, data, words, said):
    answer = keg(*words, "--data", data)
    assert answer.code == 2
    assert said in answer.err


def test_scores_are_kept_and_read(keg, data, table, monkeypatch):
    """Scored twice, kept once; read by coin and by age; the same test on the table gives the same gains."""
    monkeypatch.setenv("COLUMNS", "80")
    first = keg("map", "score", "--data", data, "--json").json
    assert first["written"] == 4
    assert keg("map", "score", "--data", data, "--json").json["written"] == 0
    kept = keg("map", "scores", "--data", data, "--json").json
    assert {(row["coin"], row["position_side"]) for row in kept["rows"]} == {
        (coin, side) for coin in ("BTC", "ETH") for side in ("long", "short")
    }
    assert [row["gain"] for row in kept["rows"]] == [row["gain"] for row in first["rows"]]
    assert kept["rows"][0]["venue"] == "binance-usdm"
    assert kept["as_of"] == kept["rows"][0]["tested_until"]
    assert len(keg("map", "scores", "--data", data, "--coin", "ETHUSDT", "--json").json["rows"]) == 2
    assert keg("map", "scores", "--data", data, "--as-of", "2026-01-01", "--json").json["rows"] == []
    shown = keg("map", "scores", "--data", data)
    assert is_narrow(shown.out)
    assert "gain over the move alone" in shown.out
    with scores_path(data).open("ab") as lines:
        lines.write(b'{"coin": "BT')
    assert "1 lines of" in keg("map", "scores", "--data", data).out
    of_table = keg("map", "score", "--bars", table, "--json").json
    assert of_table["written"] is None
    gains = [[row["gain"] for row in found["rows"]] for found in (of_table, first)]
    assert gains[0] == pytest.approx(gains[1], abs=1e-6)


def test_a_directory_without_liquidations_has_no_score(keg, tmp_path):
    """It says what is missing, and nothing is kept."""
    answer = keg("map", "score", "--data", tmp_path)
    assert answer.code == 2
    assert "no market with prices, open interest and liquidations" in answer.err
    assert "no scores in the last 30d" in keg("map", "scores", "--data", tmp_path).out
