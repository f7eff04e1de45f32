"""Time inside is int64 nanoseconds UTC; outside it is milliseconds or RFC 3339.

Nothing here reads a clock: time arrives in events and arguments.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from powderkeg.domain.errors import InputError

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_S
NS_PER_HOUR: Final = 3_600 * NS_PER_S
NS_PER_DAY: Final = 86_400 * NS_PER_S

# Instants the markets of this package can have seen: crypto derivatives start in 2011, and 2100 is far enough.
_EARLIEST_S: Final = 1_293_840_000  # 2011-01-01
_LATEST_S: Final = 4_102_444_800  # 2100-01-01

_DURATION = re.compile(r"(\d+)\s*(ms|s|m|h|d|w)")
_UNIT_NS: Final = {
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": NS_PER_MINUTE,
    "h": NS_PER_HOUR,
    "d": NS_PER_DAY,
    "w": 7 * NS_PER_DAY,
}


def end_of_ms(instant_ns: int) -> int:
    """The end of the millisecond an instant lies in: venues tell no less, so what was seen then reaches there."""
    return (instant_ns // NS_PER_MS + 1) * NS_PER_MS


def ms_to_ns(value: int) -> int:
    """Milliseconds since the epoch as nanoseconds.

    Raises:
        InputError: the number can only be seconds, microseconds or nanoseconds, or lies outside 2011 to 2100.
    """
    if _EARLIEST_S * 1_000 <= value < _LATEST_S * 1_000:
        return value * NS_PER_MS
    raise InputError(f"{value} is not a time in milliseconds; {_hint(value)}")


def epoch_to_ns(value: int) -> int:
    """An epoch number of unstated unit as nanoseconds, told by its magnitude.

    Only for feeds and files that really changed their unit (Gate's `time`, Binance Vision since 2025); everywhere
    else the unit is known and a wrong one is an error.

    Raises:
        InputError: no unit puts the number between 2011 and 2100.
    """
    for unit_per_s in (1, 1_000, 1_000_000, NS_PER_S):
        if _EARLIEST_S * unit_per_s <= value < _LATEST_S * unit_per_s:
            return value * (NS_PER_S // unit_per_s)
    raise InputError(f"{value} is not an epoch time in any unit between 2011 and 2100")


def _hint(value: int) -> str:
    for unit, unit_per_s in (("seconds", 1), ("microseconds", 1_000_000), ("nanoseconds", NS_PER_S)):
        if _EARLIEST_S * unit_per_s <= value < _LATEST_S * unit_per_s:
            return f"it looks like {unit}: did you mean {value * 1_000 // unit_per_s}?"
    return "it lies outside 2011 to 2100"


def parse_instant(text: str) -> int:
    """An instant as people write it: RFC 3339 (a bare date is midnight UTC) or epoch milliseconds.

    Raises:
        InputError: not an instant, or a number that can only be seconds.
    """
    text = text.strip()
    if re.fullmatch(r"-?\d+", text):
        return ms_to_ns(int(text))
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a time; write 2026-01-14T20:00:00Z, 2026-01-14 or epoch milliseconds")
    try:
        return _rfc3339_to_ns(match)
    except ValueError as error:
        raise InputError(f"{text!r} is not a time: {error}") from None


# Written out instead of datetime.fromisoformat: nanoseconds must survive, and "+00" must be read.
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?"
)


def _rfc3339_to_ns(match: re.Match[str]) -> int:
    date, minutes, seconds, fraction, zone = match.groups()
    moment = dt.datetime.fromisoformat(f"{date}T{minutes or '00:00'}:{seconds or '00'}+00:00")
    total_s = int(moment.timestamp())
    if zone and zone not in "Zz":
        sign = 1 if zone[0] == "+" else -1
        digits = zone[1:].replace(":", "").ljust(4, "0")
        total_s -= sign * (int(digits[:2]) * 3_600 + int(digits[2:]) * 60)
    return total_s * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def format_instant(ts_ns: int) -> str:
    """RFC 3339 in UTC, with as many decimals of a second as the instant has (0, 3, 6 or 9)."""
    seconds, fraction = divmod(ts_ns, NS_PER_S)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction == 0:
        return f"{moment}Z"
    digits = f"{fraction:09d}"
    for width in (3, 6):
        if not digits[width:].strip("0"):
            return f"{moment}.{digits[:width]}Z"
    return f"{moment}.{digits}Z"


def parse_duration(text: str) -> int:
    """A positive duration such as `30s`, `5m`, `24h`, `1d` or `1h30m` in nanoseconds.

    Raises:
        InputError: not a duration, or zero.
    """
    compact = text.strip().lower()
    parts = _DURATION.findall(compact)
    total = sum(int(count) * _UNIT_NS[unit] for count, unit in parts)
    if total <= 0 or "".join(count + unit for count, unit in parts) != compact.replace(" ", ""):
        raise InputError(f"{text!r} is not a duration; write for example 1s, 5m, 4h, 24h or 1d")
    return total


def format_duration(duration_ns: int) -> str:
    """The shortest spelling of a duration in one unit: `90m`, `24h`, `7d`, `250ms`; smaller ones in nanoseconds."""
    for unit in ("d", "h", "m", "s", "ms"):
        if duration_ns % _UNIT_NS[unit] == 0 and (unit != "d" or duration_ns >= 2 * NS_PER_DAY):
            return f"{duration_ns // _UNIT_NS[unit]}{unit}"
    return f"{duration_ns}ns"


def day_of(ts_ns: int) -> str:
    """The UTC day an instant falls in, `YYYY-MM-DD`."""
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).strftime("%Y-%m-%d")
