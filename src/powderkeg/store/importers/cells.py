"""Cells of a table row as numbers and times, strict: what cannot be true is refused with the column's name."""

from __future__ import annotations

from functools import lru_cache

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_US, ms_to_ns, parse_instant
from powderkeg.domain.units import ABSURD


def number(text: str, column: str) -> float:
    """A finite number of any sign.

    Raises:
        InputError: empty, not a number, NaN, infinite or beyond anything a market prints.
    """
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not -ABSURD < found < ABSURD or "_" in text:
        raise InputError(f"{column} {text[:40]!r} is not a number a market can print")
    return found


def positive(text: str, column: str) -> float:
    """A number above zero.

    Raises:
        InputError: see `number`; or zero, or negative.
    """
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.0 < found < ABSURD or "_" in text:
        raise InputError(f"{column} {text[:40]!r} is not a positive number")
    return found


def non_negative(text: str, column: str) -> float:
    """A number of zero or above.

    Raises:
        InputError: see `number`; or negative.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0.0 <= found < ABSURD or "_" in text:
        raise InputError(f"{column} {text[:40]!r} is not a number of zero or above")
    return found


def maybe(text: str, column: str) -> float | None:
    """A number of any sign, or None where the cell is empty: unknown is not zero."""
    return number(text, column) if text else None


def maybe_non_negative(text: str, column: str) -> float | None:
    """A number of zero or above, or None where the cell is empty."""
    return non_negative(text, column) if text else None


def whole(text: str, column: str) -> int:
    """A count of zero or above, also where a writer printed it as `12.0`.

    Raises:
        InputError: not a whole number.
    """
    found = non_negative(text, column)
    if found != int(found):
        raise InputError(f"{column} {text[:40]!r} is not a whole number")
    return int(found)


def integer(text: str, column: str) -> int:
    """A plain decimal integer, nothing around it.

    Raises:
        InputError: anything but digits.
    """
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{column} {text[:40]!r} is not an integer")
    return int(text)


def time_ms(text: str, column: str) -> int:
    """Epoch milliseconds as nanoseconds.

    Raises:
        InputError: not an integer; or seconds, microseconds or nanoseconds by its magnitude, with a hint.
    """
    return ms_to_ns(integer(text, column))


def time_us(text: str, column: str) -> int:
    """Epoch microseconds as nanoseconds.

    Raises:
        InputError: not an integer, or another unit by its magnitude.
    """
    found = integer(text, column)
    try:
        return ms_to_ns(found // 1_000) + found % 1_000 * NS_PER_US
    except InputError:
        raise InputError(f"{column} {text} is not a time in microseconds between 2011 and 2100") from None


@lru_cache(maxsize=4096)  # rows of several coins or venues share their stamps
def instant(text: str) -> int:
    """A written instant (`2026-01-14T20:00:00Z`, `2024-07-31 23:00:00+00`, `2024-12-31`) as nanoseconds.

    Raises:
        InputError: unreadable, or a number that can only be seconds.
    """
    return parse_instant(text)
