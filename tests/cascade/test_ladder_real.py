"""The ladder on recorded data: a book of 2024, daily depth, and the squeeze of 2026-01-14 as it stood before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import powderkeg
from powderkeg.app.cascade_books import recorded_book
from powderkeg.app.cascade_depth import DepthChoice, depth_for
from powderkeg.app.cascade_fits import fit_depth_response, fit_impact
from powderkeg.app.cascade_ladder import ask
from powderkeg.app.cascade_question import question_of
from powderkeg.cli.main import app
from powderkeg.store.importers.run import import_file

AS_OF, TARGET = "2026-01-13T00:00:00Z", 97_900.0


def load(folder, *paths):
    for path in paths:
        import_file(folder, path)
    return powderkeg.open(folder)


_MADE: dict[str, Path] = {}


@pytest.fixture
def event(shared_data):
    """The folder of the squeeze."""
    return shared_data / "event_2026_01"


@pytest.fixture
def squeeze_dir(event, tmp_path_factory):
    """Prices of seven venues, Binance's open interest and Hyperliquid's liquidations; imported once."""
    if "squeeze" not in _MADE:
        folder = tmp_path_factory.mktemp("squeeze")
        names = ("candles_1h.csv", "binance_BTCUSDT_oi_5m.csv", "hyperliquid_liquidations_1d.csv")
        load(folder, *(event / name for name in names)).close()
        _MADE["squeeze"] = folder
    return _MADE["squeeze"]


def run(folder, *words):
    result = CliRunner().invoke(app, ["ladder", "BTC", "--data", str(folder), *words, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def test_the_squeeze_is_simulated_from_before_it(squeeze_dir):
    """With nothing later than 2026-01-13 00:00: shorts on the way to 97,900 in a band, beside what was reported.

    Nothing is fitted to what was reported, so no number of it is asserted.
    """
    found = run(squeeze_dir, "--as-of", AS_OF, "--to", str(TARGET))
    assert found["as_of"] == AS_OF == found["fuel"]["as_of"]
    assert found["fuel"]["sources"] == ["binance-usdm BTC/USDT:USDT"]
    assert 90_000 < found["price"] < 92_500
    assert 0 < found["liquidated_lower_usd"] <= found["liquidated_usd"] <= found["liquidated_upper_usd"]
    assert found["liquidated_usd"] < found["open_interest_usd"]
    assert found["is_floor"]
    assert "2024-06-19" in found["assumptions"]["fuel: trained"]
    assert "on the way" in found["assumptions"]["fuel: standing"]
    beside = found["reported_beside"]
    assert [one["scope"] for one in beside] == ["Binance", "all venues", "all venues", "hyperliquid"]
    assert beside[0]["simulated_usd"] < found["liquidated_usd"]
    # 34.18 M on the 13th and 13.09 M on the 14th, by Hyperliquid's own days.
    assert beside[3]["reported_usd"] == pytest.approx(34.18e6 + 13.09e6, rel=1e-3)
    assert "by 2026-01-14T21:00:00Z" in beside[3]["what"]


def test_what_comes_later_changes_nothing(squeeze_dir, event, tmp_path):
    """The same answer from a directory that ends at that instant: history is not repainted."""
    with powderkeg.open(squeeze_dir) as keg:
        full = keg.ladder("BTC", price_target=TARGET, as_of=AS_OF)
        inputs = keg.ladder_inputs("BTC", as_of=AS_OF)
        again = ask(inputs, question_of(to=TARGET))
    early = tmp_path / "early"
    for name, cut in (("candles_1h.csv", "2026-01-13T00"), ("binance_BTCUSDT_oi_5m.csv", "1768262400001")):
        lines = (event / name).read_text().splitlines()
        kept = [lines[0], *(line for line in lines[1:] if line[: len(cut)] < cut)]
        short = tmp_path / name
        short.write_text("\n".join(kept) + "\n")
        import_file(early, short)
    with powderkeg.open(early) as keg:
        before = keg.ladder("BTC", price_target=TARGET)
    assert before.liquidated_usd == pytest.approx(full.liquidated_usd, rel=1e-12)
    assert again.liquidated_usd == full.liquidated_usd
    assert before.reach.shock_usd == pytest.approx(full.reach.shock_usd, rel=1e-9)


def test_the_shock_to_the_price_reaches_the_price(squeeze_dir):
    """Asked the other way round, the shock that --to tells ends at the price; the square root law needs its volume."""
    with powderkeg.open(squeeze_dir) as keg:
        inputs = keg.ladder_inputs("BTC", as_of=AS_OF)
    target = ask(inputs, question_of(to=TARGET))
    forward = ask(inputs, question_of(shock_usd=target.reach.shock_usd))
    assert forward.ladder.price_end == pytest.approx(TARGET, rel=1e-6)
    assert forward.liquidated_usd == pytest.approx(target.liquidated_usd, rel=1e-3)
    assert 0.01 < inputs.daily_sigma < 0.06
    law = ask(inputs, question_of(shock_usd=1e9, impact="sqrt"))
    alone = inputs.daily_sigma * np.sqrt(1e9 / inputs.daily_volume_usd)
    assert law.ladder.distance_log / law.ladder.amplification == pytest.approx(alone, abs=1e-4)


def test_a_recorded_book_is_depth(shared_data):
    """Binance's book of 2024-08-08: asks and bids within 1 %, where its snapshot ends is said, and its own slope."""
    path = next((shared_data / "book").glob("*.raw.gz"))
    history = recorded_book(path, "BTC")
    assert history.name == "binance-usdm BTC/USDT:USDT"
    assert history.book.hole_count == 0
    assert len(history.sample_ns) > 30
    for side in ("short", "long"):
        fit = fit_impact(history, side)
        assert 0.3 < fit.exponent < 1.2
        assert fit.exponent_error < 0.1
    depth = depth_for("BTC", history.book.mid_price, None, DepthChoice(path=path), None)
    assert depth["short"].method == "measured"
    assert depth["short"].within_usd == pytest.approx(292e6, rel=0.02)
    assert "floor" in depth["long"].assumptions
    assert "γ =" in depth["long"].assumptions["fit"]


def test_an_archived_book_is_the_recorded_one(shared_data, tmp_path):
    """Imported and asked for a moment, the archive gives the book the recording had then; an hour later it is old."""
    path = next((shared_data / "book").glob("*.raw.gz"))
    # Half a minute in, when the snapshot still reached far enough on both sides.
    at_ns, price = 1_723_161_290_000_000_000, 61_800.0
    with load(tmp_path, path) as keg:
        found = depth_for("BTC", price, at_ns, DepthChoice(), keg.database)
        old = depth_for("BTC", price, at_ns + 2 * 3_600_000_000_000, DepthChoice(), keg.database)
    direct = depth_for("BTC", price, at_ns, DepthChoice(path=path), None)
    for side in ("short", "long"):
        assert (found[side].method, old[side].method) == ("measured", "assumed")
        np.testing.assert_allclose(found[side].depth_usd, direct[side].depth_usd)


def test_reported_depth_stands_in_and_its_response_is_fitted(shared_data, tmp_path):
    """Daily ±1 % depth of all venues: the newest day that had ended is used, and wide days thin it."""
    daily = shared_data / "daily_2020_2025"
    paths: list[Path] = []
    for name in ("orderbook_agg_futures_1d.csv", "futures_ohlcv_1d.csv"):
        header, *rows = (daily / name).read_text().splitlines()
        kept = [row for row in rows if row[:3] in {"BTC", "ETH"} and ",2024-" in row and ",2024-0" not in row]
        paths.append(tmp_path / name)
        paths[-1].write_text("\n".join([header, *kept]) + "\n")
    with load(tmp_path / "data", *paths) as keg:
        at_ns = 1_735_603_200_000_000_000  # 2024-12-31 00:00
        depth = depth_for("BTC", 93_000.0, at_ns, DepthChoice(), keg.database)["short"]
        fit = fit_depth_response(keg.database, "ETH")
    assert depth.method == "reported"
    assert depth.as_of_ns == at_ns - 86_400_000_000_000
    assert "all venues" in depth.assumptions["scope"]
    assert fit.rows == 90
    assert fit.exponent < 0 < fit.exponent + 8 * fit.exponent_error
