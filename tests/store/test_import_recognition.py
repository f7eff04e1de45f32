"""A file is what its content says; the name counts only where two kinds share their columns."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from import_samples import ALL, TABLES

from powderkeg.domain.errors import InputError
from powderkeg.store.importers.formats import Sample
from powderkeg.store.importers.registry import KINDS, recognize, rows_parser

NAMED_BY_THEIR_NAME = {"tardis-trades", "tardis-liquidations", "coinglass-futures-candles", "coinglass-spot-candles"}


def kinds_of(sample: Sample) -> list[str]:
    return [kind.name for kind in KINDS if kind.looks_like(sample)]


def test_there_is_a_miniature_of_every_kind():
    assert [miniature.format for miniature in ALL if miniature.format not in {kind.name for kind in KINDS}] == []
    assert {kind.name for kind in KINDS} == {miniature.format for miniature in ALL}


@pytest.mark.parametrize("miniature", ALL, ids=lambda miniature: miniature.format)
def test_each_miniature_is_of_exactly_one_kind(miniature):
    sample = Sample(Path(miniature.name), miniature.text.encode(), whole=True)
    assert kinds_of(sample) == [miniature.format]


@pytest.mark.parametrize("miniature", ALL, ids=lambda miniature: miniature.format)
def test_the_name_does_not_matter_where_content_tells(miniature):
    sample = Sample(Path("download (3).dat"), miniature.text.encode(), whole=True)
    assert kinds_of(sample) == ([] if miniature.format in NAMED_BY_THEIR_NAME else [miniature.format])


@pytest.mark.parametrize("miniature", ALL, ids=lambda miniature: miniature.format)
def test_a_mark_windows_line_ends_and_packing_do_not_matter(miniature, tmp_path):
    dressed = b"\xef\xbb\xbf" + miniature.text.replace("\n", "\r\n").encode()
    plain, packed, zipped = (tmp_path / (miniature.name + suffix) for suffix in ("", ".gz", ".zip"))
    plain.write_bytes(dressed)
    packed.write_bytes(gzip.compress(dressed))
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("inside.csv", dressed)
    matches = [recognize(path) for path in (plain, packed, zipped)]
    assert {match.format.name for match in matches} == {miniature.format}
    assert matches[0].context == matches[1].context == matches[2].context


def test_twins_ask_which_they_are(tmp_path):
    path = tmp_path / "BTCUSDT.csv"
    path.write_text(TABLES["tardis-trades"].text)
    with pytest.raises(InputError, match="tardis-trades and of tardis-liquidations") as caught:
        recognize(path)
    assert "--format" in str(caught.value)
    assert recognize(path, format="tardis-liquidations").format.name == "tardis-liquidations"


def test_the_nearest_folder_may_tell_twins_apart(tmp_path):
    folder = tmp_path / "liquidations" / "binance-futures" / "trades" / "2024"
    folder.mkdir(parents=True)
    path = folder / "BTCUSDT.csv"
    path.write_text(TABLES["tardis-trades"].text)
    assert recognize(path).format.name == "tardis-trades"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"hello\nworld\n", b"Salted__\x99\xbb\x00", b"{}", b"[]", b'{"a": [1,']
)
def test_an_unknown_kind_lists_the_kinds(content, tmp_path):
    path = tmp_path / "thing.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no known kind") as caught:
        recognize(path)
    assert all(kind.name in str(caught.value) and kind.title in str(caught.value) for kind in KINDS)
    assert caught.value.exit_code == 2


def test_an_unknown_format_name_lists_the_kinds(tmp_path):
    path = tmp_path / "thing.csv"
    path.write_text("x\n")
    with pytest.raises(InputError, match="tardis-trades"):
        recognize(path, format="tardis")
    with pytest.raises(InputError, match="not table rows"):
        rows_parser("capture-backtester")


def test_a_forced_table_without_its_header_is_an_error(tmp_path):
    path = tmp_path / "thing.csv"
    path.write_text("x\n")
    with pytest.raises(InputError, match="no header line with the columns t, oi, oi_usd"):
        recognize(path, format="binance-open-interest", symbol="BTCUSDT")


REAL = {
    "ticks/*.csv": "binance-force-orders",
    "hourly_2024/*.csv": "coinalyze-hourly",
    "daily_2020_2025/etf*": "coinglass-etf-flows",
    "daily_2020_2025/funding*": "coinglass-funding",
    "daily_2020_2025/futures_ohlcv*": "coinglass-futures-candles",
    "daily_2020_2025/futures_oi*": "coinglass-open-interest",
    "daily_2020_2025/liquidation*": "coinglass-liquidations",
    "daily_2020_2025/long_short*": "coinglass-ratios",
    "daily_2020_2025/orderbook*": "coinglass-depth",
    "daily_2020_2025/spot*": "coinglass-spot-candles",
    "daily_2020_2025/taker*": "coinglass-taker-volume",
    "event_2026_01/ETHUSDT_3m.csv": "binance-candles-minutes",
    "event_2026_01/binance_*_oi_5m.csv": "binance-open-interest",
    "event_2026_01/candles_1h.csv": "venue-candles-hourly",
    "event_2026_01/funding_rates.csv": "venue-funding",
    "event_2026_01/hyperliquid*": "hyperliquid-liquidations-daily",
    "event_2026_01/etf_flows*": "etf-flows-daily",
    "frames/captures/*": "capture-feed-handler",
    "frames/*.json": "messages-json",
    "frames/hyperliquid/*.json": "messages-json",
    "frames/*.jsonl": "messages-jsonl",
    "book/*.gz": "capture-backtester",
}


def test_every_recorded_file_is_of_exactly_one_kind_and_nothing_else_is_any(shared_data):
    seen = set[Path]()
    for pattern, expected in REAL.items():
        paths = sorted(shared_data.glob(pattern))
        assert paths, pattern
        for path in paths:
            assert (path.name, kinds_of(Sample.of(path))) == (path.name, [expected])
        seen.update(paths)
    rest = {path for path in shared_data.rglob("*") if path.is_file()} - seen
    assert {path.name for path in rest} == {"README.md", "margin_vectors.json", "reserve.bin"}
    for path in rest:
        with pytest.raises(InputError, match="no known kind"):
            recognize(path)


@pytest.mark.parametrize(
    ("file", "venue"),
    [
        ("binance_delivery", "binance-coinm"),
        ("binance_futures", "binance-usdm"),
        ("bitfinex_derivatives", "bitfinex"),
        ("bitget_futures_v3", "bitget"),
        ("bitmex", "bitmex"),
        ("bybit", "bybit"),
        ("cryptofacilities", "kraken-futures"),
        ("deribit", "deribit"),
        ("dydx_v4", "dydx"),
        ("gate_io_futures", "gate"),
        ("huobi_dm_linear_swap", "htx"),
        ("hyperliquid", "hyperliquid"),
        ("lighter_trade", "lighter"),
        ("okex_swap", "okx"),
    ],
)
def test_messages_tell_their_venue(shared_data, file, venue):
    assert recognize(shared_data / "frames" / f"{file}.json").context["venue"] == venue
