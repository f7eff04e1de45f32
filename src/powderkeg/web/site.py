"""What the routes of one server share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from litestar import Litestar

from powderkeg.app.live.counters import Sample
from powderkeg.web.asks import Ask, HeatmapAsk, LadderAsk, Map, Simulation
from powderkeg.web.desk import Desk
from powderkeg.web.endpoints import Endpoint
from powderkeg.web.files import load_files
from powderkeg.web.frames import Form, Reply
from powderkeg.web.hub import Hub
from powderkeg.web.stream import Scope, Streams
from powderkeg.web.upkeep import Upkeep

WAIT_S: Final = 20.0
"""How long a question waits for its coin to be calibrated in the background before it does so itself."""

MAP_ASKS: Final = (Map, HeatmapAsk, LadderAsk, Simulation)


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
        self.upkeep: Upkeep | None = None  # what is done in the background, where anything is
        self.live: bytes | None = None  # the newest health of the session that feeds this server, JSON
        self.samples: list[Sample] = []  # its counters

    async def ask(self, endpoint: Endpoint, ask: Ask, form: Form) -> tuple[Reply, bytes]:
        """The answer to a question of the table; a map that is about to be ready is waited for, a while.

        Raises:
            Refused: as of `Desk.ask`.
        """
        if self.upkeep is not None and isinstance(ask, MAP_ASKS):
            await self.upkeep.ready(ask.coin, WAIT_S)  # else the question calibrates for itself
        return await self.desk.ask(endpoint.question, ask, form, endpoint.lane)

    @asynccontextmanager
    async def running(self, _app: Litestar) -> AsyncGenerator[None]:
        """Pulse, and keep maps ready, while the application runs."""
        pulse = asyncio.create_task(self.streams.run(), name="pulse")
        upkeep = None if self.upkeep is None else asyncio.create_task(self.upkeep.run(), name="upkeep")
        try:
            yield
        finally:
            self.streams.stop()
            tasks = [task for task in (pulse, upkeep) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.desk.stop()
