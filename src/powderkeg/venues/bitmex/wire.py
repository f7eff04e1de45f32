"""What BitMEX sends: changes of tables, `{"table": ..., "action": ..., "data": [...]}`.

Source: BitMEX API docs, "WebSocket API", read 2026-11; older rows as captured messages show them, 2019 to 2022.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Level, OrderSideTitle

Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]

ACTIONS = frozenset({"partial", "insert", "update", "delete"})


class Envelope(msgspec.Struct):
    """Any message: a change of a table, or a reply, which has one of the last fields."""

    table: str = ""
    action: str = ""
    data: msgspec.Raw = msgspec.Raw()
    info: str | None = None
    error: str | None = None
    success: bool | None = None


class LiquidationRow(msgspec.Struct, gc=False):
    """An order that liquidates a position, as inserted. It has no time of its own."""

    orderID: str
    symbol: str
    side: OrderSideTitle  # of the order: "Buy" closes a short
    price: PositiveFloat  # the bankruptcy price
    leavesQty: PositiveFloat  # contracts


class TradeRow(msgspec.Struct, gc=False):
    """Indices print here too, with quantity 0 and no side."""

    timestamp: Instant
    symbol: str
    price: FiniteFloat
    size: NonNegativeFloat | None = None  # contracts
    side: Literal["Buy", "Sell", ""] | None = None  # taker
    trdMatchID: str | None = None
    homeNotional: NonNegativeFloat | None = None  # base
    foreignNotional: NonNegativeFloat | None = None  # quote
    trdType: Literal["Regular", "Referential", "Settlement"] = "Regular"  # since 2022


class InstrumentRow(msgspec.Struct, gc=False):
    """Updates hold only what changed."""

    symbol: str
    timestamp: Instant | None = None
    markPrice: FiniteFloat | None = None
    indicativeSettlePrice: FiniteFloat | None = None  # the index
    fundingRate: FiniteFloat | None = None
    fundingTimestamp: Instant | None = None
    fundingInterval: Instant | None = None  # a duration after 2000-01-01
    openInterest: NonNegativeFloat | None = None  # contracts


class FundingRow(msgspec.Struct, gc=False):
    """A rate that was paid."""

    symbol: str
    timestamp: Instant
    fundingRate: FiniteFloat
    fundingInterval: Instant | None = None


class Book10Row(msgspec.Struct):
    """The best ten levels of each side, whole each time."""

    symbol: str
    timestamp: Instant
    bids: list[Level] | None = None
    asks: list[Level] | None = None


class LevelRow(msgspec.Struct, gc=False):
    """One level of a whole book."""

    symbol: str
    side: OrderSideTitle
    price: PositiveFloat
    size: PositiveFloat
    timestamp: Instant | None = None


IGNORED_TABLES = frozenset(
    {
        "announcement",
        "chat",
        "connected",
        "insurance",
        "publicNotifications",
        "quote",
        "quoteBin1m",
        "quoteBin5m",
        "quoteBin1h",
        "quoteBin1d",
        "settlement",
        "tradeBin1m",
        "tradeBin5m",
        "tradeBin1h",
        "tradeBin1d",
        "affiliate",
        "execution",
        "margin",
        "order",
        "position",
        "privateNotifications",
        "transact",
        "wallet",
    }
)
"""Tables that are known and carry nothing this package uses."""
