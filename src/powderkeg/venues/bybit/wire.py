"""What Bybit sends: an envelope with a topic, and the data of each topic that is used.

Source: Bybit v5 docs, "WebSocket Stream: Public", read 2026-11; the older liquidation topic from its v2 and v3 docs as
captured messages show it, 2021 to 2023.
"""

from __future__ import annotations

import msgspec

from powderkeg.domain.units import PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeMillis, MaybeNonNegative, Millis, OrderSideTitle


class Envelope(msgspec.Struct):
    """Any message. Replies have `op` or `success` and no topic."""

    topic: str = ""
    type: str = ""
    ts: int | None = None
    cts: int | None = None  # the matching engine's time, order book only
    data: msgspec.Raw = msgspec.Raw()
    op: str = ""
    success: bool | None = None


class LiquidationRow(msgspec.Struct, gc=False):
    """`allLiquidation`: every liquidation, pushed each 500 ms."""

    T: Millis
    s: str
    S: OrderSideTitle  # side of the *position*: "Buy" means a long was liquidated
    v: PositiveFloat  # base on linear, US dollars on inverse contracts
    p: PositiveFloat  # bankruptcy price


class LegacyLiquidationRow(msgspec.Struct, gc=False):
    """`liquidation`: at most one a second; two generations of field names."""

    symbol: str
    side: OrderSideTitle
    price: PositiveFloat
    size: PositiveFloat | None = None
    qty: PositiveFloat | None = None
    updatedTime: Millis | None = None
    time: Millis | None = None


class TradeRow(msgspec.Struct, gc=False):
    T: Millis
    s: str
    S: OrderSideTitle  # taker
    v: PositiveFloat
    p: PositiveFloat
    i: str
    BT: bool = False  # a block trade, agreed outside the book


class LegacyTradeRow(msgspec.Struct, gc=False):
    """The topic `trade` of before v5, in the spellings of inverse (2019 on), USDT (2020 on) and USDC contracts."""

    symbol: str
    side: OrderSideTitle  # taker
    size: PositiveFloat
    price: PositiveFloat
    trade_time_ms: Millis | None = None
    tradeTimeMs: Millis | None = None
    timestamp: str = ""
    trade_id: str | None = None
    tradeId: str | None = None
    is_block_trade: str = "false"
    isBlockTrade: str = "false"


class Ticker(msgspec.Struct, gc=False):
    """Deltas hold only what changed; dated futures have an empty funding rate."""

    symbol: str
    markPrice: MaybeNonNegative = None
    indexPrice: MaybeNonNegative = None
    openInterest: MaybeNonNegative = None
    openInterestValue: MaybeNonNegative = None  # quote on linear, base on inverse contracts
    fundingRate: MaybeFinite = None
    nextFundingTime: MaybeMillis = None
    fundingIntervalHour: MaybeNonNegative = None


class Book(msgspec.Struct):
    s: str
    b: list[Level]
    a: list[Level]
    u: int


IGNORED_TOPICS = frozenset(
    {
        "kline",
        "kline_lt",
        "tickers_lt",
        "lt",
        "priceLimit",
        "insurance",
        "adlAlert",
        "system",
        # The feeds before v5, switched off in 2023, of which only liquidations and trades are still read:
        "orderBookL2_25",
        "orderBook_200",
        "instrument_info",
        "klineV2",
        "candle",
    }
)
"""First words of topics that are known and carry nothing this package uses."""
