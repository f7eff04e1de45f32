"""Order books from recordings: the last one, and its depth at moments on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from powderkeg.cascade.book import Book, depth_within
from powderkeg.cascade.profiles import FloatArray
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import BookDelta, BookSnapshot, Event
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_S
from powderkeg.store.decode import Decoder
from powderkeg.store.importers.registry import recognize
from powderkeg.store.importers.replaying import RecordTap, tap_file
from powderkeg.store.journal_format import Record

SAMPLED_EVERY_NS: Final = 10 * NS_PER_S

EDGES: Final = np.geomspace(0.0005, 0.01, 14)
"""Log distances depth is noted at: from where ticks no longer show to the 1 % that published depth is about."""


class BookHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded book: as it was at the end, and its depth every ten seconds.

    Attributes:
        name: venue and symbol.
        book: at the end.
        sample_ns: [T] times.
        depth_usd: [T, 2, E] USD up to each of `EDGES`, bids and asks; NaN beyond what the snapshot reached.
    """

    name: str
    book: Book
    sample_ns: list[int]
    depth_usd: FloatArray


class _Keeper:
    """Keeps the books of a coin while events pass."""

    def __init__(self, coin: str, until_ns: int | None) -> None:
        self.books: dict[str, Book] = {}
        self.samples: dict[str, list[tuple[int, FloatArray]]] = {}
        self._coin, self._until_ns = coin_of(coin), until_ns

    def update(self, events: Iterable[Event]) -> None:
        """Take what is a book of the coin, up to the time."""
        for event in events:
            if not isinstance(event, BookSnapshot | BookDelta) or coin_of(event.symbol) != self._coin:
                continue
            if self._until_ns is not None and event.ts_event_ns > self._until_ns:
                continue
            name = f"{event.venue} {event.symbol}"
            book = self.books.setdefault(name, Book())
            book.update(event)
            if book.has_snapshot:
                self._sample(name, book, event.ts_event_ns)

    def _sample(self, name: str, book: Book, at_ns: int) -> None:
        samples = self.samples.setdefault(name, [])
        if not samples or at_ns >= samples[-1][0] + SAMPLED_EVERY_NS:
            samples.append((at_ns, np.stack([_known(book, one) for one in ("long", "short")])))


def _known(book: Book, position_side: str) -> FloatArray:
    """[E] depth up to the edges the last snapshot reached."""
    return np.where(book.reach(position_side) >= EDGES, depth_within(*book.levels(position_side), EDGES), np.nan)


def recorded_book(path: Path, coin: str, until_ns: int | None = None) -> BookHistory:
    """The book of a coin in a recorded file of any kind that can be imported.

    Args:
        path: the recording.
        coin: a coin or any spelling of its symbol.
        until_ns: events after it are left out.

    Raises:
        InputError: the file cannot be read, or holds no snapshot of a book of the coin.
    """
    keeper = _Keeper(coin, until_ns)
    _events(path, keeper.update)
    known = {name: book for name, book in keeper.books.items() if book.has_snapshot}
    if not known:
        raise InputError(f"{path.name} holds no snapshot of an order book of {coin}; record one, or give --depth-usd")
    name = max(known, key=lambda one: len(known[one].levels("short")[0]))
    samples = keeper.samples[name]
    return BookHistory(
        name=name,
        book=known[name],
        sample_ns=[at_ns for at_ns, _ in samples],
        depth_usd=np.stack([depth for _, depth in samples]),
    )


def _events(path: Path, take: Callable[[Iterable[Event]], None]) -> None:
    def record(one: Record) -> None:
        events, _ = decoder.decode(one)
        take(events)

    tap = RecordTap(record)
    decoder = Decoder(tap.connections)
    tap_file(path, recognize(path), tap)
