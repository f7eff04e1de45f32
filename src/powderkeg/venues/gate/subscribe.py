"""How to be sent Gate futures: one path per settlement currency.

Source: Gate futures WebSocket v4 docs, read 2026-11. The channel `public_liquidates` takes `!all` since 2025-02;
delivery contracts do not have it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.venues.base import Subscriptions
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


def messages(path: str, venue_symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Subscribe requests for the contracts that settle on the path, liquidations of all contracts first."""
    names = [name for name in venue_symbols if infer_instrument(name).settle.lower() == path]
    payloads: list[tuple[str, list[str]]] = [(CHANNELS["liquidation"], ["!all"])]
    if names:
        payloads += [(channel, names) for channel in ("futures.trades", "futures.tickers")]
    for name in names:
        payloads.append((CHANNELS["open_interest"], [name, STATS_INTERVAL]))
        payloads.append((CHANNELS["book"], [name, *BOOK_ARGS]))
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
    messages=messages,
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "usdt"),
    canary="futures.tickers:BTC_USDT",
    ping='{"channel":"futures.ping"}',
    ping_interval_s=PING_INTERVAL_S,
)
