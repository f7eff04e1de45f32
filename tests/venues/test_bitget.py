"""Bitget: quote units, sides of positions, snapshots that repeat the past."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import BookDelta, BookSnapshot, FundingRate, IndexPrice, MarkPrice, OpenInterest
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
T = 1_777_358_876_983
NS = 1_000_000


def events(arg, data, action="update"):
    arg = {"instType": "usdt-futures"} | arg
    return parse_frame(
        "bitget", msgspec.json.encode({"action": action, "arg": arg, "data": data, "ts": T + 20_184}), RECEIVED
    )


def liquidated(**changes):
    return {"symbol": "IPUSDT", "side": "buy", "price": "0.5", "amount": "143.25", "ts": str(T)} | changes


@given(lots=st.integers(1, 10**6), price=st.integers(1, 10**6))
def test_amount_is_what_it_cost_and_not_how_many(lots, price):
    """Passing the amount through as base, as others do, is wrong by the price."""
    row = liquidated(price=f"{price / 1e3:.3f}", amount=f"{lots * price / 1e4:.4f}")
    (event,) = events({"topic": "liquidation"}, [row])
    assert (event.qty_unit, event.notional_usd) == ("quote", event.qty)
    assert event.notional_usd == pytest.approx(lots * price / 1e4)
    assert event.qty_base == pytest.approx(lots / 10)


def test_buy_means_a_long_was_liquidated_because_the_side_is_the_positions():
    bought, sold = events({"topic": "liquidation"}, [liquidated(), liquidated(side="sell")])
    assert (bought.position_side, sold.position_side) == ("long", "short")


def test_the_rows_time_counts_though_the_message_is_twenty_seconds_younger():
    (event,) = events({"topic": "liquidation"}, [liquidated()])
    assert event.ts_event_ns == T * NS


def test_only_the_largest_of_a_second_is_sent():
    assert events({"topic": "liquidation"}, [liquidated()])[0].coverage == "largest_per_second"


def test_an_unexplained_price_is_called_neither_fill_nor_bankruptcy():
    (event,) = events({"topic": "liquidation"}, [liquidated()])
    assert (event.price_kind, event.fill_price, event.bankruptcy_price) == ("order", None, None)


def test_snapshots_of_trades_and_liquidations_repeat_the_past():
    """The same rows count as an update and do not as a snapshot."""
    new = {"i": "1", "p": "5", "v": "2", "S": "buy", "T": str(T), "L": "2", "isRPI": "no"}
    old = {"tradeId": "1", "price": "5", "size": "2", "side": "buy", "ts": str(T)}
    for arg, row in (
        ({"topic": "publicTrade", "symbol": "BTCUSDT"}, new),
        ({"channel": "trade", "instId": "BTCUSDT", "instType": "USDT-FUTURES"}, old),
        ({"topic": "liquidation"}, liquidated()),
    ):
        assert len(events(arg, [row], "update")) == 1
        assert events(arg, [row], "snapshot") == ()


def test_both_generations_tell_the_same_trade():
    new = {"i": "77", "p": "5", "v": "2", "S": "sell", "T": str(T)}
    old = {"tradeId": "77", "price": "5", "size": "2", "side": "sell", "ts": str(T)}
    (now,) = events({"topic": "publicTrade", "symbol": "BTCUSDT"}, [new])
    assert (now,) == events({"channel": "trade", "instId": "BTCUSDT"}, [old])
    assert (now.taker_side, now.qty_base, now.notional_usd, now.trade_id) == ("sell", 2.0, 10.0, "77")


def test_a_ticker_is_whole_also_as_a_snapshot():
    row = {"markPrice": "5", "indexPrice": "6", "fundingRate": "-0.00003", "nextFundingTime": str(T), "ts": str(T)}
    found = events({"topic": "ticker", "symbol": "BTCUSDT"}, [row | {"openInterest": "4"}], "snapshot")
    assert [type(event) for event in found] == [MarkPrice, IndexPrice, FundingRate, OpenInterest]
    assert (found[3].open_interest_base, found[3].open_interest_usd) == (4.0, 20.0)
    assert found == events({"channel": "ticker", "instId": "BTCUSDT"}, [row | {"holdingAmount": "4"}], "snapshot")


def test_books_of_both_generations():
    new = {"a": [["4", "1"], ["3", "1"]], "b": [["1", "0"]], "seq": 8, "pseq": 6, "ts": str(T)}
    old = {"asks": new["a"], "bids": new["b"], "seq": 8, "ts": str(T)}
    (whole,) = events({"topic": "books", "symbol": "BTCUSDT"}, [new], "snapshot")
    (change,) = events({"topic": "books", "symbol": "BTCUSDT"}, [new], "update")
    assert isinstance(whole, BookSnapshot)
    assert (whole,) == events({"channel": "books", "instId": "BTCUSDT"}, [old], "snapshot")
    assert isinstance(change, BookDelta)
    assert (change.last_update_id, change.previous_update_id) == (8, 6)
    with pytest.raises(VenueProtocolError, match="without bids"):
        events({"topic": "books", "symbol": "BTCUSDT"}, [{"a": [], "ts": str(T)}])


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT:USDT"),
        ("BTCPERP", "BTC/USDC:USDC"),
        ("BTCUSD", "BTC/USD:BTC"),
        ("BTCUSDZ25", "BTC/USD:BTC-251226"),
        ("SHIBUSD", "SHIB/USD:SHIB"),
    ],
)
def test_names(name, symbol):
    assert infer_instrument("bitget", name).symbol == symbol


@pytest.mark.parametrize(
    "raw",
    [
        b"pong",
        b'{"event":"subscribe","arg":{"instType":"usdt-futures","topic":"liquidation"}}',
        b'{"event":"error","arg":{"instType":"x"},"code":30001,"msg":"no"}',
        b'{"action":"snapshot","arg":{"instType":"mc","channel":"trade","instId":"BTCUSDT"},"data":[["1632470889087","10"]]}',
        b'{"action":"update","arg":{"instType":"usdt-futures","topic":"kline","symbol":"BTCUSDT"},"data":[{}]}',
        b'{"action":"update","arg":{"instType":"USDT-FUTURES","channel":"candle1m","instId":"BTCUSDT"},"data":[["1"]]}',
    ],
)
def test_replies_old_api_and_unused_topics_say_nothing(raw):
    assert parse_frame("bitget", raw, RECEIVED) == ()


@pytest.mark.parametrize(
    "changes",
    [{"amount": "0"}, {"amount": "-3"}, {"price": "inf"}, {"price": "1e308"}, {"side": "long"}, {"symbol": "btc"}],
)
def test_one_bad_row_takes_the_frame_with_it(changes):
    with pytest.raises(VenueProtocolError):
        events({"topic": "liquidation"}, [liquidated(), liquidated(**changes)])


def test_unknown_topics_and_actions_are_quarantined():
    with pytest.raises(VenueProtocolError, match="unknown topic"):
        events({"topic": "liquidations"}, [])
    with pytest.raises(VenueProtocolError, match="action"):
        events({"topic": "liquidation"}, [liquidated()], action="replay")


def test_liquidations_of_every_type_are_subscribed_once():
    text = " ".join(VENUES["bitget"].subscriptions.messages("public", ("BTCUSDT", "BTCUSD")))
    assert text.count('"liquidation"') == 3
    assert '{"instType":"coin-futures","topic":"publicTrade","symbol":"BTCUSD"}' in text
