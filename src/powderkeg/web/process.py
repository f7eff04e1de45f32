"""The server's process: alone over a data directory, or fed by a collector through standard input.

A collector starts it as `python -m powderkeg.web.process`, so that listeners, however many, cannot delay a frame.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from powderkeg.web.app import make_app
from powderkeg.web.feeding import Opened, Receiver
from powderkeg.web.following import Follower
from powderkeg.web.frames import pack
from powderkeg.web.options import ServeOptions
from powderkeg.web.server import Connections, Server, allow_many_files, open_port
from powderkeg.web.site import Site
from powderkeg.web.upkeep import Upkeep


def serve(options: ServeOptions, tell: Callable[[str], None], *, for_s: float | None = None) -> None:
    """Serve until SIGINT, SIGTERM, or for so long.

    Args:
        options: where and for whom.
        tell: is told the address once it answers.
        for_s: how long, None for ever.

    Raises:
        StoreBusyError: the port is taken.
    """
    listening = open_port(options.host, options.port)
    asyncio.run(_serve(options, listening, tell, for_s))


def address_of(listening: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listening.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - a name
    return f"http://{name}:{port}"


async def _serve(
    options: ServeOptions, listening: socket.socket, tell: Callable[[str], None], for_s: float | None
) -> None:
    allow_many_files()
    connections = Connections()
    site = Site(Path(options.data_dir), abort=connections.abort, connection_count=lambda: connections.count)
    if options.is_ahead:
        site.upkeep = Upkeep(site.desk, scores=options.is_scored)
    server = Server(make_app(site, options).gate, connections, site.streams.stop)
    gc.freeze()  # modules stay: looking through them again and again would stop the loop
    if for_s is not None:
        asyncio.get_running_loop().call_later(for_s, server.stop)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="serve")
    source = Receiver(site, is_simulated=options.is_simulated) if options.is_fed else Follower(site)
    feeding = asyncio.create_task(source.run(), name="feed")
    try:
        await _answering(server, serving)
        tell(address_of(listening))
        await asyncio.wait([serving, feeding], return_when=asyncio.FIRST_COMPLETED)
        server.stop()
        await serving
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        listening.close()


async def _answering(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has a flag, and no event
        await asyncio.sleep(0.01)


def _first_line() -> bytes:
    """Byte by byte: what follows is for the loop to read."""
    line = b""
    while (byte := os.read(sys.stdin.fileno(), 1)) not in (b"", b"\n"):
        line += byte
    return line


def main() -> None:
    """Serve what the first line of standard input says, until it ends."""
    options = msgspec.json.decode(_first_line(), type=ServeOptions)

    def tell(address: str) -> None:
        sys.stdout.buffer.write(pack(Opened(address)))
        sys.stdout.buffer.flush()

    serve(options, tell)


if __name__ == "__main__":
    main()
