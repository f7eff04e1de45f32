"""Liquidations per bar of every market: from the venue's feed where it was watched, else as an aggregator reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from powderkeg.app.liquidation_map_bars import PriceBars
from powderkeg.app.market_rows import Market, rows_by_market
from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection
from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.stats.coverage import union
from powderkeg.store.query import Database

_EVENTS: Final = """
    SELECT n, ts_event_ns, coalesce(qty_base, 'nan') AS qty_base, (position_side = 'short')::BIGINT AS is_short
    FROM liquidation JOIN {wanted} USING (venue, symbol)
    WHERE ts_event_ns >= start_ns AND ts_event_ns < end_ns ORDER BY n, ts_event_ns, qty_base
"""

_LENGTHS: Final = """
    SELECT n, max(interval_ns) AS interval_ns FROM liquidation_bar JOIN {wanted} USING (venue, symbol)
    WHERE interval_ns <= length_ns AND length_ns % interval_ns = 0 GROUP BY n ORDER BY n
"""

_REPORTED: Final = """
    SELECT n, ts_event_ns // length_ns * length_ns AS open_ns, sum(long_base) AS long_base,
           sum(short_base) AS short_base
    FROM (SELECT n, length_ns, interval_ns, ts_event_ns, any_value(long_base) AS long_base,
                 any_value(short_base) AS short_base
          FROM liquidation_bar JOIN {wanted} USING (venue, symbol, interval_ns) GROUP BY ALL)
    GROUP BY n, length_ns, interval_ns, open_ns
    HAVING count(long_base) * interval_ns = length_ns AND count(short_base) * interval_ns = length_ns
    ORDER BY n, open_ns
"""
"""Bars of a length, put together from shorter ones where all of those are known."""


def liquidated_base(database: Database, bars: Mapping[Market, PriceBars]) -> dict[Market, tuple[FloatArray, str]]:
    """Liquidations of longs and shorts in each bar of every market, and where they come from.

    Observed and reported figures are never mixed: whichever knows more bars is used alone.

    Returns:
        By market [N, 2] base units, NaN where unknown; and a phrase.
    """
    observed, reported = _observed(database, bars), _reported(database, bars)
    return {market: _better(observed[market], reported[market]) for market in bars}


def _better(observed: FloatArray, reported: FloatArray) -> tuple[FloatArray, str]:
    known = [int(np.isfinite(one[:, 0]).sum()) for one in (observed, reported)]
    if max(known) == 0:
        return observed, "liquidations unknown"
    if known[0] >= known[1]:
        return observed, "liquidations as the feed sent them"
    return reported, "liquidations as an aggregator reports them"


def _observed(database: Database, bars: Mapping[Market, PriceBars]) -> dict[Market, FloatArray]:
    watched = _watched(database)
    ends = [one.open_ns + one.interval_ns for one in bars.values()]
    each = {
        "start_ns": [int(one.open_ns[0]) for one in bars.values()],
        "end_ns": [int(end_ns[-1]) for end_ns in ends],
    }
    tables = rows_by_market(database, _EVENTS, [*bars], each=each)
    found: dict[Market, FloatArray] = {}
    for (market, one), end_ns, rows in zip(bars.items(), ends, tables, strict=True):
        sums = np.full((len(end_ns), 2), np.nan)
        for first_ns, last_ns in watched.get(market[0], ()):
            sums[(one.open_ns >= first_ns) & (end_ns <= last_ns)] = 0.0
        bar = np.searchsorted(one.open_ns, rows["ts_event_ns"], side="right") - 1
        inside = rows["ts_event_ns"] < end_ns[bar]
        np.add.at(
            sums, (bar[inside], rows["is_short"][inside]), rows["qty_base"][inside]
        )  # into an unwatched bar: stays unknown
        found[market] = sums
    return found


def _watched(database: Database) -> dict[str, list[tuple[int, int]]]:
    """By venue, when its liquidations were watched."""
    observed, _ = observed_liquidations(database, Selection(None, None))
    spans: dict[str, list[tuple[int, int]]] = {}
    for one in observed:
        spans.setdefault(one.venue, []).append((one.from_ns, one.to_ns))
    return {venue: [*union(held)] for venue, held in spans.items()}


def _reported(database: Database, bars: Mapping[Market, PriceBars]) -> dict[Market, FloatArray]:
    found = {market: np.full((len(one.open_ns), 2), np.nan) for market, one in bars.items()}
    lengths = rows_by_market(
        database, _LENGTHS, [*bars], each={"length_ns": [one.interval_ns for one in bars.values()]}
    )
    known = {
        market: int(table["interval_ns"][0])
        for market, table in zip(bars, lengths, strict=True)
        if len(table["interval_ns"])
    }
    each = {"length_ns": [bars[market].interval_ns for market in known], "interval_ns": [*known.values()]}
    for market, rows in zip(known, rows_by_market(database, _REPORTED, [*known], each=each), strict=True):
        at_ns: IntArray = rows["open_ns"]
        if not len(at_ns):
            continue
        at = np.clip(np.searchsorted(at_ns, bars[market].open_ns), 0, len(at_ns) - 1)
        same = at_ns[at] == bars[market].open_ns
        for side, name in enumerate(("long_base", "short_base")):
            found[market][same, side] = rows[name][at[same]]
    return found
