"""A frame of several entries as frames of one entry each, so that a bad one does not take the good ones with it.

Venues send many liquidations or trades in one message. A message with an entry that cannot be is refused as a whole by
the parsers, which decode it in one step; only then is it taken apart here. Nothing is rewritten: each part holds the
venue's own bytes of one entry in the venue's own envelope.

Where the entries stand is a tree of names, a leaf for each list: `{"data": {"details": {}}}` of OKX is the list
`details` in each element of the list `data`. A whole number is a place in an array that is no list of entries
(Bitfinex). Lists that no tree names are left alone: a list within an entry is part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from powderkeg.venues.guard import MAX_FRAME_BYTES

Entries = Mapping[str | int, Any]
"""Name or place -> what is in it, again an `Entries`; empty where the list stands."""

MAX_ENTRIES: Final = 1_000
"""The longest page of history that any venue here sends, and several times its longest burst; a frame of more is
refused whole, so that one full of rubbish cannot hold up the others."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _TooMuchError(Exception):
    """Taking the frame apart would cost more than it is worth."""


class _Parts(NamedTuple):
    """A piece of JSON with all of its entries taken out, and once for each of them."""

    emptied: bytes
    singles: list[bytes]


def apart(frame: bytes, entries: Entries) -> list[bytes]:
    """The frame once for each of its entries, in their order; nothing where there are none.

    Nothing either where they are more than `MAX_ENTRIES`, or where what wraps them, repeated with each, would be longer
    than the longest frame: nothing a venue sends may fill the memory.

    Args:
        frame: JSON text.
        entries: where its entries stand.

    Raises:
        msgspec.DecodeError: it is no JSON.
    """
    try:
        parts = _parts(frame, entries)
    except _TooMuchError:
        return []
    return [] if parts is None else parts.singles


def _parts(text: bytes, within: Entries) -> _Parts | None:
    if text.startswith(b"["):
        elements = [bytes(element) for element in _elements(text)]
        places = {place: within[place] for place in range(len(elements)) if place in within}
        if not places:
            return _of_list(elements, within)
        return _of_places([b""] * len(elements), elements, places, b"[]")
    if within and text.startswith(b"{"):
        fields = _fields(text)
        names = [msgspec.json.encode(name) + b":" for name in fields]
        places = {place: within[name] for place, name in enumerate(fields) if name in within}
        return _of_places(names, [bytes(content) for content in fields.values()], places, b"{}")
    return None


def _of_list(elements: Sequence[bytes], within: Entries) -> _Parts:
    """Each element is an entry, or holds some."""
    if len(elements) > MAX_ENTRIES:
        raise _TooMuchError
    singles: list[bytes] = []
    for element in elements:
        parts = _parts(element, within) if within else None
        singles += [element] if parts is None else parts.singles
    if len(singles) > MAX_ENTRIES:
        raise _TooMuchError
    return _Parts(b"[]", [b"[" + single + b"]" for single in singles])


def _of_places(
    names: Sequence[bytes], contents: Sequence[bytes], places: Mapping[int, Entries], brackets: bytes
) -> _Parts | None:
    """An object or array of which some places hold entries: one entry at one place, the other places empty."""
    found = {place: parts for place, tree in places.items() if (parts := _parts(contents[place], tree)) is not None}
    if not found:
        return None
    rest = [found[place].emptied if place in found else content for place, content in enumerate(contents)]
    count = sum(len(parts.singles) for parts in found.values())
    if count > MAX_ENTRIES or count * sum(map(len, rest)) > MAX_FRAME_BYTES:
        raise _TooMuchError

    def joined(changed: int | None = None, single: bytes = b"") -> bytes:
        parts = [name + (single if place == changed else rest[place]) for place, name in enumerate(names)]
        return brackets[:1] + b",".join(parts) + brackets[1:]

    return _Parts(joined(), [joined(place, single) for place, parts in found.items() for single in parts.singles])
