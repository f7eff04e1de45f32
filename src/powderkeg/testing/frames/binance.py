"""Frames of Binance USD-M and COIN-M futures, as combined streams send them.

Quantities: base on USD-M, contracts on COIN-M (100 USD on BTC, 10 USD on others). Source: Binance developer docs,
"Websocket Market Streams" of both products, read 2026-11.
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


def _is_coin_margined(venue_symbol: str) -> bool:
    return venue_symbol.partition("_")[0].endswith("USD")


def _pair(venue_symbol: str) -> str | None:
    """COIN-M messages name the pair too."""
    return venue_symbol.partition("_")[0] if _is_coin_margined(venue_symbol) else None


def _stream(venue_symbol: str, channel: str, message: Json, **envelope: Json) -> bytes:
    return encode({"stream": f"{venue_symbol.lower()}@{channel}", **envelope, "data": message})


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`forceOrder`: `S` is the side of the order, `ap` the average fill, `p` the limit (`reference_price`)."""
    (row,) = rows
    order = {
        "s": row.venue_symbol,
        "ps": _pair(row.venue_symbol),
        "S": "SELL" if row.is_long else "BUY",
        "o": "LIMIT",
        "f": "IOC",
        "q": text(row.qty),
        "p": text(row.second_price),
        "ap": text(row.price),
        "X": "FILLED",
        "l": text(row.qty),
        "z": text(row.qty),
        "T": row.ts_ms,
    }
    return _stream(
        row.venue_symbol, "forceOrder", {"e": "forceOrder", "E": row.ts_ms + PUSH_DELAY_MS, "o": given(order)}
    )


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`aggTrade`: `m` says the buyer was the maker."""
    (row,) = rows
    message = {
        "e": "aggTrade",
        "E": row.ts_ms + PUSH_DELAY_MS,
        "a": row.serial,
        "s": row.venue_symbol,
        "p": text(row.price),
        "q": text(row.qty),
        "f": row.serial,
        "l": row.serial,
        "T": row.ts_ms,
        "m": not row.is_buy,
    }
    return _stream(row.venue_symbol, "aggTrade", message)


def mark_price(state: MarketState) -> bytes:
    """`markPriceUpdate`, which also carries index price and funding on perpetuals."""
    message = {
        "e": "markPriceUpdate",
        "E": state.ts_ms,
        "s": state.venue_symbol,
        "p": maybe_text(state.mark_price),
        "i": maybe_text(state.index_price),
        "r": maybe_text(state.funding_rate),
        "T": state.next_funding_ms,
    }
    return _stream(state.venue_symbol, "markPrice@1s", given(message))


def open_interest(state: MarketState) -> bytes:
    """The answer of REST `openInterest`, wrapped as a stream the way recordings keep it: no stream carries it."""
    message = {
        "symbol": state.venue_symbol,
        "pair": _pair(state.venue_symbol),
        "openInterest": maybe_text(state.open_interest),
        "time": state.ts_ms,
    }
    return _stream(state.venue_symbol, "openInterest", given(message), generated=True)


def book(change: BookChange) -> bytes:
    """`depthUpdate` of `@depth@100ms`: changes only; a whole book is asked for over REST."""
    message = {
        "e": "depthUpdate",
        "E": change.ts_ms + PUSH_DELAY_MS,
        "T": change.ts_ms,
        "s": change.venue_symbol,
        "ps": _pair(change.venue_symbol),
        "U": change.first_id,
        "u": change.last_id,
        "pu": change.previous_id,
        "b": levels(change.bids),
        "a": levels(change.asks),
    }
    return _stream(change.venue_symbol, "depth@100ms", given(message))


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": mark_price, "open_interest": open_interest, "funding_rate": mark_price},
    is_single=True,
    book=book,
)
