"""The oracle: what one venue sent, lost and repeated, counted where it happens and exact.

Two laws tie the counts together, whatever the faults:

- every frame the story made is delivered, unsubscribed (nobody had asked for its channel), lost for a named reason, or
  still held back by a fault;
- every message a client received is data, a repeat, a replay, first words after a subscription, garbage, or a reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from powderkeg.testing.venues.contracts import NANO_PER_USD
from powderkeg.testing.venues.story import Forced, SimulatedFrame

Message = Literal["data", "repeat", "replay", "first_words", "garbage", "reply"]


class ForcedTotals:
    """Liquidations by coin and side: how many, and their exact worth."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.nusd: Counter[tuple[str, str]] = Counter()

    def add(self, rows: Iterable[Forced]) -> None:
        """Count each row once."""
        for row in rows:
            key = (row.coin, row.position_side)
            self.counts[key] += 1
            self.nusd[key] += row.notional_nusd

    @property
    def count(self) -> int:
        """Of all coins and sides."""
        return self.counts.total()

    def notional_usd(self, coin: str | None = None, position_side: str | None = None) -> float:
        """Worth of those of a coin and side, None for all; the nearest double to the exact sum."""
        chosen = [
            nano
            for (of_coin, of_side), nano in self.nusd.items()
            if coin in (None, of_coin) and position_side in (None, of_side)
        ]
        return sum(chosen) / NANO_PER_USD

    def document(self) -> dict[str, dict[str, int]]:
        """`{"BTC long": {"count": ..., "notional_nusd": ...}}`, sorted."""
        return {
            f"{coin} {position_side}": {"count": count, "notional_nusd": self.nusd[coin, position_side]}
            for (coin, position_side), count in sorted(self.counts.items())
        }


class Ledger:
    """One venue's account.

    Attributes:
        frames: fate -> frames: `made`, `delivered` (to at least one client), `unsubscribed`; `lost` by reason.
        messages: kind -> messages written, over all connections; control frames of WebSocket itself not counted.
        happened: liquidations as they were, told or not.
        told: those in frames the venue made, after its own feed rule.
        delivered: those told to at least one client, each once however often it was told.
        lost_rows: (event time ms, coin, side, nano-dollars) of each liquidation in frames that were lost.
        repeated: rows told again, by a duplicate or a replay, once for each time.
    """

    def __init__(self) -> None:
        self.frames: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.messages: Counter[Message] = Counter()
        self.happened = ForcedTotals()
        self.told = ForcedTotals()
        self.delivered = ForcedTotals()
        self.repeated = ForcedTotals()
        self.lost_rows: list[tuple[int, str, str, int]] = []

    def make(self, frame: SimulatedFrame) -> None:
        """A frame of the story comes to the venue's door."""
        self.frames["made"] += 1
        if frame.told:
            self.told.add(frame.told)
            self.happened.add(frame.told)
            self.happened.add(frame.untold)

    def deliver(self, frame: SimulatedFrame, copies: int) -> None:
        """It goes out to so many connections, at least one."""
        self.frames["delivered"] += 1
        self.messages["data"] += copies
        if frame.told:
            self.delivered.add(frame.told)

    def repeat(self, frame: SimulatedFrame, copies: int, kind: Message) -> None:
        """It goes out again."""
        self.messages[kind] += copies
        if frame.told:
            self.repeated.add(frame.told)

    def lose(self, frame: SimulatedFrame, reason: str) -> None:
        """It will never be sent, but a venue that repeats its last message to new subscribers may still tell of it."""
        self.lost[reason] += 1
        for forced in frame.told:
            row = forced.row
            self.lost_rows.append((row.ts_ms, forced.coin, forced.position_side, forced.notional_nusd))

    @property
    def held(self) -> int:
        """Frames that a fault still holds back."""
        frames = self.frames
        return frames["made"] - frames["delivered"] - frames["unsubscribed"] - self.lost.total()

    @property
    def sent(self) -> int:
        """Messages of all kinds written to all clients."""
        return self.messages.total()

    def document(self) -> dict[str, object]:
        """Everything, ready for JSON; two ledgers are equal where their documents are."""
        return {
            "frames": {**dict(sorted(self.frames.items())), "held": self.held},
            "lost": dict(sorted(self.lost.items())),
            "messages": dict(sorted(self.messages.items())),
            "happened": self.happened.document(),
            "told": self.told.document(),
            "delivered": self.delivered.document(),
            "repeated": self.repeated.document(),
            "lost_rows": self.lost_rows,
        }
