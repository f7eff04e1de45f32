"""Whose message is this? A venue told by a URL's host, or by the keys of a message.

Only for recordings that do not say their venue: the keys are those of each venue's envelope, and no two share theirs.
Source: the venues' WebSocket docs, read 2026-07.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, cast

HOSTS: Final = {
    # Ending of the host name -> venue.
    "fstream.binance.com": "binance-usdm",
    "fapi.binance.com": "binance-usdm",
    "dstream.binance.com": "binance-coinm",
    "dapi.binance.com": "binance-coinm",
    "bitmex.com": "bitmex",
    "bybit.com": "bybit",
    "bytick.com": "bybit",
    "okx.com": "okx",
    "okex.com": "okx",
    "deribit.com": "deribit",
    "futures.kraken.com": "kraken-futures",
    "cryptofacilities.com": "kraken-futures",
    "hbdm.com": "htx",
    "fx-ws.gateio.ws": "gate",
    "bitget.com": "bitget",
    "dydx.trade": "dydx",
    "dydx.exchange": "dydx",
    "hyperliquid.xyz": "hyperliquid",
    "bitfinex.com": "bitfinex",
    "zklighter.elliot.ai": "lighter",
}


def venue_of_url(url: str) -> str | None:
    """The venue behind a URL, None where the host is no derivatives venue known here."""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    return next((venue for ending, venue in HOSTS.items() if host == ending or host.endswith("." + ending)), None)


def venue_of_messages(messages: Iterable[object]) -> str | None:
    """The venue most of the messages belong to; None where none of them tells."""
    votes = Counter(venue for message in messages if (venue := venue_of_message(message)) is not None)
    return votes.most_common(1)[0][0] if votes else None


def venue_of_message(message: object) -> str | None:
    """The venue whose envelope a decoded message has, None where it has none's."""
    if isinstance(message, list):
        items = cast("list[Any]", message)
        is_bitfinex = len(items) > 1 and type(items[0]) is int and (isinstance(items[1], list) or items[1] == "hb")
        return "bitfinex" if is_bitfinex else None
    if not isinstance(message, dict):
        return None
    envelope = cast("dict[str, Any]", message)
    keys = envelope.keys()
    if isinstance(envelope.get("stream"), str) and "data" in keys:
        return _binance(envelope["stream"])
    for required, venue in _ENVELOPES:
        if keys >= required:
            return venue
    return _by_values(envelope)


_ENVELOPES: Final = (
    (frozenset({"jsonrpc"}), "deribit"),
    (frozenset({"feed"}), "kraken-futures"),
    (frozenset({"chanId", "event"}), "bitfinex"),
    (frozenset({"connection_id", "message_id"}), "dydx"),
    (frozenset({"cross_seq", "topic"}), "bybit"),
    (frozenset({"ret_msg", "conn_id"}), "bybit"),
    (frozenset({"ch", "tick"}), "htx"),
    (frozenset({"op", "topic", "ts"}), "htx"),
)


def _binance(stream: str) -> str | None:
    """Combined streams of Binance: COIN-M names its pairs `btcusd_perp` and `btcusd_200925`."""
    if "@" not in stream and not stream.startswith("!"):
        return None
    name = stream.partition("@")[0]
    return "binance-coinm" if "usd_" in name or name.endswith("usd") else "binance-usdm"


def _by_values(envelope: dict[str, Any]) -> str | None:
    """Venues that share their keys with others and differ in what these say."""
    arg, channel, table = envelope.get("arg"), envelope.get("channel"), envelope.get("table")
    if isinstance(arg, dict):
        return _by_argument(cast("dict[str, Any]", arg))
    if isinstance(table, str):
        return "okx" if "/" in table else "bitmex"
    if isinstance(channel, str):
        return _by_channel(channel, envelope)
    return "bybit" if isinstance(envelope.get("topic"), str) and "data" in envelope else None


def _by_argument(asked: dict[str, Any]) -> str:
    """OKX writes `"instType": "SWAP"` or none, Bitget `"instType": "usdt-futures"` (before, `"mc"` and `"UMCBL"`)."""
    kind = asked.get("instType")
    return "okx" if kind in (None, "SWAP", "FUTURES", "MARGIN", "OPTION", "SPOT", "ANY") else "bitget"


def _by_channel(channel: str, envelope: dict[str, Any]) -> str | None:
    if channel.startswith("futures."):
        return "gate"
    if ":" in channel or "/" in str(envelope.get("type", "")):
        return "lighter"
    return "hyperliquid" if "data" in envelope else None
