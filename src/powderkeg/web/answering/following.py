"""Answers for a server that follows a data directory."""

from __future__ import annotations

from typing import Any, Final

from powderkeg.app.instants import instant_ns
from powderkeg.app.library import Library
from powderkeg.app.told_order import order_dict
from powderkeg.domain.time import NS_PER_DAY, NS_PER_MS, day_of, format_duration, format_instant
from powderkeg.stats.liquidations import WINDOWS_NS
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer

MAX_NEWS: Final = 1_000
"""At most so many of one look: who wants all of an import asks for it."""


def news(library: Library, ask: asks.News) -> Answer:
    """Liquidations received since, the newest of them."""
    database = library.database
    [row] = database.rows("SELECT max(ts_received_ns) AS newest_ns, max(ts_event_ns) AS last_ns FROM liquidation")
    newest_ns = -1 if row["newest_ns"] is None else row["newest_ns"]
    found: list[dict[str, Any]] = []
    if 0 <= ask.after_ns < newest_ns:
        found = database.rows(
            "SELECT * FROM liquidation WHERE date >= ?::DATE AND ts_received_ns > ? "
            "ORDER BY ts_received_ns DESC LIMIT ?",
            [day_of(ask.after_ns - NS_PER_DAY), ask.after_ns, MAX_NEWS],
        )
    label = {"simulated": True} if library.is_simulated else {}
    rows = [
        {"coin": told["coin"], "notional_usd": told["notional_usd"], "document": {**told, **label}}
        for told in map(order_dict, reversed(found))
    ]
    as_of = None if row["last_ns"] is None else format_instant(row["last_ns"])
    return Answer({"as_of": as_of or "", "newest_ns": max(newest_ns, 0), "rows": rows})


def windows(library: Library, _ask: asks.Windows) -> Answer:
    """Totals of the windows, with their estimates."""
    as_of_ns = instant_ns(None)
    as_of_ms = as_of_ns // NS_PER_MS
    names = [format_duration(window_ns) for window_ns in WINDOWS_NS]
    tables = {name: library.liquidations(window=name, as_of=as_of_ms) for name in names}
    as_of = format_instant(as_of_ns)
    told = {name: table.to_dict() for name, table in tables.items()}
    return Answer({"as_of": as_of, "rebuilding": False, "windows": told})
