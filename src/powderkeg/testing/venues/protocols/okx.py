"""OKX v5 public channels: one acknowledgment an argument, text pings, a first liquidation message that is old.

Source: OKX API v5 docs, "WebSocket: Subscribe", "Connect" and the error code list, read 2026-11; that the first
`liquidation-orders` message repeats the past: tardis-node, 2026-07.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, items, read
from powderkeg.testing.venues.story import Kind

LIQUIDATIONS: Final = "liquidation-orders"
_CHANNELS: Final[dict[Kind, str]] = {
    "trade": "trades",
    "mark_price": "mark-price",
    "open_interest": "open-interest",
    "funding_rate": "funding-rate",
    "book": "books",
}
_KIND_OF: Final[dict[str, Kind]] = {channel: kind for kind, channel in _CHANNELS.items()}
_TYPES: Final = ("SWAP", "FUTURES", "MARGIN", "OPTION")


class OkxSession(Session):
    """`op` subscribe and unsubscribe with `args`; the text `ping`."""

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """An acknowledgment or an error for every argument."""
        del now_ns
        if text == "ping":
            return [b"pong"]
        asked = fields(read(text))
        op, args = asked.get("op"), items(asked.get("args"))
        if op not in ("subscribe", "unsubscribe") or not args:
            message = f"Illegal request: {text[:200]}"
            return [encode({"event": "error", "code": "60012", "msg": message, "connId": self.connection_id})]
        return [self._one(str(op), arg) for arg in args]

    def _one(self, op: str, arg: Json) -> bytes:
        channel = _channel(fields(arg))
        is_known = channel in self.protocol.known or channel in {f"{LIQUIDATIONS}:{kind}" for kind in _TYPES}
        if not is_known:
            message = (
                f"Wrong URL or {encode(arg).decode()} doesn't exist. Please use the correct URL, channel and parameters"
            )
            return encode({"event": "error", "code": "60018", "msg": message, "connId": self.connection_id})
        self.subscribe(channel) if op == "subscribe" else self.unsubscribe(channel)
        return encode({"event": op, "arg": arg, "connId": self.connection_id})


def _channel(arg: Json) -> str:
    return f"{arg.get('channel')}:{arg.get('instType') if arg.get('channel') == LIQUIDATIONS else arg.get('instId')}"


class OkxProtocol(VenueProtocol):
    """Channels are spelled `<channel>:<instId>`, liquidations `liquidation-orders:<instType>`."""

    slug = "okx"
    paths: ClassVar[dict[str, str]] = {"public": "/ws/v5/public"}
    session_type = OkxSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Liquidations of all swaps share a channel."""
        if kind == "liquidation":
            return (f"{LIQUIDATIONS}:SWAP",)
        return (f"{_CHANNELS[kind]}:{venue_symbol}",) if kind in _CHANNELS else ()

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """The last liquidation once more; a snapshot of the book; the latest of what changes slowly."""
        name, _, symbol = channel.partition(":")
        if name == LIQUIDATIONS:
            last = memory.last_liquidation()
            return [last.payload] if last is not None and symbol == "SWAP" else []
        if name == "books":
            return self.book_snapshot(memory.book(symbol))
        return [] if name == "trades" else self.last(memory, _KIND_OF[name], symbol)
