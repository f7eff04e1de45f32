"""What Gate sends: an envelope with channel and event, and a result whose shape changed over the years.

Source: Gate futures WebSocket v4 docs, read 2026-11; older shapes as captured messages show them, 2020 to 2023.
Quantities are signed numbers of contracts: integers, or decimals in a string under `X-Gate-Size-Decimal: 1`.
"""

from __future__ import annotations

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import MaybeFinite, MaybeNonNegative
from powderkeg.venues.rest import Backfill


class Envelope(msgspec.Struct):
    """Any message. `time` is in seconds, `time_ms` in milliseconds where it is sent."""

    channel: str
    event: str = ""
    time: int | None = None
    time_ms: int | None = None
    error: object = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class LiquidationRow(msgspec.Struct, gc=False):
    contract: str
    size: FiniteFloat  # the position that was closed: above 0 a long
    price: PositiveFloat  # of the liquidation order
    time: int | None = None  # seconds once, milliseconds now
    time_ms: int | None = None


class PastLiquidationRow(msgspec.Struct, gc=False):
    """A row of REST `liq_orders`."""

    contract: str
    time: int  # seconds
    size: FiniteFloat  # the position: above 0 a long
    order_price: PositiveFloat
    fill_price: MaybeNonNegative = None  # 0 where nothing was filled
    order_size: FiniteFloat | None = None  # of the order, signed by its own side
    left: FiniteFloat | None = None  # of the order, not filled


class TradeRow(msgspec.Struct, gc=False):
    contract: str
    id: int
    price: PositiveFloat
    size: FiniteFloat  # of the taker: above 0 a buy
    create_time: int
    create_time_ms: float | None = None
    is_internal: bool = False  # taken over by the insurance fund or by ADL, not matched in the book


class TickerRow(msgspec.Struct, gc=False):
    contract: str
    mark_price: MaybeNonNegative = None
    index_price: MaybeNonNegative = None
    funding_rate: MaybeFinite = None
    total_size: MaybeNonNegative = None  # open interest, contracts


class Level(msgspec.Struct, rename={"price": "p", "qty": "s"}, gc=False):
    price: PositiveFloat
    qty: NonNegativeFloat


class Book(msgspec.Struct):
    """`order_book` with event `all`."""

    contract: str
    asks: list[Level]
    bids: list[Level]
    t: int = 0
    id: int | None = None


class LegacyLevel(msgspec.Struct, gc=False):
    """`order_book` with event `update`: above 0 a bid, below 0 an ask, 0 gone from whichever it was."""

    c: str
    p: PositiveFloat
    s: FiniteFloat


class BookUpdate(msgspec.Struct):
    """`order_book_update`."""

    s: str
    t: int
    U: int
    u: int
    b: list[Level]
    a: list[Level]
    full: bool = False


class StatsRow(msgspec.Struct, gc=False):
    """`contract_stats`: sums of one interval, by the venue itself."""

    contract: str
    time: int  # seconds
    open_interest: NonNegativeFloat | None = None  # contracts
    open_interest_usd: NonNegativeFloat | None = None
    long_liq_amount: NonNegativeFloat | None = None  # base
    short_liq_amount: NonNegativeFloat | None = None
    long_liq_usd: NonNegativeFloat | None = None
    short_liq_usd: NonNegativeFloat | None = None


IGNORED_CHANNELS = frozenset(
    {"futures.ping", "futures.pong", "futures.book_ticker", "futures.candlesticks", "futures.obu"}
)
"""Channels that are known and carry nothing this package uses."""
