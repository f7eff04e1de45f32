"""Cascades: every part of the room that has a bench, one after the other.

A part is a file `cascade_<part>.py` beside this one with a `run()` of its own; its rows carry the part's name.
"""

from __future__ import annotations

import importlib
import pkgutil

import msgspec

import powderkeg.bench
from powderkeg.bench.base import Measure

PREFIX = "cascade_"


def run() -> list[Measure]:
    """The rows of every part, in order of their names."""
    names = sorted(one.name for one in pkgutil.iter_modules(powderkeg.bench.__path__) if one.name.startswith(PREFIX))
    measures: list[Measure] = []
    for name in names:
        part: list[Measure] = importlib.import_module(f"powderkeg.bench.{name}").run()
        label = name.removeprefix(PREFIX).replace("_", " ")
        measures += [msgspec.structs.replace(one, name=f"{label}: {one.name}") for one in part]
    return measures
