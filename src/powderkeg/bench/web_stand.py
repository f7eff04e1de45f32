"""The stand of the web bench: simulated venues, a collector, its server and readers, each started and ended."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.child import Child
from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import options_of, what_stays_spared
from powderkeg.bench.web_readers import Heard
from powderkeg.web.link import Link
from powderkeg.web.options import ServeOptions

STARTING_S: Final = 60.0
STOP_S: Final = 5.0
COINS: Final = ("BTC", "ETH", "SOL", "DOGE")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what.

    Attributes:
        alone_s, read_s, beside_s: lengths of the three stretches.
        rate, liquidation_share: messages a second of all venues, and liquidations among them.
        is_ahead: the server also calibrates maps in the background, as it does for people.
    """

    alone_s: float
    read_s: float
    beside_s: float
    readers: int = 200
    mutes: int = 500
    rate: float = 2_000.0
    liquidation_share: float = 0.15
    is_ahead: bool = True


async def report(readers: Child) -> Heard:
    """What readers got since the last report."""
    readers.orders.write(b"\n")
    return msgspec.json.decode(await readers.answers.readline(), type=Heard)


@asynccontextmanager
async def venues(folder: Path, load: Load, bound_s: float) -> AsyncGenerator[dict[str, str]]:
    """The addresses of simulated venues."""
    ports = folder / "ports.json"
    words = ["--rate", str(load.rate), "--liquidation-share", str(load.liquidation_share), "--now"]
    words += ["--bound", str(bound_s), "--seconds", str(int(bound_s)), "--port-file", str(ports)]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "powderkeg.testing.venues", *words)
    try:
        async with asyncio.timeout(STARTING_S):
            while not ports.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
        yield json.loads(ports.read_bytes())["base_urls"]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def collecting(data_dir: Path, urls: dict[str, str]) -> AsyncGenerator[Collector]:
    """A collector that is connected to all of them."""
    overrides = [f"{venue}={url}" for venue, url in urls.items()]
    collector = Collector(options_of(COINS, data_dir=data_dir, overrides=overrides, with_rest=False))
    with what_stays_spared():
        running = asyncio.create_task(collector.run())
        try:
            async with asyncio.timeout(STARTING_S):
                await collector.started.wait()
                while len(collector.session.lanes) < len(collector.plans):  # noqa: ASYNC110 - sockets come one by one
                    await asyncio.sleep(0.05)
            yield collector
        finally:
            collector.stop()
            await running


@asynccontextmanager
async def serving(data_dir: Path, collector: Collector, load: Load) -> AsyncGenerator[Link]:
    """The link to a collector's server, fed."""
    link = Link(ServeOptions(data_dir=str(data_dir), port=0, is_ahead=load.is_ahead))
    await link.start()
    feeding = asyncio.create_task(link.run(collector))
    try:
        yield link
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await link.stop()


@asynccontextmanager
async def reading(port: int, readers: int, mutes: int) -> AsyncGenerator[Child]:
    """Readers and mutes, once all of them have asked."""
    child = await Child.start("powderkeg.bench.web_readers", str(port), str(readers), str(mutes))
    try:
        await report(child)  # answers once everyone asked
        yield child
    finally:
        await child.end(STOP_S)
