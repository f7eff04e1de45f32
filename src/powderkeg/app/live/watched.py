"""When each stream was watched, live: the past as it was recorded, connections of this run, and the gaps in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed, Span
from powderkeg.stats.liquidations import DEFAULT_RETENTION_NS

NOT_RUNNING: Final = "the collector was not running"

Stream = tuple[str, str]
"""(venue, stream class)"""


class Watched:
    """Coverage of a running session, kept as long as the windows need it."""

    def __init__(self) -> None:
        self._past: list[Observed] = []
        self._past_gaps: list[FeedGap] = []
        self._backfilled: list[Observed] = []
        self._watched_until_ns: dict[Stream, int] | None = None  # None until the past is known
        self._first_opened_ns: dict[Stream, int] = {}
        self._ended: list[Observed] = []
        self._gaps: list[FeedGap] = []

    def take_over(
        self, past: Iterable[Observed], watched_until_ns: Mapping[Stream, int], gaps: Iterable[FeedGap] = ()
    ) -> list[FeedGap]:
        """Learn the past and its gaps; the gaps between its end and the first connections of this run."""
        self._past = list(past)
        self._past_gaps = list(gaps)
        self._watched_until_ns = dict(watched_until_ns)
        return [gap for stream, at_ns in self._first_opened_ns.items() for gap in self._absence(stream, at_ns)]

    def opened(self, venue: str, stream: str, at_ns: int) -> list[FeedGap]:
        """A connection of these classes stands; the gap since the run before, told once per class."""
        gaps: list[FeedGap] = []
        for name in stream.split("+"):
            if (venue, name) not in self._first_opened_ns:
                self._first_opened_ns[venue, name] = at_ns
                gaps += self._absence((venue, name), at_ns)
        return gaps

    def closed(self, venue: str, stream: str, span: Span) -> None:
        """A connection ended."""
        self._ended += [Observed(venue, name, *span, "connection", None) for name in stream.split("+")]
        kept_from_ns = span[1] - DEFAULT_RETENTION_NS
        if self._ended[0].to_ns < kept_from_ns:
            self._ended = [one for one in self._ended if one.to_ns >= kept_from_ns]

    def gap(self, gap: FeedGap) -> None:
        """One class was not observed."""
        self._gaps.append(gap)
        kept_from_ns = gap.to_ns - DEFAULT_RETENTION_NS
        if self._gaps[0].to_ns < kept_from_ns:
            self._gaps = [one for one in self._gaps if one.to_ns >= kept_from_ns]

    def backfilled(self, gap: FeedGap) -> None:
        """The venue has told what it keeps of a gap: it counts as observed, marked as such."""
        self._backfilled.append(
            Observed(gap.venue, LIQUIDATION_STREAM, gap.from_ns, gap.to_ns, "backfill", None, gap.reason)
        )

    @property
    def gaps(self) -> tuple[FeedGap, ...]:
        """Recorded holes, as far back as windows reach: those of before, then those of this run."""
        return (*self._past_gaps, *self._gaps)

    def observed(self, lanes: Iterable[tuple[str, str, int]], now_ns: int) -> list[Observed]:
        """Everything watched; `lanes` are (venue, classes joined by `+`, opened) of the connections that stand."""
        standing = [
            Observed(venue, name, opened_ns, max(now_ns, opened_ns), "connection", None)
            for venue, stream, opened_ns in lanes
            for name in stream.split("+")
        ]
        return [*self._past, *self._ended, *self._backfilled, *standing]

    def _absence(self, stream: Stream, until_ns: int) -> Iterator[FeedGap]:
        if self._watched_until_ns is None:
            return
        from_ns = self._watched_until_ns.pop(stream, None)
        if from_ns is not None and from_ns < until_ns:
            yield FeedGap(*stream, from_ns, until_ns, NOT_RUNNING)
