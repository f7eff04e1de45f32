"""The journal's writer: records in, committed batches out.

A record is called durable after the commit that holds it; at most one commit interval of records is lost when the
process or the machine dies. The clock is passed in.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.domain.errors import InputError, InvariantError, StoreError
from powderkeg.domain.events import FeedGap
from powderkeg.store import journal_format as fmt
from powderkeg.store.closing import Closing
from powderkeg.store.journal_file import OpenedJournal, open_journal, put_body
from powderkeg.store.journal_format import BatchRow, JournalConnection, JournalMeta, Progress, Record

COMMIT_INTERVAL_NS: Final = 250_000_000
COMMIT_BYTES: Final = 1 << 20
MAX_BATCH_RECORDS: Final = 1 << 16
"""Tiny frames reach this before `COMMIT_BYTES`, and bound what a batch costs to unpack."""


class Journal(Closing):
    """One open journal, the only writer of its file; use `create_or_resume`.

    Law: what a reader gets is the appended records in order, up to a commit; `resume_point` is where that commit
    reaches in an imported source.
    """

    def __init__(
        self,
        opened: OpenedJournal,
        *,
        now_ns: Callable[[], int],
        commit_interval_ns: int = COMMIT_INTERVAL_NS,
        commit_bytes: int = COMMIT_BYTES,
    ) -> None:
        self.path = opened.path
        self._database = opened.database
        self._lock = opened.lock
        self._progress = opened.progress
        self._connections = opened.connections
        self._now_ns = now_ns
        self._commit_interval_ns = commit_interval_ns
        self._commit_bytes = commit_bytes
        self._committed_ns = now_ns()
        self._dirty: dict[int, JournalConnection] = {}
        self._gaps: list[FeedGap] = []
        self._pending: list[Record] = []
        self._pending_bytes = 0
        self._source_offset = opened.progress.source_offset
        self._stuck: str | None = None

    @classmethod
    def create_or_resume(
        cls,
        path: Path,
        meta: JournalMeta,
        *,
        now_ns: Callable[[], int],
        commit_interval_ns: int = COMMIT_INTERVAL_NS,
        commit_bytes: int = COMMIT_BYTES,
    ) -> Journal:
        """Make a journal, or go on with one that was not sealed.

        Args:
            path: `DIR/journal/<journal_id>.sqlite`; the folder is made with mode 0700.
            meta: what the journal is; must equal what an existing file says.
            now_ns: clock for the commit interval, ns; only differences are used.
            commit_interval_ns: `tick` commits what is older than this.
            commit_bytes: `append` commits once this much is pending.

        Raises:
            InputError: the journal is another one, or sealed, or its id cannot be a file name.
            StoreBusyError: another process writes it.
            StoreError: the file cannot be made, or is damaged; `journal_file.quarantine` moves it aside.
        """
        return cls(
            open_journal(path, meta),
            now_ns=now_ns,
            commit_interval_ns=commit_interval_ns,
            commit_bytes=commit_bytes,
        )

    @property
    def resume_point(self) -> int | None:
        """`source_offset` of the last committed record that had one; None where there was none."""
        return self._progress.source_offset

    @property
    def progress(self) -> Progress:
        """What is committed."""
        return self._progress

    @property
    def pending_records(self) -> int:
        """Records appended and not yet durable."""
        return len(self._pending)

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
        """Open a connection and return its id; durable with the next commit.

        A table of an import that goes on after an interruption gets the id it had.
        """
        wanted = (venue, stream, kind, format, header)
        if kind == "rows":
            for known in self._connections.values():
                if (known.venue, known.stream, known.kind, known.format, known.header) == wanted:
                    return known.connection_id
        connection_id = len(self._connections) + 1
        connection = JournalConnection(
            connection_id=connection_id,
            venue=venue,
            stream=stream,
            kind=kind,
            format=format,
            header=header,
            opened_ns=opened_ns,
        )
        self._connections[connection_id] = self._dirty[connection_id] = connection
        return connection_id

    def disconnect(self, connection_id: int, closed_ns: int) -> None:
        """Note when a connection ended."""
        connection = msgspec.structs.replace(self._connections[connection_id], closed_ns=closed_ns)
        self._connections[connection_id] = self._dirty[connection_id] = connection

    def gap(self, gap: FeedGap) -> None:
        """Note that a stream was not observed; durable with the next commit."""
        self._gaps.append(gap)

    def append(self, connection_id: int, position: int, payload: bytes, source_offset: int | None = None) -> None:
        """Add a record; commits when `commit_bytes` are pending.

        Args:
            connection_id: from `connect`.
            position: receive time in ns (frames), or 1-based number of the first line (rows).
            payload: the bytes as they came.
            source_offset: how far into an imported source this record reaches.

        Raises:
            InputError: the record is too large.
            StoreError: the disk refuses; what is pending stays, and nothing more is taken until `commit` succeeds.
        """
        if self._stuck is not None:
            raise StoreError(self._stuck)
        if connection_id not in self._connections:
            raise InvariantError(f"{self.path.name}: record for connection {connection_id}, which was never opened")
        if len(payload) > fmt.MAX_RECORD_BYTES:
            raise InputError(f"a record of {len(payload)} bytes is over the limit of {fmt.MAX_RECORD_BYTES}")
        self._pending.append(Record(connection_id, position, payload))
        self._pending_bytes += len(payload)
        if source_offset is not None:
            self._source_offset = source_offset
        if self._pending_bytes >= self._commit_bytes or len(self._pending) >= MAX_BATCH_RECORDS:
            self.commit()

    def extend(self, records: list[Record]) -> None:
        """Add records of open connections without committing, whatever their number; for a writer with its own rhythm.

        Raises:
            InvariantError: a connection was never opened.
        """
        unknown = {record.connection_id for record in records} - self._connections.keys()
        if unknown:
            raise InvariantError(f"{self.path.name}: records for connections {sorted(unknown)}, never opened")
        self._pending.extend(records)
        self._pending_bytes += sum(len(record.payload) for record in records)

    def tick(self) -> None:
        """Commit if something is pending and the interval has passed. Call it whenever the feed is idle."""
        if self._now_ns() - self._committed_ns >= self._commit_interval_ns:
            self.commit()

    def commit(self) -> None:
        """Make everything pending durable.

        Raises:
            StoreError: the disk refused (full, read-only, failing); everything pending is kept for the next try.
        """
        self._committed_ns = self._now_ns()
        if not (self._pending or self._dirty or self._gaps):
            return
        self._write(self._advanced())
        self._pending = []
        self._pending_bytes = 0
        self._dirty = {}
        self._gaps = []

    def seal(self) -> None:
        """Commit, and declare that nothing will be added; the file no longer needs its write-ahead log."""
        self.commit()
        self._write(msgspec.structs.replace(self._progress, state="sealed"))
        with suppress(sqlite3.Error):  # a reader at work keeps the log; the seal itself stands
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Commit and let go of the file. The journal stays open for a later `create_or_resume`."""
        try:
            self.commit()
        finally:
            self._database.close()
            self._lock.release()

    def _advanced(self) -> Progress:
        return msgspec.structs.replace(
            self._progress,
            last_seq=self._progress.last_seq + bool(self._pending),
            records=self._progress.records + len(self._pending),
            connections=len(self._connections),
            gaps=self._progress.gaps + len(self._gaps),
            source_offset=self._source_offset,
        )

    def _write(self, progress: Progress) -> None:
        """One transaction: everything pending and the progress that counts it; then the mark."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            if self._pending:
                self._database.execute("INSERT INTO batches VALUES (?,?,?,?,?,?,?,?,?)", self._batch(progress))
            for connection in self._dirty.values():
                put_body(self._database, "connections", connection.connection_id, connection)
            for number, gap in enumerate(self._gaps, self._progress.gaps + 1):
                put_body(self._database, "gaps", number, gap)
            put_body(self._database, "progress", 1, progress)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            self._stuck = f"{self.path}: cannot write: {error}; {len(self._pending)} records wait; free the disk, retry"
            raise StoreError(self._stuck) from error
        self._progress = progress
        self._stuck = None
        with suppress(OSError):  # the commit stands without its mark: only the loss of a later log would go unnoticed
            os.pwrite(self._lock.fd, fmt.encode_mark(progress.last_seq), 0)

    def _batch(self, progress: Progress) -> BatchRow:
        row = BatchRow(
            seq=progress.last_seq,
            first_record=self._progress.records + 1,
            record_count=len(self._pending),
            raw_bytes=self._pending_bytes,
            first_position=self._pending[0].position,
            last_position=self._pending[-1].position,
            source_offset=self._source_offset,
            crc32=0,
            blob=fmt.pack(self._pending),
        )
        return row._replace(crc32=fmt.batch_crc(row))
