"""What tests run as a process of its own, to be killed, starved of disk, or weighed: `python live_child.py WORK ...`.

Every line it prints is a JSON object. Frames are numbered: row `n` has quantity `n % 997 + 1` and its own millisecond,
so any set of rows has a sum nobody has to look up.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

BORN = time.monotonic()
sys.path.insert(0, str(Path(__file__).parent))

from live_kit import Bench, liquidation, totals_of  # noqa: E402 - the folder must be on the path

from powderkeg.app.live.recorder import TICK_S  # noqa: E402 - as above
from powderkeg.app.live.session import LiveSession  # noqa: E402 - as above
from powderkeg.domain.time import NS_PER_MS, NS_PER_S  # noqa: E402 - as above
from powderkeg.store.journal_file import journal_paths  # noqa: E402 - as above
from powderkeg.store.journal_reader import JournalReader  # noqa: E402 - as above

VENUES = ("bybit", "gate")
REPEATED = 100


def row(number, base_ns):
    """(venue, frame) of row `number`."""
    return VENUES[number % 2], liquidation(VENUES[number % 2], at_ns=base_ns + number * NS_PER_MS, qty=number % 997 + 1)


def last_row(data_dir, base_ns):
    """The number of the last row that was committed, -1 for none."""
    last = -1
    for path in journal_paths(data_dir):
        with JournalReader(path) as reader:
            for record in reader.records():
                last = max(last, number_of(record.payload, base_ns))
    return last


def number_of(payload, base_ns):
    message = json.loads(payload)
    rows = message.get("data") or message.get("result")
    return (rows[0].get("T") or rows[0].get("time")) - base_ns // NS_PER_MS


def say(**facts):
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def live_session(data_dir):
    loop = asyncio.get_running_loop()
    session = LiveSession(
        data_dir,
        "main",
        call_soon=loop.call_soon,
        call_soon_threadsafe=loop.call_soon_threadsafe,
        alert=lambda line: say(alert=line, at=time.monotonic()),
    )
    bench = Bench.__new__(Bench)
    bench.session, bench.data_dir, bench.now_ns = session, data_dir, time.time_ns()
    return bench.start(VENUES)


async def feed(data_dir, base_ns, rows, per_s):
    """Go on where the journal ends, with the last rows once more, until killed or done."""
    begin = last_row(data_dir, base_ns) + 1
    bench = live_session(data_dir)
    session = bench.session
    for venue in VENUES:
        session.opened(venue, venue, "liquidation", time.time_ns())
    totals = totals_of(session.pipeline.totals, base_ns + 3_600 * NS_PER_S)
    say(
        ready=time.monotonic() - BORN, worked=time.process_time(), begin=begin, totals=sorted(map(repr, totals.items()))
    )
    started, told, number = time.monotonic(), 0, max(0, begin - REPEATED)
    taken = []
    while number < rows:
        due = begin + (time.monotonic() - started) * per_s
        while number < min(due, rows):
            venue, payload = row(number, base_ns)
            session.take(venue, time.time_ns(), payload)
            taken.append(number)
            number += 1
        session.tick()
        if session.recorder.durable_records > told:
            told = session.recorder.durable_records
            say(durable=taken[told - 1])
        await asyncio.sleep(TICK_S / 10)
    session.stop()
    say(done=number, totals=sorted(map(repr, totals_of(session.pipeline.totals, base_ns + 3_600 * NS_PER_S).items())))


async def full_disk(data_dir, base_ns):
    """Frames come, the disk fills up, frames come, there is room again, frames come."""
    session = live_session(data_dir).session
    session.opened("bybit", "bybit", "liquidation+trade", time.time_ns())
    number = 0

    async def feed_for(seconds, until=lambda: False):
        nonlocal number
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            for _ in range(20):
                session.take(
                    "bybit", time.time_ns(), row(2 * number, base_ns)[1] + b" " * 2_000 + os.urandom(500).hex().encode()
                )
                number += 1
            session.tick()
            await asyncio.sleep(0.01)

    await feed_for(0.5)
    before = session.recorder.durable_records
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    await feed_for(20, until=lambda: session.recorder.is_paused)
    paused = session.recorder.is_paused
    served = session.counters().is_paused  # numbers are given while nothing can be written
    await feed_for(1.5)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    freed = time.monotonic()
    await feed_for(20, until=lambda: not session.recorder.is_paused)
    resumed_s = time.monotonic() - freed
    await feed_for(0.5)
    session.stop()
    say(
        paused=paused,
        served=served,
        before=before,
        resumed_s=resumed_s,
        offered=number,
        durable=session.recorder.durable_records,
        shed=sum(session.tally("bybit").shed.values()),
    )


def memory_mb():
    """Resident, now: the highest mark would hold what was before."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def burst(data_dir, base_ns, frames):
    """Frames as fast as they can be offered, the loop running in between as sockets would let it."""
    session = live_session(data_dir).session
    for venue in VENUES:
        session.opened(venue, venue, "liquidation+trade", time.time_ns())
    offers = [row(number, base_ns) for number in range(min(frames, 50_000))]
    before = highest = memory_mb()
    begun = time.monotonic()
    for number in range(frames):
        session.take(*(offers[number % len(offers)][0], time.time_ns(), offers[number % len(offers)][1]))
        if number % 2_000 == 0:
            session.tick()
            highest = max(highest, memory_mb())
            if frames <= len(offers):
                await asyncio.sleep(0)
    offered = time.monotonic()
    while session.queued:
        session.tick()
        highest = max(highest, memory_mb())
        await asyncio.sleep(0.01)
    caught_up = time.monotonic()
    session.stop()
    say(
        offered=frames,
        offered_s=offered - begun,
        caught_up_s=caught_up - offered,
        durable=session.recorder.durable_records,
        counted=session.pipeline.counts.get("liquidation", 0),
        shed=sum(sum(tally.shed.values()) for tally in session.tallies.values()),
        grown_mb=highest - before,
    )


if __name__ == "__main__":
    signal.alarm(60)  # whatever happens, this process does not stay
    work, folder, base, *rest = sys.argv[1:]
    if work == "feed":
        asyncio.run(feed(Path(folder), int(base), int(rest[0]), int(rest[1])))
    elif work == "burst":
        asyncio.run(burst(Path(folder), int(base), int(rest[0])))
    else:
        asyncio.run(full_disk(Path(folder), int(base)))
