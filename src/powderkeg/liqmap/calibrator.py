"""Kernels of maps at any time, each fitted on what ended by the start of its day, and remembered.

Settings are searched once a week on the few markets that say most, weights are fitted once a day on a dozen; both on
hours (see `lessons`). What a question needs beyond that is its own market's band.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.calibrate import NEEDED_BARS, shared_settings
from powderkeg.liqmap.estimate import Estimate, MapSettings
from powderkeg.liqmap.kernel import DEFAULT_SETTINGS, MapKernel, day_start, default_kernel, week_start
from powderkeg.liqmap.lessons import Lesson, Teacher
from powderkeg.liqmap.panel import Panel, build_panel
from powderkeg.liqmap.weights import crossing_ratios, distance_weights, nonnegative_weights

RESAMPLED: Final = 100
"""Bootstrap samples: enough for the 10th and 90th of a hundred."""

SEED: Final = 20_240_715

TEACHERS: Final = 12
"""Markets whose weights are fitted together at most, those with most hours in which something was liquidated."""

SEARCHED: Final = 4
"""Of these, how many the settings are searched on: two numbers that all series share need no more."""

REMEMBERED: Final = 512
"""Calibrations kept: a year of days for one market, or a week of them for seventy."""

VERSION: Final = 1
"""Of what is remembered; another one wherever the same bars would give other numbers."""

Memory = MutableMapping[tuple[object, ...], Any]
"""What was calibrated before; its keys name everything a result depends on, so that one may outlive the process."""


class Calibrator:
    """Calibrates markets together.

    Args:
        markets: bars by market.
        memory: what was calibrated before, on whatever bars; with the same memory nothing is fitted twice.
    """

    def __init__(self, markets: dict[str, Bars], memory: Memory | None = None) -> None:
        self._memory: Memory = {} if memory is None else memory
        self._given = {symbol: Teacher(bars) for symbol, bars in markets.items()}
        self._teachers = cache(self._find_teachers)

    def kernel(self, symbol: str, at_ns: int) -> MapKernel:
        """What turned levels into dollars at a time."""
        cut_ns = day_start(at_ns)
        if not self._teachers(cut_ns):
            return default_kernel()
        settings, weights = self.weights(symbol, at_ns)
        mine = self._given[symbol].lesson(cut_ns)
        return MapKernel(
            origin="calibrated",
            source=", ".join(sorted(one.symbol for one in self._teachers(cut_ns))),
            settings=settings,
            weights=weights,
            samples=self._samples(symbol, cut_ns, settings, weights),
            crossings=self._crossings_of_day(symbol, cut_ns, settings),
            trained_until_ns=cut_ns,
            training_bars=0 if mine is None else int(np.isfinite(mine.bars.liquidated_base[:, 0]).sum()),
        )

    def weights(self, symbol: str, at_ns: int) -> tuple[MapSettings, FloatArray]:
        """Settings and [2, K] weights of one market at a time, without the band: what a column of a heatmap needs."""
        cut_ns = day_start(at_ns)
        if not self._teachers(cut_ns):
            held = default_kernel()
            return held.settings, held.weights
        settings = self._settings_of_week(week_start(at_ns))
        return settings, self._weights_of_day(symbol, cut_ns, settings)[-2:].copy()

    def _find_teachers(self, cut_ns: int) -> tuple[Lesson, ...]:
        """Markets that calibrate at a cut: none unless one of them knows the liquidations of enough hours."""
        held = [lesson for one in self._given.values() if (lesson := one.lesson(cut_ns)) is not None]
        known = [one for one in held if one.known > 0]
        ranked = sorted(known, key=lambda one: (-one.struck, -one.known, one.symbol))[:TEACHERS]
        return tuple(ranked) if max((one.known for one in ranked), default=0) >= NEEDED_BARS else ()

    def _settings_of_week(self, cut_ns: int) -> MapSettings:
        teachers = self._teachers(cut_ns)
        if not teachers:
            return DEFAULT_SETTINGS
        # The one that is known longest is among them, so that there is enough to search on.
        longest = max(teachers, key=lambda one: one.known)
        names = [*dict.fromkeys(one.symbol for one in (longest, *teachers))][:SEARCHED]
        lessons = [one for one in teachers if one.symbol in names]

        def search() -> MapSettings:
            return shared_settings(_panel(lessons), cut_ns, lambda settings: _walk(lessons, settings))

        return self._recall(("settings", cut_ns, *_marks(lessons)), search)

    def _weights_of_day(self, symbol: str, cut_ns: int, settings: MapSettings) -> FloatArray:
        """[S, K] weights of the other teachers' series, then of the market's own two."""
        teachers = self._teachers(cut_ns)
        taught = next((n for n, one in enumerate(teachers) if one.symbol == symbol), None)
        mine = self._given[symbol].lesson(cut_ns) if taught is None else None
        lessons = list(teachers) if mine is None else [*teachers, mine]

        def fit() -> FloatArray:
            panel = _panel(lessons)
            return distance_weights(panel, _walk(lessons, settings), panel.trainable(cut_ns))

        found: FloatArray = self._recall(("weights", cut_ns, settings, *_marks(lessons)), fit)
        if mine is not None:
            return found
        by_market = found.reshape(-1, 2, found.shape[1])
        own = by_market.mean(axis=0) if taught is None else by_market[taught]
        others = by_market if taught is None else np.delete(by_market, taught, axis=0)
        return np.concatenate([others.reshape(-1, found.shape[1]), own])

    def _crossings_of_day(self, symbol: str, cut_ns: int, settings: MapSettings) -> FloatArray:
        """[2, 2] what hours that cross the market's map showed over what it said, held out of the fit; around 1."""
        teachers = self._teachers(cut_ns)
        taught = next((n for n, one in enumerate(teachers) if one.symbol == symbol), None)

        def hold_out() -> FloatArray:
            panel = _panel(teachers)
            found = crossing_ratios(panel, _walk(teachers, settings), panel.trainable(cut_ns))
            return np.column_stack([np.minimum(found[:, 0], 1.0), np.maximum(found[:, 1], 1.0)])

        found = self._recall(("crossings", cut_ns, settings, *_marks(teachers)), hold_out)
        if taught is not None:
            return found[2 * taught : 2 * taught + 2].copy()
        by_market = found.reshape(-1, 2, 2)
        return np.stack([by_market[:, :, 0].min(axis=0), by_market[:, :, 1].max(axis=0)], axis=1)

    def _samples(self, symbol: str, cut_ns: int, settings: MapSettings, weights: FloatArray) -> FloatArray:
        """[N, 2, K] other weights that explain the past as well.

        Refits; where a market has hardly a past of its own, the weights of all that calibrate.
        """
        mine = self._given[symbol].lesson(cut_ns)
        if mine is None or mine.known < NEEDED_BARS:
            found = self._weights_of_day(symbol, cut_ns, settings)
            return found.reshape(-1, 2, found.shape[1])

        def refit() -> FloatArray:
            return bootstrap(mine.hours.bars, mine.walk(settings), weights)

        # The weights hang on every teacher, and say all of that which matters here.
        return self._recall(("samples", cut_ns, settings, weights.tobytes().hex(), mine.mark), refit)

    def _recall(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        key = (VERSION, *key)
        found = self._memory.get(key)
        if found is None:
            while len(self._memory) >= REMEMBERED:
                self._memory.pop(next(iter(self._memory)))
            found = self._memory[key] = make()
        return found


def bootstrap(bars: Bars, walked: Estimate, weights: FloatArray) -> FloatArray:
    """[N, 2, K] weights refitted on resampled days, drawn with replacement."""
    rng = np.random.default_rng(SEED)
    days: IntArray = bars.open_ns // NS_PER_DAY
    rows: list[IntArray] = [np.flatnonzero(days == day) for day in np.unique(days)]
    crossed = walked.crossed_share
    samples = np.empty((RESAMPLED, *weights.shape))
    for n in range(RESAMPLED):
        drawn: IntArray = np.concatenate([rows[int(row)] for row in rng.integers(0, len(rows), len(rows))])
        for side in range(2):
            known: IntArray = drawn[
                np.isfinite(bars.liquidated_base[drawn, side]) & (walked.open_interest_before[drawn] > 0)
            ]
            liquidated = bars.liquidated_base[known, side] / walked.open_interest_before[known]
            samples[n, side] = nonnegative_weights(crossed[known, side], liquidated, weights[side])
    return samples


def _panel(lessons: Sequence[Lesson]) -> Panel:
    return build_panel([one.hours.bars for one in lessons])


def _walk(lessons: Sequence[Lesson], settings: MapSettings) -> list[Estimate]:
    return [one.walk(settings) for one in lessons]


def _marks(lessons: Sequence[Lesson]) -> tuple[str, ...]:
    return tuple(one.mark for one in lessons)
