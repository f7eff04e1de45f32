"""A file to import as a source: what it is, what its content is, and the id of the journal that holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.store.importers.formats import MAX_ROW_BYTES
from powderkeg.store.importers.lines import content_name, read_chunks, read_lines
from powderkeg.store.importers.registry import Match
from powderkeg.store.journal_format import JournalMeta

BLOCK_LINES: Final = 1_000
"""Lines per journal record of a table. Fixed: an import that goes on after a stop must cut the same blocks."""

_ID_DIGITS: Final = 16


class Source(msgspec.Struct, frozen=True):
    """A file and what is known of it before a line is imported.

    Attributes:
        match: its kind, and what the kind's parser must know.
        sha256: of the unpacked content, so that a file and its packed copy are one source.
        content_bytes: unpacked.
        lines: of the content.
        doubled: numbers of the lines the publisher wrote twice.
    """

    path: Path
    match: Match
    sha256: str
    content_bytes: int
    lines: int
    doubled: frozenset[int]

    @property
    def journal_id(self) -> str:
        """Same content read the same way, same id; the file's name and packing do not matter."""
        meaning = msgspec.json.encode([self.sha256, self.match.format.name, sorted(self.match.context.items())])
        return f"import-{hashlib.sha256(meaning).hexdigest()[:_ID_DIGITS]}"

    @property
    def meta(self) -> JournalMeta:
        """What the journal says about itself."""
        return JournalMeta(
            journal_id=self.journal_id,
            kind="import",
            source_name=content_name(self.path),
            source_sha256=self.sha256,
            source_format=self.match.format.name,
            options={"doubled_rows_removed": str(len(self.doubled)), **self.match.context},
        )


def source_of(path: Path, match: Match, on_read: Callable[[int], None] | None = None) -> Source:
    """Read a file once to know its content.

    Raises:
        InputError: damaged; or a table of whose first block not one row can be read.
    """
    digest = hashlib.sha256()
    content_bytes = newlines = 0
    last = b"\n"
    for chunk in read_chunks(path, on_read):
        digest.update(chunk)
        content_bytes += len(chunk)
        newlines += chunk.count(b"\n")
        last = chunk[-1:]
    _check_first_block(path, match)
    find_doubled = match.format.doubled
    doubled = find_doubled(read_lines(path, MAX_ROW_BYTES), match.context) if find_doubled else frozenset[int]()
    return Source(path, match, digest.hexdigest(), content_bytes, newlines + (last != b"\n"), doubled)


def _check_first_block(path: Path, match: Match) -> None:
    """Refuse a table that is wrong throughout (another time unit, say) before anything of it is kept."""
    if match.format.rows is None:
        return
    lines: list[str] = []
    for line in read_lines(path, match.format.max_line_bytes):
        lines.append(line.text.decode("utf-8", "replace"))
        if len(lines) == BLOCK_LINES:
            break
    parsed = match.format.rows(lines, 1, match.context)
    if parsed.rejects and not parsed.events:
        first = parsed.rejects[0]
        raise InputError(
            f"{path.name}: no row of the first {len(lines)} lines can be read as {match.format.name}; "
            f"line {first.line}: {first.reason} ({first.excerpt!r})"
        )
