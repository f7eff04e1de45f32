"""Maps from a data directory: of what was imported and of what was recorded live, and what is missing said."""

from __future__ import annotations

import base64
import json

import msgspec
import numpy as np
import pytest
from map_samples import HOURLY, START_NS, hourly_rows, hourly_table, open_interest, venue_candles

import powderkeg
from powderkeg.app.demo import run_demo
from powderkeg.app.liquidation_map_bars import ENOUGH_BARS, LENGTHS, bar_length
from powderkeg.app.liquidation_map_data import multiplier_of, shelf_of_library
from powderkeg.app.liquidation_map_show import plain_heatmap
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, format_instant, parse_instant
from powderkeg.liqmap.fuel import fuel_profile
from powderkeg.store.importers.run import import_file
from powderkeg.testing.squeeze import START_NS as SQUEEZE_NS

MIDWAY = format_instant(START_NS + 250 * NS_PER_HOUR)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return hourly_table(tmp_path_factory.mktemp("bars") / "binance_usdm_1h.csv")


@pytest.fixture(scope="module")
def library(table, tmp_path_factory):
    """The table, imported."""
    data = tmp_path_factory.mktemp("data")
    import_file(data, table)
    with powderkeg.open(data) as opened:
        yield opened


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Ten minutes of four simulated venues."""
    data = tmp_path_factory.mktemp("demo")
    run_demo(seed=5, data_dir=data)
    with powderkeg.open(data) as opened:
        yield opened


def imported(tmp_path, *files):
    for file in files:
        import_file(tmp_path / "data", file)
    return powderkeg.open(tmp_path / "data")


@pytest.mark.parametrize("as_of", [None, MIDWAY])
def test_the_archive_gives_the_map_of_its_file(library, table, as_of):
    """Imported and read back, or read from the table at once: the same dollars, prices and kernel."""
    one = library.liquidation_map("BTC", as_of=as_of)
    other = powderkeg.open_bars(table).liquidation_map("BTCUSDT", as_of=as_of)
    np.testing.assert_allclose(one.notional_usd, other.notional_usd, rtol=1e-9)
    np.testing.assert_allclose(one.upper_usd, other.upper_usd, rtol=1e-9)
    assert (one.first_bin, one.as_of_ns, one.coin) == (other.first_bin, other.as_of_ns, "BTC")
    assert one.kernel.origin == other.kernel.origin == "calibrated"
    assert one.sources == ("binance-usdm BTC/USDT:USDT",)
    (seen,) = one.coverage
    assert seen.bars == (300 if as_of is None else 250)
    assert seen.liquidations_ratio == 1.0
    assert 0 < seen.placed_ratio <= 1


def test_the_past_is_what_it_was(library):
    """A map of an earlier time ends there; its mark is the close of that hour, and later bars change nothing."""
    then = library.liquidation_map("BTC", as_of=MIDWAY)
    assert then.as_of_ns == parse_instant(MIDWAY)
    again = library.liquidation_map("BTC", as_of=MIDWAY)
    np.testing.assert_array_equal(then.notional_usd, again.notional_usd)
    assert library.liquidation_map("BTC").as_of_ns == START_NS + 300 * NS_PER_HOUR


def test_the_heatmap_of_a_library_ends_with_its_map(library):
    """Hours as columns, the last one today's map, fuel of both sides inside it."""
    picture = library.heatmap("BTC", window="2d")
    one = library.liquidation_map("BTC")
    assert picture.times_ns[-1] == one.as_of_ns
    assert len(picture.times_ns) == 49
    assert picture.cells.dtype == np.uint8
    assert picture.cells.shape == (49, len(picture.price_edges) - 1)
    ups = fuel_profile(one, bin_bps=1.0, bins=round(np.log(picture.price_edges[-1] / one.mark_price) * 1e4))
    downs = fuel_profile(
        one, bin_bps=1.0, bins=round(np.log(one.mark_price / picture.price_edges[0]) * 1e4), position_side="long"
    )
    assert picture.usd[-1].sum() == pytest.approx(ups.sum() + downs.sum(), rel=0.05)


def test_the_heatmap_for_programs_holds_the_same_grid(library):
    """Bytes column after column, one number per axis step, nothing that JSON cannot say."""
    picture = library.heatmap("BTC", window="2d", columns=20, rows=50)
    plain = json.loads(msgspec.json.encode(plain_heatmap(picture)))
    cells = np.frombuffer(base64.b64decode(plain["cells_base64"]), np.uint8)
    np.testing.assert_array_equal(cells.reshape(plain["column_count"], plain["row_count"]), picture.cells)
    assert len(plain["times_ms"]) == plain["column_count"] == len(plain["mark_price"]) <= 21
    assert len(plain["price_edges"]) == plain["row_count"] + 1 <= 51
    assert plain["scale"]["ticks"]


def test_a_market_that_ended_long_ago_is_absent(tmp_path):
    """Its levels are of another time: listed with its end, and back when that time is asked for."""
    lines = [HOURLY, *hourly_rows(1, "BTCUSDT", 300), *hourly_rows(2, "BTCUSDC", 150)]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    maps = powderkeg.open_bars(path)
    one = maps.liquidation_map("BTC")
    assert one.sources == ("BTCUSDT",)
    assert one.absent == {"BTCUSDC": f"its bars end at {format_instant(START_NS + 150 * NS_PER_HOUR)}"}
    both = maps.liquidation_map("BTC", as_of=format_instant(START_NS + 160 * NS_PER_HOUR))
    assert both.sources == ("BTCUSDT", "BTCUSDC")
    assert not both.absent


def test_recorded_trades_make_a_map_of_every_venue(recorded):
    """Bars of seconds from trades; dollars add up over venues; said to be simulated and seen only from its start."""
    total = recorded.liquidation_map("BTC")
    assert total.is_simulated
    assert len(total.parts) == len(total.sources) == 4
    assert total.notional_usd.sum() == pytest.approx(sum(part.notional_usd.sum() for part in total.parts))
    assert total.open_interest_usd == pytest.approx(sum(part.open_interest_usd for part in total.parts))
    assert all(seen.interval_ns == NS_PER_S for seen in total.coverage)
    assert "trades" in total.parts[0].assumptions["made_from"]
    assert recorded.heatmap("BTC").is_simulated
    one = recorded.liquidation_map("BTC", venue="bybit")
    assert one.sources == ("bybit BTC/USDT:USDT",)
    np.testing.assert_allclose(one.notional_usd.sum(), total.parts[2].notional_usd.sum())


def test_bars_of_trades_are_those_of_the_trades(recorded):
    """Against the trades themselves, one by one: open, high, low, close and volume of every second."""
    until_ns = SQUEEZE_NS + 300 * NS_PER_S
    bars = shelf_of_library(recorded.database, until_ns, "BTC").markets["okx BTC/USDT:USDT"]
    rows = recorded.events("trade", coin="BTC", venue="okx", end=format_instant(until_ns)).to_pylist()
    by_second: dict[int, list] = {}
    rows.sort(key=lambda row: (row["ts_event_ns"], row["ts_received_ns"], len(row["trade_id"]), row["trade_id"]))
    for row in rows:
        by_second.setdefault(row["ts_event_ns"] // NS_PER_S * NS_PER_S, []).append(row)
    assert list(bars.open_ns) == sorted(by_second)
    for at, prices, volume in zip(bars.open_ns, bars.prices, bars.volume_base, strict=True):
        held = [row["price"] for row in by_second[int(at)]]
        assert tuple(prices) == (held[0], max(held), min(held), held[-1])
        assert volume == pytest.approx(sum(row["qty_base"] for row in by_second[int(at)]))


@pytest.mark.parametrize("at_once", [1, 5])
def test_markets_asked_for_together_are_those_asked_for_alone(recorded, monkeypatch, at_once):
    """Every bar of every market byte for byte, whichever others are read with it; asking costs a query per table."""
    asked: list[str] = []
    query = type(recorded.database).query
    monkeypatch.setattr(type(recorded.database), "query", lambda self, *a: asked.append(a[0]) or query(self, *a))
    together = shelf_of_library(recorded.database, SQUEEZE_NS + 600 * NS_PER_S)
    assert len(together.markets) > 5
    assert len(asked) < len(together.markets)
    monkeypatch.setattr("powderkeg.app.market_rows.AT_ONCE", at_once)
    alone = shelf_of_library(recorded.database, SQUEEZE_NS + 600 * NS_PER_S)
    assert (alone.absent, alone.made_from) == (together.absent, together.made_from)
    assert list(alone.markets) == list(together.markets)
    for one, other in zip(alone.markets.values(), together.markets.values(), strict=True):
        for name in ("open_ns", "prices", "volume_base", "open_interest_base", "liquidated_base"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_watched_liquidations_are_known_and_summed(recorded):
    """Within the recording a bar without one has none; over all bars the feed's own total comes back."""
    bars = shelf_of_library(recorded.database, SQUEEZE_NS + 600 * NS_PER_S, "BTC").markets["bybit BTC/USDT:USDT"]
    known = np.isfinite(bars.liquidated_base[:, 0])
    assert known.mean() > 0.95
    rows = recorded.events("liquidation", coin="BTC", venue="bybit").to_pylist()
    ends_ns = dict(zip(bars.open_ns.tolist(), known.tolist(), strict=True))
    held = {"long": 0.0, "short": 0.0}
    for row in rows:
        if ends_ns.get(row["ts_event_ns"] // NS_PER_S * NS_PER_S):
            held[row["position_side"]] += row["qty_base"]
    assert np.nansum(bars.liquidated_base, axis=0) == pytest.approx([held["long"], held["short"]])


def test_a_venue_without_open_interest_is_absent_and_said(tmp_path):
    """Candles of two venues, open interest of one: one market in the map, the other listed with its reason."""
    files = venue_candles(tmp_path / "candles.csv", ("binance", "bybit")), open_interest(tmp_path)
    with imported(tmp_path, *files) as library:
        one = library.liquidation_map("BTC")
        assert one.sources == ("binance-usdm BTC/USDT:USDT",)
        assert one.absent == {"bybit BTC/USDT:USDT": "no open interest recorded"}
        assert one.kernel.origin == "default"
        with pytest.raises(InputError, match="bybit BTC/USDT:USDT: no open interest recorded"):
            library.liquidation_map("BTC", venue="bybit")
        with pytest.raises(InputError, match="okx: no prices of BTC recorded"):
            library.liquidation_map("BTC", venue="okx")


def test_open_interest_in_dollars_alone_becomes_coins(tmp_path):
    """At the close of its bar: within the drift of the price the same as the coins themselves."""
    candles = venue_candles(tmp_path / "candles.csv", ("binance",))
    with imported(tmp_path, candles, open_interest(tmp_path, base=False)) as library:
        shelf = shelf_of_library(library.database, START_NS + NS_PER_DAY * 9, "BTC")
        bars = shelf.markets["binance-usdm BTC/USDT:USDT"]
        (at,) = np.nonzero(bars.open_ns == START_NS + 50 * NS_PER_HOUR)[0]
        usd = (80_000.0 + 500.0 * np.sin(51 * 12 / 40.0)) * 50_000.0
        assert bars.open_interest_base[at + 1] * bars.prices[at, 3] == pytest.approx(usd)


def test_too_little_is_said_with_what_is_there(library, tmp_path):
    """No such coin, nothing that early, too few bars, an empty directory: each names what is missing."""
    with pytest.raises(InputError, match=r"no bars of DOGE .* it holds .*BTC"):
        library.liquidation_map("DOGE")
    early = format_instant(START_NS + 5 * NS_PER_HOUR)
    with pytest.raises(InputError, match="only 5 bars of 1h so far"):
        library.liquidation_map("BTC", as_of=early)
    with pytest.raises(InputError, match="no bars of BTC before 2020-01-01"):
        library.liquidation_map("BTC", as_of="2020-01-01")
    with powderkeg.open(tmp_path) as empty, pytest.raises(InputError, match="no bars with open interest"):
        empty.liquidation_map("BTC")


def test_what_is_recorded_later_is_seen_after_a_refresh(table, tmp_path):
    """A directory that grows: the map of before stays as it was asked for."""
    short = hourly_table(tmp_path / "first.csv", count=200)
    with imported(tmp_path, short) as library:
        before = library.liquidation_map("BTC")
        import_file(tmp_path / "data", table)
        assert library.liquidation_map("BTC").as_of_ns == before.as_of_ns
        library.refresh()
        assert library.liquidation_map("BTC").as_of_ns == START_NS + 300 * NS_PER_HOUR
        again = library.liquidation_map("BTC", as_of=format_instant(before.as_of_ns))
        np.testing.assert_allclose(again.notional_usd, before.notional_usd, rtol=1e-9)


@pytest.mark.parametrize(
    ("symbol", "units"),
    [
        ("BTC/USDT:USDT", 1.0),
        ("XBT/USD:BTC", 1.0),
        ("1000PEPE/USDT:USDT", 1e3),
        ("1000000MOG/USDT:USDT", 1e6),
        ("1MBABYDOGE/USDT:USDT", 1e6),
        ("kBONK/USDC:USDC", 1e3),
        ("SHIB1000/USDT:USDT", 1e3),
        ("1INCH/USDT:USDT", 1.0),
        ("KNC/USDT:USDT", 1.0),
    ],
)
def test_contracts_on_many_coins_are_told(symbol, units):
    """So that levels of `1000PEPE` and of `PEPE` stand in one grid."""
    assert multiplier_of(symbol) == units


def test_many_candles_are_put_together(tmp_path, monkeypatch):
    """Above a number bars get longer, from whole ones only: open, extremes, close, volume, and what was liquidated."""
    hours = 240
    lines = hourly_table(tmp_path / "hours.csv", count=hours, symbols=("BTCUSDT",))
    with imported(tmp_path, lines) as library:
        until_ns = START_NS + hours * NS_PER_HOUR
        fine = shelf_of_library(library.database, until_ns, "BTC").markets["binance-usdm BTC/USDT:USDT"]
        monkeypatch.setattr("powderkeg.app.liquidation_map_bars.ENOUGH_CANDLES", 100)
        monkeypatch.setattr("powderkeg.app.liquidation_map_bars.LENGTHS", (NS_PER_HOUR, 4 * NS_PER_HOUR))
        for cut in (until_ns, until_ns + 50 * NS_PER_DAY, until_ns - 2 * NS_PER_HOUR):
            coarse = shelf_of_library(library.database, cut, "BTC").markets["binance-usdm BTC/USDT:USDT"]
            whole = hours // 4 if cut >= until_ns else hours // 4 - 1
            assert len(coarse) == whole
            inside = fine.prices[: whole * 4].reshape(whole, 4, 4)
            np.testing.assert_array_equal(coarse.prices[:, 0], inside[:, 0, 0])
            np.testing.assert_array_equal(coarse.prices[:, 1], inside[:, :, 1].max(axis=1))
            np.testing.assert_array_equal(coarse.prices[:, 2], inside[:, :, 2].min(axis=1))
            np.testing.assert_array_equal(coarse.prices[:, 3], inside[:, -1, 3])
            np.testing.assert_allclose(coarse.volume_base, fine.volume_base[: whole * 4].reshape(whole, 4).sum(axis=1))
            liquidated = fine.liquidated_base[: whole * 4].reshape(whole, 4, 2).sum(axis=1)
            np.testing.assert_allclose(coarse.liquidated_base, liquidated)


def test_the_recorded_squeeze_has_a_map_before_it(shared_data, tmp_path):
    """The evening before 2026-01-14: of six venues one has open interest; nothing was calibrated, and that is said."""
    folder = shared_data / "event_2026_01"
    with imported(tmp_path, folder / "candles_1h.csv", folder / "binance_BTCUSDT_oi_5m.csv") as library:
        one = library.liquidation_map("BTC", as_of="2026-01-13T00:00:00Z")
        assert one.sources == ("binance-usdm BTC/USDT:USDT",)
        assert set(one.absent.values()) == {"no open interest recorded"}
        assert one.kernel.origin == "default"
        assert one.as_of_ns == parse_instant("2026-01-13")
        steps = fuel_profile(one, bin_bps=10.0, bins=round(np.log(97_932.1 / one.mark_price) * 1e3))
        assert 0 < steps.sum() < one.open_interest_usd
        assert one.coverage[0].liquidations_ratio == 0.0
        picture = library.heatmap("BTC", as_of="2026-01-15", window="2d")
        assert picture.price_edges[0] < np.nanmin(picture.mark_price)
        assert picture.price_edges[-1] > 97_932.1


@pytest.mark.parametrize("span_ns", [NS_PER_S, NS_PER_HOUR, 3 * NS_PER_DAY, 20 * NS_PER_DAY, 900 * NS_PER_DAY])
def test_bars_are_as_short_as_their_number_allows(span_ns):
    length = bar_length(START_NS, START_NS + span_ns)
    shorter = [other for other in LENGTHS if other < length]
    assert span_ns // length < ENOUGH_BARS or length == LENGTHS[-1]
    assert all(span_ns // other >= ENOUGH_BARS for other in shorter)
