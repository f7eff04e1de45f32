"""What the channel numbers of one Bitfinex connection stand for: its `subscribed` replies say so.

Source: Bitfinex API v2 docs, "Public channels", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_NUMBERS: Final = 1_000  # a connection may have 25: a server that invents numbers must not fill the memory

_CHAN_ID: Final = re.compile(rb'"chanId"\s*:\s*(\d{1,18})')
_CHANNEL: Final = re.compile(rb'"channel"\s*:\s*"(\w{1,20})"')
_ABOUT: Final = re.compile(rb'"(?:key|symbol)"\s*:\s*"([\w:]{1,60})"')
_RAW_BOOK: Final = re.compile(rb'"prec"\s*:\s*"R\d"')
_OF_A_PAIR: Final = (b"t", b"deriv:t")  # lending and the channel of all liquidations have other keys


class ChannelNumbers:
    """Which channel a frame of one connection belongs to.

    Law: a data frame has an address, and can be named, if and only if its number was explained before it.
    """

    def __init__(self) -> None:
        self._names: dict[bytes, bytes] = {}

    def __call__(self, frame: bytes) -> bytes | None:
        """`channel:key` of a data frame; None for conversation and for numbers not explained."""
        if frame.startswith(b"["):
            return self._names.get(frame[1 : frame.find(b",")].strip())
        number, channel = _CHAN_ID.search(frame), _CHANNEL.search(frame)
        if number and channel and b'"subscribed"' in frame and len(self._names) < MAX_NUMBERS:
            about = _ABOUT.search(frame)
            kind = b"raw_orders" if _RAW_BOOK.search(frame) else channel[1]
            self._names[number[1]] = kind + b":" + (about[1] if about else b"")
        return None

    def named(self, frame: bytes) -> bytes:
        """The frame with its channel and key appended as recorders do it, which is how the parser reads them.

        Frames that name them already, and those of channels that are not about a pair, stay as they are.
        """
        channel, _, key = (self(frame) or b"").partition(b":")
        bare = frame.rstrip()
        if not key.startswith(_OF_A_PAIR) or not bare.endswith(b"]") or bare[:-1].rstrip().endswith(b'"'):
            return frame
        return b'%b,"%b","%b"]' % (bare[:-1], channel, key)

    @property
    def memory(self) -> tuple[str, ...]:
        """Everything explained so far, as `number=channel:key`."""
        return tuple(sorted(f"{number.decode()}={name.decode()}" for number, name in self._names.items()))

    def resume(self, memory: Iterable[str]) -> None:
        """Go on where another one stood when it said `memory`."""
        pairs = [each.encode().partition(b"=") for each in memory]
        self._names = {number: name for number, _, name in pairs}
