"""Frames of dYdX v4, as its indexer sends them.

Quantities: base. A liquidation is a trade of type LIQUIDATED. There is an oracle price and no mark price; the oracle
price comes without a time of its own in `v4_markets`. Source: dYdX indexer WebSocket docs, `v4_trades` and
`v4_markets`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from powderkeg.testing.frames.base import (
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    iso,
    maybe_text,
    text,
    uuid_like,
)


def _message(kind: str, channel: str, contents: Json, **extra: Json) -> bytes:
    head = {"type": kind, "connection_id": uuid_like(1), "message_id": 2, "channel": channel}
    return encode({**head, **extra, "contents": contents})


def _trade(row: ForcedOrder | PublicTrade, taker_side: str, kind: str) -> Json:
    return {
        "id": f"{row.serial:024x}",
        "side": taker_side,
        "size": text(row.qty),
        "price": text(row.price),
        "type": kind,
        "createdAt": iso(row.ts_ms),
    }


def _forced(rows: Sequence[ForcedOrder]) -> Json:
    return {"trades": [_trade(row, "SELL" if row.is_long else "BUY", "LIQUIDATED") for row in rows]}


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`v4_trades`: `side` is the taker's, which is the liquidated account."""
    return _message("channel_data", "v4_trades", _forced(rows), id=rows[0].venue_symbol, version="2.1.0")


def replay(rows: Sequence[ForcedOrder]) -> bytes:
    """`subscribed`, which carries the last trades."""
    return _message("subscribed", "v4_trades", _forced(rows), id=rows[0].venue_symbol)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`v4_trades` of type LIMIT."""
    contents = {"trades": [_trade(row, row.taker_side.upper(), "LIMIT") for row in rows]}
    return _message("channel_data", "v4_trades", contents, id=rows[0].venue_symbol, version="2.1.0")


def market(state: MarketState) -> bytes:
    """`v4_markets`: open interest in base, the rate of the next funding."""
    fields = {
        "id": "0",
        "openInterest": maybe_text(state.open_interest),
        "nextFundingRate": maybe_text(state.funding_rate),
    }
    contents = {"trading": {state.venue_symbol: given(fields)}}
    return _message("channel_data", "v4_markets", contents, version="1.0.0")


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"open_interest": market, "funding_rate": market},
    replay=replay,
)
