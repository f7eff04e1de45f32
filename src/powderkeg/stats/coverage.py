"""What was observed, what was not, and why: interval algebra on int64 nanoseconds, half-open.

No figure travels without the share of its window in which the feed was being watched. Three facts decide it:

- `Observed` intervals say when a stream was watched (a connection) or is complete by another road (an import);
- `FeedGap`s say when it was not, although a connection stood, and why;
- an import or a back-fill closes a gap: what was fetched afterwards counts as observed, and is marked as such.

So covered = (connections - gaps) | imports | back-fills. The rest of the window is reported as gaps, with the recorded
reason where there is one and `not recorded` where there is none: covered length plus gap length is always the window.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import format_instant

Span = tuple[int, int]
"""[from_ns, to_ns): nanoseconds UTC, half-open."""

LIQUIDATION_STREAM: Final = "liquidation"
NOT_RECORDED: Final = "not recorded"


class Observed(msgspec.Struct, frozen=True, gc=False):
    """An interval [from_ns, to_ns) in which a venue's stream was observed.

    Attributes:
        how: `connection` (watched live), `import` (complete from a file), or `backfill` (the venue was asked for it
            afterwards, and answered).
        journal_id: the journal the frames stand in; None where there is none.
        reason: of a back-fill: why the interval was not watched live.
    """

    venue: str
    stream: str
    from_ns: int
    to_ns: int
    how: Literal["connection", "import", "backfill"]
    journal_id: str | None
    reason: str = ""


class CoverageReport(msgspec.Struct, frozen=True):
    """How much of a window was observed.

    Attributes:
        observed_share: covered length over window length, 0 to 1; None where nothing is known about the stream.
        gaps: the uncovered parts in order, each with its reason; empty where nothing is known.
        observed: the covered parts in order, disjoint.
        backfilled: those of them that the venue told afterwards, each with why it was not watched live.
    """

    observed_share: float | None
    gaps: tuple[FeedGap, ...]
    observed: tuple[Span, ...] = ()
    backfilled: tuple[FeedGap, ...] = ()


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same instants as `spans`, sorted, disjoint, not touching; empty spans vanish.

    Raises:
        InputError: a span ends before it begins.
    """
    merged: list[Span] = []
    for start, end in sorted(spans):
        if end < start:
            raise InputError(f"interval ends before it begins: from {format_instant(start)} to {format_instant(end)}")
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersection(first: Iterable[Span], second: Iterable[Span]) -> tuple[Span, ...]:
    """Instants in both, as `union` gives them."""
    ones, others = union(first), union(second)
    common: list[Span] = []
    i = j = 0
    while i < len(ones) and j < len(others):
        start, end = max(ones[i][0], others[j][0]), min(ones[i][1], others[j][1])
        if start < end:
            common.append((start, end))
        if ones[i][1] <= others[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def complement(spans: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """Instants of `window` that no span holds."""
    missing: list[Span] = []
    cursor = window[0]
    for start, end in intersection(spans, [window]):
        if cursor < start:
            missing.append((cursor, start))
        cursor = end
    if cursor < window[1]:
        missing.append((cursor, window[1]))
    return tuple(missing)


def length(spans: Iterable[Span]) -> int:
    """Nanoseconds covered, each instant counted once."""
    return sum(end - start for start, end in union(spans))


def coverage_of(observed: Iterable[Observed], gaps: Iterable[FeedGap], window: Span) -> CoverageReport:
    """Coverage of one venue's stream in a window.

    Args:
        observed: what was watched; intervals outside the window count as knowledge that the stream is recorded at all.
        gaps: holes inside the connections; parts an import covers are closed.
        window: [from, to), not empty.

    Raises:
        InputError: the window is empty, or the records are not all of one venue and stream.
    """
    observed, gaps = tuple(observed), tuple(gaps)
    if window[0] >= window[1]:
        raise InputError("the window is empty; give an end after its beginning")
    streams = {(record.venue, record.stream) for record in (*observed, *gaps)}
    if not streams:
        return CoverageReport(None, ())
    if len(streams) > 1:
        named = ", ".join(f"{venue} {stream}" for venue, stream in sorted(streams))
        raise InputError(f"coverage is of one stream, got {named}; ask for each")
    ((venue, stream),) = streams
    holes = union((gap.from_ns, gap.to_ns) for gap in gaps)
    connected = intersection(_spans(observed, "connection"), [window])
    watched = intersection(connected, complement(holes, window))
    live = intersection(union((*watched, *_spans(observed, "import"))), [window])
    told = intersection(_spans(observed, "backfill"), complement(live, window))
    covered = union((*live, *told))
    missing = _with_reasons(complement(covered, window), gaps)
    return CoverageReport(
        observed_share=length(covered) / (window[1] - window[0]),
        gaps=tuple(FeedGap(venue, stream, start, end, reason) for start, end, reason in missing),
        observed=covered,
        backfilled=tuple(
            FeedGap(venue, stream, start, end, reason)
            for start, end, reason in _with_reasons(told, (_as_gap(one) for one in observed if one.how == "backfill"))
        ),
    )


def open_gaps(gaps: Iterable[FeedGap], observed: Iterable[Observed]) -> list[FeedGap]:
    """The parts of recorded gaps that no other connection watched, each instant once, in order of stream and time.

    One collector's gap is none where another one, or a second connection of it, was watching.

    Args:
        gaps: as collectors noted them, each of one stream.
        observed: with each collector's own gaps already cut out, as `Database.observed` gives it.
    """
    watched: dict[tuple[str, str], list[Span]] = {}
    for one in observed:
        if one.how == "connection":
            watched.setdefault((one.venue, one.stream), []).append((one.from_ns, one.to_ns))
    noted: dict[tuple[str, str], list[FeedGap]] = {}
    for gap in gaps:
        if gap.from_ns < gap.to_ns:
            noted.setdefault((gap.venue, gap.stream), []).append(gap)
    found: list[FeedGap] = []
    for key, holes in sorted(noted.items()):
        whole = union((gap.from_ns, gap.to_ns) for gap in holes)
        rest = intersection(whole, complement(watched.get(key, []), (whole[0][0], whole[-1][1])))
        found += [FeedGap(*key, start, end, reason) for start, end, reason in _with_reasons(rest, holes)]
    return found


def coverage_by_venue(
    observed: Iterable[Observed],
    gaps: Iterable[FeedGap],
    window: Span,
    stream: str = LIQUIDATION_STREAM,
) -> dict[str, CoverageReport]:
    """`coverage_of` for every venue with a record of the stream; a venue that is absent is not known."""
    kept = [record for record in observed if record.stream == stream]
    holes = [gap for gap in gaps if gap.stream == stream]
    venues = sorted({record.venue for record in (*kept, *holes)})
    return {
        venue: coverage_of(
            [record for record in kept if record.venue == venue],
            [gap for gap in holes if gap.venue == venue],
            window,
        )
        for venue in venues
    }


def clipped(report: CoverageReport, window: Span) -> CoverageReport:
    """Share and gaps of a window inside the reported one; `observed` is left out, bars do not need it."""
    if report.observed_share is None:
        return report
    first = max(bisect.bisect_right(report.gaps, window[0], key=_from_of) - 1, 0)
    inside: list[FeedGap] = []
    for gap in report.gaps[first:]:
        start, end = max(gap.from_ns, window[0]), min(gap.to_ns, window[1])
        if start < end:
            inside.append(FeedGap(gap.venue, gap.stream, start, end, gap.reason))
        elif gap.from_ns >= window[1]:
            break
    missing = sum(gap.to_ns - gap.from_ns for gap in inside)
    span_ns = window[1] - window[0]
    return CoverageReport((span_ns - missing) / span_ns, tuple(inside))


def joint_share(reports: Sequence[CoverageReport | None]) -> float | None:
    """Observed share of a figure summed over streams: the mean, each stream's window counting alike.

    None where one of them is not known, or where there is none: a known part must not stand for the whole.
    """
    shares = [report.observed_share if report else None for report in reports]
    known = [share for share in shares if share is not None]
    if not known or len(known) < len(shares):
        return None
    return sum(known) / len(known)


def _as_gap(one: Observed) -> FeedGap:
    return FeedGap(one.venue, one.stream, one.from_ns, one.to_ns, one.reason)


def _from_of(gap: FeedGap) -> int:
    return gap.from_ns


def _spans(observed: Iterable[Observed], how: str) -> tuple[Span, ...]:
    return union((record.from_ns, record.to_ns) for record in observed if record.how == how)


def _with_reasons(missing: Iterable[Span], gaps: Iterable[FeedGap]) -> list[tuple[int, int, str]]:
    """Cut the missing spans at the gaps and give each piece its reason; where gaps overlap, the earlier one speaks."""
    pieces: list[tuple[int, int, str]] = []
    rest = tuple(missing)
    for gap in sorted(gaps, key=lambda gap: (gap.from_ns, gap.to_ns, gap.reason)):
        said = intersection(rest, [(gap.from_ns, gap.to_ns)])
        if said:
            pieces += [(start, end, gap.reason) for start, end in said]
            hull = (rest[0][0], rest[-1][1])
            rest = intersection(rest, complement(said, hull))
    return sorted(pieces + [(start, end, NOT_RECORDED) for start, end in rest])
