"""What Bybit messages mean.

Bybit names the *position* that was closed ("Buy": a long was liquidated), the opposite of Binance, and gives the
bankruptcy price. Tickers come as deltas in which an absent field has not changed, so a delta says only what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from powderkeg.domain.events import Event, FundingRate, IndexPrice, MarkPrice, OpenInterest
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_MS, ms_to_ns, parse_instant
from powderkeg.domain.units import USD_LIKE, Coverage
from powderkeg.venues import _wire
from powderkeg.venues.bybit import wire

THROTTLED_SINCE_NS: Final = parse_instant("2021-09-01")
"""From this month on the topic `liquidation` pushed at most one a second. Source: K33 Research on liquidation data,
which gives the month; Bybit v5 change log of 2025-02 confirms the limit when it replaces the topic."""

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_liquidations = msgspec.json.Decoder(list[wire.LiquidationRow], strict=False).decode
_LegacyRows = wire.LegacyLiquidationRow | list[wire.LegacyLiquidationRow]
_legacy_liquidations: Callable[[msgspec.Raw], _LegacyRows] = msgspec.json.Decoder(_LegacyRows, strict=False).decode
_trades = msgspec.json.Decoder(list[wire.TradeRow], strict=False).decode
_legacy_trades = msgspec.json.Decoder(list[wire.LegacyTradeRow], strict=False).decode
_ticker = msgspec.json.Decoder(wire.Ticker, strict=False).decode
_book = msgspec.json.Decoder(wire.Book, strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Bybit frame; see `venues.base.Parse` for what it raises."""
    message = _envelope(frame)
    kind, _, rest = message.topic.partition(".")
    meaning = _MEANINGS.get(kind)
    if meaning is not None and not rest.startswith("rpi."):  # retail price improvement: a book of its own, not used
        return tuple(meaning(message, ts_received_ns, instruments))
    is_reply = not kind and (message.success is not None or message.op in ("ping", "pong", "subscribe", "unsubscribe"))
    if is_reply or kind in wire.IGNORED_TOPICS or meaning is not None:
        return ()
    raise ValueError(f"unknown topic {message.topic!r}")


def _all_liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """All liquidations of the last 500 ms. `type` is "snapshot", which does not mean a replay here."""
    for row in _liquidations(message.data):
        yield _wire.bankruptcy_liquidation(
            instruments[row.s],
            _wire.POSITIONS[row.S],
            row.v,
            row.p,
            "all",
            (row.T * NS_PER_MS, ts_received_ns),
        )


def _throttled_liquidations(
    message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """The topic of before 2025-02-26."""
    rows = _legacy_liquidations(message.data)
    for row in rows if isinstance(rows, list) else [rows]:
        qty, millis = row.size or row.qty, row.updatedTime or row.time
        if qty is None or millis is None:
            raise ValueError("a liquidation without quantity or time")
        ts_event_ns = millis * NS_PER_MS
        yield _wire.bankruptcy_liquidation(
            instruments[row.symbol],
            _wire.POSITIONS[row.side],
            qty,
            row.price,
            throttled_coverage_at(ts_event_ns),
            (ts_event_ns, ts_received_ns),
        )


def throttled_coverage_at(ts_event_ns: int) -> Coverage:
    """What the topic `liquidation` promised at that time; `allLiquidation` promises all."""
    return "latest_per_second" if ts_event_ns >= THROTTLED_SINCE_NS else "unknown"


def _public_trades(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _trades(message.data):
        if not row.BT:
            yield _wire.make_trade(
                instruments[row.s],
                _wire.TAKERS[row.S],
                row.v,
                row.p,
                row.i,
                row.T * NS_PER_MS,
                ts_received_ns,
            )


def _legacy_public_trades(
    message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """The topic `trade` of before v5; the first messages of 2019 have a time of day and no milliseconds field."""
    for row in _legacy_trades(message.data):
        if "true" in (row.is_block_trade, row.isBlockTrade):
            continue
        millis = row.trade_time_ms or row.tradeTimeMs
        yield _wire.make_trade(
            instruments[row.symbol],
            _wire.TAKERS[row.side],
            row.size,
            row.price,
            row.trade_id or row.tradeId,
            parse_instant(row.timestamp) if millis is None else millis * NS_PER_MS,
            ts_received_ns,
        )


def _tickers(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    ticker = _ticker(message.data)
    instrument = instruments[ticker.symbol]
    of = (instrument.venue, instrument.symbol)
    at = (_time_of(message), ts_received_ns)
    if mark_price := _wire.given(ticker.markPrice):
        yield MarkPrice(*of, mark_price, *at)
    if index_price := _wire.given(ticker.indexPrice):
        yield IndexPrice(*of, index_price, *at)
    funding_rate = _wire.given(ticker.fundingRate)
    if funding_rate is not None:
        interval_hours = _wire.given(ticker.fundingIntervalHour) or None
        yield FundingRate(*of, funding_rate, interval_hours, _wire.given_ns(ticker.nextFundingTime), *at)
    open_interest = _wire.given(ticker.openInterest)
    if open_interest is not None:
        yield OpenInterest(*of, *_interest(instrument, open_interest, _wire.given(ticker.openInterestValue)), *at)


def _interest(
    instrument: Instrument, open_interest: float, worth: float | None
) -> tuple[float | None, float | None, float | None]:
    """Base, contracts and US dollars; `worth` is in quote on linear and in base on inverse contracts."""
    if instrument.contract == "inverse":
        return worth, open_interest, open_interest
    return open_interest, None, worth if instrument.quote in USD_LIKE else None


def _orderbook(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    book = _book(message.data)
    instrument = instruments[book.s]
    ts_event_ns = _time_of(message)
    if message.type == "snapshot":
        yield _wire.book_snapshot(
            instrument, _wire.bids(book.b), _wire.asks(book.a), book.u, (ts_event_ns, ts_received_ns)
        )
    elif message.type == "delta":
        yield _wire.book_delta(
            instrument, _wire.bids(book.b), _wire.asks(book.a), (None, book.u, None), (ts_event_ns, ts_received_ns)
        )
    else:
        raise ValueError(f"an order book message of type {message.type!r}")


def _time_of(message: wire.Envelope) -> int:
    millis = message.cts or message.ts
    if millis is None:
        raise ValueError(f"a message of topic {message.topic!r} without a time")
    return ms_to_ns(millis)


_Meaning = Callable[[wire.Envelope, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "allLiquidation": _all_liquidations,
    "liquidation": _throttled_liquidations,
    "publicTrade": _public_trades,
    "trade": _legacy_public_trades,
    "tickers": _tickers,
    "orderbook": _orderbook,
}
