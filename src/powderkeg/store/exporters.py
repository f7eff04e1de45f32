"""Events out of the data directory as CSV, Parquet or Arrow files; whole or not at all."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false
# pyarrow ships no types; tables pass through here on their way to a file.
from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.feather as pa_feather
import pyarrow.parquet as pa_parquet

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.store.query import ArrowTable

FileFormat = Literal["csv", "parquet", "arrow"]
Target = Path | io.BytesIO

FORMULA_START: Final = r"^[=+\-@\t\r\n＝＋－＠]"
"""A cell that begins so is run as a formula by spreadsheets, the wide forms by those of East Asia.

Source: OWASP, "CSV Injection", read 2026-11.
"""


def export_table(table: ArrowTable, path: Path, file_format: FileFormat) -> None:
    """Write a table to a file, under its name only once it is complete.

    CSV: text cells that a spreadsheet would run get a leading apostrophe; numbers, also negative ones, stay numbers;
    unknown is an empty cell. Parquet is zstd-compressed, Arrow is an IPC file.

    Raises:
        InputError: the folder does not exist, or CSV cannot hold a nested column.
        StoreError: the disk refuses.
    """
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}; make it first")
    scratch = path.with_name(f".{path.name}.part")
    try:
        _WRITERS[file_format](table, scratch)
        scratch.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {os.strerror(error.errno) if error.errno else error}") from error
    finally:
        scratch.unlink(missing_ok=True)


def table_bytes(table: ArrowTable, file_format: FileFormat) -> bytes:
    """What `export_table` would write.

    CSV: columns that hold records or lists are left out, because a line has no place for them.
    """
    if file_format == "csv":
        flat = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
        table = table.select(flat)
    sink = io.BytesIO()
    _WRITERS[file_format](table, sink)
    return sink.getvalue()


def inert(table: ArrowTable) -> ArrowTable:
    """The table with text cells and headings that no spreadsheet runs."""
    for index, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = table.column(index).cast(pa.string())
            risky = pc.match_substring_regex(column, FORMULA_START)
            table = table.set_column(
                index, field.name, pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
            )
    return table.rename_columns([f"'{name}" if re.match(FORMULA_START, name) else name for name in table.column_names])


def _write_csv(table: ArrowTable, path: Target) -> None:
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise InputError(f"CSV cannot hold the nested columns {', '.join(nested)}; use parquet or arrow")
    pa_csv.write_csv(inert(table), path)


def _write_parquet(table: ArrowTable, path: Target) -> None:
    pa_parquet.write_table(table, path, compression="zstd")


def _write_arrow(table: ArrowTable, path: Target) -> None:
    pa_feather.write_feather(table, str(path) if isinstance(path, Path) else path, compression="zstd")


_WRITERS: Final[dict[FileFormat, Callable[[ArrowTable, Target], None]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
}
