"""How to be sent Lighter: one socket, all markets' statistics in one channel, trades and book per market.

Source: Lighter API docs, "WebSocket reference", "Market data" and "Rate limits", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "trade",
    "trade": "trade",
    "mark_price": "market_stats",
    "funding_rate": "market_stats",
    "open_interest": "market_stats",
    "book": "order_book",
}
CANARY: Final = "market_stats/all"
MAX_CHANNELS: Final = 100
PING_INTERVAL_S: Final = 60.0  # "send something at least every 2 minutes"


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests; venue symbols are market numbers."""
    channels = [CANARY, *(f"{channel}/{name}" for channel in ("trade", "order_book") for name in venue_symbols)]
    return tuple(msgspec.json.encode({"type": "subscribe", "channel": channel}).decode() for channel in channels)


SUBSCRIPTIONS = Subscriptions(
    urls={"stream": "wss://mainnet.zklighter.elliot.ai/stream"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "stream"),
    canary=CANARY,
    ping='{"type":"ping"}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_CHANNELS,
)
