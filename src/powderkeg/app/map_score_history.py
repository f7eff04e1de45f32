"""Stored scores of the map, read back: what the last days say about how far to trust it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from powderkeg.app.instants import Instant, instant_ns
from powderkeg.app.selection import base_coin
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import format_instant, parse_duration
from powderkeg.store.scorecards import ScoreRecord, read_scores, scores_path


class MapScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores whose test ended in a stretch of time, oldest first.

    Attributes:
        as_of_ns: end of the stretch, None where nothing is stored.
        last: its length, as asked.
        records: one per market, side and cut.
        torn_lines: lines of the store that could not be read.
        path: the store.
    """

    as_of_ns: int | None
    last: str
    records: list[ScoreRecord]
    torn_lines: int
    path: str

    @property
    def latest(self) -> list[ScoreRecord]:
        """The newest record of every market and side."""
        found = {(one.venue, one.symbol, one.position_side): one for one in self.records}
        return list(found.values())

    def plain(self) -> dict[str, Any]:
        """For JSON; times in RFC 3339."""
        return {
            "as_of": None if self.as_of_ns is None else format_instant(self.as_of_ns),
            "window": self.last,
            "method": "modelled",
            "torn_lines": self.torn_lines,
            "rows": [_plain(one) for one in self.records],
        }


def read_map_scores(
    data_dir: Path, *, coin: str | None = None, venue: str | None = None, last: str = "30d", as_of: Instant = None
) -> MapScores:
    """Stored scores of tests that ended in (as_of - last, as_of].

    Args:
        data_dir: the data directory.
        coin: a coin or any spelling of its symbol; None for all.
        venue: a venue; None for all.
        last: a duration.
        as_of: None for the end of the newest test of these, so that recorded history reads like live data.

    Raises:
        InputError: an argument cannot be read.
        StoreError: the store cannot be read.
    """
    length_ns = parse_duration(last)
    slug = None if venue is None else venue_slug(venue)
    stored = read_scores(data_dir)
    mine = [
        one
        for one in stored.records
        if (coin is None or one.coin == base_coin(coin)) and (slug is None or one.venue == slug)
    ]
    until_ns = max((one.tested_until_ns for one in mine), default=None) if as_of is None else instant_ns(as_of)
    return MapScores(
        as_of_ns=until_ns,
        last=last,
        records=[] if until_ns is None else [one for one in mine if 0 <= until_ns - one.tested_until_ns < length_ns],
        torn_lines=stored.torn_lines,
        path=str(scores_path(data_dir)),
    )


def market_of(name: str) -> tuple[str | None, str]:
    """Venue and symbol of a market as maps name it: `binance-usdm BTC/USDT:USDT`, or a table's `BTCUSDT`."""
    venue, space, symbol = name.partition(" ")
    return (venue, symbol) if space else (None, name)


def _plain(one: ScoreRecord) -> dict[str, Any]:
    held: dict[str, Any] = msgspec.to_builtins(one)
    score: dict[str, Any] = held.pop("score")
    for name in ("scored_at", "trained_until", "tested_from", "tested_until"):
        held[name] = format_instant(held.pop(f"{name}_ns"))
    return {**score, **held}
