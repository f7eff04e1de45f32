"""Streams over real sockets: resuming, and being cut off."""

from __future__ import annotations

import json

import pytest
from web_kit import TOKEN, Events, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from powderkeg.web import stream, stream_events, stream_sockets
from powderkeg.web.gate.tokens import hash_of
from powderkeg.web.hub import MAX_WAITING


@pytest.fixture
def live(tmp_path):
    """A server over an empty directory; the test publishes."""
    with serving(tmp_path) as running:
        yield running


def listening(running, count):
    """Wait until so many listen."""
    running.until(lambda: len(running.site.hub.listeners) == count)


def test_a_reader_gets_states_and_events(live):
    """The newest state at once, then events with ids."""
    live.publish("totals", {"n": 1})
    live.publish("totals", {"n": 2})
    with Events(live.port) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        assert events.headers["cache-control"] == "no-store"
        told = iter(events)
        opening = next(told)
        assert opening[1] == live.site.hub.last_id
        assert next(told) == ("totals", None, {"n": 2})
        live.publish("liquidation", {"n": 3}, coin="BTC", notional_usd=5.0)
        assert next(told) == ("liquidation", live.site.hub.last_id, {"n": 3})


def test_a_reader_resumes_where_it_was(live):
    """`Last-Event-ID` gives what was missed, once, in order; an unknown one is told to begin again."""
    for number in range(5):
        live.publish("liquidation", {"n": number})
    epoch = live.site.hub.epoch
    with Events(live.port, headers=[f"Last-Event-ID: {epoch}-2"]) as events:
        told = iter(events)
        next(told)
        assert [next(told)[2]["n"] for _ in range(3)] == [2, 3, 4]
    for name in ("gone-2", f"{epoch}-99", "x" * 100):
        with Events(live.port, headers=[f"Last-Event-ID: {name}"]) as events:
            assert next(iter(events)) == ("resync", live.site.hub.last_id, {"code": "too_old"})


def test_filters_of_a_stream(live):
    """Topics, coins and size; an unknown topic is bad use."""
    path = "/api/v1/stream?topics=liquidation&coin=btc&min_usd=10"
    with Events(live.port, path) as events:
        told = iter(events)
        next(told)
        live.publish("alert", {"n": 1})
        live.publish("liquidation", {"n": 2}, coin="ETH", notional_usd=50.0)
        live.publish("liquidation", {"n": 3}, coin="BTC", notional_usd=5.0)
        live.publish("liquidation", {"n": 4}, coin="BTC", notional_usd=50.0)
        assert next(told)[2] == {"n": 4}
    for query in ("topics=everything", "topic=totals", "min_usd=-1"):
        assert live.get(f"/api/v1/stream?{query}").status_code == 400


def test_quiet_streams_beat(live, monkeypatch):
    """Without a message a comment comes now and then, so that a dead connection is noticed."""
    monkeypatch.setattr(stream_events, "BEAT_S", 0.1)
    with Events(live.port) as events:
        told = iter(events)
        next(told)
        raw_lines = [events._file.readline() for _ in range(6)]
        assert b": beat\n" in raw_lines


def test_a_socket_says_the_same(live):
    """Topics over a WebSocket, with the newest state first."""
    live.publish("health", {"n": 1})
    with connect(f"ws://127.0.0.1:{live.port}/api/v1/ws?topics=health,liquidation") as plug:
        assert json.loads(plug.recv(5)) == {"topic": "health", "id": None, "data": {"n": 1}}
        live.publish("liquidation", {"n": 2})
        assert json.loads(plug.recv(5)) == {"topic": "liquidation", "id": live.site.hub.last_id, "data": {"n": 2}}


def closed_with(plug, *, for_s=10):
    """The code a socket is closed with, reading what comes before."""
    try:
        while True:
            plug.recv(for_s)
    except ConnectionClosed as closed:
        return closed.rcvd.code


def test_sockets_are_closed_with_a_code_that_says_why(live, monkeypatch):
    """Parameters, too many, too much said, too slow, the server's end."""
    address = f"ws://127.0.0.1:{live.port}/api/v1/ws"
    with connect(f"{address}?topics=nothing") as plug:
        assert closed_with(plug) == stream_sockets.BAD_PARAMETERS
    with connect(address) as plug:
        plug.send("x" * (stream_sockets.MAX_SAID_BYTES + 1))
        assert closed_with(plug) == stream_sockets.SAID_TOO_MUCH
    monkeypatch.setattr(stream, "MAX_LISTENERS", 0)
    with connect(address) as plug:
        assert closed_with(plug) == stream_sockets.TOO_MANY
    assert live.get("/api/v1/stream").status_code == 503
    monkeypatch.setattr(stream, "MAX_LISTENERS", 10)
    with connect(address) as plug:
        listening(live, 1)
        live.call(lambda: [one.cut_off("slow") for one in live.site.hub.listeners])
        assert closed_with(plug) == stream_sockets.SLOW
    with connect(address) as plug:
        listening(live, 1)
        live.call(live.site.streams.stop)
        assert closed_with(plug) == stream_sockets.GOING_AWAY


def test_a_socket_without_credential_is_refused(tmp_path):
    """401 before it is a WebSocket; with the token it is one."""
    with serving(tmp_path, token_hash=hash_of(TOKEN).hex()) as running:
        address = f"ws://127.0.0.1:{running.port}/api/v1/ws"
        with pytest.raises(InvalidStatus) as refused:
            connect(address)
        assert refused.value.response.status_code == 401
        with connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}):
            listening(running, 1)


def test_a_slow_reader_is_told_to_begin_again(live):
    """An overrun ends the stream with `resync`; what came before it is in order and whole."""
    with Events(live.port, "/api/v1/stream?topics=liquidation") as events:
        told = iter(events)
        next(told)
        listening(live, 1)

        def flood():
            for number in range(MAX_WAITING + 10):
                live.site.hub.publish("liquidation", b'{"n":%d}' % number)

        live.call(flood)
        messages = list(told)
        assert messages[-1][0] == "resync"
        assert messages[-1][2] == {"code": "slow"}
        assert [data["n"] for _, _, data in messages[:-1]] == list(range(len(messages) - 1))
