"""How to be sent Bybit linear and inverse contracts: one endpoint for each, one subscription per contract.

There is no wildcard for liquidations. Source: Bybit v5 docs, "Connect" and "All Liquidation", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.venues._requests import subscribe_ops
from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel
from powderkeg.venues.bybit.contracts import infer_instrument

CHANNELS: Final = {
    "liquidation": "allLiquidation",
    "trade": "publicTrade",
    "mark_price": "tickers",
    "funding_rate": "tickers",
    "open_interest": "tickers",
    "book": "orderbook.50",
}
PING_INTERVAL_S: Final = 20.0  # "to avoid network or program issues, we recommend 20 seconds"
_ARGS_PER_REQUEST: Final = 200
MAX_TOPICS: Final = 500  # the docs bound the text of one connection's args by 21,000 characters


def topics(path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Topics of the contracts that belong to the path, linear or inverse."""
    names = [name for name in venue_symbols if path_of("", name) == path]
    channels = by_channel(CHANNELS, streams)
    return tuple(Topic((f"{channel}.{name}",), carried) for name in names for channel, carried in channels.items())


def path_of(_stream: str, venue_symbol: str) -> str:
    """Linear and inverse contracts have an endpoint each."""
    return infer_instrument(venue_symbol).contract


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests."""
    args = [topic.words[0] for topic in wanted]
    return subscribe_ops(args, _ARGS_PER_REQUEST)


SUBSCRIPTIONS = Subscriptions(
    urls={
        "linear": "wss://stream.bybit.com/v5/public/linear",
        "inverse": "wss://stream.bybit.com/v5/public/inverse",
    },
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "linear"),
    canary="tickers.BTCUSDT",
    ping='{"op":"ping"}',
    ping_interval_s=PING_INTERVAL_S,
    max_channels_per_connection=MAX_TOPICS,
    topics=topics,
    requests=requests,
    address=addressed(rb'"topic":\s*"([^"]+)"'),
    canaries={
        "linear": Canary(("tickers.BTCUSDT",), b"tickers"),
        "inverse": Canary(("tickers.BTCUSD",), b"tickers"),
    },
    path_of=path_of,
)
