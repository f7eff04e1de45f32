"""Frames in, what becomes of them out: the faults of one venue at work. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.testing.venues.faults import MAX_HELD, Fault, FaultName
from powderkeg.testing.venues.garbage import garbage
from powderkeg.testing.venues.story import SimulatedFrame

Verb = Literal["send", "again", "lose", "garbage", "hang_up", "freeze"]
_LOSING: Final[tuple[FaultName, ...]] = ("silent", "drop", "half_open")
_FOREVER: Final = 1 << 63


class Step(NamedTuple):
    """One thing to do: a frame to send, send again or lose (and why), garbage to send, or all connections to end."""

    verb: Verb
    frame: SimulatedFrame | None = None
    payload: bytes = b""
    reason: str = ""


class FaultStage:
    """Takes a venue's frames in order; every frame taken leaves once, as `send` or as `lose`.

    Args:
        venue: slug.
        faults: planned ones, of this venue or of all.
        seed: of what is drawn.
    """

    def __init__(self, venue: str, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._venue = venue
        self._rng = np.random.default_rng([seed, 4, *venue.encode()])
        self._planned = sorted(
            (fault for fault in faults if fault.venue in (None, venue)), key=lambda fault: (fault.from_ns, fault.name)
        )
        self._active: dict[FaultName, Fault] = {}
        self._refusals_left: int | None = None
        self._latest: dict[str, SimulatedFrame] = {}
        self._late: list[tuple[int, int, SimulatedFrame]] = []
        self._late_number = 0
        self._group: list[SimulatedFrame] = []
        self._garbage = tuple(garbage(venue).values())
        self._next_ns = self._next_change()

    @property
    def active(self) -> tuple[FaultName, ...]:
        """Faults at work."""
        return tuple(sorted(self._active))

    @property
    def is_losing(self) -> bool:
        """What passes is lost."""
        return any(name in self._active for name in _LOSING)

    @property
    def replayed(self) -> int:
        """Messages with which a channel that is subscribed again begins."""
        fault = self._active.get("replay")
        return 0 if fault is None else fault.recent

    def is_clear(self, at_ns: int) -> bool:
        """A frame of this time would just be sent."""
        return at_ns < self._next_ns and not (self._active or self._late or self._latest or self._group)

    def refuse(self) -> Fault | None:
        """The fault that turns the next connection away, which uses up one of its attempts."""
        fault = self._active.get("refuse")
        if fault is None or self._refusals_left == 0:
            return None
        if self._refusals_left is not None:
            self._refusals_left -= 1
        return fault

    def take(self, frame: SimulatedFrame) -> Iterator[Step]:
        """What to do now that this frame has come."""
        yield from self.advance(frame.at_ns)
        while self._late and (self._late[0][0] <= frame.at_ns or len(self._late) > MAX_HELD):
            yield from self._shuffle(heapq.heappop(self._late)[2])
        yield from self._let_seconds_pass(frame.at_ns)
        if frame.kind == "liquidation" and "throttle" in self._active:
            if frame.venue_symbol in self._latest:
                yield Step("lose", self._latest[frame.venue_symbol], reason="throttle")
            self._latest[frame.venue_symbol] = frame
        else:
            yield from self._pass(frame)

    def advance(self, at_ns: int) -> Iterator[Step]:
        """Begin and end the faults that are due at a time; `take` does so too."""
        return self._change(at_ns) if at_ns >= self._next_ns else iter(())

    def end(self) -> Iterator[Step]:
        """The story is over: everything held back goes out, and no fault is left."""
        self._planned = []
        for name in tuple(self._active):
            yield from self.stop(name)
        while self._late:
            yield from self._leave(heapq.heappop(self._late)[2])

    def start(self, fault: Fault) -> Iterator[Step]:
        """Switch a fault on now, whatever its times say; one of the same name is replaced."""
        self._active[fault.name] = fault
        if fault.name == "refuse":
            self._refusals_left = fault.attempts or None
        if fault.name == "drop":
            yield Step("hang_up")
        if fault.name == "half_open":
            yield Step("freeze")
        self._next_ns = self._next_change()

    def stop(self, name: FaultName) -> Iterator[Step]:
        """Switch a fault off now; what it held back for a fixed group or second goes out."""
        if name not in self._active:
            return
        del self._active[name]
        if name == "throttle":
            latest, self._latest = self._latest, {}
            for frame in latest.values():
                yield from self._pass(frame)
        elif name == "reorder":
            yield from self._deal()
        self._next_ns = self._next_change()

    def _next_change(self) -> int:
        ends = [fault.to_ns for fault in self._active.values() if fault.to_ns is not None]
        return min([*ends, *(fault.from_ns for fault in self._planned[:1])], default=_FOREVER)

    def _change(self, at_ns: int) -> Iterator[Step]:
        """Begin and end what is due, in the order of its times; ends come before beginnings of the same instant."""
        while (due_ns := self._next_change()) <= at_ns and due_ns < _FOREVER:
            over = [fault for fault in self._active.values() if fault.to_ns is not None and fault.to_ns <= due_ns]
            for fault in over:
                yield from self.stop(fault.name)
            if not over:
                yield from self.start(self._planned.pop(0))
        self._next_ns = self._next_change()

    def _strikes(self, name: FaultName) -> bool:
        fault = self._active.get(name)
        return fault is not None and (fault.share_ratio >= 1.0 or self._rng.random() < fault.share_ratio)

    def _let_seconds_pass(self, at_ns: int) -> Iterator[Step]:
        """What a throttle kept of seconds that are over goes on its way."""
        over = [symbol for symbol, kept in self._latest.items() if kept.at_ns // NS_PER_S < at_ns // NS_PER_S]
        for symbol in over:
            yield from self._pass(self._latest.pop(symbol))

    def _pass(self, frame: SimulatedFrame) -> Iterator[Step]:
        if self._strikes("delay"):
            self._late_number += 1  # two of the same instant keep their order
            due_ns = frame.at_ns + self._active["delay"].delay_ms * NS_PER_MS
            heapq.heappush(self._late, (due_ns, self._late_number, frame))
        else:
            yield from self._shuffle(frame)

    def _shuffle(self, frame: SimulatedFrame) -> Iterator[Step]:
        fault = self._active.get("reorder")
        if fault is None:
            yield from self._leave(frame)
            return
        self._group.append(frame)
        if len(self._group) >= fault.group:
            yield from self._deal()

    def _deal(self) -> Iterator[Step]:
        group, self._group = self._group, []
        for n in self._rng.permutation(len(group)):
            yield from self._leave(group[int(n)])

    def _leave(self, frame: SimulatedFrame) -> Iterator[Step]:
        reason = next((name for name in _LOSING if name in self._active), None)
        if reason is not None:
            yield Step("lose", frame, reason=reason)
            return
        yield Step("send", frame)
        if self._strikes("duplicate"):
            yield Step("again", frame)
        if self._strikes("garbage"):
            yield Step("garbage", payload=self._garbage[int(self._rng.integers(len(self._garbage)))])
