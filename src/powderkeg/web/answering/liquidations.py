"""Answers about liquidations: the numbers of `powderkeg liquidations --json`, and what an empty answer means."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.asked_span import asked_span, span_words
from powderkeg.app.library import Library
from powderkeg.app.liquidation_tape import TapeQuery, liquidation_tape
from powderkeg.stats.coverage import Span
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer


def totals(library: Library, ask: asks.Totals) -> Answer:
    """Totals of one window."""
    table = library.liquidations(coin=ask.coin, venue=ask.venue, window=ask.window, as_of=ask.as_of, by=ask.by)
    found = any(row.count for row in table.rows)
    span = (table.as_of_ns - table.window_ns, table.as_of_ns)
    return Answer({**table.to_dict(), **_empty(library, ask, span, found=found)}, table.to_arrow)


def history(library: Library, ask: asks.History) -> Answer:
    """Bars."""
    end_ms, window = span_words(asked_span(start=ask.start, end=ask.end, window=ask.window))
    bars = library.liquidation_history(
        interval=ask.interval, coin=ask.coin, venue=ask.venue, window=window, as_of=end_ms, by=ask.by
    )
    found = any(row.count for row in bars.rows)
    return Answer({**bars.to_dict(), **_empty(library, ask, (bars.from_ns, bars.to_ns), found=found)}, bars.to_arrow)


def orders(library: Library, ask: asks.Orders) -> Answer:
    """Single liquidations."""
    tape = liquidation_tape(library, TapeQuery(**msgspec.structs.asdict(ask)))
    return Answer({**tape.to_dict(), **_empty(library, ask, tape.span, found=tape.matching > 0)}, lambda: tape.orders)


def _empty(
    library: Library, ask: asks.Totals | asks.History | asks.Orders, span: Span, *, found: bool
) -> dict[str, Any]:
    if found:
        return {"empty": None}
    why = library.emptiness(span, coin=ask.coin, venue=ask.venue)
    return {"empty": {"state": why.state, "message": why.message}}
