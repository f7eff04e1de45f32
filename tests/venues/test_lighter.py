"""Lighter: what each trap of its feed must come out as."""

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
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED_NS = 1_780_000_000_000_000_000
TRADE_MS = 1_779_999_999_800


def events(message: object, instruments: InstrumentMap | None = None) -> tuple:
    return parse_frame("lighter", json.dumps(message).encode(), RECEIVED_NS, instruments)


def row(**fields: object) -> dict:
    usual = {"trade_id": 501, "type": "trade", "market_id": 1, "size": "0.25", "price": "60000.0"}
    rest = {"usd_amount": "15000.0", "is_maker_ask": False, "timestamp": TRADE_MS, "transaction_time": TRADE_MS * 1000}
    return usual | rest | {"taker_position_size_before": "0.5"} | fields


def forced(**fields: object) -> dict:
    return row(type="liquidation") | fields


def message(*, trades: object = (), liquidations: object = (), verb: str = "update") -> dict:
    head = {"type": f"{verb}/trade", "channel": "trade:1", "nonce": 9}
    return {**head, "trades": trades, "liquidation_trades": liquidations}


def liquidations_of(found: tuple) -> list[Liquidation]:
    return [event for event in found if isinstance(event, Liquidation)]


@pytest.mark.parametrize(
    ("is_maker_ask", "before", "position", "taker"),
    [(False, "0.5", "long", "sell"), (True, "-0.5", "short", "buy")],
)
def test_the_taker_is_the_closed_account(is_maker_ask, before, position, taker):
    """`is_maker_ask` is about the maker: read as the closed account's side it would turn everything around."""
    tape, liquidation = events(
        message(liquidations=[forced(is_maker_ask=is_maker_ask, taker_position_size_before=before)])
    )
    assert isinstance(tape, Trade)
    assert (tape.taker_side, tape.trade_id) == (taker, "501")
    assert (liquidation.position_side, liquidation.event_id) == (position, "501")
    assert (liquidation.price_kind, liquidation.fill_price, liquidation.notional_usd) == ("fill", 60000.0, 15000.0)
    assert (liquidation.coverage, liquidation.ts_event_ns) == ("all", TRADE_MS * 1_000_000)


def test_a_position_left_out_leaves_the_side_to_the_taker():
    """The docs: omitted when empty."""
    bare = {key: given for key, given in forced().items() if key != "taker_position_size_before"}
    (liquidation,) = liquidations_of(events(message(liquidations=[bare])))
    assert liquidation.position_side == "long"


def test_a_forced_trade_that_adds_to_its_position_is_quarantined():
    """Either the side or the row is misread; a wrong side is worse than a frame put aside."""
    with pytest.raises(VenueProtocolError, match="adds to the position"):
        events(message(liquidations=[forced(is_maker_ask=True, taker_position_size_before="0.5")]))


def test_the_answer_to_a_subscription_tells_liquidations_again_and_no_trades():
    """Past trades would be counted twice; the liquidation has the id it has in every other message."""
    answer = events(message(trades=[row(trade_id=1), row(trade_id=2)], liquidations=[forced()], verb="subscribed"))
    live = events(message(liquidations=[forced()]))
    assert answer == tuple(liquidations_of(live))


def test_a_forced_trade_told_in_both_lists_is_one():
    found = events(message(trades=[forced(), row(trade_id=502)], liquidations=[forced()]))
    assert [type(event) for event in found] == [Trade, Liquidation, Trade]


def test_a_forced_trade_among_ordinary_ones_is_still_one():
    """The type decides, not the list."""
    assert len(liquidations_of(events(message(trades=[forced()])))) == 1


def test_deleveraging_is_a_liquidation_outside_the_book():
    (event,) = events(message(liquidations=[forced(type="deleverage")]))
    assert isinstance(event, Liquidation)
    assert (event.price_kind, event.bankruptcy_price) == ("bankruptcy", 60000.0)


def test_winding_a_market_down_is_neither_trade_nor_liquidation():
    assert events(message(trades=[row(type="market-settlement")])) == ()


def test_lists_may_be_missing_or_null():
    """Captured: an update without the second list."""
    assert len(events({"type": "update/trade", "channel": "trade:1", "trades": [row()]})) == 1
    assert events(message(trades=None, liquidations=None)) == ()
    with pytest.raises(VenueProtocolError, match="without a list"):
        events({"type": "update/trade", "channel": "trade:1"})


@pytest.mark.parametrize(("market_id", "symbol"), [(0, "ETH/USDC:USDC"), (1, "BTC/USDC:USDC"), (24, "HYPE/USDC:USDC")])
def test_markets_are_numbers(market_id, symbol):
    """0 is a market, not a missing one."""
    assert events(message(trades=[row(market_id=market_id)]))[0].symbol == symbol


def test_a_market_without_a_name_is_not_lost():
    """Its dollars are right without one; the listing gives the name."""
    frame = message(liquidations=[forced(market_id=1777)])
    (liquidation,) = liquidations_of(events(frame))
    assert (liquidation.symbol, liquidation.notional_usd) == ("MARKET-1777/USDC:USDC", 15000.0)
    rows = [{"symbol": "NEW", "market_id": 1777, "status": "active"}, {"symbol": "ETH/USDC", "market_id": 2048}]
    for name in ("order_books", "order_book_details"):
        parse_instruments = VENUES["lighter"].parse_instruments
        assert parse_instruments is not None
        listed = parse_instruments(json.dumps({"code": 200, name: rows}).encode())
        assert [instrument.symbol for instrument in listed] == ["NEW/USDC:USDC"]
        (named,) = liquidations_of(events(frame, InstrumentMap(infer_instrument, listed)))
        assert named.symbol == "NEW/USDC:USDC"


def test_the_listing_wins_over_the_table():
    """Numbers have changed their coin."""
    parse_instruments = VENUES["lighter"].parse_instruments
    assert parse_instruments is not None
    listed = parse_instruments(b'{"order_books":[{"symbol":"OTHER","market_id":1}]}')
    (event,) = events(message(trades=[row()]), InstrumentMap(infer_instrument, listed))
    assert event.symbol == "OTHER/USDC:USDC"


def test_spot_markets_are_passed_over():
    spot = {"trades": [row(market_id=2048)], "channel": "trade:2048", "type": "update/trade"}
    book = {"type": "update/order_book", "channel": "order_book:2048", "order_book": {"asks": [], "bids": []}}
    assert events(spot) == events(book) == ()
    assert events({"type": "update/spot_market_stats", "channel": "spot_market_stats:2048"}) == ()


def test_a_forced_trade_on_a_spot_market_is_not_lost():
    """Spot has no leverage: that there is one means that the venue numbers its markets anew."""
    with pytest.raises(VenueProtocolError, match="should be spot"):
        events(message(liquidations=[forced(market_id=2048)]))


def test_a_row_told_in_both_lists_counts_once_beside_a_bad_one():
    """Also where the frame has to be taken apart."""
    both = forced()
    frame = message(trades=[both, row(trade_id=2, price="-1")], liquidations=[both])
    with pytest.raises(VenueProtocolError, match="1 of 3 entries") as caught:
        events(frame)
    assert caught.value.events == events(message(trades=[both], liquidations=[both]))
    for name in ("2048", "BTC", "01", "-1", ""):
        with pytest.raises(ValueError, match="Lighter"):
            VENUES["lighter"].infer_instrument(name)


def stats(**fields: object) -> dict:
    usual = {"symbol": "ETH", "market_id": 0, "index_price": "2000.5", "mark_price": "2001.5"}
    rest = {"open_interest": "150000000.25", "current_funding_rate": "0.0012", "funding_rate": "0.0009"}
    return usual | rest | {"funding_timestamp": 1_779_998_400_000} | fields


def test_statistics_are_in_percent_an_hour_and_in_dollars():
    """As a fraction the rate would be 1000 % a year, as coins the open interest more than there are."""
    sent = {"type": "update/market_stats", "channel": "market_stats:0", "market_stats": stats(), "timestamp": TRADE_MS}
    of, at = ("lighter", "ETH/USDC:USDC"), (TRADE_MS * 1_000_000, RECEIVED_NS)
    next_hour_ns = -(-TRADE_MS // 3_600_000) * 3_600_000 * 1_000_000
    assert events(sent) == (
        MarkPrice(*of, 2001.5, *at),
        IndexPrice(*of, 2000.5, *at),
        FundingRate(*of, pytest.approx(0.000012), 1.0, next_hour_ns, *at),
        OpenInterest(*of, None, None, 150000000.25, *at),
    )


def test_all_markets_come_as_a_map_and_without_a_time_at_their_receipt():
    rows = {"0": stats(), "1": stats(market_id=1, open_interest="7"), "2048": stats(market_id=2048)}
    found = events({"type": "subscribed/market_stats", "channel": "market_stats:all", "market_stats": rows})
    assert {event.symbol for event in found} == {"ETH/USDC:USDC", "BTC/USDC:USDC"}
    assert len(found) == 8
    assert {event.ts_event_ns for event in found} == {RECEIVED_NS}


def test_a_book_is_whole_first_and_then_changes():
    sides = {"asks": [{"price": "11", "size": "2"}, {"price": "10.5", "size": "0"}], "bids": [], "code": 0}
    book = {"channel": "order_book:1", "offset": 3, "timestamp": TRADE_MS}
    nonces = {"nonce": 44, "begin_nonce": 40}
    (whole,) = events({**book, "type": "subscribed/order_book", "order_book": sides | nonces})
    (change,) = events({**book, "type": "update/order_book", "order_book": sides | nonces})
    assert isinstance(whole, BookSnapshot)
    assert isinstance(change, BookDelta)
    assert whole.last_update_id == 44
    assert (change.previous_update_id, change.last_update_id) == (40, 44)
    assert [(level.price, level.qty) for level in change.asks] == [(10.5, 0.0), (11.0, 2.0)]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "connected", "session_id": "s"},
        {"type": "ping"},
        {"type": "pong"},
        {"type": "shutdown", "close_in_ms": 1000},
        {"error": {"code": 30003, "message": "Invalid Channel"}},
        {"type": "update/height", "channel": "height", "height": 7},
        {"type": "update/ticker", "channel": "ticker:0", "ticker": {"s": "ETH"}},
    ],
)
def test_conversation_and_unused_channels_give_nothing(said):
    assert events(said) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [],
        {"type": "update/surprise"},
        {"type": "update/market_stats", "channel": "market_stats:0"},
        {"type": "update/order_book", "channel": "order_book", "order_book": {"asks": [], "bids": []}},
        message(trades=[row(), row(trade_id=2, price="0")]),
        message(trades=[row(timestamp=TRADE_MS // 1000)]),
        message(trades=[row(size="NaN")]),
        message(trades=[row(is_maker_ask=None)]),
        message(trades=[row(market_id=-1)]),
        message(liquidations=[forced(type="surprise")]),
        message(liquidations=[forced(price="1e308")]),
    ],
)
def test_what_cannot_be_is_quarantined_whole(wrong):
    with pytest.raises(VenueProtocolError):
        events(wrong)


@given(size=st.integers(1, 10**9), price=st.integers(1, 10**9), is_short=st.booleans())
def test_the_notional_is_size_times_price(size, price, is_short):
    """In integers, as the venue keeps them, against floats."""
    sign = -1 if is_short else 1
    sent = forced(
        size=f"{size / 1e5:.5f}",
        price=f"{price / 10:.1f}",
        is_maker_ask=is_short,
        taker_position_size_before=f"{sign * size / 1e5:.5f}",
    )
    (event,) = liquidations_of(events(message(liquidations=[sent])))
    assert event.notional_usd == pytest.approx(size * price / 10**6, rel=1e-12)
    assert event.position_side == ("short" if is_short else "long")


def test_subscriptions_hold_the_canary_and_every_market():
    subscriptions = VENUES["lighter"].subscriptions
    sent = [json.loads(text)["channel"] for text in subscriptions.messages("stream", ("0", "1"))]
    assert sent == [subscriptions.canary, "trade/0", "trade/1", "order_book/0", "order_book/1"]


def test_every_recorded_message_is_understood(shared_data):
    """None is quarantined; the recorded liquidation is the same event in both messages that tell it."""
    recording = json.loads((shared_data / "frames" / "lighter_trade.json").read_text("utf-8"))
    messages = [each for group in recording["groups"] for each in group["messages"]]
    found = [event for each in messages for event in liquidations_of(events(each))]
    assert len(found) == 2
    assert found[0] == found[1]
    assert found[0].notional_usd == pytest.approx(1258.030592)
