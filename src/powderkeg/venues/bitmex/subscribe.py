"""How to be sent BitMEX: one endpoint; liquidations of every contract come in one subscription.

Source: BitMEX API docs, "WebSocket API" and "Heartbeats", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "liquidation",
    "trade": "trade",
    "mark_price": "instrument",
    "funding_rate": "instrument",
    "open_interest": "instrument",
    "book": "orderBook10",
}
PING_INTERVAL_S: Final = 5.0  # the docs' own example: after 5 s without a message send "ping"
_TOPICS_PER_REQUEST: Final = 20  # a request counts against the rate limit by its topics


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests: all liquidations, and the other tables by contract."""
    tables = [channel for channel in dict.fromkeys(CHANNELS.values()) if channel != "liquidation"]
    topics = ["liquidation", *(f"{table}:{name}" for name in venue_symbols for table in tables)]
    chunks = [topics[start : start + _TOPICS_PER_REQUEST] for start in range(0, len(topics), _TOPICS_PER_REQUEST)]
    return tuple(msgspec.json.encode({"op": "subscribe", "args": chunk}).decode() for chunk in chunks)


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://ws.bitmex.com/realtime"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="instrument:XBTUSD",
    ping="ping",
    ping_interval_s=PING_INTERVAL_S,
)
