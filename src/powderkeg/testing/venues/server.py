"""A venue's server: real sockets on loopback, one event loop, frames in the story's order at a given pace.

The URL paths are the venue's own, so a client only exchanges the origin (`wss://stream.bybit.com` for `base_url`).
Plain HTTP requests to the same port are answered by `rest.py`; paths below `/simulator/` switch faults and tell the
ledger, for those who run the server in a process of its own (`control.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.testing.venues.connection import MAX_BUFFERED_BYTES, SocketOutlet
from powderkeg.testing.venues.control import control
from powderkeg.testing.venues.delivery import Delivery
from powderkeg.testing.venues.faults import Fault, FaultName
from powderkeg.testing.venues.ledger import Ledger
from powderkeg.testing.venues.rest import RestDesk
from powderkeg.testing.venues.story import SimulatedFrame, Story

TICK_S: Final = 0.005  # shorter than any latency promised, long enough to write many messages at once
BEAT_S: Final = 0.5
BATCH: Final = 500  # frames between two looks at the sockets
CLOSE_TIMEOUT_S: Final = 1.0


class Playback(msgspec.Struct, frozen=True, kw_only=True):
    """How a story is played.

    Attributes:
        speed: story seconds per second; None as fast as the clients read.
        is_patient: the story stands still until every channel of a client that was cut off is subscribed again, so
            that nothing is lost but by a fault, and two runs lose the same. A real venue does not wait.
        is_held: `begin` must be called before the first frame.
        is_on_time: frames go out when the machine's clock shows their times, at once where that is past; speed is 1.
        patience_s: a client that takes nothing for so long while its buffer is full is thrown out.
        max_age_s: connections are closed at this age, as Binance does after a day; None never.
    """

    speed: float | None = 1.0
    is_patient: bool = False
    is_held: bool = False
    is_on_time: bool = False
    patience_s: float = 5.0
    max_age_s: float | None = None

    def __post_init__(self) -> None:
        if self.is_on_time and self.speed != 1.0:
            raise InputError(f"a story that is told on time has speed 1, not {self.speed}")
        if (self.speed is not None and self.speed <= 0) or self.patience_s <= 0:
            raise InputError(f"speed and patience_s must be above 0; got {self}")


class SimulatedVenue:
    """One venue on a port of its own.

        async with SimulatedVenue(Scenario(duration_s=60), "bybit") as venue:
            ...  # connect to venue.url("linear")
            await venue.ended()

    Args:
        story: what happens.
        venue: slug.
        faults: planned ones.
        fault_seed: of what faults draw.
        playback: pace.
    """

    def __init__(
        self,
        story: Story,
        venue: str,
        *,
        faults: Iterable[Fault] = (),
        fault_seed: int = 0,
        playback: Playback | None = None,
    ) -> None:
        self.venue = venue
        self.playback = playback or Playback()
        self.delivery = Delivery(story, venue, faults, fault_seed)
        self.rejected = 0  # connections turned away by a fault
        self.evicted = 0  # clients that did not read
        self._rest = RestDesk(venue, self.delivery.memory)
        self._frames = iter(story.frames(venue))
        self._start_ns = story.start_ns
        self._frozen: list[SocketOutlet] = []
        self._count = 0
        self._server: Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = asyncio.Event()
        self._ended = asyncio.Event()
        self._heard = asyncio.Event()
        if not self.playback.is_held:
            self._begun.set()

    @property
    def ledger(self) -> Ledger:
        """What was sent, lost and repeated so far."""
        return self.delivery.ledger

    @property
    def base_url(self) -> str:
        """`ws://127.0.0.1:<port>`."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            raise InputError(f"the simulated {self.venue} is not running; start it first")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def outlets(self) -> list[SocketOutlet]:
        """Clients that are connected and not half open."""
        return [outlet for outlet in self.delivery.outlets if isinstance(outlet, SocketOutlet)]

    def url(self, path: str) -> str:
        """Address of a path by its name, as `Subscriptions.urls` names them."""
        return self.base_url + self.delivery.protocol.paths[path]

    async def start(self, port: int = 0) -> None:
        """Listen on loopback, on a free port unless one is given, and play once begun."""
        self._server = await serve(
            self._handle,
            "127.0.0.1",
            port,
            process_request=self._answer,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            write_limit=MAX_BUFFERED_BYTES,
            max_size=1 << 20,
        )
        self._tasks = [asyncio.create_task(self._play()), asyncio.create_task(self._beat())]

    async def close(self) -> None:
        """Stop playing, say good-bye to every client and wait until they are gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for outlet in [*self._frozen, *(outlet for outlet in self.outlets if not outlet.is_live)]:
            outlet.abort()
        if self._server is not None:
            self._server.close(code=1001, reason="")
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def document(self) -> dict[str, object]:
        """The ledger and what only the server knows, ready for JSON."""
        mine = {
            "rejected": self.rejected,
            "evicted": self.evicted,
            "connections": self._count,
            "sent": self.ledger.sent,
        }
        return {"venue": self.venue, "is_ended": self._ended.is_set(), **mine, **self.ledger.document()}

    def begin(self) -> None:
        """Let the story begin."""
        self._begun.set()

    async def ended(self) -> None:
        """Wait until the story is over and everything is written.

        Raises:
            Exception: whatever ended the playing task before.
        """
        waiting = asyncio.create_task(self._ended.wait())
        done, _ = await asyncio.wait({waiting, self._tasks[0]}, return_when=asyncio.FIRST_COMPLETED)
        if waiting not in done:
            waiting.cancel()
            self._tasks[0].result()

    async def settle(self, timeout_s: float = 5.0) -> None:
        """Wait until every client has received what was written: a ping goes behind it, its pong comes back.

        Raises:
            TimeoutError: a client did not answer in time.
        """
        async with asyncio.timeout(timeout_s):
            for outlet in self.outlets:
                with contextlib.suppress(ConnectionClosed):
                    await (await outlet.socket.ping())

    def start_fault(self, fault: Fault) -> None:
        """Switch a fault on now, until `stop_fault` or its `to_ns`."""
        self.delivery.start(fault)
        self._flush()

    def stop_fault(self, name: FaultName) -> None:
        """Switch a fault off now."""
        self.delivery.stop(name)
        self._flush()

    # Connections

    def _answer(self, _socket: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP and refuse what must be refused; None lets a WebSocket in."""
        path, _, query = request.path.partition("?")
        if path.startswith("/simulator/"):
            return _json(*control(self, path.removeprefix("/simulator/"), query))
        if (refusal := self.delivery.stage.refuse()) is not None:
            self.rejected += 1
            return _json(refusal.status, b'{"msg":"simulated refusal"}', str(refusal.retry_after_s))
        if request.headers.get("Upgrade", "").lower() != "websocket":
            document = self._rest.answer(path, query, self.delivery.now_ns)
            return _json(404, b'{"msg":"not found"}') if document is None else _json(200, document)
        known = self.delivery.protocol.open(path, query, 0)
        return _json(404, b'{"msg":"not found"}') if known is None else None

    async def _handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None, "the handshake is over"
        path, _, query = socket.request.path.partition("?")
        self._count += 1
        session = self.delivery.protocol.open(path, query, self._count)
        assert session is not None, "unknown paths are refused before"
        outlet = SocketOutlet(socket, session, self._count, asyncio.get_running_loop().time())
        self.delivery.outlets.append(outlet)
        try:
            self.delivery.greet(outlet)
            await self._listen(outlet)
        except ConnectionClosed:
            pass
        finally:
            self.delivery.leave(outlet)
            if outlet in self._frozen:
                self._frozen.remove(outlet)

    async def _listen(self, outlet: SocketOutlet) -> None:
        while not outlet.session.is_closing:
            outlet.flush()
            self._heard.set()
            text = await outlet.socket.recv(decode=False)
            if outlet.is_live:
                self.delivery.hear(outlet, text.decode(errors="replace"))

    # Playing

    async def _play(self) -> None:
        await self._begun.wait()
        loop = asyncio.get_running_loop()
        zero_s = loop.time()
        if self.playback.is_on_time:
            zero_s += self._start_ns / NS_PER_S - time.time()
        for number, frame in enumerate(self._frames):
            if (ahead_s := self._due_s(frame) + zero_s - loop.time()) > 0:
                await self._let_others_work(max(ahead_s, TICK_S))
            elif number % BATCH == 0:
                await self._let_others_work()
            if self.delivery.awaited or not self.delivery.stage.is_clear(frame.at_ns):
                self.delivery.advance(frame.at_ns)
                self._sort_out()
                zero_s += await self._wait_for_readers()
            self.delivery.push(frame)
        self.delivery.end()
        await self._let_others_work()
        self._ended.set()

    def _due_s(self, frame: SimulatedFrame) -> float:
        return 0.0 if self.playback.speed is None else (frame.at_ns - self._start_ns) / NS_PER_S / self.playback.speed

    async def _let_others_work(self, rest_s: float = 0.0) -> None:
        """Write what is queued, wait for clients that are behind, and sleep; a tick's frames go out together."""
        self._flush()
        for outlet in self.outlets:
            if outlet.buffered_bytes >= MAX_BUFFERED_BYTES:
                await self._wait_for(outlet)
        await asyncio.sleep(rest_s)
        self._sort_out()

    async def _wait_for(self, outlet: SocketOutlet) -> None:
        try:
            async with asyncio.timeout(self.playback.patience_s):
                await outlet.socket.drain()
        except TimeoutError:
            self.evicted += 1
            outlet.abort()

    async def _wait_for_readers(self) -> float:
        """Seconds for which the story stood still because clients that were cut off were not back."""
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        while self.playback.is_patient and self.delivery.awaited:
            self._flush()
            self._heard.clear()
            await self._heard.wait()
        return loop.time() - since_s

    def _sort_out(self) -> None:
        """Clients that are gone, dropped or half open get nothing more."""
        for outlet in self.outlets:
            if not outlet.is_live:
                self.delivery.leave(outlet)
                if outlet.is_frozen:
                    self._frozen.append(outlet)

    def _flush(self) -> None:
        self._sort_out()
        for outlet in self.outlets:
            outlet.flush()

    async def _beat(self) -> None:
        """What depends on a connection's age rather than on the story."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(BEAT_S)
            for outlet in self.outlets:
                age_s = loop.time() - outlet.opened_s
                self.delivery.beat(outlet, age_s)
                outlet.flush()
                is_old = self.playback.max_age_s is not None and age_s > self.playback.max_age_s
                if is_old or outlet.session.is_closing:
                    await outlet.socket.close(1001 if is_old else 1000)


def _json(status: int, body: bytes, retry_after: str | None = None) -> Response:
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return Response(status, HTTPStatus(status).phrase if status != 418 else "I'm a teapot", headers, body)
