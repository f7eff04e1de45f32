"""The days US stock exchanges trade, for flows of funds that trade there.

Source: NYSE, "Holidays & Trading Hours", and Rule 7.2, read 2026-11. Rules are followed back to 2022, when Juneteenth
joined; the first crypto ETFs trade since 2024-01-11.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final

ONE_OFF_CLOSINGS: Final = frozenset({dt.date(2025, 1, 9)})
"""National day of mourning for President Carter."""

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def is_trading_day(day: dt.date) -> bool:
    """Whether the exchanges are open on a day."""
    return day.weekday() < SATURDAY and day not in ONE_OFF_CLOSINGS and day not in holidays(day.year)


def previous_trading_day(day: dt.date) -> dt.date:
    """The last trading day before `day`."""
    day -= dt.timedelta(days=1)
    while not is_trading_day(day):
        day -= dt.timedelta(days=1)
    return day


@cache
def holidays(year: int) -> frozenset[dt.date]:
    """The year's holidays on the days they are observed."""
    floating = {
        _nth_weekday(year, 1, MONDAY, 3),  # Martin Luther King
        _nth_weekday(year, 2, MONDAY, 3),  # Washington's Birthday
        easter(year) - dt.timedelta(days=2),  # Good Friday
        _last_monday_of_may(year),  # Memorial Day
        _nth_weekday(year, 9, MONDAY, 1),  # Labor Day
        _nth_weekday(year, 11, THURSDAY, 4),  # Thanksgiving
    }
    fixed = {_observed(dt.date(year, month, day)) for month, day in ((6, 19), (7, 4), (12, 25))}
    new_year = dt.date(year, 1, 1)
    if new_year.weekday() != SATURDAY:  # a Saturday's New Year is not made up for: the year's books close that Friday
        fixed.add(_observed(new_year))
    return frozenset(floating | fixed)


def _observed(day: dt.date) -> dt.date:
    """A holiday on a Saturday is kept on Friday, on a Sunday on Monday."""
    return day + dt.timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> dt.date:
    last = dt.date(year, 5, 31)
    return last - dt.timedelta(days=last.weekday())


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar.

    Source: the anonymous Gregorian computus, Meeus, "Astronomical Algorithms", chapter 8.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return dt.date(year, month, day + 1)
