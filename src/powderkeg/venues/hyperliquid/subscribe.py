"""How to be sent Hyperliquid perpetuals: one endpoint, one request per coin and channel.

Source: Hyperliquid docs, "WebSocket: Subscriptions", "Timeouts and heartbeats" and "Rate limits and user limits", read
2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "trade": "trades",
    "mark_price": "activeAssetCtx",
    "funding_rate": "activeAssetCtx",
    "open_interest": "activeAssetCtx",
    "book": "l2Book",
}
MAX_SUBSCRIPTIONS: Final = 1000  # per IP address
PING_INTERVAL_S: Final = 50.0  # the server closes connections it has sent nothing for 60 s


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per coin and channel."""
    return tuple(
        msgspec.json.encode({"method": "subscribe", "subscription": {"type": channel, "coin": name}}).decode()
        for name in venue_symbols
        for channel in dict.fromkeys(CHANNELS.values())
    )


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://api.hyperliquid.xyz/ws"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="activeAssetCtx:BTC",
    ping='{"method":"ping"}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_SUBSCRIPTIONS,
)
