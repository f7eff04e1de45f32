# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false
# pyarrow ships no types; this file and `parquet.py` are the only ones that build with it.
"""Events as columns: field names and types of the structs, one to one, and how each column is encoded.

Measured on 21,313 recorded Binance BTCUSDT trades (2024-08-08, bytes a row, read 2026-11): sequential ids as
DELTA_BYTE_ARRAY 0.1, event times DELTA_BINARY_PACKED 0.7, receive times 1.9, prices PLAIN under zstd 0.8, quantities by
dictionary 1.2, notional PLAIN under zstd 3.7 (splitting its bytes would take 6.4: zstd finds repeated products whole).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from powderkeg.domain.events import EVENT_NAMES, BookLevel, Event
from powderkeg.domain.time import NS_PER_DAY

EVENT_TYPES: Final[dict[str, type]] = {name: kind for kind, name in EVENT_NAMES.items()}

_LEVELS = pa.list_(
    pa.field(
        "element",
        pa.struct([pa.field("price", pa.float64(), nullable=False), pa.field("qty", pa.float64(), nullable=False)]),
        nullable=False,
    )
)
_SCALARS: Final[dict[type, Any]] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}

_UNIQUE_TEXT: Final = frozenset({"event_id", "trade_id", "title", "url", "body"})
"""Text that hardly repeats: prefixes are shared, a dictionary would only add to it."""

_ID_TEXT: Final = frozenset({"trade_id"})
"""Numbers at some venues, text at others; text here, so that one column holds all."""


def column_names(event_name: str) -> tuple[str, ...]:
    """The columns of an event type, in the order of its fields."""
    return tuple(field.name for field in msgspec.structs.fields(EVENT_TYPES[event_name]))


@cache
def schema_of(event_name: str) -> pa.Schema:
    """The Arrow schema of an event type: struct fields in order; nullable exactly where the field may be None."""
    hints = typing.get_type_hints(EVENT_TYPES[event_name])
    return pa.schema([_field(name, hint) for name, hint in hints.items()])


def _field(name: str, hint: Any) -> pa.Field:
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    kinds = [option for option in options if option is not type(None)]
    return pa.field(name, _arrow_type(kinds[0]), nullable=len(kinds) < len(options))


def _arrow_type(hint: Any) -> pa.DataType:
    if typing.get_origin(hint) is typing.Literal:
        return pa.string()
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[0] is BookLevel:
        return _LEVELS
    return _SCALARS[hint]


def table_of(event_name: str, events: Sequence[Event]) -> pa.Table:
    """Events of one type as a table, in their order."""
    schema = schema_of(event_name)
    return pa.Table.from_arrays([_column(field, events) for field in schema], schema=schema)


def tail_schema(event_name: str) -> pa.Schema:
    """The columns of rows not yet in the archive: the event's, and what a file's path would say."""
    extra = [pa.field("date", pa.date32()), pa.field("journal_id", pa.string())]
    return pa.schema([*schema_of(event_name), *extra])


def tail_table(event_name: str, events: Sequence[Event], journal_id: str) -> pa.Table:
    """Events of one journal with the columns of `tail_schema`."""
    table = table_of(event_name, events)
    days = np.array([event.ts_event_ns // NS_PER_DAY for event in events], dtype=np.int32)
    extra = [pa.array(days).cast(pa.date32()), pa.array([journal_id] * len(events), type=pa.string())]
    return pa.Table.from_arrays([*table.columns, *extra], schema=tail_schema(event_name))


def joined(event_name: str, tables: Sequence[pa.Table]) -> pa.Table:
    """Tail tables end to end; an empty one where there are none."""
    # `Schema.empty_table` would do, but where pandas is installed it costs its import.
    return pa.concat_tables([pa.Table.from_batches([], schema=tail_schema(event_name)), *tables])


def _column(field: pa.Field, events: Sequence[Event]) -> pa.Array:
    values = list(map(attrgetter(field.name), events))
    if field.name in _ID_TEXT:
        return pa.array([None if value is None else str(value) for value in values], type=field.type)
    if field.type != _LEVELS:
        return pa.array(values, type=field.type)
    levels = [level for column in values for level in column]
    offsets = np.cumsum([0, *map(len, values)], dtype=np.int32)
    prices = pa.array([level.price for level in levels], type=pa.float64())
    sizes = pa.array([level.qty for level in levels], type=pa.float64())
    struct = pa.StructArray.from_arrays([prices, sizes], fields=list(_LEVELS.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), struct, type=_LEVELS)


def sorted_rows(table: pa.Table) -> pa.Table:
    """Rows by symbol and event time; rows equal in both keep their order."""
    keys = [table["ts_event_ns"].to_numpy()]
    if "symbol" in table.column_names:
        coded = table["symbol"].combine_chunks().dictionary_encode()
        names = coded.dictionary.to_pylist()
        ranks = np.empty(len(names), dtype=np.int64)
        ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        keys.append(ranks[coded.indices.to_numpy()])
    order = np.lexsort(keys)
    return table if np.array_equal(order, np.arange(len(order))) else table.take(pa.array(order))


@cache
def encodings(event_name: str) -> dict[str, Any]:
    """Arguments of the Parquet writer that say how each column is stored."""
    dictionary: list[str] = []
    explicit: dict[str, str] = {}
    for field in schema_of(event_name):
        if field.type == pa.int64():
            explicit[field.name] = "DELTA_BINARY_PACKED"
        elif field.name in _UNIQUE_TEXT:
            explicit[field.name] = "DELTA_BYTE_ARRAY"
        elif field.type == pa.string() or field.name.startswith("qty"):
            dictionary.append(field.name)
        elif field.type == pa.float64():
            explicit[field.name] = "PLAIN"
    return {"use_dictionary": dictionary, "column_encoding": explicit}
