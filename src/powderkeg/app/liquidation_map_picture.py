"""The map over time as a picture: price over where leverage stood, then and not with hindsight."""

# matplotlib's types are partial; figures pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path

import numpy as np

from powderkeg.app.pictures import picture_path
from powderkeg.domain.time import NS_PER_S, format_instant
from powderkeg.liqmap.heatmap import Heatmap


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
        f"modelled from {', '.join(one.sources)}; each column as it stood then",
        loc="left",
        fontsize=10,
    )
    figure.colorbar(
        image, ax=axes, label=f"USD a feed would show liquidated per {one.row_bps:g} bps of price, log scale"
    )
    axes.legend(loc="upper left", framealpha=0.4, facecolor="black", labelcolor="white", edgecolor="none")
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
