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
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.calibrate import calibrate_panel
from powderkeg.liqmap.cards import Judge, SeriesScore, flow_sentence
from powderkeg.liqmap.models import COMPARED_BARS
from powderkeg.liqmap.panel import build_panel
from powderkeg.liqmap.rivals import rival_predictions


class NothingToScoreError(InputError):
    """The calibration stands, but nothing after the cut can be held against it."""


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of every series, and the means over them.

    Attributes:
        trained_until_ns: the cut.
        tested_from_ns, tested_until_ns: the test.
        churn, half_life_hours, basis: settings that maps are drawn with; None for no half-life.
        series: one per coin and side that was known long enough before the cut to fit baseline (a).
        mean: mean over series of every gain, None left out.
        intervals: 95 % of the mean gain and its parts, days resampled for all series together.
        lowest_gain: of all series.
        sentences: what the means say, the flow and the placebo among it, and what was not scored.
    """

    trained_until_ns: int
    tested_from_ns: int
    tested_until_ns: int
    churn: float
    half_life_hours: float | None
    basis: str
    series: list[SeriesScore]
    mean: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    lowest_gain: float | None
    sentences: list[str]


AVERAGED: Final = (
    "gain",
    "gain_over_a0",
    "gain_over_a1",
    "gain_over_best",
    "map_increment_over_a1",
    "map_increment_over_price",
    "price_increment",
    "levels_increment",
    "flow_increment",
    "placebo",
    "placebo_gain",
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
        InputError: too little before the cut.
        NothingToScoreError: nothing known after it.
    """
    panel = build_panel(markets)
    calibration = calibrate_panel(panel, train_until_ns)
    end_ns = int(panel.open_ns.max()) + 1 if test_until_ns is None else test_until_ns
    test = (panel.open_ns >= train_until_ns) & (panel.open_ns < end_ns) & np.isfinite(panel.target)
    if not test.any():
        until = "" if test_until_ns is None else f" and before {format_instant(end_ns)}"
        raise NothingToScoreError(
            f"no bar with known liquidations after {format_instant(train_until_ns)}{until}: nothing to score; train "
            f"until an earlier time (the last bar opens {format_instant(int(panel.open_ns.max()))})"
        )
    judge = Judge(panel, calibration, rival_predictions(panel, calibration), test)
    trained = np.bincount(panel.series[calibration.mask], minlength=panel.series_count)
    tested = [s for s in range(panel.series_count) if (test & (panel.series == s)).any()]
    thin = [s for s in tested if trained[s] < COMPARED_BARS]
    unscored = [_unscored(*panel.name_of(s), int(trained[s])) for s in thin]
    tested = [s for s in tested if s not in thin]
    if not tested:
        raise InputError(f"nothing to score: {'; '.join(unscored)}; train until later")
    cards, intervals = [judge.card(s) for s in tested], judge.intervals(tested)
    mean = {name: _mean([getattr(card, name) for card in cards]) for name in AVERAGED}
    half_life = calibration.settings.half_life_hours
    return Scorecard(
        trained_until_ns=train_until_ns,
        tested_from_ns=int(panel.open_ns[test].min()),
        tested_until_ns=int(panel.open_ns[test].max()),
        churn=calibration.settings.churn,
        half_life_hours=half_life if np.isfinite(half_life) else None,
        basis=calibration.settings.basis,
        series=cards,
        mean=mean,
        intervals=intervals,
        lowest_gain=min((card.gain for card in cards if card.gain is not None), default=None),
        sentences=[*_sentences(mean, intervals), *unscored],
    )


def _sentences(mean: dict[str, float | None], intervals: dict[str, tuple[float, float] | None]) -> list[str]:
    flow, placebo, fooled = mean["flow_increment"], mean["placebo"], mean["placebo_gain"]
    found = [flow_sentence("the mean of all", flow, intervals["flow_increment"])]
    if placebo is not None and fooled is not None:
        found.append(
            f"placebo, open interest shuffled in time: {placebo:+.3f} as knowledge of flow; "
            f"its prediction still gains {fooled:+.3f} over (a), for it reads the same price path"
        )
    return found


def _unscored(symbol: str, position_side: str, trained: int) -> str:
    return (
        f"{symbol} {position_side}s are not scored: {trained} bars with known liquidations before the cut, "
        f"where baseline (a) takes {COMPARED_BARS}"
    )


def _mean(held: list[float | None]) -> float | None:
    known = [one for one in held if one is not None]
    return float(np.mean(known)) if known else None
