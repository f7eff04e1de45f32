"""A minute of hundreds of real listeners: simulated venues, a collector, its server and the readers, each a process.

`powderkeg bench web` is the ten-minute one. Figures of time are printed and not held to a bound: other tests run here.
"""

from __future__ import annotations

import pytest

from powderkeg.bench.web_load import measure
from powderkeg.bench.web_stand import Load
from powderkeg.web.hub import RING

READERS, MUTES = 200, 500
LEAKED_MB = 4.0
"""A kilobyte for each event would be twice as much, one for each event of each reader a hundred times."""

pytestmark = [pytest.mark.long_wait, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def loaded():
    """A minute with readers, then a quarter of one beside those that never read."""
    return measure(
        Load(
            alone_s=3.0,
            read_s=60.0,
            beside_s=15.0,
            readers=READERS,
            mutes=MUTES,
            rate=400.0,
            liquidation_share=0.8,
            is_ahead=False,
        )
    )


def told(name, stretch):
    """Its figures, in a line."""
    heard = stretch.heard
    return (
        f"{name}: {stretch.events_per_s:.0f} events/s to each for {stretch.seconds:.0f} s; from receipt to reader "
        f"p50 {heard.p50_ms:.0f} ms, p99 {heard.p99_ms:.0f} ms; to the total p99 {stretch.total_p99_ms:.1f} "
        f"ms; server {stretch.cores:.2f} cores, {stretch.rss_mb[-1]:.0f} MB ({stretch.grown_mb:+.1f} MB)"
    )


def test_two_hundred_readers_get_every_event_once_in_order_for_a_minute(loaded, measured):
    """Ids follow on each other at every reader to the last; who could not keep up was told, and nobody was cut else."""
    read, last = loaded.read, loaded.last
    measured(told(f"{READERS} streams", read))
    measured(f"collector p99 without readers: {loaded.alone.total_p99_ms:.1f} ms from receipt to total")
    assert read.seconds >= 60
    assert read.events_per_s > 100
    assert last.holes == 0
    assert last.ended == last.resyncs
    assert last.last_ids[0] == last.last_ids[1] > RING + 60 * 100


def test_memory_and_processor_of_the_server_stay_where_they_are(loaded):
    """From the first third of the minute to its end, with the ring of events full from the start."""
    assert loaded.read.grown_mb < LEAKED_MB
    assert loaded.read.cores < 0.75


def test_r13_those_who_never_read_are_evicted_and_harm_nobody(loaded, measured):
    """R13 with 500: each is cut off with a code, memory is bounded and does not grow on, readers miss nothing."""
    beside = loaded.beside
    measured(told(f"{READERS} streams beside {MUTES} that never read", beside))
    measured(f"{MUTES} streams that never read: server {max(beside.rss_mb) - loaded.read.rss_mb[-1]:+.0f} MB at most")
    assert loaded.evicted.keys() <= {"slow", "stalled"}
    assert sum(loaded.evicted.values()) == MUTES + loaded.last.resyncs
    assert loaded.listeners == READERS - loaded.last.ended
    assert beside.events_per_s > 100
    assert max(*beside.rss_mb, loaded.after_mb) - loaded.read.rss_mb[-1] < 100
