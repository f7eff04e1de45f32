"""Serves the dashboard's own files over a made-up market, as the real server does, and streams at a chosen rate."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from powderkeg.bench.ui_market import Market
from powderkeg.web.app import PAGES
from powderkeg.web.endpoints import API
from powderkeg.web.files import load_files
from powderkeg.web.gate.headers import CONTENT_SECURITY_POLICY

PULSE_S: Final = 0.05


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    market: Market
    files: dict[str, Any]
    rate: float
    is_over = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a tab is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] # what this handler is made for
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        name = path.removeprefix(f"{API}/")
        if path == f"{API}/stream":
            self._stream()
        elif path == "/schema":
            self._json({"paths": {f"{API}/{known}": {} for known in self.server.market.paths}})
        elif path.startswith(API):
            self._json(self.server.market.document(name))
        else:
            self._file("index.html" if path in PAGES else path.removeprefix("/"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass

    def _json(self, document: Any) -> None:
        self._send(200 if document else 404, "application/json", json.dumps(document).encode())

    def _file(self, name: str) -> None:
        found = self.server.files.get(name)
        if found is None:
            self._send(404, "text/plain", b"")
        else:
            self._send(200, found.media, found.squeezed or found.content, squeezed=bool(found.squeezed))

    def _send(self, status: int, media: str, content: bytes, *, squeezed: bool = False) -> None:
        self.send_response(status)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(content)))
        self.send_header("content-security-policy", CONTENT_SECURITY_POLICY)
        if squeezed:
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        number, due = 0, time.monotonic()
        with suppress(OSError):
            while not self.server.is_over:
                due += PULSE_S
                for _ in range(round(self.server.rate * PULSE_S)):
                    number += 1
                    told = json.dumps(self.server.market.order(number, time.time_ns()))
                    self.wfile.write(f"id: bench-{number}\nevent: liquidation\ndata: {told}\n\n".encode())
                self.wfile.flush()
                time.sleep(max(0.0, due - time.monotonic()))


@contextmanager
def served(market: Market, *, rate: float = 0.0) -> Generator[str]:
    """The address of the dashboard while it is served.

    Args:
        market: what it shows.
        rate: liquidations a second on the stream.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.market, server.files, server.rate = market, load_files(), rate
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.is_over = True
        server.shutdown()
        server.server_close()
        thread.join(5)
