"""Holes in a recording that names none: silences too long for a stream of many contracts.

A table of liquidations does not say when its collector was down. But a venue-wide stream does not stay silent for half
an hour: in recorded days of Binance's (2024-08, 2025-12) the longest pause while the collector ran was 7 minutes, and
the next longer ones, 5.7 and 22 hours, were holes. So where a recording holds many contracts, a longer silence counts
as not observed. Of a few contracts nothing can be said: silence is normal there, and the whole span counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from powderkeg.domain.time import NS_PER_MINUTE
from powderkeg.stats.coverage import Span

MAX_SILENCE_NS: Final = 30 * NS_PER_MINUTE
MIN_SYMBOLS: Final = 20


def islands(pieces: Iterable[Span]) -> tuple[Span, ...]:
    """Pieces joined over every silence that is not too long; [first, last] event time, both included.

    Law: the islands of single events are those of any pieces they were joined to before.
    """
    joined: list[Span] = []
    for first, last in sorted(pieces):
        if joined and first - joined[-1][1] <= MAX_SILENCE_NS:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def split_at(span: Span, silences: Sequence[Span]) -> tuple[Span, ...]:
    """A span without the silences in it, each given as (event before, event after), in order."""
    firsts = (span[0], *(after for _, after in silences))
    lasts = (*(before for before, _ in silences), span[1])
    return tuple(zip(firsts, lasts, strict=True))


class Islands:
    """The islands of events as they come; memory grows with the number of islands, not of events."""

    def __init__(self) -> None:
        self._pieces: list[Span] = []
        self._symbols: set[str] = set()

    def note(self, ts_event_ns: int, symbol: str) -> None:
        """Take one event."""
        if len(self._symbols) < MIN_SYMBOLS:
            self._symbols.add(symbol)
        if self._pieces:
            first, last = self._pieces[-1]
            if first <= ts_event_ns <= last + MAX_SILENCE_NS:
                self._pieces[-1] = (first, max(last, ts_event_ns))
                return
        self._pieces.append((ts_event_ns, ts_event_ns))

    @property
    def symbol_count(self) -> int:
        """Different symbols, counted up to `MIN_SYMBOLS`."""
        return len(self._symbols)

    def spans(self) -> tuple[Span, ...]:
        """The islands, or one span over everything where there are too few symbols to judge."""
        return observed_spans(self._pieces, self.symbol_count)


def observed_spans(pieces: Sequence[Span], symbol_count: int) -> tuple[Span, ...]:
    """What counts as observed of pieces of a recording: its islands, or its whole span with few symbols."""
    if not pieces:
        return ()
    if symbol_count >= MIN_SYMBOLS:
        return islands(pieces)
    return ((min(first for first, _ in pieces), max(last for _, last in pieces)),)
