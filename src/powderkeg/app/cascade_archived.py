"""Order books of the data directory, brought up to date where they lie: in SQL, not message by message.

What `Book` does with one message after the other is said here of all of them at once: which changes are new, where one
is missing, and what quantity a price had last. `Book` stays the obvious way; tests hold the two against each other.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.cascade.book import Book
from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_S, day_of
from powderkeg.store.query import Database

FRESH_BOOK_NS: Final = NS_PER_HOUR
"""Age up to which the newest word on a book, snapshot or change, stands for the present one: an hour, by choice."""

SNAPSHOT_WITHIN_NS: Final = NS_PER_DAY
"""Age up to which a snapshot is the ground that changes are laid on. Many venues send one on connecting and then only
changes, and close their connections after a day at the latest (Binance: 24 hours): whoever records has a newer one by
then. What a lost message took away stays in the book for as long, and beyond the snapshot's reach price soon knows no
levels; both are told beside the depth. Source: Binance USD-M futures docs, "Websocket Market Streams", read 2026-11."""

OVERLAP_NS: Final = 5 * NS_PER_S
"""A snapshot is stamped when it was sent: changes stamped shortly before may be newer, their ids say so."""

_SPAN: Final = "date BETWEEN $from_day::DATE AND $to_day::DATE AND ts_event_ns BETWEEN $from_ns AND $to_ns"

_MARKETS: Final = f"""
    SELECT venue, symbol, max(ts_event_ns) AS ts_event_ns FROM book_snapshot
    WHERE {_SPAN} AND qty_unit <> 'contracts' GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 - our words; values are parameters

_SNAPSHOT: Final = f"""
    SELECT {", ".join(field.name for field in msgspec.structs.fields(BookSnapshot))} FROM book_snapshot
    WHERE {_SPAN} AND venue = $venue AND symbol = $symbol AND qty_unit <> 'contracts'
    ORDER BY ts_received_ns DESC LIMIT 1
"""  # noqa: S608 - our words; values are parameters

_ACCEPTED: Final = f"""
    WITH told AS NOT MATERIALIZED (
        SELECT * FROM book_delta
        WHERE {_SPAN} AND venue = $venue AND symbol = $symbol AND qty_unit = $qty_unit
    ), numbered AS (
        SELECT ts_event_ns, ts_received_ns, last_update_id, previous_update_id,
            row_number() OVER in_order AS n,
            n - count(last_update_id) OVER in_order - (last_update_id IS NULL)::BIGINT AS numbering
        FROM told
        WINDOW in_order AS (
            ORDER BY ts_event_ns, last_update_id, ts_received_ns ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ), followed AS (
        SELECT *, greatest(
            max(last_update_id) OVER (
                PARTITION BY numbering ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
            CASE WHEN numbering = 0 THEN $last_update_id::BIGINT END) AS reached_id
        FROM numbered
    ), accepted AS MATERIALIZED (
        SELECT * FROM followed WHERE last_update_id IS NULL OR reached_id IS NULL OR last_update_id > reached_id
    )
"""  # noqa: S608 - our words; values are parameters
"""Changes in the order they were told, and of them those that are new. A change is old where one before it, or the
snapshot, had reached its id. One without an id is always new, and numbering begins anew behind it: how
often it did is `n` less the ids so far, for a FILTER in a window takes the square of the rows (DuckDB 2.0)."""

_SUMMARY: Final = f"""{_ACCEPTED}
    SELECT max(ts_event_ns) AS ts_event_ns,
        count(*) FILTER (previous_update_id <> reached_id AND n > first_n) AS hole_count
    FROM (SELECT *, min(n) OVER () AS first_n FROM accepted)
"""  # noqa: S608 - our words; values are parameters
"""The first change after a snapshot may begin before it: nothing is missing there."""

_LEVELS: Final = f"""{_ACCEPTED},
    places AS (SELECT ts_event_ns, ts_received_ns, last_update_id, min(n) AS n FROM accepted GROUP BY ALL),
    changes AS NOT MATERIALIZED (
        SELECT n, bids, asks FROM told JOIN places ON told.ts_event_ns = places.ts_event_ns
            AND told.ts_received_ns = places.ts_received_ns
            AND told.last_update_id IS NOT DISTINCT FROM places.last_update_id
    ), levels AS NOT MATERIALIZED (
        SELECT n, true AS is_bid, generate_subscripts(bids, 1) AS place, unnest(bids, recursive := true) FROM changes
        UNION ALL
        SELECT n, false AS is_bid, generate_subscripts(asks, 1) AS place, unnest(asks, recursive := true) FROM changes
    )
    SELECT is_bid, price, arg_max(qty, (n << 24) + place) AS qty FROM levels GROUP BY ALL
"""  # noqa: S608 - our words; values are parameters
"""The last quantity of every price. The levels themselves are not carried through the windows: of a day they would fill
the memory. A message has fewer than 2^24 levels."""


def archived_books(database: Database, coin: str, as_of_ns: int) -> dict[str, Book]:
    """The fresh books of a coin as they stood at a moment, by venue and symbol; none that counts contracts.

    Args:
        database: the data directory.
        coin: whose markets; of others no levels are read.
        as_of_ns: nothing later is read.

    Raises:
        StoreError: the archive cannot be read.
    """
    books: dict[str, Book] = {}
    for row in database.rows(_MARKETS, _span(as_of_ns - SNAPSHOT_WITHIN_NS, as_of_ns)):
        if coin_of(row["symbol"]) != coin:
            continue
        at_ns = row["ts_event_ns"]
        market = {"venue": row["venue"], "symbol": row["symbol"]}
        (found,) = database.rows(_SNAPSHOT, _span(at_ns, at_ns) | market)
        book = _brought_up(database, msgspec.convert(found, BookSnapshot), as_of_ns)
        if book is not None:
            books[f"{row['venue']} {row['symbol']}"] = book
    return books


def _brought_up(database: Database, snapshot: BookSnapshot, as_of_ns: int) -> Book | None:
    """The book of a snapshot with all that changed since; None where nothing was heard of it lately."""
    from_ns = snapshot.ts_event_ns - (OVERLAP_NS if snapshot.last_update_id is not None else 0)
    asked = _span(from_ns, as_of_ns) | {
        "venue": snapshot.venue,
        "symbol": snapshot.symbol,
        "qty_unit": snapshot.qty_unit,
        "last_update_id": snapshot.last_update_id,
    }
    (summary,) = database.rows(_SUMMARY, asked)
    changed_ns: int | None = summary["ts_event_ns"]
    if max(snapshot.ts_event_ns, changed_ns or 0) < as_of_ns - FRESH_BOOK_NS:
        return None
    book = Book()
    book.update(snapshot)
    if changed_ns is not None:
        book.update(_as_one(snapshot, database.rows(_LEVELS, asked), changed_ns))
        book.hole_count = summary["hole_count"]
    return book


def _as_one(snapshot: BookSnapshot, rows: list[dict[str, Any]], changed_ns: int) -> BookDelta:
    """All changes as one, which needs no id: what is old is not among them."""
    bids, asks = (
        tuple(BookLevel(row["price"], row["qty"]) for row in rows if row["is_bid"] is is_bid)
        for is_bid in (True, False)
    )
    return BookDelta(
        venue=snapshot.venue,
        symbol=snapshot.symbol,
        bids=bids,
        asks=asks,
        qty_unit=snapshot.qty_unit,
        first_update_id=None,
        last_update_id=None,
        previous_update_id=None,
        ts_event_ns=changed_ns,
        ts_received_ns=changed_ns,
    )


def _span(from_ns: int, to_ns: int) -> dict[str, Any]:
    return {"from_day": day_of(from_ns), "to_day": day_of(to_ns), "from_ns": from_ns, "to_ns": to_ns}
