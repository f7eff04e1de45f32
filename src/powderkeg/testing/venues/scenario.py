"""A synthetic market, fast enough to load a collector: seeded, endless or bounded, the same bytes for the same seed.

Prices of all venues follow one walk per coin. In every second of the scenario a venue sends its share of
`messages_per_s`: a mark price per contract (the canary), order book changes, liquidations, and trades for the rest.
Liquidations come evenly, and now and then in bursts of one side, ten times as many for some seconds. What a venue's
own feed rule leaves out of them is kept as `untold`:

| venue | liquidations pushed |
|---|---|
| binance-usdm | the latest per contract and second |
| bitget | the largest long and short per contract and second |
| bybit, gate, okx | all, in batches of 500 ms, 1 s (at most 20) and 100 ms per contract |
| deribit | all, as flagged trades of 100 ms |
| hyperliquid | fills of the liquidated wallet, for who asks; the public sees trades without a mark |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.testing.squeeze import START_NS
from powderkeg.testing.venues.before import before
from powderkeg.testing.venues.contracts import LISTED
from powderkeg.testing.venues.story import SimulatedFrame
from powderkeg.testing.venues.tape import Mix, Tape

SIMULATED: Final = tuple(LISTED)
"""Slugs of the venues that can be simulated over sockets."""

VENUE_SHARE: Final = {
    "binance-usdm": 0.40,
    "bybit": 0.18,
    "okx": 0.16,
    "bitget": 0.10,
    "gate": 0.07,
    "hyperliquid": 0.05,
    "deribit": 0.04,
}
"""Share of all messages by venue: made up, in the order of real activity."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what is sent; see the module for the story itself.

    Attributes:
        seed: same seed, same bytes.
        venues: slugs out of `SIMULATED`; a venue's frames do not depend on which others take part.
        messages_per_s: of all seven venues together, per second of the scenario; bursts may exceed it.
        duration_s: length, None for endless.
        start_ns: first instant, a whole second, ns UTC.
        book_share: part of the messages that are order book changes.
        liquidation_share: liquidations per message outside bursts.
        burst_every_s: bursts of liquidations begin this often on average, 0 never.
    """

    seed: int = 7
    venues: tuple[str, ...] = SIMULATED
    messages_per_s: float = 2_000.0
    duration_s: int | None = None
    start_ns: int = START_NS
    book_share: float = 0.15
    liquidation_share: float = 0.01
    burst_every_s: float = 30.0

    def __post_init__(self) -> None:
        unknown = [venue for venue in self.venues if venue not in LISTED]
        if unknown:
            raise InputError(
                f"{', '.join(unknown)} cannot be simulated over sockets; venues are {', '.join(SIMULATED)}"
            )
        if not 0 < self.messages_per_s < MAX_MESSAGES_PER_S:
            raise InputError(f"messages_per_s is {self.messages_per_s}; it must lie between 0 and {MAX_MESSAGES_PER_S}")
        if not 0 <= self.book_share + self.liquidation_share <= 1:
            raise InputError("book_share and liquidation_share are parts of the messages: their sum is at most 1")
        if self.start_ns % 1_000_000_000:
            raise InputError(f"start_ns is {self.start_ns}; a scenario begins at a whole second")

    def frames(self, venue: str) -> Iterator[SimulatedFrame]:
        """What the venue pushes, in order of time.

        Raises:
            InputError: the venue takes no part.
        """
        tape = self._tape(venue)
        second = 0
        while self.duration_s is None or second < self.duration_s:
            yield from tape.second(second)
            second += 1

    def past(self, venue: str) -> tuple[SimulatedFrame, ...]:
        """One of everything per contract, from before the beginning."""
        self._tape(venue)  # refuses a venue that takes no part
        return before(venue, self.start_ns)

    def _tape(self, venue: str) -> Tape:
        if venue not in self.venues:
            raise InputError(f"{venue} takes no part in this scenario; its venues are {', '.join(self.venues)}")
        mix = Mix(
            messages_per_s=self.messages_per_s * VENUE_SHARE[venue],
            book_share=self.book_share,
            liquidation_share=self.liquidation_share,
            burst_every_s=self.burst_every_s,
        )
        return Tape(venue, seed=self.seed, start_ns=self.start_ns, mix=mix)


MAX_MESSAGES_PER_S: Final = 1_000_000
"""A second of frames is held in memory at a time; this keeps it below a few hundred MB."""
