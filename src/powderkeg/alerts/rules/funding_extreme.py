"""Funding is extreme.

What it detects: a market's funding rate, as a year of it, reaches `on_ratio` in either direction.

Why it matters: one side pays dearly to stay, which is how crowding shows; crowded sides are the ones that get squeezed.

Inputs and units: `FundingRate.funding_rate` (fraction per interval) times intervals per year: 1.0 is 100 % a year. A
rate whose interval is unknown is left out: a year of it cannot be told.

Known false alarms: new or thin contracts; rates at the venue's cap for one interval; predicted rates that are not
settled so.

Reference: each venue's interval and sign stand in its QUIRKS.md; positive: longs pay shorts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation
from powderkeg.alerts.rules.base import Forgetful, Signal, Words
from powderkeg.domain.events import FundingRate
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_HOUR

HOURS_PER_YEAR: Final = 8_760.0


class FundingParams(msgspec.Struct, frozen=True, kw_only=True):
    """Ratios per year; see the head of the file."""

    on_ratio: float = 0.6
    off_ratio: float = 0.4
    cooldown_ns: int = 8 * NS_PER_HOUR


class FundingExtreme(Forgetful):
    """See the head of the file."""

    name: ClassVar[str] = "funding_extreme"

    def __init__(self, params: FundingParams | None = None) -> None:
        self.params = params or FundingParams()

    @property
    def thresholds(self) -> Thresholds:
        """Of the year's rate in the direction of the subject."""
        return Thresholds(on=self.params.on_ratio, off=self.params.off_ratio, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`; one level per direction, so that a turn ends the other's episode."""
        if not isinstance(observation, FundingRate) or not observation.funding_interval_hours:
            return
        rate, hours = observation.funding_rate, observation.funding_interval_hours
        year = rate * HOURS_PER_YEAR / hours
        coin = coin_of(observation.symbol)
        for payers, level in (("longs", year), ("shorts", -year)):
            yield Signal(
                subject=f"{coin} {observation.venue} {payers} pay",
                at_ns=observation.ts_event_ns,
                level=level,
                words=lambda payers=payers: _words(observation, coin, payers, year),
            )


def _words(event: FundingRate, coin: str, payers: str, year: float) -> Words:
    takers = "shorts" if payers == "longs" else "longs"
    kind = "the running estimate" if event.next_funding_ns is not None else "as told"
    return Words(
        headline=f"{coin}: {payers} pay {abs(year):.0%} a year on {event.venue}",
        detail=(
            f"{event.symbol}: {event.funding_rate:+.4%} per {event.funding_interval_hours:g} h, {payers} to {takers}"
        ),
        sureness=f"measured, {kind} by the venue; one market of one venue.",
        path=f"/map?coin={coin}",
    )
