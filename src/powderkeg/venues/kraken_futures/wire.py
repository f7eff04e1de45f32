"""What Kraken Futures sends: one flat message per trade, level or ticker, told apart by `feed`.

Source: Kraken docs, "Futures WebSocket", read 2026-11; older messages as captured ones show them, 2019 to 2023.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Millis, OrderSide
from powderkeg.venues.rest import Backfill

TradeType = Literal["fill", "liquidation", "termination", "assignment", "unwind", "block"]


class Trade(msgspec.Struct, tag_field="feed", tag="trade", gc=False):
    product_id: str
    side: OrderSide  # taker
    type: TradeType
    time: Millis
    qty: PositiveFloat  # US dollars on inverse contracts, else base
    price: PositiveFloat
    uid: str | None = None  # absent before 2019-08


class PastTrade(msgspec.Struct, gc=False):
    type: TradeType
    time: str  # ISO
    size: PositiveFloat  # US dollars on inverse contracts, else base
    price: PositiveFloat
    side: OrderSide | None = None  # taker
    uid: str | None = None


class TradesAnswer(msgspec.Struct):
    """The answer of REST `history`, in the frame of `venues.rest.backfill_frame`; it does not name the contract."""

    result: Literal["success"]
    history: list[PastTrade]


class Ticker(msgspec.Struct, tag_field="feed", tag="ticker", gc=False):
    product_id: str
    time: Millis | None = None
    markPrice: NonNegativeFloat | None = None
    index: NonNegativeFloat | None = None
    openInterest: NonNegativeFloat | None = None  # US dollars on inverse contracts, else base
    relative_funding_rate: FiniteFloat | None = None  # of the running period; `funding_rate` is absolute
    next_funding_rate_time: int | None = None  # ms; 0 where no funding is due


class Book(msgspec.Struct, tag_field="feed", tag="book", gc=False):
    """One level that changed; quantity 0 removes it."""

    product_id: str
    side: OrderSide
    seq: int
    price: PositiveFloat
    qty: NonNegativeFloat
    timestamp: Millis | None = None  # absent before 2019-08


class Level(msgspec.Struct, gc=False):
    price: PositiveFloat
    qty: NonNegativeFloat


class BookSnapshot(msgspec.Struct, tag_field="feed", tag="book_snapshot"):
    product_id: str
    seq: int
    bids: list[Level]
    asks: list[Level]
    timestamp: Millis | None = None


Message = Book | Trade | Ticker | BookSnapshot


class Outer(msgspec.Struct):
    """Any message, for what `Message` does not know; `event` marks a reply."""

    feed: str = ""
    event: str = ""
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


KNOWN_EVENTS = frozenset(
    {
        "info",
        "subscribed",
        "subscribed_failed",
        "unsubscribed",
        "unsubscribed_failed",
        "error",
        "alert",
        "challenge",
        "pong",
    }
)

IGNORED_FEEDS = frozenset(
    {
        "trade_snapshot",  # the last trades before subscribing: counted by whoever was there
        "ticker_lite",
        "heartbeat",
        "account_balances_and_margins",
        "account_log",
        "account_log_snapshot",
        "balances",
        "balances_snapshot",
        "fills",
        "fills_snapshot",
        "notifications_auth",
        "open_orders",
        "open_orders_snapshot",
        "open_orders_verbose",
        "open_orders_verbose_snapshot",
        "open_positions",
    }
)
"""Feeds that are known and carry nothing this package uses."""
