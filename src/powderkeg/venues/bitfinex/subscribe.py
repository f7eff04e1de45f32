"""How to be sent Bitfinex derivatives: one socket, one channel for all liquidations, others per contract.

Source: Bitfinex API v2 docs, "General" (limits, flags) and "Status", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions

CHANNELS: Final = {
    "liquidation": "liq:global",
    "trade": "trades",
    "mark_price": "deriv",
    "funding_rate": "deriv",
    "open_interest": "deriv",
    "book": "book",
}
MAX_CHANNELS: Final = 25
FLAGS: Final = 32_768 + 65_536
"""TIMESTAMP and SEQ_ALL: each frame ends with its sequence number and the time it was sent."""


def messages(_path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Flags first, then subscriptions."""
    wanted: list[dict[str, object]] = [{"channel": "status", "key": CHANNELS["liquidation"]}]
    for name in venue_symbols:
        wanted.append({"channel": "status", "key": f"deriv:{name}"})
        wanted.append({"channel": "trades", "symbol": name})
        wanted.append({"channel": "book", "symbol": name, "prec": "P0", "freq": "F0", "len": "100"})
    requests = ({"event": "conf", "flags": FLAGS}, *({"event": "subscribe", **each} for each in wanted))
    return tuple(msgspec.json.encode(request).decode() for request in requests)


SUBSCRIPTIONS = Subscriptions(
    urls={"public": "wss://api-pub.bitfinex.com/ws/2"},
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "public"),
    canary="deriv:tBTCF0:USTF0",
    max_channels_per_connection=MAX_CHANNELS,
)
