"""Hundreds of coins scored cheaply, from a table of bars or a data directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.app.liquidation_map import cut_of
from powderkeg.app.liquidation_map_files import read_usable_bars
from powderkeg.app.liquidation_maps import Maps
from powderkeg.app.map_scores import TESTED_DAYS
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, format_duration, format_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.cards import WORTH_SAYING, flow_sentence
from powderkeg.liqmap.screen import Screen, screen

NAMED: Final = 6
"""Markets a message names one by one."""

Progress = Callable[[int, int], None]
"""Told coins done and coins in all."""


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """A screen, and the markets that could not take part.

    Attributes:
        found: the scores.
        absent: why a market has none.
        is_simulated: whether its data come from a simulated market.
    """

    found: Screen
    absent: dict[str, str]
    is_simulated: bool = False

    @property
    def sentences(self) -> list[str]:
        """What the screen says as a whole."""
        gains = [(one.gain, one.interval) for one in self.found.rows if one.gain is not None]
        better = [interval for gain, interval in gains if gain >= WORTH_SAYING]
        sure = sum(interval is not None and interval[0] > 0.0 for interval in better)
        said = f"gain over the move-only baseline for {len(better)} of {len(gains)} coins and sides"
        mean, intervals = self.found.mean, self.found.intervals
        flow = flow_sentence("the mean of all", mean["flow_increment"], intervals["flow_increment"])
        return [f"{said}, told from luck for {sure}", flow]

    def plain(self) -> dict[str, Any]:
        """For JSON; times in RFC 3339."""
        held: dict[str, Any] = msgspec.to_builtins(self.found)
        for name in ("trained_until", "tested_from", "tested_until"):
            held[name] = format_instant(held.pop(f"{name}_ns"))
        half_life = held["settings"]["half_life_hours"]
        held["settings"]["half_life_hours"] = half_life if np.isfinite(half_life) else None
        return {
            "as_of": held["tested_until"],
            "method": "modelled",
            "simulated": self.is_simulated,
            **held,
            "interval": format_duration(held.pop("interval_ns")),
            "sentences": self.sentences,
            "absent": self.absent,
        }


def screen_bars(path: Path, train_until: str | None, **how: Any) -> Screened:
    """Screen the markets of a table of bars; one that cannot be used spoils no other.

    Args:
        path: the table.
        train_until: only bars that ended by then train; None for three fifths of them.
        how: `threads` and `progress` as for `screen_markets`.

    Raises:
        InputError: the table or the time cannot be used, or there is too little to score.
    """
    markets, absent = read_usable_bars(path)
    return screen_markets(markets, absent, train_until, **how)


def screen_library(maps: Maps, train_until: str | None, *, is_simulated: bool, **how: Any) -> Screened:
    """Screen every market of a data directory whose liquidations are known; arguments as for `screen_bars`.

    Raises:
        InputError: no such market, the time cannot be used, or there is too little to score.
    """
    found = screen_markets(maps.bars(), maps.absent(), train_until, tested_ns=TESTED_DAYS * NS_PER_DAY, **how)
    return msgspec.structs.replace(found, is_simulated=is_simulated)


def screen_markets(
    markets: list[Bars],
    absent: dict[str, str],
    train_until: str | None,
    *,
    tested_ns: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Screened:
    """Screen markets.

    Args:
        markets: their bars.
        absent: markets that are known to have none, and why.
        train_until: only bars that ended by then train; None for three fifths of them.
        tested_ns: where no cut is given, test at most the last so long.
        threads: coins walked side by side; None for all processors; changes no number.
        progress: told as coins are done.

    Raises:
        InputError: the time cannot be used, or there is too little to score.
    """
    usable: list[Bars] = []
    left_out = dict(absent)
    for bars in markets:
        if bars.interval_ns > NS_PER_HOUR or NS_PER_HOUR % bars.interval_ns:
            left_out[bars.symbol] = f"bars of {format_duration(bars.interval_ns)} do not make hours"
        elif not np.isfinite(bars.liquidated_base).any():
            left_out[bars.symbol] = "liquidations unknown"
        else:
            usable.append(bars)
    if not usable:
        raise InputError(
            f"nothing to screen: {_reasons(left_out)}. A score takes prices, open interest and liquidations: import a "
            "table that has all three, or give one with --bars"
        )
    threads = len(os.sched_getaffinity(0)) if threads is None else threads
    found = screen(_told(usable, progress), cut_of(usable, train_until, tested_ns), threads=threads)
    return Screened(found=found, absent=left_out)


def _reasons(left_out: dict[str, str]) -> str:
    """Why each market is left out; of many, some."""
    named = [f"{name}: {why}" for name, why in list(left_out.items())[:NAMED]]
    more = [f"{len(left_out) - NAMED} more"] if len(left_out) > NAMED else []
    return "; ".join([*named, *more]) or "no market with prices"


def _told(markets: list[Bars], progress: Progress | None) -> Iterator[Bars]:
    for done, bars in enumerate(markets):
        if progress is not None:
            progress(done, len(markets))
        yield bars
