"""Quiet hours: times of the day, in a stated zone, in which nothing is sent and everything is kept."""

from __future__ import annotations

import datetime as dt
import re
from typing import Self

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class QuietHours(msgspec.Struct, frozen=True):
    """[from, to) of every day; over midnight where `to` is the earlier one.

    Attributes:
        from_minute, to_minute: minutes since midnight of the zone.
        zone: whose midnight.
    """

    from_minute: int
    to_minute: int
    zone: dt.tzinfo

    @classmethod
    def parse(cls, text: str, zone: dt.tzinfo) -> Self:
        """From `22:00-07:00`.

        Raises:
            InputError: not of that form, or from and to are equal.
        """
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise InputError(f"quiet hours {text!r} cannot be read; write them as 22:00-07:00")
        hours = [int(part) for part in match.groups()]
        begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if begin == end:
            raise InputError(f"quiet hours {text!r} begin when they end; leave them out, or turn the rules silent")
        return cls(begin, end, zone)

    def is_quiet(self, at_ns: int) -> bool:
        """Whether an instant lies in them."""
        local = dt.datetime.fromtimestamp(at_ns // NS_PER_S, self.zone)
        minute = local.hour * 60 + local.minute
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute
