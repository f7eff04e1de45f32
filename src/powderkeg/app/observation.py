"""When the liquidation streams were watched, from what the journals say."""

from __future__ import annotations

from powderkeg.app.selection import Selection
from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed
from powderkeg.store.query import Database


def observed_liquidations(database: Database, chosen: Selection) -> tuple[list[Observed], list[FeedGap]]:
    """Intervals in which liquidations were watched, and the recorded holes in them, of the chosen venues."""
    watched = [
        Observed(one.venue, LIQUIDATION_STREAM, one.from_ns, one.to_ns, one.how, one.journal_id)
        for one in database.observed()
        if LIQUIDATION_STREAM in one.stream.split("+") and (chosen.venues is None or one.venue in chosen.venues)
    ]
    return watched, []
