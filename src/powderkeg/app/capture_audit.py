"""How much of what a venue itself reports as liquidated was captured: an audit, never added to a total.

Gate publishes its own totals per minute (`contract_stats`); aggregators' tables name venues too. Beside the orders
observed in the same intervals they say what share of the reported liquidations the feed shows and we keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from powderkeg.domain.time import NS_PER_HOUR, day_of
from powderkeg.stats.coverage import Span
from powderkeg.store.query import Database

MAX_INTERVAL_NS: Final = NS_PER_HOUR
"""Longer intervals are seldom watched from beginning to end."""

_AUDIT: Final = """
    WITH spans AS (
        SELECT unnest(?::VARCHAR[]) AS venue, unnest(?::BIGINT[]) AS from_ns, unnest(?::BIGINT[]) AS to_ns),
    reported AS (
        SELECT source, venue, symbol, interval_ns, ts_event_ns // interval_ns AS number,
               arg_max(coalesce(long_usd + short_usd, total_usd), ts_received_ns) AS reported_usd
        FROM liquidation_bar JOIN spans USING (venue)
        WHERE date BETWEEN ?::DATE AND ?::DATE AND interval_ns <= ?
              AND ts_event_ns - ts_event_ns % interval_ns >= from_ns
              AND ts_event_ns - ts_event_ns % interval_ns + interval_ns <= to_ns
        GROUP BY ALL HAVING reported_usd IS NOT NULL),
    captured AS (
        SELECT source, venue, symbol, interval_ns, number,
               sum(TRY_CAST(notional_usd AS DECIMAL(30, 8))) AS captured_usd
        FROM liquidation JOIN reported USING (venue, symbol)
        WHERE date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns // interval_ns = number GROUP BY ALL)
    SELECT venue, source, count(*) AS interval_count,
           coalesce(sum(captured_usd), 0)::DOUBLE AS captured_usd,
           sum(TRY_CAST(reported_usd AS DECIMAL(30, 8)))::DOUBLE AS reported_usd
    FROM reported LEFT JOIN captured USING (source, venue, symbol, interval_ns, number) GROUP BY ALL ORDER BY ALL
"""


class CaptureAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One venue beside one report, over the reported intervals that were watched from beginning to end.

    Attributes:
        source: who reports.
        interval_count: intervals compared, each of one contract.
        captured_usd: notional observed in them; orders of unknown notional count nothing.
        reported_usd: what was reported, the last time it was said.
    """

    source: str
    interval_count: int
    captured_usd: float
    reported_usd: float

    @property
    def captured_ratio(self) -> float | None:
        """Captured over reported; None where nothing was reported. Above 1, one of the two feeds is wrong."""
        return self.captured_usd / self.reported_usd if self.reported_usd > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**msgspec.structs.asdict(self), "captured_ratio": self.captured_ratio}


def capture_audits(database: Database, watched: Mapping[str, Sequence[Span]]) -> dict[str, tuple[CaptureAudit, ...]]:
    """The audits of every venue that somebody reports on.

    Args:
        database: the data directory.
        watched: venue -> stretches in which its liquidations were observed.
    """
    spans = [(venue, *span) for venue, ones in watched.items() for span in ones]
    if not spans:
        return {}
    venues, starts, ends = (list(column) for column in zip(*spans, strict=True))
    days = [day_of(min(starts)), day_of(max(ends))]
    found: dict[str, tuple[CaptureAudit, ...]] = {}
    for row in database.rows(_AUDIT, [venues, starts, ends, *days, MAX_INTERVAL_NS, *days]):
        venue = row.pop("venue")
        found[venue] = (*found.get(venue, ()), CaptureAudit(**row))
    return found
