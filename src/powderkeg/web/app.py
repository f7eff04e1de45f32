"""All of it as one application: routes of the table, files, streams, and the gate in front."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, asgi, route
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler

from powderkeg.web.asks import Listen
from powderkeg.web.desk import Desk
from powderkeg.web.endpoints import ALIVE, ENDPOINTS, READY, SOCKET, STREAM, Endpoint
from powderkeg.web.faults import Fault, Refused, fault_bytes
from powderkeg.web.files import StaticFile, load_files
from powderkeg.web.hub import Hub
from powderkeg.web.parameters import MAX_BODY_BYTES, form_of, read_body, read_query
from powderkeg.web.stream import Receive, Scope, Send, Streams

PAGES: Final = ("", "overview", "map", "what-if", "event", "health")
"""Addresses of the dashboard's pages: all of them are its one document, which reads the address."""


class Site:
    """What the routes share.

    Args:
        data_dir: the data directory.
        desk: answers questions; by default one over the data directory.
    """

    def __init__(self, data_dir: Path, desk: Desk | None = None) -> None:
        self.desk = desk or Desk(data_dir)
        self.hub = Hub(secrets.token_hex(4))
        self.streams = Streams(self.hub)
        self.files = load_files()

    @asynccontextmanager
    async def running(self, _app: Litestar) -> AsyncGenerator[None]:
        """Pulse while the application runs."""
        pulse = asyncio.create_task(self.streams.run(), name="pulse")
        try:
            yield
        finally:
            self.streams.stop()
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
            await self.desk.stop()


def make_app(site: Site) -> Litestar:
    """The application."""
    return Litestar(
        route_handlers=[
            *(_question(site, endpoint) for endpoint in ENDPOINTS),
            *_own(site),
            *_files(site),
        ],
        lifespan=[site.running],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        exception_handlers={Refused: _refused, HTTPException: _http_error, Exception: _failed},
        debug=False,
        pdb_on_exception=False,
    )


def _question(site: Site, endpoint: Endpoint) -> HTTPRouteHandler:
    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        query: bytes = request.scope["query_string"]
        if endpoint.method == "POST":
            ask, named = read_body(await request.body(), endpoint.ask), None
        else:
            ask, named = read_query(query, endpoint.ask)
        form = form_of(named, request.headers.get("accept", ""))
        reply, body = await site.desk.ask(endpoint.question, ask, form, endpoint.lane)
        return Response(body, status_code=reply.status, media_type=reply.media, headers={"cache-control": "no-store"})

    return route(endpoint.path, http_method=[endpoint.method], name=endpoint.path)(handler)


def _own(site: Site) -> list[HTTPRouteHandler | ASGIRouteHandler]:
    async def alive() -> Response[bytes]:
        return _json({"status": "ok"})

    async def ready() -> Response[bytes]:
        return _json({"status": "ready"})

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        ask, _ = read_query(scope["query_string"], Listen)
        last_id = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1") or None
        if scope["type"] == ScopeType.WEBSOCKET:
            await site.streams.serve_socket(scope, receive, send, ask, last_id)
        else:
            await site.streams.serve_events(scope, receive, send, ask, last_id)

    return [
        route(ALIVE.path, http_method=["GET"])(alive),
        route(READY.path, http_method=["GET"])(ready),
        asgi(STREAM.path)(stream),
        asgi(SOCKET.path)(stream),
    ]


def _files(site: Site) -> list[HTTPRouteHandler]:
    async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _file(site.files.get("index.html"), request)

    async def file(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _file(site.files.get(request.url.path.removeprefix("/")), request)

    pages = [f"/{name}" for name in PAGES]
    names = [f"/{name}" for name in site.files if name != "index.html"]
    return [
        route(pages, http_method=["GET"], name="page")(page),
        *([route(names, http_method=["GET"], name="file")(file)] if names else []),
    ]


def _file(found: StaticFile | None, request: Request[Any, Any, Any]) -> Response[bytes]:
    if found is None:
        raise Refused(404, "not_found", "there is no such page; begin at /")
    headers = {"etag": found.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(b"", status_code=304, headers=headers)
    content = found.content
    if found.squeezed and "gzip" in request.headers.get("accept-encoding", ""):
        content = found.squeezed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=found.media, headers=headers)


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


def _refused(_request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    return _json(refused.fault, refused.status, refused.headers)


def _http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    known = {
        404: Fault("not_found", "there is no such address", "/schema lists what there is"),
        405: Fault("bad_method", "this address has no such method", "/schema lists what there is"),
        413: Fault("too_large", f"a body has at most {MAX_BODY_BYTES} bytes"),
    }
    return _json(known.get(error.status_code, Fault("bad_request", "the request cannot be read")), error.status_code)


def _failed(_request: Request[Any, Any, Any], _error: Exception) -> Response[bytes]:
    return Response(
        fault_bytes(Fault("failed", "a bug of ours; the server's log has it")),
        status_code=500,
        media_type="application/json",
    )
