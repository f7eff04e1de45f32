"""What every venue's side of the conversation has in common. Pure: texts in, texts out; no socket and no clock.

A `VenueProtocol` knows the venue: its URL paths, on which channels a frame is sent, and what a new subscriber is told
first. A `Session` is one connection: it reads the client's requests, answers as the venue does, and remembers what is
subscribed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import msgspec

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import BookChange, VenueFrames, frames_of
from powderkeg.testing.venues.contracts import LISTED
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.story import Kind

Json = Any
"""A decoded request or an answer under construction; it is narrowed or encoded at once."""

KINDS: tuple[Kind, ...] = (
    "liquidation",
    "trade",
    "mark_price",
    "open_interest",
    "funding_rate",
    "book",
    "liquidation_stats",
)


class Session(ABC):
    """One connection's side of the venue.

    Args:
        protocol: of the venue.
        path: name of the path it came in on, a key of `VenueProtocol.paths`.
        number: of the connection, from which its id is made.

    Attributes:
        channels: what is subscribed, in order.
        is_closing: the venue hangs up on this client as soon as its answers are sent.
    """

    def __init__(self, protocol: VenueProtocol, path: str, number: int) -> None:
        self.protocol = protocol
        self.path = path
        self.connection_id = f"sim-{number:06d}"
        self.channels: dict[str, None] = {}
        self.is_closing = False
        self._added: list[str] = []

    @abstractmethod
    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """Answers to one message of the client, in order.

        Args:
            text: as it came.
            now_ns: the story's time, for answers that tell it.
        """

    def take_added(self) -> list[str]:
        """Channels subscribed since the last call, in order."""
        added, self._added = self._added, []
        return added

    def dressed(self, _channel: str, payload: bytes) -> bytes:
        """The payload as this connection is sent it on a channel."""
        return payload

    def beat(self, _elapsed_s: float) -> list[bytes]:
        """What the venue sends unasked after so many seconds of this connection's life."""
        return []

    def subscribe(self, channel: str) -> None:
        """Note a subscription; a second one of the same channel changes nothing."""
        if channel not in self.channels:
            self.channels[channel] = None
            self._added.append(channel)

    def unsubscribe(self, channel: str) -> None:
        """Forget a subscription."""
        self.channels.pop(channel, None)
        self._added = [added for added in self._added if added != channel]


class VenueProtocol(ABC):
    """One venue; stateless but for a table of names."""

    slug: ClassVar[str]
    paths: ClassVar[dict[str, str]]
    """Path name -> path of the URL, as in the venue's real addresses."""
    session_type: ClassVar[Callable[..., Session]]

    def __init__(self) -> None:
        self.frames: VenueFrames = frames_of(self.slug)
        self.symbols = tuple(contract.venue_symbol for contract in LISTED[self.slug])
        self._channels: dict[tuple[Kind, str], tuple[str, ...]] = {
            (kind, symbol): self.names(kind, symbol) for kind in KINDS for symbol in self.symbols
        }
        self.known = frozenset(name for names in self._channels.values() for name in names)

    def each_once(self) -> list[str]:
        """Channels that together carry every fact once, those of all contracts together where there are such."""
        return list(dict.fromkeys(names[-1] for names in self._channels.values() if names))

    @abstractmethod
    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Channels on which a fact about a contract is sent, as `Session.channels` spells them; none where nowhere."""

    def channels_of(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """As `names`, from a table."""
        return self._channels.get((kind, venue_symbol)) or self.names(kind, venue_symbol)

    def open(self, path: str, query: str, number: int) -> Session | None:
        """A new connection to a URL's path, or None where the venue has nothing there."""
        del query
        for name, known in self.paths.items():
            if path == known:
                return self.session_type(self, name, number)
        return None

    def first_words(self, _channel: str, _memory: Memory) -> list[bytes]:
        """Messages a new subscription begins with, which repeat what was before."""
        return []

    def book_snapshot(self, change: BookChange | None) -> list[bytes]:
        """The whole book as a message, where there is one."""
        return [] if change is None or self.frames.book is None else [self.frames.book(change)]

    def last(self, memory: Memory, kind: Kind, venue_symbol: str) -> list[bytes]:
        """The latest message of a kind once more, where there is one."""
        frame = memory.last(kind, venue_symbol)
        return [] if frame is None else [frame.payload]


def read(text: str) -> Json | None:
    """The request, or None where it is no JSON."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def fields(request: Json) -> Mapping[str, Json]:
    """The request's fields; none where it is no object."""
    return cast("dict[str, Json]", request) if isinstance(request, dict) else {}


def items(listed: Json) -> list[Json]:
    """The items of a list; none where it is no list."""
    return cast("list[Json]", listed) if isinstance(listed, list) else []


def strings(listed: Json) -> list[str] | None:
    """The list as texts, or None where it is anything else."""
    found = [item for item in items(listed) if isinstance(item, str)]
    return found if isinstance(listed, list) and len(found) == len(items(listed)) else None


def millis(now_ns: int) -> int:
    """Story time in milliseconds, as answers tell it."""
    return now_ns // NS_PER_MS
