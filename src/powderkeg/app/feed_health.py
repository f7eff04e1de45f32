"""What of every venue and stream was observed, from what the journals say."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.app.asked_span import asked_span
from powderkeg.app.capture_audit import CaptureAudit, capture_audits
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library, Names
from powderkeg.domain.time import format_duration, format_instant
from powderkeg.stats.coverage import LIQUIDATION_STREAM, CoverageReport, Observed, Span, coverage_by_venue
from powderkeg.stats.liquidation_rows import gap_dict
from powderkeg.venues import VENUES

MAX_GAPS: Final = 100


class FeedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One venue's stream in an interval.

    Attributes:
        liquidation_feed: what the venue publishes of liquidations at all.
        report: what was observed.
        audits: of liquidations, how much of what others report was captured.
    """

    venue: str
    stream: str
    liquidation_feed: str | None
    report: CoverageReport
    audits: tuple[CaptureAudit, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the latest gaps, and how many there are."""
        gaps = self.report.gaps
        return {
            "venue": self.venue,
            "stream": self.stream,
            "liquidation_feed": self.liquidation_feed,
            "coverage": self.report.observed_share,
            "gap_count": len(gaps),
            "gap_s": sum(gap.to_ns - gap.from_ns for gap in gaps) / 1e9,
            "gaps": [gap_dict(gap) for gap in gaps[-MAX_GAPS:]],
            "audits": [audit.to_dict() for audit in self.audits],
        }


class FeedHealthTable(msgspec.Struct, frozen=True, kw_only=True):
    """Every recorded stream of [from, to), by venue and stream; `recorded` is the reach of everything there is."""

    span: Span
    recorded: Span | None
    rows: tuple[FeedHealth, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        reach = self.recorded
        return {
            "as_of": format_instant(self.span[1]),
            "window": format_duration(self.span[1] - self.span[0]),
            "method": "measured",
            "recorded": None if reach is None else {"from": format_instant(reach[0]), "to": format_instant(reach[1])},
            "rows": [row.to_dict() for row in self.rows],
        }


def feed_health(
    library: Library, *, venue: Names = None, window: str = "24h", as_of: Instant = None
) -> FeedHealthTable:
    """What was observed in [as_of - window, as_of), per venue and stream.

    Raises:
        InputError: an argument cannot be read.
    """
    span = asked_span(end=as_of, window=window)
    wanted = library.selection(venue=venue).venues
    observed: list[Observed] = []
    everything = library.database.observed()
    for one in everything:
        if wanted is None or one.venue in wanted:
            observed += [msgspec.structs.replace(one, stream=stream) for stream in one.stream.split("+")]
    streams = sorted({one.stream for one in observed})
    reports = {stream: coverage_by_venue(observed, (), span, stream) for stream in streams}
    liquidations = reports.get(LIQUIDATION_STREAM, {})
    audits = capture_audits(library.database, {name: report.observed for name, report in liquidations.items()})
    rows = [
        FeedHealth(
            venue=name,
            stream=stream,
            liquidation_feed=VENUES[name].liquidation_feed if name in VENUES else None,
            report=report,
            audits=audits.get(name, ()) if stream == LIQUIDATION_STREAM else (),
        )
        for stream, by_venue in reports.items()
        for name, report in by_venue.items()
    ]
    reach = (min(one.from_ns for one in everything), max(one.to_ns for one in everything)) if everything else None
    return FeedHealthTable(span=span, recorded=reach, rows=tuple(sorted(rows, key=lambda row: (row.venue, row.stream))))
