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

import msgspec
import numpy as np

from powderkeg.bench.base import Measure
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database

COINS: Final = ("BTC", "ETH")
"""Those all seven simulated venues list."""

COINS_SHARE: Final = 0.75
"""Of the simulated messages that are about them; the story is made as much larger."""

FAULT_NAMES: Final = ("silent", "drop", "half_open", "reorder", "delay", "garbage", "throttle", "refuse", "replay")
"""All but `duplicate`: on one connection a row without an id that comes twice is two rows (decision 3), so totals with
it cannot equal the venue's own; a test of its own holds what they must be instead."""

STARTING_S: Final = 40.0
STOPPING_S: Final = 60.0


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a soak.

    Attributes:
        ledgers: venue -> what it made, sent, lost, and which liquidations (see `testing.venues.ledger`).
        stored: venue -> frames in the journal; shed: venue -> frames offered and not taken.
        totals: (venue, coin, side) as text -> orders and USD, by SQL over what was stored.
        live_totals: the same from the collector's last live snapshot, by venue and coin.
        content: venue and event -> rows and a digest of all they say but the receive time.
        story_s: how long the story took; rate: messages a second sent in that time.
        rss_mb: [K] the collector's memory by the second; slope_mb_per_min over the last half.
        delay_p99_ms: from receipt to the updated total, worst venue, last period.
    """

    ledgers: dict[str, dict[str, Any]]
    stored: dict[str, int]
    shed: dict[str, int]
    totals: dict[str, tuple[int, float]]
    live_totals: dict[str, tuple[int, float]]
    content: dict[str, tuple[int, str]]
    gaps: int
    reconnects: int
    rejects: int
    story_s: float
    rate: float
    rss_mb: tuple[float, ...]
    slope_mb_per_min: float
    delay_p99_ms: float
    cpu_s: float


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


def soak(folder: Path, *, seconds: int, messages_per_s: float, seed: int, fault_every_s: float = 20.0) -> SoakReport:
    """Run one soak in a folder.

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
        collect = ["-m", "powderkeg.cli.main", "collect", "--books", "--json", "--every", "1s"]
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
    return _report(folder / "data", ledgers, lines, rss_mb, (story_s, cpu_s))


def unaccounted(report: SoakReport) -> list[str]:
    """Venues of which frames are neither stored nor counted as shed, or more are than were sent.

    Only a connection that is opened in the very moment of stopping may lose its greeting.
    """
    return [
        f"{venue}: sent {ledger['sent']}, stored {report.stored.get(venue, 0)}, shed {report.shed.get(venue, 0)}"
        for venue, ledger in report.ledgers.items()
        if not ledger["sent"] <= report.stored.get(venue, 0) + report.shed.get(venue, 0) <= ledger["sent_in_the_end"]
    ]


def wrong_totals(report: SoakReport) -> list[str]:
    """Liquidation totals that are not the venue's own."""
    expected = {
        f"{venue} {name}": (row["count"], row["notional_nusd"] / 1e9)
        for venue, ledger in report.ledgers.items()
        for name, row in ledger["delivered"].items()
        if row["count"] and venue != "hyperliquid"  # it tells its liquidations to nobody
    }
    return [
        f"{name}: {report.totals.get(name)} instead of {expected.get(name)}"
        for name in sorted({*expected, *report.totals})
        if not _is_same(report.totals.get(name), expected.get(name))
    ]


def _is_same(found: tuple[int, float] | None, expected: tuple[int, float] | None) -> bool:
    return found is not None and expected is not None and found[0] == expected[0] and abs(found[1] - expected[1]) < 0.01


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


def _report(
    data: Path, ledgers: dict[str, Any], lines: Path, rss_mb: tuple[float, ...], took: tuple[float, float]
) -> SoakReport:
    stored: dict[str, int] = {}
    for path in journal_paths(data):
        with JournalReader(path) as reader:
            venues = {number: connection.venue for number, connection in reader.connections.items()}
            for record in reader.records():
                stored[venues[record.connection_id]] = stored.get(venues[record.connection_id], 0) + 1
    snapshots = [json.loads(line) for line in lines.read_bytes().splitlines() if line.startswith(b"{")]
    last = snapshots[-1]
    story_s, cpu_s = took
    half = np.array(rss_mb[len(rss_mb) // 2 :])
    slope = 60 * float(np.polyfit(np.arange(len(half)), half, 1)[0]) if len(half) > 2 else 0.0
    with Database(data) as database:
        totals, content = _totals(database), _content(database)
    by_venue = {venue["venue"]: venue["counts"] for venue in last["venues"]}
    delays = [s["counts"]["delays"]["delay_p99_ms"] or 0.0 for s in snapshots[len(snapshots) * 3 // 4]["venues"]]
    return SoakReport(
        ledgers=ledgers,
        stored=stored,
        shed={venue: sum(counts["shed"].values()) for venue, counts in by_venue.items()},
        totals=totals,
        live_totals={
            f"{row['venue']} {row['coin']}": (row["count"], row["total_usd"]) for row in last["windows"]["24h"]["rows"]
        },
        content=content,
        gaps=sum(counts["gaps"] for counts in by_venue.values()),
        reconnects=sum(counts["reconnects"] for counts in by_venue.values()),
        rejects=sum(counts["rejects"] for counts in by_venue.values()),
        story_s=story_s,
        rate=sum(ledger["sent"] for ledger in ledgers.values()) / story_s,
        rss_mb=rss_mb,
        slope_mb_per_min=slope,
        delay_p99_ms=max(delays, default=0.0),
        cpu_s=cpu_s,
    )


def _totals(database: Database) -> dict[str, tuple[int, float]]:
    rows = database.rows(
        "SELECT venue, split_part(symbol, '/', 1) AS coin, position_side, count(*) AS orders, "
        "sum(notional_usd::DECIMAL(30, 8))::DOUBLE AS usd FROM liquidation GROUP BY ALL"
    )
    return {f"{row['venue']} {row['coin']} {row['position_side']}": (row["orders"], row["usd"]) for row in rows}


def _content(database: Database) -> dict[str, tuple[int, str]]:
    """Every row without its receive time, as a number that does not depend on their order.

    Where a venue gives no time (Hyperliquid's contexts), the event time is the receive time and is left out too.
    """
    found: dict[str, tuple[int, str]] = {}
    for event in ("liquidation", "trade", "mark_price", "funding_rate", "open_interest"):
        rows = database.rows(
            "SELECT venue, count(*) AS rows, sum(hash(said)::HUGEINT)::VARCHAR AS digest FROM (SELECT * EXCLUDE "  # noqa: S608 - our names
            "(ts_received_ns, ts_event_ns, date), nullif(ts_event_ns, ts_received_ns) AS told_ns "
            f"FROM {event}) AS said GROUP BY ALL"
        )
        found.update({f"{row['venue']} {event}": (row["rows"], row["digest"]) for row in rows})
    return found
