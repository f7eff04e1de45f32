"""The map as a picture: over time, where leverage stood then and not with hindsight; and at one time, as a profile."""

# matplotlib's types are partial; figures pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from powderkeg.app.pictures import picture_path
from powderkeg.domain.time import NS_PER_S, format_instant
from powderkeg.liqmap.fuel import below
from powderkeg.liqmap.heatmap import Heatmap
from powderkeg.liqmap.reading import NEAR, LiquidationMap

LONG_COLOR, SHORT_COLOR = "#e69f00", "#56b4e9"
"""Orange and sky blue of the Okabe-Ito palette: told apart with any color vision."""

PROFILE_ROWS: Final = 120


def draw_heatmap(one: Heatmap, path: Path) -> None:
    """Write a heatmap as PNG or SVG.

    Raises:
        InputError: an ending other than .png or .svg, or no such folder.
    """
    picture_path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second of import, only for pictures
    from matplotlib.colors import LogNorm  # noqa: PLC0415 - same
    from matplotlib.dates import ConciseDateFormatter, date2num  # noqa: PLC0415 - same
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    times = date2num((one.times_ns // NS_PER_S).astype("datetime64[s]"))
    step = times[-1] - times[-2] if len(times) > 1 else 1 / 24
    shown = np.maximum(one.usd.T, one.scale.floor_usd)
    image = axes.pcolormesh(
        np.append(times, times[-1] + step),
        one.price_edges,
        shown,
        cmap="inferno",
        norm=LogNorm(one.scale.floor_usd, one.scale.top_usd),
        rasterized=True,
    )
    axes.plot(times, one.mark_price, color="white", linewidth=1.2, label="price: longs sit below it, shorts above")
    axes.xaxis_date("UTC")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), tz="UTC"))
    axes.yaxis.set_major_formatter(lambda price, _at: f"{price:,.10g}")
    axes.set_ylim(one.price_edges[0], one.price_edges[-1])
    axes.set_ylabel("price, USD")
    axes.set_xlabel("UTC")
    label = "SIMULATED DATA, " if one.is_simulated else ""
    axes.set_title(
        f"{one.coin}: estimated liquidation levels, {label}as of {format_instant(int(one.times_ns[-1]))}\n"
        f"modelled from {', '.join(name.split(' ')[0] for name in one.sources)}; each column as it stood then",
        loc="left",
        fontsize=10,
    )
    figure.colorbar(
        image, ax=axes, label=f"USD a feed would show liquidated per {one.row_bps:g} bps of price, log scale"
    )
    axes.legend(loc="upper left", framealpha=0.4, facecolor="black", labelcolor="white", edgecolor="none")
    _save(figure, path)


def draw_profile(one: LiquidationMap, path: Path) -> None:
    """Write a map at one time, modelled or measured, as dollars per price row around the mark.

    Raises:
        InputError: an ending other than .png or .svg, or no such folder.
    """
    picture_path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second of import, only for pictures
    from matplotlib.figure import Figure  # noqa: PLC0415 - same
    from matplotlib.ticker import EngFormatter  # noqa: PLC0415 - same

    figure = Figure(figsize=(8, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    edges = np.log(one.mark_price) + np.linspace(-NEAR, NEAR, PROFILE_ROWS + 1)
    prices = np.exp(edges)
    for side, (word, color) in enumerate((("longs", LONG_COLOR), ("shorts", SHORT_COLOR))):
        dollars = np.diff(below(one, side, edges))
        axes.barh(prices[:-1], dollars, np.diff(prices), align="edge", color=color, label=f"{word} liquidated")
    axes.axhline(one.mark_price, color="black", linewidth=1.2, label=f"mark {one.mark_price:,.10g}")
    axes.set_ylim(prices[0], prices[-1])
    axes.yaxis.set_major_formatter(lambda price, _at: f"{price:,.10g}")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.set_ylabel("price, USD")
    axes.set_xlabel(f"USD per {2 * NEAR / PROFILE_ROWS:.2%} of price")
    label = "SIMULATED DATA, " if one.is_simulated else ""
    title = f"{one.coin or one.symbol}: liquidation levels, {one.method}, {label}as of {format_instant(one.as_of_ns)}"
    axes.set_title(f"{title}\nfrom {', '.join(one.sources)}", loc="left", fontsize=10)
    axes.legend(loc="best", framealpha=0.8)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    """The same map gives the same bytes: no date is written into an SVG."""
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
