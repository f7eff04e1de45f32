"""Results as files: one Parquet part per task, and all of them merged; the same rows give the same bytes.

OUT/parts/<number>-<key>.parquet       written whole under a temporary name, then renamed
OUT/parts/<number>-<key>.sha256        its hash; written after it, so a part without one does not count
OUT/<name>.parquet                     the parts in the order of their tasks
"""

# pyarrow ships no types; parts are written through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false, reportMissingTypeArgument=false

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from powderkeg.domain.errors import StoreError
from powderkeg.scale.tasks import Task

ROW_GROUP_ROWS: Final = 1 << 17
COMPRESSION_LEVEL: Final = 9


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One number a task found.

    Attributes:
        scenario: the task's settings, JSON with sorted keys.
        coin, position_side: what it is about; None where it is about neither.
        measure: what was found, as `touch` or `highest_price`.
        at: where: a level, a probability, a distance; None where there is only one.
        estimate: the number; None is unknown.
        standard_error: of the estimate.
        word: where the finding is a word.
    """

    scenario: str
    measure: str
    coin: str | None = None
    position_side: str | None = None
    at: float | None = None
    estimate: float | None = None
    standard_error: float | None = None
    word: str | None = None


class Parts:
    """The folder of a sweep.

    Args:
        out: made if absent.
        name: of the merged file.

    Raises:
        StoreError: the folder cannot be made.
    """

    def __init__(self, out: Path, name: str) -> None:
        self.merged = out / f"{name}.parquet"
        self._folder = out / "parts"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._folder}: {error.strerror}; choose another --out") from error

    def is_done(self, task: Task) -> bool:
        """Whether the part is there and is what was written."""
        part, stamp = self._paths(task)
        try:
            return stamp.read_text("ascii") == hashlib.sha256(part.read_bytes()).hexdigest()
        except (OSError, UnicodeDecodeError):
            return False

    def write(self, task: Task, text: str) -> None:
        """Write the part of a task from its answer, a JSON list of `ResultRow`.

        Raises:
            StoreError: the disk refuses.
        """
        part, stamp = self._paths(task)
        rows = msgspec.json.decode(text, type=list[ResultRow])
        held = _parquet([_table([task.number] * len(rows), rows)])
        _replace(part, held)
        _replace(stamp, hashlib.sha256(held).hexdigest().encode())

    def merge(self, tasks: Sequence[Task]) -> str:
        """Write all parts as one file; its SHA-256.

        Raises:
            StoreError: a part is missing or damaged, or the disk refuses.
        """
        import pyarrow.parquet as pq  # noqa: PLC0415 - only where results are written

        for task in tasks:
            if not self.is_done(task):
                raise StoreError(f"{self._paths(task)[0]} is missing or damaged; run the sweep again to make it anew")
        held = _parquet([pq.read_table(self._paths(task)[0]) for task in tasks])
        _replace(self.merged, held)
        return hashlib.sha256(held).hexdigest()

    def _paths(self, task: Task) -> tuple[Path, Path]:
        stem = f"{task.number:06d}-{task.key[:16]}"
        return self._folder / f"{stem}.parquet", self._folder / f"{stem}.sha256"


def _table(numbers: list[int], rows: list[ResultRow]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    texts = ("scenario", "coin", "position_side", "measure", "word")
    order = ("scenario", "coin", "position_side", "measure", "at", "estimate", "standard_error", "word")
    fields = [pa.field("task", pa.int32(), nullable=False)]
    fields += [pa.field(name, pa.string() if name in texts else pa.float64()) for name in order]
    columns = [pa.array(numbers, pa.int32())]
    columns += [pa.array([getattr(row, field.name) for row in rows], field.type) for field in fields[1:]]
    return pa.table(columns, schema=pa.schema(fields))


def _parquet(tables: list[Any]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.concat_tables(tables).combine_chunks(),
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        store_schema=False,
        write_page_checksum=True,
    )
    return sink.getvalue().to_pybytes()


def _replace(path: Path, held: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(held)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(f"{path}: {error.strerror}; free space or choose another --out, then run again") from error
