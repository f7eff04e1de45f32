"""What a venue remembers of its own feed, to say something to a new subscriber before anything new happens."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from powderkeg.testing.frames import BookChange, PublicTrade
from powderkeg.testing.venues.story import Forced, Kind, SimulatedFrame

LAST_TRADES: Final = 10
HISTORY: Final = 5_000  # liquidations kept for those who ask over REST: about 2 MB a venue


class Memory:
    """The latest of each kind by contract, as the venue published it, whatever became of it on the way."""

    def __init__(self, past: tuple[SimulatedFrame, ...] = ()) -> None:
        self._last: dict[tuple[Kind, str], SimulatedFrame] = {}
        self._trades: dict[str, deque[PublicTrade]] = {}
        self._last_liquidation: SimulatedFrame | None = None
        self.happened: deque[Forced] = deque(maxlen=HISTORY)
        for frame in past:
            self.note(frame)
        self.happened.clear()  # what was before the story is no part of its history

    def note(self, frame: SimulatedFrame) -> None:
        """Remember a frame."""
        self._last[frame.kind, frame.venue_symbol] = frame
        if frame.kind == "trade":
            trades = self._trades.get(frame.venue_symbol)
            if trades is None:
                trades = self._trades[frame.venue_symbol] = deque(maxlen=LAST_TRADES)
            assert isinstance(frame.fact, PublicTrade)
            trades.append(frame.fact)
        elif frame.kind == "liquidation":
            self._last_liquidation = frame
            self.happened.extend(frame.told)
            self.happened.extend(frame.untold)

    def last(self, kind: Kind, venue_symbol: str) -> SimulatedFrame | None:
        """The latest frame of a kind."""
        return self._last.get((kind, venue_symbol))

    def last_liquidation(self) -> SimulatedFrame | None:
        """The latest frame about liquidations, of whatever contract."""
        return self._last_liquidation

    def trades(self, venue_symbol: str) -> tuple[PublicTrade, ...]:
        """The latest trades of a contract, oldest first."""
        return tuple(self._trades.get(venue_symbol, ()))

    def book(self, venue_symbol: str) -> BookChange | None:
        """The book as far as it is known, whole, under the number of its last change."""
        frame = self._last.get(("book", venue_symbol))
        if frame is None or not isinstance(frame.fact, BookChange):
            return None
        return msgspec.structs.replace(frame.fact, is_snapshot=True)
