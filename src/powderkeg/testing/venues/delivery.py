"""From the story to the clients of one venue: who is sent what, counted as it happens. Pure: outlets do the sending."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

from powderkeg.domain.errors import InvariantError
from powderkeg.testing.venues.faults import REPLAYED, Fault, FaultName
from powderkeg.testing.venues.ledger import Ledger, Message
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols import Session, VenueProtocol, protocol_of
from powderkeg.testing.venues.stage import FaultStage, Step
from powderkeg.testing.venues.story import SimulatedFrame, Story

UNHEARD: Final = "unheard"
"""Why a frame is lost whose channel somebody had subscribed and nobody has any more."""


class Outlet(Protocol):
    """One client's end of the line."""

    @property
    def session(self) -> Session:
        """What it has subscribed."""
        ...

    def put(self, payload: bytes) -> None:
        """Queue a message."""
        ...

    def hang_up(self) -> None:
        """End the connection after what is queued, without a closing handshake."""
        ...

    def freeze(self) -> None:
        """From now on read, answer and send nothing, and do not end."""
        ...


class Delivery:
    """One venue's door: frames come in order, each leaves to the outlets that want it.

    Args:
        story: where the frames come from; only its past is read here.
        venue: slug.
        faults: planned ones.
        fault_seed: of what faults draw.
    """

    def __init__(self, story: Story, venue: str, faults: Iterable[Fault] = (), fault_seed: int = 0) -> None:
        self.protocol: VenueProtocol = protocol_of(venue)
        self.stage = FaultStage(venue, faults, fault_seed)
        self.ledger = Ledger()
        self.memory = Memory(story.past(venue))
        self.outlets: list[Outlet] = []
        self.now_ns = story.start_ns
        self.awaited: set[str] = set()  # channels of clients that were cut off, not subscribed again since
        self._owed: list[tuple[Outlet, list[str], set[str]]] = []
        self._ever_subscribed: set[str] = set()
        self._recent: deque[SimulatedFrame] = deque(maxlen=REPLAYED)

    def advance(self, at_ns: int) -> None:
        """Begin and end the faults due before a frame of this time comes."""
        self._do(self.stage.advance(at_ns))

    def push(self, frame: SimulatedFrame) -> None:
        """The next frame of the story."""
        self.now_ns = frame.at_ns
        self.ledger.make(frame)
        self.memory.note(frame)
        if self.stage.is_clear(frame.at_ns):
            self._send(frame)
        else:
            self._do(self.stage.take(frame))

    def end(self) -> None:
        """The story is over."""
        self._do(self.stage.end())

    def start(self, fault: Fault) -> None:
        """Switch a fault on now."""
        self._do(self.stage.start(fault))

    def stop(self, name: FaultName) -> None:
        """Switch a fault off now."""
        self._do(self.stage.stop(name))

    def hear(self, outlet: Outlet, text: str) -> None:
        """A client said something: answer it, and begin what it has subscribed."""
        for answer in outlet.session.hear(text, self.now_ns):
            self._tell(outlet, "reply", answer)
        self.greet(outlet)

    def greet(self, outlet: Outlet) -> None:
        """Send what new subscriptions begin with; what a fault would lose is owed until it is over."""
        session = outlet.session
        added = session.take_added()
        again = self._ever_subscribed.intersection(added)
        self.expect(added)
        if added and self.stage.is_losing:
            self._owed.append((outlet, added, again))
        else:
            self._begin(outlet, added, again)

    def _begin(self, outlet: Outlet, added: list[str], again: set[str]) -> None:
        session = outlet.session
        for channel in added:
            if channel in session.channels:
                for payload in self.protocol.first_words(channel, self.memory):
                    self._tell(outlet, "first_words", session.dressed(channel, payload))
        if again and (count := self.stage.replayed):
            for frame in [*self._recent][-count:]:
                self._copy(frame, "replay", outlet, again)

    def expect(self, channels: Iterable[str]) -> None:
        """From now on a frame of these channels that reaches nobody is lost."""
        self._ever_subscribed.update(channels)
        self.awaited.difference_update(channels)

    def leave(self, outlet: Outlet) -> None:
        """A client is gone, or half open; a second call changes nothing."""
        if outlet in self.outlets:
            self.outlets.remove(outlet)
            others = [channel for other in self.outlets for channel in other.session.channels]
            self.awaited.update(set(outlet.session.channels).difference(others))

    def beat(self, outlet: Outlet, elapsed_s: float) -> None:
        """Send what the venue says unasked at this age of the connection."""
        for payload in outlet.session.beat(elapsed_s):
            self._tell(outlet, "reply", payload)

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.verb == "send":
                self._send(_of(step))
            elif step.verb == "again":
                self._send_again(_of(step))
            elif step.verb == "lose":
                self._lose(_of(step), step.reason)
            else:
                self._disturb(step)

    def _disturb(self, step: Step) -> None:
        for outlet in [*self.outlets]:
            if step.verb == "garbage":
                self._tell(outlet, "garbage", step.payload)
            elif step.verb == "hang_up":
                outlet.hang_up()
            else:
                outlet.freeze()

    def _send(self, frame: SimulatedFrame) -> None:
        if self._owed:
            self._pay()
        copies = 0
        names = self.protocol.channels_of(frame.kind, frame.venue_symbol)
        for outlet in self.outlets:
            wanted = outlet.session.channels
            for name in names:
                if name in wanted:
                    outlet.put(outlet.session.dressed(name, frame.payload))
                    copies += 1
        if copies:
            self.ledger.deliver(frame, copies)
            self._recent.append(frame)
        else:
            self._lose(frame, UNHEARD)

    def _pay(self) -> None:
        owed, self._owed = self._owed, []
        for outlet, added, again in owed:
            if outlet in self.outlets:
                self._begin(outlet, added, again)

    def _send_again(self, frame: SimulatedFrame) -> None:
        for outlet in self.outlets:
            self._copy(frame, "repeat", outlet, outlet.session.channels)

    def _copy(self, frame: SimulatedFrame, kind: Message, outlet: Outlet, channels: Iterable[str]) -> None:
        for name in self.protocol.channels_of(frame.kind, frame.venue_symbol):
            if name in channels and name in outlet.session.channels:
                outlet.put(outlet.session.dressed(name, frame.payload))
                self.ledger.repeat(frame, 1, kind)

    def _lose(self, frame: SimulatedFrame, reason: str) -> None:
        """Nobody gets the frame; that matters only where somebody had asked for it."""
        if self._ever_subscribed.isdisjoint(self.protocol.channels_of(frame.kind, frame.venue_symbol)):
            self.ledger.frames["unsubscribed"] += 1
        else:
            self.ledger.lose(frame, reason)

    def _tell(self, outlet: Outlet, kind: Message, payload: bytes) -> None:
        outlet.put(payload)
        self.ledger.messages[kind] += 1


def _of(step: Step) -> SimulatedFrame:
    if step.frame is None:
        raise InvariantError(f"a step {step.verb!r} of the fault stage without a frame")
    return step.frame
