"""Import one file: recognize it, journal its records, derive the archive, say what came of it.

Importing the same content again changes nothing; an import that was interrupted goes on where its journal ends. This
is the one place where importers meet the journal and the archive.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.store import archive
from powderkeg.store.decode import RejectedRecord
from powderkeg.store.importers.formats import Frame
from powderkeg.store.importers.journaling import write_messages, write_rows
from powderkeg.store.importers.lines import read_lines
from powderkeg.store.importers.registry import recognize
from powderkeg.store.importers.sources import Source, source_of
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, journal_paths
from powderkeg.store.journal_format import SIMULATED_PREFIX, JournalMeta
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.manifest import Manifest, archive_dir, load_manifest
from powderkeg.store.rows import Reject

FIRST_REJECTS: Final = 20
"""Refused lines that are shown; all of them are in the archive's list of refusals."""

PROGRESS_STEP_BYTES: Final = 1024 * 1024


class ImportProgress(msgspec.Struct, frozen=True):
    """How far an import is.

    Attributes:
        stage: checking (reading the file once), journaling, archiving.
        done_bytes: unpacked bytes of the stage.
        total_bytes: None while it is not known, as of a packed file that is read for the first time.
    """

    stage: Literal["checking", "journaling", "archiving"]
    done_bytes: int
    total_bytes: int | None


class ImportResult(msgspec.Struct, frozen=True):
    """What came of an import.

    Attributes:
        lines: of the file.
        events: how many of each type (see `domain.events.EVENT_NAMES`).
        rejects: lines or messages that could not be read, each kept with its reason.
        first_rejects: the first of them.
        doubled_rows_removed: rows the publisher is known to have written twice, left out once each.
        already_imported: nothing was to be done.
    """

    journal_id: str
    format: str
    lines: int
    events: dict[str, int]
    rejects: int
    first_rejects: tuple[Reject, ...]
    doubled_rows_removed: int
    already_imported: bool


def import_file(
    data_dir: Path,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    symbol: str | None = None,
    progress: Callable[[ImportProgress], None] | None = None,
    now_ns: Callable[[], int] = time.monotonic_ns,
) -> ImportResult:
    """Import a file into a data directory.

    Args:
        data_dir: where journals and archive live.
        path: the file, also packed (gzip, or a zip of one file).
        format: name of its kind, where the user knows better than recognition.
        symbol: the contract, for tables that do not name it.
        progress: told how far it is, about once per MiB.
        now_ns: clock of the journal's commit interval, ns; only differences are used.

    Raises:
        InputError: the file cannot be read as any kind, its contract is not said, or the directory holds a simulation.
        StoreBusyError: another process writes the same journal or archive.
        StoreError: the disk refuses; run it again to go on.
    """
    _refuse_simulated(data_dir)
    report = _Reporter(progress, path)
    match = recognize(path, format=format, symbol=symbol)
    source = source_of(path, match, report.stage("checking", _plain_size(path)))
    stored, is_sealed = _stored(data_dir, source)
    if not is_sealed:
        _journal(data_dir, source, stored, report.stage("journaling", source.content_bytes), now_ns)
    manifest = load_manifest(data_dir, source.journal_id) if is_sealed else None
    already = manifest is not None and manifest.is_sealed
    if manifest is None or not already:
        report.stage("archiving", source.content_bytes)(source.content_bytes)
        manifest = archive.seal(data_dir, source.journal_id)
    return _result(data_dir, source, manifest, already=already)


def _refuse_simulated(data_dir: Path) -> None:
    if any(path.stem.startswith(SIMULATED_PREFIX) for path in journal_paths(data_dir)):
        raise InputError(
            f"{data_dir} holds simulated data, which must not be mixed with anything else; name another with --data"
        )


class _Reporter:
    """Turns bytes read into progress, no more often than somebody can look."""

    def __init__(self, progress: Callable[[ImportProgress], None] | None, path: Path) -> None:
        self._progress = progress
        self._path = path

    def stage(
        self, stage: Literal["checking", "journaling", "archiving"], total_bytes: int | None
    ) -> Callable[[int], None]:
        """A callable that is told the bytes done of a stage."""
        reported = 0

        def on_read(done_bytes: int) -> None:
            nonlocal reported
            if self._progress is not None and (
                done_bytes - reported >= PROGRESS_STEP_BYTES or done_bytes == total_bytes
            ):
                reported = done_bytes
                self._progress(ImportProgress(stage, done_bytes, total_bytes))

        return on_read


def _plain_size(path: Path) -> int | None:
    return None if path.suffix.lower() in (".gz", ".zip") else path.stat().st_size


def _stored(data_dir: Path, source: Source) -> tuple[JournalMeta, bool]:
    """What the journal of a source says about itself, and whether it is complete.

    It may have been begun under another file name, and goes on under that one.
    """
    path = journal_path(data_dir, source.journal_id)
    try:
        with JournalReader(path) as reader:
            return reader.meta, reader.progress.state == "sealed"
    except StoreError:
        # Absent, or nothing of it was ever committed; opening it for writing says if it is damaged.
        return source.meta, False


def _journal(
    data_dir: Path, source: Source, meta: JournalMeta, on_read: Callable[[int], None], now_ns: Callable[[], int]
) -> None:
    path = journal_path(data_dir, source.journal_id)
    write = write_rows if source.match.format.kind == "rows" else write_messages
    with Journal.create_or_resume(path, meta, now_ns=now_ns) as journal:
        write(journal, source, on_read)
        journal.seal()


def _result(data_dir: Path, source: Source, manifest: Manifest, *, already: bool) -> ImportResult:
    events = Counter[str]()
    for file in manifest.files:
        events[file.event] += file.rows
    return ImportResult(
        journal_id=source.journal_id,
        format=source.match.format.name,
        lines=source.lines,
        events=dict(sorted(events.items())),
        rejects=manifest.rejects,
        first_rejects=_first_rejects(data_dir, source, manifest),
        doubled_rows_removed=len(source.doubled),
        already_imported=already,
    )


def _first_rejects(data_dir: Path, source: Source, manifest: Manifest) -> tuple[Reject, ...]:
    found: list[RejectedRecord] = []
    for file in manifest.reject_files:
        with (archive_dir(data_dir) / file.path).open("rb") as lines:
            for line in lines:
                if len(found) == FIRST_REJECTS:
                    break
                found.append(msgspec.json.decode(line, type=RejectedRecord))
    missing = {(reject.position, reject.excerpt) for reject in found if reject.line is None}
    numbers = _line_numbers(source, missing) if missing else {}
    rejects = [
        Reject(
            reject.line if reject.line is not None else numbers.get((reject.position, reject.excerpt)),
            reject.reason,
            reject.excerpt,
        )
        for reject in found
    ]
    return tuple(sorted(rejects, key=lambda reject: reject.line or 0))


def _line_numbers(source: Source, missing: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Lines of messages that a venue's parser refused; the archive knows these by receive time and beginning."""
    reader = source.match.format.frames
    found: dict[tuple[int, str], int] = {}
    if reader is None:
        return found
    length = max(len(beginning) for _, beginning in missing)
    lines = read_lines(source.path, source.match.format.max_line_bytes)
    for message in reader(lines, source.match.context):
        if not isinstance(message, Frame):
            continue
        key = (message.ts_received_ns, message.payload[: 4 * length].decode("utf-8", "replace")[:length])
        if key in missing and found.setdefault(key, message.line) == message.line and len(found) == len(missing):
            break
    return found
