"""How to be sent Deribit: one endpoint, one channel per contract and kind.

Raw feeds need an account; 100 ms ones do not, and hold every trade. Source: Deribit docs, "Subscriptions" and
"Connection management best practices", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues._requests import chunks_of
from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

CHANNELS: Final = {
    "liquidation": "trades",
    "trade": "trades",
    "mark_price": "ticker",
    "funding_rate": "ticker",
    "open_interest": "ticker",
    "book": "book",
}
INTERVAL: Final = "100ms"
PING: Final = '{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}'
PING_INTERVAL_S: Final = 20.0
MAX_CHANNELS: Final = 500  # per connection and per request


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """One channel per contract and kind."""
    channels = by_channel(CHANNELS, streams)
    return tuple(
        Topic((f"{channel}.{name}.{INTERVAL}",), carried)
        for name in venue_symbols
        for channel, carried in channels.items()
    )


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests of at most `MAX_CHANNELS` channels each."""
    names = [topic.words[0] for topic in wanted]
    chunks = chunks_of(names, MAX_CHANNELS)
    return tuple(
        msgspec.json.encode(
            {"jsonrpc": "2.0", "id": number, "method": "public/subscribe", "params": {"channels": chunk}}
        ).decode()
        for number, chunk in enumerate(chunks, start=1)
    )


def reply(frame: bytes) -> str | None:
    """A `test_request` wants to be answered, or the venue closes the connection.

    Source: Deribit docs, "public/set_heartbeat", read 2026-11. It is sent only to those who asked for heartbeats.
    """
    return PING if b'"test_request"' in frame else None


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://www.deribit.com/ws/api/v2"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary=f"ticker.BTC-PERPETUAL.{INTERVAL}",
    ping=PING,
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_CHANNELS,
    topics=topics,
    requests=requests,
    address=addressed(rb'"channel":\s*"([^"]+)"'),
    canaries={"market": Canary((f"ticker.BTC-PERPETUAL.{INTERVAL}",), b"ticker.")},
    reply=reply,
)
