"""Server-sent events and WebSocket over a hub.

Messages go out in pulses, so that two hundred listeners cost two hundred writes a pulse and not one a message. A
listener that does not read is cut off: `resync` where it can still be told (SSE), close code 4008 (WebSocket), and in
any case its connection is gone after `STALL_S`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from powderkeg.web.asks import Listen
from powderkeg.web.faults import Refused
from powderkeg.web.hub import TOPICS, Hub, Interest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PULSE_S: Final = 0.05
BEAT_S: Final = 15.0
STALL_S: Final = 10.0
MAX_LISTENERS: Final = 1_000
MAX_SAID_BYTES: Final = 4_096

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

GOING_AWAY: Final = 1001
BAD_PARAMETERS: Final = 4400
SLOW: Final = 4008
RESYNC: Final = 4009
SAID_TOO_MUCH: Final = 4013
TOO_MANY: Final = 4029
"""Close codes of the WebSocket; 4000 to 4999 are for applications (RFC 6455, section 7.4.2)."""


class Streams:
    """Every open stream of one server.

    Args:
        hub: what is streamed.
        abort: ends the connection of a scope at once, whatever it still holds.
    """

    def __init__(self, hub: Hub, abort: Callable[[Scope], None] = lambda _: None) -> None:
        self.hub = hub
        self._abort = abort
        self._pulse = asyncio.Event()
        self.is_stopping = False

    async def run(self) -> None:
        """Pulse until cancelled."""
        while True:
            await asyncio.sleep(PULSE_S)
            self._beat()

    def stop(self) -> None:
        """Let every stream end by itself."""
        self.is_stopping = True
        self._beat()

    def _beat(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    def interest_of(self, ask: Listen) -> Interest:
        """What a listener asked for.

        Raises:
            Refused: an unknown topic, or too many listen already.
        """
        unknown = [topic for topic in ask.topics if topic not in TOPICS]
        if unknown:
            raise Refused(400, "bad_parameter", f"there is no topic {unknown[0]!r}; known are {', '.join(TOPICS)}")
        if len(self.hub.listeners) >= MAX_LISTENERS:
            raise Refused(503, "too_many", "too many streams are open; try again later", {"Retry-After": "10"})
        coins = frozenset(coin.upper() for coin in ask.coin)
        return Interest(topics=frozenset(ask.topics or TOPICS), coins=coins, min_usd=ask.min_usd)

    async def serve_events(self, scope: Scope, receive: Receive, send: Send, ask: Listen, last_id: str | None) -> None:
        """Answer a request with server-sent events until either side ends it.

        Raises:
            Refused: see `interest_of`; nothing was sent then.
        """
        listener, is_complete = self.hub.listen(self.interest_of(ask), last_id)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            opening = _opening(self.hub, last_id) if is_complete else _resync(self.hub, "too_old")
            await self._write(scope, send, opening)
            beat_at = asyncio.get_running_loop().time() + BEAT_S
            while not gone.done() and not self.is_stopping and not listener.behind:
                chunk = b"".join(message.event_bytes for message in listener.take())
                now = asyncio.get_running_loop().time()
                if chunk or now >= beat_at:
                    beat_at = now + BEAT_S
                    await self._write(scope, send, chunk or b": beat\n\n")
                if not listener.has_work:
                    await self._pulse.wait()
            if listener.behind:
                await self._write(scope, send, _resync(self.hub, listener.behind))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            listener.cut_off("stalled")
            await asyncio.wait([gone], timeout=STALL_S)  # the connection's end, which was ordered
        finally:
            gone.cancel()
            self.hub.leave(listener)

    async def serve_socket(self, scope: Scope, receive: Receive, send: Send, ask: Listen, last_id: str | None) -> None:
        """Serve a WebSocket until either side ends it; the handshake is still to be answered."""
        await receive()
        await send({"type": "websocket.accept"})
        try:
            listener, is_complete = self.hub.listen(self.interest_of(ask), last_id)
        except Refused as refused:
            code = TOO_MANY if refused.status == 503 else BAD_PARAMETERS
            await send({"type": "websocket.close", "code": code, "reason": refused.fault.message[:120]})
            return
        said = asyncio.ensure_future(_said(receive))
        code, reason = GOING_AWAY, "the server stops"
        try:
            if not is_complete:
                await _say(send, b'{"topic":"resync","id":"%s","data":{"code":"too_old"}}' % self.hub.last_id.encode())
            while not said.done() and not self.is_stopping and not listener.behind:
                for message in listener.take():
                    await _say(send, message.json_bytes)
                if not listener.has_work:
                    await self._pulse.wait()
            if listener.behind:
                code, reason = SLOW, "too slow: start again"
            elif said.done():
                code, reason = said.result(), "a stream is listened to"
            if code:
                async with asyncio.timeout(STALL_S):
                    await send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            listener.cut_off("stalled")
            self._abort(scope)
        finally:
            said.cancel()
            self.hub.leave(listener)

    async def _write(self, scope: Scope, send: Send, chunk: bytes) -> None:
        try:
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            self._abort(scope)
            raise


def _opening(hub: Hub, last_id: str | None) -> bytes:
    """The first lines: where to resume from, even if the connection ends before the first event."""
    return b"retry: 2000\nid: %s\n\n" % (last_id or hub.last_id).encode("latin-1")


def _resync(hub: Hub, why: str) -> bytes:
    return b'id: %s\nevent: resync\ndata: {"code":"%s"}\n\n' % (hub.last_id.encode(), why.encode())


async def _say(send: Send, text: bytes) -> None:
    async with asyncio.timeout(STALL_S):
        await send({"type": "websocket.send", "text": text.decode()})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _said(receive: Receive) -> int:
    """Listen to what a socket says, which is nothing: the code to close it with, 0 where it closed itself."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return 0
        with suppress(TypeError):
            if len(message.get("text") or message.get("bytes") or "") > MAX_SAID_BYTES:
                return SAID_TOO_MUCH
