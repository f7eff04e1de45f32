"""Gate futures v4: channel, event and payload; pings in a channel of their own.

Source: Gate "Futures WebSocket v4", read 2026-11.
"""

from __future__ import annotations

from typing import ClassVar, Final

from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, millis, read, strings
from powderkeg.testing.venues.story import Kind

ALL: Final = "!all"
_CHANNELS: Final[dict[Kind, str]] = {
    "liquidation": "futures.public_liquidates",
    "trade": "futures.trades",
    "mark_price": "futures.tickers",
    "book": "futures.order_book_update",
    "liquidation_stats": "futures.contract_stats",
}
_ONE_CONTRACT: Final = ("futures.order_book_update", "futures.contract_stats")
"""Channels whose payload is one contract and its options; the others take a list of contracts."""


class GateSession(Session):
    """`event` subscribe and unsubscribe; `futures.ping`."""

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """One answer a request: a status, or an error with code 1 (unreadable) or 2 (wrong argument)."""
        request = read(text)
        asked = fields(request)
        channel, event = asked.get("channel"), asked.get("event")
        if channel == "futures.ping":
            return [self._answer(now_ns, "futures.pong", "", result=None)]
        payload = strings(asked.get("payload"))
        if event not in ("subscribe", "unsubscribe") or payload is None or not payload:
            return [self._answer(now_ns, channel, event, error={"code": 1, "message": "invalid request"})]
        names = payload[:1] if channel in _ONE_CONTRACT else payload
        bad = [name for name in names if not self._is_known(channel, name)]
        if bad:
            message = f"unknown contract {bad[0]}" if channel in _CHANNELS.values() else f"unknown channel {channel}"
            return [self._answer(now_ns, channel, event, error={"code": 2, "message": message})]
        for name in names if self.path == "usdt" else ():  # nothing settles on the other paths here
            wanted = f"{channel}:{name}"
            self.subscribe(wanted) if event == "subscribe" else self.unsubscribe(wanted)
        return [self._answer(now_ns, channel, event, payload=payload, result={"status": "success"})]

    def _is_known(self, channel: Json, name: str) -> bool:
        """Contracts simulated here all settle in USDT; the other paths know `!all` only."""
        known = f"{channel}:{name}" in self.protocol.known
        return known and (self.path == "usdt" or name == ALL)

    def _answer(self, now_ns: int, channel: Json, event: Json, **rest: Json) -> bytes:
        ms = millis(now_ns)
        envelope = {"time": ms // 1_000, "time_ms": ms, "conn_id": self.connection_id}
        return encode({**envelope, "channel": channel, "event": event, **rest})


class GateProtocol(VenueProtocol):
    """Channels are spelled `<channel>:<contract>`; liquidations, trades and tickers also `<channel>:!all`."""

    slug = "gate"
    paths: ClassVar[dict[str, str]] = {"usdt": "/v4/ws/usdt", "btc": "/v4/ws/btc", "usd1": "/v4/ws/usd1"}
    session_type = GateSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Open interest and funding travel in tickers; the venue's own totals in `contract_stats`."""
        if kind not in _CHANNELS:
            return ()
        channel = _CHANNELS[kind]
        own = f"{channel}:{venue_symbol}"
        return (own,) if channel in _ONE_CONTRACT else (own, f"{channel}:{ALL}")

    def first_words(self, channel: str, memory: Memory) -> list[bytes]:
        """Books begin with a full update."""
        name, _, contract = channel.partition(":")
        return self.book_snapshot(memory.book(contract)) if name == "futures.order_book_update" else []
