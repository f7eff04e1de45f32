"""Which rows of one file carry an id another row of it carries too: the only rows a query has to compare."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb

ID_COLUMN: Final[dict[str, str]] = {"liquidation": "event_id", "trade": "trade_id"}
"""The events that carry an identity, and where."""

MEMORY_LIMIT: Final = "512MB"  # a day of any venue's ids is grouped on disk beyond this


class RepeatFinder:
    """Looks for repeated ids, spilling to `folder` where memory does not do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: duckdb.DuckDBPyConnection | None = None

    def repeated_ids(self, event: str, path: Path) -> tuple[int, int] | None:
        """First and last event time (ns) of rows of a file whose id is not unique in it; None where all are."""
        column = ID_COLUMN.get(event)
        if column is None:
            return None
        row = (
            self._opened()
            .execute(
                f"""SELECT min(first_ns), max(last_ns) FROM (
                        SELECT min(ts_event_ns) AS first_ns, max(ts_event_ns) AS last_ns FROM read_parquet(?)
                        WHERE {column} IS NOT NULL GROUP BY symbol, {column} HAVING count(*) > 1)""",  # noqa: S608
                [str(path)],
            )
            .fetchone()
        )
        return None if row is None or row[0] is None else (int(row[0]), int(row[1]))

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            self._database = duckdb.connect(
                ":memory:",
                config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(self._folder / "spill"), "threads": 2},
            )
        return self._database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._database is not None:
            self._database.close()
