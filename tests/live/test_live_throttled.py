"""What a throttled feed hides: floor, truth and ceiling of simulated venues, through the live session."""

from __future__ import annotations

import json
import subprocess
import sys

from live_kit import Bench

from powderkeg.app.library import open_library
from powderkeg.domain.time import NS_PER_S
from powderkeg.testing.venues import Scenario
from powderkeg.testing.venues.contracts import NANO_PER_USD

VENUES = ("binance-usdm", "bitget")
MINUTES = 60


def played(tmp_path, seed):
    """An hour of two throttled venues with Poisson arrivals, through a live session; and what happened by minute."""
    story = Scenario(
        seed=seed,
        venues=VENUES,
        messages_per_s=150.0,
        liquidation_share=0.02,
        burst_every_s=0.0,
        duration_s=60 * MINUTES,
    )
    bench = Bench(tmp_path, now_ns=story.start_ns, kind="simulated").start(VENUES)
    truth = {}
    for venue in VENUES:
        bench.now_ns = story.start_ns
        bench.open(venue, venue, "liquidation+mark_price")
        for frame in story.frames(venue):
            if frame.kind in ("liquidation", "mark_price"):
                bench.now_ns = frame.at_ns
                bench.session.take(venue, frame.at_ns, frame.payload)
            for forced in (*frame.told, *frame.untold):
                # The feed's own second: a message at its end tells what happened in it.
                key = (venue, forced.coin, (forced.row.ts_ms * 10**6 - story.start_ns) // (60 * NS_PER_S))
                truth[key] = truth.get(key, 0) + forced.notional_nusd / NANO_PER_USD
        bench.turn()
    bench.session.stop()
    return story, bench.session.pipeline.totals, truth


def test_floor_and_interval_of_a_throttled_feed_by_the_minute(tmp_path, measured):
    """The floor is never above the truth; the 90 % interval holds it in at least 85 % of minutes not saturated."""
    held, floors, tried, estimates, truths = 0, 0.0, 0, 0.0, 0.0
    story, totals, truth = played(tmp_path, seed=23)
    for minute in range(MINUTES):
        as_of_ns = story.start_ns + (minute + 1) * 60 * NS_PER_S
        for row in totals.totals(as_of_ns, 60 * NS_PER_S).rows:
            happened = truth.get((row.venue, row.coin, minute), 0.0)
            assert row.total_usd <= happened + 0.01
            assert row.is_floor
            if row.saturated_ratio:
                continue
            tried += 1
            held += row.estimate_low_usd - 0.01 <= happened <= row.estimate_high_usd + 0.01
            floors, estimates, truths = floors + row.total_usd, estimates + row.estimate_usd, truths + happened
    measured(
        f"throttled venues: the 90 % interval holds the truth in {held / tried:.1%} of {tried} minutes and coins; "
        f"floor {floors / truths:.2f}, estimate {estimates / truths:.2f} of the truth"
    )
    assert tried > 300
    assert held / tried >= 0.85


def test_floor_truth_and_ceiling_of_a_squeeze(tmp_path):
    """Over real sockets, where open interest falls by what is liquidated: floor <= truth <= ceiling, venue by venue."""
    words = ["demo", "--live", "--seconds", "5", "--seed", "11", "--data", str(tmp_path / "d"), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "powderkeg.cli.main", *words], capture_output=True, timeout=60, check=True
    )
    told = json.loads(done.stdout)
    with open_library(tmp_path / "d") as library:
        as_of = told["as_of"]
        rows = {row.venue: row for row in library.liquidations(window="24h", as_of=as_of, by="venue").rows}
    assert set(rows) == set(told["truth_usd"])
    for venue, truth in told["truth_usd"].items():
        row = rows[venue]
        assert row.total_usd <= truth + 0.01
        assert row.ceiling_usd is None or row.ceiling_usd >= row.total_usd
    ceilings = {venue: rows[venue].ceiling_usd for venue in rows if rows[venue].ceiling_usd is not None}
    assert ceilings, "some venue tells its open interest"
    assert all(ceiling >= told["truth_usd"][venue] * 0.999 for venue, ceiling in ceilings.items())
