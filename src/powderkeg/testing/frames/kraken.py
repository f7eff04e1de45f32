"""Frames of Kraken Futures.

Quantities: US dollars on `PI_` and `FI_`, base on `PF_` contracts. Source: Kraken Futures WebSocket docs, feeds
`trade`, `trade_snapshot` and `ticker`, read 2026-11.
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
    maybe_number,
    number,
    uuid_like,
)


def _trade(row: ForcedOrder | PublicTrade, taker_side: str, kind: str) -> Json:
    return {
        "feed": "trade",
        "product_id": row.venue_symbol,
        "uid": uuid_like(row.serial),
        "side": taker_side,
        "type": kind,
        "seq": row.serial,
        "time": row.ts_ms,
        "qty": number(row.qty),
        "price": number(row.price),
    }


def _forced(row: ForcedOrder) -> Json:
    return _trade(row, "sell" if row.is_long else "buy", "liquidation")


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """A `trade` of type `liquidation`: `side` is the taker's, taken to be the liquidated account."""
    (row,) = rows
    return encode(_forced(row))


def replay(rows: Sequence[ForcedOrder]) -> bytes:
    """`trade_snapshot`: the last trades, sent on subscribing."""
    past = [_forced(row) for row in rows]
    return encode({"feed": "trade_snapshot", "product_id": rows[0].venue_symbol, "trades": past})


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """A `trade` of type `fill`."""
    (row,) = rows
    return encode(_trade(row, row.taker_side, "fill"))


def ticker(state: MarketState) -> bytes:
    """`ticker`: open interest in the unit of the contract's quantities, funding as a relative rate per hour."""
    message = {
        "time": state.ts_ms,
        "product_id": state.venue_symbol,
        "relative_funding_rate": maybe_number(state.funding_rate),
        "relative_funding_rate_prediction": maybe_number(state.funding_rate),
        "next_funding_rate_time": state.next_funding_ms,
        "feed": "ticker",
        "index": maybe_number(state.index_price),
        "last": maybe_number(state.mark_price),
        "suspended": False,
        "tag": "perpetual",
        "openInterest": maybe_number(state.open_interest),
        "markPrice": maybe_number(state.mark_price),
        "maturityTime": 0,
        "post_only": False,
    }
    return encode(given(message))


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": ticker, "open_interest": ticker, "funding_rate": ticker},
    replay=replay,
    is_single=True,
)
