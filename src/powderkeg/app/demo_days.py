"""What the served demo finds recorded when it begins: three simulated days that end where the squeeze starts.

`python -m powderkeg.app.demo_days DIR --seed 7 --start-ns N` makes them, and with `--score` scores their maps; see
`live/demo_past.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.app.library import Library
from powderkeg.app.map_scores import score_library
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S, format_instant
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import SIMULATED_PREFIX, JournalMeta
from powderkeg.testing.fortnight import STEP_NS, STEPS_A_DAY, simulate_before
from powderkeg.testing.long_short import RATIO_STREAM, RATIO_VENUE
from powderkeg.testing.past_quotes import USUAL_RATE, quotes
from powderkeg.testing.recording import STREAM, RecordedFrame, record
from powderkeg.testing.squeeze import VENUE_SHARE
from powderkeg.testing.whole_books import BOOK_VENUE

DAYS: Final = 3
"""Two for the maps to be calibrated on, and the last one to score them."""

GRID_NS: Final = 5 * NS_PER_S
"""Open interest is told at multiples of it."""

_ALSO_TOLD: Final = {BOOK_VENUE: "+book", RATIO_VENUE: f"+{RATIO_STREAM}"}

Spans = Sequence[tuple[int, int]]


def make_past(data_dir: Path, *, seed: int, start_ns: int, days: int = DAYS) -> str:
    """Record and archive the days before a squeeze; whole or not at all.

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
    frames = past_frames(seed=seed, start_ns=start_ns, days=days, crowded_rate=USUAL_RATE)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=data_dir) as scratch:
        write_days(Path(scratch), name, frames, {venue: [past_span(start_ns, days)] for venue in VENUE_SHARE})
        made = journal_path(Path(scratch), name)
        kept = journal_path(data_dir, name)
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        for file in sorted(made.parent.glob(f"{name}.*"), reverse=True):  # the journal last: it is looked for
            file.replace(kept.with_name(file.name))
    archive.seal(data_dir, name)
    return name


def past_span(start_ns: int, days: int) -> tuple[int, int]:
    """From the first of so many days to the squeeze."""
    return _last_ns(start_ns) - days * STEPS_A_DAY * STEP_NS, start_ns


def past_frames(*, seed: int, start_ns: int, days: int, crowded_rate: float) -> list[RecordedFrame]:
    """What venues told in the days before a squeeze; prices, open interest and the book end where it goes on.

    Args:
        seed: the same seed gives the same days.
        start_ns: of the squeeze, a whole second.
        days: how many.
        crowded_rate: what funding has risen to at the end, per eight hours.
    """
    rng = np.random.default_rng(seed)
    last_ns = _last_ns(start_ns)
    before = simulate_before(rng, days=days, end_ns=last_ns + STEP_NS)
    return [*record(before, rng), *quotes(before.ticks, rng, at_ns=last_ns, crowded_rate=crowded_rate)]


def write_days(data_dir: Path, name: str, frames: Iterable[RecordedFrame], connected: Mapping[str, Spans]) -> None:
    """Write a journal of what was heard while venues were connected, and seal it.

    Args:
        data_dir: the data directory.
        name: the journal's id.
        frames: in any order.
        connected: venue -> the spans [opened, closed) of its connections, ns.
    """
    links = [(opened, closed, venue) for venue, spans in connected.items() for opened, closed in spans]
    told = sorted(frames, key=lambda frame: frame.ts_received_ns)
    heard = [(link, frame) for frame in told if (link := _link_of(frame, connected)) is not None]
    clock = iter(frame.ts_received_ns for _, frame in heard)
    end_ns = max(closed for _, closed, _ in links)
    meta = JournalMeta(journal_id=name, kind="simulated", options={"connections": str(len(links))})
    with Journal.create_or_resume(journal_path(data_dir, name), meta, now_ns=lambda: next(clock, end_ns)) as journal:
        sockets: dict[tuple[str, int], int] = {}
        for opened, _, venue in sorted(links):
            stream = f"{STREAM}+funding_rate{_ALSO_TOLD.get(venue, '')}"
            sockets[venue, opened] = journal.connect(venue=venue, stream=stream, kind="frames", opened_ns=opened)
        for link, frame in heard:
            journal.append(sockets[link], frame.ts_received_ns, frame.payload)
        for opened, closed, venue in links:
            journal.disconnect(sockets[venue, opened], closed)
        journal.seal()


def _link_of(frame: RecordedFrame, connected: Mapping[str, Spans]) -> tuple[str, int] | None:
    """Venue and opening of the connection that heard it."""
    for opened, closed in connected[frame.venue]:
        if opened <= frame.ts_received_ns < closed:
            return frame.venue, opened
    return None


def _last_ns(start_ns: int) -> int:
    return (start_ns - 1) // GRID_NS * GRID_NS


def score_past(data_dir: Path) -> int:
    """Score the maps of the days on their last one, and keep that; how many records.

    Raises:
        InputError: nothing there can be scored.
    """
    with Library(data_dir) as library:
        last_ns = max(int(bars.open_ns[-1]) for bars in library.maps.bars())
        cut = format_instant(last_ns - NS_PER_DAY)
        return score_library(library.maps, data_dir, cut, None, is_simulated=True).written or 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or score it, as the words say."""
    parser = argparse.ArgumentParser(prog="python -m powderkeg.app.demo_days", description="Simulated days.")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start-ns", type=int, default=0)
    parser.add_argument("--score", action="store_true", help="score the maps of the days that are there")
    parser.add_argument("--niceness", type=int, default=0, help="19 yields to everything else")
    options = parser.parse_args(arguments)
    os.nice(options.niceness)
    if options.score:
        score_past(options.data_dir)
    else:
        make_past(options.data_dir, seed=options.seed, start_ns=options.start_ns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
