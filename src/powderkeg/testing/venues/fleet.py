"""Several simulated venues at once, each on a port of its own, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self

from powderkeg.testing.venues.faults import Fault
from powderkeg.testing.venues.server import Playback, SimulatedVenue
from powderkeg.testing.venues.story import Story


class SimulatedVenues:
    """All venues of a story.

    Args:
        story: what happens.
        faults: planned ones, of one venue or of all.
        fault_seed: of what faults draw.
        playback: pace, the same for all.

    Attributes:
        venues: slug -> server.
    """

    def __init__(
        self, story: Story, *, faults: Iterable[Fault] = (), fault_seed: int = 0, playback: Playback | None = None
    ) -> None:
        planned = tuple(faults)
        self.venues = {
            venue: SimulatedVenue(story, venue, faults=planned, fault_seed=fault_seed, playback=playback)
            for venue in story.venues
        }

    @property
    def base_urls(self) -> dict[str, str]:
        """Slug -> `ws://127.0.0.1:<port>`, to stand for the origin of the venue's real addresses."""
        return {slug: venue.base_url for slug, venue in self.venues.items()}

    async def start(self) -> None:
        """Start every server on a free port."""
        for venue in self.venues.values():
            await venue.start()

    async def close(self) -> None:
        """Close every server."""
        await asyncio.gather(*(venue.close() for venue in self.venues.values()))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def begin(self) -> None:
        """Let the story begin on every venue."""
        for venue in self.venues.values():
            venue.begin()

    async def ended(self) -> None:
        """Wait until the story is over on every venue."""
        await asyncio.gather(*(venue.ended() for venue in self.venues.values()))

    async def settle(self, timeout_s: float = 5.0) -> None:
        """Wait until every client has received what was written.

        Raises:
            TimeoutError: a client did not answer in time.
        """
        await asyncio.gather(*(venue.settle(timeout_s) for venue in self.venues.values()))

    def document(self) -> dict[str, dict[str, object]]:
        """Slug -> what `SimulatedVenue.document` tells."""
        return {slug: venue.document() for slug, venue in self.venues.items()}
