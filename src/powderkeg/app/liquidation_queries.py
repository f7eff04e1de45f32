"""Liquidations summed by SQL, in the shape the statistics take; any number of windows in one query each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from powderkeg.app.selection import Selection
from powderkeg.domain.time import day_of
from powderkeg.domain.units import Coverage
from powderkeg.stats.coverage import Span
from powderkeg.stats.liquidation_rows import LiquidationGroup
from powderkeg.stats.undercount import SampledOrders, sampled_orders
from powderkeg.store.query import Database

# Fixed point, eight decimals: threads add in any order, and the same question must give the same bytes. What does not
# fit (1e22 USD, which no order is) counts as of unknown notional.
_GROUPS: Final = """
    SELECT venue, symbol, position_side, coverage,
           coalesce(sum(TRY_CAST(notional_usd AS DECIMAL(30, 8))), 0)::DOUBLE AS notional_usd,
           count(*) AS orders, max(notional_usd) AS largest_usd,
           count(*) - count(TRY_CAST(notional_usd AS DECIMAL(30, 8))) AS unknown_count,
           arg_max(price, (notional_usd, -ts_event_ns)) AS largest_price,
           arg_max(ts_event_ns, (notional_usd, -ts_event_ns)) AS largest_ts_ns
           {bucket}
    FROM liquidation {condition}
    GROUP BY ALL ORDER BY ALL
"""


_FALLS: Final = """
    WITH readings AS (
        SELECT *, coalesce(open_interest_base, open_interest_contracts) AS held,
               lag(held) OVER (PARTITION BY span_number, venue, symbol ORDER BY ts_event_ns) AS held_before
        FROM open_interest {condition}),
    marks AS (
        SELECT span_number, venue, symbol, arg_min(mark_price, ts_event_ns) AS mark_price
        FROM mark_price {condition} GROUP BY ALL)
    SELECT span_number, venue, symbol,
           sum(TRY_CAST(greatest(held_before - held, 0) AS DECIMAL(30, 8)))::DOUBLE * coalesce(
               arg_min(open_interest_usd, ts_event_ns) / nullif(arg_min(held, ts_event_ns), 0),
               any_value(CASE WHEN open_interest_base IS NOT NULL THEN mark_price END)) AS fall_usd
    FROM readings LEFT JOIN marks USING (span_number, venue, symbol) GROUP BY ALL HAVING count(*) > 1
"""


def groups(database: Database, spans: Sequence[Span], chosen: Selection) -> list[list[LiquidationGroup]]:
    """Sums over each [from, to) per venue, symbol, position side and coverage class."""
    condition, parameters = _within(spans, chosen)
    found: list[list[LiquidationGroup]] = [[] for _ in spans]
    for row in database.rows(_GROUPS.format(bucket=", span_number", condition=condition), parameters):
        found[int(row["span_number"])].append(_group(row))
    return found


def bar_groups(database: Database, span: Span, interval_ns: int, chosen: Selection) -> list[LiquidationGroup]:
    """The same per bar; `span` must lie on the bars' grid."""
    condition, parameters = where(span, chosen)
    sql = _GROUPS.format(bucket=", ts_event_ns - ts_event_ns % ? AS open_ns", condition=f"WHERE {condition}")
    return [_group(row) for row in database.rows(sql, [interval_ns, *parameters])]


def orders(database: Database, spans: Sequence[Span], chosen: Selection) -> list[SampledOrders]:
    """The orders of sampled feeds in each [from, to), for the undercount."""
    condition, parameters = _within(spans, chosen)
    found = database.query(
        "SELECT span_number, venue, symbol, coverage, ts_event_ns, notional_usd, position_side = 'long' AS is_long "  # noqa: S608 - condition is ours
        f"FROM liquidation {condition} AND coverage IN ('latest_per_second', 'largest_per_second')",
        parameters,
    ).to_pydict()
    feeds: list[tuple[str, str, Coverage]] = list(zip(found["venue"], found["symbol"], found["coverage"], strict=True))
    notionals = np.array([np.nan if usd is None else usd for usd in found["notional_usd"]], np.float64)
    instants, is_long = np.array(found["ts_event_ns"], np.int64), np.array(found["is_long"], np.bool_)
    numbers = np.array(found["span_number"], np.int64)
    inside = [np.flatnonzero(numbers == number) for number in range(len(spans))]
    return [sampled_orders([feeds[i] for i in rows], instants[rows], notionals[rows], is_long[rows]) for rows in inside]


def open_interest_falls(
    database: Database, spans: Sequence[Span], chosen: Selection
) -> list[dict[tuple[str, str], float]]:
    """(venue, symbol) -> sum of all falls between readings of open interest in each [from, to), USD, where recorded.

    Falls are counted in base units or contracts, so that a moving price alone is none, and valued at the first
    reading's own dollars, or else at the first mark price of the window.
    """
    condition, parameters = _within(spans, chosen)
    found: list[dict[tuple[str, str], float]] = [{} for _ in spans]
    for row in database.rows(_FALLS.format(condition=condition), [*parameters, *parameters]):
        if row["fall_usd"] is not None:
            found[int(row["span_number"])][row["venue"], row["symbol"]] = row["fall_usd"]
    return found


def symbols(database: Database, event: str) -> frozenset[str]:
    """Every symbol with recorded events of a type; none for an event without symbol, or an unknown one."""
    if "symbol" not in database.columns(event):
        return frozenset()
    return frozenset(row["symbol"] for row in database.rows(f"SELECT DISTINCT symbol FROM {event}"))  # noqa: S608 - checked


def where(span: Span, chosen: Selection) -> tuple[str, list[Any]]:
    """The SQL condition, with its parameters, for the events of [from, to) of a selection."""
    condition = "date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns >= ? AND ts_event_ns < ?"
    parameters: list[Any] = [day_of(span[0]), day_of(max(span[0], span[1] - 1)), *span]
    for column, names in (("symbol", chosen.symbols), ("venue", chosen.venues)):
        if names is not None:
            condition += f" AND {column} IN (SELECT unnest(?::VARCHAR[]))"
            parameters.append(list(names))
    return condition, parameters


def hull(spans: Sequence[Span]) -> Span:
    """The stretch from the first start to the last end."""
    return min(start for start, _ in spans), max(end for _, end in spans)


def _within(spans: Sequence[Span], chosen: Selection) -> tuple[str, list[Any]]:
    """What follows `FROM event` for the events of each [from, to), with its parameters: a row a span it lies in."""
    condition, parameters = where(hull(spans), chosen)
    joined = (
        "JOIN (SELECT unnest(?::BIGINT[]) AS span_from_ns, unnest(?::BIGINT[]) AS span_to_ns, "
        "unnest(?::INTEGER[]) AS span_number) ON ts_event_ns >= span_from_ns AND ts_event_ns < span_to_ns "
        f"WHERE {condition}"
    )
    starts, ends = zip(*spans, strict=True)
    return joined, [list(starts), list(ends), list(range(len(spans))), *parameters]


def _group(row: dict[str, Any]) -> LiquidationGroup:
    return LiquidationGroup(
        venue=row["venue"],
        symbol=row["symbol"],
        position_side=row["position_side"],
        coverage=row["coverage"],
        notional_usd=row["notional_usd"],
        count=row["orders"],
        largest_usd=row["largest_usd"],
        unknown_notional_count=row["unknown_count"],
        largest_price=row["largest_price"],
        largest_ts_ns=row["largest_ts_ns"],
        open_ns=row.get("open_ns"),
    )
