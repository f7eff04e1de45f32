"""Past trades of Deribit, liquidations among them, with the ids of the live ones.

Source: Deribit docs, "public/get_last_trades_by_instrument_and_time" and "Rate limits" (about 20 requests a second
without an account), read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_MS
from powderkeg.venues.deribit import wire
from powderkeg.venues.rest import Query, Rest

COUNT: Final = 1_000  # the most that one answer holds

_answer = msgspec.json.Decoder(wire.TradesAnswer).decode


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """Trades of the gap, oldest first."""
    return Query(venue_symbol, from_ns, to_ns, _target(venue_symbol, from_ns // NS_PER_MS, to_ns))


def following(query: Query, body: bytes) -> Query | None:
    """From the last trade's millisecond on, which is asked again: ids tell its trades apart."""
    page = _answer(body).result
    if not page.has_more or not page.trades:
        return None
    last_ms = page.trades[-1].timestamp
    if last_ms == page.trades[0].timestamp:
        last_ms += 1  # more than a page in one millisecond: the rest of it cannot be asked for
    return msgspec.structs.replace(query, target=_target(query.venue_symbol, last_ms, query.to_ns))


def _target(venue_symbol: str, from_ms: int, to_ns: int) -> str:
    return (
        f"/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name={venue_symbol}"
        f"&start_timestamp={from_ms}&end_timestamp={-(-to_ns // NS_PER_MS)}&count={COUNT}&sorting=asc"
    )


REST = Rest(url="https://www.deribit.com", weight_per_minute=600.0, backfill=backfill, following=following)
