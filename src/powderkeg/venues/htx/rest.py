"""Past liquidations of HTX's USDT-margined contracts, newest first, up to 90 days back.

Source: HTX API, `/v5/market/liquidation_orders`: at most two hours and 100 rows a request, as public SDKs and adapters
carry it (gocryptotrader, ccxt), read 2026-11. No limit of requests is stated for it; 240 per 3 seconds and address hold
for the older public endpoints, and this stays far below.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS
from powderkeg.venues.htx import wire
from powderkeg.venues.htx.contracts import infer_instrument
from powderkeg.venues.rest import Query, Rest

LIMIT: Final = 100  # rows of one answer
WINDOW_NS: Final = 2 * NS_PER_HOUR

_answer = msgspec.json.Decoder(wire.LiquidationAnswer, strict=False).decode


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query | None:
    """The last two hours of the gap; None for coin-margined contracts, which this endpoint does not know."""
    if infer_instrument(venue_symbol).contract != "linear":
        return None
    begin_ns = max(from_ns, to_ns - WINDOW_NS)
    target = (
        f"/v5/market/liquidation_orders?contract_code={venue_symbol}&direct=prev&limit={LIMIT}"
        f"&start_time={begin_ns // NS_PER_MS}&end_time={-(-to_ns // NS_PER_MS)}"
    )
    return Query(venue_symbol, from_ns, to_ns, target)


def following(query: Query, body: bytes) -> Query | None:
    """What lies before a full page, else the two hours before.

    A page covers only times before the last one: rows have no id that would tell a second sighting.
    """
    stamps_ns = [row.liquidation_time * NS_PER_MS for row in _answer(body).data]
    to_ns = query.to_ns - WINDOW_NS
    if len(stamps_ns) >= LIMIT:
        to_ns = min(*stamps_ns, query.to_ns - NS_PER_MS)
    return backfill(query.venue_symbol, query.from_ns, to_ns) if to_ns > query.from_ns else None


REST = Rest(url="https://api.hbdm.com", weight_per_minute=120.0, backfill=backfill, following=following)
