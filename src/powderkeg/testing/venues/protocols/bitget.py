"""Bitget unified account (v3) public topics; the client must send the text `ping`.

Source: Bitget API docs, "UTA: WebSocket", read 2026-11; snapshots of trades after subscribing as captured messages
show them, 2026-04.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames import bitget as bitget_frames
from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, items, read
from powderkeg.testing.venues.story import Kind

PRODUCT: Final = "usdt-futures"  # of every contract simulated here
_TOPICS: Final[dict[Kind, str]] = {"trade": "publicTrade", "mark_price": "ticker", "book": "books"}
_LIQUIDATIONS: Final = frozenset(
    f"{product}:liquidation:" for product in ("usdt-futures", "usdc-futures", "coin-futures")
)


class BitgetSession(Session):
    """`op` subscribe and unsubscribe with `args`; the text `ping`."""

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """An acknowledgment or an error for every argument."""
        del now_ns
        if text == "ping":
            return [b"pong"]
        asked = fields(read(text))
        op, args = asked.get("op"), items(asked.get("args"))
        if op not in ("subscribe", "unsubscribe") or not args:
            return [encode({"event": "error", "code": 30003, "msg": "Illegal op", "arg": None})]
        return [self._one(str(op), arg) for arg in args]

    def _one(self, op: str, arg: Json) -> bytes:
        asked = fields(arg)
        channel = f"{asked.get('instType')}:{asked.get('topic')}:{asked.get('symbol', '')}"
        if channel not in self.protocol.known and channel not in _LIQUIDATIONS:
            return encode({"event": "error", "arg": arg, "code": 30001, "msg": f"{channel} doesn't exist"})
        self.subscribe(channel) if op == "subscribe" else self.unsubscribe(channel)
        return encode({"event": op, "arg": arg})


class BitgetProtocol(VenueProtocol):
    """Channels are spelled `<instType>:<topic>:<symbol>`; liquidations have no symbol."""

    slug = "bitget"
    paths: ClassVar[dict[str, str]] = {"public": "/v3/ws/public"}
    session_type = BitgetSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Open interest and funding travel in `ticker`."""
        if kind == "liquidation":
            return (f"{PRODUCT}:liquidation:",)
        return (f"{PRODUCT}:{_TOPICS[kind]}:{venue_symbol}",) if kind in _TOPICS else ()

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """Snapshots: of the last trades, the ticker, the book."""
        _, topic, symbol = channel.split(":")
        if topic == "publicTrade":
            trades = memory.trades(symbol)
            return [bitget_frames.past_trades(trades)] if trades else []
        if topic == "ticker":
            return self.last(memory, "mark_price", symbol)
        return self.book_snapshot(memory.book(symbol)) if topic == "books" else []
