"""What HTX futures and swaps send: an envelope, and the payload of each channel that is used.

Source: HTX API docs, "Coin-margined futures", "Coin-margined swaps" and "USDT-margined contracts", read 2026-11. Newer
messages may quote the numbers older ones do not.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeMillis, MaybeNonNegative, Millis, OrderSide
from powderkeg.venues.rest import Backfill


class Envelope(msgspec.Struct):
    """Any message: market data has `ch`, notifications `topic` with `op` notify, the rest is conversation."""

    ch: str = ""
    topic: str = ""
    op: str = ""
    ts: int | None = None
    tick: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()
    ping: int | None = None
    pong: int | None = None
    subbed: str | None = None
    unsubbed: str | None = None
    rep: str | None = None  # answers a request for history
    status: str | None = None
    backfill: Backfill | None = None
    answer: msgspec.Raw = msgspec.Raw()


class LiquidationRow(msgspec.Struct, gc=False):
    contract_code: str
    direction: OrderSide  # of the *order*: sell closed a long
    offset: Literal["close", "both"]  # "both" in one-way position mode
    volume: PositiveFloat  # contracts
    price: PositiveFloat  # bankruptcy price
    created_at: Millis
    amount: MaybeNonNegative = None  # base; missing in coin-margined captures of 2020
    trade_turnover: MaybeNonNegative = None  # quote; as above


class PastLiquidationRow(msgspec.Struct, gc=False):
    contract_code: str
    liquidation_time: Millis
    side: OrderSide  # of the *order*
    volume: PositiveFloat  # contracts
    bankrupt_price: PositiveFloat
    position_side: Literal["long", "short", "both", ""] = ""  # "both" in one-way position mode
    amount: MaybeNonNegative = None  # base
    trade_turnover: MaybeNonNegative = None  # quote


class LiquidationAnswer(msgspec.Struct):
    """The answer of REST `/v5/market/liquidation_orders`, in the frame of `venues.rest.backfill_frame`."""

    code: Literal[200]
    data: list[PastLiquidationRow]


class TradeRow(msgspec.Struct, gc=False):
    """Quantities are "sum of both buy and sell sides": twice what was traded."""

    id: int
    price: PositiveFloat
    amount: PositiveFloat  # contracts, both sides
    direction: Literal["buy", "sell", ""]  # taker; empty in a capture of 2022
    ts: Millis
    quantity: MaybeNonNegative = None  # base, both sides; since 2021


class Trades(msgspec.Struct):
    data: list[TradeRow]


class FundingRow(msgspec.Struct, gc=False):
    contract_code: str
    funding_rate: MaybeFinite = None
    funding_time: MaybeMillis = None
    settlement_time: MaybeMillis = None


class InterestRow(msgspec.Struct, gc=False):
    contract_code: str
    volume: NonNegativeFloat  # contracts
    amount: MaybeNonNegative = None  # base
    value: MaybeNonNegative = None  # quote; linear only


class Book(msgspec.Struct):
    """`event` stands on incremental channels only; there it tells the first message from the changes."""

    asks: list[Level]
    bids: list[Level]
    ts: Millis
    version: int | None = None
    event: Literal["snapshot", "update"] | None = None


class Basis(msgspec.Struct, gc=False):
    index_price: PositiveFloat


class PriceKline(msgspec.Struct, gc=False):
    """A bar of the mark price or the index, still growing: its close is the price now."""

    close: PositiveFloat


class ListedContract(msgspec.Struct):
    contract_code: str
    contract_size: PositiveFloat


class Listing(msgspec.Struct):
    """`swap_contract_info`, `contract_contract_info`."""

    data: list[ListedContract]


IGNORED_MARKET_CHANNELS = frozenset({"bbo", "detail", "kline", "premium_index", "estimated_rate"})
IGNORED_TOPICS = frozenset({"contract_info", "contract_elements", "heartbeat", "adjust_factor"})
CONVERSATION = frozenset({"ping", "pong", "sub", "unsub", "auth", "error", "close"})
"""Values of `op` that carry no data."""
