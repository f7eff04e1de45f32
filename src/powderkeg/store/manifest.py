"""The archive's commit point: one manifest per journal says which files there are. What it does not list is not there.

A manifest is replaced whole, by rename, after the files it lists are durable: a crash leaves the old state or the new.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import Span
from powderkeg.store.decode import DecoderState
from powderkeg.store.journal_reader import Damage
from powderkeg.store.lock import make_private, sync_folder
from powderkeg.store.repeats import IdNotes
from powderkeg.store.spans import Span as ConnectionSpan

ARCHIVE_VERSION: Final = 1


class ArchiveFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file.

    Attributes:
        path: below the archive folder, with `/`.
        date: UTC day of every row's `ts_event_ns`.
        ids: what can make a row of the file another sighting of the same event.
        symbols: how many different ones a file of liquidations holds, 0 for other events.
        silences: of liquidations: (event before, event after) of each silence longer than `MAX_SILENCE_NS`.
    """

    path: str
    event: str
    venue: str
    date: str
    rows: int
    file_bytes: int
    min_ts_event_ns: int
    max_ts_event_ns: int
    sha256: str
    ids: IdNotes = IdNotes()
    symbols: int = 0
    silences: tuple[Span, ...] = ()


class RejectFile(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON-lines file of `decode.RejectedRecord`s."""

    path: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive holds of one journal.

    Attributes:
        last_seq: last journal batch archived.
        records: journal records archived; the next part starts behind them.
        records_lost: records the journal no longer gave when it was read.
        decoder: state for what follows.
        spans, gaps: what was observed, kept for when the journal itself is gone.
    """

    journal_id: str
    journal_kind: Literal["live", "import", "simulated"]
    is_sealed: bool = False
    last_seq: int = 0
    records: int = 0
    records_lost: int = 0
    rejects: int = 0
    decoder: DecoderState = {}
    files: tuple[ArchiveFile, ...] = ()
    reject_files: tuple[RejectFile, ...] = ()
    damage: tuple[Damage, ...] = ()
    spans: tuple[ConnectionSpan, ...] = ()
    gaps: tuple[FeedGap, ...] = ()
    archive_version: int = ARCHIVE_VERSION

    @property
    def paths(self) -> frozenset[str]:
        """Every file it lists, below the archive folder."""
        return frozenset(file.path for file in (*self.files, *self.reject_files))


def archive_dir(data_dir: Path) -> Path:
    """Where the archive lives in a data directory."""
    return data_dir / "archive"


def manifest_path(data_dir: Path, journal_id: str) -> Path:
    """Where a journal's manifest lives."""
    return archive_dir(data_dir) / "manifests" / f"{journal_id}.json"


def load_manifest(data_dir: Path, journal_id: str) -> Manifest | None:
    """A journal's manifest, None where nothing of it is archived.

    Raises:
        StoreError: it is damaged or of another version; `rebuild` makes it anew from the journal.
    """
    path = manifest_path(data_dir, journal_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    body, _, digest = content.rstrip(b"\n").rpartition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise StoreError(f"{path}: fails its checksum; rebuild the archive from the journals")
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path}: of another version ({error}); rebuild the archive from the journals") from error
    if manifest.archive_version != ARCHIVE_VERSION:
        raise StoreError(
            f"{path}: of archive version {manifest.archive_version}; rebuild the archive from the journals"
        )
    return manifest


def load_manifests(data_dir: Path) -> list[Manifest]:
    """Every manifest, in order of journal id."""
    names = sorted(path.stem for path in (archive_dir(data_dir) / "manifests").glob("*.json"))
    return [manifest for name in names if (manifest := load_manifest(data_dir, name)) is not None]


def save_manifest(data_dir: Path, manifest: Manifest) -> None:
    """Replace a manifest: this is the commit. Its last line is the SHA-256 of what stands before."""
    path = manifest_path(data_dir, manifest.journal_id)
    make_private(path.parent)
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(body + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105 - the one call crash tests count
    sync_folder(path.parent)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
