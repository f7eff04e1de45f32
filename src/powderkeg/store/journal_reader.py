"""The journal's reader: committed records in order, and a note of everything that could not be read.

Batches are looked up one by one by number, so one damaged page costs the batches on it and no others. Reading needs no
lock and goes on while another process writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.domain.events import FeedGap
from powderkeg.store import journal_format as fmt
from powderkeg.store.closing import Closing
from powderkeg.store.journal_file import DamagedRowError, get_body, mark_path, open_for_reading
from powderkeg.store.journal_format import BatchRow, JournalConnection, JournalMeta, Progress, Record

_Body = TypeVar("_Body", bound=msgspec.Struct)

MAX_DAMAGE: Final = 10_000
"""Damages kept in memory; the count goes on."""


class Damage(msgspec.Struct, frozen=True):
    """Something a journal should hold and does not give back.

    Attributes:
        seq: number of the batch, None where it is another row.
        reason: what failed.
        record_count: records lost, None where not even that is readable; `JournalReader.lost_records` is exact.
    """

    seq: int | None
    reason: str
    record_count: int | None


class Batch(NamedTuple):
    """One committed batch. `first_record` is the ordinal of its first record in the journal, from 1."""

    seq: int
    first_record: int
    source_offset: int | None
    records: list[Record]


class JournalReader(Closing):
    """Reads one journal; `damage` fills as reading meets it.

    Law: every record given is one that was appended, in order; what is not given is counted.

    Raises:
        StoreError: the file cannot be read at all, or not even says what it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[Damage] = []
        self.records_read = 0
        mark = mark_path(path)
        # The mark before the file: a writer moves them in the other order, so the mark is never ahead of the file.
        durable = fmt.decode_mark(mark.read_bytes()) if mark.exists() else 0
        self._database = open_for_reading(path)
        try:
            self.meta = get_body(self._database, "meta", 1, JournalMeta)
        except DamagedRowError as error:
            self._database.close()
            raise StoreError(
                f"{path}: {error}; the journal no longer says what it is, restore it from a copy"
            ) from error
        self.progress = self._read_progress()
        self.last_seq = max(self.progress.last_seq, durable)
        self.connections = self._read_connections()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @property
    def lost_records(self) -> int:
        """Records committed and not given, once everything from batch 1 was read; at least this many."""
        return max(0, self.progress.records - self.records_read)

    def batches(self, from_seq: int = 1) -> Iterator[Batch | Damage]:
        """Every batch from a number to the last one known when the reader was opened."""
        for seq in range(from_seq, self.last_seq + 1):
            found = self._batch(seq)
            if isinstance(found, Damage):
                self._note(found)
            else:
                self.records_read += len(found.records)
            yield found

    def records(self, from_seq: int = 1) -> Iterator[Record]:
        """Every readable record; see `damage` for the others."""
        for batch in self.batches(from_seq):
            if isinstance(batch, Batch):
                yield from batch.records

    def gaps(self) -> list[FeedGap]:
        """Intervals the collector noted as not observed."""
        return self._bodies("gaps", self.progress.gaps, FeedGap)

    def _read_connections(self) -> dict[int, JournalConnection]:
        found = self._bodies("connections", self.progress.connections, JournalConnection)
        return {connection.connection_id: connection for connection in found}

    def _bodies(self, table: str, count: int, kind: type[_Body]) -> list[_Body]:
        bodies: list[_Body] = []
        for row_id in range(1, count + 1):
            try:
                bodies.append(get_body(self._database, table, row_id, kind))
            except DamagedRowError as error:
                self._note(Damage(None, str(error), None))
        return bodies

    def _read_progress(self) -> Progress:
        try:
            return get_body(self._database, "progress", 1, Progress)
        except DamagedRowError as error:
            self._note(Damage(None, str(error), None))
            return Progress(last_seq=self._largest("batches", "seq"), connections=self._largest("connections", "id"))

    def _largest(self, table: str, column: str) -> int:
        try:
            row = self._database.execute(f"SELECT max({column}) FROM {table}").fetchone()  # noqa: S608 - our names
        except sqlite3.Error:
            return 0
        # Without its progress row a journal may claim any number; it cannot hold more rows than it has 64 bytes.
        return min(row[0], self.path.stat().st_size // 64) if isinstance(row[0], int) else 0

    def _batch(self, seq: int) -> Batch | Damage:
        try:
            columns = self._database.execute("SELECT * FROM batches WHERE seq = ?", (seq,)).fetchone()
        except (sqlite3.Error, ValueError, OverflowError, MemoryError) as error:
            return Damage(seq, f"cannot be read: {error}", None)
        if columns is None:
            return Damage(seq, "is missing", None)
        row = BatchRow(*columns)
        try:
            if row.crc32 != fmt.batch_crc(row):
                return Damage(seq, "fails its checksum", _count(row.record_count))
            records = fmt.unpack(row.blob)
        except (TypeError, ValueError, OverflowError, fmt.struct.error) as error:
            return Damage(seq, f"is not a batch: {error}", _count(row.record_count))
        if row.seq != seq or len(records) != row.record_count:
            return Damage(seq, "contradicts itself", _count(row.record_count))
        return Batch(seq, row.first_record, row.source_offset, records)

    def _note(self, damage: Damage) -> None:
        if len(self.damage) < MAX_DAMAGE:
            self.damage.append(damage)


def _count(claimed: object) -> int | None:
    """What a damaged row says it held, if that can be true."""
    return claimed if isinstance(claimed, int) and 0 <= claimed <= 1 << 20 else None
