"""Work functions for tests of engines; importable by name in other processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.scale.parts import ResultRow
from powderkeg.scale.tasks import Task


def chore_tasks(count, folder, **settings):
    """Tasks whose answers depend on their number alone."""
    made = []
    for number in range(count):
        spec = msgspec.json.encode({"number": number, "folder": str(folder), **settings}).decode()
        made.append(Task(number, f"{number:064x}", spec))
    return made


def square(spec):
    """A number and its square, after a moment's work."""
    asked = msgspec.json.decode(spec)
    time.sleep(asked.get("takes_s", 0.0))
    number = asked["number"]
    rows = [ResultRow(scenario=f"n{number}", measure="square", at=float(number), estimate=float(number * number))]
    return msgspec.json.encode(rows).decode()


def die_once(spec):
    """Every third task kills its own process the first time it is tried."""
    asked = msgspec.json.decode(spec)
    mark = Path(asked["folder"]) / f"tried-{asked['number']}"
    if asked["number"] % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(spec)


def refuse(spec):
    """The third task is bad input."""
    if msgspec.json.decode(spec)["number"] == 2:
        raise InputError("two is not a number")
    return square(spec)
