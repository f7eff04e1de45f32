"""The collector over real sockets in one loop with simulated venues that fail on command."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest
from live_kit import NOON, Bench, liquidation, until

from powderkeg.app.live.archiver import Archiver, unsettled
from powderkeg.app.live.collector import Collector, CollectorOptions
from powderkeg.app.live.counters import help_of, samples
from powderkeg.app.live.recorder import Recorder
from powderkeg.domain.errors import InputError, StoreError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S
from powderkeg.feed.liveness import Limits
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_format import Record
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.manifest import load_manifest
from powderkeg.store.query import Database
from powderkeg.testing.venues import Fault, Playback, Scenario, SimulatedVenues

BRISK = Limits(canary_s=1.5, half_open_s=3.0, ping_every_s=0.5, settle_s=0.1, open_s=3.0, close_s=0.5)
"""The promised times, scaled down tenfold; the simulated venues send a canary every second."""


def options(data_dir, fleet, **changes):
    return CollectorOptions(
        data_dir=data_dir,
        symbols={"bybit": ("BTCUSDT",), "okx": ("BTC-USDT-SWAP",)},
        kind="simulated",
        base_urls=fleet.base_urls,
        limits=BRISK,
        seed=1,
        **{"archive_every_s": None, **changes},
    )


async def collecting(data_dir, work, **changes):
    """Run a collector against two venues while `work` does something to them."""
    story = Scenario(seed=3, venues=("bybit", "okx"), messages_per_s=3_000, start_ns=int(time.time()) * NS_PER_S)
    async with SimulatedVenues(story, playback=Playback(speed=1.0)) as fleet:
        collector = Collector(options(data_dir, fleet, **changes))
        running = asyncio.create_task(collector.run())
        await collector.started.wait()
        session = collector.session
        await until(lambda: session.tally("bybit").events > 50 and session.tally("okx").events > 50)
        try:
            await work(collector, fleet)
        finally:
            collector.stop()
            await asyncio.wait_for(running, 20)
    return collector


@pytest.mark.parametrize("fault", ["silent", "half_open"])
def test_r08_r09_a_dead_venue_is_noticed_replaced_and_noted_and_others_go_on(tmp_path, measured, fault):
    """R8, R9: the canary tells; a new connection takes over; the hole is a gap of every class of that venue."""
    told = {}

    async def work(collector, fleet):
        session = collector.session
        began = time.monotonic()
        fleet.venues["bybit"].start_fault(Fault(name=fault))
        await until(lambda: session.tally("bybit").reconnects == 1)
        told["noticed_s"] = time.monotonic() - began
        others, events = session.tally("okx").events, session.tally("bybit").events
        fleet.venues["bybit"].stop_fault(fault)
        await until(lambda: session.tally("bybit").gaps >= 1 and session.tally("bybit").events > events + 20)
        told["back_s"] = time.monotonic() - began
        await until(lambda: session.tally("okx").events > others + 20)
        assert session.tally("okx").gaps == 0
        await until(lambda: collector.snapshot().venues[0].states["liquidation"] in ("LIVE", "QUIET"))
        metrics = collector.metrics()
        assert {help_of(name) for name, _, _ in metrics}
        states = {
            (labels["venue"], labels["stream"]): labels["state"]
            for name, labels, _ in metrics
            if name == "powderkeg_stream_state"
        }
        assert states["okx", "liquidation"] in ("LIVE", "QUIET")

    collector = asyncio.run(collecting(tmp_path, work))
    measured(
        f"R08/R09 {fault}: noticed in {told['noticed_s']:.1f} s with a canary of 1.5 s instead of 15, back in "
        f"{told['back_s']:.1f} s"
    )
    with JournalReader(journal_paths(tmp_path)[0]) as reader:
        gaps = [gap for gap in reader.gaps() if gap.venue == "bybit"]
        streams = {
            stream for one in reader.connections.values() if one.venue == "bybit" for stream in one.stream.split("+")
        }
    assert {gap.stream for gap in gaps} == streams >= {"liquidation", "trade"}
    assert not [gap for gap in collector.session.watched.gaps if gap.venue == "okx"]
    with Database(tmp_path) as database:
        watched = [one for one in database.observed("bybit") if one.stream == "liquidation"]
        begin, end = min(gap.from_ns for gap in gaps), max(gap.to_ns for gap in gaps)
    assert end - begin > NS_PER_S // 4  # from the last data on, which may come a second after the last canary
    assert not any(one.from_ns < end and begin < one.to_ns for one in watched), "a gap is never shown as watched"


def test_r07_refusals_are_told_and_survived(tmp_path):
    """R7: 503 with Retry-After on the way back in; the reason stands in the snapshot meanwhile."""

    async def work(collector, fleet):
        session = collector.session
        fleet.venues["okx"].start_fault(Fault(name="refuse", attempts=1, retry_after_s=1))
        fleet.venues["okx"].start_fault(Fault(name="drop"))
        fleet.venues["okx"].stop_fault("drop")
        await until(lambda: any("503" in venue.trouble for venue in collector.snapshot().venues))
        events = session.tally("okx").events
        await until(lambda: session.tally("okx").events > events + 20)

    asyncio.run(collecting(tmp_path, work))


def test_a_gap_is_filled_from_the_venues_history(tmp_path, monkeypatch):
    """Past liquidations are asked for over HTTP, journaled, and counted once beside what the socket told."""
    monkeypatch.setattr("powderkeg.app.live.rest_desk.BACKFILL_AFTER_S", 0.1)
    happened = []

    async def work(collector, fleet):
        session, okx = collector.session, fleet.venues["okx"]
        okx.start_fault(Fault(name="silent"))
        lost = okx.ledger.lost["silent"]
        await until(lambda: session.tally("okx").reconnects == 1 and okx.ledger.lost["silent"] > lost + 50)
        okx.stop_fault("silent")
        await until(lambda: collector._desk.backfilled["okx"] > 0)
        await asyncio.sleep(0.1)
        happened.extend(okx.delivery.memory.happened)

    asyncio.run(collecting(tmp_path, work))
    with JournalReader(journal_paths(tmp_path)[0]) as reader:
        gap = next(gap for gap in reader.gaps() if (gap.venue, gap.stream) == ("okx", "liquidation"))
        assert "backfill" in {connection.stream for connection in reader.connections.values()}
    inside = [row for row in happened if row.coin == "BTC" and gap.from_ns <= row.row.ts_ms * 10**6 < gap.to_ns]
    with Database(tmp_path) as database:
        (found,) = database.rows(
            "SELECT count(*) AS orders FROM liquidation WHERE venue = 'okx' AND symbol LIKE 'BTC/%' "
            "AND ts_event_ns >= ? AND ts_event_ns < ?",
            [gap.from_ns, gap.to_ns],
        )
    assert found["orders"] == len(inside) > 0


def test_what_has_no_stream_is_polled(tmp_path):
    """Open interest of Binance comes over HTTP and is stored like a message."""

    async def work():
        story = Scenario(seed=3, venues=("binance-usdm",), messages_per_s=500, start_ns=int(time.time()) * NS_PER_S)
        async with SimulatedVenues(story, playback=Playback(speed=1.0)) as fleet:
            changed = msgspec.structs.replace(options(tmp_path, fleet), symbols={"binance-usdm": ("BTCUSDT",)})
            collector = Collector(changed)
            running = asyncio.create_task(collector.run())
            await collector.started.wait()
            await until(lambda: collector.session.pipeline.counts.get("open_interest", 0) > 0)
            collector.stop()
            await asyncio.wait_for(running, 20)

    asyncio.run(work())
    with Database(tmp_path) as database:
        assert database.rows("SELECT DISTINCT symbol FROM open_interest") == [{"symbol": "BTC/USDT:USDT"}]


def test_archiving_goes_on_beside_collection(tmp_path):
    """Parts are made by another process; what is not yet archived is seen as well; a killed worker is replaced."""

    async def work(collector, fleet):
        journal_id = collector.session.recorder.journal_id
        await until(lambda: (load_manifest(tmp_path, journal_id) or Empty).records > 0)
        first = load_manifest(tmp_path, journal_id).records
        await until(lambda: load_manifest(tmp_path, journal_id).records > first)

    collector = asyncio.run(collecting(tmp_path, work, archive_every_s=0.3))
    with Database(tmp_path) as database:
        stored = database.rows("SELECT count(*) AS orders FROM liquidation")[0]["orders"]
    assert stored == collector.session.pipeline.counts["liquidation"]
    assert (
        load_manifest(tmp_path, collector.session.recorder.journal_id).records < collector.session.counters().frames + 1
    )


class Empty:
    records = 0


def test_what_earlier_runs_left_is_sealed_and_archived(tmp_path):
    """Yesterday's journal, left open by a crash, becomes whole files; today's is left alone; trouble is told."""
    yesterday = Bench(tmp_path, now_ns=NOON - NS_PER_DAY).start(("bybit",))
    yesterday.open("a", "bybit")
    for second in range(5):
        yesterday.take("a", liquidation("bybit", at_ns=NOON - NS_PER_DAY + second * NS_PER_S))
    yesterday.session.stop()
    today = Bench(tmp_path).start(("bybit",))
    today.session.stop()
    current = today.session.recorder.journal_id
    alerts = []

    async def settle():
        archiver = Archiver(tmp_path, alerts.append)
        for journal_id in unsettled(tmp_path, "main", current):
            assert await archiver.order("seal", journal_id)
        assert not await archiver.order("grow", "no-such-journal")
        archiver._worker.kill()
        await archiver._worker.wait()
        assert await archiver.order("grow", current)
        await archiver.stop()

    asyncio.run(settle())
    assert load_manifest(tmp_path, "main-2026-07-14").is_sealed
    assert len(alerts) == 1
    assert unsettled(tmp_path, "main", current) == []
    assert not archive.damaged_files(tmp_path)


def test_r04_a_commit_that_fails_at_any_time_loses_nothing(tmp_path, monkeypatch, measured):
    """R4: whichever commit the disk refuses, how often ever, records arrive once, in order; pauses are told once."""
    commit, refusals = Journal.commit, []

    def refuse_sometimes(journal):
        if journal.pending_records and refusals and refusals.pop():
            raise StoreError("no space left on device")
        commit(journal)

    monkeypatch.setattr(Journal, "commit", refuse_sometimes)
    monkeypatch.setattr("powderkeg.app.live.recorder.FIRST_RETRY_S", 0.001)
    for number, pattern in enumerate([[True], [True] * 5, [False, True, False, True], [True, False] * 3]):
        folder, told = tmp_path / str(number), []
        refusals[:] = pattern
        recorder = Recorder(
            folder,
            "main",
            on_pause=lambda _, told=told: told.append("pause"),
            on_resume=lambda told=told: told.append("on"),
        )
        recorder.start(NOON)
        connection = recorder.connect(venue="bybit", stream="trade", opened_ns=NOON)
        for step in range(40):
            recorder.append(Record(connection, NOON + step, b"%d" % step))
            recorder.tick()
        recorder.stop()
        with JournalReader(journal_paths(folder)[0]) as reader:
            assert [record.payload for record in reader.records()] == [b"%d" % step for step in range(40)]
        assert told == ["pause", "on"] * (len(told) // 2)
        assert len(told) >= 2
    measured("R04 commits refused in 4 patterns, up to 5 times in a row: 40 of 40 records each, once, in order")


def test_counters_become_samples(tmp_path):
    """Every counter of a session has a metric name, its labels and a number."""
    bench = Bench(tmp_path).start()
    bench.open("a", "bybit")
    bench.take("a", liquidation("bybit", at_ns=NOON))
    bench.turn()
    told = {(name, tuple(labels.items())): number for name, labels, number in samples(bench.session.counters())}
    bench.session.stop()
    assert told["powderkeg_frames_total", (("venue", "bybit"),)] == 1
    assert told["powderkeg_opened_total", (("venue", "bybit"),)] == 1
    assert told["powderkeg_lag_p50_ms", (("venue", "bybit"),)] >= 1
    assert told["powderkeg_stream_events_total", (("venue", "bybit"), ("stream", "liquidation"))] == 1
    assert told["powderkeg_queued_frames", ()] == 0
    assert all(help_of(name) for name, _ in told)


def test_a_name_that_cannot_be_a_file_is_refused(tmp_path):
    """Before anything is made."""
    for name in ("", "a/b", "ä", "a b"):
        with pytest.raises(InputError, match="name"):
            Collector(CollectorOptions(data_dir=tmp_path / "d", name=name, symbols={}))
