"""What a bench returns, and the one way to take a time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import msgspec


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure beside the claim it is held to.

    Attributes:
        name: what was measured.
        figure: the measured number.
        unit: its unit (`frames/s`, `ms`, `bytes/row`, `x`).
        claim: the goal in words (`>= 150,000`), empty for a figure that is only context.
        holds: whether the figure meets the claim, None without a claim.
        note: peer, data and anything a reader needs to judge the figure.
    """

    name: str
    figure: float
    unit: str
    claim: str = ""
    holds: bool | None = None
    note: str = ""


def best_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Shortest wall time of `work`, garbage collected before each go: the least disturbed run on a shared machine."""
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
