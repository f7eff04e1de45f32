"""The order book: price-time priority, in ticks and lots.

>>> from powderkeg.cascade.exchange import OrderBook
>>> book = OrderBook(low_tick=900, high_tick=1_100)
>>> first = book.limit(owner=1, is_buy=False, tick=1_001, lots=5)
>>> taken = book.limit(owner=2, is_buy=True, tick=1_003, lots=8)
>>> taken.fills[0].tick, taken.filled_lots, taken.handle is not None, book.best_bid, book.best_ask
(1001, 5, True, 1003, None)
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from powderkeg.cascade.exchange import book_kernels as k
from powderkeg.cascade.exchange.integers import MAX_LOTS, IntArray
from powderkeg.domain.errors import InputError

MAX_LEVELS: Final = 2**22
MAX_ORDERS: Final = 2**22


class Fill(NamedTuple):
    """One maker met, or one of the taker's own orders canceled on the way."""

    handle: int
    owner: int
    tick: int
    lots: int
    is_trade: bool


class Placed(NamedTuple):
    """What became of an order.

    Attributes:
        handle: of the part that rests, None where nothing does.
        left_lots: not filled.
        filled_lots: traded at once.
        fills: in the order of trading.
    """

    handle: int | None
    left_lots: int
    filled_lots: int
    fills: tuple[Fill, ...]


class OrderBook:
    """One instrument's orders.

    Args:
        low_tick: lowest price.
        high_tick: the first price above the highest.
        max_orders: orders that can rest at once.

    Raises:
        InputError: the range is empty or wider than `MAX_LEVELS`, or max_orders out of range.
    """

    def __init__(self, *, low_tick: int, high_tick: int, max_orders: int = 4_096) -> None:
        count = high_tick - low_tick
        if not 0 < count <= MAX_LEVELS or low_tick < 1:
            raise InputError(f"a book of ticks {low_tick} to {high_tick}; it takes 1 to {MAX_LEVELS:,} of them, from 1")
        if not 0 < max_orders <= MAX_ORDERS:
            raise InputError(f"max_orders is {max_orders}; it must be 1 to {MAX_ORDERS:,}")
        self.low_tick = low_tick
        self.high_tick = high_tick
        meta = np.zeros(8, dtype=np.int64)
        meta[k.BEST_BID], meta[k.BEST_ASK], meta[k.LAST_LEVEL] = -1, count, -1
        self.arrays: k.Book = (
            np.zeros((max_orders + 1, 8), dtype=np.int64),
            np.zeros((count, 4), dtype=np.int64),
            np.zeros((count >> k.BLOCK_SHIFT) + 1, dtype=np.int64),
            meta,
        )
        self.fill_rows: IntArray = np.zeros((max_orders + 1, 5), dtype=np.int64)
        self._message = np.zeros((1, 5), dtype=np.int64)
        self._result = np.zeros((1, 2), dtype=np.int64)
        self._run = k.messages_kernel()

    @property
    def best_bid(self) -> int | None:
        """Highest buying price, tick; None where nobody buys."""
        level = int(self.arrays[3][k.BEST_BID])
        return None if level < 0 else level + self.low_tick

    @property
    def best_ask(self) -> int | None:
        """Lowest selling price, tick; None where nobody sells."""
        level = int(self.arrays[3][k.BEST_ASK])
        return None if level + self.low_tick >= self.high_tick else level + self.low_tick

    @property
    def last_tick(self) -> int | None:
        """Price of the last trade; None before the first."""
        level = int(self.arrays[3][k.LAST_LEVEL])
        return None if level < 0 else level + self.low_tick

    @property
    def live_orders(self) -> int:
        """Orders resting."""
        return int(self.arrays[3][k.LIVE])

    def limit(self, *, owner: int, is_buy: bool, tick: int, lots: int) -> Placed:
        """Trade what is within the limit; the rest stays in the book (`left_lots` without a handle: it was full)."""
        return self._place(k.LIMIT, owner, is_buy, tick, lots)

    def immediate(self, *, owner: int, is_buy: bool, tick: int, lots: int) -> Placed:
        """Trade what is within the limit; the rest is dropped."""
        return self._place(k.IMMEDIATE, owner, is_buy, tick, lots)

    def fill_or_kill(self, *, owner: int, is_buy: bool, tick: int, lots: int) -> Placed:
        """Trade all of it within the limit, or nothing (own resting orders count as there)."""
        return self._place(k.FILL_OR_KILL, owner, is_buy, tick, lots)

    def send(self, kind: int, owner: int, is_buy: int, level: int, lots: int) -> tuple[int, int, int]:
        """One message, raw: (handle or −1, lots left, rows of `fill_rows` written)."""
        self._message[0] = (kind, owner, is_buy, level, lots)
        _, written = self._run(self.arrays, self._message, self._result, self.fill_rows)
        return int(self._result[0, 0]), int(self._result[0, 1]), int(written)

    def cancel(self, handle: int) -> int:
        """Take an order out; the lots it still had, 0 where there is no such order any more."""
        return self.send(k.CANCEL, 0, 0, 0, handle)[1]

    def orders_of(self, owner: int) -> IntArray:
        """[N] handles of an owner's resting orders, by slot."""
        orders = self.arrays[0][: int(self.arrays[3][k.HIGH]) + 1]
        slots = np.flatnonzero((orders[:, k.OWNER] == owner) & (orders[:, k.LOTS] > 0))
        return (orders[slots, k.GENERATION] << k.SLOT_BITS) + slots

    def order(self, handle: int) -> tuple[int, bool, int, int] | None:
        """(owner, is_buy, tick, lots) of a resting order; None where there is no such order."""
        orders, slot = self.arrays[0], handle & k.SLOT_MASK
        if not 0 < slot < len(orders) or orders[slot, k.GENERATION] != handle >> k.SLOT_BITS:
            return None
        row = orders[slot]
        if row[k.LOTS] == 0:
            return None
        return int(row[k.OWNER]), bool(row[k.IS_BUY]), int(row[k.LEVEL]) + self.low_tick, int(row[k.LOTS])

    def depth(self, *, is_buy: bool, levels: int | None = None) -> list[tuple[int, int]]:
        """(tick, lots) of one side, best first.

        Args:
            is_buy: bids or asks.
            levels: at most so many; all if None.
        """
        _, rows, _, meta = self.arrays
        best = int(meta[k.BEST_BID if is_buy else k.BEST_ASK])
        count = rows[: best + 1, k.COUNT][::-1] if is_buy else rows[best:, k.COUNT]
        steps = np.flatnonzero(count)[:levels]
        at = best - steps if is_buy else best + steps
        return [(int(level) + self.low_tick, int(rows[level, k.RESTING])) for level in at]

    def _place(self, kind: int, owner: int, is_buy: bool, tick: int, lots: int) -> Placed:  # noqa: FBT001
        if not 0 < lots <= MAX_LOTS:
            raise InputError(f"lots is {lots}; an order has 1 to {MAX_LOTS:,}")
        if not self.low_tick <= tick < self.high_tick:
            raise InputError(f"tick is {tick}; this book has {self.low_tick} to {self.high_tick - 1}")
        handle, left, written = self.send(kind, owner, int(is_buy), tick - self.low_tick, lots)
        fills = tuple(
            Fill(int(row[0]), int(row[1]), int(row[2]) + self.low_tick, int(row[3]), bool(row[4] == k.TRADE))
            for row in self.fill_rows[:written]
        )
        return Placed(None if handle < 0 else handle, left, lots - left, fills)
