"""Streams over real sockets: resuming, being cut off, and two hundred listeners at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

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


def rss_mb():
    """Resident memory of this process, which the server is part of."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Readers:
    """Many readers of one stream in one loop of their own thread; delays from publishing to reading."""

    def __init__(self, port, count):
        self._port = port
        self._count = count
        self.delays_s = []
        self.messages = [0] * count
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="readers")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(20)

    async def _main(self):
        tasks = [asyncio.create_task(self._read(number)) for number in range(self._count)]
        while not self._stopping.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        request = f"GET /api/v1/stream?topics=liquidation HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n"
        writer.write(request.encode())
        try:
            carried = b""  # a mark may be cut in two
            while chunk := await reader.read(65_536):
                now = time.monotonic()
                parts = (carried + chunk).split(b'"t":')[1:]
                carried = chunk[-3:]
                self.messages[number] += len(parts)
                if parts and b"," in parts[0]:  # the oldest of a chunk waited longest
                    self.delays_s.append(now - float(parts[0].partition(b",")[0]))
        finally:
            writer.close()


def never_reading(port, count):
    """Connections that ask for the stream and never read it."""
    plugs = []
    for _ in range(count):
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plug.connect(("127.0.0.1", port))
        plug.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        plugs.append(plug)
    return plugs


def publish_for(running, seconds, per_s, size=400):
    """Publish at a steady rate from the server's loop, each message with the instant it was published."""

    async def main():
        loop, filler = asyncio.get_running_loop(), b"x" * size
        begin = loop.time()
        for number in range(int(seconds * per_s)):
            pause = begin + number / per_s - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            running.site.hub.publish("liquidation", b'{"t":%f,"n":%d,"x":"%s"}' % (time.monotonic(), number, filler))

    asyncio.run_coroutine_threadsafe(main(), running.loop).result(seconds + 60)


def quantile(numbers, share):
    """By rank."""
    return sorted(numbers)[min(len(numbers) - 1, int(share * len(numbers)))]


def test_listeners_that_never_read_are_evicted_and_harm_nobody(live, monkeypatch, measured):
    """R13 with 150: evicted with a code, memory flat, readers in time."""
    monkeypatch.setattr(stream, "STALL_S", 2.0)
    with Readers(live.port, 10) as readers, contextlib.ExitStack() as stack:
        listening(live, 10)
        before_mb = rss_mb()
        for plug in never_reading(live.port, 150):
            stack.enter_context(contextlib.closing(plug))
        listening(live, 160)
        publish_for(live, 8, 200, size=2_000)
        live.until(lambda: len(live.site.hub.listeners) == 10, for_s=20)
        grown_mb = rss_mb() - before_mb
        assert sum(live.site.hub.evicted.values()) == 150
        assert set(live.site.hub.evicted) <= {"slow", "stalled"}
        live.until(lambda: set(readers.messages) == {1_600})
        late_s = quantile(readers.delays_s, 0.99)
        measured(f"150 streams that never read: +{grown_mb:.0f} MB, readers p99 {late_s * 1e3:.0f} ms")
        assert grown_mb < 100
        assert "powderkeg_web_evicted_total" in live.get("/metrics").text


def test_two_hundred_listeners_at_two_hundred_events_a_second(live, measured):
    """Every message reaches everyone, once."""
    with Readers(live.port, 200) as readers:
        listening(live, 200)
        publish_for(live, 10, 200)
        live.until(lambda: set(readers.messages) == {2_000}, for_s=20)
        late_s = quantile(readers.delays_s, 0.99)
        measured(f"200 streams at 200 events/s: p99 {late_s * 1e3:.0f} ms from publishing to reading")
