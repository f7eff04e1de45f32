"""Opening journal files: for the one writer, for any number of readers, and moving damaged ones aside."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.store import journal_format as fmt
from powderkeg.store.journal_format import JournalConnection, JournalMeta, Progress
from powderkeg.store.lock import FileLock, make_private, sync_folder

PAGE_BYTES: Final = 16_384  # batches are 100 to 300 KB: a quarter of the pages of SQLite's default to chain and log
BUSY_TIMEOUT_S: Final = 10.0  # a reader may hold the file for one lookup, never for seconds

_JOURNAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")
_Body = TypeVar("_Body", bound=msgspec.Struct)


class OpenedJournal(NamedTuple):
    """A journal locked for writing, and what it held when it was opened."""

    path: Path
    database: sqlite3.Connection
    lock: FileLock
    progress: Progress
    connections: dict[int, JournalConnection]


class DamagedRowError(ValueError):
    """A row is absent or fails its checksum; the caller turns it into damage or a StoreError."""


def journal_path(data_dir: Path, journal_id: str) -> Path:
    """Where a journal lives in a data directory."""
    return data_dir / "journal" / f"{journal_id}.sqlite"


def journal_paths(data_dir: Path) -> list[Path]:
    """Every journal of a data directory, in order of name."""
    return sorted((data_dir / "journal").glob("*.sqlite"))


def mark_path(path: Path) -> Path:
    """The mark beside a journal: the lock of its writer, and the last batch known durable."""
    return path.with_suffix(".mark")


def put_body(database: sqlite3.Connection, table: str, row_id: int, body: msgspec.Struct) -> None:
    """Write a row of one of the small tables with its checksum."""
    blob = msgspec.json.encode(body)
    # The table is one of this module's constants, never input.
    database.execute(
        f"INSERT OR REPLACE INTO {table} VALUES (?,?,?)",  # noqa: S608
        (row_id, blob, fmt.body_crc(table, row_id, blob)),
    )


def get_body(database: sqlite3.Connection, table: str, row_id: int, kind: type[_Body]) -> _Body:
    """Read a row of one of the small tables.

    Raises:
        DamagedRowError: it is absent, unreadable or fails its checksum.
    """
    try:
        row = database.execute(f"SELECT body, crc32 FROM {table} WHERE id = ?", (row_id,)).fetchone()  # noqa: S608
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise DamagedRowError(f"{table} row {row_id} cannot be read: {error}") from error
    if row is None:
        raise DamagedRowError(f"{table} row {row_id} is missing")
    body, crc = row
    if not isinstance(body, bytes) or fmt.body_crc(table, row_id, body) != crc:
        raise DamagedRowError(f"{table} row {row_id} fails its checksum")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise DamagedRowError(f"{table} row {row_id} is of another version: {error}") from error


def open_journal(path: Path, meta: JournalMeta) -> OpenedJournal:
    """Lock and open a journal for writing, making it if absent; see `Journal.create_or_resume`."""
    if _JOURNAL_ID.fullmatch(meta.journal_id) is None or path.name != f"{meta.journal_id}.sqlite":
        raise InputError(f"{path}: a journal is named <journal_id>.sqlite, of letters, digits, '-' and '_'")
    make_private(path.parent)
    lock = FileLock(mark_path(path), f"journal {meta.journal_id}")
    try:
        database = _connect(path, meta)
        progress = _checked(path, database, meta)
        connections = {
            number: get_body(database, "connections", number, JournalConnection)
            for number in range(1, progress.connections + 1)
        }
    except DamagedRowError as error:
        lock.release()
        raise StoreError(f"{path}: damaged: {error}; move it aside and start a new one, it stays readable") from error
    except (sqlite3.Error, OSError) as error:
        lock.release()
        raise StoreError(f"{path}: cannot be opened as a journal: {error}; check disk and permissions") from error
    except BaseException:
        lock.release()
        raise
    # After a loss the numbering goes on behind the mark: the hole stays visible.
    durable = fmt.decode_mark(mark_path(path).read_bytes())
    progress = msgspec.structs.replace(progress, last_seq=max(progress.last_seq, durable))
    return OpenedJournal(path, database, lock, progress, connections)


def _connect(path: Path, meta: JournalMeta) -> sqlite3.Connection:
    is_new = not path.exists()
    if not is_new and path.stat().st_size == 0 and fmt.decode_mark(mark_path(path).read_bytes()) > 0:
        raise DamagedRowError("the file is empty and was not always")
    database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    if is_new:
        mark_path(path).write_bytes(fmt.encode_mark(0))
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    if database.execute("PRAGMA application_id").fetchone()[0] == 0 and not _tables(database):
        _create(database, meta)
        path.chmod(0o600)
        sync_folder(path.parent)
    return database


def _create(database: sqlite3.Connection, meta: JournalMeta) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute(f"PRAGMA application_id = {fmt.APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {fmt.SCHEMA_VERSION}")
    for statement in fmt.SCHEMA.split(";"):
        database.execute(statement)
    put_body(database, "meta", 1, meta)
    put_body(database, "progress", 1, Progress())
    database.execute("COMMIT")


def _tables(database: sqlite3.Connection) -> list[tuple[str]]:
    return database.execute("SELECT name FROM sqlite_schema").fetchall()


def _checked(path: Path, database: sqlite3.Connection, meta: JournalMeta) -> Progress:
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != fmt.APPLICATION_ID or version != fmt.SCHEMA_VERSION:
        raise InputError(f"{path}: not a journal of version {fmt.SCHEMA_VERSION} (it says {application:#x} {version})")
    stored = get_body(database, "meta", 1, JournalMeta)
    if stored != meta:
        raise InputError(f"{path}: belongs to {stored}, not to {meta}; use another journal id")
    progress = get_body(database, "progress", 1, Progress)
    if progress.state == "sealed":
        raise InputError(f"{path}: is sealed and takes no more records")
    return progress


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal without being able to change it; a truncated file opens too, as far as it goes.

    Raises:
        StoreError: not even the list of tables can be read.
    """
    if not path.exists():
        raise StoreError(f"{path}: no such journal")
    problem: Exception | None = None
    # "immutable" is for media on which SQLite may not put its log's index beside the file.
    for query in ("mode=ro", "mode=ro&immutable=1"):
        database = sqlite3.connect(
            f"{path.resolve().as_uri()}?{query}", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
        )
        try:
            with suppress(sqlite3.Error):
                database.execute("PRAGMA writable_schema = ON")  # read files shorter than their header says
            database.execute("PRAGMA cell_size_check = ON")
            if _tables(database):
                return database
            problem = StoreError("it holds no tables")
        except sqlite3.Error as error:
            problem = error
        database.close()
    raise StoreError(f"{path}: cannot be read as a journal: {problem}; keep it aside and rebuild from a copy")


def quarantine(path: Path) -> Path:
    """Move a damaged journal aside, with its log, so that a collector can go on; returns where it went.

    The moved file has the suffix `.damaged-<n>`, is no longer part of the data directory, and can be read by
    `JournalReader`.
    """
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(target.with_name(target.name + suffix))
    path.rename(target)
    with suppress(FileNotFoundError):
        mark_path(path).unlink()
    sync_folder(path.parent)
    return target
