"""When to try again. Pure: randomness and times are passed in.

The first retry is at once, because most closings are a venue's restart of one server; after that waits grow
exponentially to a cap, with full jitter, so that many clients do not come back together. A venue's own `Retry-After`
is kept to, however long.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, "full jitter"; RFC 9110 section
10.2.3 (Retry-After); read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

FIRST_WAIT_S: Final = 1.0
MAX_WAIT_S: Final = 60.0
MAX_RETRY_AFTER_S: Final = 3 * 86_400.0
"""The longest ban of an address that a venue documents: Binance, "HTTP return codes", 2 minutes to 3 days, read
2026-11. A longer demand is a mistake of the server."""

TOO_MANY_REQUESTS: Final = frozenset({418, 429})  # 418 is Binance's ban of an address that went on after 429


class Refusal(msgspec.Struct, frozen=True):
    """Why an attempt failed, and what that means.

    Attributes:
        reason: one sentence for people.
        is_fatal: trying again soon cannot help: the request itself is wrong. It is still tried, at the slowest pace.
        retry_after_s: how long the venue wants to be left alone, None where it does not say.
    """

    reason: str
    is_fatal: bool = False
    retry_after_s: float | None = None


def retry_or_fatal(
    reason: str, *, status: int | None = None, headers: Mapping[str, str] | None = None, now_ns: int = 0
) -> Refusal:
    """What a failed attempt means.

    Args:
        reason: what went wrong, one sentence.
        status: HTTP status of the answer, None where no answer came or it was not HTTP.
        headers: of the answer; names in any case.
        now_ns: the time against which a date in `Retry-After` is read, ns UTC.
    """
    if status is None:
        return Refusal(reason)
    named = {name.lower(): text for name, text in (headers or {}).items()}
    wait_s = parse_retry_after(named.get("retry-after"), now_ns)
    is_fatal = 400 <= status < 500 and status not in TOO_MANY_REQUESTS and status != 408
    return Refusal(f"{reason} (HTTP {status})", is_fatal, wait_s)


def parse_retry_after(text: str | None, now_ns: int) -> float | None:
    """Seconds to wait by a `Retry-After` header, of seconds or an HTTP date; None where it is absent or broken."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max(moment.timestamp() - now_ns / 1e9, 0.0), MAX_RETRY_AFTER_S)


class Backoff:
    """Waits between attempts on one connection.

    Law: waits are at most `max_wait_s`, or what the venue demanded if that is longer; the first after `succeeded` is 0.
    """

    def __init__(
        self, rng: random.Random, *, first_wait_s: float = FIRST_WAIT_S, max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self._rng = rng
        self._first_wait_s = first_wait_s
        self._max_wait_s = max_wait_s
        self.failures = 0

    def succeeded(self) -> None:
        """The connection has proven itself: the next retry is a first one."""
        self.failures = 0

    def wait_s(self, refusal: Refusal) -> float:
        """How long to wait before the next attempt."""
        self.failures += 1
        if refusal.is_fatal:
            jittered = self._rng.uniform(self._max_wait_s / 2, self._max_wait_s)
        elif self.failures == 1:
            jittered = 0.0
        else:
            doublings = min(self.failures - 2, _ENOUGH_DOUBLINGS)
            jittered = self._rng.uniform(0.0, min(self._max_wait_s, self._first_wait_s * 2.0**doublings))
        return max(jittered, refusal.retry_after_s or 0.0)


_ENOUGH_DOUBLINGS: Final = 40  # 2**40 seconds is past any cap; more would overflow after a bad month
