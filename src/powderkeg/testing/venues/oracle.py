"""What a run must come to, computed without a socket: the same story through the same faults, everyone listening."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from powderkeg.testing.venues.delivery import Delivery
from powderkeg.testing.venues.faults import Fault
from powderkeg.testing.venues.ledger import Ledger
from powderkeg.testing.venues.protocols import Session
from powderkeg.testing.venues.story import Story


class Ear:
    """A client that never goes away and hears the given channels; a `delivery.Outlet` without a socket.

    Args:
        session: its side of the venue.
        hear: is given every message.
    """

    def __init__(self, session: Session, hear: Callable[[bytes], object]) -> None:
        self.session = session
        self._hear = hear

    def put(self, payload: bytes) -> None:
        """Hand a message on."""
        self._hear(payload)

    def hang_up(self) -> None:
        """It is back before the next frame."""

    def freeze(self) -> None:
        """Likewise."""


def predict(
    story: Story,
    venue: str,
    *,
    faults: Iterable[Fault] = (),
    fault_seed: int = 0,
    channels: Iterable[str] | None = None,
    hear: Callable[[bytes], object] = len,
) -> Ledger:
    """The ledger of a run of a bounded story in which no client is ever missing but by a fault.

    Frames by fate, losses by reason and all totals of liquidations are those of any run over sockets whose clients
    subscribe the same channels and whose playback is patient; messages are counted for a single connection and
    without acknowledgments, first words and replays.

    Args:
        story: must end.
        venue: slug.
        faults: planned ones.
        fault_seed: as given to the server.
        channels: subscribed ones as the protocol spells them; by default enough of them to hear every fact once, those
            of all contracts together where there are such.
        hear: is given every message of a frame, in order.
    """
    delivery = Delivery(story, venue, faults, fault_seed)
    path = next(iter(delivery.protocol.paths))
    session = delivery.protocol.session_type(delivery.protocol, path, 1)
    for channel in delivery.protocol.each_once() if channels is None else channels:
        session.subscribe(channel)
    ear = Ear(session, hear)
    delivery.outlets.append(ear)
    delivery.expect(session.take_added())
    for frame in story.frames(venue):
        delivery.push(frame)
    delivery.end()
    return delivery.ledger
