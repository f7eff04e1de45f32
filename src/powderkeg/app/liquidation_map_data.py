"""Bars for a map from a data directory: candles, open interest and liquidation bars of each venue's market."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from powderkeg.app.selection import Selection
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import day_of, format_instant
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.store.query import Database

_CANDLES: Final = """
    SELECT venue, symbol, interval_ns, ts_event_ns, open, high, low, close, volume_base FROM candle
    WHERE {condition} ORDER BY ALL
"""

_INTEREST: Final = """
    SELECT venue, symbol, ts_event_ns, open_interest_base FROM open_interest
    WHERE open_interest_base IS NOT NULL AND {condition} ORDER BY ALL
"""

_LIQUIDATED: Final = """
    SELECT venue, symbol, interval_ns, ts_event_ns,
           any_value(long_base) AS long_base, any_value(short_base) AS short_base
    FROM liquidation_bar WHERE {condition} GROUP BY ALL ORDER BY ALL
"""


def bars_of_library(database: Database, chosen: Selection, until_ns: int) -> list[Bars]:
    """Bars of every chosen market with candles and open interest, of what ended by then.

    Args:
        database: the data directory.
        chosen: symbols and venues.
        until_ns: nothing later is read.

    Raises:
        InputError: no market has both candles and open interest.
    """
    condition, parameters = _condition(chosen, until_ns)
    candles = _by_market(database.rows(_CANDLES.format(condition=condition), parameters))
    interest = _by_market(database.rows(_INTEREST.format(condition=condition), parameters))
    liquidated = _by_market(database.rows(_LIQUIDATED.format(condition=condition), parameters))
    found = [
        _market(f"{market[0]} {market[1]}", rows, interest[market], liquidated.get(market, []), until_ns)
        for market, rows in candles.items()
        if market in interest
    ]
    if not found:
        raise InputError(
            f"no market with candles and open interest before {format_instant(until_ns)}; import a table that has "
            "both (powderkeg import FILE), or give one with --bars FILE"
        )
    return found


def _condition(chosen: Selection, until_ns: int) -> tuple[str, list[Any]]:
    condition, parameters = "date <= ?::DATE AND ts_event_ns <= ?", list[Any]([day_of(until_ns), until_ns])
    for column, names in (("symbol", chosen.symbols), ("venue", chosen.venues)):
        if names is not None:
            condition += f" AND {column} IN (SELECT unnest(?::VARCHAR[]))"
            parameters.append(list(names))
    return condition, parameters


def _by_market(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["venue"], row["symbol"]), []).append(row)
    return found


def _market(
    name: str,
    candles: list[dict[str, Any]],
    interest: list[dict[str, Any]],
    liquidated: list[dict[str, Any]],
    until_ns: int,
) -> Bars:
    interval_ns = min(int(row["interval_ns"]) for row in candles)
    rows = {int(row["ts_event_ns"]): row for row in candles if row["interval_ns"] == interval_ns}
    open_ns = np.array([at for at in sorted(rows) if at + interval_ns <= until_ns], dtype=np.int64)
    if not len(open_ns):
        raise InputError(f"{name}: no candle ended before {format_instant(until_ns)}")
    closed = {int(row["ts_event_ns"]): row for row in liquidated if row["interval_ns"] == interval_ns}
    sums = [[_known(closed.get(int(at), {}).get(side)) for side in ("long_base", "short_base")] for at in open_ns]
    return Bars(
        symbol=name,
        interval_ns=interval_ns,
        open_ns=open_ns,
        prices=np.array([[rows[int(at)][kind] for kind in ("open", "high", "low", "close")] for at in open_ns]),
        volume_base=np.array([_known(rows[int(at)]["volume_base"]) for at in open_ns]),
        open_interest_base=_held(interest, open_ns, interval_ns),
        liquidated_base=np.array(sums),
    )


def _held(interest: list[dict[str, Any]], open_ns: IntArray, interval_ns: int) -> FloatArray:
    """Open interest before the first bar and at every close: the last reading of the bar that ends there."""
    read_ns = np.array([int(row["ts_event_ns"]) for row in interest], dtype=np.int64)
    held = np.array([float(row["open_interest_base"]) for row in interest])
    edges = np.concatenate([open_ns[:1], open_ns + interval_ns])
    at = np.searchsorted(read_ns, edges, side="right") - 1
    fresh = (at >= 0) & (edges - read_ns[at] < interval_ns)
    return np.where(fresh, held[at], np.nan)


def _known(held: float | None) -> float:
    return np.nan if held is None else float(held)
