"""What is asked over HTTP beside the sockets: polls of what has no stream, and past liquidations after a gap.

Answers are frames like any other: journaled, decoded, counted. A row a socket delivered too counts once
(`store.overlap`), and the gap stays recorded: what a venue tells afterwards need not be all there was. Where it has
told all it keeps of every contract, the interval counts as observed, and is marked as filled in afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from powderkeg.app.live.session import LiveSession
from powderkeg.domain.events import FeedGap
from powderkeg.feed.backoff import Refusal
from powderkeg.feed.pollers import OnRefusal, Poller, backfill, backfill_key, poll_key
from powderkeg.feed.ports import Clock
from powderkeg.feed.rest import RestClient
from powderkeg.stats.coverage import LIQUIDATION_STREAM
from powderkeg.venues import VENUES
from powderkeg.venues.rest import BACKFILL

BACKFILL_AFTER_S: Final = 5.0
"""Between the end of a gap and asking for it: venues' histories lag behind their feeds by seconds. A guess, for want of
a documented figure; what is not there yet is not asked for again."""


class RestDesk:
    """Polls and back-fills for one collector.

    Args:
        session: takes the frames.
        symbols: venue slug -> contracts.
        streams: stream classes that are wanted.
        base_urls: of simulated venues, venue slug -> WebSocket URL; their HTTP is on the same port.
        clock: both clocks.
    """

    def __init__(
        self,
        session: LiveSession,
        symbols: Mapping[str, tuple[str, ...]],
        streams: tuple[str, ...],
        base_urls: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self.refusals: Counter[str] = Counter()  # by venue
        self.backfilled: Counter[str] = Counter()  # frames by venue
        self._session = session
        self._symbols = symbols
        self._streams = streams
        self._clock = clock
        self._clients = {
            venue: RestClient(venue, base_url=_http(base_urls.get(venue)), clock=clock)
            for venue in symbols
            if VENUES[venue].rest is not None
        }
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll until cancelled."""
        pollers = [
            Poller(client, self._symbols[venue], self._streams, self._session.take, self._noter(venue))
            for venue, client in self._clients.items()
        ]
        try:
            for poller in pollers:
                if poller.work:
                    streams = dict.fromkeys(poll.stream for poll, _ in poller.work)
                    self._open(poll_key(poller.client.venue), poller.client.venue, "+".join(streams))
            await asyncio.gather(*(poller.run() for poller in pollers))
            await asyncio.Event().wait()
        finally:
            for task in self._tasks:
                task.cancel()

    def gap(self, gap: FeedGap) -> None:
        """A hole was found: ask for what liquidations the venue keeps of it."""
        client = self._clients.get(gap.venue)
        if client is None or client.facts.backfill is None or LIQUIDATION_STREAM not in gap.stream.split("+"):
            return
        task = asyncio.create_task(self._fill(client, gap))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, client: RestClient, gap: FeedGap) -> None:
        await asyncio.sleep(BACKFILL_AFTER_S)
        key = backfill_key(gap.venue)
        if key not in self._session.lanes:
            self._open(key, gap.venue, BACKFILL)
        done = await backfill(client, self._symbols[gap.venue], gap, self._session.take)
        self.backfilled[gap.venue] += done.frames
        self.refusals[gap.venue] += len(done.refusals)
        if not done.refusals:
            self._session.backfilled(gap)

    def _open(self, key: str, venue: str, stream: str) -> None:
        self._session.opened(key, venue, stream, self._clock.now_ns())

    def _noter(self, venue: str) -> OnRefusal:
        def note(_what: str, _refusal: Refusal) -> None:
            self.refusals[venue] += 1

        return note


def _http(url: str | None) -> str | None:
    return None if url is None else url.replace("ws://", "http://", 1).replace("wss://", "https://", 1)
