"""Past trades of dYdX v4, newest first, liquidations among them, with the ids of the live ones.

Source: the indexer's `TradesController` and its configuration (`API_LIMIT_V4` 1,000 rows, 100 requests per 10 seconds
and address), read 2026-11.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from powderkeg.domain.time import NS_PER_MS, format_instant, parse_instant
from powderkeg.venues.dydx import wire
from powderkeg.venues.rest import Query, Rest, before_full_page

LIMIT: Final = 1_000  # rows of one answer; the venue refuses to be asked for more

_answer = msgspec.json.Decoder(wire.Trades, strict=False).decode


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """Trades of the gap, from its end back."""
    before = format_instant(-(-to_ns // NS_PER_MS) * NS_PER_MS)
    # Names of permissionless markets have commas.
    target = f"/v4/trades/perpetualMarket/{quote(venue_symbol, safe='')}?limit={LIMIT}&createdBeforeOrAt={before}"
    return Query(venue_symbol, from_ns, to_ns, target)


def following(query: Query, body: bytes) -> Query | None:
    """Before a full page. Its earliest time, that of a whole block, is asked for again."""
    stamps_ns = [parse_instant(trade.createdAt) for trade in _answer(body).trades]
    return before_full_page(query, stamps_ns, LIMIT, backfill)


REST = Rest(url="https://indexer.dydx.trade", weight_per_minute=300.0, backfill=backfill, following=following)
