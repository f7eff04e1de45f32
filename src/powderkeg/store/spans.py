"""When what was observed: connections' times, less the gaps their collector noted, and what was filled in afterwards.

A journal's list of gaps also holds what became of them: a gap of a venue's history that was asked for, and answered in
full, is noted once more under the stream `backfill`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed
from powderkeg.store.journal_format import JournalConnection, Record
from powderkeg.venues.rest import BACKFILL


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One connection's time, from its opening to its closing or last record."""

    connection_id: int
    venue: str
    stream: str
    kind: Literal["frames", "rows"]
    from_ns: int
    to_ns: int


def note_record(spans: dict[int, Span], record: Record, connections: Mapping[int, JournalConnection]) -> None:
    """Widen the span of a record's connection to its receive time."""
    span = spans.get(record.connection_id)
    if span is None:
        known = connections.get(record.connection_id)
        if known is None:
            return
        span = spans[record.connection_id] = Span(
            connection_id=known.connection_id,
            venue=known.venue,
            stream=known.stream,
            kind=known.kind,
            from_ns=known.opened_ns,
            to_ns=known.opened_ns,
        )
    if span.kind == "frames" and record.position > span.to_ns:
        spans[record.connection_id] = msgspec.structs.replace(span, to_ns=record.position)


def closed_spans(spans: Mapping[int, Span], connections: Mapping[int, JournalConnection]) -> tuple[Span, ...]:
    """The spans in order of connection, ended at the connection's own closing where it has one."""
    closed: list[Span] = []
    for number, span in sorted(spans.items()):
        known = connections.get(number)
        end_ns = known.closed_ns if known is not None else None
        closed.append(span if end_ns is None else msgspec.structs.replace(span, to_ns=end_ns))
    return tuple(closed)


def observed_of(spans: Iterable[Span], gaps: Iterable[FeedGap], journal_id: str) -> list[Observed]:
    """What a journal's connections watched, stream by stream, with its gaps cut out.

    A connection's `stream` names its classes joined by `+`; a gap names one of them, or all as the connection does.
    """
    gaps = tuple(gaps)
    holes: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for gap in gaps:
        for stream in gap.stream.split("+"):
            holes.setdefault((gap.venue, stream), []).append((gap.from_ns, gap.to_ns))
    watched = [
        Observed(span.venue, stream, from_ns, to_ns, "connection", journal_id)
        for span in spans
        if span.kind == "frames"
        for stream in span.stream.split("+")
        for from_ns, to_ns in without_gaps((span.from_ns, span.to_ns), holes.get((span.venue, stream), []))
    ]
    return watched + [
        Observed(gap.venue, LIQUIDATION_STREAM, gap.from_ns, gap.to_ns, "backfill", journal_id, gap.reason)
        for gap in gaps
        if gap.stream == BACKFILL and gap.from_ns < gap.to_ns
    ]


def backfill_note(gap: FeedGap) -> FeedGap:
    """What a collector notes when a venue has told all the liquidations it keeps of a gap."""
    return FeedGap(gap.venue, BACKFILL, gap.from_ns, gap.to_ns, gap.reason)


def real_gaps(gaps: Iterable[FeedGap]) -> list[FeedGap]:
    """The gaps of a journal's list, stream by stream, without the notes of what became of them."""
    return [
        msgspec.structs.replace(gap, stream=stream)
        for gap in gaps
        for stream in gap.stream.split("+")
        if stream != BACKFILL
    ]


def without_gaps(whole: tuple[int, int], gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a half-open interval that lie in no gap, in order; empty parts are left out."""
    parts: list[tuple[int, int]] = []
    begin, end = whole
    for gap_from, gap_to in sorted(gap for gap in gaps if gap[0] < gap[1]):  # a clock set back makes empty ones
        if gap_from > begin and begin < end:
            parts.append((begin, min(gap_from, end)))
        begin = max(begin, gap_to)
    if begin < end:
        parts.append((begin, end))
    return parts
