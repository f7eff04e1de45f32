"""The real collector against seven simulated venues in another process, with faults: the account must be even.

A minute here; `powderkeg bench soak` is the ten-minute one.
"""

from __future__ import annotations

import os

import pytest

from powderkeg.bench.soak import soak
from powderkeg.bench.soak_account import unaccounted, wrong_totals
from powderkeg.bench.soak_canon import canonical_archive

SECONDS, RATE, SEED = (int(word) for word in os.environ.get("POWDERKEG_SOAK", "60,20000,7").split(","))

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


def test_r17_a_minute_of_faults_at_twenty_thousand_messages_a_second(tmp_path, measured):
    """Stored plus shed is what was sent, and every venue's totals are its own, to the order and to the cent."""
    report = soak(tmp_path, seconds=SECONDS, messages_per_s=RATE, seed=SEED)
    sent = sum(ledger["sent"] for ledger in report.ledgers.values())
    measured(
        f"R17 soak, seed {SEED}: {sent:,} messages, {report.rate:,.0f}/s with standstills by faults, "
        f"{report.reconnects} connections lost, {report.gaps} gaps, {report.rejects:,} rejects, "
        f"shed {sum(report.shed.values())}, p99 receipt to total {report.delay_p99_ms:.1f} ms, "
        f"{report.cpu_s / report.story_s:.2f} cores, memory {max(report.rss_mb):.0f} MB, "
        f"{report.slope_mb_per_min:+.1f} MB/min over the last half"
    )
    assert unaccounted(report) == []
    assert wrong_totals(report) == []
    live = {name: count for name, (count, _) in report.live_totals.items()}
    stored = {}
    for name, (count, _) in report.totals.items():
        stored[name.rpartition(" ")[0]] = stored.get(name.rpartition(" ")[0], 0) + count
    assert live == stored
    assert sent > 0.5 * RATE * SECONDS
    # A leak of one object a frame would be hundreds; the memory of rows may still be filling within a minute.
    assert report.slope_mb_per_min < 30


def test_r17_two_runs_with_one_seed_give_the_same_archive_to_the_byte(tmp_path, measured):
    """Same seed, same files: every row of every event with its receive time, and every reject, over real sockets.

    Received is what the story's clock says, and the records are archived connection by connection, because sockets of
    different venues interleave as they like (`bench.soak_canon`).
    """
    hashes, contents = [], []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        report = soak(folder, seconds=6, messages_per_s=5_000, seed=11, fault_every_s=3.0, is_repeatable=True)
        assert unaccounted(report) == []
        hashes.append(canonical_archive(folder / "data", folder / "canonical"))
        contents.append(report.content)
    assert contents[0] == contents[1]
    files = sorted((tmp_path / "first" / "canonical" / "archive").rglob("*.parquet"))
    for path in files:
        other = tmp_path / "second" / path.relative_to(tmp_path / "first")
        assert path.read_bytes() == other.read_bytes()
    rows = sum(rows for rows, _ in contents[0].values())
    measured(f"R17 two soaks with one seed: {rows:,} rows, {len(files)} Parquet files, equal to the byte")
    assert hashes[0] == hashes[1]
    assert files
