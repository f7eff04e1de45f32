"""What is wrong with a data directory, found by reading all of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.store.archive import damaged_files
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.manifest import load_manifests


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """State of the journals and the archive.

    Attributes:
        damages: what journals should hold and do not give back, as sentences.
        archive_problems: files that are absent or not what was written.
        unarchived: complete journals that are not archived.
        reject_count: rows and frames that could not be understood.
    """

    journal_count: int
    record_count: int
    damages: tuple[str, ...]
    archive_problems: tuple[str, ...]
    unarchived: tuple[str, ...]
    reject_count: int


def health(data_dir: Path) -> Health:
    """Read every journal and every archived file of a data directory."""
    records = 0
    damages: list[str] = []
    sealed: list[str] = []
    paths = journal_paths(data_dir)
    for path in paths:
        try:
            with JournalReader(path) as reader:
                records += sum(1 for _ in reader.records())
                sealed += [path.stem] if reader.progress.state == "sealed" else []
                damages += [f"{path.name}: batch {damage.seq}: {damage.reason}" for damage in reader.damage]
        except StoreError as error:
            damages.append(str(error))
    problems: list[str] = []
    rejects = 0
    archived: set[str] = set()
    try:
        problems += [f"{name} is missing or not what was written" for name in damaged_files(data_dir)]
        manifests = load_manifests(data_dir)
        rejects = sum(manifest.rejects for manifest in manifests)
        archived = {manifest.journal_id for manifest in manifests}
    except StoreError as error:
        problems.append(str(error))
    return Health(
        journal_count=len(paths),
        record_count=records,
        damages=tuple(damages),
        archive_problems=tuple(problems),
        unarchived=() if problems else tuple(sorted({*sealed} - archived)),
        reject_count=rejects,
    )
