"""What a venue answers over HTTP: facts about requests, and the frames in which answers are journaled. Pure.

An answer is journaled like a message: wrapped, but otherwise as it came. `poll_frame` wraps what is asked again and
again because no stream has it; `backfill_frame` what is asked once, to close a gap. A backfill frame carries the gap,
so that its parser can leave out what the sockets delivered before and after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Event
from powderkeg.domain.time import NS_PER_MS

BACKFILL: Final = "backfill"
"""Stream of the connection whose frames are backfill, and `channel` in each of them."""


class Poll(msgspec.Struct, frozen=True):
    """Something to be asked regularly, for each contract.

    Attributes:
        stream: stream class it brings.
        name: what the frame calls it, as the venue's parser reads it.
        target: path and query; `{symbol}` stands for the venue's contract name.
        weight: of one request, in the venue's own unit.
        every_s: how often the answer can be new.
    """

    stream: str
    name: str
    target: str
    weight: float
    every_s: float


class Query(msgspec.Struct, frozen=True):
    """One request that helps to close the gap [from_ns, to_ns) of one contract.

    A request for a following page may cover only what is left of the gap.
    """

    venue_symbol: str
    from_ns: int
    to_ns: int
    target: str
    weight: float = 1.0


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask a venue; facts with their source stand in the venue's `rest.py`.

    Attributes:
        url: scheme and host.
        weight_per_minute: what one address may spend. Set to half of what the venue allows: the address is shared.
        polls: what has no stream.
        backfill: (venue symbol, from_ns, to_ns) -> first request for past liquidations, None for a contract without
            history; None itself where no contract has any.
        following: (request, its answer) -> the request for the rest, None where that was all.
        is_whole_venue: an answer holds the liquidations of all contracts, so a gap is asked for once.
    """

    url: str
    weight_per_minute: float
    polls: tuple[Poll, ...] = ()
    backfill: Callable[[str, int, int], Query | None] | None = None
    following: Callable[[Query, bytes], Query | None] | None = None
    is_whole_venue: bool = False


class Backfill(msgspec.Struct, frozen=True):
    """The gap that a backfill frame is to close."""

    venue_symbol: str
    from_ns: int
    to_ns: int


class _PollFrame(msgspec.Struct):
    stream: str
    data: msgspec.Raw


class _BackfillFrame(msgspec.Struct):
    channel: str
    backfill: Backfill
    answer: msgspec.Raw


_whole = msgspec.json.Decoder(msgspec.Raw).decode


def poll_frame(venue: str, poll: Poll, venue_symbol: str, body: bytes) -> bytes:
    """The frame in which a polled answer is journaled: `{"stream": "btcusdt@openInterest", "data": ...}`.

    Raises:
        VenueProtocolError: the body is no JSON document.
    """
    return msgspec.json.encode(_PollFrame(f"{venue_symbol.lower()}@{poll.name}", _json(venue, body)))


def backfill_frame(venue: str, query: Query, body: bytes) -> bytes:
    """The frame in which a backfilled answer is journaled.

    Raises:
        VenueProtocolError: the body is no JSON document.
    """
    gap = Backfill(query.venue_symbol, query.from_ns, query.to_ns)
    return msgspec.json.encode(_BackfillFrame(BACKFILL, gap, _json(venue, body)))


def _json(venue: str, body: bytes) -> msgspec.Raw:
    try:
        return msgspec.Raw(bytes(_whole(body)).strip())
    except msgspec.DecodeError as error:
        raise VenueProtocolError(venue, f"the answer is no JSON: {error}", body) from error


def within(gap: Backfill, events: Iterable[Event]) -> Iterable[Event]:
    """The events whose venue time lies in the gap: the others were delivered by sockets, or belong to another gap."""
    return (event for event in events if gap.from_ns <= event.ts_event_ns < gap.to_ns)


def before_full_page(
    query: Query, stamps_ns: Sequence[int], limit: int, ask: Callable[[str, int, int], Query]
) -> Query | None:
    """What lies before a page, where that was full. Its earliest time is asked for again: ids tell its rows apart.

    Args:
        query: what was asked.
        stamps_ns: times of the rows that came, in any order.
        limit: of rows in a page.
        ask: (venue symbol, from_ns, to_ns) -> request for the rows of that time, from its end back.
    """
    if len(stamps_ns) < limit:
        return None
    # Should a page hold nothing but one millisecond, the rest of that cannot be asked for.
    to_ns = min(min(stamps_ns) + 1, query.to_ns - NS_PER_MS)
    return ask(query.venue_symbol, query.from_ns, to_ns) if to_ns > query.from_ns else None
