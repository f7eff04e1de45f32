"""How to be sent Binance USD-M.

Since 2026-04-23 streams are served on paths of their own; on the `legacy` path a
SUBSCRIBE is still acknowledged and then nothing comes, which only a canary notices.

Source: Binance developer docs, "Websocket Market Streams" (USDS-margined futures); binance-public-data issue 472; read
2026-11.
"""

from __future__ import annotations

from powderkeg.venues._binance.subscribe import (
    CHANNELS,
    MAX_AGE_S,
    MAX_STREAMS,
    PATH_OF,
    REQUESTS_PER_S,
    address,
    canaries,
    requests,
    topics,
)
from powderkeg.venues.base import Subscriptions

SUBSCRIPTIONS = Subscriptions(
    urls={
        "market": "wss://fstream.binance.com/market/stream",
        "public": "wss://fstream.binance.com/public/stream",
        "legacy": "wss://fstream.binance.com/stream",
    },
    channels=CHANNELS,
    paths=PATH_OF,
    canary="btcusdt@markPrice@1s",
    max_channels_per_connection=MAX_STREAMS,
    max_connection_age_s=MAX_AGE_S,
    topics=topics,
    requests=requests,
    address=address,
    canaries=canaries("btcusdt"),
    requests_per_s=REQUESTS_PER_S,
)
