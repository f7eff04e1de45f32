"""The list of venues, and the one function that turns bytes into events."""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.errors import InputError, VenueProtocolError
from powderkeg.domain.events import Event, Liquidation, Trade
from powderkeg.domain.instruments import Instrument, InstrumentMap, VenueInstruments
from powderkeg.domain.symbols import venue_slug
from powderkeg.venues.base import Parse, Venue
from powderkeg.venues.binance_coinm import VENUE as BINANCE_COINM
from powderkeg.venues.binance_usdm import VENUE as BINANCE_USDM
from powderkeg.venues.bitfinex import VENUE as BITFINEX
from powderkeg.venues.bitget import VENUE as BITGET
from powderkeg.venues.bitmex import VENUE as BITMEX
from powderkeg.venues.bybit import VENUE as BYBIT
from powderkeg.venues.deribit import VENUE as DERIBIT
from powderkeg.venues.dydx import VENUE as DYDX
from powderkeg.venues.entries import apart
from powderkeg.venues.gate import VENUE as GATE
from powderkeg.venues.guard import GZIP_MAGIC, SMALL_FRAME_BYTES, decompressed, guard
from powderkeg.venues.htx import VENUE as HTX
from powderkeg.venues.hyperliquid import VENUE as HYPERLIQUID
from powderkeg.venues.kraken_futures import VENUE as KRAKEN_FUTURES
from powderkeg.venues.lighter import VENUE as LIGHTER
from powderkeg.venues.okx import VENUE as OKX

_ALL: tuple[Venue, ...] = (
    BINANCE_COINM,
    BINANCE_USDM,
    BITFINEX,
    BITGET,
    BITMEX,
    BYBIT,
    DERIBIT,
    DYDX,
    GATE,
    HTX,
    HYPERLIQUID,
    KRAKEN_FUTURES,
    LIGHTER,
    OKX,
)

VENUES: Final[dict[str, Venue]] = {venue.slug: venue for venue in _ALL}


def infer_instrument(venue: str, venue_symbol: str) -> Instrument:
    """The instrument a venue's own name stands for, by that venue's naming rules.

    Raises:
        ValueError: the name cannot be one of the venue's.
    """
    return VENUES[venue].infer_instrument(venue_symbol)


_INFERRED: Final = InstrumentMap(infer_instrument)
_ENTRIES: Final[dict[str, tuple[Parse, VenueInstruments]]] = {
    venue.slug: (venue.parse, _INFERRED.of(venue.slug)) for venue in _ALL
}
"""All that the path of a frame needs to know of its venue, in one look-up."""


def default_instruments() -> InstrumentMap:
    """Instruments inferred from names and known contract sizes, for callers who have no listing.

    Shared and append-only: an inferred instrument depends on its name alone.
    """
    return _INFERRED


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
        VenueProtocolError: the frame, or an entry in it, cannot be what it says it is: quarantine it, count it, go on
            with the `events` of the error, which are those of its other entries.
        InputError: there is no such venue.
    """
    try:
        parse, names = _ENTRIES[venue]
    except KeyError:
        venue = _slug_of(venue)
        parse, names = _ENTRIES[venue]
    if instruments is not None:
        names = instruments.of(venue)
    try:
        if len(frame) > SMALL_FRAME_BYTES or not frame.isascii():
            guard(venue, frame)
        return parse(frame, ts_received_ns, names)
    except VenueProtocolError:
        raise
    except _UNREADABLE as error:
        raise _refusal(venue, frame, ts_received_ns, names, error) from error


_UNREADABLE: Final = (
    msgspec.DecodeError,
    InputError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    RecursionError,
)
"""What a parser may raise over a frame, see `base.Parse`."""


def _refusal(
    venue: str, frame: bytes, ts_received_ns: int, names: VenueInstruments, error: Exception
) -> VenueProtocolError:
    """Why the frame is refused, with the liquidations and trades of its other entries where only some are at fault.

    Prices and books of such a frame are left out: the next message tells them again, and a book without one of its
    levels is another book.
    """
    reason = str(error) or type(error).__name__
    told, unread, of = _one_by_one(venue, frame, ts_received_ns, names)
    if not 0 < unread < of:  # where each can be read alone, or none, the fault is the frame's
        return VenueProtocolError(venue, reason, frame)
    return VenueProtocolError(venue, f"{unread} of {of} entries cannot be read: {reason}", frame, _once(told))


def _once(told: list[Event]) -> tuple[Event, ...]:
    """The liquidations and trades, those with an id once: Lighter tells some in two lists of one frame."""
    found: dict[tuple[str | int, ...], Event] = {}
    for number, event in enumerate(told):
        if isinstance(event, Liquidation | Trade):
            given = event.event_id if isinstance(event, Liquidation) else event.trade_id
            name = ("at", number) if given is None else ("id", given)
            found.setdefault((type(event).__name__, event.symbol, *name), event)
    return tuple(found.values())


def _one_by_one(venue: str, frame: bytes, ts_received_ns: int, names: VenueInstruments) -> tuple[list[Event], int, int]:
    """Events of the frame's entries, read one at a time; how many could not be read, and of how many."""
    told: list[Event] = []
    unread = 0
    try:
        text = decompressed(venue, frame) if frame.startswith(GZIP_MAGIC) else frame
        singles = apart(text, VENUES[venue].entries)
    except (VenueProtocolError, *_UNREADABLE):
        return told, 0, 0
    for single in singles if len(singles) > 1 else ():
        try:
            told += VENUES[venue].parse(single, ts_received_ns, names)
        except (VenueProtocolError, *_UNREADABLE):
            unread += 1
    return told, unread, len(singles)


def _slug_of(name: str) -> str:
    slug = venue_slug(name)
    if slug not in _ENTRIES:
        raise InputError(f"no parser for venue {slug!r}; there are parsers for {', '.join(_ENTRIES)}")
    return slug
