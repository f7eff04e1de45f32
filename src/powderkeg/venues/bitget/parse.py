"""What Bitget messages mean.

Liquidations name the side of the *position* and count quote units, unlike anything else the venue sends. Trades that
come with `action: snapshot` repeat the past and are left out.
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
from powderkeg.domain.time import NS_PER_MS
from powderkeg.domain.units import USD_LIKE
from powderkeg.venues import _wire
from powderkeg.venues.bitget import wire

_PONG: Final = b"pong"
_REPLAY: Final = "snapshot"

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_liquidation_rows = msgspec.json.Decoder(list[wire.LiquidationRow], strict=False).decode
_trades = msgspec.json.Decoder(list[wire.TradeRow], strict=False).decode
_classic_trades = msgspec.json.Decoder(list[wire.ClassicTradeRow], strict=False).decode
_tickers = msgspec.json.Decoder(list[wire.TickerRow], strict=False).decode
_books = msgspec.json.Decoder(list[wire.BookRow], strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Bitget frame; see `venues.base.Parse` for what it raises."""
    if frame == _PONG:
        return ()
    message = _envelope(frame)
    if message.event:
        return ()
    if message.arg is None or isinstance(message.data, msgspec.UnsetType):
        raise ValueError("neither a reply nor data of a topic")
    topic = message.arg.topic or message.arg.channel
    meaning = _MEANINGS.get(topic)
    if message.arg.instType.lower() in wire.RETIRED_TYPES or topic in wire.IGNORED_TOPICS:
        return ()
    if meaning is not None:
        if message.action not in ("snapshot", "update"):
            raise ValueError(f"action {message.action!r} is neither snapshot nor update")
        return tuple(meaning(message, message.data, ts_received_ns, instruments))
    if topic.startswith(wire.IGNORED_PREFIXES):
        return ()
    raise ValueError(f"unknown topic {topic!r}")


def _liquidations(
    message: wire.Envelope, data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """Rows may be 20 s older than their message: the row's own time counts."""
    rows = _liquidation_rows(data)
    for row in rows if message.action != _REPLAY else ():
        instrument = instruments[row.symbol]
        qty_base, notional_usd = instrument.sized_as("quote", row.amount, row.price)
        yield Liquidation(
            venue=instrument.venue,
            symbol=instrument.symbol,
            position_side=_wire.POSITIONS[row.side],
            qty=row.amount,
            qty_unit="quote",
            qty_base=qty_base,
            notional_usd=notional_usd,
            price=row.price,
            price_kind="order",
            order_price=row.price,
            fill_price=None,
            bankruptcy_price=None,
            coverage="largest_per_second",
            event_id=None,
            ts_event_ns=row.ts * NS_PER_MS,
            ts_received_ns=ts_received_ns,
            ts_is_received=False,
        )


def _public_trades(
    message: wire.Envelope, data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    rows = _trades(data)
    for row in rows if message.action != _REPLAY else ():
        taker_side, ts_event_ns = _wire.TAKERS[row.S], row.T * NS_PER_MS
        yield _wire.make_trade(
            _named(message, instruments), taker_side, row.v, row.p, row.i, ts_event_ns, ts_received_ns
        )


def _classic_public_trades(
    message: wire.Envelope, data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    rows = _classic_trades(data)
    for row in rows if message.action != _REPLAY else ():
        yield _wire.make_trade(
            _named(message, instruments),
            _wire.TAKERS[row.side],
            row.size,
            row.price,
            row.tradeId,
            row.ts * NS_PER_MS,
            ts_received_ns,
        )


def _ticker(
    message: wire.Envelope, data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """Every ticker is a whole one, whatever its `action` says."""
    instrument = _named(message, instruments)
    of = (instrument.venue, instrument.symbol)
    for row in _tickers(data):
        at = (_wire.first_given(row.ts or message.ts, ts_received_ns), ts_received_ns)
        mark_price = _wire.given(row.markPrice)
        if mark_price:
            yield MarkPrice(*of, mark_price, *at)
        if index_price := _wire.given(row.indexPrice):
            yield IndexPrice(*of, index_price, *at)
        funding_rate = _wire.given(row.fundingRate)
        if funding_rate is not None:
            yield FundingRate(*of, funding_rate, None, _wire.given_ns(row.nextFundingTime), *at)
        open_interest = _wire.given(row.openInterest if row.openInterest is not None else row.holdingAmount)
        if open_interest is not None:
            worth = open_interest * mark_price if mark_price and instrument.quote in USD_LIKE else None
            yield OpenInterest(*of, open_interest, None, worth, *at)


def _book(
    message: wire.Envelope, data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    instrument = _named(message, instruments)
    for row in _books(data):
        bids, asks = (row.b, row.a) if row.b is not None else (row.bids, row.asks)
        if bids is None or asks is None:
            raise ValueError("an order book without bids or without asks")
        if message.action == "snapshot":
            yield _wire.book_snapshot(
                instrument, _wire.bids(bids), _wire.asks(asks), row.seq, (row.ts * NS_PER_MS, ts_received_ns)
            )
        else:
            yield _wire.book_delta(
                instrument,
                _wire.bids(bids),
                _wire.asks(asks),
                (None, row.seq, row.pseq),
                (row.ts * NS_PER_MS, ts_received_ns),
            )


def _named(message: wire.Envelope, instruments: VenueInstruments) -> Instrument:
    """The contract a message is about, which stands in its `arg` only."""
    assert message.arg is not None  # `parse` has looked
    return instruments[message.arg.symbol or message.arg.instId]


_Meaning = Callable[[wire.Envelope, msgspec.Raw, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "liquidation": _liquidations,
    "publicTrade": _public_trades,
    "trade": _classic_public_trades,
    "ticker": _ticker,
    "books": _book,
    "books1": _book,
    "books5": _book,
    "books15": _book,
    "books50": _book,
}
