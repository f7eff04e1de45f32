"""The list of venues, and the one function that turns bytes into events."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError, VenueProtocolError
from powderkeg.domain.events import Event
from powderkeg.domain.instruments import Instrument, InstrumentMap
from powderkeg.domain.symbols import venue_slug
from powderkeg.venues.base import SMALL_FRAME_BYTES, Venue, guard
from powderkeg.venues.bitmex import VENUE as BITMEX
from powderkeg.venues.deribit import VENUE as DERIBIT
from powderkeg.venues.hyperliquid import VENUE as HYPERLIQUID
from powderkeg.venues.kraken_futures import VENUE as KRAKEN_FUTURES

_ALL: tuple[Venue, ...] = (
    BITMEX,
    DERIBIT,
    HYPERLIQUID,
    KRAKEN_FUTURES,
)

VENUES: Final[dict[str, Venue]] = {venue.slug: venue for venue in _ALL}


def infer_instrument(venue: str, venue_symbol: str) -> Instrument:
    """The instrument a venue's own name stands for, by that venue's naming rules.

    Raises:
        ValueError: the name cannot be one of the venue's.
    """
    return VENUES[venue].infer_instrument(venue_symbol)


@cache
def default_instruments() -> InstrumentMap:
    """Instruments inferred from names and known contract sizes, for callers who have no listing.

    Shared and append-only: an inferred instrument depends on its name alone.
    """
    return InstrumentMap(infer_instrument)


def parse_frame(
    venue: str,
    frame: bytes,
    ts_received_ns: int,
    instruments: InstrumentMap | None = None,
) -> tuple[Event, ...]:
    """Turn one frame, as it came from the venue's socket, into events.

    Args:
        venue: a slug of `VENUES`.
        frame: the raw bytes of one message.
        ts_received_ns: when it was received, ns UTC; used only where the venue gives no time of its own.
        instruments: listed instruments; by default they are inferred from names and known contract sizes.

    Returns:
        The events, in the frame's order; empty for acknowledgments, heartbeats and channels without a meaning here.

    Raises:
        VenueProtocolError: the frame cannot be what it says it is: quarantine it, count it, go on.
        InputError: there is no such venue.
    """
    entry = VENUES.get(venue)
    if entry is None:
        venue = venue_slug(venue)
        entry = VENUES[venue]
    if len(frame) > SMALL_FRAME_BYTES:
        guard(venue, frame)
    try:
        return entry.parse(frame, ts_received_ns, (instruments or default_instruments()).of(venue))
    except VenueProtocolError:
        raise
    except (
        msgspec.DecodeError,
        InputError,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise VenueProtocolError(venue, str(error) or type(error).__name__, frame) from error
