"""Hyperliquid: one subscription a coin and channel, each echoed; trades and books begin with what was before.

Source: Hyperliquid docs, "WebSocket: Subscriptions" and "Timeouts and heartbeats", read 2026-11.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames import hyperliquid as hyperliquid_frames
from powderkeg.testing.frames.base import encode
from powderkeg.testing.frames.hyperliquid import WALLET
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, read
from powderkeg.testing.venues.story import Kind

_CHANNELS: Final[dict[Kind, str]] = {"trade": "trades", "mark_price": "activeAssetCtx", "book": "l2Book"}


class HyperliquidSession(Session):
    """`method` subscribe, unsubscribe, ping."""

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """The request echoed, or an error in words."""
        del now_ns
        asked = fields(read(text))
        method, wanted = asked.get("method"), fields(asked.get("subscription"))
        if method == "ping":
            return [encode({"channel": "pong"})]
        if method not in ("subscribe", "unsubscribe") or not wanted:
            return [_error(f"Error parsing JSON into valid websocket request: {text[:200]}")]
        channel = f"{wanted.get('type')}:{wanted.get('coin') or wanted.get('user')}"
        if channel not in self.protocol.known:
            return [_error(f"Invalid subscription {encode(wanted).decode()}")]
        if method == "subscribe" and channel in self.channels:
            return [_error(f"Already subscribed: {encode(wanted).decode()}")]
        if method == "unsubscribe" and channel not in self.channels:
            return [_error(f"Already unsubscribed: {encode(wanted).decode()}")]
        self.subscribe(channel) if method == "subscribe" else self.unsubscribe(channel)
        return [encode({"channel": "subscriptionResponse", "data": {"method": method, "subscription": wanted}})]


def _error(words: str) -> bytes:
    answer: Json = {"channel": "error", "data": words}
    return encode(answer)


class HyperliquidProtocol(VenueProtocol):
    """Channels are spelled `<type>:<coin>`; fills `userFills:<wallet>`, of the one liquidated wallet there is."""

    slug = "hyperliquid"
    paths: ClassVar[dict[str, str]] = {"market": "/ws"}
    session_type = HyperliquidSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Liquidations are told to nobody but the wallet's followers."""
        if kind == "liquidation":
            return (f"userFills:{WALLET}",)
        return (f"{_CHANNELS[kind]}:{venue_symbol}",) if kind in _CHANNELS else ()

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """The last trades without a mark, the last fills marked as a snapshot, and the current state."""
        name, _, coin = channel.partition(":")
        if name == "trades":
            trades = memory.trades(coin)
            return [hyperliquid_frames.trades(trades)] if trades else []
        if name == "userFills":
            last = memory.last_liquidation()
            return [] if last is None else [hyperliquid_frames.replay([forced.row for forced in last.told])]
        if name == "l2Book":
            return self.book_snapshot(memory.book(coin))
        return self.last(memory, "mark_price", coin)
