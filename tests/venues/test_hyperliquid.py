"""Hyperliquid: no public liquidations, counterparties that look liquidated, spot among perpetuals."""

from __future__ import annotations

import json
import re

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
from powderkeg.venues import VENUES, parse_frame

RECEIVED_NS = 1_762_000_000_250_000_000
ACCOUNT = "0xAbC0000000000000000000000000000000000001"
STRANGER = "0xdef0000000000000000000000000000000000002"


def parse(message):
    return parse_frame("hyperliquid", json.dumps(message).encode(), RECEIVED_NS)


def trade_row(**changes):
    row = {"coin": "ETH", "side": "A", "px": "3900.5", "sz": "2.5", "time": 1_762_000_000_123, "tid": 77, "hash": "0x0"}
    return row | changes


def fill(liquidated=ACCOUNT, **changes):
    row = {
        "coin": "SOL",
        "px": "150.0",
        "sz": "12.0",
        "side": "B",
        "time": 1_762_000_000_123,
        "startPosition": "-12.0",
        "dir": "Close Short",
        "crossed": True,
        "tid": 991,
        "liquidation": {"liquidatedUser": liquidated, "markPx": "149.9", "method": "market"},
    }
    return row | changes


def user_fills(*fills, **changes):
    return {"channel": "userFills", "data": {"user": ACCOUNT.lower(), "fills": list(fills)} | changes}


def test_side_a_is_a_taker_who_sold():
    """`A` is the ask: reading it as "aggressor bought" would mirror the volume delta."""
    (sold,) = parse({"channel": "trades", "data": [trade_row()]})
    (bought,) = parse({"channel": "trades", "data": [trade_row(side="B")]})
    assert sold == Trade(
        venue="hyperliquid",
        symbol="ETH/USDC:USDC",
        price=3900.5,
        qty_base=2.5,
        notional_usd=9751.25,
        taker_side="sell",
        trade_id="77",
        ts_event_ns=1_762_000_000_123_000_000,
        ts_received_ns=RECEIVED_NS,
    )
    assert bought.taker_side == "buy"


def test_public_trades_never_make_a_liquidation():
    """Even with the liquidator vault as a party: its fills are a part of the liquidations, not all of them."""
    events = parse(
        {"channel": "trades", "data": [trade_row(users=["0x2e3d94f0562703b25c83308a05046ddaf9a8dd14", ACCOUNT])]}
    )
    assert [type(event) for event in events] == [Trade]
    assert VENUES["hyperliquid"].liquidation_feed == "none"
    assert "liquidation" not in VENUES["hyperliquid"].subscriptions.channels


def test_the_counterparty_of_a_liquidation_was_not_liquidated():
    """Its fill carries the same `liquidation` object; counting every such fill would count both parties."""
    theirs = fill(liquidated=STRANGER, side="A", crossed=False, dir="Open Short")
    assert parse(user_fills(theirs)) == ()
    assert parse({"channel": "user", "data": {"fills": [theirs]}}) == ()


@pytest.mark.parametrize(("side", "position"), [("B", "short"), ("A", "long")])
def test_the_liquidated_account_closes_with_its_own_order(side, position):
    (event,) = parse(user_fills(fill(side=side)))
    assert event == Liquidation(
        venue="hyperliquid",
        symbol="SOL/USDC:USDC",
        position_side=position,
        qty=12.0,
        qty_unit="base",
        qty_base=12.0,
        notional_usd=1800.0,
        price=150.0,
        price_kind="fill",
        order_price=None,
        fill_price=150.0,
        bankruptcy_price=None,
        coverage="unknown",
        event_id="991",
        ts_event_ns=1_762_000_000_123_000_000,
        ts_received_ns=RECEIVED_NS,
        ts_is_received=False,
    )


def test_user_events_tell_the_liquidated_account_by_the_taker_or_the_direction():
    backstop = {"liquidatedUser": ACCOUNT, "markPx": "1", "method": "backstop"}
    takeover = fill(dir="Liquidated Cross Short", crossed=False, liquidation=backstop)
    vault = fill(dir="Open Short", crossed=False, liquidation=backstop)
    plain = fill(liquidation=None)
    events = parse({"channel": "user", "data": {"fills": [fill(tid=1), takeover | {"tid": 2}, vault, plain]}})
    assert [event.event_id for event in events] == ["1", "2"]


def test_the_snapshot_of_fills_is_the_past():
    assert parse(user_fills(fill(), isSnapshot=True)) == ()
    assert len(parse(user_fills(fill(), isSnapshot=False))) == 1


def test_context_gives_mark_index_hourly_funding_and_open_interest_in_base():
    context = {
        "funding": "-0.0000125",
        "openInterest": "1234.5",
        "markPx": "99.5",
        "oraclePx": "100.5",
        "midPx": None,
        "impactPxs": None,
    }
    events = parse({"channel": "activeAssetCtx", "data": {"coin": "kPEPE", "ctx": context}})
    of, at = ("hyperliquid", "kPEPE/USDC:USDC"), (RECEIVED_NS, RECEIVED_NS)
    assert events == (
        MarkPrice(*of, 99.5, *at),
        IndexPrice(*of, 100.5, *at),
        FundingRate(*of, -0.0000125, 1.0, None, *at),
        OpenInterest(*of, 1234.5, None, None, *at),
    )


def test_a_coin_without_a_price_has_no_mark():
    context = {"funding": "0.0", "openInterest": "0.0", "markPx": "0.0", "oraclePx": "0.0"}
    events = parse({"channel": "activeAssetCtx", "data": {"coin": "OLD", "ctx": context}})
    assert [type(event) for event in events] == [FundingRate, OpenInterest]


def test_book_is_a_snapshot_with_best_prices_first():
    levels = [[{"px": "9", "sz": "1", "n": 1}, {"px": "10", "sz": "2", "n": 3}], [{"px": "12", "sz": "3", "n": 1}]]
    (book,) = parse({"channel": "l2Book", "data": {"coin": "BTC", "time": 1_762_000_000_123, "levels": levels}})
    assert isinstance(book, BookSnapshot)
    assert book.bids == (BookLevel(10.0, 2.0), BookLevel(9.0, 1.0))
    assert book.asks == (BookLevel(12.0, 3.0),)
    assert book.qty_unit == "base"


@pytest.mark.parametrize("coin", ["@107", "PURR/USDC", "#12"])
def test_spot_and_outcomes_in_the_same_channel_are_no_contracts(coin):
    events = parse({"channel": "trades", "data": [trade_row(coin=coin), trade_row(coin="BTC")]})
    assert [event.symbol for event in events] == ["BTC/USDC:USDC"]
    book = {"coin": coin, "time": 1_762_000_000_123, "levels": [[], []]}
    assert parse({"channel": "l2Book", "data": book}) == ()


def test_a_builders_exchange_keeps_its_prefix():
    """TSLA of one builder is not TSLA of another."""
    (event,) = parse({"channel": "trades", "data": [trade_row(coin="xyz:TSLA")]})
    assert event.symbol == "XYZ-TSLA/USDC:USDC"


@pytest.mark.parametrize(
    "message",
    [
        {"channel": "subscriptionResponse", "data": {"method": "subscribe", "subscription": {"type": "trades"}}},
        {"channel": "pong"},
        {"channel": "error", "data": "Already subscribed"},
        {"channel": "allMids", "data": {"mids": {"BTC": "1"}}},
        {"channel": "user", "data": {"funding": {"coin": "BTC", "usdc": "1"}}},
        {"channel": "allDexsAssetCtxs", "data": {"ctxs": []}},
    ],
)
def test_known_messages_without_a_meaning_here_give_nothing(message):
    assert parse(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        {"channel": "somethingNew", "data": []},
        {"data": []},
        [],
        {"channel": "trades", "data": {"coin": "BTC"}},
        {"channel": "trades", "data": [trade_row(), trade_row(px="NaN")]},
        {"channel": "trades", "data": [trade_row(sz="-1")]},
        {"channel": "trades", "data": [trade_row(px="1e308")]},
        {"channel": "trades", "data": [trade_row(time=1_762_000_000)]},
        {"channel": "trades", "data": [trade_row(side="Buy")]},
        {"channel": "trades", "data": [trade_row(coin="no such coin")]},
        {"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": {"markPx": "1"}}},
        {"channel": "l2Book", "data": {"coin": "BTC", "time": 1_762_000_000_123, "levels": [[]]}},
    ],
)
def test_what_cannot_be_is_quarantined_whole(message):
    with pytest.raises(VenueProtocolError, match="hyperliquid"):
        parse(message)


@given(coin=st.from_regex(r"[A-Za-z0-9]{1,10}", fullmatch=True))
def test_every_coin_name_is_its_own_base(coin):
    instrument = VENUES["hyperliquid"].infer_instrument(coin)
    assert (instrument.symbol, instrument.is_plain) == (f"{coin}/USDC:USDC", True)


def test_subscribe_asks_each_channel_once_per_coin():
    subscriptions = VENUES["hyperliquid"].subscriptions
    requests = [json.loads(text)["subscription"] for text in subscriptions.messages("market", ("BTC", "ETH"))]
    assert sorted((request["coin"], request["type"]) for request in requests) == sorted(
        (coin, channel) for coin in ("BTC", "ETH") for channel in set(subscriptions.channels.values())
    )


def test_recorded_messages_are_all_understood(shared_data):
    """Trades, books and contexts come out row by row; channels without a use give nothing."""
    recorded = json.loads((shared_data / "frames" / "hyperliquid.json").read_text())
    messages = [message for group in recorded["groups"] for message in group["messages"]]
    for message in messages:
        events = parse(message)
        if message["channel"] == "trades":
            assert [event.trade_id for event in events] == [str(row["tid"]) for row in message["data"]]
    for path in (shared_data / "frames" / "hyperliquid").glob("ws_*.json"):
        assert parse(json.loads(path.read_text())) == ()


def test_refused_names_say_what_a_name_looks_like():
    with pytest.raises(ValueError, match=re.escape("such as BTC")):
        VENUES["hyperliquid"].infer_instrument("BTC USD")
