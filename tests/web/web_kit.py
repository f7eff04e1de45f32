"""A real server on a loopback port, in a thread of the test, and what tests say to it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx

from powderkeg.web.app import make_app
from powderkeg.web.desk import Desk
from powderkeg.web.options import ServeOptions
from powderkeg.web.server import Connections, Server, open_port
from powderkeg.web.site import Site

TOKEN = "a-token-that-nobody-guesses-0123456789"


class Running:
    """A server that runs: its address, and its site, which belongs to the server's own loop."""

    def __init__(self, site, application, loop, port):
        self.site = site
        self.application = application
        self.loop = loop
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path, **options):
        """One GET, on a connection of its own."""
        return httpx.get(self.address + path, timeout=40, **options)

    def call(self, function, *arguments, **named):
        """Run a function in the server's loop; its result."""
        answered = asyncio.run_coroutine_threadsafe(_async(function, *arguments, **named), self.loop)
        return answered.result(20)

    def publish(self, topic, document, **filters):
        """Tell whoever listens."""
        self.call(self.site.hub.publish, topic, json.dumps(document).encode(), **filters)

    def until(self, condition, *, for_s=10.0):
        """Wait for something in the server."""
        deadline = time.monotonic() + for_s
        while not self.call(condition):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)


async def _async(function, *arguments, **named):
    return function(*arguments, **named)


@contextmanager
def serving(data_dir, *, desk_settings=None, **options):
    """Serve a directory; `options` are those of `ServeOptions`."""
    listening = open_port("127.0.0.1", 0)
    port = listening.getsockname()[1]
    started = threading.Event()
    box = {}

    def run():
        try:
            asyncio.run(main())
        finally:
            started.set()

    async def main():
        connections = Connections()
        desk = Desk(data_dir, desk_settings)
        site = Site(data_dir, desk=desk, abort=connections.abort, connection_count=lambda: connections.count)
        application = make_app(site, ServeOptions(data_dir=str(data_dir), port=port, **options))
        server = Server(application.gate, connections, site.streams.stop)
        box.update(server=server, running=Running(site, application, asyncio.get_running_loop(), port))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, and no event
            await asyncio.sleep(0.01)
        started.set()
        await task

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        assert started.wait(20)
        yield box["running"]
    finally:
        if "server" in box:
            box["server"].stop()
        thread.join(20)
        listening.close()
        assert not thread.is_alive()


def raw(port, request, *, for_s=5.0):
    """Send bytes as they are; what comes back, until the other side ends or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=for_s) as plug:
        plug.sendall(request)
        answer = b""
        try:
            while chunk := plug.recv(65_536):
                answer += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def status_of(answer):
    """The HTTP status of raw bytes."""
    return int(answer.split(b" ", 2)[1])


class Events:
    """Server-sent events of one stream, read in the test's own thread."""

    def __init__(self, port, path="/api/v1/stream", headers=()):
        self._plug = socket.create_connection(("127.0.0.1", port), timeout=15)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]
        self._plug.sendall("\r\n".join(lines).encode())
        self._file = self._plug.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, content = line.decode().partition(":")
            self.headers[name.lower()] = content.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._plug.close()

    def __iter__(self):
        """(event, id, data) of every message; comments and openings are (None, ...)."""
        message, pending = {}, b""
        while True:
            size = int(self._file.readline() or b"0", 16)
            if size == 0:
                return
            pending += self._file.read(size)
            self._file.readline()
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                if line:
                    name, _, content = line.decode().partition(": ")
                    message[name] = content
                elif message:
                    data = json.loads(message["data"]) if "data" in message else None
                    yield message.get("event"), message.get("id"), data
                    message = {}
