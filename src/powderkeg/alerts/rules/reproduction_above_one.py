"""R above 1: a stretch that feeds itself.

What it detects: near the price there is a stretch in which liquidations make more forced volume than the book holds
(reproduction number R of at least `on_ratio`).

Why it matters: once price enters it, liquidations carry it through without anyone else.

Inputs and units: the nearest rung of the ladder (`LadderReading`); R is forced dollars per dollar of depth.

Known false alarms: modelled depth, or a book that is thin only for a moment; hidden and incoming orders; the map's own
errors. Fuel of a modelled map is a floor, so R is one too: an R below 1 rules nothing out.

Reference: docs/cascade.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import LadderReading, Observation
from powderkeg.alerts.rules.base import Forgetful, Signal, Words, price, usd
from powderkeg.domain.time import NS_PER_HOUR


class ReproductionParams(msgspec.Struct, frozen=True, kw_only=True):
    """`within_ratio` is how near the stretch must begin; see the head of the file."""

    within_ratio: float = 0.02
    on_ratio: float = 1.0
    off_ratio: float = 0.8
    cooldown_ns: int = 2 * NS_PER_HOUR


class ReproductionAboveOne(Forgetful):
    """See the head of the file."""

    name: ClassVar[str] = "reproduction_above_one"

    def __init__(self, params: ReproductionParams | None = None) -> None:
        self.params = params or ReproductionParams()

    @property
    def thresholds(self) -> Thresholds:
        """Of R."""
        return Thresholds(on=self.params.on_ratio, off=self.params.off_ratio, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if not isinstance(observation, LadderReading):
            return ()
        trigger = observation.price_trigger
        is_near = trigger is not None and abs(trigger / observation.mark_price - 1.0) <= self.params.within_ratio
        return [
            Signal(
                subject=f"{observation.coin} {observation.position_side}s",
                at_ns=observation.ts_event_ns,
                level=observation.reproduction if is_near else 0.0,
                words=lambda: _words(observation),
                is_simulated=observation.is_simulated,
            )
        ]


def _words(one: LadderReading) -> Words:
    trigger, stop = one.price_trigger or one.mark_price, one.price_stop or one.mark_price
    book = "asks" if one.position_side == "short" else "bids"
    number = "no end" if math.isinf(one.reproduction) else f"{one.reproduction:.2g}"
    floor = " Fuel is a floor, on the scale of feeds that sample, and so is R." if one.is_floor else ""
    return Words(
        headline=(
            f"{one.coin}: R = {number} through {price(trigger)}, {one.position_side}s would carry the move themselves"
        ),
        detail=(
            f"{usd(one.fuel_usd)} of {one.position_side}s against {usd(one.depth_usd)} of {book} between "
            f"{price(trigger)} and {price(stop)}; price now {price(one.mark_price)}"
        ),
        sureness=f"fuel {one.fuel_method}, depth {one.depth_method} ({one.depth_source}).{floor}",
        path=f"/what-if?coin={one.coin}",
    )
