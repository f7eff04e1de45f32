"""How to be sent Kraken Futures: one endpoint, one request per feed with all contracts.

The server wants a ping each 60 seconds, which the protocol's own are. Source: Kraken docs, "Futures WebSocket", read
2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "trade",
    "trade": "trade",
    "mark_price": "ticker",
    "funding_rate": "ticker",
    "open_interest": "ticker",
    "book": "book",
}


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per feed."""
    return tuple(
        msgspec.json.encode({"event": "subscribe", "feed": feed, "product_ids": venue_symbols}).decode()
        for feed in dict.fromkeys(CHANNELS.values())
    )


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://futures.kraken.com/ws/v1"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="ticker:PF_XBTUSD",
)
