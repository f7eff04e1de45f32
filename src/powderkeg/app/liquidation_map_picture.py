"""The map as a picture: price in time over where leverage stood, then and not with hindsight."""

# matplotlib's types are partial; figures pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S, format_instant
from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.calibrate import calibrate
from powderkeg.liqmap.estimate import LevelMap, flow_of
from powderkeg.liqmap.modelled import weighed

SHOWN_DAYS: Final = 7.0
COLUMNS: Final = 240
ROWS: Final = 300
FLOOR_SHARE: Final = 1e-2
"""Levels below this share of the densest are drawn as nothing, so that the scale is spent on what matters."""


def draw_map(markets: list[Bars], symbol: str, path: Path) -> None:
    """Write a heatmap of one market's last week as PNG or SVG.

    Every column shows the map as it stood then, with weights fitted on what came before the picture begins: nothing is
    repainted.

    Raises:
        InputError: an ending other than .png or .svg, or too few bars.
    """
    if path.suffix.lower() not in {".png", ".svg"}:
        raise InputError(f"{path.name}: pictures are .png or .svg")
    at = next(n for n, bars in enumerate(markets) if bars.symbol == symbol)
    bars = markets[at]
    start = max(len(bars) - bars.bars_in(24.0 * SHOWN_DAYS), len(bars) // 2)
    found = calibrate(markets, int(bars.open_ns[start]))
    weights, settings = found.weights[2 * at : 2 * at + 2], found.settings
    level_map, log_path, flow = (
        LevelMap(settings, bars.interval_hours),
        np.log(bars.prices),
        flow_of(bars, settings.churn),
    )
    level_map.walk(log_path[:start], flow[:start])
    low, high = float(log_path[start:, 2].min()) - 0.03, float(log_path[start:, 1].max()) + 0.03
    edges = _edges(low, high, settings.bin_width)
    columns: list[FloatArray] = []
    stops = np.unique(np.linspace(start, len(bars), COLUMNS + 1).astype(int))
    for first, last in zip(stops[:-1].tolist(), stops[1:].tolist(), strict=True):
        level_map.walk(log_path[first:last], flow[first:last])
        columns.append(_column(level_map, weights, edges))
    _paint(bars, start, np.stack(columns, axis=1), np.exp(edges), path)


def _edges(low: float, high: float, width: float) -> FloatArray:
    """Rows of whole bins, so that no row is empty for want of one."""
    first, last = int(np.floor(low / width)), int(np.ceil(high / width))
    return width * np.arange(first, last + 1, max((last - first) // ROWS, 1), dtype=np.float64)


def _column(level_map: LevelMap, weights: FloatArray, edges: FloatArray) -> FloatArray:
    """[rows] dollars per row of the picture, both sides."""
    mass = weighed(level_map.mass, weights).sum(axis=0)
    log_price = (level_map.first_bin + np.arange(len(mass)) + 0.5) * level_map.settings.bin_width
    return np.histogram(log_price, edges, weights=mass * np.exp(log_price))[0]


def _paint(bars: Bars, start: int, dollars: FloatArray, prices: FloatArray, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second of import, only for pictures
    from matplotlib.colors import LogNorm  # noqa: PLC0415 - same
    from matplotlib.dates import ConciseDateFormatter, date2num  # noqa: PLC0415 - same
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    times = (bars.open_ns[start:] // NS_PER_S).astype("datetime64[s]")
    numbers = date2num(np.append(times, times[-1] + np.timedelta64(bars.interval_ns // NS_PER_S, "s")))
    top = max(float(dollars.max()), 1.0)
    grid = np.linspace(numbers[0], numbers[-1], dollars.shape[1] + 1)
    shown = np.maximum(dollars, top * FLOOR_SHARE)
    image = axes.pcolormesh(grid, prices, shown, cmap="inferno", norm=LogNorm(top * FLOOR_SHARE, top), rasterized=True)
    axes.plot(numbers[1:], bars.prices[start:, 3], color="white", linewidth=1.0, label="close")
    axes.xaxis_date("UTC")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), tz="UTC"))
    axes.set_ylabel("price")
    axes.set_xlabel("UTC")
    until = format_instant(int(bars.open_ns[-1]) + bars.interval_ns)
    axes.set_title(
        f"{bars.symbol}: estimated liquidation levels, as of {until}\nmodelled, each column as it stood then"
    )
    figure.colorbar(image, ax=axes, label="USD per price row a feed would show liquidated (log scale)")
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
