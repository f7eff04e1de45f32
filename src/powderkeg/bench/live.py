"""The live path on one core: real socket to journal to parser to statistics.

Simulated venues in another process send as fast as the collector reads (rate), or at 20,000 messages a second over
seven venues (delay); for the rate by the wall, a sender with everything prepared, on the other core. The collector's
processor time is measured, not the wall alone: on a shared machine the sender, which is Python too, is the slower one.
The delay is taken from our receipt of a frame to the total that holds it, journal included, while a snapshot is made
four times a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import options_of, what_stays_spared
from powderkeg.bench.base import Measure

SECONDS: Final = 12
SETTLING_S: Final = 2.0
RATE: Final = 20_000.0
PREPARED: Final = 400_000
PATIENCE_S: Final = 30.0
COINS: Final = ("BTC", "ETH")
COINS_SHARE: Final = 0.75  # of the simulated messages: the venues list more coins than these


def run() -> list[Measure]:
    """Both figures, on this machine."""
    as_fast = _measured(speed=0.0, rate=200_000.0, seconds=4)
    paced = _measured(speed=1.0, rate=RATE / COINS_SHARE, seconds=SECONDS)
    capacity = as_fast["frames"] / as_fast["cpu_s"]
    note = "frames over the collector's own processor seconds, journal thread included"
    return [
        Measure(
            name="live: socket to statistics",
            figure=capacity,
            unit="frames/s",
            claim=">= 60,000",
            holds=capacity >= 60_000,
            note=note,
        ),
        Measure(
            name="live: the same by the wall",
            figure=as_fast["frames"] / as_fast["wall_s"],
            unit="frames/s",
            note="the simulated venues, which spell while they send, are the slower side",
        ),
        _by_the_wall(),
        Measure(
            name="live: p99 receipt to total",
            figure=paced["p99_ms"],
            unit="ms",
            claim="< 20",
            holds=paced["p99_ms"] < 20,
            note=f"worst of seven venues at {paced['frames'] / paced['wall_s']:,.0f} frames/s",
        ),
        Measure(name="live: p50 receipt to total", figure=paced["p50_ms"], unit="ms"),
        Measure(name="live: processor", figure=paced["cpu_s"] / paced["wall_s"], unit="cores", note="at that rate"),
    ]


def _by_the_wall() -> Measure:
    """Collector on one core, a sender with prepared bytes on another, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    words = [sys.executable, "-m", "powderkeg.bench.live_sender", str(PREPARED)]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(words, stdout=subprocess.PIPE) as sender,
    ):
        try:
            assert sender.stdout is not None
            url = f"ws://127.0.0.1:{int(sender.stdout.readline())}"
            os.sched_setaffinity(sender.pid, {cores[-1]})
            os.sched_setaffinity(0, {cores[0]})
            with what_stays_spared():
                found = asyncio.run(_flooded(Path(name), {"binance-usdm": url}))
        finally:
            os.sched_setaffinity(0, set(cores))
            sender.kill()
    rate = found["frames"] / found["wall_s"]
    share = found["cpu_s"] / found["wall_s"]
    return Measure(
        name="live: by the wall, sender prepared",
        figure=rate,
        unit="frames/s",
        claim=">= 60,000",
        holds=rate >= 60_000,
        note=f"one core, of which {share:.0%} was had; {found['shed']:,.0f} of {PREPARED:,} frames shed",
    )


async def _flooded(folder: Path, urls: dict[str, str]) -> dict[str, float]:
    overrides = [f"{venue}={url}" for venue, url in urls.items()]
    collector = Collector(options_of(COINS, data_dir=folder / "data", with_rest=False, overrides=overrides))
    collecting = asyncio.create_task(collector.run())
    await collector.started.wait()
    counters = collector.session.counters
    await _until(lambda: counters().frames > 0)
    before = counters().frames
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    await _until(lambda: counters().frames + counters().shed >= PREPARED)
    result = {
        "frames": float(counters().frames - before),
        "shed": float(counters().shed),
        "cpu_s": time.process_time() - cpu_s,
        "wall_s": time.perf_counter() - wall_s,
    }
    collector.stop()
    await collecting
    return result


async def _until(condition: Callable[[], bool]) -> None:
    """Look every few milliseconds; give up after `PATIENCE_S`, and what was reached by then is the figure."""
    deadline = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < deadline:
        if condition():
            return
        await asyncio.sleep(0.005)


def _measured(*, speed: float, rate: float, seconds: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as name,
        _simulator(Path(name), speed, rate, seconds) as urls,
        what_stays_spared(),  # as the command does
    ):
        return asyncio.run(_collected(Path(name), urls, seconds, is_paced=speed > 0))


@contextmanager
def _simulator(folder: Path, speed: float, rate: float, seconds: int) -> Generator[dict[str, str]]:
    ports = folder / "ports.json"
    words = ["-m", "powderkeg.testing.venues", "--rate", str(rate), "--seconds", str(seconds), "--speed", str(speed)]
    words += ["--held", "--now", "--linger", "1", "--bound", "120", "--port-file", str(ports)]
    with subprocess.Popen([sys.executable, *words]) as process:
        try:
            deadline = time.monotonic() + 30
            while not ports.exists():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError("the simulated venues did not come up")
                time.sleep(0.05)
            yield json.loads(ports.read_bytes())["base_urls"]
        finally:
            process.terminate()


async def _collected(folder: Path, urls: dict[str, str], seconds: int, *, is_paced: bool) -> dict[str, float]:
    overrides = [f"{venue}={url}" for venue, url in urls.items()]
    collector = Collector(options_of(COINS, data_dir=folder / "data", with_books=True, overrides=overrides))
    collecting = asyncio.create_task(collector.run())
    await collector.started.wait()
    await asyncio.sleep(SETTLING_S)
    for url in urls.values():
        await asyncio.to_thread(_begin, url)
    if is_paced:
        await asyncio.sleep(SETTLING_S)
    session = collector.session
    session.turn_delays()
    session.turn_delays()
    frames, cpu_s, wall_s = session.counters().frames, time.process_time(), time.perf_counter()
    last = frames
    while time.perf_counter() - wall_s < (seconds - 2 * SETTLING_S if is_paced else 60):
        await asyncio.sleep(0.25)
        if is_paced:
            collector.snapshot()
        now = session.counters().frames
        if not is_paced and now == last and now > frames:
            break
        last = now
    counters = session.counters()
    result = {
        "frames": float(counters.frames - frames),
        "cpu_s": time.process_time() - cpu_s,
        "wall_s": time.perf_counter() - wall_s,
        "p99_ms": max(venue.delays.delay_p99_ms or 0.0 for venue in counters.venues),
        "p50_ms": max(venue.delays.delay_p50_ms or 0.0 for venue in counters.venues),
    }
    collector.stop()
    await collecting
    return result


def _begin(url: str) -> None:
    with urllib.request.urlopen(f"{url.replace('ws://', 'http://')}/simulator/begin", timeout=5) as answer:  # noqa: S310 - loopback
        answer.read()
