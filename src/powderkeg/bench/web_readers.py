"""Many readers of one stream, in a process of their own: `python -m powderkeg.bench.web_readers PORT READERS MUTES`.

Readers read; mutes ask for the stream and never read. A line on standard input asks for the delays since the last one:
from our receipt of a venue's frame to the reader that has the liquidation in it, the oldest of each chunk.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from contextlib import suppress
from typing import Final

from powderkeg.domain.time import NS_PER_MS, parse_instant

MARK: Final = b'"received_at":"'
MUTE_BUFFER_BYTES: Final = 4_096


class Readers:
    """Delays of all readers, and how much they read."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.delays_ms: list[float] = []
        self.messages = 0
        self.ended = 0

    def report(self) -> dict[str, float]:
        """What was read since the last report."""
        delays_ms = sorted(self.delays_ms)
        told: dict[str, float] = {"messages": self.messages, "ended": self.ended}
        if delays_ms:
            told["p50_ms"] = delays_ms[len(delays_ms) // 2]
            told["p99_ms"] = delays_ms[min(len(delays_ms) - 1, int(0.99 * len(delays_ms)))]
        self.delays_ms, self.messages = [], 0
        return told

    async def read(self) -> None:
        """One reader, until it is cut off."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(_request(self._port))
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                now_ns = time.time_ns()
                self.messages += chunk.count(MARK)
                begin = chunk.find(MARK)
                end = chunk.find(b'"', begin + len(MARK))
                if begin >= 0 and end >= 0:
                    at_ns = parse_instant(chunk[begin + len(MARK) : end].decode())
                    self.delays_ms.append((now_ns - at_ns) / NS_PER_MS)
        self.ended += 1
        writer.close()


def _request(port: int) -> bytes:
    path = "/api/v1/stream?topics=liquidation"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def _mute(port: int) -> socket.socket:
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MUTE_BUFFER_BYTES)
    plug.connect(("127.0.0.1", port))
    plug.sendall(_request(port))
    return plug


async def _main(port: int, count: int, mutes: int) -> None:
    readers = Readers(port)
    tasks = [asyncio.create_task(readers.read()) for _ in range(count)]
    plugs = [await asyncio.to_thread(_mute, port) for _ in range(mutes)]
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        sys.stdout.write(json.dumps(readers.report()) + "\n")
        sys.stdout.flush()
    for task in tasks:
        task.cancel()
    for plug in plugs:
        plug.close()


if __name__ == "__main__":
    asyncio.run(_main(*(int(word) for word in sys.argv[1:4])))
