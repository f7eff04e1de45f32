"""How to be sent Gate futures: one path per settlement currency.

Source: Gate futures WebSocket v4 docs, read 2026-11. The channel `public_liquidates` takes `!all` since 2025-02;
delivery contracts do not have it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Canary, Subscriptions, Topic, addressed, by_channel
from powderkeg.venues.gate.contracts import infer_instrument

CHANNELS: Final = {
    "liquidation": "futures.public_liquidates",
    "trade": "futures.trades",
    "mark_price": "futures.tickers",
    "funding_rate": "futures.tickers",
    "open_interest": "futures.contract_stats",
    "book": "futures.order_book_update",
}
STATS_INTERVAL: Final = "1m"  # `parse.STATS_INTERVAL_NS` says the same: the messages do not
BOOK_ARGS: Final = ("100ms", "100")  # frequency and depth
PING_INTERVAL_S: Final = 15.0


def topics(path: str, streams: tuple[str, ...], venue_symbols: tuple[str, ...]) -> tuple[Topic, ...]:
    """Topics of the contracts that settle on the path, liquidations of all contracts first."""
    names = [name for name in venue_symbols if path_of("", name) == path]
    channels = by_channel(CHANNELS, streams)
    is_wanted = channels.pop(CHANNELS["liquidation"], ())
    found = [Topic((CHANNELS["liquidation"], "!all"), ("liquidation",))] if is_wanted else []
    more = {CHANNELS["open_interest"]: (STATS_INTERVAL,), CHANNELS["book"]: BOOK_ARGS}
    found += [
        Topic((channel, name, *more.get(channel, ())), carried)
        for channel, carried in channels.items()
        for name in names
    ]
    return tuple(found)


def path_of(_stream: str, venue_symbol: str) -> str:
    """One endpoint per settlement currency."""
    return infer_instrument(venue_symbol).settle.lower()


def requests(wanted: tuple[Topic, ...]) -> tuple[str, ...]:
    """Subscribe requests; trades and tickers of all contracts in one each."""
    payloads: list[tuple[str, list[str]]] = []
    names_of: dict[str, list[str]] = {}
    for channel, *words in (topic.words for topic in wanted):
        if len(words) > 1:
            payloads.append((channel, words))
        else:
            if channel not in names_of:
                payloads.append((channel, names_of.setdefault(channel, [])))
            names_of[channel] += words
    return tuple(
        msgspec.json.encode({"channel": channel, "event": "subscribe", "payload": payload}).decode()
        for channel, payload in payloads
    )


SUBSCRIPTIONS = Subscriptions(
    urls={
        "usdt": "wss://fx-ws.gateio.ws/v4/ws/usdt",
        "btc": "wss://fx-ws.gateio.ws/v4/ws/btc",
        "usd1": "wss://fx-ws.gateio.ws/v4/ws/usd1",
    },
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "usdt"),
    canary="futures.tickers:BTC_USDT",
    ping='{"channel":"futures.ping"}',
    ping_interval_s=PING_INTERVAL_S,
    topics=topics,
    requests=requests,
    address=addressed(rb'"channel":\s*"([^"]+)",\s*"event":\s*"(?:update|all)"'),
    canaries={
        "usdt": Canary(("futures.tickers", "BTC_USDT"), b"futures.tickers"),
        "btc": Canary(("futures.tickers", "BTC_USD"), b"futures.tickers"),
    },
    path_of=path_of,
)
