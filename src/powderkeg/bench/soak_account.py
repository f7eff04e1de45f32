"""The account of a soak: what was sent against what was stored, venue by venue, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Event, Liquidation
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database
from powderkeg.venues import Connection, parse_frame

REPEATS_THE_PAST: Final = "okx"
"""Of its connections the first message of liquidations is left out, because it repeats the past (VENUES fact 7)."""

EARLIEST_NS: Final = 60 * NS_PER_S
"""What is older than the first liquidation by more than this was said before the story began."""

NUSD_ABOUT: Final = 10**7
"""A cent, in nano-dollars."""

Row = tuple[int, str, str, float, float]

SILENT_ABOUT_LIQUIDATIONS: Final = "hyperliquid"


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a soak.

    Attributes:
        ledgers: venue -> what it made, sent, lost, and which liquidations (see `testing.venues.ledger`).
        stored: venue -> frames in the journal; shed: venue -> frames offered and not taken.
        left_out: liquidations that were sent, but to us only in the first, repeating message of an OKX connection, by
            venue, coin and side. (Those it repeats of frames that were lost count as lost, as nobody was sent them.)
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
    left_out: dict[str, tuple[int, float]]
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
    """Liquidation totals that are not the venue's own, less what was left out as a repetition of the past."""
    expected = {
        f"{venue} {name}": (row["count"], row["notional_nusd"] / 1e9)
        for venue, ledger in report.ledgers.items()
        for name, row in ledger["delivered"].items()
        if row["count"] and venue != SILENT_ABOUT_LIQUIDATIONS
    }
    for name, (count, usd) in report.left_out.items():
        whole = expected.get(name, (0, 0.0))
        expected[name] = (whole[0] - count, whole[1] - usd)
    return [
        f"{name}: {report.totals.get(name)} instead of {expected.get(name)}"
        for name in sorted({*expected, *report.totals})
        if not _is_same(report.totals.get(name), expected.get(name))
    ]


def _is_same(found: tuple[int, float] | None, expected: tuple[int, float] | None) -> bool:
    return found is not None and expected is not None and found[0] == expected[0] and abs(found[1] - expected[1]) < 0.01


def report_of(
    data: Path, ledgers: dict[str, Any], lines: Path, rss_mb: tuple[float, ...], took: tuple[float, float]
) -> SoakReport:
    """Read everything the soak left behind; `took` is how long the story and the processor took, seconds."""
    stored, left_out = _stored(data, ledgers.get(REPEATS_THE_PAST, {}).get("lost_rows", ()))
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
        left_out=left_out,
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


def _stored(data: Path, lost_rows: Sequence[Sequence[Any]]) -> tuple[dict[str, int], dict[str, tuple[int, float]]]:
    """Frames in the journals by venue, and liquidations that were only ever told in a first, repeating message."""
    stored: dict[str, int] = {}
    kept: set[Row] = set()
    dropped: dict[Row, Liquidation] = {}
    for path in journal_paths(data):
        with JournalReader(path) as reader:
            sockets = {number: Connection(known.venue) for number, known in reader.connections.items()}
            for record in reader.records():
                socket = sockets[record.connection_id]
                stored[socket.venue] = stored.get(socket.venue, 0) + 1
                if socket.venue == REPEATS_THE_PAST:
                    _look(socket, record.payload, kept, dropped)
    totals: dict[str, tuple[int, float]] = {}
    begin_ns = min((row[0] for row in kept), default=0) - EARLIEST_NS
    lost = {(ts_ms, coin, side, nusd // NUSD_ABOUT) for ts_ms, coin, side, nusd in lost_rows}
    for row, event in dropped.items():
        if row not in kept and row[0] > begin_ns and lost.isdisjoint(_about(event)):
            name = f"{REPEATS_THE_PAST} {coin_of(event.symbol)} {event.position_side}"
            count, usd = totals.get(name, (0, 0.0))
            totals[name] = (count + 1, usd + (event.notional_usd or 0.0))
    return stored, totals


def _about(event: Liquidation) -> set[tuple[int, str, str, int]]:
    """What the ledger may say of it: its sums are of whole nano-dollars, ours of doubles, so neighbors too."""
    about = round((event.notional_usd or 0.0) * 1e9) // NUSD_ABOUT
    at = (event.ts_event_ns // NS_PER_MS, coin_of(event.symbol), event.position_side)
    return {(*at, about + step) for step in (-1, 0, 1)}


def _look(socket: Connection, frame: bytes, kept: set[Row], dropped: dict[Row, Liquidation]) -> None:
    is_awaited = bool(socket.unspoken)
    rows = {_row(event) for event in _liquidations(lambda: socket.events(frame, 0))}
    kept |= rows
    if is_awaited:
        told = _liquidations(lambda: parse_frame(socket.venue, frame, 0))
        dropped.update({_row(event): event for event in told if _row(event) not in rows})


def _liquidations(read: Callable[[], tuple[Event, ...]]) -> list[Liquidation]:
    """What a frame says, or the entries of it that can be read."""
    try:
        events = read()
    except VenueProtocolError as error:
        events = error.events
    return [event for event in events if isinstance(event, Liquidation)]


def _row(event: Liquidation) -> Row:
    return (event.ts_event_ns, event.symbol, event.position_side, event.qty, event.price)
