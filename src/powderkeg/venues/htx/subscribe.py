"""How to be sent HTX: notification sockets for liquidations and funding, market sockets for trades and books.

Every frame is gzip-compressed. The venue pings and wants its number back (`{"op": "pong", "ts": ...}` on notification
sockets, `{"pong": ...}` on market sockets), and closes a socket that stays silent for about 30 s.

Source: HTX API docs, "USDT-margined contracts: WebSocket", read 2026-11; the wildcard without a signature as public
collectors use it, 2026-09.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel
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
PUSH_SILENCE_S: Final = 150.0
"""The docs have funding rates and contract information pushed every 60 seconds, and nothing on notification sockets is
busier by itself. So contract information, which answers each subscription with an `init`, is asked for again and again,
and a path on which those answers come but nothing is pushed for so long is given up too. See QUIRKS.md."""

_NOTIFIED: Final = ("liquidation", "funding_rate")
_MARKET_OF_PATH: Final = {
    "linear": ("trade", "book"),
    "inverse": ("trade", "book"),
    "linear-index": ("mark_price",),
    "inverse-index": ("mark_price",),
}


def topics(path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Topics of one path: wildcards on notification sockets, one per contract and channel elsewhere."""
    if path.endswith("-notification"):
        # Coin-margined futures pay no funding.
        notified = _NOTIFIED[:1] if path == "futures-notification" else _NOTIFIED
        return tuple(Topic((CHANNELS[stream],), (stream,)) for stream in notified if stream in streams)
    names = [name for name in venue_symbols if path.startswith(infer_instrument(name).contract)]
    channels = by_channel(CHANNELS, [stream for stream in _MARKET_OF_PATH[path] if stream in streams])
    return tuple(
        Topic((f"market.{name}.{channel}", name), carried) for channel, carried in channels.items() for name in names
    )


def path_of(stream: str, venue_symbol: str) -> str:
    """Linear and inverse swaps and inverse futures have endpoints of their own, and so have kinds of data."""
    contract = infer_instrument(venue_symbol)
    if stream in _NOTIFIED:
        is_future = contract.contract == "inverse" and not venue_symbol.endswith("-USD")
        return f"{'futures' if is_future else contract.contract}-notification"
    return f"{contract.contract}-index" if stream == "mark_price" else contract.contract


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests, one per topic."""
    return tuple(_text(_request(number, topic)) for number, topic in enumerate(wanted))


def _request(number: int, topic: Topic) -> dict[str, str]:
    name = topic.words[0]
    if name.startswith("public."):
        return {"op": "sub", "cid": str(number), "topic": name}
    extra = {"data_type": "incremental"} if name.endswith(CHANNELS["book"]) else {}
    return {"sub": name, "id": topic.words[1], **extra}


def reply(frame: bytes) -> str | None:
    """Answers to the server's two kinds of ping, which must repeat its number as it came: quoted or not.

    Source: HTX API docs, "USDT-margined contracts: WebSocket", "Heartbeat and connection", read 2026-11.
    """
    if found := _PING.search(frame):
        return f'{{"pong":{found[1].decode()}}}'
    if b'"op"' in frame and (found := _OP_PING.search(frame)):
        stamp = _TS.search(frame)
        return '{"op":"pong"}' if stamp is None else f'{{"op":"pong","ts":{stamp[1].decode()}}}'
    return None


_PING: Final = re.compile(rb'^\s*\{\s*"ping"\s*:\s*("?\d{1,20}"?)')
_OP_PING: Final = re.compile(rb'"op"\s*:\s*"ping"')
_TS: Final = re.compile(rb'"ts"\s*:\s*("?\d{1,20}"?)')


def _text(request: dict[str, str]) -> str:
    return msgspec.json.encode(request).decode()


def _asked_for(name: str, funding: str | None = None) -> Canary:
    """The canary of a notification path: contract information, subscribed to anew at each probe."""
    topic = f"public.{name}.contract_info"
    probe = tuple(_text({"op": op, "cid": "probe", "topic": topic}) for op in ("unsub", "sub"))
    behind = None if funding is None else Canary((funding,), b".funding_rate", PUSH_SILENCE_S)
    return Canary((topic,), b".contract_info", probe=probe, behind=behind)


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
    channels=CHANNELS,
    paths=PATH_OF,
    canary="public.BTC-USDT.contract_info",
    topics=topics,
    requests=requests,
    address=addressed(rb'(?:"op":\s*"notify",\s*"topic"|^\{"ch"):\s*"([^"]+)"'),
    canaries={
        "linear-notification": _asked_for("BTC-USDT", funding="public.*.funding_rate"),
        "inverse-notification": _asked_for("BTC-USD", funding="public.*.funding_rate"),
        "futures-notification": _asked_for("BTC"),
        "linear": Canary(("market.BTC-USDT.bbo", "BTC-USDT"), b".bbo"),
        "inverse": Canary(("market.BTC-USD.bbo", "BTC-USD"), b".bbo"),
        "linear-index": Canary(("market.BTC-USDT.mark_price.1min", "BTC-USDT"), b".mark_price"),
        "inverse-index": Canary(("market.BTC-USD.mark_price.1min", "BTC-USD"), b".mark_price"),
    },
    path_of=path_of,
    frame_channels={
        "liquidation": ".liquidation_orders",
        "funding_rate": ".funding_rate",
        "trade": ".trade.detail",
        "book": ".depth.",
        "mark_price": ".mark_price",
    },
    reply=reply,
)
