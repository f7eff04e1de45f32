"""Instants as people give them to the Python API."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS, NS_PER_S, parse_instant

Instant = str | int | dt.datetime | None

FAR_FUTURE_NS: Final = 4_102_444_800 * NS_PER_S  # 2100-01-01, the end of `domain.time`


def instant_ns(instant: Instant) -> int:
    """An instant as the API takes it, in ns; None is now, in whole milliseconds like every other instant asked for.

    Raises:
        InputError: unreadable, a number that can only be seconds, or a datetime without zone.
    """
    if instant is None:
        return time.time_ns() // NS_PER_MS * NS_PER_MS
    if isinstance(instant, dt.datetime):
        if instant.tzinfo is None:
            raise InputError(f"{instant!r} has no time zone; give one, such as datetime.UTC")
        return parse_instant(instant.astimezone(dt.UTC).isoformat())
    return parse_instant(str(instant))
