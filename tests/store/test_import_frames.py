"""Recordings of raw messages: every message once, as it came, under its venue and time; the rest set aside."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import fake_market
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_samples import BOOK_TICKER, CAPTURES

from powderkeg.domain.errors import InputError
from powderkeg.store.decode import Decoder
from powderkeg.store.importers.captures import KEPT, NO_TIME, NO_VENUE, NOT_JSON, TOO_LONG, seconds_to_ns
from powderkeg.store.importers.formats import Frame, Refused, Sample
from powderkeg.store.importers.lines import lines_of, read_lines
from powderkeg.store.importers.message_times import message_time_ns
from powderkeg.store.importers.registry import format_named, recognize
from powderkeg.store.importers.venue_hints import venue_of_message, venue_of_url
from powderkeg.store.journal_format import JournalConnection, Record

BY_FORMAT = {capture.format: capture for capture in CAPTURES}


def read(name: str, text: str | None = None):
    capture = BY_FORMAT[name]
    content = (capture.text if text is None else text).encode()
    format_ = format_named(name)
    context = format_.context(Sample(Path(capture.name), content, whole=True), None)
    return list(format_.frames(lines_of(content, format_.max_line_bytes), context))


def read_real(path: Path):
    format_, context = recognize(path)
    return list(format_.frames(read_lines(path, format_.max_line_bytes), context))


def test_a_feed_handlers_capture_knows_its_connections():
    found = read("capture-feed-handler")
    assert all(isinstance(message, Frame) for message in found)
    kept = [message for message in found if message.stream == KEPT]
    assert [message.line for message in kept] == [1, 3]  # the REST reply and what was sent
    frames = [message for message in found if message.stream != KEPT]
    assert [(frame.venue, frame.stream, frame.ts_received_ns, frame.line) for frame in frames] == [
        ("binance-usdm", "socket-1", 1626992741062170000, 4),
        ("binance-usdm", "socket-1", 1626992741062170001, 6),
        ("okx", "socket-2", 1626992751500000000, 8),
    ]
    assert frames[0].payload == BOOK_TICKER.encode()


def test_a_backtesters_capture_tells_its_venue_by_its_messages_and_names_its_book():
    ticker, book, _ = read("capture-backtester")
    assert (ticker.venue, ticker.ts_received_ns, ticker.payload) == (
        "binance-usdm",
        1723161255030314667,
        BOOK_TICKER.encode(),
    )
    message = json.loads(book.payload)
    assert (message["stream"], message["data"]["lastUpdateId"]) == ("sushiusdt@depthSnapshot", 51)


def test_a_documents_messages_are_cut_out_as_they_stand():
    found = read("messages-json")
    text = BY_FORMAT["messages-json"].text
    assert [frame.payload.decode() in text for frame in found] == [True, True]
    # The first message says no time: its neighbor's stands for it.
    assert [frame.ts_received_ns for frame in found] == [1568693103463 * 10**6] * 2
    assert [text.split("\n")[frame.line - 1].strip() for frame in found] == ["{", "{"]


def test_lines_that_name_a_venue():
    legacy, dydx = read("messages-jsonl")
    assert (legacy.venue, legacy.line) == ("okx", 1)  # an unknown name: the message's own envelope tells
    assert (dydx.venue, dydx.ts_received_ns, dydx.payload) == ("dydx", 1726617600000000007, b'{"type": "channel_data"}')


def test_a_document_of_rest_trades_becomes_the_message_the_socket_would_send(tmp_path):
    trade = {"coin": "BTC", "side": "A", "px": "1", "sz": "1", "hash": "0x0", "time": 1769916002000, "tid": 3}
    path = tmp_path / "trades.json"
    path.write_text(json.dumps([trade]))
    (frame,) = read_real(path)
    assert msgspec.json.decode(frame.payload) == {"channel": "trades", "data": [trade]}


def test_without_any_time_a_message_is_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_text('{"channel": "x", "data": {}}')
    (refused,) = read_real(path)
    assert isinstance(refused, Refused)
    assert "time" in refused.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no time at all", NO_TIME),
        ('1626992741.06: {"a": 1', NOT_JSON),
        ('1626992741.06: {"a": 1}{"b": 2}', NOT_JSON),
        ('x1626992741.06: {"a": 1}', NO_TIME),
        ("1626992741.06:", NO_TIME),
        ("1626992741.06: " + "[" * 4000 + "]" * 4000, TOO_LONG),
        ("0626992741.06: {}", NO_TIME),
    ],
)
def test_a_bad_line_of_a_capture_is_refused_and_the_rest_stays(line, reason):
    good = BY_FORMAT["capture-feed-handler"].text
    found = read("capture-feed-handler", good + line + "\n" + f"1626992760.5: {BOOK_TICKER}\n")
    refused = [message for message in found if isinstance(message, Refused)]
    assert [(message.line, message.reason) for message in refused] == [(10, reason)]
    assert len(found) == len(read("capture-feed-handler")) + 2


def test_messages_under_an_unknown_url_have_no_venue():
    text = f"wss://example.org/ws <-> 1626992740.1\n1626992741.5: {BOOK_TICKER}\n"
    (refused,) = read("capture-feed-handler", text)
    assert refused.reason == NO_VENUE


@given(st.data())
def test_junk_between_messages_takes_none_with_it(data):
    lines = BY_FORMAT["capture-backtester"].text.rstrip("\n").split("\n")
    junk = st.sampled_from(["junk", "1723161255030314667", "1723161255030314667 {", "172316125503031466 {}", "\x00"])
    mixed: list[str] = []
    bad: list[int] = []
    for line in [*lines, *lines]:
        for text in data.draw(st.lists(junk, max_size=1)):
            mixed.append(text)
            bad.append(len(mixed))
        mixed.append(line)
    format_ = format_named("capture-backtester")
    context = {"venue": "binance-usdm", "pair": "sushiusdt"}
    found = list(format_.frames(lines_of("\n".join(mixed).encode(), format_.max_line_bytes), context))
    assert [message.line for message in found if isinstance(message, Refused)] == bad
    payloads = [message.payload for message in found if isinstance(message, Frame)]
    assert payloads == [message.payload for message in read("capture-backtester")] * 2


@given(st.integers(1_300_000_000, 4_000_000_000), st.integers(0, 999_999_999), st.integers(0, 9))
def test_decimal_seconds_are_read_exactly(whole, fraction_ns, digits):
    text = f"{fraction_ns:09d}"[:digits]
    expected = whole * 10**9 + int(text.ljust(9, "0"))
    assert seconds_to_ns(f"{whole}.{text}".encode() if text else str(whole).encode()) == expected


@pytest.mark.parametrize(
    ("message", "expected_ns"),
    [
        ({"data": {"T": 1568693103463}, "E": 1568693103464}, 1568693103464 * 10**6),
        ({"ts": "1777358881009", "data": [{"ts": "1777358881000"}]}, 1777358881009 * 10**6),
        ({"data": [{"timestamp": "2019-06-01T00:00:19.163Z"}]}, 1559347219163 * 10**6),
        ([127758, [1569715201000, None, 173.5], 7, 1569715201369], 1569715201369 * 10**6),
        ({"time": 1593561600}, 1593561600 * 10**9),
        ({"ts": 5, "price": 1568693103463}, None),
        ("pong", None),
    ],
)
def test_the_time_a_message_says(message, expected_ns):
    assert message_time_ns(message) == expected_ns


def test_hosts_and_envelopes():
    assert venue_of_url("wss://fstream.binance.com/stream?x") == "binance-usdm"
    assert venue_of_url("wss://notbinance.com/") is None
    assert venue_of_url("wss://evil-bybit.com/") is None
    assert venue_of_message({"arg": {"instType": "usdt-futures", "topic": "t"}, "data": []}) == "bitget"
    assert venue_of_message({"arg": {"channel": "trades", "instId": "x"}}) == "okx"
    assert venue_of_message([1, 2]) is None


def test_every_line_of_the_recorded_captures_is_accounted_for(shared_data):
    """Oracle: lines that begin with a digit, counted without the reader."""
    paths = [*(shared_data / "frames" / "captures").iterdir(), *(shared_data / "book").glob("*.gz")]
    for path in paths:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        received = sum(line[:1].isdigit() for line in raw.split(b"\n"))
        found = read_real(path)
        assert not [message for message in found if isinstance(message, Refused)]
        assert sum(message.stream != KEPT for message in found) == received, path.name


def test_a_damaged_document_is_an_error():
    format_ = format_named("messages-json")
    with pytest.raises(InputError, match="damaged"):
        list(format_.frames(lines_of(b'{"groups": [', 100), {"venue": "okx", "shape": "groups"}))


@pytest.mark.parametrize(("name", "counted"), [("messages-jsonl", 2), ("capture-feed-handler", 1)])
def test_single_messages_never_repeat_the_past_but_a_sockets_first_ones_may(fakes, name, counted):
    connection = JournalConnection(
        connection_id=1, venue=fake_market.SLUG, stream="s", kind="frames", format=name, header="{}", opened_ns=0
    )
    decoder = Decoder({1: connection})
    payload = fake_market.frame(fake_market.liquidation(), channel="replaying")
    decoded = [decoder.decode(Record(1, position, payload)).events for position in (1, 2)]
    assert sum(map(len, decoded)) == counted
