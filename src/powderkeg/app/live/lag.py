"""Quantiles of delays in constant memory: counts in buckets whose width is a quarter of their octave."""

from __future__ import annotations

from typing import Final

_BUCKETS: Final = 4 * 64


class DelayHistogram:
    """Delays in nanoseconds; a quantile is told with an error below 25 %, never too low.

    The last one to two periods are looked at: `turn` ends one. Negative delays (a venue's clock runs ahead) count as 0.
    """

    def __init__(self) -> None:
        self._now = [0] * _BUCKETS
        self._before = [0] * _BUCKETS

    def add(self, delay_ns: int, count: int = 1) -> None:
        """Count a delay."""
        self._now[_bucket(delay_ns)] += count

    def turn(self) -> None:
        """Begin a new period; the one before the last is forgotten."""
        self._before, self._now = self._now, [0] * _BUCKETS

    @property
    def count(self) -> int:
        """Delays looked at."""
        return sum(self._now) + sum(self._before)

    def quantile_ms(self, share: float) -> float | None:
        """The delay that this share of all stays below or at, ms; None without any."""
        counts = [newer + older for newer, older in zip(self._now, self._before, strict=True)]
        total = sum(counts)
        if not total:
            return None
        rank = share * total
        seen = 0
        for bucket, count in enumerate(counts):
            seen += count
            if count and seen >= rank:
                return _upper_ns(bucket) / 1e6
        return None


def _bucket(delay_ns: int) -> int:
    if delay_ns < 8:
        return max(delay_ns, 0)
    octave = delay_ns.bit_length()
    return min(4 * (octave - 2) + ((delay_ns >> (octave - 3)) & 3), _BUCKETS - 1)


def _upper_ns(bucket: int) -> int:
    """The largest delay a bucket holds."""
    if bucket < 8:
        return bucket
    octave, quarter = divmod(bucket, 4)
    return ((5 + quarter) << (octave - 1)) - 1
