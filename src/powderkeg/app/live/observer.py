"""What feeds tell, handed to the session and kept for showing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from powderkeg.app.live.session import LiveSession
from powderkeg.domain.events import FeedGap
from powderkeg.feed.backoff import Refusal
from powderkeg.feed.liveness import State
from powderkeg.feed.plan import Plan

ASKED_FOR: Final = ("renewed", "stopped")
"""Reasons of closings that are ours; every other one is a lost connection."""

TOO_LARGE: Final = "frame over"
"""Begins the feed's reason where a frame was above the size limit."""


class Trouble(msgspec.Struct, frozen=True):
    """Why a plan was last without connection: since when, and how long it waits before it tries again."""

    reason: str
    at_ns: int
    wait_s: float


class SessionObserver:
    """The observer of every feed of one session (`feed.ports.Observer`).

    Args:
        session: is told what happens.
        on_gap: is told of gaps too, to close them if that can be done.
    """

    def __init__(self, session: LiveSession, on_gap: Callable[[FeedGap], None] = lambda _: None) -> None:
        self.states: dict[tuple[str, str, str], tuple[State, int]] = {}  # (venue, plan, stream) -> state, since
        self.troubles: dict[str, Trouble] = {}  # by plan
        self._session = session
        self._on_gap = on_gap

    def opened(self, key: str, plan: Plan, at_ns: int) -> None:
        """See `Observer`."""
        self._session.opened(key, plan.venue, plan.stream, at_ns)

    def closed(self, key: str, at_ns: int, reason: str) -> None:
        """See `Observer`."""
        self._session.closed(key, at_ns, is_lost=reason not in ASKED_FOR)

    def state(self, plan: Plan, stream: str, state: State, at_ns: int) -> None:
        """See `Observer`."""
        self.states[plan.venue, plan.key, stream] = (state, at_ns)

    def gap(self, plan: Plan, gap: FeedGap) -> None:
        """See `Observer`."""
        assert gap.venue == plan.venue, "a plan is of one venue"
        self._session.gap(gap)
        self._on_gap(gap)

    def overlap(self, old_key: str, new_key: str, from_ns: int, to_ns: int) -> None:
        """See `Observer`. What came twice is told apart where records become events (`store.overlap`)."""

    def refused(self, plan: Plan, at_ns: int, refusal: Refusal, wait_s: float) -> None:
        """See `Observer`."""
        self.troubles[plan.key] = Trouble(refusal.reason, at_ns, wait_s)
        if refusal.reason.startswith(TOO_LARGE):
            self._session.tally(plan.venue).oversize += 1
