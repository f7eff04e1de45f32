"""The three shapes in which Gate sends its order book."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from powderkeg.domain.events import BookLevel, Event
from powderkeg.domain.instruments import VenueInstruments
from powderkeg.domain.time import epoch_to_ns, ms_to_ns
from powderkeg.venues import _wire
from powderkeg.venues.gate import wire

_book: Callable[[msgspec.Raw], wire.Book] = msgspec.json.Decoder(wire.Book, strict=False).decode
_update: Callable[[msgspec.Raw], wire.BookUpdate] = msgspec.json.Decoder(wire.BookUpdate, strict=False).decode
_legacy: Callable[[msgspec.Raw], list[wire.LegacyLevel]] = msgspec.json.Decoder(
    list[wire.LegacyLevel], strict=False
).decode


def time_of(message: wire.Envelope) -> int:
    """The envelope's time, to the millisecond where it is given so.

    Raises:
        ValueError: it has none.
    """
    time = message.time_ms or message.time
    if not time:
        raise ValueError(f"a message of channel {message.channel!r} without a time")
    return epoch_to_ns(time)


def snapshot(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """`order_book` with event `all`; `t` is 0 on a book that is empty, and was missing before 2021."""
    row = _book(message.result)
    instrument = instruments[row.contract]
    yield _wire.book_snapshot(
        instrument,
        _wire.bids(row.bids),
        _wire.asks(row.asks),
        row.id,
        (ms_to_ns(row.t) if row.t else time_of(message), ts_received_ns),
    )


def delta(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """`order_book_update`, a snapshot where it says `full`."""
    row = _update(message.result)
    instrument = instruments[row.s]
    bids, asks = _wire.bids(row.b), _wire.asks(row.a)
    if row.full:
        yield _wire.book_snapshot(instrument, bids, asks, row.u, (ms_to_ns(row.t), ts_received_ns))
        return
    yield _wire.book_delta(instrument, bids, asks, (row.U, row.u, None), (ms_to_ns(row.t), ts_received_ns))


def legacy_deltas(message: wire.Envelope, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """`order_book` with event `update`: the sign is the book's side; a level that is gone is taken from both."""
    rows = _legacy(message.result)
    for contract in dict.fromkeys(row.c for row in rows):
        instrument = instruments[contract]
        levels = [row for row in rows if row.c == contract]
        yield _wire.book_delta(
            instrument,
            tuple(BookLevel(row.p, row.s) for row in levels if row.s >= 0),
            tuple(BookLevel(row.p, -row.s) for row in levels if row.s <= 0),
            (None, None, None),
            (time_of(message), ts_received_ns),
        )
