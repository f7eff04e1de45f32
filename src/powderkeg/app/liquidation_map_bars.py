"""Prices of a market as bars of one length, from candles, trades or mark prices in a data directory."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, day_of
from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.store.query import Database

LENGTHS: Final = (NS_PER_MINUTE, 5 * NS_PER_MINUTE, 15 * NS_PER_MINUTE, NS_PER_HOUR)
ENOUGH_BARS: Final = 6_000
"""Bars are as short as keeps a market below this many: four days of minutes, three weeks of five."""

_INTERVALS: Final = """
    SELECT interval_ns, max(ts_event_ns) + interval_ns AS end_ns FROM candle
    WHERE venue = ? AND symbol = ? AND date <= ?::DATE AND ts_event_ns + interval_ns <= ? GROUP BY interval_ns
"""

_REPORTED: Final = "SELECT DISTINCT interval_ns FROM liquidation_bar WHERE venue = ? AND symbol = ?"

_CANDLES: Final = """
    SELECT ts_event_ns AS open_ns, any_value(open) AS open, max(high) AS high, min(low) AS low,
           any_value(close) AS close, max(volume_base) AS volume_base
    FROM candle WHERE venue = ? AND symbol = ? AND interval_ns = ? AND date <= ?::DATE AND ts_event_ns <= ?
    GROUP BY ts_event_ns ORDER BY ts_event_ns
"""

_BUILT: Final = """
    SELECT ts_event_ns // ? * ? AS open_ns, arg_min({price}, ts_event_ns) AS open, max({price}) AS high,
           min({price}) AS low, arg_max({price}, ts_event_ns) AS close, {volume} AS volume_base
    FROM {event} WHERE venue = ? AND symbol = ? AND date <= ?::DATE AND ts_event_ns < ?
    GROUP BY ALL ORDER BY open_ns
"""


class PriceBars(NamedTuple):
    """Bars without open interest: start of each, [N, 4] prices, [N] volume (NaN is unknown), and their length."""

    open_ns: IntArray
    prices: FloatArray
    volume_base: FloatArray
    interval_ns: int


def bar_length(first_ns: int, last_ns: int) -> int:
    """The shortest bar that keeps a stretch of time below `ENOUGH_BARS`, at most an hour."""
    return next((length for length in LENGTHS if (last_ns - first_ns) // length < ENOUGH_BARS), LENGTHS[-1])


def candle_bars(database: Database, market: tuple[str, str], until_ns: int) -> PriceBars:
    """Candles of one length: of those that reach latest, the one liquidations are reported for, then the shortest."""
    rows = database.rows(_INTERVALS, [*market, day_of(until_ns), until_ns])
    if not rows:
        return PriceBars(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0), NS_PER_HOUR)
    reported = {int(row["interval_ns"]) for row in database.rows(_REPORTED, [*market])}
    latest = max(int(row["end_ns"]) for row in rows)
    near = [
        int(row["interval_ns"]) for row in rows if latest - int(row["end_ns"]) < min(row["interval_ns"], NS_PER_DAY)
    ]
    interval_ns = min(near, key=lambda length: (length not in reported, length))
    last_ns = until_ns - interval_ns
    table: Any = database.query(_CANDLES, [*market, interval_ns, day_of(last_ns), last_ns])
    return _columns(table, interval_ns)


def price_bars(database: Database, market: tuple[str, str], event: str, interval_ns: int, until_ns: int) -> PriceBars:
    """Bars built from trades or mark prices; one without any is a hole, the last is whole."""
    price, volume = ("price", "sum(qty_base)") if event == "trade" else ("mark_price", "NULL::DOUBLE")
    sql = _BUILT.format(price=price, volume=volume, event=event)
    end_ns = until_ns // interval_ns * interval_ns
    table: Any = database.query(sql, [interval_ns, interval_ns, *market, day_of(end_ns), end_ns])
    return _columns(table, interval_ns)


def _columns(table: Any, interval_ns: int) -> PriceBars:
    numbers = {
        name: table[name].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in ("open", "high", "low", "close", "volume_base")
    }
    return PriceBars(
        table["open_ns"].to_numpy().astype(np.int64),
        np.column_stack([numbers[name] for name in ("open", "high", "low", "close")]),
        numbers["volume_base"],
        interval_ns,
    )
