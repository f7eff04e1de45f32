"""Topics and those who listen: no socket, no clock.

Two kinds of topics. Of a *state* topic (`totals`, `health`, `data`) only the newest message counts: a slow listener
misses the ones between. Of an *event* topic (`liquidation`, `gap`, `alert`) every message counts: they are numbered,
kept in a bounded ring to resume from, and a listener that falls behind its bound is cut off and told to start again.

Laws, tested: what a listener is given is in order, without repetition, and without a hole until it is told `resync`;
memory is bounded whatever listeners do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

STATE_TOPICS: Final = ("totals", "health", "data")
EVENT_TOPICS: Final = ("liquidation", "gap", "alert")
TOPICS: Final = (*STATE_TOPICS, *EVENT_TOPICS)

RING: Final = 10_000
RING_BYTES: Final = 16 * 1_048_576
MAX_WAITING: Final = 4_000
"""Events a listener may be behind: twenty seconds at 200 a second."""

CHUNK_BYTES: Final = 32_768


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message, encoded once for all listeners.

    Attributes:
        sequence: of event topics, from 1; 0 for state.
        coin, notional_usd: what listeners filter by; empty and None where they do not apply.
        name: of event topics, what a listener resumes from.
        event_bytes: as server-sent events have it: the document stands in it from `data_from` on.
    """

    topic: str
    sequence: int
    coin: str
    notional_usd: float | None
    name: str
    event_bytes: bytes
    data_from: int

    @property
    def json_bytes(self) -> bytes:
        """As a WebSocket has it; made when it is sent, because few listen so and all of the ring would hold it."""
        name = b'"%s"' % self.name.encode() if self.name else b"null"
        return b'{"topic":"%s","id":%s,"data":%s}' % (self.topic.encode(), name, self.event_bytes[self.data_from : -2])


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener wants: topics, and of liquidations only some coins, or only large ones."""

    topics: frozenset[str] = frozenset(TOPICS)
    coins: frozenset[str] = frozenset()
    min_usd: float = 0.0

    def wants(self, message: Message) -> bool:
        """Whether it wants this one."""
        if message.topic not in self.topics:
            return False
        if self.coins and message.coin and message.coin not in self.coins:
            return False
        return not self.min_usd or message.topic != "liquidation" or (message.notional_usd or 0.0) >= self.min_usd


class Listener:
    """One who listens: what waits for it, bounded."""

    def __init__(self, interest: Interest) -> None:
        self.interest = interest
        self.behind = ""  # why it was cut off, empty while it is not
        self._states: dict[str, Message] = {}
        self._events: deque[Message] = deque()

    @property
    def has_work(self) -> bool:
        """Something waits, or it was cut off."""
        return bool(self._events or self._states or self.behind)

    def offer(self, message: Message) -> None:
        """Queue what it wants."""
        if self.behind or not self.interest.wants(message):
            return
        if not message.sequence:
            self._states[message.topic] = message
        elif len(self._events) >= MAX_WAITING:
            self.cut_off("slow")
        else:
            self._events.append(message)

    def cut_off(self, why: str) -> None:
        """Forget what waits; nothing is offered any more."""
        self.behind = why
        self._events.clear()
        self._states.clear()

    def take(self) -> list[Message]:
        """What waits, states first, at most `CHUNK_BYTES` of it."""
        taken = list(self._states.values())
        self._states.clear()
        room = CHUNK_BYTES - sum(len(message.event_bytes) for message in taken)
        while self._events and (room > 0 or not taken):
            message = self._events.popleft()
            room -= len(message.event_bytes)
            taken.append(message)
        return taken


class Hub:
    """Publishes messages to listeners.

    Args:
        epoch: names this run of the server in message ids; after a restart old ids are not understood any more.
        ring: how many event messages can be resumed from.
    """

    def __init__(self, epoch: str, *, ring: int = RING) -> None:
        self.epoch = epoch
        self.published = 0
        self.evicted: dict[str, int] = {}
        self.listeners: set[Listener] = set()
        self._newest: dict[str, Message] = {}
        self._ring: deque[Message] = deque()
        self._ring_limit = ring
        self._ring_bytes = 0
        self._sequence = 0

    def publish(self, topic: str, data: bytes, *, coin: str = "", notional_usd: float | None = None) -> None:
        """Send a message to whoever wants it.

        Args:
            topic: one of `TOPICS`.
            data: a JSON document without line breaks.
            coin: for filters.
            notional_usd: for filters.
        """
        is_event = topic in EVENT_TOPICS
        self._sequence += is_event
        self.published += 1
        # A state has no id: it may overtake events, and whoever resumed from its id would miss them.
        name = self.last_id if is_event else ""
        head = b"%sevent: %s\ndata: " % (b"id: %s\n" % name.encode() if name else b"", topic.encode())
        message = Message(
            topic=topic,
            sequence=self._sequence if is_event else 0,
            coin=coin,
            notional_usd=notional_usd,
            name=name,
            event_bytes=b"%s%s\n\n" % (head, data),
            data_from=len(head),
        )
        if is_event:
            self._keep(message)
        else:
            self._newest[topic] = message
        for listener in self.listeners:
            listener.offer(message)

    def listen(self, interest: Interest, last_id: str | None = None) -> tuple[Listener, bool]:
        """A new listener, and whether nothing was missed since the message named `last_id`.

        It is given the newest of each state topic, and the events after `last_id` where they are still there.
        """
        listener = Listener(interest)
        for message in self._newest.values():
            listener.offer(message)
        is_complete = True
        if last_id:
            missed = self._since(last_id)
            is_complete = missed is not None
            for message in missed or ():
                listener.offer(message)
        self.listeners.add(listener)
        return listener, is_complete and not listener.behind

    def interrupt(self) -> None:
        """Something was lost before it came here: whoever listens has to start again, and nothing can be resumed."""
        self._sequence += 1
        self._ring.clear()
        self._ring_bytes = 0
        for listener in self.listeners:
            listener.cut_off("lost")

    def leave(self, listener: Listener) -> None:
        """Forget a listener; how it was cut off is counted."""
        self.listeners.discard(listener)
        if listener.behind:
            self.evicted[listener.behind] = self.evicted.get(listener.behind, 0) + 1

    @property
    def last_id(self) -> str:
        """The id of the newest event."""
        return f"{self.epoch}-{self._sequence}"

    def _keep(self, message: Message) -> None:
        self._ring.append(message)
        self._ring_bytes += len(message.event_bytes)
        while len(self._ring) > self._ring_limit or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= len(self._ring.popleft().event_bytes)

    def _since(self, last_id: str) -> Iterable[Message] | None:
        epoch, _, number = last_id.rpartition("-")
        if epoch != self.epoch or not number.isdecimal() or len(number) > 18 or int(number) > self._sequence:
            return None
        sequence = int(number)
        oldest = self._ring[0].sequence if self._ring else self._sequence + 1
        if sequence + 1 < oldest:
            return None
        return [message for message in self._ring if message.sequence > sequence]
