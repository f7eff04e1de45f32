"""One venue's tape: the frames of what happens on it, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import gate as gate_frames
from powderkeg.testing.venues.contracts import LISTED, NANO_PER_USD, Listed
from powderkeg.testing.venues.market import MS_PER_S, Dealt, Market, Prices
from powderkeg.testing.venues.press import Fact, Press
from powderkeg.testing.venues.publishing import Happened, pushes
from powderkeg.testing.venues.story import SimulatedFrame

SLOW_EVERY_S: Final = 5  # open interest and funding where they have messages of their own
MS_PER_MINUTE: Final = 60 * MS_PER_S


class Mix(NamedTuple):
    """How many messages a second holds, and of them book changes; see `Scenario`."""

    messages_per_s: float
    book_share: float
    liquidation_share: float
    burst_every_s: float


class Tape:
    """Frames of one venue; seconds must be asked for in order.

    Args:
        venue: slug.
        seed: of the scenario.
        start_ns: first instant.
        mix: of this venue's messages.
    """

    def __init__(self, venue: str, *, seed: int, start_ns: int, mix: Mix) -> None:
        self.venue = venue
        self.contracts = LISTED[venue]
        self._mix = mix
        self._start_ms = start_ns // NS_PER_MS
        self._prices = Prices(seed, [contract.coin for contract in self.contracts])
        self._market = Market(
            self.contracts,
            np.random.default_rng([seed, 2, *venue.encode()]),
            forced_per_s=mix.messages_per_s * mix.liquidation_share,
            burst_every_s=mix.burst_every_s,
        )
        self._press = Press(venue)
        self._owed = 0.0
        self._minute: dict[tuple[str, str], int] = {}

    def second(self, number: int) -> Iterator[SimulatedFrame]:
        """Every frame of the second, in order of time; spelled one by one, so that a second is no pause."""
        base_ms = self._start_ms + number * MS_PER_S
        ratios = self._prices.next_second()
        prices = [contract.price * ratio for contract, ratio in zip(self.contracts, ratios, strict=True)]
        happened = self._market.liquidations(number, base_ms, prices)
        pushed = pushes(self.venue, happened)
        due = self._press.quotes.due(base_ms, prices, is_slow=number % SLOW_EVERY_S == 0)
        books, trades = self._rest(len(pushed) + len(due))
        events: list[tuple[int, Fact]] = [(push.at_ms, push) for push in pushed]
        events += due
        events += self._market.books(books, base_ms, prices)
        events += self._market.trades(trades, base_ms, prices)
        if self.venue == "hyperliquid":  # the public sees a forced trade like any other
            events += [(row.ts_ms, Dealt(row.contract, row.position_side == "short", *row[3:])) for row in happened]
        events.sort(key=itemgetter(0))
        for at_ms, event in events:
            yield self._press.frame(at_ms, event)
        if self.venue == "gate":
            yield from self._minute_stats(base_ms, happened)

    def _rest(self, others: int) -> tuple[int, int]:
        """Books and trades that make up the second's number of messages beside the others."""
        self._owed += self._mix.messages_per_s
        whole = int(self._owed)
        self._owed -= whole
        left = max(0, whole - others)
        books = min(round(whole * self._mix.book_share), left)
        return books, left - books

    def _minute_stats(self, base_ms: int, happened: list[Happened]) -> list[SimulatedFrame]:
        """Gate's own totals when a minute is over: an audit of what was captured."""
        for row in happened:
            key = (row.contract.venue_symbol, row.position_side)
            self._minute[key] = self._minute.get(key, 0) + row.contract.notional_nusd(row.lots, row.ticks)
        over_ms = base_ms + MS_PER_S
        if over_ms % MS_PER_MINUTE:
            return []
        sums, self._minute = self._minute, {}
        return [self._stats_frame(contract, over_ms, sums) for contract in self.contracts]

    def _stats_frame(self, contract: Listed, over_ms: int, sums: dict[tuple[str, str], int]) -> SimulatedFrame:
        symbol = contract.venue_symbol
        payload = gate_frames.contract_stats(
            symbol,
            ts_ms=over_ms - MS_PER_MINUTE,
            open_interest=self._press.quotes.open_interest(contract),
            long_usd=sums.get((symbol, "long"), 0) / NANO_PER_USD,
            short_usd=sums.get((symbol, "short"), 0) / NANO_PER_USD,
        )
        return SimulatedFrame(over_ms * NS_PER_MS, "liquidation_stats", symbol, payload)
