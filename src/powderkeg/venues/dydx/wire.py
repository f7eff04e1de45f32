"""What the dYdX v4 indexer sends: an envelope with a channel, and the contents of each channel that is used.

Source: dYdX indexer, "Websocket documentation", and the indexer's `TradeType`, read 2026-11.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from powderkeg.domain.units import NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeNonNegative
from powderkeg.venues.rest import Backfill

Iso = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]


class Envelope(msgspec.Struct):
    """Any message. `contents` is one object, or with `channel_batch_data` a list of them."""

    type: (
        Literal["connected", "subscribed", "unsubscribed", "channel_data", "channel_batch_data", "pong", "error"] | None
    ) = None  # absent in backfill frames only
    channel: str = ""
    id: str = ""  # the market, on every channel but v4_markets
    contents: msgspec.Raw = msgspec.Raw()
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class TradeRow(msgspec.Struct, gc=False):
    id: str
    side: Literal["BUY", "SELL"]  # taker; of LIQUIDATED and DELEVERAGED the account that was closed
    size: PositiveFloat  # base
    price: PositiveFloat
    createdAt: Iso
    type: Literal["LIMIT", "MARKET", "LIQUIDATED", "DELEVERAGED", "TWAP_SUBORDER"] | None = None
    liquidation: bool | None = None  # what said it before there was a type


class Trades(msgspec.Struct):
    trades: list[TradeRow]


class BookRow(msgspec.Struct, rename={"qty": "size"}, gc=False):
    price: PositiveFloat
    qty: NonNegativeFloat


class Book(msgspec.Struct):
    """The whole book, sent once on subscribing."""

    bids: list[BookRow]
    asks: list[BookRow]


class BookChange(msgspec.Struct):
    """Levels that changed; a side without change is absent."""

    bids: list[Level] = []
    asks: list[Level] = []


class Market(msgspec.Struct, gc=False):
    """One market of `markets` (all fields) or `trading` (what changed)."""

    oraclePrice: MaybeNonNegative = None
    nextFundingRate: MaybeFinite = None  # per hour
    openInterest: MaybeNonNegative = None  # base


class Oracle(msgspec.Struct, gc=False):
    """One market of `oraclePrices`; the docs call its price `price`, captured messages `oraclePrice`."""

    effectiveAt: Iso
    oraclePrice: PositiveFloat | None = None
    price: PositiveFloat | None = None


class Markets(msgspec.Struct):
    markets: dict[str, Market] | None = None
    trading: dict[str, Market] | None = None
    oraclePrices: dict[str, Oracle] | None = None


IGNORED_CHANNELS = frozenset({"v4_candles", "v4_block_height", "v4_subaccounts", "v4_parent_subaccounts"})
"""Channels that are documented and carry nothing this package uses."""
