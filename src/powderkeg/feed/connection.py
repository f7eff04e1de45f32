"""Keeps one plan connected: retries, replaces dead connections, renews old ones before they are closed, tells gaps.

At most two connections of a plan stand at a time: the proven one, and one that is being tried. A tried connection
takes over once its canary was seen; until then the old one, if it still lives, goes on delivering. So a renewal
overlaps and loses nothing, and a replacement leaves a gap that begins with the last data of the old connection and ends
with the first data of the new one.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress
from typing import Final

from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_S
from powderkeg.feed.backoff import Backoff, Refusal
from powderkeg.feed.hearing import Heard
from powderkeg.feed.liveness import Limits, State
from powderkeg.feed.plan import Plan
from powderkeg.feed.ports import Clock, Observer, Sink, Stamper, SystemClock
from powderkeg.feed.socket import Socket

TICK_S: Final = 1.0
"""States are looked at this often; anything that matters sooner wakes the loop by itself."""


class Feed:
    """One plan, kept connected while `run` runs.

    Laws: every frame of every connection is delivered once, with its key; [start, end) of `run` is the union of times
    at which some connection was proven, the gaps, and the wait for the very first data; `closed` follows `opened`.

    Args:
        plan: what to connect to.
        sink: takes the frames.
        observer: is told what happens.
        clock: both clocks.
        rng: for jitter.
        limits: promised times by default.
        backoff: waits between attempts; by default the promised ones, from `rng`.
        stamper: tells when frames came; by default the clock does.
    """

    def __init__(
        self,
        plan: Plan,
        sink: Sink,
        observer: Observer,
        *,
        rng: random.Random,
        clock: Clock | None = None,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        stamper: Stamper | None = None,
    ) -> None:
        self.plan = plan
        self._sink = sink
        self._observer = observer
        self._clock = clock if clock is not None else SystemClock()
        self._stamper = stamper
        self._limits = limits if limits is not None else Limits()
        self._backoff = backoff if backoff is not None else Backoff(rng)
        self._renew_after_s = _renewal_age_s(plan, self._limits, rng)
        self._numbers = itertools.count(1)
        self._wake = asyncio.Event()
        self._current: Socket | None = None
        self._tried: Socket | None = None
        self._tasks: dict[Socket, asyncio.Task[Refusal]] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._retry_at_s = 0.0
        self._is_down = False
        self._observed_ns = 0
        self._gap_reason: str | None = None
        self._states: dict[str, State] = {}

    async def run(self) -> None:
        """Stay connected until cancelled; everything is closed when it returns."""
        self._observed_ns = self._clock.now_ns()
        try:
            while True:
                self._bury()
                self._replace_dead()
                self._promote()
                self._try_anew()
                self._tell_states()
                await self._sleep()
        finally:
            await self._stop()

    # What a connection says.

    def _opened(self, socket: Socket) -> None:
        self._observer.opened(socket.key, self.plan, self._clock.now_ns())
        self._wake.set()

    def _deliver(self, socket: Socket, ts_received_ns: int, payload: bytes, heard: Heard) -> None:
        if socket.ending is not None:
            return  # the connection that took over delivers the same
        self._sink(socket.key, ts_received_ns, payload)
        if not heard.is_data:
            return
        if self._gap_reason is not None:
            self._end_gap(ts_received_ns)
        self._observed_ns = ts_received_ns
        if socket is self._tried:
            self._wake.set()

    # One step of the loop each.

    def _bury(self) -> None:
        """Take note of connections that have ended."""
        for socket, task in list(self._tasks.items()):
            if not task.done():
                continue
            del self._tasks[socket]
            refusal = Refusal(socket.ending or "stopped") if task.cancelled() else task.result()
            was_needed = socket is self._current or socket is self._tried
            if socket.opened_s is not None:
                self._observer.closed(socket.key, self._clock.now_ns(), socket.ending or refusal.reason)
            if was_needed:
                self._lost(socket, refusal)

    def _replace_dead(self) -> None:
        """End connections whose liveness complains; they are not waited for."""
        at_s = self._clock.monotonic()
        for socket in (self._current, self._tried):
            complaint = socket.liveness.complaint(at_s) if socket is not None and socket.liveness is not None else None
            if socket is None or complaint is None:
                continue
            if self._current is None or self._tried is None:
                self._tell(dict.fromkeys(self.plan.streams, State.STALE))
            socket.ending = complaint
            self._lost(socket, Refusal(complaint))
            self._tasks[socket].cancel()

    def _promote(self) -> None:
        """Let the tried connection take over once its path is proven."""
        new, old = self._tried, self._current
        if new is None or new.liveness is None or new.liveness.proven_s is None:
            return
        self._current, self._tried = new, None
        self._is_down = False
        if old is not None:
            now_ns = self._clock.now_ns()
            self._observer.overlap(old.key, new.key, new.first_data_ns or now_ns, now_ns)
            old.ending = "renewed"
            farewell = asyncio.create_task(old.close())
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    def _try_anew(self) -> None:
        """Start a connection where one is missing or due for renewal."""
        at_s = self._clock.monotonic()
        current = self._current
        if current is not None and current.liveness is not None:
            proven_s = current.liveness.proven_s
            if self._backoff.failures and proven_s is not None and at_s - proven_s >= self._limits.settle_s:
                self._backoff.succeeded()
        if self._tried is not None or at_s < self._retry_at_s:
            return
        if current is not None and (current.opened_s is None or at_s - current.opened_s < self._renew_after_s):
            return
        key = f"{self.plan.key}#{next(self._numbers)}"
        socket = Socket(key, self.plan, self._limits, self._clock, self._deliver, self._stamper)
        self._tried = socket
        task = asyncio.create_task(socket.live(self._opened, self._wake.set), name=socket.key)
        task.add_done_callback(lambda _: self._wake.set())
        self._tasks[socket] = task

    def _tell_states(self) -> None:
        at_s = self._clock.monotonic()
        if self._current is not None and self._current.liveness is not None:
            self._tell(self._current.liveness.states(self.plan.streams, at_s))
        else:
            self._tell(dict.fromkeys(self.plan.streams, State.DOWN if self._is_down else State.CONNECTING))

    async def _sleep(self) -> None:
        """Until something happens or is due. A much longer sleep means that the process was stopped."""
        asleep_s, asleep_ns = self._clock.monotonic(), self._clock.now_ns()
        wait_s = max(self._due_s(asleep_s) - asleep_s, 0.0)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):  # wait_for of Python 3.11 can lose a cancellation
                await self._wake.wait()
        self._wake.clear()
        awake_s = self._clock.monotonic()
        if awake_s - asleep_s - wait_s > self._limits.pause_s:
            self._paused(asleep_ns, awake_s - asleep_s, awake_s)

    # Helpers.

    def _lost(self, socket: Socket, refusal: Refusal) -> None:
        """A connection is of no use any more: when to try again, and whether nothing is observed from now on."""
        if socket is self._current:
            self._current = None
        if socket is self._tried:
            self._tried = None
            self._is_down = self._current is None
        wait_s = self._backoff.wait_s(refusal)
        self._retry_at_s = self._clock.monotonic() + wait_s
        self._observer.refused(self.plan, self._clock.now_ns(), refusal, wait_s)
        if self._current is None and self._gap_reason is None and not self._is_observed_by_tried():
            self._gap_reason = refusal.reason

    def _is_observed_by_tried(self) -> bool:
        return self._tried is not None and self._tried.first_data_ns is not None

    def _end_gap(self, to_ns: int) -> None:
        reason, self._gap_reason = self._gap_reason, None
        if reason is not None and to_ns > self._observed_ns:
            gap = FeedGap(self.plan.venue, self.plan.stream, self._observed_ns, to_ns, reason)
            self._observer.gap(self.plan, gap)

    def _paused(self, from_ns: int, paused_s: float, awake_s: float) -> None:
        """What came meanwhile waits in buffers or was thrown away by the venue: not observed, to be safe."""
        for socket in (self._current, self._tried):
            if socket is not None and socket.liveness is not None:
                socket.liveness.resumed(awake_s)
        if self._gap_reason is None:
            to_ns = from_ns + round(paused_s * NS_PER_S)
            reason = f"this process did not run for {paused_s:.3g} s"
            self._observer.gap(self.plan, FeedGap(self.plan.venue, self.plan.stream, from_ns, to_ns, reason))

    def _due_s(self, at_s: float) -> float:
        due = [at_s + TICK_S]
        sockets = [socket for socket in (self._current, self._tried) if socket is not None]
        due += [socket.liveness.next_check_s(at_s) for socket in sockets if socket.liveness is not None]
        if self._current is not None and self._current.opened_s is not None:
            if self._tried is None:
                due.append(max(self._current.opened_s + self._renew_after_s, self._retry_at_s))
        elif self._tried is None:
            due.append(self._retry_at_s)
        return min(due)

    def _tell(self, states: dict[str, State]) -> None:
        for stream, state in states.items():
            if self._states.get(stream) is not state:
                self._states[stream] = state
                self._observer.state(self.plan, stream, state, self._clock.now_ns())

    async def _stop(self) -> None:
        """Close everything; a gap that nothing has ended lasts until now."""
        for socket, task in self._tasks.items():
            socket.ending = socket.ending or "stopped"
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *self._farewells, return_exceptions=True)
        self._current = self._tried = None
        self._bury()
        self._end_gap(self._clock.now_ns())


def _renewal_age_s(plan: Plan, limits: Limits, rng: random.Random) -> float:
    """Sockets opened together must not all be renewed at once, so each is renewed a little earlier by chance."""
    if plan.max_age_s is None:
        return float("inf")
    ahead_s = limits.renew_before_s * rng.uniform(1.0, 1.5)
    return max(plan.max_age_s - ahead_s, plan.max_age_s / 2)
