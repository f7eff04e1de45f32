"""What both Binance venues share in subscribing.

Source: Binance developer docs, "Websocket Market Streams", and the notice of the stream URL move, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

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
_STREAMS_PER_REQUEST: Final = 100


def messages(path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """SUBSCRIBE requests for every stream of one path; on `market` all forced orders come in one stream."""
    channels = {CHANNELS[stream]: None for stream, where in PATH_OF.items() if path in (where, "legacy")}
    streams = ["!forceOrder@arr"] if channels.pop("forceOrder", "") is None else []
    streams += [f"{name.lower()}@{channel}" for name in venue_symbols for channel in channels]
    requests = [streams[start : start + _STREAMS_PER_REQUEST] for start in range(0, len(streams), _STREAMS_PER_REQUEST)]
    return tuple(
        msgspec.json.encode({"method": "SUBSCRIBE", "params": params, "id": number}).decode()
        for number, params in enumerate(requests, start=1)
    )
