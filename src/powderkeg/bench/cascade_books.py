"""A book of the data directory brought up to date: an hour of changes at once, against the same hour one by one."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyarrow ships no types.

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.app.cascade_archived import archived_books
from powderkeg.bench.archive import write_rows
from powderkeg.bench.base import Measure, best_seconds
from powderkeg.cascade.book import Book
from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot, Event
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MS
from powderkeg.store.columns import table_of
from powderkeg.store.manifest import ArchiveFile, Manifest, save_manifest
from powderkeg.store.parquet import PartKey
from powderkeg.store.query import Database

SEED: Final = 20_260_114
CHANGES: Final = 36_000
LEVELS: Final = 30
DEEP: Final = 1_000
PRICE, TICK = 94_000.0, 0.5
DAY: Final = 20_467  # 2026-01-14
START_NS: Final = DAY * NS_PER_DAY
END_NS: Final = START_NS + NS_PER_HOUR
MARKET: Final = ("binance-usdm", "BTC/USDT:USDT")


def run() -> list[Measure]:
    """Ten changes a second of thirty levels, in the archive, both ways."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        files = (_written(data_dir, "book_snapshot", [_whole()]), _written(data_dir, "book_delta", _changes()))
        save_manifest(data_dir, Manifest(journal_id="bench", journal_kind="live", is_sealed=True, files=files))
        with Database(data_dir) as database:
            at_once_s = best_seconds(partial(archived_books, database, "BTC", END_NS))
            one_by_one_s = best_seconds(partial(_one_by_one, database), repeats=2)
            (book,) = archived_books(database, "BTC", END_NS).values()
            is_same = _dollars(book) == _dollars(_one_by_one(database))
    note = (
        f"{CHANGES:,} changes of {LEVELS} levels in the archive; message by message {one_by_one_s * 1e3:.0f} ms, "
        f"{one_by_one_s / at_once_s:.1f}x; {'the same' if is_same else 'ANOTHER'} book"
    )
    return [Measure(name="an hour of a book brought up to date", figure=at_once_s * 1e3, unit="ms", note=note)]


def _one_by_one(database: Database) -> Book:
    book = Book()
    for kind, name in ((BookSnapshot, "book_snapshot"), (BookDelta, "book_delta")):
        columns = ", ".join(field.name for field in msgspec.structs.fields(kind))
        for row in database.rows(f"SELECT {columns} FROM {name} ORDER BY ts_event_ns, last_update_id"):  # noqa: S608 - our names
            book.update(msgspec.convert(row, kind))
    return book


def _dollars(book: Book) -> list[list[float]]:
    return [book.levels(side)[1].tolist() for side in ("long", "short")]


def _written(data_dir: Path, event: str, events: list[Event]) -> ArchiveFile:
    table: Any = table_of(event, events)
    return write_rows(data_dir, PartKey(event, MARKET[0], DAY), {name: table[name] for name in table.column_names})


def _whole() -> BookSnapshot:
    bids, asks = (tuple(BookLevel(PRICE + way * TICK * n, 1.0) for n in range(1, DEEP + 1)) for way in (-1, 1))
    return BookSnapshot(*MARKET, bids, asks, "base", 0, START_NS, START_NS)


def _changes() -> list[Event]:
    """Most changes lie near the price, two in five take a level away."""
    rng = np.random.default_rng(SEED)
    half = LEVELS // 2
    ticks = 1 + np.abs(rng.normal(0, 400, (CHANGES, LEVELS))).astype(np.int64)
    qty = np.where(rng.random((CHANGES, LEVELS)) < 0.4, 0.0, rng.gamma(1.0, 2.0, (CHANGES, LEVELS)))
    prices = PRICE + TICK * ticks * np.repeat([-1.0, 1.0], half)
    return [_change(n, list(map(BookLevel, prices[n].tolist(), qty[n].tolist()))) for n in range(CHANGES)]


def _change(n: int, levels: list[BookLevel]) -> BookDelta:
    half = LEVELS // 2
    at_ns = START_NS + (n + 1) * (NS_PER_HOUR // (CHANGES + 1))
    sides = (tuple(levels[:half]), tuple(levels[half:]))
    return BookDelta(*MARKET, *sides, "base", None, n + 1, n, at_ns, at_ns + 5 * NS_PER_MS)
