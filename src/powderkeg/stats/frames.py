"""Rows as Arrow, pandas, Polars and NumPy; every library is imported where it is used.

Columns are flat: the largest order has its own columns, coverage classes are joined by `+`, gaps are counted (the
rows themselves hold them). Times are UTC timestamps in nanoseconds, unknown figures null.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.stats.liquidation_rows import LiquidationRow

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class _Column(NamedTuple):
    name: str
    kind: str
    read: Callable[[LiquidationRow], Any]


def _field(name: str, kind: str, source: str | None = None) -> _Column:
    return _Column(name, kind, attrgetter(source or name))


def _of_largest(name: str, kind: str, source: str) -> _Column:
    def read(row: LiquidationRow) -> Any:
        return None if row.largest is None else getattr(row.largest, source)

    return _Column(name, kind, read)


def _classes(row: LiquidationRow) -> str:
    return "+".join(row.feed_coverage)


def _gap_count(row: LiquidationRow) -> int:
    return len(row.gaps)


_OPEN: Final = _field("open", "timestamp", "open_ns")
_COLUMNS: Final = (
    _field("coin", "string"),
    _field("venue", "string"),
    _field("symbol", "string"),
    _field("position_side", "string"),
    _field("long_usd", "float"),
    _field("short_usd", "float"),
    _field("total_usd", "float"),
    _field("count", "int"),
    _field("long_count", "int or null"),
    _field("short_count", "int or null"),
    _field("unknown_notional_count", "int"),
    _field("largest_usd", "float"),
    _of_largest("largest_venue", "string", "venue"),
    _of_largest("largest_symbol", "string", "symbol"),
    _of_largest("largest_position_side", "string", "position_side"),
    _of_largest("largest_price", "float", "price"),
    _of_largest("largest_at", "timestamp", "ts_event_ns"),
    _field("coverage", "float"),
    _Column("feed_coverage", "string", _classes),
    _field("is_floor", "bool"),
    _field("estimate_usd", "float"),
    _field("estimate_low_usd", "float"),
    _field("estimate_high_usd", "float"),
    _field("ceiling_usd", "float"),
    _field("saturated_ratio", "float"),
    _Column("gap_count", "int", _gap_count),
)


def to_arrow(rows: Sequence[LiquidationRow], *, bars: bool) -> Any:
    """A `pyarrow.Table` (pyarrow ships no types); `bars` adds the column `open`."""
    arrow = _library("pyarrow", "to_arrow()")
    types = {
        "string": arrow.string(),
        "float": arrow.float64(),
        "int": arrow.int64(),
        "int or null": arrow.int64(),
        "bool": arrow.bool_(),
        "timestamp": arrow.timestamp("ns", tz="UTC"),
    }
    columns = _columns(bars=bars)
    arrays = [arrow.array([column.read(row) for row in rows], types[column.kind]) for column in columns]
    return arrow.table(arrays, names=[column.name for column in columns])


def to_pandas(rows: Sequence[LiquidationRow], *, bars: bool) -> Any:
    """A `pandas.DataFrame`; null counts make their column float, as pandas has it."""
    _library("pandas", "to_pandas()")
    return to_arrow(rows, bars=bars).to_pandas()


def to_polars(rows: Sequence[LiquidationRow], *, bars: bool) -> pl.DataFrame:
    """A Polars DataFrame."""
    return _library("polars", "to_polars()").from_arrow(to_arrow(rows, bars=bars))


def to_numpy(rows: Sequence[LiquidationRow], *, bars: bool) -> np.ndarray[Any, Any]:
    """A structured array: float NaN for unknown figures and counts, NaT for times, None for words."""
    numpy = _library("numpy", "to_numpy()")
    types = {"string": "O", "float": "f8", "int": "i8", "int or null": "f8", "bool": "?", "timestamp": "M8[ns]"}
    columns = _columns(bars=bars)
    table = numpy.empty(len(rows), dtype=[(column.name, types[column.kind]) for column in columns])
    for column in columns:
        cells = [column.read(row) for row in rows]
        if column.kind in ("float", "int or null"):
            cells = [float("nan") if cell is None else cell for cell in cells]
        elif column.kind == "timestamp":
            cells = [numpy.datetime64("NaT" if cell is None else cell, "ns") for cell in cells]
        table[column.name] = cells
    return table


def _columns(*, bars: bool) -> tuple[_Column, ...]:
    return (_OPEN, *_COLUMNS) if bars else _COLUMNS


def _library(name: str, method: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"{method} needs {name}, which is not installed: pip install {name}") from None
