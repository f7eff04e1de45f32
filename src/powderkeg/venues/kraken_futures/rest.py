"""Past trades of Kraken Futures, newest first, liquidations among them, with the ids of the live ones.

Source: Kraken docs, "Get trade history" (the 100 trades before an instant, up to 7 days or the last restart of the
engine), read 2026-11. No limit of requests is documented for it; one a second is kept.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_MS, format_instant, parse_instant
from powderkeg.venues.kraken_futures import wire
from powderkeg.venues.rest import Query, Rest, before_full_page

LIMIT: Final = 100  # rows of one answer

_answer = msgspec.json.Decoder(wire.TradesAnswer).decode


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """Trades of the gap, from its end back."""
    before = format_instant(-(-to_ns // NS_PER_MS) * NS_PER_MS)
    target = f"/derivatives/api/v3/history?symbol={venue_symbol}&lastTime={before}"
    return Query(venue_symbol, from_ns, to_ns, target)


def following(query: Query, body: bytes) -> Query | None:
    """Before a full page."""
    stamps_ns = [parse_instant(trade.time) for trade in _answer(body).history]
    return before_full_page(query, stamps_ns, LIMIT, backfill)


REST = Rest(url="https://futures.kraken.com", weight_per_minute=60.0, backfill=backfill, following=following)
