"""Which of the liquidations that happened a venue's feed tells, and when: the rules of the real feeds.

Sources: the exchanges' public WebSocket docs as named in each venue's QUIRKS.md, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from powderkeg.domain.units import PositionSide
from powderkeg.testing.venues.contracts import Listed

PUSH_EVERY_MS: Final = {
    "binance-usdm": 1_000,
    "bybit": 500,
    "okx": 100,
    "bitget": 1_000,
    "gate": 1_000,
    "hyperliquid": 100,
    "deribit": 100,
}
GATE_ROWS: Final = 20  # a batch is flushed early at this many


class Happened(NamedTuple):
    """One liquidation, before any feed has shown it; quantity in lots, price in ticks."""

    ts_ms: int
    contract: Listed
    position_side: PositionSide
    lots: int
    ticks: int


class Push(NamedTuple):
    """One message about liquidations: at least one told, the others left out by the feed's rule."""

    at_ms: int
    told: tuple[Happened, ...]
    untold: tuple[Happened, ...]


def pushes(venue: str, happened: Sequence[Happened]) -> list[Push]:
    """Messages that tell what happened, at the end of the venue's interval.

    Args:
        venue: slug.
        happened: in order of time; all of an interval must be given together.

    Law: told and untold together are what happened, each once.
    """
    every = PUSH_EVERY_MS[venue]
    batches: dict[tuple[int, str], list[Happened]] = {}
    for fact in happened:
        batches.setdefault((fact.ts_ms // every, fact.contract.venue_symbol), []).append(fact)
    return [push for (number, _), rows in batches.items() for push in _told(venue, (number + 1) * every, rows)]


def _told(venue: str, at_ms: int, rows: list[Happened]) -> list[Push]:
    if venue == "binance-usdm":
        return [Push(at_ms, (rows[-1],), tuple(rows[:-1]))]
    if venue == "bitget":
        sides = [[row for row in rows if row.position_side == position_side] for position_side in ("long", "short")]
        return [_largest(at_ms, alike) for alike in sides if alike]
    if venue == "gate":
        return [Push(at_ms, tuple(rows[n : n + GATE_ROWS]), ()) for n in range(0, len(rows), GATE_ROWS)]
    return [Push(at_ms, tuple(rows), ())]


def _largest(at_ms: int, rows: list[Happened]) -> Push:
    largest = max(range(len(rows)), key=lambda n: rows[n].lots * rows[n].ticks)
    return Push(at_ms, (rows[largest],), tuple(row for n, row in enumerate(rows) if n != largest))
