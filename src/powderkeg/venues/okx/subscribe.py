"""How to be sent OKX swaps and futures. Liquidations of all instruments of a type come in one subscription.

Source: OKX API v5 docs, "WebSocket: Connect" and "Liquidation orders channel", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.venues._requests import subscribe_ops
from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel

CHANNELS: Final = {
    "liquidation": "liquidation-orders",
    "trade": "trades",
    "mark_price": "mark-price",
    "funding_rate": "funding-rate",
    "open_interest": "open-interest",
    "book": "books",
}
PING_INTERVAL_S: Final = 25.0  # the venue closes a connection on which nothing was sent for 30 s
REQUESTS_PER_S: Final = 3.0  # "Request limit: 3 requests per second (based on IP)" is for connecting; kept here too
_ARGS_PER_REQUEST: Final = 100  # the docs bound one request by 64 KB


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Both instrument types of liquidations, then every other channel of every contract."""
    channels = by_channel(CHANNELS, streams)
    kinds = ("SWAP", "FUTURES") if channels.pop(CHANNELS["liquidation"], ()) else ()
    found = [Topic((CHANNELS["liquidation"], "instType", kind), ("liquidation",)) for kind in kinds]
    found += [
        Topic((channel, "instId", name), carried) for name in venue_symbols for channel, carried in channels.items()
    ]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests."""
    args = [{"channel": channel, key: name} for channel, key, name in (topic.words for topic in wanted)]
    return subscribe_ops(args, _ARGS_PER_REQUEST)


SUBSCRIPTIONS = Subscriptions(
    urls={"public": "wss://ws.okx.com:8443/ws/v5/public"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "public"),
    canary="mark-price:BTC-USDT-SWAP",
    ping="ping",
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=480,  # subscribe, unsubscribe and login requests per connection and hour
    stale_first=("liquidation-orders",),
    topics=topics,
    requests=requests,
    address=addressed(rb'"arg":\s*\{([^}]*)\},\s*"(?:data|action)"'),  # an acknowledgment has an arg, but no data
    canaries={"public": Canary(("mark-price", "instId", "BTC-USDT-SWAP"), b"mark-price")},
    requests_per_s=REQUESTS_PER_S,
)
