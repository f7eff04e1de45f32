"""A single large liquidation.

What it detects: one liquidation order of at least `min_usd`.

Why it matters: one position of that size moves the book by itself, and names the price at which someone large was.

Inputs and units: `Liquidation.notional_usd`, USD. Each order is a pulse; within the cooldown further ones of the same
coin and side are only counted, and the next alert says how many there were.

Known false alarms: venues that tell the size of the position, not of the fill; an order of wrong size in the feed.
Orders of unknown notional are left out. Missed alarms: a large position closed in many small orders.

Reference: each venue's meaning of size and price stands in its QUIRKS.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation
from powderkeg.alerts.rules.base import Forgetful, Signal, Words, price, usd
from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_MINUTE


class LargeLiquidationParams(msgspec.Struct, frozen=True, kw_only=True):
    """See the head of the file."""

    min_usd: float = 1e6
    cooldown_ns: int = NS_PER_MINUTE


class LargeLiquidation(Forgetful):
    """See the head of the file."""

    name: ClassVar[str] = "large_liquidation"

    def __init__(self, params: LargeLiquidationParams | None = None) -> None:
        self.params = params or LargeLiquidationParams()

    @property
    def thresholds(self) -> Thresholds:
        """Of the order, USD."""
        return Thresholds(on=self.params.min_usd, off=self.params.min_usd, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if not isinstance(observation, Liquidation) or observation.notional_usd is None:
            return ()
        event, notional_usd = observation, observation.notional_usd
        if notional_usd < self.params.min_usd:
            return ()
        coin = coin_of(event.symbol)
        named = event.event_id or f"{event.position_side} {event.qty:.12g} {event.price:.12g}"
        return [
            Signal(
                subject=f"{coin} {event.position_side}s",
                at_ns=event.ts_event_ns,
                level=notional_usd,
                words=lambda: _words(event, coin, notional_usd),
                pulse=f"{event.venue} {event.symbol} {event.ts_event_ns} {named}",
            )
        ]


def _words(event: Liquidation, coin: str, notional_usd: float) -> Words:
    known = {
        "fill": "the price is that of the fill",
        "bankruptcy": "the price is the bankruptcy price, not that of a fill",
        "order": "the price is that of the order, not of a fill",
    }
    return Words(
        headline=f"{coin}: a {event.position_side} of {usd(notional_usd)} was liquidated on {event.venue}",
        detail=f"{event.symbol} at {price(event.price)}",
        sureness=f"measured; {known.get(event.price_kind, f'the price is a {event.price_kind} price')}.",
        path=f"/map?coin={coin}",
    )
