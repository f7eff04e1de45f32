"""Paths are taken as they are written: nothing here needs escapes, so every escape is a trick."""

from __future__ import annotations

import re
from typing import Final

from powderkeg.web.faults import Refused

MAX_PATH_BYTES: Final = 512

_PLAIN: Final = re.compile(rb"/(?:[A-Za-z0-9_.\-]+/?)*")


def check_path(raw_path: bytes) -> None:
    """Let through plain names with single slashes between.

    Raises:
        Refused: anything else: escapes, `..`, `//`, backslashes, control characters, absolute addresses.
    """
    plain = len(raw_path) <= MAX_PATH_BYTES and _PLAIN.fullmatch(raw_path)
    if not plain or any(part.startswith(b".") for part in raw_path.split(b"/")):
        raise Refused(400, "bad_path", "the path cannot be read; write it plainly, without escapes")
