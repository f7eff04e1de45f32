"""What dYdX v4 messages mean.

A liquidation is a public trade of type LIQUIDATED whose taker is the account that was closed, so a SELL closed a long.
Both the trade and the liquidation are given. `subscribed` repeats past trades and counts nothing. The oracle price is
both the index and the price the margin engine uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS, ms_to_ns, parse_instant
from powderkeg.domain.units import BUY, LONG, SELL, SHORT
from powderkeg.venues import _wire
from powderkeg.venues.dydx import wire
from powderkeg.venues.rest import within

FUNDING_INTERVAL_HOURS: Final = 1.0
"""Funding is paid each full hour. Source: dYdX docs, "Funding", read 2026-11."""

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_trades = msgspec.json.Decoder(wire.Trades, strict=False).decode
_book = msgspec.json.Decoder(wire.Book, strict=False).decode
_book_change = msgspec.json.Decoder(wire.BookChange, strict=False).decode
_markets = msgspec.json.Decoder(wire.Markets, strict=False).decode
_batch = msgspec.json.Decoder(list[msgspec.Raw]).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one dYdX frame; see `venues.base.Parse` for what it raises."""
    message = _envelope(frame)
    if message.backfill is not None:
        gap = message.backfill
        return tuple(within(gap, _new_trades(message.answer, gap.venue_symbol, ts_received_ns, instruments)))
    if message.type is None:
        raise ValueError("a message without a type")
    if message.type in ("connected", "unsubscribed", "pong", "error") or message.channel in wire.IGNORED_CHANNELS:
        return ()
    meaning = _MEANINGS.get((message.channel, message.type == "subscribed"))
    if meaning is None:
        raise ValueError(f"unknown channel {message.channel!r} in a message of type {message.type!r}")
    contents = _batch(message.contents) if message.type == "channel_batch_data" else [message.contents]
    return tuple(event for each in contents for event in meaning(each, message.id, ts_received_ns, instruments))


def _new_trades(
    contents: msgspec.Raw, market: str, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    instrument = instruments[market]
    for row in _trades(contents).trades:
        if row.type is None and row.liquidation is None:
            raise ValueError(f"trade {row.id} does not say whether it is a liquidation")
        ts_event_ns = _instant_ns(row.createdAt)
        if row.type != "DELEVERAGED":  # matched by the protocol, outside the book: there is no taker
            yield _wire.make_trade(
                instrument,
                BUY if row.side == "BUY" else SELL,
                row.size,
                row.price,
                row.id,
                ts_event_ns,
                ts_received_ns,
            )
        if row.type in ("LIQUIDATED", "DELEVERAGED") or row.liquidation:
            yield _wire.fill_liquidation(
                instrument,
                LONG if row.side == "SELL" else SHORT,
                row.size,
                row.price,
                row.id,
                (ts_event_ns, ts_received_ns),
                is_deleveraged=row.type == "DELEVERAGED",
            )


def _past_trades(*_: object) -> Iterable[Event]:
    """The history that answers a subscription: it was counted when it happened, or belongs to a gap."""
    return ()


def _whole_book(
    contents: msgspec.Raw, market: str, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    book = _book(contents)
    instrument = instruments[market]
    yield _wire.book_snapshot(
        instrument, _wire.bids(book.bids), _wire.asks(book.asks), None, (ts_received_ns, ts_received_ns)
    )


def _book_changes(
    contents: msgspec.Raw, market: str, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """Changed levels. The message number counts all channels of a connection, so it is no id of the book."""
    change = _book_change(contents)
    instrument = instruments[market]
    yield _wire.book_delta(
        instrument,
        _wire.bids(change.bids),
        _wire.asks(change.asks),
        (None, None, None),
        (ts_received_ns, ts_received_ns),
    )


def _market_data(
    contents: msgspec.Raw, _market: str, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    message = _markets(contents)
    if message.markets is message.trading is message.oraclePrices is None:
        raise ValueError("a message of v4_markets with none of markets, trading and oraclePrices")
    for name, market in {**(message.markets or {}), **(message.trading or {})}.items():
        yield from _market_state(market, instruments[name], ts_received_ns)
    for name, oracle in (message.oraclePrices or {}).items():
        oracle_price = oracle.oraclePrice or oracle.price
        if oracle_price is None:
            raise ValueError(f"no oracle price for {name}")
        yield from _oracle_prices(instruments[name], oracle_price, _instant_ns(oracle.effectiveAt), ts_received_ns)


def _market_state(market: wire.Market, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """What the message holds of one market; it names no time, so that of its receipt stands in."""
    at = (ts_received_ns, ts_received_ns)
    if oracle_price := _wire.given(market.oraclePrice):
        yield from _oracle_prices(instrument, oracle_price, *at)
    funding_rate = _wire.given(market.nextFundingRate)
    if funding_rate is not None:
        next_funding_ns = ts_received_ns - ts_received_ns % NS_PER_HOUR + NS_PER_HOUR
        yield FundingRate(
            instrument.venue, instrument.symbol, funding_rate, FUNDING_INTERVAL_HOURS, next_funding_ns, *at
        )
    open_interest = _wire.given(market.openInterest)
    if open_interest is not None:
        yield OpenInterest(instrument.venue, instrument.symbol, open_interest, None, None, *at)


def _oracle_prices(
    instrument: Instrument, oracle_price: float, ts_event_ns: int, ts_received_ns: int
) -> Iterable[Event]:
    yield MarkPrice(instrument.venue, instrument.symbol, oracle_price, ts_event_ns, ts_received_ns)
    yield IndexPrice(instrument.venue, instrument.symbol, oracle_price, ts_event_ns, ts_received_ns)


def _instant_ns(text: str) -> int:
    """An ISO instant in nanoseconds.

    Raises:
        InputError: no instant, or outside 2011 to 2100.
    """
    instant_ns = parse_instant(text)
    ms_to_ns(instant_ns // NS_PER_MS)
    return instant_ns


_Meaning = Callable[[msgspec.Raw, str, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[tuple[str, bool], _Meaning]] = {
    # (channel, answers a subscription)
    ("v4_trades", True): _past_trades,
    ("v4_trades", False): _new_trades,
    ("v4_orderbook", True): _whole_book,
    ("v4_orderbook", False): _book_changes,
    ("v4_markets", True): _market_data,
    ("v4_markets", False): _market_data,
}
