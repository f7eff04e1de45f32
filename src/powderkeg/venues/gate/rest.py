"""Past liquidations of Gate, by contract.

Source: Gate API v4 docs, "Retrieve liquidation history" (`/futures/{settle}/liq_orders`; times in seconds, a range of
at most an hour, 1,000 rows; 200 requests per 10 seconds and address), read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S
from powderkeg.venues.gate.contracts import infer_instrument
from powderkeg.venues.rest import Query, Rest

LIMIT: Final = 1_000


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """The first hour of the gap."""
    return _query(venue_symbol, from_ns, to_ns, from_ns)


def following(query: Query, _body: bytes) -> Query | None:
    """The next hour. A full page of 1,000 in one contract and hour has not been seen and would be cut."""
    begin_s = int(query.target.rpartition("&to=")[2])
    if begin_s * NS_PER_S >= query.to_ns:
        return None
    return _query(query.venue_symbol, query.from_ns, query.to_ns, begin_s * NS_PER_S)


def _query(venue_symbol: str, from_ns: int, to_ns: int, begin_ns: int) -> Query:
    end_ns = min(begin_ns + NS_PER_HOUR, to_ns)
    settle = infer_instrument(venue_symbol).settle.lower()
    target = (
        f"/api/v4/futures/{settle}/liq_orders?contract={venue_symbol}&limit={LIMIT}"
        f"&from={begin_ns // NS_PER_S}&to={-(-end_ns // NS_PER_S)}"
    )
    return Query(venue_symbol, from_ns, to_ns, target)


REST = Rest(url="https://api.gateio.ws", weight_per_minute=600.0, backfill=backfill, following=following)
