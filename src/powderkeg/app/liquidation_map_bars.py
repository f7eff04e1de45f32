"""Prices of a market as bars of one length, from candles, trades or mark prices in a data directory."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S, day_of
from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.store.query import Database

LENGTHS: Final = (
    *(NS_PER_S, 5 * NS_PER_S, 15 * NS_PER_S),
    *(NS_PER_MINUTE, 5 * NS_PER_MINUTE, 15 * NS_PER_MINUTE, NS_PER_HOUR),
)
ENOUGH_BARS: Final = 6_000
"""Bars are as short as keeps a market below this many: 100 minutes of seconds, four days of minutes."""

ENOUGH_CANDLES: Final = 20_000
"""Candles of a market above this many are put together: two weeks of minutes stay minutes, a year becomes hours."""

_INTERVALS: Final = """
    SELECT interval_ns, min(ts_event_ns) AS start_ns, max(ts_event_ns) + interval_ns AS end_ns FROM candle
    WHERE venue = ? AND symbol = ? AND date <= ?::DATE AND ts_event_ns + interval_ns <= ? GROUP BY interval_ns
"""

_REPORTED: Final = "SELECT DISTINCT interval_ns FROM liquidation_bar WHERE venue = ? AND symbol = ?"

_CANDLES: Final = """
    SELECT ts_event_ns // ? * ? AS open_ns, first(open ORDER BY ts_event_ns) AS open, max(high) AS high,
           min(low) AS low, last(close ORDER BY ts_event_ns) AS close,
           CASE WHEN count(volume_base) = count(*) THEN sum(volume_base) END AS volume_base
    FROM (SELECT ts_event_ns, any_value(open) AS open, max(high) AS high, min(low) AS low,
                 any_value(close) AS close, max(volume_base) AS volume_base
          FROM candle WHERE venue = ? AND symbol = ? AND interval_ns = ? AND date <= ?::DATE AND ts_event_ns < ?
          GROUP BY ts_event_ns)
    GROUP BY 1 ORDER BY 1
"""

_BUILT: Final = """
    SELECT ts_event_ns // ? * ? AS open_ns, first({price} ORDER BY {order}) AS open, max({price}) AS high,
           min({price}) AS low, last({price} ORDER BY {order}) AS close, {volume} AS volume_base
    FROM {event} WHERE venue = ? AND symbol = ? AND date >= ?::DATE AND ts_event_ns >= ?
          AND date <= ?::DATE AND ts_event_ns < ?
    GROUP BY 1 ORDER BY 1
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
    start_ns = next(int(row["start_ns"]) for row in rows if row["interval_ns"] == interval_ns)
    length_ns = joined_length(interval_ns, (latest - start_ns) // interval_ns)
    # The last bar is whole: what is put together ends where a long bar ends, single candles where they end.
    end_ns = latest // length_ns * length_ns if length_ns > interval_ns else until_ns - interval_ns + 1
    table: Any = database.query(_CANDLES, [length_ns, length_ns, *market, interval_ns, day_of(end_ns), end_ns])
    return _columns(table, length_ns)


def joined_length(interval_ns: int, count: int) -> int:
    """How long bars are that so many candles are put into: the shortest that leaves few enough, at most an hour."""
    longer = [length for length in LENGTHS if length > interval_ns and length % interval_ns == 0]
    if count <= ENOUGH_CANDLES or not longer:
        return interval_ns
    return next((length for length in longer if count * interval_ns // length <= ENOUGH_CANDLES), longer[-1])


def price_bars(
    database: Database, market: tuple[str, str], event: str, span: tuple[int, int], until_ns: int
) -> PriceBars:
    """Bars built from the trades or mark prices of a stretch of time; one without any is a hole, the last is whole."""
    price, volume = ("price", "sum(qty_base)") if event == "trade" else ("mark_price", "NULL::DOUBLE")
    order = "ts_event_ns, ts_received_ns, " + ("length(trade_id), trade_id, price" if event == "trade" else price)
    interval_ns = bar_length(*span)
    # Where the recording ended before the time asked for, its last bar may be cut short: it is left out.
    until_ns = until_ns if until_ns - span[1] < interval_ns else span[1]
    start_ns, end_ns = span[0] // interval_ns * interval_ns, until_ns // interval_ns * interval_ns
    days = [day_of(start_ns), start_ns, day_of(end_ns), end_ns]
    table: Any = database.query(
        _BUILT.format(price=price, volume=volume, event=event, order=order), [interval_ns, interval_ns, *market, *days]
    )
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
