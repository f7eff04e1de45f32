"""Liquidation totals of any number of windows, whose events are read together."""

from __future__ import annotations

from collections.abc import Sequence

from powderkeg.app.liquidation_queries import groups, open_interest_falls, orders
from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection
from powderkeg.domain.errors import InputError
from powderkeg.stats.coverage import Span
from powderkeg.stats.liquidation_table import LiquidationTable, build_table
from powderkeg.store.query import Database


def liquidation_tables(
    database: Database, spans: Sequence[Span], chosen: Selection, by: tuple[str, ...]
) -> list[LiquidationTable]:
    """The totals of each [from, to), by any of coin, venue, symbol, position_side.

    Raises:
        InputError: an unknown or repeated `by`, or a window that is not positive.
    """
    if not spans:
        return []
    if any(to_ns <= from_ns for from_ns, to_ns in spans):
        raise InputError("the window must be longer than zero; write for example 24h")
    observed, gaps = observed_liquidations(database, chosen)
    found = zip(
        spans,
        groups(database, spans, chosen),
        orders(database, spans, chosen),
        open_interest_falls(database, spans, chosen),
        strict=True,
    )
    return [
        build_table(
            of_span,
            by=by,
            as_of_ns=to_ns,
            window_ns=to_ns - from_ns,
            observed=observed,
            gaps=gaps,
            orders=sampled,
            open_interest_fall_usd=falls,
        )
        for (from_ns, to_ns), of_span, sampled, falls in found
    ]
