"""All of it as one application: routes of the table, files, streams, and the gate in front."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs

import msgspec
from litestar import Litestar, Response, asgi, route
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler

from powderkeg.web.asks import Listen, Windows
from powderkeg.web.coinglass import COINGLASS, envelope, read_coinglass
from powderkeg.web.endpoints import (
    ALIVE,
    ENDPOINTS,
    LOGIN,
    LOGIN_STYLE,
    METRICS,
    OWN,
    READY,
    SCHEMA,
    SIGN_IN,
    SOCKET,
    STREAM,
    Endpoint,
)
from powderkeg.web.faults import Refused, fault_bytes
from powderkeg.web.frames import Form, Reply
from powderkeg.web.gate.gate import Gate, GateSettings
from powderkeg.web.gate.hosts import allowed_hosts
from powderkeg.web.gate.tokens import COOKIE, COOKIE_DAYS, cookie_of
from powderkeg.web.metrics import MEDIA as METRICS_MEDIA
from powderkeg.web.metrics import metrics_text
from powderkeg.web.openapi import openapi
from powderkeg.web.options import ServeOptions
from powderkeg.web.parameters import MAX_BODY_BYTES, form_of, read_body, read_query
from powderkeg.web.replies import (
    AnyRequest,
    bytes_reply,
    failed_reply,
    file_reply,
    http_error_reply,
    json_reply,
    refused_reply,
)
from powderkeg.web.site import Site
from powderkeg.web.stream import Receive, Scope, Send
from powderkeg.web.stream_events import serve_events
from powderkeg.web.stream_sockets import serve_socket

PAGES: Final = ("/", "/overview", "/map", "/what-if", "/event", "/health")
"""Addresses of the dashboard's pages: all of them are its one document, which reads the address."""

BODY_S: Final = 10.0
GATE_DIR: Final = Path(__file__).parent / "gate"


class Application(NamedTuple):
    """The gate is what a server serves; what is behind it is there for tests to walk."""

    gate: Gate
    behind: Litestar


def make_app(site: Site, options: ServeOptions) -> Application:
    """The application.

    Args:
        site: what its routes share.
        options: for whom it answers.
    """
    routes: list[HTTPRouteHandler | ASGIRouteHandler] = [_question(site, endpoint) for endpoint in ENDPOINTS]
    gates: list[Gate] = []
    routes += [_coinglass(site, endpoint, gates) for endpoint in COINGLASS]
    routes += [*_own(site, gates), *_login(gates), *_streams(site), *_files(site)]

    def refuse(request: AnyRequest, refused: Refused) -> Response[bytes]:
        gates[0].count(refused)
        return refused_reply(request, refused)

    behind = Litestar(
        route_handlers=routes,
        lifespan=[site.running],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        exception_handlers={Refused: refuse, HTTPException: http_error_reply, Exception: failed_reply},
    )
    settings = GateSettings(
        hosts=allowed_hosts(options.host, options.more_hosts),
        token_hash=bytes.fromhex(options.token_hash) or None,
        public=frozenset(page.path for page in OWN if page.is_public),
        pages=frozenset(PAGES),
    )
    gates.append(Gate(behind, settings, login_page=_gate_file("login.html")))  # type: ignore[arg-type] # the same protocol
    return Application(gates[0], behind)


def _question(site: Site, endpoint: Endpoint) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[bytes]:
        named = None
        if endpoint.method == "POST":
            ask = read_body(await _body(request), endpoint.ask)
        else:
            ask, named = read_query(request.scope["query_string"], endpoint.ask)
        form = form_of(named, request.headers.get("accept", "")) if endpoint.is_table else "json"
        if named not in (None, "json") and not endpoint.is_table:
            raise Refused(400, "bad_format", f"this answer is no table and has no {named} form; ask for json")
        reply, body = await site.ask(endpoint, ask, form)
        if endpoint.question == "health" and reply.status == 200:
            body = b'%s,"live":%s}' % (body[:-1], site.live or b"null")
        return bytes_reply(body, reply.media, reply.status, _labels(endpoint, reply, form))

    return route(endpoint.path, http_method=[endpoint.method])(answer)


def _labels(endpoint: Endpoint, reply: Reply, form: Form) -> dict[str, str]:
    """Where a file has no place for it, headers and its name say that it is simulated."""
    labels = {"powderkeg-simulated": "true"} if reply.is_simulated else {}
    if form != "json" and reply.status == 200:
        name = f"{'SIMULATED-' if reply.is_simulated else ''}{endpoint.question.replace('_', '-')}.{form}"
        labels["content-disposition"] = f'attachment; filename="{name}"'
    return labels


def _coinglass(site: Site, endpoint: Endpoint, gates: list[Gate]) -> HTTPRouteHandler:
    async def answer(request: AnyRequest) -> Response[bytes]:
        try:
            ask = read_coinglass(request.scope["query_string"], endpoint.ask)
            reply, body = await site.desk.ask(endpoint.question, ask, "json", endpoint.lane)
        except Refused as refused:
            gates[0].count(refused)
            told = envelope(refused.status, fault_bytes(refused.fault))
            return bytes_reply(told, "application/json", refused.status, refused.headers)
        return bytes_reply(envelope(reply.status, body), "application/json", reply.status)

    return route(endpoint.path, http_method=["GET"])(answer)


async def _body(request: AnyRequest) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "bad_encoding", "the body is not JSON; send it with Content-Type: application/json")
    return await _read(request)


async def _read(request: AnyRequest) -> bytes:
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError:
        raise Refused(408, "too_slow", f"the body did not come within {BODY_S:g} s; send it at once") from None


def _own(site: Site, gates: list[Gate]) -> list[HTTPRouteHandler]:
    schema = msgspec.json.encode(openapi())

    @route(ALIVE.path, http_method=["GET"])
    async def alive() -> Response[bytes]:
        return json_reply({"status": "ok"})

    @route(READY.path, http_method=["GET"])
    async def ready() -> Response[bytes]:
        reply, _ = await site.desk.ask("windows", Windows())
        return json_reply({"status": "ready" if reply.status == 200 else "not ready"}, reply.status)

    @route(SCHEMA.path, http_method=["GET"])
    async def told_schema() -> Response[bytes]:
        return bytes_reply(schema, "application/json")

    @route(METRICS.path, http_method=["GET"])
    async def metrics() -> Response[bytes]:
        return bytes_reply(await metrics_text(site, gates[0].refused), METRICS_MEDIA)

    return [alive, ready, told_schema, metrics]


def _login(gates: list[Gate]) -> list[HTTPRouteHandler]:
    page, style = _gate_file("login.html"), _gate_file("login.css")

    @route(LOGIN.path, http_method=["GET"])
    async def login() -> Response[bytes]:
        return bytes_reply(page, "text/html; charset=utf-8")

    @route(LOGIN_STYLE.path, http_method=["GET"])
    async def login_style() -> Response[bytes]:
        return bytes_reply(style, "text/css; charset=utf-8")

    @route(SIGN_IN.path, http_method=["POST"])
    async def sign_in(request: AnyRequest) -> Response[bytes]:
        gate = gates[0]
        try:
            told = parse_qs((await _read(request)).decode("ascii"), max_num_fields=4).get("token", [""])[0]
        except ValueError:
            told = ""
        gate.check_token(request.client.host if request.client else "", told)
        token_hash = gate.settings.token_hash
        assert token_hash is not None, "checked"
        content = cookie_of(token_hash, gate.wall_s())
        cookie = f"{COOKIE}={content}; Path=/; Max-Age={COOKIE_DAYS * 86_400}; HttpOnly; SameSite=Strict"
        return bytes_reply(b"", "text/plain", 303, {"location": "/", "set-cookie": cookie})

    return [login, login_style, sign_in]


def _streams(site: Site) -> list[ASGIRouteHandler]:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        ask, _ = read_query(scope["query_string"], Listen)
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        last_id = dict(headers).get(b"last-event-id", b"").decode("latin-1") or None
        serve = serve_socket if scope["path"] == SOCKET.path else serve_events
        await serve(site.streams, scope, receive, send, ask=ask, last_id=last_id)

    return [asgi(STREAM.path, copy_scope=True)(answer), asgi(SOCKET.path, copy_scope=True)(answer)]


def _files(site: Site) -> list[HTTPRouteHandler]:
    @route(list(PAGES), http_method=["GET"])
    async def page(request: AnyRequest) -> Response[bytes]:
        return file_reply(site.files.get("index.html"), request)

    @route([f"/{name}" for name in site.files] or ["/index.html"], http_method=["GET"])
    async def file(request: AnyRequest) -> Response[bytes]:
        return file_reply(site.files.get(request.scope["path"].removeprefix("/")), request)

    return [page, file]


def _gate_file(name: str) -> bytes:
    return (GATE_DIR / name).read_bytes()
