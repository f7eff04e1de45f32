"""How to be sent Hyperliquid perpetuals: one endpoint, one request per coin and channel.

Source: Hyperliquid docs, "WebSocket: Subscriptions", "Timeouts and heartbeats" and "Rate limits and user limits", read
2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

CHANNELS: Final = {
    "trade": "trades",
    "mark_price": "activeAssetCtx",
    "funding_rate": "activeAssetCtx",
    "open_interest": "activeAssetCtx",
    "book": "l2Book",
}
MAX_SUBSCRIPTIONS: Final = 1000  # per IP address
REQUESTS_PER_S: Final = 20.0  # 2,000 messages a minute and IP address
PING_INTERVAL_S: Final = 50.0  # the server closes connections it has sent nothing for 60 s


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """One topic per coin and channel."""
    channels = by_channel(CHANNELS, streams)
    return tuple(Topic((channel, name), carried) for name in venue_symbols for channel, carried in channels.items())


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per topic."""
    return tuple(
        msgspec.json.encode({"method": "subscribe", "subscription": {"type": channel, "coin": name}}).decode()
        for channel, name in (topic.words for topic in wanted)
    )


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://api.hyperliquid.xyz/ws"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="activeAssetCtx:BTC",
    ping='{"method":"ping"}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_SUBSCRIPTIONS,
    topics=topics,
    requests=requests,
    address=addressed(rb'^\{"channel":\s*"([^"]+)"'),
    canaries={"market": Canary(("activeAssetCtx", "BTC"), b"activeAssetCtx")},
    requests_per_s=REQUESTS_PER_S,
)
