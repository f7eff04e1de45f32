"""What a file's rows say about the recording: noted once, when it is written, so that queries need not look again.

Which of them may be another sighting of the same event, and where a recording of liquidations was silent too long.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import msgspec

from powderkeg.stats.coverage import Span
from powderkeg.stats.silence import MAX_SILENCE_NS
from powderkeg.store.closing import Closing

ID_COLUMN: Final[dict[str, str]] = {"liquidation": "event_id", "trade": "trade_id"}
"""The events that carry an identity, and where."""

MEMORY_LIMIT: Final = "256MB"  # a day of any venue's ids is grouped on disk beyond this


_SILENCES: Final = """
    SELECT before_ns, ts_event_ns
    FROM (SELECT ts_event_ns, lag(ts_event_ns) OVER (ORDER BY ts_event_ns) AS before_ns FROM read_parquet(?))
    WHERE ts_event_ns - before_ns > ? ORDER BY ALL
"""


class IdNotes(msgspec.Struct, frozen=True):
    """What a file's ids ask of a query.

    Attributes:
        repeated: first and last event time (ns) of rows whose id occurs more than once in the file.
        are_timeless: some rows have an id and no time of the venue's, so a repeat of theirs may stand at any time.
    """

    repeated: tuple[int, int] | None = None
    are_timeless: bool = False


class RepeatFinder(Closing):
    """Looks through files, spilling to `folder` where memory does not do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: duckdb.DuckDBPyConnection | None = None

    def look(self, event: str, path: Path) -> IdNotes:
        """Read the id and time columns of one Parquet file."""
        column = ID_COLUMN.get(event)
        if column is None:
            return IdNotes()
        timeless = "bool_or(ts_is_received)" if event == "liquidation" else "false"
        # Names are this module's constants.
        query = f"""SELECT min(first_ns) FILTER (times > 1), max(last_ns) FILTER (times > 1), bool_or(timeless) FROM (
            SELECT min(ts_event_ns) AS first_ns, max(ts_event_ns) AS last_ns, count(*) AS times, {timeless} AS timeless
            FROM read_parquet(?) WHERE {column} IS NOT NULL GROUP BY symbol, {column})"""  # noqa: S608
        ((first_ns, last_ns, are_timeless),) = self._opened().execute(query, [str(path)]).fetchall()
        return IdNotes(None if first_ns is None else (int(first_ns), int(last_ns)), bool(are_timeless))

    def silences(self, event: str, path: Path) -> tuple[int, tuple[Span, ...]]:
        """Of liquidations: the number of symbols, and (event before, event after) of each silence too long."""
        if event != "liquidation":
            return 0, ()
        database = self._opened()
        ((symbols,),) = database.execute("SELECT count(DISTINCT symbol) FROM read_parquet(?)", [str(path)]).fetchall()
        found = database.execute(_SILENCES, [str(path), MAX_SILENCE_NS]).fetchall()
        return int(symbols), tuple((int(before), int(after)) for before, after in found)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            self._database = duckdb.connect(
                ":memory:",
                config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(self._folder / "spill"), "threads": 2},
            )
        return self._database

    def close(self) -> None:
        """Let go of the database, where there is one."""
        if self._database is not None:
            self._database.close()
