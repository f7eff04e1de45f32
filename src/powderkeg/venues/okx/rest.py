"""Past liquidations of OKX, newest first, up to a week back.

Source: OKX API v5 docs, "Get liquidation orders" (40 requests per 2 seconds and address), read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_MS
from powderkeg.venues.okx import wire
from powderkeg.venues.rest import Query, Rest

LIMIT: Final = 100  # rows of one answer

_answer = msgspec.json.Decoder(wire.LiquidationAnswer, strict=False).decode


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """Orders of the contract's family; the venue tells families apart, not contracts."""
    return Query(venue_symbol, from_ns, to_ns, _target(venue_symbol, -(-to_ns // NS_PER_MS)))


def following(query: Query, body: bytes) -> Query | None:
    """Older orders, as long as pages are full and the gap's beginning is not reached."""
    stamps = [detail.ts for row in _answer(body).data for detail in row.details]
    if len(stamps) < LIMIT or min(stamps) * NS_PER_MS < query.from_ns:
        return None
    return msgspec.structs.replace(query, target=_target(query.venue_symbol, min(stamps)))


def _target(venue_symbol: str, before_ms: int) -> str:
    kind = "SWAP" if venue_symbol.endswith("-SWAP") else "FUTURES"
    family = venue_symbol.rpartition("-")[0]
    return (
        f"/api/v5/public/liquidation-orders?instType={kind}&instFamily={family}&state=filled"
        f"&after={before_ms}&limit={LIMIT}"
    )


REST = Rest(url="https://www.okx.com", weight_per_minute=600.0, backfill=backfill, following=following)
