"""Frames of BitMEX.

Quantities: contracts. Liquidations carry no time of their own. Source: BitMEX WebSocket API docs, tables
`liquidation`, `trade` and `instrument`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from powderkeg.testing.frames.base import (
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    iso,
    maybe_number,
    number,
    uuid_like,
)

CONTRACT_BASE: Final = {"XBTUSDT": 1e-6}
"""Base units per linear contract. Source: BitMEX `GET /instrument`, underlyingToPositionMultiplier, read 2026-11."""


def _table(table: str, action: str, data: list[Json], **extra: Json) -> bytes:
    return encode({"table": table, "action": action, **extra, "data": data})


def _order(row: ForcedOrder) -> Json:
    return {
        "orderID": uuid_like(row.serial),
        "symbol": row.venue_symbol,
        "side": "Sell" if row.is_long else "Buy",
        "price": number(row.price),
        "leavesQty": number(row.qty),
    }


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """Orders entering the table of live liquidation orders; `side` is the order's."""
    return _table("liquidation", "insert", [_order(row) for row in rows])


def replay(rows: Sequence[ForcedOrder]) -> bytes:
    """The `partial` sent on subscribing: orders that are open already."""
    return _table("liquidation", "partial", [_order(row) for row in rows], keys=["orderID"], filter={})


def closing(rows: Sequence[ForcedOrder]) -> tuple[bytes, bytes]:
    """An update of the orders' open quantity, then their removal: neither is a new liquidation."""
    updates = [{"orderID": uuid_like(row.serial), "symbol": row.venue_symbol, "leavesQty": 1} for row in rows]
    deletes = [{"orderID": uuid_like(row.serial), "symbol": row.venue_symbol} for row in rows]
    return _table("liquidation", "update", updates), _table("liquidation", "delete", deletes)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`trade`: `side` is the taker's; notionals are told for the contracts of `CONTRACT_BASE` and for XBTUSD."""
    data = [
        given(
            {
                "timestamp": iso(row.ts_ms),
                "symbol": row.venue_symbol,
                "side": "Buy" if row.is_buy else "Sell",
                "size": number(row.qty),
                "price": number(row.price),
                "tickDirection": "PlusTick",
                "trdMatchID": uuid_like(row.serial),
                **_notionals(row),
                "trdType": "Regular",
            }
        )
        for row in rows
    ]
    return _table("trade", "insert", data)


def _notionals(row: PublicTrade) -> dict[str, Json]:
    """Base and quote worth; on XBTUSD a contract is one US dollar."""
    if row.venue_symbol == "XBTUSD" and row.price:
        return {"homeNotional": row.qty / row.price, "foreignNotional": number(row.qty)}
    size = CONTRACT_BASE.get(row.venue_symbol)
    return {} if size is None else {"homeNotional": row.qty * size, "foreignNotional": row.qty * size * row.price}


def instrument(state: MarketState) -> bytes:
    """An update of `instrument`: what is not told has not changed."""
    row = {
        "symbol": state.venue_symbol,
        "markPrice": maybe_number(state.mark_price),
        "indicativeSettlePrice": maybe_number(state.index_price),
        "openInterest": maybe_number(state.open_interest),
        "fundingRate": maybe_number(state.funding_rate),
        "fundingTimestamp": None if state.next_funding_ms is None else iso(state.next_funding_ms),
        "timestamp": iso(state.ts_ms),
    }
    return _table("instrument", "update", [given(row)])


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": instrument, "open_interest": instrument, "funding_rate": instrument},
    replay=replay,
)
