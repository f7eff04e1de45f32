"""How to be sent Bitfinex derivatives: one socket, one channel for all liquidations, others per contract.

Source: Bitfinex API v2 docs, "General" (limits, flags) and "Status", read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, by_channel
from powderkeg.venues.bitfinex.numbers import ChannelNumbers

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


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """All liquidations in one channel, the others by contract."""
    channels = by_channel(CHANNELS, streams)
    is_wanted = channels.pop(CHANNELS["liquidation"], ())
    found = [Topic(("status", CHANNELS["liquidation"]), ("liquidation",))] if is_wanted else []
    for name in venue_symbols:
        for channel, carried in channels.items():
            words = ("status", f"deriv:{name}") if channel == "deriv" else (channel, name)
            found.append(Topic(words, carried))
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Flags first, then subscriptions."""
    described = [_described(*topic.words) for topic in wanted]
    texts = ({"event": "conf", "flags": FLAGS}, *({"event": "subscribe", **each} for each in described))
    return tuple(msgspec.json.encode(text).decode() for text in texts)


CANARY: Final = ("raw_book", "tBTCUSD")
"""Each order of the busiest spot pair: derivatives are quiet for longer than the promise, spot never is."""


def _described(channel: str, name: str) -> dict[str, str]:
    if channel == "status":
        return {"channel": channel, "key": name}
    if channel == CANARY[0]:
        return {"channel": "book", "symbol": name, "prec": "R0", "len": "25"}
    extra = {"prec": "P0", "freq": "F0", "len": "100"} if channel == "book" else {}
    return {"channel": channel, "symbol": name, **extra}


SUBSCRIPTIONS = Subscriptions(
    urls={"public": "wss://api-pub.bitfinex.com/ws/2"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "public"),
    canary=CANARY[1],
    max_channels_per_connection=MAX_CHANNELS,
    topics=topics,
    requests=requests,
    address=ChannelNumbers,
    canaries={"public": Canary(CANARY, b"raw_orders:")},
    frame_channels={"trade": "trades:", "book": "book:"},
)
