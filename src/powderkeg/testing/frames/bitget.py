"""Frames of Bitget futures, unified account (v3).

Quantities: **quote currency** in liquidations, base in trades and open interest. Source: Bitget UTA docs, WebSocket
"Public" channels, read 2026-11; that `amount` is quote notional follows from recorded messages (amount / price is a
round lot).
"""

from __future__ import annotations

from collections.abc import Sequence

from powderkeg.testing.frames.base import (
    PUSH_DELAY_MS,
    BookChange,
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    levels,
    maybe_text,
    text,
)


def _product(venue_symbol: str) -> str:
    if venue_symbol.endswith("USDT"):
        return "usdt-futures"
    return "usdc-futures" if venue_symbol.endswith(("USDC", "PERP")) else "coin-futures"


def _push(action: str, arg: Json, data: list[Json], ts_ms: int) -> bytes:
    return encode({"action": action, "arg": arg, "data": data, "ts": ts_ms + PUSH_DELAY_MS})


def _liquidations(action: str, rows: Sequence[ForcedOrder]) -> bytes:
    data = [
        {
            "symbol": row.venue_symbol,
            "side": "buy" if row.is_long else "sell",
            "price": text(row.price),
            "amount": text(row.qty),
            "ts": str(row.ts_ms),
        }
        for row in rows
    ]
    arg = {"instType": _product(rows[0].venue_symbol), "topic": "liquidation"}
    return _push(action, arg, data, rows[-1].ts_ms)


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`liquidation`: `side` is the position's, `amount` its worth in quote currency."""
    return _liquidations("update", rows)


def replay(rows: Sequence[ForcedOrder]) -> bytes:
    """A `snapshot`, which repeats what was pushed before."""
    return _liquidations("snapshot", rows)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`publicTrade`: `S` is the taker's side."""
    return _trades("update", rows)


def _trades(action: str, rows: Sequence[PublicTrade]) -> bytes:
    data = [
        {
            "i": str(row.serial),
            "p": text(row.price),
            "v": text(row.qty),
            "S": row.taker_side,
            "T": str(row.ts_ms),
            "L": str(row.serial + 1),
            "isRPI": "no",
        }
        for row in rows
    ]
    symbol = rows[0].venue_symbol
    arg = {"instType": _product(symbol), "topic": "publicTrade", "symbol": symbol}
    return _push(action, arg, data, rows[-1].ts_ms)


def ticker(state: MarketState) -> bytes:
    """`ticker`."""
    row = {
        "lastPrice": maybe_text(state.mark_price),
        "indexPrice": maybe_text(state.index_price),
        "markPrice": maybe_text(state.mark_price),
        "fundingRate": maybe_text(state.funding_rate),
        "openInterest": maybe_text(state.open_interest),
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryStatus": "",
        "nextFundingTime": None if state.next_funding_ms is None else str(state.next_funding_ms),
    }
    arg = {"instType": _product(state.venue_symbol), "topic": "ticker", "symbol": state.venue_symbol}
    return _push("snapshot", arg, [given(row)], state.ts_ms - PUSH_DELAY_MS)


def past_trades(rows: Sequence[PublicTrade]) -> bytes:
    """The `publicTrade` message sent on subscribing: a `snapshot` of what was traded before."""
    return _trades("snapshot", rows)


def book(change: BookChange) -> bytes:
    """`books`: a snapshot, then updates chained by `pseq`."""
    row = {
        "a": levels(change.asks),
        "b": levels(change.bids),
        "checksum": 0,
        "seq": change.last_id,
        "pseq": 0 if change.is_snapshot else change.previous_id,
        "ts": str(change.ts_ms),
    }
    arg = {"instType": _product(change.venue_symbol), "topic": "books", "symbol": change.venue_symbol}
    return _push("snapshot" if change.is_snapshot else "update", arg, [row], change.ts_ms)


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": ticker, "open_interest": ticker, "funding_rate": ticker},
    replay=replay,
    book=book,
)
