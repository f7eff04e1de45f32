"""The ladder from a table of bars: map, default depth, and both directions through the command."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import powderkeg
from powderkeg.app.cascade_loading import inputs_of_maps
from powderkeg.cli.main import app
from powderkeg.domain.time import NS_PER_HOUR, format_instant, parse_instant
from powderkeg.liqmap import fuel_profile

START_NS = parse_instant("2024-03-01T00:00:00Z")
COUNT = 24 * 12


@pytest.fixture
def table(tmp_path):
    """A made-up coin's hours as a CSV of bars."""
    rng = np.random.default_rng(7)
    log_price = np.log(50_000.0) + np.cumsum(rng.normal(0, 0.004, COUNT))
    path = tmp_path / "bars.csv"
    with path.open("w", newline="") as lines:
        out = csv.writer(lines)
        out.writerow(["open_time_utc", "symbol", "open", "high", "low", "close", "volume_base", "oi_close"])
        opened = np.concatenate([[np.log(50_000.0)], log_price[:-1]])
        for n in range(COUNT):
            ends = opened[n], log_price[n]
            prices = np.exp([ends[0], max(ends) + 0.002, min(ends) - 0.002, ends[1]])
            at = format_instant(START_NS + n * NS_PER_HOUR)
            out.writerow([at, "BTCUSDT", *prices, 4_000.0, 80_000.0 + 50.0 * n])
    return path


@pytest.mark.parametrize("side", ["short", "long"])
def test_the_fuel_is_the_map(table, side):
    """Fuel ahead of the price adds up to what the map holds there; the band surrounds what would be liquidated."""
    words = ["ladder", "BTC", "--bars", str(table), "--side", side, "--shock-usd", "200e6", "--json"]
    found = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    maps = powderkeg.open_bars(table)
    inputs = inputs_of_maps(maps, "BTC")
    one = maps.liquidation_map("BTC")
    wanted = fuel_profile(one, one.mark_price, 100.0, 25, side)
    assert inputs.fuel[side].fuel_usd.sum() == pytest.approx(wanted.sum())
    assert found["price"] == pytest.approx(one.mark_price)
    assert found["liquidated_lower_usd"] <= found["liquidated_usd"] <= found["liquidated_upper_usd"]
    assert found["depth"]["method"] == "assumed"
    assert (found["price_end"] > found["price"]) == (side == "short")
    assert found["assumptions"]["fuel: trained"]


def test_no_column_is_wider_than_a_narrow_terminal(table, monkeypatch):
    """Eighty columns hold the whole view."""
    monkeypatch.setenv("COLUMNS", "80")
    words = ["ladder", "BTC", "--bars", str(table), "--shock-usd", "900e6"]
    shown = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "assumed, depth: shape" in shown
