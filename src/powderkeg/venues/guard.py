"""The guards that every frame passes before it is decoded, and the one way to unpack a compressed one."""

from __future__ import annotations

import zlib
from typing import Final

from powderkeg.domain.errors import VenueProtocolError

MAX_FRAME_BYTES: Final = 8 * 1024 * 1024
"""No venue here documents a frame above a few MB (BitMEX's full orderBookL2 partial is the largest seen, 2021)."""

MAX_DEPTH: Final = 64
"""The deepest real message has 7 levels; msgspec recurses once per level."""

SMALL_FRAME_BYTES: Final = 1024
"""A frame this short cannot nest deep enough to hurt, so the common case pays one comparison."""

GZIP_MAGIC: Final = b"\x1f\x8b"
"""First bytes of gzip-compressed data (RFC 1952); no JSON text begins with them."""

_GZIP_WINDOW: Final = 31  # zlib's code for "largest window, gzip header"


def guard(venue: str, frame: bytes) -> None:
    """Refuse what must not even be decoded: text that is not UTF-8, frames too large, or nested too deep.

    Raises:
        VenueProtocolError: with the place of the bad byte, the measured size or depth.
    """
    if not frame.isascii() and not frame.startswith(GZIP_MAGIC):  # gzip is no text; its content comes here again
        refuse_broken_text(venue, frame)
    if len(frame) <= SMALL_FRAME_BYTES:
        return
    if len(frame) > MAX_FRAME_BYTES:
        raise VenueProtocolError(
            venue, f"frame of {len(frame)} bytes is over the limit of {MAX_FRAME_BYTES}", frame[:64]
        )
    if frame.startswith(GZIP_MAGIC):
        return  # brackets mean nothing in compressed bytes; the venue's parser guards what comes out of them
    if frame.count(b"[") + frame.count(b"{") > MAX_DEPTH and (depth := nesting_depth(frame)) > MAX_DEPTH:
        raise VenueProtocolError(venue, f"nested {depth} levels deep; the limit is {MAX_DEPTH}", frame[:64])


def decompressed(venue: str, frame: bytes) -> bytes:
    """The text of a gzip frame, guarded, and never more than `MAX_FRAME_BYTES` of it in memory.

    Raises:
        VenueProtocolError: damaged, cut short, larger than any frame may be once decompressed, or what `guard` refuses.
    """
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = inflate.decompress(frame, MAX_FRAME_BYTES + 1)
    except zlib.error as error:
        raise VenueProtocolError(venue, f"not a readable gzip frame: {error}", frame[:64]) from error
    if len(text) > MAX_FRAME_BYTES:
        raise VenueProtocolError(venue, f"gzip frame holds more than {MAX_FRAME_BYTES} bytes", frame[:64])
    if not inflate.eof or inflate.unused_data:
        raise VenueProtocolError(venue, "gzip frame is cut short or has bytes after its end", frame[:64])
    guard(venue, text)
    return text


def nesting_depth(frame: bytes) -> int:
    """Deepest bracket nesting of a JSON text, stopping at the first level above the limit.

    Brackets inside strings are counted too: that only makes the answer larger, and no venue sends them.
    """
    brackets = frame.translate(None, delete=_NOT_BRACKETS)
    depth = 0
    while brackets:
        # Each pass removes the innermost level of the whole text at C speed; MAX_DEPTH passes decide.
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        depth += 1
        if depth > MAX_DEPTH or len(shorter) == len(brackets):
            return MAX_DEPTH + 1 if len(shorter) == len(brackets) or depth > MAX_DEPTH else depth
        brackets = shorter
    return depth


def refuse_broken_text(venue: str, frame: bytes) -> None:
    """Refuse bytes that are not UTF-8. A decoder checks only the texts it keeps, so it would let others pass.

    Raises:
        VenueProtocolError: with the place of the bad byte.
    """
    try:
        frame[:MAX_FRAME_BYTES].decode()
    except UnicodeDecodeError as error:
        if error.start < MAX_FRAME_BYTES - 4:  # a character cut by the limit is reported as a frame too large
            raise VenueProtocolError(venue, f"not UTF-8 at byte {error.start}", frame) from error


_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
