"""The application on a port: bounded connections, slow ones ended, an orderly stop."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from powderkeg.domain.errors import StoreBusyError
from powderkeg.web.gate.gate import Asgi
from powderkeg.web.stream import Scope
from powderkeg.web.stream_sockets import MAX_SAID_BYTES

MAX_CONNECTIONS: Final = 2_000
REQUEST_S: Final = 10.0
"""How long a connection may take to say what it wants."""

SEND_BUFFER_BYTES: Final = 131_072
"""Of the kernel, per connection: who does not read is noticed after this much, and not after megabytes."""

WRITE_BUFFER_BYTES: Final = 32_768
HEADER_BYTES: Final = 16_384
BACKLOG: Final = 512
STOP_S: Final = 3

Address = tuple[str, int]


class Connections:
    """The transports of open connections by the address of their other end, so that one can be ended at once."""

    def __init__(self) -> None:
        self._open: weakref.WeakValueDictionary[Address, asyncio.Transport] = weakref.WeakValueDictionary()

    def add(self, transport: asyncio.Transport) -> None:
        """Remember one as long as it lives."""
        name = transport.get_extra_info("peername")
        if name:
            self._open[name[0], name[1]] = transport

    def abort(self, scope: Scope) -> None:
        """End the connection of a scope, whatever it still holds."""
        client = scope.get("client")
        transport = self._open.get((client[0], client[1])) if client else None
        if transport is not None:
            transport.abort()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)


def _protocol(connections: Connections) -> type[H11Protocol]:
    class BoundedProtocol(H11Protocol):
        """One connection: refused where there are too many, ended where it says nothing."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
            super().connection_made(transport)
            transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
            connections.add(transport)
            if len(self.connections) > MAX_CONNECTIONS:
                transport.abort()
                return
            self.loop.call_later(REQUEST_S, self._end_if_silent)

        def _end_if_silent(self) -> None:
            if not self.cycle and self.transport.get_protocol() is self:
                self.transport.abort()

    return BoundedProtocol


def open_port(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        StoreBusyError: the address is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        told = f"{host}:{port} cannot be listened on: {error.strerror}; is another server there? Take another --port"
        raise StoreBusyError(told) from error
    return listening


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nothing listens there now."""
    try:
        open_port(host, port).close()
    except StoreBusyError:
        return False
    return True


class Server(uvicorn.Server):
    """Serves until told to stop; streams end first, else it would wait for them.

    Args:
        app: the application.
        connections: is told of every connection.
        on_stop: ends the streams.
    """

    def __init__(self, app: Asgi, connections: Connections, on_stop: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,  # type: ignore[arg-type] # the same protocol, named differently
            loop="asyncio",
            http=_protocol(connections),
            ws="websockets-sansio",
            ws_max_size=MAX_SAID_BYTES * 4,
            ws_per_message_deflate=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=HEADER_BYTES,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=STOP_S,
        )
        super().__init__(config)
        self._on_stop = on_stop

    def stop(self) -> None:
        """Ask for an orderly end."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then everything else."""
        self._on_stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """An interrupt is an orderly end, and not raised again after it."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM)
        with suppress(ValueError, RuntimeError):  # not the main thread: whoever runs it stops it
            for number in numbers:
                loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            with suppress(ValueError, RuntimeError):
                for number in numbers:
                    loop.remove_signal_handler(number)


def allow_many_files() -> None:
    """Raise this process's own limit of open files as far as it may: each stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 256
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
