"""The gate: an ASGI application around the application. What it does not let through, no route ever sees."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

import msgspec

from powderkeg.web.faults import Refused, fault_bytes
from powderkeg.web.gate.headers import SECURITY_HEADERS
from powderkeg.web.gate.hosts import LOOPBACK, check_host
from powderkeg.web.gate.origins import check_origin
from powderkeg.web.gate.paths import check_path
from powderkeg.web.gate.rates import Buckets
from powderkeg.web.gate.tokens import COOKIE, is_cookie, is_token

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_HEADERS: Final = 64
FACADE_KEY: Final = b"cg-api-key"
"""Where clients of the façade put their key; here it is the token."""


class GateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate lets through.

    Attributes:
        hosts: names the server goes by, see `hosts.allowed_hosts`.
        token_hash: of the token asked for; None lets in whoever reaches the port.
        public: paths that ask for no token.
        pages: paths of the dashboard's document, which links from elsewhere may open.
        per_s, burst: requests of one address.
        wrong_per_s, wrong_burst: wrong tokens of one address.
    """

    hosts: frozenset[str] = LOOPBACK
    token_hash: bytes | None = None
    public: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset({"/"})
    per_s: float = 100.0
    burst: float = 400.0
    wrong_per_s: float = 0.1
    wrong_burst: float = 5.0


class Gate:
    """Checks a request, then hands it on; adds the security headers to every answer.

    Args:
        app: what is behind the gate.
        settings: what it lets through.
        login_page: HTML a browser is shown in place of a page where a token is asked for.
        clock: seconds that only go forward; wall: seconds since the epoch.
    """

    def __init__(
        self,
        app: Asgi,
        settings: GateSettings,
        *,
        login_page: bytes = b"",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.refused: dict[str, int] = {}
        self._app = app
        self._login_page = login_page
        self._clock = clock
        self._wall = wall
        self._requests = Buckets(per_s=settings.per_s, burst=settings.burst)
        self._wrong = Buckets(per_s=settings.wrong_per_s, burst=settings.wrong_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refused as refused:
            self.count(refused)
            await self._refuse(scope, receive, send, refused)
            return
        await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    def count(self, refused: Refused) -> None:
        """Note a refusal, of the gate or of what is behind it."""
        self.refused[refused.fault.code] = self.refused.get(refused.fault.code, 0) + 1

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return self._wall()

    def check_token(self, address: str, told: str) -> None:
        """Let the token through.

        Raises:
            Refused: it is another, or too many others came from there before.
        """
        now_s = self._clock()
        if self._wrong.level(address, now_s) < 1.0:
            wait_s = str(int(self._wrong.wait_s(address, now_s)) + 1)
            raise Refused(429, "too_fast", f"too many wrong tokens; wait {wait_s} s", {"Retry-After": wait_s})
        if self.settings.token_hash is None or not is_token(told, self.settings.token_hash):
            self._wrong.take(address, now_s)
            raise _no_credential()

    def _check(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if len(headers) > MAX_HEADERS:
            raise Refused(431, "too_large", f"a request has at most {MAX_HEADERS} headers; send fewer")
        check_path(scope["raw_path"])
        authority = check_host(headers, self.settings.hosts)
        path: str = scope["path"]
        check_origin(headers, authority, is_page=path in self.settings.pages and scope.get("method") == "GET")
        address = _address(scope)
        now_s = self._clock()
        if not self._requests.take(address, now_s):
            wait_s = str(int(self._requests.wait_s(address, now_s)) + 1)
            raise Refused(429, "too_fast", f"too many requests; wait {wait_s} s", {"Retry-After": wait_s})
        if any(name == b"content-encoding" for name, _ in headers):
            raise Refused(415, "bad_encoding", "bodies are taken as they are; send it without Content-Encoding")
        if self.settings.token_hash is not None and path not in self.settings.public:
            self._check_credential(headers, address, self.settings.token_hash)

    def _check_credential(self, headers: list[tuple[bytes, bytes]], address: str, token_hash: bytes) -> None:
        for told in _cookies(headers):
            if is_cookie(told, token_hash, self._wall()):
                return
        for name, content in headers:
            scheme, _, told = content.decode("latin-1").partition(" ")
            if name == b"authorization" and scheme.lower() == "bearer":
                self.check_token(address, told.strip())
                return
            if name == FACADE_KEY:
                self.check_token(address, content.decode("latin-1").strip())
                return
        raise _no_credential()

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
        is_socket = scope["type"] == "websocket"
        if is_socket:
            await receive()
            if "websocket.http.response" not in scope.get("extensions", {}):
                await send({"type": "websocket.close", "code": 1008})
                return
        media, body = b"application/json", fault_bytes(refused.fault)
        if refused.status == 401 and self._login_page and scope["path"] in self.settings.pages and not is_socket:
            media, body = b"text/html; charset=utf-8", self._login_page
        told = [(name.lower().encode(), content.encode()) for name, content in refused.headers.items()]
        start = [
            (b"content-type", media),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        kind = "websocket.http.response" if is_socket else "http.response"
        headers = [*start, *told, *SECURITY_HEADERS]
        await send({"type": f"{kind}.start", "status": refused.status, "headers": headers})
        await send({"type": f"{kind}.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *SECURITY_HEADERS]}
        await send(message)

    return wrapped


def _address(scope: Scope) -> str:
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def _cookies(headers: list[tuple[bytes, bytes]]) -> list[str]:
    found: list[str] = []
    for name, content in headers:
        if name == b"cookie" and len(content) <= 4_096:
            try:
                jar = SimpleCookie(content.decode("latin-1"))
            except CookieError:
                continue
            if COOKIE in jar:
                found.append(jar[COOKIE].value)
    return found


def _no_credential() -> Refused:
    told = "this server asks for its token; send Authorization: Bearer TOKEN, or sign in at /login"
    return Refused(401, "no_credential", told, {"WWW-Authenticate": "Bearer"})
