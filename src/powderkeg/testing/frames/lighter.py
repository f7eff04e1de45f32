"""Frames of Lighter.

Quantities: base; open interest in USDC. Contracts are named by a market number, so `venue_symbol` is that number: "1"
is BTC. Source: Lighter API docs, WebSocket channels `trade` and `market_stats`, read 2026-11.
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
    maybe_text,
    text,
)


def _trade(row: ForcedOrder | PublicTrade, kind: str, *, taker_buys: bool, taker_position: float) -> Json:
    return {
        "trade_id": row.serial,
        "trade_id_str": str(row.serial),
        "tx_hash": f"{row.serial:080x}",
        "type": kind,
        "market_id": int(row.venue_symbol),
        "size": text(row.qty),
        "price": text(row.price),
        "usd_amount": text(round(row.qty * row.price, 6)),
        "ask_id": 2 * row.serial,
        "bid_id": 2 * row.serial + 1,
        "ask_account_id": 1,
        "bid_account_id": 2,
        "is_maker_ask": taker_buys,
        "block_height": row.serial,
        "timestamp": row.ts_ms,
        "taker_position_size_before": text(taker_position),
        "maker_position_size_before": "0",
        "transaction_time": row.ts_ms * 1_000,
    }


def _message(kind: str, venue_symbol: str, trades: list[Json], forced: list[Json]) -> bytes:
    channel = f"trade:{venue_symbol}"
    return encode({"type": kind, "channel": channel, "nonce": 1, "trades": trades, "liquidation_trades": forced})


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`liquidation_trades`: the taker is the liquidated account, its position before the trade tells which side."""
    forced = [
        _trade(row, "liquidation", taker_buys=not row.is_long, taker_position=row.qty if row.is_long else -row.qty)
        for row in rows
    ]
    return _message("update/trade", rows[0].venue_symbol, [], forced)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`trades`: the taker bought where the maker asked."""
    ordinary = [_trade(row, "trade", taker_buys=row.is_buy, taker_position=0.0) for row in rows]
    return _message("update/trade", rows[0].venue_symbol, ordinary, [])


def stats(state: MarketState) -> bytes:
    """`market_stats`: open interest in USDC, funding in percent."""
    in_percent = None if state.funding_rate is None else round(state.funding_rate * 100, 12)
    fields = {
        "market_id": int(state.venue_symbol),
        "index_price": maybe_text(state.index_price),
        "mark_price": maybe_text(state.mark_price),
        "open_interest": maybe_text(state.open_interest),
        "last_trade_price": maybe_text(state.mark_price),
        "current_funding_rate": maybe_text(in_percent),
        "funding_rate": maybe_text(in_percent),
        "funding_timestamp": state.next_funding_ms,
    }
    channel = f"market_stats:{state.venue_symbol}"
    message = {"channel": channel, "market_stats": given(fields), "timestamp": state.ts_ms}
    return encode({**message, "type": "update/market_stats"})


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": stats, "open_interest": stats, "funding_rate": stats},
)
