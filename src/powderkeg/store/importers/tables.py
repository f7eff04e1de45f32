"""The walk over a block of table lines that every row format shares: lines in, events and refused lines out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event
from powderkeg.store.importers.formats import MAX_ROW_BYTES, Context, Format, Sample
from powderkeg.store.rows import Reject, RowsParsed, RowsParser

EXCERPT_CHARS: Final = 120

BROKEN_TEXT: Final = "\ufffd"
"""Stands where a byte was no UTF-8; a line that holds it is refused."""

Row = Callable[[list[str]], Iterable[Event]]
"""The meaning of one row: its cells -> events. Raises InputError for what cannot be true."""


def parse_table(
    lines: list[str],
    first_line: int,
    row: Row,
    *,
    widths: tuple[int, ...],
    header: str = "",
) -> RowsParsed:
    """Read a block of lines, row by row.

    Args:
        lines: whole lines without their ends.
        first_line: 1-based number of `lines[0]` in the source.
        row: the meaning of a row.
        widths: how many cells a row may have.
        header: the table's header line, passed over wherever it stands (files are sometimes glued together).
    """
    events: list[Event] = []
    rejects: list[Reject] = []
    for number, line in enumerate(lines, first_line):
        if not line or line == header or line.isspace():
            continue
        try:
            cells = line.split(",") if '"' not in line else _quoted(line)
            if len(cells) not in widths or BROKEN_TEXT in line or len(line) >= MAX_ROW_BYTES:
                raise InputError(_misshapen(line, len(cells), widths))
            events.extend(row(cells))
        except (ValueError, LookupError, ArithmeticError, csv.Error) as error:
            rejects.append(Reject(number, str(error) or type(error).__name__, excerpt(line)))
    return RowsParsed(events, rejects)


def excerpt(line: str) -> str:
    """The beginning of a line, for a message."""
    return line[:EXCERPT_CHARS]


def _quoted(line: str) -> list[str]:
    cells: list[str] = next(csv.reader([line], strict=True))
    return cells


def _misshapen(line: str, width: int, widths: tuple[int, ...]) -> str:
    if len(line) >= MAX_ROW_BYTES:
        return f"the line is longer than {MAX_ROW_BYTES} bytes"
    if BROKEN_TEXT in line:
        return "the line holds bytes that are not UTF-8"
    return f"{width} columns where {' or '.join(map(str, widths))} belong"


@lru_cache(maxsize=256)
def header_cells(header: str) -> tuple[str, ...]:
    """The column names of a header line, without quotes and spaces."""
    return tuple(cell.strip().strip('"').strip() for cell in header.split(","))


@lru_cache(maxsize=256)
def columns(header: str, *names: str) -> tuple[int, ...]:
    """Where the named columns stand.

    Raises:
        InputError: the header lacks one of them.
    """
    cells = header_cells(header)
    missing = [name for name in names if name not in cells]
    if missing:
        raise InputError(f"the table's header {header[:80]!r} has no column {', '.join(missing)}")
    return tuple(cells.index(name) for name in names)


def find_header(lines: list[str], required: tuple[str, ...]) -> str | None:
    """The first line that names all the required columns, or None."""
    wanted = set(required)
    return next((line for line in lines if wanted.issubset(header_cells(line))), None)


def header_context(sample: Sample, required: tuple[str, ...]) -> Context:
    """The context of a table whose header alone says how to read it.

    Raises:
        InputError: none of the sample's lines is such a header.
    """
    header = find_header(sample.lines, required)
    if header is None:
        raise InputError(f"{sample.path.name} has no header line with the columns {', '.join(required)}")
    return {"header": header}


def headed_format(name: str, title: str, required: tuple[str, ...], rows: RowsParser) -> Format:
    """The usual format: a table told by its column names, whose rows say everything else."""
    return Format(
        name=name,
        title=title,
        kind="rows",
        looks_like=lambda sample: find_header(sample.lines, required) is not None,
        context=lambda sample, _symbol: header_context(sample, required),
        rows=rows,
    )
