"""Liquidations per bar of one market: from the venue's feed where it was watched, else as an aggregator reports."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection
from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.stats.coverage import union
from powderkeg.store.query import Database

_EVENTS: Final = """
    SELECT ts_event_ns, qty_base, position_side = 'short' AS is_short FROM liquidation
    WHERE venue = ? AND symbol = ? AND ts_event_ns >= ? AND ts_event_ns < ? ORDER BY ts_event_ns
"""

_LENGTHS: Final = """
    SELECT DISTINCT interval_ns FROM liquidation_bar
    WHERE venue = ? AND symbol = ? AND interval_ns <= ? AND ? % interval_ns = 0 ORDER BY interval_ns DESC
"""

_REPORTED: Final = """
    SELECT ts_event_ns // ? * ? AS open_ns, sum(long_base) AS long_base, sum(short_base) AS short_base
    FROM (SELECT ts_event_ns, any_value(long_base) AS long_base, any_value(short_base) AS short_base
          FROM liquidation_bar WHERE venue = ? AND symbol = ? AND interval_ns = ? GROUP BY ts_event_ns)
    GROUP BY 1 HAVING count(long_base) = ? AND count(short_base) = ? ORDER BY 1
"""
"""Bars of a length, put together from shorter ones where all of those are known."""


def liquidated_base(
    database: Database, market: tuple[str, str], open_ns: IntArray, interval_ns: int
) -> tuple[FloatArray, str]:
    """Liquidations of longs and shorts in each bar, and where they come from.

    Observed and reported figures are never mixed: whichever knows more bars is used alone.

    Returns:
        [N, 2] base units, NaN where unknown; and a phrase.
    """
    observed = _observed(database, market, open_ns, interval_ns)
    reported = _reported(database, market, open_ns, interval_ns)
    known = [int(np.isfinite(one[:, 0]).sum()) for one in (observed, reported)]
    if max(known) == 0:
        return observed, "liquidations unknown"
    if known[0] >= known[1]:
        return observed, "liquidations as the feed sent them"
    return reported, "liquidations as an aggregator reports them"


def _observed(database: Database, market: tuple[str, str], open_ns: IntArray, interval_ns: int) -> FloatArray:
    end_ns = open_ns + interval_ns
    found = np.full((len(open_ns), 2), np.nan)
    for first_ns, last_ns in _watched(database, market):
        found[(open_ns >= first_ns) & (end_ns <= last_ns)] = 0.0
    rows: Any = database.query(_EVENTS, [*market, int(open_ns[0]), int(end_ns[-1])])
    at_ns: IntArray = rows["ts_event_ns"].to_numpy()
    qty: FloatArray = rows["qty_base"].to_numpy(zero_copy_only=False).astype(np.float64)
    side = rows["is_short"].to_numpy(zero_copy_only=False).astype(np.int64)
    bar = np.searchsorted(open_ns, at_ns, side="right") - 1
    inside = at_ns < end_ns[bar]
    np.add.at(found, (bar[inside], side[inside]), qty[inside])  # into an unwatched bar: stays unknown
    return found


def _watched(database: Database, market: tuple[str, str]) -> list[tuple[int, int]]:
    observed, _ = observed_liquidations(database, Selection(None, (market[0],)))
    return [*union((one.from_ns, one.to_ns) for one in observed if one.venue == market[0])]


def _reported(database: Database, market: tuple[str, str], open_ns: IntArray, interval_ns: int) -> FloatArray:
    found = np.full((len(open_ns), 2), np.nan)
    lengths = database.rows(_LENGTHS, [*market, interval_ns, interval_ns])
    if not lengths:
        return found
    parts = interval_ns // int(lengths[0]["interval_ns"])
    rows: Any = database.query(_REPORTED, [interval_ns, interval_ns, *market, interval_ns // parts, parts, parts])
    at_ns: IntArray = rows["open_ns"].to_numpy()
    if not len(at_ns):
        return found
    at = np.clip(np.searchsorted(at_ns, open_ns), 0, len(at_ns) - 1)
    same = at_ns[at] == open_ns
    for side, name in enumerate(("long_base", "short_base")):
        numbers: FloatArray = rows[name].to_numpy(zero_copy_only=False).astype(np.float64)
        found[same, side] = numbers[at[same]]
    return found
