"""The order book written the slow, obvious way: a dict of deques."""

from __future__ import annotations

from collections import deque


class NaiveBook:
    """Orders as [id, owner, lots] in a deque per price; everything else is searched for."""

    def __init__(self):
        self.sides = {True: {}, False: {}}
        self.number = 0
        self.last_tick = None

    def best(self, is_buy):
        """Best price of a side, None where it is empty."""
        return (max if is_buy else min)(self.sides[is_buy], default=None)

    def available(self, is_buy, tick):
        """Lots of the other side within a limit."""
        return sum(
            order[2]
            for price, queue in self.sides[not is_buy].items()
            if (price <= tick if is_buy else price >= tick)
            for order in queue
        )

    def place(self, kind, owner, is_buy, tick, lots):
        """(id or None, lots left, fills as (id, owner, tick, lots, is_trade))."""
        fills = []
        if kind != "fill_or_kill" or self.available(is_buy, tick) >= lots:
            while lots and (best := self.best(not is_buy)) is not None and (best <= tick if is_buy else best >= tick):
                queue = self.sides[not is_buy][best]
                maker = queue[0]
                part = maker[2] if maker[1] == owner else min(lots, maker[2])
                fills.append((maker[0], maker[1], best, part, maker[1] != owner))
                if maker[1] != owner:
                    lots -= part
                    self.last_tick = best
                maker[2] -= part
                if not maker[2]:
                    queue.popleft()
                if not queue:
                    del self.sides[not is_buy][best]
        if kind != "limit" or not lots:
            return None, lots, fills
        self.number += 1
        self.sides[is_buy].setdefault(tick, deque()).append([self.number, owner, lots])
        return self.number, lots, fills

    def cancel(self, number):
        """Lots taken out."""
        for side in self.sides.values():
            for tick, queue in side.items():
                for order in queue:
                    if order[0] == number:
                        queue.remove(order)
                        if not queue:
                            del side[tick]
                        return order[2]
        return 0

    def depth(self, is_buy):
        """(tick, lots), best first."""
        side = self.sides[is_buy]
        return [(tick, sum(order[2] for order in side[tick])) for tick in sorted(side, reverse=is_buy)]
