"""The process that watches for alerts beside a collector or a server: its first line of input says how, then it works.

It ends when its input ends, so it cannot outlive whoever started it. Secrets come by that line and by nothing else:
neither arguments nor environment hold them. What it says goes out as one JSON line each.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.alerts.observations import Observation
from powderkeg.app.alerts.plan import AlertPlan, plan_of
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.app.alerts.watchman import Watchman
from powderkeg.app.library import Library
from powderkeg.domain.errors import PowderkegError
from powderkeg.domain.time import NS_PER_S
from powderkeg.store.lock import FileLock, make_private

NICENESS: Final = 10  # sockets come first
TURN_S: Final = 1.0
FIRST_MAP_S: Final = 30.0


class Order(msgspec.Struct, frozen=True):
    """What to watch, and how."""

    data_dir: str
    settings: AlertSettings
    turn_s: float = TURN_S


class Line(msgspec.Struct, frozen=True):
    """What the worker says; `is_end` with the last line, where it cannot go on."""

    text: str
    exit_code: int = 0
    is_end: bool = False


def work(order: Order, stopping: threading.Event) -> None:
    """Watch until told to stop.

    Raises:
        PowderkegError: it cannot begin: settings, lock or outbox.
    """
    data_dir = Path(order.data_dir)
    plan = plan_of(order.settings)
    make_private(data_dir / "alerts")
    with (
        FileLock(data_dir / "alerts" / "watch.lock", f"the watch for alerts in {data_dir}"),
        Library(data_dir) as library,
    ):
        watchman = Watchman(library, plan, told=lambda text: say(Line(text)))
        maps = _MapDesk(data_dir, plan, stopping)
        try:
            while not stopping.is_set():
                try:
                    watchman.turn(maps.newest())
                except PowderkegError as error:
                    say(Line(f"alerts: {error}; trying again"))
                    stopping.wait(30 * order.turn_s)
                stopping.wait(order.turn_s)
        finally:
            watchman.close()


class _MapDesk:
    """Reads maps in a thread of its own: a calibration takes seconds, and liquidations must not wait for it."""

    def __init__(self, data_dir: Path, plan: AlertPlan, stopping: threading.Event) -> None:
        self._data_dir, self._plan, self._stopping = data_dir, plan, stopping
        self._found: queue.SimpleQueue[tuple[Observation, ...]] = queue.SimpleQueue()
        modes = plan.modes
        if modes["fuel_near_price"] != "off" or modes["reproduction_above_one"] != "off":
            threading.Thread(target=self._run, name="maps", daemon=True).start()

    def newest(self) -> tuple[Observation, ...]:
        """What was read since the last call."""
        found: tuple[Observation, ...] = ()
        while not self._found.empty():
            found += self._found.get()
        return found

    def _run(self) -> None:
        from powderkeg.app.alerts.mapped import largest_coins, readings  # noqa: PLC0415 - numba only where it is used

        with Library(self._data_dir) as library:
            wait_s = FIRST_MAP_S
            while not self._stopping.wait(wait_s):
                started_s = time.monotonic()
                with suppress(PowderkegError):  # no map yet: the next time, perhaps
                    library.refresh()
                    coins = self._plan.coins or largest_coins(library)
                    mapped = readings(library, coins, within_ratio=self._plan.fuel_within_ratio)
                    self._found.put(mapped.observations)
                wait_s = max(self._plan.map_every_ns / NS_PER_S - (time.monotonic() - started_s), 1.0)


def say(line: Line) -> None:
    """One line out; if nobody listens any more, it is not said."""
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


def main() -> None:
    """Watch until the input ends."""
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    stopping = threading.Event()

    def listen() -> None:
        sys.stdin.buffer.read()
        stopping.set()

    threading.Thread(target=listen, name="input", daemon=True).start()
    try:
        work(order, stopping)
    except PowderkegError as error:
        say(Line(f"no alerts: {error}", error.exit_code, is_end=True))
        sys.stdout.flush()
        os._exit(error.exit_code)
    os._exit(0)  # threads that read maps are not waited for


if __name__ == "__main__":
    main()
