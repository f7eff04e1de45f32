"""A source into its journal: blocks of table lines, or messages; the same records however often it is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

import msgspec

from powderkeg.domain.errors import InvariantError
from powderkeg.store.importers.captures import KEPT
from powderkeg.store.importers.formats import Frame, Refused
from powderkeg.store.importers.journaled import KEPT as KEPT_LINES
from powderkeg.store.importers.journaled import REFUSED
from powderkeg.store.importers.lines import read_lines
from powderkeg.store.importers.sources import BLOCK_LINES, Source
from powderkeg.store.journal_format import Progress

OnRead = Callable[[int], None]


class RecordSink(Protocol):
    """What a journal does for an import; also done by a tap that stores nothing. See `Journal` for the meaning."""

    @property
    def resume_point(self) -> int | None:
        """How much of the source is already there."""
        ...

    @property
    def progress(self) -> Progress:
        """What is committed."""
        ...

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
        """Open a connection and return its id."""
        ...

    def append(self, connection_id: int, position: int, payload: bytes, source_offset: int | None = None) -> None:
        """Take a record."""
        ...


IMPORTED: Final = "file"
"""Venue of a table's connection: its rows name their venues themselves."""


def write_rows(journal: RecordSink, source: Source, on_read: OnRead) -> None:
    """Append what the journal does not hold yet of a table, in blocks of whole lines."""
    format_ = source.match.format
    connection_id = journal.connect(
        venue=IMPORTED,
        stream=format_.name,
        kind="rows",
        format=format_.name,
        header=msgspec.json.encode(source.match.context, order="sorted").decode(),
        opened_ns=0,
    )
    done = journal.resume_point or 0
    for first, block in _blocks(source, on_read):
        last = first + len(block) - 1
        if last > done:
            journal.append(connection_id, first, b"\n".join(block), last)


def _blocks(source: Source, on_read: OnRead) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first line, lines); a doubled line is left empty, so that the numbers of the others stay true."""
    first, block = 1, list[bytes]()
    for line in read_lines(source.path, source.match.format.max_line_bytes, on_read):
        block.append(b"" if line.number in source.doubled else line.text)
        if len(block) == BLOCK_LINES:
            yield first, block
            first, block = line.number + 1, []
    if block:
        yield first, block


def write_messages(journal: RecordSink, source: Source, on_read: OnRead) -> None:
    """Append what the journal does not hold yet of a recording; refused and kept lines stand between the messages."""
    format_ = source.match.format
    if format_.frames is None:
        raise InvariantError(f"{format_.name} has no reader")
    done = journal.resume_point or 0
    connections = _Connections(journal, format_.name)
    lines = read_lines(source.path, format_.max_line_bytes, on_read)
    for ordinal, message in enumerate(format_.frames(lines, source.match.context), 1):
        connection_id, position = connections.of(message)
        if ordinal > done:
            journal.append(connection_id, position, _payload(message), ordinal)


def _payload(message: Frame | Refused) -> bytes:
    return message.payload if isinstance(message, Frame) else message.payload.replace(b"\n", b" ")


class _Connections:
    """Connections of a recording in the order they appear, which is the order of their ids.

    So an import that goes on finds the connection it was interrupted in, by walking over what it already has.
    """

    def __init__(self, journal: RecordSink, format_name: str) -> None:
        self._journal = journal
        self._format = format_name
        self._known = journal.progress.connections
        self._ids: dict[tuple[str, ...], int] = {}

    def of(self, message: Frame | Refused) -> tuple[int, int]:
        """The id of the connection a message belongs to, and its position there."""
        if isinstance(message, Refused):
            return self._rows(REFUSED, message.reason), message.line
        if message.stream == KEPT:
            return self._rows(KEPT_LINES, ""), message.line
        key = (message.venue, message.stream)
        found = self._ids.get(key)
        return (self._open(key, message) if found is None else found), message.ts_received_ns

    def _rows(self, name: str, reason: str) -> int:
        key = (name, reason)
        if key not in self._ids:
            header = msgspec.json.encode({"reason": reason} if reason else {}).decode()
            self._ids[key] = self._next() or self._journal.connect(
                venue=IMPORTED, stream=name, kind="rows", format=name, header=header, opened_ns=0
            )
        return self._ids[key]

    def _open(self, key: tuple[str, ...], frame: Frame) -> int:
        self._ids[key] = connection_id = self._next() or self._journal.connect(
            venue=frame.venue,
            stream=frame.stream,
            kind="frames",
            format=self._format,
            opened_ns=frame.ts_received_ns,
        )
        return connection_id

    def _next(self) -> int | None:
        """The id this connection already has in a journal that goes on, None where it is new."""
        number = len(self._ids) + 1
        return number if number <= self._known else None
