"""What every venue directory provides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, Protocol

import msgspec

from powderkeg.domain.events import Event
from powderkeg.domain.instruments import Instrument, VenueInstruments
from powderkeg.venues.entries import Entries
from powderkeg.venues.rest import Rest

Parse = Callable[[bytes, int, VenueInstruments], tuple[Event, ...]]
"""(frame, ts_received_ns, the venue's instruments) -> events. May raise msgspec.DecodeError, ValueError, KeyError,
TypeError, ArithmeticError or VenueProtocolError; `registry.parse_frame` turns them all into VenueProtocolError."""


CANARY_SILENCE_S: Final = 14.0
"""Canaries speak each second or more often. Nearly five times a usual hiccup of theirs, and a second less than the
promise for noticing a dead path, which takes a moment itself."""

PROBE_EVERY_S: Final = 5.0
"""So that two lost probes in a row do not yet condemn a path."""

Address = Callable[[bytes], bytes | None]
"""A frame of one connection -> the channel its data belong to, None for replies and heartbeats. May remember earlier
frames of the connection (Bitfinex numbers its channels), so each connection makes its own."""


class Naming(Protocol):
    """Lets frames say what only earlier frames of their connection explained."""

    def named(self, frame: bytes) -> bytes:
        """The frame as the venue's parser can read it by itself."""
        ...

    @property
    def memory(self) -> tuple[str, ...]:
        """All that must be kept to go on elsewhere."""
        ...

    def resume(self, memory: Iterable[str]) -> None:
        """Go on where another one stood when it said `memory`."""
        ...


class Topic(msgspec.Struct, frozen=True):
    """One subscription that a socket may hold.

    Attributes:
        words: the channel and what it is about, as the venue's requests need them; opaque outside its directory.
        streams: the stream classes that it was asked for.
    """

    words: tuple[str, ...]
    streams: tuple[str, ...]


class Canary(msgspec.Struct, frozen=True):
    """A busy channel whose silence means that its path is dead.

    Attributes:
        words: of its topic.
        address: found in the address of each of its frames. Frames of other contracts on the same channel prove the
            path just as well.
        silence_s: the longest time without it on a path that works.
        probe: texts that make the venue send it once more, where nothing on the path is busy by itself; sent every
            `PROBE_EVERY_S`.
        behind: a slower one that must speak too, where an answered probe does not prove that the venue publishes.
    """

    words: tuple[str, ...]
    address: bytes
    silence_s: float = CANARY_SILENCE_S
    probe: tuple[str, ...] = ()
    behind: Canary | None = None


def _no_topics(_path: str, _streams: tuple[str, ...], _venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    return ()


def _no_requests(_wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    return ()


def _no_address() -> Address:
    return lambda _frame: None


class Subscriptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to be sent what a venue publishes; facts with their source stand in the venue's `subscribe.py`.

    Attributes:
        urls: WebSocket endpoint by path name, `{"market": "wss://..."}`.
        channels: stream class -> the venue's channel name, for `liquidation trade mark_price funding_rate
            open_interest book` where they exist.
        paths: stream class -> path name in `urls` on which it is sent.
        canary: a busy channel on the same path as the liquidations, whose silence means the path is dead.
        ping: text the client sends to keep the connection, or None where protocol pings do.
        ping_interval_s: how often, None with `ping` None.
        max_channels_per_connection: subscriptions one socket may hold, None where the venue states no limit.
        max_connection_age_s: the venue closes sockets older than this, None where it does not.
        stale_first: channels whose first data frame on a connection repeats the past and must not be counted.
        topics: (path name, stream classes, venue symbols) -> everything to subscribe to on that path. A venue that
            leaves this and the next three out can be read, but not connected to.
        requests: topics of one connection -> texts to send.
        address: makes the function that tells which channel a frame of one connection belongs to.
        canaries: path name -> its canary; paths not named have none.
        path_of: (stream class, venue symbol) -> path name, None where `paths` says it for every contract.
        frame_channels: stream class -> what its frames' addresses contain, where that is not the channel's name.
        reply: answer to a server's ping that is an ordinary message, None for every other frame.
        requests_per_s: how fast requests may be sent, None where the venue states no limit.
    """

    urls: dict[str, str]
    channels: dict[str, str]
    paths: dict[str, str]
    canary: str
    ping: str | None = None
    ping_interval_s: float | None = None
    max_channels_per_connection: int | None = None
    max_connection_age_s: float | None = None
    stale_first: tuple[str, ...] = ()
    topics: Callable[[str, tuple[str, ...], tuple[str, ...]], tuple[Topic, ...]] = _no_topics
    requests: Callable[[tuple[Topic, ...]], tuple[str, ...]] = _no_requests
    address: Callable[[], Address] = _no_address
    canaries: dict[str, Canary] = {}
    path_of: Callable[[str, str], str] | None = None
    frame_channels: dict[str, str] = {}
    reply: Callable[[bytes], str | None] | None = None
    requests_per_s: float | None = None

    def messages(self, path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
        """The texts that subscribe to everything a path has of these contracts."""
        return self.requests(self.topics(path, tuple(self.channels), venue_symbols))


def by_channel(channels: Mapping[str, str], streams: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The channels that carry the asked stream classes, each with the classes it was asked for, in their order."""
    asked = frozenset(streams)
    found: dict[str, tuple[str, ...]] = {}
    for stream, channel in channels.items():
        if stream in asked:
            found[channel] = (*found.get(channel, ()), stream)
    return found


def addressed(pattern: bytes) -> Callable[[], Address]:
    """An `Address` that is the first group of a regular expression and needs no memory."""
    search = re.compile(pattern, re.DOTALL).search

    def address(frame: bytes) -> bytes | None:
        found = search(frame)
        return None if found is None else found[1]

    return lambda: address


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange: its slug, its pure functions, and how to subscribe.

    Attributes:
        parse: see `Parse`.
        infer_instrument: the venue's own name -> Instrument, by its naming rules and known contract sizes; raises
            ValueError for a name that cannot be one of the venue's.
        parse_instruments: the venue's instrument listing (REST or WebSocket payload) -> instruments; None where the
            venue's names alone say everything.
        rest: how to ask it over HTTP, None where nothing is asked.
        naming: makes what a connection's frames need to be understood alone (Bitfinex numbers its channels); None where
            each frame says what it is about. Such a venue has nothing in `stale_first`.
        channel_of: channel name of a frame, for `Subscriptions.stale_first`; None where nothing is ever stale.
        entries: where a frame's liquidations and trades stand, so that one that cannot be read spoils only itself.
    """

    slug: str
    parse: Parse
    infer_instrument: Callable[[str], Instrument]
    subscriptions: Subscriptions
    parse_instruments: Callable[[bytes], tuple[Instrument, ...]] | None = None
    channel_of: Callable[[bytes], str | None] | None = None
    liquidation_feed: Literal["public", "none"] = "public"
    rest: Rest | None = None
    naming: Callable[[], Naming] | None = None
    entries: Entries = {}
