"""What was reported of a move a ladder was asked about, beside what the ladder says: never used to make it.

Two kinds: published figures of known events, and what the data directory itself holds of the time after the ladder's
`as_of`. Neither enters any number of the ladder.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from powderkeg.app.cascade_ladder import Beside, LadderReport
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_DAY, day_of, format_instant, parse_instant
from powderkeg.store.query import Database


class Published(NamedTuple):
    """A published figure: notional of a coin's positions up to a price, and which ladders it is comparable with."""

    coin: str
    position_side: str
    asked_from: str
    asked_until: str
    price: float
    notional_usd: float
    scope: str
    what: str
    source: str


PUBLISHED: Final = (
    Published(
        *("BTC", "short", "2026-01-12", "2026-01-14", 96_202.0, 48.79e6, "Binance"),
        "shown by another map before the move, up to 96,202",
        "CoinGlass map as quoted by BTCC news 1416534",
    ),
    Published(
        *("BTC", "short", "2026-01-12", "2026-01-14", 96_202.0, 451.49e6, "all venues"),
        "shown by another map before the move, up to 96,202",
        "CoinGlass map as quoted by BTCC news 1416534",
    ),
    Published(
        *("BTC", "short", "2026-01-12", "2026-01-14", 97_800.0, 380e6, "all venues"),
        "liquidated in 24 h, price to 97,800",
        "CoinGlass via CoinDesk, 2026-01-14T22:57Z",
    ),
)
"""The squeeze of 2026-01-14. Totals of all venues are no target for a map of one: they are shown for scale."""

SHOWN_FOR_NS: Final = 7 * NS_PER_DAY
"""How long after the ladder's time a move still counts as the one it was asked about."""

_REACHED: Final = """
    SELECT min(ts_event_ns + interval_ns) AS reached_ns FROM candle
    WHERE symbol = ? AND date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns BETWEEN ? AND ? AND {condition}
"""
_BARS: Final = """
    SELECT venue, symbol, source, {column} AS usd, interval_ns, ts_event_ns FROM liquidation_bar
    WHERE date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns >= ? AND ts_event_ns < ? AND {column} IS NOT NULL
"""


def with_reported(report: LadderReport, database: Database | None = None) -> LadderReport:
    """The report with what was reported of the move it was asked about, where a price was asked for.

    Args:
        report: a ladder.
        database: a data directory that may hold what came after.
    """
    target, as_of_ns = report.question.price_target, report.inputs.as_of_ns
    if target is None or as_of_ns is None:
        return report
    beside = [
        Beside(
            what=one.what,
            scope=one.scope,
            source=one.source,
            reported_usd=one.notional_usd,
            simulated_usd=_up_to(report, one.price),
        )
        for one in PUBLISHED
        if one.coin == report.inputs.coin
        and one.position_side == report.question.position_side
        and parse_instant(one.asked_from) <= as_of_ns <= parse_instant(one.asked_until)
        and report.ladder.price < one.price <= target
    ]
    if database is not None:
        beside += _recorded(report, database, target, as_of_ns)
    return msgspec.structs.replace(report, beside=tuple(beside))


def _up_to(report: LadderReport, price: float) -> float:
    """Fuel between the ladder's start and a price."""
    grid = report.inputs.grid(report.question.position_side)
    sums = np.concatenate([np.zeros(1), np.cumsum(report.fuel.fuel_usd)])
    return float(np.interp(grid.bins_to(price), np.arange(grid.bins + 1), sums))


def _recorded(report: LadderReport, database: Database, target: float, as_of_ns: int) -> list[Beside]:
    """What aggregators' bars in the data directory say of the way to the price, once it was reached."""
    side = report.question.position_side
    until_ns = as_of_ns + SHOWN_FOR_NS
    condition = "high >= ?" if side == "short" else "low <= ?"
    span = [day_of(as_of_ns), day_of(until_ns), as_of_ns, until_ns]
    symbols = {source.split(" ", 1)[-1] for source in report.fuel.sources}
    reached = [
        row["reached_ns"]
        for symbol in sorted(symbols)
        for row in database.rows(_REACHED.format(condition=condition), [symbol, *span, target])
        if row["reached_ns"] is not None
    ]
    if not reached:
        return []
    end_ns = int(min(reached))
    rows = database.rows(_BARS.format(column=f"{side}_usd"), [day_of(as_of_ns), day_of(end_ns), as_of_ns, end_ns])
    sums: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        if coin_of(row["symbol"]) == report.inputs.coin:
            sums.setdefault((row["venue"], row["source"]), []).append(row)
    return [
        Beside(
            what=f"liquidated from {format_instant(as_of_ns)} to "
            f"{format_instant(max(int(row['ts_event_ns'] + row['interval_ns']) for row in held))}, "
            f"price there by {format_instant(end_ns)}",
            scope=venue,
            source=f"{source}, in this data directory",
            reported_usd=float(sum(row["usd"] for row in held)),
            simulated_usd=None,
        )
        for (venue, source), held in sorted(sums.items())
    ]
