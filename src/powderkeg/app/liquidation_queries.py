"""Liquidations summed by SQL, in the shape the statistics take."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from powderkeg.app.selection import Selection
from powderkeg.domain.time import day_of
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
           {open_column}
    FROM liquidation WHERE {condition}
    GROUP BY ALL ORDER BY ALL
"""


_FALLS: Final = """
    WITH readings AS (
        SELECT *, coalesce(open_interest_base, open_interest_contracts) AS held,
               lag(held) OVER (PARTITION BY venue, symbol ORDER BY ts_event_ns) AS held_before
        FROM open_interest WHERE {condition}),
    marks AS (
        SELECT venue, symbol, arg_min(mark_price, ts_event_ns) AS mark_price
        FROM mark_price WHERE {condition} GROUP BY ALL)
    SELECT venue, symbol,
           sum(TRY_CAST(greatest(held_before - held, 0) AS DECIMAL(30, 8)))::DOUBLE * coalesce(
               arg_min(open_interest_usd, ts_event_ns) / nullif(arg_min(held, ts_event_ns), 0),
               any_value(CASE WHEN open_interest_base IS NOT NULL THEN mark_price END)) AS fall_usd
    FROM readings LEFT JOIN marks USING (venue, symbol) GROUP BY ALL HAVING count(*) > 1
"""


def groups(database: Database, span: Span, chosen: Selection) -> list[LiquidationGroup]:
    """Sums over [from, to) per venue, symbol, position side and coverage class."""
    condition, parameters = where(span, chosen)
    return _read(database, _GROUPS.format(open_column="", condition=condition), parameters)


def bar_groups(database: Database, span: Span, interval_ns: int, chosen: Selection) -> list[LiquidationGroup]:
    """The same per bar; `span` must lie on the bars' grid."""
    condition, parameters = where(span, chosen)
    sql = _GROUPS.format(open_column=", ts_event_ns - ts_event_ns % ? AS open_ns", condition=condition)
    return _read(database, sql, [interval_ns, *parameters])


def orders(database: Database, span: Span, chosen: Selection) -> SampledOrders:
    """The orders of sampled feeds in [from, to), for the undercount."""
    condition, parameters = where(span, chosen)
    found: dict[str, list[Any]] = database.query(
        "SELECT venue, symbol, coverage, ts_event_ns, notional_usd, position_side = 'long' AS is_long FROM liquidation "  # noqa: S608 - condition is ours
        f"WHERE {condition} AND coverage IN ('latest_per_second', 'largest_per_second')",
        parameters,
    ).to_pydict()
    feeds = list(zip(found["venue"], found["symbol"], found["coverage"], strict=True))
    notionals = np.array([np.nan if usd is None else usd for usd in found["notional_usd"]], np.float64)
    return sampled_orders(
        feeds, np.array(found["ts_event_ns"], np.int64), notionals, np.array(found["is_long"], np.bool_)
    )


def open_interest_falls(database: Database, span: Span, chosen: Selection) -> dict[tuple[str, str], float]:
    """(venue, symbol) -> sum of all falls between readings of open interest in [from, to), USD, where recorded.

    Falls are counted in base units or contracts, so that a moving price alone is none, and valued at the first
    reading's own dollars, or else at the first mark price of the window.
    """
    condition, parameters = where(span, chosen)
    rows = database.rows(_FALLS.format(condition=condition), [*parameters, *parameters])
    return {(row["venue"], row["symbol"]): row["fall_usd"] for row in rows if row["fall_usd"] is not None}


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


def _read(database: Database, sql: str, parameters: list[Any]) -> list[LiquidationGroup]:
    return [
        LiquidationGroup(
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
        for row in database.rows(sql, parameters)
    ]
