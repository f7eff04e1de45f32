"""What each table means: hand-written files and the events they must become."""

from __future__ import annotations

from pathlib import Path

import pytest
from import_samples import TABLES, TARDIS_TRADE_HEADER, listed

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import (
    Candle,
    FundingRate,
    IndexPrice,
    LiquidationBar,
    LongShortRatio,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, parse_instant
from powderkeg.store.importers import candles, tardis
from powderkeg.store.importers.coverage import coverage_of
from powderkeg.store.importers.formats import Sample
from powderkeg.store.importers.registry import format_named


@pytest.fixture(autouse=True)
def _listed(monkeypatch):
    monkeypatch.setattr(tardis, "default_instruments", listed)
    monkeypatch.setattr(candles, "default_instruments", listed)


def read(name: str, text: str | None = None, *, file_name: str | None = None, symbol: str | None = None):
    miniature = TABLES[name]
    text = miniature.text if text is None else text
    sample = Sample(Path(file_name or miniature.name), text.encode(), whole=True)
    format_ = format_named(name)
    return format_.rows(text.split("\n"), 1, format_.context(sample, symbol))


def events(name: str, text: str | None = None, **how: str):
    parsed = read(name, text, **how)
    assert parsed.rejects == []
    return parsed.events


@pytest.mark.parametrize("name", TABLES)
def test_every_miniature_is_read_whole(name):
    assert len(events(name)) == TABLES[name].events


def test_a_forced_sell_closes_a_long_and_the_fill_is_what_counts():
    btc, bonk, chinese = events("binance-force-orders")
    assert (btc.venue, btc.symbol, btc.position_side) == ("binance-usdm", "BTC/USDT:USDT", "long")
    assert (btc.qty, btc.qty_base, btc.price, btc.price_kind) == (0.5, 0.5, 60100.5, "fill")
    assert (btc.order_price, btc.bankruptcy_price, btc.fill_price) == (60000, 60000, 60100.5)
    assert btc.notional_usd == 30050.25  # not the collector's 30000, which is the fill times the limit price
    assert (btc.coverage, btc.ts_event_ns, btc.ts_received_ns) == ("latest_per_second", *[1723895903305 * 10**6] * 2)
    assert (bonk.symbol, bonk.position_side) == ("1000BONK/USDC:USDC", "short")
    assert chinese.symbol == "币安人生/USDT:USDT"


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("4", "4/USDT:USDT"),
        ("0G", "0G/USDT:USDT"),
        ("USDC", "USDC/USDT:USDT"),
        ("SUIUSDC", "SUI/USDC:USDC"),
        ("BTC_251226", "BTC/USDT:USDT-251226"),
        ("ETHBTC", "ETH/BTC:BTC"),
    ],
)
def test_collector_names(name, symbol):
    row = f"{name},SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305,2\n"
    (event,) = events("binance-force-orders", row)
    assert event.symbol == symbol
    assert (event.notional_usd is None) is (name == "ETHBTC")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("BTC,SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903,2", "looks like seconds"),
        ("BTC,SELL,LIMIT,IOC,1,2,nan,FILLED,1,1,1723895903305,2", "average price"),
        ("BTC,SELL,LIMIT,IOC,1,2,inf,FILLED,1,1,1723895903305,2", "average price"),
        ("BTC,SELL,LIMIT,IOC,1,-2,2,FILLED,1,1,1723895903305,2", "price"),
        ("BTC,SELL,LIMIT,IOC,1,2,2,FILLED,1,2,1723895903305,4", "more than the order's"),
        ("BTC,SELL,LIMIT,IOC,44,2,2,FILLED,1,44,1723895903305,8", "digits are wrong"),
        ("BTC,LONG,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305,2", "force order"),
        ("btc;BTC,SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305,2", "not a contract"),
        ("BTC,SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305", "11 columns where 12 or 13 belong"),
        ("BTC,SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305,2,x", "column 13"),
        ("BTC,SELL,LIMIT,IOC,1_0,2,2,FILLED,1,1,1723895903305,2", "original quantity"),
        ("BTC\ufffd,SELL,LIMIT,IOC,1,2,2,FILLED,1,1,1723895903305,2", "UTF-8"),
    ],
)
def test_a_bad_force_order_is_refused_with_its_line_and_reason(row, reason):
    good = TABLES["binance-force-orders"].text
    parsed = read("binance-force-orders", good + row + "\n" + good)
    assert len(parsed.events) == 2 * TABLES["binance-force-orders"].events
    (reject,) = parsed.rejects
    assert reject.line == 4
    assert reason in reject.reason
    assert reject.excerpt == row


def test_archive_trades_name_the_taker_and_accept_both_time_units_with_or_without_header():
    first, second = events("binance-vision-aggtrades")
    assert (first.taker_side, second.taker_side) == ("sell", "buy")  # buyer is maker: the seller crossed
    assert (first.symbol, first.notional_usd, first.trade_id) == ("BTC/USDT:USDT", 50000.5 * 0.2, "1")
    assert first.ts_event_ns == 1722816000123 * 10**6
    (micro,) = events("binance-vision-aggtrades", "9,50000,1,1,1,1738540800123456,True\n")
    assert micro.ts_event_ns == 1738540800123456000
    assert "looks like seconds" in read("binance-vision-aggtrades", "9,5,1,1,1,1722816000,true").rejects[0].reason


def test_coin_margined_files_count_contracts_of_a_face_value():
    (trade,) = events(
        "binance-vision-aggtrades", "9,50000,3,1,1,1722816000123,true", file_name="BTCUSD_PERP-aggTrades-2024-08-05.csv"
    )
    assert (trade.venue, trade.symbol) == ("binance-coinm", "BTC/USD:BTC")
    assert (trade.notional_usd, trade.qty_base) == (300.0, 300.0 / 50000)
    kline = "1722470400000,100,120,90,110,50,1722473999999,4.5,60,30,2.7,0"
    (candle,) = events("binance-vision-klines", kline, file_name="ETHUSD_PERP-1h-2024-08.csv")
    assert (candle.volume_base, candle.volume_usd) == (4.5, 500.0)
    assert (candle.taker_buy_base, candle.taker_buy_usd) == (2.7, 300.0)


def test_archive_candles_know_their_interval_and_mark_price_candles_are_refused():
    candle = events("binance-vision-klines")[0]
    assert candle == Candle(
        "binance-usdm", "BTC/USDT:USDT", NS_PER_HOUR, 64628.1, 64800, 64500, 64700.5, 100, 6465000, 60, 3879000, 5000,
        1722470400000 * 10**6, 1722470400000 * 10**6,
    )  # fmt: skip
    micro = "1735689600000000,1,2,1,2,5,1735689659999999,8,3,1,2,0"
    assert events("binance-vision-klines", micro)[0].interval_ns == NS_PER_MINUTE
    mark = "1722470400000,64628.1,64800,64500,64700.5,0,1722473999999,0,3600,0,0,0"
    assert "mark or index" in read("binance-vision-klines", mark).rejects[0].reason
    high_below = "1722470400000,64628.1,64600,64500,64700.5,1,1722473999999,1,1,1,1,0"
    assert "do not enclose" in read("binance-vision-klines", high_below).rejects[0].reason


def test_archive_metrics_are_open_interest_and_four_ratios_of_which_an_empty_one_is_unknown():
    found = events("binance-vision-metrics")
    ts_ns = parse_instant("2024-08-05T00:05:00Z")
    symbol = ("binance-usdm", "BTC/USDT:USDT")
    assert found[0] == OpenInterest(*symbol, 80000.5, 80000.5, 4640029000.0, ts_ns, ts_ns)
    ratios = [(event.ratio_kind, event.long_short_ratio) for event in found if isinstance(event, LongShortRatio)]
    assert ratios[:4] == [("top_accounts", 1.9), ("top_positions", 1.1), ("accounts", 2.5), ("taker_volume", 0.8)]
    assert [kind for kind, _ in ratios[4:]] == ["top_accounts", "accounts", "taker_volume"]


def test_archive_liquidations():
    long, short = events("binance-vision-liquidations")
    assert (long.position_side, short.position_side) == ("long", "short")
    assert (long.notional_usd, long.price, long.bankruptcy_price) == (14550.0, 29100.0, 29000.0)
    coin = (
        TABLES["binance-vision-liquidations"].text.split("\n")[0] + "\n1690761600100,SELL,LIMIT,IOC,5,9,10,FILLED,5,5"
    )
    (event,) = events("binance-vision-liquidations", coin, file_name="ETHUSD_PERP-liquidationSnapshot-2023-07-31.csv")
    assert (event.qty_unit, event.notional_usd, event.qty_base) == ("contracts", 50.0, 5.0)


def test_tardis_amounts_are_in_the_exchanges_own_unit():
    first, _ = events("tardis-trades")
    assert (first.venue, first.symbol, first.qty_base, first.notional_usd) == ("okx", "BTC/USDT:USDT", 1.0, 42000.0)
    assert (first.ts_event_ns, first.ts_received_ns) == (1704067200000123000, 1704067200010456000)
    bitget, binance = events("tardis-liquidations")
    assert bitget.position_side == "long"  # tardis gives the order's side, whatever the exchange gives
    assert (bitget.qty_unit, bitget.notional_usd) == ("quote", 13.70319)
    assert bitget.qty_base == pytest.approx(83.1)
    assert (binance.position_side, binance.price_kind, binance.notional_usd) == ("short", "fill", 21000.0)
    assert (bitget.coverage, binance.coverage) == ("largest_per_second", "latest_per_second")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("binance,BTCUSDT,1704067200000000,1704067200000000,1,buy,42000,1", "not one of the derivatives exchanges"),
        ("binance-futures,NOPE,1704067200000000,1704067200000000,1,buy,42000,1", "not a contract of binance-usdm"),
        ("binance-futures,BTCUSDT,1704067200000,1704067200000000,1,buy,42000,1", "not a time in microseconds"),
        ("binance-futures,BTCUSDT,1704067200000000,1704067200000000,1,unknown,42000,1", "neither buy nor sell"),
    ],
)
def test_bad_tardis_rows(row, reason):
    (reject,) = read("tardis-trades", f"{TARDIS_TRADE_HEADER}\n{row}\n").rejects
    assert (reject.line, reason in reject.reason) == (2, True)


def test_a_ticker_row_says_only_what_its_cells_say():
    found = events("tardis-derivative-ticker")
    okx = [event for event in found if event.venue == "okx"]
    assert {type(event) for event in okx} == {MarkPrice, IndexPrice, FundingRate, OpenInterest}
    interest = next(event for event in okx if isinstance(event, OpenInterest))
    assert (interest.open_interest_contracts, interest.open_interest_base) == (1000, 10)
    assert interest.open_interest_usd == pytest.approx(420020)
    funding = next(event for event in okx if isinstance(event, FundingRate))
    assert (funding.funding_rate, funding.next_funding_ns) == (0.0001, 1704096000 * 10**9)
    assert [type(event) for event in found if event.venue == "binance-usdm"] == [MarkPrice]


def test_filled_hours_are_unknown_and_open_interest_stands_at_the_close():
    found = events("coinalyze-hourly")
    at_21 = parse_instant("2024-06-19T21:00:00Z")
    bars = [event for event in found if isinstance(event, LiquidationBar)]
    assert [(bar.long_base, bar.short_base, bar.total_usd, bar.ts_event_ns) for bar in bars] == [
        (0.5, 0.9, None, at_21)
    ]
    interest = [event.ts_event_ns for event in found if isinstance(event, OpenInterest)]
    assert interest == [at_21 + NS_PER_HOUR, at_21 + 2 * NS_PER_HOUR]
    assert [event.ts_event_ns for event in found if isinstance(event, Candle)] == [at_21, at_21 + NS_PER_HOUR]


def test_coinglass_meanings():
    day = parse_instant("2020-12-23")
    ada, btc = events("coinglass-liquidations")
    assert (ada.venue, ada.symbol, ada.total_usd) == ("all", "ADA/USDT:USDT", 1827258.04 + 52764.21)
    assert (btc.long_usd, btc.short_usd, btc.total_usd) == (5.5, None, None)
    (interest,) = events("coinglass-open-interest")
    assert (interest.open_interest_usd, interest.ts_event_ns) == (57279081.0, day + NS_PER_DAY)
    assert events("coinglass-funding") == [
        FundingRate("all", "BTC/USDT:USDT", 0.0001, None, None, day + NS_PER_DAY, day + NS_PER_DAY)
    ]
    (depth,) = events("coinglass-depth")
    assert (depth.range_ratio, depth.bid_usd) == (0.01, 5046724.8)
    assert [event.flow_usd for event in events("coinglass-etf-flows")] == [203000000.0, 276000.0]
    assert {event.venue for event in events("coinglass-ratios")} == {"binance-usdm"}
    assert events("coinglass-spot-candles")[0].symbol == "ADA/USDT"


def test_venue_candles_are_in_base_units_and_unknown_sizes_stay_unknown(monkeypatch):
    binance, okx, kraken = events("venue-candles-hourly")
    assert (binance.symbol, okx.symbol, kraken.symbol) == ("BTC/USDT:USDT", "BTC/USDT:USDT", "BTC/USD:USD")
    assert (binance.volume_base, okx.volume_base, kraken.volume_base) == (1488.945, 1700.0, 78.5)
    header, row = TABLES["venue-candles-hourly"].text.split("\n")[:2]
    (unknown,) = events("venue-candles-hourly", f"{header}\n{row.replace('binance,BTC', 'okx,PEPE')}")
    assert unknown.volume_base is None


def test_minute_candles_are_stamped_by_their_close_and_labeled_by_their_open():
    (candle,) = events("binance-candles-minutes")
    assert (candle.symbol, candle.interval_ns) == ("ETH/USDT:USDT", 3 * NS_PER_MINUTE)
    assert candle.ts_event_ns == parse_instant("2025-12-18T09:42:00Z")


def test_funding_intervals_are_said_only_where_they_are_known():
    binance, hyperliquid, okx = events("venue-funding")
    assert [event.funding_interval_hours for event in (binance, hyperliquid, okx)] == [8.0, 1.0, None]
    assert hyperliquid.symbol == "kPEPE/USDC:USDC"


def test_an_etf_flow_belongs_to_the_trading_day_before_its_stamp():
    found = [(event.ticker, event.coin, event.flow_usd, event.ts_event_ns) for event in events("etf-flows-daily")]
    assert found == [
        ("IBIT", "BTC", 126270000.0, parse_instant("2026-01-13")),
        ("IBIT", "BTC", 15090000.0, parse_instant("2026-01-16")),  # 01-19 was Martin Luther King day
    ]


@pytest.mark.parametrize("name", ["binance-vision-aggtrades", "binance-open-interest", "binance-candles-minutes"])
def test_a_table_without_its_symbol_asks_for_it(name):
    text = TABLES[name].text
    with pytest.raises(InputError, match="--symbol"):
        read(name, text, file_name="renamed.csv")


def test_a_told_symbol_wins_over_the_name():
    assert events("binance-open-interest", symbol="SOLUSDT")[0].symbol == "SOL/USDT:USDT"
    assert events("binance-vision-aggtrades", file_name="x.csv", symbol="BTCUSD_PERP")[0].venue == "binance-coinm"


@pytest.mark.parametrize(
    ("venue", "day", "promise"),
    [
        ("binance-usdm", "2021-04-26", "unknown"),
        ("binance-coinm", "2021-04-27", "latest_per_second"),
        ("bybit", "2025-02-25", "latest_per_second"),
        ("bybit", "2025-02-26", "all"),
        ("gate", "2026-08-19", "latest_per_second"),
        ("gate", "2026-08-20", "all"),
        ("okx", "2026-07-01", "unknown"),
        ("htx", "2026-01-01", "unknown"),
    ],
)
def test_what_a_feed_promised_depends_on_the_day(venue, day, promise):
    assert coverage_of(venue, parse_instant(day)) == promise
