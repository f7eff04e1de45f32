"""Answers about alerts: what was told, read from the outbox of the data directory."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.app.alerts.sinks import read_told
from powderkeg.app.asked_span import asked_span
from powderkeg.app.library import Library
from powderkeg.app.observation import observed_sources
from powderkeg.domain.time import format_instant
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer

MOST_READ: Final = 10_000
"""Alerts looked at, the newest; a time before them is answered as if nothing had been told."""


def alerts(library: Library, ask: asks.Alerts) -> Answer:
    """Alerts of an interval."""
    span = asked_span(end=ask.as_of, window=ask.window)
    told = read_told(library.data_dir, MOST_READ)
    found = [row for row in told.rows if span[0] <= row.alert.at_ns < span[1]]
    plain = msgspec.structs.replace(told, rows=found[: ask.limit]).plain()
    return Answer(
        {
            "as_of": format_instant(span[1]),
            "window": ask.window,
            "method": None,
            "matching": len(found),
            "sources": [one.to_dict() for one in observed_sources(library.database, library.selection(), span)],
            "rows": plain["rows"],
            "sinks": plain["sinks"],
            "empty": None if found else _empty(told_before=bool(told.rows), was_on=told.path.is_file()),
        }
    )


def _empty(*, told_before: bool, was_on: bool) -> dict[str, Any]:
    if told_before:
        return {"state": "filtered_out", "message": "no alert was told in this interval; there are others"}
    if was_on:
        return {"state": "no_events", "message": "alerts are on, and nothing was told yet"}
    return {"state": "not_connected", "message": "alerts were never on here: powderkeg alerts run, or powderkeg demo"}
