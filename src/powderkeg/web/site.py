"""What the routes of one server share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar

from powderkeg.web.desk import Desk
from powderkeg.web.feeding import Sample
from powderkeg.web.files import load_files
from powderkeg.web.hub import Hub
from powderkeg.web.stream import Scope, Streams


class Site:
    """Desk, hub, streams and files of one server.

    Args:
        data_dir: the data directory.
        desk: answers questions; by default one over the data directory.
        abort: ends the connection of a scope at once.
        connection_count: how many connections are open.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        desk: Desk | None = None,
        abort: Callable[[Scope], None] = lambda _: None,
        connection_count: Callable[[], int] = lambda: 0,
    ) -> None:
        self.data_dir = data_dir
        self.desk = desk or Desk(data_dir)
        self.hub = Hub(secrets.token_hex(4))
        self.streams = Streams(self.hub, abort)
        self.files = load_files()
        self.connection_count = connection_count
        self.live: bytes | None = None  # the newest health of the session that feeds this server, JSON
        self.samples: list[Sample] = []  # its counters

    @asynccontextmanager
    async def running(self, _app: Litestar) -> AsyncGenerator[None]:
        """Pulse while the application runs."""
        pulse = asyncio.create_task(self.streams.run(), name="pulse")
        try:
            yield
        finally:
            self.streams.stop()
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
            await self.desk.stop()
