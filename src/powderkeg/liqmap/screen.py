"""Hundreds of coins at once: maps walked over minutes, fitted and scored on hours, one pass a coin.

The settings are given, not searched; the regression is the closed form of `shrunk`; what is kept per coin grows with
the hours, not the minutes. The scores mean what those of `score` mean. For one coin, `calibrate` and `score` search
more and say more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, format_instant
from powderkeg.liqmap.bands import local_band
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.cards import gain_sentence
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.liqmap.inference import day_draws, interval_of_shares
from powderkeg.liqmap.models import COMPARED_BARS
from powderkeg.liqmap.screen_rows import MAPS, SideRows, rows_of
from powderkeg.liqmap.shrunk import fit_predict

CHOICES: Final = ("map", "price", "move")
BAND: Final = 0.8
BAND_STEP: Final = 8
"""Every how many validation errors the quantiles of a band are taken anew."""

PARTS: Final = {
    "gain": ("chosen", "move"),
    "gain_over_a1": ("chosen", "fresh"),
    "map_increment_over_price": ("map", "price"),
    "price_increment": ("price", "move"),
    "levels_increment": ("blind", "price"),
    "flow_increment": ("map", "blind"),
    "placebo": ("shuffled", "blind"),
}
"""Whose squared error is less than whose."""


class ScreenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One coin and side; gains as in `SeriesScore`.

    They are None where nothing varies, nothing was tested, or too little trained for a baseline (`COMPARED_BARS`).

    Attributes:
        symbol, position_side: the series.
        chosen: the model inner validation preferred: with the map, the price path, or the move alone.
        training_bars, bars, days: what was trained on and tested.
        gain: of the chosen model over baseline (a).
        interval: its 95 % interval, days resampled.
        gain_over_a1: of the chosen model over baseline (a1).
        map_increment_over_price: the map's own part: the price path with the map, less without it.
        price_increment: the price path without any map, over (a).
        levels_increment: a map blind to flow, less no map.
        flow_increment: the map less the blind one.
        placebo: a map whose open interest and volume are shuffled in time, less the blind one.
        coverage: share of tested bars inside the 80 % band.
        verdict: the sentence.
    """

    symbol: str
    position_side: str
    chosen: str
    training_bars: int
    bars: int
    days: int
    gain: float | None
    interval: tuple[float, float] | None
    gain_over_a1: float | None
    map_increment_over_price: float | None
    price_increment: float | None
    levels_increment: float | None
    flow_increment: float | None
    placebo: float | None
    coverage: float | None
    verdict: str


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of many coins, and the means over them.

    Attributes:
        trained_until_ns: the cut.
        tested_from_ns, tested_until_ns: start of the first and of the last bar that was tested.
        interval_ns: length of the bars that were scored.
        settings: churn, half-life and distances, as given.
        rows: one per coin and side, in the order of the markets.
        mean: mean over rows of every gain, None left out.
        intervals: 95 % of those means, days resampled for all coins together.
    """

    trained_until_ns: int
    tested_from_ns: int
    tested_until_ns: int
    interval_ns: int
    settings: MapSettings
    rows: list[ScreenRow]
    mean: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]


def screen(
    markets: Iterable[Bars],
    train_until_ns: int,
    settings: MapSettings | None = None,
    *,
    interval_ns: int = NS_PER_HOUR,
    threads: int = 1,
) -> Screen:
    """Fit many coins before the cut, together, and score each after it.

    Args:
        markets: bars of any length up to `interval_ns`; taken one by one, so that a generator need not hold them all.
        train_until_ns: only bars that ended by then train.
        settings: of the maps; None for the defaults.
        interval_ns: length of the bars that are scored.
        threads: coins walked side by side.

    Raises:
        InputError: no market, or nothing to train on before the cut.
    """
    settings = settings or MapSettings()

    def gather(bars: Bars) -> list[SideRows]:
        return rows_of(bars, train_until_ns, settings, interval_ns)

    rows = [row for pair in _side_by_side(gather, markets, threads) for row in pair]
    if not rows:
        raise InputError("no market to screen; give bars of at least one")
    longest = max(one.training_bars for one in rows)
    if longest < COMPARED_BARS:
        raise InputError(
            f"at most {longest} bars with known liquidations before {format_instant(train_until_ns)}; a score takes "
            f"{COMPARED_BARS}: train until later or give longer bars of the past"
        )
    return _score(rows, train_until_ns, settings, interval_ns)


def _side_by_side(
    gather: Callable[[Bars], list[SideRows]], markets: Iterable[Bars], threads: int
) -> Iterator[list[SideRows]]:
    """Results in order; never more markets held than are worked on, and one."""
    waiting: deque[Future[list[SideRows]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for bars in markets:
            waiting.append(pool.submit(gather, bars))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


Fitted = dict[str, tuple[FloatArray, FloatArray]]
"""By model: inner prediction and prediction of every row of one series."""


def _score(rows: list[SideRows], cut_ns: int, settings: MapSettings, interval_ns: int) -> Screen:
    fitted = _fitted(rows, len(settings.distances))
    tested = [one.open_ns[one.test] for one in rows if len(one.test)]
    if not tested:
        raise InputError(f"no bar with known liquidations after {format_instant(cut_ns)}; nothing to score")
    first_ns, last_ns = min(int(at[0]) for at in tested), max(int(at[-1]) for at in tested)
    days = (first_ns // NS_PER_DAY, last_ns // NS_PER_DAY)
    judged = [_judge(one, held, days) for one, held in zip(rows, fitted, strict=True)]
    total = np.stack([one.total for one in judged])
    seen = total.any(axis=0)
    draws, total = day_draws(int(seen.sum())), total[:, seen]
    better = {name: np.stack([one.better[name] for one in judged])[:, seen] for name in PARTS}
    cards: list[ScreenRow] = []
    for s, one in enumerate(judged):
        gains = {name: _share(better[name][s], total[s]) for name in PARTS}
        cards.append(one.card(gains, interval_of_shares(better["gain"][[s]], total[[s]], draws)))
    return Screen(
        trained_until_ns=cut_ns,
        tested_from_ns=first_ns,
        tested_until_ns=last_ns,
        interval_ns=interval_ns,
        settings=settings,
        rows=cards,
        mean={name: _mean([getattr(card, name) for card in cards]) for name in PARTS},
        intervals={name: interval_of_shares(held, total, draws) for name, held in better.items()},
    )


def _fitted(rows: list[SideRows], distances: int) -> list[Fitted]:
    """Predictions of every model for every series; all series are fitted together."""
    at: IntArray = np.arange(rows[0].series.z.shape[1], dtype=np.int64)
    path = len(at) - len(MAPS) * distances
    series = [one.series for one in rows]
    by_model = {"price": fit_predict(series, at < path)}
    for n, name in enumerate(MAPS):
        first = path + n * distances
        by_model[name] = fit_predict(series, (at < path) | ((at >= first) & (at < first + distances)))
    found = [{name: held[s] for name, held in by_model.items()} for s in range(len(rows))]
    return [{**held, "move": one.move, "fresh": one.fresh} for one, held in zip(rows, found, strict=True)]


class _Judged(NamedTuple):
    """One series, scored: sums per day of what each part gained, and of the spread."""

    rows: SideRows
    chosen: str
    better: dict[str, FloatArray]
    total: FloatArray
    coverage: float | None

    def card(self, gains: dict[str, float | None], interval: tuple[float, float] | None) -> ScreenRow:
        """The row of the series."""
        rows = self.rows
        return ScreenRow(
            symbol=rows.symbol,
            position_side=rows.position_side,
            chosen=self.chosen,
            training_bars=rows.training_bars,
            bars=len(rows.test),
            days=len(np.unique(rows.day[rows.test])),
            interval=interval,
            coverage=self.coverage,
            verdict=gain_sentence(
                f"{rows.symbol} {rows.position_side}s",
                gains["gain"],
                is_sure=interval is not None and interval[0] > 0.0,
            ),
            **gains,
        )


def _judge(rows: SideRows, fitted: Fitted, span: tuple[int, int]) -> _Judged:
    """Where a baseline could hardly be fitted there is no gain over it: the series then weighs nothing."""
    target, train, test = rows.series.target, rows.series.block >= 0, rows.test
    missed = {name: float(((target[train] - fitted[name][0][train]) ** 2).sum()) for name in CHOICES}
    chosen = min(CHOICES, key=lambda name: missed[name]) if train.any() else CHOICES[0]
    held = {**fitted, "chosen": fitted[chosen]}
    wrong = {name: (target[test] - one[1][test]) ** 2 for name, one in held.items()}
    days = rows.day[test] - span[0]

    def sums(numbers: FloatArray) -> FloatArray:
        return np.bincount(days, weights=weight * numbers, minlength=span[1] - span[0] + 1).astype(np.float64)

    inside = None
    if len(test) and train.any():
        inner, predicted = fitted[chosen]
        low, high = local_band(inner[train], target[train] - inner[train], predicted[test], BAND, BAND_STEP)
        inside = float(((target[test] >= low) & (target[test] <= high)).mean())
    middle = float(target[test].mean()) if len(test) else 0.0
    weight = 1.0 if rows.training_bars >= COMPARED_BARS else 0.0
    return _Judged(
        rows=rows,
        chosen=chosen,
        better={name: sums(wrong[theirs] - wrong[ours]) for name, (ours, theirs) in PARTS.items()},
        total=sums((target[test] - middle) ** 2),
        coverage=inside,
    )


def _share(better: FloatArray, total: FloatArray) -> float | None:
    spread = float(total.sum())
    return float(better.sum()) / spread if spread > 0.0 else None


def _mean(held: list[float | None]) -> float | None:
    known = [one for one in held if one is not None]
    return float(np.mean(known)) if known else None
