"""Fuel near the price.

What it detects: within `within_ratio` of the price the liquidation map holds `on_multiple` times as much of one side as
such a stretch holds on average.

Why it matters: a small move reaches many liquidations, which then push it on.

Inputs and units: a reading of the map (`FuelReading`), USD. The level is a ratio of the map to itself, so that the
scale of the map does not enter: dollars of a modelled map are on the scale of feeds that sample, and a floor.

Known false alarms: a map without gain over the move alone is no better than a guess, and the alert says what it scored;
levels just behind the price after a quick move; positions opened before the recording are not in the map at all, and
below `min_placed_ratio` of open interest in it the rule is silent.

The default: near the price a map usually holds less than its average (what was there is gone), half of it in the median
of 452 readings of BTC and ETH from November 2025 to January 2026, and as much as it in one of twenty.

Reference: docs/liquidation-map.md, docs/reading-the-map.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import FuelReading, Observation
from powderkeg.alerts.rules.base import Forgetful, Signal, Words, price, usd
from powderkeg.domain.time import NS_PER_HOUR


class FuelParams(msgspec.Struct, frozen=True, kw_only=True):
    """See the head of the file."""

    within_ratio: float = 0.01
    on_multiple: float = 1.0
    off_multiple: float = 0.7
    min_placed_ratio: float = 0.05
    cooldown_ns: int = 2 * NS_PER_HOUR


class FuelNearPrice(Forgetful):
    """See the head of the file."""

    name: ClassVar[str] = "fuel_near_price"

    def __init__(self, params: FuelParams | None = None) -> None:
        self.params = params or FuelParams()

    @property
    def thresholds(self) -> Thresholds:
        """Of fuel over its average."""
        return Thresholds(on=self.params.on_multiple, off=self.params.off_multiple, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if not isinstance(observation, FuelReading) or observation.mean_usd <= 0:
            return ()
        if observation.placed_ratio is not None and observation.placed_ratio < self.params.min_placed_ratio:
            return ()
        return [
            Signal(
                subject=f"{observation.coin} {observation.position_side}s",
                at_ns=observation.ts_event_ns,
                level=observation.near_usd / observation.mean_usd,
                words=lambda: _words(observation),
                is_simulated=observation.is_simulated,
            )
        ]


def _words(one: FuelReading) -> Words:
    way = "above" if one.position_side == "short" else "below"
    least = "at least " if one.is_floor else ""
    return Words(
        headline=(
            f"{one.coin}: {least}{usd(one.near_usd)} of {one.position_side}s would be liquidated within "
            f"{one.within_ratio:.1%} {way} {price(one.mark_price)}"
        ),
        detail=(
            f"{one.near_usd / one.mean_usd:.1f} times the average of such a stretch within {one.reach_ratio:.0%}; "
            f"most of it around {price(one.price_peak)}; band {usd(one.lower_usd)} to {usd(one.upper_usd)}"
        ),
        sureness=" ".join(map_sureness(one.method, is_floor=one.is_floor, gain=one.gain, placed=one.placed_ratio)),
        path=f"/map?coin={one.coin}",
    )


def map_sureness(method: str, *, is_floor: bool, gain: float | None, placed: float | None) -> list[str]:
    """What a reader must know of a map before trusting it."""
    said = [f"{method}."]
    if is_floor:
        said.append("Dollars are a floor, on the scale of feeds that sample.")
    if method == "modelled":
        scored = (
            "its score is unknown (powderkeg map score)" if gain is None else f"gain over the move alone {gain:+.2f}"
        )
        said.append(f"The map: {scored}.")
    if placed is not None:
        said.append(f"{placed:.0%} of open interest is in it.")
    return said
