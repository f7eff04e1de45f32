"""One client's socket, seen from the venue."""

from __future__ import annotations

import asyncio
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from powderkeg.testing.venues.protocols import Session

MAX_BUFFERED_BYTES: Final = 1 << 20  # queued for a client before the venue waits for it
ABORT_AFTER_S: Final = 2.0  # a client that does not end its side of a dropped connection


class SocketOutlet:
    """A `delivery.Outlet` over a WebSocket: messages are queued and written many at a time.

    Attributes:
        session: what the client has subscribed.
        number: of the connection, from 1.
        sent: messages written so far.
        is_frozen: it is half open: nothing more is read, answered or sent.
    """

    def __init__(self, socket: ServerConnection, session: Session, number: int, opened_s: float) -> None:
        self.socket = socket
        self.session = session
        self.number = number
        self.opened_s = opened_s
        self.sent = 0
        self.is_frozen = False
        self._is_over = False
        self._pending: list[bytes] = []

    @property
    def is_live(self) -> bool:
        """Messages put now will be written."""
        return not self._is_over and not self.is_frozen and self.socket.state is State.OPEN

    @property
    def buffered_bytes(self) -> int:
        """Written, and not yet taken by the network."""
        return self.socket.transport.get_write_buffer_size()

    def put(self, payload: bytes) -> None:
        """Queue a message; `flush` writes it."""
        self._pending.append(payload)

    def flush(self) -> None:
        """Write what is queued, in one piece: a system call per message would cost more than the message."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        if not self.is_live:
            return
        protocol = self.socket.protocol
        for payload in pending:
            if payload.isascii() or _is_text(payload):
                protocol.send_text(payload)
            else:
                protocol.send_binary(payload)
        self.sent += len(pending)
        self.socket.transport.write(b"".join(protocol.data_to_send()))

    def hang_up(self) -> None:
        """End the stream after what is queued; the client sees it end without a closing handshake."""
        self.flush()
        if not self._is_over and not self.is_frozen:
            self._is_over = True
            self.socket.transport.write_eof()
            asyncio.get_running_loop().call_later(ABORT_AFTER_S, self.abort)

    def freeze(self) -> None:
        """Stop reading, and with it answering pings; what is queued still goes out."""
        self.flush()
        if not self._is_over:
            self.is_frozen = True
            self.socket.transport.pause_reading()

    def abort(self) -> None:
        """End the connection at once, whatever is on the way."""
        self.socket.transport.abort()


def _is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
