"""Frames of Gate perpetual futures.

Quantities: contracts; the sign of `size` is the position's in liquidations and the taker's in trades. Source: Gate
"Futures WebSocket v4", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from powderkeg.testing.frames.base import (
    MS_PER_S,
    BookChange,
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    maybe_text,
    number,
    text,
)


def _update(channel: str, ts_ms: int, result: Json) -> bytes:
    envelope = {"time": ts_ms // MS_PER_S, "time_ms": ts_ms, "channel": channel, "event": "update"}
    return encode({**envelope, "result": result})


def _signed(contracts: float, *, is_positive: bool) -> int | str:
    """An integer, or the string decimal sent for contracts that trade in fractions."""
    signed = contracts if is_positive else -contracts
    whole = number(signed)
    return whole if isinstance(whole, int) else text(signed)


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`futures.public_liquidates`: positive `size` is a long position; `price` is the order's."""
    result = [
        {
            "price": text(row.price),
            "size": _signed(row.qty, is_positive=row.is_long),
            "time": row.ts_ms,
            "contract": row.venue_symbol,
        }
        for row in rows
    ]
    return _update("futures.public_liquidates", rows[-1].ts_ms, result)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`futures.trades`: positive `size` is a taker that bought."""
    result = [
        {
            "size": _signed(row.qty, is_positive=row.is_buy),
            "id": row.serial,
            "create_time": row.ts_ms // MS_PER_S,
            "create_time_ms": row.ts_ms,
            "price": text(row.price),
            "contract": row.venue_symbol,
        }
        for row in rows
    ]
    return _update("futures.trades", rows[-1].ts_ms, result)


def ticker(state: MarketState) -> bytes:
    """`futures.tickers`: `total_size` is the open interest in contracts."""
    row = {
        "contract": state.venue_symbol,
        "last": maybe_text(state.mark_price),
        "total_size": maybe_text(state.open_interest),
        "mark_price": maybe_text(state.mark_price),
        "funding_rate": maybe_text(state.funding_rate),
        "funding_rate_indicative": maybe_text(state.funding_rate),
        "index_price": maybe_text(state.index_price),
        "quanto_base_rate": "",
    }
    return _update("futures.tickers", state.ts_ms, [given(row)])


def contract_stats(venue_symbol: str, *, ts_ms: int, open_interest: float, long_usd: float, short_usd: float) -> bytes:
    """`futures.contract_stats` of one interval: the venue's own totals of what it liquidated.

    Args:
        venue_symbol: the contract.
        ts_ms: open of the interval.
        open_interest: contracts.
        long_usd: longs liquidated in the interval, US dollars.
        short_usd: shorts, likewise.
    """
    row = {
        "contract": venue_symbol,
        "time": ts_ms // MS_PER_S,
        "long_liq_usd": number(long_usd),
        "short_liq_usd": number(short_usd),
        "open_interest": number(open_interest),
    }
    return _update("futures.contract_stats", ts_ms, [row])


def book(change: BookChange) -> bytes:
    """`futures.order_book_update`: changes of the last 100 ms; the first one is `full`."""
    result = {
        "t": change.ts_ms,
        "full": True if change.is_snapshot else None,
        "s": change.venue_symbol,
        "U": change.first_id,
        "u": change.last_id,
        "b": [{"p": text(price), "s": number(qty)} for price, qty in change.bids],
        "a": [{"p": text(price), "s": number(qty)} for price, qty in change.asks],
    }
    return _update("futures.order_book_update", change.ts_ms, given(result))


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": ticker, "open_interest": ticker, "funding_rate": ticker},
    book=book,
)
