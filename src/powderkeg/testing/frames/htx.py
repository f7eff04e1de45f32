"""Frames of HTX swaps and futures, before the gzip in which HTX sends them (see `gzipped`).

Quantities: contracts, in trades those of both sides added. Source: HTX "USDT-margined / coin-margined swaps" WebSocket
docs, read 2026-11.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Final

from powderkeg.testing.frames.base import (
    PUSH_DELAY_MS,
    ForcedOrder,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    given,
    maybe_number,
    number,
    text,
)

CONTRACT_BASE: Final = {"BTC-USDT": 0.001, "ETH-USDT": 0.01}
"""Base units per contract. Source: HTX `GET /linear-swap-api/v1/swap_contract_info`, `contract_size`, read 2026-11."""


def gzipped(frame: bytes) -> bytes:
    """The frame as it crosses the wire."""
    return gzip.compress(frame, mtime=0)


def _base(contract_code: str, contracts: float) -> float | None:
    """Base units; None on coin-margined contracts, whose messages lack them, and where the size is not known here."""
    size = CONTRACT_BASE.get(contract_code)
    return None if size is None else round(contracts * size, 12)


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`public.*.liquidation_orders`: `direction` is the order's side, `price` the bankruptcy price."""
    data = [
        given(
            {
                "symbol": row.venue_symbol.partition("-")[0],
                "contract_code": row.venue_symbol,
                "direction": "sell" if row.is_long else "buy",
                "offset": "close",
                "volume": number(row.qty),
                "price": number(row.price),
                "created_at": row.ts_ms,
                "amount": _base(row.venue_symbol, row.qty),
                "trade_turnover": _turnover(row.venue_symbol, row.qty, row.price),
            }
        )
        for row in rows
    ]
    topic = f"public.{rows[0].venue_symbol}.liquidation_orders"
    return encode({"op": "notify", "topic": topic, "ts": rows[-1].ts_ms + PUSH_DELAY_MS, "data": data})


def _turnover(contract_code: str, contracts: float, price: float) -> float | None:
    base = _base(contract_code, contracts)
    return None if base is None else round(base * price, 8)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`market.*.trade.detail`: `amount` in contracts, `quantity` in base.

    HTX adds up what buyer and seller traded, so `qty` is twice the contracts that changed hands.
    """
    ts_ms = rows[-1].ts_ms
    data = [
        given(
            {
                "amount": number(row.qty),
                "quantity": _base(row.venue_symbol, row.qty),
                "trade_turnover": _turnover(row.venue_symbol, row.qty, row.price),
                "ts": row.ts_ms,
                "id": row.serial,
                "price": number(row.price),
                "direction": row.taker_side,
            }
        )
        for row in rows
    ]
    channel = f"market.{rows[0].venue_symbol}.trade.detail"
    tick = {"id": rows[-1].serial, "ts": ts_ms, "data": data}
    return encode({"ch": channel, "ts": ts_ms + PUSH_DELAY_MS, "tick": tick})


def funding_rate(state: MarketState) -> bytes:
    """`public.*.funding_rate`, pushed once a minute: `funding_rate` will be charged at `settlement_time`."""
    row = {
        "symbol": state.venue_symbol.partition("-")[0],
        "contract_code": state.venue_symbol,
        "fee_asset": state.venue_symbol.rpartition("-")[2],
        "funding_time": str(state.next_funding_ms or state.ts_ms),
        "funding_rate": text(state.funding_rate or 0.0),
        "estimated_rate": None,
        "settlement_time": str(state.next_funding_ms or state.ts_ms),
    }
    topic = f"public.{state.venue_symbol}.funding_rate"
    return encode({"op": "notify", "topic": topic, "ts": state.ts_ms, "data": [row]})


def open_interest(state: MarketState) -> bytes:
    """The answer of REST `swap_open_interest`, wrapped as a channel the way recordings keep it."""
    contracts = state.open_interest or 0.0
    in_base = _base(state.venue_symbol, contracts)
    row = {
        "volume": number(contracts),
        "amount": maybe_number(in_base),
        "symbol": state.venue_symbol.partition("-")[0],
        "value": None if state.mark_price is None else _turnover(state.venue_symbol, contracts, state.mark_price),
        "contract_code": state.venue_symbol,
    }
    channel = f"market.{state.venue_symbol}.open_interest"
    return encode({"ch": channel, "generated": True, "data": [given(row)], "ts": state.ts_ms})


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"open_interest": open_interest, "funding_rate": funding_rate},
)
