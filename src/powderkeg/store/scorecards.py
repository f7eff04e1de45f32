"""Scorecards of the map over time: one dated line of JSON per market, side and cut, under DIR/scorecards/.

A line is the whole record, appended in one write and synced, so a crash leaves at most one torn line: it is skipped
when read, counted, and closed off by the next write. The last line of a key is its record; a record that says what
stands there already is not written again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.store.lock import FileLock, make_private, sync_folder

FOLDER: Final = "scorecards"
FILE: Final = "map-scores.jsonl"


class ScoreRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The score of one market and side on one test.

    Attributes:
        coin, symbol: the market; venue is None where a table of bars does not say it.
        position_side: long or short.
        source: what the bars came from.
        scored_at_ns: when it was computed.
        trained_until_ns: the cut; tested_from_ns, tested_until_ns: the test after it.
        score: the fields of `liqmap.SeriesScore`, by name.
        is_simulated: whether the data come from a simulated market.
    """

    coin: str
    symbol: str
    venue: str | None
    position_side: str
    source: str
    scored_at_ns: int
    trained_until_ns: int
    tested_from_ns: int
    tested_until_ns: int
    score: dict[str, Any]
    is_simulated: bool = False

    @property
    def key(self) -> tuple[str | None, str, str, int]:
        """What there is one record of: market, side and cut."""
        return self.venue, self.symbol, self.position_side, self.trained_until_ns


class StoredScores(msgspec.Struct, frozen=True, kw_only=True):
    """Records by end of their test, oldest first, and how many lines could not be read."""

    records: list[ScoreRecord]
    torn_lines: int


def scores_path(data_dir: Path) -> Path:
    """Where a data directory keeps them."""
    return data_dir / FOLDER / FILE


def append_scores(data_dir: Path, records: Sequence[ScoreRecord]) -> int:
    """Write the records that are new or differ from what stands; how many.

    Raises:
        StoreBusyError: another process is writing.
        StoreError: the disk refuses.
    """
    path = scores_path(data_dir)
    try:
        make_private(path.parent)
        with FileLock(path.with_suffix(".lock"), f"the scorecards of {data_dir}"):
            return _append(path, data_dir, records)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}; check space and permissions") from error


def _append(path: Path, data_dir: Path, records: Sequence[ScoreRecord]) -> int:
    standing = {one.key: one for one in read_scores(data_dir).records}
    lines = [msgspec.json.encode(one) for one in records if _differs(one, standing.get(one.key))]
    if not lines:
        return 0
    is_new = not path.exists()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = os.lseek(fd, 0, os.SEEK_END)
        is_torn = end > 0 and os.pread(fd, 1, end - 1) != b"\n"
        _write_all(fd, (b"\n" if is_torn else b"") + b"\n".join(lines) + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    if is_new:
        sync_folder(path.parent)
    return len(lines)


def _write_all(fd: int, content: bytes) -> None:
    while content:
        content = content[os.write(fd, content) :]


def _differs(one: ScoreRecord, other: ScoreRecord | None) -> bool:
    """Whether it says something else, whenever it was computed; numbers are compared as they are written."""
    if other is None:
        return True
    same_time = msgspec.structs.replace(one, scored_at_ns=other.scored_at_ns)
    return msgspec.json.encode(same_time) != msgspec.json.encode(other)


def read_scores(data_dir: Path) -> StoredScores:
    """Every record, the last one of each key.

    Raises:
        StoreError: the file cannot be read.
    """
    path = scores_path(data_dir)
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return StoredScores(records=[], torn_lines=0)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}; check its permissions") from error
    found: dict[tuple[str | None, str, str, int], ScoreRecord] = {}
    torn = 0
    decoder = msgspec.json.Decoder(ScoreRecord)
    for line in lines:
        if not line.strip():
            continue
        try:
            one = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            torn += 1
            continue
        found[one.key] = one
    ordered = sorted(found.values(), key=lambda one: (one.tested_until_ns, one.coin, one.symbol, one.position_side))
    return StoredScores(records=ordered, torn_lines=torn)
