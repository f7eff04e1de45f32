"""What OKX messages mean.

A liquidation message holds several instruments and each of them several orders: all count. `side` is the side of the
order; `posSide` says the position where the account is in hedge mode. Liquidations do not arrive in order of time, and
the first message after subscribing repeats the past (`Subscriptions.stale_first`).
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
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS, parse_instant
from powderkeg.domain.units import LONG, SHORT, Coverage, PositionSide, opposite
from powderkeg.venues import _wire
from powderkeg.venues.okx import wire
from powderkeg.venues.rest import within

CAP_UNSTATED_SINCE_NS: Final = parse_instant("2026-07-01")
"""Up to then the docs said "each contract will only show a maximum of one order per one-second period"; the text read
in 2026-07 has lost that sentence and promises nothing in its place. The day it changed is not known. [sources disagree]
"""

_PONG: Final = b"pong"

_envelope = msgspec.json.Decoder(wire.Envelope).decode
_liquidation_rows = msgspec.json.Decoder(list[wire.LiquidationRow], strict=False).decode
_liquidation_answer = msgspec.json.Decoder(wire.LiquidationAnswer, strict=False).decode
_liquidation_details = msgspec.json.Decoder(list[wire.LiquidationDetail], strict=False).decode
_trades = msgspec.json.Decoder(list[wire.TradeRow], strict=False).decode
_mark_prices = msgspec.json.Decoder(list[wire.MarkPriceRow], strict=False).decode
_indices = msgspec.json.Decoder(list[wire.IndexRow], strict=False).decode
_funding_rates = msgspec.json.Decoder(list[wire.FundingRow], strict=False).decode
_interests = msgspec.json.Decoder(list[wire.InterestRow], strict=False).decode
_books = msgspec.json.Decoder(list[wire.BookRow], strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one OKX frame; see `venues.base.Parse` for what it raises."""
    if frame == _PONG:
        return ()
    message = _envelope(frame)
    if message.event or message.table:
        return ()
    if message.backfill is not None:
        return tuple(within(message.backfill, _past_liquidations(message, ts_received_ns, instruments)))
    if message.arg is None or message.data is msgspec.UNSET:
        raise ValueError("neither a reply nor data of a channel")
    channel = message.arg.channel
    meaning = _MEANINGS.get(channel)
    if meaning is not None:
        return tuple(meaning(message, ts_received_ns, instruments))
    if channel in wire.IGNORED_CHANNELS or channel.startswith(wire.IGNORED_PREFIXES):
        return ()
    raise ValueError(f"unknown channel {channel!r}")


def channel_of(frame: bytes) -> str | None:
    """The channel a frame carries data of, for `Subscriptions.stale_first`."""
    try:
        message = _envelope(frame)
    except msgspec.DecodeError:
        return None
    return message.arg.channel if message.arg is not None and message.data is not msgspec.UNSET else None


def coverage_at(ts_event_ns: int) -> Coverage:
    """What the liquidation channel promised at that time."""
    return "latest_per_second" if ts_event_ns < CAP_UNSTATED_SINCE_NS else "unknown"


def _is_contract(name: str) -> bool:
    """Not a spot pair (`BTC-USDT`) and not an option (`BTC-USD-261225-90000-C`)."""
    return name.count("-") not in (1, 4)


def _liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _liquidation_rows(_data(message)):
        if _is_contract(row.instId):
            yield from _details(instruments[row.instId], row.details, ts_received_ns)


def _past_liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """The answer names a family; orders of its other contracts come with the questions about those."""
    asked = message.backfill.venue_symbol if message.backfill else ""
    for row in _liquidation_answer(message.answer).data:
        if row.instId == asked:
            yield from _details(instruments[row.instId], row.details, ts_received_ns)


def _flat_liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """REST answers of 2021 that recordings keep as a channel of their own; the instrument stands in `arg`."""
    name = message.arg.instId if message.arg else ""
    if _is_contract(name):
        yield from _details(instruments[name], _liquidation_details(_data(message)), ts_received_ns)


def _details(instrument: Instrument, details: list[wire.LiquidationDetail], ts_received_ns: int) -> Iterable[Event]:
    for detail in details:
        ts_event_ns = detail.ts * NS_PER_MS
        yield _wire.bankruptcy_liquidation(
            instrument,
            _position_side(detail),
            detail.sz,
            detail.bkPx,
            coverage_at(ts_event_ns),
            (ts_event_ns, ts_received_ns),
        )


def _position_side(detail: wire.LiquidationDetail) -> PositionSide:
    if detail.posSide == "long":
        return LONG
    return SHORT if detail.posSide == "short" else opposite(detail.side)


def _public_trades(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _trades(_data(message)):
        if _is_contract(row.instId):
            yield _wire.make_trade(
                instruments[row.instId],
                _wire.TAKERS[row.side],
                row.sz,
                row.px,
                row.tradeId,
                row.ts * NS_PER_MS,
                ts_received_ns,
            )


def _marks(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _mark_prices(_data(message)):
        if _is_contract(row.instId):
            instrument = instruments[row.instId]
            yield MarkPrice(instrument.venue, instrument.symbol, row.markPx, row.ts * NS_PER_MS, ts_received_ns)


def _index_prices(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """An index is named by its pair; it is filed under the pair's swap. Indices of other pairs are not used."""
    for row in _indices(_data(message)):
        if row.instId.endswith(("-USDT", "-USDC", "-USD")):
            instrument = instruments[f"{row.instId}-SWAP"]
            yield IndexPrice(instrument.venue, instrument.symbol, row.idxPx, row.ts * NS_PER_MS, ts_received_ns)


def _funding(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _funding_rates(_data(message)):
        funding_rate = _wire.given(row.fundingRate)
        if funding_rate is None:
            continue
        instrument = instruments[row.instId]
        at_ns, after_ns = _wire.given_ns(row.fundingTime), _wire.given_ns(row.nextFundingTime)
        yield FundingRate(
            venue=instrument.venue,
            symbol=instrument.symbol,
            funding_rate=funding_rate,
            funding_interval_hours=(after_ns - at_ns) / NS_PER_HOUR if at_ns and after_ns else None,
            next_funding_ns=at_ns,
            ts_event_ns=_wire.first_given(row.ts, ts_received_ns),
            ts_received_ns=ts_received_ns,
        )


def _open_interest(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _interests(_data(message)):
        if _is_contract(row.instId):
            instrument = instruments[row.instId]
            yield OpenInterest(
                venue=instrument.venue,
                symbol=instrument.symbol,
                open_interest_base=_wire.given(row.oiCcy),
                open_interest_contracts=_wire.given(row.oi),
                open_interest_usd=_wire.given(row.oiUsd),
                ts_event_ns=row.ts * NS_PER_MS,
                ts_received_ns=ts_received_ns,
            )


def _book(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """`books5` and `bbo-tbt` send snapshots without an `action`; the others start with one and go on in deltas."""
    if message.action not in ("", "snapshot", "update"):
        raise ValueError(f"an order book message with action {message.action!r}")
    name = message.arg.instId if message.arg else ""
    for row in _books(_data(message)):
        if not _is_contract(name):
            continue
        instrument = instruments[name]
        if message.action == "update":
            yield _wire.book_delta(
                instrument,
                _wire.bids(row.bids),
                _wire.asks(row.asks),
                (None, row.seqId, row.prevSeqId),
                (row.ts * NS_PER_MS, ts_received_ns),
            )
        else:
            yield _wire.book_snapshot(
                instrument, _wire.bids(row.bids), _wire.asks(row.asks), row.seqId, (row.ts * NS_PER_MS, ts_received_ns)
            )


def _data(message: wire.Envelope) -> msgspec.Raw:
    assert not isinstance(message.data, msgspec.UnsetType)  # `parse` has looked
    return message.data


_Meaning = Callable[[wire.Envelope, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "liquidation-orders": _liquidations,
    "liquidations": _flat_liquidations,
    "trades": _public_trades,
    "trades-all": _public_trades,
    "mark-price": _marks,
    "index-tickers": _index_prices,
    "funding-rate": _funding,
    "open-interest": _open_interest,
    "books": _book,
    "books5": _book,
    "bbo-tbt": _book,
    "books-l2-tbt": _book,
    "books50-l2-tbt": _book,
}
