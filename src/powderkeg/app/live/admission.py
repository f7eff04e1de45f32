"""Whether an offered frame is taken: always, until something fills up; then by the declared order.

A frame is either journaled and counted in every number, or neither; what is refused is counted and becomes a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from powderkeg.app.live.counters import VenueTally
from powderkeg.app.live.ledger import RefusalLedger
from powderkeg.app.live.queues import TIGHT, VenueQueue, admits
from powderkeg.app.live.recorder import Recorder
from powderkeg.app.live.streams import UNTOLD, stream_teller
from powderkeg.domain.events import FeedGap

PAUSED: Final = "collection paused: the disk refuses"
SHED: Final = "shed: more frames than could be handled"


class Lane(NamedTuple):
    """One open connection: where its frames go. `stream` names its classes joined by `+`."""

    connection_id: int
    venue: str
    stream: str
    opened_ns: int
    queue: VenueQueue
    tally: VenueTally


class Admission:
    """Decides for each frame, and keeps the ledger of those refused.

    Args:
        recorder: how full it is, and whether the disk refuses, decides with the venue's queue.
        tell: takes the gaps.
    """

    def __init__(self, recorder: Recorder, tell: Callable[[FeedGap], None]) -> None:
        self.ledger = RefusalLedger(tell)
        self._recorder = recorder

    def needs_look(self, queue: VenueQueue) -> bool:
        """Whether `admit` has to be asked at all: in quiet times it has not, and costs nothing."""
        recorder = self._recorder
        return queue.is_tight or recorder.is_tight or recorder.is_paused or bool(self.ledger.open_count)

    def admit(self, lane: Lane, at_ns: int, payload: bytes) -> bool:
        """Whether the frame is taken; if not, it is counted."""
        if self._recorder.is_paused:
            self._refuse(lane, UNTOLD, at_ns, PAUSED)
            return False
        fill = max(lane.queue.fill, self._recorder.fill)
        if fill < TIGHT:
            self.ledger.end_all(at_ns, venue=lane.venue)
            return True
        stream = stream_teller(lane.venue)(payload)
        if not admits(stream, fill):
            self._refuse(lane, stream, at_ns, SHED)
            return False
        self.ledger.take(lane.venue, stream or lane.stream, at_ns)
        return True

    def _refuse(self, lane: Lane, stream: str, at_ns: int, reason: str) -> None:
        shed = lane.tally.shed
        shed[stream] = shed.get(stream, 0) + 1
        self.ledger.refuse(lane.venue, stream or lane.stream, at_ns, reason)
