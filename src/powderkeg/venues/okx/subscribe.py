"""How to be sent OKX swaps and futures. Liquidations of all instruments of a type come in one subscription.

Source: OKX API v5 docs, "WebSocket: Connect" and "Liquidation orders channel", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "liquidation-orders",
    "trade": "trades",
    "mark_price": "mark-price",
    "funding_rate": "funding-rate",
    "open_interest": "open-interest",
    "book": "books",
}
PING_INTERVAL_S: Final = 25.0  # the venue closes a connection on which nothing was sent for 30 s
_ARGS_PER_REQUEST: Final = 100  # the docs bound one request by 64 KB


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests: both instrument types of liquidations, then every other channel of every contract."""
    args = [{"channel": CHANNELS["liquidation"], "instType": kind} for kind in ("SWAP", "FUTURES")]
    per_contract = [channel for stream, channel in CHANNELS.items() if stream != "liquidation"]
    args += [{"channel": channel, "instId": name} for name in venue_symbols for channel in per_contract]
    chunks = [args[start : start + _ARGS_PER_REQUEST] for start in range(0, len(args), _ARGS_PER_REQUEST)]
    return tuple(msgspec.json.encode({"op": "subscribe", "args": chunk}).decode() for chunk in chunks)


SUBSCRIPTIONS = Subscriptions(
    urls={"public": "wss://ws.okx.com:8443/ws/v5/public"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "public"),
    canary="mark-price:BTC-USDT-SWAP",
    ping="ping",
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=480,  # subscribe, unsubscribe and login requests per connection and hour
    stale_first=("liquidation-orders",),
)
