"""One venue's tape: the frames of what happens on it, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import ForcedOrder, PublicTrade, frames_of
from powderkeg.testing.frames import gate as gate_frames
from powderkeg.testing.venues.contracts import LISTED, NANO_PER_USD, Listed
from powderkeg.testing.venues.market import MS_PER_S, Dealt, Market, Moved, Prices
from powderkeg.testing.venues.publishing import Happened, Push, pushes
from powderkeg.testing.venues.quotes import Quotes
from powderkeg.testing.venues.story import Forced, SimulatedFrame

SLOW_EVERY_S: Final = 5  # open interest and funding where they have messages of their own
MS_PER_MINUTE: Final = 60 * MS_PER_S
PAST_MS: Final = 3_600 * MS_PER_S  # what repeats on subscribing is this old when the story begins
PAST_USD: Final = 2_500.0
FIRST_SERIAL: Final = 1_000_000

_Event = Push | Dealt | Moved | SimulatedFrame


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
        self._frames = frames_of(venue)
        self._quotes = Quotes(venue, self.contracts)
        self._serials = dict.fromkeys([contract.venue_symbol for contract in self.contracts], FIRST_SERIAL)
        self._owed = 0.0
        self._minute: dict[tuple[str, str], int] = {}

    def past(self) -> tuple[SimulatedFrame, ...]:
        """A trade, a liquidation, a mark price and a book of every contract, an hour before the beginning."""
        at_ms = self._start_ms - PAST_MS
        found: list[SimulatedFrame] = []
        for contract in self.contracts:
            ticks, lots = contract.ticks_of(contract.price), contract.lots_of(PAST_USD, contract.price)
            found.append(self._trade(at_ms, Dealt(contract, is_buy=False, lots=lots, ticks=ticks), FIRST_SERIAL - 1))
            (push,) = pushes(self.venue, [Happened(at_ms, contract, "long", lots, ticks)])
            found.append(self._liquidation(push, FIRST_SERIAL - 2))
            found += self._quotes.before(contract, at_ms)
        return tuple(found)

    def second(self, number: int) -> Iterator[SimulatedFrame]:
        """Every frame of the second, in order of time; spelled one by one, so that a second is no pause."""
        base_ms = self._start_ms + number * MS_PER_S
        ratios = self._prices.next_second()
        prices = [contract.price * ratio for contract, ratio in zip(self.contracts, ratios, strict=True)]
        happened = self._market.liquidations(number, base_ms, prices)
        pushed = pushes(self.venue, happened)
        due = self._quotes.due(base_ms, prices, is_slow=number % SLOW_EVERY_S == 0)
        books, trades = self._rest(len(pushed) + len(due))
        events: list[tuple[int, _Event]] = [(push.at_ms, push) for push in pushed]
        events += due
        events += self._market.books(books, base_ms, prices)
        events += self._market.trades(trades, base_ms, prices)
        if self.venue == "hyperliquid":  # the public sees a forced trade like any other
            events += [(row.ts_ms, Dealt(row.contract, row.position_side == "short", *row[3:])) for row in happened]
        events.sort(key=itemgetter(0))
        for at_ms, event in events:
            yield self._frame(at_ms, event)
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

    def _frame(self, at_ms: int, event: _Event) -> SimulatedFrame:
        if isinstance(event, Dealt):
            return self._trade(at_ms, event, self._serial(event.contract.venue_symbol))
        if isinstance(event, Moved):
            return self._quotes.book(event.contract, at_ms, event.price, event.dice)
        return self._liquidation(event) if isinstance(event, Push) else event

    def _serial(self, venue_symbol: str) -> int:
        """Numbers trades of a contract without a hole, as Deribit does."""
        self._serials[venue_symbol] += 1
        return self._serials[venue_symbol]

    def _trade(self, at_ms: int, deal: Dealt, serial: int) -> SimulatedFrame:
        contract = deal.contract
        row = PublicTrade(
            venue_symbol=contract.venue_symbol,
            taker_side="buy" if deal.is_buy else "sell",
            qty=contract.qty_of(deal.lots),
            price=contract.price_of(deal.ticks),
            ts_ms=at_ms,
            serial=serial,
        )
        return SimulatedFrame(at_ms * NS_PER_MS, "trade", row.venue_symbol, self._frames.trades((row,)), fact=row)

    def _liquidation(self, push: Push, serial: int | None = None) -> SimulatedFrame:
        symbol = push.told[0].contract.venue_symbol
        told = tuple(self._forced(row, self._serial(symbol) if serial is None else serial) for row in push.told)
        untold = tuple(self._forced(row, 0) for row in push.untold)
        payload = self._frames.liquidations([forced.row for forced in told])
        return SimulatedFrame(push.at_ms * NS_PER_MS, "liquidation", symbol, payload, told, untold)

    def _forced(self, happened: Happened, serial: int) -> Forced:
        contract = happened.contract
        nano = contract.notional_nusd(happened.lots, happened.ticks)
        row = ForcedOrder(
            venue_symbol=contract.venue_symbol,
            position_side=happened.position_side,
            # Bitget tells liquidations in quote currency.
            qty=nano / NANO_PER_USD if self.venue == "bitget" else contract.qty_of(happened.lots),
            price=contract.price_of(happened.ticks),
            ts_ms=happened.ts_ms,
            serial=serial,
        )
        return Forced(contract.coin, happened.position_side, nano, row)

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
            open_interest=self._quotes.open_interest(contract),
            long_usd=sums.get((symbol, "long"), 0) / NANO_PER_USD,
            short_usd=sums.get((symbol, "short"), 0) / NANO_PER_USD,
        )
        return SimulatedFrame(over_ms * NS_PER_MS, "liquidation_stats", symbol, payload)
