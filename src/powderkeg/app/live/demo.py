"""The demo over real sockets: simulated venues in another process, the real collector in this one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.live.collector import Collector
from powderkeg.app.live.demo_past import past_being_made
from powderkeg.app.live.running import Watcher, options_of, run_collector
from powderkeg.app.live.snapshot import Snapshot
from powderkeg.domain.errors import InputError, VenueUnreachable
from powderkeg.domain.time import NS_PER_S
from powderkeg.testing.squeeze import COINS, DURATION_S
from powderkeg.testing.whole_books import BOOK_VENUE

STARTING_S: Final = 30.0
LINGER_S: Final = 5.0
POLL_S: Final = 0.05

SHOWN_S: Final = 3_600
SHOWN_SQUEEZE_S: Final = 180
"""Shorts begin to be closed before the first minute ends, most of them in the two after it."""

LEAD_S: Final = 4
"""The story begins so long after it is ordered, on time; by then, or soon after, everything stands."""

SHOWN_ARCHIVE_S: Final = 20.0
NANO_PER_USD: Final = 1e9


class LiveDemo(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        last: the collector's last snapshot.
        truth_usd: venue -> what really happened in the simulation, which no feed tells.
        told_usd: venue -> what its feed told.
        sent: messages the venues wrote; stored: frames in the journal.
    """

    seed: int
    seconds: int
    last: Snapshot
    truth_usd: dict[str, float]
    told_usd: dict[str, float]
    sent: int
    stored: int


def run_live_demo(*, seed: int, seconds: int, data_dir: Path | None = None, watch: Watcher) -> LiveDemo:
    """Simulate, connect, collect, compare.

    Args:
        seed: of the simulation.
        seconds: how long the ten minutes of the squeeze take, 5 to 600.
        data_dir: where to keep the recording; by default it is thrown away.
        watch: runs beside the collector, to show it; it is stopped when the story ends.

    Raises:
        InputError: `seconds` is out of range, or the directory holds real recordings.
        VenueUnreachable: the simulated venues did not come up.
    """
    if not 5 <= seconds <= DURATION_S:
        raise InputError(f"the demo takes 5 to {DURATION_S} seconds, not {seconds}")
    with tempfile.TemporaryDirectory(prefix="powderkeg-demo-") as scratch:
        folder = Path(scratch)
        words = ["--now", "--seconds", str(DURATION_S), "--speed", str(DURATION_S / seconds)]
        with _venues(folder, seed, words, seconds) as urls:
            options = options_of(
                [coin.name for coin in COINS],
                data_dir=data_dir or folder / "data",
                with_rest=False,  # so that what was sent and what was stored can be compared
                overrides=[f"{venue}={url}" for venue, url in urls.items()],
            )
            shows = _Shows(watch, urls, folder / "ledger.json", seconds + STARTING_S)
            collector = run_collector(options, watch=shows.run, for_s=seconds + STARTING_S)
        ledgers = json.loads((folder / "ledger.json").read_bytes())
    return LiveDemo(
        seed=seed,
        seconds=seconds,
        last=collector.snapshot(),
        truth_usd={venue: _usd(ledger["happened"]) for venue, ledger in ledgers.items()},
        told_usd={venue: _usd(ledger["told"]) for venue, ledger in ledgers.items()},
        sent=sum(ledger["sent"] for ledger in ledgers.values()),
        stored=collector.session.counters().durable_records,
    )


def run_shown_demo(
    *,
    seed: int,
    data_dir: Path | None = None,
    watch_of: Callable[[Path], Watcher],
    tell: Callable[[str], None],
    for_s: float | None = None,
) -> None:
    """Simulate and collect until stopped, in real time: a squeeze within the first minutes, then a calm market.

    A directory that holds nothing yet is given three simulated days first, which end where the squeeze begins.

    Args:
        seed: of the simulation.
        data_dir: where to keep the recording; by default it is thrown away.
        watch_of: makes, from the data directory, what runs beside the collector.
        tell: takes a line for the operator.
        for_s: how long; None until an interrupt.

    Raises:
        InputError: the directory holds real recordings.
        VenueUnreachable: the simulated venues did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="powderkeg-demo-") as scratch:
        folder = Path(scratch)
        data_dir = data_dir or folder / "data"
        start_ns = (int(time.time()) + LEAD_S) * NS_PER_S
        words = ["--seconds", str(SHOWN_S), "--squeeze-seconds", str(SHOWN_SQUEEZE_S), "--start-ns", str(start_ns)]
        with (
            past_being_made(data_dir, seed=seed, start_ns=start_ns) as past,
            _venues(folder, seed, words, SHOWN_S) as urls,
        ):
            past.wait(tell)
            options = options_of(
                [coin.name for coin in COINS],
                data_dir=data_dir,
                overrides=[f"{venue}={url}" for venue, url in urls.items()],
            )
            options = msgspec.structs.replace(
                options, archive_every_s=SHOWN_ARCHIVE_S, more_streams={BOOK_VENUE: ("book",)}
            )
            shows = _Shows(watch_of(options.data_dir), urls, None, SHOWN_S)
            run_collector(options, watch=shows.run, tell=tell, for_s=for_s)


class _Shows:
    """Begins the story once every socket stands, shows the collector, and ends with the story."""

    def __init__(self, watch: Watcher, urls: dict[str, str], ledger_file: Path | None, for_s: float) -> None:
        self._watch = watch
        self._for_s = for_s
        self._urls = urls
        self._ledger_file = ledger_file

    async def run(self, collector: Collector) -> None:
        showing = asyncio.ensure_future(self._watch(collector))
        try:
            await _until(self._is_connected(collector), for_s=STARTING_S)
            await asyncio.sleep(0.5)  # subscriptions are on their way
            for url in self._urls.values():
                await asyncio.to_thread(_order, url, "begin")
            if self._ledger_file is None:
                await showing
                return
            ended = self._ledger_file.exists
            await _until(lambda: ended() or showing.done(), for_s=self._for_s)
            await asyncio.sleep(0.3)  # what was written last is too
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    def _is_connected(self, collector: Collector) -> Callable[[], bool]:
        return lambda: len(collector.session.lanes) >= len(collector.plans)


async def _until(condition: Callable[[], bool], *, for_s: float) -> None:
    for _ in range(int(for_s / POLL_S)):
        if condition():
            return
        await asyncio.sleep(POLL_S)


@contextmanager
def _venues(folder: Path, seed: int, story: list[str], seconds: int) -> Generator[dict[str, str]]:
    """The simulated venues' addresses, while they run; `story` and `seconds` say how long that is."""
    ports = folder / "ports.json"
    bound_s = seconds + STARTING_S + LINGER_S
    words = ["-m", "powderkeg.testing.venues", "--story", "squeeze", "--seed", str(seed), *story, "--held"]
    words += ["--linger", str(LINGER_S), "--bound", str(bound_s)]
    words += ["--port-file", str(ports), "--ledger-file", str(folder / "ledger.json")]
    with subprocess.Popen([sys.executable, *words]) as process:  # noqa: S603 - this very package
        try:
            deadline = time.monotonic() + STARTING_S
            while not ports.exists():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise VenueUnreachable("the simulated venues did not come up; is loopback networking allowed here?")
                time.sleep(0.05)
            yield json.loads(ports.read_bytes())["base_urls"]
        finally:
            process.terminate()  # it writes its ledger and ends
            process.wait(STARTING_S)


def _order(url: str, order: str) -> None:
    with urllib.request.urlopen(f"{url.replace('ws://', 'http://')}/simulator/{order}", timeout=STARTING_S) as answer:  # noqa: S310 - loopback
        answer.read()


def _usd(totals: dict[str, dict[str, int]]) -> float:
    return sum(row["notional_nusd"] for row in totals.values()) / NANO_PER_USD
