"""Bybit v5 public streams: topics, a ping of their own, one answer a request.

That one bad topic fails its whole request is read from the docs' single `success` flag, not seen. Source: Bybit v5
docs, "Connect", "Ticker", "Orderbook", read 2026-11.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Session, VenueProtocol, fields, read, strings
from powderkeg.testing.venues.story import Kind

_TOPICS: Final[dict[Kind, str]] = {
    "liquidation": "allLiquidation",
    "trade": "publicTrade",
    "mark_price": "tickers",
    "book": "orderbook.50",
}
_OPS: Final = ("subscribe", "unsubscribe", "ping")


class BybitSession(Session):
    """`op` subscribe, unsubscribe, ping."""

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """One answer, echoing `req_id`."""
        del now_ns
        asked = fields(read(text))
        op, topics = asked.get("op"), strings(asked.get("args", []))
        if op not in _OPS:
            return [self._answer("error:invalid operation", op, asked.get("req_id", ""), is_done=False)]
        if op == "ping":
            return [self._answer("pong", "ping", asked.get("req_id", ""))]
        bad = [topic for topic in topics or () if topic not in self.protocol.known or self.path != "linear"]
        if topics is None or bad:
            why = f"error:handler not found,topic:{bad[0]}" if bad else "error:Params Error"
            return [self._answer(why, op, asked.get("req_id", ""), is_done=False)]
        for topic in topics:
            self.subscribe(topic) if op == "subscribe" else self.unsubscribe(topic)
        return [self._answer("", op, asked.get("req_id", ""))]

    def _answer(self, message: str, op: object, request_id: object, *, is_done: bool = True) -> bytes:
        envelope = {"success": is_done, "ret_msg": message, "conn_id": self.connection_id}
        return encode({**envelope, "req_id": request_id, "op": op})


class BybitProtocol(VenueProtocol):
    """Topics are `<channel>.<symbol>`; the contracts simulated here are all linear."""

    slug = "bybit"
    paths: ClassVar[dict[str, str]] = {"linear": "/v5/public/linear", "inverse": "/v5/public/inverse"}
    session_type = BybitSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Open interest and funding travel in `tickers`."""
        return (f"{_TOPICS[kind]}.{venue_symbol}",) if kind in _TOPICS else ()

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """Tickers and books begin with a snapshot; liquidations and trades repeat nothing."""
        topic, _, symbol = channel.rpartition(".")
        if topic == "orderbook.50":
            return self.book_snapshot(memory.book(symbol))
        if topic == "tickers":
            told = self.last(memory, "mark_price", symbol)
            return [payload.replace(b'"type":"delta"', b'"type":"snapshot"', 1) for payload in told]
        return []
