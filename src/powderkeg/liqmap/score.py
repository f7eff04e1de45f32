"""The scorecard: how much the map knows beyond the move, per coin and side, good or bad.

Only bars price went through can be scored: this is the conditional score, of liquidations given the path, never of the
path. `gain` is the explained variance of log(1 + liquidated) per bar over baseline (a), divided by the test variance.
A sampled feed is a floor: the score is for what that feed shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, format_instant
from powderkeg.liqmap.bands import bands
from powderkeg.liqmap.bars import Bars, FloatArray, Mask
from powderkeg.liqmap.calibrate import Calibration, calibrate_panel
from powderkeg.liqmap.inference import (
    capture,
    diebold_mariano,
    fit_counts,
    information_gain,
    log_score,
    rank_correlation,
)
from powderkeg.liqmap.models import gain
from powderkeg.liqmap.panel import Panel, build_panel
from powderkeg.liqmap.rivals import rival_predictions

CAPTURE_SHARES: Final = (0.05, 0.1, 0.2, 0.5)
COVERED: Final = (0.5, 0.8, 0.95)
BASELINES: Final = ("a", "a0", "a1", "b", "c", "d", "e")
WORTH_SAYING: Final = 0.01
"""A gain below one percent of the variance is called none."""


class SeriesScore(msgspec.Struct, frozen=True, kw_only=True):
    """One coin and side. Gains are shares of the test variance; None where nothing varies.

    Attributes:
        symbol, position_side: the series.
        chosen: the model that predicted: with the map, the price path without it, or the move alone.
        bars, days: what was tested.
        gain: over baseline (a).
        gain_over_a0, gain_over_a1, gain_over_best: over the other baselines; the best is named in `best_baseline`.
        map_increment_over_a1: the same regression on the columns of (a1), with the map less without it.
        map_increment_over_price: our whole price-path regression, with the map less without it: the strictest.
        flow_increment: our map less a map that knows the price path and no flow.
        placebo: a map with open interest and volume shuffled in time, less the map that knows no flow.
        placebo_levels: levels of other days, less no map.
        half_gains: gain in the first and second half of the test.
        dm_t, dm_p: Diebold–Mariano against (a), days as clusters.
        spearman: rank correlation of predicted and liquidated.
        capture: share liquidated in the 5, 10, 20 and 50 % of bars predicted highest.
        information_gain: nats per unit liquidated over (a).
        log_score_gain: mean log probability per bar over (a), negative binomial.
        coverage: share of bars inside the 50, 80 and 95 % bands.
        by_baseline: gain of every baseline over (a).
        verdict: the sentence.
    """

    symbol: str
    position_side: str
    chosen: str
    bars: int
    days: int
    gain: float | None
    gain_over_a0: float | None
    gain_over_a1: float | None
    gain_over_best: float | None
    best_baseline: str
    map_increment_over_a1: float | None
    map_increment_over_price: float | None
    flow_increment: float | None
    placebo: float | None
    placebo_levels: float | None
    half_gains: list[float | None]
    dm_t: float | None
    dm_p: float | None
    spearman: float | None
    capture: list[float | None]
    information_gain: float | None
    log_score_gain: float | None
    coverage: list[float]
    by_baseline: dict[str, float | None]
    verdict: str


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of every series, and the means over them.

    Attributes:
        trained_until_ns: the cut.
        tested_from_ns, tested_until_ns: the test.
        churn, half_life_hours, basis: settings found by calibration; None for no half-life.
        series: one per coin and side.
        mean: mean over series of every gain, None left out.
        lowest_gain: of all series.
    """

    trained_until_ns: int
    tested_from_ns: int
    tested_until_ns: int
    churn: float
    half_life_hours: float | None
    basis: str
    series: list[SeriesScore]
    mean: dict[str, float | None]
    lowest_gain: float | None


AVERAGED: Final = (
    "gain",
    "gain_over_a0",
    "gain_over_a1",
    "gain_over_best",
    "map_increment_over_a1",
    "map_increment_over_price",
    "flow_increment",
    "placebo",
    "placebo_levels",
    "information_gain",
    "log_score_gain",
    "spearman",
)


def score(markets: Sequence[Bars], train_until_ns: int, test_until_ns: int | None = None) -> Scorecard:
    """Calibrate on what came before the cut, score what came after.

    Args:
        markets: bars of one or more markets.
        train_until_ns: the cut.
        test_until_ns: end of the test; None for the end of the data.

    Raises:
        InputError: too little before the cut, or nothing known after it.
    """
    panel = build_panel(markets)
    calibration = calibrate_panel(panel, train_until_ns)
    end_ns = int(panel.open_ns.max()) + 1 if test_until_ns is None else test_until_ns
    test = (panel.open_ns >= train_until_ns) & (panel.open_ns < end_ns) & np.isfinite(panel.target)
    if not test.any():
        raise InputError(
            f"no bar with known liquidations between {format_instant(train_until_ns)} and {format_instant(end_ns)}"
        )
    rivals = rival_predictions(panel, calibration.mask, calibration.settings)
    rivals["a"] = calibration.baseline
    judge = _Judge(panel, calibration, rivals, calibration.mask, test)
    cards = [judge.card(s) for s in range(panel.series_count) if (test & (panel.series == s)).any()]
    half_life = calibration.settings.half_life_hours
    return Scorecard(
        trained_until_ns=train_until_ns,
        tested_from_ns=int(panel.open_ns[test].min()),
        tested_until_ns=int(panel.open_ns[test].max()),
        churn=calibration.settings.churn,
        half_life_hours=half_life if np.isfinite(half_life) else None,
        basis=calibration.settings.basis,
        series=cards,
        mean={name: _mean([getattr(card, name) for card in cards]) for name in AVERAGED},
        lowest_gain=min((card.gain for card in cards if card.gain is not None), default=None),
    )


class _Judge:
    """Scores one series at a time from predictions made once for all."""

    def __init__(
        self, panel: Panel, calibration: Calibration, rivals: dict[str, FloatArray], mask: Mask, test: Mask
    ) -> None:
        self.panel, self.calibration, self.rivals, self.mask, self.test = panel, calibration, rivals, mask, test
        over_a = {name: gain(panel, held, rivals["a"], test) for name, held in rivals.items()}
        self.over_a = {**over_a, "ours": gain(panel, calibration.predicted, rivals["a"], test)}
        held = [bands(panel, calibration.validated, calibration.predicted, mask, share) for share in COVERED]
        self.inside = [(panel.target >= low) & (panel.target <= high) for low, high in held]

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
        return SeriesScore(
            symbol=symbol,
            position_side=position_side,
            chosen=self.calibration.chosen[s],
            bars=int(mine.sum()),
            days=compared.days,
            gain=over_a["ours"],
            gain_over_a0=_less(over_a["ours"], over_a["a0"]),
            gain_over_a1=_less(over_a["ours"], over_a["a1"]),
            gain_over_best=_less(over_a["ours"], over_a[best]),
            best_baseline=best,
            map_increment_over_a1=_less(over_a["a1_map"], over_a["a1_pooled"]),
            map_increment_over_price=_less(over_a["map"], over_a["price"]),
            flow_increment=_less(over_a["map"], over_a["unit_flow"]),
            placebo=_less(over_a["shuffled_flow"], over_a["unit_flow"]),
            placebo_levels=_less(over_a["shuffled_levels"], over_a["price"]),
            half_gains=self._halves(s),
            dm_t=compared.t,
            dm_p=compared.p_value,
            spearman=rank_correlation(target, ours),
            capture=capture(liquidated, ours, CAPTURE_SHARES),
            information_gain=information_gain(liquidated, predicted, expected),
            log_score_gain=self._log_scores(s, mine, liquidated),
            coverage=[float(inside[mine].mean()) for inside in self.inside],
            by_baseline={name: over_a[name] for name in BASELINES},
            verdict=_verdict(symbol, position_side, over_a["ours"], compared.p_value),
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


def _verdict(symbol: str, position_side: str, gained: float | None, p_value: float | None) -> str:
    whose = f"{symbol} {position_side}s"
    if gained is None:
        return f"nothing to score for {whose}"
    if gained < WORTH_SAYING:
        return f"no gain over the move-only baseline for {whose} ({gained:+.2f})"
    sure = "" if p_value is not None and p_value < 0.05 else ", not told from luck"
    return f"gain over the move-only baseline for {whose}: {gained:+.2f}{sure}"


def _number(held: float) -> float | None:
    return float(held) if np.isfinite(held) else None


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _mean(held: list[float | None]) -> float | None:
    known = [one for one in held if one is not None]
    return float(np.mean(known)) if known else None
