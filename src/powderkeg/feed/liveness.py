"""Is this connection alive, and which of its streams speak? A state machine without a clock: times are passed in.

Silence of a stream proves nothing: liquidations are silent for hours on a healthy socket, and a venue may acknowledge
a subscription on a path that never carries it. So one busy channel on the same path, the canary, proves the path:

- no canary frame within its time after subscribing: "acknowledged, then nothing";
- canary silent for its time: the path died;
- where the canary has to be asked for (HTX), the slower one behind it silent for its time: nothing is published;
- nothing heard at all, pongs included: the connection is half open.

Each of these asks for a new connection. Nothing else does. A path without a canary is taken to work as long as anything
is heard on its connection: less can be proven there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from powderkeg.feed.hearing import Heard
from powderkeg.feed.plan import Plan
from powderkeg.venues.base import PROBE_EVERY_S

HALF_OPEN_S: Final = 25.0
"""Longest time without a byte, pongs of our pings included; the promise is to notice within 30 s."""

PING_EVERY_S: Final = 10.0
QUIET_AFTER_S: Final = 60.0
"""A stream without a frame for this long is shown as QUIET; nothing depends on it but the display."""


class State(StrEnum):
    """What can be said of a stream now.

    CONNECTING: no proof yet that its path works. LIVE: proven, and the stream spoke lately. QUIET: proven, and the
    stream has nothing to say. STALE: the proof is too old. DOWN: there is no connection, and the last attempt failed.
    """

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    QUIET = "QUIET"
    STALE = "STALE"
    DOWN = "DOWN"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a connection, seconds. The defaults are the promised ones; tests scale them down.

    Attributes:
        canary_s: replaces the time of a plan's canary; None keeps it.
        half_open_s, ping_every_s, probe_every_s, quiet_after_s: see the constants.
        open_s: for TCP, TLS and the WebSocket handshake together.
        close_s: how long a closing handshake may take.
        settle_s: a proven connection that lived this long makes the next retry a first one.
        renew_before_s: a new connection is opened this long before the venue closes the old one.
        pause_s: the process itself did not run for this long: stopped, suspended or starved.
    """

    canary_s: float | None = None
    half_open_s: float = HALF_OPEN_S
    ping_every_s: float = PING_EVERY_S
    probe_every_s: float = PROBE_EVERY_S
    quiet_after_s: float = QUIET_AFTER_S
    open_s: float = 10.0
    close_s: float = 2.0
    settle_s: float = 10.0
    renew_before_s: float = 600.0
    pause_s: float = 5.0


class Liveness:
    """One connection, from its opening to its end. `at_s` is monotonic time, seconds.

    Attributes:
        proven_s: when the path was first seen to work, None before.
    """

    def __init__(self, plan: Plan, limits: Limits, at_s: float) -> None:
        self.proven_s: float | None = None
        self._limits = limits
        usual_s = float("inf") if plan.canary is None else plan.canary.silence_s
        self._canary_limit_s = usual_s if plan.canary is None or limits.canary_s is None else limits.canary_s
        self._has_canary = plan.canary is not None
        behind = None if plan.canary is None else plan.canary.behind
        self._behind_limit_s = float("inf") if behind is None else behind.silence_s
        self._behind_s = float("inf")  # like the canary's
        self._heard_s = at_s
        self._canary_s = float("inf")  # until everything is subscribed, its absence says nothing
        self._spoke_s: dict[str, float] = dict.fromkeys(plan.streams, float("-inf"))

    def subscribed(self, at_s: float) -> None:
        """Every request has been sent: from now on the canary is due."""
        if self.proven_s is None:
            self._canary_s = at_s
        self._behind_s = min(self._behind_s, at_s)

    def frame(self, heard: Heard, at_s: float) -> None:
        """A frame came."""
        self._heard_s = at_s
        if heard.is_canary:
            self._canary_s = at_s
            if self.proven_s is None:
                self.proven_s = at_s
        if heard.is_behind:
            self._behind_s = at_s
        for stream in heard.streams:
            self._spoke_s[stream] = at_s

    def pong(self, at_s: float) -> None:
        """Our ping was answered."""
        self._heard_s = max(self._heard_s, at_s)
        if not self._has_canary and self.proven_s is None:
            self.proven_s = at_s

    def resumed(self, at_s: float) -> None:
        """The process had not run: its own absence must not be held against the venue."""
        self._heard_s = max(self._heard_s, at_s)
        self._canary_s = max(self._canary_s, at_s)
        self._behind_s = max(self._behind_s, at_s)

    def complaint(self, at_s: float) -> str | None:
        """Why this connection must be replaced now; None while it need not."""
        silence_s = at_s - self._canary_s
        if silence_s >= self._canary_limit_s:
            if self.proven_s is None:
                return f"subscribed, then no data for {silence_s:.3g} s"
            return f"canary silent for {silence_s:.3g} s"
        if at_s - self._behind_s >= self._behind_limit_s:
            return f"nothing published for {at_s - self._behind_s:.3g} s"
        if at_s - self._heard_s >= self._limits.half_open_s:
            return f"half open: nothing heard for {at_s - self._heard_s:.3g} s"
        return None

    def next_check_s(self, at_s: float) -> float:
        """Time of the earliest complaint that is possible if nothing is heard from now on; at least `at_s`."""
        due = (
            self._heard_s + self._limits.half_open_s,
            self._canary_s + self._canary_limit_s,
            self._behind_s + self._behind_limit_s,
        )
        return max(at_s, min(due))

    def state(self, stream: str, at_s: float) -> State:
        """What can be said of one stream."""
        if self.complaint(at_s) is not None:
            return State.STALE
        if self.proven_s is None:
            return State.CONNECTING
        return State.LIVE if at_s - self._spoke_s[stream] < self._limits.quiet_after_s else State.QUIET

    def states(self, streams: Iterable[str], at_s: float) -> dict[str, State]:
        """`state` of each."""
        return {stream: self.state(stream, at_s) for stream in streams}
