"""The demo: a simulated squeeze, journaled frame by frame, archived, and asked the questions a person would ask."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from powderkeg.app.library import Library
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.stats.liquidation_table import LiquidationHistory, LiquidationTable
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, journal_paths
from powderkeg.store.journal_format import SIMULATED_PREFIX, JournalMeta
from powderkeg.testing.exchange_squeeze import simulate_exchange_squeeze
from powderkeg.testing.recording import STREAM, RecordedFrame, record, told_price
from powderkeg.testing.squeeze import COINS, DURATION_S, START_NS, Squeeze

WINDOW: Final = "10m"
BAR: Final = "30s"


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo shows.

    Attributes:
        frames: how many messages were journaled; raw_bytes, journal_bytes: their size before and after.
        totals: by coin and venue; venues: by venue alone; history: bars of all coins together.
        truth_usd: venue -> what really happened in the simulation at the price the venue tells; no feed shows it whole.
        prices: (instant, price) of the first coin at each bar's open.
    """

    seed: int
    frames: int
    raw_bytes: int
    journal_bytes: int
    totals: LiquidationTable
    venues: LiquidationTable
    history: LiquidationHistory
    truth_usd: dict[str, float]
    prices: tuple[tuple[int, float], ...]


def run_demo(*, seed: int, data_dir: Path | None = None) -> Demo:
    """Simulate, record, archive, ask.

    Args:
        seed: of the simulation; the same seed gives the same bytes.
        data_dir: where to keep the recording; by default it is thrown away.

    Raises:
        InputError: the directory holds other recordings, which must not be mixed with simulated ones.
    """
    with _directory(data_dir, seed) as folder:
        rng = np.random.default_rng(seed)
        squeeze = simulate_exchange_squeeze(rng)
        frames = record(squeeze, rng)
        journal_bytes = _keep(folder, seed, frames)
        with Library(folder) as library:
            as_of = (START_NS + DURATION_S * NS_PER_S) // 1_000_000
            return Demo(
                seed=seed,
                frames=len(frames),
                raw_bytes=sum(len(frame.payload) for frame in frames),
                journal_bytes=journal_bytes,
                totals=library.liquidations(window=WINDOW, as_of=as_of, by=("coin", "venue")),
                venues=library.liquidations(window=WINDOW, as_of=as_of, by="venue"),
                history=library.liquidation_history(interval=BAR, window=WINDOW, as_of=as_of),
                truth_usd=_truth(squeeze),
                prices=_prices(squeeze),
            )


def _journal_id(seed: int) -> str:
    return f"{SIMULATED_PREFIX}{seed}"


@contextmanager
def _directory(data_dir: Path | None, seed: int) -> Generator[Path]:
    if data_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="powderkeg-demo-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    others = [path.stem for path in journal_paths(data_dir) if path.stem != _journal_id(seed)]
    if others:
        raise InputError(
            f"{data_dir} already holds {', '.join(others[:3])}; simulated data must not be mixed with anything else: "
            "give the demo a directory of its own with --data"
        )
    yield data_dir


def _keep(folder: Path, seed: int, frames: list[RecordedFrame]) -> int:
    """Journal and archive the frames, once; the size of the journal."""
    path = journal_path(folder, _journal_id(seed))
    if not path.exists():
        clock = iter(frame.ts_received_ns for frame in frames)
        meta = JournalMeta(journal_id=_journal_id(seed), kind="simulated", options={"seed": str(seed)})
        with Journal.create_or_resume(path, meta, now_ns=lambda: next(clock, 0)) as journal:
            sockets: dict[str, int] = {}
            for frame in frames:
                if frame.venue not in sockets:
                    sockets[frame.venue] = journal.connect(
                        venue=frame.venue, stream=STREAM, kind="frames", opened_ns=START_NS
                    )
                journal.append(sockets[frame.venue], frame.ts_received_ns, frame.payload)
            for connection_id in sockets.values():
                journal.disconnect(connection_id, START_NS + DURATION_S * NS_PER_S)
            journal.seal()
    archive.seal(folder, _journal_id(seed))
    return path.stat().st_size


def _truth(squeeze: Squeeze) -> dict[str, float]:
    """What happened, at the price the venue tells, so that only what a feed leaves out is between it and a total."""
    truth: dict[str, float] = {}
    for event in squeeze.liquidations:
        truth[event.venue] = truth.get(event.venue, 0.0) + event.qty_base * told_price(event)
    return truth


def _prices(squeeze: Squeeze) -> tuple[tuple[int, float], ...]:
    return tuple((tick.ts_ns, tick.price) for tick in squeeze.ticks if tick.coin == COINS[0].name)
