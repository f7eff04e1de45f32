"""What rules look at: recorded events, and readings of the liquidation map made from time to time."""

from __future__ import annotations

import msgspec

from powderkeg.domain.events import FeedGap, FundingRate, Liquidation, OpenInterest


class FuelReading(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one side a map holds near the price.

    Attributes:
        coin: the underlying.
        position_side: shorts stand above the price, longs below.
        mark_price: of the map.
        within_ratio: how near, as a share of the price.
        near_usd: liquidated on the way there, with the ends of its band.
        mean_usd: the same stretch's average on that side, over the `reach_ratio` nearest to the price.
        price_peak: where most of the near fuel lies.
        method: `modelled` or `measured`.
        is_floor: dollars are on the scale of feeds that sample.
        gain: the map's newest stored score over the move alone, that of the side; None where there is none.
        placed_ratio: share of open interest that is in the map at all.
        absent: markets of the coin that are not in it.
    """

    coin: str
    position_side: str
    mark_price: float
    within_ratio: float
    reach_ratio: float
    near_usd: float
    lower_usd: float
    upper_usd: float
    mean_usd: float
    price_peak: float
    method: str
    is_floor: bool
    gain: float | None
    placed_ratio: float | None
    absent: int
    ts_event_ns: int
    is_simulated: bool = False


class LadderReading(msgspec.Struct, frozen=True, kw_only=True):
    """The nearest rung of the ladder: a stretch where fuel exceeds depth.

    Attributes:
        reproduction: forced dollars made per dollar of depth in it; 0 where there is no rung within reach, infinite
            where it has no depth.
        price_trigger, price_stop: where it begins, and where the book has caught up.
        fuel_usd, depth_usd: in it.
        fuel_method, depth_method, depth_source: where they come from.
        is_floor: fuel is on the scale of feeds that sample, and so is the reproduction number.
    """

    coin: str
    position_side: str
    mark_price: float
    reproduction: float
    price_trigger: float | None
    price_stop: float | None
    fuel_usd: float
    depth_usd: float
    fuel_method: str
    depth_method: str
    depth_source: str
    is_floor: bool
    ts_event_ns: int
    is_simulated: bool = False


class Tick(msgspec.Struct, frozen=True):
    """Time went on and nothing else: what was a lot a while ago is not any more."""

    ts_event_ns: int


Observation = Liquidation | FundingRate | OpenInterest | FeedGap | FuelReading | LadderReading | Tick


def observed_at(observation: Observation) -> int:
    """When it was so, ns; of a gap, its end."""
    return observation.to_ns if isinstance(observation, FeedGap) else observation.ts_event_ns
