"""What Hyperliquid messages mean.

There is no public liquidation channel: public trades carry no flag. Liquidations are only told in the fills of an
account, and there to both parties, so a fill counts only where the account is the liquidated one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import VenueInstruments
from powderkeg.domain.time import NS_PER_MS
from powderkeg.domain.units import BUY, LONG, SELL, SHORT
from powderkeg.venues import _wire
from powderkeg.venues.hyperliquid import wire
from powderkeg.venues.hyperliquid.contracts import is_contract

FUNDING_INTERVAL_HOURS: Final = 1.0
"""Source: Hyperliquid docs, "Funding", read 2026-11."""

_message: Callable[[bytes], wire.Message] = msgspec.json.Decoder(wire.Message, strict=False).decode
_outer = msgspec.json.Decoder(wire.Outer).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Hyperliquid frame; see `venues.base.Parse` for what it raises."""
    try:
        message = _message(frame)
    except msgspec.ValidationError:
        if _outer(frame).channel in wire.IGNORED_CHANNELS:
            return ()
        raise
    return tuple(_MEANINGS[type(message)](message, ts_received_ns, instruments))


def _trades(message: wire.Trades, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in message.data:
        if is_contract(row.coin):
            yield _wire.make_trade(
                instruments[row.coin],
                SELL if row.side == "A" else BUY,
                row.sz,
                row.px,
                None if row.tid is None else str(row.tid),
                row.time * NS_PER_MS,
                ts_received_ns,
            )


def _book(message: wire.Book, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    book = message.data
    if not is_contract(book.coin):
        return
    instrument = instruments[book.coin]
    bids, asks = book.levels
    yield _wire.book_snapshot(
        instrument, _wire.bids(bids), _wire.asks(asks), None, (book.time * NS_PER_MS, ts_received_ns)
    )


def _context(message: wire.AssetContext, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """The venue gives no time: the received time stands for it."""
    context = message.data.ctx
    instrument = instruments[message.data.coin]
    of = (instrument.venue, instrument.symbol)
    at = (ts_received_ns, ts_received_ns)
    if context.markPx:
        yield MarkPrice(*of, context.markPx, *at)
    if context.oraclePx:
        yield IndexPrice(*of, context.oraclePx, *at)
    yield FundingRate(*of, context.funding, FUNDING_INTERVAL_HOURS, None, *at)
    yield OpenInterest(*of, context.openInterest, None, None, *at)


def _user_fills(message: wire.UserFills, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """Fills of a named account; the snapshot after subscribing repeats the past."""
    if message.data.isSnapshot:
        return
    account = message.data.user.lower()
    for fill in message.data.fills:
        if fill.liquidation is not None and fill.liquidation.liquidatedUser.lower() == account:
            yield _liquidation(fill, ts_received_ns, instruments)


def _user_events(message: wire.UserEvents, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """Fills of an account that the message does not name.

    In a market liquidation the liquidated account is the taker, its counterparties rest in the book; a takeover by
    the backstop is told apart by the liquidated account's direction, "Liquidated ...".
    """
    for fill in message.data.fills:
        note = fill.liquidation
        if note is not None and (fill.dir.startswith("Liquidated") or (note.method == "market" and fill.crossed)):
            yield _liquidation(fill, ts_received_ns, instruments)


def _liquidation(fill: wire.Fill, ts_received_ns: int, instruments: VenueInstruments) -> Liquidation:
    """A fill of the liquidated account: its own sale closed its long. One account says nothing about the market."""
    side, at = LONG if fill.side == "A" else SHORT, (fill.time * NS_PER_MS, ts_received_ns)
    told = _wire.fill_liquidation(instruments[fill.coin], side, fill.sz, fill.px, str(fill.tid), at)
    return msgspec.structs.replace(told, coverage="unknown")


_MEANINGS: Final[dict[type, Any]] = {
    wire.Trades: _trades,
    wire.Book: _book,
    wire.AssetContext: _context,
    wire.UserFills: _user_fills,
    wire.UserEvents: _user_events,
}
