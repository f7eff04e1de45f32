"""Open interest surges.

What it detects: a market's open interest, counted in coins or contracts, rises by `on_ratio` within an hour.

Why it matters: leverage is being added quickly, and what is added has its liquidation prices near.

Inputs and units: `OpenInterest.open_interest_base`, or `_contracts` where that is unknown; never dollars, which move
with the price. The level is newest over lowest of the last hour, less 1. Markets below `min_usd` are left out where
dollars are known.

Known false alarms: a new contract; a venue that changes what it counts; positions moved from one contract to another;
wash trades. The first hour of a recording compares with a shorter past.

Reference: open interest counts one side; each venue's unit stands in its QUIRKS.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation
from powderkeg.alerts.rules.base import Signal, Words, usd
from powderkeg.domain.events import OpenInterest
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, format_duration

STEP_NS: Final = 5 * NS_PER_MINUTE
WINDOW_NS: Final = NS_PER_HOUR
MAX_MARKETS: Final = 5_000


class OpenInterestParams(msgspec.Struct, frozen=True, kw_only=True):
    """See the head of the file."""

    on_ratio: float = 0.08
    off_ratio: float = 0.04
    min_usd: float = 2e7
    cooldown_ns: int = 2 * NS_PER_HOUR


class Held(msgspec.Struct):
    """One market: the unit counted, and the lowest reading of each five minutes of the last hour."""

    unit: str
    lowest: dict[int, float]


class OpenInterestSurge:
    """See the head of the file."""

    name: ClassVar[str] = "open_interest_surge"

    def __init__(self, params: OpenInterestParams | None = None) -> None:
        self.params = params or OpenInterestParams()
        self._markets: dict[str, Held] = {}

    @property
    def thresholds(self) -> Thresholds:
        """Of the rise."""
        return Thresholds(on=self.params.on_ratio, off=self.params.off_ratio, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if not isinstance(observation, OpenInterest):
            return ()
        base, contracts = observation.open_interest_base, observation.open_interest_contracts
        held, unit = (base, "base") if base is not None else (contracts, "contracts")
        if held is None or held <= 0:
            return ()
        lowest, step = self._lowest(observation, held, unit)
        known_usd = observation.open_interest_usd
        if known_usd is not None and known_usd < self.params.min_usd:
            return ()
        since_ns = observation.ts_event_ns - step * STEP_NS
        return [
            Signal(
                subject=f"{coin_of(observation.symbol)} {observation.venue} {observation.symbol}",
                at_ns=observation.ts_event_ns,
                level=held / lowest - 1.0,
                words=lambda: _words(observation, held / lowest - 1.0, since_ns, unit),
            )
        ]

    def memory(self) -> Any:
        """The last hour of every market."""
        return msgspec.to_builtins(self._markets, str_keys=True)

    def remember(self, memory: Any) -> None:
        """Take it."""
        self._markets = msgspec.convert(memory, dict[str, Held], strict=False)

    def _lowest(self, event: OpenInterest, held: float, unit: str) -> tuple[float, int]:
        """The lowest reading of the last hour and its step; takes in the new one."""
        name, step = f"{event.venue} {event.symbol}", event.ts_event_ns // STEP_NS
        market = self._markets.get(name)
        if market is None or market.unit != unit:
            if market is None and len(self._markets) >= MAX_MARKETS:
                return held, step
            market = self._markets[name] = Held(unit, {})
        market.lowest[step] = min(held, market.lowest.get(step, held))
        newest = max(market.lowest)
        oldest = newest - WINDOW_NS // STEP_NS
        market.lowest = {at: reading for at, reading in market.lowest.items() if at > oldest}
        before = {at: reading for at, reading in market.lowest.items() if at <= step} or {step: held}
        return min((reading, at) for at, reading in before.items())


def _words(event: OpenInterest, rise: float, since_ns: int, unit: str) -> Words:
    coin = coin_of(event.symbol)
    minutes = max(since_ns // STEP_NS + 1, 1) * STEP_NS
    dollars = "" if event.open_interest_usd is None else f", {usd(event.open_interest_usd)} now"
    return Words(
        headline=f"{coin}: open interest on {event.venue} rose {rise:.1%} within {format_duration(minutes)}",
        detail=f"{event.symbol}, counted in {'coins' if unit == 'base' else 'contracts'}{dollars}",
        sureness="measured; one market of one venue, and it does not say which side opened.",
        path=f"/map?coin={coin}",
    )
