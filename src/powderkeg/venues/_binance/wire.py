"""What Binance futures send, as far as it is used here.

Source: Binance developer docs, "Websocket Market Streams" (USDS-margined and COIN-margined futures), read 2026-11.

Every message carries its event name in `e`, its first key, so one decoding both finds the kind and reads it. Declared
fields stand in the order in which they are sent, which spares the decoder a search. Combined streams wrap the same
messages into `{"stream": ..., "data": ...}`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import NonNegativeFloat, PositiveFloat
from powderkeg.venues._wire import Level, MaybeFinite, MaybeMillis, MaybeNonNegative, Millis


class AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade", kw_only=True, gc=False):
    """Fills of one taker order at one price within 100 ms."""

    a: int | None = None  # aggregate trade id; missing in captures of 2019
    s: str
    p: PositiveFloat
    q: PositiveFloat
    T: Millis
    m: bool  # the buyer was the maker: the taker sold


class Trade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    """One match. Not documented for futures, but sent; `X` other than MARKET did not happen in the book."""

    T: Millis
    s: str
    t: int
    p: NonNegativeFloat  # 0 where X is "NA"
    q: NonNegativeFloat
    m: bool
    X: str = "MARKET"


class ForceOrderBody(msgspec.Struct, gc=False):
    s: str
    S: Literal["BUY", "SELL"]  # side of the order, so the opposite of the position
    q: PositiveFloat  # original quantity
    p: PositiveFloat  # limit price, on the bankruptcy side
    ap: NonNegativeFloat  # average price of what was executed
    z: NonNegativeFloat  # executed quantity
    T: Millis
    ps: str | None = None  # the pair: COIN-M only


class ForceOrder(msgspec.Struct, tag_field="e", tag="forceOrder", gc=False):
    o: ForceOrderBody


class MarkPrice(msgspec.Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    E: Millis
    s: str
    p: PositiveFloat  # mark price
    i: MaybeNonNegative = None  # index price; missing in 2019 and on COIN-M
    r: MaybeFinite = None  # funding rate; empty or 0 with T = 0 on dated futures
    T: MaybeMillis = None  # next funding time


class IndexPrice(msgspec.Struct, tag_field="e", tag="indexPriceUpdate", gc=False):
    E: Millis
    i: str  # the pair
    p: PositiveFloat


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """A change of the book, or with a partial stream (`@depth20`) its best levels: same event name, same fields."""

    T: Millis
    s: str
    U: int
    u: int
    pu: int
    b: list[Level]
    a: list[Level]


class BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    """Not used; declared because it is the busiest stream and must be cheap to pass over."""


Message = AggTrade | Trade | ForceOrder | MarkPrice | IndexPrice | Depth | BookTicker


class Combined(msgspec.Struct, gc=False):
    data: Message | list[Message]


IGNORED_EVENTS = frozenset(
    {
        "24hrTicker",
        "24hrMiniTicker",
        "kline",
        "continuous_kline",
        "indexPrice_kline",
        "markPrice_kline",
        "compositeIndex",
        "assetIndexUpdate",
        "contractInfo",
        "bookTicker",
        "tradingSession",
        "rpiDepthUpdate",
    }
)
"""Event names that are documented and carry nothing this package uses."""


class Outer(msgspec.Struct):
    """Any object the venue sends: an envelope, a reply to a request, or a message of its own."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    e: str = ""
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    result: object = msgspec.UNSET
    error: object = msgspec.UNSET
    code: int | None = None
    msg: str | None = None
    lastUpdateId: int | None = None  # a book asked for over REST, journaled as it came
    symbol: str = ""  # in that book on COIN-M only


class Tag(msgspec.Struct):
    e: str = ""


class DepthSnapshot(msgspec.Struct):
    """The answer of REST `depth`, journaled as `{"stream": "<symbol>@depthSnapshot", "data": ...}`."""

    lastUpdateId: int
    bids: list[Level]
    asks: list[Level]
    T: MaybeMillis = None


class RatioRow(msgspec.Struct, gc=False):
    """A row of REST `globalLongShortAccountRatio` and its siblings, journaled as `<symbol>@<endpoint>`."""

    longShortRatio: NonNegativeFloat
    timestamp: Millis


class OpenInterest(msgspec.Struct):
    """The answer of REST `openInterest`, journaled as `{"stream": "<symbol>@openInterest", "data": ...}`."""

    openInterest: NonNegativeFloat
    time: MaybeMillis = None
