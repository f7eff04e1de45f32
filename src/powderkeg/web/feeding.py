"""What a collector tells its server, on the server's standard input; both sides of it.

The collector never waits: what the pipe does not take is dropped, and the server tells its listeners to start again.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from powderkeg.app.live.counters import Sample
from powderkeg.app.told_order import event_dict
from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import coin_of
from powderkeg.web.frames import LENGTHS

if TYPE_CHECKING:
    from powderkeg.web.site import Site

FedKind = Literal["liquidations", "totals", "health", "samples", "data", "gap", "alert", "lost"]

MAX_FED_BYTES: Final = 64 * 1_048_576


EVENTS: Final = msgspec.json.Decoder(list[Liquidation])
SAMPLES: Final = msgspec.json.Decoder(list[Sample])


class Opened(msgspec.Struct, frozen=True):
    """What the server tells its collector: where it answers."""

    address: str


class Fed(msgspec.Struct, frozen=True):
    """The head of a message; the body is JSON: a document, of `liquidations` a list of events, of `samples` metrics."""

    kind: FedKind


class Receiver:
    """Publishes what a collector tells.

    Args:
        site: whose hub, health and metrics are fed.
        is_simulated: every liquidation is labeled so.
    """

    def __init__(self, site: Site, *, is_simulated: bool) -> None:
        self._site = site
        self._label = {"simulated": True} if is_simulated else {}

    async def run(self) -> None:
        """Until the collector ends."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        with suppress(asyncio.IncompleteReadError):
            while True:
                head_length, body_length = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
                assert head_length + body_length < MAX_FED_BYTES, "the collector is our own"
                head = await reader.readexactly(head_length)
                body = await reader.readexactly(body_length)
                self.take(msgspec.json.decode(head, type=Fed).kind, body)
        transport.close()

    def take(self, kind: FedKind, body: bytes) -> None:
        """Publish one message."""
        site = self._site
        if kind == "liquidations":
            for event in EVENTS.decode(body):
                document = msgspec.json.encode({**event_dict(event), **self._label})
                coin = coin_of(event.symbol)
                site.hub.publish("liquidation", document, coin=coin, notional_usd=event.notional_usd)
        elif kind == "samples":
            site.samples = SAMPLES.decode(body)
        elif kind == "lost":
            site.hub.interrupt()
        else:
            if kind == "health":
                site.live = body
            site.hub.publish(kind, body)
