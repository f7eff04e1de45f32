"""The bytes of a journal: one SQLite file of compressed batches, every row under a checksum.

Rules:

- Rows are only ever added; a batch is addressed by its number, 1, 2, 3 ... without holes, so a missing one is known.
- Each row carries the CRC-32 of its other columns. SQLite checks its own pages only in the write-ahead log; a bit that
  flips at rest is caught here.
- `progress` is one row, rewritten in the transaction of each batch: it says how many rows of each kind there must be.
- Beside the file stands a mark: the last batch known durable. A log whose tail was lost rolls back to an older state
  that looks whole; the mark tells.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
import zstandard

SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x504B4A31  # "PKJ1", shown by `file` and checked on opening

MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
"""Eight times the largest frame a venue may send (`venues.base.MAX_FRAME_BYTES`); a block of table rows is smaller."""

COMPRESSION_LEVEL: Final = 1
"""On 26 MB of recorded Binance frames in blocks of 1 MiB: level 1 keeps 12.3 % at 800 MB/s, level 3 13.1 % at 630,
level 6 11.5 % at 190 (one core, measured 2026-11): repeats lie so near that looking harder hardly pays."""

SCHEMA: Final = """
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE connections (id INTEGER PRIMARY KEY, body BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE gaps (id INTEGER PRIMARY KEY, body BLOB NOT NULL, crc32 INTEGER NOT NULL);
CREATE TABLE batches (
    seq INTEGER PRIMARY KEY,
    first_record INTEGER NOT NULL,
    record_count INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    source_offset INTEGER,
    crc32 INTEGER NOT NULL,
    blob BLOB NOT NULL
);
"""


SIMULATED_PREFIX: Final = "simulated-"
"""Beginning of the id of every journal of a simulated market, so that a folder tells it without being read."""


class JournalMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal is; fixed when it is made.

    Attributes:
        journal_id: its name in files, `<collector>-<YYYY-MM-DD>` or `import-<16 hex>`; letters, digits, `-` and `_`.
        kind: `live` grows while a collector runs; `import` holds one source file; `simulated` holds what a
            simulated market sent, and everything shown of it says so.
        source_name: file name of an imported source, without folders.
        source_sha256: of its content.
        source_format: the table or capture format it was read as.
        options: what the user said about it (`symbol`, `venue` ...).
    """

    journal_id: str
    kind: Literal["live", "import", "simulated"]
    source_name: str | None = None
    source_sha256: str | None = None
    source_format: str | None = None
    options: dict[str, str] = {}
    schema_version: int = SCHEMA_VERSION


class JournalConnection(msgspec.Struct, frozen=True, kw_only=True):
    """One socket's lifetime, or one table of an imported source.

    Attributes:
        stream: what was subscribed, or the table's name.
        kind: `frames` are raw messages, positioned by their receive time (ns); `rows` are blocks of text lines,
            positioned by the 1-based number of their first line.
        format: of rows, the name of their parser; of frames, free.
        header: JSON object of strings, handed to the rows parser; of a frames connection what it remembers from an
            earlier journal (`decode.MEMORY`).
        closed_ns: None while open, and after a crash.
    """

    connection_id: int
    venue: str
    stream: str
    kind: Literal["frames", "rows"]
    format: str
    header: str
    opened_ns: int
    closed_ns: int | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How much a journal holds. `source_offset`: how far into an imported source the last batch reaches."""

    state: Literal["open", "sealed"] = "open"
    last_seq: int = 0
    records: int = 0
    connections: int = 0
    gaps: int = 0
    source_offset: int | None = None


class Record(NamedTuple):
    """One frame or one block of lines, as it came. `position`: see `JournalConnection.kind`."""

    connection_id: int
    position: int
    payload: bytes


class BatchRow(NamedTuple):
    """A row of `batches`, in the order of its columns."""

    seq: int
    first_record: int
    record_count: int
    raw_bytes: int
    first_position: int
    last_position: int
    source_offset: int | None
    crc32: int
    blob: bytes


_COUNTS = struct.Struct("<IQ")


def pack(records: list[Record]) -> bytes:
    """Compress records into a batch blob: connection ids, position steps, lengths, then the payloads end to end."""
    positions = np.array([record.position for record in records], dtype="<i8")
    steps = np.diff(positions, prepend=np.int64(0))  # receive times close together: small steps compress
    payload = b"".join([record.payload for record in records])
    return zstandard.compress(
        b"".join(
            (
                _COUNTS.pack(len(records), len(payload)),
                np.array([record.connection_id for record in records], dtype="<u4").tobytes(),
                steps.tobytes(),
                np.array([len(record.payload) for record in records], dtype="<u4").tobytes(),
                payload,
            )
        ),
        COMPRESSION_LEVEL,
    )


def unpack(blob: bytes) -> list[Record]:
    """The records of a batch blob.

    Raises:
        ValueError: the blob is not what `pack` makes.
    """
    try:
        raw = zstandard.decompress(blob)
    except zstandard.ZstdError as error:
        raise ValueError(f"does not decompress: {error}") from error
    if len(raw) < _COUNTS.size:
        raise ValueError(f"holds {len(raw)} bytes, fewer than its counts need")
    count, payload_bytes = _COUNTS.unpack_from(raw)
    start = _COUNTS.size + 16 * count
    if len(raw) != start + payload_bytes:
        raise ValueError(f"holds {len(raw)} bytes where its counts say {start + payload_bytes}")
    ids = np.frombuffer(raw, "<u4", count, _COUNTS.size)
    steps = np.frombuffer(raw, "<i8", count, _COUNTS.size + 4 * count)
    lengths = np.frombuffer(raw, "<u4", count, _COUNTS.size + 12 * count)
    ends = start + np.cumsum(lengths, dtype=np.int64)
    if count and int(ends[-1]) != len(raw):
        raise ValueError("lengths do not add up to the payload")
    starts = (ends - lengths).tolist()
    payloads = [raw[begin:end] for begin, end in zip(starts, ends.tolist(), strict=True)]
    columns = zip(ids.tolist(), np.cumsum(steps, dtype=np.int64).tolist(), payloads, strict=True)
    return list(map(_as_record, columns))


_as_record: Final[Callable[[tuple[int, int, bytes]], Record]] = partial(tuple[Any, ...].__new__, Record)
"""A record of a tuple that has its shape: a third of the time of `Record(...)`, once for every frame ever read."""


def batch_crc(row: BatchRow) -> int:
    """CRC-32 over the blob and every other column of its row."""
    numbers = [-1 if column is None else column for column in row[:7]]
    return zlib.crc32(row.blob, zlib.crc32(struct.pack("<7q", *numbers)))


def body_crc(table: str, row_id: int, body: bytes) -> int:
    """CRC-32 of a row of the small tables; the table and id are in it, so a row cannot pass for another."""
    return zlib.crc32(body, zlib.crc32(f"{table}:{row_id}".encode()))


def encode_mark(seq: int) -> bytes:
    """The mark's content: 26 bytes, written in one piece."""
    digits = f"{seq:016x}"
    return f"{digits} {zlib.crc32(digits.encode()):08x}\n".encode()


def decode_mark(content: bytes) -> int:
    """The batch number in a mark; 0, promising nothing, where it is absent or damaged."""
    digits, _, crc = content.partition(b" ")
    if len(content) != 26 or crc != f"{zlib.crc32(digits):08x}\n".encode():
        return 0
    return int(digits, 16)
