"""dYdX v4: what each trap of its feed must come out as."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import (
    BookDelta,
    BookSnapshot,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.venues import VENUES, parse_frame

RECEIVED_NS = 1_780_000_000_123_456_789
CREATED = "2026-05-28T20:26:40.250Z"
CREATED_NS = 1_780_000_000_250_000_000


def events(message: object) -> tuple:
    return parse_frame("dydx", json.dumps(message).encode(), RECEIVED_NS)


def trade(**fields: object) -> dict:
    return {"id": "a1", "side": "SELL", "size": "0.5", "price": "64000", "createdAt": CREATED, "type": "LIMIT"} | fields


def trades(*rows: dict, kind: str = "channel_data", channel: str = "v4_trades") -> dict:
    contents = {"trades": list(rows)}
    return {
        "type": kind,
        "channel": channel,
        "id": "BTC-USD",
        "contents": [contents] if kind == "channel_batch_data" else contents,
    }


def liquidations(message: object) -> list[Liquidation]:
    return [event for event in events(message) if isinstance(event, Liquidation)]


@pytest.mark.parametrize(("taker", "position"), [("SELL", "long"), ("BUY", "short")])
def test_the_taker_of_a_liquidated_trade_is_the_closed_account(taker, position):
    """Reading `side` as the position's would turn every liquidation around."""
    (event,) = liquidations(trades(trade(side=taker, type="LIQUIDATED")))
    assert event.position_side == position


def test_a_liquidated_trade_is_a_trade_and_a_liquidation():
    """The public tape must stay whole: leaving the trade out would understate volume and CVD in a cascade."""
    tape, liquidation = events(trades(trade(type="LIQUIDATED")))
    assert tape == Trade("dydx", "BTC/USDC:USDC", 64000.0, 0.5, 32000.0, "sell", "a1", CREATED_NS, RECEIVED_NS)
    assert liquidation == Liquidation(
        venue="dydx",
        symbol="BTC/USDC:USDC",
        position_side="long",
        qty=0.5,
        qty_unit="base",
        qty_base=0.5,
        notional_usd=32000.0,
        price=64000.0,
        price_kind="fill",
        order_price=None,
        fill_price=64000.0,
        bankruptcy_price=None,
        coverage="all",
        event_id="a1",
        ts_event_ns=CREATED_NS,
        ts_received_ns=RECEIVED_NS,
        ts_is_received=False,
    )


def test_the_history_that_answers_a_subscription_is_not_counted():
    """A reconnect repeats past liquidations; counting them would count them twice."""
    history = [trade(id=f"old{number}", type="LIQUIDATED") for number in range(78)]
    assert events(trades(*history, kind="subscribed")) == ()


def test_a_batch_is_the_same_as_its_messages_one_by_one():
    """`channel_batch_data` wraps contents in a list and means nothing else."""
    rows = [trade(id="x"), trade(id="y", type="LIQUIDATED", side="BUY"), trade(id="z")]
    batch = {
        "type": "channel_batch_data",
        "channel": "v4_trades",
        "id": "BTC-USD",
        "contents": [{"trades": rows[:2]}, {"trades": rows[2:]}],
    }
    assert events(batch) == tuple(event for row in rows for event in events(trades(row)))


def test_a_deleveraged_account_is_a_liquidation_without_a_trade():
    """Nobody crossed a spread: the protocol matched two accounts at the bankruptcy price of one of them."""
    (event,) = events(trades(trade(type="DELEVERAGED", side="BUY")))
    assert isinstance(event, Liquidation)
    assert (event.position_side, event.price_kind, event.bankruptcy_price) == ("short", "bankruptcy", 64000.0)


def test_the_older_liquidation_flag_is_read():
    """Before `type`, rows said `liquidation: true`."""
    row = {key: given for key, given in trade().items() if key != "type"}
    assert len(liquidations(trades(row | {"liquidation": True}))) == 1
    assert liquidations(trades(row | {"liquidation": False})) == []
    with pytest.raises(VenueProtocolError, match="does not say"):
        events(trades(row))


def test_one_bad_row_quarantines_the_frame():
    """Half a message is worse than none: it looks complete."""
    with pytest.raises(VenueProtocolError):
        events(trades(trade(), trade(price="0")))


@pytest.mark.parametrize(
    "broken",
    [
        {"createdAt": "1780000000"},
        {"createdAt": "1999-01-01T00:00:00Z"},
        {"createdAt": None},
        {"price": "NaN"},
        {"price": "Infinity"},
        {"size": "-1"},
        {"size": "1e308"},
        {"side": "LONG"},
        {"type": "SOMETHING_NEW"},
    ],
)
def test_values_that_cannot_be_are_quarantined(broken):
    with pytest.raises(VenueProtocolError):
        events(trades(trade(**broken)))


def test_the_oracle_price_is_margin_price_and_index_at_the_time_it_took_effect():
    message = {
        "type": "channel_data",
        "channel": "v4_markets",
        "contents": {"oraclePrices": {"ETH-USD": {"oraclePrice": "2500.5", "effectiveAt": CREATED, "marketId": 1}}},
    }
    of = ("dydx", "ETH/USDC:USDC", 2500.5, CREATED_NS, RECEIVED_NS)
    assert events(message) == (MarkPrice(*of), IndexPrice(*of))
    row = message["contents"]["oraclePrices"]["ETH-USD"]
    row["price"] = row.pop("oraclePrice")
    assert events(message) == (MarkPrice(*of), IndexPrice(*of))


def test_a_market_delta_says_only_what_it_holds():
    """An absent field has not changed; inventing a value for it would be a lie."""
    message = {
        "type": "channel_data",
        "channel": "v4_markets",
        "contents": {"trading": {"BTC-USD": {"openInterest": "650.25"}}},
    }
    (event,) = events(message)
    assert event == OpenInterest("dydx", "BTC/USDC:USDC", 650.25, None, None, RECEIVED_NS, RECEIVED_NS)


def test_the_state_on_subscribing_gives_prices_funding_and_open_interest():
    """It is the present state, not a replay. Funding is hourly: reading it as per 8 hours would be 8 times off."""
    state = {"oraclePrice": "60000", "nextFundingRate": "0.0000125", "openInterest": "10", "status": "ACTIVE"}
    found = events({"type": "subscribed", "channel": "v4_markets", "contents": {"markets": {"BTC-USD": state}}})
    assert [type(event) for event in found] == [MarkPrice, IndexPrice, FundingRate, OpenInterest]
    funding = found[2]
    assert (funding.funding_rate, funding.funding_interval_hours) == (0.0000125, 1.0)
    hour_ns = 3_600_000_000_000
    assert funding.next_funding_ns % hour_ns == 0
    assert 0 < funding.next_funding_ns - RECEIVED_NS <= hour_ns


def test_the_book_comes_whole_and_then_as_changes():
    whole = {
        "type": "subscribed",
        "channel": "v4_orderbook",
        "id": "BTC-USD",
        "contents": {
            "bids": [{"price": "9", "size": "1"}, {"price": "10", "size": "2"}],
            "asks": [{"price": "12", "size": "3"}, {"price": "11", "size": "4"}],
        },
    }
    (snapshot,) = events(whole)
    assert isinstance(snapshot, BookSnapshot)
    assert [(level.price, level.qty) for level in snapshot.bids] == [(10.0, 2.0), (9.0, 1.0)]
    assert [(level.price, level.qty) for level in snapshot.asks] == [(11.0, 4.0), (12.0, 3.0)]
    change = {"type": "channel_data", "channel": "v4_orderbook", "id": "BTC-USD", "contents": {"asks": [["11", "0"]]}}
    (delta,) = events(change)
    assert isinstance(delta, BookDelta)
    assert delta.bids == ()
    assert [(level.price, level.qty) for level in delta.asks] == [(11.0, 0.0)]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "connected", "connection_id": "c", "message_id": 0},
        {"type": "unsubscribed", "connection_id": "c", "message_id": 3, "channel": "v4_trades", "id": "BTC-USD"},
        {"type": "error", "message": "Invalid subscription id", "connection_id": "c", "message_id": 1},
        {"type": "channel_data", "channel": "v4_candles", "id": "BTC-USD/1MIN", "contents": {}},
    ],
)
def test_control_messages_and_unused_channels_give_nothing(message):
    assert events(message) == ()


@pytest.mark.parametrize("message", [{}, [], {"type": "channel_data", "channel": "v4_new", "contents": {}}, {"a": 1}])
def test_unknown_messages_are_quarantined(message):
    with pytest.raises(VenueProtocolError):
        events(message)


@pytest.mark.parametrize("name", ["BTC", "BTCUSDT", "btc usd", "-USD", "BTC-USD-SWAP", "a/b-USD"])
def test_names_of_other_venues_are_refused(name):
    with pytest.raises(ValueError, match="dYdX"):
        VENUES["dydx"].infer_instrument(name)


def test_two_permissionless_markets_on_one_coin_stay_apart():
    """Their prices come from different pools, so they are different contracts."""
    first, second = (VENUES["dydx"].infer_instrument(f"PEPE,UNISWAP_V3,0X{tail}-USD") for tail in ("AB12", "CD34"))
    assert first.symbol != second.symbol


@given(
    qty=st.floats(1e-6, 1e6, allow_nan=False),
    price=st.floats(1e-6, 1e6, allow_nan=False),
    is_sell=st.booleans(),
)
def test_mirror_of_sides_changes_nothing_else(qty, price, is_sell):
    """Swapping BUY and SELL swaps the position and leaves every number."""
    row = {"type": "LIQUIDATED", "size": repr(qty), "price": repr(price)}
    sides = ("SELL", "BUY") if is_sell else ("BUY", "SELL")
    one, other = (liquidations(trades(trade(side=each, **row)))[0] for each in sides)
    assert {one.position_side, other.position_side} == {"long", "short"}
    assert (one.qty_base, one.notional_usd, one.price) == (other.qty_base, other.notional_usd, other.price)
    assert one.notional_usd == qty * price


def test_subscriptions_name_every_market_and_the_canary():
    sent = [json.loads(text) for text in VENUES["dydx"].subscriptions.messages("indexer", ("BTC-USD", "ETH-USD"))]
    assert {(each["channel"], each.get("id")) for each in sent} == {
        ("v4_markets", None),
        ("v4_trades", "BTC-USD"),
        ("v4_trades", "ETH-USD"),
        ("v4_orderbook", "BTC-USD"),
        ("v4_orderbook", "ETH-USD"),
    }
    assert VENUES["dydx"].subscriptions.canary in {each["channel"] for each in sent}


def test_every_recorded_message_is_understood(shared_data):
    """None is quarantined, and the recorded liquidation comes out once."""
    recording = json.loads((shared_data / "frames" / "dydx_v4.json").read_text("utf-8"))
    messages = [message for group in recording["groups"] for message in group["messages"]]
    found = [event for message in messages for event in events(message)]
    assert {event.event_id for event in found if isinstance(event, Liquidation)} == {"014f495a0000000200000005"}
    assert {type(event) for event in found} >= {Trade, MarkPrice, OpenInterest, FundingRate, BookSnapshot, BookDelta}
