"""What HTX messages mean.

Liquidations name the side of the order, so a sell closed a long, and give the bankruptcy price. They count contracts;
the base quantity and the turnover stand beside them on linear contracts and win over our own arithmetic.
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
    Trade,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_MS, ms_to_ns
from powderkeg.domain.units import LONG, SHORT, USD_LIKE, Coverage, PositionSide, opposite
from powderkeg.venues import _wire
from powderkeg.venues.guard import GZIP_MAGIC, decompressed
from powderkeg.venues.htx import wire
from powderkeg.venues.htx.contracts import SLUG, names_no_contract
from powderkeg.venues.rest import within

COVERAGE: Final[Coverage] = "unknown"
"""The docs do not say whether orders are left out (read 2026-11), so sums are floors."""

SIDES_COUNTED: Final = 2
"""Trades state the "sum of both buy and sell sides". Source: HTX API docs, "Subscribe Trade Detail Data", read
2026-11; every captured amount is even. Open interest claims the same but is odd in captures, so it is not halved."""

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_liquidations = msgspec.json.Decoder(list[wire.LiquidationRow], strict=False).decode
_past_liquidations = msgspec.json.Decoder(wire.LiquidationAnswer, strict=False).decode
_funding = msgspec.json.Decoder(list[wire.FundingRow], strict=False).decode
_interest = msgspec.json.Decoder(list[wire.InterestRow], strict=False).decode
_trades = msgspec.json.Decoder(wire.Trades, strict=False).decode
_book = msgspec.json.Decoder(wire.Book, strict=False).decode
_basis = msgspec.json.Decoder(wire.Basis, strict=False).decode
_price_kline = msgspec.json.Decoder(wire.PriceKline, strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one HTX frame, compressed or not; see `venues.base.Parse` for what it raises."""
    text = decompressed(SLUG, frame) if frame.startswith(GZIP_MAGIC) else frame
    message = _envelope(text)
    if message.ch:
        return _market(message, ts_received_ns, instruments)
    if message.op == "notify":
        return _notification(message, ts_received_ns, instruments)
    if message.backfill is not None:
        past = _past_orders(message.answer, ts_received_ns, instruments)
        return tuple(within(message.backfill, past))
    said = (message.ping, message.pong, message.subbed, message.unsubbed, message.rep, message.status)
    if message.op in wire.CONVERSATION or any(each is not None for each in said):
        return ()
    raise ValueError("a message with neither a channel, a notification nor a known operation")


def _notification(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    kind = message.topic.rpartition(".")[2]
    meaning = _NOTIFICATIONS.get(kind)
    if meaning is None and kind not in wire.IGNORED_TOPICS:
        raise ValueError(f"unknown topic {message.topic!r}")
    return () if meaning is None else tuple(meaning(message, ts_received_ns, instruments))


def _market(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Market data of `market.<code>.<kind>...`; what names no contract of its own is passed over."""
    prefix, _, rest = message.ch.partition(".")
    code, _, kind = rest.partition(".")
    kind = kind.partition(".")[0]
    meaning = _MARKET.get(kind)
    if prefix != "market" or (meaning is None and kind not in wire.IGNORED_MARKET_CHANNELS):
        raise ValueError(f"unknown channel {message.ch!r}")
    if meaning is None or names_no_contract(code):
        return ()
    return tuple(meaning(message, instruments[code], ts_received_ns))


def _forced_orders(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _liquidations(message.data):
        yield _liquidation(row, opposite(row.direction), instruments[row.contract_code], ts_received_ns)


def _past_orders(answer: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """Rows of the answer as the socket would have told them; in hedge mode the position's side is stated."""
    for past in _past_liquidations(answer).data:
        row = wire.LiquidationRow(
            contract_code=past.contract_code,
            direction=past.side,
            offset="close",
            volume=past.volume,
            price=past.bankrupt_price,
            created_at=past.liquidation_time,
            amount=past.amount,
            trade_turnover=past.trade_turnover,
        )
        stated: dict[str, PositionSide] = {"long": LONG, "short": SHORT}
        position_side = stated.get(past.position_side, opposite(past.side))
        yield _liquidation(row, position_side, instruments[row.contract_code], ts_received_ns)


def _liquidation(
    row: wire.LiquidationRow, position_side: PositionSide, instrument: Instrument, ts_received_ns: int
) -> Liquidation:
    qty_base, notional_usd = instrument.sized(row.volume, row.price)
    turnover = _wire.given(row.trade_turnover)
    return Liquidation(
        venue=instrument.venue,
        symbol=instrument.symbol,
        position_side=position_side,
        qty=row.volume,
        qty_unit=instrument.qty_unit,
        qty_base=_wire.given(row.amount) or qty_base,
        notional_usd=turnover if turnover and instrument.quote in USD_LIKE else notional_usd,
        price=row.price,
        price_kind="bankruptcy",
        order_price=None,
        fill_price=None,
        bankruptcy_price=row.price,
        coverage=COVERAGE,
        event_id=None,
        ts_event_ns=row.created_at * NS_PER_MS,
        ts_received_ns=ts_received_ns,
        ts_is_received=False,
    )


def _funding_rates(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """A rate with its instant: fixed but not paid while that lies ahead, settled afterwards."""
    ts_event_ns = _time_of(message)
    for row in _funding(message.data):
        instrument = instruments[row.contract_code]
        funding_rate = _wire.given(row.funding_rate)
        if funding_rate is None:
            continue
        instants = [_wire.given_ns(row.settlement_time), _wire.given_ns(row.funding_time)]
        ahead = [instant_ns for instant_ns in instants if instant_ns and instant_ns > ts_event_ns]
        next_funding_ns = min(ahead, default=None)
        yield FundingRate(
            instrument.venue, instrument.symbol, funding_rate, None, next_funding_ns, ts_event_ns, ts_received_ns
        )


def _public_trades(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    for row in _trades(message.tick).data:
        if not row.direction:  # who took is not said, and a guess would tilt every volume delta
            continue
        qty_base, notional_usd = instrument.sized(row.amount / SIDES_COUNTED, row.price)
        if quantity := _wire.given(row.quantity):
            qty_base, notional_usd = instrument.sized_as("base", quantity / SIDES_COUNTED, row.price)
        yield Trade(
            venue=instrument.venue,
            symbol=instrument.symbol,
            price=row.price,
            qty_base=qty_base,
            notional_usd=notional_usd,
            taker_side=row.direction,
            trade_id=str(row.id),
            ts_event_ns=row.ts * NS_PER_MS,
            ts_received_ns=ts_received_ns,
        )


def _order_book(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """The incremental channel marks changes; every other depth message is the whole book."""
    book = _book(message.tick)
    if book.event == "update":
        yield _wire.book_delta(
            instrument,
            _wire.bids(book.bids),
            _wire.asks(book.asks),
            (None, book.version, None),
            (book.ts * NS_PER_MS, ts_received_ns),
        )
        return
    yield _wire.book_snapshot(
        instrument, _wire.bids(book.bids), _wire.asks(book.asks), book.version, (book.ts * NS_PER_MS, ts_received_ns)
    )


def _open_interest(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """The polled REST answer as recorders journal it under `market.<code>.open_interest`."""
    ts_event_ns = _time_of(message)
    for row in _interest(message.data):
        if row.contract_code != instrument.venue_symbol:
            raise ValueError(f"open interest of {row.contract_code!r} on {message.ch!r}")
        is_inverse = instrument.contract == "inverse"
        size = instrument.contract_size
        yield OpenInterest(
            venue=instrument.venue,
            symbol=instrument.symbol,
            open_interest_base=_wire.given(row.amount),
            open_interest_contracts=row.volume,
            open_interest_usd=row.volume * size if is_inverse and size else _wire.given(row.value),
            ts_event_ns=ts_event_ns,
            ts_received_ns=ts_received_ns,
        )


def _basis_index(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """Only the index: `contract_price` beside it is the last trade, not the mark price."""
    index_price = _basis(message.tick).index_price
    yield IndexPrice(instrument.venue, instrument.symbol, index_price, _time_of(message), ts_received_ns)


def _index_kline(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    index_price = _price_kline(message.tick).close
    yield IndexPrice(instrument.venue, instrument.symbol, index_price, _time_of(message), ts_received_ns)


def _mark_kline(message: wire.Envelope, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    mark_price = _price_kline(message.tick).close
    yield MarkPrice(instrument.venue, instrument.symbol, mark_price, _time_of(message), ts_received_ns)


def _time_of(message: wire.Envelope) -> int:
    if message.ts is None:
        raise ValueError(f"a message of {message.ch or message.topic!r} without a time")
    return ms_to_ns(message.ts)


_Notification = Callable[[wire.Envelope, int, VenueInstruments], Iterable[Event]]
_NOTIFICATIONS: Final[dict[str, _Notification]] = {
    "liquidation_orders": _forced_orders,
    "funding_rate": _funding_rates,
}
_MarketMeaning = Callable[[wire.Envelope, Instrument, int], Iterable[Event]]
_MARKET: Final[dict[str, _MarketMeaning]] = {
    "trade": _public_trades,
    "depth": _order_book,
    "open_interest": _open_interest,
    "basis": _basis_index,
    "index": _index_kline,
    "mark_price": _mark_kline,
}
