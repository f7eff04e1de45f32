"""A sweep as a TOML file says it: what kind of work, over which settings.

kind = "simulate"                      # or "calibrate", "import"
[base]                                 # settings every task has
bars = "bars.csv"
horizon = "24h"
paths = 10000
[grid]                                 # every combination of these
coin = ["BTC", "ETH"]
shock_usd = [0.0, 50e6]
[sample]                               # instead of, or within each point of, a grid: so many draws
count = 20
seed = 1
[sample.uniform]
daily_sigma = [0.02, 0.05]
"""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np

from powderkeg import __version__
from powderkeg.app.sweep_work import FILES, check_settings
from powderkeg.domain.errors import InputError
from powderkeg.scale.tasks import Task

MAX_TASKS: Final = 1_000_000

Kind = Literal["simulate", "calibrate", "import"]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Draws of settings: `uniform` between two numbers, `choice` among some."""

    count: int
    seed: int = 0
    uniform: dict[str, tuple[float, float]] = {}
    choice: dict[str, list[Any]] = {}


class SweepFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sweep as written.

    Attributes:
        kind: of work.
        name: of the merged file; None for the file's own.
        base: settings of every task.
        grid: lists of settings; every combination is a task.
        sample: draws at each point of the grid.
    """

    kind: Kind = "simulate"
    name: str | None = None
    base: dict[str, Any] = {}
    grid: dict[str, list[Any]] = {}
    sample: Sample | None = None


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep to be run: its name and tasks."""

    name: str
    tasks: tuple[Task, ...]


def read_sweep(path: Path, data: Path | None = None) -> Sweep:
    """Read a sweep; files it names lie beside it.

    Args:
        path: the TOML file.
        data: the data directory, for tasks that name no file to read from.

    Raises:
        InputError: the file cannot be read, a setting is unknown, or there are no tasks or too many.
    """
    try:
        one = msgspec.convert(tomllib.loads(path.read_text("utf-8")), SweepFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{path}: {error}; a sweep has kind, base, grid and sample") from None
    points = _points(one)
    if not 1 <= len(points) <= MAX_TASKS:
        raise InputError(f"{path}: {len(points):,} tasks; a sweep has 1 to {MAX_TASKS:,}")
    hashes: dict[str, str] = {}
    tasks: list[Task] = []
    for number, point in enumerate(points):
        settings = _placed(point, path.absolute().parent, data, one.kind)
        check_settings(one.kind, settings)
        tasks.append(_task(number, one.kind, settings, hashes))
    return Sweep(name=one.name or path.stem, tasks=tuple(tasks))


def _points(one: SweepFile) -> list[dict[str, Any]]:
    """Settings of every task: the grid in the order it is written, draws within it."""
    names = list(one.grid)
    grid = [dict(zip(names, held, strict=True)) for held in itertools.product(*one.grid.values())]
    if one.sample is None:
        return [{**one.base, **point} for point in grid]
    draws = _draws(one.sample)
    return [{**one.base, **point, **draw} for point in grid for draw in draws]


def _draws(sample: Sample) -> list[dict[str, Any]]:
    if not 1 <= sample.count <= MAX_TASKS:
        raise InputError(f"sample count is {sample.count}; the limits are 1 and {MAX_TASKS:,}")
    rng = np.random.default_rng(sample.seed)
    drawn: list[dict[str, Any]] = []
    for _ in range(sample.count):
        one: dict[str, Any] = {name: float(rng.uniform(low, high)) for name, (low, high) in sample.uniform.items()}
        one |= {name: held[int(rng.integers(len(held)))] for name, held in sample.choice.items()}
        drawn.append(one)
    return drawn


def _placed(point: dict[str, Any], folder: Path, data: Path | None, kind: Kind) -> dict[str, Any]:
    """Settings with paths made whole, so that they mean the same in another process."""
    settings = dict(point)
    for name in FILES:
        if isinstance(settings.get(name), str):
            settings[name] = str((folder / settings[name]).absolute())
    if data is not None and "data" not in settings and (kind == "import" or not {"bars", "fuel"} & set(settings)):
        settings["data"] = str(data.absolute())
    return settings


def _task(number: int, kind: Kind, settings: dict[str, Any], hashes: dict[str, str]) -> Task:
    """A task whose key changes with its settings, the files it reads and the version of the program."""
    for name in FILES:
        path = settings.get(name)
        if isinstance(path, str) and path not in hashes and Path(path).is_file():
            hashes[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    read = {name: hashes.get(str(settings[name])) for name in FILES if name in settings}
    spec = {"kind": kind, "settings": dict(sorted(settings.items()))}
    depends = {**spec, "read": read, "version": __version__}
    key = hashlib.sha256(msgspec.json.encode(depends, order="deterministic")).hexdigest()
    return Task(number, key, msgspec.json.encode(spec, order="deterministic").decode())
