"""Renewal of connections ahead of the venue's limit, and a process that was stopped: R6."""

from __future__ import annotations

import asyncio
import time
from random import Random

import msgspec
import pytest
from feed_harness import CANARY, LIQUIDATION, PATIENT, Recorder, acknowledge, plan_at, running, serving, speak

from powderkeg.feed.connection import Feed
from powderkeg.feed.liveness import State


def test_renewal_overlaps_and_loses_nothing():
    """Every number sent after the first canary arrives; what came twice lies in the overlap that was told."""
    counter = 0
    speakers: set = set()

    async def handler(connection):
        await acknowledge(connection)
        speakers.add(connection)
        await connection.wait_closed()
        speakers.discard(connection)

    async def market():
        nonlocal counter
        while True:
            for connection in list(speakers):
                await connection.send(CANARY.decode())
                await connection.send((LIQUIDATION % counter).decode())
            counter += bool(speakers)
            await asyncio.sleep(0.005)

    async def scene():
        async with serving(handler) as port:
            plan = plan_at(port, max_age_s=0.4)
            limits = msgspec.structs.replace(PATIENT, renew_before_s=0.2)
            source = asyncio.create_task(market())
            async with running(plan, limits) as seen:
                await seen.until(lambda: len(seen.of("overlap")) == 3)
            source.cancel()
            return seen

    seen = asyncio.run(scene())
    assert seen.of("gap") == []
    assert seen.of("refused") == []
    assert [reason for _, reason in seen.of("closed")][:2] == ["renewed", "renewed"]
    numbers: dict[int, list[int]] = {}
    for _, at, payload in seen.frames:
        if b"forceOrder" in payload:
            numbers.setdefault(msgspec.json.decode(payload)["data"]["n"], []).append(at)
    assert sorted(numbers) == list(range(min(numbers), max(numbers) + 1))
    overlaps = [(from_ns, to_ns) for _, _, from_ns, to_ns in seen.of("overlap")]
    twice = [times for times in numbers.values() if len(times) > 1]
    assert all(any(start <= max(times) and min(times) <= end for start, end in overlaps) for times in twice)


def test_a_renewal_that_fails_leaves_the_old_connection_alone():
    """Make before break: as long as the new one is not proven, the old one delivers."""
    visits = []

    async def handler(connection):
        visits.append(1)
        await acknowledge(connection)
        if len(visits) in (1, 4):
            await speak(connection, every_s=0.01)
        await connection.close(1013, "try again later")

    async def scene():
        async with serving(handler) as port:
            limits = msgspec.structs.replace(PATIENT, renew_before_s=0.1)
            async with running(plan_at(port, max_age_s=0.3), limits) as seen:
                await seen.until(lambda: seen.of("overlap"))
                return seen

    seen = asyncio.run(scene())
    assert seen.of("gap") == []
    assert seen.of("overlap")[0][:2] == ("binance-usdm/market/0#1", "binance-usdm/market/0#4")
    assert State.DOWN not in [state for _, state in seen.of("state")]


class Stopped:
    """A machine that was suspended: both clocks jump by what `jump_s` says."""

    def __init__(self):
        self.jump_s = 0.0

    def now_ns(self):
        return time.time_ns() + int(self.jump_s * 1e9)

    def monotonic(self):
        return time.monotonic() + self.jump_s


def test_r06_a_process_that_did_not_run_says_so_and_blames_nobody(measured):
    """R6: after a minute of standstill there is a gap of a minute, and the connection is kept."""

    async def handler(connection):
        await acknowledge(connection)
        await speak(connection)

    async def scene():
        clock, seen = Stopped(), Recorder()
        limits = msgspec.structs.replace(PATIENT, pause_s=30.0, canary_s=15.0, half_open_s=25.0)
        async with serving(handler) as port:
            feed = Feed(plan_at(port), seen, seen, rng=Random(1), clock=clock, limits=limits)
            task = asyncio.create_task(feed.run())
            await seen.until(lambda: len(seen.frames) > 2)
            clock.jump_s = 60.0
            await seen.until(lambda: seen.of("gap"))
            count = len(seen.frames)
            await seen.until(lambda: len(seen.frames) > count + 2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return seen

    seen = asyncio.run(scene())
    (gap,) = (entry[0] for entry in seen.of("gap"))
    assert "did not run" in gap.reason
    measured(f"R06 a standstill of 60 s by the clock: a gap of {(gap.to_ns - gap.from_ns) / 1e9:.2f} s, no reconnect")
    assert (gap.to_ns - gap.from_ns) / 1e9 == pytest.approx(60.0, abs=2.0)
    assert len(seen.of("opened")) == 1
