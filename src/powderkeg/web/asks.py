"""What can be asked, one struct per question: names, types and limits, once, for HTTP, documentation and tests.

Times are RFC 3339 or epoch milliseconds; lists are given by repeating a parameter or with commas.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_NAMES: Final = 50

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[str, Meta(max_length=40, description="RFC 3339 or epoch milliseconds")]
Coins = Annotated[
    tuple[Name, ...], Meta(max_length=MAX_NAMES, description="coins (BTC) or any spelling of a symbol; none means all")
]
Venues = Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES, description="venues by any name; none means all")]
Window = Annotated[str, Meta(min_length=1, max_length=16, description="1h, 4h, 12h, 24h or any other duration")]
Interval = Annotated[str, Meta(min_length=1, max_length=16, description="length of a bar, 1s to 1d")]
By = Annotated[tuple[Name, ...], Meta(max_length=4, description="rows by coin, venue, symbol, position_side")]
MinUsd = Annotated[float, Meta(ge=0, le=1e15, description="smallest notional listed, USD")]
Limit = Annotated[int, Meta(ge=1, le=1_000, description="rows, newest or largest first")]
BarLimit = Annotated[int, Meta(ge=1, le=4_500, description="bars, the newest")]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all questions."""


class Totals(Ask, frozen=True, kw_only=True):
    """Liquidation totals of [as_of - window, as_of)."""

    coin: Coins = ()
    venue: Venues = ()
    window: Window = "24h"
    as_of: Instant | None = None
    by: By = ("coin", "venue")


class History(Ask, frozen=True, kw_only=True):
    """Bars of liquidations over [start, end), or over `window` before `end`."""

    coin: Coins = ()
    venue: Venues = ()
    interval: Interval = "1h"
    start: Instant | None = None
    end: Instant | None = None
    window: Window = "24h"
    by: By = ()


class Orders(Ask, frozen=True, kw_only=True):
    """Single liquidations of [start, end), or of `window` before `end`, newest or largest first."""

    coin: Coins = ()
    venue: Venues = ()
    position_side: Literal["long", "short"] | None = None
    min_usd: MinUsd = 0.0
    start: Instant | None = None
    end: Instant | None = None
    window: Window = "24h"
    order: Literal["newest", "largest"] = "newest"
    limit: Limit = 100


class Events(Ask, frozen=True, kw_only=True):
    """Stretches of [start, end) in which much more was liquidated than before, largest first."""

    coin: Coins = ()
    venue: Venues = ()
    start: Instant | None = None
    end: Instant | None = None
    window: Window = "30d"
    interval: Annotated[str, Meta(min_length=1, max_length=16, description="length of a bar, or auto")] = "auto"
    multiple: Annotated[float, Meta(gt=0, le=1e6, description="times the median before it")] = 5.0
    min_usd: MinUsd = 1e6
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Series(Ask, frozen=True, kw_only=True):
    """Bars of [start, end), or of `window` before `end`."""

    coin: Coins = ()
    venue: Venues = ()
    interval: Interval = "1h"
    start: Instant | None = None
    end: Instant | None = None
    window: Window = "24h"


class Prices(Ask, frozen=True, kw_only=True):
    """Candles of the market of a coin that was recorded for most of the interval."""

    coin: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1, description="one coin, or a symbol")]
    venue: Venues = ()
    interval: Interval = "1h"
    start: Instant | None = None
    end: Instant | None = None
    window: Window = "24h"


class Funding(Series, frozen=True, kw_only=True):
    """The last funding rate in each bar, by venue and symbol."""


class OpenInterest(Series, frozen=True, kw_only=True):
    """The last open interest in each bar, by venue and symbol."""


class LongShort(Series, frozen=True, kw_only=True):
    """The last long/short ratio in each bar, by venue, symbol and kind of ratio."""


class Cvd(Series, frozen=True, kw_only=True):
    """Taker buys less taker sells of each bar, and their sum since the start, by venue and symbol."""


class Health(Ask, frozen=True, kw_only=True):
    """What of each venue and stream was observed in [as_of - window, as_of), and how its connections stand."""

    venue: Venues = ()
    window: Window = "24h"
    as_of: Instant | None = None


class Alerts(Ask, frozen=True, kw_only=True):
    """Alerts that were told in [as_of - window, as_of), newest first, and what became of each at its sinks."""

    window: Window = "7d"
    as_of: Instant | None = None
    limit: Limit = 100


class Listen(Ask, frozen=True, kw_only=True):
    """Which topics a stream carries: totals, health, data (states); liquidation, gap, alert (events)."""

    topics: Annotated[tuple[Name, ...], Meta(max_length=16, description="none means all")] = ()
    coin: Coins = ()
    min_usd: MinUsd = 0.0


class News(Ask, frozen=True, kw_only=True):
    """Liquidations received after an instant; before 0, none of them, only where the newest stands."""

    after_ns: int


class Windows(Ask, frozen=True, kw_only=True):
    """Totals of the four windows that end now."""


class MapCoins(Ask, frozen=True, kw_only=True):
    """Which coins can have a map."""


class CalibrateAhead(Ask, frozen=True, kw_only=True):
    """Calibrate the maps of a coin before anyone asks; rehearsing, compile what its scenarios need too."""

    coin: str
    rehearse: bool = False


class ScoreDaily(Ask, frozen=True, kw_only=True):
    """Score the maps, unless that was done on this day (UTC)."""

    now_ns: int


Coin = Annotated[str, Meta(min_length=1, max_length=64, description="a coin, or any spelling of a symbol")]
Usd = Annotated[float, Meta(ge=0, le=1e13)]
Price = Annotated[float, Meta(gt=0, le=1e12)]


class Map(Ask, frozen=True, kw_only=True):
    """Where leverage sits, by price, with the nearest clusters; as it stood at a time."""

    coin: Coin
    as_of: Instant | None = None
    venue: Venues = ()
    count: Annotated[int, Meta(ge=1, le=50, description="clusters per side")] = 5


class HeatmapAsk(Ask, frozen=True, kw_only=True):
    """The map over time as a grid of bytes, each column as it stood then."""

    coin: Coin
    as_of: Instant | None = None
    window: Window = "7d"
    venue: Venues = ()
    columns: Annotated[int, Meta(ge=2, le=2_000)] = 400
    rows: Annotated[int, Meta(ge=2, le=1_000)] = 240


class MapScore(Ask, frozen=True, kw_only=True):
    """How well the map did against strong baselines, test by test."""

    coin: Coin | None = None
    venue: Name | None = None
    window: Window = "30d"
    as_of: Instant | None = None


class LadderAsk(Ask, frozen=True, kw_only=True, rename={"position_side": "side"}):
    """Fuel against depth, rung by rung: where a shock stops, or what it takes to reach a price."""

    coin: Coin
    position_side: Literal["short", "long"] = "short"
    shock_usd: Usd | None = None
    to: Annotated[float, Meta(gt=0, le=1e12, description="instead of a shock: the price to reach")] | None = None
    as_of: Instant | None = None
    venue: Venues = ()
    price: Price | None = None
    depth_usd: (
        Annotated[float, Meta(gt=0, le=1e13, description="one side within 1 %, where no book is known")] | None
    ) = None
    stress: Annotated[str, Meta(max_length=16, description="calm, median, p90, or a factor")] = "calm"
    market_share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    impact: Literal["sweep", "power", "sqrt"] = "sweep"


class Simulation(Ask, frozen=True, kw_only=True):
    """Where price may go, with and without the liquidations it triggers."""

    coin: Coin
    as_of: Instant | None = None
    venue: Venues = ()
    price: Price | None = None
    depth_usd: Annotated[float, Meta(gt=0, le=1e13)] | None = None
    horizon: Window = "48h"
    step: Window | None = None
    paths: Annotated[int, Meta(ge=100, le=100_000)] = 20_000
    levels: Annotated[tuple[Price, ...], Meta(max_length=20)] = ()
    returns: Literal["gaussian", "student", "bootstrap"] = "gaussian"
    variance: Literal["none", "antithetic", "sobol"] = "none"
    daily_sigma: Annotated[float, Meta(gt=0, le=5)] | None = None
    shock_usd: Annotated[float, Meta(ge=-1e13, le=1e13, description="selling is negative")] = 0.0
    market_share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    latency: Annotated[str, Meta(min_length=1, max_length=16)] = "10s"
    stress: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    maps: Annotated[int, Meta(ge=1, le=64)] = 16
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 0
