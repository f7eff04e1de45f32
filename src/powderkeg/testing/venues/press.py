"""Facts to frames: one venue's messages, numbered as the venue numbers them."""

from __future__ import annotations

from typing import Final

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import ForcedOrder, PublicTrade, frames_of
from powderkeg.testing.venues.contracts import LISTED, NANO_PER_USD
from powderkeg.testing.venues.market import Dealt, Moved
from powderkeg.testing.venues.publishing import Happened, Push
from powderkeg.testing.venues.quotes import Quotes
from powderkeg.testing.venues.story import Forced, SimulatedFrame

FIRST_SERIAL: Final = 1_000_000

Fact = Push | Dealt | Moved | SimulatedFrame
"""What a message is made from; a frame is a message already."""


class Press:
    """Spells one venue's facts, in the order in which they are pushed.

    Args:
        venue: slug.
    """

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.quotes = Quotes(venue, LISTED[venue])
        self._frames = frames_of(venue)
        self._serials = dict.fromkeys([contract.venue_symbol for contract in LISTED[venue]], FIRST_SERIAL)

    def frame(self, at_ms: int, event: Fact) -> SimulatedFrame:
        """The message that tells a fact at a time."""
        if isinstance(event, Dealt):
            return self.trade(at_ms, event, self._serial(event.contract.venue_symbol))
        if isinstance(event, Moved):
            return self.quotes.book(event.contract, at_ms, event.price, event.dice)
        return self.liquidation(event) if isinstance(event, Push) else event

    def _serial(self, venue_symbol: str) -> int:
        """Numbers trades of a contract without a hole, as Deribit does."""
        self._serials[venue_symbol] += 1
        return self._serials[venue_symbol]

    def trade(self, at_ms: int, deal: Dealt, serial: int) -> SimulatedFrame:
        """A trade under a number of its own."""
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

    def liquidation(self, push: Push, serial: int | None = None) -> SimulatedFrame:
        """A message about liquidations, under the next numbers unless one is given."""
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
