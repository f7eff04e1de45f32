"""BitMEX: states of orders, no times, contracts of three kinds, and tables that hold more than contracts."""

from __future__ import annotations

import calendar
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import (
    BookLevel,
    BookSnapshot,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.domain.symbols import parts_of
from powderkeg.domain.time import parse_instant
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED_NS = parse_instant("2025-11-01T12:26:40.250Z")
AT = "2025-11-01T12:26:40.123Z"
AT_NS = parse_instant(AT)


def parse(message, received_ns=RECEIVED_NS, instruments=None):
    return parse_frame("bitmex", json.dumps(message).encode(), received_ns, instruments)


def table(name, *rows, action="insert"):
    return {"table": name, "action": action, "data": list(rows)}


def order(symbol="XBTUSD", **changes):
    row = {"orderID": "a-1", "symbol": symbol, "side": "Buy", "price": 50_000, "leavesQty": 25_000}
    return row | changes


def trade_row(symbol="XBTUSD", **changes):
    row = {
        "timestamp": AT,
        "symbol": symbol,
        "side": "Sell",
        "size": 1000,
        "price": 50_000,
        "trdMatchID": "m-1",
        "homeNotional": 0.02,
        "foreignNotional": 1000,
    }
    return row | changes


def test_a_forced_buy_closes_a_short_at_the_bankruptcy_price():
    (event,) = parse(table("liquidation", order()))
    assert event == Liquidation(
        venue="bitmex",
        symbol="BTC/USD:BTC",
        position_side="short",
        qty=25_000.0,
        qty_unit="contracts",
        qty_base=0.5,
        notional_usd=25_000.0,
        price=50_000.0,
        price_kind="bankruptcy",
        order_price=50_000.0,
        fill_price=None,
        bankruptcy_price=50_000.0,
        coverage="all",
        event_id="a-1",
        ts_event_ns=RECEIVED_NS,
        ts_received_ns=RECEIVED_NS,
        ts_is_received=True,
    )
    (mirror,) = parse(table("liquidation", order(side="Sell")))
    assert mirror.position_side == "long"


def test_one_order_is_counted_once_however_it_ends():
    """Naive: every row with a quantity counts, which makes 65,000 of 25,000."""
    life = [
        table("liquidation", order()),
        table("liquidation", {"orderID": "a-1", "symbol": "XBTUSD", "leavesQty": 20_000}, action="update"),
        table("liquidation", {"orderID": "a-1", "symbol": "XBTUSD", "leavesQty": 20_000, "price": 1}, action="update"),
        table("liquidation", {"orderID": "a-1", "symbol": "XBTUSD"}, action="delete"),
    ]
    assert [event.qty for message in life for event in parse(message)] == [25_000.0]


def test_the_partial_repeats_orders_that_began_earlier():
    assert parse(table("liquidation", order(), action="partial")) == ()


@pytest.mark.parametrize("symbol", ["ETHUSD", "XRPUSD", "SOLUSD", "ETHUSDZ25"])
def test_quanto_liquidations_have_no_notional_but_exist(symbol):
    """300 contracts of ETHUSD at 4,000 are neither 300 ETH nor 300 dollars."""
    (event,) = parse(table("liquidation", order(symbol, price=4000, leavesQty=300)))
    assert event.symbol.startswith(f"{symbol[:3]}/USD:BTC")
    assert (event.qty, event.qty_base, event.notional_usd) == (300.0, None, None)


def test_linear_contracts_are_millionths_of_a_bitcoin():
    (event,) = parse(table("liquidation", order("XBTUSDT", leavesQty=250_000)))
    assert (event.symbol, event.qty_base, event.notional_usd) == ("BTC/USDT:USDT", 0.25, 12_500.0)


def test_an_unlisted_linear_contract_is_unknown_not_guessed():
    (event,) = parse(table("liquidation", order("JTOUSDT")))
    assert (event.qty_base, event.notional_usd) == (None, None)


def test_before_they_were_linear_the_same_names_were_quanto():
    long_ago = parse_instant("2021-07-22T22:36:10Z")
    (event,) = parse(table("liquidation", order("XBTUSDT")), received_ns=long_ago)
    (interest,) = parse(table("instrument", {"symbol": "XBTUSDT", "openInterest": 5}, action="update"), long_ago)
    assert (event.qty_base, event.notional_usd) == (None, None)
    assert (interest.open_interest_contracts, interest.open_interest_base) == (5.0, None)
    (inverse,) = parse(table("liquidation", order()), received_ns=long_ago)
    assert inverse.notional_usd == 25_000.0


def test_trades_take_the_venues_own_notionals_also_for_quanto():
    rows = [
        trade_row(),
        trade_row("ETHUSD", price=4000, size=300, homeNotional=0.75, foreignNotional=3000, trdType="Regular"),
        trade_row("XRPZ21", price=0.00002, size=15, homeNotional=15, foreignNotional=0.0003),
    ]
    inverse, quanto, in_bitcoin = parse(table("trade", *rows))
    assert inverse == Trade("bitmex", "BTC/USD:BTC", 50_000.0, 0.02, 1000.0, "sell", "m-1", AT_NS, RECEIVED_NS)
    assert (quanto.symbol, quanto.qty_base, quanto.notional_usd) == ("ETH/USD:BTC", 0.75, 3000.0)
    assert (in_bitcoin.symbol, in_bitcoin.qty_base, in_bitcoin.notional_usd) == ("XRP/BTC:BTC-211231", 15.0, None)


def test_a_trade_without_notionals_is_sized_by_its_contract():
    bare = {"homeNotional": None, "foreignNotional": None}
    (linear,) = parse(table("trade", trade_row("XBTUSDT", **bare)))
    (quanto,) = parse(table("trade", trade_row("ETHUSD", **bare)))
    assert (linear.qty_base, linear.notional_usd) == (0.001, 50.0)
    assert (quanto.qty_base, quanto.notional_usd) == (None, None)


def test_the_partial_of_trades_is_the_past():
    assert parse(table("trade", trade_row(), action="partial")) == ()


@pytest.mark.parametrize("symbol", [".BXBT", ".XBTBON8H", "XBT_USDT", "XBTZ25_XBTH26", "P_XBTETFV23"])
def test_indices_spot_spreads_and_predictions_give_nothing(symbol):
    odd = {"size": 0, "side": None, "price": -0.0003, "homeNotional": None, "foreignNotional": None}
    assert parse(table("trade", trade_row(symbol, **odd), trade_row())) == parse(table("trade", trade_row()))
    assert parse(table("instrument", {"symbol": symbol, "markPrice": 5.0}, action="update")) == ()
    assert parse(table("liquidation", order(symbol))) == ()


def test_settlement_prints_are_no_trades():
    assert parse(table("trade", trade_row(trdType="Settlement"))) == ()


def test_a_new_type_of_trade_is_counted_and_costs_only_itself():
    """Nobody knows yet whether it is one: it is not left out in silence."""
    with pytest.raises(VenueProtocolError, match="1 of 2 entries") as caught:
        parse(table("trade", trade_row(trdType="Unheard"), trade_row(price=4000.0)))
    assert [event.price for event in caught.value.events] == [4000.0]


def test_the_instrument_table_gives_mark_index_funding_and_open_interest():
    row = {
        "symbol": "XBTUSD",
        "markPrice": 50_001.5,
        "indicativeSettlePrice": 50_000.5,
        "fundingRate": -0.0001,
        "fundingTimestamp": "2025-11-01T20:00:00.000Z",
        "fundingInterval": "2000-01-01T08:00:00.000Z",
        "openInterest": 157_000_000,
        "timestamp": AT,
    }
    of, at = ("bitmex", "BTC/USD:BTC"), (AT_NS, RECEIVED_NS)
    assert parse(table("instrument", row, action="partial")) == (
        MarkPrice(*of, 50_001.5, *at),
        IndexPrice(*of, 50_000.5, *at),
        FundingRate(*of, -0.0001, 8.0, parse_instant("2025-11-01T20:00:00Z"), *at),
        OpenInterest(*of, None, 157_000_000.0, 157_000_000.0, *at),
    )


def test_an_update_says_only_what_changed_at_the_received_time_if_it_has_none():
    assert parse(table("instrument", {"symbol": "ETHUSD", "openInterest": 7}, action="update")) == (
        OpenInterest("bitmex", "ETH/USD:BTC", None, 7.0, None, RECEIVED_NS, RECEIVED_NS),
    )
    assert parse(table("instrument", {"symbol": "ETHUSD", "lastPrice": 7, "timestamp": AT}, action="update")) == ()


def test_a_paid_funding_rate_has_no_next_time():
    row = {"symbol": "XBTUSD", "timestamp": AT, "fundingRate": 0.0002, "fundingInterval": "2000-01-01T08:00:00.000Z"}
    assert parse(table("funding", row)) == (
        FundingRate("bitmex", "BTC/USD:BTC", 0.0002, 8.0, None, AT_NS, RECEIVED_NS),
    )
    assert parse(table("funding", row, action="partial")) == ()


def test_the_ten_best_levels_are_whole_each_time():
    row = {"symbol": "XBTUSD", "bids": [[99, 10], [100, 20]], "asks": [[101, 5]], "timestamp": AT}
    (book,) = parse(table("orderBook10", row, action="update"))
    levels = (BookLevel(100.0, 20.0), BookLevel(99.0, 10.0)), (BookLevel(101.0, 5.0),)
    assert book == BookSnapshot("bitmex", "BTC/USD:BTC", *levels, "contracts", None, AT_NS, RECEIVED_NS)


def test_a_whole_book_is_sorted_by_contract_and_its_changes_by_id_are_not_read():
    rows = [
        {"symbol": "XBTUSD", "id": 1, "side": "Sell", "size": 5, "price": 102},
        {"symbol": "ETHUSD", "id": 9, "side": "Buy", "size": 7, "price": 3},
        {"symbol": "XBTUSD", "id": 2, "side": "Buy", "size": 6, "price": 100, "timestamp": AT},
        {"symbol": "XBTUSD", "id": 3, "side": "Buy", "size": 8, "price": 101},
    ]
    bitcoin, ether = parse(table("orderBookL2_25", *rows, action="partial"))
    assert bitcoin.bids == (BookLevel(101.0, 8.0), BookLevel(100.0, 6.0))
    assert bitcoin.asks == (BookLevel(102.0, 5.0),)
    assert (bitcoin.ts_event_ns, ether.ts_event_ns) == (AT_NS, RECEIVED_NS)
    change = {"symbol": "XBTUSD", "id": 2, "side": "Buy", "size": 1}
    assert parse(table("orderBookL2_25", change, action="update")) == ()


@pytest.mark.parametrize(
    "message",
    [
        {"info": "Welcome to the BitMEX Realtime API.", "version": "2.0.0", "limit": {"remaining": 39}},
        {"success": True, "subscribe": "liquidation", "request": {"op": "subscribe", "args": ["liquidation"]}},
        {"status": 400, "error": "Unknown table: x", "meta": {}, "request": {}},
        table("quote", {"symbol": "XBTUSD", "bidPrice": 1}),
        table("liquidation", action="partial"),
    ],
)
def test_known_messages_without_a_meaning_here_give_nothing(message):
    assert parse(message) == ()


def test_the_bare_word_pong_is_an_answer():
    assert parse_frame("bitmex", b"pong", RECEIVED_NS) == ()


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        {"subscribe": "liquidation"},
        table("gossip"),
        table("liquidation", action="refresh"),
        table("liquidation", order(), order(side="buy")),
        table("liquidation", order(), order(leavesQty=0)),
        table("liquidation", order(price=1e308)),
        table("liquidation", order(leavesQty=None)),
        table("liquidation", order("NOTHING")),
        table("trade", trade_row(), trade_row(price=-1)),
        table("trade", trade_row(side="")),
        table("trade", trade_row(timestamp="yesterday")),
        table("trade", trade_row(timestamp="1970-01-01T00:00:00Z")),
        table("trade", trade_row(timestamp=1_762_000_000)),
        table("instrument", {"symbol": "XBTUSD", "markPrice": -1.0}, action="update"),
    ],
)
def test_what_cannot_be_is_quarantined_whole(message):
    with pytest.raises(VenueProtocolError, match="bitmex"):
        parse(message)


@given(
    year=st.integers(2014, 2099),
    month=st.sampled_from(list(enumerate("FGHJKMNQUVXZ", start=1))),
    root=st.sampled_from(["XBT", "ETH", "ETHUSD", "XBTUSDT"]),
)
def test_futures_settle_on_the_last_friday_of_their_month(year, month, root):
    """Independent road: walk back from the month's last day."""
    number, letter = month
    day = dt.date(year, number, calendar.monthrange(year, number)[1])
    while day.weekday() != calendar.FRIDAY:
        day -= dt.timedelta(days=1)
    symbol = VENUES["bitmex"].infer_instrument(f"{root}{letter}{year % 100:02d}").symbol
    assert parts_of(symbol).expiry == f"{day:%y%m%d}"


LISTING = [
    {
        "symbol": "XBTUSD",
        "typ": "FFWCSX",
        "underlying": "XBT",
        "quoteCurrency": "USD",
        "settlCurrency": "XBt",
        "isQuanto": False,
        "isInverse": True,
        "multiplier": -100_000_000,
        "underlyingToPositionMultiplier": None,
        "underlyingToSettleMultiplier": -100_000_000,
        "settle": None,
    },
    {
        "symbol": "JTOUSDT",
        "typ": "FFWCSX",
        "underlying": "JTO",
        "quoteCurrency": "USDT",
        "settlCurrency": "USDt",
        "multiplier": 1_000_000,
        "underlyingToPositionMultiplier": 4,
    },
    {
        "symbol": "XRPUSD",
        "typ": "FFWCSX",
        "underlying": "XRP",
        "quoteCurrency": "USD",
        "settlCurrency": "XBt",
        "isQuanto": True,
        "multiplier": 20_000,
    },
    {
        "symbol": "ETHM19",
        "typ": "FFCCSX",
        "underlying": "ETH",
        "quoteCurrency": "XBT",
        "settlCurrency": "XBt",
        "multiplier": 100_000_000,
        "underlyingToPositionMultiplier": 1,
        "settle": "2019-06-28T12:00:00.000Z",
    },
    {"symbol": "XBT_USDT", "typ": "IFXXXP", "underlying": "XBT", "quoteCurrency": "USDT"},
    {"symbol": ".BXBT", "typ": "MRCXXX"},
]


def test_the_listing_gives_sizes_by_kind():
    listed = VENUES["bitmex"].parse_instruments(json.dumps(LISTING).encode())
    assert [(each.symbol, each.contract, each.contract_size) for each in listed] == [
        ("BTC/USD:BTC", "inverse", 1.0),
        ("JTO/USDT:USDT", "linear", 0.25),
        ("XRP/USD:BTC", "quanto", 0.0002),
        ("ETH/BTC:BTC-190628", "linear", 1.0),
    ]


def test_names_and_listing_agree_and_the_listing_fills_the_gap():
    listed = VENUES["bitmex"].parse_instruments(json.dumps(LISTING).encode())
    for each in listed:
        inferred = infer_instrument("bitmex", each.venue_symbol)
        assert (inferred.symbol, inferred.contract) == (each.symbol, each.contract)
    known = InstrumentMap(infer_instrument, listed)
    (event,) = parse(table("liquidation", order("JTOUSDT", price=2, leavesQty=8)), instruments=known)
    assert (event.qty_base, event.notional_usd) == (2.0, 4.0)


def test_coins_that_settle_in_themselves_say_so_behind_the_underscore():
    instrument = VENUES["bitmex"].infer_instrument("ETHUSD_ETH")
    assert (instrument.symbol, instrument.contract) == ("ETH/USD:ETH", "inverse")


def test_liquidations_are_asked_for_once_and_for_every_contract():
    texts = VENUES["bitmex"].subscriptions.messages("market", tuple(f"C{number}USDT" for number in range(30)))
    topics = [topic for text in texts for topic in json.loads(text)["args"]]
    assert topics.count("liquidation") == 1
    assert len(topics) == len(set(topics)) == 1 + 3 * 30


def test_recorded_sessions_are_all_understood(shared_data):
    """Each inserted trade gives one trade, each whole book one snapshot; nothing is quarantined."""
    recorded = json.loads((shared_data / "frames" / "bitmex.json").read_text())
    messages = [message for group in recorded["groups"] for message in group["messages"]]
    capture = (shared_data / "frames" / "captures" / "BITMEX.ws.1.0").read_text().splitlines()
    messages += [json.loads(line.partition(": ")[2]) for line in capture if line[:1].isdigit()]
    for message in messages:
        events = parse(message, parse_instant("2021-07-22T22:36:11Z"))
        if (message.get("table"), message.get("action")) == ("trade", "insert"):
            assert [event.trade_id for event in events] == [row["trdMatchID"] for row in message["data"]]
        elif (message.get("table"), message.get("action")) == ("orderBookL2", "partial"):
            assert {event.symbol for event in events} == {
                VENUES["bitmex"].infer_instrument(row["symbol"]).symbol for row in message["data"]
            }
