"""Sweeps on Ray: two workers against one, on the same cluster kind, with the same tasks, parts and merge included.

A cluster is started for each number of workers, outside the time; so are the workers' processes, by a short sweep.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from powderkeg.app.sweep import Sweep, read_sweep
from powderkeg.bench.base import Measure
from powderkeg.scale.on_ray import ray_engine
from powderkeg.scale.sweep import run_sweep
from powderkeg.scale.tasks import Engine

FUEL: Final = "price,long_usd,short_usd\n98000,40000000,0\n97000,90000000,0\n102000,0,60000000\n103000,0,120000000\n"
SWEEP: Final = """
[base]
coin = "BTC"
fuel = "fuel.csv"
price = 100000.0
horizon = "48h"
paths = 8000
depth_usd = 5e7
[grid]
shock_usd = {shocks}
"""
TASKS: Final = 24
REPEATS: Final = 3
CLAIM: Final = 1.7


def run() -> list[Measure]:
    """Wall time of the same sweep with one worker and with two."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "fuel.csv").write_text(FUEL)
        warm, asked = _sweep(place, 4), _sweep(place, TASKS)
        took: dict[int, float] = {}
        sums: set[str] = set()
        for workers in (1, 2):
            took[workers], found = _timed(warm, asked, workers, place)
            sums |= found
    gain = took[1] / took[2]
    same = "same bytes" if len(sums) == 1 else "DIFFERENT BYTES"
    return [
        Measure(name="two workers against one", figure=gain, unit="x", claim=f">= {CLAIM}", holds=gain >= CLAIM,
                note=f"{TASKS} tasks: {took[1]:.1f} s and {took[2]:.1f} s, best of {REPEATS}; {same}"),
    ]  # fmt: skip


def _sweep(place: Path, tasks: int) -> Sweep:
    path = place / f"sweep{tasks}.toml"
    path.write_text(SWEEP.format(shocks=[1e6 * (number + 1) for number in range(tasks)]))
    return read_sweep(path)


def _timed(warm: Sweep, asked: Sweep, workers: int, place: Path) -> tuple[float, set[str]]:
    """Best wall time, and the hashes of what came out; one cluster for all goes."""
    import ray  # pyright: ignore[reportMissingTypeStubs] - partly typed

    engine: Engine = ray_engine(None, workers, keep=True)
    best, sums = float("inf"), set[str]()
    try:
        run_sweep(warm.tasks, "powderkeg.app.sweep_work:work", engine, place / f"warm{workers}", "warm")
        for go in range(REPEATS):
            start = time.perf_counter()
            result = run_sweep(
                asked.tasks, "powderkeg.app.sweep_work:work", engine, place / f"out{workers}-{go}", "sweep"
            )
            best = min(best, time.perf_counter() - start)
            sums.add(result.sha256)
    finally:
        ray.shutdown()
    return best, sums
