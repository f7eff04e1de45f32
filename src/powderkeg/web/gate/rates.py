"""Token buckets by client address, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_ADDRESSES: Final = 10_000


class Buckets:
    """So many at once, and so many a second afterwards, for each address.

    Args:
        per_s: how fast a bucket fills.
        burst: how much it holds.
    """

    def __init__(self, *, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address -> (level, at)

    def level(self, address: str, now_s: float) -> float:
        """What is in the bucket."""
        level, at_s = self._level.get(address, (self._burst, now_s))
        return min(self._burst, level + (now_s - at_s) * self._per_s)

    def take(self, address: str, now_s: float) -> bool:
        """Take one out; whether there was one."""
        level = self.level(address, now_s)
        is_enough = level >= 1.0
        self._level[address] = (level - 1.0 if is_enough else level, now_s)
        self._level.move_to_end(address)
        if len(self._level) > MAX_ADDRESSES:
            self._level.popitem(last=False)
        return is_enough

    def wait_s(self, address: str, now_s: float) -> float:
        """How long until there is one."""
        return max(0.0, (1.0 - self.level(address, now_s)) / self._per_s)
