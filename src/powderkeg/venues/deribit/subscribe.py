"""How to be sent Deribit: one endpoint, one channel per contract and kind.

Raw feeds need an account; 100 ms ones do not, and hold every trade. Source: Deribit docs, "Subscriptions" and
"Connection management best practices", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "trades",
    "trade": "trades",
    "mark_price": "ticker",
    "funding_rate": "ticker",
    "open_interest": "ticker",
    "book": "book",
}
INTERVAL: Final = "100ms"
PING_INTERVAL_S: Final = 20.0
MAX_CHANNELS: Final = 500  # per connection and per request


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests of at most `MAX_CHANNELS` channels each."""
    names = [f"{channel}.{name}.{INTERVAL}" for name in venue_symbols for channel in dict.fromkeys(CHANNELS.values())]
    chunks = [names[start : start + MAX_CHANNELS] for start in range(0, len(names), MAX_CHANNELS)]
    return tuple(
        msgspec.json.encode(
            {"jsonrpc": "2.0", "id": number, "method": "public/subscribe", "params": {"channels": chunk}}
        ).decode()
        for number, chunk in enumerate(chunks, start=1)
    )


SUBSCRIPTIONS = Subscriptions(
    urls={"market": "wss://www.deribit.com/ws/api/v2"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "market"),
    canary=f"ticker.BTC-PERPETUAL.{INTERVAL}",
    ping='{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_CHANNELS,
)
