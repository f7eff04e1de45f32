"""Alerts beside a session: starts the worker process, hands on what it says, ends it; and never waits for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.alerts.plan import checked, is_wanted, plan_of
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.app.alerts.worker import Line, Order
from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import Watcher

STOP_S: Final = 5.0


@contextmanager
def alert_worker(data_dir: Path, settings: AlertSettings, told: Callable[[str], None]) -> Generator[None]:
    """The worker process, while it is needed; nothing where the settings want no alerts.

    Args:
        data_dir: what it watches.
        settings: rules and sinks.
        told: is given what it says, in another thread.

    Raises:
        ConfigError: a setting cannot be used, or an address leads where messages must not go.
    """
    if not is_wanted(settings):
        yield
        return
    checked(plan_of(settings))  # a wrong setting or address stops here, not in a process nobody looks at
    worker = subprocess.Popen(
        [sys.executable, "-m", "powderkeg.app.alerts.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # a ctrl-c in the terminal is for the session, which then ends the worker
    )
    listening = threading.Thread(target=_listen, args=(worker, told), name="alerts", daemon=True)
    try:
        assert worker.stdin is not None
        with suppress(BrokenPipeError):
            worker.stdin.write(msgspec.json.encode(Order(str(data_dir), settings)) + b"\n")
            worker.stdin.flush()
        listening.start()
        yield
    finally:
        _end(worker, listening)


def alerting(show: Watcher, data_dir: Path, settings: AlertSettings) -> Watcher:
    """A watcher that has alerts watched for while another one shows the collector.

    Raises:
        ConfigError: a setting cannot be used, or an address leads where messages must not go.
    """
    if not is_wanted(settings):
        return show
    checked(plan_of(settings))

    async def watch(collector: Collector) -> None:
        loop = asyncio.get_running_loop()

        def told(text: str) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(collector.alert, text)

        held = alert_worker(data_dir, settings, told)
        await asyncio.to_thread(held.__enter__)
        try:
            await show(collector)
        finally:
            await asyncio.shield(asyncio.to_thread(held.__exit__, None, None, None))

    return watch


def _listen(worker: subprocess.Popen[bytes], told: Callable[[str], None]) -> None:
    assert worker.stdout is not None
    for line in worker.stdout:
        with suppress(msgspec.DecodeError):
            told(msgspec.json.decode(line, type=Line).text)


def _end(worker: subprocess.Popen[bytes], listening: threading.Thread) -> None:
    if worker.stdin is not None:
        with suppress(BrokenPipeError):
            worker.stdin.close()
    try:
        worker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
    if listening.is_alive():
        listening.join(STOP_S)
    if worker.stdout is not None:
        worker.stdout.close()
