"""Why a question about liquidations finds none: five causes that must never look alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from powderkeg.app.liquidation_queries import groups
from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import format_instant
from powderkeg.stats.coverage import Observed, Span
from powderkeg.store.query import Database
from powderkeg.venues import VENUES

NOTHING_HERE: Final = (
    "not connected: no liquidations are recorded here; import a file (powderkeg import FILE) or run powderkeg demo."
)

EmptyState = Literal["not_published", "not_connected", "filtered_out", "not_watched", "no_events"]
"""`not_published`: the venue does not tell; `not_watched`: nothing was recorded then; `no_events`: truly none."""


class Emptiness(NamedTuple):
    """Why there is nothing: the cause for programs, one sentence for people."""

    state: EmptyState
    message: str


def why_empty(
    database: Database, span: Span, chosen: Selection, *, coins: Sequence[str], venues: Sequence[str]
) -> Emptiness:
    """The cause: venue without a feed, not connected, filtered out, not watched then, or truly none.

    Args:
        database: what was asked.
        span: the window, [from, to) ns.
        chosen: the selection that found nothing.
        coins: the coins as they were asked for; none means all.
        venues: the venues as they were asked for; none means all.
    """
    slugs = [venue_slug(venue) for venue in venues]
    silent = [slug for slug in slugs if VENUES[slug].liquidation_feed == "none"]
    if silent:
        return Emptiness("not_published", f"{', '.join(silent)} does not publish its liquidations.")
    everything = Selection(None, None)
    reach = _reach(database, Selection(None, chosen.venues))
    others = sum(group.count for group in groups(database, [span], everything)[0]) if coins or venues else 0
    there_are = f"there are {others:,} of other {_filters(coins, venues)} in the window"
    if reach is None:
        if not slugs or _reach(database, everything) is None:
            return Emptiness("not_connected", NOTHING_HERE)
        told = f"not connected: no liquidations of {', '.join(slugs)} are recorded here"
        return Emptiness("not_connected", f"{told}; {there_are}." if others else f"{told}.")
    if others:
        return Emptiness("filtered_out", f"filtered out; {there_are}.")
    if not any(one.from_ns < span[1] and one.to_ns > span[0] for one in _watched(database, chosen)):
        first, last = format_instant(reach[0]), format_instant(reach[1])
        told = f"not watched then; what is recorded lies between {first} and {last}, ask for that with --as-of."
        return Emptiness("not_watched", told)
    return Emptiness("no_events", "none in what was recorded of it; below stands how much that is.")


def _filters(coins: Sequence[str], venues: Sequence[str]) -> str:
    return " or ".join(word for word, given in (("coins", coins), ("venues", venues)) if given)


def _watched(database: Database, chosen: Selection) -> list[Observed]:
    return observed_liquidations(database, chosen)[0]


def _reach(database: Database, chosen: Selection) -> Span | None:
    """From the first to the last instant at which liquidations were watched, None where they never were."""
    watched = _watched(database, chosen)
    return (min(one.from_ns for one in watched), max(one.to_ns for one in watched)) if watched else None
