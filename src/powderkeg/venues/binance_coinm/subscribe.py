"""How to be sent Binance COIN-M.

Sources disagree whether the URL move of 2026-04-23 reached this host (QUIRKS.md):
`legacy` is the undivided path, and a caller whose canary stays silent on one set of paths tries the other.

Source: Binance developer docs, "Websocket Market Streams" (COIN-margined futures), read 2026-11.
"""

from __future__ import annotations

from powderkeg.venues._binance.subscribe import (
    CHANNELS,
    MAX_AGE_S,
    MAX_STREAMS,
    REQUESTS_PER_S,
    address,
    canaries,
    requests,
    topics,
)
from powderkeg.venues.base import Subscriptions

SUBSCRIPTIONS = Subscriptions(
    urls={
        "legacy": "wss://dstream.binance.com/stream",
        "market": "wss://dstream.binance.com/market/stream",
        "public": "wss://dstream.binance.com/public/stream",
    },
    channels=CHANNELS,
    paths=dict.fromkeys(CHANNELS, "legacy"),
    canary="btcusd_perp@markPrice@1s",
    max_channels_per_connection=MAX_STREAMS,
    max_connection_age_s=MAX_AGE_S,
    topics=topics,
    requests=requests,
    address=address,
    canaries=canaries("btcusd_perp"),
    requests_per_s=REQUESTS_PER_S,
)
