"""An order book kept from snapshots and changes: what rests where, in dollars."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from powderkeg.cascade.profiles import FloatArray
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot

RECENT: Final = 5_000
"""Changes kept for a snapshot that comes late: some ten seconds of a busy market."""


class Book:
    """One market's resting orders.

    A change older than a snapshot is left out, by its id, and one that is newer but arrived before it is kept: a
    snapshot that was asked for comes late. A hole in the update ids is counted, for what it changed
    is not known until the next snapshot. Beyond the prices a snapshot reached, only what changed since is known: depth
    there is a floor.

    Law: a snapshot followed by changes equals the snapshot a venue would have sent then.
    """

    def __init__(self) -> None:
        self.ts_event_ns: int | None = None
        self.hole_count = 0
        self.has_snapshot = False
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        self._covered = {"long": math.inf, "short": 0.0}
        self._qty_unit = "base"
        self._last_id: int | None = None
        self._follows = False
        self._recent: deque[BookDelta] = deque(maxlen=RECENT)

    def update(self, event: BookSnapshot | BookDelta) -> None:
        """Take a snapshot or a change.

        Raises:
            InputError: quantities are contracts, whose worth the book does not know.
        """
        if event.qty_unit == "contracts":
            raise InputError(
                f"the book of {event.venue} {event.symbol} counts contracts; give one that counts base units or USD"
            )
        if isinstance(event, BookDelta):
            self._change(event)
            self._recent.append(event)
            return
        self._bids, self._asks = {}, {}
        self.has_snapshot, self._follows, self.ts_event_ns = True, False, None
        self._take(event)
        self._covered = {"long": min(self._bids, default=math.inf), "short": max(self._asks, default=0.0)}
        if event.last_update_id is not None:
            for change in self._recent:
                self._change(change)

    def _change(self, event: BookDelta) -> None:
        if self._is_old(event):
            return
        self._note_hole(event)
        self._take(event)

    def _take(self, event: BookSnapshot | BookDelta) -> None:
        self._qty_unit = event.qty_unit
        # A change newer than the snapshot may be stamped before it: time is that of the newest.
        self.ts_event_ns = max(event.ts_event_ns, self.ts_event_ns or event.ts_event_ns)
        self._last_id = event.last_update_id
        _apply(self._bids, event.bids)
        _apply(self._asks, event.asks)

    def _is_old(self, event: BookDelta) -> bool:
        last = event.last_update_id
        return last is not None and self._last_id is not None and last <= self._last_id

    def _note_hole(self, event: BookDelta) -> None:
        before = event.previous_update_id
        if self._follows and before is not None and self._last_id is not None and before != self._last_id:
            self.hole_count += 1
        self._follows = True

    @property
    def is_one_sided(self) -> bool:
        """Whether a side is empty, so that there is no middle."""
        return not self._bids or not self._asks

    @property
    def mid_price(self) -> float:
        """Between the best bid and the best ask.

        Raises:
            InputError: a side is empty.
        """
        if self.is_one_sided:
            raise InputError("the book has an empty side; give a recording that starts with a snapshot")
        return (max(self._bids) + min(self._asks)) / 2.0

    def reach(self, position_side: str) -> float:
        """Log distance from the middle up to which the last snapshot told everything; 0 where price has left it.

        Raises:
            InputError: a side is empty.
        """
        ratio = self._covered[position_side] / self.mid_price
        distance = math.log(ratio) if 0.0 < ratio < math.inf else 0.0
        return max(distance if position_side == "short" else -distance, 0.0)

    def levels(self, position_side: str) -> tuple[FloatArray, FloatArray]:
        """[L] distances from the middle in log price, nearest first, and [L] USD resting there.

        Args:
            position_side: `short` for the asks that buying back shorts meets, `long` for the bids.

        Raises:
            InputError: a side is empty.
        """
        middle = self.mid_price
        held = self._asks if position_side == "short" else self._bids
        prices = np.array(sorted(held, reverse=position_side == "long"))
        qty = np.array([held[price] for price in prices.tolist()])
        notional_usd = qty * prices if self._qty_unit == "base" else qty
        distances = np.abs(np.log(prices / middle))
        return distances, notional_usd


def _apply(held: dict[float, float], levels: tuple[BookLevel, ...]) -> None:
    for level in levels:
        if level.qty > 0.0:
            held[level.price] = level.qty
        else:
            held.pop(level.price, None)


def depth_within(distances: FloatArray, notional_usd: FloatArray, edges: FloatArray) -> FloatArray:
    """[E] USD resting up to each edge, both measured as log distances from the middle."""
    sums = np.concatenate([[0.0], np.cumsum(notional_usd)])
    return sums[np.searchsorted(distances, edges, side="right")]
