"""The typed archive: Parquet files made from journals, committed by manifests, rebuildable byte for byte.

    archive/event=<name>/venue=<slug>/date=<day of ts_event_ns>/<journal_id>.<first>-<last>.<hash>.parquet
    archive/rejects/<journal_id>.<first>-<last>.<hash>.jsonl
    archive/manifests/<journal_id>.json
    archive/verified.json                   a cache, see `verified.py`

`<first>-<last>` are ordinals of journal records, `<hash>` the beginning of the file's SHA-256: a name never changes its
content, so new files can stand beside old ones until the manifest moves from these to those. What a crash leaves
behind is unlisted, and is removed by the next run.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from powderkeg.domain.errors import StoreBusyError, StoreError
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.store.archive_pass import archive_records, remove_unlisted
from powderkeg.store.journal_file import journal_path, journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.lock import FileLock, make_private
from powderkeg.store.manifest import Manifest, archive_dir, file_sha256, load_manifest, load_manifests, save_manifest
from powderkeg.store.verified import VerifiedFiles


def grow(data_dir: Path, journal_id: str, instruments: InstrumentMap | None = None) -> Manifest:
    """Archive what a journal holds behind its last archived record, as one more part.

    Raises:
        StoreBusyError: another process is archiving.
        StoreError: the journal or its manifest cannot be read, or the disk refuses.
    """
    with _locked(data_dir):
        return _advance(data_dir, journal_id, load_manifest(data_dir, journal_id), instruments)


def seal(data_dir: Path, journal_id: str, instruments: InstrumentMap | None = None) -> Manifest:
    """Make a journal's part of the archive anew, one file per event, venue and day, in place of its parts.

    Law: the result depends on the journal's records alone, not on the parts there were.

    Raises:
        StoreBusyError, StoreError: as `grow`.
    """
    with _locked(data_dir):
        return _advance(data_dir, journal_id, None, instruments)


def rebuild(data_dir: Path, instruments: InstrumentMap | None = None) -> list[Manifest]:
    """`seal` every journal of the data directory; what is archived of journals no longer there stays.

    Raises:
        StoreBusyError: another process is archiving.
        StoreError: a journal cannot be read; the others are rebuilt before it is raised.
    """
    rebuilt: list[Manifest] = []
    failed: list[StoreError] = []
    for path in journal_paths(data_dir):
        try:
            rebuilt.append(seal(data_dir, path.stem, instruments))
        except StoreBusyError:
            raise
        except StoreError as error:
            failed.append(error)
    if failed:
        raise StoreError(f"{len(failed)} of {len(failed) + len(rebuilt)} journals were not rebuilt: {failed[0]}")
    return rebuilt


def repair(data_dir: Path) -> list[str]:
    """`seal` the journals whose part of the archive is absent or damaged, and leave the others alone.

    A journal may have been damaged after it was archived, so what is whole is not made anew.

    Returns:
        The ids of the journals that were archived again.

    Raises:
        StoreBusyError, StoreError: as `rebuild`.
    """
    mended: list[str] = []
    failed: list[StoreError] = []
    for path in journal_paths(data_dir):
        if _is_whole(data_dir, path.stem):
            continue
        try:
            seal(data_dir, path.stem)
        except StoreBusyError:
            raise
        except StoreError as error:
            failed.append(error)
        else:
            mended.append(path.stem)
    if failed:
        raise StoreError(f"{len(failed)} of {len(failed) + len(mended)} journals were not archived again: {failed[0]}")
    return mended


def _is_whole(data_dir: Path, journal_id: str) -> bool:
    try:
        manifest = load_manifest(data_dir, journal_id)
    except StoreError:
        return False
    if manifest is None:
        return False
    files = (*manifest.files, *manifest.reject_files)
    return all(is_intact(archive_dir(data_dir) / file.path, file.sha256) for file in files)


def archive_hash(data_dir: Path) -> str:
    """SHA-256 over the path and SHA-256 of every file the archive consists of; equal archives, equal hashes."""
    total = hashlib.sha256()
    listed = [file for manifest in load_manifests(data_dir) for file in (*manifest.files, *manifest.reject_files)]
    for path, sha256 in sorted((file.path, file.sha256) for file in listed):
        total.update(f"{path} {sha256}\n".encode())
    return total.hexdigest()


def damaged_files(data_dir: Path) -> list[str]:
    """Listed files that are absent or no longer what was written; reads the whole archive, and trusts no memory.

    From then on queries leave them out too.
    """
    manifests = load_manifests(data_dir)
    listed = [file for manifest in manifests for file in (*manifest.files, *manifest.reject_files)]
    damaged = [file.path for file in listed if not is_intact(archive_dir(data_dir) / file.path, file.sha256)]
    if damaged:
        verified = VerifiedFiles(data_dir)
        verified.forget(damaged)
        verified.save(file.path for file in listed)
    return damaged


def is_intact(path: Path, sha256: str) -> bool:
    """Whether a file is what it was when it was written."""
    try:
        return file_sha256(path) == sha256
    except OSError:
        return False


def _locked(data_dir: Path) -> FileLock:
    folder = archive_dir(data_dir)
    make_private(folder)
    return FileLock(folder / ".lock", f"the archive in {data_dir}")


def _advance(data_dir: Path, journal_id: str, old: Manifest | None, instruments: InstrumentMap | None) -> Manifest:
    """Archive the journal behind `old` (None: all of it) and commit."""
    folder = archive_dir(data_dir) / f"tmp-{journal_id}"
    if folder.exists():  # an earlier run was cut off
        remove_unlisted(data_dir, journal_id)
        shutil.rmtree(folder)
    with JournalReader(journal_path(data_dir, journal_id)) as reader:
        before = old or Manifest(journal_id=journal_id, journal_kind=reader.meta.kind)
        is_sealed = reader.progress.state == "sealed"
        if old is not None and reader.last_seq <= old.last_seq and is_sealed == old.is_sealed:
            return old
        folder.mkdir(mode=0o700)
        try:
            after = archive_records(archive_dir(data_dir), folder, reader, before, instruments)
            save_manifest(data_dir, after)
            if old is None:
                remove_unlisted(data_dir, journal_id)
            shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(f"{folder}: cannot write the archive: {error}; nothing is lost, try again") from error
    return after
