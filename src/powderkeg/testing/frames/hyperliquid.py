"""Frames of Hyperliquid perpetuals.

Quantities: base. There is no public liquidation channel: a liquidation is told only to who asks for a wallet's fills,
so `liquidations` builds the fills of the liquidated wallet itself. Source: Hyperliquid docs, "WebSocket
subscriptions", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from powderkeg.testing.frames.base import (
    BookChange,
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    maybe_text,
    text,
)

WALLET: Final = "0x" + "00" * 19 + "01"
"""A made-up address: the liquidated wallet of every fill."""

COUNTERPARTY: Final = "0x" + "00" * 19 + "02"


def _hash(serial: int) -> str:
    return f"0x{serial:064x}"


def _fill(row: ForcedOrder) -> Json:
    return {
        "coin": row.venue_symbol,
        "px": text(row.price),
        "sz": text(row.qty),
        "side": "A" if row.is_long else "B",
        "time": row.ts_ms,
        "startPosition": text(row.qty if row.is_long else -row.qty),
        "dir": "Close Long" if row.is_long else "Close Short",
        "closedPnl": "0.0",
        "hash": _hash(row.serial),
        "oid": row.serial,
        "crossed": True,
        "fee": "0.0",
        "tid": row.serial,
        "liquidation": {"liquidatedUser": WALLET, "markPx": text(row.second_price), "method": "market"},
        "feeToken": "USDC",
        "twapId": None,
    }


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`userFills` of the liquidated wallet."""
    return encode({"channel": "userFills", "data": {"user": WALLET, "fills": [_fill(row) for row in rows]}})


def replay(rows: Sequence[ForcedOrder]) -> bytes:
    """The first `userFills` message, which repeats the past and says so."""
    data = {"isSnapshot": True, "user": WALLET, "fills": [_fill(row) for row in rows]}
    return encode({"channel": "userFills", "data": data})


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`trades`: `side` is the aggressor's, B bought and A sold."""
    data = [
        {
            "coin": row.venue_symbol,
            "side": "B" if row.is_buy else "A",
            "px": text(row.price),
            "sz": text(row.qty),
            "time": row.ts_ms,
            "hash": _hash(row.serial),
            "tid": row.serial,
            "users": [WALLET, COUNTERPARTY],
        }
        for row in rows
    ]
    return encode({"channel": "trades", "data": data})


def context(state: MarketState) -> bytes:
    """`activeAssetCtx`, which carries no time."""
    fields = {
        "funding": maybe_text(state.funding_rate),
        "openInterest": maybe_text(state.open_interest),
        "oraclePx": maybe_text(state.index_price),
        "markPx": maybe_text(state.mark_price),
        "midPx": maybe_text(state.mark_price),
    }
    return encode({"channel": "activeAssetCtx", "data": {"coin": state.venue_symbol, "ctx": given(fields)}})


def book(change: BookChange) -> bytes:
    """`l2Book`: always whole."""
    sides = [
        [{"px": text(price), "sz": text(qty), "n": 1} for price, qty in rows] for rows in (change.bids, change.asks)
    ]
    data = {"coin": change.venue_symbol, "time": change.ts_ms, "levels": sides}
    return encode({"channel": "l2Book", "data": data})


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": context, "open_interest": context, "funding_rate": context},
    replay=replay,
    book=book,
)
