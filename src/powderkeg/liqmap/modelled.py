"""The modelled map of a market as it stood at any time: calibrated on what ended before, with a band over days."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, format_duration, format_instant
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.calibrate import shared_settings
from powderkeg.liqmap.estimate import Estimate, LevelMap, MapSettings, estimate, flow_of
from powderkeg.liqmap.kernel import DEFAULT_SETTINGS, MapKernel, day_start, default_kernel, week_start
from powderkeg.liqmap.panel import build_panel, walk_markets
from powderkeg.liqmap.reading import LiquidationMap, MarketCoverage
from powderkeg.liqmap.weights import crossing_ratios, distance_weights, nonnegative_weights

RESAMPLED: Final = 100
"""Bootstrap samples: enough for the 10th and 90th of a hundred."""

SEED: Final = 20_240_715

NEEDED_HOURS: Final = 96.0
"""Hours with known liquidations a calibration needs, of the market that has most: eight blocks of half a day."""

TEACHERS: Final = 12
"""Markets that calibrate together at most, those that know most: each adds half a second and ever less to learn."""

NEEDED_BARS: Final = 12
"""Bars a map needs: with fewer there is no day's flow to expect and hardly a level."""

REMEMBERED: Final = 512
"""Calibrations kept: a year of days for one market, or a week of them for seventy."""

Memory = dict[tuple[object, ...], Any]


class Modelled:
    """Markets from which maps are read, at their end or at any time before; nothing later is looked at.

    Args:
        markets: bars of markets that calibrate together, those one asks for among them.
        memory: what was calibrated before, on whatever bars; with the same dictionary nothing is fitted twice.
    """

    def __init__(self, markets: Sequence[Bars], memory: Memory | None = None) -> None:
        self.markets = {bars.symbol: bars for bars in markets}
        self._memory: Memory = {} if memory is None else memory
        self._teachers = cache(self._find_teachers)

    def read(self, symbol: str, at_ns: int | None = None) -> LiquidationMap:
        """The map of one market at a time; None for its last bar.

        Raises:
            InputError: no such market, or too few bars by then.
        """
        bars = self.bars_by(symbol, at_ns)
        until_ns = _end_ns(bars)
        kernel = self.kernel(symbol, until_ns)
        level_map = LevelMap(kernel.settings, bars.interval_hours)
        level_map.walk(np.log(bars.prices), flow_of(bars, kernel.settings.churn))
        mass, prices = level_map.mass, _bin_prices(level_map)
        notional_usd = weighed(mass, kernel.weights) * prices
        spread = np.stack([weighed(mass, held) for held in kernel.samples]) * prices
        low, high = np.quantile(spread, [0.1, 0.9], axis=0) if kernel.origin == "calibrated" else (spread[0], spread[1])
        low = np.minimum(low, notional_usd * kernel.crossings[:, :1])
        high = np.maximum(high, notional_usd * kernel.crossings[:, 1:])
        mark_price = float(bars.prices[-1, 3])
        held_base = last_open_interest(bars)
        return LiquidationMap(
            symbol=symbol,
            as_of_ns=until_ns,
            mark_price=mark_price,
            first_bin=level_map.first_bin,
            bin_width=kernel.settings.bin_width,
            notional_usd=notional_usd,
            lower_usd=low,
            upper_usd=high,
            open_interest_usd=held_base * mark_price,
            method="modelled",
            sources=(symbol,),
            assumptions=_assumptions(kernel, bars),
            kernel=kernel,
            coverage=(_coverage(bars, float(level_map.totals.mean()) / held_base if held_base > 0 else 0.0),),
        )

    def kernel(self, symbol: str, at_ns: int) -> MapKernel:
        """What turned levels into dollars at a time."""
        cut_ns = day_start(at_ns)
        if not self._teachers(cut_ns):
            return default_kernel()
        settings, weights = self.weights(symbol, at_ns)
        bars = self._before(self.markets[symbol], cut_ns)
        mine = np.isfinite(bars.liquidated_base[:, 0]) if bars is not None else np.zeros(0, dtype=bool)
        if bars is not None and mine.sum() * bars.interval_hours >= NEEDED_HOURS:
            samples = bootstrap(bars, estimate(bars, settings), weights)
        else:
            samples = self._others(symbol, cut_ns, settings)
        return MapKernel(
            origin="calibrated",
            source=", ".join(sorted(one.symbol for one in self._teachers(cut_ns))),
            settings=settings,
            weights=weights,
            samples=samples,
            crossings=self._crossings_of_day(symbol, cut_ns, settings),
            trained_until_ns=cut_ns,
            training_bars=int(mine.sum()),
        )

    def weights(self, symbol: str, at_ns: int) -> tuple[MapSettings, FloatArray]:
        """Settings and [2, K] weights of one market at a time, without the band: what a column of a heatmap needs."""
        cut_ns = day_start(at_ns)
        if not self._teachers(cut_ns):
            held = default_kernel()
            return held.settings, held.weights
        settings = self._settings_of_week(week_start(at_ns))
        return settings, self._weights_of_day(symbol, cut_ns, settings)[-2:].copy()

    def bars_by(self, symbol: str, at_ns: int | None) -> Bars:
        """The bars of one market that ended by a time.

        Raises:
            InputError: no such market, or too few bars by then.
        """
        if symbol not in self.markets:
            raise InputError(f"no bars of {symbol}; there are {', '.join(self.markets)}")
        bars = self.markets[symbol]
        count = len(bars) if at_ns is None else _count_by(bars, at_ns)
        if self.has_map(symbol, count):
            return bars.until(count)
        if count < NEEDED_BARS:
            by = "" if at_ns is None else f" that ended by {format_instant(at_ns)}"
            raise InputError(
                f"{symbol}: {count} bars of {format_duration(bars.interval_ns)}{by}; a map needs {NEEDED_BARS}: "
                f"ask for a later time (the first bar opens {format_instant(int(bars.open_ns[0]))}) or record longer"
            )
        raise InputError(f"{symbol}: no open interest is known by then; a market without it has no map")

    def has_map(self, symbol: str, count: int) -> bool:
        """Whether the first so many bars of a market are enough for a map."""
        return count >= NEEDED_BARS and bool(np.isfinite(self.markets[symbol].open_interest_base[: count + 1]).any())

    def _find_teachers(self, cut_ns: int) -> tuple[Bars, ...]:
        """Markets that calibrate at a cut: none unless one of them knows the liquidations of enough hours."""
        held = [bars for one in self.markets.values() if (bars := self._before(one, cut_ns)) is not None]
        hours = [float(np.isfinite(bars.liquidated_base[:, 0]).sum()) * bars.interval_hours for bars in held]
        if not held or max(hours) < NEEDED_HOURS:
            return ()
        order = sorted(range(len(held)), key=lambda n: (-hours[n], held[n].symbol))
        return tuple(held[n] for n in order[:TEACHERS] if hours[n] > 0)

    @staticmethod
    def _before(bars: Bars, cut_ns: int) -> Bars | None:
        count = _count_by(bars, cut_ns)
        known = count and np.isfinite(bars.open_interest_base[: count + 1]).any()
        return bars.until(count) if known else None

    def _settings_of_week(self, cut_ns: int) -> MapSettings:
        teachers = self._teachers(cut_ns)
        if not teachers:
            return DEFAULT_SETTINGS

        def search() -> MapSettings:
            return shared_settings(build_panel(teachers), cut_ns)

        return self._recall(("settings", cut_ns, *_marks(teachers)), search)

    def _weights_of_day(self, symbol: str, cut_ns: int, settings: MapSettings) -> FloatArray:
        """[S, K] weights of the other teachers' series, then of the market's own two."""
        others = [one for one in self._teachers(cut_ns) if one.symbol != symbol]
        mine = self._before(self.markets[symbol], cut_ns)
        markets = [*others, mine] if mine is not None else others

        def fit() -> FloatArray:
            panel = build_panel(markets)
            found = distance_weights(panel, walk_markets(panel.markets, settings), panel.trainable(cut_ns))
            if mine is not None:
                return found
            return np.concatenate([found, found.reshape(-1, 2, found.shape[1]).mean(axis=0)])

        return self._recall(("weights", symbol, cut_ns, settings, *_marks(markets)), fit)

    def _crossings_of_day(self, symbol: str, cut_ns: int, settings: MapSettings) -> FloatArray:
        """[2, 2] what bars that cross the market's map showed over what it said, held out of the fit; around 1."""
        teachers = self._teachers(cut_ns)
        taught = next((n for n, one in enumerate(teachers) if one.symbol == symbol), None)

        def hold_out() -> FloatArray:
            panel = build_panel(teachers)
            found = crossing_ratios(panel, walk_markets(teachers, settings), panel.trainable(cut_ns))
            return np.column_stack([np.minimum(found[:, 0], 1.0), np.maximum(found[:, 1], 1.0)])

        found = self._recall(("crossings", cut_ns, settings, *_marks(teachers)), hold_out)
        if taught is not None:
            return found[2 * taught : 2 * taught + 2].copy()
        by_market = found.reshape(-1, 2, 2)
        return np.stack([by_market[:, :, 0].min(axis=0), by_market[:, :, 1].max(axis=0)], axis=1)

    def _recall(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        if key not in self._memory:
            while len(self._memory) >= REMEMBERED:
                self._memory.pop(next(iter(self._memory)))
            self._memory[key] = make()
        return self._memory[key]

    def _others(self, symbol: str, cut_ns: int, settings: MapSettings) -> FloatArray:
        """[N, 2, K] weights of every market of the calibration: the band of one that has hardly a past of its own."""
        found = self._weights_of_day(symbol, cut_ns, settings)
        return found.reshape(-1, 2, found.shape[1])


def _marks(markets: Sequence[Bars]) -> tuple[object, ...]:
    """What tells bars from other bars: the same marks, the same calibration."""
    return tuple((bars.symbol, len(bars), *(zlib.crc32(held.tobytes()) for held in _arrays(bars))) for bars in markets)


def _arrays(bars: Bars) -> tuple[FloatArray | IntArray, ...]:
    return bars.open_ns, bars.prices, bars.volume_base, bars.open_interest_base, bars.liquidated_base


def weighed(mass: FloatArray, weights: FloatArray) -> FloatArray:
    """[2, B] base units per bin: mass [2, K, B] weighed by distance [2, K]."""
    return np.einsum("skb,sk->sb", mass, weights)


def last_open_interest(bars: Bars) -> float:
    """The last known open interest, base units."""
    known = bars.open_interest_base[np.isfinite(bars.open_interest_base)]
    return float(known[-1])


def _count_by(bars: Bars, at_ns: int) -> int:
    return int(np.searchsorted(bars.open_ns + bars.interval_ns, at_ns, side="right"))


def _end_ns(bars: Bars) -> int:
    return int(bars.open_ns[-1]) + bars.interval_ns


def _bin_prices(level_map: LevelMap) -> FloatArray:
    bins: IntArray = np.arange(level_map.mass.shape[2], dtype=np.int64)
    return np.exp((level_map.first_bin + bins + 0.5) * level_map.settings.bin_width)


def _coverage(bars: Bars, placed_ratio: float) -> MarketCoverage:
    first_ns, until_ns = int(bars.open_ns[0]), _end_ns(bars)
    return MarketCoverage(
        source=bars.symbol,
        from_ns=first_ns,
        until_ns=until_ns,
        interval_ns=bars.interval_ns,
        bars=len(bars),
        bar_ratio=len(bars) * bars.interval_ns / (until_ns - first_ns),
        open_interest_ratio=float(np.isfinite(bars.open_interest_base[1:]).mean()),
        liquidations_ratio=float(np.isfinite(bars.liquidated_base[:, 0]).mean()),
        placed_ratio=placed_ratio,
    )


def _assumptions(kernel: MapKernel, bars: Bars) -> dict[str, str]:
    settings, known = kernel.settings, np.isfinite(bars.liquidated_base[:, 0])
    until_ns = kernel.trained_until_ns
    trained = kernel.source if until_ns is None else f"until {format_instant(until_ns)} on {kernel.source}"
    return {
        "what": "an estimate: positions are not published, levels follow flow and past prices",
        "churn": f"{settings.churn:g} of two-sided volume is real turnover",
        "basis": f"{settings.basis}, {len(settings.distances)} distances",
        "band": "holds 80 % of past bars that crossed the map, each held out of the fit, and 80 % of refits",
        "half_life_hours": f"{settings.half_life_hours:g}",
        "trained": trained,
        "coverage": f"liquidations known in {known.mean():.0%} of bars; a sampled feed makes dollars a floor",
    }


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
