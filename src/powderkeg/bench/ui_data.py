"""A data directory for looking at the dashboard: days of a simulated market, a gap in them, and the squeeze."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.app.demo_days import DAYS, past_frames, past_span, write_days
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S
from powderkeg.store import archive
from powderkeg.store.journal_format import SIMULATED_PREFIX
from powderkeg.testing.past_quotes import CROWDED_RATE
from powderkeg.testing.recording import record
from powderkeg.testing.squeeze import DURATION_S, START_NS, VENUE_SHARE, simulate_squeeze

END_NS: Final = START_NS + DURATION_S * NS_PER_S
SILENT: Final = {"okx": (7 * NS_PER_HOUR, 5 * NS_PER_HOUR), "bitget": (2 * NS_PER_HOUR, 100 * 60 * NS_PER_S)}
"""Venue -> the hours before the end between which its connection was down."""


def make_data(folder: Path, *, seed: int = 7, days: int = DAYS) -> None:
    """Record and archive it.

    Args:
        folder: the data directory; nothing else may be in it.
        seed: of everything; the same seed gives the same bytes.
        days: before the squeeze.
    """
    name = f"{SIMULATED_PREFIX}{seed}"
    rng = np.random.default_rng(seed)
    frames = past_frames(seed=seed, start_ns=START_NS, days=days, crowded_rate=CROWDED_RATE)
    frames += record(simulate_squeeze(rng), rng)
    first_ns = past_span(START_NS, days)[0]
    connected = {venue: [(first_ns, END_NS)] for venue in VENUE_SHARE}
    for venue, (down_ns, up_ns) in SILENT.items():
        connected[venue] = [(first_ns, END_NS - down_ns), (END_NS - up_ns, END_NS)]
    write_days(folder, name, frames, connected)
    archive.seal(folder, name)
