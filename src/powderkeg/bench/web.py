"""The dashboard's server under load: a collector with simulated venues, its server, and hundreds of readers.

Four processes: venues, collector (this one), server, readers. Three stretches of the same traffic: nobody reads; 200
readers; 200 readers beside 500 that never read. The delay to a reader is taken from our receipt of the frame, so
decoding, the pipe and the pulse are in it; the collector's own delay is from receipt to the updated total. Ten minutes
in all; `POWDERKEG_BENCH_WEB_S` is another length.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import options_of, spare_what_stays
from powderkeg.bench.base import Measure
from powderkeg.web.link import Link
from powderkeg.web.options import ServeOptions

SECONDS: Final = 600
READERS: Final = 200
MUTES: Final = 500
RATE: Final = 2_000
LIQUIDATION_SHARE: Final = 0.1
SETTLING_S: Final = 5.0
STARTING_S: Final = 60.0
COINS: Final = ("BTC", "ETH", "SOL", "DOGE")


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured in one stretch.

    Attributes:
        events_per_s: liquidations each reader got.
        reader_p99_ms, reader_p50_ms: from receipt to the reader; None where nobody reads.
        total_p99_ms: from receipt to the total, the worst venue.
        rss_mb, rss_slope_mb_per_min: of the server, at the end and by least squares over the stretch.
        ended: readers that were cut off.
    """

    seconds: float
    events_per_s: float
    reader_p50_ms: float | None
    reader_p99_ms: float | None
    total_p99_ms: float
    rss_mb: float
    rss_slope_mb_per_min: float
    ended: int


def run() -> list[Measure]:
    """The three stretches, on this machine."""
    seconds = float(os.environ.get("POWDERKEG_BENCH_WEB_S", SECONDS))
    alone, read, beside = measure(seconds, readers=READERS, mutes=MUTES)
    note = f"{read.events_per_s:.0f} events/s to each of {READERS} readers for {read.seconds:.0f} s"
    hostile = f"beside {MUTES} that never read"
    return [
        _claimed("web: p99 event to reader", read.reader_p99_ms or 0.0, "ms", 250.0, note),
        Measure(name="web: p50 event to reader", figure=read.reader_p50_ms or 0.0, unit="ms"),
        _claimed("web: p99 event to reader, attacked", beside.reader_p99_ms or 0.0, "ms", 250.0, hostile),
        _claimed("web: p99 receipt to total, nobody reads", alone.total_p99_ms, "ms", 50.0, "the collector"),
        _claimed("web: p99 receipt to total, read", read.total_p99_ms, "ms", 50.0, "the collector"),
        _claimed("web: p99 receipt to total, attacked", beside.total_p99_ms, "ms", 50.0, "the collector"),
        _claimed("web: memory slope, read", read.rss_slope_mb_per_min, "MB/min", 1.0, f"{read.rss_mb:.0f} MB"),
        Measure(name="web: memory, attacked", figure=beside.rss_mb, unit="MB", note=hostile),
        _claimed("web: readers cut off", float(read.ended + beside.ended), "readers", 1.0, "none may be"),
    ]


def _claimed(name: str, figure: float, unit: str, limit: float, note: str) -> Measure:
    return Measure(name=name, figure=figure, unit=unit, claim=f"< {limit:g}", holds=figure < limit, note=note)


def measure(seconds: float, *, readers: int, mutes: int) -> tuple[Stretch, Stretch, Stretch]:
    """Nobody reads, readers read, and readers read beside mutes: a sixth, a half and a third of the seconds."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measured(Path(name), seconds, readers, mutes))


async def _measured(folder: Path, seconds: float, readers: int, mutes: int) -> tuple[Stretch, Stretch, Stretch]:
    async with _venues(folder, seconds + 120) as urls, _collecting(folder / "data", urls) as collector:
        link = Link(ServeOptions(data_dir=str(folder / "data"), port=0))
        port = int((await link.start()).rpartition(":")[2])
        feeding = asyncio.create_task(link.run(collector))
        await asyncio.sleep(SETTLING_S)
        process = link.process_id
        try:
            alone = await _stretch(collector, process, seconds / 6)
            async with _readers(port, readers, 0) as asked:
                await asyncio.sleep(SETTLING_S)
                read = await _stretch(collector, process, seconds / 2, asked, readers)
                async with _readers(port, 0, mutes):
                    beside = await _stretch(collector, process, seconds / 3, asked, readers)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await link.stop()
    return alone, read, beside


async def _stretch(
    collector: Collector,
    server_pid: int,
    seconds: float,
    readers: asyncio.subprocess.Process | None = None,
    count: int = 1,
) -> Stretch:
    for _ in range(2):
        collector.session.turn_delays()
    if readers is not None:
        await _report(readers)
    begin, points = time.monotonic(), list[tuple[float, float]]()
    while time.monotonic() < begin + seconds:
        await asyncio.sleep(min(1.0, seconds / 10))
        points.append((time.monotonic() - begin, _rss_mb(server_pid)))
    took_s = time.monotonic() - begin
    told = {} if readers is None else await _report(readers)
    delays = [venue.delays.delay_p99_ms or 0.0 for venue in collector.session.counters().venues]
    return Stretch(
        seconds=took_s,
        events_per_s=told.get("messages", 0) / count / took_s,
        reader_p50_ms=told.get("p50_ms"),
        reader_p99_ms=told.get("p99_ms"),
        total_p99_ms=max(delays),
        rss_mb=points[-1][1],
        rss_slope_mb_per_min=60 * _slope(points),
        ended=int(told.get("ended", 0)),
    )


async def _report(readers: asyncio.subprocess.Process) -> dict[str, float]:
    assert readers.stdin is not None
    assert readers.stdout is not None
    readers.stdin.write(b"\n")
    return json.loads(await readers.stdout.readline())


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _slope(points: list[tuple[float, float]]) -> float:
    middle = sum(x for x, _ in points) / len(points)
    spread = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * y for x, y in points) / spread if spread else 0.0


@asynccontextmanager
async def _venues(folder: Path, bound_s: float) -> AsyncGenerator[dict[str, str]]:
    ports = folder / "ports.json"
    words = ["--rate", str(RATE), "--liquidation-share", str(LIQUIDATION_SHARE), "--now", "--bound", str(bound_s)]
    words += ["--seconds", str(int(bound_s)), "--port-file", str(ports)]
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
async def _collecting(data_dir: Path, urls: dict[str, str]) -> AsyncGenerator[Collector]:
    overrides = [f"{venue}={url}" for venue, url in urls.items()]
    collector = Collector(options_of(COINS, data_dir=data_dir, overrides=overrides, with_rest=False))
    spare_what_stays()
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
        gc.unfreeze()


@asynccontextmanager
async def _readers(port: int, readers: int, mutes: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "powderkeg.bench.web_readers",
        str(port),
        str(readers),
        str(mutes),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await _report(process)  # answers once everyone asked
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
