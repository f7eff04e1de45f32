"""Frames of Deribit.

Quantities: US dollars on inverse contracts, base on linear ones. A liquidation is a trade with a flag. Source:
Deribit API v2 docs, `trades.{instrument}.{interval}` and `ticker.{instrument}.{interval}`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from powderkeg.testing.frames.base import (
    BookChange,
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    maybe_number,
    number,
)


def _push(channel: str, data: Json) -> bytes:
    params = {"channel": channel, "data": data}
    return encode({"jsonrpc": "2.0", "method": "subscription", "params": params})


def _trade(row: ForcedOrder | PublicTrade, direction: str, flag: str | None) -> Json:
    return given(
        {
            "trade_seq": row.serial,
            "trade_id": str(row.serial),
            "timestamp": row.ts_ms,
            "tick_direction": 3,
            "price": number(row.price),
            "mark_price": number(row.price),
            "liquidation": flag,
            "instrument_name": row.venue_symbol,
            "index_price": number(row.price),
            "direction": direction,
            "amount": number(row.qty),
        }
    )


def trade_rows(rows: Sequence[ForcedOrder], liquidated: Literal["T", "M", "MT"] = "T") -> list[Json]:
    """Flagged trades as the feed and `get_last_trades_by_instrument` list them; see `flagged`."""
    taker_sells = [row.is_long if liquidated != "M" else not row.is_long for row in rows]
    return [_trade(row, "sell" if sells else "buy", liquidated) for row, sells in zip(rows, taker_sells, strict=True)]


def flagged(rows: Sequence[ForcedOrder], liquidated: Literal["T", "M", "MT"]) -> bytes:
    """Liquidations in which the taker, the maker or both were under liquidation.

    `direction` is always the taker's, so a closed long is a taker that sold ("T") or a maker that sold to a taker that
    bought ("M"). "MT" closes a position on either side; `position_side` is then the taker's.
    """
    data = trade_rows(rows, liquidated)
    return _push(f"trades.{rows[0].venue_symbol}.100ms", data)


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """Trades whose taker was under liquidation, the usual case."""
    return flagged(rows, "T")


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """Trades without the flag."""
    return _push(f"trades.{rows[0].venue_symbol}.100ms", [_trade(row, row.taker_side, None) for row in rows])


def ticker(state: MarketState) -> bytes:
    """`ticker`: open interest in US dollars on inverse, in base on linear contracts."""
    data = {
        "timestamp": state.ts_ms,
        "state": "open",
        "open_interest": maybe_number(state.open_interest),
        "mark_price": maybe_number(state.mark_price),
        "last_price": maybe_number(state.mark_price),
        "instrument_name": state.venue_symbol,
        "index_price": maybe_number(state.index_price),
        "funding_8h": maybe_number(state.funding_rate),
        "current_funding": maybe_number(state.funding_rate),
    }
    return _push(f"ticker.{state.venue_symbol}.100ms", given(data))


def book(change: BookChange) -> bytes:
    """`book`: a snapshot, then changes chained by `prev_change_id`; a deleted level has amount 0."""

    def spelled(rows: Sequence[tuple[float, float]]) -> list[Json]:
        usual = "new" if change.is_snapshot else "change"
        return [[usual if qty else "delete", number(price), number(qty)] for price, qty in rows]

    data = {
        "type": "snapshot" if change.is_snapshot else "change",
        "timestamp": change.ts_ms,
        "prev_change_id": None if change.is_snapshot else change.previous_id,
        "instrument_name": change.venue_symbol,
        "change_id": change.last_id,
        "bids": spelled(change.bids),
        "asks": spelled(change.asks),
    }
    return _push(f"book.{change.venue_symbol}.100ms", given(data))


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": ticker, "open_interest": ticker, "funding_rate": ticker},
    book=book,
)
