"""What only the order of frames on one connection can tell.

`parse_frame` is stateless; a connection remembers which channels have spoken, because some venues (OKX) repeat the
past in the first message after a subscription, and what its channel numbers stand for (Bitfinex).
"""

from __future__ import annotations

import msgspec

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Event, Liquidation
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.venues.registry import VENUES, parse_frame


class Connection:
    """Events of one connection's frames, replays on subscribe left out.

    Law: feeding the same frames to a new Connection gives the same events; frames of other channels change nothing.

    Args:
        venue: slug.
        instruments: see `parse_frame`.
        is_one_life: the frames are those of one socket in their order. Of single messages none repeats the past, and
            the numbers in one are not explained by another.
    """

    def __init__(self, venue: str, instruments: InstrumentMap | None = None, *, is_one_life: bool = True) -> None:
        self.venue = venue
        self.replayed = 0  # liquidations left out because their frame repeated the past
        self._instruments = instruments
        self._channel_of = VENUES[venue].channel_of
        naming = VENUES[venue].naming
        self._stale = set(VENUES[venue].subscriptions.stale_first if is_one_life else ())
        self._naming = naming() if naming is not None and is_one_life else None

    @property
    def unspoken(self) -> tuple[str, ...]:
        """Channels whose first, repeating frame is still awaited."""
        return tuple(sorted(self._stale))

    @property
    def memory(self) -> tuple[str, ...]:
        """All that must be kept to go on elsewhere: `unspoken`, or what numbers stand for; no venue has both."""
        return self.unspoken if self._naming is None else self._naming.memory

    def resume(self, memory: tuple[str, ...]) -> None:
        """Go on where another Connection of the same frames stood when it said `memory`."""
        if self._naming is not None:
            self._naming.resume(memory)
        else:
            self._stale = set(memory)

    def events(self, frame: bytes, ts_received_ns: int) -> tuple[Event, ...]:
        """Events of the next frame.

        Raises:
            VenueProtocolError: the frame, or an entry in it, cannot be what it says it is; with the `events` of its
                other entries.
        """
        if self._naming is not None:
            frame = self._naming.named(frame)
        try:
            events = parse_frame(self.venue, frame, ts_received_ns, self._instruments)
        except VenueProtocolError as error:
            error.events = self._new(frame, error.events)
            raise
        return self._new(frame, events) if self._stale else events

    def _new(self, frame: bytes, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """The events of a frame without those that repeat the past."""
        if not self._stale or not events or self._channel_of is None:
            return events
        try:
            channel = self._channel_of(frame)
        except (msgspec.DecodeError, ValueError) as error:
            raise VenueProtocolError(self.venue, f"its channel cannot be read: {error}", frame) from error
        if channel not in self._stale:
            return events
        self._stale.discard(channel)
        kept = tuple(event for event in events if not isinstance(event, Liquidation))
        self.replayed += len(events) - len(kept)
        return kept
