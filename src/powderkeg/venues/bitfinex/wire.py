"""What Bitfinex sends: objects for conversation, arrays for data.

Fields of an array have a place and no name, and new ones are only appended. Source: Bitfinex API v2 docs, "Status",
"Trades" and "Books" (public WebSocket channels), read 2026-11.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Millis
from powderkeg.venues.rest import Backfill

Count = Annotated[int, msgspec.Meta(ge=0, lt=1_000_000_000)]


class Conversation(msgspec.Struct):
    """Any object; backfill frames have no event."""

    event: Literal["info", "subscribed", "unsubscribed", "conf", "error", "pong", "auth"] | None = None
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class Liquidation(msgspec.Struct, array_like=True, gc=False):
    """A row of `liq:global`."""

    kind: Literal["pos"]
    position_id: int
    mts: Millis
    placeholder_3: object
    symbol: str
    amount: FiniteFloat  # base; the sign is that of the position: above 0 a long
    base_price: PositiveFloat | None  # the user's entry price
    placeholder_7: object
    is_match: Literal[0, 1]  # 0 the position is taken over, 1 a market execution of it
    is_market_sold: Literal[0, 1] | None
    placeholder_10: object = None
    price_acquired: PositiveFloat | None = None  # at which the position was taken over


class Trade(msgspec.Struct, array_like=True, gc=False):
    trade_id: int
    mts: Millis
    amount: FiniteFloat  # base; above 0 the taker bought
    price: PositiveFloat


class Status(msgspec.Struct, array_like=True, gc=False):
    """Derivatives status; the earliest messages end after `current_funding`."""

    mts: Millis
    placeholder_1: object
    deriv_price: NonNegativeFloat | None
    spot_price: NonNegativeFloat | None
    placeholder_4: object
    insurance_fund: FiniteFloat | None
    placeholder_6: object
    next_funding_ms: int | None
    next_funding_accrued: FiniteFloat | None  # grows from 0 during the period
    next_funding_step: int | None
    placeholder_10: object = None
    current_funding: FiniteFloat | None = None  # applied in the current period of 8 hours
    placeholder_12: object = None
    placeholder_13: object = None
    mark_price: NonNegativeFloat | None = None
    placeholder_15: object = None
    placeholder_16: object = None
    open_interest: NonNegativeFloat | None = None  # base


class BookRow(msgspec.Struct, array_like=True, gc=False):
    price: PositiveFloat
    count: Count  # 0 removes the level
    amount: FiniteFloat  # base; above 0 a bid


NO_EVENTS = frozenset({"hb", "tu", "cs", "fte", "ftu"})
"""Heartbeat, a trade told a second time, checksum, trades of lending."""

UNUSED_CHANNELS = frozenset({"ticker", "candles", "raw_book", "raw_orders"})
"""Both names of a book of single orders: what recordings have, and ours, in which no other channel's name occurs."""
