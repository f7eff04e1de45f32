"""What Gate messages mean.

A liquidation's signed size is the position that was closed. `contract_stats` is the venue's own total per minute: it is
reported beside the observed orders and never summed with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    LiquidationBar,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_MINUTE, epoch_to_ns, parse_instant
from powderkeg.domain.units import BUY, LONG, SELL, SHORT, Coverage
from powderkeg.venues import _wire
from powderkeg.venues.gate import book, wire
from powderkeg.venues.rest import BACKFILL, within

ALL_ORDERS_SINCE_NS: Final = parse_instant("2026-08-20")
"""From then on every order of a contract is pushed, batched by second; before, at most one per contract and second.
Source: Gate futures WebSocket change log, 2026-08-20."""

STATS_INTERVAL_NS: Final = NS_PER_MINUTE  # what `subscribe` asks for; the message itself does not say it
STATS_SOURCE: Final = "gate contract_stats"

_envelope = msgspec.json.Decoder(wire.Envelope, strict=False).decode
_LiquidationRows = wire.LiquidationRow | list[wire.LiquidationRow]
_liquidation_rows: Callable[[msgspec.Raw], _LiquidationRows] = msgspec.json.Decoder(
    _LiquidationRows, strict=False
).decode
_past_rows = msgspec.json.Decoder(list[wire.PastLiquidationRow], strict=False).decode
_trades = msgspec.json.Decoder(list[wire.TradeRow], strict=False).decode
_TickerRows = wire.TickerRow | list[wire.TickerRow | list[wire.TickerRow]]
_ticker_rows: Callable[[msgspec.Raw], _TickerRows] = msgspec.json.Decoder(_TickerRows, strict=False).decode
_stats = msgspec.json.Decoder(list[wire.StatsRow], strict=False).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Gate frame; see `venues.base.Parse` for what it raises."""
    message = _envelope(frame)
    if message.error is not None or message.event in ("subscribe", "unsubscribe"):
        return ()
    if message.channel in wire.IGNORED_CHANNELS:
        return ()
    meaning = _MEANINGS.get((message.channel, message.event))
    if meaning is None:
        raise ValueError(f"unknown channel {message.channel!r} with event {message.event!r}")
    return tuple(meaning(message, ts_received_ns, instruments))


def coverage_at(ts_event_ns: int) -> Coverage:
    """What the liquidation channel promised at that time."""
    return "all" if ts_event_ns >= ALL_ORDERS_SINCE_NS else "latest_per_second"


def _liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    rows = _liquidation_rows(message.result)
    for row in rows if isinstance(rows, list) else [rows]:
        instrument = instruments[row.contract]
        time = row.time_ms or row.time
        if not row.size or not time:
            raise ValueError("a liquidation of size 0 or without a time")
        ts_event_ns = epoch_to_ns(time)
        yield _wire.make_liquidation(
            instrument,
            LONG if row.size > 0 else SHORT,
            abs(row.size),
            row.price,
            _wire.Prices("order", order=row.price),
            coverage_at(ts_event_ns),
            None,
            (ts_event_ns, ts_received_ns),
        )


def _public_trades(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _trades(message.result):
        if not row.size:
            raise ValueError("a trade of size 0")
        if not row.is_internal:
            yield _wire.make_trade(
                instruments[row.contract],
                BUY if row.size > 0 else SELL,
                abs(row.size),
                row.price,
                str(row.id),
                epoch_to_ns(int(row.create_time_ms or row.create_time)),
                ts_received_ns,
            )


def _tickers(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    at = (book.time_of(message), ts_received_ns)
    for row in _flat(_ticker_rows(message.result)):
        instrument = instruments[row.contract]
        of = (instrument.venue, instrument.symbol)
        if mark_price := _wire.given(row.mark_price):
            yield MarkPrice(*of, mark_price, *at)
        if index_price := _wire.given(row.index_price):
            yield IndexPrice(*of, index_price, *at)
        funding_rate = _wire.given(row.funding_rate)
        if funding_rate is not None:
            yield FundingRate(*of, funding_rate, None, None, *at)
        contracts = _wire.given(row.total_size)
        if contracts is not None:
            yield OpenInterest(*of, *_interest(instrument, contracts, None), *at)


def _flat(rows: _TickerRows) -> Iterable[wire.TickerRow]:
    """Tickers came as a list, for a time as a list in a list, and as a bare object."""
    if not isinstance(rows, list):
        yield rows
        return
    for row in rows:
        yield from _flat(list(row)) if isinstance(row, list) else (row,)


def _interest(
    instrument: Instrument, contracts: float, worth_usd: float | None
) -> tuple[float | None, float, float | None]:
    """Base, contracts and US dollars, as far as the contract size tells them."""
    size = instrument.contract_size
    in_base = contracts * size if size is not None and instrument.contract == "linear" else None
    if worth_usd is None and size is not None and instrument.contract == "inverse":
        worth_usd = contracts * size
    return in_base, contracts, worth_usd


def _contract_stats(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _stats(message.result):
        instrument = instruments[row.contract]
        of = (instrument.venue, instrument.symbol)
        at = (epoch_to_ns(row.time), ts_received_ns)
        if row.open_interest is not None:
            yield OpenInterest(*of, *_interest(instrument, row.open_interest, row.open_interest_usd), *at)
        if row.long_liq_usd is not None and row.short_liq_usd is not None:
            yield LiquidationBar(
                venue=instrument.venue,
                symbol=instrument.symbol,
                source=STATS_SOURCE,
                interval_ns=STATS_INTERVAL_NS,
                long_base=row.long_liq_amount,
                short_base=row.short_liq_amount,
                long_usd=row.long_liq_usd,
                short_usd=row.short_liq_usd,
                total_usd=row.long_liq_usd + row.short_liq_usd,
                liquidation_count=None,
                ts_event_ns=at[0],
                ts_received_ns=ts_received_ns,
            )


def _past_liquidations(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    if message.backfill is None:
        raise ValueError("a backfill that does not say of what")
    return within(message.backfill, _past_orders(message.answer, ts_received_ns, instruments))


def _past_orders(answer: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """What the order was sized, or the position where the answer does not say; the fill's price where there is one."""
    for row in _past_rows(answer):
        qty = abs(row.order_size or row.size)
        if not qty or not row.size:
            raise ValueError("a liquidation of size 0")
        instrument = instruments[row.contract]
        fill_price = _wire.given(row.fill_price) or None
        price = fill_price or row.order_price
        ts_event_ns = epoch_to_ns(row.time)
        yield _wire.make_liquidation(
            instrument,
            LONG if row.size > 0 else SHORT,
            qty,
            price,
            _wire.Prices("fill" if fill_price else "order", order=row.order_price, fill=fill_price),
            "all",
            None,
            (ts_event_ns, ts_received_ns),
        )


_Meaning = Callable[[wire.Envelope, int, VenueInstruments], Iterable[Event]]
_MEANINGS: Final[dict[tuple[str, str], _Meaning]] = {
    ("futures.public_liquidates", "update"): _liquidations,
    ("futures.trades", "update"): _public_trades,
    ("futures.tickers", "update"): _tickers,
    ("futures.contract_stats", "update"): _contract_stats,
    ("futures.order_book", "all"): book.snapshot,
    (BACKFILL, ""): _past_liquidations,
    ("futures.order_book", "update"): book.legacy_deltas,
    ("futures.order_book_update", "update"): book.delta,
}
