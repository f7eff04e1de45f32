"""The demo: the same story every time, told honestly against what the simulation really did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict

import pytest
from simulated import simulated

COMPLETE = ("bybit", "okx")
SAMPLED = ("binance-usdm", "bitget")


@pytest.fixture(scope="module")
def story():
    """Seed 7: what really happened."""
    return simulated(7)[0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The demo of seed 7, run once and kept: where, and the text it printed."""
    folder = tmp_path_factory.mktemp("demo") / "keg"
    command = [sys.executable, "-m", "powderkeg.cli.main", "demo", "--data", str(folder), "--json"]
    elsewhere = {"XDG_CONFIG_HOME": str(folder.parent), "XDG_DATA_HOME": str(folder.parent)}
    done = subprocess.run(command, env={**os.environ, **elsewhere}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


@pytest.fixture(scope="module")
def told(kept):
    """What it answered."""
    return json.loads(kept[1])


def test_the_same_seed_is_the_same_answer(keg, told):
    """Byte for byte; another seed is another story; both say they are simulated."""
    first, second = (keg("demo", "--seed", 3, "--json") for _ in range(2))
    assert first.out == second.out
    assert first.json["rows"] != told["rows"]
    assert first.json["simulated"] is told["simulated"] is True
    assert first.err == ""


def test_totals_of_complete_feeds_are_what_happened(told, story):
    """Count, base quantity and the price the venue gives (bankruptcy) times quantity: nothing lost, nothing twice."""
    happened = defaultdict(lambda: [0, 0.0, 0.0])
    for event in story.liquidations:
        entry = happened[event.venue, event.coin]
        entry[0] += 1
        entry[1] += event.qty_base * event.bankruptcy_price * (event.position_side == "long")
        entry[2] += event.qty_base * event.bankruptcy_price * (event.position_side == "short")
    rows = told["rows"]
    found = {(row["venue"], row["coin"]): row for row in rows if row["venue"] in COMPLETE}
    assert found.keys() == {key for key in happened if key[0] in COMPLETE}
    for key, row in found.items():
        assert row["count"] == happened[key][0], key
        assert row["long_usd"] == pytest.approx(happened[key][1], rel=1e-9, abs=0.005)
        assert row["short_usd"] == pytest.approx(happened[key][2], rel=1e-9, abs=0.005)


def test_sampled_feeds_are_floors_below_the_truth(told, story):
    """Their totals say they are floors, are below what happened, and the count is too."""
    for venue in SAMPLED:
        rows = [row for row in told["rows"] if row["venue"] == venue]
        truth = [event for event in story.liquidations if event.venue == venue]
        assert all(row["is_floor"] for row in rows)
        assert 0 < sum(row["total_usd"] for row in rows) < told["truth_usd"][venue]
        assert sum(row["count"] for row in rows) < len(truth)
        assert told["truth_usd"][venue] == pytest.approx(
            sum(
                event.qty_base * (event.fill_price if venue == "binance-usdm" else event.bankruptcy_price)
                for event in truth
            )
        )
        assert all(row["estimate_usd"] >= row["total_usd"] for row in rows)


def test_binance_gives_the_latest_order_of_each_second(told, story):
    """An oracle of the sampling itself: of each symbol and second the last order, at its fill."""
    latest = {
        (event.coin, event.ts_ns // 10**9): event for event in story.liquidations if event.venue == "binance-usdm"
    }
    rows = {row["coin"]: row for row in told["rows"] if row["venue"] == "binance-usdm"}
    for coin, row in rows.items():
        shown = [event.notional_usd for (name, _), event in latest.items() if name == coin]
        assert row["count"] == len(shown)
        assert row["total_usd"] == pytest.approx(sum(shown), abs=0.005)


def test_a_kept_demo_can_be_run_and_asked_again(keg, kept, told, tmp_path):
    """The second run adds nothing; every later command says SIMULATED."""
    data = ("--data", kept[0])
    again = keg("demo", *data, "--json")
    assert (again.code, again.out) == (0, kept[1])
    ask = ("liquidations", "--window", "10m", "--as-of", told["as_of"], *data)
    assert keg(*ask, "--json").json["rows"] == told["rows"]
    assert keg(*ask, "--json").json["simulated"] is True
    assert "SIMULATED" in keg(*ask).out
    assert "SIMULATED" in keg(*ask, "--bars", "1m").out
    assert "SIMULATED" in keg("export", "trade", "-o", tmp_path / "x.parquet", *data).out


def test_simulated_and_real_are_never_mixed(keg, kept, tmp_path):
    """A directory that holds anything else is refused, in both directions."""
    source = tmp_path / "orders.csv"
    source.write_text("ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,3000.0\n" * 3)
    assert keg("import", source, "--data", tmp_path / "real").code == 0
    refused = keg("demo", "--data", tmp_path / "real")
    assert (refused.code, refused.out) == (2, "")
    assert "must not be mixed" in refused.err
    other_seed = keg("demo", "--seed", "8", "--data", kept[0])
    assert other_seed.code == 2
    into_toy = keg("import", source, "--data", kept[0])
    assert into_toy.code == 2
    assert "simulated" in into_toy.err


def test_the_demo_reads_well_on_sixty_columns(keg, tmp_path, monkeypatch):
    """No line is wider than the terminal, every figure stands whole in its line, and nothing is left behind."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = keg("demo")
    assert (answer.code, list(tmp_path.iterdir())) == (0, [])
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= 60
    assert answer.out.count("SIMULATED") == 2
    table = [line for line in lines if line.startswith(("BTC ", "ETH ", "SOL ", "DOGE "))]
    assert len(table) == 16
    assert all(line.split()[-1].isdigit() for line in table)
