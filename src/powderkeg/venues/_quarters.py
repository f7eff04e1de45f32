"""Expiry dates of quarterly contracts that are named by a letter and a year, `BTCUSDZ25`."""

from __future__ import annotations

import datetime as dt
from typing import Final

_MONTHS: Final = {"H": 3, "M": 6, "U": 9, "Z": 12}  # the futures industry's month codes


def quarter_expiry(letter: str, year: str) -> str:
    """`YYMMDD` of the last Friday of the quarter's last month.

    Args:
        letter: H, M, U or Z.
        year: its last two digits.
    """
    month = _MONTHS[letter]
    first_of_next = dt.date(2000 + int(year) + month // 12, month % 12 + 1, 1)
    last = first_of_next - dt.timedelta(days=1)
    return (last - dt.timedelta(days=(last.weekday() - 4) % 7)).strftime("%y%m%d")
