"""One question about many markets: rows of all of them by one query, then apart again, market by market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.store.query import ArrowTable, Database

Market = tuple[str, str]
"""Venue and symbol."""

Columns = dict[str, NDArray[Any]]
"""Numbers by the name of their column, row by row."""

AT_ONCE: Final = 64
"""Markets a query: enough that asking costs little, and bars of years of all of them still fit into memory."""


def rows_by_market(
    database: Database, sql: str, markets: Sequence[Market], *, each: Mapping[str, Sequence[int]], **shared: Any
) -> list[Columns]:
    """Rows of every market.

    Args:
        database: the data directory.
        sql: one SELECT over `{wanted}`, a table with a row per market: n, venue, symbol and the columns of `each`; it
            selects n first of all, and numbers without nulls, in order of n.
        markets: [M] whose rows.
        each: [M] numbers that differ by market, in columns by these names.
        shared: parameters by name that all share.

    Returns:
        [M] the columns of each market by name, without n.
    """
    found: list[ArrowTable] = []
    for first in range(0, len(markets), AT_ONCE):
        part = markets[first : first + AT_ONCE]
        lists: dict[str, tuple[str, list[Any]]] = {
            "venue": ("VARCHAR", [venue for venue, _ in part]),
            "symbol": ("VARCHAR", [symbol for _, symbol in part]),
            **{name: ("BIGINT", [*numbers[first : first + AT_ONCE]]) for name, numbers in each.items()},
        }
        columns = ", ".join(f"unnest($each_{name}::{kind}[]) AS {name}" for name, (kind, _) in lists.items())
        wanted = f"(SELECT unnest(range({len(part)})) AS n, {columns})"
        parameters = {f"each_{name}": held for name, (_, held) in lists.items()}
        rows = _columns(database.query(sql.format(wanted=wanted), {**parameters, **shared}))
        ends = np.searchsorted(rows.pop("n"), np.arange(len(part) + 1))
        found += [{name: held[ends[n] : ends[n + 1]] for name, held in rows.items()} for n in range(len(part))]
    return found


def _columns(table: ArrowTable) -> Columns:
    """The columns of a table of numbers without nulls; Arrow's own `to_numpy` imports pandas where it is installed."""
    return {name: _numbers(table[name]) for name in table.column_names}


def _numbers(column: Any) -> NDArray[Any]:
    empty = np.empty(0, np.int64 if str(column.type) == "int64" else np.float64)
    return np.concatenate([empty, *(np.from_dlpack(chunk) for chunk in column.chunks)])
