"""The journal: frames per second into committed batches, and bytes on disk per byte received."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.store.journal_reader import JournalReader

FRAMES = 600_000
CONNECTIONS = 4


def run() -> list[Measure]:
    """Write and read back frames of realistic text; nothing outside a temporary folder is touched."""
    stream = frames(FRAMES)
    raw_bytes = sum(len(frame) for _, frame in stream)
    note = f"{FRAMES:,} Binance-like trade frames of {raw_bytes / FRAMES:.0f} bytes, 4 connections, synchronous=FULL"
    with tempfile.TemporaryDirectory() as folder:
        made: list[Path] = []

        def write() -> None:
            path = journal_path(Path(folder), f"bench-{len(made)}")
            _write(path, stream)
            made.append(path)

        write_s = best_seconds(write, repeats=3)
        stored = made[-1].stat().st_size
        read_s = best_seconds(lambda: _read(made[-1]), repeats=3)
    share = 100 * stored / raw_bytes
    rate = FRAMES / write_s
    return [
        Measure(
            name="journal: append to commit",
            figure=rate,
            unit="frames/s",
            claim=">= 150,000",
            holds=rate >= 150_000,
            note=note,
        ),
        Measure(name="journal: on disk", figure=share, unit="% of raw", claim="<= 25", holds=share <= 25, note=note),
        Measure(name="journal: read back", figure=FRAMES / read_s, unit="frames/s", note="checksums verified"),
    ]


def frames(count: int) -> list[tuple[int, bytes]]:
    """Deterministic (receive time ns, frame): a random walk of prices, bursts, and sizes as unevenly spread as real."""
    dice = np.random.default_rng(20260114)
    cents = 9_550_000 + np.cumsum(dice.integers(-3, 4, count) * (dice.random(count) < 0.3)) * 10
    lots = np.maximum(1, np.exp(dice.normal(2.5, 1.8, count))).astype(np.int64)
    event_ms = 1_768_420_800_000 + np.cumsum((dice.random(count) < 0.25) * dice.integers(1, 60, count))
    received_ns = event_ms * 1_000_000 + dice.integers(2_000_000, 9_000_000, count)
    makers = dice.random(count) < 0.5
    return [
        (
            received,
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"BTCUSDT","t":%d,"p":"%d.%02d",'
            b'"q":"%d.%03d","X":"MARKET","m":%s}}'
            % (ms, ms, 5_266_583_935 + n, c // 100, c % 100, q // 1000, q % 1000, b"true" if maker else b"false"),
        )
        for n, (c, q, ms, received, maker) in enumerate(
            zip(cents.tolist(), lots.tolist(), event_ms.tolist(), received_ns.tolist(), makers.tolist(), strict=True)
        )
    ]


def _write(path: Path, stream: list[tuple[int, bytes]]) -> None:
    meta = JournalMeta(journal_id=path.stem, kind="live")
    with Journal.create_or_resume(path, meta, now_ns=time.monotonic_ns) as journal:
        ids = [
            journal.connect(venue="binance-usdm", stream=f"market-{n}", kind="frames", opened_ns=stream[0][0])
            for n in range(CONNECTIONS)
        ]
        for n, (received_ns, frame) in enumerate(stream):
            journal.append(ids[n % CONNECTIONS], received_ns, frame)


def _read(path: Path) -> int:
    with JournalReader(path) as reader:
        return sum(1 for _ in reader.records())
