"""Damage: whatever arrives, `parse_frame` gives events or raises VenueProtocolError, and nothing in between."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError, VenueProtocolError
from powderkeg.venues import parse_frame

T = 1_768_420_799_123
ORDER = {"s": "BTCUSDT", "S": "SELL", "q": "5", "p": "3000", "ap": "3010", "z": "4", "T": T}
GOOD = {
    "binance-usdm": {"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": T, "o": ORDER}},
    "binance-coinm": {"e": "forceOrder", "E": T, "o": ORDER | {"s": "BTCUSD_PERP"}},
    "bybit": {"topic": "allLiquidation.BTCUSDT", "data": [{"T": T, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "2"}]},
    "okx": {
        "arg": {"channel": "liquidation-orders"},
        "data": [
            {
                "instId": "BTC-USDT-SWAP",
                "details": [{"side": "buy", "posSide": "net", "sz": "1", "bkPx": "2", "ts": str(T)}],
            }
        ],
    },
    "bitget": {
        "action": "update",
        "arg": {"instType": "usdt-futures", "topic": "liquidation"},
        "data": [{"symbol": "BTCUSDT", "side": "buy", "price": "1", "amount": "2", "ts": str(T)}],
    },
    "gate": {
        "channel": "futures.public_liquidates",
        "event": "update",
        "result": [{"contract": "BTC_USDT", "size": 1, "price": "2", "time": T}],
    },
}
FRAMES = {slug: msgspec.json.encode(message) for slug, message in GOOD.items()}
each_venue = pytest.mark.parametrize("slug", FRAMES)


def outcome(slug, frame):
    try:
        return parse_frame(slug, frame, T * 1_000_000)
    except VenueProtocolError as error:
        named = error.venue
    assert named == slug
    return None


@each_venue
def test_the_undamaged_frame_is_one_liquidation(slug):
    (event,) = outcome(slug, FRAMES[slug])
    assert event.ts_event_ns == T * 1_000_000


@each_venue
@given(data=st.data())
def test_flipped_cut_and_inserted_bytes_never_crash(slug, data):
    frame = bytearray(FRAMES[slug])
    at = data.draw(st.integers(0, len(frame) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "insert"])):
        case "flip":
            frame[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del frame[at:]
        case _:
            frame[at:at] = data.draw(st.binary(min_size=1, max_size=8))
    events = outcome(slug, bytes(frame))
    for event in events or ():
        assert 0 < event.qty < 1e15
        assert 0 < event.price < 1e15


@each_venue
@given(
    frame=st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(msgspec.json.encode)
)
def test_noise_never_crashes(slug, frame):
    outcome(slug, frame)


@each_venue
@pytest.mark.parametrize(
    "frame",
    [
        b"", b"{}", b"[]", b"null", b"5", b'""', b"\xff\xfe", b'{"a":1', b"pong!", b"{" * 3,
        b"[" * 200_000, b'{"a":' * 200_000, b'{"stream":"x","data":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"x":"' + b"y" * (9 * 2**20) + b'"}',
    ],
    ids=lambda frame: repr(frame[:12]),
)  # fmt: skip
def test_what_is_no_message_of_any_venue_is_quarantined(slug, frame):
    assert outcome(slug, frame) is None


@each_venue
def test_parsing_is_pure(slug):
    """The same bytes give equal events; only the received time is passed through."""
    first, second = parse_frame(slug, FRAMES[slug], 1), parse_frame(slug, FRAMES[slug], 2)
    assert msgspec.structs.replace(first[0], ts_received_ns=2) == second[0]


def test_a_venue_may_be_called_by_another_name_and_an_unknown_one_is_the_users_error():
    assert parse_frame("binance-futures", FRAMES["binance-usdm"], 1)[0].venue == "binance-usdm"
    with pytest.raises(InputError, match="unknown venue"):
        parse_frame("mtgox", b"{}", 1)
