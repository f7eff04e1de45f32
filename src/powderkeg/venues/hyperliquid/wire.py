"""What Hyperliquid sends: `{"channel": ..., "data": ...}`, numbers as strings.

Source: Hyperliquid docs, "WebSocket: Subscriptions", read 2026-11.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Millis

BookSide = Literal["A", "B"]  # ask or bid: the side of the order, of a trade the taker's


class TradeRow(msgspec.Struct, gc=False):
    coin: str
    side: BookSide  # taker: A sold, B bought
    px: PositiveFloat
    sz: PositiveFloat  # base
    time: Millis
    tid: int | None = None


class Trades(msgspec.Struct, tag_field="channel", tag="trades"):
    data: list[TradeRow]


class Level(msgspec.Struct, rename={"price": "px", "qty": "sz"}, gc=False):
    price: PositiveFloat
    qty: NonNegativeFloat


class BookData(msgspec.Struct):
    coin: str
    time: Millis
    levels: tuple[list[Level], list[Level]]  # bids, asks


class Book(msgspec.Struct, tag_field="channel", tag="l2Book"):
    data: BookData


class Context(msgspec.Struct, gc=False):
    """State of one perpetual; prices are 0 where a coin is no longer listed."""

    funding: FiniteFloat  # for the running hour
    openInterest: NonNegativeFloat  # base
    markPx: NonNegativeFloat
    oraclePx: NonNegativeFloat


class AssetContextData(msgspec.Struct):
    coin: str
    ctx: Context


class AssetContext(msgspec.Struct, tag_field="channel", tag="activeAssetCtx"):
    data: AssetContextData


class LiquidationNote(msgspec.Struct, gc=False):
    """Stands in the fills of both parties."""

    liquidatedUser: str
    method: str  # "market" | "backstop"
    markPx: NonNegativeFloat | None = None  # not used, only checked


class Fill(msgspec.Struct):
    coin: str
    side: BookSide  # of the account whose fill this is
    px: PositiveFloat
    sz: PositiveFloat
    time: Millis
    tid: int
    crossed: bool  # this account was the taker
    dir: str
    liquidation: LiquidationNote | None = None


class UserFillsData(msgspec.Struct):
    user: str
    fills: list[Fill]
    isSnapshot: bool = False


class UserFills(msgspec.Struct, tag_field="channel", tag="userFills"):
    data: UserFillsData


class UserEventsData(msgspec.Struct):
    """Holds one kind of event; only fills matter here, and the account is not named."""

    fills: list[Fill] = []


class UserEvents(msgspec.Struct, tag_field="channel", tag="user"):
    data: UserEventsData


Message = Trades | Book | AssetContext | UserFills | UserEvents


class Outer(msgspec.Struct):
    """Any message, for what `Message` does not know."""

    channel: str


IGNORED_CHANNELS = frozenset(
    {
        "subscriptionResponse",
        "pong",
        "error",
        "post",
        "notification",
        "allMids",
        "bbo",
        "candle",
        "activeSpotAssetCtx",
        "allDexsAssetCtxs",  # contexts by position in each exchange's listing, without names
        "allDexsClearinghouseState",
        "activeAssetData",
        "assetCtxs",
        "spotAssetCtxs",
        "outcomeMetaUpdates",
        "clearinghouseState",
        "spotState",
        "openOrders",
        "orderUpdates",
        "userFundings",
        "userHistoricalOrders",
        "userNonFundingLedgerUpdates",
        "userTwapHistory",
        "userTwapSliceFills",
        "twapStates",
        "explorerBlock",
        "explorerTxs",
        "fastAssetCtxs",
        "webData2",
        "webData3",
    }
)
"""Channels that are known and carry nothing this package uses."""
