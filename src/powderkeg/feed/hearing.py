"""What a frame is to the connection it came on: data of which streams, the canary, a ping to answer. Pure.

This is not parsing: one look at where the frame says it belongs. A frame that says nothing readable is nothing here and
is delivered all the same; the parser decides what it is worth.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from powderkeg.feed.plan import Plan
from powderkeg.venues.guard import GZIP_MAGIC

MAX_LOOK_BYTES: Final = 4096
"""Addresses and pings stand at the beginning; of a compressed frame no more is looked at."""

MAX_REMEMBERED: Final = 10_000
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Heard(msgspec.Struct, frozen=True):
    """What a frame is.

    Attributes:
        is_data: it carries data of some channel, as opposed to acknowledgments and heartbeats.
        is_canary: it proves the path.
        is_behind: it is of the slower canary behind that one (`venues.base.Canary.behind`).
        streams: stream classes of the plan that it belongs to.
        reply: text the venue wants back.
    """

    is_data: bool = False
    is_canary: bool = False
    is_behind: bool = False
    streams: tuple[str, ...] = ()
    reply: str | None = None


NOTHING: Final = Heard()


class Hearing:
    """Listens to one connection of a plan; its frames must be given in order."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._address = plan.address()
        self._reply = plan.reply
        self._known: dict[bytes, Heard] = {}

    def hear(self, frame: bytes) -> Heard:
        """What the next frame is. Raises nothing a frame could cause."""
        if frame.startswith(GZIP_MAGIC):
            frame = _beginning(frame)
        address = self._address(frame)
        if address is None:
            reply = self._reply(frame) if self._reply is not None else None
            return NOTHING if reply is None else Heard(reply=reply)
        heard = self._known.get(address)
        if heard is None:
            heard = self._judge(address)
            if len(self._known) < MAX_REMEMBERED:  # a venue that invents channels must not fill the memory
                self._known[address] = heard
        return heard

    def _judge(self, address: bytes) -> Heard:
        canary = self._plan.canary
        behind = None if canary is None else canary.behind
        channels = self._plan.frame_channels.items()
        return Heard(
            is_data=True,
            is_canary=canary is None or canary.address in address,
            is_behind=behind is not None and behind.address in address,
            streams=tuple(stream for stream, channel in channels if channel.encode() in address),
        )


def _beginning(frame: bytes) -> bytes:
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(frame, MAX_LOOK_BYTES)
    except zlib.error:
        return b""
