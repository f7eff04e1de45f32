"""What a simulated market is made of: frames in the order a venue pushes them, each with the facts it tells.

A story is pure: told twice, it gives the same frames with the same bytes. Its times are its own; no clock is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from powderkeg.domain.units import PositionSide
from powderkeg.testing.frames import BookChange, ForcedOrder, MarketState, PublicTrade

Kind = Literal["liquidation", "trade", "mark_price", "open_interest", "funding_rate", "book", "liquidation_stats"]


class Forced(msgspec.Struct, frozen=True, gc=False):
    """One liquidation that happened.

    Attributes:
        coin: underlying, `BTC`.
        notional_nusd: executed value in nano-dollars.
        row: as the venue's feed would tell it.
    """

    coin: str
    position_side: PositionSide
    notional_nusd: int
    row: ForcedOrder


class SimulatedFrame(msgspec.Struct, frozen=True, gc=False):
    """One message of a venue.

    Attributes:
        at_ns: when the venue pushes it, in the story's time.
        kind: what it tells.
        venue_symbol: of which contract, in the venue's own spelling.
        payload: the bytes sent.
        told: liquidations the message tells; untold: those that happened in its interval and that the venue's feed
            leaves out by its own rule (Binance tells the latest, Bitget the largest).
        fact: from what the message was built, where it is not a liquidation; kept for snapshots on subscribing.
    """

    at_ns: int
    kind: Kind
    venue_symbol: str
    payload: bytes
    told: tuple[Forced, ...] = ()
    untold: tuple[Forced, ...] = ()
    fact: PublicTrade | BookChange | MarketState | None = None


class Story(Protocol):
    """Where the servers get their frames from."""

    @property
    def venues(self) -> tuple[str, ...]:
        """Slugs of the venues that take part."""
        ...

    @property
    def start_ns(self) -> int:
        """The first instant, ns UTC."""
        ...

    def frames(self, venue: str) -> Iterator[SimulatedFrame]:
        """What the venue pushes, in order of time; endless unless the story ends."""
        ...

    def past(self, venue: str) -> tuple[SimulatedFrame, ...]:
        """What the venue pushed before the story begins, for messages that repeat the past on subscribing."""
        ...
