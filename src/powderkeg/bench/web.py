"""The dashboard's server under load, as claims: see `web_load`.

Ten minutes in all; `POWDERKEG_BENCH_WEB_S` is another length.
"""

from __future__ import annotations

import os
from typing import Final

from powderkeg.bench.base import Measure
from powderkeg.bench.web_load import measure
from powderkeg.bench.web_stand import Load

SECONDS: Final = 600


def run() -> list[Measure]:
    """The three stretches: a sixth, a half and a third of the time."""
    seconds = float(os.environ.get("POWDERKEG_BENCH_WEB_S", SECONDS))
    load = Load(alone_s=seconds / 6, read_s=seconds / 2, beside_s=seconds / 3)
    found = measure(load)
    alone, read, beside = found.alone, found.read, found.beside
    assert read.heard is not None
    assert beside.heard is not None
    note = f"{read.events_per_s:.0f} events/s to each of {load.readers} readers for {read.seconds:.0f} s"
    hostile = f"beside {load.mutes} that never read"
    missed = float(found.last.holes + found.last.ended)
    return [
        _claimed("web: p99 event to reader", read.heard.p99_ms or 0.0, "ms", 250.0, note),
        Measure(name="web: p50 event to reader", figure=read.heard.p50_ms or 0.0, unit="ms"),
        _claimed("web: p99 event to reader, attacked", beside.heard.p99_ms or 0.0, "ms", 250.0, hostile),
        _claimed("web: p99 receipt to total, nobody reads", alone.total_p99_ms, "ms", 50.0, "the collector"),
        _claimed("web: p99 receipt to total, read", read.total_p99_ms, "ms", 50.0, "the collector"),
        _claimed("web: p99 receipt to total, attacked", beside.total_p99_ms, "ms", 50.0, "the collector"),
        Measure(name="web: processor, read", figure=read.cores, unit="cores", note="the server's"),
        _claimed("web: memory slope, read", read.slope_mb_per_min, "MB/min", 1.0, f"{read.rss_mb[-1]:.0f} MB"),
        Measure(name="web: memory, attacked", figure=max(beside.rss_mb), unit="MB", note=hostile),
        _claimed("web: holes, and readers cut off", missed, "of them", 1.0, "none may be"),
    ]


def _claimed(name: str, figure: float, unit: str, limit: float, note: str) -> Measure:
    return Measure(name=name, figure=figure, unit=unit, claim=f"< {limit:g}", holds=figure < limit, note=note)
