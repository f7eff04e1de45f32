"""How to be sent Bitget futures: the unified account API, whose liquidation topic covers classic accounts too.

Source: Bitget API docs, "UTA: WebSocket", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.venues._requests import subscribe_ops
from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel
from powderkeg.venues.bitget.contracts import infer_instrument

CHANNELS: Final = {
    "liquidation": "liquidation",
    "trade": "publicTrade",
    "mark_price": "ticker",
    "funding_rate": "ticker",
    "open_interest": "ticker",
    "book": "books",
}
TYPES: Final = {"USDT": "usdt-futures", "USDC": "usdc-futures"}
COIN_TYPE: Final = "coin-futures"
PING_INTERVAL_S: Final = 30.0  # the venue closes a connection that sent no ping for two minutes
MAX_CHANNELS: Final = 1000  # "240 requests an hour, 1000 channels a connection"; below 50 is recommended
REQUESTS_PER_S: Final = 5.0  # "up to 10 messages per second", pings counted
_ARGS_PER_REQUEST: Final = 50


def topics(_path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Liquidations of every type once, then the other topics of every contract."""
    channels = by_channel(CHANNELS, streams)
    kinds = (*TYPES.values(), COIN_TYPE) if channels.pop(CHANNELS["liquidation"], ()) else ()
    found = [Topic((kind, CHANNELS["liquidation"]), ("liquidation",)) for kind in kinds]
    found += [
        Topic((_type_of(name), channel, name), carried)
        for name in venue_symbols
        for channel, carried in channels.items()
    ]
    return tuple(found)


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests."""
    args = [dict(zip(("instType", "topic", "symbol"), topic.words, strict=False)) for topic in wanted]
    return subscribe_ops(args, _ARGS_PER_REQUEST)


def _type_of(name: str) -> str:
    return TYPES.get(infer_instrument(name).settle, COIN_TYPE)


SUBSCRIPTIONS = Subscriptions(
    urls={"public": "wss://ws.bitget.com/v3/ws/public", "classic": "wss://ws.bitget.com/v2/ws/public"},
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "public"),
    canary="ticker:BTCUSDT",
    ping="ping",
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_CHANNELS,
    topics=topics,
    requests=requests,
    address=addressed(rb'"arg":\s*\{([^}]*)\},\s*"(?:data|action)"'),
    canaries={"public": Canary(("usdt-futures", "ticker", "BTCUSDT"), b'"ticker"')},
    requests_per_s=REQUESTS_PER_S,
)
