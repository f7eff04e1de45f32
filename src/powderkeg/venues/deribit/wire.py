"""What Deribit sends: JSON-RPC notifications, whose channel says what the data is.

Source: Deribit docs, "Subscriptions", read 2026-11.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import FiniteFloat, NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Level, Millis, OrderSide
from powderkeg.venues.rest import Backfill


class Params(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw()


class Envelope(msgspec.Struct):
    """Any message: a notification has a method, a reply a result or an error."""

    method: str = ""
    params: Params | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class TradeRow(msgspec.Struct, gc=False):
    instrument_name: str
    timestamp: Millis
    price: FiniteFloat  # of a combination it may be negative
    amount: PositiveFloat  # US dollars on inverse contracts, else base
    direction: OrderSide  # taker
    trade_id: str
    liquidation: Literal["M", "T", "MT"] | None = None  # whose order was forced: maker, taker, both
    block_trade_id: str | None = None  # agreed outside the book
    index_price: NonNegativeFloat | None = None  # this and the next are not used, only checked
    mark_price: FiniteFloat | None = None


class TradesPage(msgspec.Struct):
    trades: list[TradeRow]
    has_more: bool


class TradesAnswer(msgspec.Struct):
    """The answer of REST `get_last_trades_by_instrument_and_time`."""

    result: TradesPage


class Ticker(msgspec.Struct, gc=False):
    """`incremental_ticker` leaves out what has not changed; options have no funding."""

    instrument_name: str
    timestamp: Millis
    mark_price: NonNegativeFloat | None = None
    index_price: NonNegativeFloat | None = None
    open_interest: NonNegativeFloat | None = None  # US dollars on inverse contracts, else base
    current_funding: FiniteFloat | None = None  # per 8 hours


class Change(msgspec.Struct, array_like=True, gc=False):
    """A level as `[action, price, amount]`; a deleted one has amount 0."""

    action: Literal["new", "change", "delete"]
    price: PositiveFloat
    qty: NonNegativeFloat


class Changes(msgspec.Struct):
    """`book.<instrument>.<interval>`; before 2021 without a type, the first without a previous id."""

    instrument_name: str
    timestamp: Millis
    change_id: int
    bids: list[Change]
    asks: list[Change]
    prev_change_id: int | None = None
    type: Literal["snapshot", "change"] | None = None


class Depth(msgspec.Struct):
    """`book.<instrument>.<group>.<depth>.<interval>`: the best levels, whole each time."""

    instrument_name: str
    timestamp: Millis
    change_id: int
    bids: list[Level]
    asks: list[Level]


IGNORED_CHANNELS = frozenset(
    {
        "announcements",
        "block_rfq",
        "block_trade_confirmations",
        "chart",
        "deribit_price_index",
        "deribit_price_ranking",
        "deribit_price_statistics",
        "deribit_volatility_index",
        "estimated_expiration_price",
        "instrument",
        "markprice",
        "perpetual",  # interest per tick: the ticker says the same
        "platform_state",
        "quote",
        "rfq",
        "user",
    }
)
"""First words of channels that are known and carry nothing this package uses."""
