"""HTX: what each trap of its feed must come out as."""

from __future__ import annotations

import gzip
import json
import random

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
from powderkeg.venues.guard import MAX_DEPTH, MAX_FRAME_BYTES, SMALL_FRAME_BYTES
from powderkeg.venues.registry import infer_instrument

RECEIVED_NS = 1_780_000_000_000_000_000
SENT_MS = 1_779_999_999_900
ORDER_MS = 1_779_999_999_800


def events(message: object) -> tuple:
    return parse_frame("htx", json.dumps(message).encode(), RECEIVED_NS)


def order(**fields: object) -> dict:
    usual = {"symbol": "BTC", "contract_code": "BTC-USDT", "direction": "sell", "offset": "close", "volume": 300}
    return usual | {"price": 60000.5, "created_at": ORDER_MS} | fields


def notification(*rows: dict, topic: str = "public.BTC-USDT.liquidation_orders") -> dict:
    return {"op": "notify", "topic": topic, "ts": SENT_MS, "data": list(rows)}


def market(channel: str, **payload: object) -> dict:
    return {"ch": f"market.{channel}", "ts": SENT_MS, **payload}


@pytest.mark.parametrize(("direction", "position"), [("sell", "long"), ("buy", "short")])
def test_direction_is_the_side_of_the_order(direction, position):
    """Reading it as the side of the position would turn every liquidation around."""
    (event,) = events(notification(order(direction=direction)))
    assert event.position_side == position


def test_contracts_are_not_coins():
    """300 contracts of BTC-USDT are 0.3 BTC; taken for coins they would be a thousand times too much."""
    (event,) = events(notification(order()))
    assert (event.qty, event.qty_unit, event.qty_base) == (300.0, "contracts", pytest.approx(0.3))
    assert event.notional_usd == pytest.approx(18000.15)


def test_what_the_venue_states_wins_over_the_contract_size():
    """`amount` and `trade_turnover` are the venue's own arithmetic, also for contracts whose size is not known."""
    row = order(contract_code="XYZ-USDT", volume=7, price=2.0, amount=70, trade_turnover=140.0)
    (event,) = events(notification(row))
    assert (event.qty, event.qty_base, event.notional_usd) == (7.0, 70.0, 140.0)


def test_an_unknown_contract_size_leaves_the_value_unknown_and_the_liquidation_counted():
    """None is unknown; a guessed size would reach a total."""
    (event,) = events(notification(order(contract_code="XYZ-USDT", volume=7, price=2.0)))
    assert (event.qty, event.qty_base, event.notional_usd) == (7.0, None, None)


@pytest.mark.parametrize(
    ("code", "symbol", "contract_usd"),
    [
        ("BTC-USD", "BTC/USD:BTC", 100.0),
        ("ETH-USD", "ETH/USD:ETH", 10.0),
        ("BTC261225", "BTC/USD:BTC-261225", 100.0),
        ("LTC261225", "LTC/USD:LTC-261225", 10.0),
    ],
)
def test_coin_margined_contracts_are_worth_dollars(code, symbol, contract_usd):
    """The notional is contracts times face value, whatever the price; the base quantity follows the price."""
    (event,) = events(notification(order(contract_code=code, volume=20, price=2000.0)))
    assert event.symbol == symbol
    assert event.notional_usd == 20 * contract_usd
    assert event.qty_base == pytest.approx(20 * contract_usd / 2000.0)


def test_the_price_is_a_bankruptcy_price_and_the_time_that_of_the_order():
    """`ts` of the envelope is when the message was sent."""
    (event,) = events(notification(order()))
    assert (event.price, event.price_kind, event.bankruptcy_price) == (60000.5, "bankruptcy", 60000.5)
    assert (event.fill_price, event.order_price, event.event_id) == (None, None, None)
    assert (event.ts_event_ns, event.ts_is_received) == (ORDER_MS * 1_000_000, False)
    assert event.coverage == "unknown"


def test_identical_rows_are_two_liquidations():
    """There is no id, and equal rows can be legitimate."""
    assert len(events(notification(order(), order()))) == 2


def test_quoted_numbers_read_like_plain_ones():
    """HTX quotes some numbers and not others, between messages of one connection."""
    quoted = order(volume="300", price="60000.5", created_at=str(ORDER_MS))
    assert events(notification(quoted)) == events(notification(order()))


def test_compressed_and_plain_frames_say_the_same():
    text = json.dumps(notification(order(), order(direction="buy"))).encode()
    assert parse_frame("htx", gzip.compress(text), RECEIVED_NS) == parse_frame("htx", text, RECEIVED_NS)


def test_a_large_compressed_frame_is_not_mistaken_for_deep_nesting():
    """Compressed bytes hold bracket characters by chance."""
    shuffled = random.Random(7)
    rows = [order(price=round(shuffled.uniform(50_000, 70_000), 2), volume=number + 1) for number in range(4000)]
    frame = gzip.compress(json.dumps(notification(*rows)).encode())
    assert frame.count(b"[") + frame.count(b"{") > MAX_DEPTH
    assert len(parse_frame("htx", frame, RECEIVED_NS)) == 4000


def test_a_compression_bomb_is_refused():
    """A few kilobytes must not become gigabytes."""
    bomb = gzip.compress(b" " * (MAX_FRAME_BYTES + 1))
    assert len(bomb) < MAX_FRAME_BYTES / 100
    with pytest.raises(VenueProtocolError, match="holds more than"):
        parse_frame("htx", bomb, RECEIVED_NS)


def test_compressed_text_that_is_not_utf8_is_refused():
    """Nobody before the parser looks at it, unlike a text frame's, which the socket checks."""
    with pytest.raises(VenueProtocolError, match="UTF-8"):
        parse_frame("htx", gzip.compress(b'{"op":"ping","unread":"\xff"}'), RECEIVED_NS)


def test_deep_nesting_inside_a_compressed_frame_is_refused():
    """The guard looks at what will be decoded, not only at what came."""
    deep = b"[" * SMALL_FRAME_BYTES + b"]" * SMALL_FRAME_BYTES
    with pytest.raises(VenueProtocolError, match="levels deep"):
        parse_frame("htx", gzip.compress(deep), RECEIVED_NS)


@given(cut=st.integers(2, 200), flip=st.integers(0, 10_000))
def test_a_damaged_compressed_frame_is_quarantined_or_unchanged(cut, flip):
    """Cut short or with one byte changed, it is refused; only bytes of the header that mean nothing may differ."""
    text = json.dumps(notification(order())).encode()
    whole = gzip.compress(text, mtime=0)
    with pytest.raises(VenueProtocolError):
        parse_frame("htx", whole[: min(cut, len(whole) - 1)], RECEIVED_NS)
    damaged = bytearray(whole)
    damaged[flip % len(whole)] ^= 0xFF
    try:
        found = parse_frame("htx", bytes(damaged), RECEIVED_NS)
    except VenueProtocolError:
        return
    assert found == parse_frame("htx", text, RECEIVED_NS)


def test_trades_state_both_sides_and_are_halved():
    """The docs: sum of both buy and sell sides. Taken as they stand they would double the volume of the venue."""
    row = {"id": 5, "amount": 30, "price": 2000.0, "direction": "buy", "ts": ORDER_MS}
    (event,) = events(market("ETH-USDT.trade.detail", tick={"id": 1, "ts": ORDER_MS, "data": [row]}))
    assert isinstance(event, Trade)
    assert (event.qty_base, event.notional_usd) == (pytest.approx(0.15), pytest.approx(300.0))
    assert (event.taker_side, event.trade_id, event.ts_event_ns) == ("buy", "5", ORDER_MS * 1_000_000)


def test_the_stated_coin_quantity_of_a_trade_serves_where_the_contract_size_is_unknown():
    row = {"id": 5, "amount": 4, "quantity": 40, "price": 2.0, "direction": "sell", "ts": ORDER_MS}
    (event,) = events(market("XYZ-USDT.trade.detail", tick={"data": [row]}))
    assert (event.qty_base, event.notional_usd) == (20.0, 40.0)


def test_a_trade_without_a_direction_is_left_out():
    """Captured in 2022: guessing its taker would tilt the volume delta."""
    rows = [{"id": n, "amount": 2, "price": 9.0, "direction": way, "ts": ORDER_MS} for n, way in enumerate(("", "buy"))]
    assert [event.trade_id for event in events(market("BTC-USDT.trade.detail", tick={"data": rows}))] == ["1"]


def test_calendar_names_are_not_filed_under_the_perpetual():
    """`BTC_CQ` is some quarterly contract; its trades must not become those of BTC-USD."""
    row = {"id": 5, "amount": 2, "price": 60000.0, "direction": "buy", "ts": ORDER_MS}
    for code in ("BTC_CQ", "BTC-USDT-NW"):
        assert events(market(f"{code}.trade.detail", tick={"data": [row]})) == ()


def test_depth_is_a_change_only_where_it_says_so():
    levels = {"asks": [[11.0, 3], [10.5, 1]], "bids": [[9.0, 2]], "ts": ORDER_MS, "version": 8}
    (delta,) = events(market("BTC-USDT.depth.size_150.high_freq", tick={**levels, "event": "update"}))
    assert isinstance(delta, BookDelta)
    assert (delta.last_update_id, [level.price for level in delta.asks]) == (8, [10.5, 11.0])
    for tick in ({**levels, "event": "snapshot"}, levels):
        (whole,) = events(market("BTC-USDT.depth.step0", tick=tick))
        assert isinstance(whole, BookSnapshot)
        assert whole.qty_unit == "contracts"


@pytest.mark.parametrize(("ahead_ms", "is_estimate"), [(3_600_000, True), (-3_000, False)])
def test_a_funding_rate_is_settled_once_its_time_has_passed(ahead_ms, is_estimate):
    row = {"contract_code": "BTC-USDT", "funding_rate": "0.0001", "funding_time": str(SENT_MS + ahead_ms)}
    (event,) = events(notification(row, topic="public.BTC-USDT.funding_rate"))
    assert isinstance(event, FundingRate)
    assert event.funding_rate == 0.0001
    assert event.next_funding_ns == ((SENT_MS + ahead_ms) * 1_000_000 if is_estimate else None)


def test_the_basis_gives_the_index_and_not_its_contract_price():
    tick = {"id": 1, "index_price": "59990.5", "contract_price": "60010", "basis": "19.5", "basis_rate": "0.0003"}
    (event,) = events(market("BTC-USDT.basis.1min.close", tick=tick))
    assert event == IndexPrice("htx", "BTC/USDT:USDT", 59990.5, SENT_MS * 1_000_000, RECEIVED_NS)


def test_the_close_of_a_growing_mark_price_bar_is_the_mark_price():
    tick = {"id": 1, "open": "1", "close": "60001.5", "high": "70000", "low": "1", "vol": "0", "count": "0"}
    (event,) = events(market("BTC-USDT.mark_price.1min", tick=tick))
    assert event == MarkPrice("htx", "BTC/USDT:USDT", 60001.5, SENT_MS * 1_000_000, RECEIVED_NS)


def test_open_interest_in_every_form_the_venue_gives():
    row = {"contract_code": "BTC-USDT", "symbol": "BTC", "volume": 5, "amount": 0.005, "value": 300.0}
    (linear,) = events(market("BTC-USDT.open_interest", data=[row]))
    at = (SENT_MS * 1_000_000, RECEIVED_NS)
    assert linear == OpenInterest("htx", "BTC/USDT:USDT", 0.005, 5.0, 300.0, *at)
    row = {"contract_code": "BTC-USD", "symbol": "BTC", "volume": 5, "amount": 0.008}
    (inverse,) = events(market("BTC-USD.open_interest", data=[row]))
    assert inverse == OpenInterest("htx", "BTC/USD:BTC", 0.008, 5.0, 500.0, *at)


@pytest.mark.parametrize(
    "message",
    [
        {"op": "ping", "ts": "1779999999900"},
        {"op": "ping", "ts": 1779999999900},
        {"ping": 1779999999900},
        {"op": "sub", "cid": "1", "topic": "public.*.liquidation_orders", "ts": SENT_MS, "err-code": 0},
        {"op": "sub", "cid": "1", "topic": "public.*.liquidation_orders", "err-code": 2014, "err-msg": "Repeated"},
        {"op": "close", "ts": SENT_MS},
        {"id": "3", "subbed": "market.BTC-USDT.trade.detail", "ts": SENT_MS, "status": "ok"},
        {"status": "error", "ts": SENT_MS, "err-code": "bad-request", "err-msg": "invalid topic"},
        {"rep": "market.BTC-USDT.trade.detail", "status": "ok", "data": [{"amount": 2}]},
        {"ch": "market.BTC-USDT.bbo", "ts": SENT_MS, "tick": {"bid": [1, 1]}},
        {"op": "notify", "topic": "public.BTC-USDT.contract_info", "ts": SENT_MS, "data": []},
    ],
)
def test_conversation_and_unused_channels_give_nothing(message):
    """`ts` of a ping is a string: a reader that insists on a number never answers and is cut off."""
    assert events(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        {"op": "notify", "topic": "public.BTC-USDT.surprise", "data": []},
        {"ch": "market.BTC-USDT.surprise", "ts": SENT_MS},
        notification(order(), order(price=0)),
        notification(order(price="NaN")),
        notification(order(volume=-3)),
        notification(order(created_at=ORDER_MS // 1000)),
        notification(order(contract_code="BTCUSDT")),
        notification(order(contract_code="BTC269999")),
        notification(order(direction="long")),
        notification(order(offset="open")),
    ],
)
def test_what_cannot_be_is_quarantined_whole(message):
    with pytest.raises(VenueProtocolError):
        events(message)


def test_a_listing_teaches_contract_sizes():
    """Afterwards the value of what was unknown is known."""
    listing = {"status": "ok", "data": [{"symbol": "XYZ", "contract_code": "XYZ-USDT", "contract_size": 10}]}
    parse_instruments = VENUES["htx"].parse_instruments
    assert parse_instruments is not None
    instruments = InstrumentMap(infer_instrument, parse_instruments(json.dumps(listing).encode()))
    frame = json.dumps(notification(order(contract_code="XYZ-USDT", volume=7, price=2.0))).encode()
    (event,) = parse_frame("htx", frame, RECEIVED_NS, instruments)
    assert (event.qty_base, event.notional_usd) == (70.0, 140.0)


def test_subscriptions_keep_linear_and_inverse_apart():
    messages = VENUES["htx"].subscriptions.messages
    names = ("BTC-USDT", "BTC-USD")
    assert {json.loads(text)["sub"].split(".")[1] for text in messages("linear", names)} == {"BTC-USDT"}
    assert {json.loads(text)["sub"].split(".")[1] for text in messages("inverse", names)} == {"BTC-USD"}
    topics = [json.loads(text)["topic"] for text in messages("linear-notification", names)]
    assert topics == ["public.*.liquidation_orders", "public.*.funding_rate"]


def test_every_recorded_message_is_understood(shared_data):
    """None is quarantined, and each kind comes out."""
    recording = json.loads((shared_data / "frames" / "huobi_dm_linear_swap.json").read_text("utf-8"))
    messages = [message for group in recording["groups"] for message in group["messages"]]
    found = [event for message in messages for event in events(message)]
    kinds = {Liquidation, Trade, BookDelta, IndexPrice, OpenInterest, FundingRate}
    assert {type(event) for event in found} == kinds
