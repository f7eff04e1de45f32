"""What has no stream, asked again and again, and what a gap has lost, asked once. Answers are delivered as frames."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from powderkeg.domain.errors import PowderkegError, VenueProtocolError
from powderkeg.domain.events import FeedGap
from powderkeg.feed.backoff import Refusal
from powderkeg.feed.ports import Sink
from powderkeg.feed.rest import RestClient
from powderkeg.venues import parse_frame
from powderkeg.venues.rest import BACKFILL, Poll, Query, backfill_frame, poll_frame

POLL: Final = "poll"
MAX_PAGES: Final = 200
"""Bounds what one gap of one contract may cost; a longer one is reported as incomplete."""

OnRefusal = Callable[[str, Refusal], None]
"""(what was asked, why there is no answer)."""


def poll_key(venue: str) -> str:
    """The connection that polled frames are delivered under: `binance-usdm/rest/poll`."""
    return f"{venue}/rest/{POLL}"


def backfill_key(venue: str) -> str:
    """The connection that backfill frames are delivered under; its stream is called `backfill`."""
    return f"{venue}/rest/{BACKFILL}"


class Poller:
    """Asks one venue for everything of some stream classes and contracts, each as often as it can be new.

    Requests are spread evenly over their interval, so that they neither come in bursts nor drift together.

    Args:
        client: of the venue.
        symbols: the venue's own contract names.
        streams: stream classes; those that the venue does not offer are left out.
        sink: takes the frames.
        on_refusal: is told of requests without an answer; the next round tries again.
    """

    def __init__(
        self, client: RestClient, symbols: Sequence[str], streams: Sequence[str], sink: Sink, on_refusal: OnRefusal
    ) -> None:
        self.client = client
        self.work = tuple((poll, name) for poll in client.facts.polls if poll.stream in streams for name in symbols)
        self._sink = sink
        self._on_refusal = on_refusal

    async def run(self) -> None:
        """Ask until cancelled; returns at once where there is nothing to ask."""
        now_s = asyncio.get_running_loop().time
        start_s = now_s()
        due = [(start_s + poll.every_s * number / len(self.work), number) for number, (poll, _) in enumerate(self.work)]
        heapq.heapify(due)
        while due:
            due_s, number = due[0]
            await asyncio.sleep(max(due_s - now_s(), 0.0))
            poll, name = self.work[number]
            await self._ask(poll, name)
            # Rounds that were missed are not made up for: their answers would be the same.
            heapq.heapreplace(due, (max(due_s + poll.every_s, now_s()), number))

    async def _ask(self, poll: Poll, name: str) -> None:
        body = await self.client.ask(poll.target.format(symbol=name, pair=name.partition("_")[0]), poll.weight)
        if isinstance(body, Refusal):
            self._on_refusal(f"{poll.name} of {name}", body)
            return
        try:
            frame = poll_frame(self.client.venue, poll, name, body)
        except PowderkegError as error:
            self._on_refusal(f"{poll.name} of {name}", Refusal(str(error)))
            return
        self._sink(poll_key(self.client.venue), self.client.now_ns(), frame)


class Backfilled(msgspec.Struct, frozen=True):
    """What became of a backfill.

    Attributes:
        frames: answers delivered.
        refusals: why others are missing; empty means that everything the venue keeps of the gap was fetched.
    """

    frames: int
    refusals: tuple[Refusal, ...]


async def backfill(client: RestClient, symbols: Sequence[str], gap: FeedGap, sink: Sink) -> Backfilled:
    """Fetch the liquidations of a gap, contract by contract, and deliver them as backfill frames.

    The frames say which gap they are for, and their parser keeps only events whose venue time lies in it.

    Args:
        client: of the gap's venue.
        symbols: the venue's own contract names.
        gap: what was not observed.
        sink: takes the frames, under `backfill_key`.
    """
    frames, refusals = 0, list[Refusal]()
    if client.facts.backfill is None:
        return Backfilled(0, (Refusal(f"{client.venue} offers no past liquidations", is_fatal=True),))
    for name in symbols[:1] if client.facts.is_whole_venue else symbols:
        query = client.facts.backfill(name, gap.from_ns, gap.to_ns)
        if query is None:
            refusals.append(Refusal(f"{client.venue} offers no past liquidations of {name}", is_fatal=True))
            continue
        for _ in range(MAX_PAGES):
            answer = await _page(client, query)
            if isinstance(answer, Refusal):
                refusals.append(answer)
                break
            frame, following = answer
            sink(backfill_key(client.venue), client.now_ns(), frame)
            frames += 1
            if isinstance(following, Refusal):
                refusals.append(following)
            if not isinstance(following, Query):
                break
            query = following
        else:
            refusals.append(Refusal(f"{client.venue}: the gap of {name} has more than {MAX_PAGES} pages"))
    return Backfilled(frames, tuple(refusals))


async def _page(client: RestClient, query: Query) -> tuple[bytes, Query | Refusal | None] | Refusal:
    """The frame of an answer, and what to ask next; one with a bad row is kept where other rows can be read."""
    body = await client.ask(query.target, query.weight)
    if isinstance(body, Refusal):
        return body
    try:
        frame = backfill_frame(client.venue, query, body)
    except (PowderkegError, msgspec.DecodeError) as error:
        return Refusal(f"{client.venue}: unreadable answer: {error}")
    try:
        return frame, client.facts.following(query, body) if client.facts.following is not None else None
    except (PowderkegError, msgspec.DecodeError) as error:
        refusal = Refusal(f"{client.venue}: unreadable answer: {error}")
        return (frame, refusal) if _says_something(client, frame) else refusal


def _says_something(client: RestClient, frame: bytes) -> bool:
    try:
        return bool(parse_frame(client.venue, frame, client.now_ns()))
    except VenueProtocolError as error:
        return bool(error.events)
