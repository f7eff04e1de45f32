"""Observations for the rules from a data directory: what came since, or what was there in an interval."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from powderkeg.alerts.observations import Observation, observed_at
from powderkeg.domain.events import FeedGap, FundingRate, Liquidation, OpenInterest
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, day_of
from powderkeg.stats.coverage import LIQUIDATION_STREAM, union
from powderkeg.store.query import Database

EVENTS: Final[dict[str, type[Liquidation | FundingRate | OpenInterest]]] = {
    "liquidation": Liquidation,
    "funding_rate": FundingRate,
    "open_interest": OpenInterest,
}

LATE_NS: Final = NS_PER_DAY
"""What is received may be about so long ago: a gap that was filled. Older rows are not looked for."""

STILL_NS: Final = 20 * NS_PER_S
"""A stream is said to be silent now only so long after its last frame: commits and archiving take a moment."""


def received(database: Database, from_ns: int, to_ns: int) -> list[Observation]:
    """Events received in [from, to), in order of event time.

    Raises:
        StoreError: the archive cannot be read.
    """
    found: list[Observation] = []
    for name, kind in EVENTS.items():
        rows = database.rows(
            f"SELECT * EXCLUDE (date) FROM {name} WHERE date BETWEEN ?::DATE AND ?::DATE "  # noqa: S608 - one of our names
            "AND ts_received_ns >= ? AND ts_received_ns < ?",
            [day_of(from_ns - LATE_NS), day_of(to_ns + NS_PER_HOUR), from_ns, to_ns],
        )
        found += [msgspec.convert(row, kind) for row in rows]
    found.sort(key=_order)
    return found


def happened(database: Database, from_ns: int, to_ns: int) -> Iterator[Observation]:
    """Events and gaps of [from, to) of event time, in order of it, an hour at a time in memory.

    Raises:
        StoreError: the archive cannot be read.
    """
    holes: list[Observation] = [gap for gap in gaps(database, from_ns, None) if from_ns <= gap.to_ns < to_ns]
    holes.sort(key=_order)
    yield from heapq.merge(_hourly(database, from_ns, to_ns), holes, key=observed_at)


def _hourly(database: Database, from_ns: int, to_ns: int) -> Iterator[Observation]:
    start_ns = from_ns
    while start_ns < to_ns:
        end_ns = min(start_ns + NS_PER_HOUR, to_ns)
        found: list[Observation] = []
        for name, kind in EVENTS.items():
            rows: list[dict[str, Any]] = database.window(name, start_ns, end_ns).to_pylist()
            found += [msgspec.convert(row, kind) for row in rows]
        found.sort(key=_order)
        yield from found
        start_ns = end_ns


def gaps(database: Database, since_ns: int, now_ns: int | None) -> list[FeedGap]:
    """Holes in what was watched of liquidations, venue by venue, that begin at or after an instant.

    Args:
        database: where.
        since_ns: holes that began before are old news.
        now_ns: with it, also the hole that lasts until now.
    """
    watched: dict[str, list[tuple[int, int]]] = {}
    for one in database.observed():
        if one.how == "connection" and LIQUIDATION_STREAM in one.stream.split("+"):
            watched.setdefault(one.venue, []).append((one.from_ns, one.to_ns))
    found: list[FeedGap] = []
    for venue, spans in sorted(watched.items()):
        whole = union(spans)
        for (_, end), (start, _) in pairwise(whole):
            if end >= since_ns:
                found.append(FeedGap(venue, LIQUIDATION_STREAM, end, start, "nothing was received"))
        if now_ns is not None and whole and whole[-1][1] >= since_ns and now_ns - whole[-1][1] > STILL_NS:
            last = FeedGap(venue, LIQUIDATION_STREAM, whole[-1][1], now_ns, "nothing has been received since")
            found.append(last)
    return found


def newest_ns(database: Database) -> int | None:
    """The latest event of any kind the rules look at, None where there is none."""
    stamps = [
        row["newest"]
        for name in EVENTS
        for row in database.rows(f"SELECT max(ts_event_ns) AS newest FROM {name}")  # noqa: S608 - one of our names
    ]
    return max((stamp for stamp in stamps if stamp is not None), default=None)


def _order(observation: Observation) -> tuple[int, str]:
    return observed_at(observation), type(observation).__name__
