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

# `fsum` is DuckDB's compensated sum: the cent does not depend on the order in which threads add.
_GROUPS: Final = """
    SELECT venue, symbol, position_side, coverage,
           coalesce(fsum(notional_usd), 0.0) AS notional_usd, count(*) AS orders, max(notional_usd) AS largest_usd,
           count(*) - count(notional_usd) AS unknown_count,
           arg_max(price, (notional_usd, -ts_event_ns)) AS largest_price,
           arg_max(ts_event_ns, (notional_usd, -ts_event_ns)) AS largest_ts_ns
           {open_column}
    FROM liquidation WHERE {condition}
    GROUP BY ALL ORDER BY ALL
"""


def groups(database: Database, span: Span, chosen: Selection) -> list[LiquidationGroup]:
    """Sums over [from, to) per venue, symbol, position side and coverage class."""
    condition, parameters = _where(span, chosen)
    return _read(database, _GROUPS.format(open_column="", condition=condition), parameters)


def bar_groups(database: Database, span: Span, interval_ns: int, chosen: Selection) -> list[LiquidationGroup]:
    """The same per bar; `span` must lie on the bars' grid."""
    condition, parameters = _where(span, chosen)
    sql = _GROUPS.format(open_column=", ts_event_ns - ts_event_ns % ? AS open_ns", condition=condition)
    return _read(database, sql, [interval_ns, *parameters])


def orders(database: Database, span: Span, chosen: Selection) -> SampledOrders:
    """The orders of sampled feeds in [from, to), for the undercount."""
    condition, parameters = _where(span, chosen)
    found = database.query(
        "SELECT venue, symbol, coverage, ts_event_ns, notional_usd, position_side = 'long' AS is_long FROM liquidation "  # noqa: S608 - condition is ours
        f"WHERE {condition} AND coverage IN ('latest_per_second', 'largest_per_second')",
        parameters,
    ).to_pydict()
    feeds = list(zip(found["venue"], found["symbol"], found["coverage"], strict=True))
    notionals = np.array([np.nan if usd is None else usd for usd in found["notional_usd"]], np.float64)
    return sampled_orders(feeds, np.array(found["ts_event_ns"], np.int64), notionals, np.array(found["is_long"], np.bool_))


def open_interest_falls(database: Database, span: Span, chosen: Selection) -> dict[tuple[str, str], float]:
    """(venue, symbol) -> largest fall of open interest within [from, to), USD at the open; where it was recorded.

    The fall is counted in base units (contracts where base is not known) so that a falling price alone is no fall.
    """
    condition, parameters = _where(span, chosen)
    found = database.query(
        "SELECT venue, symbol, "  # noqa: S608 - condition is ours
        "(arg_min(oi, ts_event_ns) - arg_max(oi, ts_event_ns)) / nullif(arg_min(oi, ts_event_ns), 0) AS fall_ratio, "
        "arg_min(usd, ts_event_ns) AS first_usd "
        "FROM (SELECT *, coalesce(open_interest_base, open_interest_contracts) AS oi, open_interest_usd AS usd "
        f"FROM open_interest WHERE {condition}) GROUP BY ALL HAVING count(*) > 1",
        parameters,
    ).to_pylist()
    return {
        (row["venue"], row["symbol"]): max(0.0, row["fall_ratio"] * row["first_usd"])
        for row in found
        if row["fall_ratio"] is not None and row["first_usd"] is not None
    }


def symbols(database: Database) -> frozenset[str]:
    """Every symbol liquidations are recorded of."""
    return frozenset(database.query("SELECT DISTINCT symbol FROM liquidation").column("symbol").to_pylist())


def last_event_ns(database: Database, event: str) -> int | None:
    """Time of the newest event of a type, None without any."""
    return database.query(f"SELECT max(ts_event_ns) AS newest FROM {event}").column("newest").to_pylist()[0]  # noqa: S608 - ours


def _where(span: Span, chosen: Selection) -> tuple[str, list[Any]]:
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
        for row in database.query(sql, parameters).to_pylist()
    ]
