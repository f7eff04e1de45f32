"""Kraken Futures: the type of a trade, its taker, snapshots of the past, and dollars against coins."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import (
    BookDelta,
    BookLevel,
    BookSnapshot,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.venues import VENUES, parse_frame

AT_MS = 1_762_000_000_123
AT_NS = AT_MS * 1_000_000
RECEIVED_NS = AT_NS + 40_000_000


def parse(message):
    return parse_frame("kraken-futures", json.dumps(message).encode(), RECEIVED_NS)


def trade(**changes):
    message = {
        "feed": "trade",
        "product_id": "PI_XBTUSD",
        "uid": "u-1",
        "side": "sell",
        "type": "liquidation",
        "seq": 12,
        "time": AT_MS,
        "qty": 1000,
        "price": 50_000,
    }
    return message | changes


def ticker(**changes):
    message = {
        "feed": "ticker",
        "product_id": "PF_ETHUSD",
        "time": AT_MS,
        "markPrice": 4000.5,
        "index": 4000.0,
        "openInterest": 321.5,
        "funding_rate": 0.08,
        "funding_rate_prediction": 0.09,
        "relative_funding_rate": 0.00002,
        "relative_funding_rate_prediction": 0.00003,
        "next_funding_rate_time": AT_MS + 600_000,
    }
    return message | changes


def test_a_liquidation_is_a_trade_and_a_closed_position():
    made, liquidation = parse(trade())
    assert made == Trade("kraken-futures", "BTC/USD:BTC", 50_000.0, 0.02, 1000.0, "sell", "u-1", AT_NS, RECEIVED_NS)
    assert liquidation == Liquidation(
        venue="kraken-futures",
        symbol="BTC/USD:BTC",
        position_side="long",
        qty=1000.0,
        qty_unit="usd",
        qty_base=0.02,
        notional_usd=1000.0,
        price=50_000.0,
        price_kind="fill",
        order_price=None,
        fill_price=50_000.0,
        bankruptcy_price=None,
        coverage="all",
        event_id="u-1",
        ts_event_ns=AT_NS,
        ts_received_ns=RECEIVED_NS,
        ts_is_received=False,
    )


def test_side_is_the_takers_order_not_the_position():
    """Naive: "buy" is a long. A forced buy closes a short."""
    assert parse(trade(side="buy"))[1].position_side == "short"


def test_linear_quantities_are_base_units():
    """The same number means 1,000 dollars on PI_ and 1,000 coins on PF_."""
    (_, liquidation) = parse(trade(product_id="PF_XRPUSD", qty=1000, price=2.5))
    assert (liquidation.symbol, liquidation.qty_unit) == ("XRP/USD:USD", "base")
    assert (liquidation.qty_base, liquidation.notional_usd) == (1000.0, 2500.0)


def test_contracts_against_bitcoin_have_no_dollar_notional():
    (_, liquidation) = parse(trade(product_id="PV_XRPXBT", price=0.00002))
    assert (liquidation.symbol, liquidation.qty, liquidation.qty_unit) == ("XRP/BTC:BTC", 1000.0, "contracts")
    assert (liquidation.qty_base, liquidation.notional_usd) == (None, None)


def test_a_fill_is_only_a_trade():
    assert [type(event) for event in parse(trade(type="fill"))] == [Trade]


@pytest.mark.parametrize("kind", ["termination", "assignment", "unwind", "block"])
def test_what_was_settled_outside_the_book_is_neither(kind):
    assert parse(trade(type=kind)) == ()


def test_the_snapshot_of_trades_is_the_past():
    """It holds liquidations that were counted when they happened: a reconnect must not count them again."""
    past = [trade(uid=f"u-{number}") for number in range(100)]
    assert parse({"feed": "trade_snapshot", "product_id": "PI_XBTUSD", "trades": past}) == ()


def test_trades_before_they_had_ids():
    message = trade(type="fill", product_id="FI_XBTUSD_190426")
    del message["uid"]
    (event,) = parse(message)
    assert (event.symbol, event.trade_id) == ("BTC/USD:BTC-190426", None)


def test_ticker_gives_the_relative_rate_of_the_running_hour():
    """`funding_rate` is dollars per contract; read as a fraction, 0.08 would be 8 % an hour."""
    of, at = ("kraken-futures", "ETH/USD:USD"), (AT_NS, RECEIVED_NS)
    assert parse(ticker()) == (
        MarkPrice(*of, 4000.5, *at),
        IndexPrice(*of, 4000.0, *at),
        FundingRate(*of, 0.00002, 1.0, (AT_MS + 600_000) * 1_000_000, *at),
        OpenInterest(*of, 321.5, None, None, *at),
    )


def test_open_interest_of_inverse_contracts_is_dollars():
    assert parse(ticker(product_id="PI_ETHUSD"))[-1].open_interest_usd == 321.5
    assert parse(ticker(product_id="PV_XRPXBT"))[-1].open_interest_contracts == 321.5


@given(until_ns=st.integers(0, 8 * NS_PER_HOUR))
def test_an_interval_longer_than_an_hour_is_not_called_hourly(until_ns):
    next_ms = AT_MS + until_ns // 1_000_000
    rate = parse(ticker(next_funding_rate_time=next_ms))[2]
    assert rate.funding_interval_hours == (1.0 if next_ms - AT_MS <= 3_600_000 else None)


def test_the_funding_interval_is_unknown_while_it_was_four_hours():
    in_2021 = parse_instant("2021-04-01T03:30:00Z") // 1_000_000
    rate = parse(ticker(time=in_2021, next_funding_rate_time=in_2021 + 1_800_000))[2]
    assert rate.funding_interval_hours is None


def test_no_funding_due_is_not_a_time_in_1970():
    rate = parse(ticker(next_funding_rate_time=0))[2]
    assert rate.next_funding_ns is None


def test_a_dated_contract_has_no_funding_and_zero_prices_are_unknown():
    message = {"feed": "ticker", "product_id": "FI_ETHUSD_251226", "time": AT_MS, "markPrice": 0, "openInterest": 0}
    assert parse(message) == (
        OpenInterest("kraken-futures", "ETH/USD:ETH-251226", None, None, 0.0, AT_NS, RECEIVED_NS),
    )


def test_a_level_is_a_change_of_one_side():
    level = {"feed": "book", "product_id": "PI_XBTUSD", "side": "sell", "seq": 8, "price": 100, "qty": 0}
    (removed,) = parse(level)
    (bid,) = parse(level | {"side": "buy", "qty": 3, "timestamp": AT_MS})
    assert removed == BookDelta(
        "kraken-futures",
        "BTC/USD:BTC",
        (),
        (BookLevel(100.0, 0.0),),
        "usd",
        None,
        8,
        None,
        RECEIVED_NS,
        RECEIVED_NS,
    )
    assert (bid.bids, bid.asks, bid.ts_event_ns) == ((BookLevel(100.0, 3.0),), (), AT_NS)


def test_book_snapshot_has_best_prices_first():
    rows = [{"price": 99, "qty": 1}, {"price": 100, "qty": 2}]
    message = {"feed": "book_snapshot", "product_id": "PF_XBTUSD", "seq": 3, "timestamp": AT_MS}
    (book,) = parse(message | {"bids": rows, "asks": [{"price": 102, "qty": 4}, {"price": 101, "qty": 3}]})
    levels = (BookLevel(100.0, 2.0), BookLevel(99.0, 1.0)), (BookLevel(101.0, 3.0), BookLevel(102.0, 4.0))
    assert book == BookSnapshot("kraken-futures", "BTC/USD:USD", *levels, "base", 3, AT_NS, RECEIVED_NS)


def test_indices_are_no_contracts():
    assert parse(ticker(product_id="in_xbtusd")) == ()


@pytest.mark.parametrize(
    "message",
    [
        {"event": "info", "version": 1},
        {"event": "subscribed", "feed": "trade", "product_ids": ["PI_XBTUSD"]},
        {"event": "subscribed_failed", "feed": "book", "product_ids": ["PI_NOPE"]},
        {"event": "error", "message": "Invalid product id"},
        {"event": "alert", "message": "Bad websocket message"},
        {"feed": "heartbeat", "time": AT_MS},
        {"feed": "ticker_lite", "product_id": "PI_XBTUSD", "bid": 1},
    ],
)
def test_known_messages_without_a_meaning_here_give_nothing(message):
    assert parse(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        {"feed": "gossip"},
        {"event": "gossip"},
        trade(type="haircut"),
        trade(side="long"),
        trade(qty=0),
        trade(price=-5),
        trade(price=1e308),
        trade(price="50000"),
        trade(time=AT_MS // 1000),
        trade(product_id="PI_"),
        trade(product_id="FI_XBTUSD"),
        trade(product_id="PF_XBTUSD_251226"),
        {"feed": "trade"},
        {"feed": "trade", "event": "gossip"},
        ticker(markPrice=-1),
        ticker(next_funding_rate_time=AT_MS // 1000),
    ],
)
def test_what_cannot_be_is_quarantined(message):
    with pytest.raises(VenueProtocolError, match="kraken-futures"):
        parse(message)


def test_the_listing_is_read_in_either_case_and_without_indices():
    rows = [
        {"symbol": "pi_xbtusd", "type": "futures_inverse", "contractSize": 1, "tradeable": True},
        {"symbol": "PV_XRPXBT", "type": "futures_vanilla", "contractSize": 1, "tradeable": True},
        {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False},
    ]
    payload = json.dumps({"result": "success", "instruments": rows}).encode()
    listed = VENUES["kraken-futures"].parse_instruments(payload)
    assert [(each.venue_symbol, each.symbol, each.contract_size) for each in listed] == [
        ("PI_XBTUSD", "BTC/USD:BTC", 1.0),
        ("PV_XRPXBT", "XRP/BTC:BTC", 1.0),
    ]


def test_one_request_per_feed_names_every_contract():
    texts = VENUES["kraken-futures"].subscriptions.messages("market", ("PF_XBTUSD", "PI_XBTUSD"))
    requests = [json.loads(text) for text in texts]
    assert sorted(request["feed"] for request in requests) == ["book", "ticker", "trade"]
    assert all(request["product_ids"] == ["PF_XBTUSD", "PI_XBTUSD"] for request in requests)


def test_recorded_sessions_are_all_understood(shared_data):
    """One event per trade and level, two per liquidation; what replays or repeats gives none."""
    recorded = json.loads((shared_data / "frames" / "cryptofacilities.json").read_text())
    messages = [message for group in recorded["groups"] for message in group["messages"]]
    capture = (shared_data / "frames" / "captures" / "KRAKEN_FUTURES.ws.1.0").read_text().splitlines()
    messages += [json.loads(line.partition(": ")[2]) for line in capture if line[:1].isdigit()]
    expected = {"book": 1, "book_snapshot": 1, "trade_snapshot": 0, "ticker_lite": 0, None: 0}
    for message in messages:
        feed = message.get("feed") if "event" not in message else None
        if feed == "trade":
            assert len(parse(message)) == (2 if message["type"] == "liquidation" else 1)
        elif feed == "ticker":
            assert len(parse(message)) == 3 + ("relative_funding_rate" in message)
        else:
            assert len(parse(message)) == expected[feed]
