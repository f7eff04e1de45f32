"""How to be sent HTX: notification sockets for liquidations and funding, market sockets for trades and books.

Every frame is gzip-compressed. The venue pings and wants its number back (`{"op": "pong", "ts": ...}` on notification
sockets, `{"pong": ...}` on market sockets), and closes a socket that stays silent for about 30 s.

Source: HTX API docs, "USDT-margined contracts: WebSocket", read 2026-11; the wildcard without a signature as public
collectors use it, 2026-09.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions
from powderkeg.venues.htx.contracts import infer_instrument

CHANNELS: Final = {
    "liquidation": "public.*.liquidation_orders",
    "funding_rate": "public.*.funding_rate",
    "trade": "trade.detail",
    "book": "depth.size_150.high_freq",
    "mark_price": "mark_price.1min",
}
PATH_OF: Final = {
    "liquidation": "linear-notification",
    "funding_rate": "linear-notification",
    "trade": "linear",
    "book": "linear",
    "mark_price": "linear-index",
}
_NOTIFIED: Final = ("liquidation", "funding_rate")
_MARKET_OF_PATH: Final = {
    "linear": ("trade", "book"),
    "inverse": ("trade", "book"),
    "linear-index": ("mark_price",),
    "inverse-index": ("mark_price",),
}


def messages(path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests of one path: wildcards on notification sockets, one per contract and channel elsewhere."""
    if path.endswith("-notification"):
        # Coin-margined futures pay no funding.
        streams = _NOTIFIED[:1] if path == "futures-notification" else _NOTIFIED
        topics = [CHANNELS[stream] for stream in streams]
        return tuple(_text({"op": "sub", "cid": str(number), "topic": topic}) for number, topic in enumerate(topics))
    names = [name for name in venue_symbols if path.startswith(infer_instrument(name).contract)]
    requests: list[dict[str, str]] = []
    for channel in _MARKET_OF_PATH[path]:
        extra = {"data_type": "incremental"} if channel == "book" else {}
        requests += [{"sub": f"market.{name}.{CHANNELS[channel]}", "id": name, **extra} for name in names]
    return tuple(_text(request) for request in requests)


def _text(request: dict[str, str]) -> str:
    return msgspec.json.encode(request).decode()


SUBSCRIPTIONS = Subscriptions(
    urls={
        "linear-notification": "wss://api.hbdm.com/linear-swap-notification",
        "inverse-notification": "wss://api.hbdm.com/swap-notification",
        "futures-notification": "wss://api.hbdm.com/notification",
        "linear": "wss://api.hbdm.com/linear-swap-ws",
        "inverse": "wss://api.hbdm.com/swap-ws",
        "linear-index": "wss://api.hbdm.com/ws_index",
        "inverse-index": "wss://api.hbdm.com/ws_index",
    },
    messages=messages,
    channels=CHANNELS,
    paths=PATH_OF,
    canary="public.BTC-USDT.funding_rate",
    gzip=True,
)
