"""What agents can ask: one struct per tool, with types and limits; its docstring is what the agent reads."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_NAMES: Final = 20

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[str, Meta(max_length=40, description="RFC 3339 or epoch milliseconds; absent means the newest")]
Coin = Annotated[str, Meta(min_length=1, max_length=64, description="a coin (BTC) or any spelling of a symbol")]
Coins = Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES, description="coins or symbols; none means all")]
Venues = Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES, description="venues by any name; none means all")]
Duration = Annotated[str, Meta(min_length=2, max_length=16, description="a duration such as 1h, 24h, 7d")]
Limit = Annotated[int, Meta(ge=1, le=500, description="rows at most")]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all questions."""


class LiquidationTotals(Ask, frozen=True, kw_only=True):
    """Liquidation totals of [as_of - window, as_of): long, short, count, largest order.

    Every row has `coverage` (observed share of the window) and `is_floor` (the feed tells only a part), with an
    estimate where one can be made.
    """

    coin: Coins = ()
    venue: Venues = ()
    window: Duration = "24h"
    as_of: Instant | None = None
    by: Annotated[tuple[Literal["coin", "venue", "symbol", "position_side"], ...], Meta(min_length=1, max_length=4)] = (
        "coin",
        "venue",
    )


class LiquidationHistory(Ask, frozen=True, kw_only=True):
    """Bars of liquidations over [as_of - window, as_of), with coverage and floor like the totals."""

    coin: Coins = ()
    venue: Venues = ()
    interval: Duration = "1h"
    window: Duration = "24h"
    as_of: Instant | None = None


class NearestClusters(Ask, frozen=True, kw_only=True):
    """Where are the nearest clusters of liquidations above and below the price, and how sure is that?

    One call answers both: clusters (shorts above, longs below) with price, distance, dollars and an 80 % band; what the
    map has seen (coverage), how it is made (method, assumptions), and how it scored against predicting from the move
    alone (scorecard: gain above 0 is better than that baseline, 0 or none is not). Dollars of a modelled map are a
    floor, on the scale of feeds that sample.
    """

    coin: Coin
    position_side: Literal["short", "long", "both"] = "both"
    count: Annotated[int, Meta(ge=1, le=20, description="clusters per side, nearest first")] = 5
    venue: Venues = ()
    as_of: Instant | None = None


class MapScore(Ask, frozen=True, kw_only=True):
    """How the liquidation map did in stored tests against strong baselines, test by test; none means none was kept."""

    coin: Coin | None = None
    venue: Name | None = None
    last: Duration = "30d"


class Ladder(Ask, frozen=True, kw_only=True):
    """Fuel (liquidations) against depth (resting orders), rung by rung, when price moves.

    Give `shock_usd` (net market buying for shorts, selling for longs, from elsewhere) or `price_target`. R above 1 in a
    stretch means that liquidations carry price through it alone. A model: see its assumptions.
    """

    coin: Coin
    position_side: Literal["short", "long"] = "short"
    shock_usd: Annotated[float, Meta(ge=0, le=1e13)] | None = None
    price_target: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    depth_usd: (
        Annotated[float, Meta(gt=0, le=1e13, description="resting within 1 % on one side, where no book is recorded")]
        | None
    ) = None
    stress: Literal["calm", "median", "p90"] = "calm"
    venue: Venues = ()
    as_of: Instant | None = None


class Simulate(Ask, frozen=True, kw_only=True):
    """Monte Carlo of where price may go, with the liquidations it triggers and without: P(touch), extremes, totals."""

    coin: Coin
    horizon: Duration = "48h"
    levels: Annotated[
        tuple[Annotated[float, Meta(gt=0, le=1e12)], ...], Meta(max_length=10, description="prices asked about")
    ] = ()
    paths: Annotated[int, Meta(ge=200, le=20_000)] = 4_000
    shock_usd: Annotated[float, Meta(ge=-1e13, le=1e13, description="a market order first; selling is negative")] = 0.0
    depth_usd: Annotated[float, Meta(gt=0, le=1e13)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 0
    venue: Venues = ()
    as_of: Instant | None = None


class Series(Ask, frozen=True, kw_only=True):
    """Bars of [as_of - window, as_of), by venue and symbol."""

    coin: Coins = ()
    venue: Venues = ()
    interval: Duration = "1h"
    window: Duration = "24h"
    as_of: Instant | None = None
    limit: Limit = 200


class Funding(Series, frozen=True, kw_only=True):
    """Funding rates, the last of each bar, by venue and symbol; positive: longs pay shorts."""


class OpenInterest(Series, frozen=True, kw_only=True):
    """Open interest, the last of each bar, by venue and symbol; null is unknown."""


class FeedHealth(Ask, frozen=True, kw_only=True):
    """What of each venue and stream was observed in [as_of - window, as_of), with gaps and reasons."""

    venue: Venues = ()
    window: Duration = "24h"
    as_of: Instant | None = None


class Events(Ask, frozen=True, kw_only=True):
    """Stretches in which much more was liquidated than before, largest first, with the rule that found them."""

    coin: Coins = ()
    venue: Venues = ()
    window: Duration = "30d"
    as_of: Instant | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class LargestLiquidations(Ask, frozen=True, kw_only=True):
    """The largest or newest single liquidations of a window; `matching` says how many there were."""

    coin: Coins = ()
    venue: Venues = ()
    min_usd: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    window: Duration = "24h"
    as_of: Instant | None = None
    order: Literal["largest", "newest"] = "largest"
    limit: Limit = 50


class AlertHistory(Ask, frozen=True, kw_only=True):
    """Alerts that were given here, newest first, with what became of them at each sink."""

    limit: Limit = 50
