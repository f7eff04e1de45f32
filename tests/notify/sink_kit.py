"""A real HTTP server on loopback that answers as it is told, and a message to send."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager

from powderkeg.alerts.message import Alert, Message
from powderkeg.domain.time import parse_instant
from powderkeg.notify.addresses import parse_allowed

AT_NS = parse_instant("2026-01-14T12:00:00Z")
LOOPBACK = parse_allowed("127.0.0.0/8")


class Served(http.server.ThreadingHTTPServer):
    """Answers in order, the last one again and again; keeps what it was sent."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.requests = []
        self.address = f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A client that goes away is what some tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        answers = self.server.answers
        status, headers, content = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(content):
            content()
            content = b"{}"
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST  # noqa: N815 - the standard library's name

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def serving(*answers):
    """A server; each answer is (status, headers, body)."""
    with Served(answers or [(200, {}, b'{"ok": true}')]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def told(server):
    """Bodies as JSON."""
    return [json.loads(body) for _, _, body in server.requests]


def alert(number=0, **more):
    told = {"headline": f"BTC: alert {number}", "detail": "12 M USD of shorts", "sureness": "measured.", **more}
    return Alert(
        key=f"rule/BTC/{number}",
        rule="rule",
        subject="BTC",
        at_ns=AT_NS + number,
        path="/map?coin=BTC",
        strength=1.0,
        **told,
    )


def message(number=0, **more):
    one = alert(number, **more)
    return Message(key=one.key, at_ns=one.at_ns, why="alert", alerts=(one,))
