"""How to be sent dYdX v4: one socket of the indexer, one subscription per channel and market.

Source: dYdX indexer, "Websocket documentation" with its section on rate limits, read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "v4_trades",
    "trade": "v4_trades",
    "mark_price": "v4_markets",
    "funding_rate": "v4_markets",
    "open_interest": "v4_markets",
    "book": "v4_orderbook",
}
MAX_SUBSCRIPTIONS: Final = 32  # per channel and connection; counted here as if for all channels together


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests: the markets in one, trades and book for each market."""
    markets: dict[str, object] = {"channel": "v4_markets"}
    per_market: list[dict[str, object]] = [
        {"channel": channel, "id": name} for channel in ("v4_trades", "v4_orderbook") for name in venue_symbols
    ]
    requests = [{"type": "subscribe", **request, "batched": True} for request in (markets, *per_market)]
    return tuple(msgspec.json.encode(request).decode() for request in requests)


SUBSCRIPTIONS = Subscriptions(
    urls={"indexer": "wss://indexer.dydx.trade/v4/ws"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "indexer"),
    canary="v4_markets",
    max_channels_per_connection=MAX_SUBSCRIPTIONS,
)
