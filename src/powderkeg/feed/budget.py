"""How much may be asked of a venue: a token bucket. Pure; times are passed in, monotonic seconds."""

from __future__ import annotations

from powderkeg.domain.errors import InputError


class WeightBudget:
    """Weight that one address may spend on one venue.

    Law: over any interval of t seconds at most `burst + per_minute * t / 60` weight is granted.

    Args:
        per_minute: weight that grows back in a minute.
        burst: the most that is saved up; by default a tenth of a minute's, so that a start does not spend everything.
        at_s: now.
    """

    def __init__(self, per_minute: float, *, at_s: float, burst: float | None = None) -> None:
        if per_minute <= 0:
            raise InputError(f"a budget of {per_minute} weight a minute allows nothing; give a positive one")
        self._per_s = per_minute / 60.0
        self._burst = per_minute / 10.0 if burst is None else burst
        self._saved = self._burst
        self._at_s = at_s

    def spend(self, weight: float, at_s: float) -> float:
        """Take `weight` and say how long to wait before using it, seconds. Waits are handed out in order of asking."""
        self._saved = min(self._burst, self._saved + max(at_s - self._at_s, 0.0) * self._per_s)
        self._at_s = max(self._at_s, at_s)
        self._saved -= weight
        return max(-self._saved / self._per_s, 0.0)
