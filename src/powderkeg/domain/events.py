"""Everything that can be observed, as frozen records; the same names are the columns of the archive.

Rules that hold for every event:

- `symbol` is the ccxt unified form (`BTC/USDT:USDT`); `venue` is our slug.
- Units stand in names. `None` is unknown, never zero.
- `ts_event_ns` is the venue's time, `ts_received_ns` ours; both int64 nanoseconds UTC. Where a venue gives no time,
  `ts_event_ns` repeats the received time (and `Liquidation.ts_is_received` says so); where a recording gives no
  receive time, `ts_received_ns` repeats the event time.
- What aggregators publish per interval (`LiquidationBar`, `TakerVolumeBar`, `DepthBar`) is *reported*, never summed
  with observed events. Bars are labeled by their open and half-open.

`gc=False` is safe: events hold only strings, numbers, None and tuples of numbers, so they cannot form cycles.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.domain.units import Coverage, PositionSide, PriceKind, QtyUnit, TakerSide


class Liquidation(msgspec.Struct, frozen=True, gc=False):
    """A position, or part of one, closed by force.

    `price` is the best price the venue gives and `price_kind` says what it is; the other prices the venue gave stand
    beside it. `notional_usd` is the executed value where the venue tells it, else `qty_base` times `price`.
    `coverage` is the promise of the feed at that date: only `all` can be summed as a total.
    """

    venue: str
    symbol: str
    position_side: PositionSide
    qty: float
    qty_unit: QtyUnit
    qty_base: float | None
    notional_usd: float | None
    price: float
    price_kind: PriceKind
    order_price: float | None
    fill_price: float | None
    bankruptcy_price: float | None
    coverage: Coverage
    event_id: str | None
    ts_event_ns: int
    ts_received_ns: int
    ts_is_received: bool


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A public trade. `taker_side` is the side of the order that crossed the spread.

    `qty_base` and `notional_usd` are None where the contract's size is not known. `trade_id` is the venue's, a number
    or a text as it came; the archive keeps both as text.
    """

    venue: str
    symbol: str
    price: float
    qty_base: float | None
    notional_usd: float | None
    taker_side: TakerSide
    trade_id: str | int | None
    ts_event_ns: int
    ts_received_ns: int


class MarkPrice(msgspec.Struct, frozen=True, gc=False):
    """The price the venue's margin engine uses, quote per base."""

    venue: str
    symbol: str
    mark_price: float
    ts_event_ns: int
    ts_received_ns: int


class IndexPrice(msgspec.Struct, frozen=True, gc=False):
    """The venue's index of spot prices, quote per base."""

    venue: str
    symbol: str
    index_price: float
    ts_event_ns: int
    ts_received_ns: int


class FundingRate(msgspec.Struct, frozen=True, gc=False):
    """The funding rate as a fraction per interval (0.0001 = 1 basis point); positive: longs pay shorts.

    `next_funding_ns` set means the rate is the running estimate for that instant; None means settled, or not said.
    """

    venue: str
    symbol: str
    funding_rate: float
    funding_interval_hours: float | None
    next_funding_ns: int | None
    ts_event_ns: int
    ts_received_ns: int


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    """Outstanding contracts, one side counted; every form the venue gives, the others None."""

    venue: str
    symbol: str
    open_interest_base: float | None
    open_interest_contracts: float | None
    open_interest_usd: float | None
    ts_event_ns: int
    ts_received_ns: int


class LongShortRatio(msgspec.Struct, frozen=True, gc=False):
    """Longs over shorts. `ratio_kind`: accounts, top_accounts, top_positions or taker_volume."""

    venue: str
    symbol: str
    ratio_kind: str
    long_short_ratio: float
    ts_event_ns: int
    ts_received_ns: int


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """One price level; `qty` in the unit its book names, 0 = the level is gone (deltas only)."""

    price: float
    qty: float


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole book, or the best `n` levels the venue sends; best prices first."""

    venue: str
    symbol: str
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    qty_unit: QtyUnit
    last_update_id: int | None
    ts_event_ns: int
    ts_received_ns: int


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Levels that changed; update ids as the venue gives them, for gap checks."""

    venue: str
    symbol: str
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    qty_unit: QtyUnit
    first_update_id: int | None
    last_update_id: int | None
    previous_update_id: int | None
    ts_event_ns: int
    ts_received_ns: int


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close and volumes of one interval; `ts_event_ns` is its open."""

    venue: str
    symbol: str
    interval_ns: int
    open: float
    high: float
    low: float
    close: float
    volume_base: float | None
    volume_usd: float | None
    taker_buy_base: float | None
    taker_buy_usd: float | None
    trade_count: int | None
    ts_event_ns: int
    ts_received_ns: int


class LiquidationBar(msgspec.Struct, frozen=True, gc=False):
    """What an aggregator reports as liquidated in one interval. `venue` is `all` where it sums several."""

    venue: str
    symbol: str
    source: str
    interval_ns: int
    long_base: float | None
    short_base: float | None
    long_usd: float | None
    short_usd: float | None
    total_usd: float | None
    liquidation_count: int | None
    ts_event_ns: int
    ts_received_ns: int


class TakerVolumeBar(msgspec.Struct, frozen=True, gc=False):
    """Reported taker volume of one interval, USD."""

    venue: str
    symbol: str
    source: str
    interval_ns: int
    taker_buy_usd: float | None
    taker_sell_usd: float | None
    ts_event_ns: int
    ts_received_ns: int


class DepthBar(msgspec.Struct, frozen=True, gc=False):
    """Reported resting notional within `range_ratio` (0.01 = ±1 %) of the middle, USD."""

    venue: str
    symbol: str
    source: str
    interval_ns: int
    range_ratio: float
    bid_usd: float | None
    ask_usd: float | None
    ts_event_ns: int
    ts_received_ns: int


class EtfFlow(msgspec.Struct, frozen=True, gc=False):
    """Net creations (+) or redemptions (−) of a fund on one trading day, USD. `ts_event_ns` is that day's midnight."""

    ticker: str
    coin: str
    source: str
    flow_usd: float | None
    aum_usd: float | None
    ts_event_ns: int
    ts_received_ns: int


class MarketOdds(msgspec.Struct, frozen=True, gc=False):
    """A prediction market's probability for an outcome, as a fraction."""

    venue: str
    market: str
    outcome: str
    probability_ratio: float
    ts_event_ns: int
    ts_received_ns: int


class NewsItem(msgspec.Struct, frozen=True, gc=False):
    """A published text. Untrusted: it is data, never instructions or markup."""

    publisher: str
    title: str
    url: str | None
    body: str
    ts_event_ns: int
    ts_received_ns: int


class FeedGap(msgspec.Struct, frozen=True, gc=False):
    """An interval in which a stream was not observed, half-open [from, to), and why."""

    venue: str
    stream: str
    from_ns: int
    to_ns: int
    reason: str


Event = (
    Liquidation
    | Trade
    | MarkPrice
    | IndexPrice
    | FundingRate
    | OpenInterest
    | LongShortRatio
    | BookSnapshot
    | BookDelta
    | Candle
    | LiquidationBar
    | TakerVolumeBar
    | DepthBar
    | EtfFlow
    | MarketOdds
    | NewsItem
)

EVENT_NAMES: Final[dict[type, str]] = {
    Liquidation: "liquidation",
    Trade: "trade",
    MarkPrice: "mark_price",
    IndexPrice: "index_price",
    FundingRate: "funding_rate",
    OpenInterest: "open_interest",
    LongShortRatio: "long_short_ratio",
    BookSnapshot: "book_snapshot",
    BookDelta: "book_delta",
    Candle: "candle",
    LiquidationBar: "liquidation_bar",
    TakerVolumeBar: "taker_volume_bar",
    DepthBar: "depth_bar",
    EtfFlow: "etf_flow",
    MarketOdds: "market_odds",
    NewsItem: "news_item",
}
"""The name of each event type in the archive's paths and in SQL."""
