"""How to be sent BitMEX: one endpoint; liquidations of every contract come in one subscription.

Source: BitMEX API docs, "WebSocket API" and "Heartbeats", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.venues._requests import subscribe_ops
from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

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


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """All liquidations, and the other tables by contract."""
    tables = by_channel(CHANNELS, streams)
    found = [Topic((CHANNELS["liquidation"],), ("liquidation",))] if tables.pop(CHANNELS["liquidation"], ()) else []
    found += [Topic((f"{table}:{name}",), carried) for name in venue_symbols for table, carried in tables.items()]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests."""
    args = [topic.words[0] for topic in wanted]
    return subscribe_ops(args, _TOPICS_PER_REQUEST)


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://ws.bitmex.com/realtime"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary="instrument:XBTUSD",
    ping="ping",
    ping_interval_s=PING_INTERVAL_S,
    topics=topics,
    requests=requests,
    address=addressed(rb'"table":\s*"([^"]+)"'),
    canaries={"market": Canary(("instrument:XBTUSD",), b"instrument")},
)
