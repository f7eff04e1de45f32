"""A dashboard's server under load: a collector with simulated venues, its server, and hundreds of readers.

Four processes: venues, collector (this one), server, readers. Three stretches of the same traffic: nobody reads;
readers; readers beside some that never read. The delay to a reader is taken from our receipt of the frame, so decoding,
the pipe and the pulse are in it; the collector's own delay is from receipt to the updated total. The ring that readers
resume from is full before anything is measured, so that what still grows is not that.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import fmean, median
from typing import Final

import msgspec

from powderkeg.app.child import Child
from powderkeg.app.live.collector import Collector
from powderkeg.bench.web_readers import Heard
from powderkeg.bench.web_stand import STARTING_S, Load, collecting, reading, report, serving, venues
from powderkeg.domain.events import Event, Liquidation
from powderkeg.web.hub import RING
from powderkeg.web.link import Link

SETTLING_S: Final = 5.0
EVICTING_S: Final = 40.0
ARRIVING_S: Final = 20.0
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured in one stretch.

    Attributes:
        events_per_s: liquidations each reader got.
        heard: what readers got; None where nobody reads.
        total_p99_ms: from receipt to the total, the worst venue.
        cores: of the server, processor time over time.
        rss_mb: of the server, second by second.
    """

    seconds: float
    events_per_s: float
    heard: Heard | None
    total_p99_ms: float
    cores: float
    rss_mb: list[float]

    @property
    def grown_mb(self) -> float:
        """Memory at the end over that at the end of the first third; medians of a tenth."""
        tenth = max(len(self.rss_mb) // 10, 1)
        third = max(len(self.rss_mb) // 3, tenth)
        return median(self.rss_mb[-tenth:]) - median(self.rss_mb[third - tenth : third])

    @property
    def slope_mb_per_min(self) -> float:
        """By least squares."""
        step_s = self.seconds / len(self.rss_mb)
        middle, mean_mb = (len(self.rss_mb) - 1) / 2, fmean(self.rss_mb)
        spread = sum((number - middle) ** 2 for number in range(len(self.rss_mb)))
        rise = sum((number - middle) * (mb - mean_mb) for number, mb in enumerate(self.rss_mb))
        return 60 / step_s * rise / spread if spread else 0.0


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        last: what readers got after everything stood still: their last ids are one number where nobody missed any.
        evicted: listeners cut off, by code; `listeners`: those left, once the mutes were gone or time was up.
        after_mb: the server's memory then.
    """

    alone: Stretch
    read: Stretch
    beside: Stretch
    last: Heard
    evicted: dict[str, int]
    listeners: int
    after_mb: float


def measure(load: Load) -> Loaded:
    """The three stretches, on this machine."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measured(Path(name), load))


async def _measured(folder: Path, load: Load) -> Loaded:
    bound_s = load.alone_s + load.read_s + load.beside_s + EVICTING_S + ARRIVING_S + STARTING_S + 4 * SETTLING_S
    async with venues(folder, load, bound_s) as urls, collecting(folder / "data", urls) as collector:
        seen: list[Event] = []
        collector.session.on_events = seen.extend
        await asyncio.sleep(SETTLING_S)
        told = [event for event in seen if type(event) is Liquidation]
        async with serving(folder / "data", collector, load) as link:
            link.hear((told * (RING // len(told) + 1))[:RING])
            return await _stretches(collector, link, load)


async def _stretches(collector: Collector, link: Link, load: Load) -> Loaded:
    await asyncio.sleep(SETTLING_S)
    alone = await _stretch(collector, link.process_id, load.alone_s)
    async with reading(link.port, load.readers, 0) as readers:
        await asyncio.sleep(SETTLING_S)
        read = await _stretch(collector, link.process_id, load.read_s, readers, load.readers)
        async with reading(link.port, 0, load.mutes):
            beside = await _stretch(collector, link.process_id, load.beside_s, readers, load.readers)
            counted = await _without_mutes(link.port, load.readers)
        after_mb = _rss_mb(link.process_id)
        collector.session.on_events = None  # nothing more is told
        last = await _still(readers)
    listeners = int(counted.pop("listeners"))
    return Loaded(
        alone=alone,
        read=read,
        beside=beside,
        last=last,
        evicted={code: int(count) for code, count in counted.items()},
        listeners=listeners,
        after_mb=after_mb,
    )


async def _stretch(
    collector: Collector, server_pid: int, seconds: float, readers: Child | None = None, count: int = 1
) -> Stretch:
    for _ in range(2):
        collector.session.turn_delays()
    if readers is not None:
        await report(readers)
    begin, cpu_s, rss_mb = time.monotonic(), _cpu_s(server_pid), list[float]()
    while time.monotonic() < begin + seconds:
        await asyncio.sleep(min(1.0, seconds / 10))
        rss_mb.append(_rss_mb(server_pid))
    took_s = time.monotonic() - begin
    cpu_s = _cpu_s(server_pid) - cpu_s
    heard = None if readers is None else await report(readers)
    delays = [venue.delays.delay_p99_ms or 0.0 for venue in collector.session.counters().venues]
    return Stretch(
        seconds=took_s,
        events_per_s=0.0 if heard is None else heard.messages / count / took_s,
        heard=heard,
        total_p99_ms=max(delays),
        cores=cpu_s / took_s,
        rss_mb=rss_mb,
    )


async def _still(readers: Child) -> Heard:
    """What readers got once what was told has arrived."""
    deadline = time.monotonic() + ARRIVING_S
    while True:
        await asyncio.sleep(1.0)
        heard = await report(readers)
        if not heard.messages or time.monotonic() > deadline:
            return heard


async def _without_mutes(port: int, readers: int) -> dict[str, float]:
    """`/metrics` once only readers listen: listeners, and evictions by code."""
    deadline = time.monotonic() + EVICTING_S
    while True:
        told = await asyncio.to_thread(_page, f"http://127.0.0.1:{port}/metrics")
        found = re.findall(r'^powderkeg_web_(listeners|evicted_total)(?:\{code="(\w+)"\})? (\S+)$', told, re.MULTILINE)
        counted = {code or name: float(number) for name, code, number in found}
        if counted["listeners"] <= readers or time.monotonic() > deadline:
            return counted
        await asyncio.sleep(0.5)


def _page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - loopback
        return answer.read().decode()


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _cpu_s(pid: int) -> float:
    """Processor time of a process, user and system (proc(5), fields 14 and 15 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
