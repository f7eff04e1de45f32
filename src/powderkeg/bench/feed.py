"""Frames from a loopback socket through one connection, against the WebSocket library with a loop that only counts.

The sender is a process of its own: a plain socket that writes ready-made frames as fast as it is read. So the figure is
what one connection costs the receiving process: library, address, liveness, sink.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from typing import Final

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from powderkeg.bench.base import Measure
from powderkeg.bench.parse import frames
from powderkeg.feed.hearing import Heard
from powderkeg.feed.liveness import Limits
from powderkeg.feed.plan import Plan, plans
from powderkeg.feed.ports import SystemClock
from powderkeg.feed.socket import Socket
from powderkeg.venues.guard import MAX_FRAME_BYTES

FRAMES: Final = 300_000
CLAIM: Final = 100_000.0
Rates = tuple[float, float]
"""(frames per second, frames per second of CPU)."""

_HANDSHAKE_KEY: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_LONG: Final = 126  # from this length on a frame has two more bytes of length; RFC 6455, section 5.2


def run() -> list[Measure]:
    """Measure on this machine."""
    ours = _best(lambda port: asyncio.run(_through_socket(_plan(port))))
    alone = _best(lambda port: asyncio.run(_through_library(port)))
    deflated = _best(lambda port: asyncio.run(_through_socket(_plan(port))), "deflate")
    return [
        Measure(
            name="feed: one connection, loopback",
            figure=ours[0],
            unit="frames/s",
            claim=f">= {CLAIM:,.0f}",
            holds=ours[0] >= CLAIM,
            note="aggregate trades of about 230 bytes, uncompressed, sender in another process",
        ),
        Measure(name="feed: per second of CPU", figure=ours[1], unit="frames/s"),
        Measure(name="websockets alone, per second of CPU", figure=alone[1], unit="frames/s", note="recv and count"),
        Measure(
            name="feed: with permessage-deflate, per second of CPU",
            figure=deflated[1],
            unit="frames/s",
            note="frames compressed with a shared window, as a server that agrees to it sends them",
        ),
    ]


def _best(measure: Callable[[int], Rates], *options: str) -> Rates:
    """Best of three runs."""
    found: list[Rates] = []
    for _ in range(3):
        command = [sys.executable, "-m", __name__, *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            found.append(measure(int(sender.stdout.readline())))
            sender.terminate()
    return max(wall for wall, _ in found), max(cpu for _, cpu in found)


def _plan(port: int) -> Plan:
    (plan,) = plans("binance-usdm", ["BTCUSDT"], ["trade"], base_urls={"market": f"ws://127.0.0.1:{port}/"})
    return plan


async def _through_socket(plan: Plan) -> Rates:
    count = 0

    def sink(_socket: Socket, _ts_received_ns: int, _payload: bytes, _heard: Heard) -> None:
        nonlocal count
        count += 1

    started: list[float] = []
    life = Socket("bench", plan, Limits(canary_s=1e9), SystemClock(), sink)
    await life.live(lambda _: started.extend((time.perf_counter(), time.process_time())), lambda: None)
    return _rates(count, *started)


async def _through_library(port: int) -> Rates:
    async with connect(f"ws://127.0.0.1:{port}/", ping_interval=None, max_size=MAX_FRAME_BYTES) as connection:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        count = 0
        try:
            while True:
                await connection.recv(decode=False)
                count += 1
        except ConnectionClosed:
            return _rates(count, wall_s, cpu_s)


def _rates(count: int, wall_s: float, cpu_s: float) -> Rates:
    assert count == FRAMES, f"{count} of {FRAMES} frames came"
    return count / (time.perf_counter() - wall_s), count / (time.process_time() - cpu_s)


def _send(*, is_deflated: bool) -> None:
    """Serve one client: say the port, shake hands, send everything, close."""
    blocks = _blocks(is_deflated=is_deflated)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        client, _ = server.accept()
        with client:
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65_536)
            client.sendall(_switch(request, is_deflated=is_deflated))
            for block in blocks:
                client.sendall(block)
            client.sendall(b"\x88\x02\x03\xe8")  # close, 1000
            client.settimeout(30)
            client.recv(65_536)  # the answer to it, or a ping before it
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):
                pass


def _switch(request: bytes, *, is_deflated: bool) -> bytes:
    (key,) = (
        line.split(b": ", 1)[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
    )
    accept = base64.b64encode(hashlib.sha1(key + _HANDSHAKE_KEY, usedforsecurity=False).digest())
    extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if is_deflated else b""
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + extension + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


def _blocks(*, is_deflated: bool) -> list[bytes]:
    payloads = frames(10_000)
    draw = random.Random(1)  # noqa: S311 - data to measure with, not secrets
    deflate = zlib.compressobj(wbits=-15)
    packed: list[bytes] = []
    for _ in range(FRAMES):
        payload = payloads[draw.randrange(len(payloads))]
        if is_deflated:
            payload = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        first = b"\xc1" if is_deflated else b"\x81"
        length = bytes([len(payload)]) if len(payload) < _LONG else bytes([_LONG]) + struct.pack("!H", len(payload))
        packed.append(first + length + payload)
    return [b"".join(packed[start : start + 500]) for start in range(0, FRAMES, 500)]


if __name__ == "__main__":
    if msgspec.json.encode(sys.argv[1:]) in (b"[]", b'["deflate"]'):
        _send(is_deflated=sys.argv[1:] == ["deflate"])
