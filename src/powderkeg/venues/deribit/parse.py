"""What Deribit messages mean.

A public trade tells whether it was forced, and on whose side: `direction` is the taker's, so with "T" the taker's
position was closed, with "M" the maker's, which is the opposite one, and with "MT" both, which is two liquidations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from powderkeg.domain.events import (
    BookLevel,
    BookSnapshot,
    Event,
    FundingRate,
    IndexPrice,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import VenueInstruments
from powderkeg.domain.time import NS_PER_MS
from powderkeg.domain.units import BUY, SELL, USD_LIKE, TakerSide, opposite
from powderkeg.venues import _wire
from powderkeg.venues.deribit import wire
from powderkeg.venues.deribit.contracts import is_contract
from powderkeg.venues.rest import within

FUNDING_INTERVAL_HOURS: Final = 8.0
"""Rates are stated per 8 hours and paid continuously. Source: Deribit, "Inverse perpetual", read 2026-11."""

_METHODS: Final = frozenset({"heartbeat", "test_request"})
_DEPTH_CHANNEL_PARTS: Final = 5  # book, instrument, group, depth, interval

_envelope = msgspec.json.Decoder(wire.Envelope).decode
_trade_rows = msgspec.json.Decoder(list[wire.TradeRow]).decode
_answer = msgspec.json.Decoder(wire.TradesAnswer).decode
_ticker_data = msgspec.json.Decoder(wire.Ticker).decode
_changes = msgspec.json.Decoder(wire.Changes).decode
_depth = msgspec.json.Decoder(wire.Depth).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Deribit frame; see `venues.base.Parse` for what it raises."""
    message = _envelope(frame)
    if message.method == "subscription" and message.params is not None:
        channel = message.params.channel
        kind = channel.partition(".")[0]
        meaning = _MEANINGS.get(kind)
        if meaning is not None:
            return tuple(meaning(message.params, ts_received_ns, instruments))
        if kind in wire.IGNORED_CHANNELS:
            return ()
        raise ValueError(f"unknown channel {channel!r}")
    if message.backfill is not None:
        past = _trade_events(_answer(message.answer).result.trades, ts_received_ns, instruments)
        return tuple(within(message.backfill, past))
    if message.method in _METHODS or (not message.method and (message.result or message.error)):
        return ()
    raise ValueError("neither a notification nor a reply")


def _trades(params: wire.Params, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    return _trade_events(_trade_rows(params.data), ts_received_ns, instruments)


def _trade_events(rows: Iterable[wire.TradeRow], ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in rows:
        name = row.instrument_name
        if name not in instruments and not is_contract(name):
            continue  # a combination: its legs are trades of their own
        instrument = instruments[name]
        if row.price <= 0:
            raise ValueError(f"a trade of {name} at price {row.price}")
        ts_event_ns = row.timestamp * NS_PER_MS
        if row.block_trade_id is None:
            yield _wire.make_trade(
                instrument, row.direction, row.amount, row.price, row.trade_id, ts_event_ns, ts_received_ns
            )
        if row.liquidation is not None:
            for order_side, event_id in _forced_orders(row):
                position_side, at = opposite(order_side), (ts_event_ns, ts_received_ns)
                yield _wire.fill_liquidation(instrument, position_side, row.amount, row.price, event_id, at)


def _forced_orders(row: wire.TradeRow) -> Iterable[tuple[TakerSide, str]]:
    """Side and id of each order of the trade that was forced; of two, the maker's id is marked to stay unique."""
    maker_side = BUY if row.direction == SELL else SELL
    if row.liquidation == "T":
        return ((row.direction, row.trade_id),)
    if row.liquidation == "M":
        return ((maker_side, row.trade_id),)
    return (row.direction, row.trade_id), (maker_side, f"{row.trade_id}-M")


def _ticker(params: wire.Params, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """Marks of options in their coin are left out: a mark price is promised in dollars by the symbol's name."""
    if _is_unused(params.channel, instruments):
        return
    ticker = _ticker_data(params.data)
    instrument = instruments[ticker.instrument_name]
    of = (instrument.venue, instrument.symbol)
    at = (ticker.timestamp * NS_PER_MS, ts_received_ns)
    if ticker.mark_price and instrument.quote in USD_LIKE:
        yield MarkPrice(*of, ticker.mark_price, *at)
    if ticker.index_price:
        yield IndexPrice(*of, ticker.index_price, *at)
    if ticker.current_funding is not None:
        yield FundingRate(*of, ticker.current_funding, FUNDING_INTERVAL_HOURS, None, *at)
    if ticker.open_interest is not None:
        in_base = instrument.qty_unit == "base"
        yield OpenInterest(
            *of,
            open_interest_base=ticker.open_interest if in_base else None,
            open_interest_contracts=None,
            open_interest_usd=None if in_base else ticker.open_interest,
            ts_event_ns=at[0],
            ts_received_ns=ts_received_ns,
        )


def _is_unused(channel: str, instruments: VenueInstruments) -> bool:
    """The channel is of a combination or a spot pair, whose prices may be negative."""
    name = channel.split(".", 2)[1]
    return name not in instruments and not is_contract(name)


def _book(params: wire.Params, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    if _is_unused(params.channel, instruments):
        return
    if params.channel.count(".") + 1 == _DEPTH_CHANNEL_PARTS:
        depth = _depth(params.data)
        yield _snapshot(depth, _wire.bids(depth.bids), _wire.asks(depth.asks), ts_received_ns, instruments)
        return
    changes = _changes(params.data)
    bids, asks = _levels(changes.bids, descending=True), _levels(changes.asks, descending=False)
    if changes.type == "snapshot" or (changes.type is None and changes.prev_change_id is None):
        yield _snapshot(changes, bids, asks, ts_received_ns, instruments)
        return
    instrument = instruments[changes.instrument_name]
    yield _wire.book_delta(
        instrument,
        bids,
        asks,
        (None, changes.change_id, changes.prev_change_id),
        (changes.timestamp * NS_PER_MS, ts_received_ns),
    )


def _snapshot(
    book: wire.Depth | wire.Changes,
    bids: tuple[BookLevel, ...],
    asks: tuple[BookLevel, ...],
    ts_received_ns: int,
    instruments: VenueInstruments,
) -> BookSnapshot:
    instrument = instruments[book.instrument_name]
    return _wire.book_snapshot(instrument, bids, asks, book.change_id, (book.timestamp * NS_PER_MS, ts_received_ns))


def _levels(rows: Sequence[wire.Change], *, descending: bool) -> tuple[BookLevel, ...]:
    ordered = sorted(rows, key=lambda row: row.price, reverse=descending)
    return tuple([BookLevel(row.price, 0.0 if row.action == "delete" else row.qty) for row in ordered])


_Meaning = Callable[[wire.Params, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "trades": _trades,
    "ticker": _ticker,
    "incremental_ticker": _ticker,
    "book": _book,
}
