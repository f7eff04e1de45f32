"""How to be sent dYdX v4: one socket of the indexer, one subscription per channel and market.

Source: dYdX indexer, "Websocket documentation" with its section on rate limits, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

CHANNELS: Final = {
    "liquidation": "v4_trades",
    "trade": "v4_trades",
    "mark_price": "v4_markets",
    "funding_rate": "v4_markets",
    "open_interest": "v4_markets",
    "book": "v4_orderbook",
}
REQUESTS_PER_S: Final = 2.0  # "2 per 1 second" for each connection and channel
MAX_SUBSCRIPTIONS: Final = 32  # per channel and connection; counted here as if for all channels together


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """The markets in one, trades and book for each market."""
    channels = by_channel(CHANNELS, streams)
    markets = channels.pop("v4_markets", ())
    found = [Topic(("v4_markets",), markets)] if markets else []
    found += [Topic((channel, name), carried) for channel, carried in channels.items() for name in venue_symbols]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per topic."""
    described = [dict(zip(("channel", "id"), topic.words, strict=False)) for topic in wanted]
    return tuple(msgspec.json.encode({"type": "subscribe", **each, "batched": True}).decode() for each in described)


SUBSCRIPTIONS = Subscriptions(
    urls={"indexer": "wss://indexer.dydx.trade/v4/ws"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "indexer"),
    canary="v4_markets",
    max_channels_per_connection=MAX_SUBSCRIPTIONS,
    topics=topics,
    requests=requests,
    address=addressed(rb'^\{"type":\s*"channel_(?:batch_)?data".*?"channel":\s*"([^"]+)"'),
    canaries={"indexer": Canary(("v4_markets",), b"v4_markets")},
    requests_per_s=REQUESTS_PER_S,
)
