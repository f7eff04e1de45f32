"""The journals of a soak in an order of their own, so that the archives of two runs can be compared to the byte.

Sockets of different venues interleave as the machine likes, so the order of records in a journal is not the story's.
Within one connection it is. Here the records are written once more: venue after venue, path after path, connection
after connection, each in its own order, and without what says nothing (acknowledgments, heartbeats), whose number
depends on the wall clock. From that journal the archive is made by the same code as ever.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.time import day_of
from powderkeg.store import archive
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, journal_paths
from powderkeg.store.journal_format import JournalMeta, Record
from powderkeg.store.journal_reader import JournalReader
from powderkeg.testing.squeeze import START_NS
from powderkeg.venues import parse_frame

NAME: Final = "canonical"

Place = tuple[str, str, int]
"""Venue, stream classes, and the how-manieth connection of them."""


def canonical_archive(data_dir: Path, target: Path) -> str:
    """Make the archive of a soak's journals in `target`; its hash over every file's name and bytes."""
    meta = JournalMeta(journal_id=f"{NAME}-{day_of(START_NS)}", kind="simulated", options={})
    with Journal.create_or_resume(journal_path(target, meta.journal_id), meta, now_ns=lambda: 0) as journal:
        for (venue, stream, _), records in sorted(_by_place(data_dir).items()):
            connection_id = journal.connect(
                venue=venue, stream=stream, kind="frames", opened_ns=min(record.position for record in records)
            )
            for record in records:
                journal.append(connection_id, record.position, record.payload)
        journal.seal()
    archive.seal(target, meta.journal_id)
    return archive.archive_hash(target)


def _by_place(data_dir: Path) -> dict[Place, list[Record]]:
    """The records that say something, by connection; a connection with none is not counted."""
    found: dict[Place, list[Record]] = {}
    numbers: dict[tuple[str, str], int] = {}
    for path in journal_paths(data_dir):
        with JournalReader(path) as reader:
            places: dict[int, Place] = {}
            for record in reader.records():
                known = reader.connections[record.connection_id]
                if not _says_something(known.venue, record.payload):
                    continue
                place = places.get(record.connection_id)
                if place is None:
                    key = (known.venue, known.stream)
                    numbers[key] = numbers.get(key, 0) + 1
                    place = places[record.connection_id] = (*key, numbers[key])
                found.setdefault(place, []).append(record)
    return found


def _says_something(venue: str, payload: bytes) -> bool:
    try:
        return bool(parse_frame(venue, payload, 0))
    except VenueProtocolError:
        return True  # garbage is part of the story, and of the archive's list of rejects
