"""OKX: every order of every instrument, contracts, a first message that repeats the past."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import BookDelta, BookSnapshot, FundingRate, Trade
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.venues import VENUES, Connection, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
T = 1_768_420_799_123
NS = 1_000_000


def frame(channel, data, **more):
    arg = {"channel": channel, "instId": "BTC-USDT-SWAP"} | more.pop("arg", {})
    return msgspec.json.encode({"arg": arg, "data": data} | more)


def events(channel, data, **more):
    return parse_frame("okx", frame(channel, data, **more), RECEIVED)


def detail(**changes):
    return {"side": "sell", "posSide": "net", "sz": "3", "bkPx": "90000", "bkLoss": "0", "ts": str(T)} | changes


def liquidated(*details, name="BTC-USDT-SWAP"):
    return {"instId": name, "instType": "SWAP", "details": list(details)}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 4))
def test_every_order_of_every_instrument_counts(sizes, instruments):
    """Taking only the first entry of `details`, as many do, loses the rest."""
    row = liquidated(*(detail(sz=str(size)) for size in sizes))
    found = events("liquidation-orders", [row] * instruments)
    assert [event.qty for event in found] == [float(size) for size in sizes] * instruments
    assert sum(event.qty_base for event in found) == pytest.approx(0.01 * sum(sizes) * instruments)


@pytest.mark.parametrize(
    ("side", "pos_side", "position"),
    [
        ("sell", "net", "long"),
        ("buy", "net", "short"),
        ("sell", "long", "long"),
        ("buy", "short", "short"),
        ("buy", "", "short"),
    ],
)
def test_the_side_is_the_orders_and_pos_side_says_it_outright(side, pos_side, position):
    (event,) = events("liquidation-orders", [liquidated(detail(side=side, posSide=pos_side))])
    assert event.position_side == position


@pytest.mark.parametrize(
    ("name", "notional", "base"),
    [
        ("BTC-USDT-SWAP", 3 * 0.01 * 90_000, 0.03),
        ("ETH-USDT-SWAP", 3 * 0.1 * 90_000, 0.3),
        ("BTC-USD-SWAP", 300.0, 300 / 90_000),
        ("XRP-USD-230929", 30.0, 30 / 90_000),
        ("PEOPLE-USDT-SWAP", None, None),
    ],
)
def test_quantities_are_contracts_and_an_unknown_size_is_unknown_not_one(name, notional, base):
    (event,) = events("liquidation-orders", [liquidated(detail(), name=name)])
    assert (event.qty, event.qty_unit) == (3.0, "contracts")
    assert event.notional_usd == (notional and pytest.approx(notional))
    assert event.qty_base == (base and pytest.approx(base))


def test_a_listing_tells_the_sizes_that_names_do_not():
    rows = [
        {"instId": "PEOPLE-USDT-SWAP", "instType": "SWAP", "settleCcy": "USDT", "ctVal": "10", "ctMult": "10"},
        {"instId": "BTC-USD-261225", "instType": "FUTURES", "settleCcy": "BTC", "ctVal": "100", "ctMult": "1"},
        {"instId": "BTC-USDT", "instType": "SPOT", "ctVal": "", "ctMult": ""},
    ]
    rows[1]["expTime"] = "1798185600000"
    listed = VENUES["okx"].parse_instruments(msgspec.json.encode({"code": "0", "data": rows}))
    assert [each.contract_size for each in listed] == [100.0, 100.0]
    assert listed[1] == infer_instrument("okx", "BTC-USD-261225")
    raw = frame("liquidation-orders", [liquidated(detail(bkPx="0.5"), name="PEOPLE-USDT-SWAP")])
    (event,) = parse_frame("okx", raw, RECEIVED, InstrumentMap(infer_instrument, listed))
    assert (event.qty_base, event.notional_usd) == (300.0, 150.0)


@pytest.mark.parametrize(
    ("millis", "coverage"), [(1_680_173_247_614, "latest_per_second"), (1_790_000_000_000, "unknown")]
)
def test_the_documented_cap_holds_while_it_was_documented(millis, coverage):
    """Neither class is a total."""
    (event,) = events("liquidation-orders", [liquidated(detail(ts=str(millis)))])
    assert event.coverage == coverage


def test_the_first_liquidation_message_of_a_connection_repeats_the_past():
    connection = Connection("okx")
    raw = frame("liquidation-orders", [liquidated(detail())])
    trade = frame(
        "trades", [{"instId": "BTC-USDT-SWAP", "tradeId": "1", "px": "1", "sz": "1", "side": "buy", "ts": str(T)}]
    )
    assert len(connection.events(trade, RECEIVED)) == 1
    assert connection.events(raw, RECEIVED) == ()
    assert len(connection.events(raw, RECEIVED)) == 1
    assert connection.replayed == 1


def test_spot_margin_and_options_on_the_same_socket_are_passed_over():
    rows = [liquidated(detail(), name="BTC-USDT"), liquidated(detail(), name="BTC-USD-261225-90000-C")]
    assert events("liquidation-orders", rows) == ()
    spot = {"instId": "BTC-USDT", "tradeId": "1", "px": "1", "sz": "1", "side": "buy", "ts": str(T)}
    assert events("trades", [spot]) == ()


def test_the_flat_rows_of_2021_take_their_instrument_from_the_argument():
    (event,) = events("liquidations", [detail(posSide="short", side="buy")], arg={"instId": "BTC-USDT-211231"})
    assert (event.symbol, event.position_side) == ("BTC/USDT:USDT-211231", "short")


def test_trades_are_sized_by_contract():
    row = {"instId": "BTC-USD-SWAP", "tradeId": "42", "px": "50000", "sz": "5", "side": "sell", "ts": str(T)}
    (event,) = events("trades", [row])
    assert isinstance(event, Trade)
    assert (event.notional_usd, event.qty_base, event.taker_side) == (500.0, pytest.approx(0.01), "sell")


def test_funding_is_the_rate_for_the_next_settlement_and_the_interval_between_two():
    row = {"instId": "BTC-USDT-SWAP", "fundingRate": "-0.0002", "fundingTime": str(T), "ts": str(T - 5)}
    (event,) = events("funding-rate", [row | {"nextFundingTime": str(T + 4 * 3_600_000)}])
    assert isinstance(event, FundingRate)
    assert (event.funding_rate, event.next_funding_ns, event.funding_interval_hours) == (-0.0002, T * NS, 4.0)
    (early,) = events("funding-rate", [{key: row[key] for key in ("instId", "fundingRate", "fundingTime")}])
    assert (early.ts_event_ns, early.funding_interval_hours) == (RECEIVED, None)
    assert events("funding-rate", [{"instId": "SOS-USDT-SWAP", "fundingTime": str(T)}]) == ()


def test_open_interest_in_all_its_units_and_none_where_one_is_missing():
    row = {"instId": "BTC-USDT-SWAP", "oi": "300", "oiCcy": "3", "oiUsd": "270000", "ts": str(T)}
    (event,) = events("open-interest", [row])
    assert (event.open_interest_contracts, event.open_interest_base, event.open_interest_usd) == (300.0, 3.0, 270e3)
    del row["oiUsd"]
    assert events("open-interest", [row])[0].open_interest_usd is None


def test_mark_and_index_prices():
    (mark,) = events("mark-price", [{"instId": "BTC-USDT-SWAP", "markPx": "5", "ts": str(T)}])
    (index,) = events("index-tickers", [{"instId": "BTC-USD", "idxPx": "6", "ts": str(T)}])
    assert (mark.mark_price, index.index_price) == (5.0, 6.0)
    assert index.symbol == "BTC/USD:BTC"


def test_books_with_and_without_an_action():
    row = {"asks": [["4", "1", "0", "1"], ["3", "2", "0", "1"]], "bids": [["1", "0", "0", "0"]], "ts": str(T)}
    row |= {"seqId": 7, "prevSeqId": 5}
    (whole,) = events("books5", [row])
    (first,) = events("books", [row], action="snapshot")
    (change,) = events("books", [row], action="update")
    assert isinstance(whole, BookSnapshot)
    assert whole == first
    assert [level.price for level in whole.asks] == [3.0, 4.0]
    assert isinstance(change, BookDelta)
    assert (change.last_update_id, change.previous_update_id, change.qty_unit) == (7, 5, "contracts")


@pytest.mark.parametrize(
    "raw",
    [
        b"pong",
        b'{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT-SWAP"}}',
        b'{"event":"error","code":"60012","msg":"Invalid request"}',
        b'{"event":"notice","code":"64008","msg":"The connection will soon be closed"}',
        b'{"table":"futures/liquidation","data":[{"type":"4","instrument_id":"BTC-USD-210326"}]}',
        b'{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},"data":[["1"]]}',
        b'{"arg":{"channel":"tickers","instId":"BTC-USDT-SWAP"},"data":[{}]}',
    ],
)
def test_replies_old_api_and_unused_channels_say_nothing(raw):
    assert parse_frame("okx", raw, RECEIVED) == ()


@pytest.mark.parametrize(
    "changes",
    [{"sz": "0"}, {"sz": "-1"}, {"bkPx": "NaN"}, {"bkPx": ""}, {"side": "close"}, {"posSide": "both"}, {"ts": "5"}],
)
def test_one_bad_order_takes_the_frame_with_it(changes):
    with pytest.raises(VenueProtocolError):
        events("liquidation-orders", [liquidated(detail()), liquidated(detail(), detail(**changes))])


@pytest.mark.parametrize("name", ["BTC", "btc-usdt-swap", "BTC-USDT-209999", "BTC-USDT-", "<i>-USDT-SWAP"])
def test_impossible_names_are_quarantined(name):
    with pytest.raises(VenueProtocolError):
        events("liquidation-orders", [liquidated(detail(), name=name)])


def test_unknown_channels_are_quarantined():
    with pytest.raises(VenueProtocolError, match="unknown channel"):
        events("liquidation-order", [])


def test_liquidations_of_both_types_are_subscribed_with_the_canary():
    subscriptions = VENUES["okx"].subscriptions
    text = " ".join(subscriptions.messages("public", ("BTC-USDT-SWAP",)))
    assert text.count("liquidation-orders") == 2
    assert "mark-price" in text
    assert subscriptions.stale_first == ("liquidation-orders",)
