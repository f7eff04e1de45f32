"""Runs benches by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Final

from powderkeg.bench.base import Measure
from powderkeg.domain.errors import InputError

BENCHES: Final = (
    "parse",
    "journal",
    "archive",
    "stats",
    "margin",
    "liqmap",
    "cascade",
    "replay",
    "feed",
    "live",
    "simvenues",
    "ui",
    "startup",
)
"""In the order of the path: bytes, disk, numbers, the whole."""

LONG: Final = ("soak", "web")
"""Run only by name."""


def run(names: Iterable[str], announce: Callable[[str], None] = lambda _: None) -> dict[str, list[Measure]]:
    """Run the named benches, or all.

    Raises:
        InputError: there is no such bench.
    """
    chosen = list(names) or list(BENCHES)
    for name in chosen:
        if name not in (*BENCHES, *LONG):
            raise InputError(f"unknown bench {name!r}; benches are {', '.join((*BENCHES, *LONG))}")
    results: dict[str, list[Measure]] = {}
    for name in chosen:
        announce(name)
        results[name] = importlib.import_module(f"powderkeg.bench.{name}").run()
    return results
