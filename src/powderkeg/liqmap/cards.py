"""One coin and side of the scorecard: every figure, and the sentences that say what they mean.

The gain over (a) is split by what has to be known for it, and the parts add up to that of the map:

    gain of the map over (a) = price path over (a) + levels already cleared + flow

Levels cleared are what a map blind to open interest and volume knows; only what is beyond it is knowledge of flow, and
a placebo, whose flow is shuffled in time, has none of that.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_DAY
from powderkeg.liqmap.bands import bands, pit_histogram, transforms
from powderkeg.liqmap.bars import FloatArray, Mask
from powderkeg.liqmap.calibrate import Calibration
from powderkeg.liqmap.inference import (
    capture,
    day_draws,
    diebold_mariano,
    fit_counts,
    information_gain,
    interval_of_shares,
    log_score,
    rank_correlation,
    uniform_p_value,
)
from powderkeg.liqmap.models import gain
from powderkeg.liqmap.panel import Panel
from powderkeg.liqmap.rivals import SHUFFLES

CAPTURE_SHARES: Final = (0.05, 0.1, 0.2, 0.5)
COVERED: Final = (0.5, 0.8, 0.95)
BASELINES: Final = ("a", "a0", "a1", "b", "c", "d", "e")
WORTH_SAYING: Final = 0.01
"""A gain below one percent of the variance is called none."""

PARTS: Final = {
    "gain": ("ours", "a"),
    "map_increment_over_price": ("map", "price"),
    "levels_increment": ("blind", "price"),
    "flow_increment": ("map", "blind"),
    "placebo": ("shuffled", "blind"),
}
"""What an interval is given for: one prediction less another."""


class SeriesScore(msgspec.Struct, frozen=True, kw_only=True):
    """One coin and side. Gains are shares of the test variance; None where nothing varies.

    Attributes:
        symbol, position_side: the series.
        basis: distances of the map that predicts, `free` or `tiers`.
        chosen: the model that predicted: with the map, the price path without it, or the move alone.
        bars, days: what was tested.
        gain: over baseline (a).
        intervals: 95 % of the gain and its parts (`PARTS`), days resampled; None with fewer than three days.
        gain_over_a0, gain_over_a1, gain_over_best: over the other baselines; the best is named in `best_baseline`.
        map_increment_over_a1: the same regression on the columns of (a1), with the map less without it.
        map_increment_over_price: our whole price-path regression, with the map less without it: the strictest.
        price_increment: the price path without any map, over (a).
        levels_increment: a map blind to flow, less no map: which levels price has already cleared.
        flow_increment: our map less the blind one: how much was opened where.
        placebo: open interest and volume shuffled in time, counted as `flow_increment` is; mean of all shuffles.
        placebo_shuffles: each of them.
        placebo_gain: what the whole prediction with such a map still gains over (a); mostly the price path's.
        placebo_levels: levels of other days, less no map.
        half_gains: gain in the first and second half of the test.
        dm_t, dm_p: Diebold–Mariano against (a), days as clusters.
        spearman: rank correlation of predicted and liquidated.
        capture: share liquidated in the 5, 10, 20 and 50 % of bars predicted highest.
        information_gain: nats per unit liquidated over (a).
        log_score_gain: mean log probability per bar over (a), negative binomial.
        coverage: share of bars inside the 50, 80 and 95 % bands.
        pit: share of bars per tenth of the predicted distribution, each 0.1 where bands tell the truth.
        pit_p: whether their mean is a half, days as clusters.
        by_baseline: gain of every baseline over (a).
        verdict, flow_verdict: the sentences.
    """

    symbol: str
    position_side: str
    chosen: str
    basis: str
    bars: int
    days: int
    gain: float | None
    intervals: dict[str, tuple[float, float] | None]
    gain_over_a0: float | None
    gain_over_a1: float | None
    gain_over_best: float | None
    best_baseline: str
    map_increment_over_a1: float | None
    map_increment_over_price: float | None
    price_increment: float | None
    levels_increment: float | None
    flow_increment: float | None
    placebo: float | None
    placebo_shuffles: list[float | None]
    placebo_gain: float | None
    placebo_levels: float | None
    half_gains: list[float | None]
    dm_t: float | None
    dm_p: float | None
    spearman: float | None
    capture: list[float | None]
    information_gain: float | None
    log_score_gain: float | None
    coverage: list[float]
    pit: list[float]
    pit_p: float | None
    by_baseline: dict[str, float | None]
    verdict: str
    flow_verdict: str


class _Days:
    """Sums per series and day of the tested rows, and what resampling days makes of them."""

    def __init__(self, panel: Panel, test: Mask) -> None:
        days = panel.open_ns // NS_PER_DAY
        first = int(days[test].min())
        self._count = int(days[test].max()) - first + 1
        self._series_count = panel.series_count
        self._cell = np.clip(days - first, 0, self._count - 1) + self._count * panel.series
        held = np.maximum(np.bincount(panel.series[test], minlength=panel.series_count), 1)
        mean = np.bincount(panel.series[test], weights=panel.target[test], minlength=panel.series_count) / held
        self._total = self.sums(np.where(test, (panel.target - mean[panel.series]) ** 2, 0.0))
        tested = self.sums(test.astype(np.float64))
        self._seen = tested.any(axis=0)
        self._draws = day_draws(int(self._seen.sum()))

    def sums(self, numbers: FloatArray) -> FloatArray:
        """[S, D] of [R] numbers that are zero outside the test."""
        cells = self._count * self._series_count
        summed = np.bincount(self._cell, weights=numbers, minlength=cells).astype(np.float64)
        return summed.reshape(self._series_count, self._count)

    def interval(self, better: FloatArray, series: list[int]) -> tuple[float, float] | None:
        """95 % of the mean over some series."""
        return interval_of_shares(better[series][:, self._seen], self._total[series][:, self._seen], self._draws)


class Judge:
    """Scores series from predictions made once for all."""

    def __init__(self, panel: Panel, calibration: Calibration, rivals: dict[str, FloatArray], test: Mask) -> None:
        self.panel, self.calibration, self.rivals = panel, calibration, rivals
        self.mask, self.test = calibration.mask, test
        held = {**rivals, "ours": calibration.predicted}
        self.over_a = {name: gain(panel, one, rivals["a"], test) for name, one in held.items()}
        shuffles = [f"shuffled_{n}" for n in range(SHUFFLES)]
        self.over_a["shuffled"] = np.mean([self.over_a[name] for name in shuffles], axis=0)
        missed = {name: np.where(test, (panel.target - one) ** 2, 0.0) for name, one in held.items()}
        missed["shuffled"] = np.mean([missed[name] for name in shuffles], axis=0)
        self._days = _Days(panel, test)
        self._better = {name: self._days.sums(missed[low] - missed[high]) for name, (high, low) in PARTS.items()}
        known = (calibration.validated, calibration.predicted, self.mask)
        ends = [bands(panel, *known, share) for share in COVERED]
        self.inside = [(panel.target >= low) & (panel.target <= high) for low, high in ends]
        self.transformed = transforms(panel, *known)

    def intervals(self, series: list[int]) -> dict[str, tuple[float, float] | None]:
        """95 % intervals of the mean over series of every part of the gain."""
        return {name: self._days.interval(better, series) for name, better in self._better.items()}

    def card(self, s: int) -> SeriesScore:
        """The scores of one series."""
        panel, mine = self.panel, (self.panel.series == s) & self.test
        target, ours, base = panel.target[mine], self.calibration.predicted[mine], self.rivals["a"][mine]
        liquidated, day = np.expm1(target), panel.open_ns[mine] // NS_PER_DAY
        over_a = {name: _number(gains[s]) for name, gains in self.over_a.items()}
        best = max(BASELINES, key=lambda name: -np.inf if over_a[name] is None else float(over_a[name] or 0.0))
        compared = diebold_mariano(target, ours, base, day)
        symbol, position_side = panel.name_of(s)
        predicted, expected = np.expm1(ours), np.expm1(np.maximum(base, 0.0))
        intervals = self.intervals([s])
        flow = less(over_a["map"], over_a["blind"])
        return SeriesScore(
            symbol=symbol,
            position_side=position_side,
            chosen=self.calibration.chosen[s],
            basis=self.calibration.by_series[s].basis,
            bars=int(mine.sum()),
            days=compared.days,
            gain=over_a["ours"],
            intervals=intervals,
            gain_over_a0=less(over_a["ours"], over_a["a0"]),
            gain_over_a1=less(over_a["ours"], over_a["a1"]),
            gain_over_best=less(over_a["ours"], over_a[best]),
            best_baseline=best,
            map_increment_over_a1=less(over_a["a1_map"], over_a["a1_pooled"]),
            map_increment_over_price=less(over_a["map"], over_a["price"]),
            price_increment=over_a["price"],
            levels_increment=less(over_a["blind"], over_a["price"]),
            flow_increment=flow,
            placebo=less(over_a["shuffled"], over_a["blind"]),
            placebo_shuffles=[less(over_a[f"shuffled_{n}"], over_a["blind"]) for n in range(SHUFFLES)],
            placebo_gain=over_a["shuffled"],
            placebo_levels=less(over_a["shuffled_levels"], over_a["price"]),
            half_gains=self._halves(s),
            dm_t=compared.t,
            dm_p=compared.p_value,
            spearman=rank_correlation(target, ours),
            capture=capture(liquidated, ours, CAPTURE_SHARES),
            information_gain=information_gain(liquidated, predicted, expected),
            log_score_gain=self._log_scores(s, mine, liquidated),
            coverage=[float(inside[mine].mean()) for inside in self.inside],
            pit=[float(share) for share in pit_histogram(self.transformed[mine])],
            pit_p=uniform_p_value(self.transformed[mine], day),
            by_baseline={name: over_a[name] for name in BASELINES},
            verdict=gain_sentence(
                f"{symbol} {position_side}s",
                over_a["ours"],
                is_sure=compared.p_value is not None and compared.p_value < 0.05,
                is_baseline_lost=float(((target - base) ** 2).sum()) > float(((target - target.mean()) ** 2).sum()),
            ),
            flow_verdict=flow_sentence(f"{symbol} {position_side}s", flow, intervals["flow_increment"]),
        )

    def _halves(self, s: int) -> list[float | None]:
        rows = np.flatnonzero((self.panel.series == s) & self.test)
        gains: list[float | None] = []
        for part in np.array_split(rows, 2):
            half = np.zeros(len(self.panel.target), dtype=bool)
            half[part] = True
            gains.append(_number(gain(self.panel, self.calibration.predicted, self.rivals["a"], half)[s]))
        return gains

    def _log_scores(self, s: int, mine: Mask, liquidated: FloatArray) -> float | None:
        train = (self.panel.series == s) & self.mask
        if not train.any():
            return None
        known = np.expm1(self.panel.target[train])
        scores: list[float] = []
        for held in (self.calibration.predicted, self.rivals["a"]):
            rate = np.expm1(np.maximum(held, 0.0))
            scores.append(log_score(liquidated, rate[mine], fit_counts(known, rate[train])))
        return scores[0] - scores[1]


def gain_sentence(whose: str, gained: float | None, *, is_sure: bool, is_baseline_lost: bool = False) -> str:
    """What a gain over baseline (a) comes to.

    Args:
        whose: coin and side.
        gained: the gain; None where nothing could be scored.
        is_sure: whether it is told from luck.
        is_baseline_lost: whether (a) did worse in the test than the test's own mean: a gain then says little.
    """
    if gained is None:
        return f"nothing to score for {whose}"
    if gained < WORTH_SAYING:
        return f"no gain over the move-only baseline for {whose} ({gained:+.2f})"
    sure = "" if is_sure else ", not told from luck"
    lost = "; the baseline itself is lost there" if is_baseline_lost else ""
    return f"gain over the move-only baseline for {whose}: {gained:+.2f}{sure}{lost}"


def flow_sentence(whose: str, flow: float | None, interval: tuple[float, float] | None) -> str:
    """What open interest and volume added to the levels that price alone has cleared."""
    if flow is None:
        return f"nothing to say of flow for {whose}"
    if interval is None:
        return f"flow added {flow:+.3f} for {whose}; too few days to tell it from luck"
    between = f"{flow:+.3f}, 95 % {interval[0]:+.3f} to {interval[1]:+.3f}"
    if interval[0] > 0.0:
        return f"knowing how much was opened where added for {whose}: {between}"
    if interval[1] < 0.0:
        return f"knowing how much was opened where cost {whose}: {between}; the gain is that of cleared levels"
    return f"knowing how much was opened where added nothing for {whose} ({between}); the gain is of cleared levels"


def _number(held: float) -> float | None:
    return float(held) if np.isfinite(held) else None


def less(one: float | None, other: float | None) -> float | None:
    """The difference of two numbers that may be unknown."""
    return None if one is None or other is None else one - other
