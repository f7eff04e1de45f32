"""Bybit: sides name positions, deltas hold what changed, dollars on inverse contracts."""

from __future__ import annotations

import msgspec
import pytest

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import BookDelta, BookSnapshot, FundingRate, IndexPrice, MarkPrice, OpenInterest, Trade
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
T = 1_768_420_799_123
NS = 1_000_000


def events(topic, data, **more):
    return parse_frame("bybit", msgspec.json.encode({"topic": topic, "ts": T + 9, "data": data} | more), RECEIVED)


def row(**changes):
    return {"T": T, "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "95000"} | changes


def test_buy_means_a_long_was_liquidated_because_the_side_is_the_positions():
    """Read like Binance's order side, every liquidation would change sides."""
    bought, sold = events("allLiquidation.BTCUSDT", [row(S="Buy"), row(S="Sell")], type="snapshot")
    assert (bought.position_side, sold.position_side) == ("long", "short")
    assert (bought.price_kind, bought.bankruptcy_price, bought.fill_price) == ("bankruptcy", 95000.0, None)
    assert (bought.coverage, bought.ts_event_ns) == ("all", T * NS)  # the row's time, not the envelope's


def test_inverse_quantities_are_dollars_and_linear_ones_base():
    (inverse,) = events("allLiquidation.BTCUSD", [row(s="BTCUSD", v="9500", p="95000")])
    (linear,) = events("allLiquidation.BTCUSDT", [row(v="0.1", p="95000")])
    assert (inverse.qty_unit, inverse.notional_usd, inverse.qty_base) == ("usd", 9500.0, pytest.approx(0.1))
    assert (linear.qty_unit, linear.notional_usd, linear.qty_base) == ("base", pytest.approx(9500.0), 0.1)


@pytest.mark.parametrize(
    "data",
    [
        {"updatedTime": T, "symbol": "BTCUSD", "side": "Sell", "size": "7", "price": "5"},
        {"time": T, "symbol": "BTCUSD", "side": "Sell", "qty": "7", "price": "5"},
        [{"id": 1, "time": T, "symbol": "BTCUSD", "side": "Sell", "qty": 7, "price": 5}],
    ],
)
def test_the_throttled_topic_is_read_in_all_its_spellings_and_is_no_total(data):
    (event,) = events("liquidation.BTCUSD", data)
    assert (event.position_side, event.notional_usd, event.coverage) == ("short", 7.0, "latest_per_second")


def test_before_the_throttling_its_promise_is_unknown():
    data = {"time": 1_600_000_000_000, "symbol": "BTCUSD", "side": "Sell", "qty": "7", "price": "5"}
    assert events("liquidation.BTCUSD", data)[0].coverage == "unknown"


@pytest.mark.parametrize("missing", ["time", "qty"])
def test_a_throttled_liquidation_without_time_or_quantity_is_refused(missing):
    data = {"time": T, "symbol": "BTCUSD", "side": "Sell", "qty": "7", "price": "5"}
    del data[missing]
    with pytest.raises(VenueProtocolError, match="without quantity or time"):
        events("liquidation.BTCUSD", data)


def test_a_ticker_delta_tells_only_what_it_holds():
    """Absent is unchanged: nothing may come out as zero."""
    whole = {"symbol": "BTCUSDT", "markPrice": "10", "indexPrice": "11", "openInterest": "100"}
    whole |= {
        "openInterestValue": "1000",
        "fundingRate": "0.0001",
        "nextFundingTime": str(T),
        "fundingIntervalHour": "8",
    }
    found = events("tickers.BTCUSDT", whole, type="snapshot")
    assert [type(event) for event in found] == [MarkPrice, IndexPrice, FundingRate, OpenInterest]
    assert (found[2].funding_interval_hours, found[2].next_funding_ns) == (8.0, T * NS)
    (only,) = events("tickers.BTCUSDT", {"symbol": "BTCUSDT", "openInterest": "101"}, type="delta")
    assert (only.open_interest_base, only.open_interest_usd) == (101.0, None)
    assert events("tickers.BTCUSDT", {"symbol": "BTCUSDT", "bid1Price": "9"}, type="delta") == ()


def test_the_worth_of_open_interest_is_in_the_coin_on_inverse_contracts():
    data = {"symbol": "BTCUSD", "openInterest": "500000", "openInterestValue": "5"}
    (event,) = events("tickers.BTCUSD", data)
    assert (event.open_interest_base, event.open_interest_contracts, event.open_interest_usd) == (5.0, 5e5, 5e5)


def test_a_dated_contract_has_no_funding():
    data = {"symbol": "BTCUSDU23", "fundingRate": "", "nextFundingTime": "", "markPrice": "5"}
    assert [type(event) for event in events("tickers.BTCUSDU23", data)] == [MarkPrice]


def test_trades_carry_the_takers_side_and_block_trades_are_left_out():
    trade = {"T": T, "s": "BTCUSD", "S": "Sell", "v": "100", "p": "50000", "i": "abc", "BT": False}
    (event,) = events("publicTrade.BTCUSD", [trade, trade | {"BT": True}])
    assert (event.taker_side, event.trade_id) == ("sell", "abc")
    assert (event.notional_usd, event.qty_base) == (100.0, pytest.approx(0.002))


def test_books_by_type():
    data = {"s": "BTCUSDT", "b": [["1", "2"]], "a": [["3", "0"]], "u": 5, "seq": 7}
    (whole,) = events("orderbook.50.BTCUSDT", data, type="snapshot")
    (change,) = events("orderbook.50.BTCUSDT", data, type="delta", cts=T)
    assert isinstance(whole, BookSnapshot)
    assert isinstance(change, BookDelta)
    assert (whole.ts_event_ns, change.ts_event_ns) == ((T + 9) * NS, T * NS)
    with pytest.raises(VenueProtocolError, match="type"):
        events("orderbook.50.BTCUSDT", data, type="other")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT:USDT"),
        ("1000PEPEUSDT", "1000PEPE/USDT:USDT"),
        ("BTCPERP", "BTC/USDC:USDC"),
        ("BTC-26DEC25", "BTC/USDC:USDC-251226"),
        ("BTCUSDT-26DEC25", "BTC/USDT:USDT-251226"),
        ("BTCUSD", "BTC/USD:BTC"),
        ("BTCUSDZ25", "BTC/USD:BTC-251226"),
        ("BTCUSDM21", "BTC/USD:BTC-210625"),
    ],
)
def test_names(name, symbol):
    assert infer_instrument("bybit", name).symbol == symbol


@pytest.mark.parametrize("name", ["btcusdt", "BTC", "BTC-26XXX25", "", "BTC/USDT", "BTCUSDA25"])
def test_impossible_names_are_quarantined(name):
    with pytest.raises(VenueProtocolError):
        events("allLiquidation.X", [row(s=name)])


@pytest.mark.parametrize(
    "message",
    [
        {"success": True, "ret_msg": "", "conn_id": "x", "op": "subscribe"},
        {"success": True, "ret_msg": "pong", "conn_id": "x", "op": "ping"},
        {"op": "pong", "args": ["1"]},
        {"success": False, "ret_msg": "error:handler not found", "op": "subscribe"},
        {"topic": "kline.5.BTCUSDT", "data": [], "ts": T},
        {"topic": "orderBookL2_25.BTCUSD", "type": "delta", "data": {}},
        {"topic": "orderbook.rpi.BTCUSDT", "type": "delta", "data": {}, "ts": T},
    ],
)
def test_replies_and_unused_topics_say_nothing(message):
    assert parse_frame("bybit", msgspec.json.encode(message), RECEIVED) == ()


@pytest.mark.parametrize(
    "changes", [{"S": "Long"}, {"v": "0"}, {"v": "-1"}, {"p": "NaN"}, {"p": "1e308"}, {"T": T // 1000}, {"s": None}]
)
def test_one_bad_row_takes_the_frame_with_it(changes):
    with pytest.raises(VenueProtocolError):
        events("allLiquidation.BTCUSDT", [row(), row(**changes)])


def test_an_unknown_topic_is_quarantined():
    with pytest.raises(VenueProtocolError, match="unknown topic"):
        events("liquidations.BTCUSDT", [])


def test_each_endpoint_is_asked_only_for_its_contracts():
    messages = VENUES["bybit"].subscriptions.messages
    linear, inverse = (" ".join(messages(path, ("BTCUSDT", "BTCUSD"))) for path in ("linear", "inverse"))
    assert "allLiquidation.BTCUSDT" in linear
    assert '"allLiquidation.BTCUSD"' not in linear
    assert '"allLiquidation.BTCUSD"' in inverse


def test_the_listing_agrees_with_the_names():
    base = {"baseCoin": "BTC", "quoteCoin": "USD", "settleCoin": "BTC"}
    rows = [
        base | {"symbol": "BTCUSD", "deliveryTime": "0"},
        base | {"symbol": "BTCUSDZ25", "deliveryTime": "1766736000000"},
    ]
    listed = VENUES["bybit"].parse_instruments(msgspec.json.encode({"result": {"category": "inverse", "list": rows}}))
    assert listed == tuple(infer_instrument("bybit", each["symbol"]) for each in rows)


@pytest.mark.parametrize(
    ("spelling", "at_ns"),
    [
        ({"trade_time_ms": 1_618_677_786_614, "trade_id": "t1"}, 1_618_677_786_614_000_000),
        ({"trade_time_ms": "1618677786614", "trade_id": "t1"}, 1_618_677_786_614_000_000),
        ({"tradeTimeMs": "1618677786614", "tradeId": "t1"}, 1_618_677_786_614_000_000),
        ({"trade_id": "t1"}, 1_618_677_786_000_000_000),
    ],
)
def test_trades_of_before_v5_are_read_in_every_spelling(spelling, at_ns):
    """`size` is dollars on inverse contracts, and the first messages had no time but a text to the second."""
    row = {"symbol": "BTCUSD", "side": "Sell", "size": 3000, "price": 60_000, "timestamp": "2021-04-17T16:43:06.000Z"}
    frame = msgspec.json.encode({"topic": "trade.BTCUSD", "data": [{**row, **spelling}]})
    (event,) = parse_frame("bybit", frame, 1)
    assert event == Trade("bybit", "BTC/USD:BTC", 60_000.0, 0.05, 3000.0, "sell", "t1", at_ns, 1)


def test_block_trades_of_before_v5_did_not_happen_in_the_book():
    row = {"symbol": "BTCUSDT", "side": "Buy", "size": 1, "price": "60000", "trade_time_ms": "1618677786614"}
    frame = msgspec.json.encode({"topic": "trade.BTCUSDT", "data": [{**row, "is_block_trade": "true"}]})
    assert parse_frame("bybit", frame, 1) == ()
