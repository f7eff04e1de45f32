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

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from powderkeg.domain.events import Event, Liquidation
from powderkeg.domain.time import NS_PER_MINUTE
from powderkeg.store.row_table import DIGEST_BYTES, Row, RowTable

MEMORY_NS: Final = 15 * NS_PER_MINUTE
"""How long after a row was first received another connection's sighting of it is recognized: renewals overlap for
seconds, and what venues repeat on subscribing reaches back minutes (RELIABILITY R10 asks for ten)."""

STATE_PREFIX: Final = "overlap:"
"""Begins the names under which memories stand in a `DecoderState`, beside the connections' numbers."""

State = dict[str, tuple[str, ...]]
"""Venue -> rows as text: digest, when first received (ns), how often counted, and `connection:times` of who saw it."""


class Overlap:
    """What the connections of one journal's venues saw lately.

    Law: for every content, the rows kept are as many as the largest number any one connection saw.

    Args:
        state: `state()` of an Overlap that saw everything before; other names in it are passed over.
    """

    def __init__(self, state: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.repeated = 0  # rows left out
        self._venues: dict[str, RowTable] = {}
        for name, rows in (state or {}).items():
            if name.startswith(STATE_PREFIX):
                table = self._venues[name.removeprefix(STATE_PREFIX)] = RowTable()
                for digest, row in map(_read, rows):
                    table.add(digest, row)

    def kept(self, venue: str, connection_id: int, received_ns: int, events: Sequence[Event]) -> Sequence[Event]:
        """The events of one frame without those another connection saw already; the same object where all are new."""
        left_out: list[int] = []
        for index, event in enumerate(events):
            if type(event) is not Liquidation:  # by type, not isinstance: this runs for every trade of every venue
                continue
            if event.event_id is not None or event.ts_is_received:
                continue
            if not self._counts(venue, connection_id, received_ns, event):
                left_out.append(index)
        if not left_out:
            return events
        self.repeated += len(left_out)
        return [event for index, event in enumerate(events) if index not in left_out]

    def state(self) -> State:
        """What an Overlap of the following records must be given."""
        return {
            STATE_PREFIX + venue: tuple(_written(digest, row) for digest, row in rows.items())
            for venue, rows in sorted(self._venues.items())
        }

    def _counts(self, venue: str, connection_id: int, received_ns: int, event: Liquidation) -> bool:
        rows = self._venues.get(venue)
        if rows is None:
            rows = self._venues[venue] = RowTable()
        digest = _digest(event)
        row = rows.get(digest)
        if row is None:
            rows.drop_before(received_ns - MEMORY_NS)
            rows.add(digest, Row(received_ns, 1, ((connection_id, 1),)))
            return True
        sightings = dict(row.sightings)
        seen = sightings[connection_id] = sightings.get(connection_id, 0) + 1
        rows.replace(digest, Row(row.first_received_ns, max(row.counted, seen), tuple(sightings.items())))
        return seen > row.counted


def handed_on(state: Mapping[str, tuple[str, ...]]) -> State:
    """The memory for another journal, whose connections are numbered anew: who saw a row is forgotten, the row not."""
    handed: State = {}
    for name, rows in state.items():
        if name.startswith(STATE_PREFIX):
            known = map(_read, rows)
            handed[name] = tuple(_written(digest, row._replace(sightings=())) for digest, row in known)
    return handed


def _digest(event: Liquidation) -> bytes:
    """Of everything the venue said; the other fields follow from these and the contract.

    With 128 bits, two different rows of a quarter of an hour are taken for one about never (1 in 10^30).
    """
    said = (
        event.symbol,
        event.position_side,
        event.qty,
        event.price,
        event.order_price,
        event.fill_price,
        event.bankruptcy_price,
        event.ts_event_ns,
    )
    return blake2b(repr(said).encode(), digest_size=DIGEST_BYTES).digest()


def _written(digest: bytes, row: Row) -> str:
    who = ",".join(f"{connection_id}:{times}" for connection_id, times in row.sightings)
    return f"{digest.hex()} {row.first_received_ns} {row.counted} {who}"


def _read(text: str) -> tuple[bytes, Row]:
    digest, first_received_ns, counted, who = text.split(" ")
    pairs = (entry.split(":") for entry in who.split(",") if entry)
    sightings = tuple((int(connection_id), int(times)) for connection_id, times in pairs)
    return bytes.fromhex(digest), Row(int(first_received_ns), int(counted), sightings)
