"""The whole path on one core: journal to totals in events per second, its memory, and a table into the archive.

The journal holds simulated squeezes one after the other, in the wire formats of four venues: trades, mark prices, open
interest and liquidations, each squeeze on connections of its own. Everything is done that `powderkeg replay` does:
checksums, parsing, statistics, the table. Memory is the peak of a fresh process, for a part of the frames and for all.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.app.replay import replay_data_dir
from powderkeg.bench.base import Measure, best_seconds
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S
from powderkeg.store.importers.run import import_file
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.testing.recording import STREAM, record
from powderkeg.testing.squeeze import DURATION_S, START_NS, simulate_squeeze

SQUEEZES: Final = 16  # of ten minutes and some 27,000 frames each
PART: Final = 4  # how many times shorter the short journal is
ROWS: Final = 300_000
EVENTS_PER_S: Final = 200_000
GROWTH_MIB: Final = 8.0
"""What four times the frames may cost: room for the orders inside the totals' retention, 24 bytes each, and noise."""

_CHILD: Final = """
import sys
from pathlib import Path
from powderkeg.app.replay import replay_data_dir
replay_data_dir(Path(sys.argv[1])).totals(window_ns=86_400 * 10**9)
status = Path("/proc/self/status")
if status.exists():
    print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak // 1024 if sys.platform == "darwin" else peak)
"""


def run() -> list[Measure]:
    """Record, replay, weigh and import; nothing outside a temporary folder is touched."""
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder) / "whole", Path(folder) / "part"
        frames = _record(whole, SQUEEZES)
        _record(part, SQUEEZES // PART)
        return [*_replay(whole, frames), _memory(part, whole), _import(Path(folder))]


def _replay(data_dir: Path, frames: int) -> list[Measure]:
    events = 0

    def work() -> None:
        nonlocal events
        result = replay_data_dir(data_dir)
        assert not result.rejects
        assert result.totals(window_ns=24 * NS_PER_HOUR).rows
        events = sum(result.pipeline.counts.values())

    seconds = best_seconds(work, repeats=3)
    rate = events / seconds
    return [
        Measure(
            name="replay: journal to totals",
            figure=rate,
            unit="events/s",
            claim=f">= {EVENTS_PER_S:,}",
            holds=rate >= EVENTS_PER_S,
            note=f"{frames:,} frames of 4 venues, {events:,} events; one core",
        ),
        Measure(name="replay: journal to totals", figure=frames / seconds, unit="frames/s"),
    ]


def _memory(part: Path, whole: Path) -> Measure:
    before, after = _peak_mib(part), _peak_mib(whole)
    return Measure(
        name=f"replay: peak memory, {PART} times the frames",
        figure=after - before,
        unit="MiB more",
        claim=f"< {GROWTH_MIB:g}",
        holds=after - before < GROWTH_MIB,
        note=f"{before:.0f} MiB for a {PART}th of the frames, {after:.0f} MiB for all; fresh processes",
    )


def _peak_mib(data_dir: Path) -> float:
    done = subprocess.run([sys.executable, "-c", _CHILD, str(data_dir)], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def _record(data_dir: Path, squeezes: int) -> int:
    """Write a journal of squeezes, one starting where the other ends; the number of frames."""
    path = journal_path(data_dir, "bench")
    written = 0
    with Journal.create_or_resume(path, JournalMeta(journal_id="bench", kind="simulated"), now_ns=lambda: 0) as journal:
        for number in range(squeezes):
            start_ns = START_NS + number * DURATION_S * NS_PER_S
            dice = np.random.default_rng(number)
            sockets: dict[str, int] = {}
            for frame in record(simulate_squeeze(dice, start_ns=start_ns), dice):
                if frame.venue not in sockets:
                    sockets[frame.venue] = journal.connect(
                        venue=frame.venue, stream=STREAM, kind="frames", opened_ns=start_ns
                    )
                journal.append(sockets[frame.venue], frame.ts_received_ns, frame.payload)
                written += 1
        journal.seal()
    return written


def _import(folder: Path) -> Measure:
    """A day's aggregate trades as Binance publishes them, into the sealed archive."""
    path = folder / "BTCUSDT-aggTrades-2026-01-14.csv"
    path.write_text(_table())
    made: list[Path] = []

    def work() -> None:
        made.append(folder / f"imported-{len(made)}")
        result = import_file(made[-1], path)
        assert result.events == {"trade": ROWS}, result

    seconds = best_seconds(work, repeats=2)
    return Measure(
        name="import: aggTrades CSV to sealed archive",
        figure=ROWS / seconds,
        unit="rows/s",
        note=f"{ROWS:,} rows: checked, journaled, parsed, sorted, compressed and made durable",
    )


def _table() -> str:
    dice = np.random.default_rng(20260114)
    millis = 1_768_348_800_000 + np.sort(dice.integers(0, 86_400_000, ROWS))
    dimes = 955_000 + np.cumsum(dice.integers(-3, 4, ROWS))
    lots = np.maximum(1, np.exp(dice.normal(2.5, 1.8, ROWS))).astype(np.int64)
    makers = dice.random(ROWS) < 0.5
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    return header + "".join(
        f"{2_100_000_000 + n},{dime / 10:.1f},{lot / 1_000:.3f},{5_266_583_935 + 2 * n},{5_266_583_936 + 2 * n},{ms},"
        f"{'true' if maker else 'false'}\n"
        for n, (dime, lot, ms, maker) in enumerate(
            zip(dimes.tolist(), lots.tolist(), millis.tolist(), makers.tolist(), strict=True)
        )
    )
