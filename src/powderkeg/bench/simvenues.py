"""Simulated venues: how many messages a second they make, send to a client that only drains, and keep up with in time.

The servers run in a process of their own, the way a soak uses them; the client reads bytes from the sockets and throws
them away, so that the figure is the servers'. Messages are counted by the servers' ledgers.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.testing.venues import LISTED, SIMULATED, Scenario, protocol_of
from powderkeg.venues import VENUES

MADE: Final = 60_000
RATE: Final = 20_000
SECONDS: Final = 5
WANTED_MADE: Final = 30_000
_UNUSED_PATHS: Final = frozenset({"legacy", "inverse", "btc", "usd1"})


def run() -> list[Measure]:
    """Make, send as fast as possible, and send in time."""
    made_s = best_seconds(_make, repeats=3)
    rate = MADE / made_s
    fast_count, fast_s, _ = _play(("binance-usdm",), rate=30_000, seconds=6, speed=0)
    count, wall_s, busy_s = _play(SIMULATED, rate=RATE, seconds=SECONDS, speed=1)
    note = f"seven venues at {RATE:,}/s for {SECONDS} s, one process"
    return [
        Measure(
            name="simulated venues: make frames",
            figure=rate,
            unit="frames/s",
            claim=f">= {WANTED_MADE:,}",
            holds=rate >= WANTED_MADE,
            note="drawn and spelled, all seven venues",
        ),
        Measure(
            name="simulated venues: one server to a draining client",
            figure=fast_count / fast_s,
            unit="messages/s",
            claim=f">= {WANTED_MADE:,}",
            holds=fast_count / fast_s >= WANTED_MADE,
            note="binance-usdm, made and sent by one process over loopback",
        ),
        Measure(
            name="simulated venues: sent in time",
            figure=count / wall_s,
            unit="messages/s",
            claim=f">= {0.97 * RATE:,.0f}",
            holds=count / wall_s >= 0.97 * RATE,
            note=note,
        ),
        Measure(name="simulated venues: processor used meanwhile", figure=busy_s / wall_s, unit="cores", note=note),
    ]


def _make() -> None:
    for venue in SIMULATED:
        for _ in islice(Scenario(messages_per_s=RATE).frames(venue), MADE // len(SIMULATED)):
            pass


def _play(venues: tuple[str, ...], *, rate: int, seconds: int, speed: int) -> tuple[int, float, float]:
    """Messages sent, seconds from the beginning to the last byte, processor seconds of the servers."""
    with tempfile.TemporaryDirectory() as folder:
        ports, ledger = Path(folder) / "ports.json", Path(folder) / "ledger.json"
        command = [sys.executable, "-m", "powderkeg.testing.venues", "--held", "--venues", ",".join(venues)]
        command += ["--rate", str(rate), "--seconds", str(seconds), "--speed", str(speed), "--bound", "120"]
        command += ["--linger", "0", "--settle", "0.1", "--port-file", str(ports), "--ledger-file", str(ledger)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Raw sockets answer no pings, and the servers say so when they end.
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while not ports.exists():
                time.sleep(0.05)
            base_urls: dict[str, str] = json.loads(ports.read_bytes())["base_urls"]
            sockets = [opened for venue, base_url in base_urls.items() for opened in _subscribe(venue, base_url)]
            begun_s = time.perf_counter()
            for base_url in base_urls.values():
                _begin(base_url)
            last_s = _drain(sockets)
            process.wait(60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        ledgers: dict[str, Any] = json.loads(ledger.read_bytes())
    return sum(account["sent"] for account in ledgers.values()), last_s - begun_s, busy_s


def _begin(base_url: str) -> None:
    with urllib.request.urlopen(f"http://{urlsplit(base_url).netloc}/simulator/begin", timeout=10) as answer:
        answer.read()


def _subscribe(venue: str, base_url: str) -> list[socket.socket]:
    """A connection for every path in use, with everything subscribed on it."""
    symbols = tuple(contract.venue_symbol for contract in LISTED[venue])
    opened: list[socket.socket] = []
    for path, url_path in protocol_of(venue).paths.items():
        if path in _UNUSED_PATHS:
            continue
        protocol = ClientProtocol(parse_uri(base_url + url_path))
        plain = socket.create_connection(("127.0.0.1", urlsplit(base_url).port or 0))
        protocol.send_request(protocol.connect())
        while protocol.state is State.CONNECTING:
            plain.sendall(b"".join(protocol.data_to_send()))
            protocol.receive_data(plain.recv(1 << 16))
        for request in VENUES[venue].subscriptions.messages(path, symbols):
            protocol.send_text(request.encode())
        plain.sendall(b"".join(protocol.data_to_send()))
        plain.recv(1 << 16)  # at least the first answer is here before the story begins
        opened.append(plain)
    return opened


def _drain(sockets: list[socket.socket]) -> float:
    """Read until the servers close; when the last byte of data came."""
    buffer = bytearray(1 << 20)
    last_s = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for plain in sockets:
            selector.register(plain, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                plain = key.fileobj
                assert isinstance(plain, socket.socket)
                count = plain.recv_into(buffer)
                if count > _GOODBYE_BYTES:
                    last_s = time.perf_counter()
                else:  # the closing handshake: end our side too
                    selector.unregister(plain)
                    plain.close()
    return last_s


_GOODBYE_BYTES: Final = 4  # a close frame: two bytes of header, two of code


if __name__ == "__main__":
    for measure in run():
        print(f"{measure.figure:14,.2f} {measure.unit:9} {measure.name} {measure.claim}")
