"""The soak: the real collector against seven simulated venues in another process, with faults, and then the account.

    powderkeg bench soak                        ten minutes at 20,000 messages a second
    POWDERKEG_SOAK=60,20000,7 powderkeg bench soak     seconds, messages a second, seed

Nothing is mocked: the command `powderkeg collect`, real sockets, a real disk. What the venues wrote into their sockets
must be in the journal, frame by frame, or be counted as shed; liquidation totals must be the venues' own, to the cent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from powderkeg.bench.base import Measure
from powderkeg.bench.soak_account import SoakReport, report_of, unaccounted, wrong_totals

COINS: Final = ("BTC", "ETH")
"""Those all seven simulated venues list."""

COINS_SHARE: Final = 0.75
"""Of the simulated messages that are about them; the story is made as much larger."""

FAULT_NAMES: Final = ("silent", "drop", "half_open", "reorder", "delay", "garbage", "throttle", "refuse", "replay")
"""All but `duplicate`: on one connection a row without an id that comes twice is two rows (decision 3), so totals with
it cannot equal the venue's own; a test of its own holds what they must be instead."""

COLLECT: Final = ("-m", "powderkeg.cli.main", "collect", "--books", "--no-rest", "--json", "--every", "1s")

STARTING_S: Final = 40.0
STOPPING_S: Final = 60.0


def run() -> list[Measure]:
    """The long soak, or the one `POWDERKEG_SOAK` asks for."""
    seconds, rate, seed = (int(word) for word in os.environ.get("POWDERKEG_SOAK", "600,20000,7").split(","))
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder), seconds=seconds, messages_per_s=rate, seed=seed)
    problems = [*unaccounted(report), *wrong_totals(report)]
    sent = sum(ledger["sent"] for ledger in report.ledgers.values())
    note = f"seed {seed}, {seconds} s of story, {report.reconnects} connections lost, {report.gaps} gaps"
    return [
        Measure(name="soak: messages", figure=sent, unit="frames", note=note),
        Measure(name="soak: rate", figure=report.rate, unit="frames/s", note="mean over the story, faults included"),
        Measure(
            name="soak: frames or totals wrong",
            figure=len(problems),
            unit="",
            claim="0",
            holds=not problems,
            note="; ".join(problems[:3]),
        ),
        Measure(
            name="soak: memory slope",
            figure=report.slope_mb_per_min,
            unit="MB/min",
            claim="< 1",
            holds=report.slope_mb_per_min < 1.0,
            note=f"last half; highest {max(report.rss_mb):.0f} MB",
        ),
        Measure(name="soak: p99 receipt to total", figure=report.delay_p99_ms, unit="ms", note="worst venue"),
        Measure(name="soak: processor time", figure=report.cpu_s / report.story_s, unit="cores", note="the collector"),
    ]


def soak(
    folder: Path,
    *,
    seconds: int,
    messages_per_s: float,
    seed: int,
    fault_every_s: float = 20.0,
    is_repeatable: bool = False,
) -> SoakReport:
    """Run one soak in a folder; what was collected is left in its `data`.

    Args:
        folder: an empty one.
        seconds: length of the story.
        messages_per_s: of all venues, about the coins collected.
        seed: of story and faults.
        fault_every_s: mean quiet time between two faults of a venue.
        is_repeatable: frames are received at the story's time instead of the machine's (`story_collector`); delays are
            then not measured.

    Raises:
        RuntimeError: a process did not start, hung or failed.
    """
    ports, ledger_file, lines = folder / "ports.json", folder / "ledger.json", folder / "collector.jsonl"
    deadline = time.monotonic() + STARTING_S + 4 * seconds + STOPPING_S
    venues = [
        *("-m", "powderkeg.testing.venues", "--seed", str(seed), "--rate", str(messages_per_s / COINS_SHARE)),
        *("--seconds", str(seconds), "--faults", "--fault-seed", str(seed), "--fault-every", str(fault_every_s)),
        *("--fault-names", ",".join(FAULT_NAMES), "--patient", "--held", "--linger", "20"),
        *("--bound", str(4 * seconds + 90), "--port-file", str(ports), "--ledger-file", str(ledger_file)),
    ]
    with _process(venues, folder / "venues.log") as simulator:
        _await(ports.exists, time.monotonic() + STARTING_S, simulator)
        urls: dict[str, str] = json.loads(ports.read_bytes())["base_urls"]
        collect = ["-m", "powderkeg.bench.story_collector"] if is_repeatable else [*COLLECT]
        collect += [word for coin in COINS for word in ("--coin", coin)]
        collect += [word for venue, url in urls.items() for word in ("--url-override", f"{venue}={url}")]
        with _process([*collect, "--data", str(folder / "data")], lines) as collector:
            _await(lambda: _is_subscribed(urls), time.monotonic() + STARTING_S, collector)
            begun = time.monotonic()
            for url in urls.values():
                _ask(url, "begin")
            rss_mb = tuple(_weights(collector, ledger_file.exists, deadline))
            story_s = time.monotonic() - begun
            cpu_s = _cpu_s(collector.pid)
            time.sleep(1.0)  # what was written last is still on its way
            ledgers = {venue: _ask(url, "ledger") for venue, url in urls.items()}
            collector.send_signal(signal.SIGINT)
            if collector.wait(STOPPING_S) != 0:
                raise RuntimeError(f"the collector failed: {lines.read_text('utf-8')[-2_000:]}")
        for venue, url in urls.items():
            ledgers[venue]["sent_in_the_end"] = _ask(url, "ledger")["sent"]
    return report_of(folder / "data", ledgers, lines, rss_mb, (story_s, cpu_s))


@contextmanager
def _process(words: list[str], output: Path) -> Generator[subprocess.Popen[bytes]]:
    """A Python process that does not outlive the block."""
    with (
        output.open("wb") as file,
        subprocess.Popen([sys.executable, *words], stdout=file, stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _await(condition: Any, deadline: float, process: subprocess.Popen[bytes]) -> None:
    while not condition():
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(f"{process.args} did not come up")
        time.sleep(0.1)


def _ask(url: str, order: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url.replace('ws://', 'http://')}/simulator/{order}", timeout=5) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


def _is_subscribed(urls: dict[str, str]) -> bool:
    """Every venue was spoken to and has nothing more to answer."""
    before = [_ask(url, "ledger")["sent"] for url in urls.values()]
    time.sleep(1.0)
    return min(before) > 0 and before == [_ask(url, "ledger")["sent"] for url in urls.values()]


def _weights(process: subprocess.Popen[bytes], is_over: Any, deadline: float) -> Iterator[float]:
    while not is_over():
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError("the collector ended, or the story did not")
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        yield next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1e3
        time.sleep(1.0)


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
