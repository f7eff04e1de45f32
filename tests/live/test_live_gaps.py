"""The gap ledger: what a collector did not observe reaches every query, from Python and from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from live_child import row
from live_kit import NOON, Bench

from powderkeg import open as open_keg
from powderkeg.app.live.watched import NOT_RUNNING
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, format_instant
from powderkeg.store import archive

SILENT = "canary silent for 14 s"


def collected(tmp_path, *, name="main", gaps=(), backfilled=()):
    """An hour of one venue from noon on, a frame at each end, with gaps in between."""
    bench = Bench(tmp_path, name=name).start(("bybit",))
    bench.open("b", "bybit", "liquidation+trade")
    bench.take("b", row(0, NOON)[1])
    for from_min, to_min in gaps:
        span = (NOON + from_min * NS_PER_MINUTE, NOON + to_min * NS_PER_MINUTE)
        bench.session.gap(FeedGap("bybit", "liquidation+trade", *span, SILENT))
    for from_min, to_min in backfilled:
        span = (NOON + from_min * NS_PER_MINUTE, NOON + to_min * NS_PER_MINUTE)
        bench.session.backfilled(FeedGap("bybit", "liquidation", *span, SILENT))
    bench.now_ns = NOON + NS_PER_HOUR
    bench.take("b", row(2, NOON)[1], after_ms=0)
    return bench


def told(tmp_path):
    """The table of the hour, from Python."""
    with open_keg(tmp_path) as library:
        return library.liquidations(window="1h", as_of=format_instant(NOON + NS_PER_HOUR)).to_dict()


def minutes(gaps):
    """[(from, to, reason)] of gaps as JSON has them, in minutes after noon."""
    return [(gap["from"][11:16], gap["to"][11:16], gap["reason"]) for gap in gaps]


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_total_carries_the_gaps_of_its_window(tmp_path, is_archived):
    """Python, the command line and the live snapshot: from, to, reason, and the share that is left."""
    bench = collected(tmp_path, gaps=[(10, 16), (40, 41)])
    bench.turn()
    live = bench.session.pipeline.totals.totals(
        NOON + NS_PER_HOUR,
        NS_PER_HOUR,
        observed=bench.session.watched.observed([("bybit", "liquidation+trade", NOON)], bench.now_ns),
        gaps=[gap for gap in bench.session.watched.gaps if gap.stream == "liquidation"],
    ).to_dict()
    bench.session.stop()
    if is_archived:
        archive.grow(tmp_path, "main-2026-07-15")
    words = ["liquidations", "--data", str(tmp_path), "--window", "1h", "--as-of", format_instant(NOON + NS_PER_HOUR)]
    answer = subprocess.run(
        [sys.executable, "-m", "powderkeg.cli.main", *words, "--json"], check=True, capture_output=True, timeout=60
    )
    for table in (live, told(tmp_path), json.loads(answer.stdout)):
        (line,) = table["rows"]
        (source,) = table["sources"]
        assert minutes(line["gaps"]) == [("12:10", "12:16", SILENT), ("12:40", "12:41", SILENT)]
        assert {(gap["venue"], gap["stream"]) for gap in line["gaps"]} == {("bybit", "liquidation")}
        assert source["gaps"] == line["gaps"]
        assert line["coverage"] == source["coverage"] == pytest.approx(53 / 60)
        assert line["is_floor"]


def test_a_backfilled_gap_counts_as_observed_and_says_so(tmp_path):
    """Of two gaps one was told afterwards: the other is left, and the filled one is marked with its reason."""
    collected(tmp_path, gaps=[(10, 16), (40, 41)], backfilled=[(10, 16)]).session.stop()
    table = told(tmp_path)
    (line,), (source,) = table["rows"], table["sources"]
    assert minutes(line["gaps"]) == [("12:40", "12:41", SILENT)]
    assert minutes(source["backfilled"]) == [("12:10", "12:16", SILENT)]
    assert line["coverage"] == pytest.approx(59 / 60)


def test_one_collectors_gap_is_none_where_another_was_watching(tmp_path):
    """Two collectors, gaps that overlap in part: only what both missed is missing."""
    collected(tmp_path, gaps=[(10, 16)]).session.stop()
    collected(tmp_path, name="other", gaps=[(14, 20)]).session.stop()
    assert minutes(told(tmp_path)["sources"][0]["gaps"]) == [("12:14", "12:16", SILENT)]


def test_the_ledger_can_be_asked_by_itself(tmp_path):
    """Every stream of every venue, or some; a window takes what reaches into it."""
    collected(tmp_path, gaps=[(10, 16), (40, 41)]).session.stop()
    with open_keg(tmp_path) as library:
        assert len(library.gaps()) == 4
        assert {gap.stream for gap in library.gaps()} == {"liquidation", "trade"}
        assert library.gaps(venue="okx") == ()
        (gap,) = library.gaps(venue="Bybit", stream="trade", window="30m", as_of=format_instant(NOON + NS_PER_HOUR))
    span = (NOON + 40 * NS_PER_MINUTE, NOON + 41 * NS_PER_MINUTE)
    assert gap == FeedGap("bybit", "trade", *span, SILENT)


def test_a_restart_knows_the_gaps_of_before(tmp_path):
    """And adds the time between the two runs, with its reason; live numbers carry both."""
    collected(tmp_path, gaps=[(10, 16)]).session.stop()
    second = Bench(tmp_path, now_ns=NOON + 2 * NS_PER_HOUR).start(("bybit",))
    second.open("b", "bybit", "liquidation+trade")
    known = [gap for gap in second.session.watched.gaps if gap.stream == "liquidation"]
    second.session.stop()
    assert [(gap.reason, gap.to_ns - gap.from_ns) for gap in known] == [
        (SILENT, 6 * NS_PER_MINUTE),
        (NOT_RUNNING, NS_PER_HOUR),
    ]
