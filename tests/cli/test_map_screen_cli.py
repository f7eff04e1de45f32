"""`powderkeg map screen` as a person uses it: many coins, few, none; from a table and from a data directory."""

from __future__ import annotations

import json
import re

import pytest
from test_map_cli import is_narrow, samples

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.time import parse_instant
from powderkeg.liqmap.screen import screen
from powderkeg.store.importers.run import import_file

CUT = "2024-03-09T00:00:00Z"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("bars") / "binance_usdm_1h.csv"
    return samples().hourly_table(path, symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"))


def rows(text):
    return re.findall(r"^(\w+) +(long|short) +(\S+)", text, re.MULTILINE)


def test_a_screen_is_a_line_per_coin_and_side(keg, table, monkeypatch):
    """Greatest gain first, in eighty columns, with the mean, its range and what it comes to in words."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = keg("map", "screen", "--bars", table, "--train-until", CUT)
    assert shown.code == 0, shown.err
    assert is_narrow(shown.out)
    found = rows(shown.out)
    assert {(coin, side) for coin, side, _ in found} == {
        (coin, side) for coin in ("BTC", "ETH", "SOL") for side in ("long", "short")
    }
    gains = [float(gain) for *_, gain in found]
    assert gains == sorted(gains, reverse=True)
    assert re.search(r"gain over the move-only baseline for \d of 6\s+coins and sides", shown.out)


def test_programs_get_every_number(keg, table):
    """Those of the Python function, with times as text; progress does not enter standard output."""
    shown = keg("map", "screen", "--bars", table, "--train-until", CUT, "--threads", "1", "--json")
    told = json.loads(shown.out)
    found = screen(read_bars(table), parse_instant(CUT))
    assert (told["method"], told["trained_until"], told["interval"]) == ("modelled", CUT, "1h")
    assert told["mean"] == pytest.approx(found.mean)
    assert [row["gain"] for row in told["rows"]] == [row.gain for row in found.rows]
    assert all(row["verdict"] for row in told["rows"])
    assert told["absent"] == {}


def test_a_data_directory_is_screened_too(keg, table, tmp_path):
    import_file(tmp_path / "data", table)
    told = json.loads(keg("map", "screen", "--data", tmp_path / "data", "--train-until", CUT, "--json").out)
    direct = json.loads(keg("map", "screen", "--bars", table, "--train-until", CUT, "--json").out)
    assert {row["symbol"] for row in told["rows"]} == {f"binance-usdm {c}/USDT:USDT" for c in ("BTC", "ETH", "SOL")}
    assert told["mean"]["gain"] == pytest.approx(direct["mean"]["gain"], abs=1e-6)


def test_one_coin_is_enough_and_a_bad_one_is_left_out(keg, table, tmp_path):
    """What cannot take part is named with the reason, and the rest is scored all the same."""
    lines = table.read_text().splitlines()
    one = tmp_path / "one.csv"
    extra = [line.replace("ETHUSDT", "NEW") for line in lines if ",ETHUSDT," in line][:1]
    dark = [",".join([*line.split(",")[:17], "", "", "0"]) for line in lines if ",SOLUSDT," in line]
    one.write_text("\n".join([lines[0], *(line for line in lines if ",BTCUSDT," in line), *extra, *dark]))
    told = json.loads(keg("map", "screen", "--bars", one, "--train-until", CUT, "--json").out)
    assert [row["symbol"] for row in told["rows"]] == ["BTCUSDT", "BTCUSDT"]
    assert told["absent"] == {"NEW": "has one bar; their length takes two", "SOLUSDT": "liquidations unknown"}
    assert "absent: NEW: has one bar" in keg("map", "screen", "--bars", one, "--train-until", CUT).out


def test_nothing_to_screen_is_bad_use(keg, table, tmp_path):
    lines = table.read_text().splitlines()
    short = tmp_path / "short.csv"
    for body, said in (
        (lines[:1], "a header and no bars"),
        (lines[:31], "at most"),
        ([",".join([*line.split(",")[:17], "", "", "0"]) if n else line for n, line in enumerate(lines)], "unknown"),
    ):
        short.write_text("\n".join(body))
        shown = keg("map", "screen", "--bars", short)
        assert shown.code == 2
        assert said in shown.err
        assert not shown.out
    assert "no data directory" in keg("map", "screen", "--data", tmp_path / "absent").err
