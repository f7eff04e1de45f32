"""Sweeps on Ray: two workers against one, the same tasks on one cluster, parts and merge included.

Where one is to work, each task reserves both processors. The cluster and its workers are started outside the time, and
the two take turns, so that both meet the same neighbors on a shared machine.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from powderkeg.app.sweep import Sweep, read_sweep
from powderkeg.bench.base import Measure
from powderkeg.scale.on_ray import disconnect, ray_engine
from powderkeg.scale.sweep import run_sweep
from powderkeg.scale.tasks import Engine

FUEL: Final = "price,long_usd,short_usd\n98000,40000000,0\n97000,90000000,0\n102000,0,60000000\n103000,0,120000000\n"
SWEEP: Final = """
[base]
coin = "BTC"
fuel = "fuel.csv"
price = 100000.0
horizon = "48h"
paths = 16000
depth_usd = 5e7
[grid]
shock_usd = {shocks}
"""
WORK: Final = "powderkeg.app.sweep_work:work"
TASKS: Final = 12
TURNS: Final = 4
CLAIM: Final = 1.7


def run() -> list[Measure]:
    """Wall time of the same sweep with one worker and with two."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "fuel.csv").write_text(FUEL)
        took, sums = _timed(_sweep(place, 4), _sweep(place, TASKS), place)
    gain = took[1] / took[2]
    same = "same bytes" if len(sums) == 1 else "DIFFERENT BYTES"
    return [
        Measure(name="two workers against one", figure=gain, unit="x", claim=f">= {CLAIM}", holds=gain >= CLAIM,
                note=f"{TASKS} tasks: {took[1]:.1f} s and {took[2]:.1f} s, best of {TURNS}; {same}"),
    ]  # fmt: skip


def _sweep(place: Path, tasks: int) -> Sweep:
    path = place / f"sweep{tasks}.toml"
    path.write_text(SWEEP.format(shocks=[1e6 * (number + 1) for number in range(tasks)]))
    return read_sweep(path)


def _timed(warm: Sweep, asked: Sweep, place: Path) -> tuple[dict[int, float], set[str]]:
    """Best wall time by number of workers, and the hashes of what came out."""
    engines: dict[int, Engine] = {
        workers: ray_engine(None, 2, processors_per_task=2 // workers, keep=True) for workers in (2, 1)
    }
    best, sums = dict.fromkeys(engines, float("inf")), set[str]()
    try:
        run_sweep(warm.tasks, WORK, engines[2], place / "warm", "warm")
        for turn in range(TURNS):
            for workers, engine in engines.items():
                start = time.perf_counter()
                result = run_sweep(asked.tasks, WORK, engine, place / f"out{workers}-{turn}", "sweep")
                best[workers] = min(best[workers], time.perf_counter() - start)
                sums.add(result.sha256)
    finally:
        disconnect()
    return best, sums
