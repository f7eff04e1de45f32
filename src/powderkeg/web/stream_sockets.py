"""The same topics over a WebSocket, for programs; a close code says why it ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from powderkeg.web.asks import Listen
from powderkeg.web.faults import Refused
from powderkeg.web.hub import Listener
from powderkeg.web.stream import Receive, Scope, Send, Streams

MAX_SAID_BYTES: Final = 4_096

GOING_AWAY: Final = 1001
BAD_PARAMETERS: Final = 4400
SLOW: Final = 4008
SAID_TOO_MUCH: Final = 4013
TOO_MANY: Final = 4029
"""Close codes; 4000 to 4999 are for applications (RFC 6455, section 7.4.2)."""


async def serve_socket(
    streams: Streams, scope: Scope, receive: Receive, send: Send, *, ask: Listen, last_id: str | None
) -> None:
    """Serve a WebSocket until either side ends it; the handshake is still to be answered."""
    await receive()
    await send({"type": "websocket.accept"})
    try:
        listener, is_complete = streams.listen(ask, last_id)
    except Refused as refused:
        await send(_closing(TOO_MANY if refused.status == 503 else BAD_PARAMETERS, refused.fault.message[:120]))
        return
    said = asyncio.ensure_future(_said(receive))
    write = streams.writer(listener, scope, send)
    try:
        with suppress(OSError):  # it may go away while it is written to
            if not is_complete:
                name = streams.hub.last_id
                await write(_text(b'{"topic":"resync","id":"%s","data":{"code":"too_old"}}' % name.encode()))
            while not said.done() and not streams.is_stopping and not listener.behind:
                for message in listener.take():
                    await write(_text(message.json_bytes))
                await streams.more(listener)
            code, reason = _end(listener, said)
            if code:
                await write(_closing(code, reason))
    finally:
        said.cancel()
        streams.leave(listener)


def _end(listener: Listener, said: asyncio.Future[int]) -> tuple[int, str]:
    """Close code and reason; code 0 where the other side closed it."""
    if listener.behind:
        return SLOW, f"{listener.behind}: begin again"
    if said.done():
        return said.result(), "a stream is listened to"
    return GOING_AWAY, "the server stops"


def _text(text: bytes) -> dict[str, object]:
    return {"type": "websocket.send", "text": text.decode()}


def _closing(code: int, reason: str) -> dict[str, object]:
    return {"type": "websocket.close", "code": code, "reason": reason}


async def _said(receive: Receive) -> int:
    """Hear what a socket says, which is nothing: the code to close it with, 0 where it closed itself."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return 0
        with suppress(TypeError):
            if len(message.get("text") or message.get("bytes") or "") > MAX_SAID_BYTES:
                return SAID_TOO_MUCH
