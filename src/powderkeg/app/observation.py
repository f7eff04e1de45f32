"""When the liquidation streams were watched, from what the journals say."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.selection import Selection
from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed, Span, coverage_by_venue
from powderkeg.store.query import Database


def observed_liquidations(database: Database, chosen: Selection) -> tuple[list[Observed], list[FeedGap]]:
    """Intervals in which liquidations were watched, and the recorded holes in them, of the chosen venues."""
    watched = [one for one in database.observed() if _is_wanted(one, chosen)]
    return watched, [gap for gap in database.gaps() if _is_wanted(gap, chosen)]


class ObservedSource(msgspec.Struct, frozen=True):
    """A venue behind an answer, and the observed share of the time asked for; None where that is not known."""

    venue: str
    coverage: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"venue": self.venue, "stream": LIQUIDATION_STREAM, "coverage": self.coverage}


def observed_sources(database: Database, chosen: Selection, span: Span) -> tuple[ObservedSource, ...]:
    """The chosen venues whose liquidations were ever watched, and how much of the span they were."""
    watched, gaps = observed_liquidations(database, chosen)
    reports = coverage_by_venue(watched, gaps, span, LIQUIDATION_STREAM)
    return tuple(ObservedSource(venue, report.observed_share) for venue, report in sorted(reports.items()))


def _is_wanted(one: Observed | FeedGap, chosen: Selection) -> bool:
    return one.stream == LIQUIDATION_STREAM and (chosen.venues is None or one.venue in chosen.venues)
