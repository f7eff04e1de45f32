"""After a restart: windows, memories and coverage as a run without interruption would have them.

Everything is read from what was committed before this run, archive and journals alike, through the views that answer
queries; so what was recorded twice, or imported meanwhile, counts as it does there. The order of events does not
matter to the totals (`stats.liquidations`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.pipeline import Pipeline
from powderkeg.domain.events import FeedGap, Liquidation
from powderkeg.domain.time import format_instant
from powderkeg.stats.coverage import Observed
from powderkeg.stats.liquidations import DEFAULT_RETENTION_NS
from powderkeg.store.decode import DecoderState
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.overlap import handed_on
from powderkeg.store.query import Database

_DAY: Final = re.compile(r"-\d{4}-\d{2}-\d{2}(-\d+)?$")


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector goes on from.

    Attributes:
        pipeline: statistics with the retained past in them.
        decoder_state: for the decoder of the journal the collector writes.
        observed: when the venues were watched, in the retained past.
        gaps: when they were not, and why.
        watched_until_ns: (venue, stream) -> end of the last time it was watched.
        liquidations: how many were read.
        problems: what could not be read.
    """

    pipeline: Pipeline
    decoder_state: DecoderState
    observed: tuple[Observed, ...] = ()
    gaps: tuple[FeedGap, ...] = ()
    watched_until_ns: dict[tuple[str, str], int] = {}
    liquidations: int = 0
    problems: tuple[str, ...] = ()


def rebuild(data_dir: Path, journal_id: str, until_seq: int, venues: Collection[str], now_ns: int) -> Rebuilt:
    """Read the past of a data directory.

    Args:
        data_dir: the data directory.
        journal_id: the journal that is being written.
        until_seq: its last batch of before this run, 0 if it is new.
        venues: slugs of the venues that are collected; others are left out.
        now_ns: windows are kept up to the retention before this.

    Raises:
        StoreError: the archive cannot be read at all.
    """
    from_ns = now_ns - DEFAULT_RETENTION_NS
    with Database(data_dir, until={journal_id: until_seq}) as database:
        events = _liquidations(database, from_ns, sorted(venues))
        pipeline = Pipeline()
        pipeline.update(events)
        observed = [one for one in database.observed() if one.venue in venues]
        watched: dict[tuple[str, str], int] = {}
        for one in (one for one in observed if one.how != "backfill"):
            watched[one.venue, one.stream] = max(one.to_ns, watched.get((one.venue, one.stream), 0))
        return Rebuilt(
            pipeline=pipeline,
            decoder_state=_state(database, journal_id, until_seq),
            observed=tuple(one for one in observed if one.to_ns > from_ns),
            gaps=tuple(gap for gap in database.gaps() if gap.venue in venues and gap.to_ns > from_ns),
            watched_until_ns=watched,
            liquidations=len(events),
            problems=tuple(f"{problem.path}: {problem.reason}" for problem in database.problems),
        )


def _liquidations(database: Database, from_ns: int, venues: list[str]) -> list[Liquidation]:
    # The upper end is far: a venue whose clock runs ahead has events that are still to come by ours.
    table = database.query(
        "SELECT * EXCLUDE (date) FROM liquidation WHERE date >= ?::DATE AND ts_event_ns >= ? "
        "AND venue IN (SELECT unnest(?::VARCHAR[])) ORDER BY ts_event_ns",
        [format_instant(from_ns)[:10], from_ns, venues],
    )
    return msgspec.convert(table.to_pylist(), list[Liquidation])


def _collector(journal_id: str) -> str:
    """Whose journal it is: names are `<collector>-<YYYY-MM-DD>`, with a number behind where a day has several."""
    return _DAY.sub("", journal_id)


def _state(database: Database, journal_id: str, until_seq: int) -> DecoderState:
    """The journal's own, or what the journal before it of the same collector hands on."""
    if until_seq:
        return database.decoder_state(journal_id)
    collector = _collector(journal_id)
    names = (path.stem for path in journal_paths(database.data_dir))
    before = [name for name in names if name < journal_id and _collector(name) == collector]
    return handed_on(database.decoder_state(max(before))) if before else {}
