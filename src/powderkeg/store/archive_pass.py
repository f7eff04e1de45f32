"""One pass over a journal: its records become files under their final names, not yet listed in any manifest."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.domain.events import BookDelta, BookSnapshot, Event
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.store.closing import Closing
from powderkeg.store.decode import EXCERPT_CHARS, Decoder, RejectedRecord
from powderkeg.store.journal_format import Record
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.lock import make_private, sync_folder
from powderkeg.store.manifest import (
    ARCHIVE_VERSION,
    ArchiveFile,
    Manifest,
    RejectFile,
    archive_dir,
    file_sha256,
    load_manifest,
)
from powderkeg.store.parquet import PartWriter, WrittenPart
from powderkeg.store.repeats import RepeatFinder
from powderkeg.store.spans import closed_spans, note_record

LATEST_NS: Final = 4_102_444_800_000_000_000  # 2100-01-01: the archive's days are dates people can read
_INT64: Final = 1 << 63
_HASH_CHARS: Final = 12
_BOOKS: Final = (BookSnapshot, BookDelta)


class _Names(NamedTuple):
    """How the files of one pass are named and marked."""

    journal_id: str
    first: int  # ordinal of the first record
    last: int
    records_sha256: str

    def file(self, sha256: str, suffix: str) -> str:
        return f"{self.journal_id}.{self.first}-{self.last}.{sha256[:_HASH_CHARS]}.{suffix}"

    @property
    def footer(self) -> dict[str, str]:
        return {
            "powderkeg.journal": self.journal_id,
            "powderkeg.records": f"{self.first}-{self.last}",
            "powderkeg.records_sha256": self.records_sha256,
            "powderkeg.archive_version": str(ARCHIVE_VERSION),
        }


def archive_records(
    archive: Path,
    folder: Path,
    reader: JournalReader,
    before: Manifest,
    instruments: InstrumentMap | None,
) -> Manifest:
    """Archive what a journal holds behind a manifest.

    Args:
        archive: the archive's folder.
        folder: an empty one for temporary files, on the same disk.
        reader: of the journal, fresh.
        before: what is archived already.
        instruments: see `Decoder`.

    Returns:
        The manifest that has to be saved for the new files to count.
    """
    read, digest = _digest(reader, before.last_seq + 1)
    damage = tuple(reader.damage)
    last = max(reader.progress.records, before.records + read)
    names = _Names(before.journal_id, before.records + 1, last, digest)
    decoder = Decoder(reader.connections, instruments, before.decoder)
    spans = {span.connection_id: span for span in before.spans}
    with PartWriter(folder, names.footer) as writer, _RejectWriter(folder / "rejects.jsonl") as rejects:
        for record in reader.records(before.last_seq + 1):
            note_record(spans, record, reader.connections)
            decoded = decoder.decode(record)
            for event in decoded.events:
                if (problem := unfit(event)) is None:
                    writer.add(event)
                else:
                    rejects.add([_unfit_record(record, event, problem)])
            rejects.add(decoded.rejects)
        files = _published(archive, writer.finish(), names, folder)
        reject_files = rejects.published(archive, names)
    return Manifest(
        journal_id=before.journal_id,
        journal_kind=before.journal_kind,
        is_sealed=reader.progress.state == "sealed",
        last_seq=reader.last_seq,
        records=last,
        records_lost=before.records_lost + last - before.records - read,
        rejects=before.rejects + rejects.rows,
        decoder=decoder.state(),
        files=(*before.files, *files),
        reject_files=(*before.reject_files, *reject_files),
        damage=(*before.damage, *damage),
        spans=closed_spans(spans, reader.connections),
        gaps=tuple(reader.gaps()),
    )


def _unfit_record(record: Record, event: Event, problem: str) -> RejectedRecord:
    return RejectedRecord(record.connection_id, record.position, None, problem, repr(event)[:EXCERPT_CHARS])


def unfit(event: Event) -> str | None:
    """Why an event cannot be a row of the archive, None where it can."""
    if not 0 <= event.ts_event_ns < LATEST_NS:
        return f"event time {event.ts_event_ns} ns lies outside 1970 to 2100"
    if isinstance(event, _BOOKS):
        ids = [event.last_update_id, *([event.first_update_id] if isinstance(event, BookDelta) else [])]
        if any(number is not None and not -_INT64 <= number < _INT64 for number in ids):
            return "update id does not fit 64 bits"
    return None


def remove_unlisted(data_dir: Path, journal_id: str) -> None:
    """Remove a journal's files that its manifest does not list: what a crash or a replacement left."""
    archive = archive_dir(data_dir)
    try:
        manifest = load_manifest(data_dir, journal_id)
    except StoreError:
        return  # the manifest is damaged: nothing is certain until the next one stands
    listed = manifest.paths if manifest is not None else frozenset[str]()
    for pattern in (f"event=*/venue=*/date=*/{journal_id}.*.parquet", f"rejects/{journal_id}.*.jsonl"):
        for path in archive.glob(pattern):
            if path.relative_to(archive).as_posix() not in listed:
                path.unlink()
                with suppress(OSError):
                    path.parent.rmdir()  # only where it is empty now


def _digest(reader: JournalReader, from_seq: int) -> tuple[int, str]:
    """How many records there are, and a SHA-256 that does not depend on how they were batched."""
    total = hashlib.sha256()
    count = 0
    for record in reader.records(from_seq):
        total.update(struct.pack("<IqI", record.connection_id, record.position, len(record.payload)))
        total.update(record.payload)
        count += 1
    return count, total.hexdigest()


def _published(archive: Path, parts: list[WrittenPart], names: _Names, folder: Path) -> list[ArchiveFile]:
    """Move finished files to their names, durably."""
    files: list[ArchiveFile] = []
    with RepeatFinder(folder) as finder:
        for part in parts:
            sha256 = _make_durable(part.path)
            path = f"{part.key.folder}/{names.file(sha256, 'parquet')}"
            symbols, silences = finder.silences(part.key.event, part.path)
            files.append(
                ArchiveFile(
                    path=path,
                    event=part.key.event,
                    venue=part.key.venue,
                    date=part.key.date,
                    rows=part.rows,
                    file_bytes=part.path.stat().st_size,
                    min_ts_event_ns=part.min_ts_event_ns,
                    max_ts_event_ns=part.max_ts_event_ns,
                    sha256=sha256,
                    ids=finder.look(part.key.event, part.path),
                    symbols=symbols,
                    silences=silences,
                )
            )
            _move(part.path, archive / path)
    _sync_folders(archive, (archive / file.path for file in files))
    return files


class _RejectWriter(Closing):
    """Rejects as JSON lines, in the order of the records; no file where there are none."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._file: BinaryIO | None = None

    def add(self, rejects: Sequence[RejectedRecord]) -> None:
        if not rejects:
            return
        if self._file is None:
            self._file = self._path.open("wb")
        for reject in rejects:
            self._file.write(msgspec.json.encode(reject) + b"\n")
        self.rows += len(rejects)

    def published(self, archive: Path, names: _Names) -> list[RejectFile]:
        if self._file is None:
            return []
        self._file.close()
        sha256 = _make_durable(self._path)
        path = f"rejects/{names.file(sha256, 'jsonl')}"
        _move(self._path, archive / path)
        _sync_folders(archive, [archive / path])
        return [RejectFile(path=path, rows=self.rows, sha256=sha256)]

    def close(self) -> None:
        """Let go of the file, where there is one."""
        if self._file is not None:
            self._file.close()


def _make_durable(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return file_sha256(path)


def _move(path: Path, target: Path) -> None:
    make_private(target.parent)
    os.replace(path, target)  # noqa: PTH105 - the one call crash tests count


def _sync_folders(archive: Path, paths: Iterable[Path]) -> None:
    folders = {folder for path in paths for folder in path.parents if folder.is_relative_to(archive)}
    for folder in sorted(folders):
        sync_folder(folder)
