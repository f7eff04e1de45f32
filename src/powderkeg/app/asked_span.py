"""The interval a question is about, from the words it was asked in."""

from __future__ import annotations

from powderkeg.app.instants import Instant, instant_ns
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS, format_instant, parse_duration
from powderkeg.stats.coverage import Span


def asked_span(*, start: Instant = None, end: Instant = None, window: str = "24h") -> Span:
    """[start, end) in ns; `window` before the end where no start is given; the end is now where none is given.

    Raises:
        InputError: an argument cannot be read, or the interval ends before it starts.
    """
    end_ns = instant_ns(end)
    start_ns = end_ns - parse_duration(window) if start is None else instant_ns(start)
    if start_ns >= end_ns:
        raise InputError(
            f"the interval from {format_instant(start_ns)} to {format_instant(end_ns)} is empty; let it end later"
        )
    return start_ns, end_ns


def span_words(span: Span) -> tuple[int, str]:
    """The interval as (end in epoch ms, length as a duration), the words other questions are asked in."""
    return span[1] // NS_PER_MS, f"{(span[1] - span[0]) // NS_PER_MS}ms"
