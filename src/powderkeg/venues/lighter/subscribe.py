"""How to be sent Lighter: one socket, all markets' statistics in one channel, trades and book per market.

Source: Lighter API docs, "WebSocket reference", "Market data" and "Rate limits", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

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


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Statistics of all markets, trades and books by market; venue symbols are market numbers."""
    channels = by_channel(CHANNELS, streams)
    statistics = channels.pop("market_stats", ())
    found = [Topic((CANARY,), statistics)] if statistics else []
    found += [Topic((f"{channel}/{name}",), carried) for channel, carried in channels.items() for name in venue_symbols]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per topic."""
    return tuple(msgspec.json.encode({"type": "subscribe", "channel": topic.words[0]}).decode() for topic in wanted)


def reply(frame: bytes) -> str | None:
    """The server's `ping` wants a `pong`. Source: Lighter API docs, "WebSocket reference", read 2026-11."""
    return '{"type":"pong"}' if _PING.search(frame) else None


_PING: Final = re.compile(rb'^\s*\{\s*"type"\s*:\s*"ping"')


SUBSCRIPTIONS = Subscriptions(
    urls={"stream": "wss://mainnet.zklighter.elliot.ai/stream"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "stream"),
    canary=CANARY,
    ping='{"type":"ping"}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_CHANNELS,
    topics=topics,
    requests=requests,
    address=addressed(rb'"channel":\s*"([^"]+)"'),
    canaries={"stream": Canary((CANARY,), b"market_stats")},
    reply=reply,
)
