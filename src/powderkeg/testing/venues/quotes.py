"""What a venue says about a contract besides trades: mark price, funding, open interest, and its order book.

Books are plausible in shape and chained by their numbers; their levels are not those of a matching engine. Those of a
scenario have three levels a side, for they are about messages; the squeeze shows whole ones (`testing.whole_books`).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import BookChange, MarketState, frames_of
from powderkeg.testing.squeeze import COINS
from powderkeg.testing.venues.contracts import Listed
from powderkeg.testing.venues.story import Kind, SimulatedFrame
from powderkeg.testing.whole_books import whole_book

OPEN_INTEREST_USD: Final = 400e6  # per contract and venue, made up
FUNDING_RATE: Final = 0.0001  # per interval; the usual one of most venues
FUNDING_EVERY_MS: Final = 8 * 3_600_000
LEVELS: Final = 3
FIRST_ID: Final = 10_000  # of the last change before the story
_COINS: Final = {coin.name: coin for coin in COINS}
_OWN_MESSAGES: Final[dict[str, tuple[Kind, ...]]] = {"okx": ("open_interest", "funding_rate")}
"""Facts that do not travel in the message of the mark price."""


class Quotes:
    """The quotes of one venue's contracts; remembers only how far each book's numbers have come."""

    def __init__(self, venue: str, contracts: tuple[Listed, ...]) -> None:
        self._venue = venue
        self._contracts = contracts
        self._frames = frames_of(venue)
        self._last_id = {contract.venue_symbol: FIRST_ID for contract in contracts}

    def open_interest(self, contract: Listed) -> float:
        """In the unit of the venue's feed."""
        return contract.qty_of(contract.lots_of(OPEN_INTEREST_USD, contract.price))

    def due(self, base_ms: int, prices: list[float], *, is_slow: bool) -> list[tuple[int, SimulatedFrame]]:
        """Mark prices of the second, spread over it, and where it is time the slow messages."""
        found: list[tuple[int, SimulatedFrame]] = []
        for n, (contract, price) in enumerate(zip(self._contracts, prices, strict=True)):
            at_ms = base_ms + n * 100
            kinds: tuple[Kind, ...] = ("mark_price", *(_OWN_MESSAGES.get(self._venue, ()) if is_slow else ()))
            found += [(at_ms, self.market(kind, contract, at_ms, price)) for kind in kinds]
        return found

    def before(self, contract: Listed, at_ms: int, open_interest: float | None = None) -> list[SimulatedFrame]:
        """The mark price and the book a subscriber is shown before the story has told any."""
        change = self._change(contract, at_ms, contract.price, 0)
        change = msgspec.structs.replace(change, first_id=FIRST_ID, last_id=FIRST_ID, previous_id=FIRST_ID - 1)
        book = SimulatedFrame(at_ms * NS_PER_MS, "book", contract.venue_symbol, self._spelled(change), fact=change)
        return [self.market("mark_price", contract, at_ms, contract.price, open_interest), book]

    def book(self, contract: Listed, at_ms: int, price: float, dice: int) -> SimulatedFrame:
        """The next change of the contract's book, around `price`."""
        change = self._change(contract, at_ms, price, dice)
        self._last_id[contract.venue_symbol] = change.last_id
        return SimulatedFrame(at_ms * NS_PER_MS, "book", contract.venue_symbol, self._spelled(change), fact=change)

    def whole(self, contract: Listed, at_ms: int, price: float, after: int, rng: np.random.Generator) -> SimulatedFrame:
        """The contract's whole book around `price`, so many changes `after` the beginning; as `BOOK_VENUE` tells it."""
        change = whole_book(
            _COINS[contract.coin],
            venue_symbol=contract.venue_symbol,
            price=price,
            ts_ms=at_ms,
            serial=FIRST_ID + after,
            rng=rng,
        )
        return SimulatedFrame(at_ms * NS_PER_MS, "book", contract.venue_symbol, self._spelled(change), fact=change)

    def _change(self, contract: Listed, at_ms: int, price: float, dice: int) -> BookChange:
        """Levels from the bits of `dice`: cheaper than a generator per message, and as repeatable."""
        middle = contract.ticks_of(price)
        previous = self._last_id[contract.venue_symbol]
        bids = tuple(
            (contract.price_of(max(1, middle - 1 - n)), contract.qty_of(1 + (dice >> n) % 997)) for n in range(LEVELS)
        )
        asks = tuple(
            (contract.price_of(middle + 1 + n), contract.qty_of(1 + (dice >> (n + 7)) % 997)) for n in range(LEVELS)
        )
        return BookChange(
            venue_symbol=contract.venue_symbol,
            ts_ms=at_ms,
            bids=bids,
            asks=asks,
            first_id=previous + 1,
            last_id=previous + 2 * LEVELS,
            previous_id=previous,
        )

    def _spelled(self, change: BookChange) -> bytes:
        assert self._frames.book is not None, "every venue that is simulated over sockets has a book"
        return self._frames.book(change)

    def market(
        self, kind: Kind, contract: Listed, at_ms: int, price: float, open_interest: float | None = None
    ) -> SimulatedFrame:
        """The message of a mark price, of open interest or of funding; open interest in the unit of the feed."""
        mark = contract.price_of(contract.ticks_of(price))
        state = MarketState(
            venue_symbol=contract.venue_symbol,
            ts_ms=at_ms,
            mark_price=mark,
            index_price=mark,
            open_interest=self.open_interest(contract) if open_interest is None else open_interest,
            funding_rate=FUNDING_RATE,
            next_funding_ms=at_ms // FUNDING_EVERY_MS * FUNDING_EVERY_MS + FUNDING_EVERY_MS,
        )
        assert kind in ("mark_price", "open_interest", "funding_rate")
        payload = self._frames.market[kind](state)
        return SimulatedFrame(at_ms * NS_PER_MS, kind, contract.venue_symbol, payload, fact=state)
