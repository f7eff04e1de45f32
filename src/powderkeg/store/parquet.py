# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false
# pyarrow ships no types; this file and `columns.py` are the only ones that build with it.
"""Events of any types, venues and days to Parquet files, one per (event, venue, date), in bounded memory.

The cut into row groups depends on the events alone, so the same events give the same bytes.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from powderkeg.domain.events import EVENT_NAMES, BookDelta, BookSnapshot, Event
from powderkeg.domain.time import NS_PER_DAY, day_of
from powderkeg.store.closing import Closing
from powderkeg.store.columns import encodings, schema_of, sorted_rows, table_of

ROW_GROUP_ROWS: Final = 1 << 17
CHUNK_EVENTS: Final = 2_048  # events held as Python objects per file before they become columns, a fourth of the size
MAX_BUFFERED: Final = 1 << 20  # rows (and book levels) held over all files: some 100 MB as columns
MAX_OPEN_FILES: Final = 200  # well under the usual limit of 1,024 descriptors
COMPRESSION_LEVEL: Final = 9
NO_VENUE: Final = "none"
_BOOKS: Final = (BookSnapshot, BookDelta)


class PartKey(NamedTuple):
    """What one file holds. `day` counts UTC days since the epoch."""

    event: str
    venue: str
    day: int

    @property
    def date(self) -> str:
        """UTC day, `YYYY-MM-DD`."""
        return day_of(self.day * NS_PER_DAY)

    @property
    def folder(self) -> str:
        """Where files of this key live below the archive."""
        return f"event={self.event}/venue={quote(self.venue, safe='')}/date={self.date}"


class WrittenPart(NamedTuple):
    """A closed temporary file and what is in it."""

    key: PartKey
    path: Path
    rows: int
    min_ts_event_ns: int
    max_ts_event_ns: int


class PartFile:
    """One Parquet file being written; a call of `write` is a row group."""

    def __init__(self, key: PartKey, path: Path, footer: dict[str, str]) -> None:
        self.key = key
        self.path = path
        self.rows = 0
        self.min_ts = (1 << 63) - 1
        self.max_ts = -(1 << 63)
        self._writer = pq.ParquetWriter(
            path,
            schema_of(key.event),
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            store_schema=False,
            write_page_checksum=True,
            **encodings(key.event),
        )
        self._writer.add_key_value_metadata(footer)

    def write(self, table: pa.Table) -> None:
        """Add a row group, sorted by symbol and event time."""
        table = sorted_rows(table)
        times = table["ts_event_ns"].to_numpy()
        self.rows += len(times)
        self.min_ts = min(self.min_ts, int(times.min()))
        self.max_ts = max(self.max_ts, int(times.max()))
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> WrittenPart:
        """Write the footer."""
        self._writer.close()
        return WrittenPart(self.key, self.path, self.rows, self.min_ts, self.max_ts)


class _Buffer:
    """Rows of one file not yet written: the newest as events, the others as columns."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._events: list[Event] = []
        self._tables: list[pa.Table] = []
        self.weight = 0

    def add(self, event: Event, weight: int) -> None:
        self._events.append(event)
        self.weight += weight
        if len(self._events) >= CHUNK_EVENTS:
            self._to_columns()

    def take(self) -> pa.Table:
        self._to_columns()
        table = pa.concat_tables(self._tables)
        self._tables = []
        self.weight = 0
        return table

    def _to_columns(self) -> None:
        if self._events:
            self._tables.append(table_of(self._event, self._events))
            self._events = []


class PartWriter(Closing):
    """Sorts events into files; `finish` closes them all.

    Args:
        folder: an existing folder for the temporary files.
        footer: key-value metadata of every file.
    """

    def __init__(self, folder: Path, footer: dict[str, str]) -> None:
        self._folder = folder
        self._footer = footer
        self._buffers: dict[tuple[str, str, int], _Buffer] = {}  # by PartKey
        self._open: dict[PartKey, PartFile] = {}  # least recently written first
        self._closed: list[WrittenPart] = []
        self._buffered = 0
        self._made = 0

    def add(self, event: Event) -> None:
        """Take the next event."""
        name = EVENT_NAMES[type(event)]
        fields = (name, getattr(event, "venue", NO_VENUE), event.ts_event_ns // NS_PER_DAY)
        buffer = self._buffers.get(fields)  # a plain tuple finds a PartKey, and costs a third of making one
        if buffer is None:
            buffer = self._buffers[PartKey(*fields)] = _Buffer(name)
        weight = 1 + len(event.bids) + len(event.asks) if isinstance(event, _BOOKS) else 1
        buffer.add(event, weight)
        self._buffered += weight
        if buffer.weight >= ROW_GROUP_ROWS:
            self._flush(PartKey(*fields))
        elif self._buffered >= MAX_BUFFERED:
            self._flush(PartKey(*max(self._buffers, key=lambda key: (self._buffers[key].weight, key))))

    def finish(self) -> list[WrittenPart]:
        """Write what is left and close every file; the answer is ordered by key, then by time of writing."""
        for key in sorted(self._buffers):
            self._flush(PartKey(*key))
        self._closed.extend(file.close() for file in self._open.values())
        self._open = {}
        return sorted(self._closed, key=lambda part: (part.key, part.path.name))

    def close(self) -> None:
        """Drop what was left open."""
        for file in self._open.values():  # only after an error: `finish` leaves none
            with suppress(OSError):
                file.close()

    def _flush(self, key: PartKey) -> None:
        buffer = self._buffers.pop(key)
        self._buffered -= buffer.weight
        file = self._open.pop(key, None) or self._new_file(key)
        self._open[key] = file
        file.write(buffer.take())

    def _new_file(self, key: PartKey) -> PartFile:
        if len(self._open) >= MAX_OPEN_FILES:
            oldest = next(iter(self._open))
            self._closed.append(self._open.pop(oldest).close())
        self._made += 1
        return PartFile(key, self._folder / f"{self._made:08d}.parquet", self._footer)
