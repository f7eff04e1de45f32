"""The time a message says of itself, for recordings that kept no receive time."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import epoch_to_ns, parse_instant

TIME_KEYS: Final = (
    # The envelope's own time first, then the row's; the names are those of the venues' docs, read 2026-07.
    *("E", "ts", "time_ms", "timestamp_e6", "timestamp", "time", "T", "created_at", "createdAt", "updatedTime"),
    *("trade_time_ms", "updated_at_e9", "usOut", "transaction_time"),
)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_SMALLEST_EPOCH_MS: Final = 10**12
_MAX_DEPTH: Final = 8


def message_time_ns(message: object, depth: int = 0) -> int | None:
    """The first time found, the outermost first; None where a message says none.

    In objects only keys that venues use for times count, in arrays (Bitfinex) any number as large as epoch
    milliseconds.
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(message, dict):
        fields = cast("dict[str, Any]", message)
        for key in TIME_KEYS:
            found = _as_time(fields.get(key))
            if found is not None:
                return found
        inner: list[Any] = list(fields.values())
    elif isinstance(message, list):
        inner = cast("list[Any]", message)
        for item in reversed(inner):  # where an array carries a receive time it is the last item
            if type(item) is int and item >= _SMALLEST_EPOCH_MS and (found := _as_time(item)) is not None:
                return found
    else:
        return None
    found_inside = (message_time_ns(item, depth + 1) for item in inner)
    return next((found for found in found_inside if found is not None), None)


def _as_time(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len("1784890800000000000"):
        value = int(value)
    try:
        if type(value) is int:
            return epoch_to_ns(value)
        if isinstance(value, float):
            return epoch_to_ns(int(value * 1_000))
        if isinstance(value, str) and _ISO.match(value):
            return parse_instant(value)
    except InputError:
        return None
    return None
