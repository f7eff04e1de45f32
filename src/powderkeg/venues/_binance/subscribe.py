"""What both Binance venues share in subscribing.

Source: Binance developer docs, "Websocket Market Streams", and the notice of the stream URL move, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues._requests import chunks_of
from powderkeg.venues.base import Canary, Topic, addressed, by_channel

PATH_OF: Final = {
    "liquidation": "market",
    "trade": "market",
    "mark_price": "market",
    "funding_rate": "market",
    "book": "public",
}
"""Stream class -> part of the URL since 2026-04-23. Open interest has no stream: it is polled over REST."""

CHANNELS: Final = {
    "liquidation": "forceOrder",
    "trade": "aggTrade",
    "mark_price": "markPrice@1s",
    "funding_rate": "markPrice@1s",
    "book": "depth@100ms",
}

MAX_STREAMS: Final = 200  # per connection: 1024 by the docs, 200 by the older text that every client keeps to
MAX_AGE_S: Final = 24 * 3600.0
REQUESTS_PER_S: Final = 5.0  # the docs allow 10 incoming messages a second, pings and pongs counted
_STREAMS_PER_REQUEST: Final = 100

address = addressed(rb'"stream":\s*"([^"]+)"')


def canaries(name: str) -> dict[str, Canary]:
    """The canary of each path: the mark price, pushed each second, and where books come, the book itself."""
    mark, book = (
        Canary((f"{name}@{CHANNELS[stream]}",), CHANNELS[stream].encode()) for stream in ("mark_price", "book")
    )
    return {"market": mark, "legacy": mark, "public": book}


def topics(path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Streams of one path; on `market` all forced orders come in one stream."""
    here = [stream for stream in streams if path in (PATH_OF.get(stream), "legacy")]
    channels = by_channel(CHANNELS, here)
    found = [Topic(("!forceOrder@arr",), ("liquidation",))] if channels.pop(CHANNELS["liquidation"], ()) else []
    found += [
        Topic((f"{name.lower()}@{channel}",), carried)
        for name in venue_symbols
        for channel, carried in channels.items()
    ]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """SUBSCRIBE requests."""
    streams = [topic.words[0] for topic in wanted]
    chunks = chunks_of(streams, _STREAMS_PER_REQUEST)
    return tuple(
        msgspec.json.encode({"method": "SUBSCRIBE", "params": params, "id": number}).decode()
        for number, params in enumerate(chunks, start=1)
    )
