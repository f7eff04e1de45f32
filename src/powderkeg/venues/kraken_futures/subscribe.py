"""How to be sent Kraken Futures: one endpoint, one request per feed with all contracts.

The server wants a ping each 60 seconds, which the protocol's own are. Source: Kraken docs, "Futures WebSocket", read
2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

CHANNELS: Final = {
    "liquidation": "trade",
    "trade": "trade",
    "mark_price": "ticker",
    "funding_rate": "ticker",
    "open_interest": "ticker",
    "book": "book",
}


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """One topic per feed and contract."""
    feeds = by_channel(CHANNELS, streams)
    return tuple(Topic((feed, name), carried) for feed, carried in feeds.items() for name in venue_symbols)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per feed."""
    names_of: dict[str, list[str]] = {}
    for feed, name in (topic.words for topic in wanted):
        names_of.setdefault(feed, []).append(name)
    return tuple(
        msgspec.json.encode({"event": "subscribe", "feed": feed, "product_ids": names}).decode()
        for feed, names in names_of.items()
    )


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://futures.kraken.com/ws/v1"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="ticker:PF_XBTUSD",
    topics=topics,
    requests=requests,
    address=addressed(rb'^\{(?!"event").*?"feed":\s*"([^"]+)"'),  # a reply names the feed too, after its event
    canaries={"market": Canary(("ticker", "PF_XBTUSD"), b"ticker")},
)
