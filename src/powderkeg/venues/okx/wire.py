"""What OKX sends: `{"arg": {"channel": ...}, "data": [...]}`, and replies with an `event`.

Source: OKX API v5 docs, "Public Data" and "Order Book Trading" WebSocket channels, read 2026-11.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeMillis, MaybeNonNegative, Millis, OrderSide
from powderkeg.venues.rest import Backfill


class Arg(msgspec.Struct):
    channel: str
    instId: str = ""
    instType: str = ""


class Envelope(msgspec.Struct):
    """Any message; `table` is the v3 API, switched off in 2022."""

    arg: Arg | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    action: str = ""
    event: str = ""
    table: str = ""
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class LiquidationDetail(msgspec.Struct, gc=False):
    side: OrderSide  # of the order
    posSide: Literal["long", "short", "net", ""]  # of the position, in hedge mode
    sz: PositiveFloat  # contracts on swaps and futures
    bkPx: PositiveFloat
    ts: Millis


class LiquidationRow(msgspec.Struct):
    """`liquidation-orders`: one instrument with one or more orders."""

    instId: str
    details: list[LiquidationDetail]


class LiquidationAnswer(msgspec.Struct):
    """The answer of REST `liquidation-orders`, in the frame of `venues.rest.backfill_frame`."""

    code: Literal["0"]
    data: list[LiquidationRow]


class TradeRow(msgspec.Struct, gc=False):
    instId: str
    tradeId: str
    px: PositiveFloat
    sz: PositiveFloat
    side: OrderSide  # taker
    ts: Millis


class MarkPriceRow(msgspec.Struct, gc=False):
    instId: str
    markPx: PositiveFloat
    ts: Millis


class IndexRow(msgspec.Struct, gc=False):
    instId: str  # the index, `BTC-USDT`
    idxPx: PositiveFloat
    ts: Millis


class FundingRow(msgspec.Struct, gc=False):
    instId: str
    fundingRate: MaybeFinite = None  # for the settlement at fundingTime; missing on contracts just listed
    fundingTime: MaybeMillis = None
    nextFundingTime: MaybeMillis = None  # the settlement after that one
    ts: MaybeMillis = None  # missing before 2023


class InterestRow(msgspec.Struct, gc=False):
    instId: str
    oi: MaybeNonNegative  # contracts
    ts: Millis
    oiCcy: MaybeNonNegative = None  # base
    oiUsd: MaybeNonNegative = None


class BookRow(msgspec.Struct):
    asks: list[Level]
    bids: list[Level]
    ts: Millis
    seqId: int | None = None  # missing before 2022
    prevSeqId: int | None = None


IGNORED_CHANNELS = frozenset(
    {
        "tickers",
        "instruments",
        "status",
        "estimated-price",
        "price-limit",
        "opt-summary",
        "option-trades",
        "adl-warning",
        "economic-calendar",
        "call-auction-details",
        "books-elp",
        "books-elp-all",
    }
)
"""Channels that are known and carry nothing this package uses."""

IGNORED_PREFIXES = ("candle", "mark-price-candle", "index-candle", "sprd-")
