"""Which class of stream a frame is of, told by the venue's channel name in its first bytes.

Parsing would tell exactly, but this is asked when there is no time to parse: when a queue is filling up. A frame that
cannot be told passes for the most precious class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from powderkeg.venues import VENUES

UNTOLD: Final = ""
"""Acknowledgments, heartbeats, compressed frames, and venues that number their channels."""

HEAD_BYTES: Final = 256
"""Every venue here names the channel before the data; the longest preamble in its documented messages is below 160."""

PRECIOUS_LAST: Final = ("book", "trade", "funding_rate", "mark_price", "open_interest", "liquidation")
"""The declared order of shedding, first to go first. A lost book comes again whole; a lost liquidation never does."""

_RANK: Final = {stream: rank for rank, stream in enumerate(PRECIOUS_LAST)}


@cache
def stream_teller(venue: str) -> Callable[[bytes], str]:
    """The function that tells the class of the venue's frames, `UNTOLD` where it cannot.

    A channel that carries several classes is told as all of them, joined by `+`, the most precious one first.
    """
    markers = _markers(venue)

    def tell(frame: bytes) -> str:
        head = frame[:HEAD_BYTES]
        for marker, stream in markers:
            if marker in head:
                return stream
        return UNTOLD

    return tell


def _markers(venue: str) -> list[tuple[bytes, str]]:
    """(channel name, its classes), channels with precious ones first."""
    carried: dict[str, list[str]] = {}
    for stream, channel in VENUES[venue].subscriptions.channels.items():
        carried.setdefault(channel, []).append(stream)
    for streams in carried.values():
        streams.sort(key=_rank, reverse=True)
    ranked = sorted(carried.items(), key=lambda item: _rank(item[1][0]), reverse=True)
    return [(channel.encode(), "+".join(streams)) for channel, streams in ranked]


def _rank(stream: str) -> int:
    return _RANK.get(stream, -1)
