"""The liquidation map from files: calibrate, predict, score."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from powderkeg.app.liquidation_map_files import read_usable_bars, write_predictions
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, format_instant, parse_duration, parse_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.calibrate import CHOICES, Calibration, calibrate_panel
from powderkeg.liqmap.panel import Panel, build_panel
from powderkeg.liqmap.score import NothingToScoreError, Scorecard, score


class CalibrationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What calibration found for one coin and side.

    Attributes:
        symbol, position_side: the series.
        chosen: the model that predicts it.
        training_bars: bars used.
        inner_gain: gain of each model over the move alone, in blocked validation inside the training window.
        weights: share of open interest liquidated per share crossed, per distance.
    """

    symbol: str
    position_side: str
    chosen: str
    training_bars: int
    inner_gain: dict[str, float]
    weights: list[float]


class CalibrationReport(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration, readable.

    Attributes:
        trained_until: the cut, RFC 3339.
        churn: share of volume that is real turnover.
        half_life_hours: None for no half-life.
        basis: `free`, or `tiers` where leverages through exact margin explained more.
        distances: log distance of liquidation from entry, per basis function.
        rows: one per coin and side.
        absent: markets of the table that cannot be used, and why.
        method: always `modelled`.
    """

    trained_until: str
    churn: float
    half_life_hours: float | None
    basis: str
    distances: list[float]
    rows: list[CalibrationRow]
    absent: dict[str, str]
    method: str = "modelled"


class PredictionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `map predict` wrote."""

    trained_until: str
    out: str
    row_count: int
    calibration: CalibrationReport


def predict_file(bars: Path, train_until: str, out: Path) -> PredictionReport:
    """Calibrate on a table of bars before a time, write the prediction of every bar after it.

    Raises:
        InputError: the table or the time cannot be used.
    """
    markets, absent = read_usable_bars(bars)
    panel, calibration = _calibrated(markets, parse_instant(train_until))
    return PredictionReport(
        trained_until=format_instant(calibration.trained_until_ns),
        out=str(out),
        row_count=write_predictions(out, panel, calibration),
        calibration=_report(panel, calibration, absent),
    )


def calibrate_file(bars: Path, train_until: str | None) -> CalibrationReport:
    """Calibrate on a table of bars before a time, or on all of it.

    Raises:
        InputError: the table or the time cannot be used.
    """
    markets, absent = read_usable_bars(bars)
    until_ns = _end_ns(markets) if train_until is None else parse_instant(train_until)
    return _report(*_calibrated(markets, until_ns), absent)


def score_markets(
    markets: list[Bars], train_until: str | None, step: str | None, tested_ns: int | None = None
) -> list[Scorecard]:
    """Score on bars: once after a time, or walking forward.

    Args:
        markets: the bars.
        train_until: the cut; None for the time that leaves two fifths of the bars to test, at midnight.
        step: with a duration, calibrate again every so long and score the stretch until then; one of which no
            liquidations are known gives no card.
        tested_ns: where no cut is given, test at most the last so long.

    Raises:
        InputError: the bars, the time or the step cannot be used.
    """
    end_ns, cut_ns = _end_ns(markets), cut_of(markets, train_until, tested_ns)
    if step is None:
        return [score(markets, cut_ns)]
    step_ns = parse_duration(step)
    if step_ns < NS_PER_DAY:
        raise InputError(f"step {step!r} is shorter than a day; a score needs at least a day of bars")
    cards: list[Scorecard] = []
    reason = f"no bar after {format_instant(cut_ns)}; train until an earlier time"
    for cut in range(cut_ns, end_ns, step_ns):
        try:
            cards.append(score(markets, cut, min(cut + step_ns, end_ns)))
        except NothingToScoreError as error:
            reason = str(error)  # a stretch of which nothing is known, in a walk that goes on
    if not cards:
        raise InputError(reason)
    return cards


def _end_ns(markets: list[Bars]) -> int:
    return max(int(one.open_ns[-1]) + one.interval_ns for one in markets)


def cut_of(markets: list[Bars], train_until: str | None, tested_ns: int | None = None) -> int:
    """The time a score trains until: as asked, else the midnight that leaves two fifths of the bars to test.

    Args:
        markets: the bars.
        train_until: as asked.
        tested_ns: where nothing is asked, test at most the last so long.

    Raises:
        InputError: no time.
    """
    if train_until is not None:
        return parse_instant(train_until)
    first_ns, end_ns = min(int(one.open_ns[0]) for one in markets), _end_ns(markets)
    return max(first_ns + (end_ns - first_ns) * 3 // 5, end_ns - (tested_ns or end_ns)) // NS_PER_DAY * NS_PER_DAY


def _calibrated(markets: list[Bars], until_ns: int) -> tuple[Panel, Calibration]:
    panel = build_panel(markets, until_ns)
    return panel, calibrate_panel(panel, until_ns)


def _report(panel: Panel, calibration: Calibration, absent: dict[str, str]) -> CalibrationReport:
    settings = calibration.settings
    rows: list[CalibrationRow] = []
    for s, chosen in enumerate(calibration.chosen):
        symbol, position_side = panel.name_of(s)
        rows.append(
            CalibrationRow(
                symbol=symbol,
                position_side=position_side,
                chosen=chosen,
                training_bars=calibration.training_bars[s],
                inner_gain={name: calibration.inner_gain[name][s] for name in CHOICES},
                weights=[round(float(w), 9) for w in calibration.weights[s]],
            )
        )
    return CalibrationReport(
        trained_until=format_instant(calibration.trained_until_ns),
        churn=settings.churn,
        half_life_hours=settings.half_life_hours if math.isfinite(settings.half_life_hours) else None,
        basis=settings.basis,
        distances=list(settings.distances),
        rows=rows,
        absent=absent,
    )
