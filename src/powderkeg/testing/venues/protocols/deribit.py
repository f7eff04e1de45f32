"""Deribit: JSON-RPC 2.0; heartbeats on request, whose test must be answered. Nothing of the past is repeated.

Source: Deribit API v2 docs, "JSON-RPC over WebSocket", `public/subscribe`, `public/set_heartbeat`, read 2026-11.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, millis, read, strings
from powderkeg.testing.venues.story import Kind

MIN_HEARTBEAT_S: Final = 10
_CHANNELS: Final[dict[Kind, str]] = {"liquidation": "trades", "trade": "trades", "mark_price": "ticker", "book": "book"}
_US_PER_MS: Final = 1_000


class DeribitSession(Session):
    """Requests with `method` and `params`; answers with the same `id`."""

    def __init__(self, protocol: VenueProtocol, path: str, number: int) -> None:
        super().__init__(protocol, path, number)
        self._heartbeat_s: float | None = None
        self._next_beat_s: float | None = None
        self._is_tested = False

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """One answer a request; channels that do not exist are left out of it without a word."""
        request = read(text)
        asked = fields(request)
        method, params = asked.get("method"), fields(asked.get("params"))
        if request is None or not isinstance(method, str):
            return [_answer(asked.get("id"), now_ns, error={"code": -32700, "message": "Parse error"})]
        result = self._result(method, params, now_ns)
        if result is None:
            return [_answer(asked.get("id"), now_ns, error={"code": -32602, "message": "Invalid params"})]
        if result is NotImplemented:
            return [_answer(asked.get("id"), now_ns, error={"code": -32601, "message": "Method not found"})]
        return [_answer(asked.get("id"), now_ns, result=result)]

    def _result(self, method: str, params: Json, now_ns: int) -> Json:
        """None for wrong parameters, NotImplemented for an unknown method."""
        if method in ("public/subscribe", "public/unsubscribe"):
            return self._change(strings(params.get("channels")), is_on=method == "public/subscribe")
        if method == "public/set_heartbeat":
            return self._set_heartbeat(params.get("interval"))
        if method == "public/disable_heartbeat":
            self._heartbeat_s = self._next_beat_s = None
            return "ok"
        if method in ("public/test", "public/hello"):
            self._is_tested = False
            return {"version": "1.2.26"}
        return millis(now_ns) if method == "public/get_time" else NotImplemented

    def _change(self, channels: list[str] | None, *, is_on: bool) -> Json:
        if channels is None:
            return None
        known = [name for name in channels if name in self.protocol.known]
        for name in known:
            self.subscribe(name) if is_on else self.unsubscribe(name)
        return known

    def _set_heartbeat(self, interval_s: Json) -> Json:
        if isinstance(interval_s, bool) or not isinstance(interval_s, int | float) or interval_s < MIN_HEARTBEAT_S:
            return None
        self._heartbeat_s, self._next_beat_s, self._is_tested = float(interval_s), None, False
        return "ok"

    def beat(self, elapsed_s: float) -> list[bytes]:
        """A heartbeat and a test every interval; the connection ends where the last test went unanswered."""
        if self._heartbeat_s is None:
            return []
        if self._next_beat_s is None:
            self._next_beat_s = elapsed_s + self._heartbeat_s
        if elapsed_s < self._next_beat_s:
            return []
        self._next_beat_s = elapsed_s + self._heartbeat_s
        if self._is_tested:
            self.is_closing = True
            return []
        self._is_tested = True
        return [
            encode({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": kind}})
            for kind in ("heartbeat", "test_request")
        ]


def _answer(number: Json, now_ns: int, **rest: Json) -> bytes:
    us = millis(now_ns) * _US_PER_MS
    return encode({"jsonrpc": "2.0", "id": number, **rest, "usIn": us, "usOut": us, "usDiff": 0, "testnet": True})


class DeribitProtocol(VenueProtocol):
    """Channels are `<kind>.<instrument>.100ms`; a liquidation is a trade with a flag."""

    slug = "deribit"
    paths: ClassVar[dict[str, str]] = {"market": "/ws/api/v2"}
    session_type = DeribitSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Open interest and funding travel in `ticker`; raw intervals need an account and are not served."""
        return (f"{_CHANNELS[kind]}.{venue_symbol}.100ms",) if kind in _CHANNELS else ()

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """Books begin with a snapshot, tickers with the current state, trades with nothing."""
        name, symbol, _ = channel.split(".")
        if name == "book":
            return self.book_snapshot(memory.book(symbol))
        return self.last(memory, "mark_price", symbol) if name == "ticker" else []
