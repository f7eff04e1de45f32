"""What Lighter sends: one object a message, its type `subscribed/<channel>` or `update/<channel>`.

Source: Lighter API docs, "WebSocket reference", read 2026-11; the fields of trades as captured messages show them,
2026-04.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from powderkeg.domain.units import NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import MaybeFinite, MaybeMillis, MaybeNonNegative, Millis

MarketId = Annotated[int, msgspec.Meta(ge=0, lt=100_000)]


class TradeRow(msgspec.Struct, gc=False):
    trade_id: int
    type: Literal["trade", "buy", "sell", "liquidation", "deleverage", "market-settlement"]
    market_id: MarketId
    size: PositiveFloat  # base
    price: PositiveFloat
    is_maker_ask: bool  # the maker sold: the taker bought
    timestamp: Millis
    taker_position_size_before: MaybeFinite = None  # signed; left out where empty
    trade_id_str: str | None = None  # the id for readers that round integers; since 2026


class Envelope(msgspec.Struct):
    type: str = ""
    channel: str = ""
    timestamp: MaybeMillis = None
    trades: list[TradeRow] | msgspec.UnsetType | None = msgspec.UNSET
    liquidation_trades: list[TradeRow] | msgspec.UnsetType | None = msgspec.UNSET
    order_book: msgspec.Raw = msgspec.Raw()
    market_stats: msgspec.Raw = msgspec.Raw()
    error: object = msgspec.UNSET


class BookRow(msgspec.Struct, rename={"qty": "size"}, gc=False):
    price: PositiveFloat
    qty: NonNegativeFloat  # base; 0 removes the level


class Book(msgspec.Struct):
    """Whole on subscribing, then changes. `begin_nonce` is the `nonce` of the message before."""

    asks: list[BookRow]
    bids: list[BookRow]
    nonce: int | None = None
    begin_nonce: int | None = None


class Stats(msgspec.Struct, gc=False):
    market_id: MarketId
    index_price: MaybeNonNegative = None
    mark_price: MaybeNonNegative = None
    open_interest: MaybeNonNegative = None  # USDC, one side
    current_funding_rate: MaybeFinite = None  # estimate for the next full hour, in percent


class ListedMarket(msgspec.Struct):
    symbol: str
    market_id: MarketId


class Listing(msgspec.Struct):
    """`orderBooks` and `orderBookDetails`, which name their lists differently."""

    order_books: list[ListedMarket] = []
    order_book_details: list[ListedMarket] = []


CONVERSATION = frozenset({"connected", "ping", "pong", "subscribed", "unsubscribed", "shutdown"})
IGNORED_CHANNELS = frozenset({"spot_market_stats", "height", "ticker", "candle", "mark_price_candle"})
"""Channels that are documented and carry nothing this package uses."""
