"""Fitting the map to what really was liquidated, on the past alone.

Three models stand beside each other per coin and side: the price path with the map, the price path without it, and the
move alone. Which one predicts is decided by blocked validation inside the training window, as are the churn and the
half-life; nothing after the cut is looked at. Bands are quantiles of the validation's errors near the same prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.bands import bands
from powderkeg.liqmap.bars import Bars, FloatArray, Mask
from powderkeg.liqmap.basis import tier_distances
from powderkeg.liqmap.estimate import Estimate, MapSettings
from powderkeg.liqmap.models import (
    Model,
    per_series,
    pooled,
    spread,
    squared_error,
    validate,
    with_map,
)
from powderkeg.liqmap.panel import Panel, build_panel, map_rows, walk_markets
from powderkeg.liqmap.weights import distance_weights

CHOICES: Final = ("map", "price", "move")
"""In the order they are preferred when they score alike."""

CHURNS: Final = (0.1, 0.3, 1.0)
HALF_LIVES_HOURS: Final = (48.0, float("inf"))
"""The small search; finer ones move inner validation by less than 0.002."""

NEEDED_BARS: Final = 96
"""Bars with known liquidations a cut needs before it: eight blocks of half a day."""

BAND: Final = 0.8

ENOUGH_BARS: Final = 5_000
"""Training bars of one coin and side the regression reads at most, evenly spaced over the window: seven months of
hours, or every 26th minute of three months. Its three dozen coefficients gain nothing from more."""


Walk = Callable[[MapSettings], Sequence[Estimate]]
"""The map of every market of a panel, row by row of its bars."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted map and what was decided on the way.

    Attributes:
        settings: churn, half-life and the distances that serve all series together best; maps are drawn with them.
        by_series: [S] the same with the basis that serves the series best; predictions are made with them.
        trained_until_ns: the cut.
        predicted: [R] E[log(1 + liquidated)] of every row of the panel, by the model chosen for its series.
        alternatives: the same by each model of `CHOICES`.
        baseline: [R] baseline (a).
        lower, upper: [R] the band, in log(1 + liquidated).
        chosen: [S] the model that predicts each series.
        inner_gain: [S] gain of each model over baseline (a) in inner validation.
        weights: [S, K] share of open interest that the feed shows liquidated per unit of mass crossed at a distance.
        training_bars: [S] bars used.
        validated: [R] inner predictions by the chosen model, NaN elsewhere.
        mask: [R] rows that were trained on.
    """

    settings: MapSettings
    by_series: tuple[MapSettings, ...]
    trained_until_ns: int
    predicted: FloatArray
    alternatives: dict[str, FloatArray]
    baseline: FloatArray
    lower: FloatArray
    upper: FloatArray
    chosen: tuple[str, ...]
    inner_gain: dict[str, list[float]]
    weights: FloatArray
    training_bars: tuple[int, ...]
    validated: FloatArray
    mask: Mask


def calibrate(markets: Sequence[Bars], train_until_ns: int, settings: MapSettings | None = None) -> Calibration:
    """Fit the map on everything before the cut and predict every bar.

    Args:
        markets: bars of one or more markets; liquidations after the cut are never read.
        train_until_ns: only bars that ended by then train.
        settings: fixed churn and half-life; None searches them.

    Raises:
        InputError: too few bars with known liquidations before the cut.
    """
    return calibrate_panel(build_panel(markets, train_until_ns), train_until_ns, settings)


def calibrate_panel(panel: Panel, train_until_ns: int, settings: MapSettings | None = None) -> Calibration:
    """As `calibrate`, on a panel that is already built (its targets after the cut are not used)."""
    window = panel.trainable(train_until_ns)
    _check_enough(panel, window, train_until_ns)
    mask = _spaced(panel, window)
    settings, by_series = (settings, (settings,) * panel.series_count) if settings else _search(panel, mask)
    walked = walk_markets(panel.markets, settings)
    every = np.ones_like(mask)
    inner = {name: np.full(len(mask), np.nan) for name in CHOICES}
    full = {name: np.full(len(mask), np.nan) for name in CHOICES}
    for used, mine in by_settings(panel, by_series):
        levels = map_rows(walked if used == settings else walk_markets(panel.markets, used))
        columns = with_map(panel.path, levels, mask)
        inner["map"][mine] = _validated(panel, mask, columns, pooled)[mine]
        full["map"][mine] = pooled(columns)(panel, mask, mine)[mine]
    inner["price"] = _validated(panel, mask, panel.path, pooled)
    inner["move"] = _validated(panel, mask, panel.move, per_series)
    full["price"] = pooled(panel.path)(panel, mask, every)
    full["move"] = per_series(panel.move)(panel, window, every)
    chosen = _choose(panel, inner, mask)
    validated, predicted = _mixed(panel, inner, chosen), np.maximum(_mixed(panel, full, chosen), 0.0)
    lower, upper = bands(panel, validated, predicted, mask, BAND)
    base, total = squared_error(panel, inner["move"], mask), np.maximum(spread(panel, mask), 1e-12)
    return Calibration(
        settings=settings,
        by_series=by_series,
        trained_until_ns=train_until_ns,
        predicted=predicted,
        alternatives=full,
        baseline=full["move"],
        lower=lower,
        upper=upper,
        chosen=chosen,
        inner_gain={name: ((base - squared_error(panel, inner[name], mask)) / total).tolist() for name in CHOICES},
        weights=distance_weights(panel, walked, mask),
        training_bars=tuple(np.bincount(panel.series[mask], minlength=panel.series_count).tolist()),
        validated=validated,
        mask=mask,
    )


def shared_settings(panel: Panel, train_until_ns: int, walk: Walk | None = None) -> MapSettings:
    """The settings that serve all series of a panel together best before a cut, and nothing else of a calibration.

    Args:
        panel: the rows.
        train_until_ns: only bars that ended by then train.
        walk: the map of every market under some settings; by default walked over the bars of the panel.

    Raises:
        InputError: too few bars with known liquidations before the cut.
    """
    window = panel.trainable(train_until_ns)
    _check_enough(panel, window, train_until_ns)
    return _search(panel, _spaced(panel, window), walk)[0]


def _spaced(panel: Panel, window: Mask) -> Mask:
    """The window, thinned evenly where it holds more bars of a series than are needed."""
    mask = window.copy()
    for s in range(panel.series_count):
        rows = np.flatnonzero(window & (panel.series == s))
        if len(rows) > ENOUGH_BARS:
            mask[rows] = False
            mask[rows[np.linspace(0, len(rows) - 1, ENOUGH_BARS).astype(np.int64)]] = True
    return mask


def _check_enough(panel: Panel, mask: Mask, until_ns: int) -> None:
    held = np.bincount(panel.series[mask], minlength=panel.series_count)
    if held.max() < NEEDED_BARS:
        raise InputError(
            f"{held.max()} bars with known liquidations before {format_instant(until_ns)}; "
            f"calibration needs {NEEDED_BARS}: train until a later time or give a longer file"
        )


def by_settings(panel: Panel, by_series: tuple[MapSettings, ...]) -> Iterator[tuple[MapSettings, Mask]]:
    """Each settings in use, with the rows of the series that use it."""
    for used in dict.fromkeys(by_series):
        yield used, np.array([one == used for one in by_series])[panel.series]


def _search(panel: Panel, mask: Mask, walk: Walk | None = None) -> tuple[MapSettings, tuple[MapSettings, ...]]:
    """The settings with the least squared error in inner validation, for all series and for each of them.

    Churn and half-life are those of all, each series weighed by its spread; of the two bases each takes its own.
    """
    rows = panel.where(mask)
    every = np.ones(len(rows.target), dtype=bool)
    total = np.maximum(spread(rows, every), 1e-12)

    def missed(tried: MapSettings) -> FloatArray:
        walked = walk(tried) if walk is not None else walk_markets(panel.markets, tried)
        columns = with_map(rows.path, map_rows(walked)[mask], every)
        return squared_error(rows, validate(pooled(columns), rows, every), every) / total

    grid = [MapSettings(churn=churn, half_life_hours=hours) for churn in CHURNS for hours in HALF_LIVES_HOURS]
    scored = [missed(tried) for tried in grid]
    free, free_missed = min(zip(grid, scored, strict=True), key=lambda pair: float(pair[1].sum()))
    tiered = msgspec.structs.replace(free, distances=tier_distances(), basis="tiers")
    tiered_missed = missed(tiered)
    shared = tiered if tiered_missed.sum() < free_missed.sum() else free
    own = np.where(tiered_missed < free_missed, 1, 0)
    return shared, tuple((free, tiered)[int(basis)] for basis in own)


def _validated(panel: Panel, mask: Mask, columns: FloatArray, model: Callable[[FloatArray], Model]) -> FloatArray:
    """[R] inner predictions of the masked rows, computed on those alone; NaN elsewhere."""
    rows, found = panel.where(mask), np.full(len(mask), np.nan)
    found[mask] = validate(model(columns[mask]), rows, np.ones(len(rows.target), dtype=bool))
    return found


def _choose(panel: Panel, inner: dict[str, FloatArray], mask: Mask) -> tuple[str, ...]:
    missed = np.array([squared_error(panel, inner[name], mask) for name in CHOICES])
    return tuple(CHOICES[int(k)] for k in np.argmin(missed, axis=0))


def _mixed(panel: Panel, by_model: dict[str, FloatArray], chosen: tuple[str, ...]) -> FloatArray:
    """Each series' rows from the model chosen for it."""
    mixed = np.empty(len(panel.target))
    for s, name in enumerate(chosen):
        mine = panel.series == s
        mixed[mine] = by_model[name][mine]
    return mixed
