"""What the served demo finds recorded when it begins: two simulated days that end where the squeeze starts.

`python -m powderkeg.app.demo_days DIR --seed 7 --start-ns N` makes them; see `live/demo_past.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.domain.time import NS_PER_S
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import SIMULATED_PREFIX, JournalMeta
from powderkeg.testing.fortnight import STEP_NS, STEPS_A_DAY, simulate_before
from powderkeg.testing.past_quotes import BOOK_VENUE, USUAL_RATE, quotes
from powderkeg.testing.recording import STREAM, RecordedFrame, record
from powderkeg.testing.squeeze import VENUE_SHARE

DAYS: Final = 2
GRID_NS: Final = 5 * NS_PER_S
"""Open interest is told at multiples of it."""


def make_past(data_dir: Path, *, seed: int, start_ns: int, days: int = DAYS) -> str:
    """Record and archive the days before a squeeze; whole or not at all.

    Prices, open interest and funding end where the venues of the squeeze go on, and the recorded book is as deep as the
    market of the squeeze, all venues together: a ladder reads one book, and its fuel is of all venues.

    Args:
        data_dir: the data directory.
        seed: the same seed gives the same days.
        start_ns: of the squeeze, a whole second.
        days: how many.

    Returns:
        The journal's id.
    """
    name = f"{SIMULATED_PREFIX}{seed}-before"
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=data_dir) as scratch:
        _record(Path(scratch), name, seed=seed, start_ns=start_ns, days=days)
        made = journal_path(Path(scratch), name)
        kept = journal_path(data_dir, name)
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        for file in sorted(made.parent.glob(f"{name}.*"), reverse=True):  # the journal last: it is looked for
            file.replace(kept.with_name(file.name))
    archive.seal(data_dir, name)
    return name


def _record(folder: Path, name: str, *, seed: int, start_ns: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    last_ns = (start_ns - 1) // GRID_NS * GRID_NS
    before = simulate_before(rng, days=days, end_ns=last_ns + STEP_NS)
    frames = record(before, rng)
    frames += quotes(before.ticks, rng, at_ns=last_ns, crowded_rate=USUAL_RATE, depth_ratio=1.0)
    heard = sorted((one for one in frames if one.ts_received_ns < start_ns), key=lambda one: one.ts_received_ns)
    clock = iter(frame.ts_received_ns for frame in heard)
    meta = JournalMeta(journal_id=name, kind="simulated", options={"seed": str(seed), "days": str(days)})
    path = journal_path(folder, name)
    with Journal.create_or_resume(path, meta, now_ns=lambda: next(clock, start_ns)) as journal:
        _write(journal, heard, last_ns - days * STEPS_A_DAY * STEP_NS, start_ns)
        journal.seal()


def _write(journal: Journal, heard: Sequence[RecordedFrame], opened_ns: int, closed_ns: int) -> None:
    """A connection a venue, all that while."""
    sockets: dict[str, int] = {}
    for venue in VENUE_SHARE:
        told = [STREAM, "funding_rate", *(["book"] if venue == BOOK_VENUE else [])]
        sockets[venue] = journal.connect(venue=venue, stream="+".join(told), kind="frames", opened_ns=opened_ns)
    for frame in heard:
        journal.append(sockets[frame.venue], frame.ts_received_ns, frame.payload)
    for connection_id in sockets.values():
        journal.disconnect(connection_id, closed_ns)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it, as the words say."""
    parser = argparse.ArgumentParser(prog="python -m powderkeg.app.demo_days", description="Simulated days.")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start-ns", type=int, required=True)
    options = parser.parse_args(arguments)
    make_past(options.data_dir, seed=options.seed, start_ns=options.start_ns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
