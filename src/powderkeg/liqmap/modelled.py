"""The modelled map of a market as it stood at any time: calibrated on what ended before, with a band over days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import format_duration, format_instant
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.calibrator import Calibrator, Memory
from powderkeg.liqmap.estimate import LevelMap, MapSettings, flow_of
from powderkeg.liqmap.kernel import MapKernel
from powderkeg.liqmap.reading import LiquidationMap, MarketCoverage

NEEDED_BARS: Final = 12
"""Bars a map needs: with fewer there is no day's flow to expect and hardly a level."""


class Modelled:
    """Markets from which maps are read, at their end or at any time before; nothing later is looked at.

    Args:
        markets: bars of markets that calibrate together, those one asks for among them.
        memory: what was calibrated before, on whatever bars; with the same memory nothing is fitted twice.
    """

    def __init__(self, markets: Sequence[Bars], memory: Memory | None = None) -> None:
        self.markets = {bars.symbol: bars for bars in markets}
        self._calibrator = Calibrator(self.markets, memory)

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
        return self._calibrator.kernel(symbol, at_ns)

    def weights(self, symbol: str, at_ns: int) -> tuple[MapSettings, FloatArray]:
        """Settings and [2, K] weights of one market at a time, without the band: what a column of a heatmap needs."""
        return self._calibrator.weights(symbol, at_ns)

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
        "band": "holds 80 % of past hours that crossed the map, each held out of the fit, and 80 % of refits",
        "half_life_hours": f"{settings.half_life_hours:g}",
        "trained": trained,
        "coverage": f"liquidations known in {known.mean():.0%} of bars; a sampled feed makes dollars a floor",
    }
