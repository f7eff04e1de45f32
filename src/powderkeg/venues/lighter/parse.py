"""What Lighter messages mean.

Forced trades stand in a list of their own; their taker is the account that was closed, and its position before the
trade confirms the side. The answer to a subscription repeats trades, which count nothing, and the last liquidations,
which carry the same id as before, so whoever stores them can tell copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS
from powderkeg.domain.units import BUY, LONG, SELL, SHORT
from powderkeg.venues import _wire
from powderkeg.venues.lighter import wire
from powderkeg.venues.lighter.contracts import is_spot

FUNDING_INTERVAL_HOURS: Final = 1.0
PERCENT: Final = 100.0
"""Funding is paid each hour, and `market_stats` states it in percent. Source: Lighter API docs, "WebSocket reference",
read 2026-11; the unit is told by magnitude, see QUIRKS.md."""

_FORCED: Final = frozenset({"liquidation", "deleverage"})
_OUTSIDE_THE_BOOK: Final = frozenset({"deleverage", "market-settlement"})

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_book = msgspec.json.Decoder(wire.Book, strict=False).decode
_stats = msgspec.json.Decoder(wire.Stats, strict=False).decode
_all_stats = msgspec.json.Decoder(dict[str, wire.Stats], strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Lighter frame; see `venues.base.Parse` for what it raises."""
    message = _envelope(frame)
    meaning = _MEANINGS.get(message.type)
    if meaning is not None:
        return tuple(meaning(message, ts_received_ns, instruments))
    is_error = not message.type and message.error is not msgspec.UNSET
    channel = message.type.partition("/")[2]
    if is_error or message.type in wire.CONVERSATION or channel in wire.IGNORED_CHANNELS:
        return ()
    raise ValueError(f"unknown message of type {message.type!r}")


def _new_trades(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row, instrument in _rows(message, instruments):
        if row.type not in _OUTSIDE_THE_BOOK:
            yield _wire.make_trade(
                instrument,
                BUY if row.is_maker_ask else SELL,
                row.size,
                row.price,
                _id_of(row),
                row.timestamp * NS_PER_MS,
                ts_received_ns,
            )
        if row.type in _FORCED:
            yield _liquidation(row, instrument, ts_received_ns)


def _past_trades(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """The answer to a subscription: trades of the past count nothing, forced ones are told again under their id."""
    for row, instrument in _rows(message, instruments):
        if row.type in _FORCED:
            yield _liquidation(row, instrument, ts_received_ns)


def _rows(message: wire.Envelope, instruments: VenueInstruments) -> Iterable[tuple[wire.TradeRow, Instrument]]:
    """Trades and forced trades of perpetuals; one told in both lists is one trade."""
    if message.trades is msgspec.UNSET and message.liquidation_trades is msgspec.UNSET:
        raise ValueError("a message of the trade channel without a list of trades")
    by_id = {row.trade_id: row for row in (*(message.trades or ()), *(message.liquidation_trades or ()))}
    for row in by_id.values():
        if not is_spot(row.market_id):
            yield row, instruments[str(row.market_id)]
        elif row.type in _FORCED:
            raise ValueError(f"forced trade {row.trade_id} on market {row.market_id}, which should be spot")


def _id_of(row: wire.TradeRow) -> str:
    return row.trade_id_str or str(row.trade_id)


def _liquidation(row: wire.TradeRow, instrument: Instrument, ts_received_ns: int) -> Liquidation:
    taker_position = _wire.given(row.taker_position_size_before)
    if taker_position and (taker_position > 0) == row.is_maker_ask:
        raise ValueError(f"forced trade {row.trade_id} adds to the position of {taker_position} it should close")
    return _wire.fill_liquidation(
        instrument,
        SHORT if row.is_maker_ask else LONG,
        row.size,
        row.price,
        _id_of(row),
        (row.timestamp * NS_PER_MS, ts_received_ns),
        is_deleveraged=row.type == "deleverage",
    )


def _whole_book(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for book, instrument in _perpetual_book(message, instruments):
        yield _wire.book_snapshot(
            instrument,
            _wire.bids(book.bids),
            _wire.asks(book.asks),
            book.nonce,
            (_wire.first_given(message.timestamp, ts_received_ns), ts_received_ns),
        )


def _book_changes(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for book, instrument in _perpetual_book(message, instruments):
        yield _wire.book_delta(
            instrument,
            _wire.bids(book.bids),
            _wire.asks(book.asks),
            (None, book.nonce, book.begin_nonce),
            (_wire.first_given(message.timestamp, ts_received_ns), ts_received_ns),
        )


def _perpetual_book(message: wire.Envelope, instruments: VenueInstruments) -> Iterable[tuple[wire.Book, Instrument]]:
    """The book of a message of `order_book:<market number>`, nothing for a spot market."""
    market_id = message.channel.partition(":")[2]
    if not (market_id.isdecimal() and is_spot(int(market_id))):
        yield _book(message.order_book), instruments[market_id]


def _market_stats(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """One market, or with the channel `market_stats:all` every market by its number."""
    is_all = message.channel.endswith(":all")
    rows = _all_stats(message.market_stats).values() if is_all else (_stats(message.market_stats),)
    ts_event_ns = _wire.first_given(message.timestamp, ts_received_ns)
    for row in rows:
        if not is_spot(row.market_id):
            yield from _market_state(row, instruments[str(row.market_id)], ts_event_ns, ts_received_ns)


def _market_state(row: wire.Stats, instrument: Instrument, ts_event_ns: int, ts_received_ns: int) -> Iterable[Event]:
    of = (instrument.venue, instrument.symbol)
    at = (ts_event_ns, ts_received_ns)
    if mark_price := _wire.given(row.mark_price):
        yield MarkPrice(*of, mark_price, *at)
    if index_price := _wire.given(row.index_price):
        yield IndexPrice(*of, index_price, *at)
    percent = _wire.given(row.current_funding_rate)
    if percent is not None:
        next_funding_ns = ts_event_ns - ts_event_ns % NS_PER_HOUR + NS_PER_HOUR
        yield FundingRate(*of, percent / PERCENT, FUNDING_INTERVAL_HOURS, next_funding_ns, *at)
    open_interest_usd = _wire.given(row.open_interest)
    if open_interest_usd is not None:
        yield OpenInterest(*of, None, None, open_interest_usd, *at)


_Meaning = Callable[[wire.Envelope, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "subscribed/trade": _past_trades,
    "update/trade": _new_trades,
    "subscribed/order_book": _whole_book,
    "update/order_book": _book_changes,
    "subscribed/market_stats": _market_stats,
    "update/market_stats": _market_stats,
}
