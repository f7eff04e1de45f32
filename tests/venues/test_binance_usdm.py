"""Binance USD-M: order sides, executed against ordered, the contract decides and not the socket."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import BookDelta, BookSnapshot, FundingRate, IndexPrice, MarkPrice, OpenInterest, Trade
from powderkeg.domain.instruments import Instrument, InstrumentMap
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
T = 1_768_420_799_123
NS = 1_000_000


def frame(data, stream="btcusdt@x"):
    return msgspec.json.encode({"stream": stream, "data": data})


def events(data, stream="btcusdt@x"):
    return parse_frame("binance-usdm", frame(data, stream), RECEIVED)


def forced(**changes):
    order = {"s": "ETHUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "5", "p": "3000", "ap": "3010", "X": "FILLED"}
    order |= {"l": "1", "z": "4", "T": T} | changes
    return {"e": "forceOrder", "E": T + 5, "o": order}


def agg(**changes):
    message = {"e": "aggTrade", "E": T + 2, "a": 2_345_678_901, "s": "BTCUSDT", "p": "97000.10", "q": "0.25"}
    return message | {"f": 7, "l": 9, "T": T, "m": True} | changes


def test_the_side_of_a_forced_order_is_the_orders_so_a_sell_closed_a_long():
    """Reading SELL as "shorts were liquidated" is the naive and wrong way."""
    (sold,) = events(forced(S="SELL"))
    (bought,) = events(forced(S="BUY"))
    assert (sold.position_side, bought.position_side) == ("long", "short")


def test_what_was_executed_counts_at_its_average_price_not_what_was_ordered_at_its_limit():
    """Quantity times limit would be 15,000, and the last fill is only a part."""
    (event,) = events(forced())
    assert (event.qty, event.price, event.price_kind) == (4.0, 3010.0, "fill")
    assert event.notional_usd == pytest.approx(4 * 3010)
    assert (event.order_price, event.fill_price, event.bankruptcy_price) == (3000.0, 3010.0, 3000.0)
    assert event.ts_event_ns == T * NS


def test_an_order_without_a_fill_is_given_as_ordered():
    (event,) = events(forced(z="0", ap="0", X="NEW"))
    assert (event.qty, event.price, event.price_kind, event.fill_price) == (5.0, 3000.0, "order", None)


def test_executed_quantity_without_a_price_is_refused():
    with pytest.raises(VenueProtocolError, match="average price 0"):
        events(forced(ap="0"))


@pytest.mark.parametrize(
    ("millis", "coverage"), [(1_619_481_599_999, "unknown"), (1_619_481_600_000, "latest_per_second")]
)
def test_the_promise_of_the_stream_changed_on_2021_04_27(millis, coverage):
    (event,) = events(forced(T=millis))
    assert event.coverage == coverage


def test_a_coin_margined_contract_on_this_socket_is_sized_by_contract():
    """Reading q as base would make 3 contracts of 100 USD three bitcoins."""
    (event,) = events(forced(s="BTCUSD_PERP", ps="BTCUSD", z="3", ap="100000", p="99000"))
    assert (event.venue, event.symbol) == ("binance-coinm", "BTC/USD:BTC")
    assert (event.qty_unit, event.notional_usd, event.qty_base) == ("contracts", 300.0, pytest.approx(0.003))


@pytest.mark.parametrize(
    ("name", "venue", "symbol"),
    [
        ("BTCUSDT", "binance-usdm", "BTC/USDT:USDT"),
        ("BTCBUSD_210129", "binance-usdm", "BTC/BUSD:BUSD-210129"),  # not BTCB in USD
        ("BTCUSD_210129", "binance-coinm", "BTC/USD:BTC-210129"),
        ("BNBUSD_210625", "binance-coinm", "BNB/USD:BNB-210625"),  # not BN in BUSD
        ("1000SHIBUSDC", "binance-usdm", "1000SHIB/USDC:USDC"),
        ("币安人生USDT", "binance-usdm", "币安人生/USDT:USDT"),
        ("ETHBTC", "binance-usdm", "ETH/BTC:BTC"),
    ],
)
def test_names_say_the_market(name, venue, symbol):
    instrument = infer_instrument("binance-usdm", name)
    assert (instrument.venue, instrument.symbol) == (venue, symbol)


@pytest.mark.parametrize("name", ["btcusdt", "BTCUSD", "USDT", "<b>USDT", "BTCUSDT_261399", "", "A" * 60 + "USDT"])
def test_impossible_names_are_quarantined(name):
    with pytest.raises(VenueProtocolError):
        events(agg(s=name))


@given(
    price=st.decimals("0.000001", "200000", places=6, allow_nan=False),
    qty=st.decimals("0.001", "1000000", places=3, allow_nan=False),
    is_maker=st.booleans(),
    trade_id=st.integers(0, 2**53),
    bare=st.booleans(),
)
def test_a_trade_says_what_its_message_says(price, qty, is_maker, trade_id, bare):
    """Combined or bare, and against exact decimal arithmetic; the buyer being the maker means the taker sold."""
    message = agg(p=f"{price:f}", q=f"{qty:f}", m=is_maker, a=trade_id)
    raw = msgspec.json.encode(message) if bare else frame(message)
    (event,) = parse_frame("binance-usdm", raw, RECEIVED)
    assert isinstance(event, Trade)
    assert (event.venue, event.symbol) == ("binance-usdm", "BTC/USDT:USDT")
    assert (event.price, event.qty_base) == (float(price), float(qty))
    assert event.notional_usd == pytest.approx(float(price * qty))
    assert event.taker_side == ("sell" if is_maker else "buy")
    assert event.trade_id == trade_id
    assert (event.ts_event_ns, event.ts_received_ns) == (T * NS, RECEIVED)


def test_spelling_of_a_frame_does_not_matter():
    """Key order, spaces and unknown fields: the short path and the long one give the same event."""
    usual = events(agg())
    spaced = b' { "data" : ' + msgspec.json.encode(agg(nq="0.25")) + b', "stream": "btcusdt@aggTrade" } '
    listed = msgspec.json.encode([agg()])
    assert parse_frame("binance-usdm", spaced, RECEIVED) == usual == parse_frame("binance-usdm", listed, RECEIVED)


def test_a_trade_without_an_id_has_none():
    message = agg()
    del message["a"]
    assert events(message)[0].trade_id is None


def test_notional_of_a_pair_quoted_in_bitcoin_is_not_known_in_dollars():
    (event,) = events(agg(s="ETHBTC", p="0.05", q="2"))
    assert (event.qty_base, event.notional_usd) == (2.0, None)


def test_a_listing_handed_in_wins_over_the_name():
    listed = Instrument("binance-usdm", "BTCUSDT", "X/USDT:USDT", "X", "USDT", "USDT", "linear", "contracts", 10.0)
    instruments = InstrumentMap(infer_instrument, [listed])
    (event,) = parse_frame("binance-usdm", frame(agg()), RECEIVED, instruments)
    assert (event.symbol, event.qty_base) == ("X/USDT:USDT", 2.5)


@pytest.mark.parametrize("kind", ["INSURANCE_FUND", "ADL", "NA"])
def test_matches_outside_the_book_are_no_trades(kind):
    message = {"e": "trade", "E": T, "T": T, "s": "BTCUSDT", "t": 1, "p": "0", "q": "0", "X": kind, "m": True}
    assert events(message) == ()


def test_a_single_match_is_a_trade_and_price_zero_is_refused():
    message = {"e": "trade", "E": T, "T": T, "s": "BTCUSDT", "t": 12, "p": "5", "q": "2", "X": "MARKET", "m": False}
    (event,) = events(message)
    assert (event.taker_side, event.trade_id, event.notional_usd) == ("buy", 12, 10.0)
    with pytest.raises(VenueProtocolError):
        events(message | {"p": "0"})


def test_one_mark_price_message_tells_mark_index_and_funding():
    message = {"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "p": "97000", "P": "1", "i": "97010", "r": "-0.0001"}
    mark, index, funding = events(message | {"T": T + 3_600_000})
    assert (type(mark), mark.mark_price) == (MarkPrice, 97000.0)
    assert (type(index), index.index_price) == (IndexPrice, 97010.0)
    assert (type(funding), funding.funding_rate, funding.next_funding_ns) == (
        FundingRate,
        -0.0001,
        (T + 3_600_000) * NS,
    )


@pytest.mark.parametrize("rate", ["", "0.00000000"])
def test_a_dated_future_has_no_funding(rate):
    """Its 0 is "none", not a rate of zero."""
    message = {"e": "markPriceUpdate", "E": T, "s": "BTCUSDT_261225", "p": "97000", "r": rate, "T": 0}
    assert [type(event) for event in events(message)] == [MarkPrice]


def test_all_mark_prices_come_in_one_list():
    row = {"e": "markPriceUpdate", "E": T, "p": "2", "r": "0", "T": T}
    found = events([row | {"s": "BTCUSDT"}, row | {"s": "ETHUSDT"}], "!markPrice@arr@1s")
    assert {event.symbol for event in found} == {"BTC/USDT:USDT", "ETH/USDT:USDT"}


def test_partial_depth_is_a_book_and_not_a_change_though_it_is_called_the_same():
    message = {"e": "depthUpdate", "E": T, "T": T, "s": "BTCUSDT", "U": 1, "u": 3, "pu": 0}
    message |= {"b": [["1", "5"], ["2", "4"]], "a": [["4", "1"], ["3", "0"]]}
    (change,) = events(message, "btcusdt@depth@100ms")
    (whole,) = events(message, "btcusdt@depth20@100ms")
    assert isinstance(change, BookDelta)
    assert (change.first_update_id, change.last_update_id, change.previous_update_id) == (1, 3, 0)
    assert isinstance(whole, BookSnapshot)
    assert [level.price for level in whole.bids] == [2.0, 1.0]
    assert [level.price for level in whole.asks] == [3.0, 4.0]


def test_rest_answers_are_read_under_the_name_of_their_stream():
    (interest,) = events({"openInterest": "12.5", "symbol": "BTCUSDT", "time": T}, "btcusdt@openInterest")
    assert (type(interest), interest.open_interest_base, interest.open_interest_usd) == (OpenInterest, 12.5, None)
    (book,) = events({"lastUpdateId": 9, "bids": [["1", "2"]], "asks": []}, "btcusdt@depthSnapshot")
    assert (book.symbol, book.last_update_id, book.ts_event_ns) == ("BTC/USDT:USDT", 9, RECEIVED)


def test_a_rest_book_that_names_no_contract_says_nothing():
    """It may be of any contract; guessing one would put levels into a wrong book."""
    book = {"lastUpdateId": 9, "T": T, "bids": [["1", "2"]], "asks": []}
    assert parse_frame("binance-usdm", msgspec.json.encode(book), RECEIVED) == ()
    (named,) = parse_frame("binance-usdm", msgspec.json.encode(book | {"symbol": "BTCUSDT"}), RECEIVED)
    assert (named.symbol, named.ts_event_ns) == ("BTC/USDT:USDT", T * NS)


@pytest.mark.parametrize(
    "message",
    [
        {"result": None, "id": 1},
        {"error": {"code": 2, "msg": "Invalid request"}, "id": 7},
        {"code": 2, "msg": "Invalid request"},
        {"stream": "x@ticker", "data": {"e": "24hrTicker", "p": "-1"}},
        {"stream": "!ticker@arr", "data": [{"e": "24hrTicker"}, {"e": "24hrTicker"}]},
        {"e": "kline", "k": {}},
        {"e": "bookTicker", "u": 1, "s": "BTCUSDT", "b": "1"},
    ],
)
def test_replies_and_unused_channels_say_nothing(message):
    assert parse_frame("binance-usdm", msgspec.json.encode(message), RECEIVED) == ()


@pytest.mark.parametrize(
    "data",
    [
        agg(p="NaN"), agg(p="-1"), agg(p="0"), agg(p="1e308"), agg(q="Infinity"), agg(T=T // 1000), agg(m="maybe"),
        {**agg(), "e": "aggTradeV2"}, {"e": "aggTrade"}, forced(S="HOLD"), forced(z="-1"), [agg(), agg(q="NaN")], 5, {},
    ],
)  # fmt: skip
def test_what_cannot_be_is_quarantined_whole(data):
    """One bad row in a list takes the whole frame with it."""
    with pytest.raises(VenueProtocolError):
        events(data)


def test_subscriptions_keep_the_paths_of_2026_04_apart():
    """Forced orders and their canary on one path, books on the other, and the silent old one only on request."""
    subscriptions = VENUES["binance-usdm"].subscriptions
    market = " ".join(subscriptions.messages("market", ("BTCUSDT",)))
    public = " ".join(subscriptions.messages("public", ("BTCUSDT",)))
    assert "!forceOrder@arr" in market
    assert subscriptions.canary in market
    assert "depth" not in market
    assert "btcusdt@depth@100ms" in public
    assert "aggTrade" not in public
    assert subscriptions.urls["market"].startswith("wss://fstream.binance.com/market/")
    assert set(subscriptions.paths) <= set(subscriptions.channels)


def test_the_listing_gives_the_same_instruments_as_the_names():
    rows = [
        {"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT"},
        {"symbol": "BTCUSDT_261225", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT"},
    ]
    listed = VENUES["binance-usdm"].parse_instruments(msgspec.json.encode({"symbols": rows}))
    assert listed == tuple(infer_instrument("binance-usdm", row["symbol"]) for row in rows)
