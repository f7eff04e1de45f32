"""What Bitfinex messages mean.

A liquidation is a row of `liq:global` with IS_MATCH 0; rows with IS_MATCH 1 are market executions of a position already
told and would count it again. The sign of the amount is the position's. Data frames name their channel by a number
handed out per connection, so trades, books and status tell their contract only where the channel and its key have been
appended to the frame, as recorders do and `numbers.py` does; liquidations tell it themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.domain.time import NS_PER_MS, ms_to_ns
from powderkeg.domain.units import BUY, LONG, SELL, SHORT
from powderkeg.venues import _wire
from powderkeg.venues.bitfinex import wire
from powderkeg.venues.bitfinex.contracts import is_no_contract
from powderkeg.venues.bitfinex.rest import past_rows
from powderkeg.venues.rest import within

FUNDING_INTERVAL_HOURS: Final = 8.0
"""Source: Bitfinex API v2 docs, "Status", CURRENT_FUNDING, read 2026-11."""

_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_conversation = msgspec.json.Decoder(wire.Conversation).decode
_any: Callable[[msgspec.Raw], object] = msgspec.json.Decoder().decode
_liquidations = msgspec.json.Decoder(list[wire.Liquidation], strict=False).decode
_one_liquidation = msgspec.json.Decoder(wire.Liquidation, strict=False).decode
_trade = msgspec.json.Decoder(wire.Trade, strict=False).decode
_status = msgspec.json.Decoder(wire.Status, strict=False).decode
_book_row = msgspec.json.Decoder(wire.BookRow, strict=False).decode
_book_rows = msgspec.json.Decoder(list[wire.BookRow], strict=False).decode


class _Tail(msgspec.Struct):
    """What stands after the payload: sequence number, time, and in recordings the channel and its key."""

    channel: str | None
    key: str
    sent_ms: int | None


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one Bitfinex frame; see `venues.base.Parse` for what it raises."""
    if frame.lstrip().startswith(b"{"):
        message = _conversation(frame)
        if message.backfill is not None:
            past = _position_events(past_rows(message.answer), ts_received_ns, instruments)
            return tuple(within(message.backfill, past))
        if message.event is None:
            raise ValueError("an object that is neither an event nor backfill")
        return ()
    parts = _parts(frame)
    if len(parts) < 2 or type(_any(parts[0])) is not int:
        raise ValueError("an array that does not begin with a channel number")
    payload = _any(parts[1])
    if isinstance(payload, str):
        return _flagged(payload, parts, ts_received_ns, instruments)
    if not isinstance(payload, list):
        raise TypeError("a data frame whose payload is no array")
    rows = cast("list[object]", payload)
    if _holds_positions(rows):
        found = _liquidations(parts[1]) if isinstance(rows[0], list) else [_one_liquidation(parts[1])]
        return tuple(_position_events(found, ts_received_ns, instruments))
    return _channel_data(parts[1], rows, _tail(parts[2:]), ts_received_ns, instruments)


def _flagged(
    flag: str, parts: list[msgspec.Raw], ts_received_ns: int, instruments: VenueInstruments
) -> tuple[Event, ...]:
    """Heartbeats, and trades as they happen: `te` at once, `tu` again a moment later."""
    if flag in wire.NO_EVENTS:
        return ()
    if flag != "te" or len(parts) < 3:
        raise ValueError(f"unknown flag {flag!r}")
    trade = _trade(parts[2])
    tail = _tail(parts[3:])
    if not trade.amount:
        raise ValueError(f"trade {trade.trade_id} has amount 0")
    if tail.channel is None or is_no_contract(tail.key):
        return ()
    return (
        _wire.make_trade(
            instruments[tail.key],
            BUY if trade.amount > 0 else SELL,
            abs(trade.amount),
            trade.price,
            str(trade.trade_id),
            trade.mts * NS_PER_MS,
            ts_received_ns,
        ),
    )


def _holds_positions(rows: list[object]) -> bool:
    """Whether a payload is one row of liquidations or a list of them, told by the word they begin with."""
    first = [cast("list[object]", row)[:1] if isinstance(row, list) else None for row in rows]
    return rows[:1] == ["pos"] or ["pos"] in first


def _position_events(
    rows: Iterable[wire.Liquidation], ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    for row in rows:
        if not row.amount:
            raise ValueError(f"position {row.position_id} has amount 0")
        if row.is_match or is_no_contract(row.symbol):
            continue
        price = row.price_acquired or row.base_price
        if price is None:
            raise ValueError(f"position {row.position_id} has no price")
        yield _wire.make_liquidation(
            instruments[row.symbol],
            LONG if row.amount > 0 else SHORT,
            abs(row.amount),
            price,
            _wire.Prices("entry" if row.price_acquired is None else "fill", fill=row.price_acquired),
            "all",
            f"{row.position_id}-{row.mts}",
            (row.mts * NS_PER_MS, ts_received_ns),
        )


def _tail(parts: list[msgspec.Raw]) -> _Tail:
    values = [_any(part) for part in parts]
    names = [each for each in values if isinstance(each, str)]
    # Sequence numbers are far below any time in milliseconds since 2011.
    times = [each for each in values if type(each) is int and each > _EARLIEST_MS]
    channel, key = names if len(names) == 2 else (None, "")
    key = key.removeprefix("deriv:")
    return _Tail(channel, key if key.startswith("t") else f"t{key}", times[-1] if times else None)


_EARLIEST_MS: Final = 1_293_840_000_000  # 2011-01-01


def _channel_data(
    payload: msgspec.Raw, rows: list[object], tail: _Tail, ts_received_ns: int, instruments: VenueInstruments
) -> tuple[Event, ...]:
    if tail.channel is None:
        if not _is_numeric(rows):
            raise ValueError("a data frame that is neither liquidations nor numbers")
        return ()  # whose numbers they are, only the connection knows
    is_replay = tail.channel == "trades"  # only flags bring new trades
    is_empty = tail.channel == "liquidations" and not rows
    if is_replay or is_empty or tail.channel in wire.UNUSED_CHANNELS or is_no_contract(tail.key):
        return ()
    if tail.channel == "status":
        return tuple(_status_events(_status(payload), instruments[tail.key], ts_received_ns))
    if tail.channel == "book":
        ts_event_ns = ts_received_ns if tail.sent_ms is None else ms_to_ns(tail.sent_ms)
        return (_book_event(payload, rows, instruments[tail.key], ts_event_ns, ts_received_ns),)
    raise ValueError(f"unknown channel {tail.channel!r}")


def _is_numeric(rows: list[object]) -> bool:
    """Rows of numbers, or one row of at least three: the shape of books, trades, tickers, candles and status."""
    if any(isinstance(row, list) for row in rows):
        return all(isinstance(row, list) and _is_numeric(cast("list[object]", row)) for row in rows)
    is_empty = not rows  # an empty snapshot
    return is_empty or (len(rows) >= 3 and all(row is None or type(row) in (int, float) for row in rows))


def _status_events(status: wire.Status, instrument: Instrument, ts_received_ns: int) -> Iterable[Event]:
    """The rate applied in the current period; the one accrued for the next is a partial sum and no estimate."""
    of = (instrument.venue, instrument.symbol)
    at = (status.mts * NS_PER_MS, ts_received_ns)
    if status.mark_price:
        yield MarkPrice(*of, status.mark_price, *at)
    if status.spot_price:
        yield IndexPrice(*of, status.spot_price, *at)
    if status.current_funding is not None:
        yield FundingRate(*of, status.current_funding, FUNDING_INTERVAL_HOURS, None, *at)
    if status.open_interest is not None:
        yield OpenInterest(*of, status.open_interest, None, None, *at)


def _book_event(
    payload: msgspec.Raw, rows: list[object], instrument: Instrument, ts_event_ns: int, ts_received_ns: int
) -> Event:
    """One row is a change, a list of rows the whole book; both sides come mixed."""
    is_whole = not rows or isinstance(rows[0], list)
    levels = _book_rows(payload) if is_whole else [_book_row(payload)]
    bids = _wire.bids([_level(row) for row in levels if row.amount > 0])
    asks = _wire.asks([_level(row) for row in levels if row.amount < 0])
    if is_whole:
        return _wire.book_snapshot(instrument, bids, asks, None, (ts_event_ns, ts_received_ns))
    return _wire.book_delta(instrument, bids, asks, (None, None, None), (ts_event_ns, ts_received_ns))


def _level(row: wire.BookRow) -> _wire.Level:
    return _wire.Level(row.price, abs(row.amount) if row.count else 0.0)
