"""Tables of dollars per price: what people bring from elsewhere as fuel or as depth."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from powderkeg.cascade.profiles import FloatArray
from powderkeg.domain.errors import InputError


def is_levels(path: Path, columns: tuple[str, ...]) -> bool:
    """Whether a file's first line names a price and one of the columns."""
    if not path.is_file():
        raise InputError(f"no file at {path}")
    with path.open("rb") as opened:
        first = opened.readline(4096).decode("utf-8-sig", "replace")
    names = {name.strip().lower() for name in first.split(",")}
    return "price" in names and not names.isdisjoint(columns)


def read_levels(path: Path, columns: tuple[str, ...], meaning: str) -> tuple[dict[str, FloatArray], frozenset[str]]:
    """A table with a price and dollars in one or more columns.

    Args:
        path: CSV with a header.
        columns: of dollars; those that are not there are all zero.
        meaning: what the table is for, for messages.

    Returns:
        `price` and the columns, each [N], sorted by price; and which columns were there.

    Raises:
        InputError: no file, no such columns, or a cell that is no number, negative, or no price.
    """
    if not is_levels(path, columns):
        raise InputError(
            f"{path.name} is no table of {meaning}; it needs a header with price and {' or '.join(columns)} (USD)"
        )
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.reader(lines)
        header = [name.strip().lower() for name in next(rows)]
        wanted = [name for name in ("price", *columns) if name in header]
        at = {name: header.index(name) for name in wanted}
        cells = [_numbers(path.name, number, row, at) for number, row in enumerate(rows, start=2) if row]
    if not cells:
        raise InputError(f"{path.name} has a header and no rows")
    table = np.array(sorted(cells))
    found = {name: table[:, k] for k, name in enumerate(wanted)}
    found |= {name: np.zeros(len(table)) for name in columns if name not in at}
    return found, frozenset(wanted)


def _numbers(file_name: str, number: int, row: list[str], at: dict[str, int]) -> list[float]:
    found: list[float] = []
    for name, k in at.items():
        cell = row[k].strip() if k < len(row) else ""
        try:
            held = float(cell)
        except ValueError:
            raise InputError(f"{file_name} line {number}: {name} is {cell!r}, not a number") from None
        if not math.isfinite(held) or held < 0.0 or (name == "price" and held == 0.0):
            raise InputError(f"{file_name} line {number}: {name} is {cell}; it must be finite and positive")
        found.append(held)
    return found
