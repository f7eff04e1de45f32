"""What a feed needs from whoever runs it, and what it tells them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from powderkeg.domain.events import FeedGap
from powderkeg.feed.backoff import Refusal
from powderkeg.feed.liveness import State
from powderkeg.feed.plan import Plan


class Sink(Protocol):
    """Takes frames."""

    def __call__(self, key: str, ts_received_ns: int, payload: bytes, /) -> None:
        """Take one frame of an opened connection, in the order of receipt.

        It is called on the event loop, so it must be quick, and it must not raise.
        """
        ...


class Observer(Protocol):
    """Is told everything that happens to connections. Called on the event loop; must be quick and must not raise.

    A connection has a key of its own, `okx/public/0#3` for the third connection of the plan `okx/public/0`. The order
    is: `opened`, frames, `closed`; between two connections of a plan a `gap`, or an `overlap` where one was renewed.
    """

    def opened(self, key: str, plan: Plan, at_ns: int) -> None:
        """A connection stands and is about to be subscribed."""

    def closed(self, key: str, at_ns: int, reason: str) -> None:
        """No more frames come from it."""

    def state(self, plan: Plan, stream: str, state: State, at_ns: int) -> None:
        """The state of a stream class on this plan changed. A venue whose plan is split has one state per plan."""

    def gap(self, plan: Plan, gap: FeedGap) -> None:
        """A plan's streams were not observed; `gap.stream` is the plan's label."""

    def overlap(self, old_key: str, new_key: str, from_ns: int, to_ns: int) -> None:
        """Two connections of a plan delivered the same streams in [from_ns, to_ns): what came in it came twice."""

    def refused(self, plan: Plan, at_ns: int, refusal: Refusal, wait_s: float) -> None:
        """An attempt failed or a connection was lost; the next attempt comes in `wait_s` seconds."""


Stamp = Callable[[bytes], int]
"""A frame that has just come -> the time of its receipt, ns UTC."""

Stamper = Callable[[str], Stamp]
"""Key of a connection -> what stamps its frames, in their order. The clock does, unless a run has to be repeatable."""


class Clock(Protocol):
    """The time."""

    def now_ns(self) -> int:
        """Nanoseconds UTC, for people and records. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, for intervals. Never goes back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ns(self) -> int:
        """See `Clock`."""
        return time.time_ns()

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.monotonic()
