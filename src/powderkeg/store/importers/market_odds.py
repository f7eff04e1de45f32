"""Odds of prediction markets, as a table: when, where, which question, which outcome, at what probability.

The layout is ours, since these markets publish prices through APIs and not as files: `time_utc` (RFC 3339 or epoch
milliseconds), `venue`, `market` (the question in the market's own words), `outcome`, `probability_ratio` in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event, MarketOdds
from powderkeg.domain.time import parse_instant
from powderkeg.store.importers.cells import maybe
from powderkeg.store.importers.formats import Context
from powderkeg.store.importers.tables import columns, headed_format, parse_table
from powderkeg.store.rows import RowsParsed

COLUMNS: Final = ("time_utc", "venue", "market", "outcome", "probability_ratio")


def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Odds of a block of lines; see `RowsParser`. Context: header. An empty probability becomes no event."""
    header = context["header"]
    when, venue, market, outcome, probability = columns(header, *COLUMNS)

    def row(cells: list[str]) -> Iterable[Event]:
        ratio = maybe(cells[probability], "probability_ratio")
        if ratio is not None and not 0.0 <= ratio <= 1.0:
            raise InputError(f"probability_ratio is {ratio:g}; it is a fraction from 0 to 1")
        if not (cells[venue].strip() and cells[market].strip() and cells[outcome].strip()):
            raise InputError("venue, market and outcome must all be said")
        at_ns = parse_instant(cells[when])
        if ratio is not None:
            yield MarketOdds(cells[venue].strip(), cells[market].strip(), cells[outcome].strip(), ratio, at_ns, at_ns)

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


FORMAT = headed_format(
    name="market-odds",
    title="Odds of prediction markets (time_utc,venue,market,outcome,probability_ratio)",
    required=COLUMNS,
    rows=rows,
)
