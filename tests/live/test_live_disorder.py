"""R6 and R10 with a collector at work: clocks that jump, a stopped process, venues that repeat and come late."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time

import pytest
from live_child import row
from live_kit import NOON, Bench, totals_of, until

from powderkeg.app.live.collector import Collector, CollectorOptions
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S
from powderkeg.feed.liveness import Limits
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database
from powderkeg.testing.venues import Fault, Playback, Scenario, SimulatedVenues

STOPPED_S = 7.0
LATE_S = 600
BRISK = Limits(canary_s=5.0, ping_every_s=0.5, settle_s=0.1, open_s=5.0, close_s=0.5)


@pytest.mark.parametrize("jump_h", [1, -1])
def test_r06_a_clock_that_jumps_leaves_windows_of_event_time_alone(tmp_path, measured, jump_h):
    """An hour forward or back, in the middle of the stream and on again: 1h 4h 12h 24h are as without the jump."""
    found = {}
    for name, jumps in (("steady", 0), ("jumping", jump_h)):
        bench = Bench(tmp_path / name, now_ns=NOON).start(("bybit", "gate"))
        for venue in ("bybit", "gate"):
            bench.open(venue, venue, "liquidation")
        for number in range(300):
            if number in (100, 200):
                bench.now_ns += (1 if number == 100 else -1) * jumps * NS_PER_HOUR
            bench.take(*row(number, NOON))
        bench.session.stop()
        found[name] = totals_of(bench.session.pipeline.totals, NOON + NS_PER_HOUR)
        with Database(tmp_path / name) as database:
            assert database.rows("SELECT count(*) AS orders FROM liquidation") == [{"orders": 300}]
    measured(f"R06 the clock jumps by {jump_h:+d} h and back: {len(found['steady'])} windows of event time unchanged")
    assert found["jumping"] == found["steady"]


def test_r06_a_stopped_process_leaves_a_gap_as_long_as_it_stood(tmp_path, measured):
    """SIGSTOP under traffic, SIGCONT: the gap is there within 2 s, on every stream; the connections are kept."""
    ports = tmp_path / "ports.json"
    words = ["--venues", "bybit", "--rate", "1000", "--seconds", "60", "--now", "--bound", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "powderkeg.testing.venues", *words, "--port-file", str(ports)]
    ) as simulator:
        deadline = time.monotonic() + 30
        while not ports.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        url = json.loads(ports.read_bytes())["base_urls"]["bybit"]
        collect = ["collect", "--coin", "BTC", "--data", str(tmp_path / "d"), "--every", "500ms", "--json"]
        collect += ["--url-override", f"bybit={url}"]
        with subprocess.Popen(
            [sys.executable, "-m", "powderkeg.cli.main", *collect], stdout=subprocess.PIPE, text=True
        ) as process:
            while not any(venue["counts"]["events"] for venue in json.loads(process.stdout.readline())["venues"]):
                assert time.monotonic() < deadline + 30
            process.send_signal(signal.SIGSTOP)
            stopped = time.monotonic()
            time.sleep(STOPPED_S)
            process.send_signal(signal.SIGCONT)
            stood_s = time.monotonic() - stopped
            time.sleep(2.0)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        simulator.terminate()
    assert process.returncode == 0
    with JournalReader(journal_paths(tmp_path / "d")[0]) as reader:
        gaps = [gap for gap in reader.gaps() if "did not run" in gap.reason]
    lengths = {(gap.to_ns - gap.from_ns) / NS_PER_S for gap in gaps}
    measured(f"R06 stopped for {stood_s:.2f} s: a gap of {max(lengths):.2f} s")
    assert {gap.stream for gap in gaps} >= {"liquidation", "trade"}
    assert all(abs(length - stood_s) < 2.0 for length in lengths)


def faults(start_ns):
    """Cut off twice with the last hundred messages again afterwards, out of order, and up to ten minutes late."""

    def between(name, from_s, to_s, **changes):
        return Fault(name=name, from_ns=start_ns + from_s * NS_PER_S, to_ns=start_ns + to_s * NS_PER_S, **changes)

    return (
        between("replay", 1, 9, recent=100),
        between("drop", 3, 3),
        between("drop", 6, 6),
        between("reorder", 1, 4, group=16),
        between("delay", 4, 9, share_ratio=0.2, delay_ms=LATE_S * 1_000),
        between("reorder", 7, 9, group=8),
    )


def test_r10_repeats_disorder_and_lateness_over_sockets(tmp_path, measured):
    """Three venues, two of them without ids: after all of it, totals are the venues' own, to the cent."""
    start_ns = (int(time.time()) - LATE_S) * NS_PER_S  # everything is ten minutes old when it comes
    venues = ("bybit", "gate", "deribit")

    async def scene():
        story = Scenario(seed=5, venues=venues, messages_per_s=6_000, duration_s=10, start_ns=start_ns)
        playback = Playback(speed=2.0, is_patient=True, is_held=True)
        async with SimulatedVenues(story, faults=faults(start_ns), playback=playback) as fleet:
            fleet.venues["deribit"].start_fault(Fault(name="duplicate", share_ratio=0.3))  # the one with ids
            collector = Collector(
                CollectorOptions(
                    data_dir=tmp_path,
                    symbols={"bybit": ("BTCUSDT",), "gate": ("BTC_USDT",), "deribit": ("BTC-PERPETUAL",)},
                    kind="simulated",
                    base_urls=fleet.base_urls,
                    limits=BRISK,
                    archive_every_s=None,
                    with_rest=False,
                    seed=1,
                )
            )
            running = asyncio.create_task(collector.run())
            await collector.started.wait()
            session = collector.session
            async with asyncio.timeout(60):
                await until(lambda: collector.is_running and all(venue.outlets for venue in fleet.venues.values()))
                await asyncio.sleep(0.5)
                fleet.begin()
                await fleet.ended()
                await fleet.settle(20)
            await asyncio.sleep(0.5)
            collector.stop()
            await asyncio.wait_for(running, 20)
            return session, fleet.document()

    session, ledgers = asyncio.run(scene())
    expected = {
        f"{venue} {name}": (told["count"], round(told["notional_nusd"] / 1e9, 2))
        for venue, ledger in ledgers.items()
        for name, told in ledger["delivered"].items()
        if told["count"]
    }
    with Database(tmp_path) as database:
        rows = database.rows(
            "SELECT venue, split_part(symbol, '/', 1) AS coin, position_side AS position, count(*) AS orders, "
            "round(sum(notional_usd), 2) AS usd FROM liquidation GROUP BY ALL"
        )
    found = {f"{row['venue']} {row['coin']} {row['position']}": (row["orders"], row["usd"]) for row in rows}
    repeated = sum(told["count"] for ledger in ledgers.values() for told in ledger["repeated"].values())
    live = sum(group.count for group in session.pipeline.totals.groups(time.time_ns() + NS_PER_MINUTE, NS_PER_HOUR))
    orders = sum(count for count, _ in expected.values())
    reconnects = sum(tally.reconnects for tally in session.tallies.values())
    measured(
        f"R10 over sockets: {orders:,} liquidations, {repeated:,} of them told again, out of order and up to {LATE_S} "
        f"s late, {reconnects} reconnects: totals are the oracle's"
    )
    assert repeated > 0
    assert found == expected
    assert live == orders
