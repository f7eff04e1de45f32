"""Every open stream of one server: its pulse, its limits, and the end of those that do not read.

Messages go out in pulses, so that two hundred listeners cost two hundred writes a pulse and not one a message. Who
falls behind is cut off: `resync` where it can still be told (`stream_events.py`), close code 4008
(`stream_sockets.py`), and where nothing can be told any more its connection is ended after `STALL_S`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from powderkeg.web.asks import Listen
from powderkeg.web.faults import Refused
from powderkeg.web.hub import TOPICS, Hub, Interest, Listener

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PULSE_S: Final = 0.05
PULSE_PER_LISTENER_S: Final = 0.00015
"""A write costs about so much: with many hundreds of listeners pulses come less often, and the loop is not all busy."""

STALL_S: Final = 10.0
MAX_LISTENERS: Final = 1_000


class Streams:
    """What all streams of a server share.

    Args:
        hub: what is streamed.
        abort: ends the connection of a scope at once, whatever it still holds.
    """

    def __init__(self, hub: Hub, abort: Callable[[Scope], None] = lambda _: None) -> None:
        self.hub = hub
        self.is_stopping = False
        self._abort = abort
        self._pulse = asyncio.Event()
        self._writing: dict[Listener, tuple[float, Scope]] = {}  # since when a listener's connection takes nothing

    async def run(self) -> None:
        """Pulse until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(PULSE_S, len(self.hub.listeners) * PULSE_PER_LISTENER_S))
            self._beat()
            for listener, (since_s, scope) in list(self._writing.items()):
                if loop.time() - since_s > STALL_S:
                    listener.cut_off("stalled")
                    self._abort(scope)  # which lets its write end

    def stop(self) -> None:
        """Let every stream end by itself."""
        self.is_stopping = True
        self._beat()

    def listen(self, ask: Listen, last_id: str | None) -> tuple[Listener, bool]:
        """See `Hub.listen`.

        Raises:
            Refused: an unknown topic, or too many listen already.
        """
        unknown = [topic for topic in ask.topics if topic not in TOPICS]
        if unknown:
            raise Refused(400, "bad_parameter", f"there is no topic {unknown[0]!r}; known are {', '.join(TOPICS)}")
        if len(self.hub.listeners) >= MAX_LISTENERS:
            raise Refused(503, "too_many", "too many streams are open; try again later", {"Retry-After": "10"})
        coins = frozenset(coin.upper() for coin in ask.coin)
        interest = Interest(topics=frozenset(ask.topics or TOPICS), coins=coins, min_usd=ask.min_usd)
        return self.hub.listen(interest, last_id)

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._writing.pop(listener, None)
        self.hub.leave(listener)

    async def more(self, listener: Listener) -> None:
        """Wait for the next pulse, unless something waits already."""
        if not listener.has_work:
            await self._pulse.wait()

    def writer(self, listener: Listener, scope: Scope, send: Send) -> Send:
        """`send`, watched: while it waits for the other side to read, the clock of `STALL_S` runs."""
        loop = asyncio.get_running_loop()

        async def write(message: MutableMapping[str, Any]) -> None:
            self._writing[listener] = (loop.time(), scope)
            await send(message)
            self._writing.pop(listener, None)

        return write

    def _beat(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()
