"""Single liquidations as they were told: the tape, and the largest of an interval."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from powderkeg.app.asked_span import asked_span
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library, Names
from powderkeg.app.liquidation_queries import where
from powderkeg.app.observation import ObservedSource, observed_sources
from powderkeg.app.told_order import order_dict
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import format_instant
from powderkeg.stats.coverage import Span
from powderkeg.store.query import ArrowTable

TapeOrder = Literal["newest", "largest"]

_ORDERS: Final = {
    "newest": "ts_event_ns DESC, venue, symbol, notional_usd DESC NULLS LAST",
    "largest": "notional_usd DESC NULLS LAST, ts_event_ns, venue, symbol",
}


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """Liquidations of [from, to), at most as many as were asked for.

    Attributes:
        orders: a `pyarrow.Table` with the columns of `Liquidation` and `coin`.
        matching: how many there are altogether.
        sources: the venues asked for, and how much of the time they were watched.
    """

    span: Span
    order: TapeOrder
    orders: ArrowTable
    matching: int
    sources: tuple[ObservedSource, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: times as RFC 3339."""
        return {
            "from": format_instant(self.span[0]),
            "to": format_instant(self.span[1]),
            "method": "measured",
            "order": self.order,
            "matching": self.matching,
            "sources": [source.to_dict() for source in self.sources],
            "rows": [order_dict(row) for row in self.orders.to_pylist()],
        }


class TapeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which liquidations are listed.

    Attributes:
        coin: as for `Library.liquidations`.
        venue: as for `Library.liquidations`.
        position_side: only of one side.
        min_usd: only of this notional or more; above 0, orders of unknown notional are left out.
        start: first instant, included.
        end: last instant, excluded; by default now.
        window: before `end`, where no start is given.
        order: which come first.
        limit: how many at most.
    """

    coin: Names = None
    venue: Names = None
    position_side: Literal["long", "short"] | None = None
    min_usd: float = 0.0
    start: Instant = None
    end: Instant = None
    window: str = "24h"
    order: TapeOrder = "newest"
    limit: int = 100


def liquidation_tape(library: Library, query: TapeQuery) -> Tape:
    """Single liquidations, newest or largest first.

    Raises:
        InputError: an argument cannot be read.
    """
    if query.order not in _ORDERS or query.limit < 1:
        told = f"{query.limit} and {query.order!r}"
        raise InputError(f"the tape lists one or more orders, newest or largest first; got {told}")
    span = asked_span(start=query.start, end=query.end, window=query.window)
    chosen = library.selection(query.coin, query.venue)
    condition, parameters = where(span, chosen)
    if query.position_side is not None:
        condition += " AND position_side = ?"
        parameters.append(query.position_side)
    if query.min_usd > 0:
        condition += " AND notional_usd >= ?"
        parameters.append(query.min_usd)
    counted = library.database.rows(f"SELECT count(*) AS matching FROM liquidation WHERE {condition}", parameters)  # noqa: S608 - condition is ours
    orders = library.database.query(
        f"SELECT * EXCLUDE (date) FROM liquidation WHERE {condition} ORDER BY {_ORDERS[query.order]} LIMIT ?",  # noqa: S608 - condition is ours
        [*parameters, query.limit],
    )
    sources = observed_sources(library.database, chosen, span)
    return Tape(span=span, order=query.order, orders=orders, matching=counted[0]["matching"], sources=sources)
