"""What Bitget sends, in two generations of one envelope.

The unified account API (v3) names streams by `topic` and `symbol` and shortens field names; the classic API (v2) has
`channel` and `instId`. Source: Bitget API docs, "UTA: WebSocket" and "Classic: Futures WebSocket", read 2026-11.
"""

from __future__ import annotations

import msgspec

from powderkeg.domain.units import PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeMillis, MaybeNonNegative, Millis, OrderSide


class Arg(msgspec.Struct):
    instType: str = ""
    topic: str = ""  # v3
    symbol: str = ""  # v3
    channel: str = ""  # v2
    instId: str = ""  # v2


class Envelope(msgspec.Struct):
    """Any message; replies carry `event`."""

    arg: Arg | None = None
    action: str = ""
    event: str = ""
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    ts: Millis | None = None


class LiquidationRow(msgspec.Struct, gc=False):
    """v3 `liquidation`: the largest of each position side, symbol and second."""

    symbol: str
    side: OrderSide  # side of the *position*: "buy" means a long was liquidated
    price: PositiveFloat
    amount: PositiveFloat  # quote units
    ts: Millis


class TradeRow(msgspec.Struct, gc=False):
    """v3 `publicTrade`."""

    i: str
    p: PositiveFloat
    v: PositiveFloat
    S: OrderSide  # taker
    T: Millis


class ClassicTradeRow(msgspec.Struct, gc=False):
    """v2 `trade`."""

    tradeId: str
    price: PositiveFloat
    size: PositiveFloat
    side: OrderSide  # taker
    ts: Millis


class TickerRow(msgspec.Struct, gc=False):
    """v3 and v2 `ticker`, which differ in the name of the open interest."""

    markPrice: MaybeNonNegative = None
    indexPrice: MaybeNonNegative = None
    fundingRate: MaybeFinite = None
    nextFundingTime: MaybeMillis = None
    openInterest: MaybeNonNegative = None  # v3, base
    holdingAmount: MaybeNonNegative = None  # v2, base
    ts: MaybeMillis = None  # v2


class BookRow(msgspec.Struct):
    """v3 (`a`, `b`) and v2 (`asks`, `bids`) order books."""

    ts: Millis
    a: list[Level] | None = None
    b: list[Level] | None = None
    asks: list[Level] | None = None
    bids: list[Level] | None = None
    seq: int | None = None
    pseq: int | None = None  # v3


IGNORED_TOPICS = frozenset({"kline", "rpi-books", "insurance-fund", "auction"})
IGNORED_PREFIXES = ("candle", "kline", "markPriceKline", "indexPriceKline")
RETIRED_TYPES = frozenset({"mc", "sp"})
"""Instrument types of the v1 API, switched off in 2024; its rows are arrays and are not read."""
