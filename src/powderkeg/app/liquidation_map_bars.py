"""Prices of a market as bars of one length, from candles, trades or mark prices in a data directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from powderkeg.app.market_rows import Columns, Market, rows_by_market
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
    SELECT n, interval_ns, min(ts_event_ns) AS start_ns, max(ts_event_ns) + interval_ns AS end_ns
    FROM candle JOIN {wanted} USING (venue, symbol)
    WHERE date <= $last_day::DATE AND ts_event_ns + interval_ns <= $until_ns GROUP BY n, interval_ns ORDER BY n
"""

_REPORTED: Final = """
    SELECT DISTINCT n, interval_ns FROM liquidation_bar JOIN {wanted} USING (venue, symbol) ORDER BY n
"""

_CANDLES: Final = """
    SELECT n, ts_event_ns // length_ns * length_ns AS open_ns, first(open ORDER BY ts_event_ns) AS open,
           max(high) AS high, min(low) AS low, last(close ORDER BY ts_event_ns) AS close,
           CASE WHEN count(volume_base) = count(*) THEN sum(volume_base ORDER BY ts_event_ns) ELSE 'nan' END
               AS volume_base
    FROM (SELECT n, length_ns, ts_event_ns, any_value(open) AS open, max(high) AS high, min(low) AS low,
                 any_value(close) AS close, max(volume_base) AS volume_base
          FROM candle JOIN {wanted} USING (venue, symbol, interval_ns)
          WHERE date <= $last_day::DATE AND ts_event_ns < end_ns
          GROUP BY n, length_ns, ts_event_ns)
    GROUP BY 1, 2 ORDER BY 1, 2
"""

_BUILT: Final = """
    SELECT n, ts_event_ns // length_ns * length_ns AS open_ns, first(PRICE ORDER BY ORDERED) AS open,
           max(PRICE) AS high, min(PRICE) AS low, last(PRICE ORDER BY ORDERED) AS close, VOLUME AS volume_base
    FROM EVENT JOIN {wanted} USING (venue, symbol)
    WHERE date BETWEEN $first_day::DATE AND $last_day::DATE AND ts_event_ns >= start_ns AND ts_event_ns < end_ns
    GROUP BY 1, 2 ORDER BY 1, 2
"""

_FROM_TRADES: Final = {
    "EVENT": "trade",
    "PRICE": "price",
    "ORDERED": "ts_event_ns, ts_received_ns, length(trade_id), trade_id, price",
    "VOLUME": "coalesce(sum(qty_base), 'nan')",
}
_FROM_MARKS: Final = {
    "EVENT": "mark_price",
    "PRICE": "mark_price",
    "ORDERED": "ts_event_ns, ts_received_ns, mark_price",
    "VOLUME": "'nan'::DOUBLE",
}


class PriceBars(NamedTuple):
    """Bars without open interest: start of each, [N, 4] prices, [N] volume (NaN is unknown), and their length."""

    open_ns: IntArray
    prices: FloatArray
    volume_base: FloatArray
    interval_ns: int


def bar_length(first_ns: int, last_ns: int) -> int:
    """The shortest bar that keeps a stretch of time below `ENOUGH_BARS`, at most an hour."""
    return next((length for length in LENGTHS if (last_ns - first_ns) // length < ENOUGH_BARS), LENGTHS[-1])


def candle_bars(database: Database, markets: Sequence[Market], until_ns: int) -> dict[Market, PriceBars]:
    """Candles of one length by market; markets of which none ended by then are left out.

    Of the candles that reach latest, those of the length liquidations are reported for are read, then the shortest.
    """
    shared = {"last_day": day_of(until_ns), "until_ns": until_ns}
    lengths = rows_by_market(database, _INTERVALS, markets, each={}, **shared)
    reported = rows_by_market(database, _REPORTED, markets, each={})
    chosen = {
        market: _choose(held, set[int](told["interval_ns"].tolist()), until_ns)
        for market, held, told in zip(markets, lengths, reported, strict=True)
        if len(held["end_ns"])
    }
    each = {name: [getattr(one, name) for one in chosen.values()] for name in _Candles._fields}
    last_day = day_of(max(each["end_ns"], default=0))
    tables = rows_by_market(database, _CANDLES, [*chosen], each=each, last_day=last_day)
    return {
        market: _bars(table, one.length_ns)
        for (market, one), table in zip(chosen.items(), tables, strict=True)
        if len(table["open_ns"])
    }


class _Candles(NamedTuple):
    """Candles to read of a market, how long they are put together to, and the end of what is read."""

    interval_ns: int
    length_ns: int
    end_ns: int


def _choose(held: Columns, reported: set[int], until_ns: int) -> _Candles:
    rows = [*zip(held["interval_ns"].tolist(), held["start_ns"].tolist(), held["end_ns"].tolist(), strict=True)]
    latest = max(end_ns for _, _, end_ns in rows)
    near = [row for row in rows if latest - row[2] < min(row[0], NS_PER_DAY)]
    interval_ns, start_ns, _ = min(near, key=lambda row: (row[0] not in reported, row[0]))
    length_ns = joined_length(interval_ns, (latest - start_ns) // interval_ns)
    # The last bar is whole: what is put together ends where a long bar ends, single candles where they end.
    end_ns = latest // length_ns * length_ns if length_ns > interval_ns else until_ns - interval_ns + 1
    return _Candles(interval_ns, length_ns, end_ns)


def joined_length(interval_ns: int, count: int) -> int:
    """How long bars are that so many candles are put into: the shortest that leaves few enough, at most an hour."""
    longer = [length for length in LENGTHS if length > interval_ns and length % interval_ns == 0]
    if count <= ENOUGH_CANDLES or not longer:
        return interval_ns
    return next((length for length in longer if count * interval_ns // length <= ENOUGH_CANDLES), longer[-1])


def price_bars(
    database: Database, event: str, spans: Mapping[Market, tuple[int, int]], until_ns: int
) -> dict[Market, PriceBars]:
    """Bars built from trades or mark prices, by market; markets without a whole one are left out.

    A bar without any price is a hole, the last is whole.

    Args:
        database: the data directory.
        event: `trade` or `mark_price`.
        spans: first and last price of each market.
        until_ns: bars that end later are not read.
    """
    lengths = [bar_length(*span) for span in spans.values()]
    starts = [first // length * length for (first, _), length in zip(spans.values(), lengths, strict=True)]
    # Where the recording ended before the time asked for, its last bar may be cut short: it is left out.
    reach = [
        last if until_ns - last >= length else until_ns
        for (_, last), length in zip(spans.values(), lengths, strict=True)
    ]
    ends = [last // length * length for last, length in zip(reach, lengths, strict=True)]
    sql = _BUILT
    for word, meaning in (_FROM_TRADES if event == "trade" else _FROM_MARKS).items():
        sql = sql.replace(word, meaning)
    each = {"length_ns": lengths, "start_ns": starts, "end_ns": ends}
    days = {"first_day": day_of(min(starts, default=0)), "last_day": day_of(max(ends, default=0))}
    tables = rows_by_market(database, sql, [*spans], each=each, **days)
    return {
        market: _bars(table, length)
        for market, table, length in zip(spans, tables, lengths, strict=True)
        if len(table["open_ns"])
    }


def _bars(table: Columns, interval_ns: int) -> PriceBars:
    prices = np.column_stack([table[name] for name in ("open", "high", "low", "close")])
    return PriceBars(table["open_ns"], prices, table["volume_base"], interval_ns)
