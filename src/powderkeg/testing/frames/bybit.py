"""Frames of Bybit linear and inverse contracts.

Quantities: base on linear, US dollars on inverse contracts. Source: Bybit v5 docs, "WebSocket Stream: Public", read
2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from powderkeg.testing.frames.base import (
    PUSH_DELAY_MS,
    BookChange,
    ForcedOrder,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    levels,
    maybe_text,
    text,
    uuid_like,
)


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`allLiquidation`: `S` is the side of the *position*, `p` the bankruptcy price."""
    data = [
        {
            "T": row.ts_ms,
            "s": row.venue_symbol,
            "S": "Buy" if row.is_long else "Sell",
            "v": text(row.qty),
            "p": text(row.price),
        }
        for row in rows
    ]
    topic = f"allLiquidation.{rows[0].venue_symbol}"
    return encode({"topic": topic, "type": "snapshot", "ts": rows[-1].ts_ms + PUSH_DELAY_MS, "data": data})


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`publicTrade`: `S` is the side of the taker."""
    data = [
        {
            "T": row.ts_ms,
            "s": row.venue_symbol,
            "S": "Buy" if row.is_buy else "Sell",
            "v": text(row.qty),
            "p": text(row.price),
            "L": "PlusTick",
            "i": uuid_like(row.serial),
            "BT": False,
        }
        for row in rows
    ]
    topic = f"publicTrade.{rows[0].venue_symbol}"
    return encode({"topic": topic, "type": "snapshot", "ts": rows[-1].ts_ms + PUSH_DELAY_MS, "data": data})


def ticker(state: MarketState) -> bytes:
    """A delta of `tickers`: what is not told has not changed."""
    is_linear = not state.venue_symbol.endswith("USD")
    worth = None
    if state.open_interest is not None and state.mark_price is not None:
        worth = state.open_interest * state.mark_price if is_linear else state.open_interest / state.mark_price
    data = {
        "symbol": state.venue_symbol,
        "markPrice": maybe_text(state.mark_price),
        "indexPrice": maybe_text(state.index_price),
        "openInterest": maybe_text(state.open_interest),
        "openInterestValue": maybe_text(None if worth is None else round(worth, 8)),
        "fundingRate": maybe_text(state.funding_rate),
        "nextFundingTime": None if state.next_funding_ms is None else str(state.next_funding_ms),
    }
    topic = f"tickers.{state.venue_symbol}"
    return encode({"topic": topic, "type": "delta", "data": given(data), "cs": state.ts_ms, "ts": state.ts_ms})


def book(change: BookChange) -> bytes:
    """`orderbook.50`: a snapshot, then deltas; `cts` is the matching engine's time."""
    data = {
        "s": change.venue_symbol,
        "b": levels(change.bids),
        "a": levels(change.asks),
        "u": change.last_id,
        "seq": change.last_id,
    }
    return encode(
        {
            "topic": f"orderbook.50.{change.venue_symbol}",
            "type": "snapshot" if change.is_snapshot else "delta",
            "ts": change.ts_ms + PUSH_DELAY_MS,
            "data": data,
            "cts": change.ts_ms,
        }
    )


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": ticker, "open_interest": ticker, "funding_rate": ticker},
    book=book,
)
