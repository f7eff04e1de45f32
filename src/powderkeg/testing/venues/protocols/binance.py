"""Binance USD-M futures: combined and raw streams on paths of their own since 2026-04-23.

What is not served on a path is acknowledged all the same and stays silent: the legacy path altogether, books on
`/market`, everything else on `/public`. Source: Binance developer docs, "Websocket Market Streams" and "Live
Subscribing/Unsubscribing to streams"; binance-public-data issue 472; read 2026-11.
"""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import parse_qs

from powderkeg.testing.frames.base import encode
from powderkeg.testing.venues.protocols.base import Json, Session, VenueProtocol, fields, read, strings
from powderkeg.testing.venues.story import Kind

ALL_FORCED: Final = "!forceOrder@arr"
_STREAMS: Final[dict[Kind, str]] = {
    "liquidation": "forceOrder",
    "trade": "aggTrade",
    "mark_price": "markPrice@1s",
    "book": "depth@100ms",
}
_SERVED: Final = {"market": ("forceOrder", "aggTrade", "markPrice"), "public": ("depth",), "legacy": ()}
_UNREADABLE: Final = encode({"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}})


class BinanceSession(Session):
    """`SUBSCRIBE`, `UNSUBSCRIBE` and `LIST_SUBSCRIPTIONS`; messages bare on `/ws`, wrapped on `/stream`."""

    is_combined = True

    def __init__(self, protocol: VenueProtocol, path: str, number: int) -> None:
        super().__init__(protocol, path, number)
        self._requested: dict[str, None] = {}

    def hear(self, text: str, now_ns: int) -> list[bytes]:
        """Every subscription is acknowledged, also of streams that do not exist or are not served here."""
        del now_ns
        request = read(text)
        if request is None:
            return [_UNREADABLE]
        asked = fields(request)
        number, method = asked.get("id"), asked.get("method")
        names = strings(asked.get("params", []))
        if method == "LIST_SUBSCRIPTIONS":
            return [_answer([*self._requested], number)]
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE") or names is None or isinstance(number, bool):
            return [encode({"error": {"code": 2, "msg": "Invalid request: unknown variant or field"}, "id": number})]
        for name in names:
            self.want(name, is_on=method == "SUBSCRIBE")
        return [_answer(None, number)]

    def want(self, name: str, *, is_on: bool = True) -> None:
        """Switch a stream on or off; only what the path serves is ever sent."""
        if not is_on:
            self._requested.pop(name, None)
            self.unsubscribe(name)
            return
        self._requested[name] = None
        if name.partition("@")[2].startswith(_SERVED[self.path]) or (name == ALL_FORCED and self.path == "market"):
            self.subscribe(name)

    def dressed(self, channel: str, payload: bytes) -> bytes:
        """Combined streams name the stream that was asked for, raw ones send the message alone."""
        if not self.is_combined:
            return payload[payload.index(b'"data":') + 7 : -1]
        if channel == ALL_FORCED:
            return b'{"stream":"!forceOrder@arr"' + payload[payload.index(b',"data":') :]
        return payload


def _answer(result: Json, number: Json) -> bytes:
    return encode({"result": result, "id": number})


class BinanceProtocol(VenueProtocol):
    """Streams are named `<symbol>@<channel>`; forced orders also come all in one."""

    slug = "binance-usdm"
    paths: ClassVar[dict[str, str]] = {"market": "/market/stream", "public": "/public/stream", "legacy": "/stream"}
    session_type = BinanceSession

    def names(self, kind: Kind, venue_symbol: str) -> tuple[str, ...]:
        """Open interest has no stream."""
        if kind not in _STREAMS:
            return ()
        own = f"{venue_symbol.lower()}@{_STREAMS[kind]}"
        return (own, ALL_FORCED) if kind == "liquidation" else (own,)

    def open(self, path: str, query: str, number: int) -> Session | None:
        """`/market/stream?streams=a/b`, `/market/ws/a`, `/market/ws`, and the same under `/public` and bare."""
        for name, combined in self.paths.items():
            raw = combined.removesuffix("stream") + "ws"
            session = BinanceSession(self, name, number)
            if path == combined:
                named = "/".join(parse_qs(query).get("streams", [])).split("/")
            elif path == raw or path.startswith(raw + "/"):
                session.is_combined = False
                named = path.removeprefix(raw).split("/")
            else:
                continue
            for stream in filter(None, named):
                session.want(stream)
            return session
        return None
