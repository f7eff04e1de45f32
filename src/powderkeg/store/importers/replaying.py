"""A file's records without a journal: what an import would write down, handed over one by one instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from powderkeg.store.importers.journaling import RecordSink, write_messages, write_rows
from powderkeg.store.importers.registry import Match
from powderkeg.store.importers.sources import Source, source_of
from powderkeg.store.journal_format import JournalConnection, Progress, Record


class RecordTap(RecordSink):
    """Takes what a journal would take, and keeps nothing once it is handed over."""

    def __init__(self, take: Callable[[Record], None]) -> None:
        self.connections: dict[int, JournalConnection] = {}
        self._take = take

    @property
    def resume_point(self) -> int | None:
        """A tap starts at the beginning."""
        return None

    @property
    def progress(self) -> Progress:
        """Nothing is committed."""
        return Progress()

    def connect(
        self,
        *,
        venue: str,
        stream: str,
        kind: Literal["frames", "rows"],
        format: str = "",  # noqa: A002 - the column's name
        header: str = "{}",
        opened_ns: int,
    ) -> int:
        """As `Journal.connect`."""
        connection_id = len(self.connections) + 1
        self.connections[connection_id] = JournalConnection(
            connection_id=connection_id,
            venue=venue,
            stream=stream,
            kind=kind,
            format=format,
            header=header,
            opened_ns=opened_ns,
        )
        return connection_id

    def append(self, connection_id: int, position: int, payload: bytes, source_offset: int | None = None) -> None:
        """As `Journal.append`."""
        del source_offset
        self._take(Record(connection_id, position, payload))


def tap_file(path: Path, match: Match, tap: RecordSink, on_read: Callable[[int], None] | None = None) -> Source:
    """Hand every record of a file to a tap, in order.

    Raises:
        InputError: the file is damaged, or not one of its first rows can be read.
    """
    source = source_of(path, match)
    write = write_rows if match.format.kind == "rows" else write_messages
    write(tap, source, on_read or (lambda _: None))
    return source
