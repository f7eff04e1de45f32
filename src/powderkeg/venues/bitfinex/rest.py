"""Past liquidations of Bitfinex, of all contracts in one answer, with the ids of the live ones.

Source: Bitfinex API v2 docs, "Liquidations" (`/v2/liquidations/hist`; 500 rows, 3 requests a minute), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_MS
from powderkeg.venues.bitfinex import wire
from powderkeg.venues.rest import Query, Rest

LIMIT: Final = 500  # rows of one answer

_answer = msgspec.json.Decoder(list[msgspec.Raw]).decode
_row = msgspec.json.Decoder(wire.Liquidation, strict=False).decode
_rows = msgspec.json.Decoder(list[wire.Liquidation], strict=False).decode


def past_rows(answer: bytes | msgspec.Raw) -> Iterable[wire.Liquidation]:
    """Rows of an answer, which come as they are or each in a list of its own.

    Raises:
        msgspec.DecodeError: something else.
    """
    for raw in _answer(answer):
        if bytes(raw)[1:].lstrip().startswith(b"["):
            yield from _rows(raw)
        else:
            yield _row(raw)


def backfill(venue_symbol: str, from_ns: int, to_ns: int) -> Query:
    """Liquidations of the gap, oldest first; the contract asked for makes no difference."""
    target = f"/v2/liquidations/hist?sort=1&limit={LIMIT}&start={from_ns // NS_PER_MS}&end={-(-to_ns // NS_PER_MS)}"
    return Query(venue_symbol, from_ns, to_ns, target)


def following(query: Query, body: bytes) -> Query | None:
    """After a full page. Its last millisecond is asked for again: ids tell its rows apart."""
    stamps_ns = [row.mts * NS_PER_MS for row in past_rows(body)]
    if len(stamps_ns) < LIMIT:
        return None
    # Should a page hold nothing but one millisecond, the rest of that cannot be asked for.
    from_ns = max(*stamps_ns, query.from_ns + NS_PER_MS)
    return backfill(query.venue_symbol, from_ns, query.to_ns) if from_ns < query.to_ns else None


REST = Rest(
    url="https://api-pub.bitfinex.com",
    weight_per_minute=1.5,
    backfill=backfill,
    following=following,
    is_whole_venue=True,
)
