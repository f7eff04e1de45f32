"""Many readers of one stream, in a process of their own: `python -m powderkeg.bench.web_readers PORT READERS MUTES`.

Readers read every topic whose messages count, so that ids have no hole by right; mutes ask for the same and never read.
A line on standard input asks what was read since the last one. Delays go from our receipt of a venue's frame to the
reader that has the liquidation in it, the oldest of each chunk.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import time
from contextlib import suppress
from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_MS, parse_instant
from powderkeg.web.hub import EVENT_TOPICS

MARK: Final = b'"received_at":"'
MUTE_BUFFER_BYTES: Final = 4_096
MUTE_EVERY_S: Final = 0.0125
"""Faster, and the server would refuse some of them: it takes 100 requests a second of one address."""

ID: Final = re.compile(rb"^id: [0-9a-f]+-(\d+)$", re.MULTILINE)
RESYNC: Final = b"event: resync\n"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What all readers got since the last time it was asked.

    Attributes:
        messages: liquidations, of all readers together.
        holes: since the beginning, times that ids did not follow on each other: lost, repeated or out of order.
        resyncs, ended: since the beginning, readers that were told to begin again, and those whose stream is over.
        last_ids: the lowest and the highest number a reader whose stream goes on has got to.
        p50_ms, p99_ms: delays; None where nothing came.
    """

    messages: int
    holes: int
    resyncs: int
    ended: int
    last_ids: tuple[int, int]
    p50_ms: float | None = None
    p99_ms: float | None = None


class Readers:
    """What all readers got."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._delays_ms: list[float] = []
        self._messages = self._holes = self._resyncs = self._ended = 0
        self._last_ids: list[int | None] = [0] * count  # 0 before the first, None once it is over

    def report(self) -> Heard:
        """What was read since the last report."""
        delays_ms = sorted(self._delays_ms)
        last_ids = [last for last in self._last_ids if last is not None] or [0]
        told = Heard(
            messages=self._messages,
            holes=self._holes,
            resyncs=self._resyncs,
            ended=self._ended,
            last_ids=(min(last_ids), max(last_ids)),
            p50_ms=delays_ms[len(delays_ms) // 2] if delays_ms else None,
            p99_ms=delays_ms[min(len(delays_ms) - 1, int(0.99 * len(delays_ms)))] if delays_ms else None,
        )
        self._delays_ms, self._messages = [], 0
        return told

    async def read(self, number: int) -> None:
        """One reader, until it is cut off."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(_request(self._port))
        carried = b""
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                told, end, carried = (carried + chunk).rpartition(b"\n\n")
                if end:
                    self._take(number, told, time.time_ns())
        self._ended += 1
        self._last_ids[number] = None
        writer.close()

    def _take(self, number: int, told: bytes, now_ns: int) -> None:
        if RESYNC in told:
            self._resyncs += 1
            told = told[: told.index(RESYNC)].rpartition(b"\n\n")[0]  # its id is where to begin again
        ids = [int(digits) for digits in ID.findall(told)]
        last = self._last_ids[number]
        if ids:
            known = [last, *ids] if last else ids
            self._holes += known != list(range(known[0], known[0] + len(known)))
            self._last_ids[number] = ids[-1]
        self._messages += told.count(MARK)
        begin = told.find(MARK)
        if begin >= 0:
            begin += len(MARK)
            at_ns = parse_instant(told[begin : told.index(b'"', begin)].decode())
            self._delays_ms.append((now_ns - at_ns) / NS_PER_MS)


def _request(port: int) -> bytes:
    path = f"/api/v1/stream?topics={','.join(EVENT_TOPICS)}"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def _mute(port: int) -> socket.socket:
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MUTE_BUFFER_BYTES)
    plug.connect(("127.0.0.1", port))
    plug.sendall(_request(port))
    return plug


async def _main(port: int, count: int, mutes: int) -> None:
    readers = Readers(port, count)
    tasks = [asyncio.create_task(readers.read(number)) for number in range(count)]
    plugs: list[socket.socket] = []
    for _ in range(mutes):
        plugs.append(await asyncio.to_thread(_mute, port))
        await asyncio.sleep(MUTE_EVERY_S)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        sys.stdout.buffer.write(msgspec.json.encode(readers.report()) + b"\n")
        sys.stdout.buffer.flush()
    for task in tasks:
        task.cancel()
    for plug in plugs:
        plug.close()


if __name__ == "__main__":
    asyncio.run(_main(*(int(word) for word in sys.argv[1:4])))
