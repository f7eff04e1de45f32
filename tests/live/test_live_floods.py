"""What venues do when they misbehave: repeat, reorder, come late, send rubbish, or everything at once."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_child import row
from live_kit import NOON, Bench, liquidation, totals_of, trade
from test_live_restart import child, finished, uninterrupted

from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S
from powderkeg.store.query import Database
from powderkeg.testing.frames import liquidation_frame


def rows_frame(**changes):
    """A Bybit message with one liquidation, some of its fields changed; None takes one away."""
    told = {"T": str(NOON // 10**6), "s": '"BTCUSDT"', "S": '"Buy"', "v": '"1"', "p": '"95000"', **changes}
    fields = ",".join(f'"{name}":{text}' for name, text in told.items() if text is not None)
    return f'{{"topic":"allLiquidation.BTCUSDT","ts":1,"data":[{{{fields}}}]}}'.encode()


GARBAGE = {
    "bad JSON": rows_frame()[:-20],
    "NaN": rows_frame(v="NaN"),
    "infinite": rows_frame(v='"1e999"'),
    "negative": rows_frame(v='"-1"'),
    "1e308": rows_frame(v='"1e308"', p='"1e308"'),
    "missing field": rows_frame(v=None),
    "wrong type": rows_frame(T="[]"),
    "new enum value": rows_frame(S='"Hold"'),
    "unknown symbol": rows_frame(s='"//"'),
    "seconds for milliseconds": rows_frame(T=str(NOON // 10**9)),
    "invalid UTF-8": b'{"topic":"\xff\xfe"}',
    "9 MB": b'{"topic":"' + b"x" * 9_000_000 + b'"}',
    "200,000 deep": b"[" * 200_000,
    "gzip bomb": gzip.compress(b"0" * 50_000_000),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_r11_garbage_is_counted_and_changes_nothing(tmp_path, measured, name):
    """R11: the frame is stored, refused and listed; what comes before and after it on any venue counts as ever."""
    bench = Bench(tmp_path).start()
    for key in ("bybit", "gate"):
        bench.open(key, key)
    for number in range(20):
        bench.take(*row(number, NOON))
        if number in (4, 11):
            bench.take("bybit", GARBAGE[name])
    bench.session.stop()
    tally = bench.session.tally("bybit")
    measured(f"R11 {name}: {tally.rejects} of 2 refused and counted, all {tally.frames - 2} frames beside them read")
    assert bench.session.tally("bybit").rejects == 2
    assert bench.session.tally("bybit").failures == 0
    assert {venue for venue, _ in bench.session.rejects} == {"bybit"}
    assert all(reject.reason and len(reject.excerpt) <= 120 for _, reject in bench.session.rejects)
    assert sum(count for _, count in bench.totals(NOON + 3_600 * NS_PER_S).values()) == 4 * 20
    with Database(tmp_path) as database:
        assert database.rows("SELECT count(*) AS orders FROM liquidation") == [{"orders": 20}]


def test_a_bug_of_ours_in_one_frame_is_contained(tmp_path, monkeypatch):
    """An exception nobody foresaw is told once and counted; the session goes on."""
    bench = Bench(tmp_path).start()
    bench.open("bybit", "bybit")
    update, seen = bench.session.pipeline.update, []

    def fail_on_third(events):
        seen.append(events)
        if len(seen) in (3, 4):
            raise ZeroDivisionError("ours")
        update(events)

    monkeypatch.setattr(bench.session.pipeline, "update", fail_on_third)
    for number in range(0, 20, 2):
        bench.take(*row(number, NOON))
    bench.session.stop()
    assert bench.session.tally("bybit").failures == 2
    assert len([line for line in bench.alerts if "our code failed" in line]) == 1
    assert sum(count for _, count in bench.totals(NOON + 3_600 * NS_PER_S).values()) == 4 * 8


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), late_minutes=st.integers(0, 10))
def test_r10_repeats_disorder_and_lateness_leave_the_totals_alone(tmp_path_factory, seed, late_minutes):
    """R10: the last hundred again on every reconnect, shuffled, some ten minutes late: the totals are the oracle's."""
    folder, rng = tmp_path_factory.mktemp("disorder"), random.Random(seed)
    bench = Bench(folder).start(("bybit", "gate"))
    late = set(rng.sample(range(600), 40))
    order = sorted((number for number in range(600)), key=lambda number: number + rng.uniform(0, 8))
    held = [number for number in order if number in late]
    sent = []
    for step, number in enumerate(number for number in order if number not in late):
        if step % 150 == 0:
            for venue in ("bybit", "gate"):
                key = f"{venue}#{step}"
                bench.session.closed(f"{venue}#{step - 150}", bench.now_ns, is_lost=True)
                bench.open(key, venue, "liquidation")
            for again in sent[-100:]:
                venue, frame = row(again, NOON)
                bench.take(f"{venue}#{step}", frame)
        venue, frame = row(number, NOON)
        bench.take(f"{venue}#{step - step % 150}", frame)
        sent.append(number)
    bench.now_ns += late_minutes * NS_PER_MINUTE
    for number in held:
        venue, frame = row(number, NOON)
        bench.take(f"{venue}#450", frame)
    bench.session.stop()
    found = totals_of(bench.session.pipeline.totals, NOON + 3_600 * NS_PER_S)
    assert sorted(map(repr, found.items())) == uninterrupted(folder, 600, NOON)


def test_ids_count_once_however_often_they_come(tmp_path):
    """A feed with ids (Deribit) may repeat on one connection and on many: live, and by SQL over what was stored."""
    bench = Bench(tmp_path).start(("deribit",))
    for key in ("a", "b"):
        bench.open(key, "deribit")
    frames = [
        liquidation_frame(
            "deribit",
            venue_symbol="BTC-PERPETUAL",
            position_side="long",
            qty=1_000.0,
            price=95_000.0,
            ts_ms=NOON // 10**6 + serial,
            serial=serial,
        )
        for serial in range(1, 101)
    ]
    for repeat in range(3):
        for frame in frames:
            bench.take("ab"[repeat % 2], frame)
    bench.session.stop()
    assert sum(count for _, count in bench.totals(NOON + 3_600 * NS_PER_S).values()) == 4 * 100
    with Database(tmp_path) as database:
        assert database.rows("SELECT count(*) AS orders, sum(notional_usd) AS usd FROM liquidation") == [
            {"orders": 100, "usd": 100_000.0}
        ]


def test_r12_fifty_thousand_events_in_a_second(tmp_path, measured):
    """R12: every one stored or counted, memory within 300 MB of before, caught up within 30 s."""
    facts = json.loads(finished(child("burst", tmp_path, NOON, 50_000))[-1])
    measured(
        f"R12 {facts['offered']:,} events within {facts['offered_s']:.2f} s: stored {facts['durable']:,}, shed "
        f"{facts['shed']}, memory +{facts['grown_mb']:.0f} MB, caught up {facts['caught_up_s']:.2f} s later"
    )
    assert facts["durable"] + facts["shed"] == facts["offered"] == 50_000
    assert facts["counted"] == facts["durable"]
    assert facts["grown_mb"] < 300
    assert facts["caught_up_s"] < 30


def test_the_longest_flood_is_shed_and_memory_stays_bounded(tmp_path, measured):
    """Four times as much, faster than anyone could decode it: what is not taken is counted, and nothing grows."""
    facts = json.loads(finished(child("burst", tmp_path, NOON, 200_000))[-1])
    measured(
        f"flood of {facts['offered']:,} frames without a pause: stored {facts['durable']:,}, shed {facts['shed']:,}, "
        f"memory +{facts['grown_mb']:.0f} MB"
    )
    assert facts["durable"] + facts["shed"] == facts["offered"] == 200_000
    assert facts["shed"] > 0
    assert facts["grown_mb"] < 300


def test_trades_of_a_flooded_venue_do_not_push_out_another_venues_liquidations(tmp_path):
    """Each venue has its own bound: one full queue, and the other venue loses nothing."""
    bench = Bench(tmp_path, max_frames=100).start(rebuilt=False)
    bench.open("loud", "bybit")
    bench.open("calm", "gate")
    for number in range(1_000):
        bench.take("loud", trade("bybit", at_ns=NOON + number))
    for number in range(50):
        bench.take("calm", liquidation("gate", at_ns=NOON + number * 10**9))
    bench.rebuild()
    bench.session.stop()
    assert sum(bench.session.tally("bybit").shed.values()) == 930
    assert bench.session.tally("gate").shed == {}
    assert bench.session.tally("gate").events == 50
