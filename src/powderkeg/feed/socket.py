"""One WebSocket connection from its opening to its end: subscribe, deliver, ping, answer pings."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from powderkeg.feed.backoff import Refusal, retry_or_fatal
from powderkeg.feed.hearing import Heard, Hearing
from powderkeg.feed.liveness import Limits, Liveness
from powderkeg.feed.plan import Plan
from powderkeg.feed.ports import Clock, Stamper
from powderkeg.venues.guard import MAX_FRAME_BYTES

TOO_BIG: Final = 1009
"""Close code for a message that is too big. Source: RFC 6455, section 7.4.1."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Deliver = Callable[["Socket", int, bytes, Heard], None]


class Socket:
    """One connection of a plan.

    Attributes:
        key: names the connection.
        liveness: None until it is open.
        first_data_ns: receipt of the first frame with data, None before.
        opened_s: monotonic time of opening, None before.
        ending: why it was ended by us, None while nobody wants it to end.
    """

    def __init__(
        self, key: str, plan: Plan, limits: Limits, clock: Clock, deliver: Deliver, stamper: Stamper | None = None
    ) -> None:
        self.key = key
        self.plan = plan
        self.liveness: Liveness | None = None
        self.first_data_ns: int | None = None
        self.opened_s: float | None = None
        self.ending: str | None = None
        self._limits = limits
        self._clock = clock
        self._deliver = deliver
        self._stamp = None if stamper is None else stamper(key)
        self._connection: ClientConnection | None = None

    async def live(self, on_open: Callable[[Socket], None], on_subscribed: Callable[[], None]) -> Refusal:
        """Open, subscribe and deliver until the connection ends; why it ended.

        Args:
            on_open: called once the connection stands, before the first frame.
            on_subscribed: called once every request was sent: from then on the canary is due.
        """
        try:
            connection = await self._open()
        except (OSError, EOFError, WebSocketException) as error:
            return refusal_of_handshake(error, self._clock.now_ns(), self._limits.open_s)
        self._connection = connection
        self.opened_s = self._clock.monotonic()
        self.liveness = Liveness(self.plan, self._limits, self.opened_s)
        on_open(self)
        helpers = (
            asyncio.create_task(self._keep(connection, self.liveness, on_subscribed)),
            asyncio.create_task(self._probe(connection)),
        )
        try:
            await self._pump(connection, self.liveness)
        except ConnectionClosed as error:
            return refusal_of_closing(error)
        finally:
            for helper in helpers:
                helper.cancel()
            connection.transport.abort()  # after a closing handshake there is nothing left to abort

    async def close(self) -> None:
        """Say goodbye; `live` returns after it. Bounded by `Limits.close_s`."""
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> ClientConnection:
        is_local = urlsplit(self.plan.url).hostname in _LOOPBACK
        return await connect(
            self.plan.url,
            open_timeout=self._limits.open_s,
            close_timeout=self._limits.close_s,
            ping_interval=None,  # `_keep` pings: a venue that sends data but answers no pings is alive too
            max_size=MAX_FRAME_BYTES,
            proxy=None if is_local else True,
        )

    async def _pump(self, connection: ClientConnection, liveness: Liveness) -> NoReturn:
        hear = Hearing(self.plan).hear
        now_ns, monotonic, deliver, stamp = self._clock.now_ns, self._clock.monotonic, self._deliver, self._stamp
        while True:
            payload = await connection.recv(decode=False)
            ts_received_ns = now_ns() if stamp is None else stamp(payload)
            heard = hear(payload)
            liveness.frame(heard, monotonic())
            if heard.is_data and self.first_data_ns is None:
                self.first_data_ns = ts_received_ns
            deliver(self, ts_received_ns, payload, heard)
            if heard.reply is not None:
                await connection.send(heard.reply)

    async def _keep(self, connection: ClientConnection, liveness: Liveness, on_subscribed: Callable[[], None]) -> None:
        """Subscribe, then ping: by protocol, and by message where the venue wants that."""
        try:
            await self._subscribe(connection)
            liveness.subscribed(self._clock.monotonic())
            on_subscribed()
            message_s = self.plan.ping_interval_s if self.plan.ping is not None else None
            due_message_s = 0.0 if message_s is None else self._clock.monotonic() + message_s
            while True:
                pong = asyncio.ensure_future(await connection.ping())
                pong.add_done_callback(lambda answer: self._pong(liveness, answer))
                await asyncio.sleep(self._limits.ping_every_s)
                if self.plan.ping is not None and message_s is not None and self._clock.monotonic() >= due_message_s:
                    await connection.send(self.plan.ping)
                    due_message_s = self._clock.monotonic() + message_s
        except ConnectionClosed:
            return  # `_pump` sees the same and says so

    async def _probe(self, connection: ClientConnection) -> None:
        """Ask for the canary again and again, where it does not come by itself."""
        texts = self.plan.canary.probe if self.plan.canary is not None else ()
        with suppress(ConnectionClosed):
            while texts:
                await asyncio.sleep(self._limits.probe_every_s)
                for text in texts:
                    await connection.send(text)

    def _pong(self, liveness: Liveness, answer: asyncio.Future[float]) -> None:
        if not answer.cancelled() and answer.exception() is None:
            liveness.pong(self._clock.monotonic())

    async def _subscribe(self, connection: ClientConnection) -> None:
        pause_s = 0.0 if self.plan.requests_per_s is None else 1.0 / self.plan.requests_per_s
        for number, text in enumerate(self.plan.subscribe):
            if number and pause_s:
                await asyncio.sleep(pause_s)
            await connection.send(text)


def refusal_of_handshake(error: Exception, now_ns: int, open_s: float) -> Refusal:
    """What a failed attempt to connect means."""
    if isinstance(error, InvalidStatus):
        response = error.response
        headers = {name: response.headers.get_all(name)[0] for name in response.headers}
        return retry_or_fatal("handshake refused", status=response.status_code, headers=headers, now_ns=now_ns)
    if isinstance(error, InvalidURI | ssl.SSLCertVerificationError):
        return Refusal(f"cannot connect: {error}", is_fatal=True)
    if isinstance(error, TimeoutError):
        return Refusal(f"no answer within {open_s:g} s")
    return Refusal(f"cannot connect: {str(error) or type(error).__name__}")


def refusal_of_closing(error: ConnectionClosed) -> Refusal:
    """What the end of an open connection means."""
    if error.sent is not None and error.sent.code == TOO_BIG and not error.rcvd_then_sent:
        return Refusal(f"frame over {MAX_FRAME_BYTES} bytes refused")
    if error.rcvd is None:
        return Refusal("connection lost")
    said = f" {error.rcvd.reason!r}" if error.rcvd.reason else ""
    return Refusal(f"closed by the venue: {error.rcvd.code}{said}")
