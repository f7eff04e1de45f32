"""A plain client of simulated venues, which knows nothing of them but the venues' own subscribe messages."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import AsyncExitStack, suppress
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from powderkeg.testing.venues import LISTED, SimulatedVenue
from powderkeg.venues import VENUES

UNUSED_PATHS = {"legacy", "inverse", "btc", "usd1"}
"""Paths on which none of the simulated contracts is traded."""


def dial(url: str, ping_s: float | None = None) -> connect:
    """A connection that reads as fast as it can, and pings where it is to notice that nobody answers."""
    return connect(
        url,
        compression=None,
        max_queue=None,
        proxy=None,
        ping_interval=ping_s,
        ping_timeout=None if ping_s is None else 5 * ping_s,
        close_timeout=1,
    )


def requests(venue: str, path: str) -> tuple[str, ...]:
    """What the venue's `subscribe.py` would send on a path for all simulated contracts."""
    return VENUES[venue].subscriptions.messages(path, tuple(contract.venue_symbol for contract in LISTED[venue]))


class Client:
    """Subscribes everything on every path in use, keeps all it hears, and comes back when it is cut off."""

    def __init__(self, venue: SimulatedVenue, *, returns: bool = False, ping_s: float | None = None) -> None:
        self.venue = venue
        self.heard: dict[str, list[bytes]] = {
            path: [] for path in venue.delivery.protocol.paths if path not in UNUSED_PATHS
        }
        self.connections = 0
        self.refused: list[InvalidStatus] = []
        self.sockets: dict[str, ClientConnection] = {}
        self._returns = returns
        self._ping_s = ping_s
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def frames(self) -> list[bytes]:
        """Of all paths, one after another."""
        return [payload for heard in self.heard.values() for payload in heard]

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._listen(path)) for path in self.heard]
        await self.subscribed()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def subscribed(self) -> None:
        """Wait until the venue has heard every request on every path."""
        async with asyncio.timeout(5):
            while len(self.sockets) < len(self.heard):
                self._ready.clear()
                await self._ready.wait()

    async def hears(self, words: bytes, *, behind: int) -> None:
        """Wait until a message with these words has come behind so many others."""
        while not any(words in payload for payload in self.frames[behind:]):
            self._news.clear()
            await self._news.wait()

    async def _listen(self, path: str) -> None:
        while True:
            try:
                async with AsyncExitStack() as stack:
                    socket = await stack.enter_async_context(dial(self.venue.url(path), self._ping_s))
                    self.connections += 1
                    for request in requests(self.venue.venue, path):
                        await socket.send(request)
                    await (await socket.ping())
                    self.sockets[path] = socket
                    self._ready.set()
                    with suppress(ConnectionClosed):
                        while True:
                            self.heard[path].append(await socket.recv(decode=False))
                            self._news.set()
            except InvalidStatus as error:
                self.refused.append(error)
            except ConnectionClosed:
                pass
            if not self._returns:
                return


def fetch(url):
    """(status, document, headers) of plain HTTP, in a thread of its own."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


async def ask(server, path):
    return await asyncio.to_thread(fetch, f"http://127.0.0.1:{server.port}{path}")


def played(coroutine: object, within_s: float = 20.0) -> object:
    """Run a test's coroutine, bounded."""

    async def bounded() -> object:
        async with asyncio.timeout(within_s):
            return await coroutine

    return asyncio.run(bounded())
