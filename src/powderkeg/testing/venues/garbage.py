"""Frames no parser may accept: broken text, impossible numbers, wrong shapes; made from a real frame of the venue."""

from __future__ import annotations

import re
from typing import Any, Final, cast

import msgspec

from powderkeg.testing.frames import trade_frame
from powderkeg.testing.venues.contracts import LISTED

_PRICE: Final = 98_765.4375  # found again in the finished frame, whatever the venue calls its field
_SPELLED: Final = re.compile(rb'"?98765\.4375"?')
_DEPTH: Final = 2_000  # beyond any limit, and small enough to be sent often

_IMPOSSIBLE: Final = {
    "nan": b"NaN",
    "nan_text": b'"NaN"',
    "infinity": b'"Infinity"',
    "overflow": b"1e999",
    "negative": b'"-98765.4375"',
    "absurd": b"1e308",
    "word": b'"dear"',
    "null": b"null",
    "object": b'{"price":[1]}',
}
"""What stands in the place of a price."""


def garbage(venue: str) -> dict[str, bytes]:
    """What is wrong with it -> frame; none of them is a message of the venue.

    Args:
        venue: a slug that can be simulated over sockets.
    """
    symbol = LISTED[venue][0].venue_symbol
    frame = trade_frame(venue, venue_symbol=symbol, taker_side="buy", qty=3.0, price=_PRICE, ts_ms=1_789_570_200_000)
    found = {name: _SPELLED.sub(lambda _, text=text: text, frame) for name, text in _IMPOSSIBLE.items()}
    found["cut"] = frame[:-3]
    found["missing_field"] = msgspec.json.encode(_without_price(msgspec.json.decode(frame)))
    found["unknown_contract"] = frame.replace(symbol.encode(), b"?!").replace(symbol.lower().encode(), b"?!")
    found["deep"] = b"[" * _DEPTH + b"]" * _DEPTH
    found["not_utf8"] = b'{"channel":"\xff\xfe"}'
    found["stranger"] = b'{"surprise":true}'
    found["no_json"] = b"<html><title>502 Bad Gateway</title></html>"
    return found


def _without_price(node: Any) -> Any:
    """The document without every field that holds the price."""
    if isinstance(node, dict):
        named = cast("dict[str, Any]", node)
        return {name: _without_price(inner) for name, inner in named.items() if inner not in (_PRICE, str(_PRICE))}
    return [_without_price(inner) for inner in cast("list[Any]", node)] if isinstance(node, list) else node
