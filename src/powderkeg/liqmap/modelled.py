"""The modelled map of one market: calibrated on its past, read at one time, with a band over days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, format_instant
from powderkeg.liqmap.bars import Bars, FloatArray, IntArray
from powderkeg.liqmap.calibrate import calibrate_panel
from powderkeg.liqmap.estimate import Estimate, MapSettings
from powderkeg.liqmap.panel import build_panel, walk_markets
from powderkeg.liqmap.reading import LiquidationMap
from powderkeg.liqmap.weights import nonnegative_weights

RESAMPLED: Final = 100
"""Bootstrap samples: enough for the 10th and 90th of a hundred."""

SEED: Final = 20_240_715


class Modelled:
    """Calibrated markets from which maps are read.

    Args:
        markets: bars up to the time of the map; nothing later may be among them.
    """

    def __init__(self, markets: Sequence[Bars]) -> None:
        self.markets = tuple(markets)
        self.until_ns = max(int(bars.open_ns[-1]) + bars.interval_ns for bars in markets)
        panel = build_panel(markets)
        self.calibration = calibrate_panel(panel, self.until_ns)
        self.walked = walk_markets(markets, self.calibration.settings)

    @property
    def settings(self) -> MapSettings:
        """What calibration found."""
        return self.calibration.settings

    def read(self, symbol: str) -> LiquidationMap:
        """The map of one market now.

        Raises:
            InputError: no such market.
        """
        at = next((n for n, bars in enumerate(self.markets) if bars.symbol == symbol), None)
        if at is None:
            raise InputError(f"no bars of {symbol}; there are {', '.join(bars.symbol for bars in self.markets)}")
        bars, walked = self.markets[at], self.walked[at]
        weights = self.calibration.weights[2 * at : 2 * at + 2]
        samples = _bootstrap(bars, walked, weights)
        prices = _bin_prices(walked, self.settings.bin_width)
        notional_usd = weighed(walked.level_map.mass, weights) * prices
        spread = np.stack([weighed(walked.level_map.mass, held) for held in samples]) * prices
        low, high = np.quantile(spread, [0.1, 0.9], axis=0)
        ratios = self.calibration.crossings[2 * at : 2 * at + 2]
        low, high = np.minimum(low, notional_usd * ratios[:, :1]), np.maximum(high, notional_usd * ratios[:, 1:])
        mark_price = float(bars.prices[-1, 3])
        open_interest = bars.open_interest_base[np.isfinite(bars.open_interest_base)]
        return LiquidationMap(
            symbol=symbol,
            as_of_ns=int(bars.open_ns[-1]) + bars.interval_ns,
            mark_price=mark_price,
            first_bin=walked.level_map.first_bin,
            bin_width=self.settings.bin_width,
            notional_usd=notional_usd,
            lower_usd=np.minimum(low, notional_usd),
            upper_usd=np.maximum(high, notional_usd),
            open_interest_usd=float(open_interest[-1]) * mark_price,
            method="modelled",
            sources=(symbol,),
            assumptions=self._assumptions(at),
        )

    def _assumptions(self, at: int) -> dict[str, str]:
        known = np.isfinite(self.markets[at].liquidated_base[:, 0])
        return {
            "what": "an estimate: positions are not published, levels follow flow and past prices",
            "churn": f"{self.settings.churn:g} of two-sided volume is real turnover",
            "basis": f"{self.settings.basis}, {len(self.settings.distances)} distances",
            "half_life_hours": f"{self.settings.half_life_hours:g}",
            "trained": f"{format_instant(int(self.markets[at].open_ns[0]))} to {format_instant(self.until_ns)}",
            "band": "80 % of the held-out bars that crossed the map fell within it, and 80 % of refits over other days",
            "coverage": f"liquidations known in {known.mean():.0%} of bars; a sampled feed makes dollars a floor",
        }


def weighed(mass: FloatArray, weights: FloatArray) -> FloatArray:
    """[2, B] base units per bin: mass [2, K, B] weighed by distance [2, K]."""
    return np.einsum("skb,sk->sb", mass, weights)


def _bin_prices(walked: Estimate, width: float) -> FloatArray:
    bins: IntArray = np.arange(walked.level_map.mass.shape[2], dtype=np.int64)
    return np.exp((walked.level_map.first_bin + bins + 0.5) * width)


def _bootstrap(bars: Bars, walked: Estimate, weights: FloatArray) -> list[FloatArray]:
    """[2, K] weights refitted on resampled days, drawn with replacement."""
    rng = np.random.default_rng(SEED)
    days: IntArray = bars.open_ns // NS_PER_DAY
    rows: list[IntArray] = [np.flatnonzero(days == day) for day in np.unique(days)]
    samples: list[FloatArray] = []
    for _ in range(RESAMPLED):
        drawn: IntArray = np.concatenate([rows[int(n)] for n in rng.integers(0, len(rows), len(rows))])
        held = np.empty_like(weights)
        for side in range(2):
            known: IntArray = drawn[
                np.isfinite(bars.liquidated_base[drawn, side]) & (walked.open_interest_before[drawn] > 0)
            ]
            liquidated = bars.liquidated_base[known, side] / walked.open_interest_before[known]
            held[side] = nonnegative_weights(walked.crossed_share[known, side], liquidated, weights[side])
        samples.append(held)
    return samples
