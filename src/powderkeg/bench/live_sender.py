"""A venue that has everything ready: Binance's stream as prepared bytes, sent as fast as the collector reads.

The simulated venues spell each message while they send, in Python like the collector, so they are the slower side. What
is measured against them by the wall is their speed. This process spells a story beforehand and then only writes.
Run as `python -m powderkeg.bench.live_sender FRAMES`; it prints its port when it is ready.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import socket
import struct
import sys
import threading
from typing import Final

from powderkeg.testing.venues import Scenario

RATE: Final = 60_000.0
BLOCK: Final = 200
KINDS: Final = ("trade", "mark_price", "liquidation")  # what the path `/market` carries
_HANDSHAKE_KEY: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_LONG: Final = 126  # payloads from here on have two bytes of length; RFC 6455, section 5.2


def blocks(count: int) -> list[bytes]:
    """`count` frames of a story as WebSocket bytes, some hundred in a piece."""
    story = Scenario(seed=7, venues=("binance-usdm",), messages_per_s=RATE, book_share=0.0)
    told = (frame.payload for frame in story.frames("binance-usdm") if frame.kind in KINDS)
    packed = [_packed(payload) for payload in itertools.islice(told, count)]
    return [b"".join(packed[start : start + BLOCK]) for start in range(0, count, BLOCK)]


def serve(prepared: list[bytes]) -> None:
    """Serve connections until killed; those on `/market` are sent everything once they have subscribed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            client, _ = server.accept()
            threading.Thread(target=_talk, args=(client, prepared), daemon=True).start()


def _talk(client: socket.socket, prepared: list[bytes]) -> None:
    with client:
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(65_536)
        client.sendall(_switch(request))
        client.recv(65_536)  # the subscription
        for block in prepared if request.startswith(b"GET /market") else ():
            client.sendall(block)
        while client.recv(65_536):
            pass


def _packed(payload: bytes) -> bytes:
    size = len(payload)
    return b"\x81" + (bytes([size]) if size < _LONG else bytes([_LONG]) + struct.pack("!H", size)) + payload


def _switch(request: bytes) -> bytes:
    lines = request.split(b"\r\n")
    (key,) = (line.split(b": ", 1)[1] for line in lines if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + _HANDSHAKE_KEY, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


if __name__ == "__main__":
    serve(blocks(int(sys.argv[1])))
