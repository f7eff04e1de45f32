"""Small servers on loopback that misbehave in one way each, and a recorder of what a feed says about it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from powderkeg.feed.backoff import Backoff
from powderkeg.feed.connection import Feed
from powderkeg.feed.liveness import Limits
from powderkeg.feed.plan import Plan, plans

CANARY = b'{"stream":"btcusdt@markPrice@1s","data":{}}'
LIQUIDATION = b'{"stream":"!forceOrder@arr","data":{"n":%d}}'
ACK = '{"result":null,"id":1}'

STREAMS = ("liquidation", "trade", "mark_price", "funding_rate", "open_interest", "book")
TWO_CONTRACTS = {
    "binance-coinm": ("BTCUSD_PERP", "ETHUSD_PERP"),
    "binance-usdm": ("BTCUSDT", "ETHUSDT"),
    "bitfinex": ("tBTCF0:USTF0", "tETHF0:USTF0"),
    "bitget": ("BTCUSDT", "ETHUSD"),
    "bitmex": ("XBTUSD", "ETHUSDT"),
    "bybit": ("BTCUSDT", "ETHUSD"),
    "deribit": ("BTC-PERPETUAL", "ETH-PERPETUAL"),
    "dydx": ("BTC-USD", "ETH-USD"),
    "gate": ("BTC_USDT", "BTC_USD"),
    "htx": ("BTC-USDT", "ETH-USD"),
    "hyperliquid": ("BTC", "ETH"),
    "kraken-futures": ("PF_XBTUSD", "PI_ETHUSD"),
    "lighter": ("1", "0"),
    "okx": ("BTC-USDT-SWAP", "ETH-USD-SWAP"),
}

FAST = Limits(
    canary_s=0.4,
    half_open_s=0.8,
    ping_every_s=0.1,
    probe_every_s=0.1,
    quiet_after_s=60.0,
    open_s=0.4,
    close_s=0.2,
    settle_s=0.05,
    pause_s=60.0,  # a busy test machine is not a stopped process
)
PATIENT = msgspec.structs.replace(FAST, canary_s=30.0, half_open_s=60.0, open_s=5.0)
TEST_LIMIT_S = 5.0


class Recorder:
    """Observer and sink: keeps everything, and wakes whoever waits for it."""

    def __init__(self) -> None:
        self.log: list[tuple] = []
        self.frames: list[tuple[str, int, bytes]] = []
        self._news = asyncio.Event()

    def __call__(self, key, ts_received_ns, payload):
        self.frames.append((key, ts_received_ns, payload))
        self._news.set()

    def opened(self, key, _plan, _at_ns):
        self._note("opened", key)

    def closed(self, key, _at_ns, reason):
        self._note("closed", key, reason)

    def state(self, _plan, stream, state, _at_ns):
        self._note("state", stream, state)

    def gap(self, _plan, gap):
        self._note("gap", gap)

    def overlap(self, old_key, new_key, from_ns, to_ns):
        self._note("overlap", old_key, new_key, from_ns, to_ns)

    def refused(self, _plan, _at_ns, refusal, wait_s):
        self._note("refused", refusal, wait_s)

    def _note(self, *entry) -> None:
        self.log.append(entry)
        self._news.set()

    def of(self, kind: str) -> list[tuple]:
        return [entry[1:] for entry in self.log if entry[0] == kind]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(TEST_LIMIT_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


def plan_at(port: int, **changes) -> Plan:
    """Binance liquidations against a local port."""
    (plan,) = plans("binance-usdm", [], ["liquidation"], base_urls={"market": f"ws://127.0.0.1:{port}/"})
    return msgspec.structs.replace(plan, **changes)


@asynccontextmanager
async def running(plan: Plan, limits: Limits = FAST, recorder: Recorder | None = None):
    """A feed at work; canceled and awaited on leaving."""
    recorder = recorder if recorder is not None else Recorder()
    rng = random.Random(7)
    backoff = Backoff(rng, first_wait_s=0.01, max_wait_s=0.05)
    feed = Feed(plan, recorder, recorder, rng=rng, limits=limits, backoff=backoff)
    task = asyncio.create_task(feed.run())
    recorder.task = task
    try:
        yield recorder
    finally:
        task.cancel()
        async with asyncio.timeout(TEST_LIMIT_S):
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def serving(handler, **options):
    """A WebSocket server on a free port of loopback; the port."""
    async with serve(handler, "127.0.0.1", 0, close_timeout=0.2, **options) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def tcp_serving(handler):
    """A TCP server that is no WebSocket server; the port."""

    async def closing(reader, writer):
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def acknowledge(connection: ServerConnection) -> None:
    """Wait for the subscription and acknowledge it, as Binance does on dead paths too."""
    await connection.recv()
    await connection.send(ACK)


async def speak(connection: ServerConnection, count: int | None = None, every_s: float = 0.05) -> None:
    """Send canaries, `count` of them or until the end."""
    sent = 0
    while count is None or sent < count:
        await connection.send(CANARY.decode())
        sent += 1
        await asyncio.sleep(every_s)
