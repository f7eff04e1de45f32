"""When two rows are one event, and which rows have to be compared to know.

The rules, for liquidations and trades:

- Rows with an id count once per (venue, symbol, id), liquidations also by side: one trade between two forced
  parties is two liquidations under one id; the sighting received first stands.
- Rows without one: alike rows within one journal are distinct events and all count; the same rows seen by two journals
  count once. For each content (all but the receive time) the journal that saw it most often stands.

Comparing costs, so it is done only where journals, or parts of one, overlap in time for a venue, where a file repeats
an id, and for ids without a venue time. All of that is known from the manifests; everywhere else a row is an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from powderkeg.domain.time import NS_PER_MS
from powderkeg.store.columns import column_names
from powderkeg.store.repeats import ID_COLUMN, IdNotes

PAD_NS: Final = NS_PER_MS
"""The same trade in files of different precision (ms, us) lies this far apart at most."""

MAX_INTERVALS: Final = 48
"""More intervals a venue are joined over the smallest distances: a few rows more compared, a short predicate kept."""

_NOT_CONTENT: Final = frozenset({"ts_received_ns", "ts_is_received"})


class Source(NamedTuple):
    """Some rows of one event type and venue: a file, or a journal's tail."""

    venue: str
    from_ns: int
    to_ns: int
    ids: IdNotes


class Doubt(NamedTuple):
    """Where a venue's rows have to be compared: within closed intervals, and all timeless ids."""

    venue: str
    intervals: list[tuple[int, int]]
    are_timeless: bool


def doubts_of(sources: Iterable[Source]) -> list[Doubt]:
    """What has to be compared, by venue; venues where nothing has to are left out."""
    by_venue: dict[str, list[Source]] = {}
    for source in sources:
        by_venue.setdefault(source.venue, []).append(source)
    doubts = [
        Doubt(venue, few(overlaps(group)), any(source.ids.are_timeless for source in group))
        for venue, group in sorted(by_venue.items())
    ]
    return [doubt for doubt in doubts if doubt.intervals or doubt.are_timeless]


def overlaps(sources: Iterable[Source]) -> list[tuple[int, int]]:
    """Intervals covered by two sources or more, and those of repeated ids; joined and in order."""
    found: list[tuple[int, int]] = []
    reach: int | None = None
    for source in sorted(sources, key=lambda source: source.from_ns):
        if source.ids.repeated is not None:
            found.append(source.ids.repeated)
        if reach is not None and source.from_ns <= reach + PAD_NS:
            found.append((source.from_ns - PAD_NS, min(reach, source.to_ns) + PAD_NS))
        reach = source.to_ns if reach is None else max(reach, source.to_ns)
    return _joined(found)


def _joined(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(intervals):
        if joined and begin <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def few(intervals: list[tuple[int, int]], limit: int = MAX_INTERVALS) -> list[tuple[int, int]]:
    """At most `limit` intervals that cover the given ones, joined over the smallest distances."""
    if len(intervals) <= limit:
        return intervals
    distances = sorted(range(1, len(intervals)), key=lambda n: intervals[n][0] - intervals[n - 1][1], reverse=True)
    cuts = sorted([0, *distances[: limit - 1], len(intervals)])
    return [(intervals[begin][0], intervals[end - 1][1]) for begin, end in pairwise(cuts)]


def view_sql(event: str, *, has_files: bool, doubts: list[Doubt]) -> str:
    """The query behind a view.

    It reads the file list from the variable `files_<event>` and the tail from the table `tail_<event>`. Every name and
    number in it is ours or a manifest's; texts pass `literal`.
    """
    columns = ", ".join([*column_names(event), "date"])
    rows = f"SELECT {columns}, journal_id FROM tail_{event}"  # noqa: S608 - our names
    if has_files:
        rows += (
            f" UNION ALL SELECT {columns}, regexp_extract(filename, '([^/.]+)[.][^/]*$', 1) AS journal_id"  # noqa: S608
            f" FROM read_parquet(getvariable('files_{event}'), filename = true, hive_partitioning = true,"
            " hive_types = {'event': VARCHAR, 'venue': VARCHAR, 'date': DATE})"
        )
    if event not in ID_COLUMN or not doubts:
        return f"SELECT {columns} FROM ({rows})"  # noqa: S608
    return _compared_sql(event, columns, rows, " OR ".join(_predicate(event, doubt) for doubt in doubts))


def _compared_sql(event: str, columns: str, rows: str, in_doubt: str) -> str:
    id_column = ID_COLUMN[event]
    content = [name for name in column_names(event) if name not in _NOT_CONTENT and name != id_column]
    # The date says nothing new, but lets a condition on it reach the files from outside the comparison.
    alike = ", ".join([*content, "date"])
    side = ", position_side" if event == "liquidation" else ""
    return f"""
        WITH rows_seen AS NOT MATERIALIZED ({rows})
        SELECT {columns} FROM rows_seen WHERE NOT ({in_doubt})
        UNION ALL
        SELECT {columns} FROM rows_seen WHERE ({in_doubt}) AND {id_column} IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY venue, symbol, {id_column}{side} ORDER BY ts_received_ns, journal_id, {alike}) = 1
        UNION ALL
        SELECT {columns} FROM (
            SELECT *, count(*) OVER (PARTITION BY {alike}, journal_id) AS times_seen
            FROM rows_seen WHERE ({in_doubt}) AND {id_column} IS NULL)
        QUALIFY dense_rank() OVER (PARTITION BY {alike} ORDER BY times_seen DESC, journal_id) = 1
    """  # noqa: S608 - our names and numbers, and `literal`


def _predicate(event: str, doubt: Doubt) -> str:
    parts = [f"ts_event_ns BETWEEN {begin} AND {end}" for begin, end in doubt.intervals]
    if doubt.are_timeless:
        parts.append(f"ts_is_received AND {ID_COLUMN[event]} IS NOT NULL")
    return f"(venue = {literal(doubt.venue)} AND (({') OR ('.join(parts)})))"


def literal(text: str) -> str:
    """A text as an SQL literal, for the places where SQL takes no parameter."""
    return "'" + text.replace("'", "''") + "'"
