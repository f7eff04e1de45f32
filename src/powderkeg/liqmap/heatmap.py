"""The map over time, dense: for a chart, where a column is the map as it stood then.

History is never repainted: the column of a time is what `Modelled.read` gives for that time, in dollars per row, coded
as one byte on a logarithmic scale. The scale's ends are round numbers, so that a new column seldom moves them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError
from powderkeg.liqmap.bars import FloatArray, IntArray
from powderkeg.liqmap.estimate import LevelMap, flow_of
from powderkeg.liqmap.modelled import Modelled, weighed
from powderkeg.liqmap.reading import Method

MAX_CELLS: Final = 100_000
LEVELS: Final = 255
DECADES: Final = 2.0
"""What is less than a hundredth of the scale's top is drawn as nothing: the scale is spent on what matters."""

AROUND: Final = 0.055
"""Log distance beyond the extremes of the price that is shown at least."""


class HeatScale(msgspec.Struct, frozen=True, kw_only=True):
    """How bytes become dollars: 0 is less than `floor_usd`, 1 to 255 go evenly in logarithms from there to `top_usd`.

    Attributes:
        floor_usd, top_usd: USD per row of the grid.
    """

    floor_usd: float
    top_usd: float

    def encode(self, usd: FloatArray) -> NDArray[np.uint8]:
        """Bytes for dollars, rounded down to a level."""
        shown = usd >= self.floor_usd
        steps = np.log(np.where(shown, usd, self.floor_usd) / self.floor_usd) / self._step
        return np.where(shown, np.minimum(1 + np.floor(steps + 1e-9), LEVELS), 0).astype(np.uint8)

    def decode(self, cells: NDArray[np.uint8]) -> FloatArray:
        """Dollars at the lower end of each level; 0 for what is below the scale."""
        return np.where(cells > 0, self.floor_usd * np.exp((cells.astype(np.float64) - 1) * self._step), 0.0)

    @property
    def _step(self) -> float:
        return math.log(self.top_usd / self.floor_usd) / (LEVELS - 1)

    @property
    def ticks(self) -> list[tuple[int, float]]:
        """Level and dollars of the powers of ten on the scale: what a legend prints."""
        first, last = math.ceil(math.log10(self.floor_usd) - 1e-9), math.floor(math.log10(self.top_usd) + 1e-9)
        powers = [10.0**power for power in range(first, last + 1)]
        return [(1 + round(math.log(max(usd / self.floor_usd, 1.0)) / self._step), usd) for usd in powers]


class Heatmap(msgspec.Struct, frozen=True, kw_only=True):
    """Where leverage stood over time: dollars per price row, both sides, one column per instant.

    Longs lie below the price of their column and shorts above it, so one grid holds both.

    Attributes:
        coin: the underlying.
        times_ns: [T] instants of the columns; each holds until the next.
        price_edges: [P + 1] where rows begin and end, evenly in log price, upwards.
        cells: [T, P] bytes on the scale.
        scale: what a byte means.
        mark_price: [T] price at each instant; NaN where none is known.
        open_interest_usd: [T] of the markets in the column.
        row_bps: height of a row, hundredths of a percent of log price.
        sources: markets that entered; a column lacks one that had no data yet.
        absent: markets of the coin that did not, with the reason.
        method, is_simulated: as for a map.
        assumptions: what a reader must know to judge it.
    """

    coin: str
    times_ns: IntArray
    price_edges: FloatArray
    cells: NDArray[np.uint8]
    scale: HeatScale
    mark_price: FloatArray
    open_interest_usd: FloatArray
    row_bps: float
    sources: tuple[str, ...]
    assumptions: dict[str, str]
    absent: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    method: Method = "modelled"
    is_simulated: bool = False

    @property
    def usd(self) -> FloatArray:
        """[T, P] USD per row, to the precision of the scale."""
        return self.scale.decode(self.cells)


def heatmap(
    model: Modelled, symbols: Sequence[str], *, coin: str, times_ns: IntArray, rows: int = 300, **said: Any
) -> Heatmap:
    """The map of markets, added up, at every one of some instants.

    Args:
        model: their bars.
        symbols: the markets.
        coin: what they are markets of.
        times_ns: [T] instants, increasing; bars that ended by an instant are in its column.
        rows: price rows at most; they are whole bins of the map, so there may be fewer.
        said: `absent` and `is_simulated`.

    Raises:
        InputError: too many cells, instants out of order, or no market with a map at the last of them.
    """
    if len(times_ns) * rows > MAX_CELLS or rows < 2:
        raise InputError(
            f"{len(times_ns)} columns of {rows} rows; a heatmap has 2 rows, and at most {MAX_CELLS:,} cells"
        )
    if not len(times_ns) or (np.diff(times_ns) <= 0).any():
        raise InputError("the columns of a heatmap need instants, in increasing order")
    latest = [model.read(symbol, int(times_ns[-1])) for symbol in symbols]
    width = latest[0].bin_width
    edges = _rows(*_reach(model, symbols, times_ns), width, rows)
    log_edges: FloatArray = edges.astype(np.float64) * width
    dollars = np.zeros((len(times_ns), len(edges) - 1))
    marks, held = np.full((2, len(symbols), len(times_ns)), np.nan)
    for n, symbol in enumerate(symbols):
        _walk(model, symbol, times_ns, log_edges, (dollars, marks[n], held[n]))
    return Heatmap(
        coin=coin,
        times_ns=times_ns,
        price_edges=np.exp(log_edges),
        cells=(scale := _scale(dollars)).encode(dollars),
        scale=scale,
        mark_price=_weighed_mean(marks, held),
        open_interest_usd=np.where(np.isnan(held).all(axis=0), np.nan, np.nansum(held, axis=0)),
        row_bps=float(edges[1] - edges[0]) * width * 1e4,
        sources=tuple(symbols),
        assumptions=latest[0].assumptions,
        **said,
    )


def _walk(model: Modelled, symbol: str, times_ns: IntArray, log_edges: FloatArray, out: tuple[FloatArray, ...]) -> None:
    """Add one market's columns; settings change with the week, and then the map is walked again from its beginning."""
    bars = model.markets[symbol]
    ends_ns = bars.open_ns + bars.interval_ns
    log_path: FloatArray = np.log(bars.prices)
    flow, walked = np.empty((0, 3)), 0
    level_map: LevelMap | None = None
    counts: list[int] = np.searchsorted(ends_ns, times_ns, side="right").tolist()
    for column, count in enumerate(counts):
        if not model.has_map(symbol, count):
            continue
        settings, weights = model.weights(symbol, int(ends_ns[count - 1]))
        if level_map is None or level_map.settings != settings:
            level_map, walked = LevelMap(settings, bars.interval_hours), 0
            flow = flow_of(bars, settings.churn)
        if count > walked:
            level_map.walk(log_path[walked:count], flow[walked:count])
            walked = count
        mass = weighed(level_map.mass, weights).sum(axis=0)
        centers = (level_map.first_bin + np.arange(len(mass)) + 0.5) * settings.bin_width
        out[0][column] += np.histogram(centers, log_edges, weights=mass * np.exp(centers))[0]
        out[1][column] = bars.prices[count - 1, 3]
        out[2][column] = flow[count - 1, 1] * bars.prices[count - 1, 3]


def _reach(model: Modelled, symbols: Sequence[str], times_ns: IntArray) -> tuple[float, float]:
    """Log prices the grid covers: where price went while it is shown, and a stretch around."""
    low, high = math.inf, -math.inf
    for symbol in symbols:
        bars = model.markets[symbol]
        ends_ns = bars.open_ns + bars.interval_ns
        last = int(np.searchsorted(ends_ns, int(times_ns[-1]), side="right"))
        first = min(int(np.searchsorted(ends_ns, int(times_ns[0]), side="left")), last - 1)
        low = min(low, float(bars.prices[first:last, 2].min()))
        high = max(high, float(bars.prices[first:last, 1].max()))
    return math.log(low) - AROUND, math.log(high) + AROUND


def _rows(low: float, high: float, width: float, rows: int) -> IntArray:
    """[P + 1] edges in bins: rows of whole bins, so that none is empty, at the same places in every picture."""
    first, last = math.floor(low / width), math.ceil(high / width)
    step = max(math.ceil((last - first) / max(rows - 1, 1)), 1)
    first = first // step * step
    return np.arange(first, first + step * math.ceil((last - first) / step) + 1, step, dtype=np.int64)


def _scale(dollars: FloatArray) -> HeatScale:
    """A scale whose top is the next of 1, 2, 5 · 10ⁿ."""
    top_usd = max(float(dollars.max()), 1.0)
    power = 10.0 ** math.floor(math.log10(top_usd))
    top_usd = next(power * step for step in (1.0, 2.0, 5.0, 10.0) if power * step >= top_usd)
    return HeatScale(floor_usd=top_usd / 10.0**DECADES, top_usd=top_usd)


def _weighed_mean(marks: FloatArray, held: FloatArray) -> FloatArray:
    """[T] price, each market weighed by its open interest."""
    weight = np.nan_to_num(held)
    total = weight.sum(axis=0)
    return np.where(total > 0, (np.nan_to_num(marks) * weight).sum(axis=0) / np.where(total > 0, total, 1.0), np.nan)
