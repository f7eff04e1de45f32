"""Rows that two connections of one venue both saw: they count once.

A connection that is renewed before it is closed, or that is sent the last messages again after a break, sees rows
another connection saw before. Most liquidations carry no id, and alike rows on *one* connection can all be real, so
content alone does not decide: each distinct row counts as often as the connection that saw it most often.

    connection 1 sees   a  b  b            counted   a  b  b
    connection 2 sees            b  b  a  b                     b      its third b is one more than connection 1 saw

Decided in the order of records, so a journal gives the same rows in one run, in parts, live and in replay. What is
remembered is bounded in time and number, and can be handed on as text. Rows with an id are told apart by it later
(`identity.py`, `stats.liquidations`); rows without the venue's own time have nothing to be compared by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from powderkeg.domain.events import Event, Liquidation
from powderkeg.domain.time import NS_PER_MINUTE

MEMORY_NS: Final = 15 * NS_PER_MINUTE
"""How long after a row was first received another connection's sighting of it is recognized: renewals overlap for
seconds, and what venues repeat on subscribing reaches back minutes (RELIABILITY R10 asks for ten)."""

MAX_ROWS: Final = 20_000
"""Rows remembered per venue; the newest are. A quarter of an hour of the worst minutes on record for one venue
(63,637 in twelve minutes, 2025-10-10) had ids; feeds without one push far less."""

STATE_PREFIX: Final = "overlap:"
"""Begins the names under which memories stand in a `DecoderState`, beside the connections' numbers."""

Content = tuple[str, str, float, float, float | None, float | None, float | None, int]
State = dict[str, tuple[str, ...]]


class _Row(msgspec.Struct, array_like=True):
    """One content: what it is, when it was first received, how often it counted, and who saw it how often."""

    content: Content
    first_received_ns: int
    counted: int
    sightings: dict[str, int]


class Overlap:
    """What the connections of one journal's venues saw lately.

    Law: for every content, the rows kept are as many as the largest number any one connection saw.

    Args:
        state: `state()` of an Overlap that saw everything before; other names in it are passed over.
    """

    def __init__(self, state: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.repeated = 0  # rows left out
        self._venues: dict[str, dict[Content, _Row]] = {}
        for name, rows in (state or {}).items():
            if name.startswith(STATE_PREFIX):
                known = [msgspec.json.decode(row, type=_Row) for row in rows]
                self._venues[name.removeprefix(STATE_PREFIX)] = {row.content: row for row in known}

    def kept(self, venue: str, connection_id: int, received_ns: int, events: list[Event]) -> list[Event]:
        """The events of one frame without those another connection saw already; the same list where all are new."""
        left_out: set[int] | None = None
        for index, event in enumerate(events):
            # By type, not isinstance: this runs for every trade of every venue.
            if type(event) is Liquidation and event.event_id is None and not event.ts_is_received:  # noqa: SIM102 - the rare case stands apart
                if not self._counts(venue, str(connection_id), received_ns, event):
                    left_out = left_out or set()
                    left_out.add(index)
        if left_out is None:
            return events
        self.repeated += len(left_out)
        return [event for index, event in enumerate(events) if index not in left_out]

    def state(self) -> State:
        """What an Overlap of the following records must be given."""
        return {
            STATE_PREFIX + venue: tuple(msgspec.json.encode(row).decode() for row in rows.values())
            for venue, rows in sorted(self._venues.items())
        }

    def _counts(self, venue: str, connection: str, received_ns: int, event: Liquidation) -> bool:
        rows = self._venues.get(venue)
        if rows is None:
            rows = self._venues[venue] = {}
        content = _content(event)
        row = rows.get(content)
        if row is None:
            _forget(rows, received_ns - MEMORY_NS)
            rows[content] = _Row(content, received_ns, 1, {connection: 1})
            return True
        seen = row.sightings.get(connection, 0) + 1
        row.sightings[connection] = seen
        if seen <= row.counted:
            return False
        row.counted = seen
        return True


def handed_on(state: Mapping[str, tuple[str, ...]]) -> State:
    """The memory for another journal, whose connections are numbered anew: who saw a row is forgotten, the row not."""
    handed: State = {}
    for name, rows in state.items():
        if name.startswith(STATE_PREFIX):
            known = [msgspec.json.decode(row, type=_Row) for row in rows]
            handed[name] = tuple(
                msgspec.json.encode(msgspec.structs.replace(row, sightings={})).decode() for row in known
            )
    return handed


def _content(event: Liquidation) -> Content:
    """Everything the venue said; the other fields follow from these and the contract."""
    return (
        event.symbol,
        event.position_side,
        event.qty,
        event.price,
        event.order_price,
        event.fill_price,
        event.bankruptcy_price,
        event.ts_event_ns,
    )


def _forget(rows: dict[Content, _Row], before_ns: int) -> None:
    """Drop rows first received too long ago, and the oldest where there are too many: dicts keep their order."""
    while rows:
        oldest = next(iter(rows.values()))
        if oldest.first_received_ns >= before_ns and len(rows) < MAX_ROWS:
            return
        del rows[oldest.content]
