"""Scores of the map, kept over time: made from a data directory or a table of bars, and read back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.app.liquidation_map import score_markets
from powderkeg.app.liquidation_map_files import read_usable_bars
from powderkeg.app.liquidation_maps import Maps
from powderkeg.app.map_score_history import market_of
from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.coarse import coarsen
from powderkeg.liqmap.score import Scorecard
from powderkeg.store.scorecards import ScoreRecord, append_scores

TESTED_DAYS: Final = 30
"""What is tested of a data directory: the last thirty days, or two fifths of it where it is shorter."""

ENOUGH_HOURS: Final = 240
"""Ten days: three fifths of them train on hours. Less is scored on bars as short as they are."""

MAX_SCORED: Final = 24
"""Markets scored together at most, those whose liquidations are known for most hours."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """Scorecards that were made.

    Attributes:
        cards: one per cut.
        written: how many of their records are new in the data directory; None where they are not kept.
        absent: markets that cannot be scored, and why.
    """

    cards: list[Scorecard]
    written: int | None
    absent: dict[str, str]


def score_bars(bars: Path, train_until: str | None, step: str | None, keep_in: Path | None) -> Scored:
    """Score on a table of bars; with a data directory, keep the result there.

    Raises:
        InputError: the table, the time or the step cannot be used.
        StoreError: the data directory cannot be written.
    """
    markets, absent = read_usable_bars(bars)
    cards = score_markets(markets, train_until, step)
    return Scored(cards=cards, written=None if keep_in is None else keep(cards, keep_in, bars.name), absent=absent)


def score_library(
    maps: Maps,
    data_dir: Path,
    train_until: str | None,
    step: str | None,
    *,
    is_simulated: bool,
    now_ns: int | None = None,
) -> Scored:
    """Score on what a data directory holds, and keep the result in it.

    Args:
        maps: of the directory.
        data_dir: the directory.
        train_until: as for `score_markets`.
        step: as for `score_markets`.
        is_simulated: whether its data come from a simulated market.
        now_ns: the time it is; None asks the clock.

    Raises:
        InputError: no market with known liquidations, or the time or step cannot be used.
        StoreError: the data directory cannot be written.
    """
    markets = scored_bars([bars for bars in maps.bars() if np.isfinite(bars.liquidated_base).any()])
    if not markets:
        raise InputError(
            f"no market with prices, open interest and liquidations in {data_dir}; a score compares the map with what "
            "was liquidated: import a table that has all three, or give one with --bars"
        )
    if train_until is None:
        cards = score_markets(markets, None, step, tested_ns=TESTED_DAYS * NS_PER_DAY)
    else:
        cards = score_markets(markets, train_until, step)
    written = keep(cards, data_dir, "archive", is_simulated=is_simulated, now_ns=now_ns)
    return Scored(cards=cards, written=written, absent=maps.absent())


def scored_bars(markets: list[Bars]) -> list[Bars]:
    """What of a data directory is scored: hours where there are enough of them, of the markets that know most."""
    hourly = [coarsen(bars, NS_PER_HOUR).bars for bars in markets]
    known = [int(np.isfinite(bars.liquidated_base[:, 0]).sum()) for bars in hourly]
    if max(known, default=0) < ENOUGH_HOURS:
        return markets
    order = sorted(range(len(hourly)), key=lambda n: (-known[n], hourly[n].symbol))[:MAX_SCORED]
    return [hourly[n] for n in sorted(order) if known[n]]


def keep(
    cards: list[Scorecard], data_dir: Path, source: str, *, is_simulated: bool = False, now_ns: int | None = None
) -> int:
    """Append one record per market, side and cut; how many were new."""
    now_ns = time.time_ns() if now_ns is None else now_ns
    records: list[ScoreRecord] = []
    for card in cards:
        for one in card.series:
            venue, symbol = market_of(one.symbol)
            score: dict[str, Any] = msgspec.to_builtins(one)
            records.append(
                ScoreRecord(
                    coin=base_coin(symbol),
                    symbol=symbol,
                    venue=venue,
                    position_side=one.position_side,
                    source=source,
                    scored_at_ns=now_ns,
                    trained_until_ns=card.trained_until_ns,
                    tested_from_ns=card.tested_from_ns,
                    tested_until_ns=card.tested_until_ns,
                    score=score,
                    is_simulated=is_simulated,
                )
            )
    return append_scores(data_dir, records)
