"""A venue's HTTP interface with its budget: asks politely, stays away when told to."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable

from powderkeg.domain.errors import InputError
from powderkeg.feed import http as plain
from powderkeg.feed.backoff import TOO_MANY_REQUESTS, Refusal, retry_or_fatal
from powderkeg.feed.budget import WeightBudget
from powderkeg.feed.ports import Clock, SystemClock
from powderkeg.venues import VENUES

Get = Callable[[str], plain.Answer]
"""See `feed.http.get`: blocking, called in a thread."""

BLIND_HOLD_S = 60.0
"""How long a venue is left alone that says "too many" and not how long: the minute that weights are counted in."""


class RestClient:
    """One venue's HTTP interface; all that asks this venue shares one.

    Law: requests are granted within the venue's budget, and none is sent while the venue wants to be left alone.

    Args:
        venue: slug; it must have `Venue.rest`.
        base_url: another scheme and host, for simulated venues.
        clock: both clocks.
        get: sends a request.
    """

    def __init__(
        self, venue: str, *, base_url: str | None = None, clock: Clock | None = None, get: Get = plain.get
    ) -> None:
        facts = VENUES[venue].rest
        if facts is None:
            raise InputError(f"{venue} is asked nothing over HTTP")
        self.venue = venue
        self.facts = facts
        self._base_url = (base_url or facts.url).rstrip("/")
        self._clock = clock if clock is not None else SystemClock()
        self._get = get
        self._budget = WeightBudget(facts.weight_per_minute, at_s=self._clock.monotonic())
        self._held_until_s = float("-inf")

    def now_ns(self) -> int:
        """Its clock's time, for those who stamp the answers."""
        return self._clock.now_ns()

    async def ask(self, target: str, weight: float = 1.0) -> bytes | Refusal:
        """The body of the answer, or why there is none. Waits for the budget; refuses while held off.

        Args:
            target: path and query.
            weight: of the request, in the venue's unit.
        """
        refusal = self._held()
        if refusal is not None:
            return refusal
        await asyncio.sleep(self._budget.spend(weight, self._clock.monotonic()))
        refusal = self._held()  # someone else may have been refused meanwhile
        if refusal is not None:
            return refusal
        try:
            answer = await asyncio.to_thread(self._get, self._base_url + target)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Refusal(f"{self.venue}: {str(error) or type(error).__name__}")
        if answer.status == http.HTTPStatus.OK:
            return answer.body
        refusal = retry_or_fatal(
            f"{self.venue}: refused", status=answer.status, headers=answer.headers, now_ns=self._clock.now_ns()
        )
        if answer.status in TOO_MANY_REQUESTS or refusal.retry_after_s is not None:
            hold_s = BLIND_HOLD_S if refusal.retry_after_s is None else refusal.retry_after_s
            self._held_until_s = max(self._held_until_s, self._clock.monotonic() + hold_s)
        return refusal

    def _held(self) -> Refusal | None:
        left_s = self._held_until_s - self._clock.monotonic()
        return Refusal(f"{self.venue}: wants to be left alone", retry_after_s=left_s) if left_s > 0 else None
