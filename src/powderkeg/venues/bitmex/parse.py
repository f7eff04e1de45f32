"""What BitMEX messages mean.

`liquidation` is a table of orders now in the book: an order is inserted, shrinks by updates and is deleted. Only the
insert is a liquidation, of its whole quantity; the partial after subscribing repeats orders that began earlier. Rows
have no time, so the received time stands for it and is marked as such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from powderkeg.domain.events import (
    BookLevel,
    Event,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_MS, NS_PER_US, ms_to_ns, parse_instant
from powderkeg.domain.units import USD_LIKE, opposite
from powderkeg.venues import _wire
from powderkeg.venues.bitmex import wire
from powderkeg.venues.bitmex.contracts import is_contract

LINEAR_SINCE_NS: Final = parse_instant("2021-11-10")
"""From then on contracts against USDT are linear; before, `ADAUSDT` and the like were quanto, settled in bitcoin, under
the same names. Source: field `listing` of XBTUSDT, ETHUSDT and others in `GET /api/v1/instrument`, read 2026-05."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NO_DURATION: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

_envelope = msgspec.json.Decoder(wire.Envelope).decode
_liquidation_rows = msgspec.json.Decoder(list[wire.LiquidationRow]).decode
_trade_rows = msgspec.json.Decoder(list[wire.TradeRow]).decode
_instrument_rows = msgspec.json.Decoder(list[wire.InstrumentRow]).decode
_funding_rows = msgspec.json.Decoder(list[wire.FundingRow]).decode
_book10_rows = msgspec.json.Decoder(list[wire.Book10Row]).decode
_level_rows = msgspec.json.Decoder(list[wire.LevelRow]).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one BitMEX frame; see `venues.base.Parse` for what it raises."""
    if frame == b"pong":
        return ()
    message = _envelope(frame)
    if not message.table:
        if message.info is None and message.error is None and message.success is None:
            raise ValueError("neither a table nor a reply")
        return ()
    if message.action not in wire.ACTIONS:
        raise ValueError(f"unknown action {message.action!r} on table {message.table!r}")
    table = _TABLES.get(message.table)
    if table is None:
        if message.table in wire.IGNORED_TABLES:
            return ()
        raise ValueError(f"unknown table {message.table!r}")
    actions, meaning = table
    return tuple(meaning(message.data, ts_received_ns, instruments)) if message.action in actions else ()


def _liquidations(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _liquidation_rows(data):
        if not is_contract(row.symbol):
            continue
        instrument = instruments[row.symbol]
        qty_base, notional_usd = _sized(instrument, row.leavesQty, row.price, ts_received_ns)
        yield Liquidation(
            venue=instrument.venue,
            symbol=instrument.symbol,
            position_side=opposite(_wire.TAKERS[row.side]),
            qty=row.leavesQty,
            qty_unit=instrument.qty_unit,
            qty_base=qty_base,
            notional_usd=notional_usd,
            price=row.price,
            price_kind="bankruptcy",
            order_price=row.price,
            fill_price=None,
            bankruptcy_price=row.price,
            coverage="all",
            event_id=row.orderID,
            ts_event_ns=ts_received_ns,
            ts_received_ns=ts_received_ns,
            ts_is_received=True,
        )


def _sized(instrument: Instrument, qty: float, price: float, ts_event_ns: int) -> tuple[float | None, float | None]:
    return instrument.sized(qty, price) if _is_size_known(instrument, ts_event_ns) else (None, None)


def _is_size_known(instrument: Instrument, ts_event_ns: int) -> bool:
    return instrument.quote != "USDT" or ts_event_ns >= LINEAR_SINCE_NS


def _trades(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """Base and quote quantities are the venue's own where it gives them, which holds for quanto contracts too."""
    for row in _trade_rows(data):
        if row.trdType != "Regular" or not is_contract(row.symbol):
            continue
        if row.price <= 0 or not row.size or not row.side:
            raise ValueError(f"a trade of {row.symbol} without price, quantity or side")
        instrument = instruments[row.symbol]
        ts_event_ns = _ns(row.timestamp)
        qty_base, notional_usd = _sized(instrument, row.size, row.price, ts_event_ns)
        if row.homeNotional:
            qty_base = row.homeNotional
        if row.foreignNotional and instrument.quote in USD_LIKE:
            notional_usd = row.foreignNotional
        yield Trade(
            venue=instrument.venue,
            symbol=instrument.symbol,
            price=row.price,
            qty_base=qty_base,
            notional_usd=notional_usd,
            taker_side=_wire.TAKERS[row.side],
            trade_id=row.trdMatchID,
            ts_event_ns=ts_event_ns,
            ts_received_ns=ts_received_ns,
        )


def _instrument_states(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """A partial is the state now, an update what changed in it."""
    for row in _instrument_rows(data):
        if is_contract(row.symbol):
            ts_event_ns = ts_received_ns if row.timestamp is None else _ns(row.timestamp)
            yield from _state(row, instruments[row.symbol], (ts_event_ns, ts_received_ns))


def _state(row: wire.InstrumentRow, instrument: Instrument, at: tuple[int, int]) -> Iterable[Event]:
    of = (instrument.venue, instrument.symbol)
    if min(row.markPrice or 0, row.indicativeSettlePrice or 0) < 0:
        raise ValueError(f"a negative price of {row.symbol}")
    if row.markPrice:
        yield MarkPrice(*of, row.markPrice, *at)
    if row.indicativeSettlePrice:
        yield IndexPrice(*of, row.indicativeSettlePrice, *at)
    if row.fundingRate is not None:
        next_funding_ns = None if row.fundingTimestamp is None else _ns(row.fundingTimestamp)
        yield FundingRate(*of, row.fundingRate, _hours(row.fundingInterval), next_funding_ns, *at)
    if row.openInterest is not None:
        yield _interest(instrument, row.openInterest, at)


def _interest(instrument: Instrument, contracts: float, at: tuple[int, int]) -> OpenInterest:
    size = instrument.contract_size if _is_size_known(instrument, at[0]) else None
    face = None if size is None else contracts * size
    return OpenInterest(
        venue=instrument.venue,
        symbol=instrument.symbol,
        open_interest_base=face if instrument.contract == "linear" else None,
        open_interest_contracts=contracts,
        open_interest_usd=face if instrument.contract == "inverse" else None,
        ts_event_ns=at[0],
        ts_received_ns=at[1],
    )


def _funding(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _funding_rows(data):
        instrument = instruments[row.symbol]
        of = (instrument.venue, instrument.symbol)
        yield FundingRate(*of, row.fundingRate, _hours(row.fundingInterval), None, _ns(row.timestamp), ts_received_ns)


def _book10(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    for row in _book10_rows(data):
        if row.bids is not None and row.asks is not None and is_contract(row.symbol):
            at = (_ns(row.timestamp), ts_received_ns)
            yield _wire.book_snapshot(instruments[row.symbol], _wire.bids(row.bids), _wire.asks(row.asks), None, at)


def _whole_book(data: msgspec.Raw, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    by_symbol: dict[str, list[wire.LevelRow]] = {}
    for row in _level_rows(data):
        by_symbol.setdefault(row.symbol, []).append(row)
    for name, rows in by_symbol.items():
        if is_contract(name):
            rows.sort(key=lambda row: row.price)
            asks = tuple([BookLevel(row.price, row.size) for row in rows if row.side == "Sell"])
            bids = tuple([BookLevel(row.price, row.size) for row in reversed(rows) if row.side == "Buy"])
            times = [_ns(row.timestamp) for row in rows if row.timestamp is not None]
            at = (max(times, default=ts_received_ns), ts_received_ns)
            yield _wire.book_snapshot(instruments[name], bids, asks, None, at)


def _ns(moment: dt.datetime) -> int:
    """Nanoseconds, exactly; a date no market has seen is refused by its milliseconds."""
    microseconds = (moment - _EPOCH) // dt.timedelta(microseconds=1)
    ms_to_ns(microseconds * NS_PER_US // NS_PER_MS)
    return microseconds * NS_PER_US


def _hours(duration: dt.datetime | None) -> float | None:
    return None if duration is None else (duration - _NO_DURATION) / dt.timedelta(hours=1) or None


_Meaning = Callable[[msgspec.Raw, int, VenueInstruments], Iterable[Event]]
_TABLES: Final[dict[str, tuple[frozenset[str], _Meaning]]] = {
    # table: (actions that say something new, their meaning)
    "liquidation": (frozenset({"insert"}), _liquidations),
    "trade": (frozenset({"insert"}), _trades),
    "instrument": (frozenset({"partial", "insert", "update"}), _instrument_states),
    "funding": (frozenset({"insert"}), _funding),
    "orderBook10": (frozenset({"partial", "insert", "update"}), _book10),
    # Updates and deletions name their level by an id alone in older messages, so they cannot be read one by one.
    "orderBookL2": (frozenset({"partial"}), _whole_book),
    "orderBookL2_25": (frozenset({"partial"}), _whole_book),
}
