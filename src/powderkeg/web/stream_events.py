"""Server-sent events. Source: WHATWG HTML, section 9.2, read 2026-11."""

from __future__ import annotations

import asyncio
from typing import Final

from powderkeg.web.asks import Listen
from powderkeg.web.hub import Hub
from powderkeg.web.stream import Receive, Scope, Send, Streams

BEAT_S: Final = 15.0
"""A comment goes out so often where nothing else does: proxies and readers tell a quiet stream from a dead one."""

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


async def serve_events(
    streams: Streams, scope: Scope, receive: Receive, send: Send, *, ask: Listen, last_id: str | None
) -> None:
    """Answer a request with server-sent events until either side ends it.

    Raises:
        Refused: see `Streams.listen`; nothing was sent then.
    """
    listener, is_complete = streams.listen(ask, last_id)
    # Before anything is awaited: what is published from here on waits for this listener, and comes after this id.
    opening = _opening(streams.hub, last_id) if is_complete else _resync(streams.hub, "too_old")
    gone = asyncio.ensure_future(_disconnected(receive))
    loop, write = asyncio.get_running_loop(), streams.writer(listener, scope, send)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await write(_body(opening))
        beat_at = loop.time() + BEAT_S
        while not gone.done() and not streams.is_stopping and not listener.behind:
            chunk = b"".join(message.event_bytes for message in listener.take())
            if chunk or loop.time() >= beat_at:
                beat_at = loop.time() + BEAT_S
                await write(_body(chunk or b": beat\n\n"))
            await streams.more(listener)
        if not gone.done():
            last = _resync(streams.hub, listener.behind) if listener.behind else b""
            await write({"type": "http.response.body", "body": last, "more_body": False})
    finally:
        gone.cancel()
        streams.leave(listener)


def _body(chunk: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


def _opening(hub: Hub, last_id: str | None) -> bytes:
    """The first lines: where to resume from, even if the connection ends before the first event."""
    return b"retry: 2000\nid: %s\n\n" % (last_id or hub.last_id).encode("latin-1")


def _resync(hub: Hub, why: str) -> bytes:
    return b'id: %s\nevent: resync\ndata: {"code":"%s"}\n\n' % (hub.last_id.encode(), why.encode())


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
