"""Frames of OKX swaps and futures.

Quantities: contracts. Source: OKX API docs, "Public Data" WebSocket channels, read 2026-11.
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
    levels,
    maybe_text,
    text,
)

CONTRACT_BASE: Final = {"BTC": 0.01, "ETH": 0.1, "SOL": 1.0, "DOGE": 1000.0}
"""Base units per USDT-margined contract (ctVal). Source: OKX `GET /api/v5/public/instruments`, read 2026-11."""


def _family(inst_id: str) -> str:
    return "-".join(inst_id.split("-")[:2])


def _type(inst_id: str) -> str:
    return "SWAP" if inst_id.endswith("-SWAP") else "FUTURES"


def _push(channel: str, state: MarketState, fields: dict[str, Json]) -> bytes:
    row = {"instId": state.venue_symbol, "instType": _type(state.venue_symbol), **fields}
    return encode({"arg": {"channel": channel, "instId": state.venue_symbol}, "data": [given(row)]})


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`liquidation-orders`: orders of one contract share one `details` list; `side` is the order's."""
    details = [
        {
            "bkLoss": "0",
            "bkPx": text(row.price),
            "ccy": "",
            "posSide": row.position_side,
            "side": "sell" if row.is_long else "buy",
            "sz": text(row.qty),
            "ts": str(row.ts_ms),
        }
        for row in rows
    ]
    inst_id = rows[0].venue_symbol
    data = {
        "details": details,
        "instFamily": _family(inst_id),
        "instId": inst_id,
        "instType": _type(inst_id),
        "uly": _family(inst_id),
    }
    return encode({"arg": {"channel": "liquidation-orders", "instType": _type(inst_id)}, "data": [data]})


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`trades`: `side` is the taker's."""
    data = [
        {
            "instId": row.venue_symbol,
            "tradeId": str(row.serial),
            "px": text(row.price),
            "sz": text(row.qty),
            "side": row.taker_side,
            "ts": str(row.ts_ms),
            "count": "1",
        }
        for row in rows
    ]
    return encode({"arg": {"channel": "trades", "instId": rows[0].venue_symbol}, "data": data})


def mark_price(state: MarketState) -> bytes:
    """`mark-price`."""
    return _push("mark-price", state, {"markPx": maybe_text(state.mark_price), "ts": str(state.ts_ms)})


def open_interest(state: MarketState) -> bytes:
    """`open-interest`: contracts in `oi`, and base and US dollars where the contract's size is in `CONTRACT_BASE`."""
    base, quote, *_ = state.venue_symbol.split("-")
    contract_base = CONTRACT_BASE.get(base) if quote != "USD" else None
    in_base = None
    if contract_base is not None and state.open_interest is not None:
        in_base = round(state.open_interest * contract_base, 8)
    in_usd = None if in_base is None or state.mark_price is None else round(in_base * state.mark_price, 8)
    fields = {
        "oi": maybe_text(state.open_interest),
        "oiCcy": maybe_text(in_base),
        "oiUsd": maybe_text(in_usd),
        "ts": str(state.ts_ms),
    }
    return _push("open-interest", state, fields)


def funding_rate(state: MarketState) -> bytes:
    """`funding-rate`; `fundingTime` is when the running rate will be charged."""
    fields = {
        "fundingRate": maybe_text(state.funding_rate),
        "fundingTime": None if state.next_funding_ms is None else str(state.next_funding_ms),
        "nextFundingRate": "",
        "ts": str(state.ts_ms),
    }
    return _push("funding-rate", state, fields)


def book(change: BookChange) -> bytes:
    """`books`: a snapshot, then updates; a level is price, quantity, a retired field and the number of orders."""
    row = {
        "asks": levels(change.asks, "0", "1"),
        "bids": levels(change.bids, "0", "1"),
        "ts": str(change.ts_ms),
        "checksum": 0,
        "prevSeqId": -1 if change.is_snapshot else change.previous_id,
        "seqId": change.last_id,
    }
    arg = {"channel": "books", "instId": change.venue_symbol}
    return encode({"arg": arg, "action": "snapshot" if change.is_snapshot else "update", "data": [row]})


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": mark_price, "open_interest": open_interest, "funding_rate": funding_rate},
    replay=liquidations,
    book=book,
)
