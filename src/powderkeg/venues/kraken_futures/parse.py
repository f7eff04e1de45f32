"""What Kraken Futures messages mean.

The type of a public trade tells whether it was forced; `side` is the taker's, who is taken to be the liquidated
account, as liquidations are orders into the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from powderkeg.domain.events import (
    BookLevel,
    Event,
    FundingRate,
    IndexPrice,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS, parse_instant
from powderkeg.domain.units import opposite
from powderkeg.venues import _wire
from powderkeg.venues.kraken_futures import wire
from powderkeg.venues.kraken_futures.contracts import is_contract
from powderkeg.venues.rest import Backfill, within

HOURLY_FUNDING_SINCE_NS: Final = parse_instant("2023-01-01")
"""Captured tickers of 2019 to 2021-04 have funding every four hours; Kraken support, "Inverse crypto collateral
perpetual contract specifications", read 2026-11, says every hour. The day of the change is not documented, so the
interval is left unknown before this date."""

_message: Callable[[bytes], wire.Message] = msgspec.json.Decoder(wire.Message).decode
_outer = msgspec.json.Decoder(wire.Outer).decode
_answer = msgspec.json.Decoder(wire.TradesAnswer).decode

_MET_IN_THE_BOOK: Final = ("fill", "liquidation")


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Kraken Futures frame; see `venues.base.Parse` for what it raises."""
    try:
        message = _message(frame)
    except msgspec.ValidationError:
        outer = _outer(frame)
        if outer.backfill is not None:
            gap = outer.backfill
            return tuple(within(gap, _past_trades(outer.answer, gap, ts_received_ns, instruments)))
        if outer.event in wire.KNOWN_EVENTS or (not outer.event and outer.feed in wire.IGNORED_FEEDS):
            return ()
        raise
    if not is_contract(message.product_id):
        return ()
    return tuple(_MEANINGS[type(message)](message, instruments[message.product_id], ts_received_ns))


def _past_trades(
    answer: msgspec.Raw, gap: Backfill, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """Rows of the answer as the socket would have told them."""
    instrument = instruments[gap.venue_symbol]
    for row in _answer(answer).history:
        if row.type not in _MET_IN_THE_BOOK:
            continue
        if row.side is None:
            raise ValueError(f"trade {row.uid} does not say its side")
        time_ms = parse_instant(row.time) // NS_PER_MS
        trade = wire.Trade(gap.venue_symbol, row.side, row.type, time_ms, row.size, row.price, row.uid)
        yield from _trade(trade, instrument, ts_received_ns)


def _trade(message: wire.Trade, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """Only fills and liquidations met in the book; the other types were agreed or assigned outside it."""
    if message.type not in _MET_IN_THE_BOOK:
        return
    ts_event_ns = message.time * NS_PER_MS
    yield _wire.make_trade(
        instrument, message.side, message.qty, message.price, message.uid, ts_event_ns, ts_received_ns
    )
    if message.type == "liquidation":
        at = (ts_event_ns, ts_received_ns)
        position_side = opposite(message.side)
        yield _wire.fill_liquidation(instrument, position_side, message.qty, message.price, message.uid, at)


def _ticker(message: wire.Ticker, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    of = (instrument.venue, instrument.symbol)
    at = (_event_ns(message.time, ts_received_ns), ts_received_ns)
    if message.markPrice:
        yield MarkPrice(*of, message.markPrice, *at)
    if message.index:
        yield IndexPrice(*of, message.index, *at)
    if message.relative_funding_rate is not None:
        next_funding_ns = _wire.given_ns(message.next_funding_rate_time)
        interval_hours = _funding_interval_hours(at[0], next_funding_ns)
        yield FundingRate(*of, message.relative_funding_rate, interval_hours, next_funding_ns, *at)
    if message.openInterest is not None:
        yield OpenInterest(*of, *_interest(instrument, message.openInterest), *at)


def _funding_interval_hours(ts_event_ns: int, next_funding_ns: int | None) -> float | None:
    """One hour, unless it is not known or the next funding is further away than that."""
    if ts_event_ns < HOURLY_FUNDING_SINCE_NS:
        return None
    return None if next_funding_ns is not None and next_funding_ns - ts_event_ns > NS_PER_HOUR else 1.0


def _interest(instrument: Instrument, open_interest: float) -> tuple[float | None, float | None, float | None]:
    """Base, contracts and US dollars, of which the venue gives one."""
    if instrument.qty_unit == "usd":
        return None, None, open_interest
    return (open_interest, None, None) if instrument.qty_unit == "base" else (None, open_interest, None)


def _book(message: wire.Book, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    level = (BookLevel(message.price, message.qty),)
    yield _wire.book_delta(
        instrument,
        level if message.side == "buy" else (),
        level if message.side == "sell" else (),
        (None, message.seq, None),
        (_event_ns(message.timestamp, ts_received_ns), ts_received_ns),
    )


def _book_snapshot(message: wire.BookSnapshot, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    yield _wire.book_snapshot(
        instrument,
        _wire.bids(message.bids),
        _wire.asks(message.asks),
        message.seq,
        (_event_ns(message.timestamp, ts_received_ns), ts_received_ns),
    )


def _event_ns(millis: int | None, ts_received_ns: int) -> int:
    return ts_received_ns if millis is None else millis * NS_PER_MS


_MEANINGS: Final[dict[type, Any]] = {
    wire.Trade: _trade,
    wire.Ticker: _ticker,
    wire.Book: _book,
    wire.BookSnapshot: _book_snapshot,
}
