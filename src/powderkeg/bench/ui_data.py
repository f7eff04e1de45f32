"""A data directory for looking at the dashboard: days of a simulated market, a gap in them, and the squeeze."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import SIMULATED_PREFIX, JournalMeta
from powderkeg.testing.fortnight import DAYS, STEP_NS, STEPS_A_DAY, simulate_before
from powderkeg.testing.past_quotes import BOOK_VENUE, quotes
from powderkeg.testing.recording import STREAM, RecordedFrame, record
from powderkeg.testing.squeeze import DURATION_S, START_NS, Squeeze, simulate_squeeze

END_NS: Final = START_NS + DURATION_S * NS_PER_S
TOLD: Final = f"{STREAM}+funding_rate"
SILENT: Final = {"okx": (7 * NS_PER_HOUR, 5 * NS_PER_HOUR), "bitget": (2 * NS_PER_HOUR, 100 * 60 * NS_PER_S)}
"""Venue -> the hours before the end between which its connection was down."""


def make_data(folder: Path, *, seed: int = 7, days: int = DAYS, calm_until_ns: int | None = None) -> int:
    """Record and archive it; the instant it ends, ns.

    Args:
        folder: the data directory; nothing else may be in it.
        seed: of everything; the same seed gives the same bytes.
        days: before the squeeze.
        calm_until_ns: end at this instant and without the squeeze, so that a live session can go on from there.
    """
    rng = np.random.default_rng(seed)
    before = simulate_before(rng, days=days, end_ns=calm_until_ns or START_NS)
    squeeze_rng = np.random.default_rng(seed)
    squeeze = simulate_squeeze(squeeze_rng) if calm_until_ns is None else Squeeze((), (), ())
    frames = [*record(before, rng), *quotes(before.ticks + squeeze.ticks, rng)]
    if calm_until_ns is None:
        frames += record(squeeze, squeeze_rng)
    end_ns = calm_until_ns or END_NS
    name = f"{SIMULATED_PREFIX}{seed}"
    meta = JournalMeta(journal_id=name, kind="simulated", options={"seed": str(seed), "days": str(days)})
    first_ns = (calm_until_ns or START_NS) - days * STEPS_A_DAY * STEP_NS
    heard = sorted((frame for frame in frames if _is_heard(frame, end_ns)), key=lambda frame: frame.ts_received_ns)
    clock = iter(frame.ts_received_ns for frame in heard)
    with Journal.create_or_resume(journal_path(folder, name), meta, now_ns=lambda: next(clock, end_ns)) as journal:
        _write(journal, heard, first_ns, end_ns)
        journal.seal()
    archive.seal(folder, name)
    return end_ns


def _is_heard(frame: RecordedFrame, end_ns: int) -> bool:
    down_ns, up_ns = SILENT.get(frame.venue, (0, 0))
    return not end_ns - down_ns <= frame.ts_received_ns < end_ns - up_ns


def _write(journal: Journal, frames: list[RecordedFrame], first_ns: int, end_ns: int) -> None:
    sockets: dict[str, int] = {}
    for frame in frames:
        down_ns, up_ns = SILENT.get(frame.venue, (-1, -1))
        is_back = down_ns >= 0 and frame.ts_received_ns >= end_ns - up_ns
        key = f"{frame.venue} again" if is_back else frame.venue
        if key not in sockets:
            if is_back:
                journal.disconnect(sockets[frame.venue], end_ns - down_ns)
            opened_ns = end_ns - up_ns if is_back else first_ns
            sockets[key] = journal.connect(
                venue=frame.venue, stream=_stream(frame.venue), kind="frames", opened_ns=opened_ns
            )
        journal.append(sockets[key], frame.ts_received_ns, frame.payload)
    for key, connection_id in sockets.items():
        if f"{key} again" not in sockets:
            journal.disconnect(connection_id, end_ns)


def _stream(venue: str) -> str:
    return f"{TOLD}+book" if venue == BOOK_VENUE else TOLD
