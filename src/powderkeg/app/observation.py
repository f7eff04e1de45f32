"""When the liquidation streams were watched, from what the journals say."""

from __future__ import annotations

from powderkeg.app.selection import Selection
from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed
from powderkeg.store.query import Database


def observed_liquidations(database: Database, chosen: Selection) -> tuple[list[Observed], list[FeedGap]]:
    """Intervals in which liquidations were watched, and the recorded holes in them, of the chosen venues."""
    watched = [one for one in database.observed() if _is_wanted(one, chosen)]
    return watched, [gap for gap in database.gaps() if _is_wanted(gap, chosen)]


def _is_wanted(one: Observed | FeedGap, chosen: Selection) -> bool:
    return one.stream == LIQUIDATION_STREAM and (chosen.venues is None or one.venue in chosen.venues)
